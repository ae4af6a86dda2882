"""A year in a shop that tells its customers: supply slips, people answer as they like, letters come back.

The year begins in autumn, so that clocks change twice and a year ends in it. Everything follows from a seed. People's
commands come at moments of their own, and the worker runs when timers are due, within the hour; one week it stands.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select
from state import apply

from backorder.kernel.calendars import moment_datetime
from backorder.storage import notice_tables as n
from backorder.storage import tables as t
from backorder.storage.db import Database, Row
from backorder.storage.event_tables import timers
from backorder.storage.shipment_tables import shipments

START = datetime(2026, 9, 14, 6, tzinfo=UTC)
END = START + timedelta(days=365)
ASLEEP = datetime(2027, 3, 10, 9, tzinfo=UTC)  # a week in which clocks change in America
AWAKE = ASLEEP + timedelta(days=7)
SKUS = ("CHAIR", "DESK", "LAMP", "SOFA", "SHELF")
TRANSIT = {"DE": 3, "GB": 2, "CA": 4, "CA-BC": 6, "AU": 9, "CN": 8, "BR": 12}
# name: country, region, zone, kind
PLACES = {
    "ny": ("US", "US-NY", "America/New_York", "consumer"),
    "la": ("US", "US-CA", "America/Los_Angeles", "consumer"),
    "sf": ("US", "CA", "America/Los_Angeles", "consumer"),
    "shop": ("US", None, "America/New_York", "business"),
    "de": ("DE", None, "Europe/Berlin", "consumer"),
    "gb": ("GB", None, "Europe/London", "consumer"),
    "on": ("CA", "CA-ON", "America/Toronto", "consumer"),
    "qc": ("CA", "CA-QC", "America/Toronto", "consumer"),
    "bc": ("CA", "CA-BC", "America/Vancouver", "consumer"),
    "au": ("AU", None, "Australia/Sydney", "consumer"),
    "cn": ("CN", None, "Asia/Shanghai", "consumer"),
    "br": ("BR", None, "America/Sao_Paulo", "consumer"),
    "firm": ("DE", None, "Europe/Berlin", "business"),
}
AMERICAN = ("ny", "la", "sf", "shop")
ANSWERS = "https://shop.example/answer"


@dataclass
class Year:
    """Gives the commands of a year, and writes down which were given, when, and what was answered."""

    db: Database
    seed: int
    orders: int
    chance: random.Random = field(init=False)
    now: datetime = START
    number: int = 0
    log: list[tuple[datetime, dict, str]] = field(default_factory=list)
    runs: list[datetime] = field(default_factory=list)
    stands: list[tuple[datetime, Row]] = field(default_factory=list)
    emails: dict[str, str] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)  # order: the customer's place

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def live(self) -> None:
        """The whole year, and the morning after it."""
        self._open()
        gap = (END - START) / (self.orders * 14)
        looked = START
        while self.now < END:
            self._until(self.now + gap * self.chance.uniform(0.3, 1.7))
            self._someone()
            if self.now - looked > timedelta(days=25) and not ASLEEP < self.now < AWAKE + timedelta(hours=9):
                self._run(self.now + timedelta(minutes=1))
                self._look()
                looked = self.now
        self._run(self.now + timedelta(hours=2))
        self._look()

    # -- time --------------------------------------------------------------------------------------------------------

    def _until(self, moment: datetime) -> None:
        """Let the worker run whenever it has something to do, and once on most days besides."""
        while True:
            due = self._one(select(func.min(timers.c.due_at)).where(timers.c.kind == "settle"))
            tick = (self.runs[-1] if self.runs else START) + timedelta(hours=self.chance.uniform(20, 26))
            wake = tick if due is None else min(tick, moment_datetime(due))
            wake = max(wake, self.now) + timedelta(minutes=self.chance.choice((0, 1, 5, 20, 55)), seconds=1)
            if ASLEEP <= wake < AWAKE:
                wake = AWAKE + timedelta(seconds=3)
            if wake >= moment:
                break
            self._run(wake)
        self.now = max(self.now + timedelta(seconds=1), moment)

    def _run(self, moment: datetime) -> None:
        self.now = moment.replace(microsecond=0)
        self.runs.append(self.now)
        self._do({"do": "advance", "to": self.now.isoformat()})

    def _do(self, command: dict) -> str:
        word = apply(self.db, self.now, [command])[0].outcome.value
        self.log.append((self.now, command, word))
        return word

    def _look(self) -> None:
        """Write down how the shop says that all its clocks stand."""
        self.stands += [(self.now, row) for row in self._rows(select(n.clocks).order_by(*n.clocks.primary_key))]

    def _rows(self, query) -> list[Row]:
        with self.db.read() as tx:
            return list(tx.fetch(query))

    def _one(self, query):
        return self._rows(query)[0][0]

    # -- people ------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._do({"do": "put_site", "site": "EAST", "zone": "America/New_York", "country": "US",
                  "holidays": "US", "transit_days": TRANSIT})  # fmt: skip
        self._do({"do": "put_site", "site": "NORTH", "zone": "Europe/Berlin", "country": "DE", "handling_days": 1,
                  "transit_days": TRANSIT})  # fmt: skip
        for i, sku in enumerate(SKUS):
            item = {"do": "put_item", "sku": sku, "name": f"{sku.title()} of oak"}
            self._do(item | ({"coverage": "lead_time", "lead_time_days": 20} if i == 2 else {"coverage": "inbound"}))
        self._do({"do": "put_communication", "rules": [], "answers": ANSWERS, "contact": "help@shop.example",
                  "charging": "Your card was charged when you ordered."})  # fmt: skip
        for sku in SKUS:
            for _ in range(2):
                self._announce(sku)

    def _name(self, letter: str) -> str:
        self.number += 1
        return f"{letter}{self.number:05d}"

    def _day(self, low: int, high: int) -> str:
        return (self.now.date() + timedelta(days=self.chance.randint(low, high))).isoformat()

    def _someone(self) -> None:
        acts = {
            self._place: 12, self._slip: 12, self._receive: 14, self._lose: 2, self._restock: 8, self._ship: 18,
            self._arrive: 8, self._reverse: 3, self._answer: 26, self._returned: 4, self._by_hand: 7,
            self._readdress: 4, self._move: 3, self._cancel: 5, self._refund: 7, self._pick: 3,
        }  # fmt: skip
        if self.seed % 2:  # a year in which goods are scarce, and delays long
            acts |= {self._slip: 14, self._receive: 5, self._lose: 6, self._restock: 4, self._ship: 8}
        self.chance.choices(list(acts), list(acts.values()))[0]()

    def _announce(self, sku: str) -> None:
        self._do({"do": "announce_supply", "supply": self._name("P"), "sku": sku,
                  "site": self.chance.choice(("EAST", "NORTH")), "quantity": self.chance.randint(8, 30),
                  "expected_on": self._day(4, 45)})  # fmt: skip

    def _restock(self) -> None:
        self._announce(self.chance.choice(SKUS))

    def _place(self) -> None:
        """A customer of their own orders, so that what is changed of one touches few orders."""
        order, place = self._name("O"), self.chance.choice([*PLACES, *AMERICAN, *AMERICAN])
        country, region, zone, kind = PLACES[place]
        customer = f"{place}-{order}"
        known = self.chance.random() > 0.04
        if known:
            mail = {} if self.chance.random() < 0.06 else {"email": f"{order.lower()}@example.com"}
            self._do({"do": "put_customer", "customer": customer, "kind": kind, "country": country, **mail,
                      **({"region": region} if region else {}), "zone": zone})  # fmt: skip
            self.emails[order] = mail.get("email", "")
            self.now += timedelta(seconds=1)
        lines = [
            {"line": str(i + 1), "sku": sku, "quantity": self.chance.randint(1, 3),
             "unit_price": f"{self.chance.randint(500, 9_999) / 100:.2f}"}
            for i, sku in enumerate(self.chance.sample(SKUS, self.chance.choice((1, 1, 2, 3))))
        ]  # fmt: skip
        goods = sum(round(float(line["unit_price"]) * 100) * line["quantity"] for line in lines)
        charges = {"shipping": "4.90", "tax": f"{goods // 10 / 100:.2f}", "discount": "1.00"}
        paid = goods + 490 + goods // 10 - 100 if self.chance.random() < 0.85 else 0
        command = {"do": "place_order", "order": order, "currency": "USD", "paid": f"{paid / 100:.2f}", "lines": lines,
                   "charges": charges, "authorised_at": self.now.isoformat()}  # fmt: skip
        if known:
            command["customer"] = customer
        if not known or self.chance.random() < 0.3:
            command["ship_to"] = {"country": country, "zone": zone} | ({"region": region} if region else {})
        if self.chance.random() < 0.15:
            command["ship"] = "complete"
        if self._do(command) == "accepted":
            self.placed[order] = place

    def _supplies(self) -> list[Row]:
        s = t.supplies
        return self._rows(
            select(s.c.supply, s.c.sku, s.c.quantity - s.c.received - s.c.cancelled, s.c.expected_on, s.c.available_on)
            .where(s.c.kind != "stock", s.c.quantity > s.c.received + s.c.cancelled)
            .order_by(s.c.supply)
        )

    def _waiting(self) -> list[str]:
        """The orders of which something is still to leave."""
        lines = t.lines
        query = select(lines.c.order_id).where(lines.c.waiting + lines.c.allocated > 0).distinct()
        return sorted(row[0] for row in self._rows(query.order_by(lines.c.order_id)))

    def _some_order(self) -> str:
        """Mostly one that waits."""
        waiting = self._waiting()
        return self.chance.choice(waiting if waiting and self.chance.random() < 0.8 else list(self.placed)[-60:])

    def _slip(self) -> None:
        """Several supplies move; sometimes somebody sees to the notices of it at once."""
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            self._slip_one()
            self.now += timedelta(minutes=2)
        if self.chance.random() < 0.4:
            self._by_hand()

    def _slip_one(self) -> None:
        supplies = self._supplies()
        if supplies:
            days = self.chance.choice(((1, 12), (1, 12), (10, 40), (30, 80)))
            self._do({"do": "reschedule_supply", "supply": self.chance.choice(supplies)[0],
                      "expected_on": self._day(*days)})  # fmt: skip

    def _receive(self) -> None:
        due = [row for row in self._supplies() if _date(row[4]) <= self.now.date() + timedelta(days=1)]
        if due and self.chance.random() < 0.8:
            supply, _, units, _, _ = self.chance.choice(due)
            short = self.chance.random() < 0.25
            self._do({"do": "receive_supply", "supply": supply, "receipt": self._name("R"),
                      "quantity": max(1, units // 2) if short else units,
                      **({"final": True} if short and self.chance.random() < 0.6 else {})})  # fmt: skip

    def _lose(self) -> None:
        """A supply will not come; sometimes nothing of the item will."""
        supplies = self._supplies()
        if supplies:
            supply, sku = self.chance.choice(supplies)[:2]
            lost = [row[0] for row in supplies if row[1] == sku] if self.chance.random() < 0.5 else [supply]
            for one in lost:
                self._do({"do": "cancel_supply", "supply": one})
                self.now += timedelta(seconds=1)

    def _ready(self) -> list[Row]:
        lines = t.lines
        query = select(lines.c.order_id, lines.c.line, lines.c.allocated, lines.c.picked).where(lines.c.allocated > 0)
        return self._rows(query.order_by(lines.c.order_id, lines.c.line))

    def _ship(self) -> None:
        """What is ready leaves; of what the law may have cancelled nothing does before the worker has seen to it."""
        barred = set()
        if ASLEEP <= self.now < AWAKE:
            barred = {row[0] for row in self._rows(select(n.clocks.c.order_id).where(n.clocks.c.pack == "us-ftc"))}
        else:
            self._run(self.now + timedelta(seconds=1))
            self.now += timedelta(seconds=1)
        ready = [row for row in self._ready() if row[0] not in barred]
        for order in self.chance.sample(sorted({row[0] for row in ready}), min(3, len({row[0] for row in ready}))):
            lines = [{"line": row[1], "quantity": row[2] if self.chance.random() < 0.8 else 1}
                     for row in ready if row[0] == order]  # fmt: skip
            self._do({"do": "ship", "shipment": self._name("S"), "order": order, "lines": lines})
            self.now += timedelta(seconds=1)

    def _pick(self) -> None:
        ready = [row for row in self._ready() if row[2] > row[3]]
        if ready:
            order, line, allocated, picked = self.chance.choice(ready)
            lines = [{"line": line, "quantity": allocated - picked}]
            self._do({"do": "pick", "order": order, "lines": lines})

    def _away(self) -> list[str]:
        s = shipments
        query = select(s.c.shipment).where(s.c.delivered_at.is_(None), s.c.reversed_at.is_(None))
        return [row[0] for row in self._rows(query.order_by(s.c.shipment))]

    def _arrive(self) -> None:
        for shipment in self._away()[:3]:
            self._do({"do": "record_delivery", "shipment": shipment})
            self.now += timedelta(seconds=1)

    def _reverse(self) -> None:
        away = self._away()
        if away:
            self._do({"do": "reverse_shipment", "shipment": away[-1], "reason": "it stood on the ramp"})

    def _notices(self, *states: str) -> list[Row]:
        query = select(n.notices.c.order_id, n.notices.c.n, n.notices.c.kind, n.notices.c.trouble, n.notices.c.sent_at)
        return self._rows(
            query.where(n.notices.c.state.in_(states)).order_by(
                n.notices.c.changed_at.desc(), n.notices.c.order_id, n.notices.c.n
            )
        )

    def _answer(self) -> None:
        asking = self._notices("asking")
        if asking and self.chance.random() < 0.7:
            order, notice = self.chance.choice(asking)[:2]
            about = {"notice": notice} if self.chance.random() < 0.7 else {}
        elif self.placed:
            order, about = self._some_order(), {}
        else:
            return
        what = self.chance.choice(("wait", "wait", "wait", "until", "until", "cancel", "substitute", "part", "call"))
        answer = {"do": "answer_notice", "order": order, "by": "buyer", **about}
        answer["means"] = self.chance.choice(("link", "email", "phone", "letter"))
        lines = [row[0] for row in self._rows(select(t.lines.c.line).where(t.lines.c.order_id == order))]
        if what in {"wait", "until", "cancel"} and self.chance.random() < 0.3:
            answer["lines"] = [self.chance.choice(sorted(lines))]
        if what == "until":
            answer |= {"answer": "wait", "until": self._day(-1, 60)}
        elif what == "call":
            answer |= {"answer": "call", "until": self._day(-1, 20)}
        elif what == "substitute":
            price = {} if self.chance.random() < 0.5 else {"unit_price": "7.50"}
            answer |= {"answer": "substitute", "sku": self.chance.choice(SKUS), "consent": True, **price}
            answer |= {"lines": [self.chance.choice(sorted(lines))], "new_line": self._name("L")}
        else:
            answer["answer"] = {"part": "ship_available"}.get(what, what)
        if self._do(answer) == "answered" and self.chance.random() < 0.1:
            self.now += timedelta(minutes=3)
            self._do(answer | {"answer": "cancel"} if "sku" not in answer and "until" not in answer else answer)

    def _returned(self) -> None:
        sent = [row for row in self._notices("asking", "told", "replaced", "answered", "lapsed") if row[4]]
        if sent:
            order, notice = self.chance.choice(sent[:12])[:2]
            became = self.chance.choice(("bounced", "bounced", "delivered"))
            self._do({"do": "record_notice", "order": order, "notice": notice, "became": became})

    def _by_hand(self) -> None:
        due = self._notices("due")
        going = [row for row in due if not row[3]]
        due = going if going and self.chance.random() < 0.6 else due
        if due:
            order, notice, _, trouble, _ = self.chance.choice(due)
            if trouble or self.chance.random() < 0.3:
                self._do({"do": "send_notice", "order": order, "notice": notice, "by": "kim", "means": "phone"})
            else:
                self._do({"do": "suppress_notice", "order": order, "notice": notice, "by": "kim",
                          "reason": "they are in the shop"})  # fmt: skip

    def _readdress(self) -> None:
        """Mostly those who cannot be reached give another address; some take theirs back."""
        troubled = [row[0] for row in self._notices("due", "bounced") if row[0] in self.emails]
        order = self.chance.choice(troubled or [name for name in self.emails if name in self.placed] or [""])
        if order in self.placed:
            mail = None if self.chance.random() < 0.15 else f"{self._name('m').lower()}@example.com"
            if mail != (self.emails[order] or None):
                self.emails[order] = mail or ""
                self._do({"do": "put_customer", "customer": f"{self.placed[order]}-{order}", "email": mail})

    def _move(self) -> None:
        if self.placed:
            country, region, zone, _ = PLACES[self.chance.choice(list(PLACES))]
            place = {"country": country, "zone": zone} | ({"region": region} if region else {})
            order = self._some_order()
            self._do({"do": "change_order", "order": order, "ship_to": place})

    def _cancel(self) -> None:
        if self.placed:
            order = self._some_order()
            by = self.chance.choice(("customer", "customer", "merchant"))
            units = {"quantity": 1} if self.chance.random() < 0.5 else {}
            self._do({"do": "cancel_line", "order": order, "line": "1", "by": by, **units})

    def _refund(self) -> None:
        due = self._rows(
            select(n.refunds.c.order_id, n.refunds.c.n, n.refunds.c.amount)
            .where(n.refunds.c.state != "refunded")
            .order_by(n.refunds.c.made_at, n.refunds.c.order_id, n.refunds.c.n)
        )
        for order, refund, amount in due[: self.chance.choice((0, 1, 4))]:
            form = "same_method" if amount else "statement"
            self._do({"do": "record_refund", "order": order, "refund": refund, "form": form})
            self.now += timedelta(seconds=1)


def _date(value: object) -> date:
    """A day as tables give it."""
    return date(1970, 1, 1) + timedelta(days=value) if isinstance(value, int) else date.max
