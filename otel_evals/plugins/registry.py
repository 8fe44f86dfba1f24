"""Which plug-ins there are, by id: the built-in ones and those of installed distributions.

Nothing is imported until the configuration names it, except what ships in the box.
"""

from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, Final

from otel_evals.plugins.discovery import load_entry_point
from otel_evals.records.errors import ConfigurationError

CHECKS_GROUP: Final = "otel_evals.checks"
DIALECTS_GROUP: Final = "otel_evals.dialects"
JUDGES_GROUP: Final = "otel_evals.judges"


class Registry(Mapping[str, Any]):
    """The plug-ins of one kind. Reading an id imports it, the ids alone import nothing.

    Args:
        group: entry-point group; the entry point's name is the id.
        builtin: what ships in the box, by id.

    Raises:
        ConfigurationError: two distributions bring the same id, or one brings the id of a built-in.
    """

    def __init__(self, group: str, builtin: Mapping[str, Any]) -> None:
        self._builtin = dict(builtin)
        self._installed: dict[str, metadata.EntryPoint] = {}
        for point in metadata.entry_points(group=group):
            other = self._installed.get(point.name)
            if other is not None or point.name in self._builtin:
                owners = sorted({_owner(point), _owner(other) if other else "otel-evals itself"})
                raise ConfigurationError(
                    f"the id {point.name!r} of group {group} comes from {' and '.join(owners)}: remove one of them"
                )
            self._installed[point.name] = point

    def __getitem__(self, key: str) -> Any:
        if key in self._builtin:
            return self._builtin[key]
        return load_entry_point(self._installed[key])

    def __contains__(self, key: object) -> bool:
        return key in self._builtin or key in self._installed

    def __iter__(self) -> Iterator[str]:
        yield from self._builtin
        yield from self._installed

    def __len__(self) -> int:
        return len(self._builtin) + len(self._installed)

    @property
    def builtin(self) -> Mapping[str, Any]:
        """What ships in the box."""
        return self._builtin


def _owner(point: metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value
