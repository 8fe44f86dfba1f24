"""A reviewer at work in a real browser: by keyboard, on a phone, without scripts, and blind on the network."""

import pytest
from sqlalchemy import select

from otel_evals_backend.settings import ReviewSettings
from otel_evals_backend.storage.tables import labels, reservations, review_items
from tests.backend.traffic import Call, judge, retriever, traces
from tests.browser.conftest import Server

SECRETS = ("zqjudgeid", "zqversion", "zqexplained", "zqstratum", "0.4871", "0.5129", "random_audit", "low_confidence")
ITEMS = 26
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


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    """A backend in which enough answers for all tests wait for people."""
    server = Server(tmp_path_factory.mktemp("queue"), review=ReviewSettings(audit=1, double=0)).start()
    for number in range(1, ITEMS + 1):
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


def labels_of(server, *items):
    return {row["item"]: row for row in rows(server, labels) if row["item"] in items}


def held(server):
    """Items that somebody has reserved now."""
    return {row["item"] for row in rows(server, reservations) if row["until_ns"] > server.clock.time_ns()}


def item_of(page):
    return page.locator("[data-review]").get_attribute("data-item")


def begin(visit, queue, **more):
    """The page of an item, reached by keyboard; what holds for every page is looked at where a test says so."""
    page = visit("/review", server=queue, axe=False, **more)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    return page


def test_ten_items_are_labelled_by_keyboard_alone_and_blind(visit, queue):
    page = visit("/review", server=queue)
    heard = []
    page.on("response", lambda answer: heard.append(answer))  # noqa: PLW0108 - playwright wants a function of Python
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-review]")
    seen = []
    for number in range(10):
        page.wait_for_function("() => document.querySelector('[data-review]').dataset.ready === 'yes'")
        for answer in heard:
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
        heard.clear()
        page.keyboard.press("Enter")
        page.wait_for_function("old => document.querySelector('[data-review]').dataset.item !== old", arg=seen[-1])
    assert len(set(seen)) == 10
    kept = labels_of(queue, *seen)
    assert [kept[item]["verdict"] for item in seen] == ["fail", "pass", "unsure"] * 3 + ["fail"]
    assert kept[seen[0]]["note"] == "p f u: keys are letters here"
    assert kept[seen[0]]["reasons"] == '["contradicts the sources"]'
    assert all(row["blind"] and not row["purposive"] for row in kept.values())
    assert page.title() != "taken"
    visit.check(page)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (360, "light"), (360, "dark")])
def test_every_state_of_an_item_fits_and_can_be_read(visit, queue, width, scheme):
    page = begin(visit, queue, width=width, scheme=scheme)
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


def test_a_link_opens_on_a_second_press_only(visit, queue):
    page = begin(visit, queue)
    assert page.locator(".answer a").count() == 0
    page.locator(".answer .inert-link").first.click()
    opener = page.locator(".answer a.open-link")
    assert opener.get_attribute("href") == "https://shop.example/refund"
    assert "noopener" in opener.get_attribute("rel")


def test_without_scripts_the_forms_do_it(visit, queue):
    page = visit("/review", server=queue, script=False)
    page.locator("[data-start]").click()
    done = item_of(page)
    page.get_by_label("not in the sources").check()
    page.get_by_role("button", name="Fail").click()
    assert "zqjudgeid" in page.locator("main").inner_text()
    first = page.url
    page.get_by_role("button", name="Next").click()
    assert page.url != first
    assert labels_of(queue, done)[done]["reasons"] == '["not in the sources"]'


def test_what_is_written_survives_a_reload(visit, queue):
    page = begin(visit, queue)
    page.keyboard.press("e")
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.keyboard.type("Thirty days from delivery.")
    page.reload()
    assert page.locator("[name=corrected]").input_value() == "Thirty days from delivery."


def test_a_label_that_could_not_be_sent_is_sent_again(visit, queue):
    page = begin(visit, queue)
    refused, item = [], item_of(page)

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
    assert len(labels_of(queue, item)) == 1
    assert len(refused) == 1


def test_a_flag_is_set_at_once_and_its_reason_comes_by_enter(visit, queue):
    page = begin(visit, queue)
    item = item_of(page)
    with page.expect_response(lambda answer: answer.url.endswith("/flag")):
        page.keyboard.press("x")
    page.wait_for_selector("[name=flag_reason]:focus")
    page.keyboard.type("The question is cut off.")
    with page.expect_response(lambda answer: answer.url.endswith("/flag")):
        page.keyboard.press("Enter")
    assert item_of(page) == item
    found = {row["id"]: row["flag_reason"] for row in rows(queue, review_items) if row["flagged"]}
    assert found == {item: "The question is cut off."}
    visit("/review/flagged", server=queue, width=360, scheme="dark")


def test_leaving_gives_back_what_was_kept_ready(visit, queue):
    page = begin(visit, queue)
    page.wait_for_function("() => document.querySelector('[data-review]').dataset.ready === 'yes'")
    assert item_of(page) in held(queue)
    assert len(held(queue)) >= 2
    page.goto("/review/me")
    page.wait_for_load_state("networkidle")
    visit.check(page)
    assert held(queue) == set()
