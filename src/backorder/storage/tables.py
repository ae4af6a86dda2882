"""The whole schema: every invariant that a row can break alone is a CHECK, UNIQUE or foreign key here.

Keys are the callers' own words. Days and moments are whole numbers in Python (`types`), amounts are minor units.
"""

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)

from backorder.storage import (
    access_tables,  # noqa: F401  # it has a file of its own
    event_tables,  # noqa: F401  # it has a file of its own
    import_tables,  # noqa: F401  # it has a file of its own
    inbound_tables,  # noqa: F401  # it has a file of its own
    schema,
    shipment_tables,  # noqa: F401  # it has a file of its own
    status_tables,  # noqa: F401  # it has a file of its own
    view_tables,  # noqa: F401  # it has a file of its own
    watch_tables,  # noqa: F401  # it has a file of its own
    webhook_tables,  # noqa: F401  # it has a file of its own
)
from backorder.storage.notice_tables import evidence, packs
from backorder.storage.reallocation_tables import policies
from backorder.storage.schema import (
    AMOUNT_MAX,
    UNITS_MAX,
    day,
    flag,
    key,
    moment,
    named,
    one_of,
    reference,
    refuse,
    table,
    units,
    word,
)

metadata = schema.metadata  # whoever asks for it here has the tables in it


def _partial(name: str, which: str, *columns: Any, **more: Any) -> Index:
    """An index of the rows alone of which a condition holds."""
    return Index(name, *columns, postgresql_where=text(which), sqlite_where=text(which), **more)


def _policy_columns() -> list[Column[Any]]:
    """What shop, category and item say on how an item is sold; null leaves it to the next level."""
    return [
        word("selling"),
        word("coverage"),
        units("backorder_cap", nullable=True),
        units("per_customer_cap", nullable=True),
        units("max_wait_days", nullable=True),
        units("lead_time_days", nullable=True),
        units("safety_stock", nullable=True),
    ]


def _policy_rules(*selling: str) -> list[CheckConstraint]:
    return [
        one_of("selling", *selling),
        one_of("coverage", "inbound", "lead_time"),
        named("caps", f"backorder_cap BETWEEN 0 AND {UNITS_MAX} AND per_customer_cap BETWEEN 0 AND {UNITS_MAX}"),
        named("waits", "max_wait_days BETWEEN 0 AND 3650 AND lead_time_days BETWEEN 0 AND 3650"),
        named("safety_stock", f"safety_stock BETWEEN 0 AND {UNITS_MAX}"),
    ]


suppliers = table(
    "suppliers",
    key("supplier"),
    word("name"),
    units("lead_time_days", nullable=True),
    word("working_days", nullable=False),
    word("holidays", nullable=False),
    PrimaryKeyConstraint("supplier"),
    named("lead_time", "lead_time_days BETWEEN 0 AND 3650"),
)

sites = table(
    "sites",
    key("site"),
    word("name"),
    word("zone", nullable=False),
    word("country"),
    word("region"),
    units("handling_days"),
    word("working_days", nullable=False),
    word("holidays", nullable=False),
    word("serves", nullable=False),
    word("transit_days", nullable=False),
    PrimaryKeyConstraint("site"),
    named("handling", "handling_days BETWEEN 0 AND 365"),
)

# What an item leaves out it takes from its category, then from the shop.
shop = table(
    "shop",
    key("shop"),
    *_policy_columns(),
    units("keep_people_days", nullable=True),
    PrimaryKeyConstraint("shop"),
    named("one", "shop = 'shop'"),
    *_policy_rules("stock_only", "backorder"),
    named("keep_people", "keep_people_days BETWEEN 0 AND 36500"),
)

categories = table(
    "categories",
    key("category"),
    *_policy_columns(),
    PrimaryKeyConstraint("category"),
    *_policy_rules("stock_only", "backorder"),
)

# `idle_by` is the run that left units of the item free, which lines may wait for on purpose until the next live pass.
items = table(
    "items",
    key("sku"),
    word("name"),
    *_policy_columns()[:6],
    day("released_on"),
    *_policy_columns()[6:],
    units("price", nullable=True),
    units("cost", nullable=True),
    word("currency"),
    reference("supplier", "suppliers.supplier", nullable=True),
    units("pack_size", nullable=True),
    units("minimum_order", nullable=True),
    word("category"),
    word("substitutes", nullable=False),
    word("idle_by"),
    PrimaryKeyConstraint("sku"),
    *_policy_rules("stock_only", "backorder", "preorder", "discontinued"),
    named("money", "(price IS NULL AND cost IS NULL) OR currency IS NOT NULL"),
    named("amounts", f"price BETWEEN 0 AND {AMOUNT_MAX} AND cost BETWEEN 0 AND {AMOUNT_MAX}"),
)

