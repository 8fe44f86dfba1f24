"""Builds the OpenTelemetry Collector with an event processor of ours, through the Go module proxy.

The binary is kept outside the repository, keyed by what it is built from, so that a second run finds it.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from servers import HERE

_SOURCES: Final = HERE / "collector"
_BUILDER: Final = "go.opentelemetry.io/collector/cmd/builder@v0.158.0"
_ENVIRONMENT: Final = {"CGO_ENABLED": "0", "GOWORK": "off"}


def cached(cache: Path) -> Path | None:
    """The Collector of an earlier build of the same sources."""
    binary = cache / f"collector-{_fingerprint()}"
    return binary if binary.exists() else None


def build(cache: Path) -> Path:
    """Build the Collector, three to five minutes of CPU. Raises CalledProcessError or OSError (no Go)."""
    if (found := cached(cache)) is not None:
        return found
    work = cache / "build"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(_SOURCES, work)
    builder = _builder(cache)
    _go([str(builder), "--config", "manifest.yaml"], work)
    binary = cache / f"collector-{_fingerprint()}"
    shutil.move(work / "build" / "collector-with-event", binary)
    shutil.rmtree(work)
    return binary


def _builder(cache: Path) -> Path:
    """The Collector Builder, compiled from a writable copy: its module cannot be installed by name everywhere."""
    binary = cache / "builder"
    if binary.exists():
        return binary
    module = json.loads(_go(["go", "mod", "download", "-json", _BUILDER], cache))
    copy = cache / "builder-source"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(module["Dir"], copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    _go(["go", "build", "-trimpath", "-mod=mod", "-o", str(binary), "."], copy)
    shutil.rmtree(copy)
    return binary


def _go(command: list[str], folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **_ENVIRONMENT}
    return subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _fingerprint() -> str:
    sources = sorted(path for path in _SOURCES.rglob("*") if path.suffix in {".go", ".mod", ".yaml"})
    kept = [path for path in sources if path.name != "config.yaml"]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in kept)).hexdigest()[:12]
