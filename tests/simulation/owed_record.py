"""What was kept of a year, order by order, in the auditor's own words (`auditor.py`)."""

import json
from collections import defaultdict
from datetime import date, datetime, timedelta

from auditor import Fact, Letter, Line, Money, Record, Shop, Stand
from german import in_english
from simulation.owed_year import ANSWERS, PLACES, TRANSIT, Year
from sqlalchemy import select

from backorder.kernel.calendars import moment_datetime
from backorder.storage import notice_tables as n
from backorder.storage import shipment_tables as away
from backorder.storage import tables as t
from backorder.storage.event_tables import events

_ENDED = {"shipped", "refund_due", "refunded"}


def shop_of(year: Year) -> Shop:
    """What the merchant said, and when the worker ran."""
    return Shop(year.runs, ANSWERS)


def records(year: Year) -> list[Record]:
    """The records of all orders that were taken."""
    facts, queued, stands = _facts(year), defaultdict(list), defaultdict(list)
    for row in _rows(
        year,
        select(n.notices.c.order_id, n.notices.c.trouble)
        .where(n.notices.c.state == "due")
        .order_by(n.notices.c.order_id, n.notices.c.n),
    ):
        queued[row[0]].append(row[1])
    for at, row in year.stands:
        stands[row[0]].append(_stand(at, row))
    letters, money = _letters(year), _money(year)
    lines, emails = _lines(year), _first_emails(year)
    found = []
    o = t.orders.c
    query = select(o.order_id, o.placed_at, o.paid, o.shipping, o.tax, o.discount)
    for order, placed, *sums in _rows(year, query.order_by(o.order_id)):
        country, region, zone, kind = PLACES[year.placed[order]]
        buyer = kind if order in emails else "consumer"
        email, moment = emails.get(order, ""), moment_datetime(placed)
        found.append(
            Record(order, zone, buyer, country, region, email, moment, *sums, lines[order], facts[order],
                   letters[order], money[order], stands[order], queued[order])
        )  # fmt: skip
    return found


def _rows(year: Year, query):
    with year.db.read() as tx:
        return list(tx.fetch(query))


def _day(number: int | None) -> date | None:
    return None if number is None else date(1970, 1, 1) + timedelta(days=number)


def _some_day(number: int | None) -> date:
    day = _day(number)
    assert day is not None
    return day


def _moment(number: int | None) -> datetime | None:
    return None if number is None else moment_datetime(number)


def _some_moment(number: int | None) -> datetime:
    moment = _moment(number)
    assert moment is not None
    return moment


def _first_emails(year: Year) -> dict[str, str]:
    """The address of each order's customer when they ordered; none for orders of nobody."""
    found: dict[str, str] = {}
    for _, command, _ in year.log:
        if command["do"] == "put_customer" and "kind" in command:
            found[command["customer"].partition("-")[2]] = command.get("email", "")
    return found


def _lines(year: Year) -> dict[str, dict[str, Line]]:
    """The lines of orders; goods are on their way as long as it takes to the place where they went then."""
    moves = _moves(year)
    found: dict[str, dict[str, Line]] = defaultdict(dict)
    c = t.lines.c
    query = select(c.order_id, c.line, t.items.c.name, c.quantity, c.unit_price, c.placed_at)
    query = query.join(t.items, t.items.c.sku == c.sku).order_by(c.order_id, c.position)
    for order, line, goods, quantity, price, began in _rows(year, query):
        country, region = PLACES[year.placed[order]][:2]
        for at, place in moves[order]:
            if at <= moment_datetime(began):
                country, _, region = place.partition("/")
        transit = next((TRANSIT[place] for place in (region, country) if place in TRANSIT), 0)
        found[order][line] = Line(goods, quantity, price, transit)
    return found


def _moves(year: Year) -> dict[str, list[tuple[datetime, str]]]:
    found, known = defaultdict(list), _first_emails(year)
    for at, command, word in year.log:
        if command["do"] == "change_order" and word == "changed":
            place, order = command["ship_to"], command["order"]
            country, own, *_ = PLACES[year.placed[order]]
            theirs = order in known and place["country"] == country  # a customer's region is a part of their country
            region = place.get("region") or (own if theirs else None) or ""
            found[order].append((at, f"{place['country']}/{region}"))
    return found


def _facts(year: Year) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = defaultdict(list)
    for order, places in _moves(year).items():
        before = "/".join(word or "" for word in PLACES[year.placed[order]][:2])
        for at, place in places:
            if place != before:
                found[order].append(Fact(at, "moved", word=place))
            before = place
    _of_ledgers(year, found)
    for at, command, word in year.log:
        if word in {"answered", "changed"}:
            _said(year, found, at, command)
    return found


