"""Pinned units stay where they are; pins shrink with what stands there, and are seen wherever the line is."""

import random
from datetime import timedelta

import pytest
from shop import NOW, announce, do, order, shop
from simulation.world import World
from state import apply, state

from backorder.kernel.calendars import moment_number
from backorder.kernel.columns import STOCK
from backorder.kernel.livepass import live_pass
from backorder.kernel.promises import Why
from backorder.queries import check, explain, show
from backorder.storage import book as books
from backorder.storage.db import Database

TODAY = moment_number(NOW)


@pytest.fixture
def chairs(db: Database) -> Database:
    """Ada 4 on PO-1; PO-2 is free."""
    shop(db)
    announce(db, "PO-1", 6, "2026-12-07")
    announce(db, "PO-2", 6, "2026-12-18")
    order(db, "ada", 4)
    return db


def pin(db: Database, supply: str, units: int | None = None, name: str = "ada", do_: str = "pin"):
    told = {} if units is None else {"quantity": units}
    outcome = do(db, do_, order=name, line="1", supply=supply, **told)
    assert check.run(db) == []
    return outcome.outcome.value, outcome.quantity


def pegs(db: Database, name: str = "ada") -> list[tuple[str, int, int]]:
    view = show.line(db, name, "1", TODAY)
    assert view is not None
    return [(peg.supply, peg.quantity, peg.pinned) for peg in view.pegs]


def test_a_pin_takes_uncovered_units_first_then_the_latest_pegs(chairs: Database) -> None:
    announce(chairs, "PO-3", 3, "2026-12-28")
    order(chairs, "ben", 11)
    assert pegs(chairs, "ben") == [("PO-1", 2, 0), ("PO-2", 6, 0), ("PO-3", 3, 0)]
    do(chairs, "cancel_supply", supply="PO-3", quantity=1)
    do(chairs, "announce_supply", supply="PO-4", sku="CHAIR", site="MAIN", quantity=1, expected_on="2027-01-20")
    assert pegs(chairs, "ben")[2:] == [("PO-3", 2, 0), ("PO-4", 1, 0)]
    do(chairs, "cancel_line", order="ada", line="1", quantity=2)
    announce(chairs, "PO-5", 3, "2027-02-20")
    assert pegs(chairs, "ben") == [("PO-1", 4, 0), ("PO-2", 6, 0), ("PO-3", 1, 0)]
    assert pin(chairs, "PO-5", 4, "ben") == ("too_many", 3)
    assert pin(chairs, "PO-5", 3, "ben") == ("changed", 3)
    assert pegs(chairs, "ben") == [("PO-1", 4, 0), ("PO-2", 4, 0), ("PO-5", 3, 3)]


def test_without_a_quantity_it_is_all_that_can_stand_there(chairs: Database) -> None:
    order(chairs, "ben", 5)  # 2 on PO-1, 3 on PO-2
    assert pin(chairs, "PO-2") == ("changed", 3)
    assert pegs(chairs) == [("PO-1", 1, 0), ("PO-2", 3, 3)]
    assert pin(chairs, "PO-2", 3) == ("exists", 3)
    assert pegs(chairs, "ben") == [("PO-1", 5, 0)], "what she left is his; what he left she could pin too"
    assert pin(chairs, "PO-2", 5) == ("too_many", 4)
    assert pin(chairs, "PO-2", do_="unpin") == ("changed", 0)
    assert pin(chairs, "PO-2", do_="unpin") == ("exists", 0)
    assert pegs(chairs) == [("PO-1", 1, 0), ("PO-2", 3, 0)], "what it left is Ben's now"


def test_another_number_takes_the_place_of_a_pin(chairs: Database) -> None:
    assert pin(chairs, "PO-2", 3) == ("changed", 3)
    assert pin(chairs, "PO-2", 1) == ("changed", 1)
    assert pegs(chairs) == [("PO-1", 3, 0), ("PO-2", 1, 1)], "the others go where they are sooner"
    assert pin(chairs, "PO-1", 4) == ("too_many", 3)
    assert pin(chairs, "PO-2", 2, do_="unpin") == ("too_many", 1)


