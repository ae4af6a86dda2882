"""A little provider of OpenID Connect on the loopback: real HTTP, real RSA keys, and a switch for each wrong thing."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "backorder", "a secret of the client"


class Idp:
    """What the provider knows, and what it says wrongly for once: `claims` go over those of the ID token."""

    def __init__(self) -> None:
        self.keys = {"one": RSAKey.generate_key(2048, {"kid": "one"})}
        self.signing = "one"
        self.claims: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.back: dict[str, str] = {}
        self.forged: str | None = None  # an ID token in the place of the right one
        self.answer: tuple[int, bytes, dict[str, str]] | None = None  # to every question but that of the browser
        self.codes: dict[str, dict[str, str]] = {}
        self.now = 0
        self.asked: list[str] = []
        self.issuer = ""

    def document(self) -> dict[str, Any]:
        """What it says of itself."""
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        said = {name: f"{self.issuer}/{place}" for name, place in places.items()}
        return said | {"issuer": self.issuer, "response_types_supported": ["code"]} | self.about

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes on, as somebody who signed in at once."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']} | self.back)}"

    def token(self, form: dict[str, str], header: str) -> tuple[int, dict[str, Any]]:
        """An ID token for a code, once, for whoever has the client's secret and the verifier."""
        user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        if (user, password) != (CLIENT, SECRET) and (form.get("client_id"), form.get("client_secret")) != (
            CLIENT,
            SECRET,
        ):
            return 401, {"error": "invalid_client"}
        begun = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if begun is None or begun["code_challenge"] != challenge or begun["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "248289761001", "nonce": begun["nonce"], "iat": self.now,
                  "exp": self.now + 300, "email": "ada@example.com", "email_verified": True} | self.claims  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        key = self.keys[self.signing]
        text = self.forged or jwt.encode({"alg": "RS256", "kid": self.signing}, claims, key)
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": text}

    def forge(self, alg: str, claims: dict[str, Any]) -> str:
        """An ID token that somebody else made, with what everybody knows."""
        head = {"alg": alg, "kid": "one"}
        if alg == "RS256":
            return jwt.encode(head, claims, RSAKey.generate_key(2048, {"kid": "one"}))
        text = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, claims)
        )
        public = self.keys["one"].as_pem(private=False)  # as if it were a secret
        mac = b"" if alg == "none" else hmac.new(public, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def _handler(idp: Idp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            idp.asked.append(parts.path)
            if parts.path == "/authorize":
                place = idp.authorize({name: values[0] for name, values in parse_qs(parts.query).items()})
                self._say(302, b"", {"Location": place})
            elif idp.answer is not None:
                self._say(*idp.answer)
            elif parts.path == "/.well-known/openid-configuration":
                self._say(200, json.dumps(idp.document()).encode())
            else:
                keys = [key.as_dict(private=False) for key in idp.keys.values()]
                self._say(200, json.dumps({"keys": keys}).encode())

        def do_POST(self) -> None:
            idp.asked.append(self.path)
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, said = idp.token(
                {name: values[0] for name, values in form.items()}, self.headers.get("Authorization", "")
            )
            self._say(status, json.dumps(said).encode())

        def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (
                {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def provider() -> Iterator[Idp]:
    """A provider that runs."""
    idp = Idp()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(idp))
    idp.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield idp
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
