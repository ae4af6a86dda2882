"""Backups: a whole database as one file, taken while it is in use, and brought back to a new place.

On SQLite the file is a database; on PostgreSQL it is the custom format of `pg_dump`. Beside it stands its SHA-256, in
the form that `sha256sum --check` reads.
"""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from backorder.kernel.errors import StorageError
from backorder.kernel.events import Event
from backorder.storage import postgresql
from backorder.storage.db import VERSION, Database, connect, parse_url, shown
from backorder.storage.event_tables import events
from backorder.storage.events import last_event
from backorder.storage.files import digest, written_whole
from backorder.storage.schema import metadata

_KINDS = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql"}  # how the files begin
NEVER_GIVEN = 10**9  # events that a shop will not have had since its backup, should its clock be of no use
_BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database that is in use


class Backup(NamedTuple):
    """A backup that was made: how long it is, and which version of the tables it holds."""

    size: int
    version: str


def back_up(place: str, target: Path, programs: str | None, *, force: bool = False) -> Backup:
    """Write the database at a path or URL to the file `target`, as it is at one moment, while others write to it.

    The database may be of another version than this program. `programs` is the folder of PostgreSQL's programs.
    Raises StorageError, and leaves no file, where the database is none of ours or the file cannot be written.
    """
    url = parse_url(place)
    version = version_of(place)
    seal = _seal(target)
    with written_whole(target, force=force) as part:
        if url.get_backend_name() == "sqlite":
            _copy(place, part)
        else:
            postgresql.dump(url, part, programs)
        written = f"{digest(part)}  {target.name}\n"
        seal.unlink(missing_ok=True)  # a new file under an old seal would be refused, were this to end in between
    with written_whole(seal, force=True) as part:
        part.write_text(written, encoding="utf-8")
    return Backup(target.stat().st_size, version)


def _seal(target: Path) -> Path:
    return target.with_name(f"{target.name}.sha256")


def version_of(place: str) -> str:
    """The version of the tables at a path or URL, whichever it is. Raises StorageError if there are none of ours."""
    url = parse_url(place)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise StorageError(f"there is no database at {shown(place)}")
    db = Database(connect(place))
    try:
        with db.read() as tx:
            rows = tx.fetch(text("SELECT version_num FROM alembic_version"))
    except StorageError as error:
        if "alembic_version" in str(error):
            raise StorageError(f"{shown(place)} is no Backorder database") from error
        raise
    finally:
        db.close()
    if not rows:
        raise StorageError(f"{shown(place)} is no Backorder database: it has no version")
    return str(rows[0][0])


def _copy(place: str, part: Path) -> None:
    """What the database holds at one moment: without free pages, where what was erased may still stand."""
    _leave_nothing_beside(part)
    engine = connect(place)
    try:
        with engine.connect() as plain:
            driver = plain.connection.dbapi_connection
            assert driver is not None
            driver.execute("VACUUM INTO ?", (str(part),))
    except engine.dialect.dbapi.Error as error:  # type: ignore[union-attr]  # the driver was loaded with the engine
        raise StorageError(f"the backup could not be written: {error}") from error
    finally:
        engine.dispose()


def kind_of(source: Path) -> str:
    """The kind of database that a backup is of. Raises StorageError for files that are no backups."""
    with source.open("rb") as file:
        head = file.read(16)
    for start, kind in _KINDS.items():
        if head.startswith(start):
            return kind
    raise StorageError(f"{source} is no backup: it is neither a SQLite database nor in the format of pg_dump")


def proven(source: Path) -> bool:
    """Whether the file is, byte by byte, what was written; False where the seal beside it is missing.

    Raises StorageError where it is not.
    """
    for name in _BESIDE:
        if source.with_name(source.name + name).exists():
            raise StorageError(f"{source} is a database in use, not a backup: make one with `backorder backup`")
    seal = _seal(source)
    if not seal.exists():
        return False
    wanted = seal.read_text(encoding="utf-8", errors="replace").split(" ")[0].strip()
    if digest(source) != wanted:
        raise StorageError(f"{source} is not as it was written: its SHA-256 is not the one in {seal}; use another")
    return True


