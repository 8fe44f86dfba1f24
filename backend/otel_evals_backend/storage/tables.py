"""What is kept, as tables. Times are nanoseconds since 1970 UTC, days and hours whole numbers since then.

Every growing table begins its key with the day, which PostgreSQL partitions by. The day of a span is decided once, in
`known_spans`, by whatever is heard of it first: all that belongs to the span is filed under that day, in whatever order
it comes, so that a key finds its duplicate.

The module is above the usual length because the tables are read side by side.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    false,
    text,
    true,
)

METADATA: Final = MetaData()
GROWING: Final = ("spans", "results", "contents")
"""Tables that PostgreSQL partitions by day."""
FAIL: Final = 0
PASS: Final = 1
"""Values of `results.label`; NULL stands for an evaluator that failed."""
BANDS: Final = ("low", "medium", "high")
"""`spans.band` is the position in it."""


def _table(name: str, *columns: Any, clustered: bool = True) -> Table:
    """A table; `clustered` ones are kept in the order of their key where the database can (SQLite)."""
    partition: dict[str, Any] = {"postgresql_partition_by": "RANGE (day)"} if name in GROWING else {}
    return Table(name, METADATA, *columns, sqlite_with_rowid=not clustered, **partition)


def _name(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Text, nullable=nullable)


known_spans: Final = _table(
    "known_spans",
    Column("span", LargeBinary, primary_key=True),
    Column("day", Integer, nullable=False),
    Index("known_spans_day", "day"),
)
"""Every span of which anything is known, and the day that it is filed under."""

slices: Final = _table(
    "slices",
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _name("service"),
    _name("environment"),
    _name("operation"),
    _name("provider"),
    _name("model"),  # gen_ai.request.model, normalised
    _name("response_model"),
    _name("prompt_name"),
    _name("prompt_version"),  # the named one, fp:<hash>, or unversioned
    _name("extra"),  # JSON object of the configured further keys
)
"""The combinations of slice keys that were seen; "" = unknown. `id` = keys.name_key of the other columns in order."""

evaluators: Final = _table(
    "evaluators",
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _name("name"),  # the metric
    _name("type"),  # code, llm_judge, human, user
    _name("evaluator_id"),
    _name("version"),
    _name("source"),  # online, offline
    Column("shadow", Boolean, nullable=False),
    Index("evaluators_name", "name"),
)
"""Who evaluated. `id` = keys.name_key(name, type, evaluator_id, version, source, "shadow" or "")."""

texts: Final = _table(
    "texts",
    # On SQLite the row id itself, which the full-text index refers to.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    clustered=False,
)
"""Explanations, each once: most repeat. `id` = keys.name_key(text). Searched in full text."""

spans: Final = _table(
    "spans",
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("span", LargeBinary, primary_key=True),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("slice", BigInteger, nullable=False),
    Column("parent", LargeBinary),  # 8 bytes
    _name("name"),  # the span's own
    _name("role"),  # model_call or agent: what was evaluated; others are context of those
    Column("failed", Boolean, nullable=False),  # the call itself
    _name("error_type", nullable=True),
    _name("response_id", nullable=True),
    _name("conversation_id", nullable=True),
    Column("band", SmallInteger),  # position in BANDS; NULL = not evaluated
    _name("reasons"),  # JSON array of failing names
    _name("route", nullable=True),
    _name("decision", nullable=True),
    _name("coverage", nullable=True),  # as it stands now: pending until the late result says more
    Column("probability", Double),  # pi1 of the span
    _name("stratum", nullable=True),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("offline", Boolean, nullable=False, server_default=false()),  # of a run over a data set: not in span_hours
    _name("question", nullable=True),  # how the user's question begins, as the content policy lets it
    Column("fails", SmallInteger, nullable=False, server_default="0"),  # failing results of active evaluators
    Column("feedback", SmallInteger, nullable=False, server_default="0"),  # worst: -1 negative, 1 positive, 0 none
    Column("labels", SmallInteger, nullable=False, server_default="0"),  # of people
    Column("received_ns", BigInteger, nullable=False),
    # Holds what lists filter by, so that a day is read in order of time without touching the rows that do not match.
    Index("spans_start", "day", "start_ns", "span", "slice", "offline", "band", "stratum", "coverage", "fails",
          "labels"),
    Index("spans_feedback", "day", "feedback", "start_ns", sqlite_where=text("feedback != 0"),
          postgresql_where=text("feedback != 0")),
    Index("spans_labelled", "day", "start_ns", sqlite_where=text("labels > 0"), postgresql_where=text("labels > 0")),
    Index("spans_response", "response_id", sqlite_where=text("response_id IS NOT NULL"),
          postgresql_where=text("response_id IS NOT NULL")),
    Index("spans_conversation", "conversation_id", sqlite_where=text("conversation_id IS NOT NULL"),
          postgresql_where=text("conversation_id IS NOT NULL")),
)  # fmt: skip
"""GenAI spans as they were evaluated."""

results: Final = _table(
    "results",
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("span", LargeBinary, primary_key=True),
    Column("evaluator", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ns", BigInteger, nullable=False),  # when it was made
    Column("label", SmallInteger),  # FAIL, PASS; NULL = the evaluator failed, see error_type
    Column("score", Double),
    _name("verdict", nullable=True),
    Column("confidence", Double),
    Column("cached", Boolean, nullable=False, server_default=false()),
    Column("probability", Double),  # pi1 in (0, 1]
    Column("label_probability", Double),  # pi2, of people's results
    Column("purposive", Boolean, nullable=False, server_default=false()),
    _name("stratum", nullable=True),
    Column("explanation", BigInteger),  # texts.id
    _name("model", nullable=True),  # that really answered
    _name("error_type", nullable=True),
    _name("coverage", nullable=True),  # of a judge's late result
    Column("cost", Double),  # USD
    Column("lag", Double),  # s
    Column("joined", Boolean, nullable=False),  # whether its span is known, and the row is in the rollups
    Index("results_lone", "day", sqlite_where=text("joined = 0"), postgresql_where=text("NOT joined")),
    Index("results_fails", "day", "evaluator", "label", "span", sqlite_where=text("label = 0"),
          postgresql_where=text("label = 0")),
    Index("results_explanation", "explanation", sqlite_where=text("explanation IS NOT NULL"),
          postgresql_where=text("explanation IS NOT NULL")),
)  # fmt: skip
"""One row for each evaluation of a span. What it says is never changed: `joined` becomes true when the span comes, and
cost, lag and coverage are filled in by whatever comes later and knows them; the day follows the span's."""

