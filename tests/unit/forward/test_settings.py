"""Addresses and settings of destinations."""

import msgspec
import pytest

from otel_evals.forward.endpoint import Endpoint, Protocol, parse_endpoint
from otel_evals.forward.settings import Compression, DestinationSettings, TlsSettings, check_destinations
from otel_evals.records.errors import ConfigurationError
from otel_evals.records.signal import Signal
from otel_evals.records.units import Secret, decode_unit

GRPC, HTTP = Protocol.GRPC, Protocol.HTTP


@pytest.mark.parametrize(
    ("url", "protocol", "secure", "authority", "path"),
    [
        ("http://collector:4317", GRPC, False, "collector:4317", ""),
        ("https://collector", GRPC, True, "collector:4317", ""),
        ("http://[::1]:9999/", GRPC, False, "[::1]:9999", ""),
        ("http+proto://h:1", HTTP, False, "h:1", ""),
        ("http+proto://h", HTTP, False, "h:4318", ""),
        ("https+proto://h/otlp/", HTTP, True, "h:4318", "/otlp"),
        ("http://h:4318/v1/traces", HTTP, False, "h:4318", ""),
        ("https://h:443/api/v1/logs/", HTTP, True, "h:443", "/api"),
    ],
)
def test_the_forms_of_an_address(url, protocol, secure, authority, path):
    endpoint = parse_endpoint(url)
    assert (endpoint.protocol, endpoint.secure, endpoint.authority, endpoint.path) == (
        protocol,
        secure,
        authority,
        path,
    )


def test_each_signal_has_a_path_of_its_own():
    endpoint = Endpoint(protocol=HTTP, secure=True, host="h", port=1, path="/otlp")
    assert [endpoint.url(s) for s in Signal] == [f"https://h:1/otlp/v1/{s.value}" for s in Signal]


@pytest.mark.parametrize(
    "url",
    ["", "h:4317", "ftp://h:1", "http://", "http://h:99999", "http://h:x", "http://h:1/path", "http://h:1?q=1",
     "http://user:hunter2@h:1", "http://[::1"],
)  # fmt: skip
def test_other_addresses_are_refused_without_repeating_secrets(url):
    with pytest.raises(ConfigurationError) as error:
        parse_endpoint(url)
    assert "hunter2" not in str(error.value)


def test_a_destination_is_read_from_plain_values_and_hides_its_secrets():
    raw = {
        "url": "https://h:4317",
        "headers": {"authorization": "Bearer hunter2"},
        "timeout": "3s",
        "queue": "disk",
        "queue_bytes": "2GiB",
        "signals": ["traces"],
        "content": "drop_content",
        "retry": {"initial": "100ms"},
    }
    settings = msgspec.convert(raw, DestinationSettings, dec_hook=decode_unit)
    assert (settings.timeout, settings.queue_bytes, settings.retry.initial) == (3.0, 2 << 30, 0.1)
    assert settings.headers["authorization"] == Secret("Bearer hunter2")
    assert "hunter2" not in repr(settings)
    assert settings.label == "h_4317"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([DestinationSettings(url="http://h:1"), DestinationSettings(url="http://h:1")], "two destinations"),
        ([DestinationSettings(url="http://h:1", compression=Compression.ZSTD)], "zstd"),
        ([DestinationSettings(url="https://h:1", tls=TlsSettings(cert_file="c"))], "go together"),
        ([DestinationSettings(url="https://h:1", tls=TlsSettings(insecure_skip_verify=True))], "ca_file"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(settings, words):
    with pytest.raises(ConfigurationError, match=words):
        check_destinations(tuple(settings))


@pytest.mark.parametrize("label", ["..", "a/b", "../x", ".hidden"])
def test_a_name_that_would_leave_the_spool_folder_is_refused(label):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": "http://h:1", "name": label}, DestinationSettings, dec_hook=decode_unit)


def test_dangers_are_said():
    risky = DestinationSettings(url="https+proto://h:1", tls=TlsSettings(insecure_skip_verify=True))
    clear = DestinationSettings(url="http://far.example:1", headers={"authorization": Secret("x")})
    assert len(check_destinations((risky, clear))) == 2
    assert check_destinations((DestinationSettings(url="http://127.0.0.1:1", headers={"a": Secret("x")}),)) == []
