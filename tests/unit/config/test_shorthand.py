"""A bare value may stand for a section with one key."""

import jsonschema_rs
import pytest

from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.config.schema_json import schema_json
from otel_evals.records.errors import ConfigurationError

SHORT = """
judge:
  endpoints: [http://127.0.0.1:11434/v1]
  judges:
    - {name: faithfulness, model: gpt-4.1-mini-2025-04-14}
"""


def test_a_bare_model_and_a_bare_address_stand_for_their_sections(tmp_path) -> None:
    file = tmp_path / "otel-evals.yaml"
    file.write_text(SHORT)
    judge = load(file, checks=CHECKS, environ={}).config.judge
    assert judge.judges[0].model is not None
    assert judge.judges[0].model.model == "gpt-4.1-mini-2025-04-14"
    assert judge.endpoints[0].url == "http://127.0.0.1:11434/v1"


def test_a_bare_value_of_the_wrong_kind_is_named_with_its_place(tmp_path) -> None:
    file = tmp_path / "otel-evals.yaml"
    file.write_text(SHORT.replace("gpt-4.1-mini-2025-04-14", "41"))
    with pytest.raises(ConfigurationError, match=r"judge\.judges\[0\]\.model\.model.*must be text"):
        load(file, checks=CHECKS, environ={})


def test_editors_are_told_of_both_forms() -> None:
    validator = jsonschema_rs.validator_for(schema_json(CHECKS))
    long = {"name": "faithfulness", "model": {"model": "m", "temperature": 0.5}}
    assert validator.is_valid({"judge": {"judges": [{"name": "faithfulness", "model": "m"}, long]}})
    assert not validator.is_valid({"judge": {"judges": [{"name": "faithfulness", "model": 41}]}})


def test_a_small_number_may_be_written_with_an_exponent(tmp_path) -> None:
    file = tmp_path / "otel-evals.yaml"
    file.write_text("judge: {sampling: {rules: [{name: baseline, rate: 1e-06}]}}")
    assert load(file, checks=CHECKS, environ={}).config.judge.sampling.rules[0].rate == 1e-06
