"""Accounts, their tokens and sessions. Secrets come here as digests only."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select

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


def lock_admins(tx: Tx, now: int, but: str | None = None) -> set[str]:
    """Admins of the whole shop who can come in, by a password or a token of all their permissions; held till commit.

    The token `but` does not count.
    """
    key = select(tokens.c.token).where(
        tokens.c.account == accounts.c.account,
        tokens.c.scopes.is_(None),
        tokens.c.revoked_at.is_(None),
        tokens.c.token != (but or ""),
        or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now),
    )
    chosen = select(accounts.c.account).where(
        accounts.c.role == "admin",
        accounts.c.disabled_at.is_(None),
        accounts.c.customer.is_(None),
        or_(accounts.c.password.is_not(None), key.exists()),
    )
    return {row[0] for row in tx.fetch(chosen.order_by(accounts.c.account).with_for_update())}


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


def take_link(tx: Tx, digest: str, now: int) -> Session | None:
    """A link that is still good, which is used up with it: of several who open it at once, one gets it."""
    rows = tx.fetch(_SESSION.where(sessions.c.link == 1, sessions.c.expires_at > now).with_for_update(), digest=digest)
    if not rows:
        return None
    end_sessions(tx, [digest])
    return Session(*rows[0])


def add_session(tx: Tx, session: Session) -> None:
    """Add a session or a link."""
    tx.insert(sessions, Session._fields, [session])


def touch_session(tx: Tx, digest: str, at: int) -> None:
    """Remember when a session was last seen."""
    tx.update(sessions, ("digest",), ("seen_at",), [(digest, at)])


def end_sessions(tx: Tx, digests: Sequence[str]) -> None:
    """Forget sessions."""
    tx.delete(sessions, ("digest",), [(digest,) for digest in digests])


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
