"""The working set of a batch: supplies and lines as columns, one list per field, one index per row.

Columns rather than objects, because ten thousand waiting lines come from the database as columns, are
walked by plain loops, and go back as columns. The index of a row never changes while the set lives.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from backorder.kernel.calendars import Calendar, calendar, local_day
from backorder.kernel.orders import MOVES

STOCK = "stock"
Pegs = dict[tuple[int, int], int]  # (supply index, ship day) -> units


class Item(NamedTuple):
    """An item's selling policy. Days are counts of days or day numbers; money is minor units."""

    sku: str
    selling: str
    coverage: str
    backorder_cap: int | None
    per_customer_cap: int | None
    max_wait_days: int | None
    lead_time_days: int | None
    released_on: int | None
    safety_stock: int
    supplier: str | None
    supplier_lead_time: int | None
    supplier_working_days: str | None
    supplier_holidays: str | None
    idle_by: str | None = None  # the run that left units of it free on purpose, until the next live pass

    @property
    def capped(self) -> bool:
        """Whether a cap limits how many units may wait."""
        return self.backorder_cap is not None or self.per_customer_cap is not None

    def lead_day(self, today: int) -> int | None:
        """When goods ordered today become available: the item's lead time, else its supplier's; None if neither."""
        if self.lead_time_days is not None:
            return today + self.lead_time_days
        if self.supplier_lead_time is not None:
            assert self.supplier_working_days is not None
            days = calendar(self.supplier_working_days, self.supplier_holidays or "")
            return days.add_working(today, self.supplier_lead_time)
        return None

    def release_floor(self, today: int) -> int:
        """The day before which an unreleased preorder is never promised; 0 for everything else."""
        if self.selling == "preorder" and self.released_on is not None and self.released_on > today:
            return self.released_on
        return 0


class Site(NamedTuple):
    """A place that holds stock and ships."""

    site: str
    zone: str
    region: str | None
    handling_days: int
    working_days: str
    holidays: str
    serves: tuple[str, ...]

    @property
    def calendar(self) -> Calendar:
        """The site's working days."""
        return calendar(self.working_days, self.holidays)

    def today(self, now: int) -> int:
        """The site's local day at a moment."""
        return local_day(now, self.zone)


class SitePolicy(NamedTuple):
    """What an item does differently at one site; None leaves it to the item."""

    safety_stock: int | None
    backorder_cap: int | None


@dataclass(slots=True)
class Supplies:
    """Dated quantities of one item at one site. For stock, `quantity` is what is on hand.

    `free` is kept instead of `pegged`: quantity - received - cancelled - pegged, never negative.
    `day` (the ship day) and `kept` (safety stock, kept from ordinary lines) follow from the rest: `Book.read_days`;
    `stock` is 1 where the kind is stock.
    """

    supply: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    sku: list[str] = field(default_factory=list)
    site: list[str] = field(default_factory=list)
    quantity: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    free: list[int] = field(default_factory=list)
    expected_on: list[int | None] = field(default_factory=list)
    available_on: list[int | None] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    moves: list[int | None] = field(default_factory=list)
    day: list[int] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    stock: list[int] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    by_item: dict[str, list[int]] = field(default_factory=dict)

    def pegged(self, s: int) -> int:
        """Units of the supply that lines hold; for stock, its allocated units."""
        return self.quantity[s] - self.received[s] - self.cancelled[s] - self.free[s]

    def to_come(self, s: int) -> int:
        """Units still to be received; 0 for stock."""
        return 0 if self.kind[s] == STOCK else self.quantity[s] - self.received[s] - self.cancelled[s]

    def rows(self) -> list[tuple[int | None, ...]]:
        """What can change in each supply: quantity, received, cancelled, days, confirmed, ledger entries, pegged."""
        pegged = [
            q - r - c - f for q, r, c, f in zip(self.quantity, self.received, self.cancelled, self.free, strict=True)
        ]
        columns = (
            self.quantity,
            self.received,
            self.cancelled,
            self.expected_on,
            self.available_on,
            self.confirmed,
            self.moves,
            pegged,
        )
        return list(zip(*columns, strict=True))


