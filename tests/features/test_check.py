"""`backorder check` names every corruption that somebody plants by raw SQL and the schema cannot refuse."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import new_database
from owed import owed
from shop import NOW, announce, do, order, shop
from sqlalchemy import Connection, Text, select, text
from sqlalchemy.exc import DBAPIError

from backorder.queries import check
from backorder.storage.db import Database, Tx, open_database
from backorder.storage.tables import metadata
from backorder.storage.types import Day, Moment

# rule that must speak: statements that break it (with the append-only triggers and deferred keys out of the way)
CORRUPTIONS = {
    "supply_pegged": ["UPDATE supplies SET pegged = pegged - 1 WHERE supply = 'PO-1'"],
    "line_allocated": ["UPDATE lines SET allocated = 1, waiting = 3, covered = 3 WHERE order_id = 'late'"],
    "line_covered": ["UPDATE lines SET covered = covered - 1 WHERE order_id = 'late'"],
    "line_firm": ["UPDATE lines SET firm_until = '2020-01-01' WHERE order_id = 'late'"],
    "peg_item": ["UPDATE pegs SET supply = 'LAMP-1' WHERE order_id = 'late'"],
    "pins_first": [
        "INSERT INTO pegs VALUES ('late', '1', 'PO-1', '2026-12-29', 1, 1)",
    ],
    "stock_ledger": [
        "DELETE FROM stock_moves WHERE n = 2",
        "UPDATE supplies SET moves = 1 WHERE supply LIKE 'stock/%'",
    ],
    "stock_ledger_whole": ["UPDATE supplies SET moves = 7 WHERE supply = 'stock/MAIN/CHAIR'"],
    "stock_ledger_chain": ["UPDATE stock_moves SET before_units = 9, after_units = 9 + delta WHERE n = 2"],
    "stock_name": ["UPDATE supplies SET site = 'OTHER' WHERE supply = 'stock/MAIN/CHAIR'"],
    "received_units": ["UPDATE receipts SET quantity = quantity + 1"],
    "received_stock": ["UPDATE stock_moves SET kind = 'adjust' WHERE kind = 'receipt'"],
    "shipped_units": ["UPDATE shipment_lines SET quantity = quantity + 1"],
    "shipped_stock": ["UPDATE stock_moves SET reference = 'other' WHERE kind = 'shipment'"],
    "shipment_order": ["UPDATE shipments SET order_id = 'late'"],
    "delivered_after_shipped": [
        "UPDATE shipments SET delivered_at = '2020-01-01T00:00:00.000000Z' WHERE shipment = 'S-1'"
    ],
    "reversed_stock": ["UPDATE shipments SET reversed_at = NULL WHERE shipment = 'S-2'"],
    "transfer_sent": ["UPDATE stock_moves SET reference = 'other' WHERE kind = 'transfer'"],
    "transfer_kept": ["DELETE FROM supplies WHERE supply = 'T-1'"],
    "cancellations_whole": ["UPDATE cancellations SET n = 7 WHERE n = 1"],
    "references": ["DELETE FROM orders WHERE order_id = 'gone'"],
    "shipment_lines_whole": ["DELETE FROM shipment_lines WHERE shipment = 'S-2'"],
    "order_held": ["UPDATE orders SET held = 0 WHERE order_id = 'part'"],
    "changes_whole": ["UPDATE changes SET n = 7"],
    "of_order": ["UPDATE lines SET channel = 'elsewhere' WHERE order_id = 'late'"],
    "raised_from": ["UPDATE lines SET raised_from = '7' WHERE raised_from = '1'"],
    "cancelled_units": ["UPDATE cancellations SET quantity = quantity + 1"],
    "promise_first": ["DELETE FROM promises WHERE order_id = 'late' AND n = 1"],
    "promise_current": ["UPDATE lines SET promise = '2027-03-03' WHERE order_id = 'late'"],
    "promise_ledger_whole": ["DELETE FROM promises WHERE order_id = 'late' AND n = 1"],
    "promise_chain": ["UPDATE promises SET from_day = '2020-01-01' WHERE order_id = 'late' AND n = 2"],
    "promise_after_request": ["UPDATE lines SET requested_on = '2027-06-06' WHERE order_id = 'late'"],
    "promise_together": ["UPDATE lines SET promise = '2027-01-08' WHERE order_id = 'whole' AND line = '1'"],
    "promise_covered": ["UPDATE lines SET promise = NULL WHERE order_id = 'late'"],
    "slip_told": ["UPDATE lines SET planned = '2027-09-09' WHERE order_id = 'late'"],
    "planned_day": ["UPDATE lines SET planned = '2026-12-02' WHERE order_id = 'late'"],
    "backordered": ["UPDATE lines SET backordered = 0 WHERE order_id = 'late'"],
    "available_day": ["UPDATE supplies SET available_on = '2026-11-01' WHERE supply = 'PO-1'"],
    "nothing_idle": ["DELETE FROM pegs WHERE order_id = 'late'",
                     "UPDATE lines SET covered = 0, firm_until = NULL WHERE order_id = 'late'",
                     "UPDATE supplies SET pegged = pegged - 4 WHERE supply = 'PO-1'"],
    "first_message_due": [
        "INSERT INTO feeds VALUES ('journal', 0, '2026-12-01T09:00:00.000000Z')",
        ("INSERT INTO outbox (event, sender, subject, state, attempts, claim) "
        "SELECT min(n), 'journal', 'items/CHAIR', 'waiting', 0, 0 FROM events"),
    ],
    "order_lines": ["DELETE FROM pegs WHERE order_id = 'gone'", "DELETE FROM promises WHERE order_id = 'gone'",
                    "DELETE FROM lines WHERE order_id = 'gone'"],
    "lead_time_day": ["UPDATE lines SET lead_time_day = '2026-12-24' WHERE order_id = 'ready'"],
    "owed_read": ["UPDATE communication SET rules = 'everything'"],
    "owed_watched": ["DELETE FROM timers WHERE subject = 'late'"],
    "owed_timed": ["UPDATE timers SET due_at = '2028-01-01T00:00:00.000000Z' WHERE subject = 'owed-3'"],
    "clock_counted": ["UPDATE clocks SET until_on = '2027-05-05', limit_on = '2027-05-05' WHERE order_id = 'owed-3'"],
    "letter_whole": ["UPDATE notices SET text = text || ' or not' WHERE order_id = 'owed-1' AND n = 1"],
    "pack_whole": ["UPDATE packs SET text = text || '# or not' WHERE pack = 'us-ftc'"],
    "evidence_whole": ["UPDATE evidence SET n = 77 WHERE order_id = 'owed-1' AND n = 1"],
    "evidence_line": ["UPDATE evidence SET line = 'other' WHERE order_id = 'owed-1' AND kind = 'told'"],
    "notice_there": ["DELETE FROM notices WHERE order_id = 'owed-3'"],
    "clock_there": ["DELETE FROM clocks WHERE order_id = 'owed-3'"],
    "notice_sent": ["UPDATE evidence SET means = 'phone' WHERE order_id = 'owed-1' AND kind = 'told'"],
    "notice_told": ["UPDATE evidence SET notice = 7 WHERE order_id = 'owed-1' AND kind = 'told'"],
    "notices_whole": ["UPDATE refunds SET n = 7 WHERE order_id = 'owed-1'"],
    "refund_due": ["UPDATE clocks SET state = 'refund_due' WHERE order_id = 'owed-1'"],
    "refund_recorded": ["DELETE FROM evidence WHERE order_id = 'owed-1' AND kind = 'refunded'"],
    "clock_line": ["UPDATE clocks SET cancelled = 9 WHERE order_id = 'owed-3'"],
    "policies_whole": ["UPDATE policies SET n = 7 WHERE policy = 'nightly'"],
    "plan_whole": ["DELETE FROM plan_lines WHERE run = 'R-1' AND n = 2"],
    "plan_settled": ["UPDATE plan_lines SET applied = 'pending' WHERE run = 'R-1' AND n = 1"],
    "plan_ledger": ["UPDATE promises SET run = 'R-7' WHERE run = 'R-1'"],
    "policy_timed": ["DELETE FROM timers WHERE subject = 'nightly'"],
    "choice_timed": ["DELETE FROM timers WHERE kind = 'choice'"],
}  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def busy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A shop in which everything has happened once. Nobody changes it for good: see `_unguarded`."""
    with new_database(request.param, tmp_path_factory.mktemp("busy")) as url:
        db = open_database(url)
        _fill(db)
        assert check.run(db) == []
        yield db
        assert check.run(db) == []
        db.close()


