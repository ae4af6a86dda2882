"""Endpoints by the command line and over HTTP: who may, what is shown once, and what is never shown."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from conftest import new_database
from service import NOW, Service, running

from backorder.adapters.cli import cli
from backorder.commands import accounts
from backorder.kernel.webhooks import key_of, secret_of
from backorder.storage.db import open_database

URL = "https://shop.example.com/hooks"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database("sqlite", tmp_path_factory.mktemp("hooks")) as url, running(url, BACKORDER_WORKER="no") as found:
        yield found


def test_an_endpoint_over_http(service: Service) -> None:
    shop = service.client("integration")
    put = shop.ask("PUT", "/v1/webhooks/shop", {"url": URL, "events": ["order_*"]})
    assert (put.status, put.json) == (201, {"outcome": "accepted", "subject": "shop"})
    assert shop.ask("GET", "/v1/webhooks/shop").json["state"] == "without_secret"
    assert shop.ask("POST", "/v1/webhooks/shop/test", {}, Idempotency_Key='"t-0"').status == 409
    first, second = (shop.ask("POST", "/v1/webhooks/shop/rotate") for _ in range(2))
    assert first.status == 201
    assert "no-store" in first.headers["cache-control"]
    assert key_of(first.json["secret"]) != key_of(second.json["secret"])
    shown = shop.ask("GET", "/v1/webhooks/shop").json
    assert (shown["state"], shown["url"], shown["events"], shown["attempts"]) == ("well", URL, ["order_*"], [])
    assert shown["old_secret_until"] is not None
    assert shop.ask("POST", "/v1/webhooks/shop/test", {}, Idempotency_Key='"t-1"').status == 201
    off = shop.ask("POST", "/v1/webhooks/shop/disable", {"reason": "away"}, Idempotency_Key='"d-1"')
    assert off.json["message"] == "away"
    listed = shop.ask("GET", "/v1/webhooks").json["items"]
    assert [(each["webhook"], each["state"], each["disabled_why"]) for each in listed] == [("shop", "disabled", "away")]
    assert shop.ask("POST", "/v1/webhooks/shop/enable", {}, Idempotency_Key='"e-1"').status == 200
    everything = b"".join(
        shop.ask("GET", path).body for path in ("/v1/webhooks", "/v1/webhooks/shop", "/v1/events", "/v1/openapi.json")
    )
    admin = service.client()
    everything += admin.ask("GET", "/v1/audit").body
    admin.close()
    for secret in (first.json["secret"], second.json["secret"]):
        assert secret.encode() not in everything
    assert b"rotate_secret" in everything
    assert shop.ask("GET", "/v1/webhooks/none").status == 404
    assert shop.ask("POST", "/v1/webhooks/none/rotate").status == 404
    assert shop.ask("POST", "/v1/webhooks/none/enable", {}, Idempotency_Key='"e-2"').status == 404
    shop.close()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"url": "http://shop.example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "url"),
        ({"url": "https://a:b@shop.example.com/"}, "url"),
        ({"url": URL, "events": ["orders"]}, "events"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "secret": "whsec_c2hvcnQ="}, "secret"),
        ({}, "url"),
    ],
)
def test_what_cannot_be_meant_names_the_field(service: Service, said: dict, field: str) -> None:
    client = service.client("integration")
    reply = client.ask("PUT", "/v1/webhooks/wrong", said)
    assert (reply.status, reply.json["field"]) == (422, field)
    assert "secret" not in said or said["secret"].encode() not in reply.body
    assert client.ask("PUT", "/v1/webhooks/%20x", {"url": URL}).status == 422
    client.close()


@pytest.mark.parametrize("role", ["viewer", "planner", "buyer", "warehouse", "service_agent", "finance"])
def test_who_may_not(service: Service, role: str) -> None:
    client = service.client(role)
    assert client.ask("PUT", "/v1/webhooks/theirs", {"url": URL}).status == 403
    assert client.ask("POST", "/v1/webhooks/theirs/rotate").status == 403
    assert client.ask("GET", "/v1/webhooks").status == 403
    client.close()


def test_who_may_not_read_events_has_none_sent(service: Service) -> None:
    db = open_database(service.url)
    service.tokens["narrow"] = accounts.issue_token(db, NOW, "admin", by="test", scopes=["webhooks.write"])
    db.close()
    client = service.client("narrow")
    assert client.ask("PUT", "/v1/webhooks/theirs", {"url": URL}).status == 403
    client.close()


def run(place: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["webhook", *words, "--database", place], obj=lambda: NOW)


def test_an_endpoint_on_the_command_line(sqlite_url: str) -> None:
    put = run(sqlite_url, "put", "shop", URL, "--events", "order_*")
    assert put.exit_code == 0, put.output
    said, secret = put.output.splitlines()
    assert said == "shop is put."
    assert key_of(secret)
    assert run(sqlite_url, "put", "shop", "--events", "item_put").output == "shop is put.\n"
    assert run(sqlite_url, "put", "shop", "--events", "item_put").output == "It was so already.\n"
    assert run(sqlite_url, "test", "shop").output == "The worker sends it within a second.\n"
    assert secret_of(key_of(run(sqlite_url, "rotate", "shop").output.strip()) or b"") != secret
    assert "shop is disabled" in run(sqlite_url, "disable", "shop", "--reason", "moving").output
    shown = run(sqlite_url, "show", "shop").output
    assert all(word in shown for word in (URL, "item_put", "disabled", "moving", "Nothing was sent"))
    (listed,) = json.loads(run(sqlite_url, "list", "--json").output)
    assert (listed["state"], listed["disabled_why"]) == ("disabled", "moving")
    assert run(sqlite_url, "enable", "shop").output == "Done.\n"
    assert run(sqlite_url, "replay", "shop", "1").exit_code == 3
    for words in (["show"], ["rotate"], ["enable"], ["disable"], ["test"]):
        assert run(sqlite_url, *words, "none").exit_code == 3, words
    assert run(sqlite_url, "put", "shop", "https://127.0.0.1/").exit_code == 2
    assert secret not in run(sqlite_url, "list").output + shown
