"""Filters against a naive reading of them, row by row; and who takes what."""

from datetime import timedelta
from typing import Any

import pytest
from backlogs import TODAY, backlog, line, policy, supply
from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.kernel.calendars import NEVER, day_date
from backorder.kernel.reallocation import plan

EUR, USD = {"currency": "EUR"}, {"currency": "USD"}

# a filter, a line that it takes, a line that it does not
TABLE = [
    ({"tier": ["gold", "silver"]}, {"tier": "silver"}, {"tier": ""}),
    ({"tier": [""]}, {"tier": ""}, {"tier": "gold"}),
    ({"tier": ["bronze"]}, None, {"tier": "gold"}),
    ({"channel": ["web"], "tier": ["gold"]}, {"channel": "web", "tier": "gold"}, {"channel": "web"}),
    ({"order": ["o7"]}, {"order": "o7"}, {"order": "o8"}),
    ({"sku": ["a"]}, {"sku": "a"}, {"sku": "b"}),
    ({"tags": ["vip"]}, {"tags": ("new", "vip")}, {"tags": ("new",)}),
    ({"tags": ["", "vip"]}, {"tags": ()}, {"tags": ("new",)}),
    ({"state": ["late", "none"]}, {"state": 1}, {"state": 2}),
    ({"quantity": {"at_least": 3}}, {"units": 3}, {"units": 2}),
    ({"waiting": {"at_most": 3}}, {"units": 2, "pinned": 1}, {"units": 3, "pinned": 1}),
    ({"priority": {"at_least": -1, "at_most": 1}}, {"priority": -1}, {"priority": 2}),
    ({"age": {"at_least": 7}}, {"placed": 3}, {"placed": 4}),  # placed on today - 10 + that
    ({"age": {"at_most": 7}}, {"placed": 3}, {"placed": 2}),
    ({"late": {"at_least": 3}}, {"promise": TODAY + 2, "pegs": {0: 1}}, {"promise": TODAY + 3, "pegs": {0: 1}}),
    ({"late": {"at_least": 900}}, {"promise": TODAY + 2}, {"promise": TODAY + 2, "pegs": {0: 1}}),  # no day at all
    ({"late": {"at_most": 900}}, {"promise": TODAY + 2, "pegs": {0: 1}}, {"promise": NEVER}),
    ({"value": {"at_least": "10.00"}, "currency": ["EUR"]}, EUR | {"value": 1000}, EUR | {"value": 999}),
    ({"value": {"at_most": "10"}, "currency": ["EUR"]}, EUR | {"value": 1000}, USD | {"value": 1000}),
    ({"promise": {"at_least": -2, "at_most": 0}}, {"promise": TODAY - 2}, {"promise": TODAY + 1}),
    ({"promise": {"at_least": 0}}, {"promise": TODAY}, {"promise": NEVER}),
    ({"deadline": {"at_most": day_date(TODAY + 4).isoformat()}}, {"deadline": TODAY + 4}, {"deadline": TODAY + 5}),
    ({"requested_on": {"at_most": 9}}, {"requested": TODAY + 9}, {"requested": NEVER}),
    ({"placed_on": {"at_most": -7}}, {"placed": 3}, {"placed": 4}),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "taken", "left"), TABLE)
def test_a_filter(lines: dict[str, Any], taken: dict[str, Any] | None, left: dict[str, Any]) -> None:
    rows = [line(**({"units": 1} | fields)) for fields in (taken or left, left)]
    shop = [supply(2, TODAY + 5)], rows
    found = plan(backlog(*shop), policy({"strategy": "skip", "filter": lines}))
    assert found.segment == [0 if taken else -1, -1]
    excluded = plan(backlog(*shop), policy({"strategy": "skip", "exclude": lines}))
    assert excluded.segment == [-1 if taken else 0, 0]


rows = st.lists(
    st.tuples(st.sampled_from(["", "gold", "silver"]), st.integers(1, 5), st.sets(st.sampled_from("uvw"))),
    min_size=1,
    max_size=6,
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "tier": st.lists(st.sampled_from(["", "gold", "bronze"]), min_size=1, unique=True),
        "tags": st.lists(st.sampled_from(["", "u", "v"]), min_size=1, unique=True),
        "quantity": st.builds(lambda low, more: {"at_least": low, "at_most": low + more}, *[st.integers(1, 3)] * 2),
    },
)


@given(rows, st.lists(filters, min_size=1, max_size=3, unique_by=str))
@settings(max_examples=200, deadline=None)
def test_a_line_belongs_to_the_first_segment_that_takes_it(lines: list, some: list) -> None:
    some = [one for n, one in enumerate(some) if one or n == len(some) - 1]
    columns = backlog([], [line(units, tier=tier, tags=sorted(tags)) for tier, units, tags in lines])
    found = plan(columns, policy(*({"strategy": "redistribute", "filter": one} for one in some)))

    def takes(one: dict[str, Any], tier: str, units: int, tags: set[str]) -> bool:
        if "tier" in one and tier not in one["tier"]:
            return False
        if "tags" in one and not (tags & set(one["tags"]) or ("" in one["tags"] and not tags)):
            return False
        return "quantity" not in one or one["quantity"]["at_least"] <= units <= one["quantity"]["at_most"]

    for n, (tier, units, tags) in enumerate(lines):
        first = [k for k, one in enumerate(some) if takes(one, tier, units, tags)]
        assert found.segment[n] == (first[0] if first else -1)


def test_days_of_a_filter_move_with_today() -> None:
    columns = backlog([], [line(promise=TODAY + 3)])
    rules = policy({"strategy": "skip", "filter": {"promise": {"at_most": 2}}})
    assert plan(columns, rules).segment == [-1]
    assert plan(columns._replace(today=TODAY + 1), rules).segment == [0]
    assert day_date(TODAY) + timedelta(1) == day_date(TODAY + 1)
