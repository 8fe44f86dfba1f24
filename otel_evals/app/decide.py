"""`POST /v1/decide`: the application asks before it answers its user.

The decision is remembered for the trace that the request names (`traceparent`), so that the span of the call shows it
later. It fails open: when no decision can be made, also because the question is malformed, the answer says so and holds
nothing against the application; only a body that is no JSON object is refused.
"""

import re
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.question import answer_to
from otel_evals.otlp.json_text import parse_json
from otel_evals.receive.http_message import Request, Response, Route, Routes
from otel_evals.records.errors import DecodeError

PATH: Final = "/v1/decide"
_JSON: Final = "application/json"
_MAX_BODY: Final = 4 << 20
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

Remember = Callable[[bytes, str], None]
"""Keeps the route that was decided for a trace id."""


class Decider:
    """Answers questions with the evaluator in force."""

    def __init__(self, evaluator: Evaluator | None, remember: Remember) -> None:
        self._evaluator = evaluator
        self._remember = remember

    def reconfigure(self, evaluator: Evaluator | None) -> None:
        """Decide by other checks from now on."""
        self._evaluator = evaluator

    def routes(self) -> Routes:
        """The route; the entrance puts it behind the same credentials as the OTLP port."""
        return {("POST", PATH): Route(handler=self._decide, max_body=_MAX_BODY)}

    async def _decide(self, request: Request) -> Response:
        asked = parse_json(request.body)
        if not isinstance(asked, dict):
            raise DecodeError("a question is a JSON object")
        decided = answer_to(self._evaluator, cast("dict[str, Any]", asked))
        named = _TRACEPARENT.fullmatch(request.head.header("traceparent") or "")
        if decided.decided and named:
            self._remember(bytes.fromhex(named[1]), decided.route)
        return Response(body=msgspec.json.encode(decided), content_type=_JSON)
