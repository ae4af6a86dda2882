"""What a measurement says."""

from typing import NamedTuple


class Figure(NamedTuple):
    """A measured figure: what it is, how it came out beside its limit, and what was to be reached."""

    name: str
    result: str
    target: str
    reached: bool
