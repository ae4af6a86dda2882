"""Shops in the console's settings: let send, given secrets, taken away; and what came of what they sent."""

import re
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from urllib.parse import urlencode

import pytest
from console_house import BEGUN, FORM, NOW, House, house_with, read
from inbound import SHOPIFY, shopify, shopify_order, woo, woo_order
from service import Client, Reply

from backorder.adapters.console import sources as words
from backorder.adapters.http.refusals import SENTENCES
from backorder.adapters.http.sources import LATELY
from backorder.commands import accounts, inbound
from backorder.kernel.calendars import moment_number
from backorder.kernel.phrases import understood
from backorder.queries.inbound import SourceWithDeliveries, source
from backorder.storage.db import open_database
from backorder.storage.inbound import Delivery

HERE = "/console/settings/shops"
EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}<script>"
MOMENT = moment_number(NOW)
NEW = {"do": "put_source", "new": "yes", "source": "oak", "form": "shopify", "account": "till"}


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_with(request.param, tmp_path_factory, NOW, BEGUN) as found:
        db = open_database(found.url)
        accounts.put_account(db, MOMENT, "till", kind="program", role="integration", by="test")
        db.close()
        yield found


def held(house: House, name: str = "oak") -> SourceWithDeliveries | None:
    db = open_database(house.url)
    found = source(db, name)
    db.close()
    return found


def sent(house: House, name: str, body: bytes, headers: dict[str, str]) -> Reply:
    with closing(house.service.client(None)) as client:
        return client.ask("POST", f"/v1/inbound/{name}", body, **headers)


def came(house: House, *found: Delivery) -> None:
    db = open_database(house.url)
    for one in found:
        inbound.record(db, one)
    db.close()


