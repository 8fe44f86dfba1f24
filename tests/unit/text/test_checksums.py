"""Every scheme accepts a published example and refuses it with one digit changed."""

import pytest

from otel_evals.text import checksums

_EXAMPLES = [
    (checksums.luhn, "4111111111111111"),
    (checksums.iban, "GB33BUKB20201555555555"),
    (checksums.iban, "DE89370400440532013000"),
    (checksums.verhoeff, "234123412346"),
    (checksums.iso7064_mod11_10, "86095742719"),
    (checksums.iso7064_mod11_2, "11010519491231002X"),
    (checksums.nir, "255081416802538"),
    (checksums.dni, "12345678Z"),
    (checksums.dni, "X1234567L"),
    (checksums.codice_fiscale, "RSSMRA85T10A562S"),
    (checksums.cpf, "52998224725"),
    (checksums.bsn, "111222333"),
    (checksums.pesel, "44051401359"),
    (checksums.nhs, "9434765919"),
    (checksums.tckn, "10000000146"),
    (checksums.snils, "11223344595"),
    (checksums.inn, "500100732259"),
    (checksums.my_number, "123456789018"),
    (checksums.tfn, "123456782"),
]


@pytest.mark.parametrize(("holds", "number"), _EXAMPLES, ids=[f"{f.__name__}-{n}" for f, n in _EXAMPLES])
def test_a_published_example_holds_and_one_changed_digit_does_not(holds, number):
    assert holds(number)
    place = next(i for i in range(4, len(number)) if number[i].isdigit())
    changed = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    assert not holds(changed)


def test_an_iban_needs_the_form_of_its_country_besides_its_check_digits():
    assert not checksums.iban("XX33BUKB20201555555555")
    assert not checksums.iban("GB33BUKB202015555555")
