"""The way in, from the server's messages (ASGI) to an answer: addresses, bodies that are late, large or cut off."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from backorder.adapters.http import health, serve
from backorder.adapters.http import request as requests
from backorder.adapters.http.addresses import BODY_MAX, Addresses
from backorder.adapters.http.application import Application
from backorder.adapters.http.limits import Guard
from backorder.adapters.http.request import Request
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route
from backorder.adapters.http.table import ROUTES
from backorder.commands import accounts
from backorder.storage.db import Database
from backorder.writer import Writer

NOW = 1_795_500_000_000_000
JSON = (b"content-type", b"application/json")


class Said(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Asked:
    """A request as the server hands it over: its parts one after the other, and `then` what comes after them."""

    def __init__(
        self, method: str, path: str, *headers: tuple[bytes, bytes], parts: tuple[bytes, ...] = (b"",)
    ) -> None:
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": b"",
            "headers": list(headers),
        }
        self.parts, self.read = list(parts), 0
        self.then: str | None = None
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if self.read < len(self.parts):
            self.read += 1
            more = self.read < len(self.parts) or self.then is not None
            return {"type": "http.request", "body": self.parts[self.read - 1], "more_body": more}
        if self.then == "silence":
            await asyncio.sleep(3_600)
        assert self.then == "disconnect", "nobody reads on after the end of a body"
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def of(self, app: Any) -> Said:
        """The answer of an application."""
        asyncio.run(app(self.scope, self.receive, self.send))
        start, body = self.sent
        assert start["type"], body["type"] == ("http.response.start", "http.response.body")
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        assert start["status"] in {204, 304} or int(found["content-length"]) == len(body["body"])
        return Said(start["status"], found, body["body"])


@pytest.fixture
def house(db: Database) -> Iterator[House]:
    found = serve.house(db, lambda: NOW, Guard())
    yield found
    found.readers.shutdown()


@pytest.fixture
def token(db: Database) -> tuple[bytes, bytes]:
    accounts.put_account(db, NOW, "shop", kind="program", role="integration", by="test")
    return b"authorization", f"Bearer {accounts.issue_token(db, NOW, 'shop', by='test')}".encode()


def test_a_body_in_many_parts_is_one(house: House, token: tuple[bytes, bytes]) -> None:
    asked = Asked("POST", "/v1/availability", JSON, token, parts=(b'{"skus"', b"", b': ["NO', b'NE"]}'))
    said = asked.of(Application(house))
    assert (said.status, b'"sku":"NONE"' in said.body) == (200, True)


def test_a_body_that_stays_away_is_given_up(
    house: House, token: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "BODY_SECONDS", 0.01)
    asked = Asked("POST", "/v1/availability", JSON, token, parts=(b'{"skus": ',))
    asked.then = "silence"
    assert asked.of(Application(house)).status == 408


def test_who_leaves_while_the_body_is_awaited_is_left(house: House, token: tuple[bytes, bytes]) -> None:
    asked = Asked("POST", "/v1/availability", JSON, token, parts=(b'{"skus": ',))
    asked.then = "disconnect"
    assert asked.of(Application(house)).status == 400


def test_a_stop_while_a_body_is_awaited_is_no_late_body(house: House, token: tuple[bytes, bytes]) -> None:
    async def stopped() -> None:
        asked = Asked("POST", "/v1/availability", JSON, token, parts=(b"{",))
        asked.then = "silence"
        task = asyncio.create_task(Application(house)(asked.scope, asked.receive, asked.send))
        while asked.read < 1:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asked.sent == []

    asyncio.run(stopped())


def test_a_body_is_read_no_further_than_its_limit(house: House, token: tuple[bytes, bytes]) -> None:
    half = b" " * (BODY_MAX // 2)
    come = Asked("POST", "/v1/availability", JSON, token, parts=(half, half, b" ", b"never asked for"))
    assert come.of(Application(house)).status == 413
    assert come.read == 3
    for said in (b"1000001", b"9" * 5_000, b"-1", b"1e3"):
        declared = Asked("POST", "/v1/availability", JSON, token, (b"content-length", said))
        assert declared.of(Application(house)).status == 413
        assert declared.read == 0


def test_what_is_too_much_is_turned_away_unread_until_there_is_room(
    db: Database, house: House, token: tuple[bytes, bytes]
) -> None:
    full = house._replace(writer=Writer(db, lambda: NOW, waiting_max=0))
    for path in ("/v1/orders", "/v1/commands"):
        said = Asked("POST", path, JSON, token, parts=(b"no JSON",)).of(Application(full))
        assert said.status == 429
        assert 1 <= int(said.headers["retry-after"]) <= 5
        assert Asked("POST", path, JSON, token, parts=(b"no JSON",)).of(Application(house)).status == 400


def test_what_we_did_wrong_is_a_problem_and_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    broken = house._replace(writer=None)  # type: ignore[arg-type]  # this is what is wrong
    said = Asked("GET", "/healthz", (b"x-request-id", b"r1")).of(Application(broken))
    assert (said.status, said.headers["content-type"]) == (500, "application/problem+json")
    assert "AttributeError" in caplog.text
    assert b"AttributeError" not in said.body


def test_an_answer_that_cannot_be_said_is_our_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "Health", lambda *_: "\ud800")
    assert Asked("GET", "/healthz").of(Application(house)).status == 500


def test_ids_of_requests_that_bring_none_are_never_the_same(house: House) -> None:
    made = [Application(house), Application(house)]  # as of a process and of the one that takes its place
    ids = [Asked("GET", "/healthz").of(app).headers["x-request-id"] for app in made for _ in range(50)]
    assert len(set(ids)) == 100


def addresses(routes: tuple[Route, ...] = ROUTES) -> Addresses:
    found = Addresses()
    for route in routes:
        found.put(route, frozenset())
    return found


def test_every_route_is_found_under_its_address_with_its_ids() -> None:
    tree = addresses()
    for route in ROUTES:
        names = [part[1:-5] for part in route.path.split("/") if part.startswith("{")]
        path = route.path
        for name in names:
            path = path.replace(f"{{{name}:str}}", f"lines {name}")
        for said in (path, path + "/"):
            asked = Asked(route.method, said)
            request = Request(asked.scope, asked.receive)
            assert tree.find(request).route is route
            assert request.path_params == {name: f"lines {name}" for name in names}


@pytest.mark.parametrize(
    "sent",
    [
        b"x" * 2_401,
        b"%41" * 801,
        quote("a" + "\u0315" * 16 + "\u0300" * 15).encode(),
        ("a" + "\u0315" * 14_000 + "\u0300" * 14_000).encode(),
        b"%FF",
    ],
)
def test_what_no_id_can_be_is_not_there(house: House, sent: bytes) -> None:
    asked = Asked("GET", "/sign-in/x")
    asked.scope["raw_path"] = b"/sign-in/" + sent
    assert asked.of(Application(house)).status == 404


def test_the_longest_id_is_found_however_it_is_sent() -> None:
    longest = "\U0001f4e6" * 200
    asked = Asked("GET", f"/v1/orders/{longest}")
    request = Request(asked.scope, asked.receive)
    addresses().find(request)
    assert request.path_params == {"order": longest}


def test_marks_without_end_are_refused_in_bodies_and_questions(house: House, token: tuple[bytes, bytes]) -> None:
    heap = "a" + "\u0315" * 99 + "\u0300" * 99
    body = f'{{"skus": ["{heap}"]}}'.encode()
    said = Asked("POST", "/v1/availability", JSON, token, parts=(body,)).of(Application(house))
    assert (said.status, b"marks" in said.body) == (400, True)
    asked = Asked("GET", "/v1/orders", token)
    asked.scope["query_string"] = f"customer={quote(heap)}".encode()
    said = asked.of(Application(house))
    assert (said.status, b"marks" in said.body) == (400, True)


def test_methods_that_somebody_invents_do_not_grow_the_figures(house: House) -> None:
    for path in ("/healthz", "/v1/orders/X", "/nothing"):
        said = Asked("INVENTED", path).of(Application(house))
        assert said.status == (404 if path == "/nothing" else 405)
    figures = Asked("GET", "/metrics").of(Application(house))
    assert (figures.status, b"backorder_requests" in figures.body, b"INVENTED" in figures.body) == (200, True, False)


async def _nothing(_house: House, _call: Call) -> Answer:
    return Answer(b"")


def test_a_route_without_permission_or_twice_is_refused_at_the_start() -> None:
    route = Route("GET", "/v1/new/{id:str}", OPEN, _nothing, "New.")
    with pytest.raises(AssertionError, match="permission"):
        addresses((*ROUTES, route._replace(permission="")))
    with pytest.raises(AssertionError, match="twice"):
        addresses((*ROUTES, route, route._replace(path="/v1/new/{other:str}")))


def test_the_first_of_two_headers_counts_and_cookies_have_names() -> None:
    asked = Asked("GET", "/", (b"a", b"1"), (b"a", b"2"), (b"cookie", b"x=1; y=2=3;; z"))
    request = Request(asked.scope, asked.receive)
    assert (request.headers.get("a"), request.headers.getall("a")) == ("1", ["1", "2"])
    assert (request.headers.get("b"), request.headers.get("b", ""), request.headers.getall("b")) == (None, "", [])
    assert {name: request.cookies.get(name) for name in "xyzw"} == {"x": "1", "y": "2=3", "z": "", "w": None}


async def _alive(app: Any, *asked: Asked) -> list[str]:
    """Let an application live as long as it takes to answer; what it says of its life."""
    turns: asyncio.Queue[str] = asyncio.Queue()
    told: asyncio.Queue[str] = asyncio.Queue()

    async def receive() -> dict[str, str]:
        return {"type": f"lifespan.{await turns.get()}"}

    async def send(message: dict[str, str]) -> None:
        await told.put(message["type"])

    life = asyncio.create_task(app({"type": "lifespan"}, receive, send))
    await turns.put("startup")
    said = [await told.get()]
    answers = [asyncio.create_task(app(one.scope, one.receive, one.send)) for one in asked]
    while not all(one.read == len(one.parts) or one.sent for one in asked):
        await asyncio.sleep(0.01)
    await turns.put("shutdown")
    await asyncio.gather(*answers, life)
    return [*said, await told.get()]


def test_what_was_asked_before_the_end_is_answered(house: House, token: tuple[bytes, bytes]) -> None:
    body = b'{"order": "LAST", "lines": [{"line": "1", "sku": "NONE", "quantity": 1}]}'
    asked = [Asked("POST", "/v1/orders", JSON, token, parts=(body,)) for _ in range(40)]
    said = asyncio.run(_alive(Application(house), *asked))
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert {one.sent[0]["status"] for one in asked} == {404}


def test_requests_are_traced_where_the_settings_say_so(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve.logs, "begin", lambda form: None)  # the log of the tests stays theirs
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    for traces in (False, True):
        app = serve.load(serve.Options(sqlite_url, "127.0.0.1", 1, [], False, "none", traces), lambda: NOW)
        asyncio.run(_alive(app, Asked("GET", "/healthz", parts=())))
        names = [span.name for span in kept.get_finished_spans()]
        assert ("GET /healthz" in names) is traces
