"""Views of the backlog that people keep: which lines, in which order, in which columns."""

from typing import Literal, get_args

Show = Literal[
    "waiting", "risk", "late", "week", "uncovered", "ready", "held", "all"
]  # which lines there are to narrow
Sort = Literal["promise", "ordered", "order", "item", "units"]
Column = Literal[
    "order",
    "customer",
    "tier",
    "goes_to",
    "item",
    "units",
    "ordered",
    "wanted",
    "first",
    "promise",
    "planned",
    "pegs",
    "state",
    "value",
]
SHOWS: tuple[Show, ...] = get_args(Show)
SORTS: tuple[Sort, ...] = get_args(Sort)
COLUMNS: tuple[Column, ...] = get_args(Column)
NAME_MAX = 60  # characters of what a view is called
VIEWS_MAX = 30  # of one owner


def trouble(columns: list[Column]) -> str | None:
    """What is wrong with the columns of a view."""
    if len(set(columns)) < len(columns):
        return "name each column once"
    if "order" not in columns:
        return "leave the order among them: a row is opened by it"
    return None
