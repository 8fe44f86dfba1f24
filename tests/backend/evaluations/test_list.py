import csv
import io
import re

import pytest

from tests.backend.traffic import (
    DAY,
    HOUR,
    NOON,
    Call,
    check,
    crowd,
    failure,
    feedback,
    human,
    judge,
    late,
    send,
    traces,
)


async def spans(backend, **query):
    answer = await backend.client.get("/api/v1/spans", params={"range": "7d", **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def numbers(backend, **query):
    return [int(item["span_id"], 16) for item in (await spans(backend, **query))["items"]]


def call(number, *results, hours=1.0, **more):
    return Call(number=number, start=NOON - int(hours * HOUR), results=results or (check("pii"),), **more)


async def test_the_newest_call_comes_first(backend):
    await send(backend, traces(call(1, hours=30), call(2, hours=1), call(3, hours=80)))
    assert await numbers(backend) == [2, 1, 3]


async def test_pages_follow_each_other_in_both_directions_and_miss_nothing(backend):
    calls = [call(n, hours=n * 3.7) for n in range(1, 41)]
    calls += [call(n, hours=5) for n in range(50, 60)]  # ten at the same nanosecond
    await send(backend, traces(*calls))
    seen, cursor, pages = [], None, []
    while True:
        answer = await spans(backend, limit=7, **({"cursor": cursor} if cursor else {}))
        pages.append([item["span_id"] for item in answer["items"]])
        seen += pages[-1]
        cursor = answer["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 50
    starts = {f"{c.number:016x}": c.start for c in calls}
    assert [starts[s] for s in seen] == sorted(starts.values(), reverse=True)
    back = answer["previous"]
    for page in reversed(pages[:-1]):
        answer = await spans(backend, limit=7, cursor=back)
        assert [item["span_id"] for item in answer["items"]] == page
        back = answer["previous"]
    assert back is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"service": "shop"}, [1, 2, 3, 4]),
        ({"service": "nobody"}, []),
        ({"model": "gpt-4.1"}, [2]),
        ({"model": "gpt-4.1", "version": "v1"}, []),
        ({"prompt": "support", "version": "v2"}, [2]),
        ({"environment": "staging"}, [4]),
        ({"band": "high"}, [1]),
        ({"coverage": "judged"}, [2]),
        ({"stratum": "audit"}, [3]),
        ({"metric": "pii"}, [1, 3, 4]),
        ({"metric": "pii", "label": "fail"}, [1]),
        ({"metric": "pii", "label": "pass"}, [3, 4]),
        ({"metric": "tone", "label": "error"}, [3]),
        ({"metric": "tone:llm_judge"}, [2, 3]),
        ({"metric": "tone:code"}, []),
        ({"label": "fail"}, [1, 2]),
        ({"label": "pass"}, [3, 4]),
        ({"label": "error"}, [3]),
        ({"feedback": "negative"}, [3]),
        ({"feedback": "positive"}, [4]),
        ({"feedback": "thumbs_up"}, [4]),
        ({"feedback": "any"}, [3, 4]),
        ({"feedback": "none"}, [1, 2]),
        ({"reviewed": "yes"}, [2]),
        ({"reviewed": "no"}, [1, 3, 4]),
        ({"reviewed": "yes", "label": "fail"}, []),
        ({"reviewed": "yes", "label": "pass"}, [2]),
        ({"q": "unfriendly"}, [2]),
        ({"q": "UNFRIEND word"}, [2]),
        ({"q": "unfriendly worm"}, []),
        ({"q": "\"' OR 1=1 -- *"}, []),
        ({"metric": "pii", "q": "unfriendly"}, []),
        ({"trace": f"{3:032x}"}, [3]),
        ({"trace": f"{99:032x}"}, []),
        ({"source": "offline"}, []),
    ],
)
async def test_each_filter_finds_what_it_says(backend, query, expected):
    reviewed = call(2, judge("tone", "fail", explanation="An unfriendly word."), model="gpt-4.1", prompt_version="v2",
                    coverage="judged", hours=2)  # fmt: skip
    quiet = call(3, check("pii"), failure("tone"), stratum="audit", hours=3)
    staged = call(4, environment="staging", hours=90)
    await send(
        backend,
        traces(call(1, check("pii", "fail"), band="high", reasons=("pii",)), reviewed, quiet, staged),
        late(reviewed, human("tone", "pass")),
        feedback(quiet, "thumbs_down"),
        feedback(staged, "thumbs_up"),
    )
    assert await numbers(backend, **query) == expected


