"""Accounts, tokens and passwords over HTTP: nobody gives more than they have, and one admin always stays."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import new_database
from service import NOW, Client, Service, running
from shop import do

from backorder.adapters.http.callers import COOKIE
from backorder.commands import accounts
from backorder.commands.accounts import Asker, Identity, Refused
from backorder.kernel.access import PERMISSIONS, ROLES
from backorder.queries import check
from backorder.storage.db import Database, open_database

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("administering")
    leaked = folder / "leaked.txt"
    leaked.write_text(f"{PASSWORD} leaked\n", encoding="utf-8")
    settings = {"BACKORDER_PASSWORDS_REFUSED": str(leaked)}
    with new_database(request.param, folder) as url, running(url, **settings) as found:
        yield found
        db = open_database(url)
        assert check.run(db) == []
        db.close()


@pytest.fixture
def admin(service: Service) -> Iterator[Client]:
    client = service.client()
    yield client
    client.close()


def _put(client: Client, name: str, role: str = "viewer", **more: Any) -> Any:
    return client.ask("PUT", f"/v1/accounts/{name}", {"kind": "program", "role": role, **more})


def _token(client: Client, name: str, **said: Any) -> Any:
    return client.ask("POST", f"/v1/accounts/{name}/tokens", said)


def test_an_account_is_made_gets_a_token_and_loses_it_again(service: Service, admin: Client) -> None:
    made = _put(admin, "shop", "integration")
    assert (made.status, made.json["role"], made.json["tokens"]) == (201, "integration", [])
    assert _put(admin, "shop", "planner").status == 200
    issued = _token(admin, "shop", scopes=["orders.read"], purpose="reports", days=2)
    assert issued.status == 201
    assert issued.headers["cache-control"] == "private, no-store"
    token = issued.json["token"]
    client = Client(service.port, token)
    assert client.ask("GET", "/v1/orders").status == 200
    assert client.ask("GET", "/v1/items").status == 403
    told = admin.ask("GET", "/v1/accounts/shop").json["tokens"][0]
    assert (told["token"], told["scopes"], told["purpose"]) == (token.split("_")[1], ["orders.read"], "reports")
    assert token.split("_", 2)[2] not in admin.ask("GET", "/v1/accounts?limit=200").body.decode()
    assert admin.ask("DELETE", f"/v1/tokens/{told['token']}").status == 204
    assert client.ask("GET", "/v1/orders").status == 401, "at once, in the process that was told"
    client.close()
    what = [(entry["what"], entry["actor"]) for entry in admin.ask("GET", "/v1/audit?limit=4").json["items"]]
    assert what == [
        ("revoke_token", "admin"),
        ("issue_token", "admin"),
        ("put_account", "admin"),
        ("put_account", "admin"),
    ]


def test_who_is_disabled_is_out_at_once(service: Service, admin: Client) -> None:
    _put(admin, "gone")
    client = Client(service.port, _token(admin, "gone").json["token"])
    assert client.ask("GET", "/v1/orders").status == 200
    assert admin.ask("POST", "/v1/accounts/gone/disable").json["disabled_at"] is not None
    assert client.ask("GET", "/v1/orders").status == 401
    assert _token(admin, "gone").status == 409
    client.close()


def test_what_is_not_there_or_cannot_be_is_refused(admin: Client) -> None:
    assert _token(admin, "nobody").status == 404
    assert admin.ask("POST", "/v1/accounts/nobody/disable").status == 404
    assert admin.ask("DELETE", "/v1/tokens/none").status == 404
    assert _put(admin, "king", "king").status == 400
    assert _put(admin, "portal", customer="nobody").status == 409
    assert _put(admin, "cli:root", "admin").status == 409
    _put(admin, "fixed")
    assert admin.ask("PUT", "/v1/accounts/fixed", {"kind": "person", "role": "viewer"}).status == 409
    assert _token(admin, "fixed", scopes=["everything"]).status == 400


@pytest.mark.parametrize("scopes", [["accounts.write"], ["accounts.write", "orders.read", "supply.read"],
                                    [*ROLES["viewer"], "accounts.write"]])  # fmt: skip
def test_a_narrowed_token_gives_and_takes_no_more_than_it_has(
    service: Service, admin: Client, scopes: list[str]
) -> None:
    """Every role as a new account, as the one an account gets, and as the owner of tokens of every scope."""
    client = Client(service.port, _token(admin, "admin", scopes=scopes).json["token"])
    mine = set(scopes)
    for role, permissions in ROLES.items():
        name = f"{role}-{len(scopes)}"
        assert _put(client, name, role).status == (201 if permissions <= mine else 403)
        _put(admin, name, role)
        assert _put(client, name, "viewer").status == (200 if permissions | ROLES["viewer"] <= mine else 403)
        _put(admin, name, role)
        assert _token(client, name).status == (201 if permissions <= mine else 403)
        for scope in PERMISSIONS:
            assert _token(client, name, scopes=[scope]).status == (201 if scope in mine else 403)
        token = _token(admin, name).json["token"].split("_")[1]
        assert client.ask("DELETE", f"/v1/tokens/{token}").status == (204 if permissions <= mine else 403)
        disabled = client.ask("POST", f"/v1/accounts/{name}/disable").status
        assert disabled == (200 if permissions <= mine else 403)
    client.close()


def test_a_token_from_a_narrowed_hand_does_not_grow_with_its_account(service: Service, admin: Client) -> None:
    mine = sorted({*ROLES["viewer"], "accounts.write"})
    narrow = Client(service.port, _token(admin, "admin", scopes=mine).json["token"])
    _put(admin, "rising", "viewer")
    issued = [_token(narrow, "rising"), _token(narrow, "rising", scopes=["orders.read"]), _token(admin, "rising")]
    assert _token(narrow, "rising", scopes=["money.read"]).status == 403, "worth nothing yet, but it would be"
    assert _put(admin, "rising", "admin").status == 200
    for reply, may in zip(issued, (mine, ["orders.read"], sorted(PERMISSIONS)), strict=True):
        client = Client(service.port, reply.json["token"])
        assert client.ask("GET", "/v1/orders").status == 200
        assert client.ask("GET", "/v1/audit").status == (200 if "audit.read" in may else 403)
        client.close()
    found = {token["token"]: token["scopes"] for token in admin.ask("GET", "/v1/accounts/rising").json["tokens"]}
    assert [found[reply.json["token"].split("_")[1]] for reply in issued] == [mine, ["orders.read"], None]
    narrow.close()


def test_a_person_comes_in_by_a_link_and_chooses_a_password(service: Service, admin: Client) -> None:
    assert admin.ask("PUT", "/v1/accounts/eve", {"kind": "person", "role": "planner"}).status == 201
    link = admin.ask("POST", "/v1/accounts/eve/link")
    assert link.status == 201
    narrow = Client(service.port, _token(admin, "admin", scopes=["accounts.write"]).json["token"])
    assert narrow.ask("POST", "/v1/accounts/eve/link").status == 403, "it would be a way in for whoever asks"
    assert admin.ask("POST", "/v1/accounts/admin/link").status == 409, "a program has tokens"
    browser = service.client(None)
    here = {"Sec_Fetch_Site": "same-origin"}
    entered = browser.ask("POST", link.json["path"], **here)
    assert entered.status == 303
    cookie = entered.headers["set-cookie"].split(";")[0]
    first = {"old": "", "new": PASSWORD}
    assert browser.ask("POST", "/v1/session/password", first, Cookie=cookie, **here).status == 204
    assert browser.ask("POST", "/v1/session", {"account": "eve", "password": PASSWORD}, **here).status == 204
    assert browser.ask("POST", link.json["path"], **here).status == 401
    narrow.close()
    browser.close()


def _be_the_only_one(admin: Client) -> None:
    for other in admin.ask("GET", "/v1/accounts?limit=200").json["items"]:  # of the tests before
        if other["role"] == "admin" and other["account"] != "admin":
            assert admin.ask("POST", f"/v1/accounts/{other['account']}/disable").status == 200
    own = admin.token.split("_")[1]
    for token in admin.ask("GET", "/v1/accounts/admin").json["tokens"]:
        if token["token"] != own:
            assert admin.ask("DELETE", f"/v1/tokens/{token['token']}").status == 204


def test_the_last_admin_who_can_come_in_stays(service: Service, admin: Client) -> None:
    """Beside it there are one who never got a way in, one who is bound to a customer and one whose token ended."""
    _be_the_only_one(admin)
    admin.ask("PUT", "/v1/customers/ada", {})
    _put(admin, "locked-out", "admin", enable=True)
    _put(admin, "bound", "admin", customer="ada", enable=True)
    _token(admin, "bound")
    revoked = _token(admin, "locked-out").json["token"].split("_")[1]
    assert admin.ask("DELETE", f"/v1/tokens/{revoked}").status == 204
    refused = admin.ask("POST", "/v1/accounts/admin/disable")
    assert (refused.status, refused.json["type"]) == (409, "urn:backorder:problem:not_allowed")
    assert _put(admin, "admin", "viewer").status == 409
    assert _put(admin, "admin", "admin").status == 200
    other = Client(service.port, _token(admin, "locked-out").json["token"])
    assert admin.ask("POST", "/v1/accounts/admin/disable").status == 200
    assert admin.ask("GET", "/v1/accounts").status == 401
    assert other.ask("POST", "/v1/accounts/locked-out/disable").status == 409
    assert _put(other, "admin", "admin", enable=True).status == 200
    assert admin.ask("GET", "/v1/accounts").status == 401, "it comes back without what let it in"
    service.tokens["admin"] = _token(other, "admin").json["token"]  # for the tests that come after
    again = service.client()
    assert again.ask("POST", "/v1/accounts/locked-out/disable").status == 200
    again.close()
    other.close()


def _asker(name: str) -> Asker:
    return Asker(Identity(name, "admin", ROLES["admin"]), "-")


def test_two_admins_who_revoke_each_others_tokens_at_once_do_not_both_go(db: Database) -> None:
    for round_ in range(5):
        names = [f"{side}-{round_}" for side in ("left", "right")]
        tokens = {}
        for name in names:
            accounts.put_account(db, NOW, name, kind="program", role="admin", by="test")
            tokens[name] = accounts.issue_token(db, NOW, name, by="test").split("_")[1]
        gate, left = threading.Barrier(2), []

        def revoke(
            mine: str,
            other: str,
            gate: threading.Barrier = gate,
            left: list[str] = left,
            tokens: dict[str, str] = tokens,
        ) -> None:
            gate.wait()
            try:
                accounts.revoke_token(db, NOW, tokens[other], by=mine, asker=_asker(mine))
            except Refused:
                left.append(tokens[other])

        threads = [threading.Thread(target=revoke, args=pair) for pair in (names, names[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(left) == 1
        accounts.revoke_token(db, NOW, left[0], by="test")


def test_two_admins_who_disable_each_other_at_once_do_not_both_go(db: Database) -> None:
    for round_ in range(5):
        names = [f"{side}-{round_}" for side in ("left", "right")]
        for name in names:
            accounts.put_account(db, NOW, name, kind="person", role="admin", password=PASSWORD, by="test")
        gate, left = threading.Barrier(2), []

        def disable(mine: str, other: str, gate: threading.Barrier = gate, left: list[str] = left) -> None:
            asker = Asker(Identity(mine, "admin", ROLES["admin"]), "-")
            gate.wait()
            try:
                accounts.disable_account(db, NOW, other, by=mine, asker=asker)
            except Refused:
                left.append(other)

        threads = [threading.Thread(target=disable, args=pair) for pair in (names, names[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(left) == 1
        accounts.disable_account(db, NOW, left[0], by="test")  # at the command line everything can be done


def test_people_change_their_own_password_and_every_other_session_ends(service: Service, admin: Client) -> None:
    db = open_database(service.url)
    accounts.put_account(db, NOW, "ada", kind="person", role="viewer", password=PASSWORD, by="test")
    db.close()
    client = service.client(None)

    def sign_in(password: str) -> str | None:
        said = {"account": "ada", "password": password}
        reply = client.ask("POST", "/v1/session", said, Sec_Fetch_Site="same-origin")
        return reply.headers["set-cookie"].split(";")[0] if reply.status == 204 else None

    def change(cookie: str, old: str, new: str, site: str = "same-origin") -> Any:
        return client.ask("POST", "/v1/session/password", {"old": old, "new": new}, Cookie=cookie, Sec_Fetch_Site=site)

    here, elsewhere = sign_in(PASSWORD), sign_in(PASSWORD)
    assert change(here, "wrong horse battery", f"{PASSWORD} staple").json["field"] == "old"
    for weak in ("short", f"{PASSWORD} leaked"):
        assert change(here, PASSWORD, weak).json["field"] == "new"
    assert change(here, PASSWORD, f"{PASSWORD} staple", site="cross-site").status == 403
    assert client.ask("GET", "/v1/session", Cookie=elsewhere).status == 200
    changed = change(here, PASSWORD, f"{PASSWORD} staple")
    assert changed.status == 204
    for cookie in (here, elsewhere):
        assert client.ask("GET", "/v1/session", Cookie=cookie).status == 401
    cookie = changed.headers["set-cookie"].split(";")[0]
    assert cookie.startswith(COOKIE)
    assert client.ask("GET", "/v1/session", Cookie=cookie).json["account"] == "ada"
    assert sign_in(PASSWORD) is None
    assert sign_in(f"{PASSWORD} staple") is not None
    assert admin.ask("POST", "/v1/session/password", {"old": "a", "new": "b"}).status == 403, "programs have none"
    client.close()


def test_the_last_who_can_come_in_neither_loses_their_token_nor_their_role(service: Service, admin: Client) -> None:
    _be_the_only_one(admin)
    own = admin.token.split("_")[1]
    refused = admin.ask("DELETE", f"/v1/tokens/{own}")
    assert (refused.status, refused.json["type"]) == (409, "urn:backorder:problem:not_allowed")
    assert admin.ask("PUT", "/v1/accounts/admin", {"kind": "program", "role": "viewer"}).status == 409
    spare = admin.ask("POST", "/v1/accounts/admin/tokens", {"purpose": "spare"}).json["token"]
    assert admin.ask("DELETE", f"/v1/tokens/{spare.split('_')[1]}").status == 204
    assert admin.ask("GET", "/v1/session").json["role"] == "admin"


def test_an_admin_who_came_by_a_link_alone_stays_one(db: Database) -> None:
    accounts.put_account(db, NOW, "linked", kind="person", role="admin", by="test")
    asker = Asker(Identity("linked", "admin", frozenset(PERMISSIONS)), "1")
    with pytest.raises(Refused, match="another admin first"):
        accounts.put_account(db, NOW, "linked", kind="person", role="viewer", by="linked", asker=asker)
    with pytest.raises(Refused, match="another admin first"):
        accounts.disable_account(db, NOW, "linked", by="linked", asker=asker)


def test_what_was_disabled_is_enabled_only_where_that_is_said(admin: Client) -> None:
    _put(admin, "back")
    admin.ask("POST", "/v1/accounts/back/disable")
    assert _put(admin, "back").json["disabled_at"] is not None
    assert _put(admin, "back", enable=True).json["disabled_at"] is None


def test_an_account_of_somebody_who_was_erased_is_never_enabled(db: Database) -> None:
    do(db, "put_customer", customer="ada")
    accounts.put_account(db, NOW, "ada-s", kind="program", role="viewer", customer="ada", by="test")
    do(db, "erase_person", customer="ada")
    with pytest.raises(Refused, match="erased"):
        accounts.put_account(db, NOW, "ada-s", kind="program", role="viewer", enable=True, by="test")


def test_a_session_s_secret_is_no_token(service: Service) -> None:
    db = open_database(service.url)
    accounts.put_account(db, NOW, "sam", kind="person", role="viewer", password=PASSWORD, by="test")
    db.close()
    client = service.client(None)
    body = {"account": "sam", "password": PASSWORD}
    cookie = client.ask("POST", "/v1/session", body, Sec_Fetch_Site="same-origin").headers["set-cookie"].split(";")[0]
    assert client.ask("GET", "/v1/session", Cookie=cookie).status == 200
    secret = cookie.partition("=")[2]
    assert client.ask("GET", "/v1/session", Authorization=f"Bearer {secret}").status == 401
    client.close()
