"""What the shop says of items agrees with what a quote would promise, on both databases, for every kind of item."""

import csv
import io
import json
from datetime import date, datetime

import pytest
from defusedxml.ElementTree import fromstring
from shop import NOW, announce, do, order
from state import apply

from backorder.adapters.feeds import FORMS, encoded
from backorder.adapters.feeds.page import page
from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Word
from backorder.languages import language
from backorder.queries import feeds
from backorder.queries.feeds import every
from backorder.queries.quotes import Quote, quote
from backorder.queries.storefront import front
from backorder.storage.db import Database, Tx

MICRO = moment_number(NOW)
HOSTILE = "</script><b onload=x>&amp;\u2028=1+1"
EXPECTED = {  # state, Google's word, Meta's, the day
    "BACK": ("backorder", "backorder", "available for order", "2026-12-18"),
    "FAR": ("backorder", "out_of_stock", "available for order", "2028-02-01"),
    "GONE": ("discontinued", "out_of_stock", "discontinued", None),
    "LEAD": ("made_to_order", "backorder", "available for order", "2026-12-11"),
    "NODATE": ("out_of_stock", "out_of_stock", "out of stock", None),
    "OUT": ("out_of_stock", "out_of_stock", "out of stock", None),
    "PRE": ("preorder", "preorder", "preorder", "2027-02-01"),
    "PREOLD": ("in_stock", "in_stock", "in stock", "2026-12-01"),
    "SAFE": ("backorder", "backorder", "available for order", "2026-12-20"),
    "STOCK": ("in_stock", "in_stock", "in stock", "2026-12-01"),
    "TAKEN": ("backorder", "backorder", "available for order", "2026-12-23"),
    '=cmd|"/c x"': ("in_stock", "in_stock", "in stock", "2026-12-01"),
    "<b>&'": ("in_stock", "in_stock", "in stock", "2026-12-01"),
}


@pytest.fixture
def kinds(db: Database) -> Database:
    """A shop with an item of every kind."""
    do(
        db,
        "put_site",
        site="MAIN",
        zone="Europe/Berlin",
        working_days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    )
    plain = ("STOCK", "BACK", "FAR", "NODATE", "TAKEN", '=cmd|"/c x"', "<b>&'")
    for sku in plain:
        apply(db, NOW, [{"do": "put_item", "sku": sku, "name": HOSTILE, "price": "12.50", "currency": "EUR"}])
    do(db, "put_item", sku="SAFE", safety_stock=5)
    do(db, "put_item", sku="OUT", selling="stock_only")
    do(db, "put_item", sku="GONE", selling="discontinued")
    do(db, "put_item", sku="LEAD", coverage="lead_time", lead_time_days=10)
    do(db, "put_item", sku="PRE", selling="preorder", coverage="lead_time", lead_time_days=5, released_on="2027-02-01")
    do(db, "put_item", sku="PREOLD", selling="preorder", released_on="2026-11-01")
    for sku, units in (("STOCK", 3), ("SAFE", 5), ("GONE", 4), ("PRE", 2), ("PREOLD", 1), *((s, 1) for s in plain[5:])):
        do(db, "count_stock", sku=sku, site="MAIN", quantity=units)
    announce(db, "P1", 5, "2026-12-18", "BACK")
    announce(db, "P2", 5, "2028-02-01", "FAR")
    announce(db, "P3", 5, "2026-12-09", "TAKEN")
    announce(db, "P4", 5, "2026-12-23", "TAKEN")
    announce(db, "P5", 5, "2026-12-20", "SAFE")
    announce(db, "P6", 4, "2026-12-22", "STOCK")
    assert order(db, "SO", 5, "TAKEN").outcome is Word.ACCEPTED
    return db


def test_every_kind_of_item_has_its_words(kinds: Database) -> None:
    found = {one.sku: one for one in every(kinds, MICRO)}
    assert set(found) == set(EXPECTED)
    for sku, (state, *_, day) in EXPECTED.items():
        said = front(kinds, MICRO, sku, 1)
        assert said is not None
        assert said.one == said.asked == found[sku]
        told = page(said, language("en"))
        assert (told.state, told.google.availability, told.meta) == (state, *EXPECTED[sku][1:3]), sku
        assert (None if told.ships_on is None else told.ships_on.isoformat()) == day, sku


def test_no_day_is_earlier_than_the_quotes_and_what_a_quote_refuses_is_not_offered(kinds: Database) -> None:
    for quantity in (1, 2, 4, 9):
        answers = quote(kinds, MICRO, [Quote(sku=sku, quantity=quantity) for sku in EXPECTED])
        for sku, answer in zip(EXPECTED, answers, strict=True):
            said = front(kinds, MICRO, sku, quantity)
            assert said is not None
            if answer.outcome is Word.ANSWERED:
                assert said.asked.day is not None
                told = page(said, language("en"))
                assert told.ships_on == answer.lines[0].promise, (sku, quantity)
            else:
                assert said.asked.state in {"out_of_stock", "discontinued"}, (sku, quantity)
                assert said.asked.day is None


