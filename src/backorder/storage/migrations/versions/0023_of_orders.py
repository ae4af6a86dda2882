"""The customer and the hold of an order on its lines, and in their indexes: lists are narrowed to both."""

from pathlib import Path

from alembic import op
from sqlalchemy import text

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the statements written out for this database in the SQL file beside this one."""
    script = Path(__file__).with_suffix(f".{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in script.split("-- next\n"):
        op.get_bind().execute(text(statement))
