"""`backorder demo`: six weeks of a real shop, or its whole year, through the ordinary commands; and what came of it."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click

from backorder.adapters.cli.exits import FAILED, MISSING

SEED = 1  # of the delays that everybody sees who says no other


def demo(place: str, seed: int, *, force: bool) -> None:
    """Make a new database at a path, replay the sample into it, print the summary and what to try next."""
    if "://" in place:
        raise click.UsageError("the demo makes a SQLite file of its own: name one")
    click.echo("Replaying six weeks of a real gift wholesaler, autumn 2011, 80 items (UCI Online Retail, CC BY 4.0).")
    with _database(place, force=force) as db:
        shop = Shop(db, seed)
        shop.run()
        shop.report(place)


def full(path: str, place: str, seed: int, *, force: bool) -> None:
    """Replay a whole year from the file at a path; account for every line, check, measure."""
    from backorder.adapters.cli.invoices import read
    from backorder.adapters.cli.sample import lateness
    from backorder.adapters.cli.year import Year

    click.echo("Replaying a year of a real gift wholesaler (UCI Online Retail, Daqing Chen, 2015, CC BY 4.0).")
    past = read(path)
    first, last = min(past.days), max(past.days)
    moved = f"; its dates were moved back by {past.shift} years" if past.shift else ""
    click.echo(f"{path}: {past.lines:,} invoice lines, {first:%d %b %Y} to {last:%d %b %Y}{moved}.")
    with _database(place, force=force) as db:
        year = Year(db, past, seed, lateness())
        year.run(click.echo)
        sound = _report_year(db, year.tally, past, last)
    if not sound:
        sys.exit(MISSING)


@contextmanager
def _database(place: str, *, force: bool) -> Iterator[Any]:
    """A database for a demo, open: a new file, or at a URL one that is empty."""
    from backorder.storage.db import open_database
    from backorder.storage.migrate import upgrade

    if "://" not in place:
        _make_room(place, force=force)
        upgrade(place)
    db = open_database(place)
    try:
        if "://" in place and not _empty(db):
            click.echo("Error: the database is not empty: name a new one, made with `backorder init`", err=True)
            sys.exit(FAILED)
        yield db
    finally:
        db.close()


def _make_room(place: str, *, force: bool) -> None:
    target = Path(place)
    if target.exists() and not force and not _made_by_demo(place):
        click.echo(f"Error: {place} was not made by the demo: name another file, or replace it with --force", err=True)
        sys.exit(FAILED)
    for path in (target, target.with_name(target.name + "-wal"), target.with_name(target.name + "-shm")):
        path.unlink(missing_ok=True)


def _empty(db: Any) -> bool:
    from backorder.queries import lists

    return not lists.list_items(db, limit=1) and not lists.list_orders(db, limit=1)


def _made_by_demo(place: str) -> bool:
    """Whether the orders of a database come from the demo."""
    from backorder.adapters.cli.replay import CHANNEL
    from backorder.kernel.errors import StorageError
    from backorder.queries import lists
    from backorder.storage.db import open_database

    try:
        db = open_database(place)
        try:
            found = lists.list_orders(db, limit=1)
            return bool(found) and found[0].channel == CHANNEL
        finally:
            db.close()
    except StorageError:
        return False


class Shop:
    """Drives the replay: runs its commands, feeds back what it cannot know, counts refusals."""

    def __init__(self, db: Any, seed: int, last: date | None = None) -> None:
        from backorder.adapters.cli.replay import Replay
        from backorder.adapters.cli.sample import load, until

        self._db = db
        self._replay = Replay(load() if last is None else until(load(), last), seed)
        self._refused: Counter[str] = Counter()
        self._last = date.min
        self._shipped: list[str] = []

    def run(self, told: Callable[[date], bool] | None = None) -> bool:
        """Every day: the night passes, supply arrives, customers order, ready units ship, the buyer buys.

        Each day is told before it begins, and `told` answers whether to go on; whether it came to the end.
        """
        from backorder.adapters.cli.buying import moment

        self._apply(self._replay.opening())
        for day in self._replay.days():
            if not (told or _say_week)(day):
                return False
            self._last = day
            self._apply(self._replay.morning(day))
            self._sell(day)
            if day.weekday() < 5:
                self._apply(
                    {"do": "record_delivery", "shipment": s, "at": moment(day, time(15))} for s in self._shipped
                )
                self._ship(day)
            self._apply(self._replay.buying(day, self._positions()))
        return True

    def days(self) -> int:
        """How many days there are to play."""
        return len(list(self._replay.days()))

    def _apply(self, source: Iterable[dict[str, Any]]) -> list[Any]:
        from backorder.adapters.cli.replay import apply

        return apply(self._db, source)

    def _sell(self, day: date) -> None:
        """The day's orders; a cancellation of what has left already becomes a return."""
        from backorder.commands.lines import CancelLine
        from backorder.commands.orders import PlaceOrder
        from backorder.kernel.outcomes import Word

        returns = []
        for command, outcome in self._apply(self._replay.sales(day)):
            if isinstance(command, PlaceOrder):
                for line in outcome.lines:
                    if line.outcome is not Word.ACCEPTED:
                        self._refused[line.outcome.value] += 1
            elif isinstance(command, CancelLine) and outcome.outcome in {Word.ALREADY_SHIPPED, Word.TOO_MANY}:
                found = self._line(command.order, command.line)
                if found is not None and found.shipped:
                    units = min(command.quantity or 0, found.shipped)
                    returns.append(self._replay.returned(day, found.sku, units))
        self._apply(returns)

    def _line(self, order: str, line: str) -> Any:
        from backorder.queries import show

        return show.line(self._db, order, line, 0)

    def _ship(self, day: date) -> None:
        """Everything allocated leaves at four, one shipment an order."""
        from backorder.adapters.cli.buying import moment
        from backorder.queries.lines import Filters, list_lines

        ready: dict[str, list[dict[str, Any]]] = {}
        for line in list_lines(self._db, 0, Filters(ready=True, limit=100_000)):
            ready.setdefault(line.order, []).append({"line": line.line, "quantity": line.allocated})
        at = moment(day, time(16))
        self._shipped = [f"{order}/{day:%m%d}" for order in ready]
        self._apply(
            {"do": "ship", "shipment": shipment, "order": order, "lines": lines, "carrier": "post", "at": at}
            for shipment, (order, lines) in zip(self._shipped, ready.items(), strict=True)
        )

    def _positions(self) -> list[Any]:
        from backorder.adapters.cli.buying import Position
        from backorder.queries.lists import list_items

        rows = list_items(self._db, limit=10_000)
        return [Position(row.sku, row.free + row.inbound_free - row.uncovered) for row in rows]

    def report(self, place: str) -> None:
        """Print what a merchant wants to know, and the next commands to try."""
        from backorder.adapters.cli.buying import ZONE
        from backorder.adapters.cli.measures import facts, say
        from backorder.queries.lines import most_revised
        from backorder.queries.measures import measure

        click.echo()
        say(facts(measure(self._db, end_of(self._last))))
        refused = ", ".join(f"{count} lines {word}" for word, count in self._refused.most_common())
        say(iter([("refused", refused or "none")]))
        found = most_revised(self._db)
        assert found is not None
        order, line = found
        click.echo(f"\nThe database is {place}. Try:\n")
        click.echo(f"  backorder explain {order} {line} --as-of {self._last} --database {place}")
        click.echo(f"  backorder list lines --at-risk --as-of {self._last} --database {place}")
        click.echo(f"  backorder check --database {place}")
        morning = datetime.combine(self._last + timedelta(days=1), time(9), ZONE).isoformat()
        click.echo("\nSee it in the console, on the morning after:\n")
        click.echo(f"  backorder serve --since {morning} --database {place}")


