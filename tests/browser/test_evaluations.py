import re

import pytest

from tests.backend.traffic import HOUR, NOON, Call, check, feedback, judge, late, retriever, traces

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202e{{7*7}}'
CALL = Call(
    number=9_000_001, parent=1, start=NOON - HOUR // 100, question="Is the blue jacket waterproof?",
    system="You help. " * 20,
    answer="It is waterproof to ten metres [1], says [the page](javascript:alert(1)).\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |",
    band="high", coverage="judged",
    results=(check("pii"), check("citation_integrity", "fail", explanation="One of two sources was not given.")),
)  # fmt: skip
EVIL = Call(
    number=9_000_002, start=NOON - HOUR // 90, question=HOSTILE, answer=HOSTILE, model=HOSTILE, service=HOSTILE,
    prompt_version=HOSTILE, results=(check("pii", "fail", explanation=HOSTILE),), coverage="sampled_out",
)  # fmt: skip
PATH = f"/spans/{CALL.trace_id.hex()}/{CALL.span_id.hex()}"
LOOKS = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]


@pytest.fixture(scope="module")
def filled(server):
    said = judge("tone", "fail", explanation="An unfriendly word.", score=0.2)
    server.send(
        retriever(CALL, ("jackets", "The blue jacket is waterproof to ten metres. It is sold out."), ("b", "Nothing.")),
        traces(CALL, EVIL),
        late(CALL, said),
        feedback(CALL, "thumbs_down", comment=HOSTILE),
    )
    return server


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize(
    "path",
    ["/evaluations?range=7d", "/evaluations?range=7d&model=gpt-4.1&version=v99", PATH],
    ids=["list", "none", "one"],
)
def test_the_pages_hold_what_every_page_holds(filled, visit, path, width, scheme):
    assert visit(path, width=width, scheme=scheme).locator("h1").count() == 1


@pytest.mark.usefixtures("filled")
def test_the_pages_work_in_forced_colours_and_without_script(visit):
    page = visit("/evaluations?metric=pii:code&label=fail", forced=True, script=False)
    assert page.locator("table.calls").count() == 1
    assert visit(PATH, forced=True, script=False).locator("#results").count() == 1


@pytest.mark.usefixtures("filled")
def test_the_list_and_a_call_are_walked_by_keys_alone(visit):
    page = visit("/evaluations?range=7d")
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("a.open").nth(1)
    assert second.evaluate("link => link === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_url("**/spans/**")
    here = page.url
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != here)
    page.keyboard.press("k")
    page.wait_for_url(here)
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/evaluations")


@pytest.mark.usefixtures("filled")
def test_filters_open_by_key_and_narrow_the_list(visit):
    page = visit("/evaluations?range=7d")
    page.keyboard.press("f")
    assert page.locator("#f-metric").evaluate("field => field === document.activeElement")
    page.locator("#f-label").select_option("fail")
    page.locator(".filters form .primary").click()
    page.wait_for_url(re.compile(r"label=fail"))
    page.get_by_label("Remove result: fail").click()
    page.wait_for_url(lambda url: "label" not in url)


@pytest.mark.usefixtures("filled")
def test_a_view_is_saved_by_key(visit):
    page = visit("/evaluations?range=7d&band=high")
    page.keyboard.press("v")
    page.locator("#f-name").fill("High risk")
    page.get_by_role("button", name="Save the view").click()
    page.wait_for_url("**/evaluations?range=7d&band=high")
    page.locator("[data-save-view]").click()
    assert page.get_by_role("link", name="High risk").count() == 1


@pytest.mark.usefixtures("filled")
def test_what_strangers_write_stays_text(visit):
    page = visit(f"/spans/{EVIL.trace_id.hex()}/{EVIL.span_id.hex()}")
    if page.get_by_role("button", name="Show results").count():
        page.get_by_role("button", name="Show results").click()
        page.wait_for_url("**#results")
    assert page.locator("main img, main script, main a[href^='javascript']").count() == 0
    assert "⟦U+202E⟧" in page.locator("main").inner_text()
