"""The table of who wants to be told when an item is back."""

from sqlalchemy import Index, PrimaryKeyConstraint, text

from backorder.storage.schema import moment, named, one_of, reference, table, units, word

# One for each item and person. Numbers are never given again: an event speaks of a watch by its number. Who it is, is
# gone when it ends, or some days after they were told.
watches = table(
    "watches",
    reference("sku", "items.sku"),
    units("n"),
    reference("customer", "customers.customer", nullable=True),
    word("email"),
    word("language"),
    word("state", nullable=False),
    moment("asked_at"),
    moment("until_at"),
    moment("ended_at", nullable=True),
    PrimaryKeyConstraint("sku", "n"),
    named("first", "n >= 1"),
    one_of("state", "waiting", "told", "withdrawn", "expired"),
    named("ended", "(state = 'waiting') = (ended_at IS NULL)"),
    named("somebody", "state <> 'waiting' OR (customer IS NULL) <> (email IS NULL)"),
    named("gone", "state IN ('waiting', 'told') OR (customer IS NULL AND email IS NULL)"),
    named("ends", "until_at >= asked_at"),
)
_WAITING = text("state = 'waiting'")
for _who in ("customer", "email"):
    Index(
        f"uq_watches_{_who}",
        watches.c.sku,
        watches.c[_who],
        unique=True,
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    )
Index("ix_watches_until", watches.c.until_at, postgresql_where=_WAITING, sqlite_where=_WAITING)
Index("ix_watches_ended", watches.c.ended_at)
Index("ix_watches_customer", watches.c.customer)
