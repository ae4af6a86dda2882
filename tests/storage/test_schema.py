"""The tables as they are made: by migrations equal to the declared ones, refusing what breaks an invariant."""

from pathlib import Path

import pytest
from shop import announce, do, order, shop
from sqlalchemy import text
from state import state

from backorder.kernel.errors import Conflict, StorageError
from backorder.queries import check
from backorder.queries.outbox import list_messages
from backorder.storage.db import VERSION, Database, connect, open_database
from backorder.storage.migrate import newest, upgrade
from backorder.storage.tables import metadata

POSTGRESQL_CATALOGUE = {
    "columns": """SELECT table_name, column_name, data_type, is_nullable, collation_name, ordinal_position
                  FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
                      WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "triggers": """SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1""",
}
SQLITE_CATALOGUE = {"all": "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"}


def _catalogue(engine) -> dict:
    queries = POSTGRESQL_CATALOGUE if engine.dialect.name == "postgresql" else SQLITE_CATALOGUE
    with engine.connect() as connection:
        found = {}
        for name, query in queries.items():
            rows = [tuple(row) for row in connection.execute(text(query))]
            rows = [tuple(" ".join(str(cell).replace('"', "").split()) for cell in row) for row in rows]
            found[name] = [row for row in rows if not any("alembic_version" in cell for cell in row)]
        return found


def test_migrations_end_at_the_declared_tables(url: str, tmp_path: Path) -> None:
    migrated = connect(url)
    found = _catalogue(migrated)
    if migrated.dialect.name == "sqlite":
        declared = connect(str(tmp_path / "declared.db"))
    else:
        declared = migrated
        with declared.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    metadata.create_all(declared)
    assert _catalogue(declared) == found
    declared.dispose()
    migrated.dispose()


def test_the_program_knows_its_newest_migration() -> None:
    assert newest() == VERSION


def test_upgrading_twice_changes_nothing(url: str) -> None:
    upgrade(url)
    open_database(url).close()


def test_a_database_of_another_version_is_refused_with_the_way_out(url: str) -> None:
    engine = connect(url)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageError, match=r"version 9999.*backorder init"):
        open_database(url)


def test_places_that_are_no_database_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="run `backorder init` first"):
        open_database(str(tmp_path / "none.db"))
    with pytest.raises(StorageError, match="no folder"):
        upgrade(str(tmp_path / "no" / "folder.db"))
    with pytest.raises(StorageError, match="use sqlite or postgresql"):
        open_database("mysql://localhost/x")
    with pytest.raises(StorageError, match=r"127\.0\.0\.1"):
        open_database("postgresql://127.0.0.1:1/x")
    with pytest.raises(StorageError, match="cannot be made or upgraded: unable to open"):
        upgrade(str(tmp_path))
    empty = tmp_path / "empty.db"
    empty.write_bytes(b"")
    with pytest.raises(StorageError, match="no Backorder database yet"):
        open_database(str(empty))
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(StorageError, match="not a SQLite database"):
        open_database(str(garbage))


REFUSED = {
    "overselling stock": "UPDATE supplies SET pegged = quantity + 1 WHERE supply = 'stock/MAIN/CHAIR'",
    "overselling inbound supply": "UPDATE supplies SET pegged = 99 WHERE supply = 'PO-1'",
    "units that come from nowhere": "UPDATE lines SET allocated = allocated + 1",
    "negative units": "UPDATE lines SET waiting = -1, quantity = quantity - 1 - waiting",
    "covering more than waits": "UPDATE lines SET covered = waiting + 1",
    "picking more than is allocated": "UPDATE lines SET picked = allocated + 1",
    "stock that differs from its ledger": "UPDATE supplies SET quantity = quantity + 1 WHERE supply LIKE 'stock/%'",
    "a peg to nothing": "UPDATE pegs SET supply = 'NOTHING'",
    "an empty peg": "UPDATE pegs SET quantity = 0",
    "pinning more than stands there": "UPDATE pegs SET pinned = quantity + 1",
    "a rewritten promise": "UPDATE promises SET to_day = from_day",
    "a forgotten promise": "DELETE FROM promises",
    "a rewritten stock move": "UPDATE stock_moves SET reference = 'x'",
    "a forgotten stock move": "DELETE FROM stock_moves",
    "a forgotten receipt": "DELETE FROM receipts",
    "a way of selling that is none": "UPDATE items SET selling = 'maybe'",
    "a part order that ships whole": "UPDATE orders SET ship = 'complete', accept = 'lines'",
}


@pytest.mark.parametrize("trouble", REFUSED)
def test_the_schema_itself_refuses(db: Database, trouble: str) -> None:
    shop(db)
    announce(db, "PO-0", 3, "2026-12-02")
    announce(db, "PO-1", 5, "2026-12-07")
    do(db, "receive_supply", supply="PO-0", receipt="R", quantity=3)
    order(db, "ada", 5)
    with pytest.raises((Conflict, StorageError)), db.write() as tx:
        tx.fetch(text(REFUSED[trouble] + (" RETURNING 1" if "FROM" not in REFUSED[trouble] else "")))


BEFORE = """
INSERT INTO sites VALUES ('MAIN', NULL, 'UTC', NULL, NULL, 0, 'mon,tue,wed,thu,fri', '', '[]', '{}');
INSERT INTO items (sku, selling, coverage, safety_stock, substitutes) VALUES ('CHAIR', 'backorder', 'inbound', 0, '[]');
INSERT INTO supplies (supply, kind, sku, site, quantity, received, cancelled, pegged, expected_on, available_on,
  confirmed, moves) VALUES ('PO-1', 'purchase', 'CHAIR', 'MAIN', 9, 2, 0, 3, '2026-12-07', '2026-12-07', 0, NULL);
INSERT INTO supplies (supply, kind, sku, site, quantity, received, cancelled, pegged, confirmed, moves)
  VALUES ('stock/MAIN/CHAIR', 'stock', 'CHAIR', 'MAIN', 2, 0, 0, 1, 1, 1);
INSERT INTO stock_moves VALUES ('stock/MAIN/CHAIR', 1, '2026-12-01T09:00:00.000000Z', 2, 0, 2, NULL, 'receipt',
  'PO-1 R');
INSERT INTO receipts VALUES ('PO-1', 'R', '2026-12-01T09:00:00.000000Z', 2, 0);
INSERT INTO orders VALUES ('ada', NULL, 'web', 0, '2026-11-30T09:00:00.000000Z', NULL, 'when_ready', 'order', NULL,
  NULL, NULL, '[]', NULL, 0, 0, 0, 0, '[]', 'f');
INSERT INTO lines VALUES ('ada', '1', 0, 'CHAIR', 5, 3, 1, 0, 1, 3, 0, NULL, NULL, NULL, NULL, '2026-12-07',
  '2026-12-07', 1, 1, '[]');
INSERT INTO pegs VALUES ('ada', '1', 'PO-1', '2026-12-07', 3), ('ada', '1', 'stock/MAIN/CHAIR', '2026-12-01', 1);
INSERT INTO promises VALUES ('ada', '1', 1, '2026-11-30T09:00:00.000000Z', NULL, '2026-12-07', 'placed',
  'inbound', 'PO-1');
INSERT INTO cancellations VALUES ('ada', '1', 1, '2026-12-01T09:00:00.000000Z', 1, 'less', 'customer')
"""


@pytest.fixture
def old(url: str, tmp_path: Path) -> str:
    """A database of version 0001 with rows."""
    if "://" in url:
        engine = connect(url)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
    place = url if "://" in url else str(tmp_path / "old.db")
    upgrade(place, "0001")
    engine = connect(place)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        for statement in BEFORE.split(";\n"):
            connection.exec_driver_sql(statement.strip())
    engine.dispose()
    return place


def test_a_database_of_the_first_version_is_upgraded_with_what_it_holds(old: str) -> None:
    with pytest.raises(StorageError, match=r"version 0001.*backorder init"):
        open_database(old)
    upgrade(old)
    db = open_database(old)
    assert check.run(db) == []
    lines = state(db)["lines"]
    assert lines["ada", "1"][:4] == (3, 1, 0, 1)
    assert do(db, "receive_supply", supply="PO-1", receipt="R2", quantity=7).outcome.value == "received"
    assert do(db, "change_line", order="ada", line="1", quantity=3).outcome.value == "changed"
    with pytest.raises((Conflict, StorageError)), db.write() as tx:
        tx.fetch(text("UPDATE cancellations SET quantity = 2 RETURNING 1"))
    assert check.run(db) == []
    db.close()


def test_an_upgrade_that_fails_leaves_the_version_before(old: str) -> None:
    engine = connect(old)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        connection.execute(text("CREATE TABLE holds (none_of_it INTEGER)"))  # in the way of the new version's table
    with pytest.raises(StorageError, match="cannot be made or upgraded"):
        upgrade(old)
    with pytest.raises(StorageError, match="version 0001"):
        open_database(old)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        assert connection.execute(text("SELECT reason FROM cancellations")).scalar() == "less"
        connection.execute(text("DROP TABLE holds"))
    engine.dispose()
    upgrade(old)
    open_database(old).close()


def test_messages_of_an_older_version_wait_in_their_lines(
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path / "old.db") if "://" not in url else str(request.getfixturevalue("empty_postgresql_url"))
    upgrade(place, "0004")
    engine = connect(place)
    with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
        at = "'2026-12-01T09:00:00.000000Z'"
        connection.execute(text(f"INSERT INTO feeds VALUES ('journal', 5, {at})"))
        for n, subject in enumerate("ABABA", start=1):
            state, ended = ("sent", at) if n == 1 else ("waiting", "NULL")
            connection.execute(
                text(f"INSERT INTO events (n, at, kind, subject, data) VALUES ({n}, {at}, 'x', '{subject}', '')")
            )
            values = f"{n}, 'journal', '{subject}', '{state}', {at}, 0, 0, {ended}"
            columns = "event, sender, subject, state, due_at, attempts, claim, ended_at"
            connection.execute(text(f"INSERT INTO outbox ({columns}) VALUES ({values})"))
    engine.dispose()
    upgrade(place)
    db = open_database(place)
    assert [(row.event, row.due_at is not None) for row in list_messages(db)] == [
        (1, True),
        (2, True),
        (3, True),
        (4, False),
        (5, False),
    ]
    db.close()
