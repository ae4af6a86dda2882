"""The tables of what customers are owed: rule packs, the clocks that run by them, notices, answers, refunds."""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, literal_column, text

from backorder.storage.schema import (
    AMOUNT_MAX,
    UNITS_MAX,
    day,
    flag,
    key,
    moment,
    named,
    one_of,
    reference,
    table,
    units,
    word,
)

# Texts of rule packs by which clocks run or ran, whatever a later release or the merchant makes of the name.
packs = table(
    "packs",
    key("digest"),
    word("pack", nullable=False),
    moment("at"),
    word("text", nullable=False),
    PrimaryKeyConstraint("digest"),
)

# The merchant's own packs: they come before those that come along.
own_packs = table(
    "own_packs",
    key("pack"),
    reference("digest", "packs.digest"),
    PrimaryKeyConstraint("pack"),
)

# The shop's policy on what customers are told. Without `rules` (a list, which may be empty) no clock runs. `wordings`
# is a list of what the merchant says in letters, each with its kind and language; `answers` and `charging` are among
# the kinds, where they are said in a language.
communication = table(
    "communication",
    key("shop"),
    word("rules"),
    word("answers"),
    word("contact"),
    word("charging"),
    units("wait_minutes"),
    units("margin_days"),
    units("heartbeat_days"),
    units("closing_hours"),
    word("shop_name"),
    word("colour"),
    word("signature"),
    word("wordings"),
    PrimaryKeyConstraint("shop"),
    named("one", "shop = 'shop'"),
    named("on", "rules IS NULL OR (answers IS NOT NULL AND contact IS NOT NULL AND charging IS NOT NULL)"),
    named("waits", "wait_minutes BETWEEN 0 AND 1440 AND margin_days BETWEEN 0 AND 30"),
    named("looks", "colour IS NULL OR length(colour) = 7"),
    named("beats", "heartbeat_days BETWEEN 1 AND 365 AND closing_hours BETWEEN 0 AND 12"),
)

# How each line stands under each pack. `told_on` and `cancelled` are the line's own, and alike on all of its clocks:
# the ship day that its customer was last told of (null: that there is none), and the cancelled units that were seen to.
# Of days that can be "never", null means that.
clocks = table(
    "clocks",
    key("order_id"),
    key("line"),
    key("pack"),
    reference("digest", "packs.digest"),
    word("zone", nullable=False),
    units("transit_days"),
    day("began_on", nullable=False),
    day("stated_on"),
    day("told_on"),
    units("cancelled"),
    word("state", nullable=False),
    day("limit_on", nullable=False),
    day("until_on"),
    flag("offered"),
    day("offered_on"),
    word("silence", nullable=False),
    day("leave_from"),
    day("vested_on"),
    day("refund_by"),
    word("cause"),
    PrimaryKeyConstraint("order_id", "line", "pack"),
    ForeignKeyConstraint(["order_id", "line"], ["lines.order_id", "lines.line"]),
    one_of(
        "state",
        "open",
        "asked",
        "waiting",
        "renewed",
        "waiting_indefinite",
        "late",
        "shipped",
        "refund_due",
        "refunded",
    ),
    one_of("silence", "consent", "cancel", "none"),
    one_of("cause", "silence", "missed", "buyer", "seller"),
    named("cancelled", f"cancelled BETWEEN 0 AND {UNITS_MAX} AND transit_days BETWEEN 0 AND 365"),
    named("offered", "offered IN (0, 1) AND (offered = 1 OR offered_on IS NULL)"),
    named("vested", "(state IN ('refund_due', 'refunded')) = (vested_on IS NOT NULL)"),
    named("refund", "(vested_on IS NULL) = (refund_by IS NULL) AND (vested_on IS NULL) = (cause IS NULL)"),
    named("runs", "until_on IS NOT NULL OR state IN ('waiting_indefinite', 'shipped', 'refund_due', 'refunded')"),
)

# What was told, answered and done, in order: by it clocks can be counted again, and courts convinced.
evidence = table(
    "evidence",
    reference("order_id", "orders.order_id"),
    units("n"),
    moment("at"),
    day("on_day", nullable=False),
    word("line"),
    word("kind", nullable=False),
    day("to_day"),
    units("quantity", nullable=True),
    units("notice", nullable=True),
    word("by_whom"),
    word("means"),
    word("note"),
    day("answer_by"),
    PrimaryKeyConstraint("order_id", "n"),
    one_of(
        "kind",
        "told",
        "bounced",
        "delivered",
        "suppressed",
        "agreed",
        "called",
        "left",
        "declined",
        "lapsed",
        "reduced",
        "substituted",
        "parted",
        "shipped",
        "unshipped",
        "arrived",
        "refunded",
        "began",
        "silent",
    ),
    named("numbered", "n >= 1"),
)

