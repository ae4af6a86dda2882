"""People sign in where they sign in already: OpenID Connect's code flow, with state, nonce and PKCE.

What the provider is asked goes over a client of its own here, which follows no redirects and reads no long answers. The
libraries are those of the extra `openid`; they are loaded when somebody signs in.
"""

import hmac
import secrets
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from backorder.kernel.errors import BackorderError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
LEEWAY = 60  # seconds that clocks may differ
SECONDS = 10.0  # for one question to the provider
ANSWER_MAX = 256 * 1024  # bytes of an answer of the provider
FRESH = 3_600.0  # seconds that what the provider says of itself is believed
KEYS_AGAIN = 60.0  # seconds before its keys are asked for again because one is not among them
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Unusable(BackorderError):
    """The provider cannot be asked, or what the settings say of it cannot be meant; the message says why."""


class Denied(BackorderError):
    """Nobody is signed in by what came back from the provider; the message says why."""


class Client(NamedTuple):
    """What the provider knows of this service. `address` is that under which people reach it."""

    issuer: str
    client: str
    secret: str
    address: str

    @property
    def callback(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.address.rstrip('/')}/openid/callback"


class Begun(NamedTuple):
    """A sign-in that began: what the browser keeps until it comes back."""

    state: str
    nonce: str
    verifier: str


class Person(NamedTuple):
    """Whom the provider says it is: its own name for them, and their e-mail address if it has verified it."""

    subject: str
    email: str | None


def read_client(issuer: str, client: str | None, secret: str | None, address: str | None) -> Client:
    """The settings as a client. Raises Unusable for what is missing or cannot be meant, and without the extra."""
    said = {"BACKORDER_OPENID_CLIENT": client, "BACKORDER_OPENID_SECRET": secret, "BACKORDER_OPENID_ADDRESS": address}
    missing = [name for name, value in said.items() if not value]
    if missing:
        raise Unusable(f"BACKORDER_OPENID_ISSUER needs {', '.join(missing)} besides")
    for name, url in (("BACKORDER_OPENID_ISSUER", issuer), ("BACKORDER_OPENID_ADDRESS", str(address))):
        _safe(url, name)
    try:
        import authlib.oidc.core  # noqa: F401  # that it is there is said now, not when somebody signs in
        import httpx  # noqa: F401  # the same
    except ImportError as error:
        raise Unusable("BACKORDER_OPENID_ISSUER needs the extra openid: pip install 'backorder[openid]'") from error
    return Client(issuer, str(client), str(secret), str(address))


def _safe(url: object, what: str) -> str:
    """An address that nobody can listen to; plain HTTP is for this machine alone. Raises Unusable."""
    try:
        parts = urlsplit(url if isinstance(url, str) and url.isascii() and url.isprintable() else "")
    except ValueError:
        parts = urlsplit("")
    private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (private and parts.hostname) or parts.username or parts.fragment:
        raise Unusable(f"{what} is {str(url)[:200]!r}: give an address with https://")
    return str(url)


