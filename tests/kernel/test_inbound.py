"""What shops send: what proves it, what does not, and which commands it stands for."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inbound import SHOPIFY, STANDARD, WOO, mac, shopify, shopify_order, standard, woo, woo_order

from backorder.commands import decode
from backorder.commands._batch import Command
from backorder.kernel.inbound import shopify as of_shopify
from backorder.kernel.inbound import standard as of_standard
from backorder.kernel.inbound import woocommerce as of_woo
from backorder.kernel.inbound.forms import FORMS, TOLERANCE, Proven, Unproven, prove
from backorder.kernel.inbound.reading import Malformed, Said

NOW = 1_796_115_600  # 2026-12-01 09:00 UTC
AT = datetime.fromtimestamp(NOW, UTC)
SIGNED = {"shopify": (shopify, SHOPIFY), "woocommerce": (woo, WOO), "standard": (standard, STANDARD)}


def proven(
    form: str, body: bytes, said: dict[str, str] | list[tuple[str, str]], *secrets: str, now: int = NOW
) -> Proven:
    pairs = list(said.items()) if isinstance(said, dict) else said
    headers = [(name.replace("_", "-").lower(), value) for name, value in pairs]
    known = secrets or (SIGNED[form][1],)
    return prove(FORMS[form], lambda name: [value for key, value in headers if key == name], body, known, now)


def headers(form: str, body: bytes, **said: Any) -> dict[str, str]:
    sign: Any = SIGNED[form][0]
    return sign(body, **({"at": AT} if form == "standard" else {}) | said)


def test_the_signature_of_a_known_body_is_the_one_that_openssl_gives() -> None:
    """printf '{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef -binary | base64"""
    assert mac("0123456789abcdef", b'{"a":1}') == OPENSSL
    said = {"X-Shopify-Hmac-Sha256": OPENSSL, "X-Shopify-Topic": "orders/create"}
    assert proven("shopify", b'{"a":1}', said, "0123456789abcdef").topic == "orders/create"


OPENSSL = "HHb7uTDTqosWM3KPriEsaMpopnUrsxm5i+b+F+hs9bg="


@pytest.mark.parametrize("form", FORMS)
def test_what_is_signed_is_proven_and_nothing_else(form: str) -> None:
    body = b'{"name": "#1"}'
    good = headers(form, body)
    assert proven(form, body, good)
    assert proven(form, body, good, "another secret of theirs", SIGNED[form][1]), "one of several secrets is enough"
    for at in range(len(body)):
        for bit in (1, 0x20):
            changed = bytes([*body[:at], body[at] ^ bit, *body[at + 1 :]])
            with pytest.raises(Unproven):
                proven(form, changed, good)
    for secrets in (["another secret of somebody"], []):
        with pytest.raises(Unproven):
            prove(FORMS[form], lambda name: [dict_of(good).get(name, "")], body, secrets, NOW)


