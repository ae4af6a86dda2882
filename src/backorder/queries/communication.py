"""What the shop says on how its customers are told."""

import json

import msgspec

from backorder.storage.communication import COLUMNS, DEFAULTS, load_row
from backorder.storage.db import Database


class WordingView(msgspec.Struct):
    """The merchant's own words in a kind of message and a language."""

    kind: str
    language: str
    opening: str | None
    closing: str | None


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
    shop_name: str | None
    colour: str | None
    signature: str | None
    wordings: list[WordingView]

    def wording(self, kind: str, language: str) -> tuple[str, str]:
        """What opens and what closes a kind of message in a language; empty where nothing was said."""
        for one in self.wordings:
            if (one.kind, one.language) == (kind, language):
                return one.opening or "", one.closing or ""
        return "", ""


def communication(db: Database) -> CommunicationView:
    """What the shop says, or the defaults where it never said anything."""
    with db.read() as tx:
        row = load_row(tx) or dict.fromkeys(COLUMNS) | DEFAULTS
    read = {"rules": json.loads(row["rules"] or "null"), "wordings": json.loads(row["wordings"] or "[]")}
    return msgspec.convert({**row, **read}, CommunicationView)
