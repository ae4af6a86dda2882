"""The life of a line: where its units can be, the legal moves between, and the state that follows."""

from typing import Literal

State = Literal["ready", "waiting", "part_ready", "shipped", "cancelled"]

# A line's units are in four places; every command moves units along one of these edges and no other.
MOVES: dict[str, tuple[str, str]] = {
    "allocate": ("waiting", "allocated"),
    "give_back": ("allocated", "waiting"),
    "ship": ("allocated", "shipped"),
    "cancel_waiting": ("waiting", "cancelled"),
    "cancel_allocated": ("allocated", "cancelled"),
    "unship": ("shipped", "allocated"),
}

MEANING: dict[State, str] = {
    "waiting": "No unit is allocated; some wait for supply.",
    "part_ready": "Some units are allocated and could ship, others wait.",
    "ready": "Every unit that is still wanted is allocated.",
    "shipped": "Nothing is left to ship; at least one unit was shipped.",
    "cancelled": "Every unit was cancelled.",
}


def state(waiting: int, allocated: int, shipped: int) -> State:
    """The state of a line, from where its units are. It is derived and never stored."""
    if waiting:
        return "part_ready" if allocated else "waiting"
    if allocated:
        return "ready"
    return "shipped" if shipped else "cancelled"
