"""A whole year of a real shop through the ordinary commands, with every invoice line accounted for.

A day: the night passes; suppliers' notices and deliveries; what was allocated by the evening before leaves; the day's
orders; stock adjustments; cancellations, of which those of goods that have left come back to stock; purchase orders.
Commands of one kind stand together, so that a day is about ten transactions.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time
from typing import Any

from backorder.adapters.cli.buying import ZONE, Buyer, Command, Hours, Position, moment, shop_opens
from backorder.adapters.cli.invoices import Day, Past, net_sales
from backorder.adapters.cli.purchases import Purchase, Purchases
from backorder.adapters.cli.replay import adjustment, apply, cancellation, every_day, order
from backorder.adapters.cli.sample import SoldLine
from backorder.kernel.calendars import calendar, day_number
from backorder.kernel.outcomes import Word
from backorder.queries.lines import ready_lines
from backorder.queries.lists import list_items
from backorder.storage.db import Database

CHANNEL = "demo"  # as in the six weeks: by it the demo knows its own database again
NIGHT, OPENING, SHIPPING = time(0, 1), time(4), time(6)
HOURS = Hours(notices=time(5), deliveries=time(5, 30), orders=time(21))
ORDER_LINES_MAX = 1_000  # of a command; a longer invoice becomes several orders
_CLOSED = Day([], [], [])
_DONE = {Word.ACCEPTED, Word.CHANGED, Word.EXISTS, Word.RECEIVED, Word.RESCHEDULED, Word.SHIPPED}
_TAKEN = {"ready": "filled at once", "part_ready": "filled in part, the rest backordered", "waiting": "backordered"}


class Tally:
    """Invoice lines by what became of them, and the units that were refused."""

    def __init__(self) -> None:
        self.lines: Counter[str] = Counter()
        self.refused_units = 0
        self.refused_value = 0  # in pence


class Year:
    """Drives the replay of a past: runs its commands and feeds back what it cannot know."""

    def __init__(self, db: Database, past: Past, seed: int, lateness: list[int]) -> None:
        self._db = db
        self._past = past
        self._buyer = Buyer(seed, lateness, HOURS)
        self._warehouse = calendar("mon,tue,wed,thu,fri", "GB-ENG")
        cancelled = {(line.customer, line.sku) for day in past.days.values() for line in day.cancelled}
        self._purchases = Purchases({pair for pair in cancelled if pair[0]})
        self._customers: set[str] = set()
        self._shipped: list[str] = []
        self.tally = Tally()

    def run(self, say: Callable[[str], None]) -> None:
        """Every day from the first to the last; says when a month begins."""
        self._do(shop_opens(moment(min(self._past.days), NIGHT)))
        month = 0
        for day in every_day(self._past.days):
            if day.month != month:
                month = day.month
                say(f"  {day:%B %Y}")
            self._day(day)

    def _day(self, day: date) -> None:
        working = self._warehouse.is_working(day_number(day))
        ready = self._ready(day) if working else []
        self._do(self._morning(day, ready, working))
        events = self._past.days.get(day, _CLOSED)
        self._sell(events)
        self._adjust([(line, line.quantity) for line in events.adjusted])
        self._cancel(events.cancelled)
        self._buyer.sold(net_sales(events))
        if working:
            self._do(self._buyer.orders(day, self._positions()))

    def _do(self, source: Iterable[Command]) -> None:
        """Run commands that nothing can stand against."""
        for command, outcome in apply(self._db, source):
            assert outcome.outcome in _DONE, (command, outcome)

    def _morning(self, day: date, ready: list[Command], working: bool) -> Iterator[Command]:
        """The night, new items, suppliers, and on working days the warehouse."""
        yield {"do": "advance", "to": moment(day, NIGHT)}
        at = moment(day, OPENING)
        new = [
            self._buyer.take_on(item.sku, item.launch, at, name=item.name, price=item.price, currency="GBP")
            for item in self._past.articles.get(day, ())
        ]
        yield from (put for put, _ in new)
        yield from (count for _, count in new)
        yield from self._buyer.notices(day)
        yield from self._buyer.deliveries(day)
        if working:
            at = moment(day, SHIPPING)
            yield from ({"do": "record_delivery", "shipment": shipment, "at": at} for shipment in self._shipped)
            self._shipped = [command["shipment"] for command in ready]
            yield from ready

    def _ready(self, day: date) -> list[Command]:
        """What is allocated leaves, one shipment an order."""
        units: dict[str, list[dict[str, Any]]] = {}
        for name, line, allocated in ready_lines(self._db):
            units.setdefault(name, []).append({"line": line, "quantity": allocated})
        at = moment(day, SHIPPING)
        return [
            {
                "do": "ship",
                "shipment": f"{name}/{day:%y%m%d}",
                "order": name,
                "lines": body,
                "carrier": "post",
                "at": at,
            }
            for name, body in units.items()
        ]

    def _sell(self, events: Day) -> None:
        """The day's new customers, then its orders."""
        parts = [part for invoice in events.sales for part in _parts(invoice)]
        fresh = {
            lines[0].customer: lines[0] for _, lines in reversed(parts) if lines[0].customer not in self._customers
        }
        fresh.pop("", None)
        self._customers |= fresh.keys()
        self._do(
            {"do": "put_customer", "customer": name, "kind": "business", "at": _at(line)}
            for name, line in fresh.items()
        )
        answers = apply(self._db, (order(name, lines, CHANNEL) for name, lines in parts))
        for (name, lines), (_, outcome) in zip(parts, answers, strict=True):
            for line, answer in zip(lines, outcome.lines, strict=True):
                self._sold(name, line, answer)

    def _sold(self, name: str, line: SoldLine, answer: Any) -> None:
        """Count an ordered line, and keep it for a cancellation."""
        refused = answer.outcome is not Word.ACCEPTED
        if refused:
            self.tally.lines[f"refused: {answer.outcome.value}"] += 1
            self.tally.refused_units += line.quantity
            self.tally.refused_value += line.quantity * int(line.price.replace(".", ""))
        else:
            self.tally.lines[_TAKEN[answer.state]] += 1
        purchase = Purchase(name, answer.line, line.at, line.quantity, refused)
        self._purchases.add(line.customer, line.sku, purchase)

    def _adjust(self, wanted: list[tuple[SoldLine, int]]) -> None:
        """Book adjustments; where fewer units are on hand than the shop wrote off, those there are."""
        short: list[tuple[SoldLine, int]] = []
        words = (adjustment(line.sku, units, line.name or "no reason given", _at(line)) for line, units in wanted)
        answers = apply(self._db, words)
        for (line, units), (_, outcome) in zip(wanted, answers, strict=True):
            if outcome.outcome is Word.CHANGED:
                whole = units == line.quantity
                self.tally.lines["stock adjusted" if whole else "stock adjusted in part: fewer on hand"] += 1
            elif outcome.quantity:
                short.append((line, -outcome.quantity))
            else:
                self.tally.lines["nothing on hand to adjust"] += 1
        if short:
            self._adjust(short)

    def _cancel(self, lines: list[SoldLine]) -> None:
        """Cancel what customers last bought; what had left comes back to stock, unknown purchases too."""
        pieces: list[tuple[int, Purchase]] = []
        back = Counter[int]()
        became: list[set[str]] = [set() for _ in lines]
        for n, line in enumerate(lines):
            unknown = -line.quantity
            for piece in self._purchases.take(line.customer, line.sku, unknown, line.at):
                unknown -= piece.units
                if piece.refused:
                    became[n].add("its order had been refused")
                else:
                    pieces.append((n, piece))
            if unknown:
                became[n].add("purchase unknown, returned to stock")
                back[n] += unknown
        while pieces:
            pieces = self._try(lines, pieces, back, became)
        self._do(
            adjustment(lines[n].sku, units, "returned by the customer", _at(lines[n])) for n, units in back.items()
        )
        for said in became:
            self.tally.lines[said.pop() if len(said) == 1 else "cancelled and returned in parts"] += 1

    def _try(
        self, lines: list[SoldLine], pieces: list[tuple[int, Purchase]], back: Counter[int], became: list[set[str]]
    ) -> list[tuple[int, Purchase]]:
        """Cancel pieces of orders; what cannot be cancelled is returned, what is left of them is tried again."""
        again = []
        words = (cancellation(piece.order, piece.line, piece.units, _at(lines[n])) for n, piece in pieces)
        answers = apply(self._db, words)
        for (n, piece), (_, outcome) in zip(pieces, answers, strict=True):
            if outcome.outcome is Word.CANCELLED:
                became[n].add("cancelled before it left")
                continue
            possible = outcome.quantity or 0
            became[n].add("returned after it had left")
            back[n] += piece.units - possible
            if possible:
                again.append((n, piece._replace(units=possible)))
        return again

    def _positions(self) -> Iterator[Position]:
        for row in list_items(self._db, limit=100_000):
            yield Position(row.sku, row.free + row.inbound_free - row.uncovered)


def _parts(invoice: list[SoldLine]) -> Iterator[tuple[str, list[SoldLine]]]:
    """An invoice as orders that a command can carry."""
    for start in range(0, len(invoice), ORDER_LINES_MAX):
        name = invoice[0].invoice if not start else f"{invoice[0].invoice}-{start // ORDER_LINES_MAX + 1}"
        yield name, invoice[start : start + ORDER_LINES_MAX]


def _at(line: SoldLine) -> str:
    return line.at.replace(tzinfo=ZONE).isoformat()