def _fill(db: Database) -> None:
    shop(db, ["CHAIR", "LAMP"])
    do(db, "put_site", site="OTHER")
    announce(db, "PO-0", 5, "2026-12-02")
    announce(db, "PO-1", 20, "2026-12-07")
    announce(db, "LAMP-1", 20, "2026-12-09", "LAMP")
    for name, units in (("ready", 2), ("part", 4), ("late", 4), ("gone", 1)):
        order(db, name, units)
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}, {"line": "2", "sku": "LAMP", "quantity": 1}]
    do(db, "place_order", order="whole", ship="complete", lines=lines)
    do(db, "receive_supply", supply="PO-0", receipt="R1", quantity=4, final=True)
    do(db, "reschedule_supply", supply="PO-1", expected_on="2026-12-11")
    do(db, "ship", shipment="S-1", order="ready", lines=[{"line": "1", "quantity": 1}])
    do(db, "record_delivery", shipment="S-1")
    do(db, "ship", shipment="S-2", order="ready", lines=[{"line": "1", "quantity": 1}])
    do(db, "reverse_shipment", shipment="S-2")
    do(db, "change_line", order="ready", line="1", quantity=3)
    do(db, "hold_order", order="part", kind="credit")
    do(db, "adjust_stock", sku="LAMP", site="OTHER", delta=3, reason="found")
    do(
        db,
        "announce_supply",
        supply="T-1",
        sku="LAMP",
        site="MAIN",
        quantity=2,
        expected_on="2026-12-30",
        kind="transfer",
        from_site="OTHER",
    )
    do(db, "cancel_line", order="part", line="1", quantity=1)
    owed(db, NOW)
    reallocated(db)


