"""Check digits of published number schemes, so that an arbitrary row of digits is not taken for a card or an id.

Called by the detectors of personal data. Every function takes the bare characters (no separators), never raises on
characters of the right class and length, and answers whether the check digits hold.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

_VERHOEFF_PRODUCT: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
_VERHOEFF_PERMUTATION: Final = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4), (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7), (9, 4, 5, 3, 1, 2, 6, 8, 7, 0), (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5), (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)  # fmt: skip
_CODICE_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_IBAN_FORMATS: Final = {
    # Country → the BBAN by ISO 13616: n digits, a upper-case letters, c either, each with its length.
    "AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c",
    "BH": "4a14c", "BI": "23n", "BR": "23n1a1c", "BY": "4c4n16c", "CH": "5n12c", "CR": "18n", "CY": "8n16c",
    "CZ": "20n", "DE": "18n", "DJ": "23n", "DK": "14n", "DO": "4c20n", "EE": "16n", "EG": "25n", "ES": "20n",
    "FI": "14n", "FK": "2a12n", "FO": "14n", "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n", "GI": "4a15c",
    "GL": "14n", "GR": "7n16c", "GT": "20c", "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n", "IQ": "4a15n",
    "IS": "22n", "IT": "1a10n12c", "JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c", "LB": "4n20c", "LC": "4a24c",
    "LI": "5n12c", "LT": "16n", "LU": "3n13c", "LV": "4a13c", "LY": "21n", "MC": "10n11c2n", "MD": "20c",
    "ME": "18n", "MK": "3n10c2n", "MN": "16n", "MR": "23n", "MT": "4a5n18c", "MU": "4a19n3a", "NI": "4a20n",
    "NL": "4a10n", "NO": "11n", "OM": "3n16c", "PK": "4a16c", "PL": "24n", "PS": "4a21c", "PT": "21n", "QA": "4a21c",
    "RO": "4a16c", "RS": "18n", "RU": "14n15c", "SA": "2n18c", "SC": "4a20n3a", "SD": "14n", "SE": "20n", "SI": "15n",
    "SK": "20n", "SM": "1a10n12c", "SO": "19n", "ST": "21n", "SV": "4a20n", "TL": "19n", "TN": "20n", "TR": "6n16c",
    "UA": "6n19c", "VA": "18n", "VG": "4a16n", "XK": "16n", "YE": "4a4n18c",
}  # fmt: skip
_IBAN_CLASSES: Final = {"n": "[0-9]", "a": "[A-Z]", "c": "[A-Z0-9]"}
_IBAN_PATTERNS: Final = {
    country: re.compile("".join(f"{_IBAN_CLASSES[kind]}{{{size}}}" for size, kind in re.findall(r"(\d+)([nac])", form)))
    for country, form in _IBAN_FORMATS.items()
}


def _digits(text: str) -> list[int]:
    return [int(character) for character in text]


def _weighted(text: str, weights: Sequence[int]) -> int:
    return sum(weight * digit for weight, digit in zip(weights, _digits(text), strict=False))


def luhn(number: str) -> bool:
    """ISO/IEC 7812 annex B: payment cards, Canadian SIN, Swedish personnummer."""
    digits = _digits(number)
    doubled = (2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def iban(account: str) -> bool:
    """ISO 13616: country and BBAN form, then ISO 7064 mod 97-10. Upper-case letters and digits."""
    pattern = _IBAN_PATTERNS.get(account[:2])
    if pattern is None or not account[2:4].isdigit() or not pattern.fullmatch(account, 4):
        return False
    moved = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def verhoeff(number: str) -> bool:
    """Verhoeff's dihedral scheme: Aadhaar."""
    check = 0
    for position, digit in enumerate(reversed(_digits(number))):
        check = _VERHOEFF_PRODUCT[check][_VERHOEFF_PERMUTATION[position % 8][digit]]
    return check == 0


def iso7064_mod11_10(number: str) -> bool:
    """ISO 7064 mod 11,10: the German Steuer-ID, the Croatian OIB."""
    product = 10
    for digit in _digits(number[:-1]):
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(number[-1])


def iso7064_mod11_2(number: str) -> bool:
    """ISO 7064 mod 11-2 with a last character 0 to 9 or X: the Chinese resident id."""
    total = sum(digit << (len(number) - 1 - i) for i, digit in enumerate(_digits(number[:-1])))
    return (12 - total % 11) % 11 == (10 if number[-1] in "xX" else int(number[-1]))


def nir(number: str) -> bool:
    """French social security number: 13 digits and the key 97 - n mod 97 (2A and 2B are the Corsican departments)."""
    plain = number.upper().replace("2A", "19").replace("2B", "18")
    return plain.isdigit() and 97 - int(plain[:13]) % 97 == int(plain[13:])


def dni(number: str) -> bool:
    """Spanish DNI, or NIE with X, Y or Z in front: the number mod 23 gives the letter."""
    plain = number.upper().translate(str.maketrans("XYZ", "012", "")) if number[0] in "XYZxyz" else number.upper()
    return plain[:-1].isdigit() and _DNI_LETTERS[int(plain[:-1]) % 23] == number[-1].upper()


def codice_fiscale(code: str) -> bool:
    """Italian fiscal code: the last letter from tabulated values at odd and even places."""
    total = 0
    for position, character in enumerate(code[:15].upper()):
        value = int(character) if character.isdigit() else ord(character) - 65
        total += value if position % 2 else _CODICE_ODD[value]
    return chr(65 + total % 26) == code[15].upper()


def cpf(number: str) -> bool:
    """Brazilian CPF: two check digits mod 11; a single repeated digit is never issued."""
    if len(set(number)) == 1:
        return False
    for size in (9, 10):
        rest = _weighted(number[:size], range(size + 1, 1, -1)) * 10 % 11 % 10
        if rest != int(number[size]):
            return False
    return True


def bsn(number: str) -> bool:
    """Dutch BSN: the eleven-test."""
    return any(_digits(number)) and _weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def pesel(number: str) -> bool:
    """Polish PESEL: weights 1 3 7 9, and a month that exists in one of the five centuries."""
    return 1 <= int(number[2:4]) % 20 <= 12 and _weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def nhs(number: str) -> bool:
    """British NHS number: mod 11 over ten digits."""
    check = 11 - _weighted(number[:9], range(10, 1, -1)) % 11
    return check % 11 == int(number[9]) and check != 10


def tckn(number: str) -> bool:
    """Turkish identity number: the tenth and eleventh digit."""
    d = _digits(number)
    return d[0] != 0 and (sum(d[0:9:2]) * 7 - sum(d[1:8:2])) % 10 == d[9] and sum(d[:10]) % 10 == d[10]


def snils(number: str) -> bool:
    """Russian insurance number: nine weighted digits mod 101."""
    check = _weighted(number[:9], range(9, 0, -1)) % 101 % 100
    return check == int(number[9:])


def inn(number: str) -> bool:
    """Russian taxpayer number of a person: twelve digits, two of them check digits."""
    first = _weighted(number, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    second = _weighted(number, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return first == int(number[10]) and second == int(number[11])


def my_number(number: str) -> bool:
    """Japanese individual number: twelve digits, mod 11."""
    rest = _weighted(number, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(number[11])


def rrn(number: str) -> bool:
    """Korean resident number: thirteen digits, mod 11 (numbers given since October 2020 carry no check digit)."""
    return (11 - _weighted(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == int(number[12])


def tfn(number: str) -> bool:
    """Australian tax file number: nine digits, mod 11."""
    return _weighted(number, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


Checksum = Callable[[str], bool]
