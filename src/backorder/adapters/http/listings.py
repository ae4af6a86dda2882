"""The routes that list: each a page of things in the order of their ids, narrowed by parameters."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.masks import masked
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Page, Text, ask, cursor
from backorder.adapters.http.reads import page as paged
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.calendars import FIRST_DAY, LAST_DAY, moment_number
from backorder.queries import accounts, catalogue, lists, shipments, show, trail
from backorder.queries.lines import Filters, LineView, list_lines
from backorder.storage.db import Database

Moment = Annotated[datetime, Meta(tz=True)]


class LinesPage(Page):
    """Which lines are wanted; what is left out does not narrow."""

    waiting: bool = False
    ready: bool = False
    late: bool = False
    at_risk: bool = False
    held: bool = False
    sku: Text | None = None
    customer: Text | None = None
    order: Text | None = None
    supply: Text | None = None
    site: Text | None = None


class OrdersPage(Page):
    """Which orders are wanted: `since` and `until` (before it) say when they were placed."""

    waiting: bool = False
    late: bool = False
    held: bool = False
    customer: Text | None = None
    channel: Text | None = None
    since: Moment | None = None
    until: Moment | None = None


class ItemsPage(Page):
    """Which items are wanted."""

    waiting: bool = False
    category: Text | None = None
    supplier: Text | None = None


class SuppliesPage(Page):
    """Which supplies are wanted."""

    sku: Text | None = None
    site: Text | None = None
    supplier: Text | None = None
    document: Text | None = None
    open: bool = False
    overdue: bool = False


class StockPage(Page):
    """Whose stock is wanted."""

    sku: Text | None = None
    site: Text | None = None


class ShipmentsPage(Page):
    """Which shipments are wanted: `since` and `until` (before it) say when they were booked."""

    order: Text | None = None
    customer: Text | None = None
    since: Moment | None = None
    until: Moment | None = None


class SitesPage(Page):
    """Which sites are wanted."""

    country: Text | None = None
    region: Text | None = None


class CustomersPage(Page):
    """Which customers are wanted."""

    kind: Literal["consumer", "business"] | None = None
    tier: Text | None = None


class TrailPage(Page):
    """Which entries of the audit trail are wanted: `since` and `until` (before it) say when they were made."""

    actor: Text | None = None
    subject: Text | None = None
    what: Text | None = None
    since: Moment | None = None
    until: Moment | None = None


class Lines(msgspec.Struct):
    """A page of lines; `next` asks for the one after, null on the last."""

    items: list[LineView]
    next: str | None


class Orders(msgspec.Struct):
    """A page of orders."""

    items: list[lists.OrderRow]
    next: str | None


class Items(msgspec.Struct):
    """A page of items."""

    items: list[lists.ItemRow]
    next: str | None


class Supplies(msgspec.Struct):
    """A page of supplies."""

    items: list[show.SupplyView]
    next: str | None


class Stock(msgspec.Struct):
    """A page of what is on hand."""

    items: list[lists.StockRow]
    next: str | None


class Shipments(msgspec.Struct):
    """A page of shipments."""

    items: list[shipments.ShipmentView]
    next: str | None


class Sites(msgspec.Struct):
    """A page of sites."""

    items: list[catalogue.SiteView]
    next: str | None


class Suppliers(msgspec.Struct):
    """A page of suppliers."""

    items: list[catalogue.SupplierView]
    next: str | None


class Customers(msgspec.Struct):
    """A page of customers."""

    items: list[catalogue.CustomerView]
    next: str | None


class Categories(msgspec.Struct):
    """A page of categories."""

    items: list[catalogue.CategoryView]
    next: str | None


class Accounts(msgspec.Struct):
    """A page of accounts."""

    items: list[accounts.AccountView]
    next: str | None


class Trail(msgspec.Struct):
    """A page of the audit trail, newest first."""

    items: list[trail.EntryView]
    next: str | None


Question = Callable[..., list[Any]]


def listing(
    kind: Any, question: Question, page: type[Page], *key: str, narrowed: bool = False
) -> Callable[[House, Call], Awaitable[Answer]]:
    """A route that asks for a page of what `page` wants, in the order of `key`, fields of what is listed.

    A `narrowed` question is told which customer the caller is bound to.
    """

    async def answer(house: House, call: Call) -> Answer:
        wanted = body.query(call.request, page)
        said = msgspec.structs.asdict(wanted) | {"limit": wanted.limit + 1}
        asked = {name: _plain(name, value) for name, value in said.items() if value is not None}
        place = cursor(wanted.after, len(key), number=key == ("n",))
        asked |= {} if place is None else {"after": place if len(place) > 1 else place[0]}
        if narrowed:
            asked["of"] = call.caller.customer
        found = await ask(house, partial(question, house.db, house.clock(), **asked))
        masked(found, call.caller.permissions)
        return paged(kind, found, wanted.limit, lambda row: [str(getattr(row, name)) for name in key])

    return answer


def _plain(name: str, value: Any) -> Any:
    """A moment as the queries take it. Refuses those that the tables do not know."""
    if not isinstance(value, datetime):
        return value
    if not FIRST_DAY.year < value.year <= LAST_DAY.year:
        raise Refusal(400, "invalid_parameter", "give a moment between 1971 and 2200", field=name)
    return moment_number(value)


def _lines(db: Database, now: int, **asked: Any) -> list[LineView]:
    return list_lines(db, now, Filters(**asked))


def _orders(db: Database, now: int, *, late: bool, **asked: Any) -> list[lists.OrderRow]:
    return lists.list_orders(db, late_at=now if late else None, **asked)


def _supplies(db: Database, now: int, *, open: bool, after: str = "", **asked: Any) -> list[show.SupplyView]:  # noqa: A002  # the parameter's name
    return lists.list_supplies(db, now, still_open=open, after=after, **asked)


def _items(db: Database, _now: int, *, after: str = "", **asked: Any) -> list[lists.ItemRow]:
    return lists.list_items(db, after=after, **asked)


def _trail(db: Database, _now: int, *, after: str | None = None, **asked: Any) -> list[trail.EntryView]:
    return trail.entries(db, before=None if after is None else int(after), **asked)


def _whenever(question: Question) -> Question:
    """A question whose answer does not depend on the moment."""
    return lambda db, _now, **asked: question(db, **asked)


LINES = listing(Lines, _lines, LinesPage, "order", "line", narrowed=True)
ORDERS = listing(Orders, _orders, OrdersPage, "order", narrowed=True)
ITEMS = listing(Items, _items, ItemsPage, "sku")
SUPPLIES = listing(Supplies, _supplies, SuppliesPage, "supply")
STOCK = listing(Stock, _whenever(lists.list_stock), StockPage, "sku", "site")
SHIPMENTS = listing(Shipments, _whenever(shipments.list_shipments), ShipmentsPage, "shipment", narrowed=True)
SITES = listing(Sites, _whenever(catalogue.list_sites), SitesPage, "site")
SUPPLIERS = listing(Suppliers, _whenever(catalogue.list_suppliers), Page, "supplier")
CUSTOMERS = listing(Customers, _whenever(catalogue.list_customers), CustomersPage, "customer", narrowed=True)
CATEGORIES = listing(Categories, _whenever(catalogue.list_categories), Page, "category")
ACCOUNTS = listing(Accounts, _whenever(accounts.list_accounts), Page, "account")
TRAIL = listing(Trail, _trail, TrailPage, "n")
