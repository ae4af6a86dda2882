"""The service over HTTP: what it answers, whom it lets in, and what it refuses, in a process of its own."""

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import new_database
from service import NOW, Client, Reply, Service, running

from backorder.adapters.http import openapi
from backorder.adapters.http.route import OPEN
from backorder.adapters.http.table import ROUTES
from backorder.kernel.access import ROLES
from backorder.queries import check
from backorder.storage import outbox
from backorder.storage.db import open_database

PROBLEM = {"type", "title", "status", "detail", "instance", "request"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        new_database(request.param, tmp_path_factory.mktemp("service")) as url,
        running(url, BACKORDER_HOSTS="127.0.0.1,localhost", BACKORDER_ADDRESS_HEADER="X-Real-IP") as found,
    ):
        admin = found.client()
        assert admin.ask("PUT", "/v1/sites/MAIN", {}).status in {200, 201}
        assert admin.ask("PUT", "/v1/items/CHAIR", {}).status == 201
        for sku in ("DESK", "LAMP"):
            assert admin.ask("PUT", f"/v1/items/{sku}", {"coverage": "lead_time", "lead_time_days": 30}).status == 201
        supply = {"supply": "PO-1", "sku": "CHAIR", "site": "MAIN", "quantity": 100, "expected_on": "2030-05-06",
                  "document": "DOC", "cost": "12.50"}  # fmt: skip
        assert admin.ask("POST", "/v1/supplies", supply | {"currency": "EUR"}).status == 201
        admin.close()
        yield found
        assert found.process.poll() is None, "the service died"
        db = open_database(url)
        assert check.run(db) == []
        db.close()


@pytest.fixture
def admin(service: Service) -> Iterator[Client]:
    client = service.client()
    yield client
    client.close()


def order(name: str, units: int = 1, sku: str = "CHAIR", **more: object) -> dict:
    return {"order": name, "lines": [{"line": "1", "sku": sku, "quantity": units}], **more}


def refused(reply: Reply, status: int, word: str | None = None) -> dict:
    """A problem of the one shape there is."""
    assert reply.status == status, (reply.status, reply.body)
    assert reply.headers["content-type"] == "application/problem+json"
    said = reply.json
    assert said.keys() >= PROBLEM
    assert said["status"] == status
    if word is not None:
        assert said["type"] == f"urn:backorder:problem:{word}"
    return said


def test_an_order_is_placed_read_and_moves_when_its_supply_does(admin: Client) -> None:
    placed = admin.ask("POST", "/v1/orders", order("FLOW", 2))
    assert placed.status == 201
    assert placed.json["lines"][0]["promise"] == "2030-05-06"
    assert admin.ask("GET", "/v1/orders/FLOW").json["lines"][0]["promise"] == "2030-05-06"
    moved = admin.ask("POST", "/v1/supplies/PO-1/reschedule", {"expected_on": "2030-05-20"}, Idempotency_Key='"m1"')
    assert moved.status == 200
    line = admin.ask("GET", "/v1/orders/FLOW/lines/1").json
    assert [revision["to"] for revision in line["revisions"]] == ["2030-05-06", "2030-05-20"]
    assert admin.ask("GET", "/v1/orders/FLOW/lines/1/explanation").status == 200
    back = admin.ask("POST", "/v1/documents/DOC/reschedule", {"expected_on": "2030-05-06"}, Idempotency_Key='"m2"')
    assert back.status == 200


def test_the_same_order_again_is_there_and_with_other_content_it_is_refused(admin: Client) -> None:
    assert admin.ask("POST", "/v1/orders", order("TWICE")).status == 201
    again = admin.ask("POST", "/v1/orders", order("TWICE"))
    assert (again.status, again.json["outcome"]) == (200, "exists")
    refused(admin.ask("POST", "/v1/orders", order("TWICE", 3)), 422, "id_reused")


