"""The script of the README in a page of another origin: it may report, and a page of a stranger may not."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from tests.docs.conftest import blocks

(SCRIPT,) = [block.text for block in blocks("js") if "/v1/feedback" in block.text]


@pytest.fixture
def shop():
    """An application's page, on an origin of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Shop</title>")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def key_for(server, origin):
    with httpx2.Client(base_url=server.address) as client:
        made = client.post("/api/v1/people/app-keys", json={"app": "shop", "origins": [origin]})
        assert made.status_code in (200, 201), made.text
        return made.json()["id"]


def lists(server):
    with httpx2.Client(base_url=server.address) as client:
        return client.get("/api/v1/feedback").json()["feedback"]


def report(page, server, key, signal):
    script = SCRIPT.replace("https://evals.example.com", server.address).replace("oepk_YOUR_KEY", key)
    return page.evaluate(
        "async ([script, signal]) => {"
        "  const { feedback } = await import(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })));"
        "  const answer = await feedback(signal, { response_id: 'from-a-page' });"
        "  return answer === undefined ? null : [answer.status, await answer.json()];"
        "}",
        [script, signal],
    )


def test_a_page_of_a_named_origin_reports_and_others_cannot(chromium, empty_server, shop):
    key = key_for(empty_server, shop)
    page = chromium.new_page()
    page.goto(shop)
    status, answer = report(page, empty_server, key, "thumbs_down")
    assert (status, answer["feedback"][0]["joined"]) == (202, False)
    page.evaluate(
        "([url, body]) => navigator.sendBeacon(url, body)",
        [f"{empty_server.address}/v1/feedback", f'{{"signal":"abandon","response_id":"beacon","key":"{key}"}}'],
    )
    heard = []
    while len(heard) < 2:  # the page does not learn when its beacon has arrived
        page.wait_for_timeout(20)
        heard = lists(empty_server)
    page.goto(shop.replace("127.0.0.1", "localhost"))
    assert report(page, empty_server, key, "copy") is None
    page.close()
    assert sorted((one["signal"], one["source"]) for one in lists(empty_server)) == [
        ("abandon", f"key:{key}"), ("thumbs_down", f"key:{key}"),
    ]  # fmt: skip
