"""The tables of what shops send: the sources with their secrets, and the last deliveries."""

from sqlalchemy import Index, PrimaryKeyConstraint

from backorder.kernel.inbound.forms import FORMS
from backorder.storage.schema import key, moment, named, one_of, reference, table, word

# Who may send, in which form, and as which account it acts. The secrets prove, so they are kept as they are; no query
# shows them.
inbound_sources = table(
    "inbound_sources",
    key("source"),
    word("form", nullable=False),
    reference("account", "accounts.account"),
    word("secret"),
    word("old_secret"),
    moment("old_until", nullable=True),
    moment("made_at"),
    PrimaryKeyConstraint("source"),
    one_of("form", *FORMS),
    named("old", "(old_secret IS NULL) = (old_until IS NULL) AND (old_secret IS NULL OR secret IS NOT NULL)"),
)
Index("ix_inbound_sources_account", inbound_sources.c.account)

# What came of each delivery, by what it is known by; kept for a month. They outlive their source, so that a source
# which is put anew knows again what it has had.
inbound_deliveries = table(
    "inbound_deliveries",
    key("source"),
    key("delivery"),
    moment("at"),
    word("topic", nullable=False),
    word("given", nullable=False),
    word("state", nullable=False),
    word("order_id"),
    word("message"),
    PrimaryKeyConstraint("source", "delivery"),
    one_of("state", "done", "refused", "ignored", "early", "invalid"),
)
Index("ix_inbound_deliveries_at", inbound_deliveries.c.at)
Index("ix_inbound_deliveries_order", inbound_deliveries.c.source, inbound_deliveries.c.order_id)
