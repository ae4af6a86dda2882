"""Ready mappings for the exports of some programs, by (program, kind).

Column names as the programs write them: Shopify's orders export and purchase order export, WooCommerce's Customer /
Order / Coupon Export (one row per line item) and its suppliers' plug-in, Odoo's list exports of order lines with
external headers, and the Northwind sample's tables.
"""

from typing import Any

PRESETS: dict[tuple[str, str], dict[str, Any]] = {
    ("shopify", "orders"): {
        "columns": {
            "order": "Name",
            "sku": "Lineitem sku",
            "quantity": "Lineitem quantity",
            "unit_price": "Lineitem price",
            "placed_at": "Created at",
            "customer": "Email",
            "customer_name": "Shipping Name",
            "currency": "Currency",
            "country": "Shipping Country",
            "region": "Shipping Province",
            "channel": "Source",
        },
        "skip": {"Cancelled at": ["*"], "Financial Status": ["refunded", "voided"]},
        "shipped": {"Lineitem fulfillment status": ["fulfilled"]},
        "dates": "ymd",
        "decimal": ".",
    },
    ("shopify", "supplies"): {
        "columns": {
            "document": "Purchase Order",
            "sku": "SKU",
            "quantity": "Ordered",
            "received": "Received",
            "cost": "Cost",
            "currency": "Currency",
            "supplier": "Supplier",
            "site": "Destination",
            "ordered_on": "Created",
            "expected_on": "Estimated arrival",
        },
        "skip": {"Status": ["Draft", "Closed", "Received"]},
        "dates": "ymd",
        "decimal": ".",
    },
    ("woocommerce", "orders"): {
        "columns": {
            "order": "order_number",
            "sku": "item_sku",
            "quantity": "item_quantity",
            "unit_price": "item_price",
            "placed_at": "order_date",
            "customer": "customer_id",
            "customer_name": "billing_first_name",
            "email": "billing_email",
            "currency": "order_currency",
            "country": "shipping_country",
            "region": "shipping_state",
        },
        "skip": {"status": ["completed", "cancelled", "refunded", "failed", "trash", "pending"]},
        "dates": "ymd",
        "decimal": ".",
    },
    ("woocommerce", "supplies"): {
        "columns": {
            "document": "po_number",
            "sku": "sku",
            "quantity": "quantity",
            "received": "quantity_received",
            "cost": "cost",
            "currency": "currency",
            "supplier": "supplier",
            "ordered_on": "date_created",
            "expected_on": "date_expected",
        },
        "skip": {"status": ["draft", "cancelled", "completed", "received"]},
        "dates": "ymd",
        "decimal": ".",
    },
    ("odoo", "orders"): {
        "columns": {
            "order": "Order Reference",
            "sku": "Product/Internal Reference",
            "quantity": "Quantity",
            "shipped": "Delivery Quantity",
            "unit_price": "Unit Price",
            "placed_at": "Order Reference/Order Date",
            "customer": "Customer",
            "promise": "Order Reference/Delivery Date",
            "currency": "Currency",
        },
        "skip": {"Order Status": ["Quotation", "Quotation Sent", "Cancelled"]},
        "dates": "ymd",
        "decimal": ".",
    },
    ("odoo", "supplies"): {
        "columns": {
            "document": "Order Reference",
            "sku": "Product/Internal Reference",
            "quantity": "Quantity",
            "received": "Received Qty",
            "cost": "Unit Price",
            "currency": "Currency",
            "supplier": "Partner",
            "ordered_on": "Order Date",
            "expected_on": "Expected Arrival",
        },
        "skip": {"Status": ["RFQ", "RFQ Sent", "Cancelled"]},
        "dates": "ymd",
        "decimal": ".",
    },
    ("northwind", "orders"): {
        "columns": {
            "order": "order_id",
            "sku": "product_id",
            "quantity": "quantity",
            "unit_price": "unit_price",
            "placed_at": "order_date",
            "customer": "customer_id",
            "promise": "required_date",
            "country": "ship_country",
            "region": "ship_region",
        },
        "values": {"currency": "USD"},
        "skip": {"shipped_date": ["*"]},
        "dates": "ymd",
        "decimal": ".",
    },
    ("northwind", "items"): {
        "columns": {
            "sku": "product_id",
            "name": "product_name",
            "price": "unit_price",
            "supplier": "supplier_id",
            "category": "category_id",
        },
        "values": {"currency": "USD"},
        "decimal": ".",
    },
    ("northwind", "stock"): {"columns": {"sku": "product_id", "quantity": "units_in_stock"}, "decimal": "."},
    ("northwind", "supplies"): {
        "columns": {"sku": "product_id", "quantity": "units_on_order", "supplier": "supplier_id"},
        "values": {"document": "on order"},
        "skip": {"units_on_order": ["0"]},
        "decimal": ".",
    },
    ("northwind", "customers"): {
        "columns": {"customer": "customer_id", "name": "company_name", "country": "country", "region": "region"},
        "values": {"kind": "business"},
    },
    ("northwind", "suppliers"): {"columns": {"supplier": "supplier_id", "name": "company_name"}},
}
PROGRAMS = sorted({program for program, _ in PRESETS})
