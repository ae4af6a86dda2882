"""Sign-in by OpenID Connect, against a provider on the loopback: who comes in, and every proof that is none."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from conftest import new_database
from providers import CLIENT, SECRET, Idp, provider
from service import NOW, Client, Reply, Service, running

from backorder import settings
from backorder.adapters import openid
from backorder.adapters.openid import Provider, Unusable, read_client
from backorder.app import command_line
from backorder.commands import accounts
from backorder.storage.db import open_database

ADDRESS = "https://orders.example.com"
PRESENT = "2026-12-01T09:00:00+00:00"
SECONDS = int(datetime.fromisoformat(PRESENT).timestamp())
BEGUN = "__Host-backorder-openid"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Idp]]:
    with new_database(request.param, tmp_path_factory.mktemp("openid")) as url, provider() as idp:
        db = open_database(url)
        for name, role in (
            ("ada@example.com", "planner"),
            ("openid:248289761002", "viewer"),
            ("gone@example.com", "viewer"),
        ):
            accounts.put_account(db, NOW, name, kind="person", role=role, by="test")
        accounts.put_account(db, NOW, "bot@example.com", kind="program", role="admin", by="test")
        accounts.disable_account(db, NOW, "gone@example.com", by="test")
        db.close()
        said = {"ISSUER": idp.issuer, "CLIENT": CLIENT, "SECRET": SECRET, "ADDRESS": ADDRESS}
        options = {f"BACKORDER_OPENID_{name}": value for name, value in said.items()}
        with running(
            url, BACKORDER_WORKER="no", BACKORDER_NOW=PRESENT, BACKORDER_ADDRESS_HEADER="X-Real-IP", **options
        ) as found:
            yield found, idp


@pytest.fixture
def idp(world: tuple[Service, Idp]) -> Idp:
    """The provider as it is when nothing is wrong."""
    found = world[1]
    found.claims, found.back, found.forged, found.answer, found.now = {}, {}, None, None, SECONDS
    return found


class Browser:
    """A browser that keeps cookies, and has an address of its own."""

    def __init__(self, service: Service) -> None:
        self.client = Client(service.port)
        self.cookies: dict[str, str] = {}

    def get(self, place: str) -> Reply:
        """One page of the service."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        address = f"10.0.{next(_ADDRESSES) // 250}.{next(_ADDRESSES) % 250}"
        found = self.client.ask("GET", place, Cookie=cookie, X_Real_IP=address)
        said = found.headers.get("set-cookie")
        if said is not None:
            name, _, value = said.partition(";")[0].partition("=")
            self.cookies[name] = value
            assert "Secure; HttpOnly; SameSite=Lax" in said
            assert name.startswith("__Host-")
        return found

    def at_provider(self, place: str) -> str:
        """Go to the provider, sign in there; the address at which it goes on."""
        parts = urlsplit(place)
        client = Client(parts.port or 0)
        found = client.ask("GET", f"{parts.path}?{parts.query}")
        client.close()
        assert found.headers["location"].startswith(f"{ADDRESS}/openid/callback?")
        return found.headers["location"].removeprefix(ADDRESS)

    def sign_in(self) -> Reply:
        """All of it, as people do it."""
        begun = self.get("/openid/sign-in")
        assert begun.status == 303, begun.body
        return self.get(self.at_provider(begun.headers["location"]))


_ADDRESSES = iter(range(1, 10_000))


@pytest.fixture
def browser(world: tuple[Service, Idp]) -> Iterator[Browser]:
    found = Browser(world[0])
    yield found
    found.client.close()


def test_who_has_an_account_comes_in_as_by_a_password(idp: Idp, browser: Browser) -> None:
    done = browser.sign_in()
    assert (done.status, done.headers["location"], done.headers["cache-control"]) == (303, "/console/", "no-store")
    me = browser.get("/v1/session").json
    assert (me["account"], me["role"]) == ("ada@example.com", "planner")
    assert b'href="/openid/sign-in"' in browser.get("/console/sign-in").body, "people find the way there"
    assert idp.asked[-1] in {"/keys", "/token"}


def test_who_has_an_account_by_the_provider_s_name_for_them_comes_in(idp: Idp, browser: Browser) -> None:
    idp.claims = {"sub": "248289761002", "email": None, "email_verified": None}
    assert browser.sign_in().status == 303
    assert browser.get("/v1/session").json["account"] == "openid:248289761002"


def test_what_goes_to_the_provider_tells_no_secret_and_is_new_each_time(idp: Idp, browser: Browser) -> None:
    begun = [browser.get("/openid/sign-in") for _ in range(2)]
    asked = [
        {name: said[0] for name, said in parse_qs(urlsplit(one.headers["location"]).query).items()} for one in begun
    ]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
        assert len(asked[0][name]) >= 43
    assert SECRET not in begun[0].headers["location"]
    assert browser.cookies[BEGUN].split(".")[2] not in begun[1].headers["location"], "the verifier stays here"
    assert asked[0]["redirect_uri"] == f"{ADDRESS}/openid/callback"


DENIED: dict[str, dict[str, Any]] = {
    "of another provider": {"iss": "https://evil.example.com"},
    "for another client": {"aud": "another"},
    "for several, by another": {"aud": [CLIENT, "another"], "azp": "another"},
    "of another sign-in": {"nonce": "another"},
    "without a nonce": {"nonce": None},
    "too old": {"exp": SECONDS - 61},
    "without an end": {"exp": None},
    "from the future": {"iat": SECONDS + 3_600},
    "not good yet": {"nbf": SECONDS + 3_600},
    "of nobody": {"sub": None},
    "of no text": {"sub": 7},
}


@pytest.mark.parametrize("name", DENIED)
def test_an_id_token_that_does_not_hold_lets_nobody_in(idp: Idp, browser: Browser, name: str) -> None:
    idp.claims = DENIED[name]
    assert browser.sign_in().status == 401
    assert "__Host-backorder" not in browser.cookies


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256"])
def test_an_id_token_that_somebody_else_signed_lets_nobody_in(idp: Idp, browser: Browser, alg: str) -> None:
    begun = browser.get("/openid/sign-in").headers["location"]
    nonce = parse_qs(urlsplit(begun).query)["nonce"][0]
    claims = {"iss": idp.issuer, "aud": CLIENT, "sub": "1", "nonce": nonce, "iat": SECONDS, "exp": SECONDS + 300,
              "email": "ada@example.com", "email_verified": True}  # fmt: skip
    idp.forged = idp.forge(alg, claims)
    assert browser.get(browser.at_provider(begun)).status == 401
    assert "__Host-backorder" not in browser.cookies


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "eve@example.com"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "gone@example.com"},
        {"email": "bot@example.com"},
        {"email": ["ada@example.com"]},
        {"email": "admin", "sub": "admin"},
        {"sub": "ada@example.com", "email": None},
    ],
)
def test_who_has_no_account_does_not_come_in_and_none_is_made(
    world: tuple[Service, Idp], idp: Idp, browser: Browser, claims: dict[str, Any]
) -> None:
    admin = world[0].client()
    before = admin.ask("GET", "/v1/accounts").json["items"]
    idp.claims = claims
    assert browser.sign_in().status == 403
    assert "__Host-backorder" not in browser.cookies
    assert admin.ask("GET", "/v1/accounts").json["items"] == before
    admin.close()


