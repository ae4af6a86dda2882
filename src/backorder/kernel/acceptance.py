"""Accepting an order: what each line gets, from what is free now, without touching any other line."""

from dataclasses import dataclass, field
from typing import NamedTuple

from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import STOCK, Book, Item, Pegs
from backorder.kernel.outcomes import Word
from backorder.kernel.pegging import Demand, Out, Supply, serve_turn, take
from backorder.kernel.promises import Why, floor_for, lead_time_day, release_floor_of, revise


class NewLine(NamedTuple):
    """A line that asks to be taken. Days are day numbers."""

    line: str
    sku: str
    quantity: int
    requested_on: int | None = None
    accept_by: int | None = None
    take_available: bool = False
    position: int = 0


class NewOrder(NamedTuple):
    """An order that asks to be taken."""

    order: str
    customer: str | None
    priority: int
    placed_at: int
    complete: bool
    all_or_nothing: bool
    route: tuple[str, ...]
    lines: tuple[NewLine, ...]
    together_from: int = 0  # the day that a complete order already has, when lines are added to it


class Past(NamedTuple):
    """What became of a line before the shop went live: promises as day numbers, units shipped and cancelled."""

    first_promise: int
    promise: int
    shipped: int
    cancelled: int


PLACED = Why("placed")
IMPORTED = Why("imported")


@dataclass(slots=True)
class Offer:
    """What a line could have: its pegs, the units left uncovered, its day and what that stands on; or a refusal.

    `available` says how many units could be had, `day` which date, also where `word` refuses. `taken` are the
    (supply, units) behind the pegs.
    """

    line: NewLine
    word: Word = Word.ACCEPTED
    quantity: int = 0
    pegs: Pegs = field(default_factory=dict)
    uncovered: int = 0
    lead_day: int | None = None
    day: int = 0
    planned: int = 0
    basis: str | None = None
    supply: str | None = None
    available: int = 0
    waiting: int = 0
    taken: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Caps:
    """Units that count against caps, by (sku, customer), and by (sku, None) for all customers together.

    `waiting` counts units that wait; `unshipped` all that are not shipped, which is what binds a preorder.
    """

    waiting: dict[tuple[str, str | None], int] = field(default_factory=dict)
    unshipped: dict[tuple[str, str | None], int] = field(default_factory=dict)

    def add(self, sku: str, customer: str | None, waiting: int, unshipped: int) -> None:
        """Count more units (or fewer, where negative)."""
        for key in {(sku, None), (sku, customer)}:
            self.waiting[key] = self.waiting.get(key, 0) + waiting
            self.unshipped[key] = self.unshipped.get(key, 0) + unshipped


def accept(book: Book, caps: Caps, order: NewOrder) -> tuple[bool, list[Offer]]:
    """Offer every line what it can get; whether the order (or, line by line, any of it) stands.

    A refused line takes nothing, so the next line of the order finds it free. Where the order is refused whole, the
    offers still say what each line would have got, and nothing is held.
    """
    if order.complete:
        offers = _offer_together(book, caps, order)
    else:
        offers = []
        for line in order.lines:
            offer = _offer_early(book, order, line)
            if offer.word is Word.ACCEPTED:
                if line.requested_on is not None:
                    _peg_late(book, order, [offer])
                _settle(book, caps, order, offer)
            offers.append(offer)
    good = [offer for offer in offers if offer.word is Word.ACCEPTED]
    stands = len(good) == len(offers) if order.all_or_nothing else bool(good)
    if not stands:
        for offer in good:
            withdraw(book, caps, order, offer)
    return stands, offers


