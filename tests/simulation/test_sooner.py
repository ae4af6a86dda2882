"""What would bring a line sooner really does: every change that an explanation names, carried out on the whole shop.

Explanations load a few lines; here all of the item's lines, and those joined to them, take part in the pass.
"""

import random
from datetime import timedelta

import pytest
from simulation.test_whatif import everything, live
from simulation.world import World
from sqlalchemy import select
from state import apply

from backorder.kernel.calendars import NEVER, day_number, moment_number
from backorder.kernel.columns import STOCK, Book
from backorder.kernel.livepass import live_pass, with_their_orders
from backorder.kernel.promises import Why, line_dates, release_floor_of
from backorder.kernel.ranking import live_order
from backorder.kernel.slips import expect
from backorder.queries import explain
from backorder.queries.sooner import Change, Sooner
from backorder.storage import book as books
from backorder.storage import tables as t
from backorder.storage.db import Database

SEEDS, ROUNDS, ASKED = 6, 6, 12


def whole(db: Database, now: int) -> Book:
    """Every line and every supply."""
    with db.read() as tx:
        skus = [row[0] for row in tx.fetch(select(t.items.c.sku))]
        book = books.load(tx, skus, lock=False).book
    book.set_clock(now)
    return book


def reached(book: Book, i: int) -> int:
    return max(line_dates(book, j)[0] for j in with_their_orders(book, [i]) if book.lines.open(j))


def carried_out(book: Book, i: int, j: int, change: Change) -> dict[str, int]:
    """The change, done to the whole book by its words alone; the days of those who gave something."""
    lines, supplies = book.lines, book.supplies
    sku, givers = lines.sku[j], {}
    if change.kind == "pulled_in":
        assert change.day is not None
        s = supplies.index[change.supply or ""]
        assert supplies.available_on[s] - day_number(change.day) == change.days
        expect(book, [s], day_number(change.day))
    elif change.kind == "more":
        assert change.day is not None
        book.add_supply("more", "purchase", sku, change.site or "", change.units, day_number(change.day), 1)
    else:
        for giver in change.from_lines:
            k = lines.index[giver.order, giver.line]
            givers[giver.order, giver.line] = k
            swap(book, j, k, giver.units, day_number(change.ships_on))
    live_pass(book, [sku], Why("reallocated"), also=[j, *givers.values()])
    return {key: line_dates(book, k)[0] for key, k in givers.items()}


def swap(book: Book, j: int, k: int, units: int, by: int) -> None:
    """Units of line k that make the day for those of line j that do not."""
    lines, supplies = book.lines, book.supplies
    released = release_floor_of(book, lines.sku[j], lines.route[j])
    for s, day in sorted(lines.pegs[k], key=lambda key: (-key[1], key[0])):
        usable = supplies.kind[s] != STOCK and supplies.site[s] in lines.route[j]
        while units and usable and max(supplies.day[s], released) <= by and lines.pegs[k].get((s, day)):
            lines.pegs[k][s, day] -= 1
            if not lines.pegs[k][s, day]:
                del lines.pegs[k][s, day]
            inbound = [key for key in lines.pegs[j] if supplies.kind[key[0]] != STOCK]
            covered = sum(lines.pegs[j][key] for key in inbound)
            mine = s, max(supplies.day[s], released)
            if lines.waiting[j] == covered:
                last = max(inbound, key=lambda key: (key[1], -key[0]))
                lines.pegs[j][last] -= 1
                if not lines.pegs[j][last]:
                    del lines.pegs[j][last]
                if supplies.site[last[0]] in lines.route[k]:
                    theirs = last[0], max(supplies.day[last[0]], release_floor_of(book, lines.sku[k], lines.route[k]))
                    lines.pegs[k][theirs] = lines.pegs[k].get(theirs, 0) + 1
                else:
                    supplies.free[last[0]] += 1
            lines.pegs[j][mine] = lines.pegs[j].get(mine, 0) + 1
            units -= 1
    assert not units


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_what_would_bring_a_line_sooner_does(seed: int, db: Database) -> None:
    world, chance = World(seed), random.Random(seed)
    apply(db, world.now, world.opening())
    kinds = set()
    for _ in range(ROUNDS):
        live(db, world, 40)
        now = moment_number(world.now)
        apply(db, world.now, [{"do": "advance", "to": (world.now + timedelta(seconds=1)).isoformat()}])
        now += 1_000_000
        before = everything(db)
        book = whole(db, now)
        waiting = [i for i in range(len(book.lines.order)) if book.lines.waiting[i]]
        for i in chance.sample(waiting, min(ASKED, len(waiting))):
            earlier = chance.choice((None, None, 1, 3, 9))
            kinds |= judged(db, now, i, book, earlier, f"seed {seed}, at {world.now}")
        check_order(db, now, book)
        assert everything(db) == before
    assert kinds


