"""Each strategy as a table of small cases, and what is claimed of it held against every possible assignment."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest
from backlogs import TODAY, after, backlog, line, outcomes, policy, supply
from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.kernel.calendars import NEVER
from backorder.kernel.reallocation import Violation, plan

ONE, TWO, THREE, FIVE, NINE = (TODAY + n for n in (1, 2, 3, 5, 9))
GOLD = {"tier": ["gold"]}
SILVER = {"tier": ["silver"]}


def gold(units: int = 1, **fields: Any) -> dict[str, Any]:
    return line(units, tier="gold", **fields)


def silver(units: int = 1, **fields: Any) -> dict[str, Any]:
    return line(units, tier="silver", **fields)


def stage(strategy: str, lines: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A segment."""
    return {"strategy": strategy, "filter": lines or {}} | fields


REPORT = {"violated": "report"}

# what is shown, supplies, lines, segments and policy fields, what lines hold afterwards
TABLE = [
    ("redistribute: who ranks first has the first choice",
     [supply(2, ONE), supply(2, FIVE)], [line(2, pegs={0: 2}), line(2, pegs={1: 2}, priority=1)],
     ["redistribute"], {}, [{1: 2}, {0: 2}]),
    ("redistribute: the line's own number breaks a tie",
     [supply(1, ONE)], [line(1), line(1, pegs={0: 1})], ["redistribute"], {}, [{0: 1}, {}]),
    ("redistribute: a requested day is met as late as it can be",
     [supply(1, ONE), supply(1, FIVE)], [line(1, pegs={0: 1}, requested=FIVE), line(1)],
     ["redistribute"], {}, [{1: 1}, {0: 1}]),
    ("win: takes from a gain behind it what the pool does not give by its day",
     [supply(2, ONE), supply(2, FIVE)], [gold(2, promise=ONE), line(2, pegs={0: 2}, promise=ONE)],
     [stage("win", GOLD), "gain"], REPORT, [{0: 2}, {1: 2}]),
    ("win: what the pool gives by its day is not taken from anybody",
     [supply(2, ONE), supply(1, ONE)], [gold(2, promise=ONE), line(2, pegs={0: 2}, promise=ONE)],
     [stage("win", GOLD), "gain"], REPORT, [{0: 1, 1: 1}, {0: 1}]),
    ("win: takes nothing where all that could be taken would not be enough",
     [supply(2, ONE), supply(2, FIVE)], [gold(3, promise=ONE), line(2, pegs={0: 2}, promise=ONE)],
     [stage("win", GOLD), "gain"], REPORT, [{1: 2}, {0: 2}]),
    ("win: takes from the gain that ranks last",
     [supply(2, ONE)], [gold(1, promise=ONE), line(1, pegs={0: 1}, priority=1), line(1, pegs={0: 1}, priority=2)],
     [stage("win", GOLD), "gain"], REPORT, [{0: 1}, {}, {0: 1}]),
    ("win: takes from the last of several gain segments",
     [supply(2, ONE)], [gold(1, promise=ONE), silver(1, pegs={0: 1}), line(1, pegs={0: 1}, priority=2)],
     [stage("win", GOLD), stage("gain", SILVER), "gain"], REPORT, [{0: 1}, {0: 1}, {}]),
    ("win: takes nothing from a gain before it",
     [supply(1, ONE)], [gold(1, promise=ONE), silver(1, pegs={0: 1})],
     [stage("gain", SILVER), stage("win", GOLD)], REPORT, [{}, {0: 1}]),
    ("win: takes nothing from an improve",
     [supply(1, ONE)], [gold(1, promise=ONE), line(1, pegs={0: 1})],
     [stage("win", GOLD), "improve"], REPORT, [{}, {0: 1}]),
    ("win: the requested day is the one it must have",
     [supply(1, ONE), supply(1, FIVE)], [gold(1, requested=FIVE, promise=ONE), line(1, pegs={1: 1})],
     [stage("win", GOLD), "gain"], REPORT, [{0: 1}, {1: 1}]),
    ("win: a lead-time day in time is a day",
     [supply(1, ONE)], [gold(1, promise=FIVE, lead=FIVE), line(1, pegs={0: 1})],
     [stage("win", GOLD), "gain"], REPORT, [{}, {0: 1}]),
    ("a violation leaves its item as it was, and only its",
     [supply(1, ONE), supply(1, ONE, sku="b")],
     [gold(1, promise=ONE), line(1, pegs={0: 1}), gold(1, sku="b"), line(1, sku="b", pegs={1: 1})],
     [stage("win", GOLD), "gain"], {}, [{}, {0: 1}, {}, {1: 1}]),
    ("gain: keeps what it has until its turn, whoever is served before",
     [supply(1, ONE)], [line(1, priority=9, tier="gold"), line(1, pegs={0: 1})],
     [stage("redistribute", GOLD), "gain"], {}, [{}, {0: 1}]),
    ("gain: takes what is better, and what it leaves is for those behind",
     [supply(1, ONE), supply(1, FIVE)], [gold(1, pegs={1: 1}), line(1)],
     [stage("gain", GOLD), "redistribute"], {}, [{0: 1}, {1: 1}]),
    ("gain: what it leaves is for those before it as well",
     [supply(1, ONE, site="y"), supply(1, FIVE)], [gold(1, route="x"), line(1, pegs={1: 1}, route=None)],
     [stage("redistribute", GOLD), "gain"], {}, [{1: 1}, {0: 1}]),
    ("fill: retakes what is still free and makes good the rest later",
     [supply(2, ONE), supply(2, FIVE)], [gold(1), line(2, pegs={0: 2})],
     [stage("redistribute", GOLD), "fill"], {}, [{0: 1}, {0: 1, 1: 1}]),
    ("fill: takes nothing earlier than what it lost",
     [supply(1, ONE), supply(1, THREE), supply(1, FIVE)], [gold(1, floor=THREE, late=1), line(1, pegs={1: 1})],
     [stage("redistribute", GOLD), "fill"], {}, [{1: 1}, {2: 1}]),
    ("fill: takes nothing for units that had no peg",
     [supply(3, ONE)], [line(3, pegs={0: 1})], ["fill"], {}, [{0: 1}]),
    ("fill: its own units come before what others of it lost",
     [supply(1, ONE), supply(1, TWO)], [gold(1), line(1, pegs={0: 1}, priority=1), line(1, pegs={1: 1})],
     [stage("redistribute", GOLD), "fill"], {}, [{0: 1}, {}, {1: 1}]),
    ("lose: gives up everything and gets nothing",
     [supply(2, ONE), supply(2, FIVE)], [gold(2, pegs={0: 2}), line(1)],
     [stage("lose", GOLD), "redistribute"], {}, [{}, {0: 1}]),
    ("improve: takes what nobody else wants, wherever its segment stands",
     [supply(1, ONE), supply(1, TWO)], [gold(1, pegs={}), line(1)],
     [stage("improve", GOLD), "redistribute"], {}, [{1: 1}, {0: 1}]),
    ("improve: keeps what it has where there is nothing better",
     [supply(1, ONE)], [gold(1, pegs={0: 1}), line(1)],
     [stage("improve", GOLD), "redistribute"], {}, [{0: 1}, {}]),
    ("skip and what no segment takes stay as they are",
     [supply(3, ONE), supply(3, FIVE)], [gold(1, pegs={1: 1}), silver(1, pegs={1: 1}), line(1, pegs={1: 1})],
     [stage("skip", GOLD), stage("redistribute", SILVER)], {}, [{1: 1}, {0: 1}, {1: 1}]),
    ("picked lines stay as they are",
     [supply(1, ONE)], [gold(1), line(1, pegs={0: 1}, frozen=1)],
     ["redistribute"], {}, [{}, {0: 1}]),
    ("lines planned before the fence stay as they are, on its day they do not",
     [supply(1, ONE), supply(1, TWO)], [gold(2, priority=1), line(1, pegs={0: 1}), line(1, pegs={1: 1})],
     ["redistribute"], {"freeze_days": 2}, [{1: 1}, {0: 1}, {}]),
    ("lines of held orders stay as they are",
     [supply(1, ONE)], [gold(1, priority=1), line(1, pegs={0: 1}, held=1)],
     ["redistribute"], {}, [{}, {0: 1}]),
    ("lines of held orders take part where that is said, but get no stock",
     [supply(2, TODAY, stock=1), supply(1, ONE), supply(2, FIVE)],
     [line(2, pegs={1: 1}, held=1, priority=1), line(1)],
     ["redistribute"], {"take_held": True}, [{1: 1, 2: 1}, {0: 1}]),
    ("pinned units are not among those that move",
     [supply(2, ONE)], [line(1, pinned=1, firm=ONE), line(2, priority=1)], ["redistribute"], {}, [{}, {0: 2}]),
    ("the allocated stay allocated",
     [supply(1, TODAY, stock=1)], [line(0, allocated={0: 1}), gold(1, priority=1)], ["redistribute"], {}, [{}, {}]),
    ("the allocated are given up where that is said",
     [supply(1, TODAY, stock=1)], [line(0, allocated={0: 1}), gold(1, priority=1)],
     ["redistribute"], {"take_allocated": True}, [{}, {0: 1}]),
    ("safety stock is for those who may use it, or would miss their promise without",
     [supply(3, TODAY, stock=1, kept=2), supply(2, FIVE)],
     [line(1, placed=0), line(1, placed=1), line(1, placed=2, promise=TODAY), line(1, placed=3, reserve=1)],
     [stage("redistribute", ranking=["placed_at"])], {}, [{0: 1}, {1: 1}, {0: 1}, {0: 1}]),
    ("a complete order goes whole to the first segment that takes any of its lines, and its lines take together",
     [supply(1, ONE), supply(1, FIVE, sku="b"), supply(1, FIVE)],
     [line(1, together=0), gold(1, sku="b", together=0), line(1)],
     [stage("redistribute", GOLD), "redistribute"], {}, [{2: 1}, {1: 1}, {0: 1}]),
    ("a complete order with a picked line stays whole",
     [supply(1, ONE), supply(1, ONE, sku="b")],
     [line(1, together=0, pegs={0: 1}), line(1, sku="b", together=0, frozen=1), line(1, priority=1)],
     ["redistribute"], {}, [{0: 1}, {}, {}]),
    ("minimum: kept from those before, of the latest supply of the period, and free for its own",
     [supply(2, ONE), supply(2, TWO)], [gold(4, priority=1), line(3)],
     [stage("redistribute", GOLD), stage("redistribute", minimum={"units": 2, "days": 7})], {}, [{0: 2}, {1: 2}]),
    ("minimum: no more than its lines can use",
     [supply(4, ONE)], [gold(4), line(1)],
     [stage("redistribute", GOLD), stage("redistribute", minimum={"units": 3, "days": 7})], {}, [{0: 3}, {0: 1}]),
    ("minimum: counts what its lines have already",
     [supply(4, ONE)], [gold(4), line(2, pegs={0: 1})],
     [stage("redistribute", GOLD), stage("gain", minimum={"units": 1, "days": 7})], {}, [{0: 3}, {0: 1}]),
    ("minimum: is of each period",
     [supply(2, ONE), supply(2, NINE)], [gold(4), line(4)],
     [stage("redistribute", GOLD), stage("redistribute", minimum={"units": 1, "days": 7})], {},
     [{0: 1, 1: 1}, {0: 1, 1: 1}]),
    ("maximum: no more than that in each period",
     [supply(3, ONE), supply(3, NINE)], [gold(6), line(6)],
     [stage("redistribute", GOLD, maximum={"units": 1, "days": 7}), "redistribute"], {},
     [{0: 1, 1: 1}, {0: 2, 1: 2}]),
    ("maximum: counts what is allocated, and lets a gain keep more",
     [supply(4, TODAY, stock=1), supply(9, TWO)], [gold(1, allocated={0: 2}), line(6, pegs={1: 3})],
     [stage("redistribute", GOLD, maximum={"units": 2, "days": 7}), stage("gain", maximum={"units": 2, "days": 7})],
     {}, [{}, {1: 3}]),
    ("changes_max: groups of items by their best ranked change, as far as they fit",
     [supply(1, ONE), supply(2, ONE, sku="b"), supply(1, ONE, sku="c")],
     [line(1, sku="b", priority=3), line(1, sku="b", priority=3), line(1, priority=2), line(1, sku="c", priority=1)],
     ["redistribute"], {"changes_max": 2}, [{1: 1}, {1: 1}, {}, {}]),
]  # fmt: skip


