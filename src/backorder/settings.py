"""Every knob: its name in the environment, its default, and why one would turn it."""

import os
from typing import NamedTuple


class Setting(NamedTuple):
    """A setting that is read from the environment."""

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

SETTINGS = (DATABASE, NOW)


def value(setting: Setting) -> str:
    """What the environment says, else the default."""
    return given(setting) or setting.default


def given(setting: Setting) -> str | None:
    """What the environment says; None if it says nothing."""
    return os.environ.get(setting.name) or None
