"""Sharing rules against every possible division of a supply, and the examples that others have published."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from backlogs import TODAY, after, backlog, line, policy, supply
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backorder.kernel.reallocation import plan

TIMES = settings(max_examples=300, deadline=None)
Needs = list[tuple[int, int]]  # of each line by rank: units it still needs, units it has had


def divisions(units: int, most: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every way to give away as many of the units as can be used."""
    if not most:
        if units == 0:
            yield ()
        return
    for first in range(min(units, most[0]), -1, -1):
        if units - first <= sum(most[1:]):
            for rest in divisions(units - first, most[1:]):
                yield (first, *rest)


def shared(rule: str, units: Sequence[int], needs: Needs) -> list[int]:
    """What each line gets of supplies of so many units; what it had is allocated of a stock that is gone."""
    stores = [supply(sum(had for _, had in needs), TODAY, stock=1)]
    stores += [supply(n, TODAY + 1 + k) for k, n in enumerate(units)]
    rows = [line(need, placed=n, allocated={0: had} if had else {}) for n, (need, had) in enumerate(needs)]
    found = plan(backlog(stores, rows), policy({"strategy": "redistribute", "sharing": rule}, ranking=["placed_at"]))
    return [sum(pegs.values()) for pegs in after(found)]


needs = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 3)), min_size=1, max_size=4)


def most_of(units: int, lines: Needs) -> int:
    return min(units, sum(need for need, _ in lines))


@given(st.integers(0, 12), needs)
@TIMES
def test_proportional_is_nearest_to_the_quotas(units: int, lines: Needs) -> None:
    """Of all divisions in whole units none is nearer to what each would get if units could be broken; of several that
    are as near, the one that gives more to those ranked first. That is what the largest remainders come to."""
    units = most_of(units, lines)
    total = sum(need for need, _ in lines)
    quotas = [Fraction(units * need, total) for need, _ in lines]

    def distance(division: Sequence[int]) -> Fraction:
        return sum(((got - quota) ** 2 for got, quota in zip(division, quotas, strict=True)), Fraction(0))

    every = list(divisions(units, [need for need, _ in lines]))
    least = min(map(distance, every))
    best = max(division for division in every if distance(division) == least)
    assert shared("proportional", [units], lines) == list(best)


@given(st.integers(0, 12), needs)
@example(3, [(5, 0), (1, 0), (1, 0)])
@example(5, [(2, 0), (5, 0), (3, 1), (5, 3)])
@TIMES
def test_max_min_makes_the_smallest_fraction_as_large_as_can_be_then_the_next(units: int, lines: Needs) -> None:
    units = most_of(units, lines)

    def fractions(division: Sequence[int]) -> list[Fraction]:
        pairs = zip(division, lines, strict=True)
        return sorted(Fraction(got + had, need + had) for got, (need, had) in pairs)

    got = shared("max_min", [units], lines)
    assert fractions(got) == max(map(fractions, divisions(units, [need for need, _ in lines])))
    _ranked_first(got, lines)


@given(st.integers(0, 12), needs)
@TIMES
def test_equal_makes_the_fewest_units_as_many_as_can_be_then_the_next(units: int, lines: Needs) -> None:
    units = most_of(units, lines)

    def had_by_all(division: Sequence[int]) -> list[int]:
        return sorted(got + had for got, (_, had) in zip(division, lines, strict=True))

    every = list(divisions(units, [need for need, _ in lines]))
    best = max(map(had_by_all, every))
    got = shared("equal", [units], lines)
    assert tuple(got) == max(division for division in every if had_by_all(division) == best)


def _ranked_first(got: Sequence[int], lines: Needs) -> None:
    for n in range(len(lines)):
        for later in range(n + 1, len(lines)):
            if lines[n] == lines[later]:
                assert got[n] >= got[later], "of two alike the one ranked first gets no less"


@given(st.lists(st.integers(0, 6), min_size=1, max_size=3), needs, st.sampled_from(["max_min", "equal"]))
@TIMES
def test_several_supplies_are_shared_as_one_would_be_where_all_may_use_them(
    units: list[int], lines: Needs, rule: str
) -> None:
    assert shared(rule, units, lines) == shared(rule, [sum(units)], lines)


