"""The whole schema: every invariant that a row can break alone is a CHECK, UNIQUE or foreign key here.

Keys are the callers' own words. Days and moments are whole numbers in Python (`types`), amounts are minor units.
"""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    event,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import TEXT as PG_TEXT
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.ddl import ExecutableDDLElement
from sqlalchemy.types import TypeEngine

from backorder.storage.types import Day, Moment

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

Whole = BigInteger().with_variant(Integer(), "sqlite")
Key = Text().with_variant(PG_TEXT(collation="C"), "postgresql")
UNITS_MAX = 10**9
AMOUNT_MAX = 10**15


@compiles(Day, "sqlite")
@compiles(Moment, "sqlite")
def _days_are_text(_type: TypeEngine[Any], _compiler: object, **_: Any) -> str:
    return "TEXT"


def _named(name: str, rule: str) -> CheckConstraint:
    return CheckConstraint(rule, name=name)


def _on_sqlite(name: str, rule: str) -> CheckConstraint:
    return CheckConstraint(rule, name=name).ddl_if(dialect="sqlite")


def _one_of(column: str, *words: str) -> CheckConstraint:
    return _named(column, f"{column} IN ({', '.join(repr(word) for word in words)})")


def _key(name: str, *more: Any, **options: Any) -> Column[Any]:
    return Column(name, Key, *more, nullable=False, **options)


def _reference(name: str, target: str, nullable: bool = False) -> Column[Any]:
    return Column(name, Key, ForeignKey(target), nullable=nullable)


def _units(name: str, nullable: bool = False) -> Column[Any]:
    return Column(name, Whole, nullable=nullable)


def _flag(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False)


def _word(name: str, nullable: bool = True) -> Column[Any]:
    return Column(name, Text, nullable=nullable)


def _day(name: str, nullable: bool = True) -> Column[Any]:
    return Column(name, Day, nullable=nullable)


def _at(name: str, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=nullable)


def _table(name: str, *parts: Any) -> Table:
    """A strict table; on SQLite, whose days and moments are text, with a CHECK of each one's form."""
    forms = [
        _on_sqlite(f"{c.name}_form", f"{c.name} IS NULL OR {c.name} IS date({c.name})")
        if isinstance(c.type, Day)
        else _on_sqlite(f"{c.name}_form", f"{c.name} IS NULL OR {c.name} GLOB '????-??-??T??:??:??.??????Z'")
        for c in parts
        if isinstance(c, Column) and isinstance(c.type, (Day, Moment))
    ]
    keys = [
        _named(f"{c.name}_length", f"length({c.name}) BETWEEN 1 AND 200")
        for c in parts
        if isinstance(c, Column) and c.type is Key and not c.nullable and not c.foreign_keys
    ]
    return Table(name, metadata, *parts, *keys, *forms, sqlite_strict=True)


suppliers = _table(
    "suppliers",
    _key("supplier"),
    _word("name"),
    _units("lead_time_days", nullable=True),
    _word("working_days", nullable=False),
    _word("holidays", nullable=False),
    PrimaryKeyConstraint("supplier"),
    _named("lead_time", "lead_time_days BETWEEN 0 AND 3650"),
)

sites = _table(
    "sites",
    _key("site"),
    _word("name"),
    _word("zone", nullable=False),
    _word("country"),
    _word("region"),
    _units("handling_days"),
    _word("working_days", nullable=False),
    _word("holidays", nullable=False),
    _word("serves", nullable=False),
    _word("transit_days", nullable=False),
    PrimaryKeyConstraint("site"),
    _named("handling", "handling_days BETWEEN 0 AND 365"),
)

