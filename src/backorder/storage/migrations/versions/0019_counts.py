"""Indexes of lines by which PostgreSQL counts without a look into the table; SQLite has them as they are."""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the statements written out for PostgreSQL in the SQL file beside this one."""
    if op.get_bind().dialect.name == "postgresql":
        script = Path(__file__).with_suffix(".postgresql.sql").read_text(encoding="utf-8")
        for statement in script.split("-- next\n"):
            op.get_bind().execute(text(statement))
