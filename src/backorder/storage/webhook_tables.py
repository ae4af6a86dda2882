"""The tables of webhooks: endpoints with their secrets, and the last attempts to reach them."""

from sqlalchemy import Index, PrimaryKeyConstraint

from backorder.storage.schema import key, moment, named, reference, table, units, word

# To whom events are told, where and which. The secrets sign, so they are kept as they are; no query shows them.
webhooks = table(
    "webhooks",
    key("webhook"),
    word("url", nullable=False),
    word("events", nullable=False),
    word("secret"),
    word("old_secret"),
    moment("old_until", nullable=True),
    moment("made_at"),
    moment("disabled_at", nullable=True),
    word("disabled_why"),
    moment("failing_since", nullable=True),
    PrimaryKeyConstraint("webhook"),
    named("old", "(old_secret IS NULL) = (old_until IS NULL) AND (old_secret IS NULL OR secret IS NOT NULL)"),
    named("disabled", "(disabled_at IS NULL) = (disabled_why IS NULL)"),
)

# What came of each try to reach an endpoint; kept for a week.
webhook_attempts = table(
    "webhook_attempts",
    units("n"),
    reference("webhook", "webhooks.webhook"),
    units("event"),
    moment("at"),
    units("took_ms"),
    units("status", nullable=True),
    word("error"),
    PrimaryKeyConstraint("n"),
    named("first", "n >= 1"),
    named("took", "took_ms >= 0"),
    named("said", "status IS NOT NULL OR error IS NOT NULL"),
)
Index("ix_webhook_attempts_webhook", webhook_attempts.c.webhook, webhook_attempts.c.n)
Index("ix_webhook_attempts_at", webhook_attempts.c.at)
