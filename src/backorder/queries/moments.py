"""Rows of a time, for lists that are ordered by something else."""

from typing import Any

from sqlalchemy import Column, ColumnElement, select

from backorder.storage.db import Tx

FEW = 2_000


def few(tx: Tx, key: Column[Any], moment: Column[Any], within: list[ColumnElement[bool]]) -> list[str] | None:
    """The keys of the rows `within` a time, if they are few: then the list is made of these. None if they are many.

    A list in the order of keys comes across the rows of a long time soon enough, but reads everything for those of a
    short one. SQLite knows too little of the rows to choose, and PostgreSQL only as much as it saw when it last looked.
    """
    if not within:
        return None
    found = [row[0] for row in tx.fetch(select(key).where(*within).order_by(moment).limit(FEW + 1))]
    return found if len(found) <= FEW else None
