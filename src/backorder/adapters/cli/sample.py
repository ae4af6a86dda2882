"""The demo's data: six weeks of a real shop's orders, what it sold before, and how late real suppliers were.

Where they come from, and under which licences, stands in `demo_data/ATTRIBUTION.md`.
"""

import csv
import gzip
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "demo_data"


class SoldLine(NamedTuple):
    """A line of an invoice; negative quantities are cancellations."""

    invoice: str
    sku: str
    name: str
    quantity: int
    at: datetime
    price: str
    customer: str
    country: str


class Sample(NamedTuple):
    """Invoices by day, in order of time; units sold per item in the four weeks before; lateness in days, drawn from."""

    days: dict[date, list[list[SoldLine]]]
    sold_before: dict[str, int]
    lateness: list[int]


def load() -> Sample:
    """Read the bundled data."""
    invoices: dict[str, list[SoldLine]] = {}
    for row in _rows("orders.csv.gz"):
        line = SoldLine(
            row[0], row[1], row[2], int(row[3]), datetime.fromisoformat(row[4]), *row[5:]
        )  # the shop's local time
        invoices.setdefault(line.invoice, []).append(line)
    days: dict[date, list[list[SoldLine]]] = {}
    for lines in sorted(invoices.values(), key=lambda lines: (lines[0].at, lines[0].invoice)):
        days.setdefault(lines[0].at.date(), []).append(lines)
    before = {row[0]: int(row[1]) for row in _rows("before.csv.gz")}
    return Sample(days, before, lateness())


def until(sample: Sample, last: date) -> Sample:
    """The sample as if it had happened lately: moved by whole weeks, so that weekdays stay, to end on a day.

    Of its last week go the days that would be behind that day.
    """
    moved = timedelta(weeks=-((max(sample.days) - last) // timedelta(weeks=1)))
    days = {
        day + moved: [[line._replace(at=line.at + moved) for line in lines] for lines in invoices]
        for day, invoices in sample.days.items()
        if day + moved <= last
    }
    return sample._replace(days=days)


def lateness() -> list[int]:
    """How many days late real deliveries were, one entry a shipment."""
    return [int(row[0]) for row in _rows("lateness.csv") for _ in range(int(row[1]))]


def _rows(name: str) -> Iterator[list[str]]:
    path = FOLDER / name
    with gzip.open(path, "rt", encoding="utf-8") if name.endswith(".gz") else path.open(encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows
