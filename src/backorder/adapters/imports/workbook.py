"""Read one sheet of a workbook and write its rows as JSON lines: `python -m ... FILE SHEET`, run by `sheets`.

It bounds its own memory and time before it opens anything, because a workbook of some kilobytes can unfold to
gigabytes. Formulas are not taken: what they would say is not in the file.
"""

import json
import resource
import sys
import zipfile
from datetime import date, datetime, time
from typing import Any

from backorder.kernel.phrases import phrase

MEMORY_MAX = 2**30  # bytes
SECONDS_MAX = 60
UNFOLDED_MAX = 200 * 2**20  # bytes of all parts together
PARTS_MAX = 1_000
RATIO_MAX = 200
COLUMNS_MAX = 1_000
ROWS_MAX = 2**20
CELL_MAX = 10_000
_FORMULA = phrase("cell {cell} is a formula: paste its value in its place")
_LONG = phrase("a cell has more than {count} characters")


def main(path: str, sheet: str) -> int:
    """Write the rows; 1 and a line of reason if the workbook cannot be taken."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))
    reason = _refusal(path)
    if reason is None:
        import openpyxl

        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
            reason = f"it is no workbook: {error}"
        else:
            names = book.sheetnames
            if sheet and sheet not in names:
                reason = f"it has no sheet {sheet}: there are {', '.join(names)}"
            else:
                reason = _write(book[sheet or names[0]])
    if reason is not None:
        sys.stderr.write(reason + "\n")
    return int(reason is not None)


def _refusal(path: str) -> str | None:
    """Why a file is not opened at all, from its table of contents."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError) as error:
        return f"it is no workbook: {error}"
    if len(parts) > PARTS_MAX:
        return f"it has {len(parts)} parts: at most {PARTS_MAX} are read"
    if any(part.flag_bits & 1 for part in parts):
        return "it is encrypted: save it without a password"
    unfolded = sum(part.file_size for part in parts)
    if unfolded > UNFOLDED_MAX or any(part.file_size > RATIO_MAX * max(part.compress_size, 512) for part in parts):
        return f"it unfolds to {unfolded} bytes: save it as CSV"
    return None


def _write(sheet: Any) -> str | None:
    sheet.reset_dimensions()  # what a sheet says of its own size need not be so
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > ROWS_MAX:
            return f"it has more than {ROWS_MAX} rows"
        if len(row) > COLUMNS_MAX:
            return f"row {number} has {len(row)} columns: at most {COLUMNS_MAX} are read"
        formula = next((cell for cell in row if cell.data_type == "f"), None)
        told: dict[str, Any] = {"cells": [_text(cell.value) for cell in row]}
        if formula is not None:
            told |= {"trouble": _FORMULA.one, "values": {"cell": formula.coordinate}}
        elif any(len(text) > CELL_MAX for text in told["cells"]):
            told |= {"trouble": _LONG.one, "values": {"count": CELL_MAX}}
            told["cells"] = [text[:CELL_MAX] for text in told["cells"]]
        sys.stdout.write(json.dumps(told) + "\n")
    return None


def _text(value: object) -> str:
    """A cell as text that reads the same in every locale: ISO days, numbers with a decimal point."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