@dataclass(slots=True)
class Lines:
    """Order lines with what ranking needs of their orders. `pegs[i]` maps (supply, ship day) to units.

    `pins[i]` maps a supply to the units of line i that a person pinned there, where there are any: never more than
    stand there. Which of them those are is nowhere kept; where it matters, the earliest to ship.
    `backordered` are the units that waited when a new line was accepted. `person_day` is a date given by a person,
    which speaks until the pegs give a day no later than `person_until`.
    """

    order: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    sku: list[str] = field(default_factory=list)
    quantity: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    allocated: list[int] = field(default_factory=list)
    shipped: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    picked: list[int] = field(default_factory=list)
    backordered: list[int] = field(default_factory=list)
    requested_on: list[int | None] = field(default_factory=list)
    lead_time_day: list[int | None] = field(default_factory=list)
    promise: list[int | None] = field(default_factory=list)
    planned: list[int | None] = field(default_factory=list)
    revisions: list[int] = field(default_factory=list)
    person_day: list[int | None] = field(default_factory=list)
    person_until: list[int | None] = field(default_factory=list)
    placed_at: list[int] = field(default_factory=list)
    priority: list[int] = field(default_factory=list)
    complete: list[bool] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    route: list[tuple[str, ...]] = field(default_factory=list)
    pegs: list[Pegs] = field(default_factory=list)
    pins: dict[int, dict[int, int]] = field(default_factory=dict)
    index: dict[tuple[str, str], int] = field(default_factory=dict)

    def pegged(self, i: int, s: int) -> int:
        """Units of line i that stand on supply s, on whichever day."""
        return sum(units for (t, _), units in self.pegs[i].items() if t == s)

    def pinned(self, i: int, s: int) -> int:
        """Units of line i that are pinned on supply s."""
        return self.pins.get(i, {}).get(s, 0)

    def pin(self, i: int, s: int, units: int) -> None:
        """Let so many units of line i be pinned on supply s: not more than stand there."""
        units = min(units, self.pegged(i, s))
        mine = self.pins.setdefault(i, {})
        if units:
            mine[s] = units
        else:
            mine.pop(s, None)
        if not mine:
            del self.pins[i]

    def fit_pins(self, i: int) -> None:
        """Units left line i: a pin shrinks to what still stands where it was."""
        for s, units in list(self.pins.get(i, {}).items()):
            self.pin(i, s, units)

    def move(self, i: int, name: str, units: int) -> None:
        """Move units of line i along one of the legal MOVES."""
        source, target = MOVES[name][:2]
        left = getattr(self, source)[i] - units
        assert units >= 0 <= left, f"{name} of {units} units leaves {left} {source}"
        getattr(self, source)[i] = left
        getattr(self, target)[i] += units

    def open(self, i: int) -> bool:
        """Whether units are still to be shipped."""
        return self.waiting[i] + self.allocated[i] > 0


class Revision(NamedTuple):
    """An entry of the promise ledger: line index, entry number, days, and why; `run` where a reallocation did it."""

    line: int
    n: int
    at: int
    from_day: int | None
    to_day: int | None
    cause: str
    basis: str | None
    supply: str | None
    run: str | None = None


class StockMove(NamedTuple):
    """An entry of the stock ledger of one stock supply."""

    supply: int
    n: int
    at: int
    delta: int
    before: int
    after: int
    kind: str
    reference: str