@given(st.lists(st.tuples(st.integers(1, 10**9), st.just(0)), min_size=2, max_size=4), st.data())
@settings(max_examples=50, deadline=None)
def test_large_numbers_are_told_apart_exactly(lines: Needs, data: st.DataObject) -> None:
    """Fractions of lines of a thousand million units: nobody could have had a larger smallest one."""
    units = data.draw(st.integers(0, sum(need for need, _ in lines)))
    got = shared("max_min", [units], lines)
    assert sum(got) == units
    reached = [Fraction(part, need) for part, (need, _) in zip(got, lines, strict=True)]
    lowest = min(range(len(lines)), key=reached.__getitem__)
    for n, (part, (need, _)) in enumerate(zip(got, lines, strict=True)):
        if n != lowest and part:  # one unit from anybody else would leave that one lower than the lowest is
            assert Fraction(part - 1, need) <= reached[lowest]


# One supply of so many units, lines by their rank, and what each gets by each rule.
TABLE = [
    # units, needs,             strict,            proportional,      max_min,           equal
    (10, (4, 4, 4),             (4, 4, 2),         (4, 3, 3),         (4, 3, 3),         (4, 3, 3)),
    (10, (8, 2),                (8, 2),            (8, 2),            (8, 2),            (8, 2)),
    (5, (8, 2),                 (5, 0),            (4, 1),            (4, 1),            (3, 2)),
    (5, (2, 8),                 (2, 3),            (1, 4),            (1, 4),            (2, 3)),
    (1, (10, 1),                (1, 0),            (1, 0),            (0, 1),            (1, 0)),
    (2, (10, 1, 1),             (2, 0, 0),         (2, 0, 0),         (0, 1, 1),         (1, 1, 0)),
    (6, (9, 3, 3),              (6, 0, 0),         (4, 1, 1),         (3, 2, 1),         (2, 2, 2)),
    (0, (1, 1),                 (0, 0),            (0, 0),            (0, 0),            (0, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("units", "wants", "strict", "proportional", "max_min", "equal"), TABLE)
def test_the_rules_side_by_side(units, wants, strict, proportional, max_min, equal) -> None:
    lines = [(need, 0) for need in wants]
    rules = {"strict": strict, "proportional": proportional, "max_min": max_min, "equal": equal}
    assert {rule: tuple(shared(rule, [units], lines)) for rule in rules} == rules


def test_oracle_scales_allocations_down_in_proportion() -> None:
    nodes = (100, 50, 50, 200, 300, 100, 200)
    assert shared("proportional", [500], [(need, 0) for need in nodes]) == [need // 2 for need in nodes]


def test_neighbours_that_share_by_the_policy_are_one_pot_and_others_are_not() -> None:
    shop = [supply(6, TODAY + 1)], [line(6, tier="gold"), line(6)]
    gold = {"strategy": "redistribute", "filter": {"tier": ["gold"]}}
    together = policy(gold, "redistribute", sharing="proportional")
    apart = policy({**gold, "sharing": "proportional"}, "redistribute", sharing="proportional")
    assert after(plan(backlog(*shop), together)) == [{0: 3}, {0: 3}]
    assert after(plan(backlog(*shop), apart)) == [{0: 6}, {}]


def test_safety_stock_is_shared_among_those_alone_who_may_use_it() -> None:
    shop = [supply(6, TODAY, stock=1, kept=4)], [line(4), line(4, reserve=1)]
    rules = policy({"strategy": "redistribute", "sharing": "equal"})
    assert after(plan(backlog(*shop), rules)) == [{0: 1}, {0: 4}]


def test_each_supply_is_divided_among_those_who_may_stand_on_it() -> None:
    shop = [supply(4, TODAY + 1, site="x"), supply(4, TODAY + 2, site="y")], [line(4, route="x"), line(4)]
    rules = policy({"strategy": "redistribute", "sharing": "equal"})
    assert after(plan(backlog(*shop), rules)) == [{0: 2}, {0: 2, 1: 2}]
