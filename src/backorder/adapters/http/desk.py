"""The console's pages over HTTP: each asks the queries that the API asks, as its caller may, and changes nothing."""

from typing import Any

from backorder.adapters import console as pages
from backorder.adapters.console import Frame
from backorder.adapters.http.callers import NOBODY
from backorder.adapters.http.pages import HTML
from backorder.adapters.http.request import Request
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.commands.accounts import Identity

THEME = "__Host-backorder-theme"
# A page loads its style sheet and its script from here, nothing else from anywhere, and stands in no frame.
_CLOSED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def frame_of(request: Request, caller: Identity, ident: str = "") -> Frame:
    """What stands round a page for this caller."""
    theme = request.cookies.get(THEME, "")
    account = None if caller is NOBODY else caller.account
    theme = theme if theme in pages.THEMES else "system"
    permissions = caller.permissions if caller.customer is None else frozenset()
    return Frame(account, caller.role, permissions, theme, here(request), ident)


def here(request: Request) -> str:
    """The address that was asked for, as it was sent."""
    asked = request.query_text
    return request.raw_path.decode("ascii", "replace") + (f"?{asked}" if asked else "")


def answered(text: bytes, status: int = 200, more: dict[str, str] | None = None, content: str = HTML) -> Answer:
    """What goes back, with what every page of the console says to the browser."""
    return Answer(text, status, _CLOSED | (more or {}), content)


def shown(call: Call, name: str, place: str, **values: Any) -> Answer:
    """A page for the caller."""
    return answered(pages.page(name, frame_of(call.request, call.caller), place, **values))


async def today(_house: House, call: Call) -> Answer:
    """`GET /console/`: what needs somebody."""
    return shown(call, "note.html", pages.HOME, title="Today", text="Nothing yet.")


ROUTES = (Route("GET", "/console", "orders.read", today, "What needs somebody today.", page=True),)
