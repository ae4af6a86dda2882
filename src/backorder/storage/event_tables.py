"""The tables of what is told and of what is due: events, who is told of them, and timers."""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, text

from backorder.storage.schema import (
    in_order_of_commits,
    key,
    moment,
    named,
    one_of,
    reference,
    refuse,
    table,
    units,
    word,
)

# What happened, numbered by the database in the order of commits: who has seen an event has seen all before it.
events = table(
    "events",
    units("n"),
    moment("at"),
    word("kind", nullable=False),
    word("subject", nullable=False),
    word("data", nullable=False),
    PrimaryKeyConstraint("n"),
    named("first", "n >= 1"),
)
Index("ix_events_subject", events.c.subject, events.c.n)
refuse(events, "events_no_update", "UPDATE")  # old ones may go: what they told stands in the ledgers
in_order_of_commits(events)

# Whom events are sent to, and up to which event their messages are in the outbox.
feeds = table(
    "feeds",
    key("sender"),
    units("after_n"),
    moment("made_at"),
    PrimaryKeyConstraint("sender"),
    named("after", "after_n >= 0"),
)

# One message for each event and sender. Whoever sends it claims it for a while; the claim's number is its fence.
# Without `due_at` it waits behind another of its subject, and is due when that one has ended.
outbox = table(
    "outbox",
    units("event"),
    reference("sender", "feeds.sender"),
    word("subject", nullable=False),
    word("state", nullable=False),
    moment("due_at", nullable=True),
    units("attempts"),
    units("claim"),
    moment("leased_until", nullable=True),
    moment("ended_at", nullable=True),
    word("error"),
    PrimaryKeyConstraint("event", "sender"),
    ForeignKeyConstraint(["event"], ["events.n"]),
    one_of("state", "waiting", "sent", "dead", "discarded"),
    named("counts", "attempts >= 0 AND claim >= 0"),
    named("ended", "(state = 'waiting') = (ended_at IS NULL)"),
    named("leased", "leased_until IS NULL OR state = 'waiting'"),
)
_WAITING = text("state = 'waiting'")
Index(
    "ix_outbox_due",
    outbox.c.sender,
    outbox.c.due_at,
    outbox.c.event,
    postgresql_where=_WAITING,
    sqlite_where=_WAITING,
)
Index(
    "ix_outbox_subject",
    outbox.c.sender,
    outbox.c.subject,
    outbox.c.event,
    postgresql_where=_WAITING,
    sqlite_where=_WAITING,
)
Index("ix_outbox_ended", outbox.c.state, outbox.c.event)

# When something is due: a timer becomes a command and is closed, or moved on, in the transaction of its effect.
timers = table(
    "timers",
    key("kind"),
    key("subject"),
    moment("due_at"),
    units("attempts"),
    units("claim"),
    moment("leased_until", nullable=True),
    moment("dead_at", nullable=True),
    word("error"),
    PrimaryKeyConstraint("kind", "subject"),
    named("counts", "attempts >= 0 AND claim >= 0"),
    named("dead", "dead_at IS NULL OR leased_until IS NULL"),
)
_ALIVE = text("dead_at IS NULL")
Index("ix_timers_due", timers.c.due_at, postgresql_where=_ALIVE, sqlite_where=_ALIVE)
