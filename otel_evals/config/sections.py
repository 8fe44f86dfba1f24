"""The whole configuration with the sections that installed distributions add, by the group `otel_evals.sections`.

The entry point's name is the section, its object the settings class. The type is composed once, at import, and stands
here under its own name, so that worker processes can be handed a configuration. Without such a distribution it has the
keys of `schema.Config` and no more. Read by `load`, `reference` and `schema_json`.
"""

from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from otel_evals.config.schema import Config
from otel_evals.plugins.registry import Registry
from otel_evals.records.errors import ConfigurationError

SECTIONS_GROUP: Final = "otel_evals.sections"


def compose(added: dict[str, Any]) -> type[Config]:
    """`Config` with a section for each settings class of `added`.

    Raises:
        ConfigurationError: what a distribution brings is no settings class whose keys all have defaults.
    """
    fields: list[tuple[str, Any, Any]] = []
    for name, settings in added.items():
        if not (isinstance(settings, type) and issubclass(settings, msgspec.Struct)):
            raise ConfigurationError(f"the section {name!r} of an installed distribution is no settings class")
        try:
            default = settings()
        except TypeError as error:
            raise ConfigurationError(f"the section {name!r} of an installed distribution: {error}") from error
        meaning = (settings.__doc__ or "").strip().partition("\n")[0]
        fields.append((name, Annotated[settings, Meta(description=meaning)], default))
    made = msgspec.defstruct(
        "FullConfig",
        fields,
        bases=(Config,),
        module=__name__,
        namespace={"__doc__": "The root, with the sections of what is installed."},
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
    return cast("type[Config]", made)


def _installed() -> dict[str, Any]:
    own = dict.fromkeys(Config.__struct_fields__)
    found = Registry(SECTIONS_GROUP, own)
    return {name: found[name] for name in found if name not in own}


FullConfig: Final = compose(_installed())
"""The type of every configuration that `load` makes."""
