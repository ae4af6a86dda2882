"""What the shop says on how its customers are told."""

import json

import msgspec

from backorder.storage.communication import DEFAULTS, load_row
from backorder.storage.db import Database


class CommunicationView(msgspec.Struct):
    """How customers are told. `rules` are packs that hold besides those of the place where goods go to.

    Without them (null) it is turned off, and no clock runs. What was never said is null, or its default.
    """

    rules: list[str] | None
    answers: str | None
    contact: str | None
    charging: str | None
    wait_minutes: int
    margin_days: int
    heartbeat_days: int
    closing_hours: int


def communication(db: Database) -> CommunicationView:
    """What the shop says, or the defaults where it never said anything."""
    with db.read() as tx:
        row = load_row(tx) or dict.fromkeys(("rules", "answers", "contact", "charging")) | DEFAULTS
    return CommunicationView(**row | {"rules": None if row["rules"] is None else json.loads(row["rules"])})