# What differs at one site: safety stock kept there, units that may wait for supply there.
item_sites = table(
    "item_sites",
    reference("sku", "items.sku"),
    reference("site", "sites.site"),
    units("safety_stock", nullable=True),
    units("backorder_cap", nullable=True),
    PrimaryKeyConstraint("sku", "site"),
    named("units", f"safety_stock BETWEEN 0 AND {UNITS_MAX} AND backorder_cap BETWEEN 0 AND {UNITS_MAX}"),
)

customers = table(
    "customers",
    key("customer"),
    word("kind", nullable=False),
    word("tier"),
    units("priority"),
    word("language"),
    word("country"),
    word("region"),
    word("zone"),
    word("notify"),
    word("tags", nullable=False),
    PrimaryKeyConstraint("customer"),
    one_of("kind", "consumer", "business"),
)

# Personal data stands alone, so that it can be erased while orders and ledgers stay.
people = table(
    "people",
    reference("customer", "customers.customer"),
    word("name"),
    word("email"),
    PrimaryKeyConstraint("customer"),
)

supplies = table(
    "supplies",
    key("supply"),
    word("kind", nullable=False),
    reference("sku", "items.sku"),
    reference("site", "sites.site"),
    units("quantity"),
    units("received"),
    units("cancelled"),
    units("pegged"),
    day("expected_on"),
    day("available_on"),
    flag("confirmed"),
    word("document"),
    word("document_line"),
    day("ordered_on"),
    reference("supplier", "suppliers.supplier", nullable=True),
    units("cost", nullable=True),
    word("currency"),
    units("moves", nullable=True),
    word("fingerprint"),
    reference("from_site", "sites.site", nullable=True),
    units("received_before"),
    PrimaryKeyConstraint("supply"),
    one_of("kind", "stock", "purchase", "production", "transfer"),
    named("quantity", f"quantity BETWEEN 0 AND {UNITS_MAX}"),
    named("parts", "received >= 0 AND cancelled >= 0 AND pegged >= 0"),
    named("not_oversold", "received + cancelled + pegged <= quantity"),
    named("stock_id", "(kind = 'stock') = (substr(supply, 1, 6) = 'stock/')"),
    named("stock_whole", "kind <> 'stock' OR (received = 0 AND cancelled = 0 AND expected_on IS NULL)"),
    named("stock_moved", "kind <> 'stock' OR quantity = 0 OR moves IS NOT NULL"),
    named("inbound_dated", "kind = 'stock' OR (expected_on IS NOT NULL AND available_on IS NOT NULL)"),
    named("confirmed", "confirmed IN (0, 1)"),
    named("transfer", "from_site IS NULL OR (kind = 'transfer' AND from_site <> site)"),
    named("received_before", "received_before BETWEEN 0 AND received"),
    # What is on hand is the last entry of the stock ledger; the ledger's entries chain to it.
    ForeignKeyConstraint(
        ["supply", "moves", "quantity"],
        ["stock_moves.supply", "stock_moves.n", "stock_moves.after_units"],
        name="fk_supplies_last_move",
        deferrable=True,
        initially="DEFERRED",
        use_alter=True,
    ),
)
_TO_COME = "quantity > received + cancelled AND kind <> 'stock'"
_partial("ix_supplies_open", "quantity > received + cancelled OR kind = 'stock'", supplies.c.sku)
_partial("uq_supplies_stock", "kind = 'stock'", supplies.c.sku, supplies.c.site, unique=True)
_partial("ix_supplies_available", _TO_COME, supplies.c.available_on)
_partial("ix_supplies_unconfirmed", _TO_COME + " AND confirmed = 0", supplies.c.expected_on)
Index("ix_supplies_document", supplies.c.document)
# What is to come and what has come, each in order of its day: all of it, and that of an item, a supplier or a site.
_DAYS = supplies.c.expected_on, supplies.c.supply
_partial("ix_supplies_expected", _TO_COME, *_DAYS)
_partial("ix_supplies_supplier", _TO_COME, supplies.c.supplier, *_DAYS)
_partial("ix_supplies_site", _TO_COME, supplies.c.site, *_DAYS)
for _name, _columns in (
    ("done", _DAYS),
    ("done_item", (supplies.c.sku, *_DAYS)),
    ("done_supplier", (supplies.c.supplier, *_DAYS)),
    ("done_site", (supplies.c.site, *_DAYS)),
):
    _partial(f"ix_supplies_{_name}", "quantity = received + cancelled AND kind <> 'stock'", *_columns)

