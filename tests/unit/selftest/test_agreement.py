import pytest

from otel_evals.selftest.agreement import cohen_kappa, gwet_ac1


@pytest.mark.parametrize(
    ("table", "kappa", "error"),
    [
        # SAS PROC FREQ, "SkinCondition" and the raters of statsmodels' tests
        ([[10, 4, 1, 0], [5, 10, 12, 2], [2, 4, 12, 5], [0, 2, 6, 13]], 0.3449, 0.0724),
        ([[0, 4, 1], [0, 8, 0], [0, 1, 5]], 0.4842, 0.1380),
        # Agresti's pathologists; Fleiss, Levin and Paik
        ([[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]], 0.493, 0.0567),
        ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.6765, 0.0877),
        # irrCAC's vignette
        ([[13, 0, 0], [0, 20, 7], [0, 4, 56]], 0.7964094, 0.05891072),
    ],
)
def test_kappa_and_its_error_are_those_of_published_tables(table, kappa, error):
    found = cohen_kappa(table)
    assert found is not None
    assert found.value == pytest.approx(kappa, abs=5e-5)
    assert found.error == pytest.approx(error, abs=6e-5)


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[40, 9], [6, 45]], 0.70),
        ([[80, 10], [5, 5]], 0.32),
        ([[45, 15], [25, 15]], 0.13),
        ([[25, 35], [5, 35]], 0.26),
        ([[20, 5], [10, 15]], 0.40),
    ],
)
def test_kappa_shows_feinsteins_paradox(table, kappa):
    found = cohen_kappa(table)
    assert found is not None
    assert found.value == pytest.approx(kappa, abs=0.005)


def test_the_interval_of_kappa_is_that_of_the_epir_manual():
    found = cohen_kappa([[19, 10], [6, 256]])
    assert found is not None
    assert found.interval == (pytest.approx(0.52, abs=0.005), pytest.approx(0.82, abs=0.005))


@pytest.mark.parametrize(
    ("table", "ac1", "error"),
    [
        ([[118, 5], [2, 0]], 0.9408, 0.02296),
        ([[13, 0, 0], [0, 20, 7], [0, 4, 56]], 0.8493305, 0.04321747),
        ([[40, 6, 4, 15], [4, 25, 1, 5], [4, 2, 21, 9], [17, 13, 12, 45]], 0.4562, 0.0434),
    ],
)
def test_ac1_and_its_error_are_gwets(table, ac1, error):
    found = gwet_ac1(table)
    assert found is not None
    assert found.value == pytest.approx(ac1, abs=5e-5)
    assert found.error == pytest.approx(error, abs=6e-5)


def test_kappa_of_one_label_alone_is_none_and_ac1_is_not():
    assert cohen_kappa([[40, 0], [0, 0]]) is None
    ac1 = gwet_ac1([[40, 0], [0, 0]])
    assert ac1 is not None
    assert ac1.value == 1.0
    assert gwet_ac1([[0, 0], [0, 0]]) is None
