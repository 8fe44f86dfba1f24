"""The table of refusals and the bodies of answers, against the standard messages."""

import json

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2  # pyright: ignore[reportMissingModuleSource]
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otel_evals.receive.compression import UnsupportedEncoding
from otel_evals.receive.status import (
    encode_accepted,
    encode_accepted_json,
    encode_status,
    encode_status_json,
    refusal_of,
)
from otel_evals.records import errors
from otel_evals.records.intake import Accepted
from otel_evals.records.signal import Signal

RESPONSES = {
    Signal.TRACES: (ExportTraceServiceResponse, "rejected_spans"),
    Signal.LOGS: (ExportLogsServiceResponse, "rejected_log_records"),
    Signal.METRICS: (ExportMetricsServiceResponse, "rejected_data_points"),
}
ERRORS = [
    errors.DecodeError("x"),
    errors.TooLarge("x"),
    errors.Unavailable("x"),
    errors.Unauthenticated("x"),
    errors.Refused("x", code="400"),
    UnsupportedEncoding("x"),
    TimeoutError(),
    MemoryError(),
    RuntimeError("secret"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_no_refusal_says_internal_or_unknown_or_any_5xx_but_503(error):
    refusal = refusal_of(error)
    assert refusal.grpc_code not in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.OK}
    assert 400 <= refusal.http_status < 500 or refusal.http_status == 503
    retryable = refusal.http_status in {429, 502, 503, 504}
    assert retryable == (refusal.grpc_code is grpc.StatusCode.UNAVAILABLE) == (refusal.retry_after is not None)
    assert "secret" not in refusal.message


@given(st.text(max_size=2000), st.none() | st.floats(0, 1e6))
def test_a_refusal_is_a_status_with_its_retry_hint(message, retry_after):
    refusal = refusal_of(errors.Unavailable(message, retry_after=retry_after))
    status = status_pb2.Status.FromString(encode_status(refusal))
    assert (status.code, json.loads(encode_status_json(refusal))["code"]) == (14, 14)
    assert len(status.message) <= 1024
    info = error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(info)
    expected = 1.0 if retry_after is None else retry_after
    assert abs(info.retry_delay.ToTimedelta().total_seconds() - expected) < 1e-5


@pytest.mark.parametrize("signal", list(Signal))
def test_a_full_success_says_nothing(signal):
    assert encode_accepted(Accepted()) == b""
    assert encode_accepted_json(signal, Accepted()) == b"{}"


@pytest.mark.parametrize("signal", list(Signal))
@given(rejected=st.integers(0, 2**62), message=st.text(max_size=300))
def test_a_partial_success_is_the_standard_message(signal, rejected, message):
    kind, field = RESPONSES[signal]
    accepted = Accepted(rejected=rejected, message=message)
    response = kind.FromString(encode_accepted(accepted))
    assert getattr(response.partial_success, field) == rejected
    assert response.partial_success.error_message == message.encode("utf-8", "replace").decode()
    document = json.loads(encode_accepted_json(signal, accepted)).get("partialSuccess", {})
    assert int(document.get(field.split("_")[0] + "".join(w.title() for w in field.split("_")[1:]), 0)) == rejected
