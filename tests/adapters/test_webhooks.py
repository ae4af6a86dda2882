"""Webhooks on their way: what good receivers get, and how little bad ones can do."""

import gzip
import json
import random
import shutil
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from receivers import Got, Receiver, drip, hang, status
from shop import do, shop
from sqlalchemy import select, text
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from backorder.adapters.webhooks import endpoints as module
from backorder.adapters.webhooks import line as lines
from backorder.commands import webhooks as commands
from backorder.kernel.calendars import moment_number
from backorder.kernel.destinations import PORTS, read_allowed
from backorder.kernel.retries import HOUR, MESSAGES, SECOND
from backorder.kernel.webhooks import OLD_SIGNS, secret_of
from backorder.queries import check
from backorder.queries.outbox import list_events, list_messages, standing
from backorder.storage.audit import broken
from backorder.storage.db import Database
from backorder.storage.webhook_tables import webhook_attempts
from backorder.storage.webhooks import load_webhooks
from backorder.worker import Worker

SECRET = secret_of(b"k" * 32)
# Where nothing depends on the database, one kind of it is enough.
on_one = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
INSIDE = read_allowed(PORTS, "127.0.0.0/8")


class Clock:
    """The present, and as much later as a test says."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000 + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKORDER_WEBHOOK_NETWORKS", "127.0.0.0/8")


def put(db: Database, url: str, name: str = "shop", secret: str = SECRET, **more: object) -> None:
    assert do(db, "put_webhook", webhook=name, url=url, secret=secret, **more).outcome.value in {"accepted", "changed"}


def worker(db: Database, clock: Clock, **more: object) -> Worker:
    found = module.Endpoints(db, clock, time.monotonic, **{"allowed": INSIDE, **more})
    return Worker(db, clock, duties={}, endpoints=found)


def round_of(found: Worker, clock: Clock) -> Counter:
    """One look of the worker, with what endpoints are sent by it."""
    done = found.run_once(clock())
    return done + found.finish()


def settle(found: Worker, clock: Clock, rounds: int = 3_000) -> Counter:
    """Looks of the worker, the clock going on to whatever is due next, until nothing waits."""
    done: Counter = Counter()
    for _ in range(rounds):
        now = round_of(found, clock)
        done += now
        if not (now["sent"] or now["spread"]):
            due = [m.due_at for m in list_messages(found._db, state="waiting", limit=2_000) if m.due_at is not None]
            if not due:
                return done
            clock.ahead += max(moment_number(min(due)) - clock(), SECOND)
            found._left_alone.clear()
    raise AssertionError("messages go on waiting")


def tries(db: Database) -> list[tuple]:
    with db.read() as tx:
        return [row[1:3] + row[5:] for row in tx.fetch(select(webhook_attempts).order_by(webhook_attempts.c.n))]


def row(db: Database, name: str = "shop"):
    with db.read() as tx:
        return next(found for found in load_webhooks(tx) if found.webhook == name)


# --- what a good receiver gets


def test_an_endpoint_is_told_what_happens_from_when_it_is_there(db: Database, clock: Clock, receiver: Receiver) -> None:
    do(db, "put_site", site="BEFORE")
    put(db, receiver.url, events=["site_put", "item_*"])
    shop(db, ["CHAIR"])
    do(db, "adjust_stock", sku="CHAIR", site="MAIN", delta=1, reason="found")
    settle(worker(db, clock), clock)
    assert [(got.said["type"], got.said["subject"]) for got in receiver.got] == [
        ("backorder.site_put", "sites/MAIN"),
        ("backorder.item_put", "items/CHAIR"),
    ]
    got = receiver.got[0]
    assert got.line == "POST /hooks HTTP/1.1"
    assert set(got.headers) == {
        "host", "user-agent", "content-type", "accept-encoding", "content-length",
        "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    for got in receiver.got:
        assert Webhook(SECRET).verify(got.body, got.headers) == got.said
        assert got.headers["webhook-id"] == got.said["id"]
    assert receiver.connections == 1, "messages in a row go over one connection"
    assert [attempt[2:] for attempt in tries(db)] == [(204, None), (204, None)]
    assert check.run(db) == []


@pytest.mark.parametrize("ago", [0, OLD_SIGNS - HOUR, OLD_SIGNS])
def test_a_secret_that_is_changed_signs_on_for_a_day(db: Database, clock: Clock, receiver: Receiver, ago: int) -> None:
    put(db, receiver.url, events=["item_put"])
    new = commands.rotate_secret(db, clock() - ago, "shop", by="test")
    do(db, "put_item", sku="CHAIR")
    settle(worker(db, clock), clock)
    (got,) = receiver.got
    assert Webhook(new).verify(got.body, got.headers) == got.said
    if ago < OLD_SIGNS:
        assert Webhook(SECRET).verify(got.body, got.headers) == got.said
    else:
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(got.body, got.headers)
    with db.read() as tx:
        assert list(broken(tx)) == []


def test_nothing_is_sent_without_a_secret_and_all_of_it_once_there_is_one(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    do(db, "put_webhook", webhook="shop", url=receiver.url, events=["item_put"])
    shop(db, ["CHAIR"])
    found = worker(db, clock)
    settle(found, clock)
    assert receiver.got == []
    secret = commands.rotate_secret(db, clock(), "shop", by="test")
    settle(found, clock)
    assert [Webhook(secret).verify(got.body, got.headers)["subject"] for got in receiver.got] == ["items/CHAIR"]


def test_what_waits_for_a_disabled_endpoint_comes_when_it_is_enabled(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    put(db, receiver.url, events=["item_put"])
    do(db, "disable_webhook", webhook="shop", reason="moving house")
    shop(db, ["CHAIR", "DESK"])
    found = worker(db, clock)
    settle(found, clock)
    assert receiver.got == []
    assert standing(db, clock()).waiting == 0
    do(db, "enable_webhook", webhook="shop")
    settle(found, clock)
    assert [got.said["subject"] for got in receiver.got] == ["items/CHAIR", "items/DESK"]


def test_a_trial_goes_to_the_endpoint_that_is_tried_alone(db: Database, clock: Clock, receiver: Receiver) -> None:
    other = Receiver()
    put(db, receiver.url, events=["item_put"])
    put(db, other.url, "other")
    do(db, "test_webhook", webhook="shop")
    settle(worker(db, clock), clock)
    assert [got.said["type"] for got in receiver.got] == ["backorder.webhook_tested"]
    assert "backorder.webhook_tested" not in {got.said["type"] for got in other.got}
    other.close()


def test_messages_are_sent_again_when_a_person_says_so_with_the_same_id(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    do(db, "put_site", site="MAIN")
    put(db, receiver.url, events=["item_put"])
    for n in range(5):
        do(db, "put_item", sku=f"I{n}")
    do(db, "put_site", site="OTHER")
    found = worker(db, clock)
    settle(found, clock)
    first = [got.headers["webhook-id"] for got in receiver.got]
    again = do(db, "replay_webhook", webhook="shop", event=int(first[1]), until=int(first[3]))
    assert (again.outcome.value, again.quantity) == ("changed", 3)
    settle(found, clock)
    assert [got.headers["webhook-id"] for got in receiver.got] == first + first[1:4]
    # what it did not want then and wants now
    put(db, receiver.url, events=["item_put", "site_put"])
    assert do(db, "replay_webhook", webhook="shop", event=1, until=2**62).quantity == 7
    settle(found, clock)
    assert Counter(got.said["type"] for got in receiver.got[8:]) == {"backorder.item_put": 5, "backorder.site_put": 2}
    assert do(db, "replay_webhook", webhook="shop", event=2**61).outcome.value == "unknown_message"
    assert do(db, "replay_webhook", webhook="none", event=1).outcome.value == "unknown_webhook"
    assert do(db, "replay_webhook", webhook="shop", event=2, until=1).field == "until"
    assert check.run(db) == []


def test_an_event_too_large_for_a_receiver_comes_without_its_longest_parts(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    shop(db, ["CHAIR"], coverage="lead_time", lead_time_days=5)
    put(db, receiver.url, events=["order_placed"])
    many = [{"line": f"{n:03}", "sku": "CHAIR", "quantity": 1} for n in range(400)]
    do(db, "place_order", order="big", lines=many)
    settle(worker(db, clock), clock)
    (got,) = receiver.got
    assert len(got.body) <= 20_000
    assert Webhook(SECRET).verify(got.body, got.headers)["data"] == {
        "outcome": "accepted", "subject": "big", "left_out": ["lines"]
    }  # fmt: skip


# --- bad receivers


def fails(db: Database, clock: Clock, why: str, **more: object) -> Worker:
    """An event for the endpoint that does not arrive, and what is said of it; how long it took."""
    do(db, "put_item", sku=f"X{clock.ahead}")
    found = worker(db, clock, **more)
    done = round_of(found, clock)
    assert (done["sent"], done["unsent"]) == (0, 1)
    (message,) = list_messages(db, state="waiting")
    assert message.error is not None
    assert why in message.error, message.error
    assert row(db).failing_since is not None
    return found


@on_one
@pytest.mark.parametrize("answer", [hang, drip], ids=["hangs", "drips"])
def test_who_hangs_or_drips_is_given_up_after_its_time(
    db: Database, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer
) -> None:
    monkeypatch.setattr(lines, "SECONDS", 1.0)
    receiver.answer = answer
    put(db, receiver.url, events=["item_put"])
    began = time.monotonic()
    fails(db, clock, "no answer within 1 seconds")
    assert time.monotonic() - began >= 1


@on_one
def test_who_lets_nobody_in_is_given_up_after_its_time(
    db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "CONNECTING", 0.5)
    deaf = socket.create_server(("127.0.0.1", 0), backlog=0)
    place = deaf.getsockname()
    full = [socket.socket() for _ in range(8)]
    for each in full:
        each.setblocking(False)
        each.connect_ex(place)  # nobody takes them: the next one finds no room
    put(db, f"http://127.0.0.1:{place[1]}/", events=["item_put"])
    fails(db, clock, "no answer within")
    for each in (*full, deaf):
        each.close()


@on_one
def test_nobody_there(db: Database, clock: Clock) -> None:
    gone = Receiver()
    put(db, gone.url, events=["item_put"])
    gone.close()
    time.sleep(0.05)
    fails(db, clock, "no connection")


@on_one
def test_nobody_is_followed_elsewhere(db: Database, clock: Clock, receiver: Receiver) -> None:
    other = Receiver()
    for code in (301, 302, 303, 307, 308):
        clock.ahead += HOUR
        receiver.answer = status(code, f"Location: {other.url}")
        put(db, receiver.url + str(code), events=["item_put"])
        do(db, "put_item", sku=f"I{code}")
        found = worker(db, clock)
        assert round_of(found, clock)["sent"] == 0
        assert f"it answered {code}: nobody is followed" in str(list_messages(db, state="waiting")[-1].error)
    assert other.got == []
    other.close()


@on_one
def test_a_gzip_bomb_costs_what_a_short_answer_costs(db: Database, clock: Clock, receiver: Receiver) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 9)
    put(db, receiver.url, events=["item_put"])
    receiver.answer = status(200, "Content-Encoding: gzip", "Content-Type: application/json", body=bomb)
    do(db, "put_item", sku="CHAIR")
    found = worker(db, clock)
    tracemalloc.start()
    assert round_of(found, clock)["sent"] == 1
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@on_one
@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, "no HTTP"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50_000, "no HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP"),
        (b"\0\1\2\3\4\5\6\7\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "no HTTP"),
        (b"", "hung up"),
    ],
)
def test_answers_that_are_none(db: Database, clock: Clock, receiver: Receiver, said: bytes, why: str) -> None:
    def answer(line, _got: Got) -> None:
        line.sendall(said)
        line.close()

    receiver.answer = answer
    put(db, receiver.url, events=["item_put"])
    fails(db, clock, why)


@on_one
@pytest.mark.parametrize("body", [b"", b"x" * 10_000_000, b'{"garbage":'], ids=["none", "long", "garbage"])
def test_what_a_good_answer_says_is_of_no_matter(db: Database, clock: Clock, receiver: Receiver, body: bytes) -> None:
    receiver.answer = status(202, "Set-Cookie: a=b", body=body)
    put(db, receiver.url, events=["item_put"])
    shop(db, ["CHAIR", "DESK", "LAMP"])
    assert settle(worker(db, clock), clock)["sent"] == 3
    assert not any("cookie" in got.headers for got in receiver.got)


@on_one
def test_who_hangs_up_between_messages_gets_each_once(db: Database, clock: Clock, receiver: Receiver) -> None:
    def answer(line, got: Got) -> None:
        status(200)(line, got)
        line.close()

    receiver.answer = answer
    put(db, receiver.url, events=["item_put"])
    shop(db, [f"I{n}" for n in range(5)])
    assert settle(worker(db, clock), clock)["sent"] == 5
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) == 5


def test_who_wants_nothing_any_more_is_disabled_and_that_is_told(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    receiver.answer = status(410)
    put(db, receiver.url, events=["item_put"])
    shop(db, ["CHAIR", "DESK"])
    found = worker(db, clock)
    round_of(found, clock)
    assert len(receiver.got) == 1
    assert row(db).disabled_why == "it answered 410: it wants nothing any more"
    told = [event for event in list_events(db, limit=100) if event.kind == "webhook_disabled"]
    assert [(event.subject, json.loads(bytes(event.data))["message"]) for event in told] == [
        ("webhooks/shop", "it answered 410: it wants nothing any more")
    ]
    clock.ahead += HOUR
    round_of(found, clock)
    assert len(receiver.got) == 1
    receiver.answer = status(200)
    do(db, "enable_webhook", webhook="shop")
    clock.ahead += HOUR
    settle(found, clock)
    assert [got.said["subject"] for got in receiver.got[1:]] == ["items/CHAIR", "items/DESK"]
    assert row(db).failing_since is None
    assert check.run(db) == []


def test_an_endpoint_that_takes_nothing_for_three_days_is_disabled(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    receiver.answer = status(500)
    put(db, receiver.url, events=["item_put"])
    do(db, "put_item", sku="CHAIR")
    found = worker(db, clock)
    done = settle(found, clock)
    assert done["dead"] == 1, "shown to a person"
    assert len(receiver.got) == len(MESSAGES) + 1
    assert row(db).disabled_why == "it took nothing for three days"
    assert standing(db, clock()).dead == 1


@on_one
@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("0", 30), ("999999999999", 86_400), ("soon", 30), (None, 30), ("-5", 30), ("date", 600)],
)
def test_who_is_overrun_is_left_alone_for_as_long_as_it_asks(
    db: Database, clock: Clock, receiver: Receiver, said: str | None, seconds: int
) -> None:
    put(db, receiver.url, events=["item_put"])
    shop(db, [f"I{n}" for n in range(20)])
    later = f"{datetime.now(UTC) + timedelta(seconds=600):%a, %d %b %Y %H:%M:%S} GMT"
    receiver.answer = status(429, *([] if said is None else [f"Retry-After: {later if said == 'date' else said}"]))
    found = worker(db, clock)
    round_of(found, clock)
    assert len(receiver.got) == 1, "one answer is enough"
    waits = max(moment_number(m.due_at) for m in list_messages(db, state="waiting") if m.due_at) - clock()
    assert abs(waits / SECOND - seconds) < 5
    receiver.answer = status(200)
    clock.ahead += min(seconds, 3_600) * SECOND - 5 * SECOND
    round_of(found, clock)
    assert len(receiver.got) == 1
    clock.ahead += 10 * SECOND
    settle(found, clock)
    assert len(receiver.got) == 21


@on_one
@pytest.mark.parametrize("code", [502, 503, 504])
def test_who_is_away_is_not_stormed(db: Database, clock: Clock, receiver: Receiver, code: int) -> None:
    receiver.answer = status(code)
    put(db, receiver.url, events=["item_put"])
    shop(db, [f"I{n}" for n in range(50)])
    found = worker(db, clock)
    for _ in range(10):
        round_of(found, clock)
        clock.ahead += 2 * SECOND
    assert len(receiver.got) == 1


@on_one
def test_one_message_that_is_refused_holds_up_its_subject_alone(db: Database, clock: Clock, receiver: Receiver) -> None:
    def answer(line, got: Got) -> None:
        status(400 if got.said["subject"] == "items/BAD" else 200)(line, got)

    receiver.answer = answer
    put(db, receiver.url, events=["item_put"])
    for sku in ("BAD", "GOOD", "BAD", "BEST"):
        do(db, "put_item", sku=sku, lead_time_days=len(receiver.got))
    do(db, "put_item", sku="BAD", lead_time_days=3)
    round_of(worker(db, clock), clock)
    assert [got.said["subject"] for got in receiver.got] == ["items/BAD", "items/GOOD", "items/BEST"]
    assert row(db).failing_since is None, "it takes others"


# --- where they lead


@on_one
def test_a_name_is_resolved_once_and_what_was_looked_at_is_connected_to(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    put(db, f"http://shop.example.com:{receiver.port}/hooks", events=["item_put"])
    shop(db, ["CHAIR", "DESK"])
    found = worker(db, clock, resolve=rebinding)
    assert round_of(found, clock)["sent"] == 2
    assert asked == ["shop.example.com"]
    assert {got.headers["host"] for got in receiver.got} == {f"shop.example.com:{receiver.port}"}
    do(db, "put_item", sku="LAMP")
    round_of(found, clock)
    assert len(receiver.got) == 2
    assert "not public" in str(list_messages(db, state="waiting")[0].error)


@on_one
@pytest.mark.parametrize(
    "leads_to",
    [["127.0.0.1"], ["::1"], ["10.1.2.3"], ["169.254.169.254"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"],
     ["8.8.8.8", "127.0.0.1"], ["0.0.0.0"], ["fd00:ec2::254"], ["100.64.0.1"], []],
)  # fmt: skip
def test_a_name_that_leads_inside_is_never_connected_to(
    db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch, leads_to: list[str]
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(lines.socket, "create_connection", never)
    monkeypatch.delenv("BACKORDER_WEBHOOK_NETWORKS")
    put(db, "https://shop.example.com/hooks", events=["item_put"])
    open_to_all = read_allowed(PORTS, None)
    fails(db, clock, "its name stands for", allowed=open_to_all, resolve=lambda *_: leads_to)
    assert not any(part in str(tries(db)) for part in leads_to)


@on_one
def test_a_name_that_nobody_knows(db: Database, clock: Clock) -> None:
    def unknown(*_: object) -> list[str]:
        raise OSError(-2, "Name or service not known")

    put(db, "https://shop.example.com/hooks", events=["item_put"])
    fails(db, clock, "its name is not known", resolve=unknown)


@on_one
def test_proxies_of_the_environment_are_none_of_our_business(
    db: Database, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Receiver()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
    put(db, receiver.url, events=["item_put"])
    do(db, "put_item", sku="CHAIR")
    assert settle(worker(db, clock), clock)["sent"] == 1
    assert other.connections == 0
    other.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `shop.example.com`, which signed itself."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not among what the tests may expect of a machine")
    folder = tmp_path_factory.mktemp("certificates")
    what = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=shop"
    command = f"{what} -keyout key.pem -out cert.pem -addext subjectAltName=DNS:shop.example.com"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("host", "trusted", "why"),
    [
        ("shop.example.com", True, None),
        ("shop.example.com", False, "its certificate is not good"),
        ("other.example.com", True, "its certificate is not good"),
    ],
)
def test_a_certificate_has_to_be_good_for_the_name_and_not_for_the_address(
    sqlite_url: str, clock: Clock, certificates: Path, host: str, trusted: bool, why: str | None
) -> None:
    from backorder.storage.db import open_database

    asked: list[str | None] = []
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    ours.sni_callback = lambda _socket, name, _context: asked.append(name)
    trust = ssl.create_default_context(cafile=str(certificates / "cert.pem") if trusted else None)
    receiver = Receiver(trust=ours)
    db = open_database(sqlite_url)
    put(db, f"https://{host}:{receiver.port}/hooks", events=["item_put"])
    more = {"trust": trust, "resolve": lambda *_: ["127.0.0.1"]}
    if why is not None:
        fails(db, clock, why, **more)
        assert receiver.got == []
    else:
        shop(db, ["CHAIR", "DESK"])
        assert settle(worker(db, clock, **more), clock)["sent"] == 2
        assert receiver.connections == 1
    assert asked == [host]
    receiver.close()
    db.close()


# --- many, and for long


def test_an_endpoint_that_fails_a_third_of_the_time_gets_everything_in_order(
    db: Database, clock: Clock, receiver: Receiver
) -> None:
    chance = random.Random(7)
    taken: list[Got] = []

    def answer(line, got: Got) -> None:
        kind = chance.random()
        if kind < 0.10:
            return line.close()
        code = 500 if kind < 0.20 else 503 if kind < 0.30 else 200
        if code == 200:
            taken.append(got)
        return status(code)(line, got)

    receiver.answer = answer
    skus = [f"I{n}" for n in range(6)]
    shop(db, skus)
    put(db, receiver.url, events=["stock_changed"])
    for n in range(120):
        do(db, "adjust_stock", sku=skus[n % 6], site="MAIN", delta=1, reason="found")
    done = settle(worker(db, clock), clock)
    assert done["sent"] == 120
    assert done["unsent"] > 20
    ids = [int(got.headers["webhook-id"]) for got in taken]
    assert len(set(ids)) == len(ids) == 120, "none twice without a crash"
    of_subject = defaultdict(list)
    for got in taken:
        of_subject[got.said["subject"]].append(int(got.headers["webhook-id"]))
    assert all(numbers == sorted(numbers) for numbers in of_subject.values())
    told = {event.n for event in list_events(db, limit=500) if event.kind == "stock_changed"}
    assert set(ids) == told
    assert check.run(db) == []


def test_dead_endpoints_do_not_hold_up_the_living(db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "SECONDS", 60.0)
    over = threading.Event()

    def never(line: socket.socket, _got: Got) -> None:
        over.wait(60)
        line.shutdown(socket.SHUT_RDWR)

    living, dead = Receiver(), Receiver(never)
    for n in range(60):
        put(db, (dead if n % 5 == 0 else living).url, f"e{n}", events=["item_put"])
    found = worker(db, clock)
    found.run_once(clock())  # they are told that there are others, which they do not want
    do(db, "put_item", sku="CHAIR")
    found.run_once(clock())
    until = time.monotonic() + 50
    while len(living.got) < 48 or len(dead.got) < 12:
        assert time.monotonic() < until, "those that hang still do"
        time.sleep(0.02)
    assert not over.is_set()
    over.set()
    found.finish()
    living.close()
    dead.close()


def test_a_worker_that_is_told_to_stop_waits_for_what_is_being_sent_alone(
    db: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(line, got: Got) -> None:
        time.sleep(0.1)
        status(200)(line, got)

    receiver = Receiver(slowly)
    put(db, receiver.url, events=["item_put"])
    shop(db, [f"I{n}" for n in range(30)])
    found = worker(db, clock)
    found.start()
    while not receiver.got:
        time.sleep(0.02)
    found.close()
    sent = {message.event for message in list_messages(db, state="sent")}
    assert sent == {int(got.headers["webhook-id"]) for got in receiver.got}
    assert 0 < len(sent) < 30
    settle(worker(db, clock), clock)
    assert len(receiver.got) == 30
    receiver.close()


def test_secrets_are_shown_by_no_reading_and_in_no_outcome(db: Database, clock: Clock, receiver: Receiver) -> None:
    put(db, receiver.url)
    new = commands.rotate_secret(db, clock(), "shop", by="test")
    shop(db, ["CHAIR"])
    settle(worker(db, clock), clock)
    with db.read() as tx:
        tables = [name for (name,) in tx.fetch(text(
            "SELECT name FROM sqlite_master WHERE type = 'table'" if db.dialect == "sqlite" else
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"))]  # fmt: skip
        for name in set(tables) - {"webhooks"}:
            rows = str(tx.fetch(text(f"SELECT * FROM {name}")))
            assert SECRET not in rows, name
            assert new not in rows, name
