"""What left: shipments and their lines."""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint

from backorder.storage.schema import key, moment, named, reference, table, units, word

shipments = table(
    "shipments",
    key("shipment"),
    reference("order_id", "orders.order_id"),
    moment("at"),
    word("carrier"),
    word("tracking"),
    moment("delivered_at", nullable=True),
    word("fingerprint", nullable=False),
    moment("reversed_at", nullable=True),
    word("reversal_reason"),
    PrimaryKeyConstraint("shipment"),
    named("reversed", "reversed_at IS NULL OR delivered_at IS NULL"),
)
Index("ix_shipments_order", shipments.c.order_id)
Index("ix_shipments_at", shipments.c.at)

shipment_lines = table(
    "shipment_lines",
    reference("shipment", "shipments.shipment"),
    key("order_id"),
    key("line"),
    reference("supply", "supplies.supply"),
    units("quantity"),
    PrimaryKeyConstraint("shipment", "line", "supply"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    named("quantity", "quantity > 0"),
)
Index("ix_shipment_lines_line", shipment_lines.c.order_id, shipment_lines.c.line)