def test_asking_changes_nothing_for_the_next(kinds: Database) -> None:
    assert list(every(kinds, MICRO)) == list(every(kinds, MICRO))
    assert [one.state for one in every(kinds, MICRO) if one.sku == "STOCK"] == ["in_stock"]


def test_part_now_and_the_rest_later_is_said_of_the_units_asked_for(kinds: Database) -> None:
    said = front(kinds, MICRO, "STOCK", 5)
    assert said is not None
    told = page(said, language("en-GB"))
    assert told.state == "partial"
    assert told.sentence == "3 of 5 ship by 1 December, the rest by 22 December when ordered now."
    assert (told.schema_org, told.google.availability) == ("InStock", "in_stock")  # of one more unit
    german = page(said, language(None, "DE"))
    assert german.sentence.startswith("3 von 5 werden bis 1. Dezember versandt")
    over = front(kinds, MICRO, "STOCK", 50)
    assert over is not None
    assert page(over, language("en")).sentence == "Only 7 are available now."


def test_the_sentence_is_honest_in_every_language(kinds: Database) -> None:
    said = front(kinds, MICRO, "BACK", 1)
    assert said is not None
    sentences = {code: page(said, language(code)).sentence for code in ("en", "de", "fr", "es")}
    assert sentences == {
        "en": "Out of stock. Ships by December 18 when ordered now.",
        "de": "Nicht auf Lager. Versand bis 18. Dezember, wenn Sie jetzt bestellen.",
        "fr": "En rupture de stock. Expédié le 18 décembre au plus tard si vous commandez maintenant.",
        "es": "Sin existencias. Se envía el 18 de diciembre a más tardar si lo pide ahora.",
    }


def _text(form: str, db: Database) -> str:
    return b"".join(encoded(FORMS[form], every(db, MICRO))).decode()


def _unquoted(sku: str) -> str:
    return sku.removeprefix("'")


def test_google_reads_both_feeds_alike(kinds: Database) -> None:
    rows = list(csv.DictReader(io.StringIO(_text("google", kinds)), delimiter="\t"))
    assert list(rows[0]) == ["id", "availability", "availability_date"]
    assert {_unquoted(row["id"]): row["availability"] for row in rows} == {s: e[1] for s, e in EXPECTED.items()}
    names = {"g": "http://base.google.com/ns/1.0"}
    entries = fromstring(_text("google-xml", kinds)).findall("channel/item")
    for row, entry in zip(rows, entries, strict=True):
        said = {name: entry.findtext(f"g:{name}", "", names) for name in row}
        assert said == row | {"id": _unquoted(row["id"])}
        if row["availability_date"]:
            assert datetime.fromisoformat(row["availability_date"]).utcoffset() is not None
            assert datetime.fromisoformat(row["availability_date"]).date() == date.fromisoformat(
                EXPECTED[said["id"]][3]
            )
    assert {row["availability_date"] for row in rows if row["id"] == "BACK"} == {"2026-12-18T23:59+01:00"}


def test_meta_reads_its_feed_and_no_cell_is_a_formula(kinds: Database) -> None:
    rows = list(csv.DictReader(io.StringIO(_text("meta", kinds))))
    assert {_unquoted(row["id"]): row["availability"] for row in rows} == {s: e[2] for s, e in EXPECTED.items()}
    assert '\'=cmd|"/c x"' in {row["id"] for row in rows}
    assert not any(row["id"].startswith(tuple("=+-@")) for row in rows)


def test_a_hostile_name_ends_no_script(kinds: Database) -> None:
    said = front(kinds, MICRO, "BACK", 1)
    assert said is not None
    text = page(said, language("en")).json_ld
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {
        "@context": "https://schema.org",
        "@type": "Product",
        "sku": "BACK",
        "name": HOSTILE,
        "offers": {
            "@type": "Offer",
            "availability": "https://schema.org/BackOrder",
            "availabilityStarts": "2026-12-18",
            "price": "12.50",
            "priceCurrency": "EUR",
        },
    }


def test_a_shop_without_a_site_sells_nothing(db: Database) -> None:
    do(db, "put_item", sku="CHAIR")
    assert [(one.sku, one.state) for one in every(db, MICRO)] == [("CHAIR", "out_of_stock")]
    assert front(db, MICRO, "NONE", 1) is None
    assert _text("google", db) == "id\tavailability\tavailability_date\nCHAIR\tout_of_stock\t\n"


def test_the_statements_are_of_a_part_and_not_of_an_item(kinds: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def statements() -> int:
        count, plain = [0], Tx.fetch

        def counted(self: Tx, *arguments, **more):
            count[0] += 1
            return plain(self, *arguments, **more)

        with monkeypatch.context() as patch:
            patch.setattr(Tx, "fetch", counted)
            whole = list(every(kinds, MICRO))
        assert len(whole) == len({one.sku for one in whole}) >= len(EXPECTED)
        return count[0]

    before = statements()
    for n in range(40):
        do(kinds, "put_item", sku=f"MORE-{n}")
    assert statements() == before <= 6
    whole = list(every(kinds, MICRO))
    monkeypatch.setattr(feeds, "_SKUS", feeds._SKUS.limit(7))
    assert list(every(kinds, MICRO)) == whole