def reallocated(db: Database) -> None:
    """A policy that a schedule runs, and a run that moved promises."""
    shop(db, ["STOOL"])
    announce(db, "STOOL-1", 2, "2026-12-07", "STOOL")
    announce(db, "STOOL-2", 2, "2026-12-18", "STOOL")
    for name in ("first", "second"):
        order(db, name, 2, "STOOL")
    segments = [{"name": n, "filter": {"order": [n]}, "strategy": "redistribute"} for n in ("second", "first")]
    do(db, "put_policy", policy="nightly", segments=segments, schedule={"at": "02:00", "zone": "UTC"})
    do(db, "reallocate", run="R-1", policy="nightly", commit=True)


@pytest.mark.parametrize("rule", CORRUPTIONS)
def test_a_planted_corruption_is_named(busy: Database, rule: str) -> None:
    with _unguarded(busy) as connection:
        for statement in CORRUPTIONS[rule]:
            assert connection.exec_driver_sql(statement.replace("%", "%%")).rowcount
        assert rule in {finding.rule for finding in check.findings(Tx(connection))}


@pytest.mark.parametrize("told", ["customer = 'nobody'", "held = 1"])
def test_a_line_that_tells_something_else_of_its_order_is_named(busy: Database, told: str) -> None:
    with _unguarded(busy) as connection:
        connection.exec_driver_sql(f"UPDATE lines SET {told} WHERE order_id = 'late'")
        assert "of_order" in {finding.rule for finding in check.findings(Tx(connection))}


def test_every_rule_has_its_corruption() -> None:
    assert set(CORRUPTIONS) == {rule.name for rule in check.RULES}


@contextmanager
def _unguarded(db: Database) -> Iterator[Connection]:
    """A transaction of somebody with all rights, triggers and foreign keys switched off. It is never committed."""
    with db.engine.connect() as connection:
        if db.dialect == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN")
            triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()
            for (name,) in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        try:
            yield connection
        finally:
            connection.rollback()
            connection.invalidate()  # nobody else gets one without guards


def _changes(table, column) -> list[str]:
    """New values for a column, as SQL: a little more and less, another day, another word."""
    name = column.name
    if isinstance(column.type, Day | Moment):
        return [f"{name} = {_later(column)}"]
    if isinstance(column.type, Text):
        return [f"{name} = {name} || 'x'"]
    return [f"{name} = {name} + 1", f"{name} = {name} - 1"]


def _later(column) -> str:
    return f"@later({column.name}, {'day' if isinstance(column.type, Day) else 'moment'})"


