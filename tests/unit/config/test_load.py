import dataclasses
import json
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_evals.config.load import Loaded, load
from otel_evals.config.show import show
from otel_evals.records.decision import RiskBand, Route
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Brevity:
    """A check of the tests."""

    limit: Annotated[int, msgspec.Meta(ge=1, description="Longest answer, characters. Default: 100.")] = 100
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.limit == 13:
            raise ValueError("limit must not be 13")


CHECKS = {"brevity": Brevity}


@pytest.fixture
def configure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write_and_load(text: str, flags=None, **environ: str) -> Loaded:
        file = tmp_path / "c.yaml"
        file.write_text(text)
        return load(file, checks=CHECKS, flags=flags or {}, environ=environ)

    return write_and_load


def faults(configure, text: str, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        configure(text, **environ)
    return str(caught.value).replace(f"{Path.cwd()}/", "")


def test_without_a_file_everything_has_its_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = load(checks={}, environ={})
    assert loaded.config.receive.grpc.listen == "127.0.0.1:4317"
    assert loaded.origins == {}
    assert loaded.file is None


def test_an_empty_file_and_empty_sections_are_all_defaults(configure, tmp_path):
    defaults = load(checks={}, environ={}).config
    assert configure("").config == defaults
    assert configure("receive:\nchecks:\nrisk: {}\n").config == defaults


def test_an_unknown_key_names_its_path_its_line_and_the_nearest_spelling(configure):
    assert faults(configure, "receive:\n  http:\n    max_bodi: 1MB\n") == (
        "c.yaml:3: receive.http.max_bodi: unknown key; did you mean max_body?"
    )


def test_all_faults_are_told_at_once(configure):
    text = faults(configure, "workers: 0\nlog: {level: loud}\nrisk: {high: humam}\njoin: {wait: soon}\nplugins: 3\n")
    assert text.splitlines() == [
        "c.yaml:1: workers: Expected `int` >= 1",
        "c.yaml:2: log.level: cannot be 'loud'; known: debug, error, info, warning",
        "c.yaml:3: risk.high: cannot be 'humam'; did you mean human?",
        "c.yaml:4: join.wait: not a duration: 'soon' (write 500ms, 5s, 2m, 1h or a number of seconds)",
        "c.yaml:5: plugins: must be a mapping, not a number",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workers: many", "c.yaml:1: workers: must be an integer"),
        ("workers:", "c.yaml:1: workers: needs a value"),
        ("data: 7", "c.yaml:1: data: must be text, not a number: put quotes around it"),
        ("data: ''", "c.yaml:1: data: Expected `str` of length >= 1"),
        ("workers: 1\nworkers: 2", "c.yaml:2: workers: the key stands here twice"),
        ("slices: {extra: {}}", "c.yaml:1: slices.extra: must be a list, not a mapping"),
        ("slices: {extra: [{}]}", "c.yaml:1: slices.extra[0].attribute: is missing"),
        (
            "slices: {extra: [{attribute: a}, {attribute: b}, {attribute: c}, {attribute: d}]}",
            "c.yaml:1: slices.extra: takes at most 3 entries",
        ),
        ("- a", "c.yaml:1: the file must hold a mapping of sections"),
        ("a: [", "c.yaml:1: not YAML: a key, a dash or a bracket stands where it cannot (check the indentation)"),
        ("? [a]\n: b", "c.yaml:1: a key must be a plain word"),
        ("data: !!python/object:os.system x", "c.yaml:1: a tag or value that is not plain YAML; use quotes"),
        ("a: &x {b: *x}", "c.yaml:1: nested deeper than 64 levels (an anchor that holds itself?)"),
    ],
)
def test_each_kind_of_fault_is_told_in_words(configure, text, message):
    assert faults(configure, text) == message


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no\.yaml: cannot be read: No such file"):
        load(tmp_path / "no.yaml", checks={}, environ={})


def test_flags_win_over_our_variables_over_the_file_over_standard_variables_over_defaults(configure):
    def levels(text, flags=None, **environ):
        return configure(text, flags, **environ).config.log.level.value

    assert levels("") == "info"
    assert levels("", OTEL_LOG_LEVEL="error") == "error"
    assert levels("log: {level: warning}", OTEL_LOG_LEVEL="error") == "warning"
    ours = {"OTEL_LOG_LEVEL": "error", "OTEL_EVALS_LOG_LEVEL": "debug"}
    assert levels("log: {level: warning}", **ours) == "debug"
    assert levels("log: {level: warning}", {"log.level": "error"}, **ours) == "error"


def test_every_value_knows_where_it_came_from(configure):
    loaded = configure(
        "\nworkers: 2\n", {"data": "d"}, OTEL_EVALS_RISK_ESCALATE="5", OTEL_METRIC_EXPORT_INTERVAL="1000"
    )
    places = {path: str(origin).rpartition("/")[2] for path, origin in loaded.origins.items()}
    assert places["workers",] == "c.yaml:2"
    assert places["data",] == "command line"
    assert places["risk", "escalate"] == "$OTEL_EVALS_RISK_ESCALATE"
    assert places["metrics", "push", "interval"] == "$OTEL_METRIC_EXPORT_INTERVAL"
    assert float(loaded.config.metrics.push.interval) == 1.0


