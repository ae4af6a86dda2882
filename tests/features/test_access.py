"""Who comes in, with what, and what the trail says of it."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from shop import do
from sqlalchemy import text

from backorder.adapters.cli import cli
from backorder.adapters.cli.who import who
from backorder.adapters.http.logs import Lines
from backorder.commands import accounts, decode, entry, run
from backorder.commands.accounts import FREE_TRIES, IDLE, LINK, SECOND, Refused
from backorder.kernel.access import BOUND, PERMISSIONS, ROLES
from backorder.kernel.errors import StorageError
from backorder.queries import check
from backorder.queries.people import everything
from backorder.queries.trail import entries
from backorder.storage import accounts as storage
from backorder.storage import audit
from backorder.storage.accounts import Account
from backorder.storage.db import Database
from backorder.storage.people import texts

NOW = 1_795_500_000_000_000
PASSWORD = "correct horse battery"


@pytest.fixture
def people(db: Database) -> Database:
    accounts.put_account(db, NOW, "ada", kind="person", role="planner", password=PASSWORD, by="test")
    accounts.put_account(db, NOW, "web", kind="program", role="integration", by="test")
    return db


def test_roles_name_only_permissions_that_there_are() -> None:
    assert all(permissions <= PERMISSIONS.keys() for permissions in ROLES.values())
    assert set(PERMISSIONS) == ROLES["admin"]
    assert "audit.read" not in ROLES["integration"]


def test_a_token_opens_for_what_its_account_may_narrowed_to_its_scopes(people: Database) -> None:
    whole = accounts.issue_token(people, NOW, "web", by="test")
    narrow = accounts.issue_token(people, NOW, "web", by="test", scopes=["orders.write", "audit.read"])
    assert accounts.by_token(people, NOW, whole).permissions == ROLES["integration"]
    assert accounts.by_token(people, NOW, narrow).permissions == {"orders.write"}


def test_a_token_that_expired_was_revoked_or_is_another_is_refused(people: Database) -> None:
    token = accounts.issue_token(people, NOW, "web", by="test", days=1)
    assert accounts.by_token(people, NOW + 86_399 * SECOND, token) is not None
    assert accounts.by_token(people, NOW + 86_400 * SECOND, token) is None
    for wrong in (token[:-1], token + "x", "", "bo_", "bo__", "bo_ä_x", "x" * 10_000, token.replace("bo_", "bo_\0", 1)):
        assert accounts.by_token(people, NOW, wrong) is None
    accounts.revoke_token(people, NOW, token.split("_")[1], by="test")
    assert accounts.by_token(people, NOW, token) is None


def test_nothing_of_a_secret_is_kept(people: Database) -> None:
    token = accounts.issue_token(people, NOW, "web", by="test")
    cookie = accounts.sign_in(people, NOW, "ada", PASSWORD)
    with people.read() as tx:
        for table in ("accounts", "tokens", "sessions", "audit"):
            kept = repr(tx.fetch(text(f"SELECT * FROM {table}")))
            for secret in (token, token.split("_", 2)[2], cookie, PASSWORD):
                assert secret not in kept


def test_people_sign_in_and_out_and_are_forgotten_when_idle(people: Database) -> None:
    assert accounts.sign_in(people, NOW, "ada", "wrong horse battery") is None
    assert accounts.sign_in(people, NOW, "bob", PASSWORD) is None
    assert accounts.sign_in(people, NOW, "web", PASSWORD) is None
    cookie = accounts.sign_in(people, NOW, "ada", PASSWORD)
    assert accounts.by_session(people, NOW, cookie).account == "ada"
    assert accounts.by_session(people, NOW + IDLE - SECOND, cookie) is not None  # seen, so it starts again
    assert accounts.by_session(people, NOW + 2 * IDLE - 2 * SECOND, cookie) is not None
    assert accounts.by_session(people, NOW + 4 * IDLE, cookie) is None
    accounts.sign_out(people, cookie)
    assert accounts.by_session(people, NOW, cookie) is None


def test_guessing_has_to_wait_even_for_the_right_password(people: Database) -> None:
    for _ in range(FREE_TRIES):
        assert accounts.sign_in(people, NOW, "ada", "wrong horse battery") is None
    assert accounts.sign_in(people, NOW, "ada", PASSWORD) is None
    assert accounts.sign_in(people, NOW + 60 * SECOND, "ada", PASSWORD) is not None


def test_a_link_signs_in_once_and_not_too_late(people: Database) -> None:
    link = accounts.sign_in_link(people, NOW, "ada", by="test")
    assert accounts.by_session(people, NOW, link) is None
    cookie = accounts.open_link(people, NOW, link)
    assert accounts.by_session(people, NOW, cookie).account == "ada"
    assert accounts.open_link(people, NOW, link) is None
    assert accounts.open_link(people, NOW, cookie) is None
    late = accounts.sign_in_link(people, NOW, "ada", by="test")
    assert accounts.open_link(people, NOW + LINK, late) is None


def test_who_is_disabled_is_out_at_once_with_every_token_and_session(people: Database) -> None:
    token, cookie = accounts.issue_token(people, NOW, "web", by="t"), accounts.sign_in(people, NOW, "ada", PASSWORD)
    for account in ("web", "ada"):
        accounts.disable_account(people, NOW, account, by="test")
    assert accounts.by_token(people, NOW, token) is None
    assert accounts.by_session(people, NOW, cookie) is None
    assert accounts.sign_in(people, NOW, "ada", PASSWORD) is None
    with pytest.raises(Refused):
        accounts.issue_token(people, NOW, "web", by="test")


def test_who_was_disabled_stays_so_until_it_is_said_and_comes_back_with_nothing(people: Database) -> None:
    token = accounts.issue_token(people, NOW, "web", by="t")
    accounts.disable_account(people, NOW, "web", by="test")
    accounts.put_account(people, NOW, "web", kind="program", role="viewer", by="test")
    with pytest.raises(Refused, match="disabled"):
        accounts.issue_token(people, NOW, "web", by="test")
    accounts.put_account(people, NOW, "web", kind="program", role="viewer", enable=True, by="test")
    assert accounts.by_token(people, NOW, token) is None
    assert accounts.by_token(people, NOW, accounts.issue_token(people, NOW, "web", by="test")) is not None


def _meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen while a password is looked at."""
    looked = accounts._matches

    def matches(hashed: str | None, password: str) -> bool:
        found = looked(hashed, password)
        monkeypatch.setattr(accounts, "_matches", looked)
        act()
        return found

    monkeypatch.setattr(accounts, "_matches", matches)