stock_moves = table(
    "stock_moves",
    reference("supply", "supplies.supply"),
    units("n"),
    moment("at"),
    units("delta"),
    units("before_units"),
    units("after_units"),
    units("prev", nullable=True),
    word("kind", nullable=False),
    word("reference", nullable=False),
    PrimaryKeyConstraint("supply", "n"),
    UniqueConstraint("supply", "n", "after_units"),
    named("sum", "after_units = before_units + delta AND after_units >= 0"),
    named("first", "(n = 1) = (prev IS NULL) AND (n > 1 OR before_units = 0)"),
    named("chain", "prev = n - 1 AND n >= 1"),
    one_of("kind", "receipt", "count", "adjust", "shipment", "reversal", "transfer"),
    ForeignKeyConstraint(
        ["supply", "prev", "before_units"],
        ["stock_moves.supply", "stock_moves.n", "stock_moves.after_units"],
        name="fk_stock_moves_before",
        deferrable=True,
        initially="DEFERRED",
    ),
)

receipts = table(
    "receipts",
    reference("supply", "supplies.supply"),
    key("receipt"),
    moment("at"),
    units("quantity"),
    flag("final"),
    units("surplus"),
    PrimaryKeyConstraint("supply", "receipt"),
    named("quantity", f"quantity BETWEEN 0 AND {UNITS_MAX} AND final IN (0, 1)"),
    named("surplus", "surplus BETWEEN 0 AND quantity"),
)

orders = table(
    "orders",
    key("order_id"),
    reference("customer", "customers.customer", nullable=True),
    word("channel"),
    units("priority"),
    moment("placed_at"),
    moment("authorised_at", nullable=True),
    word("ship", nullable=False),
    word("accept", nullable=False),
    word("country"),
    word("region"),
    word("zone"),
    word("sites", nullable=False),
    word("currency"),
    units("shipping"),
    units("tax"),
    units("discount"),
    units("paid"),
    word("tags", nullable=False),
    word("fingerprint", nullable=False),
    flag("held"),
    PrimaryKeyConstraint("order_id"),
    one_of("ship", "when_ready", "complete"),
    one_of("accept", "order", "lines"),
    named("whole", "ship = 'when_ready' OR accept = 'order'"),
    named("charges", f"abs(shipping) <= {AMOUNT_MAX} AND abs(tax) <= {AMOUNT_MAX} AND abs(discount) <= {AMOUNT_MAX}"),
    named("paid", f"paid BETWEEN 0 AND {AMOUNT_MAX}"),
    named("held", "held IN (0, 1)"),
)
Index(
    "ix_orders_customer", orders.c.customer, orders.c.order_id, postgresql_where=text("customer IS NOT NULL")
)  # fmt: skip
Index("ix_orders_placed", orders.c.placed_at)
Index(
    "ix_orders_channel", orders.c.channel, orders.c.order_id, postgresql_where=text("channel IS NOT NULL")
)  # fmt: skip
_partial("ix_orders_held", "held = 1", orders.c.order_id)
_partial("ix_orders_complete", "ship = 'complete'", orders.c.order_id)

