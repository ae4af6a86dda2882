"""Who is asking: a token in the header, or a person's session in a cookie."""

import asyncio
import base64
import binascii

from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.request import Request
from backorder.adapters.http.route import House
from backorder.commands import accounts
from backorder.commands.accounts import Identity

BELIEVED = 1.0  # seconds for which a caller is not looked up again: so long may a revoked token still work
KEPT_MAX = 10_000
COOKIE = "__Host-backorder"
_SAFE = {"GET", "HEAD", "OPTIONS"}
NOBODY = Identity("nobody", "", frozenset())


async def caller(house: House, request: Request) -> Identity:
    """Who asks. Refuses with 401 who shows nothing, or nothing that is valid."""
    shown, session = _shown(request)
    if shown is None:
        raise _unknown("show a token: Authorization: Bearer bo_...", request)
    loop = asyncio.get_running_loop()
    tick = loop.time()  # goes on where the settings fix the clock
    key = remembered(shown, session=session)
    kept = house.callers.get(key)
    if kept is not None and kept[0] > tick:
        return kept[1]
    look = accounts.by_session if session else accounts.by_token
    found = await loop.run_in_executor(house.readers, look, house.db, house.clock(), shown)
    if found is None:
        house.limits.stranger(request)
        raise _unknown(
            "the session ended: sign in again" if session else "the token is not valid, or not any more", request
        )
    if len(house.callers) >= KEPT_MAX:
        house.callers.clear()
    house.callers[key] = tick + BELIEVED, found
    return found


def remembered(shown: str, *, session: bool) -> str:
    """Under what a caller is believed for a moment: what is a session is none when it is shown as a token."""
    return f"{'session' if session else 'token'} {shown}"


def _shown(request: Request) -> tuple[str | None, bool]:
    """What is shown, and whether it is a session. A session changes things only from the service's own pages."""
    header = request.headers.get("authorization")
    if header is not None:
        kind, _, shown = header.partition(" ")
        return _token(kind.lower(), shown.strip(), request), False
    cookie = request.cookies.get(COOKIE)
    if cookie is not None and request.method not in _SAFE:
        from_here(request)
    return cookie, True


def _token(kind: str, shown: str, request: Request) -> str | None:
    """The token in a header; programs that fetch feeds know names and passwords alone, so it may be the password."""
    if kind == "basic" and _is_feed(request):
        try:
            return base64.b64decode(shown, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeError):
            return None
    return shown if kind == "bearer" else None


def _is_feed(request: Request) -> bool:
    return request.method == "GET" and request.path.startswith("/feeds/")


def from_here(request: Request) -> None:
    """Refuse what another site's page lets a browser send."""
    if request.headers.get("sec-fetch-site") not in {"same-origin", "none"}:
        raise Refusal(403, "cross_site", "this came from another site's page, or from a browser that does not say")


def _unknown(detail: str, request: Request) -> Refusal:
    asked = 'Basic realm="feeds"' if _is_feed(request) else "Bearer"
    return Refusal(401, "unauthorised", detail, headers={"WWW-Authenticate": asked})
