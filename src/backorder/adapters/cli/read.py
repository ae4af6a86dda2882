"""What the reading commands print: tables for people, JSON for programs."""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from backorder.adapters.cli.exits import MISSING
from backorder.adapters.cli.owed import show_notice
from backorder.adapters.cli.tables import facts, table
from backorder.kernel.composing import composed
from backorder.kernel.outcomes import Outcome, Word
from backorder.queries import catalogue, lines, lists, notices, quotes, shipments
from backorder.queries import check as checks
from backorder.queries import explain as explanations
from backorder.queries import export as exports
from backorder.queries import show as shows
from backorder.queries.explain import day_words
from backorder.storage.db import Database, open_database


@contextmanager
def _opened(place: str) -> Iterator[Database]:
    db = open_database(place)
    try:
        yield db
    finally:
        db.close()


def _as_json(thing: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(thing), indent=2).decode())


def _day(day: date | None) -> str:
    return "-" if day is None else day.isoformat()


def show(kind: str, ref: tuple[str, ...], place: str, now: int, *, as_json: bool) -> None:
    """Print one order, line, item, supply or document; exits 3 if it is not there."""
    with _opened(place) as db:
        found = _ASKED[kind](db, now, *map(composed, ref))
    if found is None:
        click.echo(f"There is no {kind} {' '.join(ref)}.", err=True)
        sys.exit(MISSING)
    if as_json:
        _as_json(found)
    else:
        _SHOWN[kind](found)


def _show_order(order: shows.OrderView) -> None:
    facts(
        f"Order {order.order}",
        {
            "customer": order.customer or "-",
            "placed": f"{order.placed_at:%Y-%m-%d %H:%M} UTC",
            "ships": order.ship.replace("_", " "),
        },
    )
    _line_table(order.lines)


def _line_table(found: list[lines.LineView]) -> None:
    rows = [
        (
            line.order,
            line.line,
            line.sku,
            line.state,
            line.quantity,
            line.waiting,
            line.allocated,
            line.shipped,
            _day(line.promise),
            "held" if line.held else "risk" if line.at_risk else "",
        )
        for line in found
    ]
    names = ("order", "line", "sku", "state", "units", "waiting", "ready", "shipped", "promise", "")
    table(names, rows, numbers=("units", "waiting", "ready", "shipped"))


def _show_line(line: lines.LineView) -> None:
    facts(
        f"Line {line.line} of order {line.order}",
        {
            "item": line.sku,
            "state": line.state,
            "units": f"{line.quantity}: {line.waiting} waiting ({line.uncovered} uncovered), "
            f"{line.allocated} allocated, {line.shipped} shipped, {line.cancelled} cancelled",
            "first promise": _day(line.first_promise),
            "promise": _day(line.promise),
            "planned": _day(line.planned),
            "at risk": "yes" if line.at_risk else "no",
            **({"held": "yes: it keeps its place and is not shipped"} if line.held else {}),
        },
    )
    pinned = any(peg.pinned for peg in line.pegs)
    table(
        ("stands on", "site", "units", "could ship", *(["pinned"] if pinned else [])),
        [(p.supply, p.site, p.quantity, _day(p.ships_on), *([p.pinned or ""] if pinned else [])) for p in line.pegs],
        numbers=("units", "pinned"),
    )
    table(
        ("revised", "from", "to", "cause", "supply"),
        [
            (f"{r.at:%Y-%m-%d %H:%M}", _day(r.from_day), _day(r.to_day), r.cause, r.supply or "-")
            for r in line.revisions
        ],
    )


def _show_item(item: shows.ItemView) -> None:
    facts(
        f"Item {item.sku}",
        {
            "name": item.name or "-",
            "selling": f"{item.selling}, covered by {item.coverage.replace('_', ' ')}",
            "price": f"{item.price} {item.currency}" if item.price else "-",
            "waiting": f"{item.waiting} units, {item.uncovered} of them uncovered",
        },
    )
    total = ("in all", item.on_hand, item.allocated, item.free, item.inbound, item.inbound_free)
    rows = [(s.site, s.on_hand, s.allocated, s.free, s.inbound, s.inbound_free) for s in item.sites]
    names = ("site", "on hand", "allocated", "free", "inbound", "inbound free")
    table(names, [*rows, total], numbers=names[1:])
    policy = [(told.field, told.value, told.source) for told in item.policy if told.source != "default"]
    table(("policy", "value", "said by"), policy, numbers=("value",))


