import pytest

PAGES = ("", "/people", "/tokens", "/app-keys", "/kept", "/audit")


@pytest.mark.parametrize("page", PAGES)
async def test_each_page_of_settings_is_shown(backend, page):
    answer = await backend.client.get(f"/settings{page}")
    assert answer.status_code == 200
    assert "<h1" in answer.text
