"""The one import path that plug-in authors may rely on: what stands here keeps its meaning within a major version."""

from otel_evals.in_process import decide
from otel_evals.plugins.protocols import Check, Dialect
from otel_evals.records.decision import RiskBand
from otel_evals.records.evaluation import Finding, Label, failed, passed
from otel_evals.records.exchange import (
    Choice,
    Content,
    Document,
    Exchange,
    Message,
    ToolCall,
    ToolDefinition,
    ToolResult,
    Usage,
)
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import EventView, LogView, SpanView
from otel_evals.text.patterns import Pattern, Target
from otel_evals.text.scan import Scan

__all__ = [
    "Awaits", "Check", "Choice", "Content", "Dialect", "Document", "EventView", "Exchange", "Finding", "Fragment",
    "Label", "LogView", "Message", "Pattern", "Reading", "RiskBand", "Scan", "SpanRole", "SpanView", "Target",
    "ToolCall", "ToolDefinition", "ToolResult", "Usage", "decide", "failed", "passed",
]  # fmt: skip
