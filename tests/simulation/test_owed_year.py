"""A year of slips with random answers, judged by an auditor who knows the law and nothing of the package.

BACKORDER_SIMULATION_SEED is the first seed: a failure names the one that replays it alone. `-m long` runs more years
with more orders.
"""

import ast
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import auditor
import pytest
import statutes
from auditor import Fact, Letter, Money, Record, Shop, audit
from conftest import new_database
from simulation.owed_record import records, shop_of
from simulation.owed_year import PLACES, Year

from backorder.queries import check
from backorder.queries.notices import queue
from backorder.storage.db import Database, open_database

pytestmark = pytest.mark.xdist_group("year")  # one worker lives the year that they share
# The first year from 101 on in which everything happens that is asked for below.
FIRST_SEED = int(os.environ.get("BACKORDER_SIMULATION_SEED", "102"))
ORDERS = 80
MANY_ORDERS, MANY_SEEDS = 400, 8
DAY = timedelta(days=1)


def live(db: Database, seed: int, orders: int) -> tuple[Shop, list[Record], Year]:
    year = Year(db, seed, orders)
    year.live()
    return shop_of(year), records(year), year


def judge(db: Database, seed: int, orders: int) -> tuple[Shop, list[Record], Year]:
    shop, found, year = live(db, seed, orders)
    wrong = [what for record in found for what in audit(shop, record)]
    assert not wrong, f"replay with BACKORDER_SIMULATION_SEED={seed}, {db.dialect}:\n" + "\n".join(wrong[:40])
    assert check.run(db) == []
    late = [one.state == "overdue" for one in queue(db, 1_000)]
    assert late == sorted(late, reverse=True)  # overdue refunds lead
    return shop, found, year


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, list[Record], Year]]:
    """What was kept of a year on SQLite, in which nothing is wrong."""
    with new_database("sqlite", tmp_path_factory.mktemp("year")) as url:
        database = open_database(url)
        yield judge(database, FIRST_SEED, ORDERS)
        database.close()


def test_in_a_year_of_slips_everybody_gets_what_the_law_says(
    kept: tuple[Shop, list[Record], Year], postgresql_url: str
) -> None:
    """On PostgreSQL too, where all the same happens."""
    database = open_database(postgresql_url)
    _, found, _ = judge(database, FIRST_SEED, ORDERS)
    database.close()
    assert found == kept[1]


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + MANY_SEEDS))
def test_many_years(seed: int, db: Database) -> None:
    judge(db, seed, MANY_ORDERS)


@pytest.mark.parametrize("module", [auditor, statutes])
def test_the_auditor_uses_nothing_of_the_package(module: object) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))  # type: ignore[attr-defined]  # a module
    used = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    used |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in used} <= {"statutes", "holidays", *sys.stdlib_module_names}


# -- whether the auditor finds what is wrong --------------------------------------------------------------------------


def test_in_the_year_everything_happened(kept: tuple[Shop, list[Record], Year]) -> None:
    _, found, year = kept
    done = {(command["do"], command.get("answer") or command.get("became") or command.get("by"))
            for _, command, word in year.log if word not in {"not_allowed", "invalid", "too_late"}}  # fmt: skip
    assert {("answer_notice", one) for one in ("wait", "cancel", "substitute", "ship_available", "call")} <= done
    assert {("record_notice", "bounced"), ("record_notice", "delivered"), ("send_notice", "kim")} <= done
    assert {("suppress_notice", "kim"), ("cancel_line", "merchant"), ("change_order", None)} <= done
    assert {("reverse_shipment", None), ("cancel_supply", None), ("record_refund", None)} <= done
    assert {letter.kind for record in found for letter in record.letters} >= {
        "short",
        "indefinite",
        "renewed",
        "delay",
        "better",
    }
    assert {money.cause for record in found for money in record.money} == {"buyer", "seller", "silence", "missed"}
    assert {place for order, place in year.placed.items()} == set(PLACES)
    pauses = [after - before for before, after in zip(year.runs, year.runs[1:], strict=False)]
    assert max(pauses) >= 6.9 * DAY