def test_a_way_back_belongs_to_the_browser_that_went(world: tuple[Service, Idp], idp: Idp, browser: Browser) -> None:
    place = browser.at_provider(browser.get("/openid/sign-in").headers["location"])
    other = Browser(world[0])
    assert other.get(place).status == 401, "who did not begin"
    other.get("/openid/sign-in")
    assert other.get(place).status == 401, "who began another"
    other.client.close()
    assert browser.get(f"{place}&state=x").status == 400
    assert browser.get(place).status == 303
    assert browser.get(place).status == 401, "a code is good once"
    assert idp.claims == {}


@pytest.mark.parametrize(
    "back", [{"error": "access_denied", "code": ""}, {"iss": "https://evil.example.com"}, {"state": "x"}]
)
def test_what_comes_back_wrongly_lets_nobody_in(idp: Idp, browser: Browser, back: dict[str, str]) -> None:
    idp.back = back
    assert browser.sign_in().status == 401
    assert "__Host-backorder" not in browser.cookies


def test_keys_that_the_provider_changes_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openid, "KEYS_AGAIN", 0.0)
    with provider() as idp:
        idp.now = SECONDS
        found = Provider(read_client(idp.issuer, CLIENT, SECRET, ADDRESS), monotonic)
        for kid in ("one", "two"):
            if kid not in idp.keys:
                idp.keys = {kid: type(idp.keys["one"]).generate_key(2048, {"kid": kid})}
            idp.signing = kid
            assert _through(found, idp).email == "ada@example.com"


