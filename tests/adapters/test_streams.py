"""Events as they happen: in order, once, from where a listener was; and what they cost."""

import http.client
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import new_database
from service import NOW, Service, running, started, stop

from backorder.adapters.http import listeners, streams
from backorder.commands import accounts, decode, run
from backorder.queries.outbox import last_number, list_events
from backorder.storage.db import open_database


class Listener:
    """A program that listens; what it was told, as (id, event)."""

    def __init__(self, service: Service, question: str = "", role: str = "viewer", **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        said |= {"Authorization": f"Bearer {service.tokens[role]}"}
        self._connection.request("GET", f"/v1/events/stream{question}", headers=said)
        self.answer = self._connection.getresponse()

    def next(self) -> tuple[int | None, Any]:
        """What is told next: an event, or where one is."""
        lines: dict[str, str] = {}
        while True:
            line = self.answer.readline().decode()
            if not line:
                raise EOFError
            if line == "\n" and "id" in lines:
                return int(lines["id"]), json.loads(lines["data"]) if "data" in lines else None
            if line == "\n":
                lines = {}
            name, _, value = line.strip().partition(": ")
            lines[name] = value

    def events(self, count: int) -> list[Any]:
        """The next events."""
        found: list[Any] = []
        while len(found) < count:
            event = self.next()[1]
            found += [] if event is None else [event]
        return found

    def close(self) -> None:
        """Hang up."""
        self.answer.close()
        self._connection.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database(request.param, tmp_path_factory.mktemp("streams")) as url, running(url) as found:
        yield found


def cause(service: Service, *skus: str) -> list[int]:
    """An item each; the numbers of the events."""
    db = open_database(service.url)
    before = last_number(db)
    said = time.monotonic_ns() % 3_000  # another value every time: what changes nothing is not told
    items = ({"do": "put_item", "sku": sku, "lead_time_days": (said + n) % 3_000} for n, sku in enumerate(skus))
    run(db, NOW, [decode(item) for item in items])
    found = [event.n for event in list_events(db, after=before, limit=1_000)]
    db.close()
    return found


def asked(token: str, question: bytes = b"") -> dict[str, Any]:
    """A request for a stream as the server hands it over."""
    headers = [(b"authorization", f"Bearer {token}".encode())]
    path = "/v1/events/stream"
    place = {"path": path, "raw_path": path.encode(), "query_string": question}
    return {"type": "http", "method": "GET", "headers": headers} | place


def test_what_happens_is_told_as_it_happens_as_the_list_tells_it(service: Service) -> None:
    listener = Listener(service)
    assert listener.answer.status == 200
    assert listener.answer.headers["content-type"] == "text/event-stream"
    assert "no-store" in listener.answer.headers["cache-control"]
    began = time.monotonic()
    numbers = cause(service, "A", "B", "C")
    told = listener.events(3)
    assert time.monotonic() - began < 5
    client = service.client()
    assert told == client.ask("GET", f"/v1/events?after={numbers[0] - 1}").json["items"]
    client.close()
    listener.close()


def test_who_comes_back_goes_on_where_it_was(service: Service) -> None:
    numbers = cause(service, *(f"B{n}" for n in range(450)))
    listener = Listener(service, Last_Event_ID=str(numbers[0] - 1))
    assert [event["n"] for event in listener.events(300)] == numbers[:300]
    listener.close()
    listener = Listener(service, f"?after={numbers[300] - 1}")
    rest = listener.events(150)
    assert [event["n"] for event in rest] == numbers[300:]
    more = cause(service, "LATE")
    assert [event["n"] for event in listener.events(1)] == more
    listener.close()


def test_a_listener_hears_what_it_wants(service: Service) -> None:
    first = cause(service, "K1")[0] - 1
    by_subject = Listener(service, f"?after={first}&subject=items/K2")
    by_kind = Listener(service, f"?after={first}&kind=site_put")
    cause(service, "K1", "K2")
    admin = service.client()
    admin.ask("PUT", f"/v1/sites/S{first}", {})
    assert by_subject.events(1)[0]["subject"] == "items/K2"
    assert by_kind.events(1)[0]["subject"] == f"sites/S{first}"
    for each in (admin, by_subject, by_kind):
        each.close()


@pytest.mark.parametrize("question", ["?after=-1", "?after=x", "?kind=%00", "?limit=3", f"?after={2**63}"])
def test_what_cannot_be_meant(service: Service, question: str) -> None:
    listener = Listener(service, question)
    assert listener.answer.status == 400
    listener.close()


@pytest.mark.parametrize("ident", ["x", "-1", "1.5", "9" * 30, "٣"])
def test_what_is_no_place(service: Service, ident: str) -> None:
    if not ident.isascii():
        ident = ident.encode().decode("latin-1")
    listener = Listener(service, Last_Event_ID=ident)
    assert listener.answer.status == 400
    listener.close()


def test_who_may_not_read_events_may_not_listen(service: Service) -> None:
    client = service.client(None)
    assert client.ask("GET", "/v1/events/stream").status == 401
    client.close()
    db = open_database(service.url)
    service.tokens["narrow"] = accounts.issue_token(db, NOW, "viewer", by="test", scopes=["orders.read"])
    db.close()
    listener = Listener(service, role="narrow")
    assert listener.answer.status == 403
    listener.close()


def test_the_service_stops_at_once_though_somebody_listens(tmp_path_factory: pytest.TempPathFactory) -> None:
    with new_database("sqlite", tmp_path_factory.mktemp("stop")) as url, started(url) as service:
        many = [Listener(service) for _ in range(20)]
        time.sleep(0.5)
        began = time.monotonic()
        assert stop(service.process) == 0
        assert time.monotonic() - began < 8
        for listener in many:
            with pytest.raises(EOFError):
                listener.events(1)
            listener.close()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_many_listeners_cost_the_looks_of_one(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    import asyncio
    import shutil
    from concurrent.futures import ThreadPoolExecutor

    from backorder.adapters.http.application import Application
    from backorder.adapters.http.limits import Guard
    from backorder.adapters.http.serve import house

    target = tmp_path_factory.mktemp("looks") / "looks.db"
    shutil.copyfile(os.environ["BACKORDER_TEST_SQLITE"], target)
    db = open_database(str(target))
    accounts.put_account(db, NOW, "screen", kind="program", role="viewer", by="test")
    token = accounts.issue_token(db, NOW, "screen", by="test")
    made = house(db, lambda: NOW, Guard())
    application = Application(made)
    told: list[bytes] = []

    async def listen(leave: asyncio.Event, question: bytes = b"") -> int:
        statuses: list[int] = []
        scope = asked(token, question)

        async def receive() -> dict[str, Any]:
            await leave.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            statuses.append(message.get("status", 0))
            if b"data" in message.get("body", b""):
                told.append(message["body"])

        await application(scope, receive, send)
        return statuses[0]

    async def main() -> None:
        leave = asyncio.Event()
        many = [asyncio.create_task(listen(leave)) for _ in range(200)]
        while made.listeners.open < 200:
            await asyncio.sleep(0.01)
        before, began = made.listeners.looks, time.monotonic()
        with ThreadPoolExecutor(1) as threads:
            await asyncio.get_running_loop().run_in_executor(
                threads, run, db, NOW, [decode({"do": "put_item", "sku": "A"})]
            )
        while len(told) < 200:
            await asyncio.sleep(0.01)
        assert time.monotonic() - began < 3
        await asyncio.sleep(2)
        assert made.listeners.looks - before <= (time.monotonic() - began) / listeners.LOOK + 2
        streams.STREAMS_MAX, before_max = 200, streams.STREAMS_MAX
        assert await listen(leave) == 503
        streams.STREAMS_MAX = before_max
        leave.set()
        assert set(await asyncio.gather(*many)) == {200}
        assert made.listeners.open == 0
        looks = made.listeners.looks
        await asyncio.sleep(2.5)
        assert made.listeners.looks <= looks + 1, "nobody listens, so nobody looks"

    asyncio.run(main())
    assert len(told) == 200
    db.close()


def test_heartbeats_tell_where_a_listener_is_and_a_token_that_is_revoked_ends_it(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    import asyncio

    from backorder.adapters.http.application import Application
    from backorder.adapters.http.limits import Guard
    from backorder.adapters.http.serve import house

    monkeypatch.setattr(streams, "HEARTBEAT", 0.2)
    monkeypatch.setattr(streams, "BELIEVED", 0.6)
    monkeypatch.setattr(listeners, "LOOK", 0.1)
    db = open_database(sqlite_url)
    accounts.put_account(db, NOW, "screen", kind="program", role="viewer", by="test")
    token = accounts.issue_token(db, NOW, "screen", by="test")
    run(db, NOW, [decode({"do": "put_item", "sku": "A"})])
    made = house(db, lambda: NOW, Guard())
    said: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        said.append(message.get("body", b""))

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError("it ended long ago")

    async def main() -> None:
        scope = asked(token, b"kind=site_put")
        running_ = asyncio.create_task(Application(made)(scope, receive, send))
        while said.count(b"id: 1\n\n") < 2:
            await asyncio.sleep(0.05)
        accounts.revoke_token(db, NOW, token.split("_")[1], by="test")
        made.callers.clear()
        await asyncio.wait_for(running_, 10)

    asyncio.run(main())
    db.close()
