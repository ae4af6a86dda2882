"""What `backorder measures` prints, and the demo at its end."""

import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import click
import msgspec

from backorder.adapters.cli.exits import MISSING
from backorder.kernel.money import text
from backorder.queries.measures import Kept, Measures, measure
from backorder.storage.db import open_database


def measures(place: str, now: int, since: date | None, until: date | None, *, as_json: bool) -> None:
    """Print the measures of a window; exits 3 if no order was accepted in it."""
    db = open_database(place)
    try:
        found = measure(db, now, since, until)
    finally:
        db.close()
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    elif found.orders:
        say(facts(found))
    if not found.orders:
        click.echo("No order was accepted in that time.", err=True)
        sys.exit(MISSING)


def say(told: Iterator[tuple[str, str]]) -> None:
    """Print facts, names on the left."""
    for name, fact in told:
        click.echo(f"{name:<24}{fact}")


def facts(found: Measures) -> Iterator[tuple[str, str]]:
    """The measures in words, most asked for first."""
    yield "orders", f"{found.orders:,} with {found.lines:,} lines, {found.units:,} units{_money(found.value, ' for ')}"
    yield (
        "filled at once",
        f"{_percent(found.unit_fill_rate)} of units, {_percent(found.line_fill_rate)} of lines, "
        f"{_percent(found.order_fill_rate)} of orders"
        + "".join(f", {_percent(rate)} of value in {each}" for each, rate in found.value_fill_rate.items()),
    )
    yield (
        "backordered",
        f"{found.backordered_units:,} units ({_percent(found.unit_backorder_rate)}) on {found.backordered_lines:,} "
        f"lines ({_percent(found.line_backorder_rate)}) of {found.backordered_orders:,} orders "
        f"({_percent(found.order_backorder_rate)})",
    )
    yield "their wait", f"{_days(found.lead_time_p50)} in the middle, nine in ten within {_days(found.lead_time_p90)}"
    yield from _kept("all lines", found.all_lines)
    yield from _kept("backordered lines", found.backordered)
    causes = ", ".join(f"{cause} {count:,}" for cause, count in found.slips.items())
    slipped = sum(found.slips.values())
    yield "slipped", f"{slipped:,} lines" + (f" (first because of: {causes})" if causes else "")
    yield "pulled in", f"{found.pulled_in_lines:,} lines got an earlier date"
    rates = ", ".join(f"{_percent(rate)} by {who}" for who, rate in found.backorder_cancellation_rate.items())
    yield "cancelled", f"{found.cancelled_units:,} units; of backordered lines: {rates or 'none'}"
    waiting = sum(age.units for age in found.ageing)
    yield "still waiting", f"{waiting:,} units{_money(found.waiting_value, ' for ')}"
    ages = ", ".join(f"{age.days} days {age.units:,}" for age in found.ageing if age.units)
    if ages:
        yield "  since", ages


def _kept(name: str, kept: Kept) -> Iterator[tuple[str, str]]:
    yield (
        f"kept, {name}",
        f"{_percent(kept.accuracy_first)} of {kept.due_first:,} by the first date, {_percent(kept.accuracy_last)} of "
        f"{kept.due_last:,} by the last; honesty gap {_points(kept.honesty_gap)}",
    )
    if kept.eta_mae is not None and kept.slippage_days is not None:
        yield (
            "  their dates",
            f"left {kept.eta_bias:+.2f} days from the first date on average, off by {kept.eta_mae:.2f}, nine in ten "
            f"by {kept.eta_p90:+d}; slipped {kept.slippage_days:.2f} days and {kept.repromises:.2f} times a line",
        )


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"


def _points(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:+.1f} points"


def _days(days: int | None) -> str:
    return "-" if days is None else f"{days} days"


def _money(values: dict[str, int], before: str) -> str:
    """Amounts, each in its currency: they are never added."""
    said = " and ".join(f"{text(value, each)} {each}" for each, value in values.items())
    return before + said if said else ""
