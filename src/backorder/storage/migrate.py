"""Bringing a database to this program's version. Apart from `db`, because loading Alembic takes its time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from backorder.kernel.errors import StorageError
from backorder.storage.db import connect, shown

_SCRIPTS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The version that this program works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def upgrade(place: str, version: str = "head") -> None:
    """Bring the database at a path or URL to the newest version, making it if it is empty; safe to repeat.

    All of it is one transaction on both databases: it ends at the version or where it was.
    """
    engine = connect(place)
    try:
        with engine.connect().execution_options(backorder_write=True) as connection:
            _let_tables_be_rebuilt(connection)
            with connection.begin():
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, version)
                _prove_references(connection, place)
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise StorageError(f"the database at {shown(place)} cannot be made or upgraded: {reason}") from error
    except CommandError as error:
        message = (
            f"the database at {shown(place)} was made by a newer Backorder: install that, or name another database"
        )
        raise StorageError(message) from error
    finally:
        engine.dispose()


def _let_tables_be_rebuilt(connection: Connection) -> None:
    """SQLite alters a table by making it anew, which its foreign keys would refuse; outside a transaction only."""
    driver = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.execute("PRAGMA foreign_keys = OFF")


def _prove_references(connection: Connection, place: str) -> None:
    """What was not watched meanwhile is proved before it is kept."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise StorageError(f"the upgrade of {shown(place)} was undone: rows of {broken[0][0]} lost what they name")
