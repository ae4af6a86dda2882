"""What the shop says on how its customers are told."""

import json
from typing import Self

import msgspec

from backorder.storage.communication import COLUMNS, DEFAULTS, TRANSLATED, load_row, translated
from backorder.storage.db import Database


class WordingView(msgspec.Struct):
    """The merchant's own words in a kind of message and a language."""

    kind: str
    language: str
    opening: str | None
    closing: str | None


class TranslationView(msgspec.Struct):
    """Where customers answer and when money is taken, in a language; null where that is not said in it."""

    language: str
    answers: str | None
    charging: str | None


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
    translations: list[TranslationView]

    def wording(self, kind: str, language: str) -> tuple[str, str]:
        """What opens and what closes a kind of message in a language; empty where nothing was said."""
        for one in self.wordings:
            if (one.kind, one.language) == (kind, language):
                return one.opening or "", one.closing or ""
        return "", ""

    def spoken(self, language: str) -> Self:
        """The same as it is said in a language: where customers answer and when money is taken, as far as that is."""
        one = next((one for one in self.translations if one.language == language), None)
        if one is None:
            return self
        said = {name: getattr(one, name) for name in TRANSLATED}
        return msgspec.structs.replace(self, **{name: text for name, text in said.items() if text is not None})


def communication(db: Database) -> CommunicationView:
    """What the shop says, or the defaults where it never said anything."""
    with db.read() as tx:
        row = load_row(tx) or dict.fromkeys(COLUMNS) | DEFAULTS
    wordings = [one for one in json.loads(row["wordings"] or "[]") if one["kind"] not in TRANSLATED]
    said = [{"language": code, **dict.fromkeys(TRANSLATED), **one} for code, one in translated(row["wordings"]).items()]
    read = {"rules": json.loads(row["rules"] or "null"), "wordings": wordings, "translations": said}
    return msgspec.convert({**row, **read}, CommunicationView)
