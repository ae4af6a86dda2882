"""The sources of what shops send: put, given another secret, taken away; and what came of their deliveries.

A source acts as an account, so it is put like an account's token: by whoever may give that account's permissions.
"""

import hashlib
import secrets

import msgspec

from backorder.kernel.access import allowed
from backorder.kernel.errors import BackorderError
from backorder.kernel.inbound.forms import FORMS
from backorder.kernel.webhooks import OLD_SIGNS, SECRET_BYTES, secret_of
from backorder.storage import accounts
from backorder.storage import inbound as storage
from backorder.storage.audit import Entry, save_entries
from backorder.storage.db import Database, Tx
from backorder.storage.inbound import Delivery, Source

SECRETS = {
    "standard": "whsec_ and 24 to 64 bytes in base64",
    "shopify": "16 to 200 characters: the client secret of the app, or the one shown under Settings, Notifications",
    "woocommerce": "16 to 200 characters: the one that is said in the webhook's settings",
}
assert SECRETS.keys() == FORMS.keys(), "every form says what its secrets are"


class Refused(BackorderError):
    """A source cannot be as it is asked for; `field` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Missing(BackorderError):
    """There is no such source."""


class Beyond(BackorderError):
    """Whoever asks may do less than the source might, by its account."""


def put_source(
    db: Database,
    now: int,
    source: str,
    *,
    form: str,
    account: str,
    secret: str | None = None,
    by: str,
    role: str = "",
    request: str = "-",
    mine: frozenset[str] | None = None,
) -> None:
    """Let a shop send in a form, as a program's account; with another secret the one before proves for a day more.

    `mine` are the permissions of whoever asks; None for the command line, which may all. Raises Refused and Beyond.
    """
    if form not in FORMS:
        raise Refused("form", f"there is no such form: use {', '.join(FORMS)}")
    if secret is not None and FORMS[form].key(secret) is None:
        raise Refused("secret", f"a secret of this form is {SECRETS[form]}")
    with db.write() as tx:
        owner = accounts.lock_account(tx, account)
        if owner is None or owner.kind != "program" or owner.disabled_at is not None:
            raise Refused("account", "name the account of a program that is not disabled")
        before = storage.lock_source(tx, source)
        _within(tx, mine, account, *([] if before is None else [before.account]))
        if before is None:
            storage.save_source(tx, Source(source, form, account, secret, None, None, now), new=True)
        elif before.form != form:
            raise Refused("form", f"it is {before.form} and stays so: put another source")
        else:
            made = before._replace(account=account)
            storage.save_source(tx, made if secret is None else _with_secret(made, secret, now), new=False)
        _note(tx, now, Entry(by, role, request, "put_source", source, 1, ""), [form, account, secret is not None])


def rotate_source(
    db: Database,
    now: int,
    source: str,
    *,
    by: str,
    role: str = "",
    request: str = "-",
    mine: frozenset[str] | None = None,
) -> str:
    """Give a source a new secret, which is shown this once; the one before proves for a day more.

    Raises Missing, Beyond, and Refused where the shop gives the secret.
    """
    secret = secret_of(secrets.token_bytes(SECRET_BYTES))
    with db.write() as tx:
        found = _held(tx, source, mine)
        if not FORMS[found.form].draws:
            raise Refused("source", f"{found.form} gives the secret: put the source with it")
        storage.save_source(tx, _with_secret(found, secret, now), new=False)
        _note(tx, now, Entry(by, role, request, "rotate_source", source, 1, ""), [])
    return secret


def delete_source(
    db: Database,
    now: int,
    source: str,
    *,
    by: str,
    role: str = "",
    request: str = "-",
    mine: frozenset[str] | None = None,
) -> None:
    """Take a source away: nothing it sends is taken any more. Raises Missing and Beyond."""
    with db.write() as tx:
        _held(tx, source, mine)
        storage.delete_source(tx, source)
        _note(tx, now, Entry(by, role, request, "delete_source", source, 1, ""), [])


def find_source(db: Database, source: str) -> Source | None:
    """A source by its name, with its secrets, for the door alone."""
    with db.read() as tx:
        return storage.load_source(tx, source)


def proving(source: Source, now: int) -> list[str]:
    """The secrets that prove a delivery of the source now."""
    old = source.old_secret if source.old_until is not None and source.old_until > now else None
    return [secret for secret in (source.secret, old) if secret is not None]


def had(db: Database, source: str, delivery: str, order: str | None) -> tuple[Delivery | None, bool]:
    """What came of the delivery before, and whether its order was cancelled before it came."""
    with db.read() as tx:
        early = order is not None and storage.ended_early(tx, source, order)
        return storage.load_delivery(tx, source, delivery), early


def record(db: Database, delivery: Delivery) -> None:
    """Write down what came of a delivery."""
    with db.write() as tx:
        storage.save_delivery(tx, delivery)


def _with_secret(before: Source, secret: str, now: int) -> Source:
    if before.secret == secret:
        return before
    until = None if before.secret is None else now + OLD_SIGNS
    return before._replace(secret=secret, old_secret=before.secret, old_until=until)


def _held(tx: Tx, source: str, mine: frozenset[str] | None) -> Source:
    found = storage.lock_source(tx, source)
    if found is None:
        raise Missing(f"there is no source {source}")
    _within(tx, mine, found.account)
    return found


def _within(tx: Tx, mine: frozenset[str] | None, *touched: str) -> None:
    """Raise Beyond where one of the accounts may do what whoever asks may not."""
    for name in touched if mine is not None else ():
        owner = accounts.load_account(tx, name)
        assert owner is not None, "a source refers to its account"
        if not allowed(owner.role, None, bound=owner.customer is not None) <= (mine or frozenset()):
            raise Beyond("the source's account may do more than you may yourself")


def _note(tx: Tx, now: int, entry: Entry, said: list[object]) -> None:
    digest = hashlib.sha256(msgspec.json.encode(said)).hexdigest()
    save_entries(tx, [entry._replace(digest=digest)], now)
