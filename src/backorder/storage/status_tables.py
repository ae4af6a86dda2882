"""The tables of the status page: links that open it, and what customers chose there until it took effect."""

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint, text

from backorder.storage.schema import moment, named, one_of, reference, table, units, word

DAYS_MAX = 365

# A link is shown once; kept is the digest of its token, by which it is found. It ends so many days after the order.
status_links = table(
    "status_links",
    reference("order_id", "orders.order_id"),
    units("n"),
    word("digest", nullable=False),
    word("purpose", nullable=False),
    units("days"),
    moment("made_at"),
    moment("revoked_at", nullable=True),
    PrimaryKeyConstraint("order_id", "n"),
    UniqueConstraint("digest"),
    one_of("purpose", "answer", "read"),
    named("digest", "length(digest) = 64"),
    named("days", f"days BETWEEN 1 AND {DAYS_MAX} AND n >= 1"),
)

# What a customer chose, with the words that they confirmed. `lines` are (line, day that was shown of it).
status_choices = table(
    "status_choices",
    reference("order_id", "orders.order_id"),
    units("n"),
    word("answer", nullable=False),
    word("lines", nullable=False),
    word("sku"),
    units("notice", nullable=True),
    word("note", nullable=False),
    word("said", nullable=False),
    moment("at"),
    moment("effective_at"),
    word("state", nullable=False),
    word("outcome"),
    word("message"),
    moment("ended_at", nullable=True),
    PrimaryKeyConstraint("order_id", "n"),
    one_of("answer", "wait", "cancel", "substitute", "ship_available"),
    one_of("state", "pending", "withdrawn", "done", "refused"),
    named("whole", "(answer = 'substitute') = (sku IS NOT NULL) AND n >= 1"),
    named("after", "effective_at >= at"),
    named("ended", "(state = 'pending') = (ended_at IS NULL)"),
    named("outcome", "(state IN ('done', 'refused')) = (outcome IS NOT NULL)"),
)
_PENDING = text("state = 'pending'")
Index(
    "uq_status_choices_pending",
    status_choices.c.order_id,
    unique=True,
    postgresql_where=_PENDING,
    sqlite_where=_PENDING,
)