def test_the_secret_goes_in_the_body_where_the_provider_wants_it_so() -> None:
    with provider() as idp:
        idp.now, idp.about = SECONDS, {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        found = Provider(read_client(idp.issuer, CLIENT, SECRET, ADDRESS), monotonic)
        assert _through(found, idp).subject == "248289761001"


def _through(found: Provider, idp: Idp) -> openid.Person:
    begun, place = found.begin()
    back = idp.authorize({name: said[0] for name, said in parse_qs(urlsplit(place).query).items()})
    said = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    return found.finish(begun, said, SECONDS)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((500, b"{}", {}), "answered 500"),
        ((302, b"", {"Location": "http://127.0.0.1:1/"}), "answered 302"),
        ((200, b"no JSON", {}), "no JSON object"),
        ((200, b"[]", {}), "no JSON object"),
        ((200, b" " * 300_000, {}), "does not end"),
        ((200, b'{"issuer": "https://evil.example.com"}', {}), "calls itself"),
    ],
)
def test_a_provider_that_answers_badly_hurts_nobody(answer: tuple[int, bytes, dict[str, str]], why: str) -> None:
    with provider() as idp:
        idp.answer = answer
        with pytest.raises(Unusable, match=why):
            Provider(read_client(idp.issuer, CLIENT, SECRET, ADDRESS), monotonic).begin()


def test_a_provider_that_sends_secrets_where_anybody_listens_is_not_used() -> None:
    with provider() as idp:
        idp.about = {"authorization_endpoint": "http://evil.example.com/"}
        with pytest.raises(Unusable, match="authorization_endpoint"):
            Provider(read_client(idp.issuer, CLIENT, SECRET, ADDRESS), monotonic).begin()
    with pytest.raises(Unusable, match="cannot be reached"):
        Provider(read_client("http://127.0.0.1:1", CLIENT, SECRET, ADDRESS), monotonic).begin()


@pytest.mark.parametrize(
    ("issuer", "client", "secret", "address", "why"),
    [
        ("https://x.example", None, "s", ADDRESS, "BACKORDER_OPENID_CLIENT"),
        ("https://x.example", "c", None, None, "BACKORDER_OPENID_SECRET, BACKORDER_OPENID_ADDRESS"),
        ("http://x.example", "c", "s", ADDRESS, "BACKORDER_OPENID_ISSUER is 'http://x.example': give an address"),
        ("https://x.example", "c", "s", "orders.example.com", "BACKORDER_OPENID_ADDRESS"),
        ("https://u:p@x.example", "c", "s", ADDRESS, "BACKORDER_OPENID_ISSUER"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(
    issuer: str, client: str | None, secret: str | None, address: str | None, why: str
) -> None:
    with pytest.raises(Unusable, match=why):
        read_client(issuer, client, secret, address)


def test_without_the_extra_the_service_says_what_to_install() -> None:
    """In a process of its own, whose import system knows no httpx."""
    program = (
        "import sys\nsys.modules['httpx'] = None\nfrom backorder.adapters.openid import read_client\n"
        "read_client('https://x.example', 'c', 's', 'https://y.example')"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "needs the extra openid: pip install 'backorder[openid]'" in ran.stderr


def test_the_secret_is_not_shown_among_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(settings.OPENID_SECRET.name, SECRET)
    printed = CliRunner().invoke(command_line(), ["settings"]).output
    assert settings.OPENID_SECRET.name in printed
    assert SECRET not in printed


def test_without_a_provider_there_is_no_such_way_in(url: str) -> None:
    with running(url, BACKORDER_WORKER="no") as service:
        client = service.client(None)
        for place in ("/openid/sign-in", "/openid/callback"):
            assert client.ask("GET", place).status == 404
        client.close()