def dict_of(said: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").lower(): value for name, value in said.items()}


@pytest.mark.parametrize("form", FORMS)
def test_headers_that_are_missing_doubled_or_no_text_prove_nothing(form: str) -> None:
    body = b"{}"
    good = headers(form, body)
    shape = FORMS[form]
    for name in good:
        key = name.replace("_", "-").lower()
        if key not in {shape.signature, shape.ident, shape.topic, shape.timestamp}:
            continue
        for wrong in (["", ""], ["x\x00"], ["é"], ["a" * 3_000]):
            pairs = [(other, value) for other, value in good.items() if other != name] + [(name, one) for one in wrong]
            with pytest.raises(Unproven, match=key):
                proven(form, body, pairs)
        doubled = [*good.items(), (name, good[name])]
        with pytest.raises(Unproven, match="2 times"):
            proven(form, body, doubled)


@pytest.mark.parametrize("away", [-TOLERANCE - 1, TOLERANCE + 1, 86_400 * 365])
def test_a_moment_that_is_too_far_away_is_refused_with_how_far(away: int) -> None:
    with pytest.raises(Unproven, match=f"{abs(away)} seconds"):
        proven("standard", b"{}", headers("standard", b"{}"), now=NOW + away)
    assert proven("standard", b"{}", headers("standard", b"{}"), now=NOW + TOLERANCE)


def test_the_moment_and_the_id_are_signed() -> None:
    good = headers("standard", b"{}")
    for name, said in (("Webhook_Timestamp", str(NOW + 1)), ("Webhook_Id", "msg_2")):
        with pytest.raises(Unproven, match="does not prove"):
            proven("standard", b"{}", good | {name: said})


def test_without_a_signed_id_a_delivery_is_known_by_its_body_and_topic() -> None:
    one, again, other = (headers("shopify", b"{}", ident=ident) for ident in ("1", "1", "2"))
    assert proven("shopify", b"{}", one).ident == proven("shopify", b"{}", again).ident
    assert proven("shopify", b"{}", one).ident == proven("shopify", b"{}", other).ident, "the header can say anything"
    assert proven("shopify", b"{ }", headers("shopify", b"{ }")).ident != proven("shopify", b"{}", one).ident


def commands(meant: Any) -> list[dict[str, Any]]:
    """The commands of a delivery, which can all be read."""
    for said in meant.commands:
        assert isinstance(decode(said), Command), decode(said)
    return meant.commands  # type: ignore[no-any-return]  # of a test


def test_an_order_of_shopify() -> None:
    meant = of_shopify.meant("orders/create", Said(json.loads(shopify_order())), "oak")
    customer, order = commands(meant)
    assert customer == {
        "do": "put_customer", "customer": "oak-115310627314723954", "name": "Jon Snöw", "email": "jon@example.com",
        "language": "de-DE",
    }  # fmt: skip
    assert order == {
        "do": "place_order", "order": "#1001", "channel": "oak", "currency": "EUR", "paid": "409.94",
        "customer": "oak-115310627314723954", "ship_to": {"country": "US", "region": "CA"},
        "charges": {"shipping": "7.94", "tax": "5.00", "discount": "1.00"},
        "lines": [{"line": "866550311766439020", "sku": "CHAIR", "quantity": 2, "unit_price": "199.00"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "paid"),
    [
        ({"financial_status": "pending"}, "0"),
        ({"financial_status": "partially_paid", "total_outstanding": "400.00"}, "9.94"),
        ({"financial_status": "partially_paid"}, "0"),
        ({"financial_status": "authorized"}, "0"),
    ],
)
def test_what_was_paid_is_what_the_order_says(fields: dict[str, str], paid: str) -> None:
    meant = of_shopify.meant("orders/create", Said(json.loads(shopify_order(**fields))), "oak")
    assert commands(meant)[1]["paid"] == paid


def test_tax_that_is_in_the_prices_is_no_charge() -> None:
    said = Said(json.loads(shopify_order(taxes_included=True, customer=None)))
    (order,) = commands(of_shopify.meant("orders/create", said, "oak"))
    assert order["charges"] == {"shipping": "7.94", "discount": "1.00"}
    assert "customer" not in order


def test_what_is_not_taken_is_said() -> None:
    for topic, fields, why in (
        ("products/create", {}, "not taken from Shopify"),
        ("orders/create", {"test": True}, "test order"),
        ("orders/updated", {}, "other changes"),
        ("orders/cancelled", {}, "not cancelled"),  # the topic is not signed, the body is
        ("orders/create", {"line_items": []}, "nothing in it is shipped"),
    ):
        meant = of_shopify.meant(topic, Said(json.loads(shopify_order(**fields))), "oak")
        assert meant.commands == []
        assert why in meant.why
    for topic, status, why in (("product.updated", "processing", "not taken"), ("order.created", "pending", "pending")):
        meant = of_woo.meant(topic, Said(json.loads(woo_order(status=status))), "oak")
        assert meant.commands == []
        assert why in meant.why


@pytest.mark.parametrize("topic", ["orders/cancelled", "orders/updated", "orders/create"])
def test_a_cancelled_order_of_shopify_cancels_its_lines(topic: str) -> None:
    said = Said(json.loads(shopify_order(cancelled_at="2026-12-02T09:00:00+01:00")))
    (cancel,) = commands(of_shopify.meant(topic, said, "oak"))
    assert cancel == {"do": "cancel_line", "order": "#1001", "line": "866550311766439020", "by": "customer"}


def test_an_order_of_woocommerce() -> None:
    customer, order = commands(of_woo.meant("order.created", Said(json.loads(woo_order())), "oak"))
    assert customer == {"do": "put_customer", "customer": "oak-26", "name": "John Doe", "email": "john@example.com"}
    assert order == {
        "do": "place_order", "order": "727", "channel": "oak", "currency": "USD", "paid": "29.35", "customer": "oak-26",
        "ship_to": {"country": "US", "region": "CA"}, "charges": {"shipping": "10.00", "tax": "1.35"},
        "lines": [{"line": "315", "sku": "CHAIR", "quantity": 3, "unit_price": "6.00"}],
    }  # fmt: skip
    guest = json.loads(woo_order(customer_id=0, shipping={"country": ""}, date_paid_gmt=None))
    customer, order = commands(of_woo.meant("order.updated", Said(guest), "oak"))
    assert customer["customer"] == order["customer"] == "oak-guest-727"
    assert order["ship_to"] == {"country": "US", "region": "NY"}
    assert order["paid"] == "0"


def test_a_price_that_is_not_exact_is_left_out() -> None:
    lines = [{"id": 1, "sku": "A", "quantity": 3, "subtotal": "10.00"}]
    order = commands(of_woo.meant("order.created", Said(json.loads(woo_order(line_items=lines))), "oak"))[1]
    assert order["lines"] == [{"line": "1", "sku": "A", "quantity": 3}]


@pytest.mark.parametrize("status", ["cancelled", "refunded", "failed", "trash"])
def test_an_order_of_woocommerce_that_ended_cancels_its_lines(status: str) -> None:
    (cancel,) = commands(of_woo.meant("order.updated", Said(json.loads(woo_order(status=status))), "oak"))
    assert cancel == {"do": "cancel_line", "order": "727", "line": "315", "by": "customer"}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, "name"),
    ({"name": ["#1"]}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"currency": "EURO"}, "currency"),
    ({"line_items": "none"}, "line_items"),
    ({"line_items": ["x"]}, "line_items[0]"),
    ({"line_items": [{}] * 1_001}, "line_items"),
    ({"line_items": [{"id": 1, "quantity": 1, "price": "1"}]}, "line_items[0].sku"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": "1"}]}, "line_items[0].quantity"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": True}]}, "line_items[0].quantity"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": 1.5}]}, "line_items[0].quantity"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": -1}]}, "line_items[0].quantity"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": 1, "price": "1.005"}]}, "line_items[0].price"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": 1, "price": "NaN"}]}, "line_items[0].price"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": 1, "price": "1e999999"}]}, "line_items[0].price"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": 1, "price": "1e-999999"}]}, "line_items[0].price"),
    ({"line_items": [{"id": 1, "sku": "A", "quantity": 1, "price": {"a": 1}}]}, "line_items[0].price"),
    ({"customer": "Jon"}, "customer"),
    ({"customer": {"first_name": "Jon"}}, "customer.id"),
    ({"customer": {"id": 1, "first_name": {"a": 1}}}, "customer.first_name"),
    ({"shipping_address": {"country_code": "Germany"}}, "shipping_address.country_code"),
    ({"total_shipping_price_set": {"shop_money": []}}, "total_shipping_price_set.shop_money"),
    ({"total_price": "a lot"}, "total_price"),
]