items = _table(
    "items",
    _key("sku"),
    _word("name"),
    _word("selling", nullable=False),
    _word("coverage", nullable=False),
    _units("backorder_cap", nullable=True),
    _units("per_customer_cap", nullable=True),
    _units("max_wait_days", nullable=True),
    _units("lead_time_days", nullable=True),
    _day("released_on"),
    _units("safety_stock"),
    _units("price", nullable=True),
    _units("cost", nullable=True),
    _word("currency"),
    _reference("supplier", "suppliers.supplier", nullable=True),
    _units("pack_size", nullable=True),
    _units("minimum_order", nullable=True),
    _word("category"),
    _word("substitutes", nullable=False),
    PrimaryKeyConstraint("sku"),
    _one_of("selling", "stock_only", "backorder", "preorder", "discontinued"),
    _one_of("coverage", "inbound", "lead_time"),
    _named("caps", f"backorder_cap BETWEEN 0 AND {UNITS_MAX} AND per_customer_cap BETWEEN 0 AND {UNITS_MAX}"),
    _named("waits", "max_wait_days BETWEEN 0 AND 3650 AND lead_time_days BETWEEN 0 AND 3650"),
    _named("safety_stock", f"safety_stock BETWEEN 0 AND {UNITS_MAX}"),
    _named("money", "(price IS NULL AND cost IS NULL) OR currency IS NOT NULL"),
    _named("amounts", f"price BETWEEN 0 AND {AMOUNT_MAX} AND cost BETWEEN 0 AND {AMOUNT_MAX}"),
)

customers = _table(
    "customers",
    _key("customer"),
    _word("kind", nullable=False),
    _word("tier"),
    _units("priority"),
    _word("language"),
    _word("country"),
    _word("region"),
    _word("zone"),
    _word("notify"),
    _word("tags", nullable=False),
    PrimaryKeyConstraint("customer"),
    _one_of("kind", "consumer", "business"),
)

# Personal data stands alone, so that it can be erased while orders and ledgers stay.
people = _table(
    "people",
    _reference("customer", "customers.customer"),
    _word("name"),
    _word("email"),
    PrimaryKeyConstraint("customer"),
)

