"""Every way in which a call can fail, and the coverage outcome that follows.

The texts say endpoint and mend, never a key, and never what the server said: servers quote prompts and keys.
"""

from typing import Final

from otel_evals.records.decision import CoverageOutcome
from otel_evals.records.exchange import Usage
from otel_evals.records.judging import JudgeFailure


class CallFailure(JudgeFailure):
    """A JudgeFailure of one call to one endpoint.

    Attributes:
        retry: whether the same request may succeed later.
        sick: whether it says that the endpoint is out of order.
        next_endpoint: whether another endpoint may do better.
        operator: whether somebody must mend something; then it is logged.
        retry_after: seconds that the endpoint asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        outcome: CoverageOutcome,
        error_type: str,
        usage: Usage | None = None,
        cost: float | None = 0.0,
        model: str | None = None,
        retry: bool = False,
        sick: bool = False,
        next_endpoint: bool = True,
        operator: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, outcome=outcome, error_type=error_type, usage=usage, cost=cost, model=model)
        self.retry = retry
        self.sick = sick
        self.next_endpoint = next_endpoint
        self.operator = operator
        self.retry_after = retry_after


_MENDS: Final = {
    400: ("bad_request", "it refuses the request: check model, parameters and context length"),
    401: ("unauthenticated", "it refuses the key: check key_env or key_file"),
    403: ("forbidden", "it does not allow this key to use the model"),
    404: ("not_found", "it knows no such address or model: check url, api and model"),
    405: ("not_found", "it does not offer this api at this address: check url and api"),
    413: ("too_large", "the question is too large for it: lower max_chars"),
    422: ("bad_request", "it refuses the request: check model and parameters"),
}
_PASSING: Final = frozenset({408, 409, 425, 429})
_SICK: Final = frozenset({401, 403, 405, 408})
_TOO_MANY: Final = 429
_FILTERED: Final = frozenset({"content_filter", "content_policy_violation"})


def status_failure(endpoint: str, status: int, *, code: str = "", retry_after: float | None = None) -> CallFailure:
    """The failure that an HTTP status of `endpoint` stands for; `code` is its `error.code`."""
    if status == _TOO_MANY:
        spent = code in {"insufficient_quota", "billing_hard_limit_reached"}
        mend = "its quota is spent: check plan and billing" if spent else "it says that we ask too often"
        return CallFailure(
            f"judge endpoint {endpoint}: {mend} (429)",
            outcome=CoverageOutcome.RATE_LIMITED,
            error_type="insufficient_quota" if spent else "rate_limited",
            retry=not spent,
            operator=spent,
            retry_after=retry_after,
        )
    if code in _FILTERED:
        return unreadable(endpoint, "content_filter", f"its content filter refuses the question ({status})")
    if 300 <= status < 400:
        error_type, mend = "redirected", "it redirects, and redirects are not followed: set url to the real address"
    elif status >= 500:
        error_type, mend = "server_error", "it has an error of its own"
    elif code == "context_length_exceeded":
        error_type, mend = _MENDS[413]
    else:
        error_type, mend = _MENDS.get(status, ("refused", "it refuses the request"))
    return CallFailure(
        f"judge endpoint {endpoint}: {mend} ({status})",
        outcome=CoverageOutcome.JUDGE_ERROR,
        error_type=error_type,
        retry=status >= 500 or status in _PASSING,
        sick=status >= 500 or status in _SICK,
        operator=300 <= status < 500,
        retry_after=retry_after,
    )


def connection_failure(endpoint: str, error_type: str) -> CallFailure:
    """No connection, or one that broke: `connection_error`, `connect_timeout`, `tls_error`."""
    return CallFailure(
        f"judge endpoint {endpoint}: no answer over the connection ({error_type})",
        outcome=CoverageOutcome.JUDGE_ERROR,
        error_type=error_type,
        retry=True,
        sick=True,
    )


def timeout_failure(endpoint: str, seconds: float) -> CallFailure:
    """The total deadline passed while the endpoint had the request."""
    return CallFailure(
        f"judge endpoint {endpoint}: no whole answer within {seconds:g} s",
        outcome=CoverageOutcome.TIMEOUT,
        error_type="timeout",
        sick=True,
    )


def waiting_failure(endpoint: str, *, limited: bool) -> CallFailure:
    """The total deadline passed, or will, while the call waits for its turn; `limited`: because of a rate limit."""
    return CallFailure(
        f"judge endpoint {endpoint}: no turn within the deadline; raise timeout, concurrency or the rate limit",
        outcome=CoverageOutcome.RATE_LIMITED if limited else CoverageOutcome.TIMEOUT,
        error_type="rate_limited" if limited else "queue_timeout",
    )


def open_failure(endpoint: str) -> CallFailure:
    """The circuit breaker is open: nothing was sent."""
    return CallFailure(
        f"judge endpoint {endpoint}: left alone after faults in a row",
        outcome=CoverageOutcome.JUDGE_ERROR,
        error_type="circuit_open",
    )


def unreadable(
    endpoint: str, error_type: str, why: str, *, usage: Usage | None = None, model: str | None = None
) -> CallFailure:
    """The endpoint answered, and the answer is none: never a score, never asked again."""
    return CallFailure(
        f"judge endpoint {endpoint}: {why}",
        outcome=CoverageOutcome.UNPARSEABLE,
        error_type=error_type,
        usage=usage,
        model=model,
        next_endpoint=False,
    )