def _sql(statement: str, dialect: str) -> str:
    """Days and moments move by forty days in each dialect's own way."""
    if dialect == "postgresql":
        statement = re.sub(r"@later\((\w+), day\)", r"\1 + 40", statement)
        return re.sub(r"@later\((\w+), moment\)", r"\1 + interval '40 days'", statement)
    statement = re.sub(r"@later\((\w+), day\)", r"date(\1, '+40 days')", statement)
    return re.sub(r"@later\((\w+), moment\)", r"strftime('%Y-%m-%dT%H:%M:%S.000000Z', \1, '+40 days')", statement)


def _mutations(db: Database) -> list[tuple[str, str]]:
    """Every column of every row of every table changed, and every row deleted, as (what, statement)."""
    found = []
    with db.read() as tx:
        for table in metadata.sorted_tables:
            keys = list(table.primary_key.columns)
            for n, row in enumerate(tx.fetch(select(*keys).order_by(*keys))):
                literals = (repr(value) if isinstance(value, str) else str(value) for value in row)
                where = " AND ".join(f"{key.name} = {value}" for key, value in zip(keys, literals, strict=True))
                if n < FEW or not _free(table.name):
                    found.append((table.name, f"DELETE FROM {table.name} WHERE {where}"))
                for column in table.c if n < FEW else [one for one in table.c if not _free(f"{table.name}.{one.name}")]:
                    for change in _changes(table, column):
                        what = f"{table.name}.{column.name}"
                        where_set = f"{where} AND {column.name} IS NOT NULL"
                        found.append((what, f"UPDATE {table.name} SET {change} WHERE {where_set}"))
    return found


FEW = 2  # rows of what is free: enough to see that nothing chokes on them
# Facts that stand in one place alone, so that nothing can contradict them: names, policies, who, why and when; what was
# announced of a supply; the last entry of the ledger of changes.
FREE_TABLES = {"shop", "categories", "item_sites", "people", "replies", "erasures", "customers", "items", "sites",
               "suppliers", "changes", "holds", "events", "communication",
               "own_packs", "views", "watches", "status_links", "status_choices", "webhooks", "webhook_attempts",
               "inbound_sources", "inbound_deliveries", "imports", "mappings"}  # fmt: skip
FREE = {
    "orders": "priority channel placed_at authorised_at country region zone sites currency shipping tax discount paid "
    "tags fingerprint",
    "supplies": "document document_line ordered_on supplier cost currency fingerprint confirmed expected_on "
    "available_on quantity cancelled",
    "stock_moves": "at reference",
    "receipts": "receipt at final surplus",
    "lines": "position unit_price accept_by tags placed_at person_day person_until backordered picked planned "
    "lead_time_day requested_on",
    "promises": "at cause basis supply run",
    "cancellations": "at reason by_whom",
    "shipments": "at carrier tracking delivered_at fingerprint reversed_at reversal_reason",
    "pegs": "ships_on pinned",
    "timers": "kind subject due_at attempts claim",
    "packs": "at",
    "clocks": "zone transit_days began_on told_on cancelled",
    "evidence": "at on_day to_day quantity notice by_whom means note",
    "notices": "made_at changed_at sent_at send_at deadline gist facts version means by_whom reason answer_by sent_to",
    "policies": "at by_whom body",
    "plans": "policy policy_n at today state progress size counts committed_at undone_at forget_at by_whom note",
    "plan_lines": "line part segment outcome exception waiting held before_promise after_promise before_planned "
    "after_planned before_pegs after_pegs applied days note",
    "refunds": "made_at vested_on refund_by deadline amount lines ended_at refunded reference by_whom",
}


def _free(what: str) -> bool:
    table, _, column = what.partition(".")
    if what == "evidence":  # the last entry of an order, where no clock heard of it; what clocks heard is counted again
        return True
    return table in FREE_TABLES or column in FREE.get(table, "").split()


def test_what_is_changed_by_hand_is_refused_or_named(busy: Database) -> None:
    """Each value changed and each row deleted, one at a time: the schema refuses it or a rule names it."""
    mutations = _mutations(busy)
    named, unseen = 0, []
    with _unguarded(busy) as connection:
        for what, statement in mutations:
            point = connection.begin_nested()
            try:
                rows = connection.exec_driver_sql(_sql(statement, busy.dialect).replace("%", "%%")).rowcount
            except DBAPIError:
                point.rollback()
                continue
            # Where no row was changed there is nothing to find; the first finding is enough to see that it is named.
            if rows and next(check.search(Tx(connection), what.partition(".")[0]), None):
                named += 1
            elif rows and not _free(what):
                unseen.append(statement)
            point.rollback()
    assert unseen == []
    assert named >= 100
