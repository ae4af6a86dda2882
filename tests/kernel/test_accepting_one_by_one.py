"""On an empty book, one `redistribute` segment by priority and placing is accepting the orders one by one."""

from typing import Any

from backlogs import policy, words
from hypothesis import given, settings
from hypothesis import strategies as st

from backorder.kernel.acceptance import Caps, NewLine, NewOrder, accept, keep
from backorder.kernel.backlog import Allocated, Backlog, Pegs, Tags
from backorder.kernel.calendars import NEVER
from backorder.kernel.columns import Book, Item, Site, SitePolicy
from backorder.kernel.outcomes import Word
from backorder.kernel.pegging import Supply
from backorder.kernel.promises import lead_time_day
from backorder.kernel.reallocation import plan

TODAY = 20_000
WEEK = "mon,tue,wed,thu,fri,sat,sun"


@st.composite
def books(draw: st.DrawFn) -> Book:
    """Two items at two sites; what no supply covers is carried by a lead time, so that nothing is refused."""
    book = Book()
    for sku in "ab":
        book.items[sku] = Item(
            sku, "backorder", "lead_time", None, None, None, 9, None, draw(st.integers(0, 2)), None, None, None, None
        )
    for site, handling in (("x", 0), ("y", draw(st.integers(0, 2)))):
        book.sites[site] = Site(site, "UTC", None, handling, WEEK, "", ())
    book.site_policies["a", "y"] = SitePolicy(1, None)
    book.set_clock(TODAY * 86_400_000_000)
    for n in range(draw(st.integers(1, 6))):
        sku, site = draw(st.sampled_from("ab")), draw(st.sampled_from("xy"))
        if draw(st.booleans()):
            book.supplies.quantity[book.stock_of(sku, site)] += draw(st.integers(0, 4))
        else:
            day = TODAY + draw(st.integers(0, 12))
            book.add_supply(f"p{n}", "purchase", sku, site, draw(st.integers(0, 5)), day, 1)
    book.supplies.free[:] = book.supplies.quantity
    return book


@st.composite
def new_orders(draw: st.DrawFn) -> list[NewOrder]:
    orders = []
    for n in range(draw(st.integers(1, 4))):
        lines = tuple(
            NewLine(f"l{k}", draw(st.sampled_from("ab")), draw(st.integers(1, 4)),
                    draw(st.sampled_from([None, None, TODAY + 5])), position=k)
            for k in range(draw(st.integers(1, 3)))
        )  # fmt: skip
        route = draw(st.sampled_from([("x", "y"), ("y", "x"), ("y",)]))
        priority, placed = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        orders.append(NewOrder(f"o{n}", None, priority, placed, draw(st.booleans()), True, route, lines))
    return orders


@given(books(), new_orders())
@settings(max_examples=400, deadline=None)
def test_a_plan_of_an_empty_book_is_accepting_the_orders_one_by_one(book: Book, orders: list[NewOrder]) -> None:
    columns = _waiting(book, orders)
    found = plan(columns, policy("redistribute", ranking=["priority", "placed_at"]))
    rows = {(order.order, line.line): 0 for order in orders for line in order.lines}
    rows = {key: n for n, key in enumerate(rows)}
    for order in sorted(orders, key=lambda order: (-order.priority, order.placed_at, order.order)):
        stands, offers = accept(book, Caps(), order)
        assert stands
        for offer in offers:
            assert offer.word is Word.ACCEPTED
            row = rows[order.order, offer.line.line]
            low, high = found.after.first[row], found.after.first[row + 1]
            got = dict(zip(found.after.supply[low:high], found.after.units[low:high], strict=True))
            assert got == {s: units for s, units in offer.taken if units}
            assert found.day_after[row] == offer.day
            keep(book, order, offer)
    assert found.free == book.supplies.free


def _waiting(book: Book, orders: list[NewOrder]) -> Backlog:
    """The orders as lines that wait for everything and hold nothing."""
    rows = [(order, line) for order in orders for line in order.lines]
    groups: dict[Any, int] = {}
    first, candidates = [0], list[int]()
    for order, line in rows:
        if (line.sku, order.route) not in groups:
            groups[line.sku, order.route] = len(groups)
            candidates += book.candidates_of(line.sku, order.route)
            first.append(len(candidates))
    nothing, none = [0] * len(rows), words([""] * len(rows))
    never = [NEVER] * len(rows)
    sku = words([line.sku for _, line in rows])
    sku = sku._replace(words=["a", "b"], code=["ab".index(line.sku) for _, line in rows])
    leads = [lead_time_day(book, line.sku, order.route) or NEVER for order, line in rows]
    supplies = book.supplies
    return Backlog(
        today=TODAY,
        **dict.fromkeys(("tier", "customer", "kind", "channel", "country", "region"), none),
        **dict.fromkeys(("category", "selling", "currency", "order"), none),
        sku=sku,
        tags=Tags([0] * (len(rows) + 1), [], []),
        state=nothing,
        quantity=[line.quantity for _, line in rows],
        waiting=[line.quantity for _, line in rows],
        priority=[order.priority for order, _ in rows],
        value=nothing,
        margin=nothing,
        placed_at=[order.placed_at for order, _ in rows],
        placed_on=nothing,
        promise=never,
        first_promise=never,
        requested_on=[line.requested_on or NEVER for _, line in rows],
        deadline=never,
        wanted=never,
        group=[groups[line.sku, order.route] for order, line in rows],
        need=[line.quantity for _, line in rows],
        late=[int(order.complete or line.requested_on is not None) for order, line in rows],
        floor=[line.requested_on or 0 for _, line in rows],
        firm=nothing,
        lead=leads,
        lead_anew=leads,
        together=[orders.index(order) if order.complete else -1 for order, _ in rows],
        reserve=[int(order.priority > 0) for order, _ in rows],
        frozen=nothing,
        held=nothing,
        pegs=Pegs([0] * (len(rows) + 1), [], []),
        allocated=Allocated([0] * (len(rows) + 1), [], [], []),
        supply=Supply(first, candidates, supplies.day, list(supplies.free), supplies.kept, supplies.stock),
        item=["ab".index(sku) for sku in supplies.sku],
    )
