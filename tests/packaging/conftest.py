"""Installations of the sample plug-in into a folder of its own, as a user would make them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_evals import cli

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "plugin_sample"


def uv(*arguments: str) -> subprocess.CompletedProcess:
    """Run uv from its cache (building this project has filled it), with the network only when that does not do."""
    run = subprocess.run(["uv", *arguments, "--offline"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        run = subprocess.run(["uv", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="session")
def plugin(tmp_path_factory) -> Path:
    """A folder that the sample plug-in is installed into."""
    folder = tmp_path_factory.mktemp("plugin")
    uv("pip", "install", "-q", "--no-deps", "--python", sys.executable, "--target", str(folder), str(SAMPLE))
    return folder


@pytest.fixture
def otel_evals(tmp_path, monkeypatch, capsys) -> Callable:
    """Runs the command line in an empty folder, with further folders on the path of installed distributions."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, path: tuple[Path, ...] = ()) -> subprocess.CompletedProcess:
        for folder in path:
            monkeypatch.syspath_prepend(folder)
        code = cli.main(arguments)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return run
