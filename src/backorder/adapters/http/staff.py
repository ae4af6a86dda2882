"""The console's tab of users over HTTP: accounts and their tokens, put, issued and revoked as by `/v1/accounts`."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from backorder.adapters.console import settings
from backorder.adapters.console.settings import Once
from backorder.adapters.http import body
from backorder.adapters.http.administering import IssueToken, PutAccount, administer
from backorder.adapters.http.configuring import SHOWN, following, place, tab
from backorder.adapters.http.desk import Text, answered, page_route
from backorder.adapters.http.forms import UNFILLED, Filled, refused, sent
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Cursor, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.commands import accounts
from backorder.kernel.access import ROLES
from backorder.kernel.phrases import Said, phrase
from backorder.queries import accounts as views

_LINK, _ONCE = phrase("A link that signs {account} in."), phrase("It works once, within the hour.")
_TOKEN, _BEARER = phrase("A new token of {account}."), phrase("Send it as Authorization: Bearer.")
_FORMS = {"put_account", "disable_account", "issue_token", "link", "revoke_token"}


class UsersPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which account is looked at, and where the list begins."""

    account: Text = ""
    done: Text = ""
    after: Cursor | None = None


async def listed(house: House, call: Call) -> Answer:
    """`GET /console/settings/users`: accounts, and the tokens of one."""
    return await _shown(house, call, body.query(call.request, UsersPage))


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/settings/users`: one of the forms; a token or a link is shown on the page that answers."""
    word, typed = await sent(call, _FORMS)
    name = typed.get("account", "").strip()
    asked = UsersPage(account=name[:200])
    try:
        once = await _done(house, call, word, name, typed)
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        return await _shown(house, call, UsersPage() if typed.get("new") else asked, refused(typed, refusal))
    if once is not None:
        return await _shown(house, call, asked, Filled(once=once))
    return answered(b"", 303, {"Location": settings.address(settings.USERS, account=name, done=word)})


async def _done(house: House, call: Call, word: str, name: str, typed: Mapping[str, str]) -> Once | None:
    """Do what a form says; what is shown once, if anything is. Raises a refusal where it cannot be."""
    if word == "put_account":
        said: dict[str, Any] = {"kind": typed.get("kind"), "role": typed.get("role"), "enable": "enable" in typed}
        put = body.typed(msgspec.json.encode(said), PutAccount)
        await administer(house, call, accounts.put_account, name, **msgspec.structs.asdict(put))
    elif word == "disable_account":
        await administer(house, call, accounts.disable_account, name)
    elif word == "revoke_token":
        await administer(house, call, accounts.revoke_token, typed.get("token", ""))
    elif word == "link":
        secret = await administer(house, call, accounts.sign_in_link, name)
        return Once(Said(_LINK, {"account": name}), f"/sign-in/{secret}", _ONCE)
    else:
        token = await administer(house, call, accounts.issue_token, name, **_token(typed))
        return Once(Said(_TOKEN, {"account": name}), token, _BEARER)
    return None


def _token(typed: Mapping[str, str]) -> dict[str, Any]:
    """What a token is for, as the form says it. Raises a refusal where it cannot be."""
    said: dict[str, Any] = {}
    if typed.get("purpose", "").strip():
        said["purpose"] = typed["purpose"].strip()
    if typed.get("scopes", "").strip():
        said["scopes"] = typed["scopes"].replace(",", " ").split()
    days = typed.get("days", "").strip()
    if days:
        if not (days.isascii() and days.isdecimal() and len(days) < 5):
            raise Refusal(422, "invalid", "say for how many days as a number", field="days")
        said["days"] = int(days)
    return msgspec.structs.asdict(body.typed(msgspec.json.encode(said), IssueToken))


async def _shown(house: House, call: Call, asked: UsersPage, filled: Filled = UNFILLED) -> Answer:
    read = partial(views.list_accounts, house.db, limit=SHOWN + 1, after=place(asked.after))
    found = await ask(house, read)
    chosen = await ask(house, views.account, house.db, asked.account) if asked.account else None
    return await tab(
        house,
        call,
        settings.USERS,
        "users.html",
        filled,
        asked.done,
        subject="account",
        rows=found[:SHOWN],
        next=following([one.account for one in found]),
        paged=asked.after is not None,
        chosen=chosen,
        roles=list(ROLES),
    )


ROUTES = (
    page_route(settings.USERS, "accounts.write", listed, "Accounts and their tokens."),
    Route("POST", settings.USERS, "accounts.write", see_to, "See to an account or a token.", page=True),
)
