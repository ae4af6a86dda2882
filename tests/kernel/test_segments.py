"""Policies as data: what is read, what goes back, and which field is named where one cannot be meant."""

from datetime import date
from typing import Any

import msgspec
import pytest

from backorder.kernel.calendars import day_number
from backorder.kernel.segments import Policy, trouble

TODAY = day_number(date(2026, 12, 1))
ONE = {"name": "all", "strategy": "redistribute"}
GOLD = {"name": "gold", "strategy": "win", "filter": {"tier": ["gold"]}}


def policy(**fields: Any) -> Policy:
    return msgspec.convert({"policy": "daily", "segments": [ONE], **fields}, Policy)


def only(**lines: Any) -> dict[str, Any]:
    return {"segments": [{**GOLD, "filter": lines}]}


GOOD = [
    {},
    {"segments": [GOLD, ONE]},
    {"ranking": ["-priority", "tier", "id"], "tiers": ["gold", "silver"]},
    only(tier=["gold", ""], state=["late", "at_risk"], late={"at_least": 1}),
    only(value={"at_least": "10.00", "at_most": "10.00"}, currency=["EUR", "USD"]),
    only(promise={"at_least": -7, "at_most": "2026-12-05"}),
    {"segments": [{**GOLD, "name": "most", "exclude": {"channel": ["web"]}}, GOLD, ONE]},
    {"segments": [{**ONE, "minimum": {"units": 10, "days": 7}, "maximum": {"units": 10, "days": 7}}]},
    {"freeze_until": "2026-12-01"},
    {"schedule": {"at": "02:30", "zone": "Europe/Berlin", "days": ["mon"]}},
    {"fallback": "careful"},
]

BAD = [
    ({"ranking": ["prio"]}, "ranking[0]"),
    ({"ranking": ["value", "-value"]}, "ranking[1]"),
    ({"segments": [{**ONE, "ranking": ["tier", "--id"]}]}, "segments[0].ranking[1]"),
    ({"segments": [GOLD, {**ONE, "name": "gold"}]}, "segments[1].name"),
    ({"tiers": ["gold", "gold"]}, "tiers"),
    (only(tier=[]), "segments[0].filter.tier"),
    (only(state=[]), "segments[0].filter.state"),
    (only(tags=[]), "segments[0].filter.tags"),
    (only(quantity={}), "segments[0].filter.quantity"),
    (only(priority={"at_least": 2, "at_most": 1}), "segments[0].filter.priority"),
    (only(quantity={"at_most": 0}), "segments[0].filter.quantity.at_most"),
    (only(age={"at_most": -1}), "segments[0].filter.age.at_most"),
    (only(promise={"at_least": 5, "at_most": "2026-12-05"}), "segments[0].filter.promise"),
    (only(value={"at_least": "1"}), "segments[0].filter.value"),
    (only(value={"at_least": "1"}, currency=["EUR", ""]), "segments[0].filter.value"),
    (only(value={"at_least": "1.5"}, currency=["EUR", "JPY"]), "segments[0].filter.value.at_least"),
    (only(value={"at_least": "2", "at_most": "1.99"}, currency=["EUR"]), "segments[0].filter.value"),
    ({"segments": [{**GOLD, "exclude": {"tier": ["gold"]}}]}, "segments[0].exclude"),
    ({"segments": [{**GOLD, "exclude": {}}]}, "segments[0].exclude"),
    ({"segments": [{**GOLD, "exclude": {"sku": []}}]}, "segments[0].exclude.sku"),
    ({"segments": [ONE, GOLD]}, "segments[1].filter"),
    ({"segments": [GOLD, {**GOLD, "name": "again"}, ONE]}, "segments[1].filter"),
    ({"segments": [{**GOLD, "sharing": "equal"}]}, "segments[0].sharing"),
    ({"segments": [{**ONE, "strategy": "lose", "maximum": {"units": 1, "days": 1}}]}, "segments[0].maximum"),
    ({"segments": [{**ONE, "strategy": "skip", "minimum": {"units": 1, "days": 1}}]}, "segments[0].minimum"),
    ({"segments": [{**ONE, "minimum": {"units": 0, "days": 1}}]}, "segments[0].minimum.units"),
    ({"segments": [{**ONE, "minimum": {"units": 11, "days": 7}, "maximum": {"units": 10, "days": 7}}]},
     "segments[0].minimum"),
    ({"segments": [{**ONE, "minimum": {"units": 6, "days": 7}, "maximum": {"units": 11, "days": 14}}]},
     "segments[0].minimum"),
    ({"segments": [{**ONE, "minimum": {"units": 21, "days": 14}, "maximum": {"units": 10, "days": 7}}]},
     "segments[0].minimum"),
    ({"freeze_days": 1, "freeze_until": "2026-12-24"}, "freeze_until"),
    ({"freeze_until": "2026-11-30"}, "freeze_until"),
    ({"fallback": "daily"}, "fallback"),
    ({"fallback": "careful", "violated": "report"}, "fallback"),
    ({"schedule": {"at": "02:30", "zone": "Europe/Nowhere"}}, "schedule.zone"),
    ({"schedule": {"at": "02:30", "zone": "UTC", "days": []}}, "schedule.days"),
]  # fmt: skip

UNREADABLE = [
    ({"segments": []}, "$.segments"),
    ({"segments": [{**ONE, "strategy": "triumph"}]}, "$.segments[0].strategy"),
    ({"segments": [{**GOLD, "filter": {"colour": ["red"]}}]}, "colour"),
    ({"segments": [{**GOLD, "filter": {"state": ["lost"]}}]}, "$.segments[0].filter.state[0]"),
    ({"segments": [{**GOLD, "maximum": {"units": 1}}]}, "days"),
    ({"schedule": {"at": "24:00", "zone": "UTC"}}, "$.schedule.at"),
    ({"freeze_days": -1}, "$.freeze_days"),
    ({"urgency": 1}, "urgency"),
]


@pytest.mark.parametrize("fields", GOOD)
def test_what_can_be_meant_is_taken_and_comes_back_the_same(fields: dict) -> None:
    found = policy(**fields)
    assert trouble(found, TODAY) is None
    assert msgspec.json.decode(msgspec.json.encode(found), type=Policy) == found


@pytest.mark.parametrize(("fields", "field"), BAD)
def test_what_cannot_be_meant_is_named_by_its_field(fields: dict, field: str) -> None:
    found = trouble(policy(**fields), TODAY)
    assert found is not None
    assert found[0] == field
    assert found[1]


@pytest.mark.parametrize(("fields", "field"), UNREADABLE)
def test_what_is_of_no_known_shape_is_refused_with_its_place(fields: dict, field: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        policy(**fields)
    assert field in str(refused.value)