def test_a_key_is_asked_for_checked_and_answered_the_same(service: Service, admin: Client) -> None:
    found = {"sku": "LAMP", "site": "MAIN", "delta": 5, "reason": "found"}
    refused(admin.ask("POST", "/v1/stock/adjust", found), 400, "key_missing")
    for wrong in ("plain", '""', '"a', '"ü"', '"a\\"b"', f'"{"x" * 121}"', '"a", "b"'):
        refused(admin.ask("POST", "/v1/stock/adjust", found, Idempotency_Key=wrong), 400, "key_invalid")
    before = admin.ask("GET", "/v1/items/LAMP").json["on_hand"]
    first = admin.ask("POST", "/v1/stock/adjust", found, Idempotency_Key='"adj"')
    again = admin.ask("POST", "/v1/stock/adjust", found, Idempotency_Key='"adj"')
    assert (again.status, again.body) == (first.status, first.body)
    assert admin.ask("GET", "/v1/items/LAMP").json["on_hand"] == before + 5
    refused(admin.ask("POST", "/v1/stock/adjust", found | {"delta": 6}, Idempotency_Key='"adj"'), 422, "id_reused")
    other = service.client("warehouse")  # another caller's key is another key
    assert other.ask("POST", "/v1/stock/adjust", found, Idempotency_Key='"adj"').status == 200
    assert admin.ask("GET", "/v1/items/LAMP").json["on_hand"] == before + 10
    other.close()


def test_one_key_sent_by_many_at_once_has_one_effect(service: Service, admin: Client) -> None:
    before = admin.ask("GET", "/v1/items/DESK").json["on_hand"]
    replies: list[Reply] = []

    def send() -> None:
        client = service.client()
        body = {"sku": "DESK", "site": "MAIN", "delta": 1, "reason": "found"}
        replies.append(client.ask("POST", "/v1/stock/adjust", body, Idempotency_Key='"once"'))
        client.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status for reply in replies} <= {200, 409}
    done = [reply for reply in replies if reply.status == 200]
    assert done
    assert len({reply.body for reply in done}) == 1
    for reply in replies:
        if reply.status == 409:
            refused(reply, 409, "in_progress")
            assert reply.headers["retry-after"]
    assert admin.ask("GET", "/v1/items/DESK").json["on_hand"] == before + 1


def test_the_batch_door_answers_each_command_in_order(admin: Client) -> None:
    batch = [
        {"do": "place_order", "id": "b1", **order("BATCH-1")},
        {"do": "place_order", "id": "b2", **order("BATCH-2", sku="NONE")},
        {"do": "place_order", "id": "b3", "order": "BATCH-3"},
        {"do": "dance", "id": "b4"},
        {"do": "count_stock", "sku": "LAMP", "site": "MAIN", "quantity": 7},
        {"do": "place_order", "id": "b1", **order("BATCH-1")},
    ]
    reply = admin.ask("POST", "/v1/commands", batch)
    assert reply.status == 200
    said = [(answer["outcome"], answer.get("id")) for answer in reply.json]
    assert said == [("accepted", "b1"), ("unknown_item", "b2"), ("invalid", "b3"), ("invalid", "b4"),
                    ("changed", None), ("accepted", "b1")]  # fmt: skip
    assert admin.ask("POST", "/v1/commands", []).json == []
    refused(admin.ask("POST", "/v1/commands", {"do": "advance"}), 400)


