"""A batch costs the same number of statements whatever its length, and however many lines wait."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from shop import NOW, announce, do, order, shop
from sqlalchemy import event

from backorder import commands
from backorder.kernel.calendars import moment_number
from backorder.storage.db import Database, Tx


@contextmanager
def counted(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The number of statements of every transaction."""
    seen: list[Tx] = []
    made = Tx.__init__

    def init(self: Tx, connection: object) -> None:
        made(self, connection)
        seen.append(self)

    monkeypatch.setattr(Tx, "__init__", init)
    numbers: list[int] = []
    yield numbers
    numbers.extend(tx.statements for tx in seen)
    monkeypatch.setattr(Tx, "__init__", made)


def _orders(db: Database, monkeypatch: pytest.MonkeyPatch, names: list[str]) -> int:
    batch = [
        commands.decode({"do": "place_order", "order": n, "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1}]})
        for n in names
    ]
    with counted(db, monkeypatch) as numbers:
        commands.run(db, moment_number(NOW), batch)
    return sum(numbers)


def test_placing_orders(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(db)
    announce(db, "PO-1", 1_000, "2026-12-07")
    one = _orders(db, monkeypatch, ["first"])
    many = _orders(db, monkeypatch, [f"o{n}" for n in range(500)])
    assert one == many <= 12


def test_a_receipt_serves_one_line_or_hundreds_with_at_most_twelve_statements(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop(db)
    announce(db, "PO-1", 1, "2026-12-07")
    announce(db, "PO-2", 600, "2026-12-08")
    order(db, "first")
    _orders(db, monkeypatch, [f"o{n}" for n in range(600)])
    with counted(db, monkeypatch) as numbers:
        do(db, "receive_supply", supply="PO-1", receipt="R", quantity=1)
        do(db, "receive_supply", supply="PO-2", receipt="R", quantity=600)
    assert numbers[0] <= 12 + 1  # the site's first units of the item: its stock is made, and waiting pegs move too
    assert numbers[1] <= 12


def test_five_hundred_lines_on_a_fresh_schema_are_quick_to_join(db: Database) -> None:
    """The trap of statistics on empty tables: nothing here runs ANALYZE, and foreign keys stay on their indexes."""
    shop(db)
    announce(db, "PO-1", 10_000, "2026-12-07")
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    lines = [{"line": str(n), "sku": "CHAIR", "quantity": 1} for n in range(512)]
    assert do(db, "place_order", order="big", lines=lines).outcome.value == "accepted"
    assert not any("ANALYZE" in statement.upper() for statement in statements)
    assert len(statements) < 20
