"""The buyer of a replayed shop: a policy, stated here, that sees only what happened before.

Every working day, an item whose free and expected units fall below its lead time's sales (plus SAFETY_DAYS) is ordered
up to REVIEW_DAYS more, in packs. Sales are those of the trailing four weeks. Each delivery is as late as a draw from a
real distribution says, and one in twenty brings a tenth too little. Randomness comes from a seed alone.
"""

import random
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Command = dict[str, Any]

SITE = "STOKE"
ZONE = ZoneInfo("Europe/London")
SUPPLIERS = {"NORTH": 5, "RIVER": 8, "HARBOUR": 12, "FAR": 18}  # lead times in calendar days
TRAILING_DAYS = 28  # over which the rate of sales is taken
OPENING_DAYS = 18  # of sales on the shelves when an item starts
SAFETY_DAYS = 6
REVIEW_DAYS = 10
PACK = 12
NOTICE_DAYS = 3  # before the expected day, where the supplier says that it will be late
EARLIEST, LATEST = -2, 21  # lateness in days is clamped to what a shop would live with


class Position(NamedTuple):
    """An item as its buyer sees it: free stock and expected units, less what waits uncovered."""

    sku: str
    units: int


class Delivery(NamedTuple):
    """Units on their way: when they really come, of which the shop knows nothing."""

    supply: str
    quantity: int
    arrives: date


class Hours(NamedTuple):
    """When in the day things happen: suppliers' notices, deliveries, the buyer's own orders."""

    notices: time
    deliveries: time
    orders: time


def moment(day: date, at: time) -> str:
    """A moment of the shop's local time, as commands carry it."""
    return datetime.combine(day, at, ZONE).isoformat()


class Buyer:
    """Watches what sells, orders, and knows when the deliveries really come."""

    def __init__(self, seed: int, lateness: Sequence[int], hours: Hours) -> None:
        self._random = random.Random(seed)  # noqa: S311  # a replay must repeat itself
        self._lateness = lateness
        self._hours = hours
        self._days: deque[dict[str, int]] = deque({} for _ in range(TRAILING_DAYS))
        self._sold: dict[str, int] = {}  # units over the days above
        self._supplier: dict[str, str] = {}
        self._coming: dict[date, list[Delivery]] = defaultdict(list)
        self._notices: dict[date, list[Command]] = defaultdict(list)
        self._orders = 0

    def take_on(self, sku: str, units: int, at: str, **details: Any) -> list[Command]:
        """An item enters the range, planned with `units` of sales in four weeks: put it and count its first stock.

        Suppliers take turns; two items in three are backordered against announced supply only, the third also
        against its lead time.
        """
        n = len(self._supplier)
        supplier = self._supplier[sku] = list(SUPPLIERS)[n % len(SUPPLIERS)]
        for d, day in enumerate(self._days):
            share = units * (d + 1) // TRAILING_DAYS - units * d // TRAILING_DAYS
            if share:
                day[sku] = share
        self._sold[sku] = units
        put: Command = {
            "do": "put_item",
            "sku": sku,
            "supplier": supplier,
            "coverage": "inbound" if n % 3 else "lead_time",
        }
        put |= {"lead_time_days": SUPPLIERS[supplier] + SAFETY_DAYS, "pack_size": PACK, "at": at} | details
        count = {"do": "count_stock", "sku": sku, "site": SITE, "reason": "opening stock", "at": at}
        return [put, count | {"quantity": round(units * OPENING_DAYS / TRAILING_DAYS)}]

    def sold(self, units: Mapping[str, int]) -> None:
        """A day is over: what it sold moves into the trailing weeks, the oldest day out of them."""
        for sku, gone in self._days.popleft().items():
            self._sold[sku] -= gone
        for sku, come in units.items():
            self._sold[sku] += come
        self._days.append(dict(units))

    def notices(self, day: date) -> list[Command]:
        """What suppliers say in the morning: some of those that will be late."""
        return self._notices.pop(day, [])

    def deliveries(self, day: date) -> Iterator[Command]:
        """What suppliers bring."""
        for delivery in self._coming.pop(day, ()):
            short = self._random.random() < 0.05
            units = max(1, delivery.quantity * 9 // 10) if short else delivery.quantity
            yield {
                "do": "receive_supply",
                "supply": delivery.supply,
                "receipt": "1",
                "quantity": units,
                "final": True,
                "at": moment(day, self._hours.deliveries),
            }

    def orders(self, day: date, positions: Iterable[Position]) -> Iterator[Command]:
        """The purchase orders of a working day."""
        for position in positions:
            rate = self._sold.get(position.sku, 0) / TRAILING_DAYS
            lead_time = SUPPLIERS[self._supplier[position.sku]]
            if rate > 0 and position.units < rate * (lead_time + SAFETY_DAYS):
                wanted = rate * (lead_time + SAFETY_DAYS + REVIEW_DAYS) - position.units
                packs = max(1, -(-round(wanted) // PACK))
                yield self._announce(day, position.sku, packs * PACK, lead_time)

    def _announce(self, day: date, sku: str, units: int, lead_time: int) -> Command:
        self._orders += 1
        supply = f"PO-{self._orders:04d}"
        expected = _working(day + timedelta(days=lead_time))
        late = max(EARLIEST, min(LATEST, self._random.choice(self._lateness)))
        arrives = max(_working(expected + timedelta(days=late)), day + timedelta(days=1))
        self._coming[arrives].append(Delivery(supply, units, arrives))
        notice = expected - timedelta(days=NOTICE_DAYS)
        if arrives > expected and notice > day and self._random.random() < 0.6:
            said: Command = {"do": "reschedule_supply", "supply": supply, "expected_on": arrives.isoformat()}
            said |= {"reason": "the supplier is late", "at": moment(notice, self._hours.notices)}
            self._notices[notice].append(said)
        return {
            "do": "announce_supply",
            "supply": supply,
            "document": supply,
            "sku": sku,
            "site": SITE,
            "quantity": units,
            "ordered_on": day.isoformat(),
            "expected_on": expected.isoformat(),
            "supplier": self._supplier[sku],
            "confirmed": True,
            "at": moment(day, self._hours.orders),
        }


def shop_opens(at: str) -> Iterator[Command]:
    """The site and the suppliers."""
    yield {"do": "put_site", "site": SITE, "zone": str(ZONE), "country": "GB", "handling_days": 1, "at": at}
    yield {"do": "put_site", "site": SITE, "holidays": "GB-ENG", "at": at}
    for supplier, lead_time in SUPPLIERS.items():
        yield {"do": "put_supplier", "supplier": supplier, "lead_time_days": lead_time, "at": at}


def _working(day: date) -> date:
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day
