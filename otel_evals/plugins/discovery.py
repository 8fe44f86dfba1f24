"""Imports plug-in code, and only what the configuration names.

One that fails to import stops the start: an absent check must never look like a passing one.
"""

import importlib
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from otel_evals.records.errors import ConfigurationError


def load_entry_point(point: metadata.EntryPoint) -> Any:
    """The object of an installed distribution's entry point. Raises ConfigurationError when it cannot be imported."""
    try:
        return point.load()
    except Exception as error:  # stage boundary: foreign code may raise anything while it is imported
        raise ConfigurationError(f"the plug-in {point.name!r} ({point.value}) cannot be imported: {error}") from error


def load_private(reference: str, allowed: Sequence[str]) -> Any:
    """The object behind `package.module:NAME`.

    Args:
        reference: what the configuration says under `use`.
        allowed: packages from which it may import (`plugins.allow_import_from`).

    Raises:
        ConfigurationError: the reference has another form, its package is not allowed, or it cannot be imported.
    """
    module_name, colon, name = reference.partition(":")
    if not colon or not module_name or not name.isidentifier():
        raise ConfigurationError(f"use: {reference!r} is not of the form package.module:NAME")
    if not any(module_name == package or module_name.startswith(f"{package}.") for package in allowed):
        package = module_name.partition(".")[0]
        raise ConfigurationError(
            f"use: {reference!r} is not allowed: add {package!r} to plugins.allow_import_from if you trust its code"
        )
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # stage boundary: foreign code may raise anything while it is imported
        raise ConfigurationError(f"use: {module_name!r} cannot be imported: {error}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise ConfigurationError(f"use: {module_name!r} has no {name!r}") from None