def take_over(book: Book, order: NewOrder) -> list[Offer]:
    """Offer the open units of an order that was promised elsewhere what is free; nothing is refused for want of it.

    What no supply covers stays uncovered, with the item's lead time where it has one; the day is NEVER where not.
    """
    supplies, offers = book.supplies, []
    for line in order.lines:
        offer = Offer(line, quantity=line.quantity)
        candidates = book.candidates_of(line.sku, order.route)
        room, spare = len(candidates), int(order.priority <= 0)
        taken, units = [0] * room, [0] * room
        n, _, _ = take(
            candidates, supplies.day, supplies.free, supplies.kept, 0, room, line.quantity, spare, taken, units, 0
        )
        offer.taken = list(zip(taken[:n], units[:n], strict=True))
        if line.requested_on is not None and not order.complete:
            _peg_late(book, order, [offer])
        offers.append(offer)
    if order.complete and offers:
        _peg_late(book, order, offers)
    for offer in offers:
        _read(book, order, offer)
    return offers


def keep_past(book: Book, order: NewOrder, offer: Offer, past: Past) -> int:
    """Make an offer a line of the book with the promises it was given elsewhere; returns the line's index.

    Its dates are not read yet: where its pegs are later than its promise, that is a slip still to be written.
    """
    lines = book.lines
    i = keep(book, order, offer, past.first_promise, IMPORTED)
    if past.promise != past.first_promise:
        revise(book, i, past.promise, IMPORTED, ("imported", None))
    lines.quantity[i] += past.shipped + past.cancelled
    lines.shipped[i], lines.cancelled[i] = past.shipped, past.cancelled
    lines.planned[i] = past.promise
    return i


def withdraw(book: Book, caps: Caps, order: NewOrder, offer: Offer) -> None:
    """Free what an accepted offer holds, and take its units off the caps."""
    _free(book, offer)
    if book.items[offer.line.sku].capped:
        caps.add(offer.line.sku, order.customer, -offer.waiting, -offer.quantity)


def keep(book: Book, order: NewOrder, offer: Offer, day: int | None = None, why: Why = PLACED) -> int:
    """Make an offer a line of the book, with its first promise in the ledger; returns the line's index.

    The promise is the offer's, or a `day` that was given elsewhere.
    """
    lines = book.lines
    i = len(lines.order)
    lines.order.append(order.order)
    lines.line.append(offer.line.line)
    lines.position.append(offer.line.position)
    lines.sku.append(offer.line.sku)
    lines.quantity.append(offer.quantity)
    lines.waiting.append(offer.waiting)
    lines.allocated.append(offer.quantity - offer.waiting)
    lines.shipped.append(0)
    lines.cancelled.append(0)
    lines.picked.append(0)
    lines.backordered.append(offer.waiting)
    lines.requested_on.append(offer.line.requested_on)
    lines.lead_time_day.append(offer.lead_day)
    lines.promise.append(None)
    lines.planned.append(offer.planned)
    lines.revisions.append(0)
    lines.person_day.append(None)
    lines.person_until.append(None)
    lines.placed_at.append(order.placed_at)
    lines.priority.append(order.priority)
    lines.complete.append(order.complete)
    lines.held.append(False)
    lines.route.append(order.route)
    lines.pegs.append(offer.pegs)
    lines.index[order.order, offer.line.line] = i
    book.lines_of_order.setdefault(order.order, []).append(i)
    book.lines_of_item.setdefault(offer.line.sku, []).append(i)
    if day is None:
        revise(book, i, offer.day, why, (offer.basis, offer.supply))
    else:
        revise(book, i, day, why, ("imported", None))
    return i


def _offer_early(book: Book, order: NewOrder, line: NewLine) -> Offer:
    """Serve a line by itself from the earliest ship days, and refuse it if too little covers it."""
    item = book.items.get(line.sku)
    offer = Offer(line, quantity=line.quantity)
    if item is None or item.selling == "discontinued":
        offer.word = Word.UNKNOWN_ITEM if item is None else Word.NOT_ALLOWED
        return offer
    supplies = book.supplies
    candidates = book.candidates_of(line.sku, order.route, item.selling == "stock_only")
    room = len(candidates)
    taken, units = [0] * room, [0] * room
    spare = int(order.priority <= 0)
    n, left, _ = take(
        candidates, supplies.day, supplies.free, supplies.kept, 0, room, line.quantity, spare, taken, units, 0
    )
    offer.taken = list(zip(taken[:n], units[:n], strict=True))
    offer.available = line.quantity - left
    if left:
        _cover(book, order, item, offer)
        if offer.word is not Word.ACCEPTED:
            _free(book, offer)
    return offer


