"""The backlog as it is loaded for a run agrees with what the engine makes of the same lines, after random commands."""

import pytest
from simulation.world import World
from state import apply

from backorder.kernel.backlog import Backlog
from backorder.kernel.calendars import NEVER, moment_number
from backorder.kernel.promises import active_lead_day, floor_of, line_dates
from backorder.storage import book as books
from backorder.storage.backlog import load_backlog
from backorder.storage.db import Database


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_columns_say_what_the_book_says(db: Database, seed: int) -> None:
    world = World(seed)
    apply(db, world.now, world.opening())
    for _ in range(160):
        command = world.command()
        world.heard(command, apply(db, world.now, [command])[0].outcome.value)
    now = moment_number(world.now)
    with db.read() as tx:
        snapshot = load_backlog(tx, now, allocated=True)
        loaded = books.load(tx, snapshot.backlog.sku.words, allocated=True, lock=False)
        narrow = load_backlog(tx, now, skus=["CHAIR"], allocated=True)
    book, found = loaded.book, snapshot.backlog
    book.set_clock(now)
    assert set(snapshot.keys) == {key for key, i in book.lines.index.items() if book.lines.open(i)}
    assert set(narrow.keys) <= set(snapshot.keys)
    assert {key for key in snapshot.keys if book.lines.sku[book.lines.index[key]] == "CHAIR"} <= set(narrow.keys)
    for row, key in enumerate(snapshot.keys):
        i = book.lines.index[key]
        assert found.need[row] == book.lines.waiting[i]
        assert found.floor[row] == floor_of(book, i)
        assert found.lead[row] == (active_lead_day(book, i) if book.lines.waiting[i] else NEVER)
        assert found.frozen[row] == int(book.lines.picked[i] > 0)
        named = book.supplies.supply
        held = {(named[s], day): units for (s, day), units in book.lines.pegs[i].items()}
        names = snapshot.book.supplies.supply
        assert {(names[s], day): units for (s, day), units in snapshot.holding[row].items()} == held
        due = line_dates(book, i)[0]
        promise = book.lines.promise[i]
        word = ("none", "late", "at_risk", "on_time")[found.state[row]]
        assert (word == "none") == (promise is None)
        assert (word == "late") == (promise is not None and due > promise)
        assert candidates(found, row, names) == [
            named[s] for s in book.candidates_of(book.lines.sku[i], book.lines.route[i])
        ]


def candidates(found: Backlog, row: int, names: list[str]) -> list[str]:
    """The supplies that may serve a row, in their order."""
    group = found.group[row]
    return [names[s] for s in found.supply.candidates[found.supply.first[group] : found.supply.first[group + 1]]]
