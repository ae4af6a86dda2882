"""Accounts, their tokens and sessions. Secrets come here as digests only."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, delete, or_, select

from backorder.storage.access_tables import accounts, sessions, tokens
from backorder.storage.db import Row, Tx


class Account(NamedTuple):
    """Who may do something here. `password` is an argon2id hash; `wait_until` holds back guessing.

    `customer` is the only one for whom the account may act; None for all.
    """

    account: str
    kind: str
    role: str
    password: str | None
    made_at: int
    disabled_at: int | None
    failures: int
    wait_until: int | None
    customer: str | None = None


class Token(NamedTuple):
    """A program's key: found by its public part, proved by the digest of its secret part."""

    token: str
    account: str
    digest: str
    scopes: str | None
    purpose: str | None
    made_at: int
    expires_at: int | None
    used_at: int | None
    revoked_at: int | None


class Session(NamedTuple):
    """A browser that signed in, or a link that signs in once."""

    digest: str
    account: str
    made_at: int
    seen_at: int
    expires_at: int
    link: int


_ACCOUNTS = select(*(accounts.c[name] for name in Account._fields))
_ACCOUNT = _ACCOUNTS.where(accounts.c.account == bindparam("account"))
_TOKEN = select(tokens).where(tokens.c.token == bindparam("token"))
_SESSION = select(sessions).where(sessions.c.digest == bindparam("digest"))


def load_account(tx: Tx, account: str) -> Account | None:
    """An account by its name."""
    rows = tx.fetch(_ACCOUNT, account=account)
    return Account(*rows[0]) if rows else None


def lock_account(tx: Tx, account: str) -> Account | None:
    """The same, held until commit: whoever writes it writes on what was read."""
    rows = tx.fetch(_ACCOUNT.with_for_update(), account=account)
    return Account(*rows[0]) if rows else None


def load_accounts(tx: Tx) -> list[Account]:
    """All accounts by name."""
    return [Account(*row) for row in tx.fetch(_ACCOUNTS.order_by(accounts.c.account))]


def load_admins(tx: Tx, now: int) -> set[str]:
    """Who administers: enabled admins of the whole shop with a password, or a token of all that they may.

    Whoever could come in by a link or a session alone is not among them: those end by themselves.
    """
    return {row[0] for row in tx.fetch(_administering(now))}


def lock_admins(tx: Tx, now: int) -> set[str]:
    """The same, held until commit in the order of their names."""
    return {row[0] for row in tx.fetch(_administering(now).with_for_update())}


def _administering(now: int) -> Select[Any]:
    key = select(tokens.c.token).where(
        tokens.c.account == accounts.c.account,
        tokens.c.scopes.is_(None),
        tokens.c.revoked_at.is_(None),
        or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now),
    )
    chosen = select(accounts.c.account).where(
        accounts.c.role == "admin",
        accounts.c.disabled_at.is_(None),
        accounts.c.customer.is_(None),
        or_(accounts.c.password.is_not(None), key.exists()),
    )
    return chosen.order_by(accounts.c.account)


def save_account(tx: Tx, account: Account, *, new: bool) -> None:
    """Add an account, or write what changed of one."""
    if new:
        tx.insert(accounts, Account._fields, [account])
    else:
        tx.update(accounts, ("account",), Account._fields[1:], [account])


def load_token(tx: Tx, token: str) -> Token | None:
    """A token by its public part."""
    rows = tx.fetch(_TOKEN, token=token)
    return Token(*rows[0]) if rows else None


def load_tokens(tx: Tx, account: str | None = None) -> list[Token]:
    """The tokens of an account, or of all, by their public part."""
    chosen = select(tokens).order_by(tokens.c.account, tokens.c.made_at, tokens.c.token)
    return [Token(*row) for row in tx.fetch(chosen if account is None else chosen.where(tokens.c.account == account))]


def add_token(tx: Tx, token: Token) -> None:
    """Add a token."""
    tx.insert(tokens, Token._fields, [token])


def mark_tokens(tx: Tx, column: str, rows: Sequence[Row]) -> None:
    """Set a moment (`used_at`, `revoked_at`) of tokens, as (token, moment)."""
    tx.update(tokens, ("token",), (column,), rows)


def load_session(tx: Tx, digest: str) -> Session | None:
    """A session, or a link, by its digest."""
    rows = tx.fetch(_SESSION, digest=digest)
    return Session(*rows[0]) if rows else None


def add_session(tx: Tx, session: Session) -> None:
    """Add a session or a link."""
    tx.insert(sessions, Session._fields, [session])


def touch_session(tx: Tx, digest: str, at: int) -> None:
    """Remember when a session was last seen."""
    tx.update(sessions, ("digest",), ("seen_at",), [(digest, at)])


def end_session(tx: Tx, digest: str) -> bool:
    """Forget a session or a link. Whether it was still there: of several who end it at once one is told so."""
    return bool(tx.fetch(delete(sessions).where(sessions.c.digest == digest).returning(sessions.c.digest)))


def end_all_sessions(tx: Tx, account: str) -> None:
    """Forget every session and link of an account."""
    tx.delete(sessions, ("account",), [(account,)])


def shut_out(tx: Tx, account: str, at: int) -> None:
    """End all that lets an account in: sessions, links and tokens, so that none of them comes back with it."""
    end_all_sessions(tx, account)
    live = select(tokens.c.token).where(tokens.c.account == account, tokens.c.revoked_at.is_(None))
    mark_tokens(tx, "revoked_at", [(row[0], at) for row in tx.fetch(live)])


def disable_bound(tx: Tx, customer: str, name: str, at: int) -> None:
    """Disable the accounts of a customer for whom another name stands from now on; they stay bound to that."""
    chosen = select(accounts.c.account, accounts.c.disabled_at).where(accounts.c.customer == customer)
    theirs = tx.fetch(chosen)
    rows = [(account, name, before or at) for account, before in theirs]
    tx.update(accounts, ("account",), ("customer", "disabled_at"), rows)
    for account, _ in theirs:
        shut_out(tx, account, at)
        tx.update(tokens, ("account",), ("purpose",), [(account, None)])
