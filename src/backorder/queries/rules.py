"""The rule packs that there are: those that come along, and the merchant's own in their place or beside them."""

import msgspec
from sqlalchemy import bindparam, func, select

from backorder.kernel.rules import Pack
from backorder.storage.communication import load_own, load_packs
from backorder.storage.db import Database, Tx
from backorder.storage.notice_tables import clocks
from backorder.storage.rules import bundled, bundled_texts

_ENDED = ("shipped", "refund_due", "refunded")
_RUNNING = (
    select(clocks.c.digest, func.count(clocks.c.order_id.distinct()))
    .where(clocks.c.pack == bindparam("pack"), clocks.c.state.not_in(_ENDED))
    .group_by(clocks.c.digest)
)


class PackView(msgspec.Struct):
    """A rule pack, the merchant's `own` or one that comes along: for which buyers it holds in which places.

    Places are those where goods go to; without any it holds where it is named. `digest` is the SHA-256 of its text.
    """

    pack: str
    title: str
    source: str
    places: list[str]
    buyers: list[str]
    own: bool
    digest: str


class PackText(PackView):
    """A rule pack with its text, which is TOML."""

    text: str


def list_packs(db: Database, *, limit: int = 50, after: str = "") -> list[PackView]:
    """The packs by name, behind `after`: of two of one name the merchant's own."""
    with db.read() as tx:
        found = _packs(tx)
    names = sorted(name for name in found if name > after)[:limit]
    return [PackView(*_told(*found[name])) for name in names]


def pack(db: Database, name: str) -> PackText | None:
    """A pack by its name, with its text; None if there is none."""
    with db.read() as tx:
        found = _packs(tx).get(name)
        if found is None:
            return None
        return PackText(*_told(*found), load_own(tx)[name][1] if found[1] else bundled_texts()[found[0].digest])


class Running(msgspec.Struct):
    """How many orders a pack's clocks run for: by its text as it is now, and by earlier ones, which they keep."""

    now: int
    earlier: int


def running(db: Database, name: str) -> Running:
    """How many orders a clock of the pack runs for."""
    with db.read() as tx:
        found = _packs(tx).get(name)
        rows = tx.fetch(_RUNNING, pack=name)
    digest = None if found is None else found[0].digest
    return Running(
        sum(count for text, count in rows if text == digest), sum(count for text, count in rows if text != digest)
    )


def _packs(tx: Tx) -> dict[str, tuple[Pack, bool]]:
    """All packs by name, and whether each is the merchant's own."""
    own = {name: digest for name, (digest, _) in load_own(tx).items()}
    read = load_packs(tx, own.values())
    return {name: (pack, False) for name, pack in bundled().items()} | {
        name: (read[digest], True) for name, digest in own.items()
    }


def _told(pack: Pack, own: bool) -> tuple[str, str, str, list[str], list[str], bool, str]:
    return pack.pack, pack.title, pack.source, list(pack.places), list(pack.buyers), own, pack.digest
