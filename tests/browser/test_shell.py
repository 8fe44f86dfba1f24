"""The frame, the overview, and slices in a real browser."""

import pytest

PAGES = ("/", "/slices", "/keys", "/help/figures")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_page_is_sound_at_both_widths_and_in_both_themes(visit, path, width, scheme):
    page = visit(path, width=width, scheme=scheme)
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("path", ["/", "/slices"])
def test_a_page_stands_without_script_and_in_forced_colours(visit, path):
    plain = visit(path, script=False)
    assert plain.locator("table").count() >= 1
    assert plain.locator('.readout input[type="range"]').is_visible() is False
    visit(path, forced=True)


def test_a_backend_without_data_says_how_to_send_some(visit, empty_server):
    page = visit("/", server=empty_server)
    assert "otel-evals instrument -- python app.py" in page.locator("main").inner_text()
    assert "Nothing to compare yet" in visit("/slices", server=empty_server, width=360).locator("main").inner_text()


def test_keys_lead_to_pages_and_are_off_while_typing(visit):
    page = visit("/slices")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**/")
    assert page.locator("h1").inner_text() == "Overview"
    page.locator(".ranges summary").click()
    page.locator("#r-from").focus()
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") is None


def test_the_question_mark_opens_the_sheet_and_escape_closes_it(visit):
    page = visit("/")
    page.keyboard.press("?")
    assert page.locator("dialog#keys").is_visible()
    visit.check(page)
    page.keyboard.press("Escape")
    assert not page.locator("dialog#keys").is_visible()


def test_the_theme_is_kept_when_the_page_is_loaded_again(visit):
    page = visit("/", scheme="light")
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    visit.check(page)


def test_rows_are_reached_and_opened_by_keys(visit):
    page = visit("/?range=30d")
    page.keyboard.press("j")
    first = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") != first
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == first


def test_a_range_is_changed_without_loading_the_page_and_back_brings_the_old_one(visit):
    page = visit("/slices")
    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="24 h").click()
    page.wait_for_url("**range=24h*")
    assert page.evaluate("window.stayed") is True
    assert page.get_by_role("link", name="24 h").get_attribute("aria-current") == "true"
    assert page.evaluate("document.activeElement.tagName") == "H1"
    visit.check(page)
    page.go_back()
    page.locator(".segments a[aria-current]", has_text="7 d").wait_for()


def test_a_chart_is_read_by_its_slider(visit):
    page = visit("/?range=7d&metric=retrieval_support")
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    spoken = slider.get_attribute("aria-valuetext")
    assert "n" in spoken
    assert page.locator(".readout output").inner_text() == spoken


def test_a_page_stays_within_its_budget(visit):
    page = visit("/")
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
        ".reduce((sum, entry) => sum + entry.encodedBodySize, 0)"
    )
    assert sizes <= 100_000
    assert page.evaluate("document.querySelectorAll('*').length") <= 1500
