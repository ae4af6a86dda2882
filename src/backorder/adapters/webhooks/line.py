"""A connection for one endpoint: to an address that was looked at, for so long and no longer, with short answers.

There is nothing in it that could be led astray: no redirects, cookies, proxies, credentials or compression.
"""

import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import h11

from backorder import __version__
from backorder.kernel.destinations import Place

SECONDS = 20.0  # for one message in all, however slowly an answer drips
CONNECTING = 5.0  # of those, for an address that does not answer
ADDRESSES_MAX = 3  # of those that a name stands for, one after another
AFTER = 1.0  # for what follows the status and headers: what it says is of no use, but the connection is once it ends
ANSWER_MAX = 16 * 1024  # bytes of an answer that are read at all

_FIXED = (
    ("User-Agent", f"backorder/{__version__}"),
    ("Content-Type", "application/json"),
    ("Accept-Encoding", "identity"),
)


class Reply(NamedTuple):
    """What an endpoint answered: a status, and what it says on when to come back."""

    status: int
    retry_after: str | None


class Broken(Exception):
    """There was no answer; the message says why. `used` says whether the connection had been of use before."""

    def __init__(self, why: str, *, used: bool = False) -> None:
        super().__init__(why)
        self.used = used


class Line:
    """A connection that is made when it is needed, and again where the other side hung up between two messages.

    `addresses` are those that may be reached, and no others are asked for; `ticks` are seconds that only go forward.
    """

    def __init__(
        self, place: Place, addresses: Sequence[str], trust: ssl.SSLContext, ticks: Callable[[], float]
    ) -> None:
        self._place, self._addresses, self._trust, self._ticks = place, addresses[:ADDRESSES_MAX], trust, ticks
        self._socket: socket.socket | None = None
        self._spoken = h11.Connection(h11.CLIENT)
        self._until = 0.0
        self._read = 0

    def post(self, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        """Send a message and wait for its answer. Raises Broken where there is none."""
        self._until = self._ticks() + SECONDS
        try:
            return self._post(headers, body)
        except Broken as error:
            self.close()
            if not error.used:
                raise
        try:
            return self._post(headers, body)
        except Broken:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
        self._socket = None

    def _post(self, headers: Sequence[tuple[str, str]], body: bytes) -> Reply:
        used = self._socket is not None
        try:
            line = self._socket or self._connect()
            self._read = 0
            said = [("Host", self._place.authority), *_FIXED, *headers, ("Content-Length", str(len(body)))]
            request = h11.Request(method="POST", target=self._place.path, headers=said)
            out = [self._spoken.send(part) for part in (request, h11.Data(data=body), h11.EndOfMessage())]
            line.settimeout(self._left())
            line.sendall(b"".join(part for part in out if part))
            answer = self._answer(line)
        except TimeoutError:
            raise Broken(f"no answer within {SECONDS:.0f} seconds") from None
        except h11.ProtocolError:
            raise Broken("its answer is no HTTP") from None
        except ssl.SSLCertVerificationError as error:
            raise Broken(f"its certificate is not good: {error.verify_message}") from None
        except ssl.SSLError as error:
            raise Broken(f"no TLS with it: {(error.reason or 'it failed').lower().replace('_', ' ')}") from None
        except OSError as error:
            raise Broken(f"no connection: {(error.strerror or 'it failed').lower()}", used=used) from None
        except _HungUp:
            raise Broken("it hung up without an answer", used=used and not self._read) from None
        self._rest(line)
        retry = next((value.decode("latin-1") for name, value in answer.headers if name == b"retry-after"), None)
        return Reply(answer.status_code, retry)

    def _connect(self) -> socket.socket:
        """A connection to the first address that takes one; with TLS it is for the name in the URL, as it says it."""
        error: OSError = OSError("none")
        for address in self._addresses:
            try:
                made = socket.create_connection((address, self._place.port), min(CONNECTING, self._left()))
                break
            except OSError as found:
                error = found
        else:
            raise error
        self._socket = made
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._place.scheme == "https":
            made.settimeout(self._left())
            self._socket = made = self._trust.wrap_socket(made, server_hostname=self._place.host)
        self._spoken = h11.Connection(h11.CLIENT, max_incomplete_event_size=ANSWER_MAX)
        return made

    def _left(self) -> float:
        """The seconds that are left. Raises TimeoutError where none are."""
        left = self._until - self._ticks()
        if left <= 0:
            raise TimeoutError
        return left

    def _answer(self, line: socket.socket) -> h11.Response:
        """Status and headers, whatever comes before them: hints, and what is merely slow."""
        while True:
            event = self._spoken.next_event()
            if event is h11.NEED_DATA:
                self._more(line)
            elif isinstance(event, h11.Response):
                return event
            elif not isinstance(event, h11.InformationalResponse):
                raise _HungUp

    def _more(self, line: socket.socket) -> None:
        if self._read > ANSWER_MAX:
            raise h11.RemoteProtocolError("it goes on and on")
        line.settimeout(self._left())
        found = line.recv(4_096)
        if not found and not self._read:
            raise _HungUp
        self._read += len(found)
        self._spoken.receive_data(found)

    def _rest(self, line: socket.socket) -> None:
        """Read the rest of an answer, if it is short and there at once; else hang up."""
        self._until = min(self._until, self._ticks() + AFTER)
        try:
            while not isinstance(event := self._spoken.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
                if event is h11.NEED_DATA:
                    self._more(line)
            self._spoken.start_next_cycle()
        except (OSError, h11.ProtocolError, _HungUp):
            self.close()


class _HungUp(Exception):
    """The other side closed the connection."""
