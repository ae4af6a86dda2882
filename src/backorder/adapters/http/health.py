"""Whether the process lives, and whether it can serve."""

import anyio.to_thread
import msgspec

from backorder.adapters.http.problems import busy
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.errors import StorageError
from backorder.storage.db import Database


class Health(msgspec.Struct):
    """That it runs; `waiting` are commands and order lines that wait for a transaction."""

    status: str
    waiting: int = 0


async def alive(house: House, _call: Call) -> Answer:
    """`GET /healthz`: the process answers, whatever the database does."""
    return Answer(Health("alive", house.writer.waiting))


async def ready(house: House, _call: Call) -> Answer:
    """`GET /readyz`: the database answers too."""
    try:
        await anyio.to_thread.run_sync(_reach, house.db, limiter=house.readers)
    except StorageError as error:
        raise busy(str(error)) from error
    return Answer(Health("ready", house.writer.waiting))


def _reach(db: Database) -> None:
    db.reach()
