"""Reallocation: what a policy plans is what a commit does, line by line, and what undoing takes back."""

import pytest
from shop import NOW, announce, do, order, shop
from state import state

from backorder.kernel.outcomes import Word
from backorder.queries import check
from backorder.storage.db import Database

VIPS = [
    {"name": "best", "filter": {"customer": ["vip"]}, "strategy": "redistribute"},
    {"name": "rest", "strategy": "redistribute"},
]


def promised(db: Database) -> dict[str, str | None]:
    """The promise of the first line of each order."""
    return {order: values[5] for (order, line), values in state(db)["lines"].items() if line == "1"}


@pytest.fixture
def waiting(db: Database) -> Database:
    """Two customers wait: the first in line is not the better one."""
    shop(db, ["CHAIR", "LAMP"])
    do(db, "put_customer", customer="vip", tier="gold")
    announce(db, "PO-1", 4, "2026-12-07")
    announce(db, "PO-2", 4, "2026-12-18")
    order(db, "ada", 4)
    order(db, "vip", 4, customer="vip")
    assert do(db, "put_policy", policy="vips", segments=VIPS).outcome is Word.ACCEPTED
    return db


def test_a_run_changes_nothing_until_it_is_committed_and_undoing_takes_it_back(waiting: Database) -> None:
    before = state(waiting)
    made = do(waiting, "reallocate", run="R-1", policy="vips")
    assert made.outcome is Word.ACCEPTED, made
    assert (made.counts["lines"], made.counts["changed"], made.counts["later"], made.counts["sooner"]) == (2, 2, 1, 1)
    assert state(waiting) == before
    done = do(waiting, "commit_plan", run="R-1")
    assert done.outcome is Word.CHANGED, done
    assert (done.counts["applied"], done.counts["refused"]) == (2, 0)
    assert promised(waiting) == {"ada": "2026-12-18", "vip": "2026-12-07"}
    assert check.run(waiting) == []
    assert do(waiting, "commit_plan", run="R-1").outcome is Word.EXISTS
    undone = do(waiting, "undo_plan", run="R-1")
    assert undone.outcome is Word.CHANGED, undone
    after = state(waiting)
    for key, values in before["lines"].items():
        assert after["lines"][key][:9] == values[:9]
    assert after["supplies"] == before["supplies"]
    assert check.run(waiting) == []