def _of_ledgers(year: Year, found: dict[str, list[Fact]]) -> None:
    p, x = t.promises.c, t.cancellations.c
    for order, line, at, day in _rows(
        year, select(p.order_id, p.line, p.at, p.to_day).order_by(p.order_id, p.line, p.n)
    ):
        found[order].append(Fact(moment_datetime(at), "promise", line, _day(day)))
    for order, line, at, units, by in _rows(
        year, select(x.order_id, x.line, x.at, x.quantity, x.by_whom).order_by(x.order_id, x.line, x.n)
    ):
        found[order].append(Fact(moment_datetime(at), "cancelled", line, None, units, word=by))
    s, u = away.shipments.c, away.shipment_lines.c
    units_of: dict[tuple[str, str], int] = defaultdict(int)
    for shipment, line, units in _rows(year, select(u.shipment, u.line, u.quantity).order_by(u.shipment, u.line)):
        units_of[shipment, line] += units
    back = {}
    for shipment, order, at, undone in _rows(
        year, select(s.shipment, s.order_id, s.at, s.reversed_at).order_by(s.shipment)
    ):
        back[shipment] = order, moment_datetime(at)
        if undone is not None:
            found[order].append(Fact(moment_datetime(undone), "unshipped", word=shipment))
    for (shipment, line), units in units_of.items():
        order, left = back[shipment]
        found[order].append(Fact(left, "shipped", line, None, units, word=shipment))


def _said(year: Year, found: dict[str, list[Fact]], at: datetime, command: dict) -> None:
    """What people said in a command that had an effect."""
    order = command.get("order", "")
    match command["do"]:
        case "put_customer" if "kind" not in command:
            name = command["customer"].partition("-")[2]
            found[name].append(Fact(at, "readdressed", word=command["email"] or ""))
        case "suppress_notice":
            found[order].append(Fact(at, "suppressed", n=command["notice"]))
        case "record_notice" if command["became"] == "bounced":
            found[order].append(Fact(at, "bounced", n=command["notice"]))
        case "answer_notice" if command["answer"] in {"wait", "call"}:
            until = command.get("until")
            what = "agreed" if command["answer"] == "wait" else "called"
            day, word = (date.fromisoformat(until), "until") if until else (None, "told")
            began = [fact for fact in found[order] if fact.what == "promise" and fact.at < at]
            for line in command.get("lines") or sorted({fact.line or "" for fact in began}):
                found[order].append(Fact(at, what, line, day, word=word))


def _letters(year: Year) -> dict[str, list[Letter]]:
    told: dict[tuple[str, int], dict[str, date | None]] = defaultdict(dict)
    e = n.evidence.c
    query = select(e.order_id, e.notice, e.line, e.to_day).where(e.kind == "told").order_by(e.order_id, e.n)
    for order, notice, line, day in _rows(year, query):
        told[order, notice][line] = _day(day)
    c = n.notices.c
    query = select(c.order_id, c.n, c.sent_at, c.kind, c.answer_by, c.text, c.means).where(c.sent_at.is_not(None))
    found = defaultdict(list)
    for order, notice, at, kind, answer_by, text, means in _rows(year, query.order_by(c.order_id, c.n)):
        lines = told[order, notice]
        found[order].append(Letter(notice, moment_datetime(at), kind, lines, _day(answer_by), in_english(text), means))
    return found


def _money(year: Year) -> dict[str, list[Money]]:
    late = {}
    for at, subject, data in _rows(
        year, select(events.c.at, events.c.subject, events.c.data).where(events.c.kind == "refund_overdue")
    ):
        late[subject.removeprefix("orders/"), json.loads(data)["refund"]] = moment_datetime(at)
    c = n.refunds.c
    query = select(c.order_id, c.n, c.made_at, c.cause, c.vested_on, c.refund_by, c.amount, c.lines, c.ended_at,
                   c.refunded)  # fmt: skip
    found = defaultdict(list)
    for order, refund, at, cause, vested, by, amount, lines, ended, paid in _rows(
        year, query.order_by(c.order_id, c.n)
    ):
        one = Money(refund, moment_datetime(at), cause, _some_day(vested), _some_day(by), amount,
                    tuple(json.loads(lines)), _moment(ended), paid, late.get((order, refund)))  # fmt: skip
        found[order].append(one)
    return found


def _stand(at: datetime, row) -> Stand:
    clock = dict(zip(n.clocks.c.keys(), row, strict=True))
    ended = clock["state"] in _ENDED
    days = _some_day(clock["limit_on"]), _day(clock["until_on"]), _day(clock["leave_from"])
    return Stand(at, clock["line"], clock["pack"], ended, *days)