def judged(db: Database, now: int, i: int, book: Book, earlier: int | None, where: str) -> set[str]:
    """Every change of an explanation against the whole; the kinds there were."""
    order, line = book.lines.order[i], book.lines.line[i]
    told = explain.line(db, order, line, now, earlier=earlier)
    assert told is not None
    sooner: Sooner = told.sooner
    where = f"{where}: {order} {line}, {earlier} earlier: {sooner}"
    assert (sooner.reason is None) == bool(sooner.changes), where
    now_day = reached(book, i)
    assert sooner.from_day is None or day_number(sooner.from_day) == now_day, where
    for change in sooner.changes:
        assert sooner.by is not None
        asked = day_number(sooner.by)
        assert day_number(change.ships_on) <= asked < now_day, where
        tried = whole(db, now)
        j = tried.lines.index[order, sooner.decides or line]
        k = tried.lines.index[order, line]
        after = carried_out(tried, k, j, change)
        assert reached(tried, k) <= asked, f"{where}: {change}"
        for giver in change.from_lines:
            said = NEVER if giver.would_ship_on is None else day_number(giver.would_ship_on)
            assert after[giver.order, giver.line] <= said, f"{where}: {change}"
        if change.kind == "pulled_in" and (change.days or 0) > 1:
            less = whole(db, now)
            expect(less, [less.supplies.index[change.supply or ""]], day_number(change.day) + 1)
            live_pass(less, [less.lines.sku[j]], Why("rescheduled"))
            assert reached(less, k) > asked, f"{where}: a day less does it too: {change}"
        if change.kind == "more" and change.units > 1:
            less = whole(db, now)
            few = change.units - 1
            less.add_supply("more", "purchase", less.lines.sku[j], change.site or "", few, day_number(change.day), 1)
            live_pass(less, [less.lines.sku[j]], Why("announced"))
            assert reached(less, k) > asked, f"{where}: a unit less does it too: {change}"
    return {change.kind for change in sooner.changes}


def check_order(db: Database, now: int, book: Book) -> None:
    """Who stands before a line, by which key, is what the kernel's ranking says."""
    lines = book.lines
    for sku in book.items:
        ranked = live_order(lines, [i for i in book.lines_of_item.get(sku, ()) if lines.waiting[i]])
        for place, i in enumerate(ranked):
            if place % 3:
                continue
            told = explain.line(db, lines.order[i], lines.line[i], now)
            assert told is not None
            queue = told.queue
            assert (queue.lines_before, queue.lines_behind) == (place, len(ranked) - place - 1)
            assert queue.units_before == sum(lines.waiting[k] for k in ranked[:place])
            nearest = [(lines.order[k], lines.line[k]) for k in reversed(ranked[max(0, place - 5) : place])]
            assert [(before.order, before.line) for before in queue.nearest] == nearest
            for before in queue.nearest:
                assert before.key == first_key(book, lines.index[before.order, before.line], i)
            assert sum(by.lines for by in queue.by) == place


def first_key(book: Book, i: int, j: int) -> str:
    lines = book.lines
    pairs = (
        ("promise", lines.promise[i] or NEVER, lines.promise[j] or NEVER),
        ("priority", -lines.priority[i], -lines.priority[j]),
        ("placed_at", lines.placed_at[i], lines.placed_at[j]),
        ("order", lines.order[i], lines.order[j]),
        ("line", lines.position[i], lines.position[j]),
    )
    return next(key for key, one, other in pairs if one != other)
