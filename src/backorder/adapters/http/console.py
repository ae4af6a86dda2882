"""The console's frame over HTTP: people sign in and out, choose light or dark, and read refusals as pages."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import quote

from backorder.adapters import console as pages
from backorder.adapters.console import Frame
from backorder.adapters.http import (
    arrivals,
    audited,
    body,
    changing,
    communicating,
    customers_page,
    desk,
    drafting,
    endpoints,
    file_columns,
    goods,
    goods_lists,
    importing,
    letters,
    packs,
    reallocating,
    selling,
    several,
    shipping,
    sign_in,
    sources,
    staff,
    taking,
    waiting,
    wordings,
)
from backorder.adapters.http.callers import COOKIE, NOBODY, from_here, remembered
from backorder.adapters.http.desk import answered, frame_of
from backorder.adapters.http.forms import explained
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.request import Request
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route
from backorder.commands import accounts
from backorder.commands.accounts import Identity
from backorder.kernel.phrases import Phrase, phrase
from backorder.queries.desk import rail

_BACK = re.compile(r"/console/[\x21-\x7e]{0,1800}\Z")  # an address of ours, as it was sent
_YEAR = 365 * 86_400  # seconds
_WRONG = phrase("The name or the password is wrong, or you tried too often. Try again in a minute.")
_SAYS = {
    403: phrase("This is not for you"),
    404: phrase("There is nothing here"),
    408: phrase("That took too long"),
    429: phrase("Please wait a moment"),
    500: phrase("Something went wrong"),
    503: phrase("Please wait a moment"),
}


def is_here(request: Request) -> bool:
    """Whether an address is one of the console: what is refused there is refused as a page."""
    return request.path == "/console" or request.path.startswith("/console/")


def refused(refusal: Refusal, request: Request, ident: str, caller: Identity) -> Answer:
    """A refusal as a page; whoever is not known may sign in and go on."""
    if refusal.status == 401:
        there = desk.here(request) if request.method == "GET" else pages.HOME
        return _to(f"{pages.HOME}sign-in?next={quote(_back(there), safe='')}")
    title = _SAYS.get(refusal.status, phrase("This did not work"))
    frame = frame_of(request, caller, ident if refusal.status >= 500 else "")
    name = "alone.html" if caller is NOBODY else "note.html"
    text = explained(refusal)
    found = pages.page(name, frame, title=title, text=text)
    more = {name: value for name, value in (refusal.headers or {}).items() if name != "WWW-Authenticate"}
    return answered(found, refusal.status, more)


def _back(said: str) -> str:
    """Where to go on: an address of the console, and no other."""
    return said if _BACK.match(said) and "//" not in said and "\\" not in said else pages.HOME


def _to(place: str, **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return answered(b"", 303, {"Location": place, **more})


async def look_in(house: House, call: Call) -> Answer:
    """`GET /console/sign-in`: a form."""
    asked = dict(call.request.query)
    return _form(house, call, asked.get("next", pages.HOME))


def _form(
    house: House, call: Call, there: str, account: str = "", wrong: Phrase | None = None, status: int = 200
) -> Answer:
    frame = frame_of(call.request, NOBODY)
    elsewhere = house.openid is not None
    found = pages.page("sign_in.html", frame, next=_back(there), account=account, wrong=wrong, elsewhere=elsewhere)
    return answered(found, status)


async def come_in(house: House, call: Call) -> Answer:
    """`POST /console/sign-in`: the session's cookie, and on to the page that was wanted."""
    from_here(call.request)
    form = await body.form(call.request)
    account, password = _said(form, "account", 200), _said(form, "password", accounts.PASSWORD_MAX)
    there = _said(form, "next", 2_000)
    try:
        house.limits.sign_in(call.request)
        secret = await house.limits.hashing(accounts.sign_in, house.db, house.clock(), account, password)
    except Refusal as refusal:
        if refusal.status != 429:
            raise
        return _form(house, call, there, account, _WRONG, 429)
    if secret is None:
        return _form(house, call, there, account, _WRONG, 401)
    return _to(_back(there), Set_Cookie=sign_in.session_cookie(secret))


