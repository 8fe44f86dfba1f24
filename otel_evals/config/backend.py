"""The destination that the analysis backend is: one more beside the others, whatever they are.

It gets the GenAI items alone, over OTLP/HTTP, and a copy waits on disk while it is away: nobody's telemetry is held up
by it. Called by `load` for an address from the command line, and by the composition root for a backend of its own.
"""

import re
from typing import Any, Final

import msgspec

from otel_evals.forward.settings import DestinationSettings
from otel_evals.records.units import Secret, decode_unit

NAME: Final = "backend"
"""Of the destination: in metrics, logs, folders."""


def destination_keys(url: str) -> dict[str, Any]:
    """The keys of `forward[]` for a backend at `url` (`http://HOST:PORT`)."""
    return {
        "name": NAME,
        "url": re.sub(r"^(https?)://", r"\1+proto://", url.rstrip("/")),
        "required": False,
        "queue": "disk",
        "spans": "genai",
        "signals": ["traces", "logs"],
    }


def backend_destination(url: str, token: Secret | None = None) -> DestinationSettings:
    """The same as settings, with the credential that the backend asks for, if it does."""
    made = msgspec.convert(destination_keys(url), DestinationSettings, dec_hook=decode_unit)
    if token is None:
        return made
    return msgspec.structs.replace(made, headers={"authorization": Secret(f"Bearer {token.reveal()}")})