async def test_the_total_counts_what_sums_know_and_is_unknown_else(backend):
    await send(backend, traces(*[call(n, band="high" if n < 4 else "low", hours=n * 5) for n in range(1, 31)]))
    found = await spans(backend, band="high")
    assert (found["total"], found["calls"]) == (3, 30)
    assert (await spans(backend, metric="pii"))["total"] is None
    assert (await spans(backend, band="high", range="24h"))["total"] == 3
    assert (await spans(backend, range="24h"))["calls"] == 4


async def test_the_range_ends_the_list(backend):
    await send(backend, traces(call(1, hours=1), call(2, hours=30), call(3, hours=24 * 20)))
    assert await numbers(backend, range="24h") == [1]
    assert await numbers(backend, range="30d") == [1, 2, 3]
    assert await numbers(backend, **{"from": "2026-09-20T00:00", "to": "2026-09-20T10:00", "range": ""}) == [2]


async def test_a_trace_is_found_whenever_it_was(backend):
    await send(backend, traces(call(1, hours=24 * 60)))
    assert await numbers(backend, trace=f"{1:032X}", range="24h") == [1]


@pytest.mark.parametrize("cursor", ["x", "AAAA", "!!!!", "A" * 54, "ä"])
async def test_a_damaged_cursor_is_refused(backend, cursor):
    answer = await backend.client.get("/api/v1/spans", params={"cursor": cursor})
    assert answer.status_code == 422
    assert "cursor" in answer.text


async def test_a_cursor_of_another_list_is_refused(backend):
    await send(backend, traces(*[call(n) for n in range(1, 9)]))
    cursor = (await spans(backend, limit=2))["next"]
    assert (await backend.client.get("/api/v1/spans", params={"cursor": cursor, "band": "high"})).status_code == 422
    assert (await backend.client.get("/api/v1/spans", params={"cursor": cursor})).status_code == 200


@pytest.mark.parametrize(
    "query", [{"band": "huge"}, {"trace": "1'"}, {"model": "a\x00b"}, {"limit": 0}, {"range": "1y"}]
)
async def test_a_value_that_makes_no_sense_is_refused(backend, query):
    assert (await backend.client.get("/api/v1/spans", params=query)).status_code in (400, 422)


async def test_a_form_with_empty_fields_asks_for_nothing(backend):
    await send(backend, traces(call(1)))
    empty = dict.fromkeys(["label", "band", "feedback", "reviewed", "source", "trace", "q", "metric", "service"], "")
    assert (await backend.client.get("/evaluations", params=empty)).status_code == 200
    assert await numbers(backend, **empty) == [1]


async def test_the_worst_result_stands_for_the_call(backend):
    await send(
        backend,
        traces(
            call(1, check("answered"), check("pii", "fail"), judge("tone", "fail", score=0.1), hours=1),
            call(2, check("answered"), judge("tone", "fail", shadow=True), hours=2),
        ),
    )
    first, second = (await spans(backend))["items"]
    assert (first["worst"]["metric"], first["worst"]["verdict"], first["fails"]) == ("tone", "fail", 2)
    assert (second["worst"]["metric"], second["worst"]["verdict"], second["fails"]) == ("answered", "pass", 0)
    [named, _] = (await spans(backend, metric="answered"))["items"]
    assert (named["worst"]["metric"], named["worst"]["verdict"]) == ("answered", "pass")


async def test_the_results_of_the_list_can_be_had_alone(backend):
    await send(backend, traces(call(1, check("pii", "fail"), judge("tone", probability=0.25)), call(2, hours=2)))
    answer = (await backend.client.get("/api/v1/results", params={"metric": "tone"})).json()
    [one] = answer["items"]
    assert (one["metric"], one["probability"], one["evaluator_model"], one["model"]) == (
        "tone", 0.25, "judge-model-1", "gpt-4o-mini",
    )  # fmt: skip
    assert len((await backend.client.get("/api/v1/results")).json()["items"]) == 3


async def test_the_page_says_which_filter_to_drop(backend):
    await send(backend, traces(*[call(n, prompt_version="v12", hours=n) for n in range(1, 9)]))
    page = (await backend.client.get("/evaluations", params={"version": "v13", "service": "shop"})).text
    assert "0 of 8 match" in page
    assert re.search(
        r'href="/evaluations\?range=24h&amp;service=shop"[^>]*aria-label="Remove prompt version: v13"', page
    )
    assert "8 match" in page
    judged = (await backend.client.get("/evaluations", params={"metric": "pii", "label": "fail"})).text
    assert "Remove result: fail" in judged or "Remove label: fail" in judged


