import re

import pytest

PAGES = ("", "/people", "/tokens", "/app-keys", "/kept", "/audit")


@pytest.mark.parametrize("page", PAGES)
async def test_each_page_of_settings_is_shown(backend, page):
    answer = await backend.client.get(f"/settings{page}")
    assert answer.status_code == 200
    assert "<h1" in answer.text


@pytest.mark.parametrize("page", PAGES[1:])
async def test_what_a_page_shows_comes_as_files_too(backend, page):
    headers = {"origin": "http://127.0.0.1:8000", "x-csrf-token": ""}
    shown = (await backend.client.get("/settings/people")).text
    headers["x-csrf-token"] = re.search('name="csrf" value="([0-9a-f]+)"', shown)[1]
    for path, body in (
        ("/api/v1/people/tokens", {"name": "=ci", "scopes": ["read"]}),
        ("/api/v1/people/app-keys", {"app": "shop", "origins": []}),
    ):
        await backend.client.post(path, json=body, headers=headers)
    found = re.findall(r'href="(/api/v1/people[^"]*)"', (await backend.client.get(f"/settings{page}")).text)
    if page == "/people":
        found = ["/api/v1/people", "/api/v1/people/people.csv"]  # nobody logs in here, so there is no table
    assert found
    for path in found:
        answer = await backend.client.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"].startswith("text/csv" if path.endswith(".csv") else "application/json")
        assert "\n=ci" not in answer.text
        assert ",=ci" not in answer.text
