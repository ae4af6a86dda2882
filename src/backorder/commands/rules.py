"""The merchant's own rule packs: put by their text, checked, and kept for as long as a clock ran by them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from backorder.commands._batch import Command, Key, Steps, invalid, perform
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.rules import BadPack, Pack, read_pack
from backorder.storage import communication as storage
from backorder.storage.db import Database, Tx
from backorder.storage.rules import bundled

TEXT_MAX = 20_000  # letters of a pack


class PutPack(Command, tag="put_pack"):
    """Put a rule pack of one's own, as TOML: it comes before one of the same name that comes along.

    Orders placed from now on go by it; those there are keep the rules they began with. Without a text the merchant's
    own pack is withdrawn.
    """

    pack: Key
    text: Annotated[str, Meta(max_length=TEXT_MAX)] | None


@dataclass(slots=True)
class _Work:
    own: dict[str, tuple[str, str]]
    named: set[str]  # packs that the shop lets hold for every order
    put: dict[str, Pack] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    now: int = 0


def put_packs(db: Database, now: int, batch: Sequence[PutPack]) -> list[Outcome]:
    """Put rule packs, or withdraw them."""
    return perform(db, now, batch, Steps(_check, _load, _decide, _save))


def _check(command: PutPack) -> Outcome | None:
    if command.text is None:
        return None
    try:
        pack = read_pack(command.text)
    except BadPack as error:
        return invalid(command, "text", str(error))
    if pack.pack != command.pack:
        return invalid(command, "pack", f"the text is that of the pack {pack.pack}")
    return None


def _load(tx: Tx, _batch: Sequence[PutPack]) -> _Work:
    row = storage.load_row(tx)
    named = json.loads(row["rules"] or "[]") if row is not None else []
    return _Work(storage.load_own(tx), set(named) - bundled().keys())


def _decide(work: _Work, command: PutPack, now: int) -> Outcome:
    work.now = now
    before = work.own.get(command.pack)
    if command.text is None:
        if before is None:
            return refused(Word.UNKNOWN_PACK, command.pack)
        if command.pack in work.named:
            message = "put_communication lets it hold for every order: take it out of `rules` there first"
            return refused(Word.NOT_ALLOWED, command.pack, message)
        del work.own[command.pack]
        work.put.pop(command.pack, None)
        work.withdrawn.add(command.pack)
        return Outcome(Word.CHANGED, subject=command.pack)
    pack = read_pack(command.text)
    if before is not None and before[0] == pack.digest:
        return Outcome(Word.EXISTS, subject=command.pack)
    work.own[command.pack] = pack.digest, command.text
    work.put[command.pack], work.texts[pack.digest] = pack, command.text
    return Outcome(Word.ACCEPTED if before is None else Word.CHANGED, subject=command.pack)


def _save(tx: Tx, work: _Work) -> None:
    storage.keep_packs(tx, work.put.values(), work.texts, work.now)
    storage.save_own(tx, [(name, pack.digest) for name, pack in work.put.items()], sorted(work.withdrawn))
