import math
import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.telemetry.catalogue import Instrument, Kind
from otel_evals.telemetry.meters import Meters
from otel_evals.telemetry.snapshot import Delta, Exemplar, Snapshot
from otel_evals.testing.clock import ManualClock

COUNT = Instrument(name="t.count", kind=Kind.COUNTER, unit="{x}", description="d", keys=("a", "otel_evals.outcome"))
LEVEL = Instrument(name="t.level", kind=Kind.GAUGE, unit="{x}", description="d", keys=("a",))
TIME = Instrument(name="t.time", kind=Kind.HISTOGRAM, unit="s", description="d", keys=("a",), boundaries=(0.5, 1.0))
SLICED = Instrument(name="t.sliced", kind=Kind.COUNTER, unit="{x}", description="d", keys=("a",), sliced=True)


def meters(**settings) -> Meters:
    return Meters((COUNT, LEVEL, TIME, SLICED), clock=ManualClock(), **settings)


def values(snapshot: Snapshot, name: str) -> dict:
    return next((dict(s.values or s.distributions) for s in snapshot.series if s.instrument.name == name), {})


def test_counts_add_up_by_labels():
    m = meters()
    m.add(COUNT, 1, "x", "ok")
    m.add(COUNT, 2, "x", "ok")
    m.add(COUNT, 1, "y", "ok")
    assert values(m.snapshot(), "t.count") == {("x", "ok"): 3, ("y", "ok"): 1}


def test_a_zero_start_shows_a_point_and_never_resets_one():
    m = meters()
    m.start_at_zero(COUNT, "x", "ok")
    assert values(m.snapshot(), "t.count") == {("x", "ok"): 0}
    m.add(COUNT, 5, "x", "ok")
    m.start_at_zero(COUNT, "x", "ok")
    assert values(m.snapshot(), "t.count") == {("x", "ok"): 5}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0])
def test_impossible_measurements_are_ignored_and_counted(value):
    m = meters()
    m.add(COUNT, value, "x", "ok")
    m.observe(TIME, value, "x")
    snapshot = m.snapshot()
    assert values(snapshot, "t.count") == {}
    assert values(snapshot, "t.time") == {}
    assert values(snapshot, "otel_evals.metrics.ignored") == {("t.count",): 1, ("t.time",): 1}


def test_a_value_on_a_boundary_belongs_to_the_bucket_below_it():
    m = meters()
    for value in (0.0, 0.5, 0.6, 1.0, 7.0):
        m.observe(TIME, value, "x")
    (distribution,) = values(m.snapshot(), "t.time").values()
    assert distribution.counts == (2, 2, 1)
    assert distribution.count == 5
    assert distribution.total == pytest.approx(9.1)


def test_each_bucket_keeps_its_latest_exemplar():
    m = meters()
    for i in range(3):
        m.observe(TIME, 0.1, "x", exemplar=Exemplar(0.1, bytes([i] * 16), bytes([i] * 8), i))
    m.observe(TIME, 0.2, "x")
    (distribution,) = values(m.snapshot(), "t.time").values()
    assert distribution.exemplars[0] == Exemplar(0.1, bytes([2] * 16), bytes([2] * 8), 2)
    assert distribution.exemplars[1:] == (None, None)


def test_a_value_beyond_the_cap_of_its_key_is_counted_as_other():
    m = meters(max_values=2)
    for name in ("x", "y", "z", "w", "x"):
        m.add(COUNT, 1, name, "ok")
    snapshot = m.snapshot()
    assert values(snapshot, "t.count") == {("x", "ok"): 2, ("y", "ok"): 1, ("__other__", "ok"): 2}
    assert values(snapshot, "otel_evals.metrics.overflow") == {("t.count",): 2}


def test_a_slice_is_admitted_with_all_its_outcomes_or_not_at_all():
    m = meters(max_slices=1)
    for name in ("x", "y"):
        m.add(COUNT, 1, name, "pass")
    for name in ("x", "y"):
        m.add(COUNT, 1, name, "fail")
    assert values(m.snapshot(), "t.count") == {
        ("x", "pass"): 1,
        ("x", "fail"): 1,
        ("__other__", "pass"): 1,
        ("__other__", "fail"): 1,
    }


def test_long_labels_are_cut_and_broken_ones_mended():
    m = meters()
    m.add(COUNT, 1, "x" * 500, "ok")
    m.add(COUNT, 1, "\ud800", "ok")
    assert set(values(m.snapshot(), "t.count")) == {("x" * 128, "ok"), ("?", "ok")}


@given(st.lists(st.tuples(st.text(max_size=3), st.sampled_from(["pass", "fail"])), max_size=60))
def test_the_number_of_points_is_bounded_and_the_sum_is_kept(names):
    m = meters(max_values=4, max_slices=3)
    for name, outcome in names:
        m.add(COUNT, 1, name, outcome)
    points = values(m.snapshot(), "t.count")
    assert len(points) <= (3 + 1) * 2
    assert sum(points.values()) == len(names)


