"""What Shopify's webhooks stand for: an order that was created, and one that was cancelled.

An order is known by its name (#1001), as in Shopify's export, a line by its id. What the topic says is not signed, so
that an order was cancelled counts only where the body says it.
"""

from decimal import Decimal
from typing import Any

from backorder.kernel.inbound.reading import Meant, Said, cancelled, place, plain

TOPICS = ("orders/create", "orders/cancelled", "orders/updated")
_NAMES = "first_name", "last_name"


def meant(topic: str, said: Said, source: str) -> Meant:
    """The commands for a delivery. Raises Malformed."""
    if topic not in TOPICS:
        return Meant([], f"{topic} is not taken from Shopify: only {', '.join(TOPICS)}")
    order = said.needed("name", 200)
    if said.flag("test"):
        return Meant([], "it is a test order", order)
    lines = [line for line in said.several("line_items") if line.flag("requires_shipping", otherwise=True)]
    if said.has("cancelled_at"):
        return cancelled(order, [line.needed("id", 200) for line in lines])
    if topic != "orders/create":
        return Meant([], "it is not cancelled, and other changes are not taken over", order)
    if not lines:
        return Meant([], "nothing in it is shipped", order)
    customer = _customer(said, source)
    return Meant([*customer[:1], _order(order, said, lines, customer, source)], order=order, begins=True)


def _customer(said: Said, source: str) -> list[dict[str, Any]]:
    who = said.inner("customer")
    if who is None:
        return []
    name = " ".join(part for part in (who.text(one, 200) for one in _NAMES) if part)
    command: dict[str, Any] = {"do": "put_customer", "customer": f"{source}-{who.needed('id', 100)}"}
    language = said.text("customer_locale", 20)
    facts = {"name": name, "email": who.text("email", 320) or said.text("email", 320), "language": language}
    return [command | {field: value for field, value in facts.items() if value}]


def _order(order: str, said: Said, lines: list[Said], customer: list[dict[str, Any]], source: str) -> dict[str, Any]:
    currency = said.needed("currency", 3)
    return {
        "do": "place_order",
        "order": order,
        "channel": source,
        "currency": currency,
        "ship_to": place(said.inner("shipping_address"), "country_code", "province_code"),
        "charges": _charges(said, currency),
        "paid": plain(_paid(said, currency)),
        "lines": [_line(line, currency) for line in lines],
    } | ({"customer": customer[0]["customer"]} if customer else {})


def _line(line: Said, currency: str) -> dict[str, Any]:
    price = line.amount("price", currency)
    found = {"line": line.needed("id", 200), "sku": line.needed("sku", 200), "quantity": line.whole("quantity")}
    return found | ({} if price is None else {"unit_price": plain(price)})


def _charges(said: Said, currency: str) -> dict[str, str]:
    tax = None if said.flag("taxes_included") else said.amount("total_tax", currency)
    prices = said.inner("total_shipping_price_set")
    money = None if prices is None else prices.inner("shop_money")
    shipping = None if money is None else money.amount("amount", currency)
    found = {"shipping": shipping, "tax": tax, "discount": said.amount("total_discounts", currency)}
    return {name: plain(amount) for name, amount in found.items() if amount}


def _paid(said: Said, currency: str) -> Decimal:
    """What was paid by now, as far as the order says it."""
    whole = said.amount("total_price", currency) or Decimal(0)
    state = said.text("financial_status", 50)
    if state == "paid":
        return whole
    outstanding = said.amount("total_outstanding", currency)
    return whole - outstanding if state == "partially_paid" and outstanding is not None else Decimal(0)
