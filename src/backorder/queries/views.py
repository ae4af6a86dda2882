"""Views of the backlog that somebody may use: their own, and those that others share."""

import json

import msgspec
from sqlalchemy import or_, select

from backorder.kernel.views import Column, Show, Sort
from backorder.storage.db import Database
from backorder.storage.view_tables import views


class SavedView(msgspec.Struct):
    """A view that its owner keeps: which lines, narrowed to what, in which order and columns."""

    view: str
    owner: str
    name: str
    shared: bool
    show: Show
    sku: str | None
    customer: str | None
    channel: str | None
    supply: str | None
    sort: Sort
    down: bool
    columns: list[Column] | None


def list_views(db: Database, account: str, *, limit: int | None = None, after: str = "") -> list[SavedView]:
    """What an account may use, by id."""
    may = or_(views.c.owner == account, views.c.shared == 1)
    chosen = select(views).where(may, views.c.view > after).order_by(views.c.view).limit(limit)
    with db.read() as tx:
        rows = tx.fetch(chosen)
    return [_view(*row) for row in rows]


def _view(
    view: str,
    owner: str,
    name: str,
    shared: int,
    show: Show,
    sku: str | None,
    customer: str | None,
    channel: str | None,
    supply: str | None,
    sort: Sort,
    down: int,
    columns: str | None,
) -> SavedView:
    chosen = None if columns is None else json.loads(columns)
    return SavedView(view, owner, name, bool(shared), show, sku, customer, channel, supply, sort, bool(down), chosen)
