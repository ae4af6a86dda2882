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

SETTINGS = (DATABASE,)


def value(setting: Setting) -> str:
    """What the environment says, else the default."""
    return os.environ.get(setting.name) or setting.default