def test_what_happens_while_a_password_is_looked_at_counts(people: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    another = "another horse battery"

    def changed() -> None:
        accounts.put_account(people, NOW, "ada", kind="person", role="viewer", password=another, by="test")

    _meanwhile(monkeypatch, changed)
    assert accounts.sign_in(people, NOW, "ada", PASSWORD) is None, "it is the old one by now"
    _meanwhile(monkeypatch, lambda: accounts.disable_account(people, NOW, "ada", by="test"))
    assert accounts.sign_in(people, NOW, "ada", another) is None
    with people.read() as tx:
        found = storage.load_account(tx, "ada")
    assert found is not None
    assert (found.role, found.disabled_at) == ("viewer", NOW), "and is not undone by it"


def test_a_password_that_is_another_s_by_now_changes_nothing(people: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    third = "third horse battery"
    chosen = accounts._chosen

    def slow(password: str, leaked: Callable[[str], bool]) -> str:
        monkeypatch.setattr(accounts, "_chosen", chosen)
        accounts.put_account(people, NOW, "ada", kind="person", role="planner", password=third, by="test")
        return chosen(password, leaked)

    monkeypatch.setattr(accounts, "_chosen", slow)
    assert accounts.change_password(people, NOW, "ada", PASSWORD, "stolen horse battery") is None
    assert accounts.sign_in(people, NOW, "ada", third) is not None


def test_sign_ins_at_the_moment_of_a_disabling_do_not_undo_it(people: Database) -> None:
    for round_ in range(5):
        accounts.put_account(people, NOW, "ada", kind="person", role="planner", enable=True, by="test")
        jobs = [lambda: accounts.sign_in(people, NOW, "ada", PASSWORD) for _ in range(3)]
        jobs.insert(round_ % 4, lambda: accounts.disable_account(people, NOW, "ada", by="test"))
        with ThreadPoolExecutor(len(jobs)) as pool:
            for future in [pool.submit(job) for job in jobs]:
                future.result()
        with people.read() as tx:
            assert storage.load_account(tx, "ada").disabled_at == NOW
        assert accounts.sign_in(people, NOW, "ada", PASSWORD) is None


def test_of_several_who_open_a_link_at_once_one_comes_in(people: Database) -> None:
    for _ in range(5):
        link = accounts.sign_in_link(people, NOW, "ada", by="test")
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(lambda _, link=link: accounts.open_link(people, NOW, link), range(6)))
        assert sum(secret is not None for secret in found) == 1


def test_nonsense_does_not_get_as_far_as_a_transaction_that_writes(
    people: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_db: Database) -> None:
        raise AssertionError("it would write")

    monkeypatch.setattr(Database, "write", write)
    assert accounts.open_link(people, NOW, "nonsense") is None
    accounts.sign_out(people, "nonsense")


def test_an_error_of_the_database_tells_the_log_nothing_of_the_rows(people: Database) -> None:
    """Neither what was sent to it, nor what it quotes: the key that is there already, the row that breaks a rule."""
    secret = "ada"[::-1] * 3  # not spelled out: the log quotes the lines of this file
    row = Account(secret, "person", "viewer", None, NOW, None, 0, None)
    with people.write() as tx:
        storage.save_account(tx, row, new=True)

    def nowhere() -> None:
        with people.read() as tx:
            tx.fetch(text("SELECT :said FROM nowhere"), said=secret)

    def again() -> None:
        with people.write() as tx:
            storage.save_account(tx, row, new=True)

    def negative() -> None:
        with people.write() as tx:
            storage.save_account(tx, row._replace(account=f"{secret}-row", failures=-1), new=True)

    for act in (nowhere, again, negative):
        with pytest.raises(StorageError) as failed:
            act()
        record = logging.LogRecord("backorder.http", logging.ERROR, "", 0, "failed", None, failed._excinfo)
        line = Lines().format(record)
        assert secret not in line
        assert secret not in str(failed.value)
        assert f"in {act.__name__}" in line, "where it happened is told"


def test_the_trail_s_digest_tells_what_was_said_of_an_account(people: Database) -> None:
    for role in ("viewer", "planner", "viewer"):
        accounts.put_account(people, NOW, "ada", kind="person", role=role, by="test")
    with people.read() as tx:
        last = [row[0] for row in tx.fetch(text("SELECT digest FROM audit ORDER BY n DESC LIMIT 3"))]
    assert last[0] == last[2] != last[1]
    for days in (1, 2):
        accounts.issue_token(people, NOW, "web", by="test", days=days)
    with people.read() as tx:
        one, other = (row[0] for row in tx.fetch(text("SELECT digest FROM audit ORDER BY n DESC LIMIT 2")))
    assert one != other


def test_messages_and_timers_are_named_in_the_trail() -> None:
    for command, subject in (
        ({"do": "retry_message", "sender": "sink", "event": 3}, "sink/3"),
        ({"do": "retry_timer", "kind": "advance", "subject": "UTC"}, "advance/UTC"),
    ):
        assert entry("ada", "planner", "1", [decode(command)], "-").subject == subject


def test_another_role_or_password_ends_the_sessions(people: Database) -> None:
    cookie = accounts.sign_in(people, NOW, "ada", PASSWORD)
    accounts.put_account(people, NOW, "ada", kind="person", role="viewer", by="test")
    assert accounts.by_session(people, NOW, cookie) is None
    assert accounts.sign_in(people, NOW, "ada", PASSWORD) is not None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"kind": "person", "role": "king"}, "role"),
        ({"kind": "program", "role": "viewer", "password": PASSWORD}, "tokens"),
        ({"kind": "person", "role": "viewer", "password": "short"}, "12"),
    ],
)
def test_an_account_that_cannot_be_is_refused(db: Database, fields: dict, says: str) -> None:
    with pytest.raises(Refused, match=says):
        accounts.put_account(db, NOW, "eve", by="test", **fields)
    with db.read() as tx:
        assert tx.fetch(text("SELECT count(*) FROM accounts")) == [(0,)]


