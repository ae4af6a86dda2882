"""Rows of text that programs read and people open in a spreadsheet: nothing in them runs, or breaks out of its cell."""

import csv
import io
import re
from collections.abc import Sequence

from backorder.queries.export import safe

# What XML 1.0 cannot say, and what ends a line somewhere.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def line(cells: Sequence[str], between: str) -> str:
    """One row with its end. What a spreadsheet would take for a formula gets a quote mark before it; empty stays so."""
    out = io.StringIO()
    csv.writer(out, delimiter=between, lineterminator="\n").writerow(
        [str(safe(visible(cell))) if cell else "" for cell in cells]
    )
    return out.getvalue()


def visible(text: str) -> str:
    """The text with the replacement character for what cannot be seen, or said in XML."""
    return _UNSEEN.sub("\ufffd", text)
