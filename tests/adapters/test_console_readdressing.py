"""An order goes elsewhere, and its customer is reached otherwise, from its page; and what was done is taken back."""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

import pytest
from console_house import BEGUN, FORM, NOW, House, house_with, read

from backorder.queries.destinations import destined
from backorder.storage.db import open_database

ORDER = "/console/orders/A-1"
ON = {"do": "put_communication", "rules": [], "answers": "0800 1", "contact": "help@example.com", "charging": "Now."}
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, [ON, *BEGUN]) as found:
        yield found


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def give(house: House, word: str, page: str | None = None, **said: str) -> Any:
    return house.give(ORDER, do=word, seen=hidden(page or house.page(ORDER), "seen"), **said)


def clocks(house: House) -> list[str]:
    db = open_database(house.url)
    found = destined(db, "A-1")
    db.close()
    assert found is not None
    return found.running


def test_a_change_of_law_is_said_before_an_order_goes_elsewhere(house: House) -> None:
    page = house.page(ORDER)
    assert "United States, Mail, Internet" in page
    assert clocks(house) == ["us-ftc"]
    first = give(house, "readdress", page, country="DE", by="customer", reason="moved")
    assert first.status == 200
    shown = read(first)
    assert "Nothing is done yet." in shown
    assert re.search(r"clocks begin by: <b class=\"strong\">eu</b>", shown)
    assert "Clocks that run go on: us-ftc." in shown
    assert clocks(house) == ["us-ftc"]
    sure = give(house, "readdress", shown, country="DE", by="customer", reason="moved", law=hidden(shown, "law"))
    assert sure.status == 303, read(sure)
    assert clocks(house) == ["eu", "us-ftc"]
    assert "The order goes there from now on." in house.page(sure.headers["location"])
    assert give(house, "readdress", country="US").status == 303, "no other clock begins: it is done at once"
    other = give(house, "readdress", country="GB", law="eu")
    assert (other.status, clocks(house)) == (200, ["eu", "us-ftc"]), "another law was looked at"
    assert "Nothing is done yet." in read(other)


def test_a_place_that_is_none_is_refused_and_nobody_who_may_not_sends_it(house: House) -> None:
    for said, why in (
        ({"country": "Germany"}, "DE"),
        ({"country": "US", "region": "Texas"}, "ISO 3166-2"),
        ({"country": "US", "zone": "Moon/Sea"}, "Europe/London"),
    ):
        refused = give(house, "readdress", **said)
        assert refused.status == 422
        assert why in read(refused)
        for typed in said.values():
            assert f'value="{typed}"' in read(refused)
    body = f"do=readdress&country=US&seen={hidden(house.page(ORDER), 'seen')}".encode()
    assert house.ask("POST", ORDER, body, "viewer", **FORM).status == 403
    assert "Send it there" not in house.page(ORDER, "viewer")
    assert clocks(house) == ["us-ftc"]


def test_a_customer_is_reached_otherwise_and_never_over_somebody_else(house: House) -> None:
    page = house.page(ORDER)
    was = hidden(page, "was")
    said = {"name": EVIL, "email": "ada@example.com", "language": "de", "was": was}
    done = give(house, "put_customer", **said)
    assert done.status == 303, read(done)
    there = json.loads(house.ask("GET", "/v1/customers/ada").body)
    assert (there["name"], there["email"], there["language"]) == (EVIL, "ada@example.com", "de")
    again = house.ask("GET", ORDER).body.decode()
    assert "<img src=x" not in again
    assert escape(EVIL, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in again
    late = give(house, "put_customer", name="Me", email="", language="", was=was)
    assert late.status == 422
    assert "Somebody changed this meanwhile" in read(late)
    assert "ada@example.com" not in house.page(ORDER, "viewer")
    assert 'name="email"' not in house.page(ORDER, "viewer")


def test_what_was_done_is_taken_back_by_the_form_beside_the_note(house: House) -> None:
    for word, said, inverse in (
        ("hold_order", {"kind": "fraud"}, "release_order"),
        ("change_order", {"ship": "complete"}, "change_order"),
    ):
        done = give(house, word, **said)
        assert done.status == 303, read(done)
        page = house.page(done.headers["location"])
        note = page[page.index('class="banner is-ok"') :].partition("</form>")[0]
        assert f'name="do" value="{inverse}"' in note
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', note))
        back = house.give(ORDER, **fields)
        assert back.status == 303, read(back)
    found = json.loads(house.ask("GET", "/v1/orders/A-1").body)
    assert (found["ship"], found["lines"][0]["held"]) == ("when_ready", False)
    assert give(house, "hold_order", kind="fraud").status == 303
    page = house.page(f"{ORDER}?done=hold_order&back=fraud")
    assert give(house, "cancel_order", by="merchant").status == 303
    late = house.give(ORDER, do="release_order", kind="fraud", seen=hidden(page, "seen"))
    assert late.status == 409, "somebody else was there meanwhile"
    assert 'value="Undo"' not in house.page(f"{ORDER}?done=cancel_order&back=x"), "what has no inverse offers none"