# A notice is due, then sent with its text, or it never is. `deadline` is the last moment of what it waits for: to be
# sent while it is due, the answer once it was sent; `trouble` says why it does not go by itself.
notices = table(
    "notices",
    reference("order_id", "orders.order_id"),
    units("n"),
    word("kind", nullable=False),
    word("state", nullable=False),
    moment("made_at"),
    moment("changed_at"),
    moment("send_at", nullable=True),
    moment("deadline", nullable=True),
    word("gist", nullable=False),
    word("trouble"),
    moment("sent_at", nullable=True),
    day("answer_by"),
    word("silence", nullable=False),
    word("facts"),
    word("subject"),
    word("text"),
    word("version"),
    word("digest"),
    word("by_whom"),
    word("means"),
    word("reason"),
    word("sent_to"),
    PrimaryKeyConstraint("order_id", "n"),
    one_of("kind", "short", "long", "indefinite", "renewed", "delay", "better", "still", "cancelled"),
    one_of("state", "due", "asking", "bounced", "told", "answered", "lapsed", "replaced", "suppressed", "withdrawn"),
    one_of("trouble", "no_address", "bounced"),
    one_of("silence", "consent", "cancel", "none"),
    named("sent", "(sent_at IS NULL) = (state IN ('due', 'suppressed', 'withdrawn'))"),
    named("whole", "(sent_at IS NULL) = (text IS NULL) AND (text IS NULL) = (digest IS NULL)"),
    named("asking", "state <> 'asking' OR (deadline IS NOT NULL AND answer_by IS NOT NULL)"),
)
_OPEN = text("state IN ('due', 'asking', 'bounced')")
Index(
    "ix_notices_open",
    notices.c.state,
    notices.c.deadline,
    notices.c.order_id,
    notices.c.n,
    postgresql_where=_OPEN,
    sqlite_where=_OPEN,
)
_DUE = text("state = 'due' AND kind <> 'cancelled'")
Index("uq_notices_due", notices.c.order_id, unique=True, postgresql_where=_DUE, sqlite_where=_DUE)
_TROUBLED = text("state = 'due' AND trouble IS NOT NULL")
Index(
    "ix_notices_troubled",
    notices.c.deadline,
    notices.c.order_id,
    notices.c.n,
    postgresql_where=_TROUBLED,
    sqlite_where=_TROUBLED,
)

# Money that has to go back, until somebody records that it did. Without an amount, a person has to say it.
refunds = table(
    "refunds",
    reference("order_id", "orders.order_id"),
    units("n"),
    moment("made_at"),
    word("cause", nullable=False),
    day("vested_on", nullable=False),
    day("refund_by", nullable=False),
    moment("deadline"),
    units("amount", nullable=True),
    word("lines", nullable=False),
    word("state", nullable=False),
    moment("ended_at", nullable=True),
    units("refunded", nullable=True),
    word("form"),
    word("reference"),
    word("by_whom"),
    PrimaryKeyConstraint("order_id", "n"),
    one_of("cause", "silence", "missed", "buyer", "seller"),
    one_of("state", "due", "overdue", "refunded"),
    one_of("form", "same_method", "credit_memo", "statement", "cash", "cheque", "transfer"),
    named("amounts", f"amount BETWEEN 0 AND {AMOUNT_MAX} AND refunded BETWEEN 0 AND {AMOUNT_MAX}"),
    named("ended", "(state = 'refunded') = (ended_at IS NOT NULL)"),
    named("recorded", "(state = 'refunded') = (form IS NOT NULL) AND (state = 'refunded') = (refunded IS NOT NULL)"),
)
_TO_PAY = text("state IN ('due', 'overdue')")
Index(
    "ix_refunds_due",
    refunds.c.deadline,
    refunds.c.order_id,
    refunds.c.n,
    postgresql_where=_TO_PAY,
    sqlite_where=_TO_PAY,
)

# The conditions of the partial indexes, word for word, for those who look for such rows.
NOTICE_OPEN_AS = {state: notices.c.state == literal_column(f"'{state}'") for state in ("due", "asking", "bounced")}
NOTICE_OPEN = notices.c.state.in_([literal_column(f"'{state}'") for state in NOTICE_OPEN_AS])
REFUND_TO_PAY = refunds.c.state.in_([literal_column(f"'{state}'") for state in ("due", "overdue")])
