"""Callers bound to one customer: for them there are no others, whichever door they try."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from conftest import new_database
from msgspec.structs import fields
from service import NOW, Client, Reply, Service, running

from backorder.adapters.http.route import OPEN
from backorder.adapters.http.table import ROUTES
from backorder.adapters.http.writes import PERMITS, tag
from backorder.commands import COMMANDS, accounts
from backorder.kernel.access import BOUND, BOUND_COMMANDS, BOUND_LINE
from backorder.queries import check
from backorder.storage.db import open_database

# Whatever is the other customer's has SECRET in its name, and is called the same otherwise as what does not exist.
OWN = {"order": "OWN-1", "line": "1", "shipment": "OWN-S", "customer": "ada"}
OTHERS = {"order": "SECRET-1", "line": "SECRET-L", "shipment": "SECRET-S", "customer": "SECRET-bob"}
NOBODYS = {name: said.replace("SECRET", "ABSENT") for name, said in OTHERS.items()}
SHARED = {"sku": "CHAIR", "site": "MAIN", "supply": "PO-1", "document": "DOC", "supplier": "ACME", "category": "C"}
BODIES = {
    "place_order": {"order": "{order}", "lines": [{"line": "{line}", "sku": "CHAIR", "quantity": 1}]},
    "add_lines": {"order": "{order}", "lines": [{"line": "more", "sku": "CHAIR", "quantity": 1}]},
    "change_line": {"order": "{order}", "line": "{line}", "quantity": 2},
    "change_order": {"order": "{order}", "ship_to": {"country": "GB"}},
    "cancel_line": {"order": "{order}", "line": "{line}", "quantity": 1},
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with new_database(request.param, tmp_path_factory.mktemp("bound")) as url, running(url) as found:
        admin = found.client()
        batch: list[dict[str, Any]] = [
            {"do": "put_site", "site": "MAIN"},
            {"do": "put_supplier", "supplier": "ACME"},
            {"do": "put_item", "sku": "CHAIR"},
            {"do": "put_customer", "customer": "ada", "name": "Ada", "email": "ada@example.com"},
            {"do": "put_customer", "customer": "SECRET-bob", "name": "SECRET", "region": "SECRET", "priority": 7},
            {"do": "announce_supply", "supply": "PO-1", "sku": "CHAIR", "site": "MAIN", "quantity": 100,
             "expected_on": "2030-05-06", "document": "DOC"},
            {"do": "count_stock", "sku": "CHAIR", "site": "MAIN", "quantity": 4},
        ]  # fmt: skip
        for who, units in ((OTHERS, 2), (OWN, 2), (OTHERS, 9), (OWN, 9)):  # the first of each leaves, the rest waits
            order = who["order"] if units == 2 else who["order"] + "-waits"
            lines = [{"line": who["line"], "sku": "CHAIR", "quantity": units}]
            batch.append({"do": "place_order", "order": order, "customer": who["customer"], "lines": lines})
        for who in (OTHERS, OWN):
            lines = [{"line": who["line"], "quantity": 1}]
            batch.append({"do": "ship", "shipment": who["shipment"], "order": who["order"], "lines": lines})
        outcomes = admin.ask("POST", "/v1/commands", batch).json
        assert {said["outcome"] for said in outcomes} <= {"accepted", "changed", "shipped"}, outcomes
        admin.close()
        db = open_database(url)
        accounts.put_account(db, NOW, "portal", kind="program", role="admin", customer="ada", by="test")
        found.tokens["bound"] = accounts.issue_token(db, NOW, "portal", by="test")
        yield found
        assert check.run(db) == []
        db.close()


@pytest.fixture
def bound(service: Service) -> Iterator[Client]:
    client = service.client("bound")
    yield client
    client.close()


def filled(thing: Any, names: dict[str, str]) -> Any:
    """A body with the names of somebody's things in it."""
    text = json.dumps(thing)
    for name, said in names.items():
        text = text.replace(f"{{{name}}}", said)
    return json.loads(text)


def address(path: str, names: dict[str, str]) -> str:
    return re.sub(r"{(\w+):str}", lambda part: quote((SHARED | names).get(part[1], "NONE"), safe=""), path)


def plain(reply: Reply, names: dict[str, str]) -> tuple[int, str]:
    """What was answered, but for the names that were asked about."""
    text = reply.body.decode()
    for name in sorted(names.values(), key=len, reverse=True):
        text = text.replace(name, "*")
    return reply.status, text