lines = table(
    "lines",
    reference("order_id", "orders.order_id"),
    key("line"),
    units("position"),
    reference("sku", "items.sku"),
    units("quantity"),
    units("waiting"),
    units("allocated"),
    units("shipped"),
    units("cancelled"),
    units("covered"),
    units("picked"),
    units("unit_price", nullable=True),
    day("requested_on"),
    day("accept_by"),
    day("lead_time_day"),
    day("promise"),
    day("planned"),
    units("revisions"),
    units("backordered"),
    word("tags", nullable=False),
    moment("placed_at"),
    word("raised_from"),
    day("person_day"),
    day("person_until"),
    units("shipped_before"),
    word("channel"),  # this, the customer and whether it is on hold are the order's: lists are narrowed to them
    day("firm_until"),  # the last day on which no supply it stands on is overdue; 1970 where one is unconfirmed
    reference("customer", "customers.customer", nullable=True),
    flag("held"),
    PrimaryKeyConstraint("order_id", "line"),
    UniqueConstraint("order_id", "position"),
    named("quantity", f"quantity BETWEEN 1 AND {UNITS_MAX}"),
    named("units", "quantity = waiting + allocated + shipped + cancelled"),
    named("parts", "waiting >= 0 AND allocated >= 0 AND shipped >= 0 AND cancelled >= 0"),
    named("covered", "covered BETWEEN 0 AND waiting"),
    named("firm", "(firm_until IS NULL) = (covered = 0)"),
    named("picked", "picked BETWEEN 0 AND allocated"),
    named("unit_price", f"unit_price BETWEEN 0 AND {AMOUNT_MAX}"),
    named("ledger", "revisions >= 1 AND backordered BETWEEN 0 AND quantity"),
    named("person", "(person_day IS NULL) = (person_until IS NULL) AND person_until <= person_day"),
    named("shipped_before", "shipped_before BETWEEN 0 AND shipped"),
    named("held", "held IN (0, 1)"),
)
_partial("ix_lines_closed", "waiting + allocated = 0", lines.c.sku)
# Lines in order of their promise, apart by what people look for: each line that waits is in one of them, and in the
# next once it is ready. A line without a date comes first. What lists count and sort by is in them as well, so that
# PostgreSQL need not look into the table; the promise too, for of an expression alone it does not know what it is of.
_ORDERED = text("coalesce(promise, '1970-01-01')"), lines.c.order_id, lines.c.line
_LISTED = ["promise", "channel", "sku", "waiting", "allocated", "placed_at", "held"]
_NARROWED = [*_LISTED, "planned", "covered", "firm_until"]  # and by what else they can be narrowed
for _name, _which in (
    ("waiting", "waiting > 0"),
    ("ready", "allocated > 0"),
    ("uncovered", "waiting > covered"),
    ("slipped", "planned > promise AND waiting > 0"),
    ("held", "held = 1"),
):
    _partial(f"ix_lines_{_name}", _which, *_ORDERED, postgresql_include=_LISTED)
# Of a channel, the lines that wait. The channel is in those before, too: what is found by them is few.
_partial(
    "ix_lines_channel",
    "waiting > 0 AND channel IS NOT NULL",
    lines.c.channel,
    *_ORDERED,
    postgresql_include=["promise", "planned", "covered", "sku", "waiting", "allocated", "placed_at", "held"],
)
# Of a customer and of an item, of which there may be very many, with all by which they can be narrowed.
_partial(
    "ix_lines_customer",
    "customer IS NOT NULL",
    lines.c.customer,
    lines.c.order_id,
    lines.c.line,
    postgresql_include=_NARROWED,
)
_partial(
    "ix_lines_open",
    "waiting + allocated > 0",
    lines.c.sku,
    postgresql_include=["order_id", "line", "customer", *(name for name in _NARROWED if name != "sku")],
)
# Orders with units to ship.
_partial("ix_lines_leaving", "allocated > 0 AND held = 0", lines.c.order_id)
# Of each item, the lines of which no supply holds some units.
_partial("ix_lines_bare", "waiting > covered", lines.c.sku, postgresql_include=["waiting", "covered"])
# Lines by the day from which what they stand on is overdue.
_partial(
    "ix_lines_firm",
    "waiting > 0 AND firm_until IS NOT NULL",
    lines.c.firm_until,
    postgresql_include=["order_id", "line", "planned", "covered", *_LISTED],
)