def test_the_trail_cannot_be_changed_and_shows_what_someone_with_the_keys_did(people: Database, url: str) -> None:
    for statement in ("UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(StorageError), people.write() as tx:
            tx.fetch(text(statement))
    assert check.run(people) == []
    with people.write() as tx:
        if tx.dialect == "sqlite":
            tx.fetch(text("DROP TRIGGER audit_no_update"))
        else:
            tx.fetch(text("ALTER TABLE audit DISABLE TRIGGER audit_no_update"))
        tx.fetch(text("UPDATE audit SET actor = 'nobody' WHERE n = 1"))
    assert [finding.rule for finding in check.run(people)] == ["audit_chain"]


@pytest.mark.parametrize("gone", [1, 2])
def test_an_entry_that_is_gone_is_missed(people: Database, gone: int) -> None:
    with people.write() as tx:
        if tx.dialect == "sqlite":
            tx.fetch(text("DROP TRIGGER audit_no_delete"))
        else:
            tx.fetch(text("ALTER TABLE audit DISABLE TRIGGER audit_no_delete"))
        tx.fetch(text(f"DELETE FROM audit WHERE n = {gone}"))
    with people.read() as tx:
        assert list(audit.broken(tx)) != []


@pytest.fixture
def bound(people: Database) -> Database:
    do(people, "put_site", site="MAIN")
    do(people, "put_item", sku="CHAIR", coverage="lead_time", lead_time_days=9)
    for customer in ("ada", "bob"):
        do(people, "put_customer", customer=customer)
    accounts.put_account(people, NOW, "portal", kind="program", role="integration", customer="ada", by="test")
    return people


def test_an_account_of_a_customer_stays_bound_to_that_customer(bound: Database) -> None:
    identity = accounts.by_token(bound, NOW, accounts.issue_token(bound, NOW, "portal", by="test"))
    assert (identity.customer, identity.permissions) == ("ada", ROLES["integration"] & BOUND)
    accounts.put_account(bound, NOW, "portal", kind="program", role="admin", by="test")
    identity = accounts.by_token(bound, NOW, accounts.issue_token(bound, NOW, "portal", by="test"))
    assert (identity.customer, identity.permissions) == ("ada", BOUND)
    for account, customer in (("portal", "bob"), ("web", "bob"), ("new", "nobody")):
        with pytest.raises(Refused):
            accounts.put_account(bound, NOW, account, kind="program", role="viewer", customer=customer, by="test")


def test_nobody_acts_for_a_person_who_was_erased(bound: Database) -> None:
    name = do(bound, "erase_person", customer="ada").subject
    with pytest.raises(Refused, match="erased"):
        accounts.put_account(bound, NOW, "portal", kind="program", role="integration", enable=True, by="test")
    with pytest.raises(Refused, match="no customer"):
        accounts.put_account(bound, NOW, "new", kind="program", role="integration", customer=name, by="test")


def test_who_holds_an_order_is_seen_in_the_transaction_that_would_touch_it(bound: Database) -> None:
    """In one batch the other is first: no look before the transaction could have known."""
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}]
    read = [decode({"do": "place_order", "order": "X", "customer": who, "lines": lines}) for who in ("bob", "ada")]
    read[1].bound_to = "ada"
    assert [said.outcome.value for said in run(bound, NOW, read)] == ["accepted", "id_reused"]
    for told, word in (("ada", "unknown_order"), ("bob", "cancelled")):
        command = decode({"do": "cancel_line", "order": "X", "line": "1"})
        command.bound_to = told
        assert run(bound, NOW, [command])[0].outcome.value == word
    command = decode({"do": "hold_order", "order": "X", "kind": "customer"})
    command.bound_to = "bob"
    with pytest.raises(AssertionError):
        run(bound, NOW, [command])