def test_variables_are_typed_as_their_keys_are(configure):
    config = configure(
        "",
        OTEL_EVALS_WORKERS="3",
        OTEL_EVALS_JOIN_WAIT="0",
        OTEL_EVALS_METRICS_LISTEN="null",
        OTEL_EVALS_RISK_LOW="judge",
        OTEL_EVALS_RECEIVE_HTTP_MAX_BODY="1MiB",
        OTEL_EVALS_RECEIVE_AUTH_BEARER_TOKENS="one, two",
        OTEL_EVALS_CHECKS_BREVITY_ENABLED="false",
        OTEL_EVALS_CHECKS_BREVITY_LIMIT="7",
    ).config
    assert (config.workers, config.join.wait, config.metrics.listen, config.risk.low) == (3, 0, None, Route.JUDGE)
    assert config.receive.http.max_body == 1 << 20
    assert config.receive.auth.bearer_tokens == (Secret("one"), Secret("two"))
    assert not config.checks["brevity"].enabled
    assert config.checks["brevity"].settings == {"limit": 7}


def test_a_variable_that_names_no_key_is_warned_of(configure):
    assert configure("", OTEL_EVALS_WORKER="3").warnings == (
        "$OTEL_EVALS_WORKER names no key; did you mean OTEL_EVALS_WORKERS?",
    )


def test_substitutions_fill_scalars_and_never_make_structure(configure, tmp_path):
    (tmp_path / "token").write_text("from a file: {}\n")
    config = configure(
        "workers: ${N}\ndata: '${A:-x}/${env:B}/$${C}'\nlog: {level: '${L:-debug}'}\n"
        f"receive: {{auth: {{bearer_tokens: ['${{file:{tmp_path}/token}}', '${{INJECT}}']}}}}\n",
        N="4",
        B="b",
        L="",
        INJECT="x\nworkers: 9",
    ).config
    assert config.workers == 4
    assert config.data == "x/b/${C}"
    assert config.log.level.value == "debug"
    assert [token.reveal() for token in config.receive.auth.bearer_tokens] == ["from a file: {}", "x\nworkers: 9"]


def test_a_variable_that_is_not_set_is_a_fault(configure):
    assert faults(configure, "data: ${NO}") == "c.yaml:1: data: the variable NO is not set (a default: ${NO:-…})"
    assert faults(configure, "data: ${file:/no/such}").startswith("c.yaml:1: data: the file /no/such cannot be read")
    assert "is not ${NAME}" in faults(configure, "data: ${a-b}")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "# laughs\na0: &a0 [x]\n"
            + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 20)),
            2,
            "aliases repeat more than 10000 values",
        ),
        (
            "a0: &a0 {k: v}\n"
            + "".join(f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 20)),
            1,
            "aliases repeat more than 10000 values",
        ),
        ("\n\na: &a\n  <<: *a\n", 3, "an anchor that holds itself"),
        (f"a: {'[' * 3000}{']' * 3000}", 0, "nested deeper than 64 levels"),
        (f"a: [{'1,' * 100_001}]", 1, "more than 100000 values"),
    ],
    ids=["aliases", "merges", "itself", "deep", "large"],
)
def test_a_file_that_stands_for_far_more_than_it_says_is_refused_with_its_line(configure, text, line, message):
    told = faults(configure, text)
    assert told.startswith(f"c.yaml:{line}: " if line else "c.yaml: ")
    assert message in told


def test_of_several_merged_mappings_the_first_wins(configure):
    loaded = configure("receive:\n  http:\n    <<: [{listen: '127.0.0.1:1'}, {listen: '127.0.0.1:2', max_body: 1MB}]\n")
    assert (loaded.config.receive.http.listen, loaded.config.receive.http.max_body) == ("127.0.0.1:1", 1_000_000)


def test_merge_keys_and_anchors_work_and_the_nearer_key_wins(configure):
    config = configure(
        "receive:\n  limits: {<<: {max_requests: 7, soft_mark: 0.1}, soft_mark: 0.5}\n"
        "slices: {extra: [&key {attribute: a, origin: root}, {<<: *key, attribute: b}]}\n"
    ).config
    assert [(key.attribute, key.origin) for key in config.slices.extra] == [("a", "root"), ("b", "root")]
    assert (config.receive.limits.max_requests, config.receive.limits.soft_mark) == (7, 0.5)


