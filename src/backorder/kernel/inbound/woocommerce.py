"""What WooCommerce's webhooks stand for: an order that is to be worked on, and one that is not any more.

An order is known by its number, a line by its id. Its status decides, whatever the topic: it is in what is signed.
"""

from decimal import Decimal
from typing import Any

from backorder.kernel.inbound.reading import Meant, Said, cancelled, is_exact, place, plain

TOPICS = ("order.created", "order.updated", "order.restored")
PLACED = {"processing", "on-hold"}
ENDED = {"cancelled", "refunded", "failed", "trash"}


def meant(topic: str, said: Said, source: str) -> Meant:
    """The commands for a delivery. Raises Malformed."""
    if topic not in TOPICS:
        return Meant([], f"{topic} is not taken from WooCommerce: only {', '.join(TOPICS)}")
    order, status = said.needed("number", 200), said.needed("status", 50)
    if status not in PLACED | ENDED:
        return Meant([], f"an order that is {status} is not placed or cancelled by it", order)
    lines = said.several("line_items")
    if status in ENDED:
        return cancelled(order, [line.needed("id", 200) for line in lines])
    if not lines:
        return Meant([], "nothing is in it", order)
    customer = _customer(said, source)
    return Meant([*customer, _order(order, said, lines, customer, source)], order=order, begins=True)


def _customer(said: Said, source: str) -> list[dict[str, Any]]:
    """The customer; guests are one each, known by their order."""
    who = said.inner("billing")
    if who is None:
        return []
    ident = said.text("customer_id", 100)
    name = " ".join(part for part in (who.text("first_name", 200), who.text("last_name", 200)) if part)
    known = ident if ident not in {None, "0"} else f"guest-{said.needed('number', 100)}"
    facts = {"name": name, "email": who.text("email", 320)}
    command = {"do": "put_customer", "customer": f"{source}-{known}"}
    return [command | {field: value for field, value in facts.items() if value}]


def _order(order: str, said: Said, lines: list[Said], customer: list[dict[str, Any]], source: str) -> dict[str, Any]:
    currency = said.needed("currency", 3)
    charges = {
        "shipping": said.amount("shipping_total", currency),
        "tax": None if said.flag("prices_include_tax") else said.amount("total_tax", currency),
        "discount": said.amount("discount_total", currency),
    }
    paid = said.amount("total", currency) if said.has("date_paid_gmt") or said.has("date_paid") else None
    shipping = said.inner("shipping")
    address = shipping if shipping is not None and shipping.has("country") else said.inner("billing")
    return {
        "do": "place_order",
        "order": order,
        "channel": source,
        "currency": currency,
        "ship_to": place(address, "country", "state"),
        "charges": {name: plain(amount) for name, amount in charges.items() if amount},
        "paid": plain(paid or Decimal(0)),
        "lines": [_line(line, currency) for line in lines],
    } | ({"customer": customer[0]["customer"]} if customer else {})


def _line(line: Said, currency: str) -> dict[str, Any]:
    """A line. Said is what all of its units cost: a price of one that is not exact is left out, not rounded."""
    quantity, whole = line.whole("quantity"), line.amount("subtotal", currency, exact=False)
    found: dict[str, Any] = {"line": line.needed("id", 200), "sku": line.needed("sku", 200), "quantity": quantity}
    price = None if whole is None or not quantity else whole / quantity
    return found | ({"unit_price": plain(price)} if price is not None and is_exact(price, currency) else {})