supplies = _table(
    "supplies",
    _key("supply"),
    _word("kind", nullable=False),
    _reference("sku", "items.sku"),
    _reference("site", "sites.site"),
    _units("quantity"),
    _units("received"),
    _units("cancelled"),
    _units("pegged"),
    _day("expected_on"),
    _day("available_on"),
    _flag("confirmed"),
    _word("document"),
    _word("document_line"),
    _day("ordered_on"),
    _reference("supplier", "suppliers.supplier", nullable=True),
    _units("cost", nullable=True),
    _word("currency"),
    _units("moves", nullable=True),
    _word("fingerprint"),
    PrimaryKeyConstraint("supply"),
    _one_of("kind", "stock", "purchase", "production", "transfer"),
    _named("quantity", f"quantity BETWEEN 0 AND {UNITS_MAX}"),
    _named("parts", "received >= 0 AND cancelled >= 0 AND pegged >= 0"),
    _named("not_oversold", "received + cancelled + pegged <= quantity"),
    _named("stock_id", "(kind = 'stock') = (substr(supply, 1, 6) = 'stock/')"),
    _named("stock_whole", "kind <> 'stock' OR (received = 0 AND cancelled = 0 AND expected_on IS NULL)"),
    _named("stock_moved", "kind <> 'stock' OR quantity = 0 OR moves IS NOT NULL"),
    _named("inbound_dated", "kind = 'stock' OR (expected_on IS NOT NULL AND available_on IS NOT NULL)"),
    _named("confirmed", "confirmed IN (0, 1)"),
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
Index(
    "ix_supplies_open",
    supplies.c.sku,
    postgresql_where=text("quantity > received + cancelled OR kind = 'stock'"),
    sqlite_where=text("quantity > received + cancelled OR kind = 'stock'"),
)
Index("ix_supplies_document", supplies.c.document)
Index(
    "uq_supplies_stock",
    supplies.c.sku,
    supplies.c.site,
    unique=True,
    postgresql_where=text("kind = 'stock'"),
    sqlite_where=text("kind = 'stock'"),
)
Index(
    "ix_supplies_available",
    supplies.c.available_on,
    postgresql_where=text("quantity > received + cancelled AND kind <> 'stock'"),
    sqlite_where=text("quantity > received + cancelled AND kind <> 'stock'"),
)

stock_moves = _table(
    "stock_moves",
    _reference("supply", "supplies.supply"),
    _units("n"),
    _at("at"),
    _units("delta"),
    _units("before_units"),
    _units("after_units"),
    _units("prev", nullable=True),
    _word("kind", nullable=False),
    _word("reference", nullable=False),
    PrimaryKeyConstraint("supply", "n"),
    UniqueConstraint("supply", "n", "after_units"),
    _named("sum", "after_units = before_units + delta AND after_units >= 0"),
    _named("first", "(n = 1) = (prev IS NULL) AND (n > 1 OR before_units = 0)"),
    _named("chain", "prev = n - 1 AND n >= 1"),
    _one_of("kind", "receipt", "count", "adjust", "shipment"),
    ForeignKeyConstraint(
        ["supply", "prev", "before_units"],
        ["stock_moves.supply", "stock_moves.n", "stock_moves.after_units"],
        name="fk_stock_moves_before",
        deferrable=True,
        initially="DEFERRED",
    ),
)

receipts = _table(
    "receipts",
    _reference("supply", "supplies.supply"),
    _key("receipt"),
    _at("at"),
    _units("quantity"),
    _flag("final"),
    PrimaryKeyConstraint("supply", "receipt"),
    _named("quantity", f"quantity BETWEEN 0 AND {UNITS_MAX} AND final IN (0, 1)"),
)

orders = _table(
    "orders",
    _key("order_id"),
    _reference("customer", "customers.customer", nullable=True),
    _word("channel"),
    _units("priority"),
    _at("placed_at"),
    _at("authorised_at", nullable=True),
    _word("ship", nullable=False),
    _word("accept", nullable=False),
    _word("country"),
    _word("region"),
    _word("zone"),
    _word("sites", nullable=False),
    _word("currency"),
    _units("shipping"),
    _units("tax"),
    _units("discount"),
    _units("paid"),
    _word("tags", nullable=False),
    _word("fingerprint", nullable=False),
    PrimaryKeyConstraint("order_id"),
    _one_of("ship", "when_ready", "complete"),
    _one_of("accept", "order", "lines"),
    _named("whole", "ship = 'when_ready' OR accept = 'order'"),
    _named("charges", f"abs(shipping) <= {AMOUNT_MAX} AND abs(tax) <= {AMOUNT_MAX} AND abs(discount) <= {AMOUNT_MAX}"),
    _named("paid", f"paid BETWEEN 0 AND {AMOUNT_MAX}"),
)
Index("ix_orders_customer", orders.c.customer, postgresql_where=text("customer IS NOT NULL"))
Index(
    "ix_orders_complete",
    orders.c.order_id,
    postgresql_where=text("ship = 'complete'"),
    sqlite_where=text("ship = 'complete'"),
)

lines = _table(
    "lines",
    _reference("order_id", "orders.order_id"),
    _key("line"),
    _units("position"),
    _reference("sku", "items.sku"),
    _units("quantity"),
    _units("waiting"),
    _units("allocated"),
    _units("shipped"),
    _units("cancelled"),
    _units("covered"),
    _units("picked"),
    _units("unit_price", nullable=True),
    _day("requested_on"),
    _day("accept_by"),
    _day("lead_time_day"),
    _day("promise"),
    _day("planned"),
    _units("revisions"),
    _units("backordered"),
    _word("tags", nullable=False),
    PrimaryKeyConstraint("order_id", "line"),
    UniqueConstraint("order_id", "position"),
    _named("quantity", f"quantity BETWEEN 1 AND {UNITS_MAX}"),
    _named("units", "quantity = waiting + allocated + shipped + cancelled"),
    _named("parts", "waiting >= 0 AND allocated >= 0 AND shipped >= 0 AND cancelled >= 0"),
    _named("covered", "covered BETWEEN 0 AND waiting"),
    _named("picked", "picked BETWEEN 0 AND allocated"),
    _named("unit_price", f"unit_price BETWEEN 0 AND {AMOUNT_MAX}"),
    _named("ledger", "revisions >= 1 AND backordered BETWEEN 0 AND quantity"),
)
Index(
    "ix_lines_open",
    lines.c.sku,
    postgresql_where=text("waiting + allocated > 0"),
    sqlite_where=text("waiting + allocated > 0"),
)

pegs = _table(
    "pegs",
    _key("order_id"),
    _key("line"),
    _reference("supply", "supplies.supply"),
    _day("ships_on", nullable=False),
    _units("quantity"),
    PrimaryKeyConstraint("order_id", "line", "supply", "ships_on"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    _named("quantity", "quantity > 0"),
)
Index("ix_pegs_supply", pegs.c.supply)

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
)

promises = _table(
    "promises",
    _key("order_id"),
    _key("line"),
    _units("n"),
    _at("at"),
    _day("from_day"),
    _day("to_day"),
    _word("cause", nullable=False),
    _word("basis"),
    _word("supply"),
    PrimaryKeyConstraint("order_id", "line", "n"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    _named("first", "n >= 1 AND (n > 1 OR (from_day IS NULL AND to_day IS NOT NULL AND cause = 'placed'))"),
    _named("based", "(to_day IS NULL) = (basis IS NULL)"),
    _one_of("cause", *CAUSES),
    _named("basis", "basis IN ('stock', 'inbound', 'lead_time', 'person')"),
)

cancellations = _table(
    "cancellations",
    _key("order_id"),
    _key("line"),
    _units("n"),
    _at("at"),
    _units("quantity"),
    _word("reason"),
    _word("by_whom", nullable=False),
    PrimaryKeyConstraint("order_id", "line", "n"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    _named("quantity", "quantity > 0 AND n >= 1"),
    _one_of("by_whom", "customer", "merchant", "law"),
)

shipments = _table(
    "shipments",
    _key("shipment"),
    _reference("order_id", "orders.order_id"),
    _at("at"),
    _word("carrier"),
    _word("tracking"),
    _at("delivered_at", nullable=True),
    _word("fingerprint", nullable=False),
    PrimaryKeyConstraint("shipment"),
)
Index("ix_shipments_order", shipments.c.order_id)

shipment_lines = _table(
    "shipment_lines",
    _reference("shipment", "shipments.shipment"),
    _key("order_id"),
    _key("line"),
    _reference("supply", "supplies.supply"),
    _units("quantity"),
    PrimaryKeyConstraint("shipment", "line", "supply"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    _named("quantity", "quantity > 0"),
)
Index("ix_shipment_lines_line", shipment_lines.c.order_id, shipment_lines.c.line)

replies = _table(
    "replies",
    _key("command_id"),
    _at("at"),
    _word("fingerprint", nullable=False),
    _word("outcome", nullable=False),
    PrimaryKeyConstraint("command_id"),
)


def _ddl(statement: str) -> ExecutableDDLElement:
    return DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy gives its constructor no types


# Ledgers are written once: the database itself refuses to change or delete an entry.
APPEND_ONLY = (stock_moves, promises, receipts, cancellations)

_PG_REFUSE = _ddl(
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the ledger %% is append-only', TG_TABLE_NAME; END $$"
)
event.listen(metadata, "before_create", _PG_REFUSE.execute_if(dialect="postgresql"))
for _ledger in APPEND_ONLY:
    for _change in ("UPDATE", "DELETE"):
        _name = f"{_ledger.name}_no_{_change.lower()}"
        event.listen(
            _ledger,
            "after_create",
            _ddl(
                f"CREATE TRIGGER {_name} BEFORE {_change} ON {_ledger.name} "
                f"BEGIN SELECT RAISE(ABORT, 'the ledger {_ledger.name} is append-only'); END"
            ).execute_if(dialect="sqlite"),
        )
        event.listen(
            _ledger,
            "after_create",
            _ddl(
                f"CREATE TRIGGER {_name} BEFORE {_change} ON {_ledger.name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            ).execute_if(dialect="postgresql"),
        )

# The conditions of the partial indexes, word for word: with a bound value in them the databases would not use those.
LINE_OPEN = lines.c.waiting + lines.c.allocated > literal_column("0")
SUPPLY_OF_USE = (supplies.c.quantity > supplies.c.received + supplies.c.cancelled) | (
    supplies.c.kind == literal_column("'stock'")
)
SUPPLY_TO_COME = (supplies.c.quantity > supplies.c.received + supplies.c.cancelled) & (
    supplies.c.kind != literal_column("'stock'")
)
