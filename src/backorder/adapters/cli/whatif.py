"""`backorder what-if`: whom it would touch if a supply slipped, came short, an order left; nothing is written."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from backorder.adapters.cli.accounts import opened
from backorder.adapters.cli.exits import FAILED, MISSING
from backorder.adapters.cli.main import as_of_option, cli, database_option, json_option

if TYPE_CHECKING:
    from backorder.queries.touched import Sum, Touched, WhatIf  # loaded when a command runs

_DAY = click.DateTime(["%Y-%m-%d"])
_NONE = "none"
_WORDS = {"cancelled": "cancelled", "planned": "kept", "repegged": "kept"}  # where the promise does not move by days


def _asking(command: Any) -> Any:
    """The options that every question has."""
    for option in (
        database_option,
        json_option,
        as_of_option,
        click.option("--limit", type=click.IntRange(0, 100_000), default=20, show_default=True, help="Lines to show."),
    ):
        command = option(command)
    return command


class _OrNone(click.IntRange):
    """A whole number, or `none` for what the category and the shop say."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; the word stays."""
        return value if value == _NONE else super().convert(value, param, ctx)


@cli.group("what-if")
def what_if() -> None:
    """Whom it would touch if something happened, and by how much.

    All of it is worked out as if it happened now; nothing is written.
    """


@what_if.command()
@click.argument("supply")
@click.option("--days", type=int, help="By so many calendar days; less than none: it comes earlier.")
@click.option("--to", type=_DAY, metavar="DAY", help="To this day.")
@_asking
def slip(supply: str, days: int | None, to: datetime | None, **asked: Any) -> None:
    """A SUPPLY comes later, or earlier."""
    _ask({"if": "slip", "supply": supply, "days": days, "to": to}, **asked)


@what_if.command("cancel-supply")
@click.argument("supply")
@click.option("--units", "quantity", type=int, help="Only so many of its units.")
@_asking
def cancel_supply(supply: str, quantity: int | None, **asked: Any) -> None:
    """A SUPPLY does not come: all that is still to come of it, or some."""
    _ask({"if": "cancel_supply", "supply": supply, "quantity": quantity}, **asked)


@what_if.command()
@click.argument("supply")
@click.argument("quantity", type=int)
@_asking
def short(supply: str, quantity: int, **asked: Any) -> None:
    """A SUPPLY arrives now with QUANTITY units, and no more of it comes."""
    _ask({"if": "short", "supply": supply, "quantity": quantity}, **asked)


@what_if.command()
@click.argument("sku")
@click.argument("quantity", type=int)
@click.argument("day", type=_DAY)
@click.option("--site", help="The site it comes to; where there is but one, it need not be named.")
@_asking
def more(sku: str, quantity: int, day: datetime, site: str | None, **asked: Any) -> None:
    """QUANTITY more of SKU come on DAY."""
    _ask({"if": "more", "sku": sku, "quantity": quantity, "expected_on": day, "site": site}, **asked)


@what_if.command("cancel-order")
@click.argument("order")
@click.argument("line", required=False)
@click.option("--units", "quantity", type=int, help="Only so many of the line's units.")
@_asking
def cancel_order(order: str, line: str | None, quantity: int | None, **asked: Any) -> None:
    """An ORDER is cancelled, or one LINE of it."""
    _ask({"if": "cancel_order", "order": order, "line": line, "quantity": quantity}, **asked)


@what_if.command()
@click.argument("sku")
@click.option("--selling", type=click.Choice(["stock_only", "backorder", "preorder", "discontinued", _NONE]))
@click.option("--coverage", type=click.Choice(["inbound", "lead_time", _NONE]))
@click.option("--lead-time-days", type=_OrNone(0))
@click.option("--released-on", type=_DAY, metavar="DAY", help="Of a preorder.")
@click.option("--safety-stock", type=_OrNone(0))
@click.option("--backorder-cap", type=_OrNone(0))
@click.option("--per-customer-cap", type=_OrNone(0))
@click.option("--max-wait-days", type=_OrNone(0))
@_asking
def policy(
    sku: str, now: int, limit: int, as_json: bool, database: str, released_on: datetime | None, **said: Any
) -> None:
    """SKU is sold otherwise.

    `none` leaves a field to the item's category and the shop.
    """
    given = {name: None if value == _NONE else value for name, value in said.items() if value is not None}
    if released_on is not None:
        given["released_on"] = released_on.date()
    _put({"if": "policy", "sku": sku, **given}, database, now, limit, as_json=as_json)