@pytest.mark.parametrize(("stores", "rows", "segments", "fields", "wanted"), [row[1:] for row in TABLE],
                         ids=[row[0] for row in TABLE])  # fmt: skip
def test_a_strategy(stores, rows, segments, fields, wanted) -> None:
    assert after(plan(backlog(stores, rows), policy(*segments, **fields))) == wanted


def test_what_a_win_took_and_what_it_could_not_have_is_said() -> None:
    stores = [supply(2, ONE), supply(2, FIVE)]
    rows = [gold(2, promise=ONE), line(2, pegs={0: 2}, promise=ONE), gold(1, promise=TODAY)]
    found = plan(backlog(stores, rows), policy(stage("win", GOLD), "gain", violated="report"))
    assert found.violations == [Violation(1, "gain", ONE, NEVER, 0), Violation(2, "win", TODAY, FIVE, -1)]
    assert outcomes(found) == ["gained", "lost", "gained"]


def test_outcomes_are_told_by_day_then_by_units() -> None:
    stores = [supply(1, ONE), supply(1, ONE), supply(1, TWO), supply(2, FIVE)]
    rows = [line(1, pegs={2: 1}, priority=5), line(1, pegs={0: 1}, priority=4), line(1, pegs={1: 1}, priority=3),
            line(3, priority=2, pegs={3: 1}), gold(), gold(held=1), gold(frozen=1)]  # fmt: skip
    segments = (stage("skip", GOLD, exclude={"tier": ["silver"]}), stage("redistribute"))
    found = plan(backlog(stores, rows), policy(*segments))
    assert after(found)[:4] == [{0: 1}, {1: 1}, {2: 1}, {3: 2}]
    assert outcomes(found) == ["gained", "moved", "lost", "gained", "skipped", "skipped", "skipped"]


