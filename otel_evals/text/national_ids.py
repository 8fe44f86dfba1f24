"""Numbers that a state gives to a person: by form and check digits, and by the words around them where both are weak.

Called by `text.personal`. One row a number: a form that a chance number seldom has together with its check digits
needs no words; a bare row of nine to twelve digits does.
"""

# ruff: noqa: RUF001 - words and punctuation of many languages are meant as they stand

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from otel_evals.text import checksums
from otel_evals.text.detection import Detection
from otel_evals.text.numbers import of_something_else
from otel_evals.text.patterns import Pattern, PatternPass, Target, compile_expression

US_SSN: Final = "US SSN"
DOCUMENT: Final = "passport or licence number"
_BEFORE: Final = 48


class _Scheme(msgspec.Struct, frozen=True):
    kind: str
    form: Pattern
    valid: checksums.Checksum
    words: re.Pattern[str] | None = None
    """What must stand before the number; None when form and check digits say enough."""


def _scheme(kind: str, form: str, valid: checksums.Checksum, words: str | None = None) -> _Scheme:
    return _Scheme(kind, Pattern(Target.ANSWER, form), valid, re.compile(words) if words else None)


def _us_ssn(digits: str) -> bool:
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000" and len(set(digits)) > 1


def _any(_: str) -> bool:
    return True


