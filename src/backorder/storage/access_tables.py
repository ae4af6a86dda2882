"""The tables of access: accounts, their tokens and sessions, and the audit trail of what they did."""

from sqlalchemy import Index, PrimaryKeyConstraint

from backorder.kernel.access import ROLES
from backorder.storage.schema import flag, key, moment, named, one_of, reference, refuse, table, units, word

# Who may do something here: a person, or a program that acts for the shop, or for the one customer that is named.
accounts = table(
    "accounts",
    key("account"),
    word("kind", nullable=False),
    word("role", nullable=False),
    word("password"),
    moment("made_at"),
    moment("disabled_at", nullable=True),
    units("failures"),
    moment("wait_until", nullable=True),
    reference("customer", "customers.customer", nullable=True),
    PrimaryKeyConstraint("account"),
    one_of("kind", "person", "program"),
    one_of("role", *ROLES),
    named("password", "password IS NULL OR (kind = 'person' AND password LIKE '$argon2id$%')"),
    named("failures", "failures >= 0"),
)
Index("ix_accounts_customer", accounts.c.customer)

# A token is shown once; kept are its public part, by which it is found, and the digest of its secret part.
tokens = table(
    "tokens",
    key("token"),
    reference("account", "accounts.account"),
    word("digest", nullable=False),
    word("scopes"),
    word("purpose"),
    moment("made_at"),
    moment("expires_at", nullable=True),
    moment("used_at", nullable=True),
    moment("revoked_at", nullable=True),
    PrimaryKeyConstraint("token"),
    named("digest", "length(digest) = 64"),
)
Index("ix_tokens_account", tokens.c.account)

# What a browser shows as its cookie, or a link as its last part, is kept as its digest alone.
sessions = table(
    "sessions",
    key("digest"),
    reference("account", "accounts.account"),
    moment("made_at"),
    moment("seen_at"),
    moment("expires_at"),
    flag("link"),
    PrimaryKeyConstraint("digest"),
    named("link", "link IN (0, 1)"),
)
Index("ix_sessions_account", sessions.c.account)

# Who asked for what, one entry a request, in the transaction that did it. Each entry's hash covers the one before.
audit = table(
    "audit",
    units("n"),
    moment("at"),
    word("actor", nullable=False),
    word("role", nullable=False),
    word("request", nullable=False),
    word("what", nullable=False),
    word("subject"),
    units("commands"),
    word("digest", nullable=False),
    word("hash", nullable=False),
    PrimaryKeyConstraint("n"),
    named("first", "n >= 1"),
    named("hash", "length(hash) = 64"),
)
for _what in ("actor", "what", "subject"):  # what the trail is narrowed to, newest first
    Index(f"ix_audit_{_what}", audit.c[_what], audit.c.n)
refuse(audit, "audit_no_delete", "DELETE")
refuse(audit, "audit_no_update", "UPDATE")

# The end of the chain: whoever adds to it holds this row until commit, so that its order is that of commits.
audit_head = table(
    "audit_head",
    units("n"),
    word("hash", nullable=False),
    flag("one"),
    PrimaryKeyConstraint("one"),
    named("one", "one = 1"),
)
