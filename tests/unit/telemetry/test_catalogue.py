import re

import pytest

from otel_evals.semconv import instruments
from otel_evals.telemetry.catalogue import CLOSED_KEYS, INSTRUMENTS, SLICE_KEYS, Kind, with_extra_keys
from otel_evals.telemetry.reference import prometheus_name, reference


def test_every_name_has_one_instrument():
    named = {value for name, value in vars(instruments).items() if name.isupper()}
    assert named == {instrument.name for instrument in INSTRUMENTS}
    assert len(named) == len(INSTRUMENTS)


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)
class TestInstrument:
    def test_its_unit_gives_it_one_name_by_every_way_into_prometheus(self, instrument):
        assert re.fullmatch(r"s|By|\{[A-Za-z]+\}", instrument.unit)

    def test_its_buckets_are_its_own_and_rise(self, instrument):
        assert bool(instrument.boundaries) == (instrument.kind is Kind.HISTOGRAM)
        assert list(instrument.boundaries) == sorted(set(instrument.boundaries))

    def test_it_is_sliced_whole_or_not_at_all(self, instrument):
        slice_keys = [key for key in instrument.keys if key in SLICE_KEYS]
        if instrument.sliced:
            assert instrument.keys[-len(SLICE_KEYS) :] == SLICE_KEYS
        else:
            assert len(slice_keys) <= 1

    def test_its_meaning_is_one_sentence(self, instrument):
        assert re.fullmatch(r"[A-Z][^|\n]+\.", instrument.description)


def test_what_comes_from_traffic_is_capped():
    assert not CLOSED_KEYS & set(SLICE_KEYS)
    assert "error.type" not in CLOSED_KEYS


def test_extra_keys_come_last():
    sliced = next(instrument for instrument in INSTRUMENTS if instrument.sliced)
    assert with_extra_keys(sliced, ("route",)).keys == (*sliced.keys, "route")
    assert with_extra_keys(sliced, ()) is sliced


def test_the_table_has_a_row_for_every_instrument():
    rows = reference().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [instrument.name for instrument in INSTRUMENTS]
    evaluations = next(i for i in INSTRUMENTS if i.name == instruments.EVALUATIONS)
    assert prometheus_name(evaluations) == "otel_evals_evaluations_total"
    assert "`otel_evals_evaluations_total`" in rows[0]
    assert rows[0].endswith("`otel_evals.evaluator.version`, slice |")
