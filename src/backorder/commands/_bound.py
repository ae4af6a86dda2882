"""Callers bound to one customer: beside that customer's orders there are none for them."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import fields

from backorder.kernel.access import BOUND_COMMANDS
from backorder.kernel.outcomes import Outcome, Word, refused
from backorder.storage.db import Tx
from backorder.storage.orders import load_owners

_CARRIED = {"id", "at", "bound_to"}  # by every command


def beyond(asked: Any, sayable: frozenset[str]) -> str | None:
    """The first field of what a bound caller asks that is not theirs to say; None if there is none.

    What has the value that it has when nothing is said was not said.
    """
    for field in fields(asked):
        if field.name not in {*sayable, *_CARRIED} and getattr(asked, field.name) != _unsaid(field):
            return field.name
    return None


def is_said(asked: Any, name: str) -> bool:
    """Whether a field that there may be has another value than when nothing is said."""
    return any(field.name == name and getattr(asked, name) != _unsaid(field) for field in fields(asked))


def _unsaid(field: Any) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def strangers(tx: Tx, batch: Sequence[Any]) -> dict[int, Outcome]:
    """The refusals of commands about what is not their caller's, by the command's identity.

    Looked up in the transaction that would apply them. An order's customer never changes, but for an erasure, which
    disables the customer's accounts; so who owns an order now owned it when the command was sent. To a bound caller
    other customers, and their orders, are answered as what is not there. An id that is taken by another's order is
    answered as one that the caller used with other content: that it cannot be had is all that this tells.
    """
    bound = [command for command in batch if command.bound_to is not None]
    if not bound:
        return {}
    owners = load_owners(tx, sorted({command.order for command in bound}))
    found = {id(command): _astray(command, owners) for command in bound}
    return {ident: outcome for ident, outcome in found.items() if outcome is not None}


def _astray(command: Any, owners: dict[str, str | None]) -> Outcome | None:
    word, order = command.__struct_config__.tag, command.order
    assert word in BOUND_COMMANDS, f"{word} cannot be narrowed to a customer"
    mine = owners.get(order) == command.bound_to
    if word != "place_order":
        return None if mine else refused(Word.UNKNOWN_ORDER, order)
    if command.customer != command.bound_to:
        return refused(Word.UNKNOWN_CUSTOMER, order, f"customer {command.customer} is not known: put it first")
    if order in owners and not mine:
        return refused(Word.ID_REUSED, order, f"order {order} was placed before with other content")
    return None
