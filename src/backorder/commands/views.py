"""Views of the backlog that people keep under a name, for themselves or for all who may see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from backorder.commands._batch import Command, Key, Steps, invalid, perform_each
from backorder.commands._rows import given, merge
from backorder.kernel.keys import END
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.views import NAME_MAX, VIEWS_MAX, Column, Show, Sort, trouble
from backorder.storage import views as storage
from backorder.storage.db import Database, Tx

# Nothing in a name or a filter breaks a line, hides, or turns the direction of what follows.
_PLAIN = "^[^\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]*" + END
Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX, pattern=_PLAIN)]
Text = Annotated[str, Meta(min_length=1, max_length=200, pattern=_PLAIN)] | None


class PutView(Command, tag="put_view"):
    """Keep a view of the backlog under a name: which lines, narrowed to what, in which order and columns.

    It is its owner's alone unless it is `shared` with all who may see the backlog. `columns: null` are those that
    whoever looks is used to. The owner is the caller where one came in; nobody but an administrator names another.
    """

    view: Key
    owner: Key | None = None
    name: Name | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    show: Show | UnsetType = UNSET
    sku: Text | UnsetType = UNSET
    customer: Text | UnsetType = UNSET
    channel: Text | UnsetType = UNSET
    supply: Text | UnsetType = UNSET
    sort: Sort | UnsetType = UNSET
    down: bool | UnsetType = UNSET
    columns: list[Column] | None | UnsetType = UNSET


class DropView(Command, tag="drop_view"):
    """Forget a view. Put again as it was, it is there again."""

    view: Key
    owner: Key | None = None


@dataclass(slots=True)
class _Work:
    known: dict[str, dict[str, Any]]
    put: dict[str, dict[str, Any]] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)


def put_views(db: Database, now: int, batch: Sequence[PutView]) -> list[Outcome]:
    """Put views, each in a transaction of its own: two may change their names for one another's."""
    return perform_each(db, now, batch, Steps(_check, _load, _put, _save))


def drop_views(db: Database, now: int, batch: Sequence[DropView]) -> list[Outcome]:
    """Forget views."""
    return perform_each(db, now, batch, Steps(_check, _load, _drop, _save))


def _check(command: PutView | DropView) -> Outcome | None:
    if command.owner is None:
        return invalid(command, "owner", "say whose it is: the name of an account")
    if isinstance(command, DropView):
        return None
    if isinstance(command.name, str) and command.name != command.name.strip():
        return invalid(command, "name", "begin and end with something that can be seen")
    why = trouble(command.columns) if isinstance(command.columns, list) else None
    return None if why is None else invalid(command, "columns", why)


def _load(tx: Tx, batch: Sequence[PutView | DropView]) -> _Work:
    owners = [command.owner for command in batch if command.owner is not None]
    return _Work(storage.load_views(tx, (command.view for command in batch), owners))


def _foreign(work: _Work, command: PutView | DropView) -> Outcome | None:
    """The refusal of what is about somebody else's view."""
    before = work.known.get(command.view)
    if before is None or before["owner"] == command.owner:
        return None
    return refused(Word.NOT_ALLOWED, command.view, "the view is somebody else's: keep one of your own")


def _put(work: _Work, command: PutView, _now: int) -> Outcome:
    foreign = _foreign(work, command)
    if foreign is not None:
        return foreign
    before = work.known.get(command.view)
    word, row = merge(before, storage.COLUMNS, storage.NEW, given(command))
    row |= {"shared": int(row["shared"]), "down": int(row["down"])}
    if row["name"] is None:
        return invalid(command, "name", "say what it is called")
    mine = [one for one in work.known.values() if one["owner"] == command.owner and one is not before]
    if before is None and len(mine) >= VIEWS_MAX:
        message = f"nobody keeps more than {VIEWS_MAX} views: drop one first"
        return refused(Word.TOO_MANY, command.view, message, quantity=VIEWS_MAX)
    wrong = _clash(work, row)
    if wrong is not None:
        return refused(Word.NOT_ALLOWED, command.view, wrong, field="name")
    if word is not Word.EXISTS:
        work.known[command.view] = work.put[command.view] = row
    return Outcome(word, subject=command.view)


def _clash(work: _Work, row: dict[str, Any]) -> str | None:
    """What is wrong with a name that another view has, however it is written: nobody could tell them apart."""
    for other in work.known.values():
        if other["view"] == row["view"] or other["name"].casefold() != row["name"].casefold():
            continue
        if other["owner"] == row["owner"]:
            return "a view of this owner is called so already: choose another name, or replace that one"
        if other["shared"] and row["shared"]:
            return f"{other['owner']} shares a view that is called so: choose another name"
    return None


def _drop(work: _Work, command: DropView, _now: int) -> Outcome:
    if command.view not in work.known:
        return refused(Word.UNKNOWN_VIEW, command.view)
    foreign = _foreign(work, command)
    if foreign is None:
        del work.known[command.view]
        work.dropped.add(command.view)
    return foreign or Outcome(Word.CHANGED, subject=command.view)


def _save(tx: Tx, work: _Work) -> None:
    storage.save_views(tx, work.put.values(), work.dropped)
