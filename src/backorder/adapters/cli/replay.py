"""A shop's six weeks as ordinary commands: who buys and cancels. What is bought for it, and when that arrives, is in
`buying`.

The orders are real; the supply side is made up by a stated policy.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from typing import Any

from backorder import commands
from backorder.adapters.cli.buying import SITE, ZONE, Buyer, Command, Hours, Position, moment, shop_opens
from backorder.adapters.cli.sample import Sample, SoldLine
from backorder.kernel.outcomes import Outcome
from backorder.storage.db import Database

CHANNEL = "demo"
HOURS = Hours(notices=time(6), deliveries=time(7), orders=time(17))


class Replay:
    """The weeks of a sample. Each method gives commands in order of time; the caller runs them and feeds back."""

    def __init__(self, sample: Sample, seed: int) -> None:
        self._sample = sample
        self._buyer = Buyer(seed, sample.lateness, HOURS)
        self._skus = sorted(sample.sold_before)
        self._customers: set[str] = set()
        self._bought: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)

    def days(self) -> Iterator[date]:
        """Every day from the first to the last, weekends too: time passes on all of them."""
        return every_day(self._sample.days)

    def opening(self) -> Iterator[Command]:
        """The site, suppliers and items, and what is on the shelves on the first morning."""
        at = moment(min(self._sample.days), time(5))
        yield from shop_opens(at)
        lines = {line.sku: line for day in self._sample.days.values() for lines in day for line in reversed(lines)}
        started = [
            self._buyer.take_on(
                sku, self._sample.sold_before[sku], at, name=lines[sku].name, price=lines[sku].price, currency="GBP"
            )
            for sku in self._skus
        ]
        yield from (put for put, _ in started)
        yield from (count for _, count in started)

    def morning(self, day: date) -> Iterator[Command]:
        """What suppliers say and bring before the shop opens, and the passing of the night."""
        yield {"do": "advance", "to": moment(day, time(0, 1))}
        yield from self._buyer.notices(day)
        yield from self._buyer.deliveries(day)

    def sales(self, day: date) -> Iterator[Command]:
        """The day's orders and cancellations, in order of time."""
        sold: dict[str, int] = defaultdict(int)
        for lines in self._sample.days.get(day, ()):
            first = lines[0]
            at = first.at.replace(tzinfo=ZONE).isoformat()
            if first.customer and first.customer not in self._customers:
                self._customers.add(first.customer)
                yield {"do": "put_customer", "customer": first.customer, "kind": "business", "at": at}
            if first.invoice.startswith("C"):
                yield from self._cancellations(lines, at)
                continue
            for n, line in enumerate(lines, 1):
                self._bought[first.customer, line.sku].append((first.invoice, str(n)))
                sold[line.sku] += line.quantity
            yield order(first.invoice, lines, CHANNEL)
        self._buyer.sold(sold)

    def _cancellations(self, lines: list[SoldLine], at: str) -> Iterator[Command]:
        """Cancel what the customer last bought of each item; lines bought before the six weeks are unknown."""
        for line in lines:
            bought = self._bought.get((line.customer, line.sku))
            if bought:
                order, number = bought.pop()
                yield cancellation(order, number, -line.quantity, at)

    def returned(self, day: date, sku: str, units: int) -> Command:
        """Goods that had left already come back to stock instead of being cancelled."""
        return adjustment(sku, units, "returned by the customer", moment(day, time(16)))

    def buying(self, day: date, positions: Iterable[Position]) -> Iterator[Command]:
        """The buyer's purchase orders at five, on working days."""
        if day.weekday() < 5:
            yield from self._buyer.orders(day, positions)


def apply(db: Database, source: Iterable[Command]) -> list[tuple[Any, Outcome]]:
    """Run commands given as words, neighbours of one kind in one transaction; each with its outcome."""
    batch = []
    for words in source:
        command = commands.decode(words, may_set_clock=True)
        assert not isinstance(command, Outcome), (words, command)
        batch.append(command)
    return list(zip(batch, commands.run(db, 0, batch), strict=True))


def every_day(days: Iterable[date]) -> Iterator[date]:
    """Every day from the first to the last of some."""
    day, last = min(days), max(days)
    while day <= last:
        yield day
        day += timedelta(days=1)


def order(name: str, lines: list[SoldLine], channel: str) -> Command:
    """An invoice as an order: whichever lines can be taken are."""
    first = lines[0]
    at = first.at.replace(tzinfo=ZONE).isoformat()
    body = [
        {"line": str(n), "sku": line.sku, "quantity": line.quantity, "unit_price": line.price}
        for n, line in enumerate(lines, 1)
    ]
    command: Command = {"do": "place_order", "order": name, "lines": body, "channel": channel}
    command |= {"accept": "lines", "currency": "GBP", "placed_at": at, "at": at}
    if first.customer:
        command["customer"] = first.customer
    return command


def cancellation(order: str, line: str, units: int, at: str) -> Command:
    """Units of a line that the customer does not want any more."""
    command = {"do": "cancel_line", "order": order, "line": line, "quantity": units, "at": at}
    return command | {"reason": "cancelled by the customer"}


def adjustment(sku: str, units: int, reason: str, at: str) -> Command:
    """Units more (or fewer) on the shelves."""
    return {"do": "adjust_stock", "sku": sku, "site": SITE, "delta": units, "reason": reason, "at": at}
