"""The one import path that plug-in authors may rely on: what stands here keeps its meaning within a major version."""

from otel_evals.in_process import decide
from otel_evals.plugins.protocols import Check, Dialect, Judge
from otel_evals.records.decision import CoverageOutcome, RiskBand
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
from otel_evals.records.judging import Estimate, JudgeCase, JudgeFailure, Need, Step, Verdict
from otel_evals.records.judging import Target as JudgeTarget
from otel_evals.records.reading import Awaits, Fragment, Reading, SpanRole
from otel_evals.records.span import EventView, LogView, SpanView
from otel_evals.text.patterns import Pattern, Target
from otel_evals.text.scan import Scan

__all__ = [
    "Awaits", "Check", "Choice", "Content", "CoverageOutcome", "Dialect", "Document", "Estimate", "EventView",
    "Exchange", "Finding", "Fragment", "Judge", "JudgeCase", "JudgeFailure", "JudgeTarget", "Label", "LogView",
    "Message", "Need", "Pattern", "Reading", "RiskBand", "Scan", "SpanRole", "SpanView", "Step", "Target",
    "ToolCall", "ToolDefinition", "ToolResult", "Usage", "Verdict", "decide", "failed", "passed",
]  # fmt: skip
