"""Opening SQLite or PostgreSQL, transactions, and the bulk paths: the only file that knows the dialect."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, Engine, Executable, Select, Table, bindparam, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, UserDefinedType

from backorder.kernel.cases import Said
from backorder.kernel.errors import Conflict, StorageError, Unavailable
from backorder.kernel.events import Event
from backorder.storage.turns import Turns
from backorder.storage.types import Day, Moment, day_to_text, moment_to_text

VERSION = "0024"  # the newest migration; a test holds it to that
SQLITE_FLOOR = (3, 51, 3)  # earlier ones can lose a commit when the WAL is reset while another connection reads
BUSY_SECONDS = 30
IDLE_SECONDS = 60  # in a transaction, between two statements
LONG_SECONDS = 1_800  # the same, where very much is decided at once
TOGETHER = 32  # rows of one INSERT on SQLite: the driver lets go of the interpreter, and asks for it again, for each
POOL = 16  # connections kept open; three times as many more while they are asked for
_AWAY = {"08", "53", "57", "58"}  # connection, resources, shut down, system: PostgreSQL's classes of errors
_TRY_AGAIN = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available

Row = tuple[Any, ...]
Changed = tuple[Row, Row, Row]  # the key of a row, what it held, and what it is to hold


class _Words(UserDefinedType[Sequence[str]]):
    """A list of keys as one parameter: an array's text on PostgreSQL, JSON on SQLite."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """A list to what the driver takes."""
        return _json if dialect.name == "sqlite" else _words


def _words(words: Iterable[str]) -> str:
    return _array("text", list(words))


def _json(words: Iterable[str]) -> str:
    """The words as JSON, faster than `json.dumps` does it for thousands."""
    return msgspec.json.encode(list(words)).decode()


class _Among(FunctionElement[Any]):
    inherit_cache = True
    type = NullType()  # typed as a Boolean, SQLite would get `... = 1` and not use an index


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The column's value is in the list bound as `name`: one parameter, and one plan, for any length."""
    return _Among(column, bindparam(name, type_=_Words()))


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, words = element.clauses
    return f"{compiler.process(column, **kw)} = ANY(CAST({compiler.process(words, **kw)} AS text[]))"


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, words = element.clauses
    return f"{compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(words, **kw)}))"


