"""The ledger for people and for programs."""

import json

import pytest

from otel_evals.app.coverage_report import adds_up, coverage_json, coverage_table, read_coverage
from otel_evals.config.schema import Config
from otel_evals.records.errors import ConfigurationError
from otel_evals.spool.judge_books import JudgeCounts

WHOLE = JudgeCounts(judge="tone", version="v1", seen=10, pending=1, outcomes={"sampled_out": 6, "judged": 3})
SHORT = JudgeCounts(judge="tone", version="v2", seen=10, pending=0, outcomes={"judged": 3})


def test_a_ledger_that_adds_up_says_so_in_the_order_of_the_outcomes():
    lines = coverage_table([WHOLE]).splitlines()
    assert lines[0] == "tone (version v1): 10 spans seen"
    assert [line.split()[0] for line in lines[1:]] == ["judged", "pending", "sampled_out", "adds"]
    assert "30.0%" in lines[1]
    assert adds_up([WHOLE])


def test_one_that_does_not_add_up_says_how_many_are_missing():
    assert "7 spans are not accounted for" in coverage_table([WHOLE, SHORT])
    assert not adds_up([WHOLE, SHORT])
    assert [judge["adds_up"] for judge in json.loads(coverage_json([WHOLE, SHORT]))["judges"]] == [True, False]


def test_an_empty_ledger_and_odd_outcomes_are_shown():
    assert "empty" in coverage_table([])
    odd = JudgeCounts(judge="tone", version="v1", seen=0, pending=0, outcomes={"of a later version": 0})
    assert "of a later version" in coverage_table([odd])


def test_other_ports_that_have_a_ledger_are_named(tmp_path):
    config = Config(data=str(tmp_path))
    assert read_coverage(config) == []
    (tmp_path / "spool" / "14317-14318").mkdir(parents=True)
    (tmp_path / "spool" / "14317-14318" / "judge.db").touch()
    with pytest.raises(ConfigurationError, match=r"14317-14318.*--grpc"):
        read_coverage(config)
