"""Invoices in the layout of UCI "Online Retail" (Daqing Chen, 2015), from Parquet or CSV: read, dated, sorted by kind.

What a line is, decided once and here:

- its code is no product's (five digits and letters, or DCGS...): postage, fees, discounts, vouchers, corrections by
  hand. It moves no goods;
- its invoice begins with C: a cancellation;
- its quantity is negative otherwise, or its invoice names no customer and no price at all: a stock adjustment, with
  the description as its reason ("damaged", "found", "wrong barcode");
- all others are sales, those that were given away (price 0) too.

Codes are folded to capitals: the shop typed 85123a and 85123A for one product.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from backorder.adapters.cli.sample import SoldLine
from backorder.kernel.errors import BackorderError

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
FIRST_YEAR = 2010  # in which the set begins; a mirror whose dates were shifted is moved back by whole years
LAUNCH_DAYS = 28  # after its first sale, in which an item's sales say what it starts with
_GOODS = re.compile(r"\d{5}|DCGS")
_ROWS = 50_000  # of a Parquet file at a time


class Day(NamedTuple):
    """What happened on a day: sales by invoice in order of time, cancelled lines, adjusted lines."""

    sales: list[list[SoldLine]]
    cancelled: list[SoldLine]
    adjusted: list[SoldLine]


class Article(NamedTuple):
    """An item as the file knows it: the day it first appears, and units sold in the LAUNCH_DAYS from then on."""

    sku: str
    first: date
    name: str
    price: str
    launch: int


class Past(NamedTuple):
    """Everything in a file: the days, the items by the day they first appear, what moved no goods by its code."""

    days: dict[date, Day]
    articles: dict[date, list[Article]]
    no_goods: Counter[str]
    lines: int
    shift: int


def read(path: str) -> Past:
    """Read and sort a file. Raises BackorderError that says what is wrong with it."""
    lines = list(_lines(_parquet(path) if path.endswith(".parquet") else _csv(path)))
    if not lines:
        raise BackorderError(f"{path} has no invoice lines")
    shift = min(line.at for line in lines).year - FIRST_YEAR
    if shift:
        moments = {line.at for line in lines}
        moved = {at: at.replace(year=at.year - shift) for at in moments}
        lines = [line._replace(at=moved[line.at]) for line in lines]
    invoices: dict[str, list[SoldLine]] = defaultdict(list)
    for line in lines:
        invoices[line.invoice].append(line)
    days: dict[date, Day] = defaultdict(lambda: Day([], [], []))
    no_goods: Counter[str] = Counter()
    for invoice in sorted(invoices.values(), key=lambda invoice: (invoice[0].at, invoice[0].invoice)):
        goods = [line for line in invoice if _GOODS.match(line.sku)]
        no_goods.update(line.sku for line in invoice if not _GOODS.match(line.sku))
        if goods:
            _sort(goods, days[goods[0].at.date()], counted=not any(line.price != "0.00" for line in invoice))
    return Past(dict(days), _articles(days), no_goods, len(lines), shift)


def _sort(goods: list[SoldLine], day: Day, counted: bool) -> None:
    """Put the goods of one invoice where they belong; `counted`: it carries no price."""
    if goods[0].invoice.startswith("C"):
        day.cancelled.extend(goods)
        return
    adjusted = [line for line in goods if line.quantity < 0 or (counted and not line.customer)]
    sold = [line for line in goods if not (line.quantity < 0 or (counted and not line.customer))]
    day.adjusted.extend(adjusted)
    if sold:
        day.sales.append(sold)


def net_sales(day: Day) -> Counter[str]:
    """Units sold per item, less what was cancelled the same day: what a buyer takes for demand."""
    net: Counter[str] = Counter()
    for invoice in day.sales:
        for line in invoice:
            net[line.sku] += line.quantity
    for line in day.cancelled:
        if line.sku in net:
            net[line.sku] += line.quantity
    return +net  # what is left above nothing


def _articles(days: dict[date, Day]) -> dict[date, list[Article]]:
    first: dict[str, date] = {}
    sold_first: dict[str, date] = {}
    names: dict[str, str] = {}
    prices: dict[str, str] = {}
    launch: Counter[str] = Counter()
    for today in sorted(days):
        day = days[today]
        for line in (*(line for invoice in day.sales for line in invoice), *day.cancelled, *day.adjusted):
            first.setdefault(line.sku, today)
            if line.price != "0.00":
                prices.setdefault(line.sku, line.price)
                if line.name:
                    names.setdefault(line.sku, line.name)
        for sku, units in net_sales(day).items():
            if today < sold_first.setdefault(sku, today) + timedelta(days=LAUNCH_DAYS):
                launch[sku] += units
    found: dict[date, list[Article]] = defaultdict(list)
    for sku in sorted(first):
        article = Article(sku, first[sku], names.get(sku, sku), prices.get(sku, "0.00"), launch[sku])
        found[first[sku]].append(article)
    return found


def _lines(rows: Iterable[Sequence[Any]]) -> Iterator[SoldLine]:
    """Rows as lines; equal texts are kept once, for there are half a million of them."""
    kept: dict[Any, Any] = {}
    for n, (invoice, code, name, quantity, at, price, customer, country) in enumerate(rows, 2):
        try:
            yield SoldLine(
                kept.setdefault(text := str(invoice), text),
                kept.setdefault(text := str(code).strip().upper(), text),
                kept.setdefault(text := " ".join((name or "").split()), text),
                int(quantity),
                kept.get(at) or kept.setdefault(at, _moment(at)),
                kept.setdefault(text := f"{_number(price):.2f}", text),
                kept.setdefault(text := str(int(_number(customer))) if customer else "", text),
                kept.setdefault(country, country),
            )
        except (ValueError, TypeError, InvalidOperation) as error:
            raise BackorderError(f"line {n}: {error}") from error


def _number(value: Any) -> Any:
    """A number that a CSV gives as text."""
    return Decimal(value) if isinstance(value, str) else value


def _moment(value: Any) -> datetime:
    """The shop's local time, in any of the spellings that the set goes by."""
    if isinstance(value, datetime):
        return value
    with suppress(ValueError):
        return datetime.fromisoformat(value)
    try:
        return datetime.strptime(value, "%m/%d/%Y %H:%M")  # noqa: DTZ007  # the shop's clock on the wall
    except ValueError:
        raise ValueError(f"{value!r} is not a date such as 2010-12-01 08:26 or 12/1/2010 8:26") from None


def _parquet(path: str) -> Iterator[Sequence[Any]]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        message = 'reading Parquet needs pyarrow: install it with pip install "backorder[full]", or give the CSV'
        raise BackorderError(message) from error
    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(_ROWS, columns=list(COLUMNS)):
            yield from zip(*(batch.column(name).to_pylist() for name in COLUMNS), strict=True)
    except (pyarrow.ArrowInvalid, KeyError) as error:
        raise BackorderError(f"{path} is not the Online Retail set in Parquet: {error}") from error


def _csv(path: str) -> Iterator[Sequence[Any]]:
    data = Path(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # as the set was first exported
    rows = csv.DictReader(text.splitlines())
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise BackorderError(f"{path} is not the Online Retail set: it has no column {missing[0]}")
    for row in rows:
        yield [row[name] for name in COLUMNS]
