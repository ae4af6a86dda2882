"""How much one caller may ask, and which passwords nobody may choose."""

import asyncio
import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import new_database
from service import NOW, Client, Service, running

from backorder.adapters import leaked
from backorder.adapters.cli import cli
from backorder.adapters.http.limits import HASHES, HASHES_WAITING, KEPT_MAX, STRANGERS, TRIES, Buckets, Guard, Limits
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.request import Request
from backorder.commands import accounts
from backorder.storage.db import open_database

RATE = 20
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {"BACKORDER_RATE": str(RATE), "BACKORDER_ADDRESS_HEADER": "X-Real-IP"}
    with new_database("sqlite", tmp_path_factory.mktemp("limits")) as url, running(url, **settings) as found:
        db = open_database(url)
        accounts.put_account(db, NOW, "ada", kind="person", role="viewer", password=PASSWORD, by="test")
        db.close()
        yield found


def test_a_bucket_lets_a_burst_through_and_then_as_many_as_the_rate() -> None:
    bucket = Buckets(gap=100, burst=3)
    assert [bucket.take("a", 1_000) for _ in range(5)] == [0, 0, 0, 100, 100]
    assert bucket.take("b", 1_000) == 0, "each has its own"
    assert [bucket.take("a", 1_099), bucket.take("a", 1_100), bucket.take("a", 1_100)] == [1, 0, 100]
    assert [bucket.take("a", 9_000) for _ in range(4)] == [0, 0, 0, 100], "a pause fills it, and no more than that"


@pytest.mark.parametrize("gap", [1, 20_000, 1_000_000])
def test_over_any_time_no_more_pass_than_the_burst_and_the_rate(gap: int) -> None:
    bucket, draw, now, passed = Buckets(gap, 5), random.Random(gap), 0, 0
    for _ in range(5_000):
        now += draw.randrange(gap)
        passed += bucket.take("a", now) == 0
        assert passed <= 5 + now // gap
    assert passed >= now // gap - 5, "and nearly all that may"


def test_a_crowd_of_callers_is_not_remembered_without_end() -> None:
    bucket = Buckets(gap=100, burst=2)
    assert [bucket.take(str(n), 0) for n in range(KEPT_MAX)] == [0] * KEPT_MAX
    assert [bucket.take(f"more {n}", 0) for n in range(3)] == [0, 0, 100], "the rest of the crowd shares one"
    assert [bucket.take("0", 0), bucket.take("0", 0)] == [0, 100], "who was known before is not held back by it"
    assert bucket.take("later", 10_000) == 0


def test_an_account_that_asks_too_often_is_told_when_to_come_back_and_nothing_is_done(service: Service) -> None:
    client, other = service.client("planner"), service.client("viewer")
    for n in range(50 * RATE):
        reply = client.ask("PUT", f"/v1/sites/S{n}", {})
        if reply.status == 429:
            break
        assert reply.status == 201
    assert reply.status == 429, "whoever sends without a pause is faster than the rate"
    assert reply.json["type"] == "urn:backorder:problem:too_many_requests"
    assert int(reply.headers["retry-after"]) >= 1
    assert other.ask("GET", f"/v1/sites/S{n}").status == 404
    assert other.ask("GET", f"/v1/sites/S{n - 1}").status == 200
    client.close()
    other.close()


def _sign_in(client: Client, account: str, address: str) -> int:
    body = {"account": account, "password": PASSWORD}
    return client.ask("POST", "/v1/session", body, Sec_Fetch_Site="same-origin", X_Real_Ip=address).status


def test_sign_ins_are_counted_by_the_address_that_the_proxy_says(service: Service) -> None:
    client = service.client(None)
    seen = [_sign_in(client, f"nobody-{n}", "192.0.2.1") for n in range(3 * TRIES)]
    assert set(seen) == {401, 429}
    assert seen[:TRIES] == [401] * TRIES
    assert _sign_in(client, "ada", "192.0.2.1") in {429, 204}, "one more every few seconds"
    assert _sign_in(client, "ada", "192.0.2.2") == 204
    whole_house = [_sign_in(client, "nobody", f"2001:db8::{n:x}") for n in range(3 * TRIES)]
    assert 429 in whole_house, "an IPv6 customer has many addresses"
    client.close()


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ([], "198.51.100.7"),
        (["192.0.2.1"], "192.0.2.1"),
        (["10.0.0.1, 192.0.2.1"], "192.0.2.1"),
        (["10.0.0.1", "192.0.2.1"], "192.0.2.1"),  # the caller's own word comes first, the proxy's last
        (["::ffff:192.0.2.1"], "192.0.2.1"),
        (["2001:db8:1:2:3::9"], "2001:db8:1:2::/64"),
        (["nobody"], "unknown"),
    ],
)
def test_who_asks_is_whom_the_nearest_proxy_names(told: list[str], address: str) -> None:
    async def receive() -> dict:
        raise AssertionError("there is no body to be read")

    headers = [(b"x-real-ip", value.encode()) for value in told]
    scope = {"method": "POST", "path": "/", "raw_path": b"/", "headers": headers, "client": ("198.51.100.7", 5)}
    assert Limits(Guard(address_header="X-Real-IP"))._address(Request(scope, receive)) == address


