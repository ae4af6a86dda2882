"""The single path of every command: check -> load (and lock) -> decide -> save, in one transaction, for a list."""

import gc
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from backorder.commands._bound import strangers
from backorder.commands._owing import settle_touched
from backorder.kernel import keys
from backorder.kernel.calendars import FIRST_DAY, LAST_DAY, day_date, is_zone, moment_number
from backorder.kernel.errors import Conflict
from backorder.kernel.events import told
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.kernel.places import country_code, is_country, is_region, region_code
from backorder.storage.book import Grown
from backorder.storage.db import Database, Tx
from backorder.storage.events import save_events
from backorder.storage.replies import load_replies, save_replies

BATCH_MAX = 8_192  # commands, and order lines, of one transaction
ATTEMPTS = 5
UNITS_MAX = 10**9

KEY_MAX = keys.KEY_MAX
Key = keys.Key
Note = Annotated[str, Meta(max_length=2_000, pattern="^[^\x00\ud800-\udfff]*$")]
Number = Annotated[int, Meta(ge=1, le=10**6)]  # of a notice or a refund, within its order
Units = Annotated[int, Meta(ge=1, le=UNITS_MAX)]
UnitsOrNone = Annotated[int, Meta(ge=0, le=UNITS_MAX)]
Days = Annotated[int, Meta(ge=0, le=3_650)]
Priority = Annotated[int, Meta(ge=-1_000, le=1_000)]
Amount = Annotated[str, Meta(min_length=1, max_length=40)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}" + keys.END)]
Moment = Annotated[datetime, Meta(tz=True)]


