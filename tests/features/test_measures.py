"""The measures against a slow recomputation, in plain words, from exported rows of random small histories."""

import json
import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from shop import announce, do, order, shop
from simulation.world import World
from state import apply

from backorder.kernel.calendars import moment_number
from backorder.queries.export import TABLES, json_lines
from backorder.queries.measures import AGES, Kept, Measures, measure
from backorder.storage.db import Database


def exported(db: Database) -> dict[str, list[dict]]:
    with db.read() as tx:
        return {name: [json.loads(row) for row in json_lines(tx, name)] for name in TABLES}


def day_of(moment: str, zone: str) -> date:
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).date()


def part(some: float, whole: float) -> float | None:
    return some / whole if whole else None


def rank(values: list[int], percent: int) -> int | None:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else None


def dates_kept(lines: list[dict], today: date) -> dict:
    lines = [line for line in lines if line["cancelled"] < line["quantity"]]
    firsts = [line for line in lines if line["first"] < today]
    lasts = [line for line in lines if line["last"] is not None and line["last"] < today]
    first = part(sum(line["left"] is not None and line["left"] <= line["first"] for line in firsts), len(firsts))
    last = part(sum(line["left"] is not None and line["left"] <= line["last"] for line in lasts), len(lasts))
    dated = [(line["last"] - line["first"]).days for line in lines if line["last"] is not None]
    errors = [(line["left"] - line["first"]).days for line in lines if line["left"] is not None]
    return {
        "due_first": len(firsts),
        "kept_first": sum(line["left"] is not None and line["left"] <= line["first"] for line in firsts),
        "accuracy_first": first,
        "due_last": len(lasts),
        "kept_last": sum(line["left"] is not None and line["left"] <= line["last"] for line in lasts),
        "accuracy_last": last,
        "honesty_gap": None if first is None or last is None else last - first,
        "slippage_days": part(sum(dated), len(dated)),
        "repromises": part(sum(len(line["told"]) - 1 for line in lines), len(lines)),
        "eta_bias": part(sum(errors), len(errors)),
        "eta_mae": part(sum(abs(error) for error in errors), len(errors)),
        "eta_p90": rank(errors, 90),
    }


def recomputed(rows: dict[str, list[dict]], now: datetime, since: date | None, until: date | None) -> dict:
    zones = {site["site"]: site["zone"] for site in rows["sites"]}
    zone = next(iter(set(zones.values()))) if len(set(zones.values())) == 1 else "UTC"
    today = now.astimezone(ZoneInfo(zone)).date()
    placed = {
        order["order_id"]: order
        for order in rows["orders"]
        if (since is None or day_of(order["placed_at"], zone) >= since)
        and (until is None or day_of(order["placed_at"], zone) <= until)
    }
    site_of = {supply["supply"]: supply["site"] for supply in rows["supplies"]}
    shipped_at = {shipment["shipment"]: shipment["at"] for shipment in rows["shipments"]}
    lines = []
    for line in rows["lines"]:
        if line["order_id"] not in placed:
            continue

        def of_line(entry: dict, line: dict = line) -> bool:
            return (entry["order_id"], entry["line"]) == (line["order_id"], line["line"])

        order = placed[line["order_id"]]
        told = sorted(filter(of_line, rows["promises"]), key=lambda entry: entry["n"])
        days = [None if entry["to_day"] is None else date.fromisoformat(entry["to_day"]) for entry in told]
        left = [
            day_of(shipped_at[entry["shipment"]], zones[site_of[entry["supply"]]])
            for entry in filter(of_line, rows["shipment_lines"])
        ]
        gone = line["waiting"] + line["allocated"] == 0
        lines.append(
            line
            | {
                "told": told,
                "first": days[0],
                "last": days[-1],
                "left": max(left) if left and gone else None,
                "accepted": day_of(order["placed_at"], zone),
                "currency": order["currency"],
                "cancellations": list(filter(of_line, rows["cancellations"])),
            }
        )
    short = [line for line in lines if line["backordered"]]
    names = {line["order_id"] for line in lines}
    short_names = {line["order_id"] for line in short}
    units, short_units = sum(line["quantity"] for line in lines), sum(line["backordered"] for line in short)
    ages = [((today - line["accepted"]).days, line["waiting"]) for line in lines if line["waiting"]]
    waits = [(line["left"] - line["accepted"]).days for line in short if line["left"] is not None]
    closed = sum(line["shipped"] + line["cancelled"] for line in short)
    by_whom: dict[str, int] = defaultdict(int)
    for line in short:
        for entry in line["cancellations"]:
            by_whom[entry["by_whom"]] += entry["quantity"]
    value: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in lines:
        if line["unit_price"] is not None:
            sums = value[line["currency"]]
            sums[0] += line["quantity"] * line["unit_price"]
            sums[1] += (line["quantity"] - line["backordered"]) * line["unit_price"]
            sums[2] += line["waiting"] * line["unit_price"]
    slips: dict[str, int] = defaultdict(int)
    sooner = 0
    for line in lines:
        moves = [entry for entry in line["told"] if entry["from_day"] and entry["to_day"]]
        later = [entry["cause"] for entry in moves if entry["to_day"] > entry["from_day"]]
        if later:
            slips[later[0]] += 1
        sooner += any(entry["to_day"] < entry["from_day"] for entry in moves)
    return {
        "zone": zone,
        "orders": len(names),
        "lines": len(lines),
        "units": units,
        "shipped_units": sum(line["shipped"] for line in lines),
        "cancelled_units": sum(line["cancelled"] for line in lines),
        "value": {each: sums[0] for each, sums in value.items()},
        "unit_fill_rate": part(units - short_units, units),
        "line_fill_rate": part(len(lines) - len(short), len(lines)),
        "order_fill_rate": part(len(names - short_names), len(names)),
        "value_fill_rate": {each: sums[1] / sums[0] for each, sums in value.items() if sums[0]},
        "backordered_orders": len(short_names),
        "backordered_lines": len(short),
        "backordered_units": short_units,
        "order_backorder_rate": part(len(short_names), len(names)),
        "line_backorder_rate": part(len(short), len(lines)),
        "unit_backorder_rate": part(short_units, units),
        "ageing": [
            (
                sum(low <= age <= (high or 10**6) for age, _ in ages),
                sum(w for a, w in ages if low <= a <= (high or 10**6)),
            )
            for low, high in AGES
        ],
        "waiting_value": {each: sums[2] for each, sums in value.items() if sums[2]},
        "lead_time_p50": rank(waits, 50),
        "lead_time_p90": rank(waits, 90),
        "all_lines": dates_kept(lines, today),
        "backordered": dates_kept(short, today),
        "backorder_cancellation_rate": {who: units / closed for who, units in by_whom.items()},
        "slips": dict(slips),
        "pulled_in_lines": sooner,
    }


