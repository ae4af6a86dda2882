"""A mail server on the loopback address, which takes letters, refuses them or hangs up, as a test wants."""

import ssl
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from service import free_port


class Got(NamedTuple):
    """A letter as it came."""

    sender: str
    to: str
    data: bytes

    @property
    def read(self) -> EmailMessage:
        """The letter, parsed."""
        found = message_from_bytes(self.data, policy=default)
        assert isinstance(found, EmailMessage)
        assert not found.defects
        return found

    def part(self, kind: str) -> str:
        """The part of a subtype, as its reader sees it; lines end as in a text."""
        body = self.read.get_body(preferencelist=(kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


class Mailbox:
    """`to_address` and `to_letter` say what is answered, by address and by number of the letter; None is yes."""

    def __init__(self, password: str | None = None, trust: ssl.SSLContext | None = None) -> None:
        self.got: list[Got] = []
        self.to_address: Callable[[str], str | None] = lambda _: None
        self.to_letter: Callable[[int], str | None] = lambda _: None
        self.password, self.port, self.tries, self.logins = password, free_port(), 0, 0
        self._trust = trust  # its own certificate, where it takes letters over encrypted lines alone
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """Where it is, for the settings."""
        name = "" if self.password is None else f"shop:{self.password}@"
        return f"smtp://{name}127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def open(self) -> None:
        """Take connections, again after `close` too."""
        more: dict[str, Any] = {}
        if self.password is not None:
            more = {"auth_required": True, "auth_require_tls": self._trust is not None}
        if self._trust is not None:
            more |= {"tls_context": self._trust, "require_starttls": True}
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, ident="mail", authenticator=self._lets_in, **more
        )
        self._controller.start()

    def close(self) -> None:
        """Take no more connections."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def _lets_in(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: object) -> AuthResult:
        self.logins += 1
        known = isinstance(said, LoginPassword) and said.password.decode() == self.password
        return AuthResult(success=known, handled=False)

    async def handle_RCPT(  # noqa: N802  # as the server calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Say whether an address is taken."""
        envelope.rcpt_tos.append(address)
        return self.to_address(address) or "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # the same
        """Take a letter; with `hang up` it is taken, and nobody hears of it."""
        self.tries += 1
        said = self.to_letter(self.tries)
        if said is None or said == "hang up":
            assert envelope.mail_from is not None
            content = envelope.original_content or b""
            self.got += [Got(envelope.mail_from, to, content) for to in envelope.rcpt_tos]
        if said == "hang up":
            assert server.transport is not None
            server.transport.abort()
        return said or "250 OK"