def test_a_line_left_without_a_day_gets_a_new_lead_time_day() -> None:
    stores = [supply(1, ONE)]
    rows = [gold(1, priority=1), line(1, pegs={0: 1}, lead_anew=NINE)]
    found = plan(backlog(stores, rows), policy("redistribute"))
    assert found.day_after == [ONE, NINE]


def test_units_that_stay_on_their_stock_keep_the_day_of_their_allocation() -> None:
    """The stock would ship tomorrow by now; the units allocated yesterday ship as they were to."""
    columns = backlog([supply(2, ONE, stock=1)], [line(0, allocated={0: 2}, promise=TODAY)])
    columns = columns._replace(allocated=columns.allocated._replace(day=[TODAY]))
    found = plan(columns, policy("win", take_allocated=True))
    assert outcomes(found) == ["unchanged"]
    assert found.day_after == [TODAY]
    assert found.violations == []


# Claims held against every assignment


def assignments(units: Sequence[int], needs: Sequence[int]) -> Iterator[list[tuple[int, ...]]]:
    """Every way to give units of each supply to lines that want so many: of each line, what it has of each supply."""
    if not needs:
        yield []
        return
    for mine in product(*(range(min(n, needs[0]) + 1) for n in units)):
        if sum(mine) <= needs[0]:
            for rest in assignments([n - m for n, m in zip(units, mine, strict=True)], needs[1:]):
                yield [mine, *rest]


