"""Sites, suppliers, customers and categories, in the order of their ids."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from sqlalchemy import Column, Select, select

from backorder.kernel.policies import LEVELLED
from backorder.kernel.private import only_with
from backorder.storage.db import Database, Row
from backorder.storage.tables import categories, customers, people, sites, suppliers

Personal = Annotated[str | None, only_with("customers.read")]


class SiteView(msgspec.Struct):
    """A site. `transit_days` are those to other places; `serves` names the regions that it ships to first."""

    site: str
    name: str | None
    zone: str
    country: str | None
    region: str | None
    handling_days: int
    working_days: list[str]
    holidays: str
    serves: list[str]
    transit_days: dict[str, int]


class SupplierView(msgspec.Struct):
    """A supplier."""

    supplier: str
    name: str | None
    lead_time_days: int | None
    working_days: list[str]
    holidays: str


class CustomerView(msgspec.Struct):
    """A customer; who that is, is for those who may know."""

    customer: str
    kind: str
    tier: str | None
    priority: int
    language: str | None
    country: str | None
    region: str | None
    zone: str | None
    name: Personal = None
    email: Personal = None
    notify: Personal = None
    tags: Annotated[list[str], only_with("customers.read", "empty")] = []


class CategoryView(msgspec.Struct):
    """A category's policy; null leaves a field to the shop."""

    category: str
    selling: str | None
    coverage: str | None
    backorder_cap: int | None
    per_customer_cap: int | None
    max_wait_days: int | None
    lead_time_days: int | None
    safety_stock: int | None


_SITES = select(*(sites.c[name] for name in SiteView.__struct_fields__))
_SUPPLIERS = select(*(suppliers.c[name] for name in SupplierView.__struct_fields__))
_CUSTOMERS = select(
    *(
        people.c[name] if name in people.c and name != "customer" else customers.c[name]
        for name in CustomerView.__struct_fields__
    )
).outerjoin(people, people.c.customer == customers.c.customer)
_CATEGORIES = select(*(categories.c[name] for name in CategoryView.__struct_fields__))
assert set(LEVELLED) == set(CategoryView.__struct_fields__[1:]), "a category tells all of its policy"


def list_sites(
    db: Database, *, country: str | None = None, region: str | None = None, limit: int = 50, after: str = ""
) -> list[SiteView]:
    """Sites of a country or a region, or all."""
    narrowed = {sites.c.country: country, sites.c.region: region}
    return [_site(row) for row in _page(db, _SITES, sites.c.site, narrowed, limit, after)]


def site(db: Database, ref: str) -> SiteView | None:
    """A site; None if there is none."""
    return next((_site(row) for row in _one(db, _SITES, sites.c.site, ref)), None)


def list_suppliers(db: Database, *, limit: int = 50, after: str = "") -> list[SupplierView]:
    """Suppliers."""
    return [_supplier(row) for row in _page(db, _SUPPLIERS, suppliers.c.supplier, {}, limit, after)]


def supplier(db: Database, ref: str) -> SupplierView | None:
    """A supplier; None if there is none."""
    return next((_supplier(row) for row in _one(db, _SUPPLIERS, suppliers.c.supplier, ref)), None)


def list_customers(
    db: Database,
    *,
    kind: str | None = None,
    tier: str | None = None,
    limit: int = 50,
    after: str = "",
    of: str | None = None,
) -> list[CustomerView]:
    """Customers of a kind or a tier, or all; `of` is the one beside whom there are none for whoever asks."""
    narrowed = {customers.c.kind: kind, customers.c.tier: tier, customers.c.customer: of}
    return [_customer(row) for row in _page(db, _CUSTOMERS, customers.c.customer, narrowed, limit, after)]


def customer(db: Database, ref: str, of: str | None = None) -> CustomerView | None:
    """A customer; None if there is none, or one beside the customer `of` whoever asks."""
    if of not in {None, ref}:
        return None
    return next((_customer(row) for row in _one(db, _CUSTOMERS, customers.c.customer, ref)), None)


def list_categories(db: Database, *, limit: int = 50, after: str = "") -> list[CategoryView]:
    """Categories."""
    return [CategoryView(*row) for row in _page(db, _CATEGORIES, categories.c.category, {}, limit, after)]


def category(db: Database, ref: str) -> CategoryView | None:
    """A category; None if there is none."""
    return next((CategoryView(*row) for row in _one(db, _CATEGORIES, categories.c.category, ref)), None)


def _page(
    db: Database,
    chosen: Select[Any],
    key: Column[Any],
    narrowed: Mapping[Column[Any], str | None],
    limit: int,
    after: str,
) -> list[Row]:
    conditions = [column == value for column, value in narrowed.items() if value is not None]
    with db.read() as tx:
        return tx.fetch(chosen.where(key > after, *conditions).order_by(key).limit(limit))


def _one(db: Database, chosen: Select[Any], key: Column[Any], ref: str) -> list[Row]:
    with db.read() as tx:
        return tx.fetch(chosen.where(key == ref))


def _site(row: Row) -> SiteView:
    said = dict(zip(SiteView.__struct_fields__, row, strict=True))
    said |= {name: json.loads(said[name]) for name in ("serves", "transit_days")}
    return SiteView(**said | {"working_days": said["working_days"].split(",")})


def _supplier(row: Row) -> SupplierView:
    ident, name, lead_time, working_days, holidays = row
    return SupplierView(ident, name, lead_time, working_days.split(","), holidays)


def _customer(row: Row) -> CustomerView:
    return CustomerView(**dict(zip(CustomerView.__struct_fields__, row, strict=True)) | {"tags": json.loads(row[-1])})
