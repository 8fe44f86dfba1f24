import re

import pytest
from sqlalchemy import insert, select

from otel_evals.records.exchange import Choice, Document, Exchange, Message
from otel_evals_backend.evaluations.cited import cited_sources
from otel_evals_backend.evaluations.links import links_of
from otel_evals_backend.evaluations.seeing import seeing
from otel_evals_backend.records import Person, Role
from otel_evals_backend.settings import ContentKept, ContentPolicy, RetentionSettings
from otel_evals_backend.storage.tables import audit, labels, reservations, review_items, seen_results
from tests.backend.traffic import HOUR, NOON, Call, check, feedback, human, judge, late, retriever, send, traces

DAY_OF_NOON = NOON // (24 * HOUR)


def path(call):
    return f"/spans/{call.trace_id.hex()}/{call.span_id.hex()}"


async def page_of(backend, call, **query):
    answer = await backend.client.get(path(call), params=query)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


async def json_of(backend, call):
    answer = await backend.client.get(f"/api/v1{path(call)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def item(backend, call, *, state="open", metric="tone"):
    row = {
        "id": f"item-{metric}", "span": call.key, "day": DAY_OF_NOON, "metric": metric, "group_key": "",
        "created_ns": NOON, "state": state, "reasons": "[]", "priority": 1.0, "random": False, "needed": 1, "given": 0,
    }  # fmt: skip
    async with backend.context.database.write() as connection:
        await connection.execute(review_items.delete().where(review_items.c.span == call.key))
        await connection.execute(insert(review_items).values(row))


async def no_items(backend):
    """As if nothing of what came had been worth a person's time."""
    async with backend.context.database.write() as connection:
        await connection.execute(review_items.delete())


ASKED = Call(
    number=7, parent=1, results=(check("pii"), check("citation_integrity")), coverage="judged", response_id="r-7",
    conversation="c-7",
)  # fmt: skip


async def test_everything_about_a_call_stands_on_its_page(backend):
    verdict = judge("tone", "fail", explanation="An unfriendly word.", probability=0.25, score=0.2)
    trial = judge("tone", "pass", id="trial", shadow=True, version="j9")
    await send(
        backend,
        retriever(ASKED, ("returns", "Refunds are possible within thirty days of delivery.")),
        traces(ASKED),
        late(ASKED, verdict, trial, cost=0.002, lag=12.0),
        feedback(ASKED, "thumbs_down", comment="Not what I asked."),
        late(ASKED, human("tone", "fail", reviewer="rev-1")),
    )
    await no_items(backend)
    page = await page_of(backend, ASKED)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert page.index("Refunds are possible within thirty days [1]") < page.index("What is the refund policy?")
    for words in (
        "An unfriendly word.", "0.25", "judge-model-1", "baseline", "shadow", "thumbs down", "Not what I asked.",
        "rev-1", "You help customers of a shop.", "retrieval docs", "2 of 4 results fail", "r-7", "c-7", "<$0.01",
    ):  # fmt: skip
        assert words in text.replace("&lt;", "<"), words
    assert re.search(r"<mark>Refunds are possible within thirty days of delivery\.\s*</mark>", page)
    said = await json_of(backend, ASKED)
    assert [one["metric"] for one in said["results"]][:2] == ["tone", "tone"]
    assert said["content"]["choices"][0]["message"]["text"].startswith("Refunds")
    assert {one["name"]: one["value"] for one in said["attributes"]}["gen_ai.request.model"] == "gpt-4o-mini"
    assert [event["at_ns"] for event in said["history"]] == sorted(event["at_ns"] for event in said["history"])


async def test_results_are_grouped_people_then_judges_then_checks(backend):
    await send(backend, traces(ASKED), late(ASKED, judge("tone")), late(ASKED, human("tone")))
    await no_items(backend)
    groups = re.findall(r'<h3 class="group">([^<]+)</h3>', await page_of(backend, ASKED))
    assert groups == ["People", "Judges", "Checks"]


async def test_an_unknown_call_is_a_page_that_says_so(backend):
    answer = await backend.client.get(f"/spans/{'0' * 32}/{'0' * 16}")
    assert answer.status_code == 404
    assert "not here" in answer.text
    assert (await backend.client.get(f"/api/v1/spans/{'0' * 32}/{'0' * 16}")).status_code == 404
    assert (await backend.client.get("/api/v1/spans/x/y")).status_code == 404


async def test_without_kept_content_the_facts_remain(open_backend):
    async with open_backend(content=ContentKept(policy=ContentPolicy.NONE)) as backend:
        await send(backend, traces(ASKED))
        page = await page_of(backend, ASKED)
        assert "Content was not kept (policy). Attributes:" in page
        assert "gen_ai.request.model" in page
        assert "What is the refund policy?" not in page
        assert (await json_of(backend, ASKED))["content"] is None


async def test_j_and_k_lead_through_the_same_list(backend):
    calls = [
        Call(number=n, start=NOON - n * HOUR, results=(check("pii"),), band="high" if n % 2 else "low")
        for n in range(1, 8)
    ]
    await send(backend, traces(*calls))
    page = await page_of(backend, calls[2], band="high", range="7d")
    found = dict(re.findall(r'rel="(prev|next)" href="([^"]+)"', page))
    assert found["prev"] == f"{path(calls[0])}?range=7d&amp;band=high"
    assert found["next"] == f"{path(calls[4])}?range=7d&amp;band=high"
    first = await page_of(backend, calls[0], band="high", range="7d")
    assert 'rel="prev"' not in first
    assert 'href="/evaluations?range=7d&amp;band=high"' in first


async def test_a_call_that_waits_for_its_label_shows_no_verdict_until_it_is_asked_for(backend):
    verdict = judge("tone", "fail", explanation="An unfriendly word.")
    await send(backend, traces(ASKED), late(ASKED, verdict), late(ASKED, human("tone", "fail", reviewer="rev-1")))
    await item(backend, ASKED)
    page, said = await page_of(backend, ASKED), await json_of(backend, ASKED)
    assert said["results_folded"] is True
    assert (said["results"], said["labels"], said["call"]["band"], said["call"]["fails"]) == ([], [], None, 0)
    for body in (page, repr(said)):
        for secret in ("An unfriendly word", "judge-model-1", "rev-1", "sampling.stratum", "risk.band"):
            assert secret not in body
    assert "You will not be asked to review this blind" in page
    token = re.search(r'name="csrf" value="([^"]*)"', page)[1]
    answer = await backend.client.post(f"{path(ASKED)}/show?range=7d", data={"csrf": token})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path(ASKED)}?range=7d#results")
    assert "An unfriendly word" in await page_of(backend, ASKED)
    async with backend.context.database.read() as connection:
        assert (await connection.execute(select(seen_results.c.reviewer))).scalar_one() == "local"
        assert (await connection.execute(select(reservations.c.picked))).scalar_one() in (True, 1)
        assert "span.show_results" in (await connection.execute(select(audit.c.action))).scalars().all()
    assert (await backend.client.get("/review", follow_redirects=True)).status_code == 200


