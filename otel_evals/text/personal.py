"""Personal data in a text: e-mail addresses, telephone and card numbers, bank accounts, ids, network addresses, homes.

Called by the check `pii` (on answers) and by the redaction of what a destination may see. A gate is a cheap pattern
for the shared pass; the detectors behind it run only where a gate has hit, and validate what they find by check digits
and by the words around it.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Final

from otel_evals.text import addresses, national_ids, phones
from otel_evals.text.checksums import iban, luhn
from otel_evals.text.detection import Detection, disjoint
from otel_evals.text.numbers import announced_as_card, of_something_else
from otel_evals.text.patterns import compile_expression

Detector = Callable[[str], Iterator[Detection]]

_EMAIL: Final = compile_expression(
    r"[\pL\pN!#$%&'*+/=?^_`{|}~.\-]+@(?:[\pL\pN](?:[\pL\pN\-]*[\pL\pN])?\.)+(?:xn--[A-Za-z0-9\-]+|\pL{2,24})"
)
_QUERY: Final = re.compile(r"[^@]*[?#](?:[^@]*&)?(?:[\w.\-]*=)?")
"""What stands in a URL before the value of a parameter: all of it could be a local part."""
_PLACEHOLDER: Final = re.compile(
    r"(?:user(?:name)?|name|you|your[._\-]?\w*|e?mail|someone|somebody|me|foo|bar|example|recipient|sender|no-?reply)"
    r"@(?:[\w\-]+\.)*(?:example\.(?:com|org|net|edu)|example|domain\.com|email\.com|yourdomain\.\w+"
    r"|yourcompany\.\w+|company\.com)"
)
_CARD: Final = compile_expression(
    r"\b(?:\d{4}[ \-]\d{4}[ \-]\d{4}[ \-]\d{4}(?:[ \-]\d{3})?|\d{4}[ \-]\d{6}[ \-]\d{4,5}|\d{12,19})\b"
)
_ISSUER: Final = re.compile(
    # Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro, UATP: prefix with length.
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12,15}|(?:2131|1800)\d{11}"
    r"|62\d{14,17}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{12,15}|1\d{14}"
)
_IBAN: Final = compile_expression(r"(?i)\b[a-z]{2}\d{2}(?:[ \-]?[a-z0-9]{1,4}){3,9}\b")
_IPV4: Final = compile_expression(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")
_IPV6: Final = compile_expression(r"(?i)\b[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}")
_VERSION_BEFORE: Final = re.compile(
    r"(?:version|release|build|revision|section|chapter|§|firmware|kernel|\bv|driver|oid|kapitel"
    r"|abschnitt)[\s.:=]*(?:is |of )?$"
)
_NETWORK_BEFORE: Final = re.compile(r"\b(?:ips?|ipv4|address|addr|host|client|server|adresse)\b")
_RESOLVERS: Final = frozenset(
    {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222", "208.67.220.220"}
)
"""Public name servers: everybody's, nobody's."""
_GLOBAL_V6: Final = ipaddress.ip_network("2000::/3")

_PUNCTUATION: Final = "!#$%&'*+/=?^`{|}~.-"
"""Characters of a local part with which none begins in practice."""
EMAIL: Final = "e-mail"
PHONE: Final = phones.KIND
_CARD_KIND: Final = "payment card"
_IBAN_KIND: Final = "IBAN"
_IP_KIND: Final = "IP address"
KINDS: Final = frozenset({EMAIL, PHONE, _CARD_KIND, _IBAN_KIND, _IP_KIND, addresses.KIND}) | national_ids.KINDS
"""Everything that `detect` tells apart."""


def _emails(text: str) -> Iterator[Detection]:
    offset, end = _around_signs(text)
    for match in _EMAIL.finditer(text[offset:end]):
        found, stop = match[0].lstrip(_PUNCTUATION), offset + match.end()
        if query := _QUERY.match(found):
            found = found[query.end() :].lstrip(_PUNCTUATION)
        start = stop - len(found)
        if found[0] == "@" or found.startswith("git@") or text[max(0, start - 3) : start] == "://":
            continue
        if not _PLACEHOLDER.fullmatch(found.lower()):
            yield Detection(EMAIL, start, stop)


def _around_signs(text: str) -> tuple[int, int]:
    """From the word of the first at sign to that of the last: no address reaches beyond."""
    first, last = text.find("@"), text.rfind("@")
    start = max(text.rfind(" ", 0, first), text.rfind("\n", 0, first)) + 1
    end = text.find(" ", last)
    return start, end if end >= 0 else len(text)


def _cards(text: str) -> Iterator[Detection]:
    for match in _CARD.finditer(text):
        start, end = match.span()
        digits = "".join(filter(str.isdigit, match[0]))
        if text[max(0, start - 1) : start] in ("_", "-", ".", "/", "+", "#", "=") and not announced_as_card(
            text, start
        ):
            continue
        if text[end : end + 2][:1] in ("_", "-", "/") or not luhn(digits) or len(set(digits)) < 2:
            continue
        known = _ISSUER.fullmatch(digits) and not of_something_else(text, start)
        if known or announced_as_card(text, start):
            yield Detection(_CARD_KIND, start, end)


def _ibans(text: str) -> Iterator[Detection]:
    for match in _IBAN.finditer(text):
        start, end = match.span()
        # The expression may run into the next word: drop groups from the end until country length and checksum agree.
        while end - start >= 15:
            if iban(re.sub(r"[ \-]", "", text[start:end]).upper()):
                yield Detection(_IBAN_KIND, start, end)
                break
            cut = max(text.rfind(" ", start, end), text.rfind("-", start, end))
            if cut < 0:
                break
            end = cut


def _network_addresses(text: str) -> Iterator[Detection]:
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            start, end = match.span()
            if _is_public(match[0].rstrip(":") if pattern is _IPV6 else match[0]) and not _is_version(text, start, end):
                yield Detection(_IP_KIND, start, end)


def _is_public(found: str) -> bool:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return False
    if (
        address.is_private
        or address.is_multicast
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
    ):
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return address in _GLOBAL_V6 or found.count(":") == 7
    return not address.is_reserved and found not in _RESOLVERS


def _is_version(text: str, start: int, end: int) -> bool:
    """Whether a dotted quad is a version or section number, or only a part of a longer one."""
    before, after = text[max(0, start - 24) : start].lower(), text[end : end + 2]
    if (before and before[-1] in ".-_:") or (after and after[0] in "._-" and after[1:].isdigit()):
        return True
    if ":" in text[start:end] or _NETWORK_BEFORE.search(before):
        return False
    return _VERSION_BEFORE.search(before) is not None or all(int(part) < 32 for part in text[start:end].split("."))


_SEPARATOR: Final = r"[ \-./()\x{a0}\x{2011}]"
_DIGITS: Final = rf"\d(?:{_SEPARATOR}{{0,3}}\d){{6}}|\d{{6}}\+\d{{4}}|" + "|".join(
    rf"\d{{{n}}}{_SEPARATOR}{{1,3}}\d(?:{_SEPARATOR}{{0,3}}\d){{{5 - n}}}" for n in range(1, 6)
)
"""Seven digits or more, or six in several groups: six in a row are nobody's number, and frequent."""