async def test_the_page_shows_the_calls_and_their_filters_as_chips(backend):
    await send(backend, traces(*crowd(60)))
    page = (await backend.client.get("/evaluations", params={"range": "7d", "metric": "pii:code"})).text
    assert page.count('<a class="open clip"') == 50
    assert 'aria-label="Remove metric: pii"' in page
    assert 'rel="next"' in page
    assert 'rel="prev"' not in page


async def test_an_empty_backend_says_how_to_begin(backend):
    page = (await backend.client.get("/evaluations")).text
    assert "No evaluated calls in the last 7 days" in page
    assert "otel-evals up --demo" in page


async def test_words_of_strangers_stay_text(backend):
    evil = "<script>alert(1)</script>"
    await send(
        backend, traces(call(1, check("pii", "fail", explanation=evil), model=evil, question=evil, service=evil))
    )
    page = (await backend.client.get("/evaluations", params={"model": evil, "q": evil})).text
    assert evil not in page
    assert "&lt;script&gt;" in page
    span = (await backend.client.get(f"/spans/{1:032x}/{1:016x}")).text
    assert evil not in span


async def test_csv_holds_every_call_and_no_formula(backend):
    calls = [call(n, hours=n / 10, question="=HYPERLINK(1)" if n == 7 else 'say "hi", ok') for n in range(1, 531)]
    for begin in range(0, 530, 100):
        await send(backend, traces(*calls[begin : begin + 100]))
    answer = await backend.client.get("/evaluations.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="evaluations.csv"'
    assert answer.text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [int(row["span_id"], 16) for row in rows] == list(range(1, 531))
    assert rows[6]["question"] == "'=HYPERLINK(1)"
    assert rows[0]["question"] == 'say "hi", ok'
    assert (rows[0]["metric"], rows[0]["verdict"]) == ("pii", "pass")


async def test_a_capped_file_says_so(backend, monkeypatch):
    monkeypatch.setattr("otel_evals_backend.evaluations.lists._MOST", 5)
    await send(backend, traces(*[call(n) for n in range(1, 9)]))
    lines = (await backend.client.get("/evaluations.csv")).text.splitlines()
    assert len(lines) == 1 + 5 + 1
    assert "there are more" in lines[-1]


async def test_a_search_that_takes_too_long_is_cut_says_how_far_it_looked_and_goes_on(backend, monkeypatch):
    await send(backend, traces(*[call(n, band="high" if n == 90 else "low", hours=n) for n in range(1, 101)]))

    def moves():
        backend.clock.advance(0.05)
        return backend.clock.now_ns / 1e9

    monkeypatch.setattr(backend.clock, "monotonic", moves)
    monkeypatch.setattr("otel_evals_backend.evaluations.scan._STEPS", (5,))
    monkeypatch.setattr("otel_evals_backend.evaluations.scan._FEW", 0)
    query, found, cuts = {"service": "shop", "reviewed": "no", "band": "high"}, [], 0
    answer = await spans(backend, **query)
    page = (await backend.client.get("/evaluations", params=query)).text
    assert "The search looked back to" in page
    assert "Go on from there" in page
    for _ in range(60):
        found += answer["items"]
        cuts += answer["looked_ns"] is not None
        if answer["next"] is None:
            break
        answer = await spans(backend, cursor=answer["next"], **query)
    assert [int(item["span_id"], 16) for item in found] == [90]
    assert cuts > 3


async def test_many_calls_on_one_day_are_read_in_steps(backend, monkeypatch):
    monkeypatch.setattr("otel_evals_backend.evaluations.scan._STEPS", (3, 4))
    await send(backend, traces(*[call(n, band="high" if n % 9 == 0 else "low", hours=n / 60) for n in range(1, 61)]))
    assert await numbers(backend, band="high") == [9, 18, 27, 36, 45, 54]
    found = await spans(backend, band="high", limit=2)
    found = await spans(backend, band="high", limit=2, cursor=found["next"])
    assert [int(item["span_id"], 16) for item in found["items"]] == [27, 36]
    found = await spans(backend, band="high", limit=2, cursor=found["previous"])
    assert [int(item["span_id"], 16) for item in found["items"]] == [9, 18]


async def test_times_at_the_edges_of_days_are_not_lost(backend):
    midnight = NOON // DAY * DAY
    starts = [midnight - 1, midnight, midnight + 1, midnight - DAY, midnight - DAY - 1]
    await send(backend, traces(*[Call(number=n, start=at, results=(check("pii"),)) for n, at in enumerate(starts, 1)]))
    assert await numbers(backend) == [3, 2, 1, 4, 5]
