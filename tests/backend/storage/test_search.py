import pytest

from otel_evals_backend.storage.database import put
from otel_evals_backend.storage.keys import name_key
from otel_evals_backend.storage.search import matching_texts
from otel_evals_backend.storage.tables import texts

TEXTS = (
    "The answer names a refund of 30 days.",
    "Die Antwort nennt eine Erstattung für Zürich.",
    "C3PO's (refund) OR NOT",
)


@pytest.fixture
async def find(backend):
    database = backend.context.database
    rows = [{"id": name_key(one), "text": one} for one in TEXTS]
    for _ in range(2):
        async with database.write() as connection:
            await put(connection, database.insert_new(texts), rows)

    async def found(query: str, limit: int = 10) -> set[int]:
        async with database.read() as connection:
            ids = await matching_texts(database, connection, query, limit)
        assert len(ids) == len(set(ids))
        return {position for position, row in enumerate(rows) if row["id"] in ids}

    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("refund", {0, 2}),
        ("REFUND days", {0}),
        ("refu", {0, 2}),
        ("zürich", {1}),
        ("30", {0}),
        ("nothing", set()),
        ("not", {2}),
        ("c3po's", {2}),
        ("(refund)", {0, 2}),
        ("", set()),
        ("  ", set()),
        ("***", set()),
    ],
)
async def test_all_words_must_occur_or_begin_a_word(find, query, expected):
    assert await find(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        '"', "'", "\\", '" OR "', "refund OR", "NEAR(", "text:refund", "refund*", "^refund", "-refund", "a AND",
        "'; DROP TABLE texts; --", "a:*", "a & b", "!a", "a <-> b", "\x00refund", "\ud800", "%", ")(", "+", "é" * 5000,
        "{a b}", "word " * 500,
    ],
)  # fmt: skip
async def test_words_are_never_a_syntax(find, query):
    assert await find(query) <= {0, 1, 2}


async def test_there_is_a_limit(find):
    assert len(await find("refund", 1)) == 1