class Tx:
    """One transaction: reads as Core statements, writes through the bulk paths. Counts its statements.

    `endings` are done in their order right before a writing transaction commits; `events` gathers what it has to tell,
    `touched` the orders whose customers may be owed something by it, with what was said of them.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name
        self.statements = 0
        self.endings: list[Callable[[Tx], None]] = []
        self.events: list[Event] = []
        self.touched: dict[str, list[Said]] = {}

    def end(self) -> None:
        """Do what comes last."""
        for ending in self.endings:
            ending(self)

    def fetch(self, statement: Executable, **parameters: Any) -> list[Row]:
        """All rows of a query, as plain tuples: converted by column, which costs half of what result rows do."""
        self.statements += 1
        result = self._connection.execute(statement, parameters)
        rows: list[Row] = list(result.cursor.fetchall()) if result.cursor is not None else []
        result.close()
        convert = _readers(statement, self.dialect)
        return _converted(rows, convert) if convert and rows else rows

    def columns(self, statement: Select[Any], **parameters: Any) -> list[Sequence[Any]]:
        """The rows of a query column by column, for those that are many: they are turned once."""
        self.statements += 1
        result = self._connection.execute(statement, parameters)
        rows: list[Row] = list(result.cursor.fetchall())
        result.close()
        if not rows:
            return [()] * len(statement.selected_columns)
        found: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for n, convert in _readers(statement, self.dialect):
            found[n] = list(map(convert, found[n]))
        return found

    def take_long(self) -> None:
        """Let PostgreSQL wait for what is decided in this transaction, however many lines it is about."""
        if self.dialect == "postgresql":
            self.fetch(text(f"SET LOCAL idle_in_transaction_session_timeout = '{LONG_SECONDS}s'"))

    def plan_by_values(self) -> None:
        """Let PostgreSQL plan each query of this transaction for the values that are asked for.

        After some queries for large channels it would keep a plan that goes through all lines for the smallest.
        """
        if self.dialect == "postgresql":
            self.fetch(text("SET LOCAL plan_cache_mode = force_custom_plan"))

    def count_anew(self) -> None:
        """Let SQLite count the tables that changed much, by which it chooses among indexes; PostgreSQL does by itself.

        Without, it goes through all lines that wait to find the few that slipped.
        """
        if self.dialect == "sqlite":
            self.fetch(text("PRAGMA optimize(0x10002)"))  # all tables, not those alone that this connection read

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows given as tuples in the order of `columns`, all by one statement; nothing for no rows."""
        if not rows:
            return
        self.statements += 1
        rows = _to_driver(table, tuple(columns), self.dialect, rows)
        if self.dialect == "postgresql":
            cursor = self._connection.connection.cursor()
            with cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(_copy_types(table, tuple(columns)))
                for row in rows:
                    copy.write_row(row)
        else:
            marks = f"({', '.join('?' * len(columns))})"
            self._many(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ", marks, "", rows)

    def _many(self, before: str, marks: str, after: str, rows: Sequence[Row]) -> None:
        """Insert rows into SQLite, some at a time."""
        whole = len(rows) // TOGETHER * TOGETHER
        if whole:
            joined = [tuple(chain.from_iterable(rows[at : at + TOGETHER])) for at in range(0, whole, TOGETHER)]
            self._connection.exec_driver_sql(before + ", ".join([marks] * TOGETHER) + after, joined)
        if whole < len(rows):
            self._connection.exec_driver_sql(before + marks + after, list(rows[whole:]))  # of tuples: executemany

    def update(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Set `columns` of the rows found by `keys`, given as tuples of keys then values, all in one statement.

        A key may be set too: its old value finds the row.
        """
        if not rows:
            return
        where = " AND ".join(f"{table.name}.{key} = new.key_{key}" for key in keys)
        setting = ", ".join(f"{column} = new.{column}" for column in columns)
        named = [*(f"key_{key}" for key in keys), *columns]
        sql = f"UPDATE {table.name} SET {setting} FROM {{new}} WHERE {where}"
        self._change(table, sql, named, keys, columns, rows)

    def change(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Changed]) -> None:
        """Update rows, of their columns those that differ in any of them: checks and indexes of the others rest."""
        differing = [n for n in range(len(columns)) if any(before[n] != now[n] for _, before, now in rows)]
        if differing:
            chosen = [(*key, *[now[n] for n in differing]) for key, _, now in rows]
            self.update(table, keys, [columns[n] for n in differing], chosen)

    def put(
        self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row], zero: Sequence[str]
    ) -> None:
        """Set `columns` of the rows found by `keys`, as `update` does; insert those that are not there, `zero` at 0."""
        if not rows:
            return
        names = (*keys, *columns)
        inserted = f"INSERT INTO {table.name} ({', '.join((*names, *zero))})"
        found = ", ".join(keys)
        setting = ", ".join(f"{column} = excluded.{column}" for column in columns)
        conflict = f"ON CONFLICT ({found}) DO UPDATE SET {setting}"
        self.statements += 1
        if self.dialect == "postgresql":
            values = ", ".join((*names, *"0" * len(zero)))
            sql = f"{inserted} SELECT {values} FROM {{new}} {conflict}"
            self._unnested(table, sql, names, names, rows)
            return
        values = ", ".join((*"?" * len(names), *"0" * len(zero)))
        rows = _to_driver(table, names, self.dialect, rows)
        self._many(f"{inserted} VALUES ", f"({values})", f" {conflict}", rows)

    def delete(self, table: Table, keys: Sequence[str], rows: Sequence[Row]) -> None:
        """Delete the rows with these keys, all in one statement."""
        if not rows:
            return
        where = " AND ".join(f"{table.name}.{key} = new.{key}" for key in keys)
        self._change(table, f"DELETE FROM {table.name} USING {{new}} WHERE {where}", keys, keys, (), rows)

    def _change(
        self,
        table: Table,
        postgresql: str,
        named: Sequence[str],
        keys: Sequence[str],
        columns: Sequence[str],
        rows: Sequence[Row],
    ) -> None:
        self.statements += 1
        names = (*keys, *columns)
        if self.dialect == "postgresql":
            self._unnested(table, postgresql, named, names, rows)
            return
        rows = _to_driver(table, names, self.dialect, rows)
        where = " AND ".join(f"{key} = ?{n + 1}" for n, key in enumerate(keys))
        setting = ", ".join(f"{column} = ?{len(keys) + n + 1}" for n, column in enumerate(columns))
        verb = f"UPDATE {table.name} SET {setting}" if columns else f"DELETE FROM {table.name}"
        self._connection.exec_driver_sql(f"{verb} WHERE {where}", list(rows))

    def _unnested(
        self, table: Table, sql: str, named: Sequence[str], names: tuple[str, ...], rows: Sequence[Row]
    ) -> None:
        """Execute PostgreSQL's statement, whose `{new}` is the rows: a column is an array, sent as its text."""
        kinds = _copy_types(table, names)
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
        columns = [
            _array(kind, column if as_text is None else list(map(as_text, column)))
            for kind, column, as_text in zip(kinds, zip(*rows, strict=True), _texts(table, names), strict=True)
        ]
        new = f"unnest({arrays}) AS new({', '.join(named)})"
        self._connection.connection.cursor().execute(sql.format(new=new), columns)


def _array(kind: str, column: Sequence[Any]) -> str:
    """A column as PostgreSQL's array text, which is several times faster than letting the driver adapt a list."""
    if kind == "text":
        try:
            words = '","'.join(column)
        except TypeError:  # there is none of some: each by itself, below
            pass
        else:
            if "\\" not in words and words.count('"') == 2 * (len(column) - 1):
                return f'{{"{words}"}}'
        each = ("NULL" if v is None else '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in column)
    else:
        each = ("NULL" if v is None else str(v) for v in column)
    return "{" + ",".join(each) + "}"


def _to_driver(table: Table, names: tuple[str, ...], dialect: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Rows with days and moments in the driver's form."""
    convert = _conversions(table, names, dialect)
    return _converted(rows, convert) if convert else rows


def _converted(rows: Sequence[Row], convert: list[tuple[int, Callable[[Any], Any]]]) -> list[Row]:
    columns: list[Any] = list(zip(*rows, strict=True))
    for n, conversion in convert:
        columns[n] = map(conversion, columns[n])
    return list(zip(*columns, strict=True))


@lru_cache(maxsize=256)
def _readers(statement: Any, dialect: str) -> list[tuple[int, Callable[[Any], Any]]]:
    """The columns of a query that need converting on their way from the driver, and by what."""
    columns = getattr(statement, "exported_columns", ())
    found = ((n, column.type) for n, column in enumerate(columns))
    return [
        (n, kind.result_processor(_DIALECTS[dialect], None)) for n, kind in found if isinstance(kind, (Day, Moment))
    ]


@lru_cache(maxsize=256)
def _conversions(table: Table, names: tuple[str, ...], dialect: str) -> list[tuple[int, Callable[[Any], Any]]]:
    """The columns that need converting on their way to the driver, and by what."""
    known = _DIALECTS[dialect]
    found = ((n, table.c[name].type.bind_processor(known)) for n, name in enumerate(names))
    return [(n, processor) for n, processor in found if processor is not None]


@lru_cache(maxsize=256)
def _texts(table: Table, names: tuple[str, ...]) -> list[Callable[[Any], Any] | None]:
    """What makes text of the days and moments among columns: remembered, it is cheaper than to have dates written."""
    return [
        day_to_text.__getitem__
        if isinstance(kind, Day)
        else moment_to_text.__getitem__
        if isinstance(kind, Moment)
        else None
        for kind in (table.c[name].type for name in names)
    ]


@lru_cache(maxsize=256)
def _copy_types(table: Table, names: tuple[str, ...]) -> list[str]:
    """PostgreSQL's type names of columns, in the driver's spelling."""
    known = {"BIGINT": "int8", "INTEGER": "int4", "DATE": "date", "TIMESTAMPTZ": "timestamptz"}
    return [known.get(table.c[name].type.compile(_DIALECTS["postgresql"]), "text") for name in names]


_DIALECTS: dict[str, Dialect] = {}


class Database:
    """An open database: `with db.write() as tx` commits or rolls back as a whole, `db.read()` sees one state."""

    def __init__(self, engine: Engine, turns: Turns | None = None, *, aside: bool = False) -> None:
        self.engine = engine
        self.dialect = engine.dialect.name
        self.one_at_a_time = self.dialect == "sqlite"  # whether all who write wait while one does
        self.turns = turns or Turns()
        self.is_aside = aside
        _DIALECTS[self.dialect] = engine.dialect

    def aside(self) -> "Database":
        """The same database for whoever gives way to others: `turns` does not tell of what is written through it."""
        return Database(self.engine, self.turns, aside=True)

    def _turn(self) -> AbstractContextManager[None]:
        """SQLite lets one write at a time, whoever asks when it is free; among our threads they go in turn."""
        if self.one_at_a_time:
            return self.turns.turn(BUSY_SECONDS)
        if not self.is_aside:
            self.turns.come()
        return nullcontext()

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that may write. Raises Conflict where running it again may help, else StorageError."""
        with _wrapped(), self.engine.connect() as plain:
            connection = plain.execution_options(backorder_write=True)
            with self._turn(), connection.begin():
                tx = Tx(connection)
                yield tx
                tx.end()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that only reads, all of it from one state of the database."""
        with _wrapped(), self.engine.connect() as plain:
            connection = plain
            if self.dialect == "postgresql":
                connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield Tx(connection)

    @contextmanager
    def rehearse(self) -> Iterator["Database"]:
        """A database on which everything can be done, and is given up at the end. Others cannot write meanwhile."""
        with _wrapped(), self.engine.connect() as plain:
            connection = plain.execution_options(backorder_write=True)
            with self._turn(), connection.begin() as whole:
                yield _Rehearsal(self.engine, connection)
                whole.rollback()

    def reach(self) -> None:
        """Do nothing but find the database there. Raises StorageError."""
        with self.read() as tx:
            tx.fetch(text("SELECT 1"))

    def closing_with(self, last: Callable[[Tx], None], first: Callable[[Tx], None] | None = None) -> "Database":
        """The same database; each of its writing transactions does `last` before it commits, `first` as it begins."""
        return _Closing(self, last, first)

    def compact(self) -> None:
        """Let what was deleted or overwritten leave the disk too, as far as that is the database's own affair."""
        with _wrapped(), self.engine.connect() as plain:
            if self.dialect == "postgresql":
                plain.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM"))
            else:
                driver = plain.connection.dbapi_connection
                assert driver is not None
                driver.execute("VACUUM")
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


class _Closing(Database):
    """The database, with something that every writing transaction does last, and perhaps something it does first."""

    def __init__(self, whole: Database, last: Callable[[Tx], None], first: Callable[[Tx], None] | None) -> None:
        super().__init__(whole.engine, whole.turns, aside=whole.is_aside)
        self._last, self._first = last, first

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that may write, closed with what was asked for."""
        with super().write() as tx:
            if self._first is not None:
                self._first(tx)
            tx.endings.append(self._last)
            yield tx


class _Rehearsal(Database):
    """The database as one transaction sees it: its transactions are savepoints."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        super().__init__(engine)
        self._connection = connection

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A part of the rehearsal, undone if it fails."""
        with _wrapped(), self._connection.begin_nested():
            tx = Tx(self._connection)
            yield tx
            tx.end()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """The rehearsal so far."""
        with _wrapped():
            yield Tx(self._connection)


@contextmanager
def _wrapped() -> Iterator[None]:
    """Let no driver's exception out: what may pass when tried again is a Conflict, the rest a StorageError."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(
            f"another transaction was there first, or the data break a rule: {_reason(error.orig)}"
        ) from error
    except DBAPIError as error:
        raise _translated(error.orig, away=error.connection_invalidated) from error
    except SQLAlchemyTimeout as error:
        raise Unavailable("the database is busy: no connection became free") from error
    except _driver_errors() as error:
        raise _translated(error) from error


def _translated(error: BaseException | None, *, away: bool = False) -> StorageError:
    state = getattr(error, "sqlstate", None)
    reason = _reason(error)
    if state in _TRY_AGAIN or state == "23505" or "database is locked" in reason:
        return Conflict(f"the database is busy: {reason}")
    lost = f"the database is away: {reason}"
    if away or (state is not None and state[:2] in _AWAY):
        return Unavailable(lost)
    if state is None and type(error).__name__ == "OperationalError":  # no room, no disk, no connection
        of_server = type(error).__module__.startswith("psycopg")
        return Unavailable(lost if of_server else f"the database failed, nothing was written: {reason}")
    return StorageError(f"the database failed, nothing was written: {reason}")


def _reason(error: BaseException | None) -> str:
    """What the database says of an error, without the rows: those stand in the lines behind the first."""
    return next(iter(str(error).strip().splitlines()), "no reason given")


@lru_cache(maxsize=1)
def _driver_errors() -> tuple[type[BaseException], ...]:
    import psycopg

    return (psycopg.Error,)


def parse_url(place: str) -> URL:
    """The URL of a database, from a URL or a path to a SQLite file. Raises StorageError naming what is wrong."""
    if "://" not in place:
        return URL.create("sqlite", database=place)
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise StorageError(
            "the database's address is neither a path nor a URL such as postgresql://host/name"
        ) from error
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite":
        return url
    raise StorageError(f"{url.drivername} is not a database that Backorder runs on: use sqlite or postgresql")


def shown(place: str) -> str:
    """A path or URL as messages may show it: without its password."""
    return parse_url(place).render_as_string(hide_password=True) if "://" in place else place


_QUIET: dict[str, Any] = {"hide_parameters": True}  # what customers said does not get into messages of errors


def connect(place: str) -> Engine:
    """An engine for the database at a path or URL, whatever its version. Raises StorageError if there can be none."""
    url = parse_url(place)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    import psycopg  # noqa: F401  # fail here, with SQLAlchemy's message, rather than at the first statement

    # A process that was stopped in the middle of a transaction must not hold its locks for ever.
    # What is read is found by indexes, and wanted at once: a page anywhere costs little more than the one behind
    # the last one, and no statement is worth compiling first.
    alone = "max_parallel_workers_per_gather=0"  # many look at the same time: to help one would cost another
    settings = f"idle_in_transaction_session_timeout={IDLE_SECONDS}s", "random_page_cost=1.1", "jit=off", alone
    options = " ".join(f"-c {setting}" for setting in settings)
    return create_engine(url, pool_size=POOL, max_overflow=3 * POOL, connect_args={"options": options}, **_QUIET)


def _sqlite(url: URL) -> Engine:
    from pysqlite3 import dbapi2

    if dbapi2.sqlite_version_info < SQLITE_FLOOR:
        raise StorageError(f"SQLite {dbapi2.sqlite_version} may lose commits: 3.51.3 or later is needed")
    if url.database and url.database != ":memory:" and not Path(url.database).parent.is_dir():
        raise StorageError(f"there is no folder {Path(url.database).parent} to keep the database in")
    engine = create_engine(url, module=dbapi2, pool_size=POOL, max_overflow=3 * POOL, **_QUIET)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, below
        for pragma in (
            f"busy_timeout = {BUSY_SECONDS * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("backorder_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def open_database(place: str) -> Database:
    """Open the database at a path or URL, checked to be of this program's version.

    Raises StorageError that says how to make or upgrade it if it is not.
    """
    url = parse_url(place)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise StorageError(f"there is no database at {shown(place)}: run `backorder init` first")
    database = Database(connect(place))
    try:
        version = _version(database)
    except StorageError as error:
        database.close()
        if "alembic_version" in str(error):
            raise StorageError(f"{shown(place)} is no Backorder database yet: run `backorder init` first") from error
        if "not a database" in str(error):
            raise StorageError(f"{shown(place)} is not a SQLite database: name another file") from error
        raise
    if version != VERSION:
        database.close()
        raise StorageError(
            f"the database at {shown(place)} has version {version}, this program works with {VERSION}: "
            "run `backorder init` to upgrade it, or install the program that made it"
        )
    return database


def _version(database: Database) -> str:
    with database.read() as tx:
        rows = tx.fetch(text("SELECT version_num FROM alembic_version"))
    return str(rows[0][0]) if rows else "none"