def unit_days(mine: Sequence[int], days: Sequence[int], need: int) -> list[int]:
    found = sorted(day for day, units in zip(days, mine, strict=True) for _ in range(units))
    return found + [NEVER] * (need - len(found))


stores = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), min_size=1, max_size=3)


@given(stores, st.lists(st.integers(1, 3), min_size=1, max_size=3), st.randoms())
@settings(max_examples=150, deadline=None)
def test_strict_ranking_gives_the_earliest_days_unit_by_unit_in_rank_order(units, needs, random) -> None:
    """Among lines that may stand on the same supplies and ask for no day: the days of the first line's units, from the
    first unit to the last, are the earliest that any assignment gives; given these, so are the second line's; and so
    on. Of lines of one unit each that is the earliest due day in rank order."""
    days = [TODAY + day for _, day in units]
    held = _some_pegs([n for n, _ in units], needs, random)
    rows = [line(need, placed=n, pegs=held[n]) for n, need in enumerate(needs)]
    shop = [supply(n, day) for (n, _), day in zip(units, days, strict=True)], rows
    found = plan(backlog(*shop), policy("redistribute", ranking=["placed_at"]))
    got = [unit_days([pegs.get(s, 0) for s in range(len(days))], days, need)
           for pegs, need in zip(after(found), needs, strict=True)]  # fmt: skip
    every = assignments([n for n, _ in units], needs)
    assert got == min([unit_days(mine, days, need) for mine, need in zip(each, needs, strict=True)] for each in every)


