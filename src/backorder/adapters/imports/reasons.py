"""Why a row is not taken: the command line reads it in English, the console says it in its reader's language."""

from typing import NamedTuple

from backorder.kernel.phrases import Said
from backorder.kernel.tongues import ENGLISH


class Reason(NamedTuple):
    """What is wrong, with which field, and in which row of the file where a row brings others down with it.

    What a command was refused for comes as it was answered: in English, its field by its path.
    """

    said: Said | str
    field: str = ""
    row: int | None = None

    def __str__(self) -> str:
        """In English, fields by the names that they have in commands and mappings."""
        where = "" if self.row is None else f"line {self.row}: "
        field = f"{self.field}: " if self.field else ""
        return f"{where}{field}{self.said if isinstance(self.said, str) else ENGLISH.say(self.said)}"
