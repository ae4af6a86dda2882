"""Text in one form: a letter with its accent is one character (Unicode NFC), so that ids that look alike are alike."""

import re
import sys
from functools import cache
from unicodedata import combining, normalize

# Marks on one letter beyond which a text stays as it is: putting them in order takes time by the square of how many
# there are, and no language has more (Unicode Standard Annex 15, section 13, the stream-safe text format).
MARKS_MAX = 30


def composed(text: str) -> str:
    """The text in NFC. Plain text, which is most of it, costs a look; what no language writes stays as it is."""
    if text.isascii() or _heaps().search(text):
        return text
    return normalize("NFC", text)


@cache
def _heaps() -> re.Pattern[str]:
    """More marks in a row than any letter has."""
    marks = "".join(letter for letter in map(chr, range(sys.maxunicode + 1)) if combining(letter))
    return re.compile(f"[{marks}]{{{MARKS_MAX + 1}}}")


def may_need_composing(text: bytes) -> bool:
    """Whether JSON holds more than plain letters, or hides some behind an escape."""
    return not text.isascii() or b"\\u" in text
