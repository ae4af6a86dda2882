"""Many clients at once: nothing is oversold, nothing is left unsold, every command id is applied once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from shop import announce, do, order, shop

from backorder.kernel.outcomes import Word
from backorder.queries import check, show
from backorder.storage import lines as line_storage
from backorder.storage.db import Database, Tx

CLIENTS = 200


def test_two_hundred_clients_want_the_last_ten(db: Database) -> None:
    shop(db, selling="stock_only")
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=10)
    with ThreadPoolExecutor(CLIENTS) as clients:
        outcomes = list(clients.map(lambda n: order(db, f"O{n:03d}"), range(CLIENTS)))
    words = [outcome.outcome for outcome in outcomes]
    assert words.count(Word.ACCEPTED) == 10
    assert words.count(Word.OUT_OF_STOCK) == CLIENTS - 10
    assert show.item(db, "CHAIR").free == 0
    assert check.run(db) == []


def test_the_same_order_sent_at_once_is_placed_once(db: Database) -> None:
    shop(db)
    announce(db, "PO-1", 100, "2026-12-07")
    with ThreadPoolExecutor(20) as clients:
        outcomes = list(clients.map(lambda _: order(db, "SAME", id="same"), range(20)))
    assert {outcome.outcome for outcome in outcomes} == {Word.ACCEPTED}
    assert len({outcome.lines[0].promise for outcome in outcomes}) == 1
    assert show.item(db, "CHAIR").waiting == 1


@pytest.mark.parametrize("rounds", [3])
def test_orders_receipts_and_cancellations_cross(db: Database, rounds: int) -> None:
    skus = [f"S{n}" for n in range(6)]
    shop(db, skus)
    for n, sku in enumerate(skus):
        announce(db, f"P-{sku}", 60, f"2026-12-{7 + n:02d}", sku)

    def client(n: int) -> None:
        mine = [skus[n % 6], skus[(n * 5 + 1) % 6]]
        lines = [{"line": str(i), "sku": sku, "quantity": 1 + n % 3} for i, sku in enumerate(mine)]
        do(db, "place_order", order=f"O{n}", lines=lines, ship="complete" if n % 4 == 0 else "when_ready")
        if n % 3 == 0:
            do(db, "receive_supply", supply=f"P-{mine[0]}", receipt=f"R{n}", quantity=2)
        if n % 5 == 0:
            do(db, "cancel_line", order=f"O{n - 5}", line="0")

    with ThreadPoolExecutor(16) as clients:
        list(clients.map(client, range(40 * rounds)))
    assert check.run(db) == []


def test_no_line_joins_an_order_that_goes_on_hold_meanwhile(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shop(db)
    announce(db, "PO-1", 9, "2026-12-07")
    order(db, "ada")
    read = line_storage.load_orders

    def held_meanwhile(tx: Tx, names: Sequence[str]) -> dict[str, line_storage.Order]:
        """What the command reads; before it has locked the items, somebody else puts the order on hold."""
        monkeypatch.undo()
        found = read(tx, names)
        if tx.dialect == "postgresql":
            do(db, "hold_order", order="ada", kind="fraud")
        return found

    if db.dialect == "sqlite":  # one transaction writes at a time: the hold comes before the read
        do(db, "hold_order", order="ada", kind="fraud")
    monkeypatch.setattr(line_storage, "load_orders", held_meanwhile)
    more = do(db, "add_lines", order="ada", lines=[{"line": "2", "sku": "CHAIR", "quantity": 1}])
    assert more.outcome == Word.HELD
    assert check.run(db) == []