def _cover(book: Book, order: NewOrder, item: Item, offer: Offer) -> None:
    """Decide what becomes of units that no supply covers: the lead time carries them, or the line is refused."""
    if item.selling == "stock_only":
        if offer.line.take_available and offer.available:
            offer.quantity = offer.available
        else:
            offer.word = Word.OUT_OF_STOCK
    elif item.coverage != "lead_time" or lead_time_day(book, item.sku, order.route) is None:
        supplies = book.supplies
        coming = any(supplies.to_come(s) for s in book.candidates_of(item.sku, order.route))
        offer.word = Word.BACKORDER_LIMIT if coming else Word.NO_DATE


def _offer_together(book: Book, caps: Caps, order: NewOrder) -> list[Offer]:
    """Serve the lines of a complete order in one turn: all are promised the day of the last, and pegged late to it."""
    offers = [_offer_early(book, order, line) for line in order.lines]
    good = [offer for offer in offers if offer.word is Word.ACCEPTED]
    if len(good) == len(offers):
        _peg_late(book, order, good)
    for offer in good:
        _read(book, order, offer)
    last = max(good, key=lambda offer: (offer.day, -offer.line.position), default=None)
    for offer in good:
        assert last is not None
        offer.day, offer.basis, offer.supply = last.day, last.basis, last.supply
        _judge(book, caps, order, offer)
    return offers


def _peg_late(book: Book, order: NewOrder, offers: list[Offer]) -> None:
    """Let accepted offers give back what they hold and take it again, together, as late as their common day allows."""
    supplies = book.supplies
    first, candidates = [0], list[int]()
    for offer in offers:
        _free(book, offer)
        item = book.items[offer.line.sku]
        candidates.extend(book.candidates_of(item.sku, order.route, item.selling == "stock_only"))
        first.append(len(candidates))
    count, spare = len(offers), int(order.priority <= 0)
    demand = Demand(
        turn=[0, count],
        group=list(range(count)),
        need=[offer.quantity for offer in offers],
        late=[1] * count,
        floor=[max(_floor(book, order, offer.line), order.together_from) for offer in offers],
        lead=[_lead_day(book, order, book.items[offer.line.sku]) for offer in offers],
        promise=[0] * count,
        reserve=[1 - spare] * count,
    )
    out = Out([0] * (count + 1), [0] * len(candidates), [0] * len(candidates), [0] * count)
    columns = Supply(first, candidates, supplies.day, supplies.free, supplies.kept, supplies.stock)
    serve_turn(columns, demand, 0, count, spare, out, 0)
    for n, offer in enumerate(offers):
        low, high = out.first[n], out.first[n + 1]
        offer.taken = list(zip(out.supply[low:high], out.units[low:high], strict=True))


def _settle(book: Book, caps: Caps, order: NewOrder, offer: Offer) -> None:
    """Read the offer's dates and hold it to the caps and to the customer's own limits."""
    _read(book, order, offer)
    _judge(book, caps, order, offer)


