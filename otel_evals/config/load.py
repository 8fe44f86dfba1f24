"""Makes the configuration: file, variables and flags laid over each other, typed, checked as a whole.

Called by the command line at start and by the reload. The only module that reads it for settings. Later wins:
defaults, OpenTelemetry's variables, the file, our variables, flags.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

import msgspec

from otel_evals.config import source
from otel_evals.config.backend import destination_keys
from otel_evals.config.check_settings import SECTION, CheckSection, variable_paths
from otel_evals.config.consistency import examine
from otel_evals.config.convert import Converter
from otel_evals.config.environment import overrides
from otel_evals.config.node import Layer, Node, Origin, Path, at_path, overlay, wrap
from otel_evals.config.otel_variables import OtelVariables, is_disabled
from otel_evals.config.problems import Problems
from otel_evals.config.schema import Config
from otel_evals.config.sections import FullConfig
from otel_evals.config.tree import Shape, walk
from otel_evals.plugins.extras import INSTALL

NOTHING: Mapping[str, Any] = MappingProxyType({})
DEFAULT_FILE = "otel-evals.yaml"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration with what is worth saying about it."""

    config: Config
    origins: Mapping[Path, Origin]
    """Where each given value came from; a path that is absent has its default."""
    warnings: tuple[str, ...] = ()
    file: FilePath | None = None


def load(
    file: FilePath | None = None,
    *,
    checks: Mapping[str, Any],
    flags: Mapping[str, Any] = NOTHING,
    backend: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """The configuration in force.

    Args:
        file: the YAML file; None takes `$OTEL_EVALS_CONFIG`, else `otel-evals.yaml` of the working directory if there.
        checks: the known checks by name, dataclasses of settings or ready ones; only those that are named are read.
        flags: values from the command line by dotted key (`receive.grpc.listen`); they win over everything.
        backend: address of the analysis backend, one more destination whatever the others are.
        environ: variables instead of the process's own.

    Raises:
        ConfigurationError: its text names every fault with its place, one a line.
    """
    variables = os.environ if environ is None else environ
    problems = Problems()
    if file is None:
        file = _file_in_force(variables)
    standard = OtelVariables(variables, problems)
    root = standard.tree()
    if file is not None:
        root = overlay(root, source.read_file(file, variables, problems))
    ours, warnings = overrides(variables, override_paths(checks, variables))
    root = _with_backend(overlay(overlay(root, ours), _flags(flags)), backend)
    config, converter = _convert(root, checks, problems)
    problems.raise_any()
    config, more = examine(config, converter, problems, checks=checks)
    if is_disabled(variables):
        config = _without_push(config)
    problems.raise_any()
    return Loaded(config=config, origins=converter.origins, warnings=(*standard.warnings, *warnings, *more), file=file)


def _without_push(config: Config) -> Config:
    push = msgspec.structs.replace(config.metrics.push, destination=None)
    return msgspec.structs.replace(config, metrics=msgspec.structs.replace(config.metrics, push=push))


def override_paths(checks: Mapping[str, Any], variables: Iterable[str]) -> list[tuple[str, ...]]:
    """Every key that a variable can set: scalars and lists of scalars outside lists and mappings."""
    scalars = [path for path, key in walk(FullConfig) if key.kind.shape in (Shape.LEAF, Shape.LIST)]
    return [*scalars, *variable_paths(checks, variables)]


def _file_in_force(environ: Mapping[str, str]) -> FilePath | None:
    named = environ.get("OTEL_EVALS_CONFIG")
    if named:
        return FilePath(named)
    default = FilePath(DEFAULT_FILE)
    return default if default.is_file() else None


def _flags(flags: Mapping[str, Any]) -> Node:
    root = Node(origin=Origin(Layer.FLAG), entries={})
    for dotted, value in flags.items():
        node = wrap(value, Origin(Layer.FLAG, "command line"), is_text=True)
        root = overlay(root, at_path(tuple(dotted.split(".")), node))
    return root


def _with_backend(root: Node, url: str | None) -> Node:
    """Results reach the backend over OTLP/HTTP; that it is away must not hold the telemetry up."""
    forward = (root.entries or {}).get("forward")
    if url is None or (forward is not None and forward.items is None and not forward.is_nothing):
        return root
    node = wrap(destination_keys(url), Origin(Layer.FLAG, "command line"))
    items = [*((forward.items or []) if forward else []), node]
    return overlay(root, at_path(("forward",), Node(origin=node.origin, items=items)))


def _convert(root: Node, checks: Mapping[str, Any], problems: Problems) -> tuple[Config, Converter]:
    converter = Converter(problems)
    entries = dict(root.entries or {})
    section = entries.pop(SECTION, None)
    for name in INSTALL.keys() & entries.keys() - set(FullConfig.__struct_fields__):
        problems.add((name,), entries.pop(name).origin, f"is not installed here: {INSTALL[name]}")
    config = converter.struct(Node(origin=root.origin, entries=entries), FullConfig, ())
    typed = CheckSection(checks, converter, problems).convert(section)
    problems.raise_any()
    return msgspec.structs.replace(config, checks=typed), converter
