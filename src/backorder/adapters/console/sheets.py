"""Lists as sheets."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from backorder.queries.export import safe


def sheet(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Rows as CSV that a spreadsheet opens without running anything: a column for each name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([safe(one[name]) for name in names] for one in rows)
    return text.getvalue().encode()
