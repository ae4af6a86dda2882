"""What the merchant says on telling customers: whether clocks run, by which rules, where customers answer."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from backorder.commands._batch import Command, Key, Steps, invalid, perform_each
from backorder.commands._rows import given
from backorder.kernel.keys import END
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.wording import KINDS, LAWFUL, WORDING_MAX, Misworded, check_colour, parts
from backorder.languages import known
from backorder.storage import communication as storage
from backorder.storage.db import Database, Tx
from backorder.storage.rules import bundled

Words = Annotated[str, Meta(min_length=1, max_length=500, pattern="^[^\x00-\x1f\ud800-\udfff]*$")]


# Nothing in a wording breaks the line, hides or turns the direction of what follows.
_PLAIN = "^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*" + END
Own = Annotated[str, Meta(max_length=WORDING_MAX, pattern=_PLAIN)]


class Wording(Struct, forbid_unknown_fields=True):
    """The merchant's own words in a kind of message and a language: an `opening` after the greeting, a `closing`.

    They name {customer}, {order}, {item}, {date}, {shop}, {link} and {contact}. One that is left out stays, an empty
    one goes.
    """

    kind: Annotated[str, Meta(max_length=20)]
    language: Annotated[str, Meta(max_length=20)]
    opening: Own | None = None
    closing: Own | None = None


class Translation(Struct, forbid_unknown_fields=True):
    """Where customers answer and when money is taken, in a language. One that is left out stays, an empty one goes."""

    language: Annotated[str, Meta(max_length=20)]
    answers: Own | None = None
    charging: Own | None = None


class PutCommunication(Command, tag="put_communication"):
    """Say how customers are told. With `rules`, clocks run and notices are made: a list of packs that hold besides.

    Packs of the place where goods go to always hold; an empty list is enough. `rules: null` turns it off. Customers
    answer at `answers` and ask at `contact`; `charging` says when money is taken; `translations` say both in the
    languages of letters, where they are not said alike in all. A change is told once nothing changed for
    `wait_minutes`, and `margin_days` before the law's last day; who waits is told every `heartbeat_days` that the day
    stands. What has not left `closing_hours` before the end of its day is late.

    Letters go in the name of `shop_name`, in its `colour` (#rrggbb, dark enough to be read on white), with `signature`
    at their foot, and with `wordings` of yours beside what has to be said. A text that is `null` is taken back; those
    that every notice needs stand as long as it is turned on.
    """

    rules: list[Key] | None | UnsetType = UNSET
    answers: Words | None | UnsetType = UNSET
    contact: Words | None | UnsetType = UNSET
    charging: Words | None | UnsetType = UNSET
    wait_minutes: Annotated[int, Meta(ge=0, le=1_440)] | UnsetType = UNSET
    margin_days: Annotated[int, Meta(ge=0, le=30)] | UnsetType = UNSET
    heartbeat_days: Annotated[int, Meta(ge=1, le=365)] | UnsetType = UNSET
    closing_hours: Annotated[int, Meta(ge=0, le=12)] | UnsetType = UNSET
    shop_name: Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)] | None | UnsetType = UNSET
    colour: Annotated[str, Meta(max_length=20)] | None | UnsetType = UNSET
    signature: Annotated[str, Meta(min_length=1, max_length=300, pattern=_PLAIN)] | None | UnsetType = UNSET
    wordings: Annotated[list[Wording], Meta(max_length=100)] | UnsetType = UNSET
    translations: Annotated[list[Translation], Meta(max_length=20)] | UnsetType = UNSET


@dataclass(slots=True)
class _Work:
    before: dict[str, Any] | None
    row: dict[str, Any]
    packs: set[str]
    now: int = 0


def put_communications(db: Database, now: int, batch: Sequence[PutCommunication]) -> list[Outcome]:
    """Change how customers are told, each time in a transaction of its own: turned on, it looks at every order."""
    return perform_each(db, now, batch, Steps(unfit, _load, _decide, _save))


def unfit(command: PutCommunication) -> Outcome | None:
    """What is wrong with what a command says, whatever the shop said before; None where it could stand in letters."""
    if isinstance(command.colour, str):
        try:
            check_colour(command.colour)
        except Misworded as error:
            return invalid(command, "colour", str(error))
    for n, wording in enumerate(command.wordings if isinstance(command.wordings, list) else ()):
        trouble = misworded(wording)
        if trouble is not None:
            return invalid(command, f"wordings[{n}].{trouble[0]}", trouble[1])
    for n, one in enumerate(command.translations if isinstance(command.translations, list) else ()):
        if one.language not in known():
            return invalid(command, f"translations[{n}].language", _not_written())
    return None


def _not_written() -> str:
    return f"letters are not written in it: use {', '.join(known())}"


def misworded(wording: Wording) -> tuple[str, str] | None:
    """What is wrong with a wording: the field, and what to do."""
    if wording.kind not in KINDS:
        return "kind", f"there is no such kind of message: use {', '.join(KINDS)}"
    if wording.language not in known():
        return "language", _not_written()
    if wording.opening and wording.kind in LAWFUL:
        return "opening", "this message begins with what has to be said: close it with your own words, `closing`"
    for field, said in (("opening", wording.opening), ("closing", wording.closing)):
        try:
            parts(said or "", KINDS[wording.kind])
        except Misworded as error:
            return field, str(error)
    return None


def _load(tx: Tx, _batch: Sequence[PutCommunication]) -> _Work:
    before = storage.load_row(tx)
    row = dict.fromkeys(storage.COLUMNS) | storage.DEFAULTS if before is None else before
    return _Work(before, dict(row), bundled().keys() | storage.load_own(tx).keys())


def _decide(work: _Work, command: PutCommunication, now: int) -> Outcome:
    if isinstance(command.rules, list):
        for n, name in enumerate(command.rules):
            if name not in work.packs:
                message = f"{name} is no rule pack: name some of {', '.join(sorted(work.packs))}, or none"
                return invalid(command, f"rules[{n}]", message)
    row = work.row | given(command, "rules", "wordings", "translations")
    if command.rules is not UNSET:
        row["rules"] = None if command.rules is None else json.dumps(command.rules)
    if isinstance(command.wordings, list):
        row["wordings"] = storage.with_wordings(row["wordings"], msgspec.to_builtins(command.wordings))
    if isinstance(command.translations, list):
        row["wordings"] = storage.with_wordings(row["wordings"], _as_wordings(command.translations))
    if row["rules"] is not None:
        for name, why in _NEEDED.items():
            if row[name] is None:
                return invalid(command, name, f"say {why}: every notice has to")
    if row == work.before or (work.before is None and row == work.row):
        return Outcome(Word.EXISTS)
    work.row, work.now = row, now
    return Outcome(Word.CHANGED)


def _as_wordings(translations: Sequence[Translation]) -> Iterator[dict[str, str | None]]:
    """What is said in languages as the table holds it, among the wordings."""
    for one in translations:
        for name in storage.TRANSLATED:
            yield {"kind": name, "language": one.language, "opening": None, "closing": getattr(one, name)}


_NEEDED = {
    "answers": "where customers answer at your expense",
    "contact": "whom they ask",
    "charging": "when money is taken",
}


def _save(tx: Tx, work: _Work) -> None:
    if not work.now:
        return
    storage.save_row(tx, work.before, work.row)
    was_on = work.before is not None and work.before["rules"] is not None
    if work.row["rules"] is not None and not was_on:
        storage.watch_all(tx, work.now)
