"""A shop's weeks as ordinary commands: who buys, what is ordered from suppliers, what arrives and when.

The orders are real. The supply side is made up by a policy that is stated here and sees only what happened before:
every working day at five, an item whose free and expected units fall below its lead time's sales (plus SAFETY_DAYS)
is ordered up to REVIEW_DAYS more, in packs. Each delivery is as late as a draw from a real distribution says.
Randomness comes from a seed alone.
"""

import random
from collections import defaultdict, deque
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from backorder.adapters.cli.sample import Sample, SoldLine

Command = dict[str, Any]

SITE = "STOKE"
CHANNEL = "demo"
ZONE = ZoneInfo("Europe/London")
SUPPLIERS = {"NORTH": 5, "RIVER": 8, "HARBOUR": 12, "FAR": 18}  # lead times in calendar days
TRAILING_DAYS = 28
OPENING_DAYS = 18
SAFETY_DAYS = 6
REVIEW_DAYS = 10
PACK = 12
NOTICE_DAYS = 3  # before the expected day, where the supplier says that it will be late
EARLIEST, LATEST = -2, 21  # lateness is clamped to what a shop would live with


class Position(NamedTuple):
    """An item as its buyer sees it: free stock and expected units, less what waits uncovered."""

    sku: str
    units: int


class Order(NamedTuple):
    """Units on their way: when they really come, of which the shop knows nothing."""

    supply: str
    quantity: int
    arrives: date


def moment(day: date, hour: int, minute: int = 0) -> str:
    """A moment of the shop's local time, as commands carry it."""
    return datetime.combine(day, time(hour, minute), ZONE).isoformat()


