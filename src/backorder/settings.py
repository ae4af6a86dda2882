"""Every knob: its name in the environment, its default, and why one would turn it."""

import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from backorder.kernel.destinations import Allowed


class Setting(NamedTuple):
    """A setting that is read from the environment, else from the settings file."""

    name: str
    default: str
    meaning: str


DATABASE = Setting(
    "BACKORDER_DATABASE",
    "backorder.db",
    "Where the data live: a path to a SQLite file, or a URL such as postgresql://user@host/name.",
)

NOW = Setting(
    "BACKORDER_NOW",
    "the clock",
    "A fixed moment (ISO 8601 with offset) to take for the present: for rehearsals, and so that a worked example shows "
    "the same days whenever it is read.",
)

HOST = Setting("BACKORDER_HOST", "127.0.0.1", "The address that the service listens on; 0.0.0.0 for every one.")

PORT = Setting("BACKORDER_PORT", "8080", "The port that the service listens on.")

HOSTS = Setting(
    "BACKORDER_HOSTS",
    "any",
    "The names under which the service is asked, with commas between: requests for other names are refused.",
)

MIGRATE = Setting(
    "BACKORDER_MIGRATE",
    "yes",
    "Whether the service makes or upgrades its database when it starts; with `no` it refuses and says how.",
)

LOG = Setting("BACKORDER_LOG", "json", "How the service logs: `json`, a line for each request, or `none`.")

TRACES = Setting(
    "BACKORDER_TRACES",
    "no",
    "Whether requests are traced with OpenTelemetry; `yes` needs the extra `telemetry`, and its own OTEL_ settings.",
)

WORKER = Setting(
    "BACKORDER_WORKER",
    "yes",
    "Whether the service sees to timers and messages too; with `no`, `backorder work` has to run beside it.",
)

JOURNAL = Setting(
    "BACKORDER_JOURNAL",
    "none",
    "A file to whose end every event is written, as a line of JSON (CloudEvents 1.0): for programs that read files.",
)

MAIL = Setting(
    "BACKORDER_MAIL",
    "none",
    "The mail server that takes letters to customers, such as smtp://name:password@mail.example.com:587 (encrypted "
    "once connected) or smtps://... (from the first byte). Without it nothing is mailed: your programs hear of it.",
)

MAIL_FROM = Setting(
    "BACKORDER_MAIL_FROM",
    "none",
    "The address that letters come from; the shop's name stands before it. Whoever answers a letter writes there.",
)

MAIL_RETURNS = Setting(
    "BACKORDER_MAIL_RETURNS",
    "none",
    "The address that mail servers tell when a letter did not arrive, where it is another than BACKORDER_MAIL_FROM. "
    "What comes there goes to `backorder notices returned`.",
)

MAIL_LETTERS = Setting(
    "BACKORDER_MAIL_LETTERS",
    "none",
    "Letters on orders that are mailed besides notices, with commas between: `confirmation` with the day of each line, "
    "`ready` when a part can ship and the rest still waits, `shipped`. For shops that send none themselves.",
)

PAGES = Setting(
    "BACKORDER_PAGES",
    "none",
    "The address under which customers reach this service, such as https://orders.example.com: letters have a link to "
    "the page of their order there, on which customers see where it is and choose.",
)

CHANNELS = Setting(
    "BACKORDER_CHANNELS",
    "none",
    "Services that take short words to customers beside letters, as NAME=URL with spaces between, such as "
    "sms=twilio://SID:TOKEN@15551234567/{to}: URLs of Apprise, with {to} where the customer's address stands. Who has "
    "`notify` at `sms:+15557654321` is told so. It needs the extra `channels`.",
)

PG_PROGRAMS = Setting(
    "BACKORDER_PG_PROGRAMS",
    "PATH",
    "The folder of PostgreSQL's programs pg_dump, pg_restore and psql, for `backorder backup` and `restore`, such as "
    "/usr/lib/postgresql/18/bin.",
)

WEBHOOK_PORTS = Setting(
    "BACKORDER_WEBHOOK_PORTS",
    "443,8443",
    "The ports that webhooks may be sent to, with commas between.",
)

WEBHOOK_NETWORKS = Setting(
    "BACKORDER_WEBHOOK_NETWORKS",
    "none",
    "Networks of your own that webhooks may be sent to, by any port and by http too, such as 10.1.2.0/24: with commas "
    "between. Else they go to public addresses alone, so that nobody is reached through this service who is not "
    "reachable without it.",
)

RATE = Setting(
    "BACKORDER_RATE",
    "none",
    "How many requests a second each account may send to one process, such as 50; as many may come at once after a "
    "pause. Beyond it they are answered 429.",
)