GATES: Final[dict[str, tuple[Detector, ...]]] = {
    r"[\pL\pN]@[\pL\pN]": (_emails,),
    _DIGITS: (national_ids.find, _cards, phones.find),
    r"\d[\-. ]\d{2}[\-. ]\d{4}\b|\b[A-Z]{6}\d\d[A-Z]|\b[A-Z]{5}\d{4}[A-Z]\b|\b[A-Z]{2} ?\d\d ?\d\d ?\d\d": (
        national_ids.find,
    ),
    r"(?i)\b[a-z]{2}\d{2}[ \-]?[a-z0-9]{4}[ \-]?[a-z0-9]{4}": (_ibans,),
    r"\d\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:|[0-9A-Fa-f]::[0-9A-Fa-f]": (
        _network_addresses,
    ),
    r"(?i)licen[cs]e|passp|passa?p|pasa?por|paszport|reisepass|führerschein|permis|rijbewijs|patente|prawo jazdy"
    r"|condu[cçz]|motorista|\bcnh\b|водительск|паспорт"
    r"|運転免許|驾驶证|駕駛證|운전면허|旅券|パスポート|护照|護照|여권|جواز|hộ chiếu": (national_ids.find_documents,),
    addresses.NAMED_GATE: (addresses.find_named,),
    addresses.LABEL_GATE: (addresses.find_labels,),
}
"""Gate → the detectors that can find something only where the gate occurs."""


def detect(text: str, occurs: Callable[[str], bool]) -> list[Detection]:
    """The personal data of `text`; `occurs` says which gates (keys of `GATES`) occur in it."""
    detectors = dict.fromkeys(d for gate, ds in GATES.items() if occurs(gate) for d in ds)
    return disjoint([found for detector in detectors for found in detector(text)])


_USER_INFO: Final = re.compile(r"://[^\s/@?#]*$")
"""What stands before an `@` that ends the user information of a URL."""
_USER_INFO_REACH: Final = 160
_ROLE: Final = (
    r"(?:(?:customer[._\-]?)?(?:support|service|care)|help(?:desk)?|info|contact|kontakt|contacto|sales|admin"
    r"|administrator|hello|hi|office|team|billing|accounts?|orders?|returns?|press|media|marketing|jobs|careers"
    r"|feedback|security|privacy|abuse|legal|webmaster|postmaster|hostmaster|news(?:letter)?|notifications?"
    r"|mailer-daemon|(?:no|do-?not)[._\-]?reply|kundenservice|kundendienst|vertrieb|datenschutz|bewerbung"
    r"|soporte|ventas|atencion)"
)
_ROLE_MAILBOX: Final = re.compile(rf"{_ROLE}(?:[._\-]{_ROLE})*(?:\+[^@]*)?@.*")
"""Mailboxes of an office and not of a person (RFC 2142, and what companies add to it)."""
_FICTIONAL_PHONE: Final = re.compile(r"(?:(?:00)?1)?(?:[2-9]\d\d)?55501\d\d")
"""North American numbers that are kept free for films and examples: 555-0100 to 555-0199 of any area."""
_SPECIMEN_SSNS: Final = frozenset({"123456789", "078051120"})
"""The number of every form's example, and that of the card once sold with a wallet."""


def is_nobodys(text: str, found: Detection) -> bool:
    """Whether what has the form of personal data belongs to an office, an example or a URL and not to a person.

    For findings only. A redaction hides these too: there a wrong guess costs more than a hidden hotline.
    """
    value = text[found.start : found.end]
    if found.kind == EMAIL:
        return _ROLE_MAILBOX.fullmatch(value.lower()) is not None or (
            _USER_INFO.search(text, max(0, found.start - _USER_INFO_REACH), found.start) is not None
        )
    if found.kind == PHONE:
        return _FICTIONAL_PHONE.fullmatch("".join(filter(str.isdigit, value.lower().partition("x")[0]))) is not None
    return found.kind == national_ids.US_SSN and "".join(filter(str.isdigit, value)) in _SPECIMEN_SSNS