def test_what_is_anothers_is_answered_as_what_is_not_there(bound: Client) -> None:
    """Route by object, generated from the table: own, another's, unknown and malformed."""
    for route in ROUTES:
        if (route.method, route.path) == ("POST", "/v1/orders"):
            continue  # makes what it names, see below
        said = None if route.takes is None else {}
        word = tag(route.takes) if route.takes in COMMANDS else None
        if word in BOUND_COMMANDS:
            said = {name: value for name, value in BODIES[word].items() if name not in route.omit}
        answers = {}
        for whose, names in (("own", OWN), ("other", OTHERS), ("nobody", NOBODYS), ("malformed", {"order": "\0"})):
            body = filled(said, names if whose != "malformed" else OWN)
            key = {"Idempotency_Key": f'"{whose}-{len(route.path)}-{route.method}"', "X_Request_Id": "same"}
            reply = bound.ask(route.method, address(route.path, names), body, **key)
            what = route.method, route.path, whose, reply.status, reply.body[:300]
            assert reply.status < 500, what
            if not route.bound and route.permission != OPEN:
                assert reply.status == 403, what
            answers[whose] = plain(reply, names)
            if route.permission != OPEN:
                assert "SECRET" not in answers[whose][1], what
        if route.bound:
            assert answers["other"] == answers["nobody"], route.path
        if route.bound and any(f"{{{name}:str}}" in route.path for name in OWN):
            assert answers["other"][0] == 404, answers
            assert answers["own"][0] in {200, 201}, answers


def test_what_cannot_be_narrowed_is_not_among_what_a_bound_caller_may(bound: Client, service: Service) -> None:
    said = bound.ask("GET", "/v1/session").json
    assert said["customer"] == "ada"
    assert set(said["permissions"]) == BOUND
    for route in ROUTES:
        if route.bound:
            assert route.permission in BOUND, route.path


def _sample(kind: type) -> dict[str, Any]:
    """A command of this kind that can be read, about what is the caller's own."""
    samples: dict[str, Any] = OWN | SHARED | {
        "lines": [{"line": "new", "sku": "CHAIR", "quantity": 1}] if kind.__name__ in {"PlaceOrder", "AddLines"}
        else [{"line": "1", "quantity": 1}],
        "quantity": 1, "expected_on": "2030-05-06", "kind": "payment", "day": "2030-05-06", "by": "customer",
        "sender": "journal", "event": 1, "subject": "x",
        "receipt": "R", "delta": 1, "reason": "r", "to": "2030-05-06T00:00:00Z",
        "pack": "ours", "text": None, "notice": 1, "became": "delivered", "answer": "wait", "means": "phone",
        "form": "cash", "run": "R", "policy": "P", "segments": [{"name": "all", "strategy": "gain"}],
        "digest": "d" * 64, "said": "yes", "webhook": "shop", "view": "mine",
    }  # fmt: skip
    if kind.__name__ in {"WatchItem", "UnwatchItem"}:
        samples["customer"] = OWN["customer"]
    if kind.__name__ == "AnnounceSupply":
        samples["kind"] = "purchase"
    if kind.__name__ == "ChooseAnswer":
        samples["lines"] = [{"line": "1"}]
    needed = [field.name for field in fields(kind) if field.required]
    return {"do": tag(kind)} | {name: samples[name] for name in needed}


@pytest.mark.parametrize("kind", COMMANDS, ids=tag)
def test_a_command_that_is_not_named_for_bound_callers_is_denied(bound: Client, kind: type) -> None:
    command = _sample(kind)
    assert bound.ask("POST", "/v1/commands", [command | {"no such field": 1}]).json[0]["outcome"] == "invalid"
    reply = bound.ask("POST", "/v1/commands", [command])
    if tag(kind) in BOUND_COMMANDS:
        assert PERMITS[tag(kind)] in BOUND
        assert reply.status == 200
    else:
        assert reply.status == 403, reply.body


SAID = {
    "priority": 5, "placed_at": "2020-01-01T00:00:00Z", "authorised_at": "2020-01-01T00:00:00Z", "paid": "1",
    "sites": ["MAIN"], "charges": {"discount": "1"}, "by": "law", "channel": "web", "tags": ["t"], "currency": "GBP",
    "ship": "complete", "accept": "lines", "ship_to": {"country": "GB"}, "reason": "r", "quantity": 1,
    "requested_on": "2030-05-06", "accept_by": "2030-06-06", "customer": "ada",
}  # fmt: skip


@pytest.mark.parametrize("word", BOUND_COMMANDS)
def test_what_is_the_shops_to_say_is_not_said_by_bound_callers(bound: Client, word: str) -> None:
    kind = next(kind for kind in COMMANDS if tag(kind) == word)
    assert set(kind.__struct_fields__) > BOUND_COMMANDS[word], "each field that may be said is one that there is"
    for field in set(kind.__struct_fields__) - {"id", "at", "bound_to"}:
        reply = bound.ask(
            "POST", "/v1/commands", [_sample(kind) | {"order": "NONE", **{f: SAID[f] for f in [field] if f in SAID}}]
        )
        if field in BOUND_COMMANDS[word]:
            assert reply.status == 200, (field, reply.body)
        else:
            assert (reply.status, reply.json["field"]) == (403, field)
    said = bound.ask("POST", "/v1/commands", [_sample(kind) | {"bound_to": "SECRET-bob"}]).json[0]
    assert (said["outcome"], said["field"]) == ("invalid", "bound_to")


