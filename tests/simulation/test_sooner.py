"""What would bring a line sooner really does: every change that an explanation names, carried out on the whole shop.

Explanations load a few lines; here all of the item's lines, and those joined to them, take part in the pass.
"""

import random
from datetime import timedelta

import pytest
from simulation.test_whatif import everything, live
from simulation.world import START, World
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
        lines = book.lines
        waiting = sorted(
            (i for i, units in enumerate(lines.waiting) if units), key=lambda i: (lines.order[i], lines.line[i])
        )
        for i in chance.sample(waiting, min(ASKED, len(waiting))):
            earlier = chance.choice((None, None, 1, 3, 9))
            kinds |= judged(db, now, i, book, earlier, f"seed {seed}, at {world.now}")
        check_order(db, now, book)
        check_gained(db, now, book)
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
    return {change.kind for change in sooner.changes}


@pytest.mark.parametrize("seed", range(1, 5))
def test_where_goods_are_alike_to_all_nothing_smaller_does(seed: int, db: Database) -> None:
    """One site, orders that ship when ready and as soon as they can."""
    chance = random.Random(seed)
    days = [f"2026-12-{day:02d}" for day in (7, 9, 14, 18, 23)]
    batch: list[dict] = [{"do": "put_site", "site": "MAIN"}, {"do": "put_item", "sku": "CHAIR"}]
    for n, day in enumerate(days):
        said = {"sku": "CHAIR", "site": "MAIN", "quantity": chance.randint(8, 20), "expected_on": day}
        batch.append({"do": "announce_supply", "supply": f"PO-{n}", **said})
    for n in range(18):
        lines = [{"line": "1", "sku": "CHAIR", "quantity": chance.randint(1, 6)}]
        batch.append({"do": "place_order", "order": f"O{n:02d}", "priority": chance.randint(0, 2), "lines": lines})
    apply(db, START, batch)
    for supply in ("PO-1", "PO-3"):
        day = f"2026-12-{chance.randint(10, 31)}"
        apply(db, START, [{"do": "reschedule_supply", "supply": supply, "expected_on": day}])
    now, kinds = moment_number(START), set()
    book = whole(db, now)
    for order, units in zip(book.lines.order, book.lines.waiting, strict=True):
        for earlier in (None, 1, 5) if units else ():
            told = explain.line(db, order, "1", now, earlier=earlier)
            assert told is not None
            for change in told.sooner.changes:
                kinds.add(change.kind)
                smaller(db, now, order, day_number(told.sooner.by), change)
    assert kinds == {"pulled_in", "more", "moved"}


def smaller(db: Database, now: int, order: str, asked: int, change: Change) -> None:
    """A day less, a unit less, do not bring the order's line by the day."""
    if change.kind == "moved" or change.day is None:
        return
    less, day = whole(db, now), day_number(change.day)
    if change.kind == "pulled_in":
        expect(less, [less.supplies.index[change.supply or ""]], day + 1)
    elif change.units > 1:
        less.add_supply("more", "purchase", "CHAIR", "MAIN", change.units - 1, day, 1)
    live_pass(less, ["CHAIR"], Why("announced"))
    assert reached(less, less.lines.index[order, "1"]) > asked, change


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


def check_gained(db: Database, now: int, book: Book) -> None:
    """Who gained by what moved a line, from the ledger by hand."""
    p, alike = t.promises, {"stock_loss": "counted", "adjusted": "counted", "lead_time": "overdue"}
    columns = (p.c.order_id, p.c.line, p.c.n, p.c.at, p.c.from_day, p.c.to_day, p.c.cause, p.c.supply)
    with db.read() as tx:
        ledger = [*tx.fetch(select(*columns))]
        sold = {(row[0], row[1]): row[2] for row in tx.fetch(select(t.lines.c.order_id, t.lines.c.line, t.lines.c.sku))}
    for i, units in enumerate(book.lines.waiting):
        mine = book.lines.order[i], book.lines.line[i]
        told = explain.line(db, *mine, now) if units and i % 4 == 0 else None
        for move in told.moves[1:] if told is not None else ():
            gainers = []
            for order, line, n, at, before, after, cause, supply in ledger:
                event = at == moment_number(move.at) and alike.get(cause, cause) == alike.get(move.cause, move.cause)
                same = move.cause not in {"announced", "received", "short", "cancelled_supply"} or supply == move.supply
                sooner = n > 1 and after is not None and (before is None or after < before)
                if event and same and sooner and (order, line) != mine and sold[order, line] == sold[mine]:
                    gainers.append((after, order, line))
            assert move.gained_lines == len(gainers), (mine, move)
            assert [(one.order, one.line) for one in move.gained] == [key[1:] for key in sorted(gainers)[:5]]


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
