from otel_evals.engine.recent import EarlyWords, RecentSpan, RecentSpans
from otel_evals.records.exchange import Choice, Exchange, Message
from otel_evals.records.feedback import FeedbackSignal
from otel_evals.records.judging import JudgeCase
from otel_evals.testing.clock import ManualClock

DOWN, EDIT = FeedbackSignal.THUMBS_DOWN, FeedbackSignal.EDIT


def span(
    number: int,
    *,
    text: str | None = None,
    response: str | None = None,
    conversation: str | None = None,
    end_ns: int = 0,
    is_run: bool = False,
) -> RecentSpan:
    answer = (Choice(message=Message(role="assistant", text=text)),) if text is not None else ()
    return RecentSpan(
        exchange_end_ns=end_ns,
        key=(bytes([number]), b"s"),
        is_run=is_run,
        response_id=response,
        conversation_id=conversation,
        facts=None,
        case=None if text is None else JudgeCase(exchange=Exchange(choices=answer)),
        resource=b"",
        where=(),
        left=[],
        waiting=0,
        signals=[],
    )


def test_a_span_is_found_by_its_ids_its_response_and_its_conversation() -> None:
    recent = RecentSpans(1 << 20, 60.0, ManualClock())
    one = span(1, response="r-1", conversation="c-1")
    recent.add(one)
    assert recent.get(one.key) is one
    assert recent.of_response("r-1") is one
    assert recent.of_conversation("c-1") == [one]
    assert recent.get((b"?", b"?")) is None
    assert recent.of_response("r-2") is None
    assert recent.of_conversation("c-2") == []


def test_a_conversation_stands_for_the_call_and_the_run_that_ended_last_whatever_came_last() -> None:
    recent = RecentSpans(1 << 20, 60.0, ManualClock())
    late, early, run = (
        span(1, conversation="c", end_ns=20),
        span(2, conversation="c", end_ns=10),
        span(3, conversation="c", end_ns=30, is_run=True),
    )
    for one in (late, early, run):
        recent.add(one)
    assert recent.of_conversation("c") == [late, run]


def test_the_bytes_are_bounded_and_the_least_recently_used_goes_first() -> None:
    recent = RecentSpans(100_000, 60.0, ManualClock())
    for number in range(4):
        recent.add(span(number, text="x" * 20_000))
    assert recent.get((b"\0", b"s")) is not None
    recent.add(span(9, text="x" * 20_000, response="r"))
    recent.add(span(10, text="x" * 20_000))
    assert recent.size <= 100_000
    assert recent.get((b"\0", b"s")) is not None, "it was asked for"
    assert recent.get((b"\1", b"s")) is None
    recent.add(span(11, text="x" * 200_000))
    assert len(recent) == 0, "one that is larger than all the memory is not kept"
    assert recent.size == 0
    assert recent.of_response("r") is None


def test_a_span_is_forgotten_when_its_time_is_over() -> None:
    clock = ManualClock()
    recent = RecentSpans(1 << 20, 60.0, clock)
    recent.add(span(1, response="r"))
    clock.advance(61)
    assert recent.of_response("r") is None
    assert len(recent) == 0


def test_a_span_that_comes_again_is_kept_once() -> None:
    recent = RecentSpans(1 << 20, 60.0, ManualClock())
    recent.add(span(1, text="abc"))
    size = recent.size
    recent.add(span(1, text="abc"))
    assert (len(recent), recent.size) == (1, size)


def test_a_word_waits_for_its_span_by_any_of_its_ids_and_is_not_used_up() -> None:
    early = EarlyWords(60.0, ManualClock())
    early.add("span", (b"t", b"s"), DOWN, 0)
    early.add("response", "r", EDIT, 0)
    found = Exchange(trace_id=b"t", span_id=b"s", response_id="r")
    assert early.about(found) == early.about(found) == (DOWN, EDIT)
    assert early.about(Exchange(trace_id=b"t", span_id=b"x")) == ()


def test_a_word_about_a_conversation_is_about_calls_that_had_ended_by_then() -> None:
    early = EarlyWords(60.0, ManualClock())
    early.add("conversation", "c", DOWN, 100)
    assert early.about(Exchange(conversation_id="c", end_ns=99)) == (DOWN,)
    assert early.about(Exchange(conversation_id="c", end_ns=101)) == ()


def test_words_wait_for_a_bounded_time_in_a_bounded_number() -> None:
    clock = ManualClock()
    early = EarlyWords(60.0, clock)
    for number in range(10_001):
        early.add("response", str(number), DOWN, 0)
    assert early.about(Exchange(response_id="0")) == ()
    assert early.about(Exchange(response_id="1")) == (DOWN,)
    clock.advance(61)
    assert early.about(Exchange(response_id="1")) == ()