def _show_document(document: shows.DocumentView) -> None:
    costs = ", ".join(f"{amount} {currency}" for currency, amount in document.costs.items())
    facts(f"Purchase order {document.document}", {"costs": costs or "-"})
    rows = [
        (
            line.document_line or "-",
            line.sku,
            s.supply,
            s.quantity,
            s.received,
            s.cancelled,
            _day(s.available_on),
            s.state,
        )
        for line in document.lines
        for s in line.supplies
    ]
    names = ("line", "item", "supply", "units", "received", "cancelled", "planned", "state")
    table(names, rows, numbers=names[3:6])


def _show_supply(supply: shows.SupplyView) -> None:
    facts(
        f"Supply {supply.supply}",
        {
            "item": f"{supply.sku} at {supply.site}",
            "state": supply.state + ("" if supply.confirmed or supply.kind == "stock" else ", not confirmed"),
            "units": f"{supply.quantity}: {supply.received} received, {supply.cancelled} cancelled, "
            f"{supply.pegged} pegged, {supply.free} free",
            "expected": _day(supply.expected_on),
            "planned for": _day(supply.available_on),
        },
    )
    table(("held by order", "line", "units"), [(p.order, p.line, p.quantity) for p in supply.pegs], numbers=("units",))


def _show_shipment(shipment: shipments.ShipmentView) -> None:
    _show_facts("Shipment", shipment)
    rows = [(left.line, left.sku, left.site, left.quantity) for left in shipment.lines]
    table(("line", "item", "site", "units"), rows, numbers=("units",))


def _show_facts(title: str, thing: Any) -> None:
    """Whatever has one value for each of its names, by them; the first is its id."""
    ident, *names = [name for name in thing.__struct_fields__ if name != "lines"]
    facts(f"{title} {getattr(thing, ident)}", {n.replace("_", " "): _plain(getattr(thing, n)) for n in names})


_ASKED: dict[str, Callable[..., Any]] = {
    "order": lambda db, now, ref: shows.order(db, ref, now),
    "line": lambda db, now, order, line: shows.line(db, order, line, now),
    "item": lambda db, _, ref: shows.item(db, ref),
    "supply": lambda db, now, ref: shows.supply(db, ref, now),
    "document": lambda db, now, ref: shows.document(db, ref, now),
    "notice": lambda db, _, order, number: notices.notice(db, order, int(number)),
    "shipment": lambda db, _, ref: shipments.shipment(db, ref),
    "site": lambda db, _, ref: catalogue.site(db, ref),
    "supplier": lambda db, _, ref: catalogue.supplier(db, ref),
    "customer": lambda db, _, ref: catalogue.customer(db, ref),
    "category": lambda db, _, ref: catalogue.category(db, ref),
}
_SHOWN: dict[str, Callable[[Any], None]] = {
    "order": _show_order,
    "line": _show_line,
    "item": _show_item,
    "supply": _show_supply,
    "document": _show_document,
    "notice": show_notice,
    "shipment": _show_shipment,
    **{kind: partial(_show_facts, kind.capitalize()) for kind in ("site", "supplier", "customer", "category")},
}


_NOT_LISTED = {  # `show supply` tells, and so it is with what is a list itself
    *("pegs", "selling", "document", "kind", "cancelled", "confirmed", "available_on", "from_site", "lost")
}


_LISTED: dict[str, Callable[..., list[Any]]] = {
    "orders": lists.list_orders,
    "items": lists.list_items,
    "stock": lists.list_stock,
    "shipments": shipments.list_shipments,
    "sites": catalogue.list_sites,
    "suppliers": catalogue.list_suppliers,
    "customers": catalogue.list_customers,
    "categories": catalogue.list_categories,
}


def list_things(what: str, place: str, now: int, *, as_json: bool, limit: int, filters: dict[str, Any]) -> None:
    """Print a list of lines, orders, items or supplies."""
    said = {name: composed(value) if isinstance(value, str) else value for name, value in filters.items()}
    with _opened(place) as db:
        found = _listed(what, db, now, limit, said)
    if as_json:
        _as_json(found)
        return
    if not found:
        click.echo("Nothing matches.")
        return
    if what == "lines":
        _line_table(found)
        last = f" --after {shlex.join((found[-1].order, found[-1].line))} shows the next."
    else:
        last = " --limit shows more."
        hidden = _NOT_LISTED if what in {"supplies", "items"} else set()
        names = [
            name
            for name in found[0].__struct_fields__
            if name not in hidden and not isinstance(getattr(found[0], name), list | dict)
        ]
        rows = [[_plain(getattr(row, name)) for name in names] for row in found]
        numbers = [name for name in names if isinstance(getattr(found[0], name), int)]
        table([name.replace("_", " ") for name in names], rows, numbers=[name.replace("_", " ") for name in numbers])
    if len(found) == limit:
        click.echo(f"There may be more than these {limit}:{last}", err=True)