def test_pages_hold_everything_once(admin: Client) -> None:
    names = [f"PAGE-{n:02}" for n in range(9)]
    for name in names:
        admin.ask("POST", "/v1/orders", order(name))
    for what, key in (
        ("orders", "order"),
        ("lines", "order"),
        ("items", "sku"),
        ("supplies", "supply"),
        ("audit", "n"),
    ):
        whole = [entry[key] for entry in admin.ask("GET", f"/v1/{what}?limit=200").json["items"]]
        walked, after = [], ""
        while True:
            page = admin.ask("GET", f"/v1/{what}?limit=2{after}").json
            walked += [entry[key] for entry in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert walked == whole if what != "audit" else set(whole) <= set(walked)
        assert len(walked) == len(set(walked))
    assert set(names) <= {entry["order"] for entry in admin.ask("GET", "/v1/orders?limit=200").json["items"]}


def test_who_asks_on_from_the_last_event_misses_none(service: Service, admin: Client) -> None:
    seen: list[int] = []
    after = admin.ask("GET", "/v1/events?limit=200").json["last"]
    for n in range(7):
        assert admin.ask("POST", "/v1/orders", order(f"EVENT-{n}")).status == 201
    while True:
        page = admin.ask("GET", f"/v1/events?limit=3&after={after}").json
        if not page["items"]:
            break
        seen += [event["subject"] for event in page["items"] if event["kind"] == "order_placed"]
        after = page["last"]
    assert [subject for subject in seen if "EVENT" in subject] == [f"orders/EVENT-{n}" for n in range(7)]
    mine = admin.ask("GET", "/v1/events?subject=orders/EVENT-3").json["items"]
    assert [event["kind"] for event in mine] == ["order_placed"]
    assert mine[0]["data"]["lines"][0]["promise"] == "2030-05-06"
    assert "order_placed" in admin.ask("GET", "/v1/events/kinds").json["kinds"]


def test_what_is_due_is_shown_to_those_who_may_see_it(service: Service, admin: Client) -> None:
    assert {timer["kind"] for timer in admin.ask("GET", "/v1/timers").json["items"]} == {"advance", "forget", "watch"}
    assert admin.ask("GET", "/v1/outbox?state=dead").json == {"items": [], "next": None}
    assert admin.ask("GET", "/v1/outbox/standing").json["dead"] == 0
    nothing = {"sender": "none", "event": 1}
    refused(admin.ask("POST", "/v1/outbox/retry", nothing, Idempotency_Key='"r"'), 404, "unknown_message")
    viewer = service.client("viewer")
    refused(viewer.ask("GET", "/v1/outbox"), 403, "forbidden")
    viewer.close()


def test_availability_has_a_tag_and_a_bulk_form(admin: Client) -> None:
    one = admin.ask("GET", "/v1/availability?sku=CHAIR")
    assert one.json["state"] == "backorder"
    assert one.json["promise"] == "2030-05-06"
    assert admin.ask("GET", "/v1/availability?sku=CHAIR", If_None_Match=one.headers["etag"]).status == 304
    refused(admin.ask("GET", "/v1/availability?sku=NONE"), 404, "unknown_item")
    many = admin.ask("POST", "/v1/availability", {"skus": ["CHAIR", "NONE"] * 250}).json
    assert [entry["state"] for entry in many] == ["backorder", "unknown"] * 250
    several = admin.ask("GET", "/v1/availability?sku=CHAIR&sku=DESK").json
    assert [entry["sku"] for entry in several] == ["CHAIR", "DESK"]
    refused(admin.ask("POST", "/v1/availability", {"skus": ["CHAIR"] * 501}), 400)


def test_what_if_tells_whom_it_would_touch(admin: Client) -> None:
    assert admin.ask("POST", "/v1/orders", order("IF", 2)).status == 201
    slip = {"if": "slip", "supply": "PO-1", "days": 3}
    before = admin.ask("GET", "/v1/orders/IF").json
    said = admin.ask("POST", "/v1/what-if", [slip])
    assert said.status == 200
    assert next(line for line in said.json["lines"] if line["order"] == "IF")["promise_days"] == 3
    assert admin.ask("GET", "/v1/orders/IF").json == before
    for body, status, field in (
        ([slip, slip | {"supply": "PO-9"}], 404, "[1].supply"),
        ([slip | {"days": 0}], 422, "days"),
        ([{"if": "cancel_supply", "supply": "PO-1", "quantity": 10_000}], 409, "quantity"),
        ([slip | {"day": 3}], 400, "[0]"),
        ([{"if": "rain"}], 400, "[0].if"),
        ([], 422, "if"),
        ([slip] * 101, 413, None),
    ):
        assert refused(admin.ask("POST", "/v1/what-if", body), status).get("field") == field


def test_a_quote_is_what_an_order_then_gets(admin: Client) -> None:
    quoted = admin.ask("POST", "/v1/quotes", [{"sku": "CHAIR", "quantity": 3}, {"sku": "NONE", "quantity": 1}]).json
    assert [answer["outcome"] for answer in quoted] == ["answered", "unknown_item"]
    placed = admin.ask("POST", "/v1/orders", order("QUOTED", 3)).json
    assert placed["lines"][0]["promise"] == quoted[0]["lines"][0]["promise"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"order": "D", "order": "E", "lines": []}', 400),
        (b'{"order": "D", "lines": [{"line": "1", "sku": "CHAIR", "quantity": NaN}]}', 400),
        (b'{"order": "D", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1e3}]}', 422),
        (b'{"order": "D", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 9223372036854775808}]}', 422),
        (b'{"order": "D", "lines": [{"line": "1", "sku": "CHAIR", "quantity": ' + b"9" * 5000 + b"}]}", 400),
        (b'{"order": "\xff", "lines": []}', 400),
        (b'{"order": "\\ud800", "lines": []}', 422),
        (b'{"order": "\\u0000", "lines": []}', 422),
        (b"[" * 100_000, 400),
        (b'{"a":' * 100_000, 400),
        (b'{"order": "D", "lines": [], "surprise": 1}', 422),
        (b'{"order": "D", "lines": [], "id": "mine"}', 400),
        (b"[]", 400),
        (b"null", 400),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_shape(admin: Client, body: bytes, status: int) -> None:
    refused(admin.ask("POST", "/v1/orders", body), status)
    assert admin.ask("GET", "/v1/orders/D").status == 404


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_by_what_is_declared_and_by_what_comes(
    service: Service, declared: bool
) -> None:
    size = b"Content-Length: 1100000" if declared else b"Transfer-Encoding: chunked"
    head = f"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {service.tokens['admin']}\r\n"
    with socket.create_connection(("127.0.0.1", service.port), 30) as connection:
        connection.sendall(head.encode() + b"Content-Type: application/json\r\n" + size + b"\r\n\r\n")
        if not declared:
            for _ in range(11):
                connection.sendall(b"186a0\r\n" + b" " * 100_000 + b"\r\n")
        back = connection.recv(65_536)
    assert back.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in back


def test_other_content_is_refused(admin: Client) -> None:
    refused(admin.ask("POST", "/v1/orders", b"order=1", Content_Type="application/x-www-form-urlencoded"), 415)
    refused(admin.ask("GET", "/v1/orders?limit=0"), 400)
    refused(admin.ask("GET", "/v1/orders?limit=201"), 400)
    refused(admin.ask("GET", "/v1/orders?limit=2&limit=2"), 400)
    refused(admin.ask("GET", "/v1/orders?after=abc"), 400)
    refused(admin.ask("GET", "/v1/orders?sort=1"), 400, "unknown_parameter")
    refused(admin.ask("GET", "/v1/nothing"), 404)
    assert refused(admin.ask("DELETE", "/v1/orders"), 405)
    assert admin.ask("DELETE", "/v1/orders").headers["allow"] == "GET, POST"
    assert admin.ask("HEAD", "/v1/orders").status == 405
    told = admin.ask("OPTIONS", "/v1/orders")
    assert (told.status, told.headers["allow"]) == (204, "GET, POST, OPTIONS")
    for path in ("/v1/nothing", "/v1/orders/FLOW/nothing", "/v1", "/"):
        refused(admin.ask("OPTIONS", path), 404, "not_found")
    refused(admin.ask("GET", "/v1/orders", Host="evil.example"), 400)


def test_what_things_cost_is_for_those_who_may(service: Service) -> None:
    buyer, planner = service.client("buyer"), service.client("planner")
    assert buyer.ask("GET", "/v1/documents/DOC").json["costs"] == {"EUR": "1250.00"}
    assert planner.ask("GET", "/v1/documents/DOC").json["costs"] == {}
    body = {"supply": "PO-C", "sku": "DESK", "site": "MAIN", "quantity": 1, "expected_on": "2030-05-06"}
    said = refused(planner.ask("POST", "/v1/supplies", body | {"cost": "1", "currency": "EUR"}), 403, "forbidden")
    assert said["field"] == "cost"
    for cost in ("1", None):
        command = {"do": "put_item", "sku": "X", "cost": cost, "currency": "EUR"}
        assert refused(planner.ask("POST", "/v1/commands", [command]), 403)["field"] == "cost"
    assert buyer.ask("GET", "/v1/items/X").status == 404
    buyer.close()
    planner.close()


def _addresses(path: str) -> list[str]:
    """An address with ids that are there, that are not, and that cannot be."""
    known = {"order": "FLOW", "line": "1", "sku": "CHAIR", "supply": "PO-1", "document": "DOC", "site": "MAIN"}
    if path.endswith("/stream"):
        return [f"{path}?after=never"]  # else its answer has no end
    if "{" not in path:
        return [path]
    return [
        re.sub(r"{(\w+):str}", lambda part: known.get(part[1], "NONE"), path),
        re.sub(r"{\w+:str}", "NONE", path),
        re.sub(r"{\w+:str}", "%00", path),
        re.sub(r"{\w+:str}", "x" * 201, path),
        re.sub(r"{\w+:str}", "'%20OR%201=1--", path),
    ]


def test_every_role_may_just_what_its_routes_say(service: Service) -> None:
    """Role by route by object, generated from the table; bodies are empty, so that nothing is changed."""
    for role, permissions in ROLES.items():
        client = service.client(role)
        for route in ROUTES:
            for address in _addresses(route.path):
                reply = client.ask(route.method, address, None if route.takes is None else {}, Idempotency_Key='"mx"')
                what = role, route.method, address, reply.status, reply.body[:200]
                assert reply.status < 500, what
                if route.permission != OPEN and route.permission not in permissions:
                    assert reply.status == 403, what
                    refused(reply, 403, "forbidden")
                elif route.permission != OPEN:
                    assert reply.status not in {401, 403}, what
                if "%00" in address or "x" * 201 in address:
                    assert reply.status in {400, 403, 404}, what
        client.close()


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer bo_x_y", "Basic YTpi", "Bearer " + "x" * 5000])
def test_nobody_may_nothing(service: Service, shown: str | None) -> None:
    client = service.client(None)
    for n, route in enumerate(ROUTES):
        headers = {} if shown is None else {"Authorization": shown}
        headers["X_Real_IP"] = f"192.0.2.{n % 250}"  # of one address it would be too much that opens nothing
        reply = client.ask(route.method, _addresses(route.path)[0], None if route.takes is None else {}, **headers)
        if route.permission != OPEN:
            refused(reply, 401, "unauthorised")
            asked = 'Basic realm="feeds"' if route.path.startswith("/feeds/") else "Bearer"
            assert reply.headers["www-authenticate"] == asked
        assert reply.status < 500
    client.close()


def test_every_command_of_a_batch_asks_for_its_own_permission(service: Service) -> None:
    viewer = service.client("viewer")
    refused(viewer.ask("POST", "/v1/commands", [{"do": "place_order", **order("SNEAK")}]), 403, "forbidden")
    assert viewer.ask("GET", "/v1/orders/SNEAK").status == 404
    viewer.close()


def test_private_answers_are_not_kept_and_ids_of_requests_come_back(admin: Client) -> None:
    reply = admin.ask("GET", "/v1/orders", X_Request_Id="mine-1")
    assert reply.headers["cache-control"] == "private, no-store"
    assert reply.headers["x-request-id"] == "mine-1"
    assert admin.ask("GET", "/v1/orders", X_Request_Id="bad id!").headers["x-request-id"] != "bad id!"


def test_the_trail_s_digest_covers_what_the_address_says(admin: Client) -> None:
    for site in ("DIGEST%2F1", "DIGEST%2F2", "DIGEST%2F1"):
        assert admin.ask("PUT", f"/v1/sites/{site}", {}).status in {200, 201}
    last = [entry["digest"] for entry in admin.ask("GET", "/v1/audit?limit=3").json["items"]]
    assert last[0] == last[2] != last[1]


def test_the_trail_tells_who_asked_for_what(service: Service, admin: Client) -> None:
    client = service.client("service_agent")
    client.ask("POST", "/v1/orders", order("TRAIL"), X_Request_Id="trail-1")
    client.close()
    latest = admin.ask("GET", "/v1/audit?limit=1").json["items"][0]
    assert (latest["actor"], latest["what"], latest["subject"]) == ("service_agent", "place_order", "TRAIL")
    assert latest["request"] == "trail-1"


def test_the_description_is_that_of_the_table_and_of_the_reference(service: Service) -> None:
    client = service.client(None)
    served = client.ask("GET", "/v1/openapi.json")
    assert served.body == openapi.document(ROUTES)
    paths = served.json["paths"]
    assert {(route.method.lower(), re.sub(":str", "", route.path)) for route in ROUTES} == {
        (method, path) for path, methods in paths.items() for method in methods
    }
    page = client.ask("GET", "/v1/docs").body.decode()
    assert "http" not in re.sub(r"<title>.*?</title>", "", page)  # nothing from elsewhere
    client.close()
    written = (Path(__file__).parents[2] / "docs/reference/http.md").read_text(encoding="utf-8")
    for route in ROUTES:
        assert f"| `{route.method}` | `{route.path.replace(':str', '')}` |" in written


def test_figures_are_there_for_prometheus(service: Service) -> None:
    db = open_database(service.url)
    with db.write() as tx:  # a feed that nobody sends for: one message waits, and one is given up
        outbox.add_feed(tx, "nobody", 0, NOW)
        outbox.spread_to(tx, {"nobody": lambda *_: True}, NOW, 2)
        outbox.give_up(tx, [(outbox.claim_messages(tx, "nobody", NOW, NOW, 1)[0], "no")], NOW)
    db.close()
    client = service.client(None)
    told = client.ask("GET", "/metrics").body.decode().splitlines()
    client.close()
    figures = dict(line.rsplit(" ", 1) for line in told if not line.startswith("#"))
    assert any(name.startswith("backorder_requests_total") for name in figures)
    assert float(figures["backorder_writer_waiting"]) == 0
    assert float(figures["backorder_writer_commands"]) >= float(figures["backorder_writer_batches"]) >= 0
    assert float(figures['backorder_outbox_messages{state="waiting"}']) == 1
    assert float(figures['backorder_outbox_messages{state="dead"}']) == 1
    assert float(figures["backorder_outbox_oldest_seconds"]) > 0
