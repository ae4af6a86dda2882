"""The service in trouble: everybody wants the last units, replies get lost, processes and databases are killed."""

import os
import random
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import new_database
from load import Load, backorderable, kept, order
from servers import durable_server
from service import Client, Reply, Service, start, started, stop, wait_ready

from backorder.queries import check
from backorder.storage.db import open_database

ROUNDS = 10
BUYERS = 200
UNITS = 10


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    with new_database(request.param, tmp_path) as url, started(url) as found:
        admin = found.client()
        assert admin.ask("PUT", "/v1/sites/MAIN", {}).status == 201
        admin.close()
        yield found
        db = open_database(url)
        assert check.run(db) == []
        db.close()


def at_once(jobs: list) -> list:
    """Run them all at once; what they answered."""
    answers: list = [None] * len(jobs)
    ready = threading.Barrier(len(jobs))

    def one(n: int) -> None:
        ready.wait(60)
        answers[n] = jobs[n]()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_everybody_wants_the_last_units(service: Service) -> None:
    """200 clients, 10 units, 10 rounds: none sold twice, none left, and every loser is told so."""
    admin = service.client()
    clients = [service.client("integration") for _ in range(BUYERS)]
    for round_ in range(ROUNDS):
        sku = f"HOT-{round_}"
        assert admin.ask("PUT", f"/v1/items/{sku}", {"selling": "stock_only"}).status == 201
        body = {"sku": sku, "site": "MAIN", "quantity": UNITS}
        assert admin.ask("POST", "/v1/stock/count", body, Idempotency_Key=f'"{sku}"').status == 200
        jobs = [
            (lambda c=client, n=n: c.ask("POST", "/v1/orders", order(f"R{round_}-{n}", sku)))  # noqa: B023  # runs in this round
            for n, client in enumerate(clients)
        ]
        replies: list[Reply] = at_once(jobs)
        words = [reply.status for reply in replies]
        assert words.count(201) == UNITS
        assert words.count(409) == BUYERS - UNITS
        item = admin.ask("GET", f"/v1/items/{sku}").json
        assert (item["on_hand"], item["allocated"], item["free"]) == (UNITS, UNITS, 0)
    for client in [admin, *clients]:
        client.close()


def _cut(port: int, raw: bytes, after: float) -> None:
    """Send a request and cut the connection, before or after the answer is on its way."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(raw)
        time.sleep(after)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not a goodbye


def test_lost_replies_are_asked_for_again_and_nothing_is_done_twice(service: Service) -> None:
    """200 adjustments whose replies are lost, each retried with its key: each counts once."""
    client = service.client("integration")
    admin = service.client()
    assert admin.ask("PUT", "/v1/items/LOST", {}).status == 201
    chance = random.Random(5)
    body = b'{"sku":"LOST","site":"MAIN","delta":1,"reason":"found"}'
    for n in range(200):
        head = (
            f"POST /v1/stock/adjust HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
            f'Content-Type: application/json\r\nIdempotency-Key: "lost-{n}"\r\nContent-Length: {len(body)}\r\n\r\n'
        )
        _cut(service.port, head.encode() + body, chance.choice([0, 0.001, 0.005, 0.02]))
    for n in range(200):
        for _ in range(100):
            reply = client.ask("POST", "/v1/stock/adjust", body, Idempotency_Key=f'"lost-{n}"')
            if reply.status != 409:
                break
            time.sleep(0.01)
        assert reply.status == 200, reply.body
    assert admin.ask("GET", "/v1/items/LOST").json["on_hand"] == 200
    client.close()
    admin.close()


def _children(process: subprocess.Popen) -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def test_a_killed_process_is_started_again_and_nothing_acknowledged_is_lost(service: Service) -> None:
    backorderable(service, "KILL")
    load = Load(service, "KILL")
    for pause in (0.7, 6):  # who dies twice within 5.5 seconds is not started again: then the whole service ends
        time.sleep(pause)
        for pid in _children(service.process):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        wait_ready(service.port, service.process)
    time.sleep(0.5)
    load.end()
    assert len(load.acknowledged) > 50
    assert load.statuses <= {200, 201, 503}
    kept(service.url, load.acknowledged)


def test_it_stops_when_told_and_finishes_what_it_took(service: Service) -> None:
    backorderable(service, "STOP")
    load = Load(service, "STOP")
    time.sleep(1)
    assert stop(service.process) == 0
    load.end()
    assert len(load.acknowledged) > 20
    assert load.statuses <= {200, 201, 503}
    kept(service.url, load.acknowledged)


def test_a_whole_service_that_is_killed_comes_up_again(service: Service) -> None:
    backorderable(service, "WHOLE")
    load = Load(service, "WHOLE", clients=2)
    time.sleep(1)
    os.killpg(service.process.pid, signal.SIGKILL)
    service.process.wait(30)
    load.end()
    again = start(service.url, service.port)
    client = service.client()
    for name in sorted(load.acknowledged)[-5:]:
        assert client.ask("GET", f"/v1/orders/{name}").status == 200
    client.close()
    assert stop(again) == 0
    kept(service.url, load.acknowledged)


@pytest.mark.parametrize("crashes", [2, pytest.param(10, marks=pytest.mark.long)])
def test_a_database_that_is_killed_is_waited_for_without_a_restart(crashes: int) -> None:
    """The service answers 503 with Retry-After while PostgreSQL is away, and goes on by itself when it is back."""
    with durable_server() as server, started(server.place) as service:
        admin = service.client()
        assert admin.ask("PUT", "/v1/sites/MAIN", {}).status == 201
        backorderable(service, "GONE")
        load = Load(service, "GONE")
        for _ in range(crashes):
            time.sleep(1)
            server.crash()
            reply = admin.ask("GET", "/readyz")
            assert (reply.status, reply.headers["retry-after"]) == (503, "1")
            assert admin.ask("GET", "/healthz").status == 200
            server.start()
            wait_ready(service.port, service.process)
        time.sleep(1)
        load.end()
        admin.close()
        assert load.statuses <= {200, 201, 503}
        assert len(load.acknowledged) > 50
        kept(server.place, load.acknowledged)
        db = open_database(server.place)
        assert check.run(db) == []
        db.close()


HOSTILE = (
    b"\0" * 100,
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"GET /v1/orders HTTP/1.1\nHost: x\n\n",
    b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
    b"POST /v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /%ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/orders?limit=%ff HTTP/1.1\r\nHost: x\r\nAuthorization: \xff\xfe\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)


def _raw(port: int, sent: bytes) -> bytes:
    """What comes back for bytes, if anything does before the connection is closed or idles."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(0.3)
        try:
            connection.sendall(sent)
            return connection.recv(65_536)
        except OSError:
            return b""


