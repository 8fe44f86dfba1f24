from pathlib import Path

import pytest

from otel_evals.config.environment import variable_name
from otel_evals.config.load import Loaded, load, override_paths
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal
from otel_evals.records.units import Secret


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def configured(text: str = "", flags=None, **environ: str) -> Loaded:
    Path("c.yaml").write_text(text)
    return load(Path("c.yaml"), checks={}, flags=flags or {}, environ=environ)


def destinations(**environ: str):
    return configured(**environ).config.forward


def test_without_any_word_of_one_there_is_no_destination():
    assert destinations() == ()


@pytest.mark.parametrize(
    ("endpoint", "protocol", "url"),
    [
        ("http://c:4317", "", "http://c:4317"),
        ("http://c:4318", "", "http+proto://c:4318"),
        ("https://c/base/", "", "https+proto://c/base"),
        ("http://c:9", "grpc", "http://c:9"),
        ("http://c:4317", "http/protobuf", "http+proto://c:4317"),
        ("c:4317", "grpc", "https://c:4317"),
    ],
)
def test_the_standard_endpoint_is_a_destination_for_all_signals(endpoint, protocol, url):
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    if protocol:
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol
    (destination,) = destinations(**variables)
    assert destination.url == url
    assert destination.signals == tuple(Signal)


def test_a_target_without_scheme_is_insecure_only_when_that_is_said():
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "c:4317", "OTEL_EXPORTER_OTLP_INSECURE": "true"}
    assert destinations(**variables)[0].url == "http://c:4317"


def test_the_standard_settings_go_with_the_endpoint():
    (destination,) = destinations(
        OTEL_EXPORTER_OTLP_ENDPOINT="https://c:4317",
        OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20x,k = v",
        OTEL_EXPORTER_OTLP_COMPRESSION="gzip",
        OTEL_EXPORTER_OTLP_TIMEOUT="2500",
        OTEL_EXPORTER_OTLP_CERTIFICATE="ca",
        OTEL_EXPORTER_OTLP_CLIENT_KEY="key",
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE="cert",
    )
    assert destination.headers == {"authorization": Secret("Bearer x"), "k": Secret("v")}
    assert (destination.compression, destination.timeout) == ("gzip", 2.5)
    assert (destination.tls.ca_file, destination.tls.key_file, destination.tls.cert_file) == ("ca", "key", "cert")


def test_a_signal_with_its_own_endpoint_is_a_destination_of_its_own():
    first, second = destinations(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://a:4317",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="http://b:4318/v1/traces",
        OTEL_EXPORTER_OTLP_HEADERS="k=shared",
        OTEL_EXPORTER_OTLP_TRACES_HEADERS="k=own",
    )
    assert (first.url, first.signals, first.headers["k"]) == ("http+proto://b:4318", (Signal.TRACES,), Secret("own"))
    assert (second.url, second.headers["k"]) == ("http://a:4317", Secret("shared"))
    assert second.signals == (Signal.LOGS, Signal.METRICS)


def test_a_signal_whose_exporter_is_another_one_is_not_forwarded():
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_LOGS_EXPORTER": "none"}
    assert destinations(**variables)[0].signals == (Signal.TRACES, Signal.METRICS)