def _listed(what: str, db: Database, now: int, limit: int, filters: dict[str, Any]) -> list[Any]:
    if what == "lines":
        return list(lines.list_lines(db, now, lines.Filters(**filters, limit=limit)))
    if what == "supplies":
        if "open" in filters:
            filters["still_open"] = filters.pop("open")
        return list(lists.list_supplies(db, now, **filters, limit=limit))
    if filters.pop("late", False):
        filters["late_at"] = now
    return list(_LISTED[what](db, **filters, limit=limit))


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {said}" for name, said in value.items()) or "-"
    return "-" if value is None or value == "" else str(value)


def quote(place: str, now: int, question: dict[str, Any], *, as_json: bool) -> None:
    """Print what an order would be promised."""
    days = {name: None if question[name] is None else question[name].date() for name in ("requested_on", "accept_by")}
    asked = quotes.Quote(
        sku=composed(question["sku"]),
        quantity=question["quantity"],
        customer=question["customer"] and composed(question["customer"]),
        ship_to=quotes.ShipTo(region=question["region"]),
        sites=list(question["sites"]),
        priority=question["priority"],
        **days,
    )
    with _opened(place) as db:
        answer = quotes.quote(db, now, [asked])[0]
    if as_json:
        _as_json(answer)
    else:
        _print_quote(asked, answer)


def _print_quote(asked: quotes.Quote, answer: Outcome) -> None:
    line = answer.lines[0] if answer.lines else None
    if answer.outcome is not Word.ANSWERED or line is None:
        extra = f" {line.available} could be had." if line is not None and line.available else ""
        click.echo(f"{asked.quantity} of {asked.sku}: {answer.outcome.value}. {answer.message}{extra}")
        return
    assert line.promise is not None
    click.echo(f"{asked.quantity} of {asked.sku} would be promised for {day_words(line.promise)}.")
    rows = [(part.quantity, _day(part.ships_on), part.basis, part.supply or "-") for part in line.parts]
    table(("units", "could ship", "basis", "supply"), rows, numbers=("units",))


def explain(order: str, line: str, place: str, now: int, earlier: int | None, *, spoken: bool, as_json: bool) -> None:
    """Print why a line has its date; exits 3 if there is no such line."""
    with _opened(place) as db:
        found = explanations.line(db, composed(order), composed(line), now, earlier=earlier)
    if found is None:
        click.echo(f"There is no line {order} {line}.", err=True)
        sys.exit(MISSING)
    if as_json:
        _as_json(found)
        return
    parts = [
        ("", found.state),
        ("How the promise came about", found.history),
        ("What would change it", found.would_change),
        ("For the customer", found.spoken),
    ]
    if spoken:
        parts = [("", found.spoken)]
    for title, said in parts:
        if title:
            click.echo(f"\n{title}:")
        for sentence in said:
            click.echo(f"  {sentence}" if title else sentence)


def check(place: str, *, as_json: bool) -> None:
    """Print what breaks an invariant; exits 3 if something does."""
    with _opened(place) as db:
        found = checks.run(db)
    if as_json:
        _as_json([finding._asdict() for finding in found])
    elif found:
        for finding in found:
            click.echo(f"{finding.rule}: {finding.subject}: {finding.message}")
        click.echo(f"{len(found)} findings.", err=True)
    else:
        click.echo(f"Sound: {len(checks.RULES)} rules hold.")
    if found:
        sys.exit(MISSING)


def export(name: str | None, form: str, folder: str | None, place: str) -> None:
    """Print a table, or write tables to files, all of them from one state of the database."""
    if name is not None and name not in exports.TABLES:
        raise click.UsageError(f"there is no table {name}: name one of {', '.join(exports.TABLES)}")
    if name is None and folder is None:
        raise click.UsageError("name a table, or a --folder to write all of them to")
    written = exports.csv_lines if form == "csv" else exports.json_lines
    with _opened(place) as db, db.read() as tx:
        if folder is None:
            assert name is not None
            for row in written(tx, name):
                click.echo(row)
            return
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for each in [name] if name else exports.TABLES:
            path = target / f"{each}.{form}"
            with path.open("w", encoding="utf-8", newline="") as file:
                count = sum(1 for row in written(tx, each) if file.write(row + "\n"))
            click.echo(f"{path}: {count - (form == 'csv')} rows")
