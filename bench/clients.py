"""Clients of the service in a process of their own: `python -m bench.clients PORT TOKEN CLIENTS SECONDS WHAT ITEMS`.

Each keeps a connection open and sends a request as soon as the last was answered; who is turned away comes back when
told, or at once where WHAT ends in an exclamation mark. WHAT is an address, or `order`, or `order:50` for orders of 50
lines. Prints what came back as JSON.
"""

import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial


class Connection(asyncio.Protocol):
    """A connection that is never without a request until the time is up."""

    def __init__(self, make: Callable[[], bytes], until: float, patient: bool, done: asyncio.Future[None]) -> None:
        self.make, self.until, self.patient, self.done = make, until, patient, done
        self.buffer, self.sent_at = b"", 0.0
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._send()

    def _send(self) -> None:
        self.sent_at = time.perf_counter()
        self.transport.write(self.make())

    def data_received(self, data: bytes) -> None:
        """Count an answer once it is whole, and send the next."""
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().find(b"content-length:")
        if len(rest) < int(head[at + 15 :].split(b"\r\n", 1)[0]):
            return
        now = time.perf_counter()
        self.times.append(now - self.sent_at)
        self.statuses[int(head[9:12])] += 1
        self.buffer = b""
        again = re.search(rb"(?i)\r\nretry-after: *(\d+)", head)
        pause = int(again[1]) if again and self.patient else 0
        if now + pause >= self.until:
            self.transport.close()
        elif pause:
            asyncio.get_running_loop().call_later(pause, self._send)
        else:
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        """The time is up, or the service is gone."""
        if not self.done.done():
            self.done.set_result(None)


def requests(token: str, what: str, items: int) -> Callable[[], bytes]:
    """What makes the next request: an order of one line, or a question."""
    chance, counter, run = random.Random(7), iter(range(10**9)), f"{time.time_ns():x}"
    auth = f"Host: localhost\r\nAuthorization: Bearer {token}\r\n"
    if not what.startswith("order"):
        fixed = f"GET {what} HTTP/1.1\r\n{auth}\r\n".encode()
        return lambda: fixed

    lines = int(what.partition(":")[2] or 1)

    def order() -> bytes:
        wanted = ",".join(
            f'{{"line":"{n}","sku":"I{chance.randrange(items):06d}","quantity":1}}' for n in range(1, lines + 1)
        )
        body = f'{{"order":"S-{run}-{next(counter)}","lines":[{wanted}]}}'
        head = (
            f"POST /v1/orders HTTP/1.1\r\n{auth}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()

    return order


async def run(port: int, token: str, clients: int, seconds: float, what: str, items: int) -> dict[str, object]:
    """Load for some seconds."""
    loop = asyncio.get_running_loop()
    make, patient, started = requests(token, what.rstrip("!"), items), not what.endswith("!"), time.perf_counter()
    connections = []
    for _ in range(clients):
        done = loop.create_future()
        made = partial(Connection, make, started + seconds, patient, done)
        _, one = await loop.create_connection(made, "127.0.0.1", port)
        connections.append(one)
    await asyncio.gather(*(one.done for one in connections))
    took = time.perf_counter() - started
    times = sorted(entry for one in connections for entry in one.times)
    statuses: Counter[int] = Counter()
    for one in connections:
        statuses.update(one.statuses)
    return {
        "rate": len(times) / took,
        "good": sum(count for status, count in statuses.items() if status < 400) / took,
        "p50": statistics.median(times),
        "p99": times[int(len(times) * 0.99)],
        "statuses": dict(statuses),
    }


if __name__ == "__main__":
    port_, token_, clients_, seconds_, what_, items_ = sys.argv[1:]
    print(json.dumps(asyncio.run(run(int(port_), token_, int(clients_), float(seconds_), what_, int(items_)))))
