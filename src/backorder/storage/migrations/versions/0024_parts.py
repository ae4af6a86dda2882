"""Indexes of what the audit trail is narrowed to, and of the parts of a plan."""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run the statements written out in the SQL file beside this one, the same for both databases."""
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in script.split("-- next\n"):
        op.get_bind().execute(text(statement))
