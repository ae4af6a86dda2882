"""The life of a line: where its units can be, the legal moves between, and the state that follows."""

from typing import Literal, NamedTuple

State = Literal["ready", "waiting", "part_ready", "shipped", "cancelled"]


class Move(NamedTuple):
    """A legal move of units: from where, to where, and by what. `named` are the commands that name the line."""

    source: str
    target: str
    by: str
    named: tuple[str, ...] = ()


# A line's units are in four places; every command moves units along one of these edges and no other.
MOVES: dict[str, Move] = {
    "allocate": Move("waiting", "allocated", "a receipt, a pass that finds free stock, or a pin to it"),
    "give_back": Move("allocated", "waiting", "a count that finds too little, or another address"),
    "ship": Move("allocated", "shipped", "a shipment", ("ship",)),
    "cancel_waiting": Move("waiting", "cancelled", "a cancellation, or fewer units", ("cancel_line",)),
    "cancel_allocated": Move("allocated", "cancelled", "the same, once nothing waits", ("cancel_line",)),
    "unship": Move("shipped", "allocated", "a shipment that did not leave", ("reverse_shipment",)),
}

# Where a line has units, by its state; each may have shipped and cancelled ones besides.
PLACES: dict[State, frozenset[str]] = {
    "waiting": frozenset({"waiting"}),
    "part_ready": frozenset({"waiting", "allocated"}),
    "ready": frozenset({"allocated"}),
    "shipped": frozenset({"shipped"}),
    "cancelled": frozenset(),
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
