"""Settings of what the processor says of itself."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from otel_evals.records.units import Duration


class LogFormat(StrEnum):
    """How a log record becomes a line."""

    JSON = "json"
    LOGFMT = "logfmt"


class LogLevel(StrEnum):
    """Least severity that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Own log lines, on standard error. They hold no content of spans and no secret."""

    level: Annotated[LogLevel, Meta(description="Least severity that is written. Default: info.")] = LogLevel.INFO
    format: Annotated[
        LogFormat,
        Meta(description="`logfmt` (key=value, for people and machines) or `json`. Default: logfmt."),
    ] = LogFormat.LOGFMT
    burst: Annotated[
        int,
        Meta(
            ge=1,
            description="Lines of one message within `every`; what comes beyond is counted and its number is said "
            "with the next line. Default: 10, so that a destination that is down does not fill a disk.",
        ),
    ] = 10
    every: Annotated[Duration, Meta(description="The window of `burst`. Default: 1m.")] = Duration(60)
