"""What shops send, signed as they sign it, by the words of their manuals and not by our code."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook

SHOPIFY = "shpss_0123456789abcdef0123456789abcdef"
WOO = "a secret of a webhook, chosen by hand"
STANDARD = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def mac(secret: str, body: bytes) -> str:
    """HMAC-SHA256 in base64, as both shops write it."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def shopify(
    body: bytes, topic: str = "orders/create", secret: str = SHOPIFY, ident: str = "b54557e4"
) -> dict[str, str]:
    """The headers of Shopify."""
    return {"X_Shopify_Hmac_Sha256": mac(secret, body), "X_Shopify_Topic": topic, "X_Shopify_Webhook_Id": ident,
            "X_Shopify_Shop_Domain": "oak.myshopify.com"}  # fmt: skip


def woo(body: bytes, topic: str = "order.created", secret: str = WOO, ident: str = "9f0") -> dict[str, str]:
    """The headers of WooCommerce."""
    return {"X_WC_Webhook_Signature": mac(secret, body), "X_WC_Webhook_Topic": topic, "X_WC_Webhook_Delivery_ID": ident,
            "X_WC_Webhook_Source": "https://oak.example/"}  # fmt: skip


def standard(body: bytes, ident: str = "msg_1", at: datetime | None = None, secret: str = STANDARD) -> dict[str, str]:
    """The headers of Standard Webhooks, signed by the library of the specification."""
    moment = at or datetime.now(UTC)
    signed = Webhook(secret).sign(ident, moment, body.decode())
    return {"Webhook_Id": ident, "Webhook_Timestamp": str(int(moment.timestamp())), "Webhook_Signature": signed}


def shopify_order(name: str = "#1001", sku: str = "CHAIR", **fields: Any) -> bytes:
    """An order as Shopify sends it, as far as we read it, with some of the rest."""
    said = {
        "id": 820982911946154508, "name": name, "created_at": "2026-12-01T09:00:00+01:00", "cancelled_at": None,
        "currency": "EUR", "email": "jon@example.com", "customer_locale": "de-DE", "financial_status": "paid",
        "total_price": "409.94", "total_tax": "5.00", "taxes_included": False, "total_discounts": "1.00", "test": False,
        "customer": {"id": 115310627314723954, "first_name": "Jon", "last_name": "Snöw", "email": "jon@example.com"},
        "line_items": [
            {"id": 866550311766439020, "sku": sku, "quantity": 2, "price": "199.00", "requires_shipping": True},
            {"id": 141249953214522974, "sku": "GIFT-CARD", "quantity": 1, "price": "10.00", "requires_shipping": False},
        ],
        "shipping_address": {"country_code": "US", "province_code": "CA"},
        "total_shipping_price_set": {"shop_money": {"amount": "7.94", "currency_code": "EUR"}}, "tags": "a, b",
    }  # fmt: skip
    return json.dumps(said | fields).encode()


def woo_order(number: str = "727", status: str = "processing", **fields: Any) -> bytes:
    """An order as WooCommerce sends it."""
    said = {
        "id": 727, "number": number, "status": status, "currency": "USD", "date_created_gmt": "2026-12-01T08:00:00",
        "discount_total": "0.00", "shipping_total": "10.00", "total": "29.35", "total_tax": "1.35",
        "prices_include_tax": False, "customer_id": 26, "date_paid_gmt": "2026-12-01T08:00:08",
        "billing": {"first_name": "John", "last_name": "Doe", "email": "john@example.com", "country": "US",
                    "state": "NY"},
        "shipping": {"first_name": "John", "country": "US", "state": "CA"},
        "line_items": [{"id": 315, "sku": "CHAIR", "quantity": 3, "subtotal": "18.00", "price": 6}],
    }  # fmt: skip
    return json.dumps(said | fields).encode()
