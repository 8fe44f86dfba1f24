"""Which backend runs beside a processor, and what the processor sends it."""

import pytest

from otel_evals import cli
from otel_evals.app import beside as module
from otel_evals.app.beside import BackendWish, beside
from otel_evals.config.backend import backend_destination
from otel_evals.config.load import load
from otel_evals.forward.settings import QueueKind, Wanted
from otel_evals.records.signal import Signal
from otel_evals.records.units import Secret

FREE = {"receive.grpc.listen": "127.0.0.1:0", "receive.http.listen": "127.0.0.1:0", "metrics.listen": "127.0.0.1:0"}


def configuration(backend: str | None = None):
    return load(checks={}, environ={}, flags=FREE, backend=backend).config


@pytest.fixture
def not_installed(monkeypatch):
    monkeypatch.setattr(module, "is_installed", lambda: False)
    monkeypatch.setattr(cli.metadata, "entry_points", lambda **_: ())


async def test_without_the_distribution_it_says_what_to_install_and_goes_on(not_installed):
    config = configuration()
    async with beside(config, BackendWish(), demo_data=None) as found:
        assert 'pip install "otel-evals[backend]"' in found.notice
        assert found.pages is None
        assert found.apply(config) == config


def test_the_verb_says_what_to_install_too(not_installed, capsys):
    assert cli.main(["backend", "--listen", "127.0.0.1:0"]) == 2
    assert 'pip install "otel-evals[backend]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("config", "wish"),
    [(configuration(), BackendWish(none=True)), (configuration("http://evals:8000"), BackendWish())],
    ids=["unwanted", "elsewhere"],
)
async def test_none_is_started_where_none_is_wanted_or_there_is_one(config, wish):
    async with beside(config, wish, demo_data=None) as found:
        assert (found.pages, found.notice) == (None, "")


def test_the_backend_gets_genai_alone_over_http_and_holds_nobody_up():
    (flag,) = configuration("https://evals:8000/").forward
    assert flag == backend_destination("https://evals:8000")
    assert (flag.label, flag.url) == ("backend", "https+proto://evals:8000")
    assert (flag.required, flag.queue, flag.spans) == (False, QueueKind.DISK, Wanted.GENAI)
    assert Signal.METRICS not in flag.signals


def test_the_credential_of_the_backend_is_shown_to_it_and_to_nobody_else():
    made = backend_destination("http://evals:8000", Secret("t0k"))
    assert made.headers["authorization"].reveal() == "Bearer t0k"
    assert "t0k" not in repr(made)
