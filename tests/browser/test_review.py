"""A reviewer at work in a real browser: by keyboard, on a phone, without scripts, and blind on the network."""

import time

import pytest
from sqlalchemy import select

from otel_evals_backend.settings import ReviewSettings
from otel_evals_backend.storage.tables import labels, reservations
from tests.backend.traffic import Call, judge, retriever, traces
from tests.browser.conftest import Server

SECRETS = ("zqjudgeid", "zqversion", "zqexplained", "zqstratum", "0.4871", "0.5129", "random_audit", "low_confidence")
ANSWER = """Refunds are possible **within thirty days** [1], see [our desk](https://shop.example/refund).

<img src=x onerror=document.title="taken"> <script>document.title="taken"</script>

| item | days |
|------|------|
| jacket | 30 |
"""


def call(number):
    return Call(
        number=number, parent=900_000 + number, band="medium", coverage="judged", stratum="zqstratum",
        question=f"What about {chr(97 + number % 26) * 5}?", answer=ANSWER,
        results=(judge("faithfulness", "fail", score=0.4871, id="zqjudgeid", version="zqversion",
                       explanation="zqexplained", stratum="zqstratum", confidence=0.5129),),
    )  # fmt: skip


@pytest.fixture
def queue(tmp_path):
    """A backend in which fourteen answers wait for people."""
    server = Server(tmp_path, review=ReviewSettings(audit=1, double=0)).start()
    for number in range(1, 15):
        server.send(
            retriever(call(number), ("returns", "Clothing can be returned within 30 days.")), traces(call(number))
        )
    yield server
    server.stop()


def rows(server, table):
    """Read beside the running server, from its file."""
    import sqlite3  # noqa: PLC0415 - here alone

    context = server.app.state.context
    statement = str(select(table).compile())
    with sqlite3.connect(context.database.url.database) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(statement.replace(f"{table.name}.", "")).fetchall()


def item_of(page):
    return page.locator("[data-review]").get_attribute("data-item")


def test_ten_items_are_labelled_by_keyboard_alone_and_blind(visit, queue):
    page = visit("/review", server=queue)
    heard = []
    page.on("response", lambda answer: heard.append((time.monotonic(), answer)))
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    seen = []
    for number in range(10):
        page.wait_for_load_state("networkidle")
        for _, answer in heard:
            if answer.status < 300 and "/static/" not in answer.url:
                text = f"{answer.headers} {answer.text()}"
                assert not [word for word in SECRETS if word in text], answer.url
        heard.clear()
        seen.append(item_of(page))
        if number % 3 == 0:
            page.keyboard.press("f")
            page.keyboard.press("2")
            page.keyboard.press("n")
            page.keyboard.type("p f u: keys are letters here")
            page.keyboard.press("Control+Enter")
        else:
            page.keyboard.press("p" if number % 3 == 1 else "u")
        page.wait_for_selector("[data-reveal]")
        assert "zqjudgeid" in page.locator("[data-reveal]").inner_text()
        page.wait_for_load_state("networkidle")
        heard.clear()
        page.keyboard.press("Enter")
        page.wait_for_function("old => document.querySelector('[data-review]').dataset.item !== old", arg=seen[-1])
    assert len(set(seen)) == 10
    kept = {row["item"]: row for row in rows(queue, labels)}
    assert [kept[item]["verdict"] for item in seen] == ["fail", "pass", "unsure"] * 3 + ["fail"]
    assert kept[seen[0]]["note"] == "p f u: keys are letters here"
    assert kept[seen[0]]["reasons"] == '["contradicts the sources"]'
    assert all(row["blind"] and not row["purposive"] for row in kept.values())
    assert page.title() != "taken"
    visit.check(page)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light"), (360, "dark")])
def test_every_state_of_an_item_fits_and_can_be_read(visit, queue, width, scheme):
    page = visit("/review", server=queue, width=width, scheme=scheme)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    page.wait_for_load_state("networkidle")
    visit.check(page)
    page.keyboard.press("d")
    page.keyboard.press("b")
    page.keyboard.press("f")
    page.keyboard.press("1")
    visit.check(page)
    page.keyboard.press("m")
    assert "**within thirty days**" in page.locator(".answer .said-plain").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-reveal]")
    visit.check(page)
    visit("/review/me", server=queue, width=width, scheme=scheme)


def test_a_link_opens_on_a_second_press_only(visit, queue):
    page = visit("/review", server=queue)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    assert page.locator(".answer a").count() == 0
    page.locator(".answer .inert-link").first.click()
    opener = page.locator(".answer a.open-link")
    assert opener.get_attribute("href") == "https://shop.example/refund"
    assert "noopener" in opener.get_attribute("rel")


def test_without_scripts_the_forms_do_it(visit, queue):
    page = visit("/review", server=queue, script=False)
    page.get_by_role("button", name="Start").click()
    page.get_by_label("not in the sources").check()
    page.get_by_role("button", name="Fail").click()
    assert "zqjudgeid" in page.locator("main").inner_text()
    first = page.url
    page.get_by_role("button", name="Next").click()
    assert page.url != first
    assert [row["reasons"] for row in rows(queue, labels)] == ['["not in the sources"]']


def test_what_is_written_survives_a_reload(visit, queue):
    page = visit("/review", server=queue)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    page.keyboard.press("e")
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.keyboard.type("Thirty days from delivery.")
    page.reload()
    assert page.locator("[name=corrected]").input_value() == "Thirty days from delivery."


def test_a_label_that_could_not_be_sent_is_sent_again(visit, queue):
    page = visit("/review", server=queue)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    page.wait_for_load_state("networkidle")
    refused = []

    def once(route):
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    page.route("**/label", once)
    page.keyboard.press("p")
    page.wait_for_selector("text=Not saved, trying again (1)")
    page.wait_for_selector("[data-reveal]")
    assert len(rows(queue, labels)) == 1
    assert len(refused) == 1


def test_leaving_gives_back_what_was_kept_ready(visit, queue):
    page = visit("/review", server=queue)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    page.wait_for_load_state("networkidle")
    assert sum(row["until_ns"] > 0 for row in rows(queue, reservations)) == 2
    page.goto("/review/me")
    page.wait_for_load_state("networkidle")
    assert [row["until_ns"] for row in rows(queue, reservations)] == [0, 0]
