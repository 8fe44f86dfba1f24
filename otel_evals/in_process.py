"""`decide` in the application's own process: no network, the same checks, versions and configuration as the hop.

An application calls it before it answers its user. It fails open: whatever goes wrong, the answer says `decided: False`
and holds nothing against the application; no exception leaves here.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from opentelemetry import trace

from otel_evals.app.evaluator import build_evaluator
from otel_evals.builtin import CHECKS
from otel_evals.config.load import load
from otel_evals.engine.evaluation import Evaluator
from otel_evals.engine.question import Answer, answer_to, failed_open
from otel_evals.semconv import otel_evals

_LOG: Final = logging.getLogger(__name__)


class _Shared:
    """The evaluator of this process, built on first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built: dict[Path | None, Evaluator | None] = {}

    def get(self, config: Path | None) -> Evaluator | None:
        with self._lock:
            if config not in self._built:
                self._built[config] = build_evaluator(load(config, checks=CHECKS).config)
            return self._built[config]


_SHARED: Final = _Shared()


def decide(
    messages: Sequence[Mapping[str, Any]],
    output: str = "",
    *,
    documents: Sequence[str | Mapping[str, Any]] | None = None,
    tools: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
    tool_calls: Sequence[Mapping[str, Any]] | None = None,
    schema: Mapping[str, Any] | None = None,
    model: str | None = None,
    prompt: str | Mapping[str, Any] | None = None,
    finish_reason: str | None = None,
    config: str | Path | None = None,
) -> Answer:
    """What the inline checks say of an answer that has not been given yet.

    The route is also set on the current span as `otel_evals.decision`, when there is one that records.

    Args:
        messages: the conversation, `{role, content}` each, system prompt included.
        output: the model's answer.
        documents: what was retrieved, texts or `{id, text}`.
        tools: the offered tools with their JSON Schemas, as the usual APIs, MCP or the AI SDK spell them.
        tool_calls: the calls that the model asked for, in the shape of any of those.
        schema: JSON Schema that the answer must fit.
        model: the requested model.
        prompt: the prompt's name, or `{name, version}`.
        finish_reason: why the model stopped, in the provider's own word, when known.
        config: YAML file; by default the one that the processor would take (`OTEL_EVALS_CONFIG`, `otel-evals.yaml`).

    Returns:
        Band, route, reasons and results. `decided` is False when no decision could be made; never an exception.
    """
    try:
        evaluator = _SHARED.get(Path(config) if config is not None else None)
        asked = {
            "messages": messages, "output": output, "documents": documents, "tools": tools, "tool_calls": tool_calls,
            "schema": schema, "model": model, "prompt": prompt, "finish_reason": finish_reason,
        }  # fmt: skip
        decided = answer_to(evaluator, asked)
        span = trace.get_current_span()
        if decided.decided and span.is_recording():
            span.set_attribute(otel_evals.DECISION, decided.route)
    except Exception as error:  # noqa: BLE001 - stage boundary: the application's answer must never fail because of ours
        _LOG.warning("no decision could be made: %s", type(error).__name__)
        return failed_open(f"{type(error).__name__}: {error}")
    return decided
