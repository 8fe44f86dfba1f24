"""What the configuration shows of itself: the effective YAML, the JSON Schema, the table of keys."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import jsonschema_rs
import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.builtin import CHECKS
from otel_evals.config.load import Loaded, load
from otel_evals.config.reference import reference
from otel_evals.config.schema_json import schema_json
from otel_evals.config.sections import FullConfig
from otel_evals.config.show import show
from otel_evals.config.spelling import spell_duration, spell_size
from otel_evals.config.tree import Key, Shape, keys, kind_of
from otel_evals.records.units import ByteSize, Duration


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Brevity:
    """A check of the tests."""

    limit: Annotated[int, msgspec.Meta(ge=1, description="Longest answer, characters. Default: 100.")] = 100


TESTED = {"brevity": Brevity}
FULL = """
receive:
  http: {max_body: 1MB, idle_timeout: 90s, cors: {allowed_origins: ["https://*.example.com", "*"]}}
forward:
  - {name: main, url: "https://c:4317", timeout: 2.5s, headers: {x-key: visible-secret}, signals: [traces]}
  - {url: "http+proto://d/base", queue: disk, content: drop_content, required: false}
checks:
  brevity: {limit: 7, band: medium}
policy:
  - {name: no_price, forbidden: 'EUR|\\$\\{', band: null}
risk: {bands: {brevity: high, policy_no_price: null}}
slices: {extra: [{attribute: tenant.tier, origin: root}]}
prices: {gpt-4o: {input: 2.5, output: 10}}
metrics: {listen: null, resource: {team: "a: b # c", "on": "yes", n: "1", dollar: "$${HOME}"}}
data: /tmp/x y
"""


def loaded(text: str) -> Loaded:
    file = Path("c.yaml")
    file.write_text(text)
    return load(file, checks=TESTED, environ={})


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_what_is_shown_means_the_same_when_it_is_loaded_again():
    first = loaded(FULL.replace(", headers: {x-key: visible-secret}", ""))
    assert loaded(show(first)).config == first.config


def test_secrets_are_shown_as_a_mask():
    text = show(loaded(FULL))
    assert "visible-secret" not in text
    assert '      x-key: "***"  # c.yaml:5' in text.splitlines()


def test_each_line_says_where_its_value_came_from():
    lines = show(loaded(FULL)).splitlines()
    assert f"data: /tmp/x y  # c.yaml:{FULL.splitlines().index('data: /tmp/x y') + 1}" in lines
    assert "workers: 1  # default" in lines
    assert "    limit: 7  # c.yaml:8" in lines


@given(st.floats(1e-3, 1e7) | st.integers(0, 10**9) | st.sampled_from([0.1, 1.5, 0.0005, 90, 5400]))
def test_a_duration_is_spelled_so_that_it_reads_back(seconds):
    text = spell_duration(Duration(seconds))
    assert Duration.parse(text) == pytest.approx(seconds, abs=1e-9)


@given(st.integers(0, 1 << 45))
def test_a_size_is_spelled_so_that_it_reads_back(size):
    assert ByteSize.parse(spell_size(ByteSize(size))) == size


class TestSchema:
    def accepts(self, text: str) -> bool:
        return jsonschema_rs.validator_for(schema_json(TESTED)).is_valid(yaml.safe_load(text))

    def test_it_accepts_what_the_loader_accepts(self):
        assert self.accepts(FULL)
        assert self.accepts("workers: ${N:-2}")
        assert self.accepts("receive:\nchecks: {brevity: false, mine: {use: 'a:B', x: 1}}")
        assert self.accepts("join: {wait: 5, max_memory: 1000}")

    @pytest.mark.parametrize(
        "text",
        [
            "recieve: {}",
            "workers: 0",
            "workers: many",
            "join: {wait: soon}",
            "risk: {high: bloc}",
            "checks: {brevity: {limits: 1}}",
            "checks: {unknown: {}}",
            "forward: [{name: a}]",
            "slices: {extra: [{attribute: a}, {attribute: b}, {attribute: c}, {attribute: d}]}",
        ],
    )
    def test_it_refuses_what_the_loader_refuses(self, text):
        assert not self.accepts(text)

    def test_the_schema_of_all_built_in_checks_is_a_schema(self):
        schema = json.loads(json.dumps(schema_json(CHECKS)))
        assert jsonschema_rs.meta.is_valid(schema)
        assert set(CHECKS) == set(schema["properties"]["checks"]["properties"])


def every_key(settings: type, prefix: str = "") -> Iterator[tuple[str, Key]]:
    for key in keys(settings):
        yield f"{prefix}{key.name}", key
        kind = key.kind
        if kind.shape in (Shape.LIST, Shape.MAPPING):
            kind = kind_of(kind.type)
        if kind.shape is Shape.STRUCT:
            yield from every_key(kind.type, f"{prefix}{key.name}.")


def test_every_key_of_the_tree_says_what_it_means():
    silent = [name for name, key in every_key(FullConfig) if not key.description]
    assert silent == []


def test_every_setting_of_a_built_in_check_says_what_it_means():
    silent = [f"{name}.{key.name}" for name, check in CHECKS.items() for key in keys(check) if not key.description]
    assert silent == []


def test_every_section_of_the_tree_refuses_unknown_keys():
    open_ = [
        name
        for name, key in every_key(FullConfig)
        if key.kind.shape is Shape.STRUCT and not key.kind.type.__struct_config__.forbid_unknown_fields
    ]
    assert open_ == []


def test_the_reference_has_a_row_for_every_key():
    rows = reference(CHECKS).splitlines()
    assert rows[0] == "| key | type | default | meaning |"
    names = [row.split("`")[1] for row in rows[2:]]
    assert len(names) == len(set(names))
    for expected in ("workers", "forward[].url", "receive.grpc.tls.cert_file", "prices.<name>.input"):
        assert expected in names
    assert "| `workers` | integer | `1` |" in reference({})
    assert all(row.count(" | ") >= 3 for row in rows[2:])
