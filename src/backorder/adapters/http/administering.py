"""The routes for accounts and their tokens. Nobody gives more than they may themselves, and one admin always stays."""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import PRIVATE, ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.commands import accounts
from backorder.kernel.access import PERMISSIONS, ROLES
from backorder.kernel.keys import END, Key
from backorder.queries import accounts as views

_ROLE = Annotated[str, Meta(pattern=f"^({'|'.join(ROLES)}){END}")]
_SCOPE = Annotated[str, Meta(pattern=f"^({'|'.join(map(re.escape, PERMISSIONS))}){END}")]


class PutAccount(msgspec.Struct, forbid_unknown_fields=True):
    """What an account is to be. `customer` binds a new one to a customer; it stays bound, said again or not.

    One that was disabled stays so, unless `enable` is true.
    """

    kind: Literal["person", "program"]
    role: _ROLE
    customer: Key | None = None
    enable: bool = False


class IssueToken(msgspec.Struct, forbid_unknown_fields=True):
    """What a new token is for: narrowed to `scopes`, ending after `days`."""

    scopes: Annotated[list[_SCOPE], Meta(max_length=len(PERMISSIONS))] | None = None
    purpose: Annotated[str, Meta(max_length=200, pattern="^[^\x00\ud800-\udfff]*$")] | None = None
    days: Annotated[int, Meta(ge=1, le=3_650)] | None = None


class Issued(msgspec.Struct):
    """A new token. It is shown this once."""

    token: str


class Link(msgspec.Struct):
    """Where a person signs in, once and within the hour, and then chooses a password."""

    path: str


async def put(house: House, call: Call) -> Answer:
    """`PUT /v1/accounts/{account}`: make it, or give it another role; then its sessions end."""
    name = call.path("account")
    said = body.typed(await body.read(call.request), PutAccount)
    before = await ask(house, views.account, house.db, name)
    await administer(house, call, accounts.put_account, name, **msgspec.structs.asdict(said))
    found = await ask(house, views.account, house.db, name)
    return Answer(found, 201 if before is None else 200, PRIVATE)


async def disable(house: House, call: Call) -> Answer:
    """`POST /v1/accounts/{account}/disable`: from now on it may do nothing."""
    name = call.path("account")
    await administer(house, call, accounts.disable_account, name)
    return Answer(await ask(house, views.account, house.db, name), headers=PRIVATE)


async def issue(house: House, call: Call) -> Answer:
    """`POST /v1/accounts/{account}/tokens`: the answer has the token, this once."""
    name = call.path("account")
    said = body.typed(await body.read(call.request), IssueToken)
    token = await administer(
        house, call, accounts.issue_token, name, scopes=said.scopes, purpose=said.purpose, days=said.days
    )
    return Answer(Issued(token), 201, PRIVATE)


async def link(house: House, call: Call) -> Answer:
    """`POST /v1/accounts/{account}/link`: an address that signs a person in once, within the hour."""
    secret = await administer(house, call, accounts.sign_in_link, call.path("account"))
    return Answer(Link(f"/sign-in/{secret}"), 201, PRIVATE)


async def revoke(house: House, call: Call) -> Answer:
    """`DELETE /v1/tokens/{token}`: the token by its middle part."""
    await administer(house, call, accounts.revoke_token, call.path("token"))
    return Answer(b"", 204, PRIVATE)


async def administer(house: House, call: Call, what: Callable[..., Any], name: str, **said: Any) -> Any:
    """Do something to an account or a token in the caller's name; what cannot be done is a refusal."""
    asker = accounts.Asker(call.caller, call.id)
    asked = partial(what, house.db, house.clock(), name, by=call.caller.account, asker=asker, **said)
    try:
        return await ask(house, asked)
    except accounts.Missing as error:
        raise Refusal(404, "not_found", str(error)) from error
    except accounts.Beyond as error:
        raise Refusal(403, "forbidden", str(error)) from error
    except accounts.Refused as error:
        raise Refusal(409, "not_allowed", str(error)) from error
    finally:
        house.callers.clear()  # this process believes nobody any longer without looking