def test_what_is_refused_to_a_bound_caller_leaves_the_others_of_the_batch_alone(bound: Database) -> None:
    lines = [{"line": "1", "sku": "CHAIR", "quantity": 1}]
    do(bound, "place_order", order="B", customer="bob", lines=lines)
    read = [decode({"do": "cancel_line", "id": f"c{n}", "order": "B", "line": "1"}) for n in range(2)]
    read[0].bound_to = "ada"
    assert [(said.outcome.value, said.id) for said in run(bound, NOW, read)] == [
        ("unknown_order", "c0"),
        ("cancelled", "c1"),
    ]
    assert run(bound, NOW, read[:1])[0].outcome.value == "unknown_order"


def test_erasing_a_customer_ends_their_accounts_in_the_same_transaction(bound: Database) -> None:
    token = accounts.issue_token(bound, NOW, "portal", by="test", purpose="for ada")
    accounts.put_account(
        bound, NOW, "web-shop", kind="person", role="viewer", password=PASSWORD, customer="ada", by="t"
    )
    cookie = accounts.sign_in(bound, NOW, "web-shop", PASSWORD)
    assert accounts.by_session(bound, NOW, cookie) is not None
    told = everything(bound, "ada")["accounts"]
    assert [(row["account"], "password" in row) for row in told] == [("portal", False), ("web-shop", False)]
    assert do(bound, "erase_person", customer="ada").subject == "erased-000001"
    assert accounts.by_token(bound, NOW, token) is None
    assert accounts.by_session(bound, NOW, cookie) is None
    assert accounts.sign_in(bound, NOW, "web-shop", PASSWORD) is None
    assert check.run(bound) == []
    with bound.read() as tx:
        assert texts(tx, "for ada") == []
        assert {who.customer for who in storage.load_accounts(tx)} == {None, "erased-000001"}


