"""otel-evals: answer quality of LLM applications, evaluated in the telemetry path.

The map: `app` puts everything together for `cli`. An OTLP body comes in through `receive`, is read by `dialects`,
judged by `checks`, routed by `routing`, written onto its span by `emit` and sent on by `forward`, all led by `engine`;
what must survive a crash lies in `spool`. `records` holds the nouns, `semconv` the names on the wire, `telemetry` what
we say of ourselves. `api` is the one import path promised to plug-in authors.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "decide"]

if TYPE_CHECKING:
    from otel_evals.in_process import decide


def __getattr__(name: str) -> Any:
    """`decide` is imported when it is first asked for: importing the package alone costs an application nothing."""
    if name == "decide":
        from otel_evals.in_process import decide  # noqa: PLC0415 - see above

        return decide
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