def bring_back(source: Path, place: str, programs: str | None) -> str:
    """Restore a backup into a new place: a file that is not there yet, or an empty PostgreSQL database.

    Its version is answered; it may be another than this program's. Raises StorageError, and leaves nothing, where the
    backup is damaged or of another kind of database, or the place is not new.
    """
    url, kind = parse_url(place), kind_of(source)
    if url.get_backend_name() != kind:
        raise StorageError(
            f"{source} is a backup of {_name(kind)} and cannot be restored into {_name(url.get_backend_name())}: "
            "export with --folder takes data from one to the other"
        )
    if kind == "postgresql":
        _require_empty(place)
        postgresql.restore(url, source, programs)
        _analyze(place)
        return version_of(place)
    target = Path(url.database or "")
    for name in _BESIDE:
        if target.with_name(target.name + name).exists():
            raise StorageError(f"{target}{name} is left of another database: SQLite would read it, move it away first")
    with written_whole(target) as part:
        _leave_nothing_beside(part)
        shutil.copyfile(source, part)
        try:
            _prove_structure(part, source)
            return version_of(str(part))
        finally:
            _leave_nothing_beside(part)


def _leave_nothing_beside(part: Path) -> None:
    """Remove what a run that was killed may have left: SQLite would read it into the new file."""
    for name in _BESIDE:
        part.with_name(part.name + name).unlink(missing_ok=True)


def _name(kind: str) -> str:
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[kind]


def _prove_structure(part: Path, source: Path) -> None:
    """Let SQLite read every page and index. Raises StorageError where something is missing or does not fit."""
    db = Database(connect(str(part)))
    try:
        with db.read() as tx:
            found = tx.fetch(text("PRAGMA integrity_check(1)"))
    except StorageError as error:
        raise StorageError(f"{source} is damaged: {error}") from error
    finally:
        db.close()
    if found != [("ok",)]:
        raise StorageError(f"{source} is damaged: {found[0][0]}")


def _require_empty(place: str) -> None:
    db = Database(connect(place))
    try:
        with db.read() as tx:
            found = tx.fetch(
                text(
                    "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                    "WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1 LIMIT 1"
                )
            )
    finally:
        db.close()
    if found:
        raise StorageError(f"the database at {shown(place)} is not empty, it has {found[0][0]}: name a new one")


def _analyze(place: str) -> None:
    """Let PostgreSQL look at the tables that have rows; of empty ones it would conclude that they stay so."""
    engine = connect(place)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in _filled(connection):
                connection.execute(text(f'ANALYZE "{name}"'))
    except DBAPIError as error:
        raise StorageError(f"{shown(place)} was restored but cannot be analysed: {error.orig}") from error
    finally:
        engine.dispose()


def _filled(connection: Connection) -> list[str]:
    names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).all()
    return [row[0] for row in names if connection.execute(text(f'SELECT 1 FROM "{row[0]}" LIMIT 1')).all()]


def tell_restored(db: Database, now: int) -> None:
    """Tell, as an event, that the database was brought back; from now on events have numbers never given before.

    After the backup was made events were numbered on; whoever got them must not take new ones for repeats. So they
    begin at the moment in microseconds: no shop has an event in each, and the same backup brought back a second time
    begins behind what the first time has given since.
    """
    with db.write() as tx:
        last = last_event(tx)
        n = now if now > last else last + NEVER_GIVEN
        told = Event(now, "database_restored", "shop/database", "{}")
        tx.insert(events, ("n", *Event._fields), [(n, *told)])
        if tx.dialect == "postgresql":
            tx.fetch(text("SELECT setval(pg_get_serial_sequence('events', 'n'), :n)"), n=n)


def rows(db: Database) -> int:
    """How many rows the tables have."""
    with db.read() as tx:
        return sum(int(tx.fetch(select(func.count()).select_from(table))[0][0]) for table in metadata.sorted_tables)


def is_current(version: str) -> bool:
    """Whether this program works with that version as it is."""
    return version == VERSION


@contextmanager
def passing_place(source: Path, beside: str) -> Iterator[str]:
    """A place for one look at a backup, gone afterwards: a file in the temporary folder, or a database of its own on
    the server of the URL `beside`, whose user has to be allowed to make databases.
    """
    if kind_of(source) == "sqlite":
        with tempfile.TemporaryDirectory(prefix="backorder-verify-") as folder:
            yield str(Path(folder) / "backup.db")
        return
    url = parse_url(beside)
    if url.get_backend_name() != "postgresql":
        raise StorageError(
            f"{source} is a backup of PostgreSQL: to look at it, say with --database on which server a database may "
            "be made for it, such as postgresql://user@host/postgres"
        )
    name = f"backorder_verify_{secrets.token_hex(6)}"
    _on_server(beside, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _on_server(beside, f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(place: str, statement: str) -> None:
    engine = connect(place)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))
    except DBAPIError as error:
        raise StorageError(f"{statement}: {str(error.orig).strip()}") from error
    finally:
        engine.dispose()