def test_a_configured_destination_replaces_the_standard_one():
    loaded = configured("forward: [{url: 'http://mine:4317'}]", OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4317")
    assert [destination.url for destination in loaded.config.forward] == ["http://mine:4317"]


def test_a_standard_endpoint_that_is_this_processor_is_passed_over_with_a_warning():
    loaded = configured(OTEL_EXPORTER_OTLP_ENDPOINT="http://localhost:4318")
    assert loaded.config.forward == ()
    assert loaded.warnings == (
        "$OTEL_EXPORTER_OTLP_ENDPOINT points at this processor itself and is not used as its destination",
    )


def test_a_configured_destination_that_is_this_processor_is_a_fault():
    with pytest.raises(ConfigurationError, match=r"c.yaml:1: forward\[0\].url: points at this processor itself"):
        configured("forward: [{url: 'http://127.0.0.1:4317'}]")


def test_our_own_metrics_go_where_metrics_are_said_to_go():
    assert configured(OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4317").config.metrics.push.destination is None
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_METRICS_EXPORTER": "otlp"}
    push = configured(**variables, OTEL_METRIC_EXPORT_INTERVAL="500").config.metrics.push
    assert push.destination is not None
    assert (push.destination.url, push.interval) == ("http://c:4317", 0.5)
    own = configured(OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="http://m:4317").config.metrics.push.destination
    assert own is not None
    assert own.url == "http://m:4317"


def test_a_disabled_sdk_stops_the_telemetry_about_ourselves_only():
    config = configured(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4317", OTEL_METRICS_EXPORTER="otlp", OTEL_SDK_DISABLED="true"
    ).config
    assert config.metrics.push.destination is None
    assert len(config.forward) == 1


def test_the_resource_is_read_with_the_service_name_on_top():
    variables = {"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,team=b%2Cc", "OTEL_SERVICE_NAME": "mine"}
    assert configured(**variables).config.metrics.resource == {"service.name": "mine", "team": "b,c"}
    assert configured("metrics: {resource: {team: z}}", **variables).config.metrics.resource["team"] == "z"


@pytest.mark.parametrize("name", ["OTEL_RESOURCE_ATTRIBUTES", "OTEL_EXPORTER_OTLP_HEADERS"])
def test_a_broken_list_of_pairs_is_a_fault_that_shows_nothing_of_it(name):
    with pytest.raises(ConfigurationError) as caught:
        configured(OTEL_EXPORTER_OTLP_ENDPOINT="http://c:4317", **{name: "hunter2"})
    assert str(caught.value) == f"${name}: is not a list of key=value with commas between them"


def test_an_address_that_a_substitution_broke_is_told_without_it():
    with pytest.raises(ConfigurationError) as caught:
        configured("forward: [{url: 'http://h:${PORT}'}]", PORT="hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("receive: {grpc: {listen: here}}", "receive.grpc.listen: must be HOST:PORT (an IPv6 host in brackets)"),
        ("receive: {grpc: {listen: 'h:99999'}}", "receive.grpc.listen: must be HOST:PORT (an IPv6 host in brackets)"),
        ("metrics: {listen: '127.0.0.1:4318'}", "metrics.listen: is the address of receive.http.listen already"),
        ("forward: [{url: 'http://a:1'}, {url: 'http://a:1'}]", "two destinations are called 'a_1'"),
    ],
)
def test_addresses_are_checked_as_a_whole(text, message):
    with pytest.raises(ConfigurationError) as caught:
        configured(text)
    assert message in str(caught.value)


def test_no_two_keys_share_a_variable():
    names = [variable_name(path) for path in override_paths({}, ())]
    assert len(names) == len(set(names))
    assert "OTEL_EVALS_RECEIVE_GRPC_TLS_CERT_FILE" in names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_LOG_LEVEL", "chatty"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "often"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
    ],
)
def test_a_standard_value_that_nobody_knows_is_passed_over_with_a_warning(name, value):
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    loaded = configured(**endpoint, **{name: value})
    assert loaded.config == configured(**endpoint).config
    assert [warning.partition(":")[0] for warning in loaded.warnings] == [f"${name} is passed over"]


@pytest.mark.parametrize(("word", "level"), [("WARN", "warning"), ("fatal", "error"), ("trace", "debug")])
def test_every_standard_log_level_has_one_of_ours(word, level):
    assert configured(OTEL_LOG_LEVEL=word).config.log.level == level


def test_an_empty_standard_variable_is_none():
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_LOG_LEVEL": "", "OTEL_SERVICE_NAME": ""}
    assert configured(**variables).config == configured().config


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("[{attribute: a.b}, {attribute: a_b}]", "slices.extra[1]: its label a_b is taken by a.b"),
        ("[{attribute: service.name}]", "slices.extra[0]: its label service_name is taken by service.name"),
        ("[{attribute: le}]", "slices.extra[0]: its label le is taken by Prometheus"),
        ("[{attribute: x, name: job}]", "slices.extra[0]: its label job is taken by Prometheus"),
    ],
)
def test_extra_slice_keys_must_not_collide_as_labels(extra, message):
    with pytest.raises(ConfigurationError) as caught:
        configured(f"slices: {{extra: {extra}}}")
    assert str(caught.value) == f"c.yaml:1: {message}"
