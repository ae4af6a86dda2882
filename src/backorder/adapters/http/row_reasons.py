"""Why rows of a file are not taken, as the console says it: fields as people call them, and what commands refuse."""

import re

from backorder.adapters.console.file_columns import called
from backorder.adapters.http.refusals import SENTENCES
from backorder.adapters.imports.reasons import Reason
from backorder.adapters.imports.run import Reject
from backorder.kernel.phrases import Said, Value, phrase, understood
from backorder.languages import Language

_OF_FIELD, _ALONE = phrase("{field}: {text}."), phrase("{text}.")
_OF_ROW = phrase("Row {number}: {reason}")
_OF_LINE = phrase("line {number} of the order, {field}")
_LINE = re.compile(r"lines\[(\d+)\]\.(.+)")


def why(reason: Reason, row: int | None = None) -> Said:
    """What is wrong with a row, in a sentence; which row it is, where it is another than the one it stands at."""
    said = _sentence(reason)
    if reason.row is None or reason.row == row:
        return said
    return Said(_OF_ROW, {"number": reason.row, "reason": said})


def spelled(reject: Reject, speaks: Language) -> str:
    """The same for a sheet, in the language of whoever gets it."""
    text = speaks.say(why(reject.reason, reject.row.number))
    return text[:1].upper() + text[1:]


def _sentence(reason: Reason) -> Said:
    text = reason.said if isinstance(reason.said, Said) else _understood(reason.said, alone=not reason.field)
    if isinstance(text, Said):
        text = text._replace(values={name: _value(name, one) for name, one in text.values.items()})
        if not reason.field and text.phrase.one.endswith("."):
            return text
    return (
        Said(_OF_FIELD, {"field": _named(reason.field), "text": text}) if reason.field else Said(_ALONE, {"text": text})
    )


def _understood(text: str, *, alone: bool) -> Value:
    """What a command was refused for; one that nobody wrote down stays in English."""
    text = text.rstrip(".")
    return understood(f"{text[:1].upper()}{text[1:]}." if alone else text, SENTENCES) or text


def _value(name: str, one: Value) -> Value:
    return _named(one) if name == "field" and isinstance(one, str) else one


def _named(field: str) -> Value:
    """A field of a row or of the command that was made of it, such as `lines[0].unit_price`."""
    line = _LINE.fullmatch(field)
    if line is not None:
        return Said(_OF_LINE, {"number": int(line[1]) + 1, "field": _named(line[2])})
    found = called(field.rpartition(".")[2].partition("[")[0])
    return found if isinstance(found, Said) else field
