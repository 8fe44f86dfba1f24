"""Our environment variables as nodes: `OTEL_EVALS_<SECTION>_<KEY>` overrides the key of that path.

The variables are handed in as a mapping by `load`, which alone reads the environment.
"""

from collections.abc import Iterable, Mapping

from otel_evals.config import feedback
from otel_evals.config.node import Layer, Node, Origin, at_path, overlay
from otel_evals.config.problems import nearest

PREFIX = "OTEL_EVALS_"
RESERVED = frozenset({
    "OTEL_EVALS_CONFIG", "OTEL_EVALS_RECORDINGS", "OTEL_EVALS_CHECK_ROWS", feedback.URL, feedback.KEY,
})  # fmt: skip
"""Variables with our prefix that are no configuration keys."""


def variable_name(path: Iterable[str]) -> str:
    """The variable that overrides the key at `path`."""
    return PREFIX + "_".join(path).upper()


def overrides(environ: Mapping[str, str], paths: Iterable[tuple[str, ...]]) -> tuple[Node, list[str]]:
    """Our variables as a tree, and a warning for each that no key of `paths` is called after."""
    by_name = {variable_name(path): path for path in paths}
    root = Node(origin=Origin(Layer.VARIABLE), entries={})
    warnings: list[str] = []
    for name in sorted(name for name in environ if name.startswith(PREFIX) and name not in RESERVED):
        if name in by_name:
            origin = Origin(Layer.VARIABLE, f"${name}")
            value = Node(origin=origin, scalar=environ[name], is_text=True, written=f"${name}")
            root = overlay(root, at_path(by_name[name], value))
        else:
            near = nearest(name.lower(), (known.lower() for known in by_name)).partition("did you mean ")[2]
            warnings.append(f"${name} names no key{f'; did you mean {near.upper()}' if near else ''}")
    return root, warnings
