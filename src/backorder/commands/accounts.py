"""Accounts, tokens and sessions: who may come in, and with what.

These are no commands of the vocabulary: what they answer is a secret, which is shown once and never stored, so it
cannot be answered again. Each is a transaction of its own with its entry in the audit trail.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from backorder.kernel.access import PERMISSIONS, ROLES, allowed
from backorder.kernel.composing import composed
from backorder.kernel.errors import BackorderError
from backorder.storage import accounts as storage
from backorder.storage.accounts import Account, Session, Token
from backorder.storage.audit import Entry, save_entries
from backorder.storage.db import Database, Tx
from backorder.storage.orders import load_customers
from backorder.storage.people import is_erased

SECOND = 1_000_000
IDLE = 30 * 60 * SECOND  # a session ends when nobody was there for so long
SESSION = 12 * 3_600 * SECOND  # and after a working day in any case
LINK = 3_600 * SECOND  # a link that signs in works for so long, and once
USED_EVERY = 60 * SECOND  # a token's last use is written no oftener
PASSWORD_MIN, PASSWORD_MAX = 12, 1_000  # characters
FREE_TRIES = 5  # wrong passwords before an account has to wait, twice as long each time
WAIT_MAX = 900 * SECOND
RESERVED = "cli:"  # how the trail calls those who work at the command line


class Refused(BackorderError):
    """What was asked of an account cannot be done; the message says why."""


class Missing(Refused):
    """There is no such account or token."""


class Beyond(Refused):
    """Whoever asks may do less than the account or token in question may, or would."""


class Identity(NamedTuple):
    """Who is asking, and what they may do. `session` is set for people in a browser.

    Beside the orders of `customer`, where it is set, there are none for them.
    """

    account: str
    role: str
    permissions: frozenset[str]
    session: str | None = None
    customer: str | None = None


class Asker(NamedTuple):
    """Who asks over the network, by which request: they give and take only what they may themselves."""

    identity: Identity
    request: str


def put_account(
    db: Database,
    now: int,
    account: str,
    *,
    kind: str,
    role: str,
    password: str | None = None,
    customer: str | None = None,
    enable: bool = False,
    leaked: Callable[[str], bool] = lambda _: False,
    by: str,
    asker: Asker | None = None,
) -> None:
    """Make an account, or give it another role or password; both end its sessions. Raises Refused.

    An account that is made for a customer stays bound to that customer, whether or not it is said again, and one that
    was disabled stays so unless `enable` says otherwise. `leaked` says which passwords nobody may choose.
    """
    if role not in ROLES:
        raise Refused(f"{role} is no role: use one of {', '.join(ROLES)}")
    if not 1 <= len(account) <= 200 or not account.isprintable():
        raise Refused("an account's name has 1 to 200 printable characters")
    if password is not None and kind != "person":
        raise Refused("a program has tokens, no password")
    hashed = None if password is None else _chosen(password, leaked)
    with db.write() as tx:
        storage.lock_admins(tx, now)  # before the account, at every door: locks in one order do not wait in a circle
        before = storage.lock_account(tx, account)
        if before is None:
            made = _new_account(tx, Account(account, kind, role, hashed, now, None, 0, None, customer))
        else:
            _keeps_what_it_is(tx, before, kind, customer, enable=enable)
            disabled = None if enable else before.disabled_at
            made = before._replace(role=role, password=hashed or before.password, disabled_at=disabled, failures=0)
            storage.end_all_sessions(tx, account)
        _within(asker, made, *([] if before is None else [before]))
        storage.save_account(tx, made, new=before is None)
        if before is not None and before.role != role:
            _leave_an_admin(tx, now, before, asker)
        said = {"kind": kind, "role": role, "customer": made.customer, "password": hashed is not None, "enable": enable}
        _note(tx, now, by, "put_account", account, said, asker)


def _new_account(tx: Tx, made: Account) -> Account:
    customer = made.customer
    if customer is not None and (customer not in load_customers(tx, [customer]) or is_erased(tx, customer)):
        raise Refused(f"there is no customer {customer}: put it first")
    if made.account.startswith(RESERVED):
        raise Refused(f"names that begin with {RESERVED} are those of the command line's users")
    return made


def _keeps_what_it_is(tx: Tx, before: Account, kind: str, customer: str | None, *, enable: bool) -> None:
    if before.kind != kind:
        raise Refused(f"{before.account} is a {before.kind} and stays one: make another account")
    if customer not in {None, before.customer}:
        raise Refused(f"whom {before.account} is bound to stays as it is: make another account")
    if enable and before.customer is not None and is_erased(tx, before.customer):
        raise Refused(f"the customer of {before.account} was erased: it stays disabled")


def _chosen(password: str, leaked: Callable[[str], bool]) -> str:
    """The hash of a password that somebody chose. Raises Refused for one that is no good."""
    password = composed(password)
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise Refused(f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters")
    if leaked(password):
        raise Refused("this password is on the list of those that leaked elsewhere: choose another")
    return _hasher().hash(password)


def disable_account(db: Database, now: int, account: str, *, by: str, asker: Asker | None = None) -> None:
    """Let an account do nothing any more, at once: its sessions end, its tokens are revoked. Raises Refused."""
    with db.write() as tx:
        storage.lock_admins(tx, now)
        before = _known(tx, account)
        _within(asker, before)
        storage.save_account(tx, before._replace(disabled_at=before.disabled_at or now), new=False)
        storage.shut_out(tx, account, now)
        _leave_an_admin(tx, now, before, asker)
        _note(tx, now, by, "disable_account", account, {"role": before.role}, asker)


def _within(asker: Asker | None, *touched: Account, scopes: frozenset[str] | None = None) -> None:
    """Raise Beyond where an account, with these scopes, may do what the asker may not: nobody gives more than they
    have, or takes it from those who have more.
    """
    for account in touched if asker is not None else ():
        assert asker is not None
        if not _identity(account, scopes).permissions <= asker.identity.permissions:
            raise Beyond("this account may do more than you may yourself, or would")


def _leave_an_admin(tx: Tx, now: int, touched: Account, asker: Asker | None) -> None:
    """Raise Refused where nobody administers any longer after this admin's account, as it was before, was touched.

    Asked after the change, by a look of its own, with whoever administers locked since before it: of two who take each
    other's way in at once, the second sees what the first did. Over the network only: whoever works at the command line
    can always make another.
    """
    if asker is None or touched.role != "admin" or touched.customer is not None:
        return
    if not storage.lock_admins(tx, now):
        raise Refused("nobody who can come in would be left to administer: make another admin first")


def issue_token(
    db: Database,
    now: int,
    account: str,
    *,
    by: str,
    scopes: Iterable[str] | None = None,
    purpose: str | None = None,
    days: int | None = None,
    asker: Asker | None = None,
) -> str:
    """A new token, which is shown this once. It may do what its account may, narrowed to `scopes`. Raises Refused.

    An asker who may not everything narrows it to what they may in any case: should the account get another role, the
    token that they hold grows no further than they.
    """
    mine = frozenset(PERMISSIONS) if asker is None else asker.identity.permissions
    whole = scopes is None
    chosen = sorted(set(mine if scopes is None else scopes))
    for scope in chosen:
        if scope not in PERMISSIONS:
            raise Refused(f"{scope} is no permission: use one of {', '.join(PERMISSIONS)}")
        if scope not in mine:
            raise Beyond(f"you may not {scope} yourself: give no more than you have")
    public, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    expires = None if days is None else now + days * 86_400 * SECOND
    written = None if whole and mine == PERMISSIONS.keys() else msgspec.json.encode(chosen).decode()
    with db.write() as tx:
        owner = _known(tx, account)
        if owner.disabled_at is not None:
            raise Refused(f"{account} is disabled")
        _within(asker, owner, scopes=None if whole else frozenset(chosen))
        storage.add_token(tx, Token(public, account, _digest(secret), written, purpose, now, expires, None, None))
        said = {"token": public, "scopes": written and chosen, "purpose": purpose, "expires": expires}
        _note(tx, now, by, "issue_token", account, said, asker)
    return f"bo_{public}_{secret}"


def revoke_token(db: Database, now: int, token: str, *, by: str, asker: Asker | None = None) -> None:
    """Refuse a token from now on. Raises Refused where there is none."""
    with db.write() as tx:
        storage.lock_admins(tx, now)
        found = storage.load_token(tx, token)
        if found is None:
            raise Missing(f"no token begins with bo_{token}_")
        owner = _known(tx, found.account)
        _within(asker, owner, scopes=_scopes(found))
        storage.mark_tokens(tx, "revoked_at", [(token, found.revoked_at or now)])
        if found.scopes is None and found.revoked_at is None:
            _leave_an_admin(tx, now, owner, asker)
        _note(tx, now, by, "revoke_token", found.account, {"token": token}, asker)


def by_token(db: Database, now: int, text: str) -> Identity | None:
    """Who shows this token; None if it is not one, has expired, was revoked, or its account is disabled."""
    prefix, _, rest = text.partition("_")
    public, _, secret = rest.partition("_")
    if prefix != "bo" or not (public.isascii() and public.isalnum()) or len(text) > 200:
        return None
    with db.read() as tx:
        token = storage.load_token(tx, public)
        account = None if token is None else storage.load_account(tx, token.account)
    expected = token.digest if token is not None else _digest("")
    if not hmac.compare_digest(expected, _digest(secret)) or token is None or account is None:
        return None
    if token.revoked_at is not None or account.disabled_at is not None:
        return None
    if token.expires_at is not None and token.expires_at <= now:
        return None
    if token.used_at is None or now - token.used_at >= USED_EVERY:
        with db.write() as tx:
            storage.mark_tokens(tx, "used_at", [(public, now)])
    return _identity(account, _scopes(token))


def acting(db: Database, account: str) -> Identity | None:
    """Whoever acts as this account without showing a token; None if it is disabled, or there is none."""
    with db.read() as tx:
        found = storage.load_account(tx, account)
    return None if found is None or found.disabled_at is not None else _identity(found, None)


def sign_in(db: Database, now: int, account: str, password: str) -> str | None:
    """The secret of a new session; None if the name or the password is wrong, or it is too soon after wrong ones.

    An unknown name takes as long as a wrong password.
    """
    with db.read() as tx:
        found = storage.load_account(tx, account)
    hashed = None if found is None or found.disabled_at is not None else found.password
    right = _matches(hashed, password)
    with db.write() as tx:
        found = storage.lock_account(tx, account)
        if found is None or hashed is None or (found.wait_until or 0) > now or found.disabled_at is not None:
            return None
        if not right or found.password != hashed:  # it may have been changed while this one was looked at
            failures = found.failures + 1
            wait = min(SECOND << min(failures, 20), WAIT_MAX) if failures >= FREE_TRIES else 0
            storage.save_account(tx, found._replace(failures=failures, wait_until=now + wait), new=False)
            return None
        storage.save_account(tx, found._replace(failures=0, wait_until=None), new=False)
        _note(tx, now, account, "sign_in", account, {"by": "password"})
        return _new_session(tx, now, account, now + SESSION, link=0)


def sign_in_as(db: Database, now: int, names: Sequence[str], *, by: str) -> str | None:
    """The secret of a new session for the first of these accounts that there is, of somebody who was proven elsewhere.

    None if there is none, or if it is disabled or a program's. Wrong passwords keep nobody out who shows none.
    """
    with db.write() as tx:
        for name in dict.fromkeys(names):
            found = storage.lock_account(tx, name)
            if found is None:
                continue
            if found.disabled_at is not None or found.kind != "person":
                return None
            _note(tx, now, name, "sign_in", name, {"by": by})
            return _new_session(tx, now, name, now + SESSION, link=0)
    return None


def change_password(
    db: Database, now: int, account: str, old: str, new: str, *, leaked: Callable[[str], bool] = lambda _: False
) -> str | None:
    """Give an account another password; the secret of a new session, for the others end. Raises Refused.

    None if the old password is wrong, or it is too soon after wrong ones: trying here counts as signing in. Whoever has
    none yet came in by a link, and that is enough.
    """
    with db.read() as tx:
        before = storage.load_account(tx, account)
    if before is None or before.disabled_at is not None:
        return None
    if before.password is not None and sign_in(db, now, account, old) is None:
        return None
    hashed = _chosen(new, leaked)
    with db.write() as tx:
        found = _known(tx, account)
        if found.password != before.password or found.disabled_at is not None:
            return None
        storage.save_account(tx, found._replace(password=hashed), new=False)
        storage.end_all_sessions(tx, account)
        _note(tx, now, account, "change_password", account, {})
        return _new_session(tx, now, account, now + SESSION, link=0)


def first_way_in(db: Database, now: int, account: str, *, by: str) -> tuple[str, str | None] | None:
    """While nobody administers, whom a link could let in, and the secret part of that link; None once somebody does.

    Whom is an admin who never chose a password, `account` before others, which is made if there is none. What somebody
    disabled or gave another role stays so: then there is no link.
    """
    with db.read() as tx:
        if storage.load_admins(tx, now):
            return None
        known = {each.account: each for each in storage.load_accounts(tx)}
    if account not in known:
        put_account(db, now, account, kind="person", role="admin", by=by)
        return account, sign_in_link(db, now, account, by=by)
    for each in (known[account], *known.values()):
        if (each.kind, each.role, each.disabled_at, each.customer) == ("person", "admin", None, None):
            return each.account, sign_in_link(db, now, each.account, by=by)
    return account, None


def sign_in_link(db: Database, now: int, account: str, *, by: str, asker: Asker | None = None) -> str:
    """The secret part of a link that signs in once. Raises Refused for an unknown or disabled account."""
    with db.write() as tx:
        found = _known(tx, account)
        if found.disabled_at is not None:
            raise Refused(f"{account} is disabled")
        if asker is not None and found.kind != "person":
            raise Refused(f"{account} is a program: issue it a token")
        _within(asker, found)
        _note(tx, now, by, "sign_in_link", account, {"until": now + LINK}, asker)
        return _new_session(tx, now, account, now + LINK, link=1)


def open_link(db: Database, now: int, secret: str) -> str | None:
    """The secret of a new session for a link that was not used before; None if it was, or is none."""
    digest = _digest(secret)
    with db.read() as tx:
        link = storage.load_session(tx, digest)
    if link is None or not link.link or link.expires_at <= now:
        return None  # nonsense does not get as far as a transaction that writes
    with db.write() as tx:
        owner = _known(tx, link.account)  # before the link, as whoever disables them: so neither waits in a circle
        if owner.disabled_at is not None or not storage.end_session(tx, digest):
            return None
        _note(tx, now, link.account, "sign_in", link.account, {"by": "link"})
        return _new_session(tx, now, link.account, now + SESSION, link=0)


def by_session(db: Database, now: int, secret: str) -> Identity | None:
    """Who signed in with this session; None if it ended."""
    digest = _digest(secret)
    with db.read() as tx:
        session = storage.load_session(tx, digest)
        account = None if session is None else storage.load_account(tx, session.account)
    if session is None or account is None or session.link or account.disabled_at is not None:
        return None
    if session.expires_at <= now or now - session.seen_at >= IDLE:
        return None
    if now - session.seen_at >= USED_EVERY:
        with db.write() as tx:
            storage.touch_session(tx, digest, now)
    return _identity(account, None, digest)


def _scopes(token: Token) -> frozenset[str] | None:
    return None if token.scopes is None else frozenset(msgspec.json.decode(token.scopes, type=list[str]))


def _identity(account: Account, scopes: frozenset[str] | None, session: str | None = None) -> Identity:
    permissions = allowed(account.role, scopes, bound=account.customer is not None)
    return Identity(account.account, account.role, permissions, session, account.customer)


def sign_out(db: Database, secret: str) -> None:
    """End a session, if it is one; a link is none."""
    digest = _digest(secret)
    with db.read() as tx:
        found = storage.load_session(tx, digest)
    if found is not None and not found.link:
        with db.write() as tx:
            storage.end_session(tx, digest)


def _new_session(tx: Tx, now: int, account: str, expires: int, link: int) -> str:
    secret = secrets.token_urlsafe(32)
    storage.add_session(tx, Session(_digest(secret), account, now, now, expires, link))
    return secret


def _known(tx: Tx, account: str) -> Account:
    """The account, held until commit."""
    found = storage.lock_account(tx, account)
    if found is None:
        raise Missing(f"there is no account {account}")
    return found


def _note(
    tx: Tx, now: int, by: str, what: str, account: str, said: Mapping[str, object], asker: Asker | None = None
) -> None:
    """An entry of the trail, whose digest covers all that was said but secrets."""
    role, request = ("", "-") if asker is None else (asker.identity.role, asker.request)
    content = msgspec.json.encode(said, order="sorted").decode()
    save_entries(tx, [Entry(by, role, request, what, account, 1, _digest(content))], now)


def _digest(secret: str) -> str:
    """SHA-256 is enough for secrets that were drawn at random; passwords get argon2id."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id with the parameters of RFC 9106's second choice


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return _hasher().hash("nobody's password")


def _matches(hashed: str | None, password: str) -> bool:
    try:
        _hasher().verify(hashed or _nobodys_hash(), composed(password))
    except (VerifyMismatchError, InvalidHashError):
        return False
    return hashed is not None