def _say_week(day: date) -> bool:
    if day.weekday() == 0:
        click.echo(f"  week of {day:%d %b %Y}")
    return True


def lately(db: Any, now: int) -> Shop:
    """The demo's shop for a database in which nothing is, as if its weeks ended yesterday."""
    from backorder.adapters.cli.buying import ZONE
    from backorder.kernel.calendars import day_date, local_day

    return Shop(db, SEED, day_date(local_day(now, str(ZONE))) - timedelta(days=1))


def end_of(day: date) -> int:
    """The last moment of a local day, in microseconds."""
    from backorder.adapters.cli.buying import ZONE
    from backorder.kernel.calendars import moment_number

    return moment_number(datetime.combine(day, datetime.max.time(), ZONE))


def _report_year(db: Any, tally: Any, past: Any, last: date) -> bool:
    """Account for every line, print the measures, check; whether all is sound."""
    from backorder.adapters.cli.measures import facts, say
    from backorder.queries import check
    from backorder.queries.measures import measure

    click.echo("\nWhat became of the invoice lines:\n")
    for what, count in tally.lines.most_common():
        click.echo(f"{count:>9,}  {what}")
    codes = ", ".join(f"{code} {count:,}" for code, count in past.no_goods.most_common(6))
    click.echo(f"{past.no_goods.total():>9,}  moved no goods: postage, fees, corrections ({codes}, ...)")
    accounted = tally.lines.total() + past.no_goods.total()
    click.echo(f"{accounted:>9,}  accounted for, of {past.lines:,}\n")
    found = measure(db, end_of(last))
    say(facts(found))
    lost = found.lost_demand_rate(tally.refused_units) or 0
    pounds = f"{tally.refused_value // 100:,}.{tally.refused_value % 100:02}"
    say(iter([("refused", f"{tally.refused_units:,} units ({100 * lost:.1f} % of demand) for {pounds} GBP")]))
    findings = check.run(db)
    for finding in findings:
        click.echo(f"{finding.rule}: {finding.subject}: {finding.message}")
    click.echo(f"\n{len(findings)} findings." if findings else f"\nSound: {len(check.RULES)} rules hold.")
    return not findings and accounted == past.lines
