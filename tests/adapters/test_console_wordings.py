"""The merchant's own words in the console: tried on a whole message, and kept where nobody else changed them."""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from console_house import BEGUN, NOW, House, house_with, read

from backorder.adapters import console as pages
from backorder.adapters.console.letters import MESSAGES, PLACES, WORDED, Look
from backorder.adapters.mail.preview import PREVIEWS, Preview
from backorder.kernel.wording import KINDS
from backorder.kernel.wording import PLACES as ALL_PLACES
from backorder.languages import language

HERE = "/console/settings/wordings"
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, BEGUN) as found:
        yield found


def kept(house: House) -> list[dict[str, Any]]:
    found = json.loads(house.ask("GET", "/v1/communication").body)["wordings"]
    assert isinstance(found, list)
    return found


def mark(page: str) -> str:
    found = re.search(r'name="was" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def test_every_message_and_every_place_is_called_something() -> None:
    assert (set(MESSAGES), set(WORDED), set(PLACES)) == (set(PREVIEWS), set(KINDS), set(ALL_PLACES))


def test_words_are_tried_on_a_whole_message_then_kept_and_taken_back(house: House) -> None:
    page = house.page(f"{HERE}?kind=shipped&language=de")
    assert "{order}" in page
    assert "{date}" not in page, "nothing stands for it in this message"
    words = {"kind": "shipped", "language": "de", "opening": f"{EVIL} {{customer}}", "closing": "Bis bald,\r\n{shop}"}
    tried = house.give(HERE, do="look", was=mark(page), **words, order="A-1")
    shown = read(tried)
    assert tried.status == 200
    assert "<img src=x onerror=alert(1)>\"'&{7*7} Ada Byron" in shown, "the text of the message"
    assert "<img" not in tried.body.decode()
    frame = re.search(r'<iframe class="mail-frame" sandbox src="([^"]*)"', shown)
    assert frame is not None
    drawn = house.ask("GET", unescape(frame[1])).body.decode()
    assert "Ada Byron" in drawn
    assert "Bis bald, Your shop" in drawn
    assert "<img" not in drawn
    assert kept(house) == []
    assert house.give(HERE, do="put_wording", was=mark(page), **words).status == 303
    assert kept(house) == [
        {"kind": "shipped", "language": "de", "opening": f"{EVIL} {{customer}}", "closing": "Bis bald, {shop}"}
    ]
    again = house.page(f"{HERE}?kind=shipped&language=de")
    assert f"{EVIL} {{customer}}</textarea>" in again
    assert (
        house.give(
            HERE, do="put_wording", was=mark(again), kind="shipped", language="de", opening="", closing=""
        ).status
        == 303
    )
    assert kept(house) == []


def test_what_cannot_be_said_is_refused_at_its_field_with_what_can(house: House) -> None:
    was = mark(house.page(f"{HERE}?kind=delay&language=en"))
    for word in ("look", "put_wording"):
        for closing, why in (
            ("By {datum}", "{datum} is no place: use {customer}, {order}, {item}, {date}, {shop}, {link}, {contact}"),
            ("See https://example.com", "no addresses of pages"),
            ("A { alone", "a { stands alone"),
            ("x" * 501, "At most 500 letters."),
        ):
            reply = house.give(HERE, do=word, was=was, kind="delay", language="en", closing=closing)
            page = read(reply)
            assert reply.status == 422
            wrong = re.search(r'id="closing-wrong" role="alert">([^<]*)<', page)
            assert wrong is not None
            assert why.lower() in wrong[1].lower()
            assert f"{closing}</textarea>" in page
    assert 'name="opening"' not in house.page(f"{HERE}?kind=delay&language=en"), "the law speaks first"
    assert 'id="order-wrong"' in read(house.give(HERE, do="look", was=was, kind="delay", language="en", order="none"))
    assert kept(house) == []
    house.page(f"{HERE}?kind=none", status=404)


def test_nobody_puts_over_words_that_somebody_else_put_meanwhile(house: House) -> None:
    was = mark(house.page(f"{HERE}?kind=ready&language=fr"))
    mine = {"do": "put_wording", "was": was, "kind": "ready", "language": "fr"}
    assert house.give(HERE, **mine, closing="Merci").status == 303
    late = house.give(HERE, **mine, closing="Adieu")
    assert late.status == 409
    page = read(late)
    assert "At the end: Merci" in page
    assert "Adieu</textarea>" in page
    assert house.give(HERE, **{**mine, "was": mark(page)}, closing="Adieu").status == 303
    assert [one["closing"] for one in kept(house)] == ["Adieu"]


def test_a_language_that_cannot_say_what_the_law_asks_is_warned_of() -> None:
    text = '{% from "letter.html" import preview with context %}{{ preview(letter, look) }}'
    frame = pages.Frame("a", "admin", frozenset(), "system", "/", language("en"))
    letter = Preview(
        "short", "en", "de", "S", "T", "<p>H</p>", True, ["Please answer by {day}."], ["closing"], [], "us-ftc"
    )
    voice = pages._voice(frame.language)
    found = pages._environment().from_string(text).render(frame=frame, letter=letter, look=Look(), **voice)
    assert "the whole message goes out in English" in found
    assert "Please answer by {day}." in found
    assert "Words of yours are left out" in found