def measured(db: Database, now: datetime, since: date | None, until: date | None) -> dict:
    found = msgspec.to_builtins(measure(db, moment_number(now), since, until))
    assert [age["days"] for age in found["ageing"]] == ["0-7", "8-14", "15-30", "31-60", "61-90", "90+"]
    found["ageing"] = [(age["lines"], age["units"]) for age in found["ageing"]]
    return {name: value for name, value in found.items() if name not in {"since", "until"}}


@pytest.mark.parametrize("seed", range(4))
def test_measures_are_what_the_rows_say(seed: int, db: Database) -> None:
    world, chance = World(1_000 + seed), random.Random(seed)
    opening = world.opening()
    if seed % 2:  # one zone for the whole shop: its days, not UTC's
        opening = [
            command | {"zone": "America/New_York"} if command["do"] == "put_site" else command for command in opening
        ]
    apply(db, world.now, opening)
    start = world.now.date()
    for _ in range(120):
        command = world.command()
        if command["do"] == "place_order" and "currency" not in command:
            command["currency"] = chance.choice(["GBP", "JPY"])
            for line in command["lines"]:
                line["unit_price"] = str(chance.randrange(500))
        if command["do"] == "cancel_line":
            command["by"] = chance.choice(["customer", "merchant", "law"])
        apply(db, world.now, [command])
    rows = exported(db)
    for days in (0, 40):
        now = world.now + timedelta(days=days)
        for since, until in ((None, None), (start + timedelta(days=2), None), (start, start + timedelta(days=5))):
            assert measured(db, now, since, until) == recomputed(rows, now, since, until)


def test_a_line_filled_in_part_counts_by_its_units(db: Database) -> None:
    shop(db)
    announce(db, "PO-1", 20, "2026-12-07")
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=7)
    order(db, "SO-1", 10)
    order(db, "SO-2", 10)
    found = measure(db, moment_number(datetime(2026, 12, 1, 12, tzinfo=UTC)))
    assert (found.units, found.backordered_units, found.unit_fill_rate) == (20, 13, 0.35)
    assert (found.line_fill_rate, found.order_fill_rate) == (0, 0)
    assert found.lost_demand_rate(20) == 0.5


def test_nothing_has_no_rates(db: Database) -> None:
    found = measure(db, 0)
    assert (found.orders, found.unit_fill_rate, found.lead_time_p50) == (0, None, None)
    assert found.all_lines.accuracy_first is None
    assert found.lost_demand_rate(0) is None


def test_every_measure_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/measures.md").read_text(encoding="utf-8")
    fields = {field.name for kind in (Measures, Kept) for field in msgspec.structs.fields(kind)}
    assert [name for name in sorted(fields) if f"`{name}`" not in page] == []
