"""What no single key can know: rules across sections. Called by `load` when every key is right by itself."""

from collections.abc import Mapping

from otel_evals.config.node import Origin, Path
from otel_evals.config.problems import Problems
from otel_evals.config.schema import Config


def examine(config: Config, origins: Mapping[Path, Origin], problems: Problems) -> tuple[Config, list[str]]:
    """The configuration in force and warnings; faults go to `problems`."""
    _private_checks(config, origins, problems)
    return config, []


def _private_checks(config: Config, origins: Mapping[Path, Origin], problems: Problems) -> None:
    for name, entry in config.checks.items():
        if entry.use is None:
            continue
        path = ("checks", name, "use")
        module, colon, attribute = entry.use.partition(":")
        if not colon or not module or not attribute.isidentifier():
            problems.add(path, origins[path], "must be package.module:NAME")
        elif not any(
            module == allowed or module.startswith(f"{allowed}.") for allowed in config.plugins.allow_import_from
        ):
            package = module.partition(".")[0]
            problems.add(path, origins[path], f"the package is not in plugins.allow_import_from: add {package} there")
