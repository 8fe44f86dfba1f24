"""Full-text search in explanations: FTS5 on SQLite, a GIN index over tsvector on PostgreSQL.

What a person types is words, never the syntax of a search language: every word must occur, or a longer one that begins
with it. Called by rooms that filter results by what their explanations say.
"""

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from otel_evals_backend.storage.database import Database, Engine

_WORDS: Final = 20
"""Words of a query that count."""
_FTS5: Final = text("SELECT rowid FROM texts_search WHERE texts_search MATCH :query ORDER BY rowid LIMIT :limit")
_TSVECTOR: Final = text(
    "SELECT id FROM texts WHERE to_tsvector('simple', text) @@ to_tsquery('simple', :query) ORDER BY id LIMIT :limit"
)


async def matching_texts(database: Database, connection: AsyncConnection, query: str, limit: int) -> list[int]:
    """Ids of at most `limit` texts that hold all words of `query`; none when it holds no word at all."""
    words = _words(query)
    if not words:
        return []
    if database.engine is Engine.SQLITE:
        statement, written = _FTS5, " ".join(f'"{word}" *' for word in words)
    else:
        statement, written = _TSVECTOR, " & ".join(f"'{word}':*" for word in words)
    rows: Any = await connection.execute(statement, {"query": written, "limit": limit})
    return [row[0] for row in rows]


def _words(query: str) -> list[str]:
    """The words, of letters and digits alone, as the databases' own tokenizers cut them."""
    spaced = "".join(character if character.isalnum() else " " for character in query)
    return spaced.split()[:_WORDS]
