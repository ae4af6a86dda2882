"""The table of a line's states and moves is what the commands do."""

import pytest
from shop import announce, do, order, shop

from backorder.commands import WORDS
from backorder.kernel.orders import MEANING, MOVES, PLACES
from backorder.queries import check, show
from backorder.storage.db import Database

LINE = [{"line": "1", "quantity": 1}]
NAMED = sorted({command for move in MOVES.values() for command in move.named})
CALLS = {
    "ship": {"shipment": "S-9", "order": "ada", "lines": LINE},
    "cancel_line": {"order": "ada", "line": "1", "quantity": 1},
    "reverse_shipment": {"shipment": "S-1"},
}


def _line(db: Database, state: str) -> None:
    """A line of two units in a state."""
    shop(db)
    announce(db, "PO-1", 9, "2026-12-07")
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity={"waiting": 0, "part_ready": 1}.get(state, 2))
    order(db, "ada", 2)
    if state == "shipped":
        do(db, "ship", shipment="S-1", order="ada", lines=[{"line": "1", "quantity": 2}])
    if state == "cancelled":
        do(db, "cancel_line", order="ada", line="1")


@pytest.mark.parametrize("command", NAMED)
@pytest.mark.parametrize("state", MEANING)
def test_a_command_moves_units_where_the_table_says_so(state: str, command: str, db: Database) -> None:
    _line(db, state)
    view = show.line(db, "ada", "1", 0)
    assert view is not None
    assert view.state == state
    before = {place: getattr(view, place) for place in ("waiting", "allocated", "shipped", "cancelled")}
    assert {place for place in ("waiting", "allocated") if before[place]} == PLACES[state] - {"shipped"}
    done = do(db, command, **CALLS[command]).outcome.value in {"shipped", "cancelled", "changed"}
    moves = [move for move in MOVES.values() if command in move.named and move.source in PLACES[state]]
    assert done == bool(moves)
    view = show.line(db, "ada", "1", 0)
    assert view is not None
    moved = {place: getattr(view, place) - before[place] for place in before}
    if done:
        source = next(place for place, units in moved.items() if units < 0)
        target = next(place for place, units in moved.items() if units > 0)
        assert (source, target) in {move[:2] for move in moves}
    else:
        assert not any(moved.values())
    assert check.run(db) == []


def test_the_table_names_commands_and_states_that_there_are() -> None:
    assert set(NAMED) == set(CALLS) <= set(WORDS)
    assert set(PLACES) == set(MEANING)
