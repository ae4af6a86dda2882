"""Whether the process lives, and whether it can serve."""

import asyncio

import msgspec

from backorder.adapters.http.route import Answer, Call, House


class Health(msgspec.Struct):
    """That it runs; `waiting` are commands and order lines that wait for a transaction."""

    status: str
    waiting: int = 0


async def alive(house: House, _call: Call) -> Answer:
    """`GET /healthz`: the process answers, whatever the database does."""
    return Answer(Health("alive", house.writer.waiting))


async def ready(house: House, _call: Call) -> Answer:
    """`GET /readyz`: the database answers too."""
    await asyncio.get_running_loop().run_in_executor(house.readers, house.db.reach)
    return Answer(Health("ready", house.writer.waiting))
