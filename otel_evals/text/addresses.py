"""A person's name together with a street address.

Neither alone is taken for personal data: an address may be a shop's, a name an author's. Together they are when the
text says whose address it is (`lives at`, `'s address`, `Name:` … `Address:`), when a name is followed by a street
address in the same breath, or when they stand as the lines of a postal label. Called by `text.personal`.
"""

# ruff: noqa: RUF001 - words and punctuation of many languages are meant as they stand

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from otel_evals.text.detection import Detection
from otel_evals.text.patterns import compile_expression

KIND: Final = "name with street address"

_STREET_BEFORE: Final = (
    r"(?:rue|avenue|boulevard|chemin|impasse|all[ée]e|quai|place|cours|route|calle|c/|avenida|avda\.?|av\.|plaza|paseo"
    r"|carrera|via|viale|vicolo|piazza|piazzetta|corso|largo|rua|travessa|pra[çc]a|estrada|rodovia|ul\.|ulica|al\."
    r"|aleja|pl\.|os\.|ул\.|улица|пр-т|проспект|пер\.|переулок|бульвар|шоссе|jalan|jl\.|đường|phố)"
)
_STREET_SUFFIX: Final = (
    r"(?:straße|strasse|str\.|gasse|weg|allee|platz|ufer|damm|ring|straat|laan|plein|gracht|kade|dijk|gata|gatan|gade"
    r"|vej|vejen|veien|gaten|vägen|katu|kuja|tie|utca|út|ulice|ulica|caddesi|cad\.|sokak|sokağı|sk\.|mahallesi)"
)
_STREET_ENGLISH: Final = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Place|Pl|Square|Sq|Terrace|Crescent"
    r"|Close|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Trail|Row|Mews)"
)
_BOX: Final = r"(?:p\.? ?o\.? ?box|postbox|postfach|bo[iî]te postale|apartado|psc) \d"
_UNIT: Final = r"(?:apt|apartment|suite|unit|flat|appt|appartement|app|wohnung|depto|кв|apto)\b\.? ?#?\d"
_STREET: Final = re.compile(
    rf"\d[\w/\-]*,? (?:[\w.'’\-]+ ){{0,4}}(?:{_STREET_ENGLISH.lower()})\b"
    rf"|(?:^|[\s,]){_STREET_BEFORE} ?[\w.'’\- ]{{2,40}}"
    rf"|\w{{2,}}[ \-]?{_STREET_SUFFIX}\s+\d"
    rf"|{_BOX}|{_UNIT}"
)
_EAST_ASIAN: Final = re.compile(
    r"[都道府県州].{0,12}[市区區町村郡].{0,16}\d|[路街巷弄道].{0,8}\d{1,5} ?[号號]|\d丁目|[시군구] ?\S{1,12}[로길] ?\d"
)
_NUMBERED: Final = re.compile(r"\d{1,6}[a-z]?[ ,]+[^\W\d]|[^\W\d]{3,}\.? \d{1,5}\b")

_OWNER_WORDS: Final = (
    r"(?i)\b(?:lives?|resides?|residing|living) (?:at|on|in)\b|\b(?:wohnt|wohnhaft)\b|\b(?:habite|demeure) (?:au"
    r"|à|rue)?"
    r"|\b(?:vive|reside|residente|domiciliad[oa]) (?:en|na|no|em|in|a)\b|\b(?:abita|risiede) (?:in|a)\b"
    r"|\bwoont (?:op|aan|in)\b"
    r"|\bmieszka (?:przy|na|w)\b|прожива(?:ет|ю)|жив[её]т (?:на|по|в)|住在|住んで|居住"
    r"|\b(?:his|her|their)(?: [a-z]+)? address\b|['’]s (?:[a-z]+ )?address\b"
    r"|\b(?:adresse (?:von|de)|direcci[óo]n de|indirizzo di|endere[çc]o d[eoa]|adres van)\b|адрес \S+"
)
_OWNER: Final = compile_expression(_OWNER_WORDS)
_LABEL_WORDS: Final = (
    r"(?i)(?:address|adresse|anschrift|direcci[óo]n|domicilio|indirizzo|endere[çc]o|adres|адрес|住所|地址|住址|주소|العنوان"
    r"|địa chỉ|alamat|पता)\s{0,3}[:：=]|(?:住所|地址|住址|주소)"
)
_LABEL: Final = compile_expression(_LABEL_WORDS)
_NAMED: Final = re.compile(
    r"(?:\b(?:name|nom|nombre|nome|naam|imi[ęe]|имя|фио|ad soyad|nama|họ tên)\b"
    r"|姓名|氏名|名前|이름|성명|الاسم|नाम)\s{0,3}[:：=]"
    r"|\b(?:mr|mrs|ms|dr|herr|frau|monsieur|madame|m\.|mme|señor|señora|sr|sra|signor|signora|sig|pan|pani)\b\.? "
    r"|г-н|госпо|さん|先生|女士|씨"
)
_LABELLED_NAME: Final = re.compile(
    r"(?:billing|shipping|delivery|home|mailing|postal|rechnungs\w*|liefer\w*)[ \-]?(?:address|adresse|anschrift)"
)
_PROSE: Final = compile_expression(
    r"\b((?:[A-Z][\w'’\-]+|[A-Z]\.)(?: (?:[A-Z][\w'’\-]+|[A-Z]\.)){1,3})(?:, | of | at "
    r"| \()\d{1,5}[A-Za-z]? (?:[A-Z][\w.'\-]+ ){1,3}" + _STREET_ENGLISH + r"\b"
)
_ORGANISATION: Final = re.compile(
    r"\b(?:museum|hotel|inc|ltd|llc|corp|church|school|university|college|hospital|clinic|restaurant|café|cafe"
    r"|bank|park"
    r"|station|library|office|centre|center|hall|theatre|theater|gmbh|store|shop|gallery|house|bar|inn|club|airport"
    r"|company|department|agency|court|building|tower|market|embassy|the)\b"
)
_LABEL_LINE: Final = compile_expression(r"(?im)^\W*(?:[a-z]{0,9} )?\d{1,6} \S.*$|^.*\S \d{1,5}[a-z]?\W*$|^\W*psc \d.*$")
_NAME_LINE: Final = re.compile(
    r"[>?\s]*[^\W\d_][^\W\d_.'’\-]*\.?(?: [^\W\d_][^\W\d_'’\-]*\.?(?:['’\-][^\W\d_]+)*){1,4}\s*"
)
_LOCALITY: Final = re.compile(
    r"(?:^|\n)\W*(?:[^\W\d][^\n:]{0,40} )?[a-z]{0,2}-?\d{5,6}\W*(?:\n|$)|\bap[oe] a[aep] \d{5}"
    r"|\n\W*[a-z]\d[a-z] ?\d[a-z]\d\W*(?:\n|$)"
)

