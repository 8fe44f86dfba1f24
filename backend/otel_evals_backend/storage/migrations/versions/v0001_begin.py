"""The first schema."""

from alembic import op

from otel_evals_backend.storage.tables import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    METADATA.create_all(op.get_bind())
