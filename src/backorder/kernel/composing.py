"""Text in one form: a letter with its accent is one character (Unicode NFC), so that ids that look alike are alike."""

import re
from functools import lru_cache
from unicodedata import combining, normalize

from backorder.kernel.errors import BackorderError

MARKS_MAX = 30  # on one letter: no language needs more (stream-safe text in the Unicode standard, UAX #15)
_STEP = MARKS_MAX + 1
_PLANES = 0x20000  # all that is beyond are ideographs, and what has no marks either


class Overloaded(BackorderError):
    """A letter has more marks than any language writes."""

    def __init__(self) -> None:
        super().__init__(f"a letter has more than {MARKS_MAX} marks: send it as people write it")


def composed(text: str) -> str:
    """The text in NFC. Plain text, which is most of it, costs a look.

    Raises Overloaded for marks without end: to put them in order takes the square of their number.
    """
    if text.isascii():
        return text
    if _overloaded(text):
        raise Overloaded
    return normalize("NFC", text)


def may_need_composing(text: bytes) -> bool:
    """Whether JSON holds more than plain letters, or hides some behind an escape."""
    return not text.isascii() or b"\\u" in text


def _overloaded(text: str) -> bool:
    """Whether there are too many marks in a row. Of as many characters one is looked at: no row passes between them."""
    seen = text[::_STEP]
    if seen.isascii():
        return False
    one, row = _marks()
    places = (found.start() * _STEP for found in one.finditer(seen))
    return any(row.search(text, max(place - MARKS_MAX, 0), place + _STEP) for place in places)


@lru_cache(maxsize=1)
def _marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What finds a mark, and too many in a row: all that stands behind others in the order of its class.

    Which they are is asked once, when there is text that is not plain. Some say so of themselves only when they are
    taken apart.
    """
    known = (chr(number) for number in range(0x300, _PLANES) if not 0xD800 <= number <= 0xDFFF)
    marks = "".join(letter for letter in known if combining(letter) or combining(normalize("NFD", letter)[0]))
    return re.compile(f"[{marks}]"), re.compile(f"[{marks}]{{{_STEP}}}")
