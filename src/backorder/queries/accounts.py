"""Accounts and their tokens, without what is secret of them."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, select

from backorder.kernel.calendars import moment_datetime
from backorder.storage.access_tables import accounts, tokens
from backorder.storage.db import Database, among


class TokenView(msgspec.Struct):
    """A token by the part that may be known. Without `scopes` it may do all that its account may."""

    token: str
    scopes: list[str] | None
    purpose: str | None
    made_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class AccountView(msgspec.Struct):
    """Who may do something here. Beside the orders of `customer`, if it is bound to one, there are none for it."""

    account: str
    kind: str
    role: str
    customer: str | None
    made_at: datetime
    disabled_at: datetime | None
    password: bool
    tokens: list[TokenView]


_ACCOUNTS = select(
    accounts.c.account,
    accounts.c.kind,
    accounts.c.role,
    accounts.c.customer,
    accounts.c.made_at,
    accounts.c.disabled_at,
    accounts.c.password.is_not(None),
).order_by(accounts.c.account)
_PROGRAMS = (
    select(accounts.c.account, accounts.c.role)
    .where(accounts.c.kind == "program", accounts.c.disabled_at.is_(None), accounts.c.customer.is_(None))
    .order_by(accounts.c.account)
)
_TOKENS = (
    select(
        tokens.c.account,
        tokens.c.token,
        tokens.c.scopes,
        tokens.c.purpose,
        tokens.c.made_at,
        tokens.c.expires_at,
        tokens.c.used_at,
        tokens.c.revoked_at,
    )
    .where(among(tokens.c.account, "accounts"))
    .order_by(tokens.c.made_at, tokens.c.token)
)


def list_accounts(db: Database, *, limit: int = 50, after: str = "") -> list[AccountView]:
    """Accounts by name, behind `after`, each with all of its tokens."""
    return _read(db, _ACCOUNTS.where(accounts.c.account > after).limit(limit))


def list_programs(db: Database, *, limit: int) -> dict[str, str]:
    """The role of each program by its name, but of those that are disabled or bound to a customer."""
    with db.read() as tx:
        return dict(tx.fetch(_PROGRAMS.limit(limit)))


def account(db: Database, ref: str) -> AccountView | None:
    """An account; None if there is none."""
    return next(iter(_read(db, _ACCOUNTS.where(accounts.c.account == ref))), None)


def _read(db: Database, chosen: Select[Any]) -> list[AccountView]:
    found: dict[str, AccountView] = {}
    with db.read() as tx:
        for name, kind, role, customer, made_at, disabled_at, password in tx.fetch(chosen):
            moments = moment_datetime(made_at), _moment(disabled_at)
            found[name] = AccountView(name, kind, role, customer, *moments, bool(password), [])
        for name, token, scopes, purpose, made_at, *later in tx.fetch(_TOKENS, accounts=list(found)) if found else ():
            said = None if scopes is None else msgspec.json.decode(scopes, type=list[str])
            expires_at, used_at, revoked_at = map(_moment, later)
            found[name].tokens.append(
                TokenView(token, said, purpose, moment_datetime(made_at), expires_at, used_at, revoked_at)
            )
    return list(found.values())


def _moment(number: int | None) -> datetime | None:
    return None if number is None else moment_datetime(number)
