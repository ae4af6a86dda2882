"""Figures for Prometheus: the requests of this process, its writer, and what waits in the database's outbox."""

import asyncio
import math

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.errors import Unavailable
from backorder.queries import outbox

FRESH = 10.0  # seconds that the outbox's figures stand: anybody may ask for them, so asking must cost nothing
_WAITING = Gauge("backorder_writer_waiting", "Commands and order lines that wait for a transaction.")
_BATCHES = Gauge("backorder_writer_batches", "Transactions of the writer since the process started.")
_COMMANDS = Gauge("backorder_writer_commands", "Commands in those transactions.")
_STATES = Gauge("backorder_outbox_messages", "Messages that wait, or were given up.", ["state"])
_OLDEST = Gauge("backorder_outbox_oldest_seconds", "How long the oldest waiting message has been due; 0 if none is.")
_TIMERS = Gauge("backorder_timers", "Timers that are due, or were given up.", ["state"])


class Figures:
    """The figures of one process."""

    def __init__(self) -> None:
        self._until = 0.0  # in seconds of the event loop

    async def answer(self, house: House, _call: Call) -> Answer:
        """`GET /metrics`: what the database would have said is not a number while it is away."""
        tick = asyncio.get_running_loop().time()
        _WAITING.set(house.writer.waiting)
        _BATCHES.set(house.writer.batches)
        _COMMANDS.set(house.writer.commands)
        if self._until <= tick:
            self._until = tick + FRESH
            await _look(house)
        return Answer(generate_latest(), content=CONTENT_TYPE_LATEST)


async def _look(house: House) -> None:
    now = house.clock()
    try:
        found: outbox.Standing = await ask(house, outbox.standing, house.db, now)
    except Unavailable:
        for gauge in (*(_STATES.labels(state) for state in ("waiting", "dead")), _OLDEST):
            gauge.set(math.nan)
        for state in ("due", "dead"):
            _TIMERS.labels(state).set(math.nan)
        return
    _STATES.labels("waiting").set(found.waiting)
    _STATES.labels("dead").set(found.dead)
    _OLDEST.set(0 if found.oldest is None else max(0.0, now / 1_000_000 - found.oldest.timestamp()))
    _TIMERS.labels("due").set(found.timers_due)
    _TIMERS.labels("dead").set(found.timers_dead)
