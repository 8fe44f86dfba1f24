"""What every test may ask for. The only place that knows where the reference data lies."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

# A test never asserts a duration: a busy machine must not fail it.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

_ROOT = Path(__file__).resolve().parent.parent


def _reference(variable: str, default: Path) -> Path:
    folder = Path(os.environ.get(variable) or default)
    if not folder.is_dir():
        pytest.skip(f"reference data not found at {folder}: set {variable} to run this test")
    return folder


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of recorded OTLP bodies of real instrumentations, one sub-folder each."""
    return _reference("OTEL_EVALS_RECORDINGS", _ROOT.parent / "shared" / "recordings")


@pytest.fixture(scope="session")
def check_rows() -> Path:
    """Folder of labelled rows, one file a check."""
    return _reference("OTEL_EVALS_CHECK_ROWS", _ROOT.parent / "shared" / "data" / "checks")


@pytest.fixture
def free_port() -> int:
    """A TCP port on the loopback address that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pytest_collection_modifyitems(items):
    """Leave out what takes long and is covered in the main by quicker tests, unless it is asked for."""
    if not os.environ.get("OTEL_EVALS_ALL"):
        skip = pytest.mark.skip(reason="takes long: OTEL_EVALS_ALL=1 runs it, as CI does")
        for item in items:
            if item.get_closest_marker("takes_long"):
                item.add_marker(skip)


def pytest_make_parametrize_id(config, val, argname):
    """Name gzipped bytes by their length: they hold the time, and two workers must give a test the same name."""
    return f"{argname}-gzip-{len(val)}" if isinstance(val, bytes) and val[:2] == b"\x1f\x8b" else None
