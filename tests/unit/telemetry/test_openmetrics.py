import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic

from otel_evals.telemetry import catalogue
from otel_evals.telemetry.catalogue import Instrument, Kind
from otel_evals.telemetry.meters import Meters
from otel_evals.telemetry.openmetrics import PageFormat, label_name, metric_name, negotiate, render
from otel_evals.telemetry.snapshot import Exemplar
from otel_evals.testing.clock import ManualClock

COUNT = Instrument(name="t.count", kind=Kind.COUNTER, unit="{x}", description='says "a\\b"\nc', keys=("a.b", "c"))
SIZE = Instrument(name="t.size", kind=Kind.GAUGE, unit="By", description="d")
TIME = Instrument(name="t.time", kind=Kind.HISTOGRAM, unit="s", description="d", keys=("a.b",), boundaries=(0.5, 1.0))
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.2,"
    "*/*;q=0.1"
)


def meters() -> Meters:
    return Meters((COUNT, SIZE, TIME), clock=ManualClock())


def parsed(m: Meters, page: PageFormat = PageFormat.OPENMETRICS, **resource: str) -> dict:
    text = render(m.snapshot(), resource, page).decode()
    families = parse_openmetrics(text) if page is PageFormat.OPENMETRICS else parse_classic(text)
    return {family.name: family for family in families}


@pytest.mark.parametrize("page", PageFormat)
def test_a_standard_parser_reads_the_values_back(page):
    m = meters()
    m.add(COUNT, 3, 'x"\\\n', "ü")
    m.add(COUNT, 0.5, "", "")
    m.set(SIZE, -2)
    for value in (0.1, 0.7, 0.8, 9):
        m.observe(TIME, value, "x")
    families = parsed(m, page)
    counts = {tuple(s.labels.items()): s.value for s in families["t_count"].samples}
    assert counts == {(("a_b", 'x"\\\n'), ("c", "ü")): 3, (): 0.5}
    assert {s.name for s in families["t_count"].samples} == {"t_count_total"}
    assert [s.value for s in families["t_size_bytes"].samples] == [-2]
    buckets = {s.labels.get("le", s.name): s.value for s in families["t_time_seconds"].samples}
    assert buckets == {
        "0.5": 1, "1.0": 3, "+Inf": 4, "t_time_seconds_count": 4, "t_time_seconds_sum": pytest.approx(10.6),
    }  # fmt: skip
    assert families["t_count"].documentation == COUNT.description


def test_exemplars_carry_the_ids_of_the_span():
    m = meters()
    m.observe(TIME, 0.7, "x", exemplar=Exemplar(0.7, bytes(range(16)), bytes(range(8)), 1_500_000_000))
    exemplars = [s.exemplar for s in parsed(m)["t_time_seconds"].samples if s.exemplar]
    assert len(exemplars) == 1
    assert exemplars[0].labels == {"trace_id": bytes(range(16)).hex(), "span_id": bytes(range(8)).hex()}
    assert (exemplars[0].value, float(exemplars[0].timestamp)) == (0.7, 1.5)


def test_the_classic_format_has_no_exemplars_and_no_end_mark():
    m = meters()
    m.observe(TIME, 0.7, "x", exemplar=Exemplar(0.7, bytes(16), bytes(8), 1))
    text = render(m.snapshot(), {}, PageFormat.CLASSIC).decode()
    assert "trace_id" not in text
    assert "EOF" not in text


@pytest.mark.parametrize("page", PageFormat)
def test_the_resource_is_target_info_and_on_no_other_series(page):
    m = meters()
    m.add(COUNT, 1, "x", "y")
    families = parsed(m, page, **{"service.name": "otel-evals", "service.instance.id": "i"})
    name = "target" if page is PageFormat.OPENMETRICS else "target_info"
    assert [s.labels for s in families[name].samples] == [{"service_name": "otel-evals", "service_instance_id": "i"}]
    assert all("service_name" not in s.labels for s in families["t_count"].samples)


@given(st.text(max_size=20), st.text(max_size=20), st.floats(0, 1e300, allow_nan=False))
def test_any_label_and_value_survives(a, c, value):
    m = meters()
    m.add(COUNT, value, a, c)
    (sample,) = parsed(m)["t_count"].samples
    expected = {"a_b": a, "c": c}
    assert sample.labels == {name: text for name, text in expected.items() if text}
    assert math.isclose(sample.value, value)


def test_the_whole_catalogue_is_legal_and_unambiguous():
    m = Meters(clock=ManualClock(), extra_keys=("route",))
    for instrument in catalogue.INSTRUMENTS:
        labels = [f"v{i}" for i in range(len(instrument.keys) + instrument.sliced)]
        measure = {Kind.COUNTER: m.add, Kind.GAUGE: m.set, Kind.HISTOGRAM: m.observe}[instrument.kind]
        measure(instrument, 1, *labels)
    families = parsed(m)
    assert len(families) == len(catalogue.INSTRUMENTS)
    for instrument in catalogue.INSTRUMENTS:
        assert re.fullmatch(r"otel_evals_[a-z_]+[a-z]", metric_name(instrument))
        names = [label_name(key) for key in instrument.keys]
        assert len(set(names)) == len(names)
        assert not {"le", "job", "instance", "quantile"} & set(names)


def test_the_names_are_those_that_the_collector_makes():
    assert metric_name(catalogue.EVALUATIONS) == "otel_evals_evaluations"
    assert metric_name(catalogue.OPERATION_DURATION) == "otel_evals_operation_duration_seconds"
    assert metric_name(catalogue.OPERATION_COST) == "otel_evals_operation_cost"
    assert metric_name(catalogue.SPOOL_SIZE) == "otel_evals_spool_size_bytes"
    assert metric_name(catalogue.WAITING) == "otel_evals_waiting"


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("", PageFormat.CLASSIC),
        ("*/*", PageFormat.CLASSIC),
        ("text/html", PageFormat.CLASSIC),
        (PROMETHEUS, PageFormat.OPENMETRICS),
        ("application/openmetrics-text", PageFormat.OPENMETRICS),
        ("application/openmetrics-text;q=0", PageFormat.CLASSIC),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", PageFormat.CLASSIC),
        ("application/openmetrics-text;q=much", PageFormat.CLASSIC),
    ],
)
def test_the_accept_header_decides_the_format(accept, page):
    assert negotiate(accept) is page