def test_free_stock_is_allocated_by_a_pin_and_stays(chairs: Database) -> None:
    do(chairs, "put_item", sku="CHAIR", safety_stock=2)
    do(chairs, "count_stock", sku="CHAIR", site="MAIN", quantity=2)
    assert pegs(chairs) == [("PO-1", 4, 0)], "safety stock is not for ordinary orders"
    assert pin(chairs, "stock/MAIN/CHAIR") == ("changed", 2)
    assert pegs(chairs) == [("stock/MAIN/CHAIR", 2, 2), ("PO-1", 2, 0)]
    do(chairs, "count_stock", sku="CHAIR", site="MAIN", quantity=1)
    assert pegs(chairs) == [("stock/MAIN/CHAIR", 1, 1), ("PO-1", 3, 0)]
    do(chairs, "ship", shipment="S-1", order="ada", lines=[{"line": "1", "quantity": 1}])
    assert pegs(chairs) == [("PO-1", 3, 0)]


def test_an_order_on_hold_is_not_pinned_but_keeps_its_pins(chairs: Database) -> None:
    pin(chairs, "PO-2", 2)
    do(chairs, "hold_order", order="ada", kind="payment")
    assert pin(chairs, "PO-2", 3)[0] == "held"
    assert pegs(chairs) == [("PO-1", 2, 0), ("PO-2", 2, 2)]
    assert pin(chairs, "PO-2", 1, do_="unpin") == ("changed", 1)
    do(chairs, "release_order", order="ada", kind="payment")
    assert pegs(chairs) == [("PO-1", 3, 0), ("PO-2", 1, 1)]


def test_a_part_of_a_supply_takes_pinned_units_only_where_there_is_no_room(chairs: Database) -> None:
    pin(chairs, "PO-1")
    do(chairs, "reschedule_supply", supply="PO-1", quantity=2, into="PO-1b", expected_on="2026-12-03")
    assert pegs(chairs) == [("PO-1", 4, 4)], "although the part is sooner"
    do(chairs, "reschedule_supply", supply="PO-1", quantity=1, into="PO-1c", expected_on="2026-12-28")
    assert pegs(chairs) == [("PO-1", 3, 3), ("PO-1c", 1, 1)]


def test_what_a_supply_loses_is_not_pinned_until_nothing_else_is_left(chairs: Database) -> None:
    do(chairs, "place_order", order="ben", priority=5, lines=[{"line": "1", "sku": "CHAIR", "quantity": 2}])
    pin(chairs, "PO-1", 3)
    do(chairs, "cancel_supply", supply="PO-1", quantity=3)
    assert pegs(chairs) == [("PO-1", 3, 3), ("PO-2", 1, 0)]
    assert pegs(chairs, "ben") == [("PO-2", 2, 0)]
    do(chairs, "cancel_supply", supply="PO-1", quantity=1)
    assert pegs(chairs) == [("PO-1", 2, 2), ("PO-2", 2, 0)]


def test_lines_of_a_complete_order_wait_for_what_is_pinned(db: Database) -> None:
    shop(db, ["CHAIR", "LAMP"])
    announce(db, "PO-1", 6, "2026-12-07")
    announce(db, "PO-2", 6, "2026-12-18")
    announce(db, "LAMP-1", 6, "2026-12-07", "LAMP")
    announce(db, "LAMP-2", 6, "2026-12-17", "LAMP")
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 4}, {"line": "2", "sku": "LAMP", "quantity": 2}]
    do(db, "place_order", order="ada", ship="complete", lines=lines)
    pin(db, "PO-2", 1)
    found = {line: row[5:9] for (_, line), row in state(db)["lines"].items()}
    assert found["1"][-1] == {("PO-2", "2026-12-18"): 4}
    assert found["2"][-1] == {("LAMP-2", "2026-12-17"): 2}
    assert {row[0] for row in found.values()} == {"2026-12-18"}


def test_the_line_says_what_is_pinned_and_why_its_date_moved(chairs: Database) -> None:
    pin(chairs, "PO-2", 3)
    found = explain.line(chairs, "ada", "1", TODAY)
    assert found is not None
    assert "3 units pinned on PO-2 by a person." in found.state
    assert found.history[-1].endswith("a person pinned units, of this line or one beside it, on supply PO-2")
    assert [stand.pinned for stand in found.stands_on] == [0, 3]


def _after_a_pass(db: Database, now: int) -> tuple[dict, dict, dict]:
    """Pegs of every open line before and after a bare pass over all items, and the waiting units that are pinned."""
    with db.read() as tx:
        book = books.load(tx, ["CHAIR", "DESK", "LAMP"], allocated=True, lock=False).book
    book.set_clock(now)
    before = _told(book)
    live_pass(book, list(book.items), Why("policy"))
    lines, supplies = book.lines, book.supplies
    pinned = {
        (lines.order[i], lines.line[i], supplies.supply[s]): units
        for i, mine in lines.pins.items()
        for s, units in mine.items()
        if supplies.kind[s] != STOCK and not lines.held[i]
    }
    return before, _told(book), pinned