class Replay:
    """The weeks of a sample. Each method gives commands in order of time; the caller runs them and feeds back."""

    def __init__(self, sample: Sample, seed: int) -> None:
        self._sample = sample
        self._random = random.Random(seed)  # noqa: S311  # a replay must repeat itself
        self._skus = sorted(sample.sold_before)
        self._prices = {line.sku: line for day in sample.days.values() for lines in day for line in reversed(lines)}
        self._sold = {sku: deque([units / TRAILING_DAYS] * TRAILING_DAYS) for sku, units in sample.sold_before.items()}
        self._coming: dict[date, list[Order]] = defaultdict(list)
        self._notices: dict[date, list[Command]] = defaultdict(list)
        self._customers: set[str] = set()
        self._bought: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        self._orders = 0

    def days(self) -> Iterator[date]:
        """Every day from the first to the last, weekends too: time passes on all of them."""
        day, last = min(self._sample.days), max(self._sample.days)
        while day <= last:
            yield day
            day += timedelta(days=1)

    def opening(self) -> Iterator[Command]:
        """The site, suppliers and items, and what is on the shelves on the first morning."""
        first = min(self._sample.days)
        at = moment(first, 5)
        yield {"do": "put_site", "site": SITE, "zone": "Europe/London", "country": "GB", "handling_days": 1, "at": at}
        yield {"do": "put_site", "site": SITE, "holidays": "GB-ENG", "at": at}
        for supplier, lead_time in SUPPLIERS.items():
            yield {"do": "put_supplier", "supplier": supplier, "lead_time_days": lead_time, "at": at}
        for n, sku in enumerate(self._skus):
            line = self._prices[sku]
            yield {
                "do": "put_item",
                "sku": sku,
                "name": line.name,
                "price": line.price,
                "currency": "GBP",
                "supplier": self._supplier(sku),
                "coverage": "inbound" if n % 3 else "lead_time",
                "lead_time_days": SUPPLIERS[self._supplier(sku)] + SAFETY_DAYS,
                "pack_size": PACK,
                "at": at,
            }
        for sku in self._skus:
            units = round(self._rate(sku) * OPENING_DAYS)
            counted = {"do": "count_stock", "sku": sku, "site": SITE, "quantity": units}
            yield counted | {"reason": "opening stock", "at": at}

    def morning(self, day: date) -> Iterator[Command]:
        """What suppliers say and bring before the shop opens, and the passing of the night."""
        yield {"do": "advance", "to": moment(day, 0, 1)}
        yield from self._notices.pop(day, ())
        for order in self._coming.pop(day, ()):
            short = self._random.random() < 0.05
            units = max(1, order.quantity * 9 // 10) if short else order.quantity
            yield {
                "do": "receive_supply",
                "supply": order.supply,
                "receipt": "1",
                "quantity": units,
                "final": True,
                "at": moment(day, 7),
            }

    def sales(self, day: date) -> Iterator[Command]:
        """The day's orders and cancellations, in order of time."""
        sold = dict.fromkeys(self._skus, 0)
        for lines in self._sample.days.get(day, ()):
            first = lines[0]
            at = first.at.replace(tzinfo=ZONE).isoformat()
            if first.customer and first.customer not in self._customers:
                self._customers.add(first.customer)
                yield {"do": "put_customer", "customer": first.customer, "kind": "business", "at": at}
            if first.invoice.startswith("C"):
                yield from self._cancellations(lines, at)
                continue
            yield self._order(lines, at)
            for line in lines:
                sold[line.sku] += line.quantity
        for sku, units in sold.items():
            self._sold[sku].append(units)
            self._sold[sku].popleft()

    def _order(self, lines: list[SoldLine], at: str) -> Command:
        first = lines[0]
        body = []
        for n, line in enumerate(lines, 1):
            body.append({"line": str(n), "sku": line.sku, "quantity": line.quantity, "unit_price": line.price})
            self._bought[first.customer, line.sku].append((first.invoice, str(n)))
        command: Command = {"do": "place_order", "id": first.invoice, "order": first.invoice, "lines": body}
        command |= {"channel": CHANNEL, "accept": "lines", "currency": "GBP", "placed_at": at, "at": at}
        if first.customer:
            command["customer"] = first.customer
        return command

    def _cancellations(self, lines: list[SoldLine], at: str) -> Iterator[Command]:
        """Cancel what the customer last bought of each item; lines bought before the six weeks are unknown."""
        for line in lines:
            bought = self._bought.get((line.customer, line.sku))
            if bought:
                order, number = bought.pop()
                yield {
                    "do": "cancel_line",
                    "order": order,
                    "line": number,
                    "quantity": -line.quantity,
                    "reason": "cancelled by the customer",
                    "at": at,
                }

    def returned(self, day: date, sku: str, units: int) -> Command:
        """Goods that had left already come back to stock instead of being cancelled."""
        at = moment(day, 16)
        return {
            "do": "adjust_stock",
            "sku": sku,
            "site": SITE,
            "delta": units,
            "reason": "returned by the customer",
            "at": at,
        }

    def buying(self, day: date, positions: list[Position]) -> Iterator[Command]:
        """The buyer's purchase orders at five, on working days."""
        if day.weekday() >= 5:
            return
        for position in positions:
            rate, lead_time = self._rate(position.sku), SUPPLIERS[self._supplier(position.sku)]
            if rate and position.units < rate * (lead_time + SAFETY_DAYS):
                wanted = rate * (lead_time + SAFETY_DAYS + REVIEW_DAYS) - position.units
                yield self._announce(day, position.sku, -(-round(wanted) // PACK) * PACK, lead_time)

    def _announce(self, day: date, sku: str, units: int, lead_time: int) -> Command:
        self._orders += 1
        supply = f"PO-{self._orders:04d}"
        expected = _working(day + timedelta(days=lead_time))
        late = max(EARLIEST, min(LATEST, self._random.choice(self._sample.lateness)))
        arrives = max(_working(expected + timedelta(days=late)), day + timedelta(days=1))
        self._coming[arrives].append(Order(supply, units, arrives))
        notice = expected - timedelta(days=NOTICE_DAYS)
        if arrives > expected and notice > day and self._random.random() < 0.6:
            said: Command = {"do": "reschedule_supply", "supply": supply, "expected_on": arrives.isoformat()}
            self._notices[notice].append(said | {"reason": "the supplier is late", "at": moment(notice, 6)})
        return {
            "do": "announce_supply",
            "supply": supply,
            "document": supply,
            "sku": sku,
            "site": SITE,
            "quantity": units,
            "ordered_on": day.isoformat(),
            "expected_on": expected.isoformat(),
            "supplier": self._supplier(sku),
            "confirmed": True,
            "at": moment(day, 17),
        }

    def _supplier(self, sku: str) -> str:
        return list(SUPPLIERS)[self._skus.index(sku) % len(SUPPLIERS)]

    def _rate(self, sku: str) -> float:
        """Units a day over the trailing four weeks."""
        return sum(self._sold[sku]) / TRAILING_DAYS


def _working(day: date) -> date:
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day
