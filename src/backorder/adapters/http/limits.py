"""How much one caller may ask: requests of an account, sign-ins from an address, passwords that are hashed at once.

What is counted is counted in this process alone, and forgotten when it ends.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from backorder.adapters import leaked
from backorder.adapters.http.problems import Refusal, busy
from backorder.adapters.http.request import Request

SECOND = 1_000_000
KEPT_MAX = 10_000  # callers that are counted one by one
HASHES = 2  # passwords that are hashed at once: each takes 64 MiB and a tenth of a second of one core
HASHES_WAITING = 16  # and that wait for their turn, two seconds' work
TRIES, TRY_EVERY = 20, 3  # sign-ins from one address after a pause, and seconds after which it has one more
# The same of tokens and sessions that are none, or not any more. They cannot be guessed, so it may be many: a program
# whose token ended asks on, and all who come through a proxy that says nothing have one address.
STRANGERS, STRANGER_EVERY = 300, 1
LINKS, LINKS_A_SECOND = 120, 2  # looks at one status page after a pause, and how many more there are each second


class Buckets:
    """For each key a bucket of requests: `burst` at once after a pause, then one each `gap` microseconds.

    A bucket is one number: the moment at which it will be full again.
    """

    def __init__(self, gap: int, burst: int) -> None:
        self._gap, self._slack = gap, gap * (burst - 1)
        self._full_at: dict[str, int] = {}

    def take(self, key: str, now: int) -> int:
        """Microseconds to wait; 0 takes one request out of the bucket. `now` is of a clock that never goes back."""
        if key not in self._full_at and len(self._full_at) >= KEPT_MAX:
            self._full_at = {each: at for each, at in self._full_at.items() if at > now}
            if len(self._full_at) >= KEPT_MAX:
                key = "others"  # whoever comes in such a crowd shares a bucket with the rest of it
        full_at = max(self._full_at.get(key, 0), now)
        early = full_at - now - self._slack
        if early > 0:
            return early
        self._full_at[key] = full_at + self._gap
        return 0


class Guard(NamedTuple):
    """The limits as the settings say them."""

    rate: int | None = None  # requests a second for each account
    address_header: str | None = None  # the header in which a proxy says who asks
    passwords_refused: str | None = None  # a file


class Limits:
    """What one process counts."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self._requests = None if guard.rate is None else Buckets(SECOND // guard.rate, guard.rate)
        self._tries = Buckets(TRY_EVERY * SECOND, TRIES)
        self._strangers = Buckets(STRANGER_EVERY * SECOND, STRANGERS)
        self._lost = Buckets(STRANGER_EVERY * SECOND, STRANGERS)
        self._links = Buckets(SECOND // LINKS_A_SECOND, LINKS)
        self._hashers, self._hashing = ThreadPoolExecutor(HASHES, "hash"), 0

    def request(self, account: str) -> None:
        """Count a request. Raises a refusal where the account asks oftener than the settings let it."""
        if self._requests is not None:
            _refuse(self._requests.take(account, _tick()), "this account asks too often")

    def sign_in(self, request: Request) -> None:
        """Count a sign-in, or a link that is opened. Raises a refusal where too many come from one address."""
        _refuse(self._tries.take(self._address(request), _tick()), "too many sign-ins from one address")

    def stranger(self, request: Request) -> None:
        """Count what was shown and opens nothing. Raises a refusal where too much of it comes from one address."""
        _refuse(self._strangers.take(self._address(request), _tick()), "too much that opens nothing from one address")

    def lost(self, request: Request) -> None:
        """Count a link that opens no page. Apart from strangers, because whole offices follow old links."""
        _refuse(self._lost.take(self._address(request), _tick()), "too many links that open nothing from one address")

    def link(self, link: str) -> None:
        """Count a look at a status page, by the digest of its link. Raises a refusal where there are too many."""
        _refuse(self._links.take(link, _tick()), "this page is asked for too often")

    async def hashing(self, question: Callable[..., Any], *about: Any) -> Any:
        """The answer of what hashes passwords, a few at once. Raises a refusal where many wait already."""
        if self._hashing >= HASHES + HASHES_WAITING:
            raise busy("too many are signing in at once: try again in a moment", 429)
        self._hashing += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashers, question, *about)
        finally:
            self._hashing -= 1

    def leaked(self, password: str) -> bool:
        """Whether nobody may choose this password."""
        place = self.guard.passwords_refused
        return place is not None and leaked.has(place, password)

    def _address(self, request: Request) -> str:
        """The address that asks; of IPv6 the part that one customer of a provider has."""
        header = self.guard.address_header
        told = [] if header is None else request.headers.getall(header.lower())
        said = told[-1] if told else request.client  # the nearest proxy adds its word at the end
        try:
            found = ipaddress.ip_address(said.rpartition(",")[2].strip())
        except ValueError:
            return "unknown"
        if isinstance(found, ipaddress.IPv6Address):
            found = found.ipv4_mapped or found
        return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


def _tick() -> int:
    return int(asyncio.get_running_loop().time() * SECOND)  # goes on where the settings fix the clock


def _refuse(wait: int, why: str) -> None:
    if wait:
        seconds = -(-wait // SECOND)
        again = {"Retry-After": str(seconds)}
        raise Refusal(429, "too_many_requests", f"{why}: nothing was done, ask again in {seconds} s", headers=again)