contents: Final = _table(
    "contents",
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("span", LargeBinary, primary_key=True),
    Column(
        "part", Integer, primary_key=True, autoincrement=False
    ),  # 0 the span's own, a hash of what came apart from it
    _name("role"),  # as records.reading.SpanRole
    Column("start_ns", BigInteger, nullable=False),
    Column("encrypted", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),  # content.readings.KeptReading as JSON, compressed, perhaps encrypted
)
"""What was said, as the content policy lets it: readings of spans, put together when somebody looks."""

result_hours: Final = _table(
    "result_hours",
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("slice", BigInteger, primary_key=True, autoincrement=False),
    Column("evaluator", BigInteger, primary_key=True, autoincrement=False),
    Column("stratum", Text, primary_key=True),  # "" where there is none
    Column("outcome", Text, primary_key=True),  # pass, fail, or error
    Column("n", BigInteger, nullable=False),
    Column("weight", Double, nullable=False),  # sum of 1/pi1
    Column("weight_squared", Double, nullable=False),
    Column("score", Double, nullable=False),  # sum of scores
    Column("weighted_score", Double, nullable=False),
    Column("cost", Double, nullable=False),  # USD, of those that are known
    PrimaryKeyConstraint("hour", "evaluator", "slice", "stratum", "outcome"),  # pages ask for one evaluator
)
"""Results by hour of their span. Kept in the transaction that keeps the rows."""

