"""What takes back what a form did: one table of the forms that have an inverse, which is a form of the same page."""

from collections.abc import Mapping
from typing import NamedTuple

# By the word of what was done: what undoes it, and the field that says of what, or how it was before.
_INVERSE = {
    "hold_order": ("release_order", "kind"),
    "release_order": ("hold_order", "kind"),
    "change_order": ("change_order", "ship"),
    "disable_webhook": ("enable_webhook", "webhook"),
    "enable_webhook": ("disable_webhook", "webhook"),
    "stop_item": ("sell_item", "selling"),
    "sell_item": ("stop_item", "selling"),
    "put_pack": ("withdraw_pack", "pack"),
    "move": ("move", "expected_on"),
}


class Undo(NamedTuple):
    """A form that takes back what was done: what it is for, and its fields."""

    do: str
    fields: Mapping[str, str]


def undo(done: str, back: str, **more: str) -> Undo | None:
    """The form that undoes what was `done`, with the value to go `back` to; None where there is none."""
    if done not in _INVERSE or not back:
        return None
    word, field = _INVERSE[done]
    return Undo(word, {field: back, **more})
