"""What no single key can know: rules across sections. Called by `load` when every key is right by itself."""

from collections.abc import Iterable, Mapping

import msgspec

from otel_evals.config.convert import Converter
from otel_evals.config.node import Layer, Origin, Path, spell
from otel_evals.config.problems import Problems, nearest
from otel_evals.config.schema import Config
from otel_evals.forward.settings import DestinationSettings, check_destinations
from otel_evals.receive.address import parse_listen
from otel_evals.records.errors import ConfigurationError
from otel_evals.telemetry.catalogue import INSTRUMENTS
from otel_evals.telemetry.openmetrics import label_name

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound
_PROMETHEUS_LABELS = ("le", "job", "instance", "__name__")
_NOWHERE = Origin(Layer.DEFAULT)


def examine(
    config: Config, converter: Converter, problems: Problems, *, checks: Iterable[str]
) -> tuple[Config, list[str]]:
    """The configuration in force and warnings; faults go to `problems`. `checks` are the names of those there are."""
    origins = converter.origins
    _private_checks(config, origins, problems)
    _bands(config, checks, origins, problems)
    _addresses(config, origins, problems)
    _slice_labels(config, origins, problems)
    if problems:
        return config, []
    config, warnings = _loops(config, origins, problems)
    try:
        push = config.metrics.push.destination
        warnings += check_destinations(config.forward) + (check_destinations((push,)) if push else [])
    except ConfigurationError as error:
        path = ("forward",) if config.forward else ("metrics", "push", "destination")
        problems.add(path, origins.get(path, _NOWHERE), converter.masked(str(error)))
    return config, warnings


def _bands(config: Config, checks: Iterable[str], origins: Mapping[Path, Origin], problems: Problems) -> None:
    """A band under a misspelt name would leave the check's own in force, and nobody would see why."""
    known = {*checks, *config.checks, *(f"policy_{rule.name}" for rule in config.policy)}
    for name in config.risk.bands:
        if name not in known:
            path = ("risk", "bands", name)
            problems.add(path, origins.get(path, _NOWHERE), f"no check has this name{nearest(name, known)}")


def _addresses(config: Config, origins: Mapping[Path, Origin], problems: Problems) -> None:
    """Each door has an address of its own."""
    taken: dict[str, Path] = {}
    for path, listen in _doors(config):
        if listen is None:
            continue
        origin = origins.get(path, _NOWHERE)
        if _split(listen) is None:
            problems.add(path, origin, "must be HOST:PORT (an IPv6 host in brackets)")
        elif listen in taken and not listen.endswith(":0"):
            problems.add(path, origin, f"is the address of {spell(taken[listen])} already")
        taken[listen] = path


def _slice_labels(config: Config, origins: Mapping[Path, Origin], problems: Problems) -> None:
    """Extra keys become labels beside those that are there: two of one name would break the whole page."""
    keys = {key for instrument in INSTRUMENTS if instrument.sliced for key in instrument.keys}
    taken = {label_name(key): key for key in keys} | dict.fromkeys(_PROMETHEUS_LABELS, "Prometheus")
    for i, extra in enumerate(config.slices.extra):
        path = ("slices", "extra", i)
        label = label_name(extra.key)
        if label in taken:
            problems.add(path, origins.get(path, _NOWHERE), f"its label {label} is taken by {taken[label]}")
        taken[label] = extra.key


def _doors(config: Config) -> tuple[tuple[Path, str | None], ...]:
    return (
        (("receive", "grpc", "listen"), config.receive.grpc.listen),
        (("receive", "http", "listen"), config.receive.http.listen),
        (("metrics", "listen"), config.metrics.listen),
    )


def _split(listen: str) -> tuple[str, int] | None:
    try:
        return parse_listen(listen)
    except ConfigurationError:
        return None


def _private_checks(config: Config, origins: Mapping[Path, Origin], problems: Problems) -> None:
    for name, entry in config.checks.items():
        if entry.use is None:
            continue
        path = ("checks", name, "use")
        module, colon, attribute = entry.use.partition(":")
        allowed = config.plugins.allow_import_from
        if not colon or not module or not attribute.isidentifier():
            problems.add(path, origins[path], "must be package.module:NAME")
        elif not any(module == package or module.startswith(f"{package}.") for package in allowed):
            package = module.partition(".")[0]
            problems.add(path, origins[path], f"the package is not in plugins.allow_import_from: add {package} there")


def _loops(config: Config, origins: Mapping[Path, Origin], problems: Problems) -> tuple[Config, list[str]]:
    """A destination that is this processor would send everything round for ever.

    OpenTelemetry's variables point here whenever an application is run from the same shell: those are passed over.
    """
    warnings: list[str] = []
    kept: list[DestinationSettings] = []
    for i, destination in enumerate(config.forward):
        origin = origins.get(("forward", i, "url"), _NOWHERE)
        if not _is_ours(destination, config):
            kept.append(destination)
        elif origin.layer is Layer.STANDARD:
            warnings.append(f"{origin} points at this processor itself and is not used as its destination")
        else:
            problems.add(("forward", i, "url"), origin, "points at this processor itself")
    return msgspec.structs.replace(config, forward=tuple(kept)), warnings


def _is_ours(destination: DestinationSettings, config: Config) -> bool:
    try:
        endpoint = destination.endpoint
    except ConfigurationError:
        return False  # said by `check_destinations`
    for _, listen in _doors(config)[:2]:
        ours = _split(listen) if listen else None
        if ours is not None and endpoint.port == ours[1]:
            both_local = endpoint.host in _LOCAL and ours[0] in _LOCAL
            if both_local or endpoint.host == ours[0]:
                return True
    return False
