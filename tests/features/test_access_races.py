"""What is done to an account while somebody signs in: nothing of it is undone, and nobody comes in who should not.

The two meet in real transactions. The one that signs in is held up where it has read the account and has not written
yet; the other is then finished, or waits for it.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from backorder.commands import accounts
from backorder.queries import check
from backorder.storage.accounts import Account, load_account
from backorder.storage.db import Database

NOW = 1_795_500_000_000_000
PASSWORD, OTHER = "correct horse battery", "another horse battery"
SIGNER = "signer"


def _put(db: Database, role: str = "planner", password: str | None = None) -> None:
    accounts.put_account(db, NOW, "ada", kind="person", role=role, password=password, by="test")


ACTS: dict[str, Callable[[Database], None]] = {
    "disabled": lambda db: accounts.disable_account(db, NOW, "ada", by="test"),
    "another role": lambda db: _put(db, "viewer"),
    "another password": lambda db: _put(db, password=OTHER),
}


@contextmanager
def _meeting(db: Database, other: threading.Thread) -> Iterator[None]:
    """Let the other act while the signer's second look at the account, that of its transaction, is over."""
    looks: list[str] = []

    def after(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if threading.current_thread().name == SIGNER and "FROM accounts" in statement:
            looks.append(statement)
            if len(looks) == 2:
                other.start()
                other.join(1)  # it is done by now where nothing holds it back

    event.listen(db.engine, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(db.engine, "after_cursor_execute", after)
        assert len(looks) == 2


def _account(db: Database) -> Account:
    with db.read() as tx:
        found = load_account(tx, "ada")
    assert found is not None
    return found


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("password", [PASSWORD, "wrong horse battery"], ids=["right", "wrong"])
def test_signing_in_undoes_nothing_that_is_done_meanwhile(db: Database, act: str, password: str) -> None:
    _put(db, password=PASSWORD)
    before, cookies = _account(db), []
    other = threading.Thread(target=ACTS[act], args=(db,))
    signer = threading.Thread(target=lambda: cookies.append(accounts.sign_in(db, NOW, "ada", password)), name=SIGNER)
    with _meeting(db, other):
        signer.start()
        signer.join()
        other.join()
    after = _account(db)
    assert (after.disabled_at is not None) is (act == "disabled")
    assert after.role == ("viewer" if act == "another role" else "planner")
    assert (after.password != before.password) is (act == "another password")
    assert [cookie for cookie in cookies if cookie and accounts.by_session(db, NOW, cookie)] == []
    assert check.run(db) == []


def test_a_password_is_not_chosen_by_whoever_was_disabled_or_got_another_meanwhile(db: Database) -> None:
    """Who came by a link has no old password to be asked for; the list of leaked ones takes a while to be read."""
    for act in ("disabled", "another password"):
        accounts.put_account(db, NOW, act, kind="person", role="planner", by="test")

        def meanwhile(_password: str, act: str = act) -> bool:
            if act == "disabled":
                accounts.disable_account(db, NOW, act, by="test")
            else:
                accounts.put_account(db, NOW, act, kind="person", role="planner", password=OTHER, by="test")
            return False

        assert accounts.change_password(db, NOW, act, "", "a third horse battery", leaked=meanwhile) is None
        assert (accounts.sign_in(db, NOW, act, OTHER) is not None) is (act == "another password")
        assert accounts.sign_in(db, NOW, act, "a third horse battery") is None


def test_who_opens_a_link_and_who_disables_its_owner_do_not_wait_for_each_other(db: Database) -> None:
    """Both hold the account before the link: the other way round a database would give one of them up."""
    for round_ in range(5):
        name = f"ada-{round_}"
        accounts.put_account(db, NOW, name, kind="person", role="planner", by="test")
        link = accounts.sign_in_link(db, NOW, name, by="test")
        disabler = threading.Thread(target=accounts.disable_account, args=(db, NOW, name), kwargs={"by": "test"})
        met: list[str] = []

        def after(
            _connection: Any,
            _cursor: Any,
            statement: str,
            *_more: Any,
            met: list[str] = met,
            disabler: threading.Thread = disabler,
        ) -> None:
            holds = "FOR UPDATE" in statement or statement.startswith("DELETE FROM sessions")
            if threading.current_thread().name == SIGNER and holds and not met:
                met.append(statement)
                disabler.start()
                disabler.join(0.2)  # it has come as far as it can by now

        event.listen(db.engine, "after_cursor_execute", after)
        with ThreadPoolExecutor(1, thread_name_prefix="signer") as pool:
            pool.submit(lambda: setattr(threading.current_thread(), "name", SIGNER)).result()
            cookie = pool.submit(accounts.open_link, db, NOW, link).result()
        event.remove(db.engine, "after_cursor_execute", after)
        assert len(met) == 1
        disabler.join()
        with db.read() as tx:
            found = load_account(tx, name)
        assert found is not None
        assert found.disabled_at == NOW
        assert cookie is not None, "the link was opened first"
        assert accounts.by_session(db, NOW, cookie) is None


def test_nobody_signs_out_of_a_link(db: Database) -> None:
    _put(db)
    link = accounts.sign_in_link(db, NOW, "ada", by="test")
    accounts.sign_out(db, link)
    assert accounts.open_link(db, NOW, link) is not None
