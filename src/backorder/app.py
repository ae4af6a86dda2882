"""The only wiring, and the only place that reads the clock."""

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from backorder.settings import (
    ADDRESS_HEADER,
    CHANNELS,
    HOSTS,
    JOURNAL,
    LOG,
    MAIL,
    MAIL_FROM,
    MAIL_LETTERS,
    MAIL_RETURNS,
    MIGRATE,
    NOW,
    OPENID_ADDRESS,
    OPENID_CLIENT,
    OPENID_ISSUER,
    OPENID_SECRET,
    PAGES,
    PASSWORDS_REFUSED,
    RATE,
    TRACES,
    Setting,
    Wrong,
    destinations,
    given,
    value,
    whole,
    words,
    yes,
)

if TYPE_CHECKING:
    from email.headerregistry import Address

    from click import Group  # the command line is loaded when it runs

    from backorder.adapters.http.beside import Demo
    from backorder.adapters.http.limits import Guard
    from backorder.adapters.openid import Provider
    from backorder.storage.db import Database
    from backorder.worker import Endpoint, Worker


def now() -> int:
    """The present moment in microseconds since 1970, UTC; or the one that BACKORDER_NOW says."""
    fixed = given(NOW)
    return time.time_ns() // 1_000 if fixed is None else _moment(fixed)


def _present() -> int:
    """The present moment, for a service that runs: whether the settings fix it was asked once."""
    return time.time_ns() // 1_000


def _moment(text: str) -> int:
    from datetime import datetime

    from backorder.kernel.calendars import moment_number

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        sys.exit(f"Error: {NOW.name} is {text!r}: give a moment with its offset, such as 2026-12-01T09:00:00+00:00")
    return moment_number(moment)


def _clock(asked: Callable[[], int]) -> Callable[[], int]:
    return _present if asked is now and not given(NOW) else asked


def _worker(db: "Database", clock: Callable[[], int]) -> "Worker":
    """The worker with the senders that the settings name."""
    from pathlib import Path

    from backorder.adapters.journal import Journal
    from backorder.adapters.webhooks import Endpoints
    from backorder.worker import Worker

    journal = given(JOURNAL)
    senders = [] if journal is None else [Journal(Path(journal))]
    standing = [made(db, clock) for made in (_mail(), _channels()) if made is not None]
    return Worker(db, clock, senders, standing=standing, endpoints=Endpoints(db, clock, time.monotonic, destinations()))


def _mail() -> "Callable[[Database, Callable[[], int]], Endpoint] | None":
    """What makes the sender of letters, where the settings name a mail server. Raises Wrong."""
    from backorder.adapters.mail.posts import ON_ORDERS
    from backorder.adapters.mail.sender import Mail
    from backorder.adapters.mail.server import read_server

    place = words(MAIL)
    if place is None:
        return None
    sender, returns = _address(MAIL_FROM), _address(MAIL_RETURNS)
    if sender is None:
        raise Wrong(f"{MAIL.name} names a mail server: say in {MAIL_FROM.name} which address letters come from")
    try:
        server = read_server(place)
    except ValueError as error:
        raise Wrong(f"{MAIL.name} cannot be meant: {error}") from None
    return partial(Mail, server=server, sender=sender, letters=_letters(ON_ORDERS), pages=_pages(), returns=returns)


def _address(setting: Setting) -> "Address | None":
    """The address that a setting names; None where it names none. Raises Wrong."""
    from backorder.adapters.mail.message import NoAddress, read_address

    said = words(setting)
    try:
        return None if said is None else read_address(said)
    except NoAddress as error:
        raise Wrong(f"{setting.name} is {said!r}: {error}") from None


def _pages() -> str:
    """Where customers reach the service, without a slash at its end; empty where that is not said. Raises Wrong."""
    from backorder.adapters.mail.links import BASE

    said = (words(PAGES) or "").rstrip("/")
    if said and not BASE.match(said):
        raise Wrong(
            f"{PAGES.name} is {said!r}: give the address that customers open, such as https://orders.example.com"
        )
    return said


