"""The three OTLP signals and where each one lives on the wire."""

from enum import StrEnum


class Signal(StrEnum):
    """An OTLP signal."""

    TRACES = "traces"
    LOGS = "logs"
    METRICS = "metrics"

    @property
    def grpc_method(self) -> str:
        """Full gRPC method name of this signal's Export call."""
        return _GRPC_METHODS[self]

    @property
    def http_path(self) -> str:
        """Path of this signal's OTLP/HTTP endpoint."""
        return f"/v1/{self.value}"


_PACKAGE = "opentelemetry.proto.collector"
_GRPC_METHODS = {
    Signal.TRACES: f"/{_PACKAGE}.trace.v1.TraceService/Export",
    Signal.LOGS: f"/{_PACKAGE}.logs.v1.LogsService/Export",
    Signal.METRICS: f"/{_PACKAGE}.metrics.v1.MetricsService/Export",
}