async def test_lists_say_nothing_of_a_call_that_was_given_to_label_blind(backend):
    other = Call(number=8, start=ASKED.start - HOUR, results=(check("pii", "fail"),))
    verdict = judge("tone", "fail", explanation="An unfriendly word.")
    await send(backend, traces(ASKED), traces(other), late(ASKED, verdict))
    await item(backend, ASKED)
    id_, trace = ASKED.span_id.hex(), ASKED.trace_id.hex()
    telling = (
        {"metric": "tone", "label": "fail"}, {"metric": "tone", "label": "pass"}, {"label": "fail"},
        {"label": "fail", "trace": trace}, {"band": ASKED.band}, {"coverage": "judged"}, {"q": "unfriendly"},
    )  # fmt: skip

    async def finds(query):
        said = [await backend.client.get(place, params=query) for place in ("/api/v1/spans", "/api/v1/results")]
        assert [answer.status_code for answer in said] == [200, 200]
        return [{one["span_id"] for one in answer.json()["items"]} for answer in said]

    assert (await backend.client.post("/api/v1/review/next", json={})).json()["id"] == "item-tone"
    for query in telling:
        assert not any(id_ in found for found in await finds(query)), query
    for place in ("/evaluations", "/evaluations.csv", "/api/v1/spans", "/api/v1/results"):
        assert "unfriendly" not in (await backend.client.get(place)).text
    [call] = (await backend.client.get("/api/v1/spans", params={"trace": trace})).json()["items"]
    assert (call["worst"], call["fails"], call["results"], call["band"], call["coverage"]) == (None, 0, 0, None, None)
    page = await page_of(backend, other, label="fail", metric="tone")
    assert f"{trace}/{id_}" not in page
    await backend.client.post("/api/v1/review/items/item-tone/release")
    assert id_ not in (await finds({"label": "fail"}))[0]


