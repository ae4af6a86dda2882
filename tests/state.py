"""What a database holds, in the form in which the oracle tells its own state; and commands given as mappings."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from backorder import commands
from backorder.kernel.calendars import day_date, moment_number
from backorder.kernel.outcomes import Outcome
from backorder.storage import tables as t
from backorder.storage.db import Database


def apply(db: Database, now: datetime, batch: Sequence[dict]) -> list[Outcome]:
    """Run commands through the public door; unreadable ones answer `invalid`."""
    read = [commands.decode(command, may_set_clock=True) for command in batch]
    good = [command for command in read if not isinstance(command, Outcome)]
    answers = iter(commands.run(db, moment_number(now), good))
    return [command if isinstance(command, Outcome) else next(answers) for command in read]


def state(db: Database) -> dict:
    """Lines and supplies, as `Oracle.state` gives them."""
    lines = t.lines
    with db.read() as tx:
        pegs, pins, told = {}, {}, {}
        for row in tx.fetch(select(t.pegs)):
            pegs.setdefault(row[:2], {})[row[2], _text(row[3])] = row[4]
            if row[5]:
                mine = pins.setdefault(row[:2], {})
                mine[row[2]] = mine.get(row[2], 0) + row[5]
        p = t.promises
        for row in tx.fetch(
            select(p.c.order_id, p.c.line, p.c.from_day, p.c.to_day, p.c.cause).order_by(p.c.order_id, p.c.line, p.c.n)
        ):
            told.setdefault(row[:2], []).append((_text(row[2]), _text(row[3]), row[4]))
        found = {}
        held = {row[0] for row in tx.fetch(select(t.orders.c.order_id).where(t.orders.c.held == 1))}
        for row in tx.fetch(select(lines)):
            line = dict(zip(lines.c.keys(), row, strict=True))
            key = line["order_id"], line["line"]
            places = [line[name] for name in ("waiting", "allocated", "shipped", "cancelled", "picked")]
            still_open = line["waiting"] + line["allocated"] > 0
            planned = _text(line["planned"]) if still_open else "-"
            days = [_text(line["promise"]), planned, _text(line["lead_time_day"])]
            person = (_text(line["person_day"]), _text(line["person_until"])) if line["person_day"] else None
            more = (_text(line["requested_on"]), person, line["raised_from"], line["order_id"] in held)
            more = (*more, pins.get(key, {}))
            found[key] = (*places, *days, pegs.get(key, {}), told[key], more)
        s = t.supplies
        supplies = {
            row[0]: (*row[1:5], _text(row[5]))
            for row in tx.fetch(
                select(s.c.supply, s.c.quantity, s.c.received, s.c.cancelled, s.c.pegged, s.c.available_on)
            )
        }
    return {"lines": found, "supplies": supplies}


def _text(day: int | None) -> str | None:
    return None if day is None else day_date(day).isoformat()