def test_what_is_the_shops_to_say_of_a_line_is_not_said_by_bound_callers(bound: Client) -> None:
    more = {"requested_on": "2030-05-06", "accept_by": "2030-06-06", "take_available": True, "tags": ["gift"]}
    assert {"line", "sku", "quantity", *more} == BOUND_LINE
    order = {"do": "place_order", "order": "LINES", "lines": [{"line": "1", "sku": "CHAIR", "quantity": 1} | more]}
    assert bound.ask("POST", "/v1/commands", [order]).status == 200
    order["lines"][0]["unit_price"] = "0.01"
    reply = bound.ask("POST", "/v1/commands", [order])
    assert (reply.status, reply.json["field"]) == (403, "lines.unit_price")


def _place(client: Client, order: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    lines = [{"line": "1", "sku": "CHAIR", "quantity": quantity}]
    return client.ask("POST", "/v1/orders", {"order": order, "lines": lines, **more}, X_Request_Id="same").json


def test_an_order_is_placed_for_the_callers_customer_and_for_no_other(bound: Client, service: Service) -> None:
    assert _place(bound, "OWN-2")["outcome"] == "accepted"
    assert _place(bound, "OWN-2", customer="ada")["outcome"] == "exists", "left out, the customer is the caller's"
    admin = service.client()
    assert admin.ask("GET", "/v1/orders/OWN-2").json["customer"] == "ada"
    there, absent = (_place(bound, "OWN-3", customer=name) for name in (OTHERS["customer"], NOBODYS["customer"]))
    assert there["outcome"] == "unknown_customer"
    assert json.dumps(there).replace("SECRET", "ABSENT") == json.dumps(absent)
    assert admin.ask("GET", "/v1/orders/OWN-3").status == 404
    admin.close()


def test_an_id_that_another_holds_tells_no_more_than_that_it_is_taken(bound: Client, service: Service) -> None:
    _place(bound, "OWN-4")
    admin = service.client()
    assert _place(admin, "SECRET-4", customer=OTHERS["customer"])["outcome"] == "accepted"
    assert _place(admin, "SECRET-5")["outcome"] == "accepted"
    admin.close()
    mine = _place(bound, "OWN-4", 2)
    assert mine["outcome"] == "id_reused"
    for taken in ("SECRET-4", "SECRET-5"):  # with the same content even, and of nobody
        assert json.dumps(_place(bound, taken)).replace(taken, "OWN-4") == json.dumps(mine)


def test_lists_have_what_is_the_callers_and_no_filter_widens_them(bound: Client) -> None:
    for what in ("orders", "lines", "shipments", "customers"):
        found = bound.ask("GET", f"/v1/{what}?limit=200").json["items"]
        assert found
        assert not any("SECRET" in json.dumps(entry) for entry in found)
        assert {entry["customer"] for entry in found} == {"ada"}
    for question in ("orders?customer=SECRET-bob", "lines?customer=SECRET-bob", "lines?order=SECRET-1",
                     "shipments?order=SECRET-1", "shipments?customer=SECRET-bob"):  # fmt: skip
        assert bound.ask("GET", f"/v1/{question}").json == {"items": [], "next": None}
    assert bound.ask("GET", "/v1/customers/ada").json["email"] == "ada@example.com"


def test_why_counts_who_is_ahead_and_names_nobody(bound: Client, service: Service) -> None:
    told = bound.ask("GET", "/v1/orders/OWN-1-waits/lines/1/explanation").json
    admin = service.client()
    others = admin.ask("GET", "/v1/orders/SECRET-1-waits/lines/SECRET-L/explanation").json
    admin.close()
    # Not a number written here: what the tests before cancelled was given to whoever waited first.
    before = sum(stand["units"] for stand in others["stands_on"] if stand["supply"] == "PO-1")
    assert before >= 7
    assert told["stands_on"][0]["units_ahead"] >= before
    assert "SECRET" not in json.dumps(told)


def test_a_quote_is_for_the_callers_customer(bound: Client) -> None:
    asked = {"sku": "CHAIR", "quantity": 1}
    said = bound.ask("POST", "/v1/quotes", [asked, asked | {"customer": "ada"}]).json
    assert [answer["outcome"] for answer in said] == ["answered", "answered"]
    there, absent = bound.ask(
        "POST", "/v1/quotes", [asked | {"customer": f"{n}-bob"} for n in ("SECRET", "ABSENT")]
    ).json
    assert there["outcome"] == "unknown_customer"
    assert json.dumps(there).replace("SECRET", "ABSENT") == json.dumps(absent)
    for field in ("priority", "sites"):
        reply = bound.ask("POST", "/v1/quotes", [asked | {field: SAID[field]}])
        assert (reply.status, reply.json["field"]) == (403, field)
