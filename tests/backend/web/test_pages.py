"""What every page has: the frame, the key table, the static files."""

import re

import pytest

from otel_evals_backend.web.keys import KEYS, TITLES


async def test_a_page_is_whole_and_its_fragment_is_its_main_block_alone(backend):
    whole = await backend.client.get("/keys")
    fragment = await backend.client.get("/keys", headers={"X-Fragment": "1"})
    assert whole.status_code == fragment.status_code == 200
    assert whole.text.startswith("<!doctype html>")
    assert fragment.text.strip().startswith('<div class="head">')
    assert "<nav" not in fragment.text
    assert "x-fragment" in whole.headers["vary"].lower()


async def test_the_key_sheet_says_what_the_table_says(backend):
    page = (await backend.client.get("/keys")).text
    for group, rows in KEYS.items():
        assert TITLES[group] in page
        for row in rows:
            assert row.says in page


async def test_the_header_has_no_dead_link(backend):
    page = (await backend.client.get("/keys")).text
    links = set(re.findall(r'<a [^>]*href="(/[^"#]*)"', page))
    assert links
    for link in links:
        assert (await backend.client.get(link, follow_redirects=True)).status_code == 200, link


async def test_static_files_are_kept_for_good_under_an_address_that_changes_with_them(backend):
    page = (await backend.client.get("/keys")).text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) >= 3
    for address in addresses:
        answer = await backend.client.get(address, headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"
    older = re.sub("/static/[0-9a-f]+/", "/static/0123/", addresses[0])
    assert (await backend.client.get(older)).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/static/x/..%2fpages.py", "/static/x/%2e%2e%2fpages.py", "/static/x/none.js"])
async def test_nothing_else_is_served_as_a_static_file(backend, path):
    assert (await backend.client.get(path)).status_code == 404


async def test_a_theme_that_was_chosen_stands_on_the_page(backend):
    page = (await backend.client.get("/keys", headers={"cookie": "theme=dark"})).text
    assert '<html lang="en" data-theme="dark"' in page
    odd = (await backend.client.get("/keys", headers={"cookie": 'theme="><script>'})).text
    assert "<script>" not in odd


async def test_a_page_has_nothing_inline(backend):
    page = (await backend.client.get("/keys")).text
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)", page)


async def test_script_and_style_stay_within_their_budget(backend):
    from otel_evals_backend.web.assets import assets  # noqa: PLC0415 - only here

    scripts = sum(len(asset.compressed) for name, asset in assets().items() if name.endswith(".js"))
    styles = sum(len(asset.compressed) for name, asset in assets().items() if name.endswith(".css"))
    assert scripts <= 15_000
    assert styles <= 12_000
