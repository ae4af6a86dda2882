"""What a plan may and may not do, whatever the policy; and the strategies one by one.

A row of a table is a shop, a policy and what each line holds afterwards, {supply: units}.
"""

from typing import Any

from backlogs import (
    TODAY,
    after,
    backlog,
    committed,
    held,
    outcomes,
    policies,
    policy,
    shops,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backorder.kernel.backlog import as_arrays
from backorder.kernel.calendars import NEVER
from backorder.kernel.reallocation import Plan, plan
from backorder.kernel.segments import Policy

often = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def strategy_of(found: Plan, rules: Policy, row: int) -> str:
    return rules.segments[found.segment[row]].strategy if found.segment[row] >= 0 else ""


# Whatever the policy


@given(shops(), policies(), st.booleans(), st.booleans())
@often
def test_no_unit_is_made_or_lost_and_nothing_is_overdrawn(shop, rules, take_allocated, take_held) -> None:
    rules = _with(rules, take_allocated=take_allocated, take_held=take_held, violated="report")
    columns = backlog(*shop)
    found = plan(columns, rules)
    before = [held(found.before, n) for n in range(len(shop[1]))]
    for s in range(len(shop[0])):
        was = columns.supply.free[s] + sum(pegs.get(s, 0) for pegs in before)
        now = found.free[s] + sum(pegs.get(s, 0) for pegs in after(found))
        assert was == now
        assert found.free[s] >= 0
    for n, (pegs, row) in enumerate(zip(after(found), shop[1], strict=True)):
        given_up = sum(before[n].values()) - sum(row["pegs"].values())
        assert sum(pegs.values()) <= row["units"] + given_up
        for s in pegs:
            store = shop[0][s]
            assert store["sku"] == row["sku"]
            assert row["route"] is None or store["site"] in row["route"]


@given(shops(), policies(), st.sampled_from(["leave", "stop"]))
@often
def test_the_backlog_given_is_not_changed(shop, rules, violated) -> None:
    columns = backlog(*shop)
    plan(columns, _with(rules, violated=violated))
    assert columns == backlog(*shop)


@given(shops(), policies(), st.booleans())
@often
def test_who_takes_no_part_keeps_what_it_has(shop, rules, take_allocated) -> None:
    rules = _with(rules, take_allocated=take_allocated, violated="report", freeze_days=3)
    found = plan(backlog(*shop), rules)
    for n, (word, row) in enumerate(zip(outcomes(found), shop[1], strict=True)):
        if row["frozen"] or row["held"]:
            assert word in {"frozen", "held", "unmatched", "skipped"}
        if found.day_before[n] < TODAY + 3:
            assert word in {"frozen", "unmatched", "skipped"}
        if word in {"frozen", "held", "unmatched", "skipped"}:
            assert after(found)[n] == row["pegs"]
            assert found.day_after[n] == found.day_before[n]
        if word == "unmatched":
            assert found.segment[n] == -1
    assert sorted(found.served) == [n for n, word in enumerate(outcomes(found)) if word in PART]


PART = {"gained", "lost", "moved", "unchanged"}


@given(shops(), policies())
@often
def test_gain_and_improve_lines_are_never_worse_but_for_a_win_that_is_named(shop, rules) -> None:
    """By their due day, then by the units covered; lines of a complete order count as one."""
    found = plan(backlog(*shop), _with(rules, violated="report"))
    told = {violation.row: violation for violation in found.violations if violation.rule == "gain"}
    for n in range(len(shop[1])):
        order = [m for m, row in enumerate(shop[1]) if m == n or 0 <= row["together"] == shop[1][n]["together"]]
        fewer = sum(found.units_after[m] for m in order) < sum(found.units_before[m] for m in order)
        worse = found.day_after[n] > found.day_before[n] or fewer
        strategy = strategy_of(found, rules, n)
        if strategy == "improve":
            assert not worse
        if strategy == "gain" and outcomes(found)[n] in PART:
            assert worse == (n in told)
            if worse:
                assert rules.segments[told[n].by].strategy == "win"
                assert told[n].by < found.segment[n]


@given(shops(), policies())
@often
def test_a_win_has_its_day_or_is_reported(shop, rules) -> None:
    found = plan(backlog(*shop), _with(rules, violated="report"))
    columns = backlog(*shop)
    missed = {violation.row for violation in found.violations if violation.rule == "win"}
    for n in range(len(shop[1])):
        if strategy_of(found, rules, n) == "win" and outcomes(found)[n] in PART:
            assert (found.day_after[n] > columns.wanted[n]) == (n in missed)


@given(shops(), policies(), st.booleans())
@often
def test_a_fill_is_never_better(shop, rules, take_allocated) -> None:
    found = plan(backlog(*shop), _with(rules, violated="report", take_allocated=take_allocated))
    for n in range(len(shop[1])):
        if strategy_of(found, rules, n) == "fill":
            assert found.day_after[n] >= found.day_before[n]
            assert found.units_after[n] <= found.units_before[n]


@given(shops(), policies(), st.booleans())
@often
def test_a_lose_holds_nothing_that_it_could_give(shop, rules, take_allocated) -> None:
    found = plan(backlog(*shop), _with(rules, violated="report", take_allocated=take_allocated))
    for n in range(len(shop[1])):
        if strategy_of(found, rules, n) == "lose" and outcomes(found)[n] in PART:
            assert after(found)[n] == {}


@given(shops(), policies())
@often
def test_running_twice_changes_nothing(shop, rules) -> None:
    rules = _with(rules, violated="report")
    found = plan(backlog(*shop), rules)
    assert found.settled
    again = plan(backlog(*committed(shop, found)), rules)
    assert set(outcomes(again)) <= {"unchanged", "frozen", "held", "unmatched", "skipped"}
    assert again.day_after == found.day_after


@given(shops(plain=True), policies(quotas=False))
@often
def test_violated_items_keep_what_they_have_and_the_others_do_not_feel_it(shop, rules) -> None:
    all_the_same, left = plan(backlog(*shop), _with(rules, violated="report")), plan(backlog(*shop), rules)
    items = {shop[1][violation.row]["sku"] for violation in left.violations}
    assert left.violations == all_the_same.violations
    for n, row in enumerate(shop[1]):
        if row["sku"] in items:
            assert after(left)[n] == row["pegs"]
            assert left.day_after[n] == left.day_before[n]
            assert (outcomes(left)[n] == "left") == (outcomes(all_the_same)[n] in PART - {"unchanged"})
        else:
            assert after(left)[n] == after(all_the_same)[n]
    stopped = plan(backlog(*shop), _with(rules, violated="stop"))
    assert stopped.stopped == bool(left.violations)
    if stopped.stopped:
        assert after(stopped) == [row["pegs"] for row in shop[1]]
        assert stopped.free == backlog(*shop).supply.free


@given(shops(), policies(), policies())
@often
def test_a_fallback_plans_the_items_concerned_and_no_others(shop, rules, other) -> None:
    other = _with(other, violated="report")
    columns = backlog(*shop)
    first, second = plan(columns, _with(rules, violated="report")), plan(columns, other)
    found = plan(columns, rules, other)
    for n in range(len(shop[1])):
        source = second if found.fallen[n] else first
        assert after(found)[n] == after(source)[n]
        assert found.segment[n] == source.segment[n]
    assert all(found.fallen[violation.row] for violation in first.violations)
    test_no_unit = [sum(pegs.get(s, 0) for pegs in after(found)) for s in range(len(shop[0]))]
    was = [sum(row["pegs"].get(s, 0) for row in shop[1]) for s in range(len(shop[0]))]
    free = zip(columns.supply.free, was, test_no_unit, found.free, strict=True)
    assert all(a + b == c + d for a, b, c, d in free)


@given(shops(), policies(), st.integers(0, 4))
@often
def test_no_more_days_change_than_the_cap_allows(shop, rules, most) -> None:
    rules = _with(rules, violated="report")
    free, found = plan(backlog(*shop), rules), plan(backlog(*shop), _with(rules, changes_max=most))
    changed = [a != b for a, b in zip(found.day_before, found.day_after, strict=True)]
    assert sum(changed) <= most
    wanted = sum(a != b for a, b in zip(free.day_before, free.day_after, strict=True))
    if wanted <= most:
        assert after(found) == after(free)
        assert "left" not in outcomes(found)


@given(shops(plain=True), policies())
@often
def test_the_order_in_which_rows_were_read_decides_nothing(shop, rules) -> None:
    """Supplies by other numbers, words by other codes, groups by other numbers: the plan is the same."""
    stores, rows = shop
    turned = list(range(len(stores)))[::-1]
    swapped = [
        row | {"pegs": _renamed(row["pegs"], turned), "allocated": _renamed(row["allocated"], turned)} for row in rows
    ]
    one, other = backlog(stores, rows), backlog(stores[::-1], swapped)
    # the engine's order of one day's supplies is the candidates' own: keep it
    candidates = [turned[s] for s in one.supply.candidates]
    other = other._replace(supply=other.supply._replace(first=one.supply.first, candidates=candidates), group=one.group)
    rules = _with(rules, sharing="strict")
    if any(segment.sharing or segment.minimum or segment.maximum for segment in rules.segments):
        return  # these go by the number of the supply where two have one day
    first, second = plan(one, rules), plan(other, rules)
    assert [_renamed(pegs, turned) for pegs in after(first)] == after(second)
    assert first.day_after == second.day_after
    assert first.served == second.served


def _renamed(pegs: dict[int, int], names: list[int]) -> dict[int, int]:
    return {names[s]: units for s, units in pegs.items()}


@given(shops(plain=True), st.sampled_from([["priority", "placed_at"], ["quantity"], ["tier", "-placed_at"]]))
@often
def test_nobody_in_a_segment_would_do_better_with_what_a_later_one_holds(shop, ranking) -> None:
    """Of a strict `redistribute` segment: a line's day gets no earlier if it may also choose among the units of all
    lines that were served after it, as far as it may stand on their supplies."""
    rules = policy({"strategy": "redistribute", "ranking": ranking}, tiers=["gold", "silver"])
    columns = backlog(*shop)
    found = plan(columns, rules)
    for place, row in enumerate(found.served):
        later = [after(found)[other] for other in found.served[place:]]
        days = sorted(
            columns.supply.day[s]
            for s in _usable(columns, row)
            for _ in range(found.free[s] + sum(pegs.get(s, 0) for pegs in later))
        )
        need = columns.need[row]
        best = (days[need - 1] if need else 0) if len(days) >= need else NEVER
        assert found.day_after[row] == max(best, *_allocated_days(shop, row), columns.floor[row])


def _usable(columns: Any, row: int) -> list[int]:
    first, group = columns.supply.first, columns.group[row]
    return columns.supply.candidates[first[group] : first[group + 1]]


def _allocated_days(shop: Any, row: int) -> list[int]:
    return [0, *(shop[0][s]["day"] for s in shop[1][row]["allocated"])]


@given(shops(), policies(), st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_lists_and_arrays_are_planned_alike(shop, rules, take_allocated) -> None:
    rules = _with(rules, take_allocated=take_allocated)
    columns = backlog(*shop)
    slow, fast = plan(columns, rules), plan(as_arrays(columns), rules)
    assert after(slow) == after(fast)
    assert slow.violations == fast.violations
    for name in ("segment", "day_before", "day_after", "units_before", "units_after", "outcome", "served", "free"):
        assert getattr(slow, name) == getattr(fast, name).tolist(), name
    assert (slow.stopped, slow.settled) == (fast.stopped, fast.settled)


def _with(rules: Policy, **fields: Any) -> Policy:
    import msgspec

    return msgspec.structs.replace(rules, **fields)