def _letters(known: Iterable[str]) -> list[str]:
    """The letters on orders that go besides notices. Raises Wrong."""
    letters = [name.strip() for name in (words(MAIL_LETTERS) or "").split(",") if name.strip()]
    if unknown := set(letters) - set(known):
        raise Wrong(f"{MAIL_LETTERS.name} says {', '.join(sorted(unknown))}: use {', '.join(known)}")
    return letters


def _channels() -> "Callable[[Database, Callable[[], int]], Endpoint] | None":
    """What makes the sender of short words, where the settings name services for them. Raises Wrong."""
    said = words(CHANNELS)
    if said is None:
        return None
    if find_spec("apprise") is None:
        raise Wrong(f"{CHANNELS.name} needs a part that is not installed: pip install 'backorder[channels]'")
    from backorder.adapters.channels import Channels, read_channels
    from backorder.adapters.mail.posts import ON_ORDERS

    try:
        places = read_channels(said)
    except ValueError as error:
        raise Wrong(f"{CHANNELS.name} cannot be meant: {error}") from None
    return partial(Channels, places=places, letters=_letters(ON_ORDERS))


def _work(database: str, clock: Callable[[], int], say: Callable[[str], None]) -> None:
    """Run the worker alone, until told to stop."""
    import signal

    from backorder.adapters.http import logs
    from backorder.storage.db import open_database, shown

    db = open_database(database)
    logs.begin(value(LOG))
    worker = _worker(db, _clock(clock))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.close(0))
    say(f"Seeing to timers and messages of {shown(database)}")
    try:
        worker.run()
    finally:
        db.close()


def _guard() -> "Guard":
    """The limits that the settings set to callers."""
    from backorder.adapters.http.limits import Guard

    return Guard(whole(RATE), words(ADDRESS_HEADER), words(PASSWORDS_REFUSED))


def _openid() -> "Callable[[], Provider] | None":
    """How the provider of OpenID Connect is made that the settings name, if they do. Raises Wrong."""
    from functools import partial

    from backorder.adapters.openid import Provider, Unusable, read_client

    issuer = words(OPENID_ISSUER)
    if issuer is None:
        return None
    try:
        client = read_client(issuer, words(OPENID_CLIENT), words(OPENID_SECRET), words(OPENID_ADDRESS))
    except Unusable as error:
        raise Wrong(str(error)) from error
    return partial(Provider, client, time.monotonic)


def _demo(db: "Database", now: int) -> "Demo":
    """The demo's weeks, for a service that fills a new database with them."""
    from backorder.adapters.cli.demo import lately

    return lately(db, now)


def _serve(
    database: str, host: str, port: int, working: bool, clock: Callable[[], int], say: Callable[[str], None]
) -> None:
    """Run the service as the settings say, after telling where it is and how the first admin comes in."""
    from backorder.adapters.http import serve

    for told in (_mail, _channels, _pages):
        told()  # what cannot be meant is said before anything runs
    named = value(HOSTS)
    hosts = [] if named == HOSTS.default else [host.strip() for host in named.split(",")]
    worker = _worker if working else None
    options = serve.Options(
        database, host, port, hosts, yes(MIGRATE), value(LOG), yes(TRACES), worker, _guard(), _openid(), _demo
    )
    way_in = serve.prepare(options, clock())
    shown = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    say(f"The console is at {shown}/console/")
    say(f"Programs ask {shown}, which describes itself at {shown}/v1/docs")
    if way_in is not None:
        name, link = way_in
        by_link = f"This link signs {name} in once, within the hour: {shown}/sign-in/{link}"
        by_hand = "Make an admin: backorder account put NAME --role admin --password"
        say(f"Nobody administers yet. {by_hand if link is None else by_link}")
    serve.run(options, _clock(clock))


def command_line() -> "Group":
    """The whole command line."""
    from backorder.adapters.cli import cli, serving

    if "serve" not in cli.commands:
        for command in serving(_serve, _work):
            cli.add_command(command)
    return cli


def main() -> None:
    """Run the command line. Refuses to start where assertions are switched off: they hold invariants."""
    if not __debug__:
        sys.exit("backorder does not run with python -O: its assertions guard the data")
    try:
        command_line()(obj=now, prog_name="backorder")
    except Wrong as error:
        sys.exit(f"Error: {error}")
