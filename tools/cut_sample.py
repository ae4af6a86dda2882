"""Cut the demo's sample of orders from the raw Online Retail file.

    python tools/cut_sample.py RAW.parquet src/backorder/adapters/cli/demo_data

RAW.parquet is the UCI "Online Retail" set (Daqing Chen, 2015, CC BY 4.0) in a mirror whose dates are shifted by 12
years. Needs pyarrow, which the project itself does not. The same raw file gives the same bytes.

Kept: the six weeks from 3 October to 13 November 2011 and the 80 items with the most lines in them. Left out, and
counted on the way: lines that are no product (postage, fees, samples), lines without a price, and negative quantities
that are no cancellation (write-offs). Cancellations (invoices that begin with C) stay as they are.
Beside it, the units of these items sold in the four weeks before: what the shop knew when the six weeks began.
"""

import csv
import gzip
import io
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet

FIRST, LAST = date(2011, 10, 3), date(2011, 11, 13)
ITEMS = 80
SHIFT_YEARS = 12
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")


def main(raw: str, folder: str) -> None:
    """Write orders.csv.gz and say what was left out."""
    table = pyarrow.parquet.read_table(raw, columns=list(COLUMNS))
    left_out: Counter[str] = Counter()
    rows = [row for row in zip(*(table[name].to_pylist() for name in COLUMNS), strict=True) if _keep(row, left_out)]
    busiest = Counter(row[1] for row in rows if not row[0].startswith("C"))
    chosen = {code for code, _ in sorted(busiest.items(), key=lambda item: (-item[1], item[0]))[:ITEMS]}
    kept = sorted((_clean(row) for row in rows if row[1] in chosen), key=lambda row: (row[4], row[0], row[1]))
    header = ("invoice", "stock_code", "description", "quantity", "invoice_date", "unit_price", "customer", "country")
    _write(Path(folder) / "orders.csv.gz", header, kept)
    before = _sold_before(table, chosen)
    _write(Path(folder) / "before.csv.gz", ("stock_code", "units"), sorted(before.items()))
    print(f"{len(table)} lines read, {len(kept)} kept of {ITEMS} items; left out in the window: {dict(left_out)}")


def _moment(row: tuple) -> datetime:
    when = row[4]
    when = when if isinstance(when, datetime) else datetime.fromisoformat(str(when))
    return when.replace(year=when.year - SHIFT_YEARS)


def _keep(row: tuple, left_out: Counter[str]) -> bool:
    if not FIRST <= _moment(row).date() <= LAST:
        return False
    code = str(row[1])
    if not code[:5].isdigit():
        left_out["no product"] += 1
    elif not row[5] or row[5] <= 0:
        left_out["no price"] += 1
    elif row[3] < 0 and not str(row[0]).startswith("C"):
        left_out["write-off"] += 1
    else:
        return True
    return False


def _clean(row: tuple) -> tuple:
    customer = "" if row[6] is None else str(int(float(row[6])))
    price = f"{row[5]:.2f}"
    name = " ".join((row[2] or "").split())
    return str(row[0]), str(row[1]), name, int(row[3]), _moment(row).strftime("%Y-%m-%dT%H:%M"), price, customer, row[7]


def _sold_before(table: pyarrow.Table, chosen: set[str]) -> dict[str, int]:
    """Units sold of the chosen items in the four weeks before the window: what the shop knew when it began."""
    sold = dict.fromkeys(chosen, 0)
    for row in zip(*(table[name].to_pylist() for name in COLUMNS), strict=True):
        if row[1] in chosen and row[3] > 0 and FIRST - timedelta(weeks=4) <= _moment(row).date() < FIRST:
            sold[row[1]] += row[3]
    return sold


def _write(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(text.getvalue().encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
