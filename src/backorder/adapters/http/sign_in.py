"""People come in: with name and password, or by a link that works once."""

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from backorder.adapters.http import body, pages
from backorder.adapters.http.callers import COOKIE, from_here, remembered
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.commands import accounts

_COOKIE = f"{COOKIE}={{}}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={{}}"


def session_cookie(secret: str, seconds: int = 12 * 3_600) -> str:
    """The header that gives a browser its session for so long; with none, that takes it away."""
    return _COOKIE.format(secret, seconds)


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Who, and the password; or the last part of a link that signs in once."""

    account: Annotated[str, Meta(max_length=200, pattern="^[^\x00\ud800-\udfff]*$")] = ""
    password: Annotated[str, Meta(max_length=accounts.PASSWORD_MAX, pattern="^[^\ud800-\udfff]*$")] = ""
    link: Annotated[str, Meta(max_length=200, pattern="^[^\ud800-\udfff]*$")] = ""


class Me(msgspec.Struct):
    """Who is asking, and what they may do; `customer` is the one they are bound to, if they are."""

    account: str
    role: str
    permissions: list[str]
    customer: str | None


async def sign_in(house: House, call: Call) -> Answer:
    """`POST /v1/session`: the answer sets the session's cookie."""
    from_here(call.request)
    asked = body.typed(await body.read(call.request), SignIn)
    now = house.clock()
    house.limits.sign_in(call.request)
    if asked.link:
        secret = await ask(house, accounts.open_link, house.db, now, asked.link)
    else:
        secret = await house.limits.hashing(accounts.sign_in, house.db, now, asked.account, asked.password)
    if secret is None:
        raise Refusal(401, "unauthorised", "name, password or link is wrong, or came too often: try again in a minute")
    return Answer(b"", 204, {"Set-Cookie": session_cookie(secret), "Cache-Control": "no-store"})


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The password that one has, and the one that one wants."""

    old: Annotated[str, Meta(max_length=accounts.PASSWORD_MAX, pattern="^[^\ud800-\udfff]*$")]
    new: Annotated[str, Meta(max_length=accounts.PASSWORD_MAX, pattern="^[^\ud800-\udfff]*$")]


async def change_password(house: House, call: Call) -> Answer:
    """`POST /v1/session/password`: one's own; every other session ends, and the answer sets a new cookie."""
    asked = body.typed(await body.read(call.request), NewPassword)
    if call.caller.session is None:
        raise Refusal(403, "forbidden", "this is for people who are signed in: programs have tokens, no password")
    house.limits.sign_in(call.request)
    change = partial(accounts.change_password, leaked=house.limits.leaked)
    who = call.caller.account
    try:
        secret = await house.limits.hashing(change, house.db, house.clock(), who, asked.old, asked.new)
    except accounts.Refused as error:
        raise Refusal(422, "invalid", str(error), field="new") from error
    finally:
        house.callers.clear()
    if secret is None:
        raise Refusal(422, "invalid", "this is not the old password, or it came too often: try again", field="old")
    return Answer(b"", 204, {"Set-Cookie": session_cookie(secret), "Cache-Control": "no-store"})


async def sign_out(house: House, call: Call) -> Answer:
    """`DELETE /v1/session`."""
    cookie = call.request.cookies.get(COOKIE)
    if cookie is not None:
        house.callers.pop(remembered(cookie, session=True), None)
        await ask(house, accounts.sign_out, house.db, cookie)
    return Answer(b"", 204, {"Set-Cookie": session_cookie("", 0), "Cache-Control": "no-store"})


async def me(_house: House, call: Call) -> Answer:
    """`GET /v1/session`: who is asking."""
    found = Me(call.caller.account, call.caller.role, sorted(call.caller.permissions), call.caller.customer)
    return Answer(found, headers={"Cache-Control": "private, no-store"})


async def door(_house: House, call: Call) -> Answer:
    """`GET /sign-in/LINK`: a page with a button. Looking changes nothing: mail scanners follow links too."""
    call.path("link")
    return Answer(pages.link(), headers={"Cache-Control": "no-store"}, content=pages.HTML)


async def enter(house: House, call: Call) -> Answer:
    """`POST /sign-in/LINK`: the link is used up, the browser signed in."""
    from_here(call.request)
    house.limits.sign_in(call.request)
    secret = await ask(house, accounts.open_link, house.db, house.clock(), call.path("link"))
    if secret is None:
        raise Refusal(401, "unauthorised", "the link was used before, or is too old: ask for another")
    headers = {"Set-Cookie": session_cookie(secret), "Location": "/console/", "Cache-Control": "no-store"}
    return Answer(b"", 303, headers)