@dataclass(slots=True)
class Book:
    """Everything a batch decides on, and the ledger entries it makes.

    `now` moves with the command being decided; `set_clock` re-reads the days that depend on it.
    """

    items: dict[str, Item] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    site_policies: dict[tuple[str, str], SitePolicy] = field(default_factory=dict)
    supplies: Supplies = field(default_factory=Supplies)
    lines: Lines = field(default_factory=Lines)
    revisions: list[Revision] = field(default_factory=list)
    moves: list[StockMove] = field(default_factory=list)
    now: int = 0
    today: dict[str, int] = field(default_factory=dict)
    routes: dict[tuple[tuple[str, ...], str | None], tuple[str, ...]] = field(default_factory=dict)
    candidates: dict[tuple[str, tuple[str, ...], bool], list[int]] = field(default_factory=dict)
    places: dict[tuple[str, ...], dict[str, int]] = field(default_factory=dict)
    ship_days: dict[tuple[str, int | None], int] = field(default_factory=dict)
    lines_of_item: dict[str, list[int]] = field(default_factory=dict)
    lines_of_order: dict[str, list[int]] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)  # items whose waiting lines could take what was free

    def set_clock(self, now: int) -> None:
        """Let the next command happen at `now`: ship days move with each site's local day."""
        today = {code: site.today(now) for code, site in self.sites.items()}
        self.now = now
        if today != self.today:
            self.today = today
            self.ship_days.clear()
            self.read_days(range(len(self.supplies.supply)))

    def read_days(self, which: Iterable[int]) -> None:
        """Re-read the ship day and the safety stock of supplies after their dates, their item or the clock moved."""
        for s in which:
            self.supplies.day[s] = self.ship_day(self.supplies.site[s], self.supplies.available_on[s])
            if self.supplies.kind[s] == STOCK:
                self.supplies.kept[s] = self.safety_stock(self.supplies.sku[s], self.supplies.site[s])
        self.candidates.clear()

    def safety_stock(self, sku: str, site: str) -> int:
        """The item's units at a site that ordinary lines may not take: the site's own number, else the item's."""
        there = self.site_policies.get((sku, site))
        return self.items[sku].safety_stock if there is None or there.safety_stock is None else there.safety_stock

    def ship_day(self, site: str, available_on: int | None) -> int:
        """When goods at a site can ship: available today if None or already past."""
        known = self.ship_days.get((site, available_on))
        if known is None:
            today, place = self.today[site], self.sites[site]
            available = today if available_on is None else max(available_on, today)
            known = self.ship_days[site, available_on] = place.calendar.ship_day(available, place.handling_days)
        return known

    def route_of(self, sites: Sequence[str], region: str | None) -> tuple[str, ...]:
        """The sites that may serve an order, in order of preference.

        The order's own list if it has one; else the sites that serve its region, by their preference for it and
        code, then the rest by code.
        """
        known = self.routes.get((tuple(sites), region))
        if known is None:
            known = tuple(sites) or tuple(sorted(self.sites, key=lambda code: self._preference(code, region)))
            self.routes[tuple(sites), region] = known
        return known

    def _preference(self, code: str, region: str | None) -> tuple[bool, int, str]:
        serves = self.sites[code].serves
        serving = region is not None and region in serves
        return (not serving, serves.index(region) if serving and region else 0, code)

    def candidates_of(self, sku: str, route: tuple[str, ...], stock_only: bool = False) -> list[int]:
        """The supplies that may serve a line, by ship day, site order and id."""
        known = self.candidates.get((sku, route, stock_only))
        if known is None:
            supplies = self.supplies
            place = self.places.get(route)
            if place is None:
                place = self.places[route] = {site: n for n, site in enumerate(route)}
            known = [
                s
                for s in supplies.by_item.get(sku, ())
                if supplies.site[s] in place and (not stock_only or supplies.kind[s] == STOCK)
            ]
            known.sort(key=lambda s: (supplies.day[s], place[supplies.site[s]], supplies.supply[s]))
            self.candidates[sku, route, stock_only] = known
        return known

    def stock_of(self, sku: str, site: str) -> int:
        """The index of the item's stock at a site, made empty if there was none yet."""
        name = stock_id(sku, site)
        known = self.supplies.index.get(name)
        if known is None:
            known = self.add_supply(name, STOCK, sku, site, 0, None, 1)
        return known

    def add_supply(
        self, supply: str, kind: str, sku: str, site: str, quantity: int, expected_on: int | None, confirmed: int
    ) -> int:
        """Add a supply that the database does not have yet; returns its index."""
        supplies = self.supplies
        s = len(supplies.supply)
        supplies.supply.append(supply)
        supplies.kind.append(kind)
        supplies.sku.append(sku)
        supplies.site.append(site)
        supplies.quantity.append(quantity)
        supplies.received.append(0)
        supplies.cancelled.append(0)
        supplies.free.append(quantity)
        supplies.expected_on.append(expected_on)
        supplies.available_on.append(expected_on)
        supplies.confirmed.append(confirmed)
        supplies.moves.append(None)
        supplies.day.append(0)
        supplies.kept.append(0)
        supplies.stock.append(int(kind == STOCK))
        supplies.index[supply] = s
        supplies.by_item.setdefault(sku, []).append(s)
        self.read_days([s])
        return s


def stock_id(sku: str, site: str) -> str:
    """The supply id under which an item's stock at a site is kept."""
    return f"stock/{site}/{sku}"