def mark(page: str) -> str:
    found = re.search(r'name="was" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def secret_of(page: str) -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    assert found is not None
    return found[0]


def test_a_shop_is_let_send_and_what_it_sent_is_shown(house: House) -> None:
    page = house.page(HERE)
    assert "No shop sends yet" in page
    assert '<option value="till">till (integration)</option>' in page
    put = house.give(HERE, **NEW, secret=SHOPIFY)
    assert put.status == 303, read(put)
    page = house.page(put.headers["location"])
    assert "The source is saved." in page
    assert SHOPIFY not in page
    assert f"http://127.0.0.1:{house.service.port}/v1/inbound/oak" in page
    assert "Nothing came from it yet." in page
    order = shopify_order("#1", "CHAIR", currency="USD")
    assert sent(house, "oak", order, shopify(order)).json["outcome"] == "done"
    wrong = shopify_order("#2", "STOOL", currency="USD")
    assert sent(house, "oak", wrong, shopify(wrong, ident="given-2")).json["outcome"] == "refused"
    page = house.page(f"{HERE}?source=oak")
    assert 'href="/console/orders/%231"' in page
    assert "unknown_item (STOOL)" in page
    assert "given-2" in page
    assert 'href="/console/orders/%232"' not in page, "it is no order"


def test_the_address_is_that_under_which_the_page_was_asked_for(house: House) -> None:
    assert house.give(HERE, **NEW).status == 303
    for host, there in (
        ("orders.example.com", "https://orders.example.com/v1/inbound/oak<"),
        ("localhost:8080", "http://localhost:8080/v1/inbound/oak<"),
        ("x<script>", ">/v1/inbound/oak<"),
    ):
        assert there in read(house.ask("GET", f"{HERE}?source=oak", Host=host)), host


def test_refused_deliveries_of_the_last_days_are_counted_and_those_that_came_right_are_not(house: House) -> None:
    house.give(HERE, **NEW)
    house.give(HERE, **{**NEW, "source": "woo", "form": "woocommerce"})
    came(
        house,
        Delivery("oak", "1", MOMENT - LATELY - 1, "orders/create", "", "refused", "#1", "why"),
        Delivery("oak", "2", MOMENT - LATELY, "orders/create", "", "refused", "#2", "why"),
        Delivery("oak", "3", MOMENT, "orders/create", "", "invalid", None, "why"),
        Delivery("oak", "4", MOMENT - 9, "orders/create", "", "refused", "#4", "why"),
        Delivery("oak", "4", MOMENT, "orders/create", "", "done", "#4", None),
        Delivery("oak", "5", MOMENT, "orders/cancelled", "", "early", "#5", "why"),
        Delivery("oak", "6", MOMENT, "orders/updated", "", "ignored", "#6", "why"),
    )
    rows = re.findall(r"<tr role=\"row\".*?</tr>", house.page(HERE))
    oak, shop = (next(row for row in rows if f"source={name}" in row) for name in ("oak", "woo"))
    assert '<span class="bad">1</span>' in oak
    assert "1 not readable" in oak
    assert "Tue 1 Dec, 04:00" in oak
    assert "has no secret yet" in oak
    assert "nothing yet" in shop
    page = house.page(f"{HERE}?source=oak")
    for said in ("done", "refused", "not readable", "too early", "ignored"):
        assert f">{said}</span>" in page


def test_a_secret_is_drawn_with_the_source_and_drawn_anew_once(house: House) -> None:
    made = house.give(HERE, **{**NEW, "source": "woo", "form": "woocommerce"})
    assert made.status == 200
    first = secret_of(read(made))
    page = house.page(f"{HERE}?source=woo")
    assert first not in page, "it is shown once"
    order = woo_order(currency="USD")
    assert sent(house, "woo", order, woo(order, secret=first)).status == 200
    again = house.give(HERE, **{**NEW, "source": "woo", "form": "woocommerce"})
    assert again.status == 422, "the page that answered was loaded again"
    assert "There is a source of this name" in read(again)
    turned = house.give(HERE, do="rotate_source", source="woo", was=mark(page))
    assert turned.status == 200
    second = secret_of(read(turned))
    assert "proves until Wed 2 Dec, 04:00" in read(turned)
    for key in (first, second):
        assert sent(house, "woo", order, woo(order, secret=key)).status == 200, "the one before proves for a day"
    late = house.give(HERE, do="rotate_source", source="woo", was=mark(page))
    assert late.status == 409, "two of them would take the shop's own away"
    assert "Its secret: another; the one before proves until Wed 2 Dec, 04:00" in read(late)
    assert "whsec_" not in read(late)
    assert sent(house, "woo", order, woo(order, secret=first)).status == 200


def test_a_source_is_changed_as_it_was_seen_and_deleted(house: House) -> None:
    house.give(HERE, **NEW)
    page = house.page(f"{HERE}?source=oak")
    assert "It has no secret yet." in page
    assert "Draw a new secret" not in page, "Shopify gives it"
    change = {"do": "put_source", "source": "oak", "was": mark(page)}
    assert house.give(HERE, **change, account="integration", secret=SHOPIFY).status == 303
    found = held(house)
    assert found is not None
    assert (found.form, found.account, found.has_secret) == ("shopify", "integration", True)
    stale = house.give(HERE, **change, account="till", secret="another that was pasted")
    assert stale.status == 409
    assert "The account as which it acts: integration" in read(stale)
    assert "Its secret: there is one" in read(stale)
    assert '<option value="till" selected>' in read(stale), "what was chosen is kept"
    assert "another that was pasted" not in read(stale)
    assert "Type it again" in read(stale)
    gone = house.give(HERE, do="delete_source", source="oak", was=mark(read(stale)))
    assert gone.status == 303
    assert "The source is deleted" in house.page(gone.headers["location"])
    assert held(house) is None
    house.page(f"{HERE}?source=oak", status=404)
    for word in ("put_source", "rotate_source", "delete_source"):
        late = house.give(HERE, do=word, source="oak", was="")
        assert late.status == 422
        assert read(late).count("There is no source of this name.") == 1
    assert "delete_source" in house.page("/console/audit")


def test_what_is_wrong_with_a_source_is_said_at_its_field(house: House) -> None:
    for said, field, why in (
        ({"source": "a b"}, "source", "A name has letters, digits"),
        ({"source": ""}, "source", "A name has letters, digits"),
        ({"secret": "short"}, "secret", "16 to 200 characters: the client secret of the app"),
        ({"secret": "x" * 201}, "secret", "At most 200 letters."),
        ({"form": "standard", "secret": "whsec_no"}, "secret", "whsec_ and 24 to 64 bytes"),
        ({"form": "magento"}, "form", "There is no such form: use standard"),
        ({"account": "nobody"}, "account", "Name the account of a program"),
        ({"account": EVIL}, "account", "Name the account of a program"),
    ):
        reply = house.give(HERE, **{**NEW, **said})
        assert reply.status == 422, said
        page = read(reply)
        wrong = re.search(rf'id="{field}-wrong" role="alert">([^<]*)<', page)
        assert wrong is not None, said
        assert why in wrong[1]
        assert "whsec_no" not in page
        assert b"<img" not in reply.body
    page = read(house.give(HERE, **{**NEW, "source": EVIL}))
    assert EVIL in page, "what was typed stays"
    assert held(house) is None
    assert house.give(HERE, **{**NEW, "source": "\0"}).status == 422
    assert house.give(HERE, do="dance", source="oak").status == 422
    house.give(HERE, **NEW)
    turned = house.give(HERE, do="rotate_source", source="oak", was=mark(house.page(f"{HERE}?source=oak")))
    assert turned.status == 422, "Shopify gives it"


def test_every_refusal_is_a_phrase_and_every_form_and_state_has_words() -> None:
    for text in inbound.SECRETS.values():
        assert understood(f"A secret of this form is {text}.", SENTENCES) is not None
    assert words.TONES.keys() <= words.STATES.keys()


def test_what_a_shop_wrote_is_text(house: House) -> None:
    house.give(HERE, **NEW)
    came(house, Delivery("oak", "1", MOMENT, EVIL, EVIL, "done", EVIL, EVIL))
    reply = house.ask("GET", f"{HERE}?source=oak")
    assert b"<img" not in reply.body
    assert b"<script>" not in reply.body
    assert unescape(reply.body.decode()).count(EVIL) == 4


def test_a_source_whose_account_is_disabled_says_so(house: House) -> None:
    house.give(HERE, **NEW, secret=SHOPIFY)
    assert house.give("/console/settings/users", do="disable_account", account="till").status == 303
    page = house.page(f"{HERE}?source=oak")
    assert "till is disabled. Nothing that it sends is taken." in page
    assert '<option value="till" selected>' in page, "it is the one that it has"


def test_nobody_lets_a_shop_do_more_than_they_may_themselves(house: House) -> None:
    house.give(HERE, **NEW)
    page = house.page(f"{HERE}?source=oak")
    db = open_database(house.url)
    token = accounts.issue_token(db, MOMENT, "admin", scopes=["accounts.write", "outbox.read"], by="test")
    db.close()
    forms = [{**NEW, "source": "other"}, *({"do": word, "source": "oak", "was": mark(page)} for word in
             ("put_source", "delete_source"))]  # fmt: skip
    with closing(Client(house.service.port, token)) as client:
        for form in forms:
            body = urlencode({"account": "till", **form}).encode()
            reply = client.ask("POST", HERE, body, **FORM)
            assert reply.status == 422
            assert read(reply).count("The source's account may do more than you may yourself.") == 1
    assert held(house) is not None
    assert held(house, "other") is None


def test_shops_are_for_whoever_may_read_what_came_and_put_by_whoever_may_give_accounts(house: House) -> None:
    house.give(HERE, **NEW)
    for role, may in (("planner", True), ("service_agent", True), ("viewer", False), ("integration", False)):
        house.page(HERE, role, 200 if may else 403)
        assert (HERE in house.page("/console/settings", role)) is may
        body = urlencode({"do": "delete_source", "source": "oak"}).encode()
        assert house.ask("POST", HERE, body, role, **FORM).status == 403
    page = house.page(f"{HERE}?source=oak", "planner")
    assert "/v1/inbound/oak" in page
    assert 'name="do" value="delete_source"' not in page
    assert "till (integration)" not in page, "which accounts there are is not for them"
    assert 'value="put_source"' not in house.page(HERE, "planner")
    body = urlencode({**NEW, "source": "other"}).encode()
    for site in ("cross-site", "same-site"):
        assert house.ask("POST", HERE, body, **{**FORM, "Sec_Fetch_Site": site}).status == 403
    assert held(house, "other") is None
