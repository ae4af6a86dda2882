"""Every value of a policy says where it comes from; purchase orders are added up; transfers show their losses."""

from datetime import date

from shop import NOW, do, shop

from backorder.kernel.calendars import moment_number
from backorder.queries import check, show
from backorder.storage.db import Database

MOMENT = moment_number(NOW)


def _told(db: Database) -> dict[tuple[str, str], object]:
    view = show.item(db, "CHAIR")
    assert view is not None
    return {(told.field, told.source): told.value for told in view.policy}


def test_each_value_names_the_level_that_says_it(db: Database) -> None:
    shop(db, category="seats", max_wait_days=40)
    do(db, "put_category", category="seats", coverage="lead_time", lead_time_days=9, max_wait_days=20)
    do(db, "put_shop", lead_time_days=3, safety_stock=2)
    do(db, "put_item", sku="CHAIR", sites={"MAIN": {"backorder_cap": 5}})
    assert _told(db) == {
        ("selling", "default"): "backorder",
        ("coverage", "category seats"): "lead_time",
        ("backorder_cap", "default"): None,
        ("per_customer_cap", "default"): None,
        ("max_wait_days", "item"): 40,
        ("lead_time_days", "category seats"): 9,
        ("safety_stock", "shop"): 2,
        ("backorder_cap", "site MAIN"): 5,
    }
    do(db, "put_item", sku="CHAIR", category=None, max_wait_days=None, sites={"MAIN": None})
    assert ("lead_time_days", "shop") in _told(db)
    assert ("max_wait_days", "default") in _told(db)
    assert not any(source.startswith("site") for _, source in _told(db))


def test_a_policy_of_the_shop_moves_the_lines_that_wait(db: Database) -> None:
    do(db, "put_shop", coverage="lead_time", lead_time_days=3)
    shop(db, safety_stock=1)
    do(db, "put_site", site="MAIN")
    do(db, "count_stock", sku="CHAIR", site="MAIN", quantity=1)
    do(db, "place_order", order="ada", lines=[{"line": "1", "sku": "CHAIR", "quantity": 1}])
    do(db, "put_item", sku="CHAIR", safety_stock=None)
    view = show.line(db, "ada", "1", MOMENT)
    assert view is not None
    assert (view.state, view.promise) == ("ready", date(2026, 12, 1))
    assert check.run(db) == []


def test_a_purchase_order_has_one_currency_and_is_added_up(db: Database) -> None:
    shop(db, ["CHAIR", "LAMP"])
    supply = {"site": "MAIN", "document": "PO-1", "cost": "2.50", "currency": "EUR", "expected_on": "2026-12-07"}
    do(db, "announce_supply", supply="A", sku="CHAIR", quantity=4, document_line="1", **supply)
    do(db, "announce_supply", supply="B", sku="LAMP", quantity=2, document_line="2", **supply)
    mixed = do(db, "announce_supply", supply="C", sku="LAMP", quantity=2, **{**supply, "currency": "GBP"})
    assert mixed.outcome.value == "currency_mixed"
    do(db, "reschedule_supply", supply="A", quantity=1, into="A2", expected_on="2026-12-14")
    view = show.document(db, "PO-1", MOMENT)
    assert view is not None
    assert view.costs == {"EUR": "15.00"}
    assert [(line.document_line, line.quantity, len(line.supplies)) for line in view.lines] == [
        ("1", 4, 2),
        ("2", 2, 1),
    ]
    assert show.document(db, "PO-2", MOMENT) is None


def test_lines_in_another_currency_than_their_order_are_refused(db: Database) -> None:
    shop(db, coverage="lead_time", lead_time_days=5)
    line = {"sku": "CHAIR", "quantity": 1, "unit_price": "9.50"}
    do(db, "place_order", order="ada", currency="EUR", lines=[{"line": "1", **line}])
    do(db, "place_order", order="ben", lines=[{"line": "1", "sku": "CHAIR", "quantity": 1}])
    added = {"lines": [{"line": "2", **line}]}
    assert do(db, "add_lines", order="ada", currency="USD", **added).outcome.value == "currency_mixed"
    assert do(db, "add_lines", order="ben", **added).field == "currency"
    assert do(db, "add_lines", order="ada", currency="EUR", **added).outcome.value == "accepted"


def test_what_is_lost_between_two_sites_is_seen(db: Database) -> None:
    shop(db)
    do(db, "put_site", site="OTHER")
    do(db, "count_stock", sku="CHAIR", site="OTHER", quantity=5)
    transfer = {"sku": "CHAIR", "site": "MAIN", "kind": "transfer", "from_site": "OTHER", "quantity": 4}
    do(db, "announce_supply", supply="T-1", expected_on="2026-12-03", **transfer)
    item = show.item(db, "CHAIR")
    assert item is not None
    assert {site.site: (site.on_hand, site.inbound) for site in item.sites} == {"OTHER": (1, 0), "MAIN": (0, 4)}
    do(db, "receive_supply", supply="T-1", receipt="R", quantity=3, final=True)
    view = show.supply(db, "T-1", MOMENT)
    assert view is not None
    assert (view.from_site, view.received, view.lost) == ("OTHER", 3, 1)
    assert check.run(db) == []


def test_amounts_do_not_come_into_another_currency_by_themselves(db: Database) -> None:
    shop(db)
    do(db, "put_item", sku="CHAIR", price="20.00", cost="7.50", currency="EUR")
    for said in ({}, {"price": "2000"}, {"cost": "750"}):
        found = do(db, "put_item", sku="CHAIR", currency="JPY", **said)
        assert (found.outcome.value, found.field) == ("invalid", "currency")
    assert do(db, "put_item", sku="CHAIR", currency="EUR").outcome.value == "exists"
    assert do(db, "put_item", sku="CHAIR", currency="JPY", price="2000", cost="750").outcome.value == "changed"
    assert do(db, "put_item", sku="CHAIR", price=None, cost=None).outcome.value == "changed"
    assert do(db, "put_item", sku="CHAIR", currency="EUR").outcome.value == "changed"
