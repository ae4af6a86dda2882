"""Views of the backlog that people keep: whose they are, who sees them, and what they cannot be called."""

import pytest
from shop import NOW, do, shop
from state import apply

from backorder.commands import decode, run
from backorder.kernel.calendars import moment_number
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.views import COLUMNS, VIEWS_MAX
from backorder.queries import check, people
from backorder.queries.trail import entries
from backorder.queries.views import SavedView, list_views
from backorder.storage.db import Database
from backorder.storage.people import texts

LAMPS = {"view": "1", "owner": "ada", "name": "Lamps", "sku": "LAMP", "sort": "units", "down": True}


def put(db: Database, **said: object) -> Outcome:
    return apply(db, NOW, [{"do": "put_view", **said}])[0]


def names(db: Database, account: str) -> list[str]:
    return [one.name for one in list_views(db, account)]


def test_a_view_is_kept_as_it_was_said_and_changed_field_by_field(db: Database) -> None:
    assert put(db, **LAMPS).outcome is Word.ACCEPTED
    assert put(db, **LAMPS).outcome is Word.EXISTS
    kept = SavedView("1", "ada", "Lamps", False, "waiting", "LAMP", None, None, None, "units", True, None)
    assert list_views(db, "ada") == [kept]
    changed = put(db, view="1", owner="ada", name="Late lamps", show="late", columns=["item", "order"])
    assert changed.outcome is Word.CHANGED
    kept.name, kept.show, kept.columns = "Late lamps", "late", ["item", "order"]
    assert list_views(db, "ada") == [kept]
    put(db, view="1", owner="ada", sku=None, columns=None, down=False)
    found = list_views(db, "ada")[0]
    assert (found.sku, found.columns, found.down, found.sort) == (None, None, False, "units")
    assert check.run(db) == []


def test_a_view_is_its_owner_s_until_it_is_shared(db: Database) -> None:
    put(db, **LAMPS)
    assert names(db, "bob") == []
    put(db, view="1", owner="ada", shared=True)
    assert names(db, "bob") == ["Lamps"]
    for said in (put(db, view="1", owner="bob", name="Mine"), do(db, "drop_view", view="1", owner="bob")):
        assert said.outcome is Word.NOT_ALLOWED
    assert names(db, "ada") == ["Lamps"]


def test_the_trail_says_who_kept_which_view(db: Database) -> None:
    for said in ({"do": "put_view", **LAMPS}, {"do": "put_view", "view": "1", "owner": "ada", "name": "Lights"}):
        run(db, moment_number(NOW), [decode(said)], "cli:kim")
    assert [(one.actor, one.what, one.subject) for one in entries(db, limit=9)] == [("cli:kim", "put_view", "1")] * 2


def test_one_that_was_dropped_is_there_again_once_it_is_put(db: Database) -> None:
    put(db, **LAMPS)
    before = list_views(db, "ada")
    assert do(db, "drop_view", view="1", owner="ada").outcome is Word.CHANGED
    assert list_views(db, "ada") == []
    assert do(db, "drop_view", view="1", owner="ada").outcome is Word.UNKNOWN_VIEW
    put(db, **LAMPS)
    assert list_views(db, "ada") == before


def test_nobody_has_two_of_a_name_and_no_two_share_one(db: Database) -> None:
    put(db, **LAMPS)
    twice = put(db, **LAMPS | {"view": "2", "name": "LAMPS"})
    assert (twice.outcome, twice.field) == (Word.NOT_ALLOWED, "name")
    assert "already" in (twice.message or "")
    assert put(db, view="3", owner="bob", name="Lamps", shared=True).outcome is Word.ACCEPTED, "hers is private"
    shared = put(db, view="1", owner="ada", shared=True)
    assert (shared.outcome, shared.message) == (
        Word.NOT_ALLOWED,
        "bob shares a view that is called so: choose another name",
    )
    assert put(db, view="1", owner="ada", name="My lamps", shared=True).outcome is Word.CHANGED


def test_a_person_keeps_so_many_and_no_more(db: Database) -> None:
    for n in range(VIEWS_MAX):
        assert put(db, view=str(n), owner="ada", name=f"View {n}").outcome is Word.ACCEPTED
    assert put(db, view="one more", owner="ada", name="One more").outcome is Word.TOO_MANY
    assert put(db, view="one more", owner="bob", name="One more").outcome is Word.ACCEPTED
    assert put(db, view="0", owner="ada", name="Another name").outcome is Word.CHANGED
    do(db, "drop_view", view="1", owner="ada")
    assert put(db, view="again", owner="ada", name="One more").outcome is Word.ACCEPTED


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"owner": None}, "owner"),
        ({"name": None}, "name"),
        ({"name": " Lamps"}, "name"),
        ({"name": "La\u202emps"}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"show": "everything"}, "show"),
        ({"sort": "value"}, "sort"),
        ({"sku": ""}, "sku"),
        ({"columns": []}, "columns"),
        ({"columns": ["item"]}, "columns"),
        ({"columns": ["order", "order"]}, "columns"),
        ({"columns": ["order", "colour"]}, "columns[1]"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(db: Database, said: dict[str, object], field: str) -> None:
    whole = {name: value for name, value in (LAMPS | said).items() if value is not None}
    outcome = put(db, **whole)
    assert (outcome.outcome, outcome.field) == (Word.INVALID, field)
    assert list_views(db, "ada") == []


def test_every_column_can_be_chosen(db: Database) -> None:
    assert put(db, **LAMPS, columns=list(reversed(COLUMNS))).outcome is Word.ACCEPTED
    assert list_views(db, "ada")[0].columns == list(reversed(COLUMNS))


def test_what_names_a_person_goes_with_them(db: Database) -> None:
    shop(db)
    apply(db, NOW, [{"do": "put_customer", "customer": "eve-1", "name": "Evelyn Grey"}])
    put(db, view="by id", owner="ada", name="Hers", customer="eve-1")
    put(db, view="by name", owner="ada", name="For Evelyn Grey")
    put(db, **LAMPS)
    kept = people.everything(db, "eve-1")
    assert kept is not None
    assert [row["view"] for row in kept["views"]] == ["by id"]
    assert do(db, "erase_person", customer="eve-1").outcome is Word.CHANGED
    assert names(db, "ada") == ["Lamps"]
    with db.read() as tx:
        assert [*texts(tx, "eve-1"), *texts(tx, "Evelyn")] == []
