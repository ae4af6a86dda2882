"""The mail server that takes letters: where it is, how it is spoken to, and what it said of a letter."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from backorder.kernel.errors import NotSent

PATIENCE = 10.0  # seconds for each step
CUT = 25.0  # seconds for a line from beginning to end: one begun half a minute into a claim ends within it
_PORTS = {"smtp": 587, "smtps": 465}
_REFUSED = 500  # from here on a reply says that trying again is of no use (RFC 5321, 4.2.1)


class Server(NamedTuple):
    """A mail server. Without a name nobody signs in there."""

    scheme: str
    host: str
    port: int
    name: str | None
    password: str | None

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine: what is said to it passes through no net."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


class Open(smtplib.SMTPException):
    """The server wants the password in the open."""


def read_server(url: str) -> Server:
    """A server from its URL, such as smtp://name:password@mail.example.com:587.

    Raises ValueError that says what to write instead.
    """
    wanted = "give smtp://HOST or smtps://HOST, with NAME:PASSWORD@ before the host and :PORT behind it as needed"
    try:
        said = urlsplit(url)
        port = said.port
    except ValueError:
        raise ValueError(wanted) from None
    if said.scheme not in _PORTS or not said.hostname or said.path.strip("/") or said.query or said.fragment:
        raise ValueError(wanted)
    if (said.username is None) != (said.password is None):
        raise ValueError("a name needs a password, and a password a name")
    name, password = (None if part is None else unquote(part) for part in (said.username, said.password))
    return Server(said.scheme, said.hostname, port or _PORTS[said.scheme], name, password)


class _Cut:
    """Cuts a line that takes too long, whatever comes over it meanwhile: what is sent has to end within its lease."""

    def __init__(self) -> None:
        self.line: smtplib.SMTP | None = None
        self._timer = threading.Timer(CUT, self._now)
        self._timer.daemon = True

    def __enter__(self) -> "_Cut":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _now(self) -> None:
        sock = None if self.line is None else self.line.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _Plain(smtplib.SMTP):
    """A line that can be cut from its first byte on."""

    def __init__(self, cut: _Cut, *where: Any, **more: Any) -> None:
        cut.line = self
        super().__init__(*where, **more)


class _Encrypted(smtplib.SMTP_SSL):
    """The same, encrypted from its first byte on."""

    def __init__(self, cut: _Cut, *where: Any, **more: Any) -> None:
        cut.line = self
        super().__init__(*where, **more)


@contextmanager
def connected(server: Server, cut: _Cut, trust: ssl.SSLContext | None = None) -> Iterator[smtplib.SMTP]:
    """A line to the server, encrypted where it offers that, signed in where there is a name.

    A password is never said in the open, but to this very machine. Raises OSError and smtplib.SMTPException.
    """
    context = trust or ssl.create_default_context()
    if server.scheme == "smtps":
        line: smtplib.SMTP = _Encrypted(cut, server.host, server.port, timeout=PATIENCE, context=context)
    else:
        line = _Plain(cut, server.host, server.port, timeout=PATIENCE)
    try:
        line.ehlo_or_helo_if_needed()
        if server.scheme == "smtp" and line.has_extn("starttls"):
            line.starttls(context=context)
            line.ehlo()
        elif server.scheme == "smtp" and server.password is not None and not server.is_here:
            raise Open
        if server.name is not None and server.password is not None:
            line.login(server.name, server.password)
        yield line
    finally:
        with suppress(OSError, smtplib.SMTPException):
            line.quit()
        line.close()


class Line:
    """A line to the server that is opened when it is needed; once it broke, nothing more goes over it."""

    def __init__(self, server: Server, trust: ssl.SSLContext | None) -> None:
        self._server, self._trust = server, trust
        self._open: smtplib.SMTP | None = None
        self._broken: OSError | smtplib.SMTPException | None = None
        self._lines = ExitStack()
        self._cut = _Cut()

    def __enter__(self) -> "Line":
        self._lines.enter_context(self._cut)
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def send(self, sender: str, to: str, letter: bytes) -> None:
        """Hand a letter over. Raises OSError and smtplib.SMTPException."""
        if self._broken is not None:
            raise self._broken
        try:
            if self._open is None:
                self._open = self._lines.enter_context(connected(self._server, self._cut, self._trust))
            self._open.sendmail(sender, [to], letter)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
            raise  # of this letter alone
        except (OSError, smtplib.SMTPException) as error:
            self._broken = error
            raise


def unsent(error: OSError | smtplib.SMTPException) -> NotSent:
    """What an error makes of a letter. Of what the server said the number alone is kept: its text may hold anything."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
        return NotSent(f"the mail server answered {code} to the address", for_good=code >= _REFUSED)
    if isinstance(error, smtplib.SMTPDataError):
        code = error.smtp_code
        return NotSent(f"the mail server answered {code} to the letter", for_good=code >= _REFUSED)
    if isinstance(error, smtplib.SMTPResponseException):  # it takes nothing from us: that is no fault of the letter
        return NotSent(f"the mail server answered {error.smtp_code}", away=True)
    if isinstance(error, Open):
        return NotSent("the mail server does not encrypt, so it is not told the password", away=True)
    if isinstance(error, ssl.SSLCertVerificationError):
        return NotSent("the mail server's certificate is not one for its name that is trusted", away=True)
    return NotSent(f"the mail server cannot be reached: {type(error).__name__}", away=True)
