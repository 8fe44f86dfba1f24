"""What the API says of itself: complete, readable without scripts, and nothing that only pages can do."""

import re

import pytest
from fastapi.routing import iter_route_contexts

from otel_evals_backend.api.document import document, operations
from tests.backend.traffic import Call, send, traces

PAGES = {
    "/": "GET /api/v1/overview",
    "/overview.csv": "GET /api/v1/overview",
    "/overview/chart.json": "GET /api/v1/overview",
    "/overview/chart.csv": "GET /api/v1/overview",
    "/overview/chart.svg": "GET /api/v1/overview",
    "/overview/metrics.csv": "GET /api/v1/overview",
    "/review/flagged": "GET /api/v1/review/flagged",
    "/slices": "GET /api/v1/slices",
    "/slices.csv": "GET /api/v1/slices",
    "/evaluations": "GET /api/v1/spans",
    "/evaluations.csv": "GET /api/v1/spans",
    "/spans/{trace_id}/{span_id}": "GET /api/v1/spans/{trace_id}/{span_id}",
    "/spans/{trace_id}/{span_id}/show": "POST /api/v1/spans/{trace_id}/{span_id}/show",
    "/views": "POST /api/v1/views",
    "/views/{id}": "GET /api/v1/views",
    "/views/{id}/delete": "DELETE /api/v1/views/{id}",
    "/review": "GET /api/v1/review/queue",
    "/review/me": "GET /api/v1/review/me",
    "/review/next": "POST /api/v1/review/next",
    "/review/pick": "POST /api/v1/review/pick",
    "/review/{item_id}": "GET /api/v1/review/items/{item_id}",
    "/review/{item_id}/{action}": "POST /api/v1/review/items/{item_id}/{action}",
    "/cases": "GET /api/v1/cases",
    "/cases/import": "POST /api/v1/cases/imports",
    "/cases/import/{upload}": "POST /api/v1/cases/imports",
    "/cases/{case_id}": "GET /api/v1/cases/{case_id}",
    "/cases/{case_id}/retire": "POST /api/v1/cases/{case_id}/retire",
    "/cases/{case_id}/restore": "POST /api/v1/cases/{case_id}/restore",
    "/settings/people": "GET /api/v1/people",
    "/settings/tokens": "GET /api/v1/people/tokens",
    "/settings/app-keys": "GET /api/v1/people/app-keys",
    "/settings/audit": "GET /api/v1/people/audit",
    "/settings/kept": "GET /api/v1/people/kept",
}
"""Page, and the operation that gives the same data or does the same."""


@pytest.fixture
async def described(backend):
    answer = await backend.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def named(found):
    return {f"{method.upper()} {path}" for path, method, _ in operations(found)}


async def test_each_operation_says_what_it_does_who_may_and_how_it_refuses(described):
    for path, method, operation in operations(described):
        where = f"{method} {path}"
        assert operation.get("summary"), where
        assert operation.get("description"), where
        assert operation.get("tags"), where
        assert {"400", "401", "403", "503"} <= set(operation["responses"]), where
        if path.startswith("/api/v1/"):
            assert operation["security"] == [{"session": []}, {"token": []}], where
        for status, answer in operation["responses"].items():
            assert answer["description"], f"{where} {status}"
            if status[0] in "45":
                assert list(answer["content"]) == ["application/problem+json"], f"{where} {status}"


async def test_texts_and_numbers_of_parameters_have_bounds(described):
    free = []
    for path, method, operation in operations(described):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            parts = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
            for one in parts:
                bounded = one.keys() & {"maxLength", "maximum", "enum", "pattern", "$ref", "const"}
                if one.get("type") in ("string", "integer") and not bounded:
                    free.append(f"{method} {path} {parameter['name']}")
    assert free == []


async def test_lists_that_go_on_have_a_cursor_and_a_bounded_limit(described):
    for path, method, operation in operations(described):
        parameters = {one["name"]: one["schema"] for one in operation.get("parameters", ())}
        if "limit" in parameters:
            assert 1 <= parameters["limit"]["minimum"] <= parameters["limit"]["maximum"] <= 1000, f"{method} {path}"
            assert {"cursor", "before"} & parameters.keys(), f"{method} {path}"


async def test_what_a_page_shows_the_api_gives(backend, described):
    api = named(described)
    for page, operation in PAGES.items():
        if "{action}" not in operation:
            assert operation in api, page
    pages = {
        route.path
        for route in iter_route_contexts(backend.app.routes)
        if re.match(r"/($|overview|slices|evaluations|spans|views|review|cases)", route.path or "")
    }
    actions = re.compile(r"/review/\{item_id\}/(label|skip|flag|take|release|drop|reopen)")
    missing = {path for path in pages if path not in PAGES and not actions.fullmatch(path)}
    # Followed by people alone, or the same as an operation under another name.
    assert missing <= {"/review/unskip"}, missing


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/v1/none", 404), ("/api/v1/cases?limit=0", 422), ("/api/v1/cases?cursor=x", 422),
     ("/api/v1/spans/00/00", 404), ("/api/v1/overview?range=1y", 422)],
)  # fmt: skip
async def test_errors_have_one_form(backend, path, status):
    answer = await backend.client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert set(found) == {"type", "title", "status", "detail", "errors"}
    assert found["status"] == status
    assert found["detail"]


async def test_a_foreign_host_and_a_wrong_method_are_told_in_the_same_form(backend):
    for answer in (
        await backend.client.get("/api/v1/cases", headers={"host": "evil.example"}),
        await backend.client.patch("/api/v1/cases"),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


async def test_who_opened_a_page_is_told_in_a_page(backend):
    answer = await backend.client.get("/evaluations?range=<b>", headers={"accept": "text/html,*/*"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h2>Unprocessable" in answer.text
    assert "<b>" not in answer.text.split("<main")[1]


async def test_the_database_being_away_is_503_and_says_when_to_ask_again(backend, monkeypatch):
    from otel_evals.records.errors import Unavailable  # noqa: PLC0415 - here alone

    def away(*_args, **_more):
        raise Unavailable("secret words of the driver", retry_after=3.0)

    monkeypatch.setattr(backend.context.database, "read", away)
    answer = await backend.client.get("/api/v1/cases")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
    assert "secret" not in answer.text


async def test_the_page_describes_every_operation_and_object_without_scripts(backend, described):
    page = (await backend.client.get("/api/v1/docs")).text
    for path, method, operation in operations(described):
        assert f'id="{operation["operationId"]}"' in page, f"{method} {path}"
    for name in described["components"]["schemas"]:
        assert f'id="{name}"' in page, name
    assert "cdn" not in page.lower()
    assert re.findall(r'(?:src|href)="(https?:[^"]+)"', page) == []


async def test_the_description_is_the_same_twice_and_without_names_of_modules(backend):
    assert document(backend.app) is document(backend.app)
    assert "otel_evals_backend__" not in (await backend.client.get("/api/v1/openapi.json")).text


async def test_ids_of_operations_differ(described):
    ids = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(ids) == len(set(ids))


async def test_lists_answer_with_rows(backend):
    await send(backend, traces(Call()))
    assert (await backend.client.get("/api/v1/spans")).json()["items"]
