"""A large shop as rows: its lines wait, are ready, late, at risk, on hold or gone; notices and refunds are due.

The rows go in by the bulk path of the database and agree with each other as far as lists show them. Nobody placed the
orders, so there are no events of them, and no clocks stand behind the notices.
"""

import hashlib
import random
from itertools import count
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import text

from backorder.commands.catalogue import PutSite, put_sites
from backorder.commands.reallocation import PutPolicy, put_policies
from backorder.kernel.calendars import local_day
from backorder.kernel.planned import Totals
from backorder.kernel.segments import Segment
from backorder.storage.access_tables import audit, audit_head
from backorder.storage.audit import Entry, chained
from backorder.storage.db import Database, Tx, open_database
from backorder.storage.notice_tables import notices, refunds
from backorder.storage.reallocation_tables import plan_lines, plans
from backorder.storage.shipment_tables import shipment_lines, shipments
from backorder.storage.tables import (
    customers,
    holds,
    items,
    lines,
    orders,
    pegs,
    people,
    promises,
    stock_moves,
    suppliers,
    supplies,
)
from bench.shops import settle

DAY = 86_400 * 10**6
MINUTE = 60 * 10**6
TABLES = (
    items, customers, people, suppliers, supplies, stock_moves, orders, lines, pegs, promises, holds, shipments,
    shipment_lines, notices, refunds, audit, plans, plan_lines,
)  # fmt: skip
PART = 200_000  # lines that are rows at a time
WEEKS = 4  # supplies that come, of each item: one a week, some of the first overdue; besides what is in stock
GOODS = ("Oak chair", "Desk lamp", "Linen cover", "Steel shelf", "Garden bench", "Wool rug", "Glass vase")
FAMILY = ("Meyer", "Garcia", "Martin", "Smith", "Novak", "Rossi", "Jensen", "Kowalski", "Tanaka", "Silva")
CHANNELS = ("web", "web", "web", "web", "web", "web", "marketplace", "marketplace", "phone", None)
RARE = "fair"  # a channel of very few orders
DEALER = "C000000"  # a customer of very many
WORDS = ("place_order", "ship", "receive_supply", "cancel_line", "pick", "put_item")


