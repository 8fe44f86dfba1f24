import pytest

from otel_evals.receive.address import exposure_warning, is_loopback, parse_listen
from otel_evals.records.errors import ConfigurationError


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("127.0.0.1:4318", ("127.0.0.1", 4318)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:4317", ("::1", 4317)),
        (":4317", ("0.0.0.0", 4317)),  # noqa: S104
    ],
)
def test_the_forms_of_a_listening_address(listen, address):
    assert parse_listen(listen) == address


@pytest.mark.parametrize("listen", ["", "localhost", "localhost:", "localhost:x", "localhost:65536", "4318", "h:-1"])
def test_other_forms_are_refused(listen):
    with pytest.raises(ConfigurationError):
        parse_listen(listen)


def test_only_loopback_is_loopback():
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "example.com"))  # noqa: S104


def test_an_open_door_without_protection_is_warned_of():
    assert exposure_warning("127.0.0.1:1", encrypted=False, authenticated=False) is None
    assert exposure_warning("0.0.0.0:1", encrypted=True, authenticated=True) is None
    assert "TLS and authentication" in (exposure_warning(":1", encrypted=False, authenticated=False) or "")
    assert "without TLS" in (exposure_warning("[::]:1", encrypted=False, authenticated=True) or "")
