"""Full-text search in explanations; labels that nobody can change or delete.

Only the texts of a label may be emptied, for someone who asks to be forgotten.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_KEPT = (
    "id", "item", "span", "day", "metric", "reviewer", "verdict", "blind", "purposive", "probability",
    "label_probability", "stratum", "evaluator", "rubric_version", "seconds", "kind", "request_key",
    "supersedes", "at_ns",
)  # fmt: skip
"""Columns of a label that hold no text of the reviewer."""

_SQLITE = (
    (
        "CREATE VIRTUAL TABLE texts_search USING fts5("
        "text, content='texts', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    ),
    (
        "CREATE TRIGGER texts_search_insert AFTER INSERT ON texts BEGIN "
        "INSERT INTO texts_search(rowid, text) VALUES (new.id, new.text); END"
    ),
    (
        "CREATE TRIGGER texts_search_delete AFTER DELETE ON texts BEGIN "
        "INSERT INTO texts_search(texts_search, rowid, text) VALUES ('delete', old.id, old.text); END"
    ),
    "INSERT INTO texts_search(texts_search) VALUES ('rebuild')",
    "CREATE TRIGGER labels_stay BEFORE DELETE ON labels BEGIN SELECT raise(ABORT, 'labels are never deleted'); END",
    (
        f"CREATE TRIGGER labels_stand BEFORE UPDATE ON labels WHEN "
        f"{' OR '.join(f'new.{c} IS NOT old.{c}' for c in _KEPT)} "
        "OR new.note NOT IN ('', old.note) OR new.corrected NOT IN ('', old.corrected) "
        "OR new.expected NOT IN ('{}', old.expected) BEGIN SELECT raise(ABORT, 'labels are never changed'); END"
    ),
)
_POSTGRESQL = (
    "CREATE INDEX texts_search ON texts USING gin (to_tsvector('simple', text))",
    (
        "CREATE FUNCTION labels_guard() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'labels are never changed or deleted'; END $$"
    ),
    "CREATE TRIGGER labels_stay BEFORE DELETE ON labels FOR EACH ROW EXECUTE FUNCTION labels_guard()",
    (
        "CREATE TRIGGER labels_stand BEFORE UPDATE ON labels FOR EACH ROW WHEN ("
        f"{' OR '.join(f'new.{c} IS DISTINCT FROM old.{c}' for c in _KEPT)} "
        "OR new.note NOT IN ('', old.note) OR new.corrected NOT IN ('', old.corrected) "
        "OR new.expected NOT IN ('{}', old.expected)) EXECUTE FUNCTION labels_guard()"
    ),
)


def upgrade() -> None:
    """Make the index of what is there, and the guards."""
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
