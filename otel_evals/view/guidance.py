"""What an operator does next, as lines: where to send traffic, how to let content be captured, how to forward."""

from collections.abc import Iterator

from otel_evals.view.board import Addresses

NO_DESTINATION = "nowhere, only shown and counted (add --forward http://HOST:4317)"


def how_to_send(addresses: Addresses) -> Iterator[str]:
    """The variables to set in the application, and how its instrumentation captures content."""
    yield "Point your application here:"
    yield ""
    if addresses.http is not None:
        yield f"  export OTEL_EXPORTER_OTLP_ENDPOINT={addresses.http}"
        yield "  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    elif addresses.grpc is not None:
        yield f"  export OTEL_EXPORTER_OTLP_ENDPOINT=http://{addresses.grpc}"
        yield "  export OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
    yield "  export OTEL_SERVICE_NAME=my-app"
    yield ""
    yield "Answers can be checked where their text is captured:"
    yield ""
    yield "  OpenTelemetry   OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental"
    yield "                  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY"
    yield "  OpenInference   on, unless OPENINFERENCE_HIDE_INPUTS or _OUTPUTS is set"
    yield "  OpenLLMetry     on, unless TRACELOOP_TRACE_CONTENT=false"
    yield "  AI SDK          experimental_telemetry: { isEnabled: true }"
    yield ""
    yield "No application at hand? otel-evals up --demo"
