"""What a list is narrowed by."""

from collections.abc import Sequence
from typing import NamedTuple

from backorder.kernel.phrases import Phrase, Value


class Filter(NamedTuple):
    """A filter as the page has it: what it is called, what it says now, and the address without it.

    It has one field with what can be chosen, if that is little; else the two of the days.
    """

    name: str
    called: Phrase
    label: Phrase
    text: str
    says: Value | None
    without: str
    choices: Sequence[str] = ()
