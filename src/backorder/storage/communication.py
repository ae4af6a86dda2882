"""The shop's policy on what customers are told, and the rule packs that hold for it."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, literal_column, select, true

from backorder.kernel.cases import HOUR, MINUTE, Policy
from backorder.kernel.rules import Pack, read_pack
from backorder.storage.db import Tx, among
from backorder.storage.notice_tables import clocks, communication, own_packs, packs
from backorder.storage.rules import bundled
from backorder.storage.tables import lines
from backorder.storage.timers import put_timers

POLICY = (
    "rules",
    "answers",
    "contact",
    "charging",
    "wait_minutes",
    "margin_days",
    "heartbeat_days",
    "closing_hours",
)
LOOK = ("shop_name", "colour", "signature", "wordings")
TRANSLATED = ("answers", "charging")  # what of the policy may stand among the wordings, as their closing in a language
COLUMNS = (*POLICY, *LOOK)
DEFAULTS = {"wait_minutes": 30, "margin_days": 3, "heartbeat_days": 14, "closing_hours": 2}

# Whether clocks run: one value, for those who only have to know that.
IS_ON: Select[Any] = select(literal_column("1")).select_from(communication).where(communication.c.rules.is_not(None))

_ROW = select(*(communication.c[name] for name in COLUMNS))
_ALL = (
    select(*(communication.c[name] for name in (*POLICY, "wordings")), own_packs.c.pack, own_packs.c.digest)
    .select_from(communication.outerjoin(own_packs, true()))
    .where(communication.c.rules.is_not(None))
    .order_by(own_packs.c.pack)
)
_TEXTS = select(packs.c.digest, packs.c.text).where(among(packs.c.digest, "digests"))
_OWN = select(own_packs.c.pack, own_packs.c.digest, packs.c.text, packs.c.at).join(
    packs, packs.c.digest == own_packs.c.digest
)
_KNOWN = select(packs.c.digest).where(among(packs.c.digest, "digests"))
_OPEN = select(lines.c.order_id).where(lines.c.waiting + lines.c.allocated > literal_column("0")).distinct()
_RUN_BEFORE = (
    select(clocks.c.order_id, clocks.c.line, clocks.c.pack)
    .join(lines, and_(lines.c.order_id == clocks.c.order_id, lines.c.line == clocks.c.line))
    .where(lines.c.waiting + lines.c.allocated > literal_column("0"))
    .order_by(clocks.c.order_id, clocks.c.line, clocks.c.pack)
)

_read: dict[str, Pack] = {}  # packs by digest, read once: a text never changes


class Rules(NamedTuple):
    """The policy, and the packs of this shop by name: those that come along, and the merchant's own before them."""

    policy: Policy
    packs: dict[str, Pack]


def is_on(tx: Tx) -> bool:
    """Whether clocks run in this shop."""
    return bool(tx.fetch(IS_ON))


def load_row(tx: Tx) -> dict[str, Any] | None:
    """What the shop says, as the table holds it."""
    rows = tx.fetch(_ROW)
    return dict(zip(COLUMNS, rows[0], strict=True)) if rows else None


def save_row(tx: Tx, before: dict[str, Any] | None, row: dict[str, Any]) -> None:
    """Write what the shop says."""
    values = ("shop", *(row[name] for name in COLUMNS))
    if before is None:
        tx.insert(communication, ("shop", *COLUMNS), [values])
    else:
        tx.update(communication, ("shop",), COLUMNS, [values])


def with_wordings(before: str | None, put: Iterable[dict[str, str | None]]) -> str | None:
    """The merchant's wordings as the table holds them, with these put over them; None where nothing is left."""
    found = {(one["kind"], one["language"]): one for one in json.loads(before or "[]")}
    for new in put:
        key = new["kind"], new["language"]
        old = found.pop(key, {})
        said = {name: old.get(name) if new[name] is None else new[name] or None for name in ("opening", "closing")}
        if any(said.values()):
            found[key] = {"kind": new["kind"], "language": new["language"], **said}
    return json.dumps([found[key] for key in sorted(found)]) if found else None


def translated(wordings: str | None) -> dict[str, dict[str, str]]:
    """What of TRANSLATED is said in languages, by their codes."""
    found: dict[str, dict[str, str]] = {}
    for one in json.loads(wordings or "[]"):
        if one["kind"] in TRANSLATED:
            found.setdefault(one["language"], {})[one["kind"]] = one["closing"]
    return found


def load_rules(tx: Tx) -> Rules | None:
    """The policy and the packs; None where the shop has not turned it on."""
    rows = tx.fetch(_ALL)
    if not rows:
        return None
    named, answers, contact, charging, minutes, margin, heartbeat, hours = rows[0][: len(POLICY)]
    waits = minutes * MINUTE, margin, heartbeat, hours * HOUR
    said = tuple((code, one.get("answers"), one.get("charging")) for code, one in translated(rows[0][-3]).items())
    policy = Policy(tuple(json.loads(named)), answers, contact, charging, *waits, said)
    own = {row[-2]: row[-1] for row in rows if row[-2] is not None}
    texts = load_packs(tx, own.values())
    return Rules(policy, {**bundled(), **{name: texts[digest] for name, digest in own.items()}})


def load_packs(tx: Tx, digests: Iterable[str]) -> dict[str, Pack]:
    """Packs by the digests of their texts, which have been kept."""
    wanted = set(digests)
    _read.update({pack.digest: pack for pack in bundled().values() if pack.digest in wanted})
    missing = sorted(wanted - _read.keys())
    if missing:
        _read.update({digest: read_pack(text) for digest, text in tx.fetch(_TEXTS, digests=missing)})
    return {digest: _read[digest] for digest in wanted}


def load_own(tx: Tx) -> dict[str, tuple[str, str]]:
    """The merchant's own packs by name: digest and text."""
    return {name: (digest, text) for name, digest, text, _ in tx.fetch(_OWN)}


def keep_packs(tx: Tx, used: Iterable[Pack], texts: dict[str, str], now: int) -> None:
    """Keep the texts of packs by which clocks run, as far as they are not kept yet."""
    by_digest = {pack.digest: pack for pack in used}
    known = {row[0] for row in tx.fetch(_KNOWN, digests=sorted(by_digest))}
    rows = [(digest, pack.pack, now, texts[digest]) for digest, pack in by_digest.items() if digest not in known]
    tx.insert(packs, ("digest", "pack", "at", "text"), rows)


def save_own(tx: Tx, put: Sequence[tuple[str, str]], withdrawn: Sequence[str]) -> None:
    """Let names stand for texts that are kept, as (name, digest), or for none of the merchant's own."""
    tx.delete(own_packs, ("pack",), [(name,) for name in [*withdrawn, *(name for name, _ in put)]])
    tx.insert(own_packs, ("pack", "digest"), put)


def watch_all(tx: Tx, now: int) -> None:
    """Let every order that is open be looked at: clocks begin for its lines, whatever ran before nobody watched."""
    tx.delete(clocks, ("order_id", "line", "pack"), tx.fetch(_RUN_BEFORE))
    put_timers(tx, [("settle", row[0], now) for row in tx.fetch(_OPEN)])
