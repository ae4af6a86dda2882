"""Views of the backlog that people keep: their rows."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import or_, select

from backorder.storage.db import Tx, among
from backorder.storage.view_tables import views

COLUMNS = tuple(column.name for column in views.c)
NEW = {"shared": 0, "show": "waiting", "sort": "promise", "down": 0}  # what a view is where nobody says
_TEXTS = ("name", "sku", "customer", "channel", "supply")
_BESIDE = select(views).where(or_(among(views.c.view, "views"), among(views.c.owner, "owners"), views.c.shared == 1))


def load_views(tx: Tx, ids: Iterable[str], owners: Iterable[str]) -> dict[str, dict[str, Any]]:
    """These views, all of these owners, and all that are shared."""
    rows = tx.fetch(_BESIDE, views=sorted(set(ids)), owners=sorted(set(owners)))
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows}


def save_views(tx: Tx, put: Iterable[dict[str, Any]], dropped: Iterable[str]) -> None:
    """Write views as they are from now on, and let others be gone."""
    tx.delete(views, ("view",), [(ident,) for ident in sorted(dropped)])
    tx.put(views, ("view",), COLUMNS[1:], [tuple(row[name] for name in COLUMNS) for row in put], ())


def forget_views(tx: Tx, customer: str, sought: Sequence[str]) -> None:
    """Let those be gone that name a person: by whom they narrow to, or by a word of theirs in a text."""
    named = or_(
        views.c.customer == customer,
        *(views.c[column].contains(word, autoescape=True) for column in _TEXTS for word in sought),
    )
    tx.delete(views, ("view",), tx.fetch(select(views.c.view).where(named)))