@pytest.mark.parametrize(("fields", "field"), BAD)
def test_what_is_not_as_it_should_be_is_refused_by_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as refused:
        of_shopify.meant("orders/create", Said(json.loads(shopify_order(**fields))), "oak")
    assert refused.value.field == field
    assert str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(sorted(json.loads(shopify_order()))), JSON)
def test_whatever_a_field_says_it_is_read_or_refused(name: str, value: object) -> None:
    for read, topic, whole in (
        (of_shopify.meant, "orders/create", shopify_order()),
        (of_woo.meant, "order.created", woo_order()),
        (of_standard.meant, "place_order", b'{"type": "place_order", "data": {}}'),
    ):
        said = json.loads(whole) | {name: value, "number" if name == "name" else "data": value}
        try:
            meant = read(topic, Said(said), "oak")
        except Malformed:
            continue
        for command in meant.commands:
            decode(command)  # a command or an outcome that says what is wrong


def test_a_command_of_a_program_of_the_shop_s_own() -> None:
    body = {"type": "watch_item", "timestamp": "2026-12-01T09:00:00Z", "data": {"sku": "CHAIR", "watch": "1"}}
    assert of_standard.topic(Said(body)) == "watch_item"
    assert of_standard.meant("watch_item", Said(body), "own").commands == [
        {"do": "watch_item", "sku": "CHAIR", "watch": "1"}
    ]
    assert of_standard.meant("put_account", Said(body), "own").commands == []
    for name in ("do", "id", "at", "bound_to"):
        with pytest.raises(Malformed) as refused:
            of_standard.meant("watch_item", Said({"data": {name: "x"}}), "own")
        assert refused.value.field == f"data.{name}"