_HOUSE: Final = re.compile(
    r"[\s:]*(?:(?:\d{1,6}[A-Za-z]? ){1,2}[^\W\d_a-zß-öø-ÿ][\w'’\-]+"
    r"|\W*(?:[^\W\d_][\w'’\-]+ ){1,4}\d{1,5}\b(?! (?:years|days|percent)))"
)
_CAPITAL_OR_DIGIT: Final = re.compile(r"[\s:]*(?:\d|[^\W\d_a-z])")
_HOUSE_FIRST: Final = re.compile(r"\W*\d")
_UNIT_LINE: Final = re.compile(_UNIT)
_MARKED_STREET: Final = re.compile(
    rf"{_BOX}|(?:^|[\s,])(?:ul\.|ул\.|rue|calle|via|rua|avenida) \w|\w{{2,}}[ \-]?{_STREET_SUFFIX} \d"
)

NAMED_GATE: Final = rf"{_OWNER_WORDS}|{_LABEL_WORDS}|(?-i:\d[A-Za-z]? (?:[A-Z][\w.'\-]+ )+{_STREET_ENGLISH}\b)"
"""Occurs wherever `find_named` finds something."""
LABEL_GATE: Final = r"(?im)^\W*(?:[a-z]* )?\d+ \S|\S \d+[a-z]?\W*$|^\W*psc \d"
"""Occurs wherever `find_labels` finds something: lines that begin or end with a number."""

_GAP: Final = 90
"""Characters behind an anchor within which the address begins."""
_BEFORE: Final = 120
"""Characters before an address within which the name stands."""
_MOST_ANCHORS: Final = 500
"""Anchors of one kind that are looked at: no person's text has more, and time stays bounded on one made to have."""


def find_named(text: str) -> Iterator[Detection]:
    """Every address of running `text` that stands with the name of its inhabitant."""
    for match in islice(_OWNER.finditer(text), _MOST_ANCHORS):
        yield from _behind(text, match.start(), match.end())
    for match in islice(_LABEL.finditer(text), _MOST_ANCHORS):
        before = text[max(0, match.start() - _BEFORE) : match.start()].lower()
        behind = text[match.end() : match.end() + _GAP]
        named = _NAMED.search(before) or (
            _LABELLED_NAME.search(text[max(0, match.start() - 14) : match.end()].lower())
            and _NAME_LINE.fullmatch(behind.strip().partition("\n")[0])
        )
        if named:
            yield from _behind(text, match.start(), match.end())
    for match in _PROSE.finditer(text):
        if not _ORGANISATION.search(match[1].lower()):
            yield Detection(KIND, match.start(), match.end())


def find_labels(text: str) -> Iterator[Detection]:
    """Every postal label of `text`: a line that is a name, soon a numbered line, and a unit, box or postcode."""
    if text.count("\n") < 2:
        return
    for match in _LABEL_LINE.finditer(text):
        lines = text[max(0, match.start() - _BEFORE) : match.start()].split("\n")[:-1][-5:]
        names = [
            line
            for line in lines
            if _NAME_LINE.fullmatch(line) and len(line) < 60 and not _ORGANISATION.search(line.lower())
        ]
        if not names:
            continue
        block = text[match.start() : match.end() + _GAP].lower()
        if _marked_street(match[0].lower()) or (_HOUSE_FIRST.match(block) and _ends_as_address(block)):
            first = match.start() - sum(len(line) + 1 for line in lines[lines.index(names[0]) :])
            yield Detection(KIND, first, match.end())


def _behind(text: str, start: int, end: int) -> Iterator[Detection]:
    """The address that begins shortly behind `end`, reported from `start`."""
    behind = text[end : end + _GAP]
    folded = behind.lower()
    street = _STREET.search(folded) or _EAST_ASIAN.search(behind) or _numbered_name(behind)
    if street is not None and any(map(str.isdigit, behind)):
        stop = behind.find("\n\n", street.end())
        line = behind.find("\n", street.end())
        cut = min((place for place in (stop, line) if place >= 0), default=len(behind))
        yield Detection(KIND, start, end + cut)


def _numbered_name(behind: str) -> re.Match[str] | None:
    """A house number beside a capitalised word, at the very beginning."""
    return _HOUSE.match(behind) if _CAPITAL_OR_DIGIT.match(behind) else None


def _ends_as_address(block: str) -> bool:
    """Whether the lines below the first one name a postcode, or any names a unit of a house."""
    below = "\n" + block.partition("\n")[2]
    return _LOCALITY.search(below) is not None or (_UNIT_LINE.search(block) and _NUMBERED.search(block)) is not None


def _marked_street(line: str) -> bool:
    return _MARKED_STREET.search(line) is not None