class Provider:
    """The provider, as far as this process knows it. Its methods ask the network: call them in a thread.

    `tick` gives seconds of a clock that never goes back.
    """

    def __init__(self, client: Client, tick: Callable[[], float]) -> None:
        self._client, self._tick = client, tick
        self._lock = threading.Lock()
        self._said: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, Any] | None = None

    def begin(self) -> tuple[Begun, str]:
        """A sign-in, and the address at which it goes on. Raises Unusable."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        begun = Begun(*(secrets.token_urlsafe(32) for _ in Begun._fields))
        place = _safe(self._about().get("authorization_endpoint"), "authorization_endpoint of the provider")
        said = {
            "redirect_uri": self._client.callback,
            "scope": "openid email",
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": create_s256_code_challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        return begun, str(prepare_grant_uri(place, self._client.client, "code", **said))

    def finish(self, begun: Begun, back: dict[str, str], now: int) -> Person:
        """Who came back; `back` is what the address says that they came back to, `now` in seconds since 1970.

        Raises Denied, and Unusable where the provider does not answer as it should.
        """
        if not hmac.compare_digest(back.get("state", "").encode(), begun.state.encode()):
            raise Denied("this sign-in did not begin in this browser, or it was long ago: begin again")
        about = self._about()
        issuer = back.get("iss")
        if issuer is None and about.get("authorization_response_iss_parameter_supported") is True:
            raise Denied("the provider did not say who it is: begin again")
        if issuer is not None and issuer != self._client.issuer:
            raise Denied("another provider answered than the one that was asked")
        if back.get("error") or not back.get("code"):
            raise Denied(f"the provider let nobody in: {(back.get('error') or 'it gave no code')[:100]}")
        tokens = self._redeem(about, back["code"], begun.verifier)
        if not isinstance(tokens.get("id_token"), str):
            raise Denied("the provider gave no ID token")
        return self._proven(tokens, begun.nonce, now)

    def _redeem(self, about: dict[str, Any], code: str, verifier: str) -> dict[str, Any]:
        place = _safe(about.get("token_endpoint"), "token_endpoint of the provider")
        said = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.callback,
            "code_verifier": verifier,
        }
        ways = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in ways:
            return self._ask(place, said, (self._client.client, self._client.secret))
        return self._ask(place, {**said, "client_id": self._client.client, "client_secret": self._client.secret})

    def _proven(self, tokens: dict[str, Any], nonce: str, now: int) -> Person:
        """Whom the ID token names, if it is the provider's, for us, for this sign-in and still good."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        text = tokens["id_token"]
        try:
            try:
                token = jwt.decode(text, self._key_set(), algorithms=ALGORITHMS)
            except (JoseError, ValueError):  # by a key that came since, perhaps
                token = jwt.decode(text, self._key_set(anew=True), algorithms=ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {"iss": {"essential": True, "value": self._client.issuer},
                 "aud": {"essential": True, "value": self._client.client}},
                {"nonce": nonce, "client_id": self._client.client, "access_token": tokens.get("access_token")},
            )  # fmt: skip
            claims.validate(now=now, leeway=LEEWAY)
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise Denied(f"the provider's ID token does not hold: {str(error)[:200]}") from error
        subject, email = claims.get("sub"), claims.get("email")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise Denied("the provider's ID token names nobody")
        verified = claims.get("email_verified") is True and isinstance(email, str) and 3 <= len(email) <= 200
        return Person(subject, email if verified else None)

    def _about(self) -> dict[str, Any]:
        """What the provider says of itself. Raises Unusable."""
        with self._lock:
            if self._said is None or self._tick() - self._said[0] > FRESH:
                found = self._ask(f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self._client.issuer:
                    raise Unusable(f"the provider calls itself {str(found.get('issuer'))[:200]!r}: set the issuer so")
                self._said = self._tick(), found
            return self._said[1]

    def _key_set(self, *, anew: bool = False) -> Any:
        """The provider's keys. Raises Unusable."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        place = _safe(self._about().get("jwks_uri"), "jwks_uri of the provider")
        with self._lock:
            age = None if self._keys is None else self._tick() - self._keys[0]
            if self._keys is None or age is None or age > FRESH or (anew and age > KEYS_AGAIN):
                try:
                    found = KeySet.import_key_set(self._ask(place))  # type: ignore[arg-type]  # it looks at it itself
                except (JoseError, ValueError, TypeError, KeyError) as error:
                    raise Unusable("the provider's keys cannot be read") from error
                self._keys = self._tick(), found
            return self._keys[1]

    def _ask(
        self, place: str, said: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """An answer of the provider, as JSON. Raises Unusable, and Denied where it refuses what it is asked for."""
        import httpx

        try:
            with (
                httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    "GET" if said is None else "POST",
                    place,
                    data=said,
                    auth=auth,
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                ) as answer,
            ):
                text, until = b"", self._tick() + SECONDS
                for piece in answer.iter_raw():
                    text += piece
                    if len(text) > ANSWER_MAX or self._tick() > until:
                        raise Unusable("the provider's answer does not end")
        except httpx.HTTPError as error:
            raise Unusable(f"the provider cannot be reached: {type(error).__name__}") from error
        if answer.status_code == 400 and said is not None:
            raise Denied("the provider does not know this code, or not any more: begin again")
        if answer.status_code != 200:
            raise Unusable(f"the provider answered {answer.status_code}")
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Unusable("the provider's answer is no JSON object") from error
