"""The merchant's own words and look: what is refused, and that none of it takes away what has to be said."""

from datetime import date

import pytest
from babel.messages.catalog import Catalog
from owed import COMMUNICATION
from shop import NOW, announce, do, order, shop
from state import apply, state

from backorder import languages
from backorder.adapters.cli.owed import _head as head
from backorder.adapters.mail import Merchant, Notice, framed, rendered, values_of
from backorder.adapters.mail.preview import PREVIEWS, Preview, previews
from backorder.kernel import letters
from backorder.kernel.calendars import day_number, moment_number
from backorder.kernel.letters import About, Goods
from backorder.kernel.outcomes import Outcome
from backorder.kernel.wording import KINDS, PLACES, Misworded, check_colour, contrast, worded
from backorder.languages import Language, known, language
from backorder.queries.communication import communication
from backorder.storage.db import Database

TODAY = day_number(date(2026, 12, 1))
ABOUT = About("SO-1", TODAY, "Ada", "https://shop.example.com/o")
GOODS = [Goods(2, "Oak chair", TODAY + 17), Goods(1, "Lamp", TODAY + 20)]


def put(db: Database, **fields: object) -> Outcome:
    return do(db, "put_communication", **fields)


def wording(**fields: object) -> dict[str, object]:
    return {"kind": "confirmation", "language": "en", **fields}