pegs = table(
    "pegs",
    key("order_id"),
    key("line"),
    reference("supply", "supplies.supply"),
    day("ships_on", nullable=False),
    units("quantity"),
    units("pinned"),
    PrimaryKeyConstraint("order_id", "line", "supply", "ships_on"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    named("quantity", "quantity > 0"),
    named("pinned", "pinned BETWEEN 0 AND quantity"),
)
Index("ix_pegs_supply", pegs.c.supply, pegs.c.order_id, pegs.c.line)

CAUSES = (
    "placed",
    "announced",
    "confirmed",
    "rescheduled",
    "overdue",
    "received",
    "short",
    "cancelled_supply",
    "counted",
    "adjusted",
    "stock_loss",
    "line_cancelled",
    "lead_time",
    "policy",
    "calendar",
    "line_changed",
    "line_added",
    "order_changed",
    "held",
    "released",
    "reversed",
    "person",
    "imported",
    "pinned",
    "unpinned",
    "reallocated",
    "undone",
)

promises = table(
    "promises",
    key("order_id"),
    key("line"),
    units("n"),
    moment("at"),
    day("from_day"),
    day("to_day"),
    word("cause", nullable=False),
    word("basis"),
    word("supply"),
    word("run"),
    PrimaryKeyConstraint("order_id", "line", "n"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    named(
        "first", "n >= 1 AND (n > 1 OR (from_day IS NULL AND to_day IS NOT NULL AND cause IN ('placed', 'imported')))"
    ),
    named("based", "(to_day IS NULL) = (basis IS NULL)"),
    named("run", "(run IS NOT NULL) = (cause IN ('reallocated', 'undone'))"),
    one_of("cause", *CAUSES),
    named("basis", "basis IN ('stock', 'inbound', 'lead_time', 'person', 'imported')"),
)

# Revisions by which a line gained, by moment: who explains another's slip asks for those alone.
_partial(
    "ix_promises_gained",
    "n > 1 AND to_day IS NOT NULL AND (from_day IS NULL OR to_day < from_day)",
    promises.c.at,
)

cancellations = table(
    "cancellations",
    key("order_id"),
    key("line"),
    units("n"),
    moment("at"),
    units("quantity"),
    word("reason"),
    word("by_whom", nullable=False),
    PrimaryKeyConstraint("order_id", "line", "n"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    named("quantity", "quantity > 0 AND n >= 1"),
    one_of("by_whom", "customer", "merchant", "law"),
)

# What was changed of an order after it was placed, by whom and why.
changes = table(
    "changes",
    reference("order_id", "orders.order_id"),
    units("n"),
    moment("at"),
    word("line"),
    word("what", nullable=False),
    word("before_value"),
    word("after_value"),
    word("reason"),
    word("by_whom"),
    PrimaryKeyConstraint("order_id", "n"),
    one_of("what", "line", "quantity", "requested_on", "accept_by", "promise", "ship", "ship_to", "sites", "priority"),
)

holds = table(
    "holds",
    reference("order_id", "orders.order_id"),
    word("kind", nullable=False),
    units("n"),
    moment("at"),
    word("reason"),
    moment("released_at", nullable=True),
    word("release_reason"),
    PrimaryKeyConstraint("order_id", "kind", "n"),
    one_of("kind", "payment", "fraud", "credit", "customer"),
    named("after", "released_at IS NULL OR released_at >= at"),
)
_partial("uq_holds_open", "released_at IS NULL", holds.c.order_id, holds.c.kind, unique=True)

replies = table(
    "replies",
    key("command_id"),
    moment("at"),
    word("fingerprint", nullable=False),
    word("outcome", nullable=False),
    PrimaryKeyConstraint("command_id"),
)

# Who was erased, under the name that took the place of theirs.
erasures = table(
    "erasures",
    key("erased"),
    moment("at"),
    word("reason"),
    PrimaryKeyConstraint("erased"),
)


# Ledgers are written once: the database itself refuses to change or delete an entry. What people wrote in one, and who
# they were, can be erased, and nothing else put in its place.
APPEND_ONLY = (stock_moves, promises, receipts, cancellations, changes, evidence, packs, policies)
ERASABLE = {
    "stock_moves": ("reference",),
    "cancellations": ("reason",),
    "changes": ("reason", "by_whom"),
    "evidence": ("note", "by_whom"),
}
ERASED = "erased"

for _ledger in APPEND_ONLY:
    _free = ERASABLE.get(_ledger.name)
    refuse(_ledger, f"{_ledger.name}_no_delete", "DELETE")
    if _free is None:
        refuse(_ledger, f"{_ledger.name}_no_update", "UPDATE")
    else:
        _others = ", ".join(column.name for column in _ledger.c if column.name not in _free)
        _put = " OR ".join(
            f"NEW.{name} IS DISTINCT FROM OLD.{name} AND NEW.{name} IS DISTINCT FROM '{ERASED}'" for name in _free
        )
        refuse(_ledger, f"{_ledger.name}_no_update", f"UPDATE OF {_others}")
        refuse(_ledger, f"{_ledger.name}_only_erase", f"UPDATE OF {', '.join(_free)}", _put)
