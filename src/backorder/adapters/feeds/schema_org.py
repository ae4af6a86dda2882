"""schema.org: the product and its offer as JSON-LD, to stand in a page."""

from typing import Any

import msgspec

from backorder.kernel import money
from backorder.kernel.storefront import CROSSWALK, iso_day, starts
from backorder.queries.storefront import Front

_CONTEXT = "https://schema.org"
_IN_A_PAGE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def product(front: Front) -> dict[str, Any]:
    """The product with its offer; `availabilityStarts` is the day on which one more unit ships, where it waits."""
    one = front.one
    offer: dict[str, Any] = {"@type": "Offer", "availability": f"{_CONTEXT}/{CROSSWALK[one.state].schema_org}"}
    begins = iso_day(starts(one))
    if begins is not None:
        offer["availabilityStarts"] = begins
    if front.price is not None and front.currency is not None:
        offer |= {"price": money.text(front.price, front.currency), "priceCurrency": front.currency}
    named = {} if front.name is None else {"name": front.name}
    return {"@context": _CONTEXT, "@type": "Product", "sku": one.sku, **named, "offers": offer}


def in_a_page(front: Front) -> str:
    """The same as text for `<script type="application/ld+json">`: whatever the item is called, it does not end it."""
    text = msgspec.json.encode(product(front)).decode()
    return "".join(_IN_A_PAGE.get(letter, letter) for letter in text)