def _said(form: body.Form, name: str, longest: int) -> str:
    """A field of a form; nothing where it is no text that could be meant."""
    text = form.get(name, [""])[0]
    sound = len(text) <= longest and "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
    return text if sound else ""


async def go_out(house: House, call: Call) -> Answer:
    """`POST /console/sign-out`: the session ends."""
    from_here(call.request)
    cookie = call.request.cookies.get(COOKIE)
    if cookie is not None:
        house.callers.pop(remembered(cookie, session=True), None)
        await ask(house, accounts.sign_out, house.db, cookie)
    return _to(f"{pages.HOME}sign-in", Set_Cookie=sign_in.session_cookie("", 0))


async def choose_theme(_house: House, call: Call) -> Answer:
    """`POST /console/theme`: light, dark, or as the system says; kept in a cookie that says nothing else."""
    from_here(call.request)
    form = await body.form(call.request)
    theme = _said(form, "theme", 10)
    if theme not in pages.THEMES:
        raise Refusal(422, "invalid", "choose light, dark or system")
    return _liked(form, desk.THEME, theme, 0 if theme == "system" else _YEAR)


async def choose_language(_house: House, call: Call) -> Answer:
    """`POST /console/language`: one of those that there are; kept in a cookie that says nothing else."""
    from_here(call.request)
    form = await body.form(call.request)
    code = _said(form, "language", 10)
    if code not in pages.SPOKEN:
        raise Refusal(422, "invalid", f"choose one of {', '.join(pages.SPOKEN)}")
    return _liked(form, desk.LANGUAGE, code, _YEAR)


def _liked(form: body.Form, name: str, value: str, life: int) -> Answer:
    """Back to the page, with what somebody likes in a cookie for so many seconds."""
    cookie = f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={life}"
    return _to(_back(_said(form, "back", 2_000)), Set_Cookie=cookie)


async def asset(_house: House, call: Call) -> Answer:
    """`GET /console/static/{name}`: a file that pages load; its name changes with it, so it may be kept for ever."""
    found = pages.assets().get(call.path("name"))
    if found is None:
        raise Refusal(404, "not_found", "there is no such file; load the page again")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return answered(found.text, 200, headers, found.content)


def _open(method: str, path: str, answer: Callable[[House, Call], Awaitable[Any]], summary: str) -> Route:
    return Route(method, f"/console/{path}", OPEN, answer, summary, page=True)


_FRAME: tuple[Route, ...] = (
    _open("GET", "sign-in", look_in, "A form to sign in."),
    _open("POST", "sign-in", come_in, "Sign in."),
    _open("POST", "sign-out", go_out, "Sign out."),
    _open("POST", "theme", choose_theme, "Choose light or dark."),
    _open("POST", "language", choose_language, "Choose a language."),
    _open("GET", "static/{name:str}", asset, "The style sheet and the script."),
)


def _beside_rail(route: Route) -> Route:
    """A page with what stands beside it: read before it is made, whichever way it is answered."""

    async def answer(house: House, call: Call) -> Answer:
        read = partial(rail, house.db, call.caller.account, waiting=call.may("notices.read"))
        call.request.rail = await ask(house, read)
        return await route.answer(house, call)

    return route._replace(answer=answer)


_PAGES: tuple[Route, ...] = (
    *desk.ROUTES,
    *goods_lists.ROUTES,
    *goods.ROUTES,
    *waiting.ROUTES,
    *shipping.ROUTES,
    *arrivals.ROUTES,
    *changing.ROUTES,
    *customers_page.ROUTES,
    *several.ROUTES,
    *importing.ROUTES,
    *file_columns.ROUTES,
    *taking.ROUTES,
    *audited.ROUTES,
    *reallocating.ROUTES,
    *drafting.ROUTES,
    *packs.ROUTES,
    *selling.ROUTES,
    *letters.ROUTES,
    *communicating.ROUTES,
    *wordings.ROUTES,
    *sources.ROUTES,
    *endpoints.ROUTES,
    *staff.ROUTES,
)
ROUTES = (*_FRAME, *map(_beside_rail, _PAGES))

__all__ = ["ROUTES", "Frame", "is_here", "refused"]
