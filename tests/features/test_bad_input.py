"""Bad input gets a refusal that names the field and says what to do; nothing is lost and nothing is half done."""

import pytest
from shop import announce, do, order, shop
from state import state

from backorder.kernel.outcomes import Word
from backorder.queries import check
from backorder.storage.db import Database

LINE = {"line": "1", "sku": "CHAIR", "quantity": 1}
BAD = {
    "an unknown field": ({"do": "put_item", "sku": "A", "colour": "red"}, "colour"),
    "an unknown field in a line": ({"do": "place_order", "order": "A", "lines": [LINE | {"size": 3}]}, "lines[0].size"),
    "a missing field": ({"do": "put_item"}, "sku"),
    "a wrong type": ({"do": "place_order", "order": "A", "lines": [LINE | {"quantity": "2"}]}, "lines[0].quantity"),
    "zero units": ({"do": "place_order", "order": "A", "lines": [LINE | {"quantity": 0}]}, "lines[0].quantity"),
    "negative units": ({"do": "place_order", "order": "A", "lines": [LINE | {"quantity": -1}]}, "lines[0].quantity"),
    "huge units": ({"do": "place_order", "order": "A", "lines": [LINE | {"quantity": 2**63}]}, "lines[0].quantity"),
    "a fraction": ({"do": "place_order", "order": "A", "lines": [LINE | {"quantity": 1.5}]}, "lines[0].quantity"),
    "no lines": ({"do": "place_order", "order": "A", "lines": []}, "lines"),
    "two lines of one id": ({"do": "place_order", "order": "A", "lines": [LINE, LINE]}, "lines"),
    "an empty id": ({"do": "place_order", "order": "", "lines": [LINE]}, "order"),
    "a NUL": ({"do": "place_order", "order": "A\0B", "lines": [LINE]}, "order"),
    "a lone surrogate": ({"do": "place_order", "order": "A\ud800", "lines": [LINE]}, "order"),
    "a long id": ({"do": "place_order", "order": "A" * 201, "lines": [LINE]}, "order"),
    "a day before 1970": (
        {"do": "place_order", "order": "A", "lines": [LINE | {"requested_on": "1969-12-31"}]},
        "lines[0].requested_on",
    ),
    "a day after 2200": (
        {"do": "announce_supply", "supply": "P", "sku": "CHAIR", "site": "MAIN", "quantity": 1,
         "expected_on": "2201-01-01"},
        "expected_on",
    ),
    "a day that is none": (
        {"do": "announce_supply", "supply": "P", "sku": "CHAIR", "site": "MAIN", "quantity": 1,
         "expected_on": "2026-02-30"},
        "expected_on",
    ),
    "money with too many decimals": (
        {"do": "place_order", "order": "A", "currency": "JPY", "lines": [LINE | {"unit_price": "1.5"}]},
        "lines[0].unit_price",
    ),
    "money as a number": (
        {"do": "place_order", "order": "A", "currency": "EUR", "lines": [LINE | {"unit_price": 1.5}]},
        "lines[0].unit_price",
    ),
    "money that is no number": ({"do": "put_item", "sku": "A", "price": "1e3", "currency": "EUR"}, "price"),
    "money without a currency": ({"do": "place_order", "order": "A", "paid": "5"}, "lines"),
    "an amount without a currency": ({"do": "place_order", "order": "A", "paid": "5", "lines": [LINE]}, "currency"),
    "complete by lines": (
        {"do": "place_order", "order": "A", "ship": "complete", "accept": "lines", "lines": [LINE]}, "accept"),
    "a time zone that is none": ({"do": "put_site", "site": "B", "zone": "Mars/Olympus"}, "zone"),
    "a holiday calendar that is none": ({"do": "put_site", "site": "B", "holidays": "XX"}, "holidays"),
    "a week without work": ({"do": "put_site", "site": "B", "working_days": []}, "working_days"),
    "a preorder without release": ({"do": "put_item", "sku": "B", "selling": "preorder"}, "released_on"),
    "a reserved id": (
        {"do": "announce_supply", "supply": "stock/MAIN/CHAIR", "sku": "CHAIR", "site": "MAIN", "quantity": 1,
         "expected_on": "2026-12-12"},
        "supply",
    ),
    "neither supply nor document": ({"do": "confirm_supply"}, "supply"),
    "a receipt of nothing": ({"do": "receive_supply", "supply": "PO-1", "receipt": "R", "quantity": 0}, "quantity"),
    "a moment without offset": ({"do": "advance", "to": "2026-12-01T00:00:00"}, "to"),
    "an unknown command": ({"do": "dance"}, "do"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", BAD)
def test_a_bad_command_names_its_field_and_changes_nothing(db: Database, trouble: str) -> None:
    shop(db)
    announce(db, "PO-1", 5, "2026-12-07")
    before = state(db)
    body, field = BAD[trouble]
    outcome = do(db, body["do"], **{key: value for key, value in body.items() if key != "do"})
    assert (outcome.outcome, outcome.field) == (Word.INVALID, field)
    assert outcome.message
    assert state(db) == before


UNKNOWN = {
    Word.UNKNOWN_ITEM: {"do": "announce_supply", "supply": "P", "sku": "?", "site": "MAIN", "quantity": 1,
                        "expected_on": "2026-12-12"},
    Word.UNKNOWN_SITE: {"do": "count_stock", "sku": "CHAIR", "site": "?", "quantity": 1},
    Word.UNKNOWN_SUPPLY: {"do": "receive_supply", "supply": "?", "receipt": "R", "quantity": 1},
    Word.UNKNOWN_SUPPLIER: {"do": "put_item", "sku": "CHAIR", "supplier": "?"},
    Word.UNKNOWN_CUSTOMER: {"do": "place_order", "order": "A", "customer": "?", "lines": [LINE]},
    Word.UNKNOWN_ORDER: {"do": "cancel_line", "order": "?", "line": "1"},
    Word.UNKNOWN_LINE: {"do": "cancel_line", "order": "ada", "line": "?"},
    Word.UNKNOWN_SHIPMENT: {"do": "record_delivery", "shipment": "?"},
}  # fmt: skip


@pytest.mark.parametrize("word", UNKNOWN)
def test_an_unknown_reference_is_named(db: Database, word: Word) -> None:
    shop(db)
    announce(db, "PO-1", 5, "2026-12-07")
    order(db, "ada")
    body = UNKNOWN[word]
    outcome = do(db, body["do"], **{key: value for key, value in body.items() if key != "do"})
    assert outcome.outcome is word
    assert outcome.message


def test_an_empty_batch_is_answered_with_nothing(db: Database) -> None:
    from backorder import commands

    assert commands.run(db, 0, []) == []


def test_a_refused_line_refuses_the_order_and_says_what_the_others_would_have_got(db: Database) -> None:
    shop(db, ["CHAIR", "DESK"])
    announce(db, "PO-1", 5, "2026-12-07")
    lines = [LINE, LINE | {"line": "2", "sku": "DESK"}, LINE | {"line": "3", "sku": "?"}]
    outcome = do(db, "place_order", order="ada", lines=lines)
    assert outcome.outcome is Word.NO_DATE
    assert [line.outcome for line in outcome.lines] == [Word.ACCEPTED, Word.NO_DATE, Word.UNKNOWN_ITEM]
    assert str(outcome.lines[0].promise) == "2026-12-07"
    assert state(db)["lines"] == {}
    taken = do(db, "place_order", order="ada", lines=lines, accept="lines")
    assert taken.outcome is Word.ACCEPTED
    assert list(state(db)["lines"]) == [("ada", "1")]
    assert check.run(db) == []


def test_the_same_id_answers_the_same_and_other_content_is_refused(db: Database) -> None:
    shop(db)
    announce(db, "PO-1", 5, "2026-12-07")
    first = order(db, "ada", id="c1")
    assert order(db, "ada", id="c1") == first
    assert order(db, "ada", 2, id="c1").outcome is Word.ID_REUSED
    assert order(db, "ada").outcome is Word.EXISTS
    assert order(db, "ada", 2).outcome is Word.ID_REUSED
    assert announce(db, "PO-1", 5, "2026-12-07").outcome is Word.EXISTS
    assert announce(db, "PO-1", 6, "2026-12-07").outcome is Word.ID_REUSED
    received = {"supply": "PO-1", "receipt": "R", "quantity": 2}
    assert do(db, "receive_supply", **received).outcome is Word.RECEIVED
    assert do(db, "receive_supply", **received).outcome is Word.EXISTS
    assert do(db, "receive_supply", **received | {"quantity": 1}).outcome is Word.ID_REUSED