def test_extra_keys_follow_the_keys_of_sliced_instruments_only():
    m = meters(extra_keys=("tenant",))
    m.add(SLICED, 1, "x", "gold")
    m.add(COUNT, 1, "x", "ok")
    by_name = {s.instrument.name: s for s in m.snapshot().series}
    assert by_name["t.sliced"].instrument.keys == ("a", "tenant")
    assert by_name["t.count"].instrument.keys == COUNT.keys


def test_a_wrong_number_of_labels_is_an_error_that_names_the_instrument():
    with pytest.raises(ValueError, match=r"t\.count: 1 labels for the keys a, otel_evals\.outcome"):
        meters().add(COUNT, 1, "x")


def test_gauges_are_set_or_read_at_the_snapshot():
    m = meters()
    level = {("y",): 1.0}
    m.set(LEVEL, 3, "x")
    m.set(LEVEL, 2, "x")
    m.watch(LEVEL, lambda: level)
    assert values(m.snapshot(), "t.level") == {("x",): 2, ("y",): 1}
    level["y",] = 7.0
    assert values(m.snapshot(), "t.level") == {("x",): 2, ("y",): 7}


def test_a_reader_of_an_unknown_gauge_is_refused():
    with pytest.raises(ValueError, match="not a gauge"):
        meters().watch(COUNT, dict)


measurement = st.tuples(st.sampled_from(["x", "y"]), st.integers(0, 9), st.integers(0, 2), st.booleans())


@given(st.lists(measurement, max_size=60))
def test_the_sum_over_workers_equals_one_process(measurements):
    alone, supervisor = meters(), meters()
    workers = [meters(), meters(), meters()]
    for i, (label, value, worker, hand_over) in enumerate(measurements):
        exemplar = Exemplar(value / 8, bytes(16), bytes(8), i)
        for m in (alone, workers[worker]):
            m.add(COUNT, value, label, "ok")
            m.observe(TIME, value / 8, label, exemplar=exemplar)
        if hand_over:
            supervisor.merge(workers[worker].deltas(), source=str(worker))
    for i, worker in enumerate(workers):
        supervisor.merge(worker.deltas(), source=str(i))
    for name in ("t.count", "t.time"):
        assert values(supervisor.snapshot(), name) == values(alone.snapshot(), name)


def test_a_delta_survives_the_wire():
    worker = meters()
    worker.add(COUNT, 1.5, "x", "ok")
    worker.start_at_zero(COUNT, "x", "bad")
    worker.set(LEVEL, 2, "x")
    worker.observe(TIME, 0.7, "x", exemplar=Exemplar(0.7, b"t" * 16, b"s" * 8, 1))
    delta = worker.deltas()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(delta), type=Delta) == delta
    assert worker.deltas() == Delta(gauges=delta.gauges)


def test_a_restarted_worker_takes_nothing_back():
    supervisor = meters()
    for life in range(2):
        worker = meters()
        worker.add(COUNT, 1, "x", "ok")
        worker.set(LEVEL, 5 + life, "x")
        supervisor.merge(worker.deltas(), source="w0")
    assert values(supervisor.snapshot(), "t.count") == {("x", "ok"): 2}
    assert values(supervisor.snapshot(), "t.level") == {("x",): 6}
    supervisor.forget("w0")
    assert values(supervisor.snapshot(), "t.count") == {("x", "ok"): 2}
    assert values(supervisor.snapshot(), "t.level") == {}


def test_gauges_of_several_workers_add_up():
    supervisor = meters()
    supervisor.set(LEVEL, 1, "x")
    for name in ("w0", "w1"):
        worker = meters()
        worker.set(LEVEL, 5, "x")
        supervisor.merge(worker.deltas(), source=name)
    assert values(supervisor.snapshot(), "t.level") == {("x",): 11}


def test_a_snapshot_in_another_thread_never_trips_over_new_series():
    m = meters(max_values=10_000, max_slices=10_000)
    stop = threading.Event()

    def read() -> list[int]:
        sizes = []
        while not stop.is_set():
            sizes.append(len(values(m.snapshot(), "t.count")))
        return sizes

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for i in range(5000):
            m.add(COUNT, 1, str(i), "ok")
            m.observe(TIME, i % 2, str(i))
        stop.set()
        sizes = reading.result()
    assert sizes == sorted(sizes)
    assert len(values(m.snapshot(), "t.count")) == 5000


def test_a_supervisor_keeps_its_own_cap_over_all_workers():
    supervisor = meters(max_values=3)
    for i in range(5):
        worker = meters(max_values=3)
        worker.add(COUNT, 1, f"w{i}", "ok")
        supervisor.merge(worker.deltas(), source=str(i))
    assert values(supervisor.snapshot(), "t.count") == {
        ("w0", "ok"): 1, ("w1", "ok"): 1, ("w2", "ok"): 1, ("__other__", "ok"): 2,
    }  # fmt: skip


def test_what_another_version_measures_is_left_out_and_counted():
    supervisor = meters()
    supervisor.merge(Delta(counters=(("t.unknown", (), 1.0),), gauges=(("t.count", (), 1.0),)), source="w0")
    assert values(supervisor.snapshot(), "otel_evals.metrics.ignored") == {("t.unknown",): 1, ("t.count",): 1}