def _some_pegs(units: list[int], needs: Sequence[int], random: Any) -> list[dict[int, int]]:
    """What lines may hold to begin with."""
    left, held = list(units), []
    for need in needs:
        s = random.randrange(len(units))
        n = random.randint(0, min(need, left[s]))
        left[s] -= n
        held.append({s: n} if n else {})
    return held


@given(stores, st.lists(st.tuples(st.integers(1, 2), st.integers(1, 6)), min_size=1, max_size=3), st.randoms(),
       st.booleans())  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_if_any_assignment_gives_all_wins_their_day_then_they_have_it(units, wins, random, lent) -> None:
    """Of a first segment of `win` lines that may stand on the same supplies and ask for no day. What is free and what
    they give back counts, in whatever ranking; what `gain` lines behind them hold counts as well where the ranking is
    by the day they must have. In another ranking, one may take of the pool what another needs, and that one finds
    nothing to borrow: then it is reported, not made good. So too where lines may stand on different supplies."""
    days = [TODAY + day for _, day in units]
    needs = [need for need, _ in wins]
    wanted = [TODAY + day for _, day in wins]
    others = [2, 1] if lent else []
    held = _some_pegs([n for n, _ in units], needs + others, random)
    rows = [gold(need, promise=day, pegs=pegs) for need, day, pegs in zip(needs, wanted, held, strict=False)]
    ranking = ["first_promise" if lent else random.choice(["first_promise", "-first_promise", "quantity"])]
    rows += [line(need, pegs=pegs) for need, pegs in zip(others, held[len(needs) :], strict=True)]
    shop = [supply(n, day) for (n, _), day in zip(units, days, strict=True)], rows
    found = plan(backlog(*shop), policy(stage("win", GOLD, ranking=ranking), "gain", violated="report"))
    possible = any(
        all(unit_days(mine, days, need)[-1] <= day for mine, need, day in zip(each, needs, wanted, strict=True))
        for each in assignments([n for n, _ in units], needs)
    )
    missed = [violation for violation in found.violations if violation.rule == "win"]
    assert bool(missed) != possible


# Published examples


def test_ibm_item_based_allocation_promotes_the_third_buyer() -> None:
    """Four purchase orders of 5 and four sales orders of 5, first come first served; buyer 3 is promoted."""
    stores = [supply(5, TODAY + 7 * n) for n in range(1, 5)]
    rows = [line(5, placed=n, pegs={n: 5}, priority=int(n == 2)) for n in range(4)]
    found = plan(backlog(stores, rows), policy("redistribute", ranking=["priority", "placed_at"]))
    assert after(found) == [{1: 5}, {2: 5}, {0: 5}, {3: 5}]
    assert outcomes(found) == ["lost", "lost", "gained", "unchanged"]


@pytest.mark.parametrize(
    ("came", "available"),
    [(True, (12, 12, 12, 12, 13, 16, 16)), (False, (2, 2, 2, 2, 3, 6, 6))],
)
def test_microsofts_available_to_promise_is_what_one_more_order_could_have_by_each_day(came, available) -> None:
    """On hand 20; -3 on day 1, which is the first; +10 on day 3; -15 on day 4; +1 on day 5; +3 on day 6; seven days.

    What can be promised by a day without breaking what is promised later is the largest order that, served after the
    others, ships by then. Without the +10 the first four days have 2.
    """
    came_in = [supply(20, TODAY, stock=1), supply(1, TODAY + 5), supply(3, TODAY + 6)]
    came_in += [supply(10, TODAY + 3)] if came else []
    ordered = [gold(3, requested=TODAY + 1), gold(15, requested=TODAY + 4)]
    rules = policy(stage("win", GOLD), "redistribute", violated="report")
    ships = {}
    for units in range(1, 20):
        found = plan(backlog(came_in, [*ordered, line(units)]), rules)
        assert found.violations == []
        ships[units] = found.day_after[2]
    by_day = [max(units for units, day in ships.items() if day <= TODAY + n) for n in range(1, 8)]
    assert tuple(by_day) == available