def _cli(db: Database, url: str, *words: str, said: str | None = None) -> str:
    result = CliRunner().invoke(cli, [*words, "--database", url], obj=lambda: NOW, input=said)
    assert result.exit_code in {0, 3}, result.output
    return result.stdout


def _trail(db: Database) -> list[tuple[str, str, str | None, int]]:
    return [(entry.actor, entry.what, entry.subject, entry.commands) for entry in reversed(entries(db, limit=200))]


def test_what_is_done_at_the_command_line_leaves_an_entry_for_each_transaction(
    db: Database, url: str, tmp_path: Path
) -> None:
    commands = [
        '{"do": "put_site", "site": "MAIN"}',
        '{"do": "put_item", "sku": "CHAIR"}',
        '{"do": "put_item", "sku": "DESK"}',
        '{"do": "put_item"}',
        '{"do": "put_customer", "customer": "ada@example.com"}',
    ]
    _cli(db, url, "apply", "-", said="\n".join(commands))
    sheet = tmp_path / "items.csv"
    sheet.write_text("sku,supplier\nLAMP,ACME\n", encoding="utf-8")
    for dry in (["--dry-run"], ["--yes"]):
        _cli(db, url, "import", "items", str(sheet), *dry)
    _cli(db, url, "person", "erase", "ada@example.com", "--yes")
    assert {who for who, *_ in _trail(db)} == {who()}
    assert [entry[1:] for entry in _trail(db)] == [
        ("put_site", "MAIN", 1),
        ("put_item", "CHAIR", 2),
        ("put_customer", None, 1),
        ("put_supplier", "ACME", 1),
        ("put_item", "LAMP", 1),
        ("erase_person", None, 1),
    ]
    assert check.run(db) == []
    assert who().startswith("cli:")


def test_a_head_that_is_kept_shows_a_trail_that_was_written_anew(people: Database, url: str) -> None:
    head = _cli(people, url, "audit", "head").strip()
    assert head.startswith("2:")
    accounts.put_account(people, NOW, "bob", kind="person", role="viewer", by="test")
    assert "leads up to entry 2" in _cli(people, url, "audit", "verify", "--head", head)
    with people.write() as tx:  # with all rights the whole of it is made again, in its own order
        for table in ("audit", "audit_head"):
            if tx.dialect == "sqlite":
                tx.fetch(text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
            else:
                tx.fetch(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
            tx.fetch(text(f"DELETE FROM {table}"))
        audit.save_entries(tx, [audit.Entry("nobody", "", "-", "put_account", "ada", 1, "0" * 64)] * 3, NOW)
    assert _cli(people, url, "audit", "verify") == "The trail is whole.\n"
    assert _cli(people, url, "audit", "verify", "--head", head) == "entry 2 is not the one whose hash was kept\n"
    assert "entry 9 is not" in _cli(people, url, "audit", "verify", "--head", f"9:{'0' * 64}")
    assert CliRunner().invoke(cli, ["audit", "verify", "--head", "9", "-d", url]).exit_code == 2
