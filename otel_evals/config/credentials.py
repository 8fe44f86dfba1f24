"""Reads credentials that a configuration names but never holds: from a variable or a file."""

import os
from collections.abc import Mapping
from pathlib import Path

from otel_evals.records.errors import ConfigurationError
from otel_evals.records.units import Secret


def from_variable(name: str, needed_by: str, environ: Mapping[str, str] | None = None) -> Secret:
    """The credential in an environment variable. Raises ConfigurationError when it is not set."""
    value = (os.environ if environ is None else environ).get(name, "").strip()
    if not value:
        raise ConfigurationError(f"{needed_by}: the environment variable {name} is not set or empty; export it")
    return Secret(value)


def from_file(path: str, needed_by: str) -> Secret:
    """The credential in a file, without white space around it. Raises ConfigurationError when it cannot be read."""
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{needed_by}: the key file {path} cannot be read: {error}") from error
    if not value:
        raise ConfigurationError(f"{needed_by}: the key file {path} is empty")
    return Secret(value)


def is_set(name: str, environ: Mapping[str, str] | None = None) -> bool:
    """Whether an environment variable holds something."""
    return bool((os.environ if environ is None else environ).get(name, "").strip())


def environment_with(name: str, secret: Secret) -> dict[str, str]:
    """The environment for a program that we start, with `secret` in it: a flag could be read by everybody."""
    return {**os.environ, name: secret.reveal()}
