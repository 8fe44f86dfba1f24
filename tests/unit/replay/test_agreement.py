"""A replay says of a span what the hop wrote onto it."""

import json
from pathlib import Path

from otel_evals import replay
from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.records.signal import Signal
from tests.golden import write as golden
from tests.unit.engine.conftest import attributes_of, make_hop

__all__ = ["make_hop"]


async def test_the_hop_and_a_replay_decide_alike(make_hop, tmp_path):
    hop = await make_hop(wait=30)
    files: list[Path] = []
    for signal, body in (
        (Signal.TRACES, golden.support()),
        (Signal.LOGS, golden.event_logs()),
        (Signal.TRACES, golden.event_traces()),
    ):
        files.append(tmp_path / f"{len(files)}-{signal}.binpb")
        files[-1].write_bytes(body)
        await hop.send(body, signal)
    await hop.until(lambda h: len(h.spans) == 11)
    *lines, _ = map(json.loads, replay.run(files, load(checks=CHECKS, environ={}).config))
    evaluated = {
        (span.trace_id.hex(), span.span_id.hex()): (attributes_of(span), hop.results(span))
        for span in hop.spans
        if "otel_evals.risk.band" in attributes_of(span)
    }
    assert len(lines) == len(evaluated) == 6
    for line in lines:
        attributes, results = evaluated[line["trace"], line["span"]]
        assert {r["name"]: r["label"] for r in line["results"]} == results
        assert line["band"] == attributes["otel_evals.risk.band"]
        assert line["reasons"] == attributes.get("otel_evals.risk.reasons", [])
        assert line["route"] == attributes["otel_evals.route"]
        assert line["coverage"] == attributes["otel_evals.coverage"]
        assert line["prompt"]["fingerprint"] == attributes.get("otel_evals.prompt.fingerprint")


def test_recorded_traffic_is_decided_alike_in_reverse_order(recordings):
    config = load(checks=CHECKS, environ={}).config
    files = sorted(file for file in recordings.glob("*/*-*.*") if file.suffix in {".binpb", ".json"})
    *forwards, first = replay.run(files, config)
    *backwards, second = replay.run(files[::-1], config)
    assert len(forwards) > 500
    assert sorted(forwards) == sorted(backwards)
    assert first == second