ADDRESS_HEADER = Setting(
    "BACKORDER_ADDRESS_HEADER",
    "none",
    "The header in which the proxy says who asks, such as X-Real-IP: sign-ins are counted by address. Without it they "
    "are counted by whoever connects, and behind a proxy that is one for all.",
)

PASSWORDS_REFUSED = Setting(
    "BACKORDER_PASSWORDS_REFUSED",
    "none",
    "A file of passwords that nobody may choose: one a line, or their SHA-1 in hexadecimal, with or without a count "
    "behind a colon, as lists of leaked passwords come. In the order of the digests it may be of any size.",
)

OPENID_ISSUER = Setting(
    "BACKORDER_OPENID_ISSUER",
    "none",
    "The provider of OpenID Connect by which people sign in, as it calls itself, such as https://login.example.com; it "
    "needs the extra `openid`.",
)

OPENID_CLIENT = Setting("BACKORDER_OPENID_CLIENT", "none", "What that provider calls this service: the client's id.")

OPENID_SECRET = Setting("BACKORDER_OPENID_SECRET", "none", "The client's secret at that provider.")

OPENID_ADDRESS = Setting(
    "BACKORDER_OPENID_ADDRESS",
    "none",
    "The address under which people reach this service, such as https://orders.example.com: the provider sends them "
    "back to /openid/callback there.",
)

FILE = Setting(
    "BACKORDER_SETTINGS",
    "none",
    "A TOML file that says settings by these names in small letters without the prefix, such as `port = 8081`. The "
    "environment goes before it.",
)

SETTINGS = (
    DATABASE,
    NOW,
    HOST,
    PORT,
    HOSTS,
    MIGRATE,
    LOG,
    TRACES,
    WORKER,
    JOURNAL,
    MAIL,
    MAIL_FROM,
    MAIL_RETURNS,
    MAIL_LETTERS,
    PAGES,
    CHANNELS,
    WEBHOOK_PORTS,
    WEBHOOK_NETWORKS,
    RATE,
    ADDRESS_HEADER,
    PASSWORDS_REFUSED,
    PG_PROGRAMS,
    OPENID_ISSUER,
    OPENID_CLIENT,
    OPENID_SECRET,
    OPENID_ADDRESS,
    FILE,
)


class Wrong(Exception):
    """A setting, or the settings file, cannot be meant; the message names it and says what to do."""


def value(setting: Setting) -> str:
    """What the environment says, else the settings file, else the default. Raises Wrong."""
    return given(setting) or setting.default


def given(setting: Setting) -> str | None:
    """What the environment or the settings file says; None if neither says anything. Raises Wrong."""
    return source(setting)[0]


def source(setting: Setting) -> tuple[str | None, str]:
    """What is said of a setting, and where: `environment`, the settings file, or `default`. Raises Wrong."""
    said = os.environ.get(setting.name)
    if said:
        return said, "environment"
    place = os.environ.get(FILE.name)
    if place and setting is not FILE:
        found = _file(place).get(setting.name.removeprefix("BACKORDER_").lower())
        if found is not None:
            return str(found), place
    return None, "default"


@lru_cache(maxsize=4)
def _file(place: str) -> dict[str, object]:
    try:
        found = tomllib.loads(Path(place).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Wrong(f"the settings file {place} (BACKORDER_SETTINGS) cannot be read: {error}") from error
    known = {setting.name.removeprefix("BACKORDER_").lower() for setting in SETTINGS} - {"settings"}
    for name in found:
        if name not in known:
            raise Wrong(f"the settings file {place} says {name}: use {', '.join(sorted(known))}")
    return found


def yes(setting: Setting) -> bool:
    """A setting that says yes or no. Raises Wrong."""
    said = value(setting).lower()
    if said not in {"yes", "no"}:
        raise Wrong(f"{setting.name} is {said!r}: say yes or no")
    return said == "yes"


def whole(setting: Setting) -> int | None:
    """A setting that says a number from 1 on, or none. Raises Wrong."""
    said = words(setting)
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and 0 < int(said) <= 1_000_000):
        raise Wrong(f"{setting.name} is {said!r}: give a whole number from 1 to 1,000,000, or none")
    return int(said)


def destinations() -> "Allowed":
    """Where webhooks may be sent to. Raises Wrong."""
    from backorder.kernel.destinations import read_allowed

    try:
        return read_allowed(value(WEBHOOK_PORTS), words(WEBHOOK_NETWORKS))
    except ValueError as error:
        raise Wrong(f"{WEBHOOK_PORTS.name} or {WEBHOOK_NETWORKS.name} cannot be meant: {error}") from error


def words(setting: Setting) -> str | None:
    """A setting that says something, or none. Raises Wrong."""
    said = given(setting)
    return None if said == "none" else said
