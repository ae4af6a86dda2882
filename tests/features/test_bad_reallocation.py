"""What nobody can mean of a reallocation, and what comes too late: clear answers, and nothing half applied."""

import pytest
from shop import NOW, announce, do, order, shop
from state import state

from backorder.kernel.outcomes import Word
from backorder.queries import check
from backorder.queries.reallocation import list_policies, list_runs
from backorder.storage.db import Database

ALL = {"name": "all", "strategy": "redistribute"}
BAD = {
    "an empty list in a filter": ({"segments": [ALL | {"filter": {"tier": []}}]}, "segments[0].filter.tier"),
    "an unknown field": ({"segments": [ALL | {"filter": {"tierr": ["gold"]}}]}, "segments[0].filter.tierr"),
    "an unknown strategy": ({"segments": [ALL | {"strategy": "please"}]}, "segments[0].strategy"),
    "an unknown ranking key": ({"segments": [ALL], "ranking": ["mood"]}, "ranking[0]"),
    "an unknown key in a segment": ({"segments": [ALL | {"ranking": ["mood"]}]}, "segments[0].ranking[0]"),
    "two segments of one name": ({"segments": [ALL | {"filter": {"tier": ["a"]}}, ALL]}, "segments[1].name"),
    "a segment behind one that takes all": ({"segments": [ALL, ALL | {"name": "more"}]}, "segments[1].filter"),
    "a minimum above its maximum": (
        {"segments": [ALL | {"minimum": {"units": 9, "days": 7}, "maximum": {"units": 3, "days": 7}}]},
        "segments[0].minimum",
    ),
    "sharing where nobody shares": ({"segments": [ALL | {"strategy": "win", "sharing": "equal"}]},
                                    "segments[0].sharing"),
    "a fence in the past": ({"segments": [ALL], "freeze_until": "2026-11-01"}, "freeze_until"),
    "two fences": ({"segments": [ALL], "freeze_until": "2026-12-10", "freeze_days": 3}, "freeze_until"),
    "falling back to itself": ({"segments": [ALL], "fallback": "bad"}, "fallback"),
    "falling back to nobody": ({"segments": [ALL], "fallback": "nobody"}, "fallback"),
    "a zone that is none": ({"segments": [ALL], "schedule": {"at": "02:00", "zone": "Mars"}}, "schedule.zone"),
    "a time that is none": ({"segments": [ALL], "schedule": {"at": "25:00", "zone": "UTC"}}, "schedule.at"),
    "no segments": ({"segments": []}, "segments"),
    "a name of control characters": ({"segments": [ALL], "policy": "a\nb"}, "policy"),
    "more days than there are": ({"segments": [ALL], "keep_days": 10**9}, "keep_days"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", BAD)
def test_a_policy_that_cannot_be_meant_is_refused_by_the_field(db: Database, trouble: str) -> None:
    fields, field = BAD[trouble]
    answer = do(db, "put_policy", **({"policy": "bad"} | fields))
    assert (answer.outcome, answer.field) == (Word.INVALID, field), answer
    assert answer.message
    assert list_policies(db) == []


@pytest.fixture
def waiting(db: Database) -> Database:
    shop(db)
    announce(db, "PO-1", 2, "2026-12-07")
    order(db, "ada", 2)
    order(db, "ben", 2, priority=1)
    do(db, "put_policy", policy="all", segments=[ALL])
    return db


def test_a_filter_names_the_fields_that_it_has(db: Database) -> None:
    answer = do(db, "put_policy", policy="bad", segments=[ALL | {"filter": {"tierr": ["gold"]}}])
    assert "use some of tier, customer, kind, channel" in answer.message


def test_what_is_not_there_is_named(waiting: Database) -> None:
    before = state(waiting)
    assert do(waiting, "reallocate", run="R", policy="none").outcome is Word.UNKNOWN_POLICY
    for word in ("commit_plan", "undo_plan"):
        assert do(waiting, word, run="R").outcome is Word.UNKNOWN_RUN
    assert list_runs(waiting) == []
    assert state(waiting) == before


def test_a_run_is_of_one_policy_and_asked_for_again_it_is_the_same(waiting: Database) -> None:
    do(waiting, "put_policy", policy="other", segments=[ALL])
    first = do(waiting, "reallocate", run="R", policy="all")
    again = do(waiting, "reallocate", run="R", policy="all")
    assert (again.outcome, again.counts) == (Word.EXISTS, first.counts)
    other = do(waiting, "reallocate", run="R", policy="other")
    assert other.outcome is Word.ID_REUSED
    assert "R is one of the policy all" in other.message
    assert do(waiting, "undo_plan", run="R").outcome is Word.NOT_ALLOWED


def test_a_command_id_answers_once(waiting: Database) -> None:
    first = do(waiting, "reallocate", id="C", run="R", policy="all", commit=True)
    assert first.outcome is Word.CHANGED
    assert do(waiting, "reallocate", id="C", run="R", policy="all", commit=True) == first
    assert do(waiting, "reallocate", id="C", run="R-2", policy="all").outcome is Word.ID_REUSED
    assert [run.run for run in list_runs(waiting)] == ["R"]


def test_a_fence_that_passed_since_stops_the_run_and_says_so(waiting: Database) -> None:
    from datetime import timedelta

    do(waiting, "put_policy", policy="all", segments=[ALL], freeze_until="2026-12-02")
    answer = do(waiting, "reallocate", NOW + timedelta(days=3), run="R", policy="all")
    assert (answer.outcome, answer.field) == (Word.INVALID, "policy.freeze_until")
    assert check.run(waiting) == []


def test_the_same_policy_again_is_no_new_version(waiting: Database) -> None:
    assert do(waiting, "put_policy", policy="all", segments=[ALL]).outcome is Word.EXISTS
    assert do(waiting, "put_policy", policy="all", segments=[ALL], keep_days=5).outcome is Word.CHANGED
    assert [(one.policy, one.version) for one in list_policies(waiting)] == [("all", 2)]