class Size(NamedTuple):
    """How much there is. An order has two or three lines; a tenth more are ready, and a tenth are gone."""

    lines: int
    items: int

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return max(20, self.lines // 8)


class _Line(NamedTuple):
    """A line before it is rows: its item by number, and what it stands on: a week, -1 stock, -2 nothing, -3 gone."""

    order: int
    line: int
    item: int
    on: int
    units: int


def fill(place: str, size: Size, now: int) -> None:
    """Fill an empty database as it could be at a moment (microseconds)."""
    db = open_database(place)
    put_sites(db, now, [PutSite(site="MAIN", zone="UTC")])
    put_policies(db, now, [PutPolicy(policy="by promise", segments=[Segment(name="all", strategy="redistribute")])])
    _Crowd(db, size, now).rows()
    if db.dialect == "sqlite":
        db.compact()
    settle(db, *(table.name for table in TABLES))
    db.close()


class _Crowd:
    """What is drawn by chance, always the same."""

    def __init__(self, db: Database, size: Size, now: int) -> None:
        self.db, self.size, self.now = db, size, now
        self.chance = random.Random(7)
        self.today = local_day(now, "UTC")
        self.overdue = {n for n in range(size.items) if self.chance.random() < 0.06}
        self.unsure = {n for n in range(size.items) if self.chance.random() < 0.03}
        self.bare = {n for n in range(size.items) if self.chance.random() < 0.05}  # lines wait for no supply of these
        self.lines = self._lines()
        self.complete = {n for n in range(self.lines[-1].order + 1) if n % 10 == 3}
        self.held = {n for n in range(self.lines[-1].order + 1) if n % 67 == 5}

    def _lines(self) -> list[_Line]:
        """The lines, by order; what sells most is waited for most."""
        found: list[_Line] = []
        chance, waiting, order = self.chance.random, 0, -1
        while waiting < self.size.lines:
            order += 1
            gone = chance() < 0.09
            for line in range(1, 2 + int(chance() * 4)):
                item = int(self.size.items * chance() ** 2.5)
                drawn = chance()
                on = -3 if gone else -1 if drawn < 0.06 else -2 if item in self.bare else int(WEEKS * chance() ** 1.5)
                waiting += on != -3 and on != -1
                found.append(_Line(order, line, item, on, 1 + int(9 * chance() ** 4)))
        return found

    def rows(self) -> None:
        """Write everything."""
        for part in (self._goods, self._customers, self._orders, self._gone, self._owed, self._trail, self._runs):
            with self.db.write() as tx:
                if tx.dialect == "postgresql":  # its look at every reference would take as long as all the rest
                    tx.fetch(text("SET LOCAL session_replication_role = replica"))
                part(tx)

    # Names of things

    def sku(self, item: int) -> str:
        """An item by its number."""
        return f"I{item:06d}"

    def supply(self, item: int, on: int) -> str:
        """What a line stands on."""
        return f"stock/MAIN/{self.sku(item)}" if on == -1 else f"PO-{on}-{item:06d}"

    def due(self, item: int, week: int) -> tuple[int, int]:
        """The day on which a supply is expected, and the one it is planned for."""
        expected = self.today + 4 + 7 * week + item % 5
        if week == 0 and item in self.overdue:
            return self.today - 1 - item % 9, self.today + 1
        return expected, expected

    def firm(self, one: _Line) -> int | None:
        """The last day on which what a line stands on is not overdue."""
        if one.on < 0:
            return None
        return 0 if one.item in self.unsure and one.on == 1 else self.due(one.item, one.on)[0]

    def placed(self, order: int) -> int:
        """When an order was placed: the last of them just now."""
        share = 1 - order / (self.lines[-1].order + 1)
        return self.now - (int(150 * 1_440 * share) + 10) * MINUTE

    def customer(self, order: int) -> str | None:
        """Whose an order is: some are nobody's that is known."""
        drawn = (order * 7_919) % 1_000
        if drawn < 20:
            return DEALER
        return None if drawn < 250 else f"C{int(self.size.customers * (drawn - 250 + order % 1_000 / 1_000) / 750):06d}"

    def channel(self, order: int) -> str | None:
        """By which way it came."""
        return RARE if order % 2_003 == 1 else CHANNELS[order * 31 % 10]

    # Tables

    def _goods(self, tx: Tx) -> None:
        held: dict[tuple[int, int], int] = {}
        gone: dict[int, int] = {}
        for one in self.lines:
            if one.on >= -1:
                held[one.item, one.on] = held.get((one.item, one.on), 0) + one.units
            elif one.on == -3:
                gone[one.item] = gone.get(one.item, 0) + one.units
        tx.insert(suppliers, ("supplier", "working_days", "holidays"), [("S1", "[]", "[]"), ("S2", "[]", "[]")])
        named = [(self.sku(n), f"{GOODS[n % 7]} {n}", "[]") for n in range(self.size.items)]
        tx.insert(items, ("sku", "name", "substitutes"), named)
        rows: list[tuple[Any, ...]] = []
        moves: list[tuple[Any, ...]] = []
        for item in range(self.size.items):
            sku, spare = self.sku(item), 0 if item in self.bare else 3
            for week in range(WEEKS):
                pegged = held.get((item, week), 0)
                expected, available = self.due(item, week)
                sure = int(week != 1 or item not in self.unsure)
                units = pegged + spare
                if units:
                    rows.append((self.supply(item, week), "purchase", sku, units, pegged, expected, available, sure,
                                 f"S{1 + item % 2}", None))  # fmt: skip
            pegged, left = held.get((item, -1), 0), gone.get(item, 0)
            if pegged or left or spare:
                name, whole = self.supply(item, -1), pegged + left + spare
                rows.append((name, "stock", sku, whole - left, pegged, None, None, 1, None, 1 + bool(left)))
                first = self.now - 200 * DAY
                moves.append((name, 1, first, whole, 0, whole, None, "count", "first count"))
                if left:
                    moves.append((name, 2, first + DAY, -left, whole, whole - left, 1, "adjust", "what has gone"))
        columns = ("supply", "kind", "sku", "quantity", "pegged", "expected_on", "available_on", "confirmed",
                   "supplier", "moves")  # fmt: skip
        zeros = ("site", "received", "cancelled", "received_before")
        tx.insert(supplies, (*columns, *zeros), [(*row, "MAIN", 0, 0, 0) for row in rows])
        moved = ("supply", "n", "at", "delta", "before_units", "after_units", "prev", "kind", "reference")
        tx.insert(stock_moves, moved, moves)

    def _customers(self, tx: Tx) -> None:
        names = [f"C{n:06d}" for n in range(self.size.customers)]
        columns = "customer", "kind", "priority", "country", "tags"
        tx.insert(customers, columns, [(name, "consumer", 0, "US", "[]") for name in names])
        said = [(name, f"{FAMILY[n * 7 % 10]} {n}", f"{name}@example.com") for n, name in enumerate(names)]
        tx.insert(people, ("customer", "name", "email"), said)

    def _orders(self, tx: Tx) -> None:
        columns = ("order_id", "customer", "channel", "placed_at", "ship", "held", "country", "currency",
                   "priority", "accept", "sites", "shipping", "tax", "discount", "paid", "tags",
                   "fingerprint")  # fmt: skip
        more = 0, "order", "[]", 0, 0, 0, 0, "[]", "x"
        rows = [
            (name(n), self.customer(n), self.channel(n), self.placed(n),
             "complete" if n in self.complete else "when_ready", int(n in self.held), "US", "USD", *more)
            for n in range(self.lines[-1].order + 1)
        ]  # fmt: skip
        tx.insert(orders, columns, rows)
        kept = [(name(n), "payment", 1, self.placed(n)) for n in sorted(self.held)]
        tx.insert(holds, ("order_id", "kind", "n", "at"), kept)
        for start in range(0, len(self.lines), PART):
            self._of_lines(tx, self.lines[start : start + PART])

    def _of_lines(self, tx: Tx, part: list[_Line]) -> None:
        """Lines, what they stand on, and what was promised."""
        rows: list[tuple[Any, ...]] = []
        stand: list[tuple[Any, ...]] = []
        told: list[tuple[Any, ...]] = []
        for one in part:
            order, line, at = name(one.order), str(one.line), self.placed(one.order)
            day, planned, ledger, lead = self._promised(one, at)
            waiting = one.units if one.on >= 0 or one.on == -2 else 0
            units = (waiting, one.units if one.on == -1 else 0, one.units if one.on == -3 else 0)
            covered = one.units if one.on >= 0 else 0
            rows.append((order, line, one.line, self.sku(one.item), one.units, *units, covered, self.firm(one), 1_990,
                         lead, day, planned, len(ledger), waiting, at, units[2], self.channel(one.order),
                         self.customer(one.order), int(one.order in self.held)))  # fmt: skip
            if one.on >= -1:
                stand.append((order, line, self.supply(one.item, one.on), planned, one.units, 0))
            told += [(order, line, n, *entry) for n, entry in enumerate(ledger, 1)]
        columns = ("order_id", "line", "position", "sku", "quantity", "waiting", "allocated", "shipped", "covered",
                   "firm_until", "unit_price", "lead_time_day", "promise", "planned", "revisions", "backordered",
                   "placed_at", "shipped_before", "channel", "customer", "held", "cancelled", "picked",
                   "tags")  # fmt: skip
        tx.insert(lines, columns, [(*row, 0, 0, "[]") for row in rows])
        tx.insert(pegs, ("order_id", "line", "supply", "ships_on", "quantity", "pinned"), stand)
        tx.insert(promises, ("order_id", "line", "n", "at", "from_day", "to_day", "cause", "basis"), told)

    def _promised(self, one: _Line, at: int) -> tuple[int | None, int | None, list[tuple[Any, ...]], int | None]:
        """The promise of a line, the day it is planned for, its ledger, and the lead-time day that speaks for it."""
        first = local_day(at, "UTC") + 10
        if one.on == -3 or one.on == -1:
            ready = max(first, self.today) if one.on == -1 else first
            return first, ready, [(at, None, first, "placed", "stock")], None
        if one.on == -2:
            if one.item % 2:
                lost = at + DAY, first, None, "cancelled_supply", None
                return None, None, [(at, None, first, "placed", "inbound"), lost], None
            return first, first, [(at, None, first, "placed", "lead_time")], first
        expected, available = self.due(one.item, one.on)
        if expected < available:
            moved = self.now - DAY, expected, available, "overdue", "inbound"
            return available, available, [(at, None, expected, "placed", "inbound"), moved], None
        return available, available, [(at, None, available, "placed", "inbound")], None

    def _gone(self, tx: Tx) -> None:
        """Shipments of the orders that are gone; their units left before the books began."""
        found = list(dict.fromkeys(one.order for one in self.lines if one.on == -3))
        rows = [(f"{name(n)}-1", name(n), self.placed(n) + 2 * DAY, "UPS", "x") for n in found
                if self.placed(n) + 2 * DAY < self.now]  # fmt: skip
        tx.insert(shipments, ("shipment", "order_id", "at", "carrier", "fingerprint"), rows)

    def _owed(self, tx: Tx) -> None:
        """Notices that are due, ask, or do not arrive, and refunds."""
        told: list[tuple[Any, ...]] = []
        back: list[tuple[Any, ...]] = []
        found = dict.fromkeys(one.order for one in self.lines if one.on != -3)
        for n in found:
            made, until = self.now - 3 * DAY, self.now + (n % 30_000) * MINUTE
            trouble = "no_address" if n % 300 == 6 else None
            if n % 30 == 6:
                told.append((name(n), 1, "delay", "due", made, made, until, "", trouble, None, None, None))
            elif n % 10 == 7:
                state = "bounced" if n % 100 == 7 else "asking"
                letter, by = "Your order is late.", self.today + 10
                told.append((name(n), 1, "long", state, made, made, until, "", None, made, letter, by))
            elif n % 100 == 8:
                due = self.now + (n % 30_000 - 5_000) * MINUTE
                back.append((name(n), 1, made, "silence", self.today - 1, self.today + 6, due, 1_990, '["1"]', "due"))
        digest = hashlib.sha256(b"x").hexdigest()
        told_as = ("order_id", "n", "kind", "state", "made_at", "changed_at", "deadline", "gist", "trouble", "sent_at",
                   "text", "answer_by", "silence", "digest")  # fmt: skip
        tx.insert(notices, told_as, [(*row, "none", digest if row[9] else None) for row in told])
        columns = (
            "order_id",
            "n",
            "made_at",
            "cause",
            "vested_on",
            "refund_by",
            "deadline",
            "amount",
            "lines",
            "state",
        )
        tx.insert(refunds, columns, back)

    def _trail(self, tx: Tx) -> None:
        """Who asked for what: a program for most, and people."""
        last, rows = "0" * 64, []
        entries = max(100, self.size.lines // 3)
        for n in range(1, entries + 1):
            who = f"person {n % 13}" if n % 20 == 0 else "integration"
            word = WORDS[-1] if n % 5_000 == 17 else WORDS[n * 31 % 5]
            entry = Entry(who, "planner", f"r{n}", word, name(n % (self.lines[-1].order + 1)), 1, "0" * 64)
            at = self.now - (entries - n) * MINUTE // 4
            last = chained(last, n, at, entry)
            rows.append((n, at, *entry, last))
        tx.insert(audit, tuple(column.name for column in audit.c), rows)
        tx.insert(audit_head, ("one", "n", "hash"), [(1, entries, last)])

    def _runs(self, tx: Tx) -> None:
        """Runs of reallocation, and the plan of one."""
        waiting = [one for one in self.lines if one.on >= 0][:: max(1, 8)]
        totals = Totals(lines=self.size.lines, changed=len(waiting), unmatched=7)
        totals.outcomes = {"moved": len(waiting) - 4 - len(waiting) // 9, "gained": len(waiting) // 9, "lost": 4}
        counts = msgspec.json.encode(totals).decode()
        columns = ("run", "policy", "policy_n", "at", "today", "state", "progress", "size", "lines", "counts",
                   "forget_at")  # fmt: skip
        made = [
            (run, "by promise", 1, self.now - n * DAY // 4, self.today, "simulated", 0, 0, len(waiting) * (n == 0),
             counts, self.now + 30 * DAY)
            for n, run in enumerate(map("run {:03}".format, range(200)))
        ]  # fmt: skip
        tx.insert(plans, columns, made)
        numbers = count(1)
        kept = []
        for one in waiting:
            n = next(numbers)
            outcome = "lost" if n % (len(waiting) // 4) == 3 else "gained" if n % 9 == 0 else "moved"
            day = self.due(one.item, one.on)[1]
            kept.append(("run 000", n, name(one.order), str(one.line), 1, "all" if n % 30_000 else None, outcome,
                         one.units, 0, day, day + n % 3, day, day + n % 3, "[]", "[]", "pending"))  # fmt: skip
        planned = ("run", "n", "order_id", "line", "part", "segment", "outcome", "waiting", "held", "before_promise",
                   "after_promise", "before_planned", "after_planned", "before_pegs", "after_pegs",
                   "applied")  # fmt: skip
        tx.insert(plan_lines, planned, kept)


def name(order: int) -> str:
    """An order by its number."""
    return f"SO-{order:07d}"
