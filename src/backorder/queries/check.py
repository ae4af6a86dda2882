"""Every invariant that spans rows, as a query that must find nothing: the proof that a database is sound.

What one row can break alone, the tables refuse (`storage/tables.py`); here is the rest. Each rule selects the
subject that breaks it, what the row says and what it should say.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from sqlalchemy import TextClause, text

from backorder.queries.clocks import judged
from backorder.storage.audit import broken
from backorder.storage.db import Database, Tx
from backorder.storage.tables import metadata


class Finding(NamedTuple):
    """A subject that breaks a rule; `message` says what is there and what should be."""

    rule: str
    subject: str
    message: str


class Rule(NamedTuple):
    """A rule by name, in words, and the query for what breaks it: (subject, is, should be).

    What no query can say is counted in Python (`queries/clocks.py`).
    """

    name: str
    meaning: str
    query: str | None = None


_LINE = "{0}.order_id || ' ' || {0}.line"
_OF_ORDER = "coalesce({0}.channel, 'none') || ', ' || coalesce({0}.customer, 'nobody') || ', held ' || {0}.held"


def _references() -> str:
    """For every foreign key, rows that name one which is not there: the databases watch it too, unless told not to."""
    parts = []
    for table in metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            pairs = [(e.parent.name, e.column.name) for e in key.elements]
            other = key.referred_table.name
            names = " || ' ' || ".join(f"t.{mine}" for mine, _ in pairs)
            match = " AND ".join(f"r.{theirs} = t.{mine}" for mine, theirs in pairs)
            given = " AND ".join(f"t.{mine} IS NOT NULL" for mine, _ in pairs)
            parts.append(
                f"SELECT '{table.name} ' || {names} AS subject, '{other}' AS is_, 'a row of it' AS wanted "
                f"FROM {table.name} t WHERE {given} AND NOT EXISTS (SELECT 1 FROM {other} r WHERE {match})"
            )
    return f"SELECT subject, is_, wanted FROM ({' UNION ALL '.join(parts)}) broken"


RULES = (
    Rule("references", "What a row names is there.", _references()),
    Rule(
        "supply_pegged",
        "A supply's pegged units are the sum of its pegs.",
        """SELECT s.supply, s.pegged, coalesce(p.units, 0) FROM supplies s
           LEFT JOIN (SELECT supply, sum(quantity) AS units FROM pegs GROUP BY supply) p ON p.supply = s.supply
           WHERE s.pegged <> coalesce(p.units, 0)""",
    ),
    Rule(
        "line_allocated",
        "A line's allocated units are the sum of its pegs to stock.",
        f"""SELECT {_LINE.format("l")}, l.allocated, coalesce(p.units, 0) FROM lines l
           LEFT JOIN (SELECT order_id, line, sum(quantity) AS units FROM pegs WHERE substr(supply, 1, 6) = 'stock/'
                      GROUP BY order_id, line) p ON p.order_id = l.order_id AND p.line = l.line
           WHERE l.allocated <> coalesce(p.units, 0)""",
    ),
    Rule(
        "line_covered",
        "A line's covered units are the sum of its pegs to inbound supply.",
        f"""SELECT {_LINE.format("l")}, l.covered, coalesce(p.units, 0) FROM lines l
           LEFT JOIN (SELECT order_id, line, sum(quantity) AS units FROM pegs WHERE substr(supply, 1, 6) <> 'stock/'
                      GROUP BY order_id, line) p ON p.order_id = l.order_id AND p.line = l.line
           WHERE l.covered <> coalesce(p.units, 0)""",
    ),
    Rule(
        "line_firm",
        "A line is firm until the first day on which supply that it stands on is expected; never where one is unsure.",
        f"""SELECT {_LINE.format("l")}, l.firm_until, p.until FROM lines l
           LEFT JOIN (SELECT order_id, line,
                             min(CASE WHEN s.confirmed = 0 THEN '1970-01-01' ELSE s.expected_on END) AS until
                      FROM pegs JOIN supplies s ON s.supply = pegs.supply WHERE s.kind <> 'stock'
                      GROUP BY order_id, line) p ON p.order_id = l.order_id AND p.line = l.line
           WHERE l.firm_until IS DISTINCT FROM p.until""",
    ),
    Rule(
        "peg_item",
        "A line is pegged to supplies of its own item.",
        f"""SELECT {_LINE.format("p")}, s.sku, l.sku FROM pegs p
           JOIN supplies s ON s.supply = p.supply JOIN lines l ON l.order_id = p.order_id AND l.line = p.line
           WHERE s.sku <> l.sku""",
    ),
    Rule(
        "pins_first",
        "Of a line's units on one supply, those that are pinned ship first.",
        f"""SELECT {_LINE.format("p")} || ' ' || p.supply, p.pinned, p.quantity FROM pegs p
           JOIN pegs q ON q.order_id = p.order_id AND q.line = p.line AND q.supply = p.supply
           WHERE q.ships_on > p.ships_on AND q.pinned > 0 AND p.pinned < p.quantity""",
    ),
    Rule(
        "stock_ledger",
        "What is on hand is the sum of the stock ledger.",
        """SELECT s.supply, s.quantity, coalesce(m.units, 0) FROM supplies s
           LEFT JOIN (SELECT supply, sum(delta) AS units FROM stock_moves GROUP BY supply) m ON m.supply = s.supply
           WHERE s.kind = 'stock' AND s.quantity <> coalesce(m.units, 0)""",
    ),
    Rule(
        "stock_ledger_whole",
        "The stock ledger has every entry from the first to the last.",
        """SELECT s.supply, coalesce(s.moves, 0), coalesce(m.entries, 0) FROM supplies s
           LEFT JOIN (SELECT supply, count(*) AS entries FROM stock_moves GROUP BY supply) m ON m.supply = s.supply
           WHERE coalesce(s.moves, 0) <> coalesce(m.entries, 0)""",
    ),
    Rule(
        "stock_ledger_chain",
        "Each entry of the stock ledger begins with what the one before left.",
        """SELECT m.supply || ' ' || m.n, m.before_units, b.after_units FROM stock_moves m
           JOIN stock_moves b ON b.supply = m.supply AND b.n = m.n - 1 WHERE b.after_units <> m.before_units""",
    ),
    Rule(
        "stock_name",
        "Stock is kept under the name of its site and item.",
        """SELECT supply, supply, 'stock/' || site || '/' || sku FROM supplies
           WHERE kind = 'stock' AND supply <> 'stock/' || site || '/' || sku""",
    ),
    Rule(
        "received_units",
        "A supply's received units are the sum of its receipts.",
        """SELECT s.supply, s.received, coalesce(r.units, 0) FROM supplies s
           LEFT JOIN (SELECT supply, sum(quantity) AS units FROM receipts GROUP BY supply) r ON r.supply = s.supply
           WHERE s.received - s.received_before <> coalesce(r.units, 0)""",
    ),
    Rule(
        "received_stock",
        "What was received of an item at a site went into its stock.",
        """SELECT s.sku || ' at ' || s.site, sum(s.received - s.received_before), coalesce(max(m.units), 0)
           FROM supplies s
           LEFT JOIN (SELECT k.sku, k.site, sum(m.delta) AS units FROM stock_moves m
                      JOIN supplies k ON k.supply = m.supply WHERE m.kind = 'receipt' GROUP BY k.sku, k.site) m
                ON m.sku = s.sku AND m.site = s.site
           GROUP BY s.sku, s.site HAVING sum(s.received - s.received_before) <> coalesce(max(m.units), 0)""",
    ),
    Rule(
        "shipped_units",
        "A line's shipped units are those of its shipments, reversed ones apart, and those shipped before going live.",
        f"""SELECT {_LINE.format("l")}, l.shipped, coalesce(x.units, 0) FROM lines l
           LEFT JOIN (SELECT u.order_id, u.line, sum(u.quantity) AS units FROM shipment_lines u
                      JOIN shipments s ON s.shipment = u.shipment WHERE s.reversed_at IS NULL
                      GROUP BY u.order_id, u.line) x
                ON x.order_id = l.order_id AND x.line = l.line
           WHERE l.shipped - l.shipped_before <> coalesce(x.units, 0)""",
    ),
    Rule(
        "reversed_stock",
        "What a reversed shipment carried is back in the stock that it left.",
        """SELECT x.shipment || ' ' || x.supply, sum(x.quantity), coalesce(max(m.units), 0) FROM shipment_lines x
           JOIN shipments s ON s.shipment = x.shipment
           LEFT JOIN (SELECT supply, reference, sum(delta) AS units FROM stock_moves WHERE kind = 'reversal'
                      GROUP BY supply, reference) m ON m.supply = x.supply AND m.reference = x.shipment
           WHERE s.reversed_at IS NOT NULL OR m.units IS NOT NULL
           GROUP BY x.shipment, x.supply, s.reversed_at
           HAVING sum(x.quantity) <> coalesce(max(m.units), 0) OR s.reversed_at IS NULL""",
    ),
    Rule(
        "transfer_sent",
        "What a transfer brings left the site that it comes from.",
        """SELECT s.supply, s.quantity - coalesce(max(r.units), 0), coalesce(max(m.units), 0) FROM supplies s
           LEFT JOIN (SELECT supply, sum(surplus) AS units FROM receipts GROUP BY supply) r ON r.supply = s.supply
           LEFT JOIN (SELECT reference, -sum(delta) AS units FROM stock_moves WHERE kind = 'transfer'
                      GROUP BY reference) m ON m.reference = s.supply
           WHERE s.from_site IS NOT NULL GROUP BY s.supply, s.quantity
           HAVING s.quantity - coalesce(max(r.units), 0) <> coalesce(max(m.units), 0)""",
    ),
    Rule(
        "transfer_kept",
        "What left a site as a transfer is announced somewhere.",
        """SELECT m.supply || ' ' || m.n, m.reference, 'no such supply' FROM stock_moves m
           LEFT JOIN supplies s ON s.supply = m.reference AND s.from_site IS NOT NULL
           WHERE m.kind = 'transfer' AND s.supply IS NULL""",
    ),
    Rule(
        "cancellations_whole",
        "The ledger of a line's cancellations has every entry from the first to the last.",
        """SELECT order_id || ' ' || line, count(*), max(n) FROM cancellations GROUP BY order_id, line
           HAVING count(*) <> max(n) OR min(n) <> 1""",
    ),
    Rule(
        "order_held",
        "An order is held while one of its holds stands.",
        """SELECT o.order_id, o.held, coalesce(h.units, 0) FROM orders o
           LEFT JOIN (SELECT order_id, 1 AS units FROM holds WHERE released_at IS NULL GROUP BY order_id) h
                ON h.order_id = o.order_id
           WHERE o.held <> coalesce(h.units, 0)""",
    ),
    Rule(
        "changes_whole",
        "The ledger of an order's changes has every entry from the first to the last.",
        """SELECT order_id, count(*), max(n) FROM changes GROUP BY order_id
           HAVING count(*) <> max(n) OR min(n) <> 1""",
    ),
    Rule(
        "of_order",
        "A line is of its order's channel and customer, and on hold as it is.",
        f"""SELECT {_LINE.format("l")}, {_OF_ORDER.format("l")}, {_OF_ORDER.format("o")} FROM lines l
           JOIN orders o ON o.order_id = l.order_id
           WHERE coalesce(l.channel, '') <> coalesce(o.channel, '') OR l.held <> o.held
           OR coalesce(l.customer, '') <> coalesce(o.customer, '')""",
    ),
    Rule(
        "raised_from",
        "A line that was raised from another is of the same order and item.",
        f"""SELECT {_LINE.format("l")}, l.raised_from, coalesce(f.sku, 'no such line') FROM lines l
           LEFT JOIN lines f ON f.order_id = l.order_id AND f.line = l.raised_from
           WHERE l.raised_from IS NOT NULL AND (f.sku IS NULL OR f.sku <> l.sku)""",
    ),
    Rule(
        "shipped_stock",
        "What a shipment carries left the stock that it names.",
        """SELECT x.shipment || ' ' || x.supply, sum(x.quantity), coalesce(max(m.units), 0) FROM shipment_lines x
           LEFT JOIN (SELECT supply, reference, -sum(delta) AS units FROM stock_moves WHERE kind = 'shipment'
                      GROUP BY supply, reference) m ON m.supply = x.supply AND m.reference = x.shipment
           GROUP BY x.shipment, x.supply HAVING sum(x.quantity) <> coalesce(max(m.units), 0)""",
    ),
    Rule(
        "shipment_lines_whole",
        "What left stock in a shipment, or came back to it, is a line of that shipment.",
        """SELECT m.supply || ' ' || m.n, m.reference, 'no such line' FROM stock_moves m
           LEFT JOIN shipment_lines x ON x.shipment = m.reference AND x.supply = m.supply
           WHERE m.kind IN ('shipment', 'reversal') AND x.shipment IS NULL""",
    ),
    Rule(
        "shipment_order",
        "A shipment carries lines of its own order.",
        """SELECT x.shipment, x.order_id, s.order_id FROM shipment_lines x
           JOIN shipments s ON s.shipment = x.shipment WHERE s.order_id <> x.order_id""",
    ),
    Rule(
        "delivered_after_shipped",
        "Nothing is delivered before it was shipped.",
        "SELECT shipment, delivered_at, at FROM shipments WHERE delivered_at < at",
    ),
    Rule(
        "cancelled_units",
        "A line's cancelled units are the sum of its cancellations.",
        f"""SELECT {_LINE.format("l")}, l.cancelled, coalesce(c.units, 0) FROM lines l
           LEFT JOIN (SELECT order_id, line, sum(quantity) AS units FROM cancellations GROUP BY order_id, line) c
                ON c.order_id = l.order_id AND c.line = l.line
           WHERE l.cancelled <> coalesce(c.units, 0)""",
    ),
    Rule(
        "promise_first",
        "Every line has its first promise in the ledger.",
        f"""SELECT {_LINE.format("l")}, 'none', 'a first promise' FROM lines l
           LEFT JOIN promises p ON p.order_id = l.order_id AND p.line = l.line AND p.n = 1 WHERE p.n IS NULL""",
    ),
    Rule(
        "promise_current",
        "A line's promise is the last one in its ledger.",
        f"""SELECT {_LINE.format("l")}, l.promise, p.to_day FROM lines l
           JOIN promises p ON p.order_id = l.order_id AND p.line = l.line AND p.n = l.revisions
           WHERE coalesce(l.promise, '1970-01-01') <> coalesce(p.to_day, '1970-01-01')""",
    ),
    Rule(
        "promise_ledger_whole",
        "The promise ledger has every revision from the first to the last.",
        f"""SELECT {_LINE.format("l")}, l.revisions, max(p.n) FROM lines l
           JOIN promises p ON p.order_id = l.order_id AND p.line = l.line
           GROUP BY l.order_id, l.line, l.revisions HAVING count(p.n) <> l.revisions OR max(p.n) <> l.revisions""",
    ),
    Rule(
        "promise_chain",
        "Each revision starts from the day that the one before gave.",
        f"""SELECT {_LINE.format("p")} || ' ' || p.n, p.from_day, b.to_day FROM promises p
           JOIN promises b ON b.order_id = p.order_id AND b.line = p.line AND b.n = p.n - 1
           WHERE coalesce(p.from_day, '1970-01-01') <> coalesce(b.to_day, '1970-01-01')""",
    ),
    Rule(
        "promise_after_request",
        "No line is promised before the day it was asked for.",
        f"""SELECT {_LINE.format("l")}, l.promise, l.requested_on FROM lines l
           WHERE l.waiting + l.allocated > 0 AND l.promise < l.requested_on""",
    ),
    Rule(
        "promise_together",
        "The open lines of an order that ships complete hold one promise.",
        """SELECT l.order_id, min(l.promise), max(l.promise) FROM lines l JOIN orders o ON o.order_id = l.order_id
           WHERE o.ship = 'complete' AND l.waiting + l.allocated > 0
           GROUP BY l.order_id HAVING min(l.promise) <> max(l.promise)""",
    ),
    Rule(
        "promise_covered",
        "A waiting line whose units are all covered has a promise.",
        f"""SELECT {_LINE.format("l")}, 'none', 'a promise' FROM lines l JOIN orders o ON o.order_id = l.order_id
           WHERE l.waiting > 0 AND l.covered = l.waiting AND l.promise IS NULL AND o.ship = 'when_ready'""",
    ),
    Rule(
        "slip_told",
        "A line planned after its promise has a lead-time day or a person's date that speaks for it; else it slips.",
        f"""SELECT {_LINE.format("l")}, l.promise, l.planned FROM lines l
           WHERE l.waiting > 0 AND l.lead_time_day IS NULL AND l.person_day IS NULL AND l.planned > l.promise""",
    ),
    Rule(
        "planned_day",
        "A waiting line is not planned before its last unit ships.",
        f"""SELECT {_LINE.format("l")}, l.planned, max(p.ships_on) FROM lines l
           JOIN pegs p ON p.order_id = l.order_id AND p.line = l.line WHERE l.waiting > 0
           GROUP BY l.order_id, l.line, l.planned HAVING l.planned < max(p.ships_on)""",
    ),
    Rule(
        "backordered",
        "A line that was served at once was promised from stock.",
        f"""SELECT {_LINE.format("l")}, p.basis, 'stock' FROM lines l
           JOIN promises p ON p.order_id = l.order_id AND p.line = l.line AND p.n = 1
           JOIN orders o ON o.order_id = l.order_id
           WHERE l.backordered = 0 AND p.basis NOT IN ('stock', 'imported') AND o.ship = 'when_ready'
             AND NOT EXISTS (SELECT 1 FROM changes x WHERE x.order_id = l.order_id AND x.what = 'ship')""",
    ),
    Rule(
        "available_day",
        "Inbound supply is not planned for before it is expected.",
        """SELECT supply, available_on, expected_on FROM supplies
           WHERE kind <> 'stock' AND available_on < expected_on""",
    ),
    Rule(
        "nothing_idle",
        "No unit waits uncovered while a unit of its item is free, unless a reallocation left it so.",
        f"""SELECT {_LINE.format("l")}, l.waiting - l.covered, 0 FROM lines l
           JOIN orders o ON o.order_id = l.order_id JOIN items i ON i.sku = l.sku
           LEFT JOIN categories c ON c.category = i.category LEFT JOIN shop d ON d.shop = 'shop'
           WHERE l.waiting > l.covered AND o.sites = '[]' AND o.held = 0
             AND coalesce(i.safety_stock, c.safety_stock, d.safety_stock, 0) = 0
             AND NOT EXISTS (SELECT 1 FROM item_sites p WHERE p.sku = l.sku AND p.safety_stock > 0)
             AND i.idle_by IS NULL
             AND EXISTS (SELECT 1 FROM supplies s
                         WHERE s.sku = l.sku AND s.quantity > s.received + s.cancelled + s.pegged)""",
    ),
    Rule(
        "order_lines",
        "Every order has a line.",
        """SELECT o.order_id, 0, 1 FROM orders o
           WHERE NOT EXISTS (SELECT 1 FROM lines l WHERE l.order_id = o.order_id)""",
    ),
    Rule(
        "lead_time_day",
        "Only lines that wait carry a lead-time day.",
        f"""SELECT {_LINE.format("l")}, l.lead_time_day, 'none' FROM lines l
           WHERE l.waiting = 0 AND l.lead_time_day IS NOT NULL""",
    ),
    Rule(
        "first_message_due",
        "Of a subject's messages that wait the first is due at some moment.",
        """SELECT o.sender || ' ' || o.event, 'none', 'a moment' FROM outbox o
           WHERE o.state = 'waiting' AND o.due_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.sender = o.sender AND e.subject = o.subject
                             AND e.state = 'waiting' AND e.event < o.event)""",
    ),
    Rule("owed_read", "What is kept of what customers are owed can be read."),
    Rule(
        "owed_timed", "An order has a timer for the first end of a clock, a notice that is to go, a refund that is due."
    ),
    Rule(
        "owed_watched",
        "Where clocks run, an open line has its clocks, or its order a timer that lets them begin.",
        f"""SELECT {_LINE.format("l")}, 'none', 'a clock' FROM lines l
           WHERE l.waiting + l.allocated > 0 AND EXISTS (SELECT 1 FROM communication WHERE rules IS NOT NULL)
             AND NOT EXISTS (SELECT 1 FROM clocks c WHERE c.order_id = l.order_id AND c.line = l.line)
             AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.kind = 'settle' AND t.subject = l.order_id)""",
    ),
    Rule("clock_counted", "A clock stands where what was told, answered and done has put it."),
    Rule("letter_whole", "A notice that went has the text that its digest was taken of."),
    Rule("pack_whole", "A rule pack by which clocks run has the text that its digest was taken of."),
    Rule(
        "evidence_whole",
        "The evidence of an order has every entry from the first to the last.",
        """SELECT order_id, count(*), max(n) FROM evidence GROUP BY order_id
           HAVING count(*) <> max(n) OR min(n) <> 1""",
    ),
    Rule(
        "evidence_line",
        "Evidence is of a line of its order, or of the order as a whole.",
        """SELECT e.order_id || ' ' || e.n, e.line, 'a line of it' FROM evidence e
           LEFT JOIN lines l ON l.order_id = e.order_id AND l.line = e.line
           WHERE e.line IS NOT NULL AND l.line IS NULL""",
    ),
    Rule(
        "notice_there",
        "Evidence names notices that there are; each refund has one that tells of it, each change one that may.",
        f"""SELECT e.order_id || ' ' || e.n, 'none', 'notice ' || e.notice FROM evidence e
           LEFT JOIN notices n ON n.order_id = e.order_id AND n.n = e.notice WHERE e.notice IS NOT NULL AND n.n IS NULL
           UNION ALL
           SELECT r.order_id || ' ' || r.n, 'none', 'a notice' FROM refunds r
           WHERE (r.ended_at IS NULL OR r.ended_at <> r.made_at OR r.refunded > 0)
             AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.order_id = r.order_id AND n.kind = 'cancelled')
           UNION ALL
           SELECT {_LINE.format("l")}, 'none', 'a notice' FROM lines l
           JOIN clocks c ON c.order_id = l.order_id AND c.line = l.line
           WHERE l.waiting + l.allocated > 0
             AND c.state IN ('open', 'asked', 'waiting', 'renewed', 'late', 'waiting_indefinite')
             AND coalesce(l.promise, '1970-01-01') <> coalesce(c.told_on, '1970-01-01')
             AND NOT EXISTS (SELECT 1 FROM notices n WHERE n.order_id = l.order_id
                             AND n.state IN ('due', 'suppressed', 'withdrawn'))""",
    ),
    Rule(
        "clock_there",
        "Who was told of an order has clocks on it, each by the pack that it names.",
        """SELECT n.order_id || ' ' || n.n, 'none', 'a clock' FROM notices n
           WHERE NOT EXISTS (SELECT 1 FROM clocks c WHERE c.order_id = n.order_id)
           UNION ALL
           SELECT c.order_id || ' ' || c.line, c.pack, p.pack FROM clocks c JOIN packs p ON p.digest = c.digest
           WHERE p.pack <> c.pack""",
    ),
    Rule(
        "notice_sent",
        "What was told of a delay was told by a notice that went, and in the way that the notice says.",
        """SELECT e.order_id || ' ' || e.n, e.notice, coalesce(n.means, 'no notice that went') FROM evidence e
           LEFT JOIN notices n ON n.order_id = e.order_id AND n.n = e.notice AND n.sent_at IS NOT NULL
           WHERE e.kind = 'told' AND (n.n IS NULL OR n.means <> e.means)""",
    ),
    Rule(
        "notice_told",
        "That a notice on its dates went, or was kept from going, is in the order's evidence.",
        """SELECT n.order_id || ' ' || n.n, 'none', 'an entry' FROM notices n
           WHERE (n.state = 'suppressed' OR (n.sent_at IS NOT NULL AND n.kind NOT IN ('still', 'cancelled')))
             AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.order_id = n.order_id AND e.notice = n.n
                             AND e.kind = CASE WHEN n.state = 'suppressed' THEN 'suppressed' ELSE 'told' END)""",
    ),
    Rule(
        "notices_whole",
        "The notices of an order are numbered from the first to the last, and so are its refunds.",
        """SELECT order_id, count(*), max(n) FROM notices GROUP BY order_id HAVING count(*) <> max(n) OR min(n) <> 1
           UNION ALL
           SELECT order_id, count(*), max(n) FROM refunds GROUP BY order_id HAVING count(*) <> max(n) OR min(n) <> 1""",
    ),
    Rule(
        "refund_due",
        "Where a clock says that money has to go back, there is a refund that says how much and by when.",
        f"""SELECT {_LINE.format("c")}, 'none', 'a refund' FROM clocks c
           WHERE (c.state = 'refund_due'
                  AND NOT (EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = c.order_id AND r.state <> 'refunded')
                           AND EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = c.order_id
                                       AND r.refund_by <= c.refund_by)))
              OR (c.state = 'refunded'
                  AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = c.order_id AND r.state = 'refunded'))""",
    ),
    Rule(
        "refund_recorded",
        "As many refunds are over as were recorded.",
        """SELECT r.order_id, sum(CASE WHEN r.state = 'refunded' THEN 1 ELSE 0 END), coalesce(max(e.units), 0)
           FROM refunds r
           LEFT JOIN (SELECT order_id, count(*) AS units FROM evidence WHERE kind = 'refunded' GROUP BY order_id) e
                ON e.order_id = r.order_id
           GROUP BY r.order_id
           HAVING sum(CASE WHEN r.state = 'refunded' THEN 1 ELSE 0 END) <> coalesce(max(e.units), 0)""",
    ),
    Rule(
        "policies_whole",
        "A reallocation policy has every version from the first to the last.",
        """SELECT policy, count(*), max(n) FROM policies GROUP BY policy HAVING count(*) <> max(n) OR min(n) <> 1""",
    ),
    Rule(
        "plan_whole",
        "A plan has every line from the first to the last, and as many as its run says.",
        """SELECT p.run, p.lines, count(x.n) FROM plans p LEFT JOIN plan_lines x ON x.run = p.run
           GROUP BY p.run, p.lines HAVING count(x.n) <> p.lines OR max(x.n) <> p.lines OR min(x.n) <> 1""",
    ),
    Rule(
        "plan_settled",
        "Lines of a plan are applied once it is committed, all of them, and undone once it is undone.",
        """SELECT x.run || ' ' || x.n, x.applied, p.state FROM plan_lines x JOIN plans p ON p.run = x.run
           WHERE (p.state IN ('planning', 'simulated', 'failed') AND x.applied <> 'pending')
              OR (p.state IN ('committed', 'undoing', 'undone') AND x.applied = 'pending')
              OR (p.state IN ('committing', 'committed') AND x.applied IN ('undone', 'undo_refused'))
              OR (p.state = 'undone' AND x.applied = 'applied')""",
    ),
    Rule(
        "plan_ledger",
        "A promise that a plan moved has the run in its ledger, and so has one that was moved back.",
        f"""SELECT {_LINE.format("x")}, 'no entry', x.run FROM plan_lines x
           WHERE coalesce(x.before_promise, '1970-01-01') <> coalesce(x.after_promise, '1970-01-01')
             AND ((x.applied IN ('applied', 'undone', 'undo_refused')
                   AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.order_id = x.order_id AND p.line = x.line
                                   AND p.run = x.run AND p.cause = 'reallocated'))
                  OR (x.applied = 'undone'
                      AND NOT EXISTS (SELECT 1 FROM promises p WHERE p.order_id = x.order_id AND p.line = x.line
                                      AND p.run = x.run AND p.cause = 'undone')))""",
    ),
    Rule(
        "policy_timed",
        "A policy with a schedule has a timer for its next run, and no other has one.",
        """SELECT p.policy, 'none', 'a timer' FROM policies p
           WHERE p.body LIKE '%"schedule":{%' AND p.n = (SELECT max(n) FROM policies l WHERE l.policy = p.policy)
             AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.kind = 'reallocate' AND t.subject = p.policy)
           UNION ALL
           SELECT t.subject, 'a timer', 'none' FROM timers t WHERE t.kind = 'reallocate'
             AND NOT EXISTS (SELECT 1 FROM policies p WHERE p.policy = t.subject AND p.body LIKE '%"schedule":{%'
                             AND p.n = (SELECT max(n) FROM policies l WHERE l.policy = p.policy))""",
    ),
    Rule(
        "clock_line",
        "The clocks of a line agree on what its customer was told, and on the units that were cancelled.",
        f"""SELECT {_LINE.format("l")}, max(c.cancelled), l.cancelled FROM lines l
           JOIN clocks c ON c.order_id = l.order_id AND c.line = l.line
           GROUP BY l.order_id, l.line, l.cancelled
           HAVING max(c.cancelled) > l.cancelled OR min(c.cancelled) <> max(c.cancelled)
             OR count(DISTINCT coalesce(c.told_on, '1970-01-01')) > 1 OR count(DISTINCT c.zone) > 1""",
    ),
    Rule(
        "choice_timed",
        "What a customer chose on the status page and has not taken effect has a timer, and no other order has one.",
        """SELECT c.order_id, 'none', 'a timer' FROM status_choices c
           WHERE c.state = 'pending'
             AND NOT EXISTS (SELECT 1 FROM timers t WHERE t.kind = 'choice' AND t.subject = c.order_id)
           UNION ALL
           SELECT t.subject, 'a timer', 'none' FROM timers t
           WHERE t.kind = 'choice' AND NOT EXISTS (
             SELECT 1 FROM status_choices c WHERE c.order_id = t.subject AND c.state = 'pending')""",
    ),
)

FINDINGS_MAX = 100  # per rule: enough to see the pattern


def run(db: Database) -> list[Finding]:
    """What breaks a rule, all judged on one state of the database; an empty list for a sound one."""
    with db.read() as tx:
        return findings(tx)


def findings(tx: Tx) -> list[Finding]:
    """What breaks a rule as one transaction sees the database."""
    return list(search(tx))


def search(tx: Tx, changed: str = "") -> Iterator[Finding]:
    """The findings one by one, as they are found; first by the rules that read the table `changed`, if one is named."""
    reads = re.compile(rf"\b{changed}\b")
    queries = _queries(tx.dialect)
    if changed:
        queries = sorted(queries, key=lambda one: not reads.search(one[1].text))
    for rule, query in queries:
        for subject, is_, wanted in tx.fetch(query):
            yield Finding(rule.name, str(subject), f"{rule.meaning} Found {is_}, not {wanted}.")
    meanings = {rule.name: rule.meaning for rule in RULES}
    for name, subject, is_, wanted in islice(judged(tx), FINDINGS_MAX):
        yield Finding(name, subject, f"{meanings[name]} Found {is_}, not {wanted}.")
    for where in broken(tx):
        yield Finding("audit_chain", "audit", f"Nothing was taken out of the trail: {where}.")


@lru_cache(maxsize=2)
def _queries(dialect: str) -> list[tuple[Rule, TextClause]]:
    """What can be asked of the database itself, made once: `check` runs every hour, and after every step of tests."""
    found = []
    for rule in RULES:
        if rule.query is not None:
            query = rule.query.replace("'1970-01-01'", "date '1970-01-01'") if dialect == "postgresql" else rule.query
            found.append((rule, text(f"{query} ORDER BY 1 LIMIT {FINDINGS_MAX}")))
    return found
