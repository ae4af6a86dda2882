"""What the reading side tells: an order, a line, an item, a supply; lists and their filters."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop import NOW, announce, do, order, shop
from state import apply

from backorder.kernel.calendars import moment_number
from backorder.queries import export, lists, moments, show
from backorder.queries.lines import Filters, LineView, list_lines, ready_lines
from backorder.queries.shipments import list_shipments
from backorder.storage.db import Database

TODAY = moment_number(NOW)
LATER = moment_number(datetime(2026, 12, 9, 9, tzinfo=UTC))


@pytest.fixture
def chairs(db: Database) -> Database:
    """The worked example, its supply confirmed: Ada 4 and Ben 4 on PO-1, Cleo 2 on PO-1 and 2 on PO-2."""
    shop(db)
    for supply, day in (("PO-1", "2026-12-07"), ("PO-2", "2026-12-18")):
        announce(db, supply, 10, day)
        do(db, "confirm_supply", supply=supply)
    do(db, "put_customer", customer="cleo", kind="consumer")
    order(db, "A", 4)
    order(db, "B", 4)
    order(db, "C", 4, customer="cleo")
    return db


def line(db: Database, name: str, now: int = TODAY) -> LineView:
    found = show.line(db, name, "1", now)
    assert found is not None
    return found


def named(found: list[LineView]) -> list[str]:
    return [line.order for line in found]


def test_a_line_says_where_its_units_are_and_what_they_stand_on(chairs: Database) -> None:
    view = line(chairs, "C")
    assert (view.state, view.waiting, view.uncovered, view.customer) == ("waiting", 4, 0, "cleo")
    assert (view.first_promise, view.promise, view.planned) == (date(2026, 12, 18),) * 3
    assert [(peg.supply, peg.site, peg.quantity, str(peg.ships_on)) for peg in view.pegs] == [
        ("PO-1", "MAIN", 2, "2026-12-07"),
        ("PO-2", "MAIN", 2, "2026-12-18"),
    ]
    assert not view.at_risk


def test_a_line_carries_every_revision_with_its_cause(chairs: Database) -> None:
    do(chairs, "reschedule_supply", supply="PO-1", expected_on="2026-12-10")
    view = line(chairs, "A")
    told = [(str(r.from_day), str(r.to_day), r.cause, r.supply) for r in view.revisions]
    assert told == [("None", "2026-12-07", "placed", "PO-1"), ("2026-12-07", "2026-12-10", "rescheduled", "PO-1")]
    assert (str(view.first_promise), str(view.promise)) == ("2026-12-07", "2026-12-10")
    assert {"from", "to", "at", "cause"} < msgspec.to_builtins(view.revisions[0]).keys()


def test_a_line_as_json_has_the_words_of_the_vocabulary(chairs: Database) -> None:
    words = (
        "order line sku customer state quantity waiting allocated shipped cancelled uncovered placed_at requested_on"
        " first_promise promise planned at_risk held picked pegs revisions"
    )
    assert msgspec.to_builtins(line(chairs, "A")).keys() == set(words.split())


@pytest.mark.parametrize(
    ("event", "at_risk"),
    [
        ({"do": "announce_supply", "supply": "PO-3", "sku": "LAMP", "site": "MAIN", "quantity": 9,
          "expected_on": "2026-12-09"}, True),
        ({"do": "announce_supply", "supply": "PO-3", "sku": "LAMP", "site": "MAIN", "quantity": 9,
          "expected_on": "2026-12-09", "confirmed": True}, False),
        ({"do": "announce_supply", "supply": "PO-3", "sku": "LAMP", "site": "MAIN", "quantity": 9,
          "expected_on": "2026-12-29", "confirmed": True}, True),
    ],
    ids=["unconfirmed", "confirmed", "planned after the promise"],
)  # fmt: skip
def test_a_line_is_at_risk_by_what_it_stands_on(db: Database, event: dict[str, object], at_risk: bool) -> None:
    shop(db, ["LAMP"], coverage="lead_time", lead_time_days=10)
    order(db, "A", 4, "LAMP")
    assert line(db, "A").at_risk, "uncovered"
    do(db, str(event["do"]), **{name: value for name, value in event.items() if name != "do"})
    assert line(db, "A").at_risk is at_risk
    assert named(list_lines(db, TODAY, Filters(at_risk=True))) == ["A"] * at_risk


def test_overdue_supply_puts_its_lines_at_risk_by_the_day_of_its_site(db: Database) -> None:
    shop(db)
    do(db, "put_site", site="MAIN", zone="Pacific/Auckland")
    announce(db, "PO-1", 10, "2026-12-07")
    do(db, "confirm_supply", supply="PO-1")
    order(db, "A", 4)
    midnight = datetime(2026, 12, 7, 11, tzinfo=UTC)  # when the 8th begins in Auckland
    for moment, late in ((midnight - timedelta(microseconds=1), False), (midnight, True)):
        now = moment_number(moment)
        assert line(db, "A", now).at_risk is late
        assert named(list_lines(db, now, Filters(at_risk=True))) == ["A"] * late
        assert [s.supply for s in lists.list_supplies(db, now, overdue=True)] == ["PO-1"] * late
        found = show.supply(db, "PO-1", now)
        assert found is not None
        assert found.state == ("overdue" if late else "open")


def test_allocated_lines_are_not_at_risk(chairs: Database) -> None:
    do(chairs, "receive_supply", supply="PO-1", receipt="R", quantity=10)
    assert not line(chairs, "A", LATER).at_risk
    assert line(chairs, "A").state == "ready"
    assert line(chairs, "C").state == "part_ready"


def test_an_order_shows_its_lines_in_their_order(db: Database) -> None:
    shop(db, ["CHAIR", "LAMP"], coverage="lead_time", lead_time_days=3)
    lines = [{"line": str(n), "sku": sku, "quantity": n} for n, sku in ((10, "LAMP"), (9, "CHAIR"))]
    do(db, "place_order", order="A", lines=lines, channel="web", priority=3)
    found = show.order(db, "A", TODAY)
    assert found is not None
    assert [view.line for view in found.lines] == ["10", "9"]
    assert (found.channel, found.priority, found.ship, found.placed_at) == ("web", 3, "when_ready", NOW)


def test_a_supply_shows_who_holds_it(chairs: Database) -> None:
    do(chairs, "receive_supply", supply="PO-1", receipt="R", quantity=3)
    found = show.supply(chairs, "PO-1", TODAY)
    assert found is not None
    assert (found.quantity, found.received, found.pegged, found.free, found.state) == (10, 3, 7, 0, "open")
    assert [(peg.order, peg.line, peg.quantity) for peg in found.pegs] == [("A", "1", 1), ("B", "1", 4), ("C", "1", 2)]
    stock = show.supply(chairs, "stock/MAIN/CHAIR", TODAY)
    assert stock is not None
    assert (stock.state, stock.quantity, stock.pegged, stock.free) == ("stock", 3, 3, 0)
    do(chairs, "receive_supply", supply="PO-1", receipt="R2", quantity=0, final=True)
    do(chairs, "cancel_supply", supply="PO-2")
    states = {s.supply: s.state for s in lists.list_supplies(chairs, TODAY)}
    assert states == {"stock/MAIN/CHAIR": "stock", "PO-1": "received", "PO-2": "cancelled"}


def test_an_item_adds_up_over_its_sites(chairs: Database) -> None:
    do(chairs, "put_site", site="NORTH")
    do(chairs, "count_stock", sku="CHAIR", site="NORTH", quantity=3)
    do(chairs, "put_item", sku="CHAIR", price="49.50", currency="EUR")
    found = show.item(chairs, "CHAIR")
    assert found is not None
    assert [(s.site, s.on_hand, s.allocated, s.free, s.inbound, s.inbound_free) for s in found.sites] == [
        ("MAIN", 0, 0, 0, 20, 11),
        ("NORTH", 3, 3, 0, 0, 0),
    ]
    assert (found.on_hand, found.allocated, found.inbound, found.inbound_free) == (3, 3, 20, 11)
    assert (found.waiting, found.uncovered, found.price) == (9, 0, "49.50")
    assert [(row.sku, row.waiting, row.inbound_free) for row in lists.list_items(chairs)] == [("CHAIR", 9, 11)]


def test_what_is_not_there_is_none(chairs: Database) -> None:
    assert show.order(chairs, "?", TODAY) is None
    assert show.line(chairs, "A", "?", TODAY) is None
    assert show.item(chairs, "?") is None
    assert show.supply(chairs, "?", TODAY) is None


@pytest.mark.parametrize(
    ("filters", "orders"),
    [
        (Filters(), "ABCD"),
        (Filters(waiting=True), "BCD"),
        (Filters(ready=True), "AB"),
        (Filters(customer="cleo"), "C"),
        (Filters(order="B"), "B"),
        (Filters(supply="PO-2"), "CD"),
        (Filters(sku="?"), ""),
        (Filters(limit=2), "AB"),
        (Filters(after=("B", "1")), "CD"),
        (Filters(after=("B", "1"), waiting=True, limit=1), "C"),
    ],
)
def test_lines_are_narrowed_by_every_filter(chairs: Database, filters: Filters, orders: str) -> None:
    order(chairs, "D", 4)
    do(chairs, "receive_supply", supply="PO-1", receipt="R", quantity=6)
    assert "".join(named(list_lines(chairs, TODAY, filters))) == orders


def test_late_lines_are_past_their_promise_or_without_one(chairs: Database) -> None:
    assert list_lines(chairs, TODAY, Filters(late=True)) == []
    assert named(list_lines(chairs, LATER, Filters(late=True))) == ["A", "B"]
    do(chairs, "cancel_supply", supply="PO-2")
    assert named(list_lines(chairs, TODAY, Filters(late=True))) == ["C"]


def test_orders_show_their_units_and_the_latest_promise(chairs: Database) -> None:
    do(chairs, "receive_supply", supply="PO-1", receipt="R", quantity=10)
    rows = [(row.order, row.units, row.waiting, str(row.promise)) for row in lists.list_orders(chairs)]
    assert rows == [("A", 4, 0, "2026-12-01"), ("B", 4, 0, "2026-12-01"), ("C", 4, 2, "2026-12-18")]
    do(chairs, "ship", shipment="S", order="A", lines=[{"line": "1", "quantity": 4}])
    assert lists.list_orders(chairs)[0].promise is None, "nothing is open"
    assert [row.order for row in lists.list_orders(chairs, waiting=True)] == ["C"]
    assert [row.order for row in lists.list_orders(chairs, customer="cleo")] == ["C"]


def test_every_table_is_exported_with_days_and_moments_as_text(chairs: Database) -> None:
    with chairs.read() as tx:
        rows = [msgspec.json.decode(row) for row in export.json_lines(tx, "promises")]
        assert rows[0] == {
            "order_id": "A", "line": "1", "n": 1, "at": "2026-12-01T09:00:00Z", "from_day": None,
            "to_day": "2026-12-07", "cause": "placed", "basis": "inbound", "supply": "PO-1",
            "run": None,
        }  # fmt: skip
        for table in export.TABLES:
            assert len(list(export.csv_lines(tx, table))) == 1 + len(list(export.json_lines(tx, table)))


def test_a_cell_that_a_spreadsheet_would_run_is_defused(db: Database) -> None:
    apply(db, NOW, [{"do": "put_item", "sku": "A", "name": ' =HYPERLINK("http://example.org")'}])
    with db.read() as tx:
        row = list(export.csv_lines(tx, "items"))[1]
    assert row.startswith("A,\"' =HYPERLINK(")


@given(st.text(alphabet="'=+-@ \t\r\ufeff\u00a0＝＠ab1", max_size=8))  # noqa: RUF001  # full-width forms
def test_what_defuses_a_cell_can_be_undone(text: str) -> None:
    assert export.plain(str(export.safe(text))) == text
    if text.lstrip(" \ufeff\u00a0").startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＠")):  # noqa: RUF001  # full-width forms are what is tested
        assert export.safe(text) == f"'{text}"


def test_lines_of_orders_on_hold_are_listed_and_are_not_to_be_shipped(db: Database) -> None:
    shop(db)
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=5)
    for name in ("A", "B"):
        order(db, name)
    do(db, "hold_order", order="A", kind="fraud")
    assert named(list_lines(db, TODAY, Filters(held=True))) == ["A"]
    assert [name for name, _, _ in ready_lines(db)] == ["B"]


def test_a_list_of_a_time_is_the_same_whether_few_or_many_fall_into_it(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids are against the order of the moments, an hour apart; four of the seven hours are asked for."""
    shop(db)
    announce(db, "PO-1", 100, "2026-12-07")
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=20)
    hour = 3_600 * 10**6
    for n, name in enumerate("GFEDCBA"):
        at = NOW + timedelta(hours=n)
        do(db, "place_order", at, order=name, lines=[{"line": "1", "sku": "CHAIR", "quantity": 1}])
        do(db, "ship", at, order=name, shipment=f"S-{name}", lines=[{"line": "1", "quantity": 1}])
    since, until = TODAY + 2 * hour, TODAY + 6 * hour
    for few in (0, 3, 4, 100):
        monkeypatch.setattr(moments, "FEW", few)
        first = [row.order for row in lists.list_orders(db, since=since, until=until, limit=2)]
        rest = [row.order for row in lists.list_orders(db, since=since, until=until, limit=9, after=first[-1])]
        assert (first, rest) == (["B", "C"], ["D", "E"])
        sent = [row.shipment for row in list_shipments(db, since=since, until=until)]
        assert sent == ["S-B", "S-C", "S-D", "S-E"]
        assert [row.order for row in lists.list_orders(db, since=TODAY + 7 * hour)] == []
        assert [row.order for row in lists.list_orders(db, until=TODAY + hour)] == ["G"]
