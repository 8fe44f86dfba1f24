"""Words around a number: what makes a row of digits a telephone number, a card or an id, and what makes it none.

Numbers without a check digit are told apart by their surroundings only. The words are those of the most used languages
of the web; a number that is announced as an order, an invoice, a version and so on is never personal data.
"""

# ruff: noqa: RUF001 - words and punctuation of many languages are meant as they stand

import re
from typing import Final

from otel_evals.text.patterns import compile_expression

_BEFORE: Final = 48
_AFTER: Final = 14

_OTHER_NUMBER: Final = re.compile(
    r"\b(?:order|invoice|ticket|tracking|shipment|parcel|case|ref|refs|reference|booking|confirmation|sku|isbn|issn|ean"
    r"|upc|gtin|part|model|serial|product|item|article|version|release|build|revision|patent|doi|rfc|commit|hash|uuid"
    r"|checksum|timestamp|epoch|lot|batch|transaction|bestell\w*|rechnung\w*|auftrags?\w*|artikel\w*|sendungs\w*"
    r"|commande|facture|colis|suivi|pedido|factura|fatura|encomenda|ordine|fattura|bestelling|factuur|zam[oó]wieni\w*"
    r"|faktur\w*|sipariş|заказ\w*|номер заказа|накладн\w*|сч[её]т\w*)\b"
    r"|注文|請求|伝票|型番|订单|訂單|发票|發票|型号|주문|송장|الطلب|فاتورة|đơn hàng|hóa đơn",
)
_PHONE_BEFORE: Final = re.compile(
    r"\b(?:tel|tlf|tlfn|telp|phones?|telephone|mobile|mob|cell|cellphone|fax|hotline|landline|whatsapp|sms|wechat|dial"
    r"|call|calls|called|calling|ring|reach|contact|answering at|messages? to|registered|desk|direct line|extension"
    r"|telefon\w*|handy\w*|mobil\w*|rufnummer\w*|anrufen|erreichbar|erreichen|durchwahl"
    r"|t[ée]l[ée]phon\w*|t[ée]l|portable|appel\w*|joindre|tel[ée]fon\w*|m[óo]vil|celular\w*|llam\w+"
    r"|cellulare|chiam\w+|telem[óo]vel|lig(?:ue|ar)|mobiel|bel|bellen|kom[óo]rk\w*|zadzwo\w*|dzwo\w*"
    r"|cep|gsm|aray\w*|ara|puhelin|soita|kännykkä|voleit?\w*|telepon|hubungi|hp|тел|телефон\w*|моб|мобильн\w*"
    r"|звон\w*|позвон\w*|факс)\b|電話|携帯|携帶|ファックス|电话|手机|手機|致电|致電|拨打|撥打|전화|휴대폰|연락처|핸드폰"
    r"|هاتف|الهاتف|جوال|اتصل|تلفن|موبایل|điện thoại|số đt|gọi|फ़ोन|फोन|मोबाइल|โทร",
)
_NUMBER_BEFORE: Final = re.compile(
    r"\b(?:numbers?|nummer|num[ée]ro|n[úu]mero|numer|nomor|номер|numara\w*)\b|番号|号码|號碼|번호|رقم|नंबर"
)
"""Says that a number follows, but not what for: enough where nothing else is named."""
_PHONE_WORDS_AFTER: Final = r"\b(?:office|fax|mobile|cell|home|work|desk|phone|tel|mobil|büro)\b"
_PHONE_AFTER: Final = re.compile(rf"^[\s\-(,]{{0,3}}{_PHONE_WORDS_AFTER}")
_CARD_BEFORE: Final = re.compile(
    r"\b(?:cards?|cc|credit|debit|visa|mastercard|amex|american express|maestro|kreditkarten?\w*|karten\w*|cartes?"
    r"|tarjetas?|cart[aã]o|carta|creditcard\w*|kaart|kart[aęyi]?|kartı?|карт\w*|pan)\b"
    r"|カード|信用卡|银行卡|卡号|카드|بطاقة|البطاقة|thẻ",
)


_ANY_ANNOUNCEMENT: Final = compile_expression(
    # RE2 knows word boundaries of ASCII only, so that a boundary here would hide the words of most scripts.
    f"(?i){_PHONE_BEFORE.pattern}|{_NUMBER_BEFORE.pattern}|{_PHONE_WORDS_AFTER}".replace(r"\b", "")
)


def _window(text: str, start: int) -> str:
    return text[max(0, start - _BEFORE) : start].lower()


def _last(pattern: re.Pattern[str], window: str) -> int:
    return max((match.end() for match in pattern.finditer(window)), default=-1)


def of_something_else(text: str, start: int) -> bool:
    """Whether the words before `start` announce a number that belongs to a thing (order, invoice, version, …)."""
    return _OTHER_NUMBER.search(_window(text, start)) is not None


def announces_a_phone(text: str) -> bool:
    """Whether `text` speaks of calling at all: a quick question before one of every number."""
    return _ANY_ANNOUNCEMENT.search(text) is not None


def announced_as_phone(text: str, start: int, end: int) -> bool:
    """Whether the words around `text[start:end]` speak of calling, and nothing nearer speaks of another number."""
    window = _window(text, start)
    place = _last(_PHONE_BEFORE, window)
    if place >= 0:
        return place > _last(_OTHER_NUMBER, window) and not _CARD_BEFORE.search(window)
    if _NUMBER_BEFORE.search(window):
        return not (_OTHER_NUMBER.search(window) or _CARD_BEFORE.search(window))
    return _PHONE_AFTER.match(text[end : end + _AFTER].lower()) is not None


def announced_as_card(text: str, start: int) -> bool:
    """Whether the words before `start` speak of a payment card."""
    return _CARD_BEFORE.search(_window(text, start)) is not None