def each_letter(change: Callable[[Letter], Letter | None], *kinds: str) -> Callable[[Record], Iterator[Record]]:
    """Letters of some kinds; none has to go to who cannot be written to, so that it is not missed."""

    def changed(record: Record) -> Iterator[Record]:
        for at, letter in enumerate(record.letters):
            other = change(letter)
            if letter.kind in kinds and other != letter and (other is not None or letter.means == "email"):
                others = [*record.letters[:at], *([] if other is None else [other]), *record.letters[at + 1 :]]
                yield replace(record, letters=others)

    return changed


def each_refund(change: Callable[[Money], Money | None]) -> Callable[[Record], Iterator[Record]]:
    def changed(record: Record) -> Iterator[Record]:
        for at, money in enumerate(record.money):
            other = change(money)
            if other != money:
                yield replace(record, money=[*record.money[:at], *([other] if other else []), *record.money[at + 1 :]])

    return changed


def each_lapse(change: Callable[[Fact], Fact | None]) -> Callable[[Record], Iterator[Record]]:
    """Cancellations by law; those that would still be after the law's day, because the worker was late, apart."""

    def changed(record: Record) -> Iterator[Record]:
        for fact in record.facts:
            if fact.what == "cancelled" and fact.word == "law":
                other, rest = change(fact), [one for one in record.facts if one is not fact]
                vested = next(money.vested for money in record.money if money.at == fact.at)
                if other is not None and other.at < fact.at and statutes.local(other.at, record.zone) >= vested:
                    continue
                moved = [money if money.at != fact.at or other is None else money._replace(at=other.at)
                         for money in record.money]  # fmt: skip
                yield replace(record, facts=[*rest, *([other] if other else [])], money=moved)

    return changed


def turned(letter: Letter) -> Letter:
    """The letter with the other meaning of silence."""
    cancels, consents = "If you do not agree by", "If we do not hear from you before we ship"
    if cancels in letter.text:
        return letter._replace(text=letter.text.replace(cancels, consents))
    return letter._replace(text=letter.text.replace(consents, cancels))


ASKING = ("short", "long", "indefinite", "renewed")
WRONG = {
    "a letter that never went": each_letter(lambda letter: None, *ASKING),
    "another day for the answer": each_letter(
        lambda letter: letter._replace(answer_by=letter.answer_by and letter.answer_by + DAY), "long", "renewed"
    ),
    "another meaning of silence": each_letter(turned, *ASKING),
    "no way to answer": each_letter(lambda letter: letter._replace(text=letter.text.replace("https:", "")), *ASKING),
    "a day that is not told": each_letter(
        lambda letter: letter._replace(lines={name: day and day + DAY for name, day in letter.lines.items()}), "delay"
    ),
    "cancelled a day early": each_lapse(lambda fact: fact._replace(at=fact.at - DAY)),
    "cancelled a day late": each_lapse(lambda fact: fact._replace(at=fact.at + DAY)),
    "never cancelled": each_lapse(lambda fact: None),
    "a refund that is too small": each_refund(lambda money: money._replace(amount=money.amount and money.amount - 1)),
    "a refund that is due too late": each_refund(lambda money: money._replace(by=money.by + DAY)),
    "a right that came too late": each_refund(lambda money: money._replace(vested=money.vested + DAY)),
    "a refund that was not recorded": each_refund(lambda money: None),
    "a refund that nobody called overdue": each_refund(lambda money: money._replace(overdue_at=None)),
    "a refund called overdue early": each_refund(
        lambda money: money._replace(overdue_at=money.overdue_at and money.overdue_at - DAY)
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_found(wrong: str, kept: tuple[Shop, list[Record], Year]) -> None:
    shop, found, _ = kept
    changed = [other for record in found for other in WRONG[wrong](record)]
    assert changed, "the year has nothing of the kind"
    assert [other.order for other in changed if not audit(shop, other)] == []