def test_what_opens_nothing_is_counted_by_address_and_what_opens_is_not(service: Service) -> None:
    stranger = Client(service.port, "bo_no_such")
    seen = [stranger.ask("GET", "/v1/session", X_Real_IP="192.0.2.50").status for _ in range(2 * STRANGERS)]
    assert seen[:STRANGERS] == [401] * STRANGERS
    assert 429 in seen
    assert stranger.ask("GET", "/v1/session", X_Real_IP="192.0.2.51").status == 401, "others have their own"
    known = service.client("finance")
    assert known.ask("GET", "/v1/session", X_Real_IP="192.0.2.50").status == 200
    known.close()
    stranger.close()


def test_only_a_few_passwords_are_hashed_at_once_and_only_some_wait() -> None:
    gate, limits = threading.Event(), Limits(Guard())
    answers: list[bool] = []

    async def one() -> None:
        answers.append(await limits.hashing(gate.wait, 60))

    async def crowd() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(HASHES + HASHES_WAITING):
                group.create_task(one())
            await asyncio.sleep(0)  # all of them run, or wait for their turn
            with pytest.raises(Refusal) as refusal:
                await limits.hashing(gate.wait, 60)
            assert refusal.value.status == 429
            gate.set()
        answers.append(await limits.hashing(gate.wait, 60))

    asyncio.run(crowd())
    assert answers == [True] * (HASHES + HASHES_WAITING + 1)


def _digest(word: str) -> str:
    return hashlib.sha1(word.encode()).hexdigest().upper()


WORDS = [f"password number {n}" for n in range(3_000)]
FORMS = {
    "plain": "\n".join(WORDS),
    "plain with the end of lines of Windows": "\r\n".join(WORDS) + "\r\n",
    "digests in order with counts": "\r\n".join(sorted(f"{_digest(word)}:{n}" for n, word in enumerate(WORDS))),
    "digests in order, small letters": "\n".join(sorted(_digest(word).lower() for word in WORDS)) + "\n",
    "digests by how often they were seen": "\n".join(f"{_digest(word)}:{3_000 - n}" for n, word in enumerate(WORDS)),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_leaked_password_is_found_in_every_form_of_list(form: str, tmp_path: Path) -> None:
    place = tmp_path / "list.txt"
    place.write_bytes(FORMS[form].encode())
    first, last = (min(WORDS, key=_digest), max(WORDS, key=_digest))
    for word in (*WORDS[:: 3_000 if "often" in form else 50], WORDS[-1], first, last):
        assert leaked.has(str(place), word), word
        assert not leaked.has(str(place), word + "x")
    assert not leaked.has(str(place), "")


def test_a_list_in_order_is_not_read_through(tmp_path: Path) -> None:
    class Counted:
        lines = 0

        def seek(self, at: int) -> None:
            file.seek(at)

        def readline(self) -> bytes:
            self.lines += 1
            return file.readline()

    place = tmp_path / "list.txt"
    place.write_text("".join(f"{digest}:1\n" for digest in sorted(map(_digest, map(str, range(50_000))))))
    size = place.stat().st_size
    with place.open("rb") as file:
        for word, there in (("17", True), ("49999", True), ("50000", False)):
            counted = Counted()
            assert leaked._found(counted, size, _digest(word).encode()) is there
            assert counted.lines <= 2 * size.bit_length(), "two lines for each halving of the bytes"
    with pytest.raises(leaked.Unreadable):
        leaked.has(str(tmp_path / "none"), "x")


def test_a_leaked_password_is_not_accepted(url: str, tmp_path: Path) -> None:
    place = tmp_path / "list.txt"
    place.write_text(f"{PASSWORD}\n", encoding="utf-8")
    words = ["account", "put", "ada", "--role", "viewer", "--password", "--database", url]
    asked = {"obj": lambda: NOW, "env": {"BACKORDER_PASSWORDS_REFUSED": str(place)}}
    refused = CliRunner().invoke(cli, words, input=f"{PASSWORD}\n", **asked)
    assert refused.exit_code == 1
    assert "leaked" in refused.stderr
    assert CliRunner().invoke(cli, words, input=f"{PASSWORD} staple\n", **asked).exit_code == 0