result_days: Final = _table(
    "result_days",
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("slice", BigInteger, primary_key=True, autoincrement=False),
    Column("evaluator", BigInteger, primary_key=True, autoincrement=False),
    Column("stratum", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("weight", Double, nullable=False),
    Column("weight_squared", Double, nullable=False),
    Column("score", Double, nullable=False),
    Column("weighted_score", Double, nullable=False),
    Column("cost", Double, nullable=False),
    PrimaryKeyConstraint("day", "evaluator", "slice", "stratum", "outcome"),  # pages ask for one evaluator
)
"""The same by day of the span's start, for long ranges."""

span_hours: Final = _table(
    "span_hours",
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("slice", BigInteger, primary_key=True, autoincrement=False),
    Column("band", SmallInteger, primary_key=True, autoincrement=False),  # -1 = none
    Column("coverage", Text, primary_key=True),  # "" = none
    Column("stratum", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("flagged", BigInteger, nullable=False),  # with a failing result
    Column("labelled", BigInteger, nullable=False),  # by a person
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),  # sum of durations
)
"""Evaluated spans by the hour that they began in."""

span_days: Final = _table(
    "span_days",
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("slice", BigInteger, primary_key=True, autoincrement=False),
    Column("band", SmallInteger, primary_key=True, autoincrement=False),
    Column("coverage", Text, primary_key=True),
    Column("stratum", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("flagged", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
)
"""The same by day."""

metric_hours: Final = _table(
    "metric_hours",
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("service", Text, primary_key=True),
    Column("evaluator", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("weighted_n", BigInteger, nullable=False),  # of those whose weight is not 0
    Column("weight", Double, nullable=False),
    Column("weight_squared", Double, nullable=False),
    Column("cost", Double, nullable=False),
)
"""The sums of `result_hours` by service alone: what pages without slices read."""

metric_days: Final = _table(
    "metric_days",
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("service", Text, primary_key=True),
    Column("evaluator", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("weighted_n", BigInteger, nullable=False),
    Column("weight", Double, nullable=False),
    Column("weight_squared", Double, nullable=False),
    Column("cost", Double, nullable=False),
)
"""The same by day."""

coverage_hours: Final = _table(
    "coverage_hours",
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("service", Text, primary_key=True),
    Column("band", SmallInteger, primary_key=True, autoincrement=False),
    Column("coverage", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("flagged", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
)
"""The sums of `span_hours` by service alone."""

coverage_days: Final = _table(
    "coverage_days",
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("service", Text, primary_key=True),
    Column("band", SmallInteger, primary_key=True, autoincrement=False),
    Column("coverage", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("flagged", BigInteger, nullable=False),
    Column("labelled", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
)
"""The same by day."""

feedback_hours: Final = _table(
    "feedback_hours",
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("slice", BigInteger, primary_key=True, autoincrement=False),
    Column("signal", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("total", Double, nullable=False),  # sum of values, of ratings and edit distances
)
"""Feedback by the hour that its span began in; of what is joined to a span."""

feedback: Final = _table(
    "feedback",
    Column("id", LargeBinary, primary_key=True),  # 16 bytes: hash of the idempotency key, or of what it says
    Column("at_ns", BigInteger, nullable=False),
    Column("received_ns", BigInteger, nullable=False),
    _name("signal"),
    Column("value", Double),
    _name("comment", nullable=True),
    _name("corrected", nullable=True),  # what the user would have had the answer say
    Column("trace_id", LargeBinary),
    Column("span_id", LargeBinary),
    _name("response_id", nullable=True),
    _name("conversation_id", nullable=True),
    _name("source"),  # api, key:<id>, otlp
    Column("day", Integer),
    Column("span", LargeBinary),  # the span that it was joined to
    Index("feedback_span", "span"),
    Index("feedback_day", "day", "signal", "span"),
    Index("feedback_response", "response_id", sqlite_where=text("response_id IS NOT NULL"),
          postgresql_where=text("response_id IS NOT NULL")),
    Index("feedback_conversation", "conversation_id", sqlite_where=text("conversation_id IS NOT NULL"),
          postgresql_where=text("conversation_id IS NOT NULL")),
    Index("feedback_trace", "trace_id", sqlite_where=text("trace_id IS NOT NULL"),
          postgresql_where=text("trace_id IS NOT NULL")),
    Index("feedback_received", "received_ns"),
    clustered=False,
)  # fmt: skip
"""What users did with answers, joined to a span or waiting for it."""

# People and what they decide.

users: Final = _table(
    "users",
    Column("id", Text, primary_key=True),  # opaque
    _name("name"),
    Column("email", Text, unique=True),
    _name("password_hash", nullable=True),
    Column("subject", Text, unique=True),  # of the OpenID provider: issuer and subject
    _name("role"),  # viewer, reviewer, admin
    Column("disabled", Boolean, nullable=False, server_default=false()),
    Column("created_ns", BigInteger, nullable=False),
    _name("preferences"),  # JSON: theme, single keys on or off
)

sessions: Final = _table(
    "sessions",
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the cookie's value
    _name("user"),
    Column("created_ns", BigInteger, nullable=False),
    Column("seen_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger, nullable=False),
    Index("sessions_user", "user"),
)

invites: Final = _table(
    "invites",
    Column("digest", LargeBinary, primary_key=True),
    _name("role"),
    _name("made_by"),
    Column("until_ns", BigInteger, nullable=False),
    Column("used_ns", BigInteger),
    Column("user", Text),  # whose password it sets anew; NULL = it makes a new person
)

tokens: Final = _table(
    "tokens",
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    _name("name"),
    _name("scopes"),  # JSON array: read, review, send, admin
    _name("made_by"),
    Column("created_ns", BigInteger, nullable=False),
    Column("until_ns", BigInteger),
    Column("revoked_ns", BigInteger),
    Column("used_ns", BigInteger),
)

app_keys: Final = _table(
    "app_keys",
    Column("id", Text, primary_key=True),  # publishable: it may stand in a web page, and can write feedback only
    _name("app"),
    _name("origins"),  # JSON array of allowed browser origins
    Column("per_minute", Integer, nullable=False),
    _name("made_by"),
    Column("created_ns", BigInteger, nullable=False),
    Column("revoked_ns", BigInteger),
)

server_keys: Final = _table(
    "server_keys",
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
)
"""Random keys that every replica shares, such as the one that forms' tokens are derived with."""

audit: Final = _table(
    "audit",
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at_ns", BigInteger, nullable=False),
    _name("who"),  # user id, token:<id>, local
    _name("action"),
    _name("object"),
    _name("detail"),  # JSON object
    Index("audit_at", "at_ns"),
    clustered=False,
)
"""Every change and who made it; never updated."""

saved_views: Final = _table(
    "saved_views",
    Column("id", Text, primary_key=True),
    _name("owner"),
    _name("page"),
    _name("name"),
    _name("query"),  # the part of the address behind the question mark
    Column("shared", Boolean, nullable=False, server_default=false()),
    Column("created_ns", BigInteger, nullable=False),
)

review_items: Final = _table(
    "review_items",
    Column("id", Text, primary_key=True),  # opaque: says nothing of why it is asked
    Column("span", LargeBinary, nullable=False),
    Column("day", Integer, nullable=False),
    _name("metric"),
    _name("group_key"),  # items that are the same problem share it: the first stands for all
    Column("merged_into", Text),  # the item that stands for this one
    Column("created_ns", BigInteger, nullable=False),
    _name("state"),  # open, adjudicate, done, dropped; merged: another stands for it
    _name("reasons"),  # JSON array of reason codes
    Column("priority", Double, nullable=False),
    Column("random", Boolean, nullable=False),  # drawn with the known probability
    Column("probability", Double),  # pi1 of the judge's result that it is paired with
    Column("label_probability", Double),  # pi2, of random ones
    _name("stratum", nullable=True),
    Column("evaluator", BigInteger),  # the judge's, paired with
    Column("verdict", SmallInteger),  # of that judge: FAIL, PASS
    Column("needed", SmallInteger, nullable=False),  # labels of different people
    Column("given", SmallInteger, nullable=False, server_default="0"),
    Column("flagged", Boolean, nullable=False, server_default=false()),
    Column("flag_reason", Text, nullable=False, server_default=""),
    Index("review_items_key", "span", "metric", unique=True),
    Index("review_items_open", "state", "priority"),
    Index("review_items_group", "group_key"),
    Index("review_items_flagged", "created_ns", sqlite_where=text("flagged"), postgresql_where=text("flagged")),
    clustered=False,
)

reservations: Final = _table(
    "reservations",
    Column("item", Text, primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("until_ns", BigInteger, nullable=False),
    Column("skipped", Boolean, nullable=False, server_default=false()),
    Column("picked", Boolean, nullable=False, server_default=false()),  # chosen by that reviewer, who knows why
)
"""Who works on what, until when; a row that says `skipped` keeps the item from coming back to that reviewer."""

labels: Final = _table(
    "labels",
    Column("id", Text, primary_key=True),
    Column("item", Text),
    Column("span", LargeBinary, nullable=False),
    Column("day", Integer, nullable=False),
    _name("metric"),
    _name("reviewer"),
    _name("verdict"),  # pass, fail, unsure
    _name("reasons"),  # JSON array: the team's codes
    _name("note"),
    _name("corrected"),
    _name("expected"),  # JSON object: behaviour, must_cite, …
    Column("blind", Boolean, nullable=False),
    Column("purposive", Boolean, nullable=False),
    Column("probability", Double),  # pi1
    Column("label_probability", Double),  # pi2
    _name("stratum", nullable=True),
    Column("evaluator", BigInteger),  # the judge's result that it is paired with
    _name("rubric_version"),
    Column("seconds", Double),
    _name("kind"),  # first, second_thought, adjudication
    _name("request_key"),  # the idempotency key of the request
    Column("supersedes", Text),
    Column("at_ns", BigInteger, nullable=False),
    Index("labels_item", "item"),
    Index("labels_span", "span"),
    Index("labels_reviewer", "reviewer", "at_ns"),
    Index("labels_day", "day", "verdict", "span"),
    CheckConstraint("verdict IN ('pass', 'fail', 'unsure')", name="labels_verdict"),
    clustered=False,
)
"""What people said; never updated, never deleted by age."""

seen_results: Final = _table(
    "seen_results",
    Column("span", LargeBinary, primary_key=True),
    Column("reviewer", Text, primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
)
"""Who has looked at the results of a call before labelling it, and so is never asked about it blind."""

drafts: Final = _table(
    "drafts",
    Column("item", Text, primary_key=True),
    Column("reviewer", Text, primary_key=True),
    _name("body"),  # JSON: note, corrected, expected
    Column("at_ns", BigInteger, nullable=False),
)

label_plans: Final = _table(
    "label_plans",
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("metric", Text, primary_key=True),
    Column("stratum", Text, primary_key=True),
    Column("verdict", SmallInteger, primary_key=True, autoincrement=False),  # FAIL, PASS
    Column("label_probability", Double, nullable=False),
    Column("from_ns", BigInteger, nullable=False),
)
"""The probabilities with which judged spans come to people; a new version for every change."""

cases: Final = _table(
    "cases",
    Column("id", Text, primary_key=True),  # hash of the normalised input and what is expected, as it was first
    Column("version", Integer, primary_key=True, autoincrement=False),
    _name("dataset"),
    Column("metric", Text, nullable=False, server_default=""),
    Column("kind", Text, nullable=False, server_default="case"),  # case, or labelled: of a calibration set
    Column("digest", Text, nullable=False, server_default=""),  # the same hash of this version
    Column("newest", Boolean, nullable=False, server_default=true()),  # of its versions
    _name("question", nullable=True),  # how it begins, for lists; NULL where content is encrypted
    Column("tags", Text, nullable=False, server_default="[]"),  # JSON array
    Column("risk_tier", Text, nullable=False, server_default=""),
    Column("label", Text),  # pass, fail: what people say of the answer; NULL = unknown
    _name("body"),  # JSON: the neutral case
    _name("made_by"),
    Column("created_ns", BigInteger, nullable=False),
    Column("retired", Boolean, nullable=False, server_default=false()),
    Index("cases_dataset", "dataset"),
    Index("cases_digest", "digest"),
    Index("cases_newest", "created_ns", "id", sqlite_where=text("newest"), postgresql_where=text("newest")),
    clustered=False,
)
"""Every version of every case; a row is changed only in `newest`, when another version comes."""

case_uploads: Final = _table(
    "case_uploads",
    Column("id", Text, primary_key=True),
    _name("owner"),
    _name("dataset"),
    _name("form"),  # csv, jsonl
    _name("body"),  # the file, sealed as contents are
    Column("created_ns", BigInteger, nullable=False),
)
"""Files that somebody has looked at and not imported yet; an hour old, they go."""

outbox: Final = _table(
    "outbox",
    Column("id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),  # an OTLP request
    Column("signal", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_ns", BigInteger, nullable=False),  # not before then: a pause, or somebody sends it now
    Column("refused", Text),  # why it was set aside
    Index("outbox_due", "due_ns"),
)
"""OTLP that is still to be sent: people's labels as evaluations, users' signals from other doors than OTLP."""

settings: Final = _table(
    "settings",
    Column("key", Text, primary_key=True),
    _name("value"),  # JSON
    Column("changed_ns", BigInteger, nullable=False),
    _name("changed_by"),
)
"""What an administrator set in the pages."""
