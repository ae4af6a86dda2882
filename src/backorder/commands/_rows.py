"""What the put commands share: the row as it was, with the fields that the command gives."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import UNSET

from backorder.commands._batch import Command
from backorder.kernel.calendars import day_number
from backorder.kernel.outcomes import Word

_LISTS = {"substitutes", "serves", "transit_days", "tags", "columns"}
_CARRIED = set(Command.__struct_fields__)  # what every command carries says nothing of the row


def given(command: Command, *but: str) -> dict[str, Any]:
    """The fields that the command sets, in the form of the tables."""
    fields = {}
    for name in command.__struct_fields__:
        value = getattr(command, name)
        if value is UNSET or name in but or name in _CARRIED:
            continue
        if name in _LISTS and value is not None:
            value = json.dumps(value, sort_keys=True)
        elif name == "working_days":
            value = ",".join(value)
        elif isinstance(value, date):
            value = day_number(value)
        fields[name] = value
    return fields


def merge(
    old: Mapping[str, Any] | None, columns: Sequence[str], new: Mapping[str, Any], fields: Mapping[str, Any]
) -> tuple[Word, dict[str, Any]]:
    """The row with the given fields set (over `new` where there was none), and what that amounts to."""
    base = old if old is not None else {**dict.fromkeys(columns), **new}
    row = {**base, **fields}
    if old is None:
        return Word.ACCEPTED, row
    return (Word.EXISTS if row == old else Word.CHANGED), row
