"""An event for a thousand endpoints, a tenth of them dead, against the same for the living alone."""

import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from typing import Any

from backorder.adapters.webhooks import Endpoints
from backorder.commands import Command, decode, run
from backorder.kernel.destinations import read_allowed
from backorder.kernel.webhooks import secret_of
from backorder.storage.db import Database, open_database
from backorder.worker import Worker
from bench.figure import Figure
from bench.shops import places

ENDPOINTS, ROUNDS = 1_000, 6
GAP = 8.0  # seconds between events: the dead are asked again in between
_NETWORK = "127.0.0.0/8"


def measure(scale: float) -> Iterator[Figure]:
    """Both databases: seconds from an event until the last of the living has it."""
    count = max(10, int(ENDPOINTS * scale))
    rounds, gap = (ROUNDS, GAP) if scale >= 1 else (2, 0.1)
    os.environ["BACKORDER_WEBHOOK_NETWORKS"] = _NETWORK
    with places() as where:
        for kind in ("postgresql", "sqlite"):
            alone = _until_all(where.new(kind), count - count // 10, 0, rounds, gap)
            beside = _until_all(where.new(kind), count, count // 10, rounds, gap)
            ratio = statistics.median(beside) / statistics.median(alone)
            said = f"{ratio:.2f} times, {statistics.median(beside):.1f} s (worst {max(beside):.1f} s)"
            yield Figure(f"{count:,} endpoints, a tenth dead, {kind}", said, "<= 1.1 times", ratio <= 1.1)
    del os.environ["BACKORDER_WEBHOOK_NETWORKS"]


def _until_all(place: str, count: int, dead: int, rounds: int, gap: float) -> list[float]:
    """Seconds until the last of the living had an event, for some events."""
    db = open_database(place)
    with _receiver(True) as (deaf, _), _receiver(False) as (port, arrived):
        said = {"do": "put_webhook", "secret": secret_of(b"k" * 32), "events": ["item_put"]}
        urls = [f"http://127.0.0.1:{deaf if n < dead else port}/" for n in range(count)]
        _give(db, *({**said, "webhook": f"e{n:04}", "url": url} for n, url in enumerate(urls)))
        worker = Worker(
            db, _now, duties={}, endpoints=Endpoints(db, _now, time.monotonic, read_allowed("443", _NETWORK))
        )
        worker.start()
        found = []
        for n in range(-1, rounds):  # the first one lets them all begin
            began = time.time()
            _give(db, {"do": "put_item", "sku": f"I{n}"})
            moments = [_next(arrived, began + 120) for _ in range(count - dead)]
            found.append(max(moments) - began)
            time.sleep(gap)
    worker.close(60)  # now that the dead hang up: nobody waits for them
    db.close()
    return found[1:]


def _give(db: Database, *said: dict[str, Any]) -> None:
    read = [decode(each) for each in said]
    run(db, _now(), [command for command in read if isinstance(command, Command)])


def _now() -> int:
    return time.time_ns() // 1_000


def _next(arrived: "multiprocessing.Queue[float]", until: float) -> float:
    with suppress(Empty):
        return arrived.get(timeout=max(until - time.time(), 0.01))
    return until


@contextmanager
def _receiver(deaf: bool) -> Iterator[tuple[int, Any]]:
    """A process that takes messages, or never answers: its port, and the moments when something came."""
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    arrived: multiprocessing.Queue[float] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_receive, args=(ports, arrived, deaf), daemon=True)
    process.start()
    try:
        yield ports.get(timeout=60), arrived
    finally:
        process.kill()
        process.join()


def _receive(ports: Any, arrived: Any, deaf: bool) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
                if deaf:
                    await asyncio.sleep(3_600)
                arrived.put(time.time())
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1_000)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())