def _read(book: Book, order: NewOrder, offer: Offer) -> None:
    """What the taken units mean: pegs, waiting and uncovered units, the day, the lead-time day and the basis."""
    supplies, line = book.supplies, offer.line
    lead = _lead_day(book, order, book.items[line.sku])
    released = release_floor_of(book, line.sku, order.route)
    due = planned = _floor(book, order, line)
    last, covered, late = (0, ""), 0, False
    for s, units in offer.taken:
        day = max(supplies.day[s], released)
        offer.pegs[s, day] = offer.pegs.get((s, day), 0) + units
        covered += units
        planned = max(planned, day)
        last = max(last, (day, supplies.supply[s]))
        if supplies.kind[s] != STOCK:
            offer.waiting += units
            late = late or day > lead
            day = min(day, lead)
        due = max(due, day)
    offer.uncovered = offer.quantity - covered
    offer.waiting += offer.uncovered
    if offer.uncovered:
        due, planned = max(due, lead), max(planned, lead)
    offer.day, offer.planned = max(due, order.together_from), planned
    offer.lead_day = lead if offer.waiting and lead < NEVER else None
    if offer.uncovered or late:
        offer.basis = "lead_time"
    else:
        offer.supply = last[1]
        offer.basis = "stock" if supplies.kind[supplies.index[last[1]]] == STOCK else "inbound"


def _judge(book: Book, caps: Caps, order: NewOrder, offer: Offer) -> None:
    """Refuse what would wait too long or make too many wait; count what stands. Caps bind at acceptance only."""
    item, line = book.items[offer.line.sku], offer.line
    today = book.today[order.route[0]]
    if item.max_wait_days is not None and offer.day > today + item.max_wait_days:
        offer.word = Word.BACKORDER_LIMIT
    elif line.accept_by is not None and offer.day > line.accept_by:
        offer.word = Word.TOO_LATE
    elif book.site_policies and _over_a_site_cap(book, offer):
        offer.word = Word.BACKORDER_LIMIT
    if item.capped:
        if _over_a_cap(caps, order.customer, item, offer, preorder=item.release_floor(today) > 0):
            offer.word = Word.BACKORDER_LIMIT
        if offer.word is Word.ACCEPTED:
            caps.add(item.sku, order.customer, offer.waiting, offer.quantity)
    if offer.word is not Word.ACCEPTED:
        _free(book, offer)


def _over_a_cap(caps: Caps, customer: str | None, item: Item, offer: Offer, *, preorder: bool) -> bool:
    """Whether the offer's units (all of a preorder's, else those that wait) go beyond a cap of the item."""
    counted, units = (caps.unshipped, offer.quantity) if preorder else (caps.waiting, offer.waiting)
    bounds: list[tuple[int | None, str | None]] = [(item.backorder_cap, None)]
    if customer is not None:
        bounds.append((item.per_customer_cap, customer))
    return units > 0 and any(cap is not None and counted.get((item.sku, who), 0) + units > cap for cap, who in bounds)


def _over_a_site_cap(book: Book, offer: Offer) -> bool:
    """Whether more of the item's units now wait for supply at a site than that site is to promise."""
    supplies, sku = book.supplies, offer.line.sku
    for site in {supplies.site[s] for s, _ in offer.taken if supplies.kind[s] != STOCK}:
        policy = book.site_policies.get((sku, site))
        if policy is not None and policy.backorder_cap is not None:
            there = (s for s in supplies.by_item[sku] if supplies.site[s] == site and supplies.kind[s] != STOCK)
            if sum(supplies.pegged(s) for s in there) > policy.backorder_cap:
                return True
    return False


def _free(book: Book, offer: Offer) -> None:
    """Give back the units an offer took; it still knows which they were."""
    free = book.supplies.free
    for s, units in offer.taken:
        free[s] += units


def _floor(book: Book, order: NewOrder, line: NewLine) -> int:
    """The day that the line's dates never fall below."""
    return floor_for(book, line.sku, order.route, line.requested_on)


def _lead_day(book: Book, order: NewOrder, item: Item) -> int:
    """The lead-time day that a waiting unit of the item would carry from now on; NEVER if it has none."""
    day = lead_time_day(book, item.sku, order.route) if item.coverage == "lead_time" else None
    return NEVER if day is None or item.selling == "stock_only" else day
