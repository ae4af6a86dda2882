"""The words in which the tables are written: columns by meaning, named rules, strictness."""

from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    event,
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


def named(name: str, rule: str) -> CheckConstraint:
    """A rule that every row keeps, by name."""
    return CheckConstraint(rule, name=name)


def _on_sqlite(name: str, rule: str) -> CheckConstraint:
    return CheckConstraint(rule, name=name).ddl_if(dialect="sqlite")


def one_of(column: str, *words: str) -> CheckConstraint:
    """The column holds one of these words."""
    return named(column, f"{column} IN ({', '.join(repr(word) for word in words)})")


def key(name: str, *more: Any, **options: Any) -> Column[Any]:
    """A column of the callers' own ids; compared byte by byte."""
    return Column(name, Key, *more, nullable=False, **options)


def reference(name: str, target: str, nullable: bool = False) -> Column[Any]:
    """A column that names a row of another table."""
    return Column(name, Key, ForeignKey(target), nullable=nullable)


def units(name: str, nullable: bool = False) -> Column[Any]:
    """A whole number: units, days, minor units of money, entry numbers."""
    return Column(name, Whole, nullable=nullable)


def flag(name: str) -> Column[Any]:
    """0 or 1."""
    return Column(name, Integer, nullable=False)


def word(name: str, nullable: bool = True) -> Column[Any]:
    """Text."""
    return Column(name, Text, nullable=nullable)


def day(name: str, nullable: bool = True) -> Column[Any]:
    """A day."""
    return Column(name, Day, nullable=nullable)


def moment(name: str, nullable: bool = False) -> Column[Any]:
    """A moment."""
    return Column(name, Moment, nullable=nullable)


def table(name: str, *parts: Any) -> Table:
    """A strict table; on SQLite, whose days and moments are text, with a CHECK of each one's form."""
    forms = [
        _on_sqlite(f"{c.name}_form", f"{c.name} IS NULL OR {c.name} IS date({c.name})")
        if isinstance(c.type, Day)
        else _on_sqlite(f"{c.name}_form", f"{c.name} IS NULL OR {c.name} GLOB '????-??-??T??:??:??.??????Z'")
        for c in parts
        if isinstance(c, Column) and isinstance(c.type, (Day, Moment))
    ]
    keys = [
        named(f"{c.name}_length", f"length({c.name}) BETWEEN 1 AND 200")
        for c in parts
        if isinstance(c, Column) and c.type is Key and not c.nullable and not c.foreign_keys
    ]
    return Table(name, metadata, *parts, *keys, *forms, sqlite_strict=True)


def _ddl(statement: str) -> ExecutableDDLElement:
    return DDL(statement)  # type: ignore[no-untyped-call]  # SQLAlchemy gives its constructor no types


_PG_REFUSE = _ddl(
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the ledger %% is append-only', TG_TABLE_NAME; END $$"
)
event.listen(metadata, "before_create", _PG_REFUSE.execute_if(dialect="postgresql"))


def refuse(ledger: Table, name: str, change: str, when: str = "") -> None:
    """Let the ledger refuse a change, where `when` holds if it is given."""
    condition = f"WHEN ({when}) " if when else ""
    event.listen(
        ledger,
        "after_create",
        _ddl(
            f"CREATE TRIGGER {name} BEFORE {change} ON {ledger.name} {condition}"
            f"BEGIN SELECT RAISE(ABORT, 'the ledger {ledger.name} is append-only'); END"
        ).execute_if(dialect="sqlite"),
    )
    event.listen(
        ledger,
        "after_create",
        _ddl(
            f"CREATE TRIGGER {name} BEFORE {change} ON {ledger.name} "
            f"FOR EACH {'ROW' if when else 'STATEMENT'} {condition}EXECUTE FUNCTION refuse_change()"
        ).execute_if(dialect="postgresql"),
    )


def in_order_of_commits(log: Table) -> None:
    """Let who inserts into the log go one after another, to their commits, so that its numbers are in that order.

    SQLite writes one transaction at a time anyway. PostgreSQL draws the numbers of a statement's rows after it holds
    this lock, which ends with the transaction.
    """
    event.listen(
        log,
        "after_create",
        _ddl(
            f"CREATE FUNCTION {log.name}_in_turn() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('{log.name}')); RETURN NULL; END $$"
        ).execute_if(dialect="postgresql"),
    )
    event.listen(
        log,
        "after_create",
        _ddl(
            f"CREATE TRIGGER {log.name}_in_turn BEFORE INSERT ON {log.name} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {log.name}_in_turn()"
        ).execute_if(dialect="postgresql"),
    )