class TestChecks:
    def test_an_entry_takes_our_keys_beside_the_fields_of_the_check(self, configure):
        entry = configure("checks: {brevity: {band: medium, limit: 5, words: [a, b]}}").config.checks["brevity"]
        assert (entry.enabled, entry.band) == (True, "medium")
        assert entry.settings == {"limit": 5, "words": ("a", "b")}

    def test_false_switches_a_check_off(self, configure):
        assert not configure("checks: {brevity: false}").config.checks["brevity"].enabled
        assert configure("checks: {brevity:}").config.checks["brevity"].enabled

    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ("brevty: {}", "checks.brevty: unknown check; did you mean brevity?"),
            ("brevity: {limits: 1}", "checks.brevity.limits: unknown key; did you mean limit?"),
            ("brevity: {limit: 0}", "checks.brevity.limit: Expected `int` >= 1"),
            ("brevity: {limit: 13}", "checks.brevity: limit must not be 13"),
            ("brevity: {band: severe}", "checks.brevity.band: cannot be 'severe'; known: high, low, medium"),
            ("brevity: loud", "checks.brevity: must be a mapping of settings or true/false, not text"),
            ("mine: {use: 'a.b:C'}", "checks.mine.use: the package is not in plugins.allow_import_from: add a there"),
            ("mine: {use: 'a.b'}", "checks.mine.use: must be package.module:NAME"),
        ],
    )
    def test_faults_name_the_check(self, configure, entry, message):
        assert faults(configure, f"checks:\n  {entry}\n") == f"c.yaml:2: {message}"

    @pytest.mark.parametrize("name", ["brevity", "mine", "policy_short"])
    def test_a_band_may_be_given_to_every_check_that_there_is(self, configure, name):
        text = (
            "plugins: {allow_import_from: [a]}\nchecks: {mine: {use: 'a.b:C'}}\npolicy: [{name: short, max_words: 9}]\n"
        )
        assert configure(f"{text}\nrisk: {{bands: {{{name}: high}}}}").config.risk.bands[name] is RiskBand.HIGH

    def test_a_band_for_a_check_that_there_is_not_is_a_fault(self, configure):
        told = faults(configure, "risk:\n  bands:\n    brevty: high\n")
        assert told == "c.yaml:3: risk.bands.brevty: no check has this name; did you mean brevity?"

    def test_a_private_check_may_come_from_an_allowed_package(self, configure):
        text = "checks: {mine: {use: 'a.b:C', depth: 3}}\nplugins: {allow_import_from: [a]}"
        entry = configure(text).config.checks["mine"]
        assert (entry.use, entry.settings) == ("a.b:C", {"depth": 3})


SECRET = st.text("abcxyzABCXYZ0123456789!#%&*{}[]:,-_ \"'\\\n@", min_size=6, max_size=30).filter(
    lambda s: len(set(s)) > 4 and s.strip() == s and not s.isdecimal()  # a number is a good value of `wait`
)
PLACES = [
    "receive: {{auth: {{bearer_tokens: [{}]}}}}",
    "receive: {{auth: {{headers: {{x-key: {}}}}}}}",
    "receive: {{auth: {{bearer_tokens: {}}}}}",
    "receive: {{auth: {}}}",
    "workers: {}",
    "join: {{wait: {}}}",
    "risk: {{high: {}}}",
    "slices: {{extra: [{{attribute: a, origin: {}}}]}}",
    "{}",
]


@given(secret=SECRET, place=st.sampled_from(PLACES))
def test_what_a_substitution_brings_in_is_never_shown(secret, place, tmp_path_factory):
    file = tmp_path_factory.mktemp("c") / "c.yaml"
    file.write_text(place.format("'${TOKEN}'"))
    assert secret not in everything_shown(file, {"TOKEN": secret})


@given(secret=SECRET, place=st.sampled_from(PLACES[:2]))
def test_a_secret_that_stands_in_the_file_is_never_shown(secret, place, tmp_path_factory):
    file = tmp_path_factory.mktemp("c") / "c.yaml"
    file.write_text(place.format(json.dumps(secret)) + "\nrecieve: {}")
    assert secret not in everything_shown(file, {})
    file.write_text(place.format(json.dumps(secret)))
    assert secret not in everything_shown(file, {})


@given(
    secret=SECRET.filter(lambda s: "," not in s and "%" not in s),
    name=st.sampled_from(["OTEL_EVALS_RECEIVE_AUTH_BEARER_TOKENS", "OTEL_EXPORTER_OTLP_HEADERS"]),
    workers=st.sampled_from(["1", "none"]),
)
def test_a_secret_in_a_variable_is_never_shown(secret, name, workers, tmp_path_factory):
    file = tmp_path_factory.mktemp("c") / "c.yaml"
    file.write_text("")
    value = f"k={secret}" if name.endswith("HEADERS") else secret
    environ = {name: value, "OTEL_EVALS_WORKERS": workers, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}
    assert secret not in everything_shown(file, environ)


def everything_shown(file: Path, environ: dict[str, str]) -> str:
    try:
        loaded = load(file, checks={}, environ=environ)
    except ConfigurationError as error:
        return str(error)
    return show(loaded) + repr(loaded)