_SSN_WORDS: Final = r"\b(?:ssns?|social security|social sec)\b"
_SCHEMES: Final = (
    _scheme(US_SSN, r"\b\d{3}-\d{2}-\d{4}\b", _us_ssn),
    _scheme(US_SSN, r"\b\d{3}\.\d{2}\.\d{4}\b|\b\d{3} \d{2} \d{4}\b", _us_ssn),
    _scheme(US_SSN, r"\b\d{9}\b", _us_ssn, _SSN_WORDS),
    _scheme("US ITIN", r"\b9\d{2}[- ][5-9]\d[- ]\d{4}\b", _any, r"\b(?:itin|taxpayer)\b"),
    _scheme("UK national insurance number", r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b", _any),
    _scheme("UK NHS number", r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b", checksums.nhs, r"\bnhs\b"),
    _scheme(
        "German tax id", r"\b[1-9]\d ?\d{3} ?\d{3} ?\d{3}\b", checksums.iso7064_mod11_10,
        r"steuer-?\s?(?:id|ident|nummer)|\bidnr|tax (?:id|number)|\btin\b",
    ),
    _scheme(
        "French social security number",
            r"\b[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d\b",
        checksums.nir,
    ),
    _scheme("Spanish DNI", r"\b\d{8}-?[A-HJ-NP-TV-Z]\b|\b[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]\b", checksums.dni),
    _scheme(
        "Italian fiscal code", r"\b[A-Z]{6}\d{2}[A-EHLMPRST][0-7]\d[A-Z]\d{3}[A-Z]\b", checksums.codice_fiscale
    ),
    _scheme("Dutch BSN", r"\b\d{9}\b|\b\d{4}\.\d{2}\.\d{3}\b", checksums.bsn,
        r"\bbsn\b|burgerservicenummer|sofinummer"),
    _scheme("Polish PESEL", r"\b\d{11}\b", checksums.pesel, r"\bpesel"),
    _scheme("Brazilian CPF", r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b", checksums.cpf),
    _scheme("Brazilian CPF", r"\b\d{11}\b", checksums.cpf, r"\bcpf\b"),
    _scheme("Indian Aadhaar", r"\b[2-9]\d{3} ?\d{4} ?\d{4}\b", checksums.verhoeff,
        r"aadhaar|aadhar|\buid(?:ai)?\b|आधार"),
    _scheme("Indian PAN", r"\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b", _any, r"\bpan\b|permanent account|पैन"),
    _scheme(
        "Chinese resident id",
        r"\b[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]\b", checksums.iso7064_mod11_2,
    ),
    _scheme("Korean resident number", r"\b\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[1-8]\d{6}\b", checksums.rrn),
    _scheme("Japanese individual number",
        r"\b\d{4}[ -]?\d{4}[ -]?\d{4}\b", checksums.my_number, r"マイナンバー|個人番号|my number"),
    _scheme("Canadian SIN", r"\b\d{3}[ -]?\d{3}[ -]?\d{3}\b", checksums.luhn,
        r"\bsin\b|social insurance|assurance sociale"),
    _scheme("Australian TFN", r"\b\d{3} ?\d{3} ?\d{3}\b", checksums.tfn, r"\btfn\b|tax file"),
    _scheme("Turkish identity number", r"\b[1-9]\d{10}\b", checksums.tckn, r"kimlik|\btckn\b|\bt\.?c\.? "),
    _scheme("Russian SNILS", r"\b\d{3}-\d{3}-\d{3}[ -]\d\d\b", checksums.snils),
    _scheme("Russian taxpayer number", r"\b\d{12}\b", checksums.inn, r"инн"),
    _scheme("Swedish personal number",
        r"\b(?:19|20)?\d\d[01]\d[0-3]\d[-+]\d{4}\b",
        lambda n: checksums.luhn(n[-10:]), r"person(?:nummer|al (?:identity )?number)"),
)  # fmt: skip

KINDS: Final = frozenset({DOCUMENT, *(scheme.kind for scheme in _SCHEMES)})
"""Everything that is found here."""
_FORMS: Final = PatternPass(scheme.form for scheme in _SCHEMES)
_ANY_WORDS: Final = compile_expression(
    # Without word boundaries: RE2 knows those of ASCII only.
    "(?i)" + "|".join(scheme.words.pattern for scheme in _SCHEMES if scheme.words).replace(r"\b", "")
)

_DOCUMENT: Final = compile_expression(
    r"(?i)(driver'?s?'?’?s? licen[cs]e|driving licen[cs]e|führerschein|permis de conduire|(?:permiso|licencia"
    r"|carnet) de conducir"
    r"|patente di guida|carta de condução|carteira de motorista|\bcnh\b|rijbewijs|prawo jazdy|водительск"
    r"|運転免許|驾驶证|駕駛證|운전면허|passport|reisepass|passnummer|passeport|pasaporte|passaporto|passaporte|paspoort|paszport|pasaport"
    r"|паспорт|旅券|パスポート|护照|護照|여권|جواز السفر|hộ chiếu)"
    r"(?:[^\n\d]{0,24}?[^\nA-Za-z0-9])?\b([A-Za-z]{0,3}[-]?\d[A-Za-z0-9\-]{3,15})\b"
)
_DOCUMENT_NUMBER: Final = re.compile(r"(?:[A-Za-z\-]*\d){5,}[A-Za-z\-]*")
_YEARS: Final = re.compile(r"(?:19|20)\d\d-(?:19|20)?\d\d|\d{4}-\d\d-\d\d|\d\d?-\d\d?-\d{4}")


def find(text: str) -> Iterator[Detection]:
    """Every national id of `text` that its form, check digits and context bear out."""
    forms = _FORMS.match(Target.ANSWER, text)
    worded = bool(forms) and _ANY_WORDS.search(text) is not None
    for scheme in _SCHEMES:
        if scheme.form not in forms or (scheme.words is not None and not worded):
            continue
        for match in _FORMS.compiled(scheme.form).finditer(text):
            start, end = match.span()
            if (
                _alone(text, start, end)
                and scheme.valid("".join(filter(str.isalnum, match[0])))
                and _meant(scheme, text, start)
            ):
                yield Detection(scheme.kind, start, end)


def find_documents(text: str) -> Iterator[Detection]:
    """Numbers of driver's licences and passports, which are known by the words before them only."""
    for match in _DOCUMENT.finditer(text):
        number = match[2]
        if _DOCUMENT_NUMBER.fullmatch(number) and not _YEARS.fullmatch(number):
            yield Detection(DOCUMENT, match.start(2), match.end(2))


def _meant(scheme: _Scheme, text: str, start: int) -> bool:
    if scheme.words is None:
        return not of_something_else(text, start)
    return scheme.words.search(text[max(0, start - _BEFORE) : start].lower()) is not None


def _alone(text: str, start: int, end: int) -> bool:
    """Whether no further digits belong to the same number."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return not (
        (before and before[-1] in "-./+_=#")
        or (len(before) == 2 and before[1] == " " and before[0].isdigit())
        or (after and after[0] in "-/_")
        or (len(after) == 2 and after[0] in ". ," and after[1].isdigit())
    )