def _mutated(chance: random.Random, token: str) -> bytes:
    """A request that is nearly right."""
    paths = ["/v1/orders", "/v1/lines?limit=2", "/v1/items/A", "/v1/commands", "/v1/availability?sku=A", "/v1/quotes"]
    body = chance.choice(
        [b"{}", b"[]", b'{"order":"X","lines":[{"line":"1","sku":"A","quantity":1}]}', b'[{"do":"ship"}]']
    )
    whole = bytearray(
        f"{chance.choice(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'])} {chance.choice(paths)} HTTP/1.1\r\n"
        "Host: x\r\n"
        f"Connection: close\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(whole))
        match chance.randrange(3):
            case 0:
                whole[at] = chance.randrange(256)
            case 1:
                del whole[at : at + chance.randrange(1, 5)]
            case _:
                whole[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 4)))
    return bytes(whole)


def _hostile(service: Service, count: int, seed: int) -> None:
    chance = random.Random(seed)
    token = service.tokens["viewer"]
    for n in range(count):
        sent = HOSTILE[n] if n < len(HOSTILE) else _mutated(chance, token)
        back = _raw(service.port, sent)
        assert not back.startswith(b"HTTP/1.1 5"), (sent[:300], back[:300])
        if back.startswith(b"HTTP/1.1 4") and b"content-type" in back.lower():
            assert b"application/problem+json" in back, (sent[:300], back[:300])
    client = Client(service.port)
    assert client.ask("GET", "/readyz").status == 200
    client.close()


def test_hostile_bytes_never_make_it_fail(service: Service) -> None:
    _hostile(service, 1_000, 1)


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_many_hostile_bytes_never_make_it_fail(service: Service) -> None:
    _hostile(service, 50_000, 2)


def test_who_sends_slowly_or_never_reads_does_not_slow_the_others(service: Service) -> None:
    slow = []
    for n in range(100):
        connection = socket.create_connection(("127.0.0.1", service.port))
        connection.sendall(
            b"POST /v1/session HTTP/1.1\r\nHost: x\r\n" if n % 2 else b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        slow.append(connection)
    client = service.client()
    for _ in range(50):
        assert client.ask("GET", "/v1/orders").status == 200
    client.close()
    for connection in slow:
        connection.close()
