"""What `backorder measures` prints, and the demo at its end."""

import sys
from collections.abc import Iterator
from datetime import date

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
    rates = {"units": found.unit_fill_rate, "lines": found.line_fill_rate, "orders": found.order_fill_rate}
    rates |= {f"value in {currency}": rate for currency, rate in found.value_fill_rate.items()}
    yield "filled at once", ", ".join(f"{_percent(rate)} of {name}" for name, rate in rates.items())
    units = f"{found.backordered_units:,} units ({_percent(found.unit_backorder_rate)})"
    lines = f"{found.backordered_lines:,} lines ({_percent(found.line_backorder_rate)})"
    orders = f"{found.backordered_orders:,} orders ({_percent(found.order_backorder_rate)})"
    yield "backordered", f"{units} on {lines} of {orders}: kept while out of stock"
    yield "their wait", f"{_days(found.lead_time_p50)} in the middle, nine in ten within {_days(found.lead_time_p90)}"
    yield from _kept("all lines", found.all_lines)
    yield from _kept("backordered lines", found.backordered)
    causes = ", ".join(f"{cause} {count:,}" for cause, count in found.slips.items())
    slipped = sum(found.slips.values())
    yield "slipped", f"{slipped:,} lines" + (f" (first because of: {causes})" if causes else "")
    yield "pulled in", f"{found.pulled_in_lines:,} lines got an earlier date"
    gone = ", ".join(f"{_percent(rate)} by {who}" for who, rate in found.backorder_cancellation_rate.items())
    yield "cancelled", f"{found.cancelled_units:,} units; of backordered lines: {gone or 'none'}"
    waiting = sum(age.units for age in found.ageing)
    yield "still waiting", f"{waiting:,} units{_money(found.waiting_value, ' for ')}"
    ages = ", ".join(f"{age.days} days {age.units:,}" for age in found.ageing if age.units)
    if ages:
        yield "  since", ages


def _kept(name: str, kept: Kept) -> Iterator[tuple[str, str]]:
    first = f"{_percent(kept.accuracy_first)} of {kept.due_first:,} by the first date"
    last = f"{_percent(kept.accuracy_last)} of {kept.due_last:,} by the last"
    yield f"kept, {name}", f"{first}, {last}; honesty gap {_points(kept.honesty_gap)}"
    if kept.eta_mae is not None and kept.slippage_days is not None:
        left = f"left {kept.eta_bias:+.2f} days from the first date on average, off by {kept.eta_mae:.2f}"
        moved = f"slipped {kept.slippage_days:.2f} days and {kept.repromises:.2f} times a line"
        yield "  their dates", f"{left}, nine in ten by {kept.eta_p90:+d}; {moved}"


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
