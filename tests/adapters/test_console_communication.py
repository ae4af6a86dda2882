"""How customers are told, in the console: every field, tried on a message before it is kept, and never over others."""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from console_house import BEGUN, FORM, NOW, House, house_with, read

from backorder.adapters.console import communication as form
from backorder.commands.communication import PutCommunication
from backorder.languages import known

HERE = "/console/settings/communication"
SAYS = {"answers": "0800 123", "contact": "help@example.com", "charging": "Your card was charged when you ordered."}
EVIL = "<script>alert(1)</script>{customer}"


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, BEGUN) as found:
        yield found


def said(house: House) -> dict[str, Any]:
    found = json.loads(house.ask("GET", "/v1/communication").body)
    assert isinstance(found, dict)
    return found


def filled(page: str, **more: str | list[str]) -> dict[str, str | list[str]]:
    """The form of a page as it stands in it, with what somebody types into it."""
    found: dict[str, str | list[str]] = dict(
        re.findall(r'<input class="input"[^>]* name="(\w+)" value="([^"]*)"', page)
    )
    found |= dict(re.findall(r'<input type="hidden" name="(was)" value="([^"]*)"', page))
    found |= {"on": "yes"} if 'name="on" value="yes" checked' in page else {}
    found["rules"] = re.findall(r'name="rules" value="([^"]*)" checked', page)
    return {"do": "put_communication", **found, **more}


def test_every_field_of_the_command_is_in_the_form() -> None:
    mine = {*form.FIELDS, "rules", "wordings", "translations"}
    assert {f"{name}_{code}" for name in form.TRANSLATED for code in known()} < form.NAMES.keys()
    assert mine == set(PutCommunication.__struct_fields__) - {"id", "at", "bound_to"}


def test_what_is_typed_is_kept_and_the_audit_trail_says_by_whom(house: House) -> None:
    page = house.page(HERE)
    assert "Turned on, every open order is looked at" in page
    reply = house.give(
        HERE, **filled(page, **SAYS, on="yes", rules=["b2b"], shop_name="Tansy & Oak", wait_minutes="45")
    )
    assert reply.status == 303, read(reply)
    found = said(house)
    assert (found["rules"], found["shop_name"], found["wait_minutes"], found["margin_days"]) == (
        ["b2b"],
        "Tansy & Oak",
        45,
        3,
    )
    again = house.page(reply.headers["location"])
    assert "It is kept." in again
    assert "put_communication" in house.page("/console/audit")
    assert house.give(HERE, **filled(again, on="", shop_name="")).status == 303
    found = said(house)
    assert (found["rules"], found["shop_name"], found["answers"]) == (None, None, SAYS["answers"])


def test_customers_are_told_in_their_languages_where_the_shop_says_it_in_them(house: House) -> None:
    page = house.page(HERE)
    assert house.give(HERE, **filled(page, **SAYS, charging_de="Wir haben Ihre Karte belastet.")).status == 303
    spoken = {"language": "de", "answers": None, "charging": "Wir haben Ihre Karte belastet."}
    assert said(house)["translations"] == [spoken]
    assert house.give(HERE, **filled(house.page(HERE), charging_de="")).status == 303
    assert said(house)["translations"] == []


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"colour": "#ffcc00"}, "colour", "contrast of 1.51:1"),
    ({"wait_minutes": "soon"}, "wait_minutes", "Give a whole number from 0 to 1,440."),
    ({"heartbeat_days": "0"}, "heartbeat_days", "Give a whole number from 1 to 365."),
    ({"on": "yes", "answers": ""}, "answers", "Say where customers answer at your expense"),
    ({"charging": "x" * 501}, "charging", "At most 500 letters."),
    ({"on": "yes", "rules": ["none"], **SAYS}, "rules", "None is no rule pack"),
]


def test_what_cannot_be_is_refused_at_its_field_and_stays_typed(house: House) -> None:
    before = said(house)
    first = house.page(HERE)
    for typed, field, why in REFUSED:
        reply = house.give(HERE, **filled(first, **typed))
        assert reply.status == 422, typed
        page = read(reply)
        assert re.search(rf'id="{field}-wrong" role="alert">[^<]*{re.escape(why)}', page), page
        if field != "rules":
            assert f'value="{typed[field]}"' in page
    assert said(house) == before


def test_a_message_shows_what_is_typed_and_keeps_nothing(house: House) -> None:
    before = said(house)
    page = read(
        house.give(HERE, **filled(house.page(HERE), do="look", **SAYS, shop_name=EVIL, kind="long", order="A-1"))
    )
    assert "Answering costs you nothing: 0800 123" in page
    assert "order A-1" in page
    assert "<script>alert" not in page.replace(EVIL, "")
    frame = re.search(r'<iframe class="mail-frame" sandbox src="([^"]*)"', page)
    assert frame is not None
    drawn = house.ask("GET", unescape(frame[1]))
    assert drawn.status == 200
    assert "&lt;script&gt;alert(1)" in drawn.body.decode()
    assert "<script" not in drawn.body.decode()
    policy = drawn.headers["content-security-policy"]
    assert "sandbox" in policy
    assert "frame-ancestors 'self'" in policy
    assert "frame-src 'self'" in house.ask("GET", HERE).headers["content-security-policy"]
    assert said(house) == before
    none = house.give(HERE, **filled(house.page(HERE), do="look", order="none"))
    assert 'id="order-wrong"' in read(none)


def test_nobody_puts_over_what_somebody_else_put_meanwhile(house: House) -> None:
    page = house.page(HERE)
    assert house.give(HERE, **filled(page, **SAYS)).status == 303
    late = house.give(HERE, **filled(page, contact="me@example.com", shop_name="Mine"))
    assert late.status == 409
    shown = read(late)
    assert "Somebody changed this meanwhile" in shown
    assert "Whom they ask: help@example.com" in shown
    assert 'value="Mine"' in shown
    assert said(house)["shop_name"] is None
    assert house.give(HERE, **filled(shown)).status == 303
    assert (said(house)["contact"], said(house)["shop_name"]) == ("me@example.com", "Mine")


def test_who_may_look_may_try_and_not_keep(house: House) -> None:
    page = house.page(HERE, "viewer")
    assert "Save" not in page
    body = "do=put_communication&shop_name=Mine&was=" + (re.findall(r'name="was" value="([^"]*)"', page)[0])
    assert house.ask("POST", HERE, body.encode(), "viewer", **FORM).status in {403, 409}
    assert said(house)["shop_name"] is None
    assert "Ada Byron" in house.page("/console/settings/letter?kind=shipped&order=A-1")
    house.page("/console/settings/letter?kind=shipped&colour=red;}*{x:y", status=422)
    assert (
        house.ask("POST", HERE, b"do=look&kind=short", "viewer", **{**FORM, "Sec_Fetch_Site": "cross-site"}).status
        == 403
    )