REFUSED = {
    "a place that is none": (wording(closing="Dear {nobody},"), "closing", "{nobody} is no place: use {customer}"),
    "a place with code": (wording(opening="{order.__class__}"), "opening", "{order.__class__} is no place"),
    "a day that is not there": (wording(kind="shipped", closing="By {date}"), "closing", "{date} has nothing to stand"),
    "an order that is not there": (wording(kind="back", closing="{order}"), "closing", "{order} has nothing to stand"),
    "a brace alone": (wording(closing="a { b"), "closing", "a { stands alone: write {{ for one"),
    "an address": (wording(closing="See https://shop.example/sale"), "closing", "{link} is where"),
    "an address without its beginning": (wording(closing="See WWW.shop.example"), "closing", "no addresses"),
    "a kind that is none": (wording(kind="sale", closing="x"), "kind", "use confirmation, delay"),
    "a language that is none": (wording(language="xx", closing="x"), "language", "use de, en, es, fr"),
    "words before a refund": (wording(kind="cancelled", opening="Never mind:"), "opening", "has to be said"),
    "words before what the law asks for": (wording(kind="delay", opening="Never mind:"), "opening", "has to be said"),
    "a line that ends": (wording(closing="a\n"), "closing", ""),
    "two lines": (wording(closing="a\nb"), "closing", ""),
    "what turns text around": (wording(closing="a\u202eb"), "closing", ""),
    "too much": (wording(closing="a" * 501), "closing", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_wording_is_refused_by_its_field_with_what_to_do(db: Database, name: str) -> None:
    said, field, words = REFUSED[name]
    before = state(db)
    outcome = put(db, wordings=[wording(closing="Good."), said])
    assert outcome.outcome == "invalid"
    assert outcome.field == f"wordings[1].{field}"
    assert words in (outcome.message or "")
    assert state(db) == before, "nothing of it is kept, not even what was good"


@pytest.mark.parametrize("place", PLACES)
def test_every_place_of_the_list_can_be_named(db: Database, place: str) -> None:
    assert put(db, wordings=[wording(opening=f"{{{place}}} and {{{{braces}}}}")]).outcome == "changed"


def test_black_on_white_is_21_and_white_on_white_1() -> None:
    """The ends of the scale of WCAG, and #767676, which its authors name as the lightest grey that is enough."""
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#FFFFFF") == pytest.approx(1)
    check_colour("#767676")
    with pytest.raises(
        Misworded, match=r"#777777 on #ffffff has a contrast of 4\.47:1: take a darker one, of at least 4\.5"
    ):
        check_colour("#777777")  # fmt: skip


@pytest.mark.parametrize("colour", ["#777777", "#ffff00", "red", "#fff", "#12345g", "#123456;", ""])
def test_a_colour_that_cannot_be_read_is_refused(db: Database, colour: str) -> None:
    outcome = put(db, colour=colour)
    assert (outcome.outcome, outcome.field) == ("invalid", "colour")
    assert "colour" in (outcome.message or "") or "contrast" in (outcome.message or "")


def test_what_is_said_is_kept_and_what_is_left_out_stays(db: Database) -> None:
    assert put(db, shop_name="Tansy & Oak", colour="#2f5140", wordings=[wording(opening="Hi", closing="Bye")])
    assert put(db, signature="14 Commercial Street", wordings=[wording(language="de", closing="Tschüss")])
    assert put(db, wordings=[wording(opening="")]).outcome == "changed"
    said = communication(db)
    assert (said.shop_name, said.colour, said.signature) == ("Tansy & Oak", "#2f5140", "14 Commercial Street")
    assert said.wording("confirmation", "en") == ("", "Bye")
    assert said.wording("confirmation", "de") == ("", "Tschüss")
    assert said.wording("confirmation", "fr") == ("", "")
    assert put(db, wordings=[wording(closing="Bye")]).outcome == "exists"
    put(db, wordings=[wording(closing=""), wording(language="de", closing="")])
    assert communication(db).wordings == []
    assert communication(db).rules is None, "to say how letters look turns no clock on"


def test_a_wording_that_names_what_there_is_not_is_left_out() -> None:
    assert worded("By {date}, {customer}.", {"customer": "Ada"}) == ""
    undated = [GOODS[0], GOODS[1]._replace(day=None)]
    assert "date" not in values_of(ABOUT, undated, language("en")), "one of them has no day: no day holds for all"
    assert values_of(ABOUT, GOODS, language("en-GB"))["date"] == "21 December"


def hiding() -> list[str]:
    """What a wording could try, to hide what stands beside it."""
    tags = ["<!--", "-->", "<style>p{{display:none}}</style>", "</div></body>", "</textarea><textarea>"]
    return [*tags, "&lt;!--", "--", "]]>"]


@pytest.mark.parametrize("code", known())
@pytest.mark.parametrize("closing", hiding())
def test_no_wording_takes_a_sentence_away(code: str, closing: str) -> None:
    """Every line of the letter without the merchant's words stands in the one with them, as often, in text and page."""
    speaks = language(code)
    for draft in (letters.confirmation(ABOUT, GOODS, "Paid."), letters.partly_ready(ABOUT, GOODS[:1], GOODS[1:])):
        plain = rendered(draft, speaks, Merchant("Oak", "help@example.com"))
        own = rendered(draft, speaks, Merchant("Oak", "help@example.com", opening=closing, closing=closing))
        left = own.text.splitlines()
        for line in plain.text.splitlines():
            left.remove(line)
        assert [line for line in left if line] == [closing.replace("{{", "{").replace("}}", "}")] * 2
        assert "<style>p" not in own.html
        assert own.html.count("<!--") == own.html.count("<textarea") == 0


def test_a_notice_stands_first_and_in_one_piece() -> None:
    notice = "Your order A is late.\n\n- 1 of X: now to ship by Fri 1 May 2026.\n- 2 of <b>: no day.\n\nQuestions: me\n"
    merchant = Merchant("Oak", "me", opening="Never mind:", closing="{shop}", address="Street 1")
    letter = framed(Notice("Order A: late", notice, "en"), merchant, {})
    assert letter.text.startswith(notice)
    assert "Never mind" not in letter.text + letter.html
    assert letter.text.endswith("\n\nOak\n\nOak\n--\nStreet 1\n")
    assert "<li>2 of &lt;b&gt;: no day.</li>" in letter.html


def speaking(texts: dict[str, str]) -> Language:
    """German with a catalogue that says only this."""
    from babel import Locale

    catalogue = Catalog(locale="de", charset="utf-8")
    for one, said in texts.items():
        catalogue.add(one, said)
    return Language("de", Locale.parse("de_CH"), languages.compiled(catalogue))


DRAFT = letters.confirmation(ABOUT, GOODS, "")
ALL = {said.phrase.one: said.phrase.one + "!" for block in DRAFT.blocks for said in block.said} | {
    DRAFT.subject.phrase.one: "Bestellung {order}",
    DRAFT.why.phrase.one: "Darum.",
    "Questions: {contact}": "Fragen: {contact}",
}
LAWFUL = "You can cancel what has not shipped at any time for a full refund."


@pytest.mark.parametrize(
    ("lacks", "says"),
    [
        (LAWFUL, None),
        (LAWFUL, ""),
        ("{quantity} x {item}: ships by {day}", "{quantity} x {item} kommt"),  # without the day that has to be said
        ("{quantity} x {item}: ships by {day}", "{quantity} x {item} {day} {"),
    ],
)
def test_a_language_that_lacks_a_sentence_says_none_and_names_it(lacks: str, says: str | None) -> None:
    texts = {one: said for one, said in ALL.items() if one != lacks} | ({} if says is None else {lacks: says})
    letter = rendered(DRAFT, speaking(texts), Merchant("Oak", "me", closing="Mit Gruß"))
    assert letter.lacking == (lacks,)
    assert letter.language == "en-CH"
    assert LAWFUL in letter.text
    assert "2 x Oak chair: ships by 18 December" in letter.text
    assert "!" not in letter.text, "no half of it in the other language"
    assert "Gruß" not in letter.text
    assert '<html lang="en-CH">' in letter.html


def test_a_language_that_lacks_nothing_speaks() -> None:
    letter = rendered(DRAFT, speaking(ALL), Merchant("Oak", "me", closing="Mit Gruß"))
    assert (letter.language, letter.lacking) == ("de-CH", ())
    assert LAWFUL + "!" in letter.text
    assert "Mit Gruß" in letter.text


@pytest.fixture
def sold(db: Database) -> Database:
    shop(db)
    ada = {"customer": "ada", "name": "Ada <b>Byron</b>", "email": "ada@example.com", "country": "US"}
    named = [{"do": "put_item", "sku": "CHAIR", "name": "Oak chair"}, {"do": "put_customer", **ada}]
    assert all(outcome.outcome != "invalid" for outcome in apply(db, NOW, named))
    put(db, **{name: said for name, said in COMMUNICATION.items() if name != "do"})
    announce(db, "PO", 9, "2026-12-14")
    order(db, "A-1", 3, customer="ada", currency="USD", paid="150.00")
    return db


def seen(db: Database, *kinds: str, order: str | None = None, **asked: object) -> list[Preview]:
    found = previews(db, moment_number(NOW), order, kinds, ["en"], **asked)  # type: ignore[arg-type]  # words of a test
    assert found is not None
    return found


def test_every_kind_in_every_language_is_shown_and_nothing_written(sold: Database) -> None:
    before = state(sold)
    for name in (None, "A-1"):
        found = previews(sold, moment_number(NOW), name, [], [])
        assert found is not None
        assert [(one.kind, one.wanted.partition("-")[0]) for one in found] == [
            (kind, code) for kind in PREVIEWS for code in known()
        ]
        for one in found:
            assert one.made_up == (name is None)
            assert one.subject
            assert one.text
            assert one.subject in one.html
            assert not one.lacking
            assert (name or "A-1001") in one.subject + one.text or one.kind == "back"
    assert state(sold) == before


def test_it_is_of_the_order_as_it_stands(sold: Database) -> None:
    one = seen(sold, "confirmation", order="A-1")[0]
    assert "Dear Ada <b>Byron</b>," in one.text
    assert "Ada &lt;b&gt;Byron" in one.html
    assert "3 x Oak chair: ships by December 14" in one.text
    assert "Your card was charged when you ordered." in one.text
    assert "Byron" not in seen(sold, "confirmation", order="A-1", named=False)[0].text
    assert previews(sold, moment_number(NOW), "A-2", [], []) is None


def test_a_notice_is_shown_in_the_language_it_would_go_in(sold: Database) -> None:
    """Whoever reads the preview sees the words, and the language, that the letter would have."""
    found = previews(sold, moment_number(NOW), "A-1", ["short", "still"], ["de"])
    assert found is not None
    assert [(one.wanted, one.language, one.lacking) for one in found] == [("de", "de", [])] * 2
    short, still = found
    assert "zugesagt für Montag, 14. Dezember 2026, Versand jetzt bis Montag, 28. Dezember 2026" in short.text
    assert "Versand weiterhin bis Montag, 14. Dezember 2026" in still.text


def test_a_notice_that_a_language_lacks_a_sentence_of_is_shown_in_english_with_the_sentence(
    sold: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue alone is another: it says nothing of the reason."""
    gap = "The reason: {reason}"
    texts = languages._texts("de")
    assert texts.whole is not None
    without = texts._replace(whole=texts.whole - {gap})
    monkeypatch.setattr(languages, "_texts", {"de": without, "en": languages._texts("en")}.__getitem__)
    for remembered in (languages._language, languages.tongue):
        remembered.cache_clear()
    try:
        assert put(sold, wordings=[wording(kind="delay", closing="Yours, {shop}")])
        found = previews(sold, moment_number(NOW), "A-1", ["short"], ["de"])
        assert found is not None
        assert [(one.language, one.lacking, one.left_out) for one in found] == [("en", [gap], [])]
        assert "promised for Mon 14 Dec 2026" in found[0].text
        assert "Yours, " in found[0].text
        assert any(gap in line for line in head(found[0]))
    finally:
        for remembered in (languages._language, languages.tongue):
            remembered.cache_clear()


def test_a_delay_says_what_the_law_of_the_order_asks_for(sold: Database) -> None:
    short, indefinite = seen(sold, "short", "indefinite", order="A-1")
    assert "promised for Mon 14 Dec 2026, now to ship by Mon 28 Dec 2026" in short.text
    assert "we take it that you agree to wait until Mon 28 Dec 2026" in short.text
    assert "we are unable to give a new day" in indefinite.text
    assert "it is cancelled and your money goes back" in indefinite.text
    assert short.pack == "us-ftc"


def test_own_words_are_shown_and_what_is_left_out_is_named(sold: Database) -> None:
    for kind in KINDS:
        put(sold, wordings=[{"kind": kind, "language": "en", "closing": f"Own of {kind}, {{shop}}"}])
    for one in seen(sold, order="A-1"):
        kind = "delay" if one.kind in {"short", "long", "indefinite", "renewed", "delay"} else one.kind
        assert f"Own of {kind}, Your shop" in one.text
        assert f"Own of {kind}, Your shop" in one.html
        assert one.unsaid == ["shop_name"]
        assert one.left_out == []
    put(sold, shop_name="Oak", wordings=[wording(closing="{customer}!", opening="{shop}!")])
    assert seen(sold, "confirmation", order="A-1")[0].left_out == []
    assert seen(sold, "confirmation", order="A-1", named=False)[0].left_out == ["closing"]