class Command(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do"):
    """What every command carries: the caller's `id` (asked again, it answers the same) and, in replays, `at`.

    `bound_to` is the customer beside whose orders there are none for the caller. The door sets it; nobody says it.
    """

    id: Key | None = None
    at: Moment | None = None
    bound_to: Key | None = None


class Steps(NamedTuple):
    """The parts of a command: `check` sees it alone, `load` and `save` the whole batch, `decide` one after another."""

    check: Callable[[Any], Outcome | None]
    load: Callable[[Tx, Sequence[Any]], Any]
    decide: Callable[[Any, Any, int], Outcome]
    save: Callable[[Tx, Any], None]
    tell: bool = True  # whether what is done is news: the past that an import tells is not


def perform(db: Database, now: int, batch: Sequence[Any], steps: Steps) -> list[Outcome]:
    """Apply a list of commands of one kind in one transaction; the answers in the same order.

    `now` is the moment (microseconds) for commands that do not carry their own. The number of SQL statements does
    not depend on the length of the list. A conflict with another transaction is tried again, `ATTEMPTS` times.
    Raises StorageError if the database fails; then nothing was applied.
    """
    assert len(batch) <= BATCH_MAX, f"a batch holds at most {BATCH_MAX} commands"
    checked = [_check(command, steps) for command in batch]
    good = [command for command, refusal in zip(batch, checked, strict=True) if refusal is None]
    with collector_paused():
        answers = iter(_retried(db, now, good, steps) if good else [])
    return [next(answers) if refusal is None else refusal for refusal in checked]


def perform_each(db: Database, now: int, batch: Sequence[Any], steps: Steps) -> list[Outcome]:
    """Apply commands one after another, each in a transaction of its own: what one changes the next must load."""
    return [outcome for command in batch for outcome in perform(db, now, [command], steps)]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let a batch run without the search for reference cycles, which its many short-lived rows would set off.

    There are no cycles among them to find, and looking took an eighth of the time of a thousand lines. Whoever found
    it running starts it again, so that overlapping batches of several threads never leave it off.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _check(command: Any, steps: Steps) -> Outcome | None:
    if command.at is not None and not FIRST_DAY <= command.at.date() <= LAST_DAY:
        return invalid(command, "at", "give a moment between 1970 and 2200")
    refusal = steps.check(command)
    if refusal is not None:
        refusal.id = command.id
    return refusal


def _retried(db: Database, now: int, batch: Sequence[Any], steps: Steps) -> list[Outcome]:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with db.write() as tx:
                return _transact(tx, now, batch, steps)
        except Grown as error:
            if attempt == ATTEMPTS:
                raise Conflict("other orders keep joining the items of this batch: send it again") from error
        except Conflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("the loop returns or raises")


def _transact(tx: Tx, now: int, batch: Sequence[Any], steps: Steps) -> list[Outcome]:
    replies = load_replies(tx, (command.id for command in batch if command.id is not None))
    astray = strangers(tx, batch)
    fresh_ones = [command for command in batch if command.id is None or command.id not in replies]
    work = steps.load(tx, [command for command in fresh_ones if id(command) not in astray] if astray else fresh_ones)
    fresh: list[tuple[Any, ...]] = []
    outcomes: list[Outcome] = []
    latest = now
    for command in batch:
        moment = latest = now if command.at is None else moment_number(command.at)
        if command.id is None:
            outcomes.append(astray.get(id(command)) or _decided(tx, work, command, moment, steps))
            continue
        content = fingerprint(command)
        if command.id in replies:
            outcomes.append(_repeated(command, content, *replies[command.id]))
            continue
        outcome = astray.get(id(command)) or _decided(tx, work, command, moment, steps)
        outcome.id = command.id
        answer = msgspec.json.encode(outcome).decode()
        replies[command.id] = content, answer
        fresh.append((command.id, moment, content, answer))
        outcomes.append(outcome)
    steps.save(tx, work)
    settle_touched(tx, latest)
    save_replies(tx, fresh)
    if steps.tell:
        tx.endings.append(lambda tx: save_events(tx, tx.events))
    return outcomes


def _decided(tx: Tx, work: Any, command: Any, moment: int, steps: Steps) -> Outcome:
    outcome = steps.decide(work, command, moment)
    event = told(command.__struct_config__.tag, command, outcome, moment)
    if event is not None:
        tx.events.append(event)
    return outcome


def _repeated(command: Any, content: str, before: str, answer: str) -> Outcome:
    if content == before:
        return msgspec.json.decode(answer, type=Outcome)
    return refused(Word.ID_REUSED, message=f"the command id {command.id} came before with other content", id=command.id)


def fingerprint(command: Any) -> str:
    """A digest of what a command says, its id and who sent it aside: equal for equal content."""
    named = command.id is not None or command.bound_to is not None
    body = msgspec.structs.replace(command, id=None, bound_to=None) if named else command
    return hashlib.blake2b(msgspec.json.encode(body), digest_size=16).hexdigest()


def invalid(command: Any, field: str, message: str) -> Outcome:
    """The refusal of a command that cannot be meant."""
    return Outcome(Word.INVALID, id=command.id, field=field, message=message)


def day_trouble(command: Any, **days: date | None) -> Outcome | None:
    """Refuse days outside 1970..2200, naming the field."""
    for field, day in days.items():
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            return invalid(command, field, f"give a day between {FIRST_DAY} and {LAST_DAY}")
    return None


def zone_trouble(command: Any, field: str, zone: str | None) -> Outcome | None:
    """Refuse a name that no time zone has."""
    if zone is None or is_zone(zone):
        return None
    return invalid(command, field, f"{zone} is no time zone: name one such as Europe/London")


def place_trouble(command: Any, prefix: str, country: Any, region: Any) -> Outcome | None:
    """Refuse a country, or a part of one in which laws of its own hold, that is not said by its code."""
    if not isinstance(country, str):
        return None
    if not is_country(country):
        known = country_code(country)
        message = f"{country} is no country: give its two letters of ISO 3166, such as {known or 'DE'}"
        return invalid(command, f"{prefix}country", message)
    if isinstance(region, str) and not is_region(country, region):
        known = region_code(country, region) or ("CA" if country == "US" else "ON")
        message = f"{region} is no part of {country} by its code in ISO 3166-2: say it as in {known}"
        return invalid(command, f"{prefix}region", message)
    return None


def date_or_none(day: int | None) -> date | None:
    """A day number as a date."""
    return None if day is None else day_date(day)