def _told(book) -> dict:
    lines, supplies = book.lines, book.supplies
    found = {}
    for i, mine in enumerate(lines.pegs):
        on = found[lines.order[i], lines.line[i]] = {}
        for (s, _), units in mine.items():
            on[supplies.supply[s]] = on.get(supplies.supply[s], 0) + units
    return found


@pytest.mark.parametrize("seed", range(6))
def test_a_pass_never_moves_pinned_units(seed: int, db: Database) -> None:
    world, looked = World(seed), 0
    apply(db, world.now, world.opening())
    for _ in range(30):
        batch = [world.command() for _ in range(8)]
        for command, outcome in zip(batch, apply(db, world.now, batch), strict=True):
            world.heard(command, outcome.outcome.value)
        before, after, pinned = _after_a_pass(db, moment_number(world.now + timedelta(days=9)))
        for (name, line, supply), units in pinned.items():
            assert before[name, line][supply] >= units
            assert after[name, line][supply] >= units
            looked += 1
    assert looked or seed, "there was nothing to look at, in the first world of all"


@pytest.mark.parametrize("seed", range(4))
def test_pinning_what_is_held_and_taking_it_back_is_one_pass(seed: int, db: Database) -> None:
    """Done to a shop at rest, it changes nothing at all but what a pass would."""
    world, chance = World(seed + 50), random.Random(seed)
    commands = [*world.opening(), *(world.command() for _ in range(120))]
    apply(db, world.now, [command for command in commands if command["do"] not in {"pin", "unpin", "hold_order"}])
    _, wanted, _ = _after_a_pass(db, moment_number(world.now))
    held = [(key, supply) for key, on in sorted(wanted.items()) for supply in on if not supply.startswith("stock/")]
    before = state(db)
    (name, line), supply = chance.choice([one for one in held if one[1] in _supplies(before, one[0])])
    sku = _sku(db, name, line)
    words = [do(db, word, world.now, order=name, line=line, supply=supply, **more).outcome.value for word, more in (
        ("pin", {"quantity": _supplies(before, (name, line))[supply]}),
        ("unpin", {}),
    )]  # fmt: skip
    assert words == ["changed", "changed"]
    after = state(db)["lines"]
    for key in wanted:
        if _sku(db, *key) == sku:
            assert _supplies({"lines": after}, key) == wanted[key], key


def _supplies(found: dict, key: tuple[str, str]) -> dict[str, int]:
    on: dict[str, int] = {}
    for (supply, _), units in found["lines"][key][8].items():
        on[supply] = on.get(supply, 0) + units
    return on


def _sku(db: Database, name: str, line: str) -> str:
    view = show.line(db, name, line, 0)
    assert view is not None
    return view.sku


def test_pins_in_a_batch_are_as_one_at_a_time(chairs: Database) -> None:
    order(chairs, "ben", 5)
    batch = [
        {"do": do_, "order": name, "line": "1", "supply": supply, **({"quantity": units} if units else {})}
        for do_, name, supply, units in (
            ("pin", "ada", "PO-2", 2),
            ("pin", "ben", "PO-2", None),
            ("pin", "ada", "PO-2", 3),
            ("unpin", "ben", "PO-2", 1),
            ("unpin", "ada", "PO-2", None),
        )
    ]
    words = [outcome.outcome.value for outcome in apply(chairs, NOW, batch)]
    together = state(chairs)
    do(chairs, "put_item", sku="LAMP")  # the same over again, one at a time, with another item
    for supply, units, day in (("L-1", 6, "2026-12-07"), ("L-2", 6, "2026-12-18")):
        announce(chairs, supply, units, day, "LAMP")
    order(chairs, "ada-too", 4, "LAMP")
    order(chairs, "ben-too", 5, "LAMP")
    named = {"PO-1": "L-1", "PO-2": "L-2"}
    for command, word in zip(batch, words, strict=True):
        alone = command | {"order": f"{command['order']}-too", "supply": named[command["supply"]]}
        assert apply(chairs, NOW, [alone])[0].outcome.value == word
    lines = state(chairs)["lines"]
    for name in ("ada", "ben"):
        one, other = together["lines"][name, "1"], lines[f"{name}-too", "1"]
        assert [(*one[:8], one[9])] == [(*other[:8], other[9])]
        assert {(named[s], day): units for (s, day), units in one[8].items()} == other[8]
        assert {named[s]: units for s, units in one[-1][-1].items()} == other[-1][-1]
    assert check.run(chairs) == []
