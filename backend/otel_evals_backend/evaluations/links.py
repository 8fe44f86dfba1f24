"""Links from a call to tracing backends, as the configuration has them. Only http and https; values are encoded."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from otel_evals_backend.evaluations.records import Link

_MS = 1_000_000


def links_of(templates: Mapping[str, str], trace_id: str, span_id: str, start_ns: int, end_ns: int) -> tuple[Link, ...]:
    """The links of one span.

    Args:
        templates: name and address with `{trace_id}`, `{span_id}`, `{start_ms}`, `{end_ms}`; other braces stay, since
            some addresses hold JSON.
        trace_id: hexadecimal.
        span_id: hexadecimal.
        start_ns: ns since 1970.
        end_ns: ns since 1970.
    """
    values = {
        "trace_id": trace_id, "span_id": span_id, "start_ms": str(start_ns // _MS), "end_ms": str(-(-end_ns // _MS)),
    }  # fmt: skip
    made: list[Link] = []
    for name, template in templates.items():
        address = template
        for key, value in values.items():
            address = address.replace(f"{{{key}}}", quote(value, safe=""))
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.netloc:
            made.append(Link(name=name, url=address))
    return tuple(made)
