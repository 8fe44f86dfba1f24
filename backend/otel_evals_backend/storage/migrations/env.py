"""Alembic's environment: it works on the connection that `storage.migrate` hands over, in its transaction."""

from alembic import context

from otel_evals_backend.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, transaction_per_migration=False
)
context.run_migrations()
