"""Bringing a database to this program's version. Apart from `db`, because loading Alembic takes its time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
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


def upgrade(place: str) -> None:
    """Bring the database at a path or URL to the newest version, making it if it is empty; safe to repeat."""
    engine = connect(place)
    try:
        with engine.connect().execution_options(backorder_write=True) as connection, connection.begin():
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
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