def _ask(said: dict[str, Any], *, database: str, now: int, limit: int, as_json: bool) -> None:
    """Ask with what was said; what was left out is left out."""
    told = {name: value.date() if isinstance(value, datetime) else value for name, value in said.items()}
    _put({name: value for name, value in told.items() if value is not None}, database, now, limit, as_json=as_json)


def _put(said: dict[str, Any], database: str, now: int, limit: int, *, as_json: bool) -> None:
    import msgspec

    from backorder.kernel.composing import composed
    from backorder.kernel.outcomes import Outcome, Word
    from backorder.queries import whatif

    said = {name: composed(value) if isinstance(value, str) else value for name, value in said.items()}
    try:
        asked: whatif.If = msgspec.convert(said, whatif.If)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error).replace("`$.", "`")) from None
    with opened(database) as db:
        found = whatif.what_if(db, now, [asked])
    if isinstance(found, Outcome):
        if found.outcome is Word.INVALID:
            raise click.UsageError(f"{found.field}: {found.message}")
        click.echo(f"Error: {found.field}: {found.message}.", err=True)
        sys.exit(MISSING if found.outcome.value.startswith("unknown_") else FAILED)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _show(found, limit)


def _show(found: "WhatIf", limit: int) -> None:
    from backorder.adapters.cli.tables import table

    if not found.lines:
        click.echo("Nobody who waits is touched.")
    _table(found.lines[:limit])
    if 0 < limit < len(found.lines):
        click.echo(f"There are {len(found.lines) - limit:,} more: --limit shows them.\n")
    totals = found.totals
    rows = [_sum("later, or without a date", totals.later), _sum("earlier", totals.earlier)]
    rows += [_sum("cancelled", totals.cancelled)] if totals.cancelled.lines else []
    names = ("in all", "lines", "orders", "customers", "units", "value")
    if found.lines:
        table(names, rows, numbers=names[1:5])
    for sentence in (*_besides(found), *found.notes):
        click.echo(sentence)


def _table(found: "list[Touched]") -> None:
    from backorder.adapters.cli.tables import table

    rows = [
        (
            line.order,
            line.line,
            line.sku,
            line.units,
            line.promise_before or "-",
            line.promise_after or "-",
            f"{line.promise_days:+d}" if line.promise_days else _WORDS.get(line.effect, "lost"),
            line.planned_after or "-",
            "deadline" if line.endangered else "",
        )
        for line in found
    ]
    names = ("order", "line", "sku", "units", "promised", "then", "days", "could ship", "")
    table(names, rows, numbers=("units", "days"), whole=("promised", "then", "could ship"))


def _sum(name: str, told: "Sum") -> tuple[object, ...]:
    value = ", ".join(f"{amount} {currency}" for currency, amount in told.value.items())
    if told.without_price:
        value = f"{value or '-'} ({told.without_price} without a price)"
    return name, told.lines, told.orders, told.customers, told.units, value or "-"


def _besides(found: "WhatIf") -> list[str]:
    """What else it does, in sentences."""
    totals, said = found.totals, []
    if totals.kept:
        said.append(f"Lines that keep their promise, from other supply or with another forecast: {totals.kept:,}.")
    if totals.complete_orders:
        said.append(f"Orders that ship complete whose day moves: {totals.complete_orders:,}.")
    if totals.deadlines_endangered:
        said.append(f"Lines whose legal deadline would pass first: {totals.deadlines_endangered:,}.")
    if totals.deadlines_met:
        said.append(f"Lines whose legal deadline would be met after all: {totals.deadlines_met:,}.")
    return said