@pytest.mark.parametrize(
    "place",
    [path(ASKED), f"/api/v1{path(ASKED)}", "/evaluations", "/evaluations.csv", "/api/v1/spans", "/api/v1/results"],
)
async def test_whoever_was_shown_a_judged_call_is_not_asked_about_it_blind_later(backend, place):
    await send(backend, traces(ASKED), late(ASKED, judge("tone", "fail")))
    await no_items(backend)
    assert (await backend.client.get(place, params={"trace": ASKED.trace_id.hex()})).status_code == 200
    await item(backend, ASKED)
    assert (await backend.client.post("/api/v1/review/next", json={})).json()["id"] == "item-tone"
    answer = await backend.client.post(
        "/api/v1/review/items/item-tone/label", json={"verdict": "pass"}, headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 200, answer.text
    async with backend.context.database.read() as connection:
        assert (await connection.execute(select(labels.c.blind))).scalars().all() == [False]


async def test_lists_say_everything_again_once_the_call_is_labelled(backend):
    await send(backend, traces(ASKED), late(ASKED, judge("tone", "fail", explanation="An unfriendly word.")))
    await item(backend, ASKED)
    await backend.client.post("/api/v1/review/next", json={})
    answer = await backend.client.post(
        "/api/v1/review/items/item-tone/label", json={"verdict": "pass"}, headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 200, answer.text
    assert "unfriendly" in (await backend.client.get("/api/v1/results", params={"label": "fail"})).text


async def test_looking_changes_nothing_by_itself(backend):
    await send(backend, traces(ASKED), late(ASKED, judge("tone", "fail")))
    await item(backend, ASKED)
    await page_of(backend, ASKED)
    async with backend.context.database.read() as connection:
        assert (await connection.execute(select(seen_results))).all() == []


async def test_a_call_whose_judge_has_not_answered_is_folded_too(backend):
    await send(backend, traces(Call(number=3, coverage="pending", results=(check("pii", "fail"),))))
    await no_items(backend)
    assert (await json_of(backend, Call(number=3)))["results_folded"] is True


async def see(backend, call, who):
    async with backend.context.database.read() as connection:
        return await seeing(backend.context, connection, who, call.key, "judged")


async def test_viewers_see_everything_and_labellers_see_others_labels_when_it_is_decided(backend):
    viewer, first, second = (
        Person(id="v", name="V", role=Role.VIEWER), Person(id="r1", name="R", role=Role.REVIEWER),
        Person(id="r2", name="S", role=Role.REVIEWER),
    )  # fmt: skip
    await send(backend, traces(ASKED), late(ASKED, judge("tone", "fail")))
    await item(backend, ASKED)
    assert (await see(backend, ASKED, viewer)).results
    assert not (await see(backend, ASKED, first)).results
    row = {
        "id": "l1", "item": "item-tone", "span": ASKED.key, "day": DAY_OF_NOON, "metric": "tone", "reviewer": "r1",
        "verdict": "fail", "reasons": "[]", "note": "", "corrected": "", "expected": "{}", "blind": True,
        "purposive": True, "rubric_version": "", "kind": "first", "request_key": "", "at_ns": NOON,
    }  # fmt: skip
    async with backend.context.database.write() as connection:
        await connection.execute(insert(labels).values(row))
    mine = await see(backend, ASKED, first)
    assert (mine.results, mine.others) == (True, False)
    assert not (await see(backend, ASKED, second)).results
    async with backend.context.database.write() as connection:
        await connection.execute(review_items.update().values(state="done"))
    done = await see(backend, ASKED, second)
    assert (done.results, done.others) == (True, True)


def test_links_are_filled_encoded_and_only_of_the_web():
    templates = {
        "Jaeger": "http://localhost:16686/trace/{trace_id}",
        "Grafana": 'https://g/explore?left={"q":"{trace_id}","from":{start_ms},"to":{end_ms}}&s={span_id}',
        "bad": "javascript:alert('{trace_id}')",
        "worse": "/relative/{trace_id}",
    }
    made = links_of(templates, "ab" * 16, "cd" * 8, 1_500_000_000, 2_000_000_001)
    assert [(one.name, one.url) for one in made] == [
        ("Jaeger", f"http://localhost:16686/trace/{'ab' * 16}"),
        ("Grafana", f'https://g/explore?left={{"q":"{"ab" * 16}","from":1500,"to":2001}}&s={"cd" * 8}'),
    ]


async def test_links_to_tracing_backends_stand_on_the_page(open_backend):
    async with open_backend(trace_links={"Tempo": "https://t/{trace_id}"}) as backend:
        await send(backend, traces(ASKED))
        assert f'href="https://t/{ASKED.trace_id.hex()}"' in await page_of(backend, ASKED)


def exchange(answer, *documents):
    return Exchange(
        choices=(Choice(message=Message(role="assistant", text=answer)),),
        documents=tuple(Document(id=name, text=text) for name, text in documents),
    )


def test_a_cited_source_has_the_passage_marked_and_another_has_not():
    policy = "Our shop opened in May. Refunds are possible within thirty days. Call us."
    first, second = cited_sources(
        exchange("Refunds are possible within thirty days [1].", ("returns", policy), ("hours", policy))
    )
    assert [piece.text.strip() for piece in first.pieces if piece.marked] == [
        "Refunds are possible within thirty days."
    ]
    assert "".join(piece.text for piece in first.pieces) == policy
    assert (first.cited, second.cited) == (True, False)
    assert not any(piece.marked for piece in second.pieces)


def test_a_source_may_be_cited_by_its_name():
    assert cited_sources(exchange("So it is [doc-2].", ("doc-1", "a"), ("doc-2", "b")))[1].cited


@pytest.mark.parametrize("days", [30, 90])
async def test_the_list_says_how_long_calls_are_kept(open_backend, days):
    async with open_backend(retention=RetentionSettings(spans=days * 86_400)) as backend:
        assert f"Calls are kept for {days} days." in (await backend.client.get("/evaluations")).text
