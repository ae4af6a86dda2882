"""Write out the statements that make the tables of `tables.py` from nothing: the draft of a first migration.

python tools/draft_migration.py sqlite > src/backorder/storage/migrations/versions/NAME.sqlite.sql
"""

import sys

from sqlalchemy import create_mock_engine

from backorder.storage.tables import metadata


def main(dialect: str) -> None:
    """Print the statements for a dialect, parted by a line `-- next`."""
    statements: list[str] = []
    url = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}[dialect]
    engine = create_mock_engine(url, lambda sql, *_, **__: statements.append(str(sql.compile(dialect=engine.dialect))))
    metadata.create_all(engine, checkfirst=False)
    clean = ("\n".join(line.rstrip() for line in text.strip().splitlines()) for text in statements)
    print("\n-- next\n".join(text.replace("\t", "  ").replace("%%", "%") for text in clean))


if __name__ == "__main__":
    main(sys.argv[1])
