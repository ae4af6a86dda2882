"""`backorder demo`: six weeks of a real shop replayed through the ordinary commands, and what came of them."""

import sys
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click

from backorder.adapters.cli.exits import FAILED


def demo(place: str, seed: int, *, force: bool) -> None:
    """Make a new database at a path, replay the sample into it, print the summary and what to try next."""
    if "://" in place:
        raise click.UsageError("the demo makes a SQLite file of its own: name one")
    click.echo("Replaying six weeks of a real gift wholesaler, autumn 2011, 80 items (UCI Online Retail, CC BY 4.0).")
    target = Path(place)
    if target.exists() and not force and not _made_by_demo(place):
        click.echo(f"Error: {place} was not made by the demo: name another file, or replace it with --force", err=True)
        sys.exit(FAILED)
    for path in (target, target.with_name(target.name + "-wal"), target.with_name(target.name + "-shm")):
        path.unlink(missing_ok=True)
    from backorder.storage.db import open_database
    from backorder.storage.migrate import upgrade

    upgrade(place)
    db = open_database(place)
    try:
        shop = Shop(db, seed)
        shop.run()
        shop.report(place)
    finally:
        db.close()


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

    def __init__(self, db: Any, seed: int) -> None:
        from backorder.adapters.cli.replay import Replay
        from backorder.adapters.cli.sample import load

        self._db = db
        self._replay = Replay(load(), seed)
        self._refused: Counter[str] = Counter()
        self._last = date.min
        self._shipped: list[str] = []

    def run(self) -> None:
        """Every day: the night passes, supply arrives, customers order, ready units ship, the buyer buys."""
        from backorder.adapters.cli.buying import moment

        self._apply(self._replay.opening())
        for day in self._replay.days():
            self._last = day
            if day.weekday() == 0:
                click.echo(f"  week of {day:%d %b %Y}")
            self._apply(self._replay.morning(day))
            self._sell(day)
            if day.weekday() < 5:
                self._apply({"do": "record_delivery", "shipment": s, "at": moment(day, time(15))} for s in self._shipped)
                self._ship(day)
            self._apply(self._replay.buying(day, self._positions()))

    def _apply(self, source: Iterable[dict[str, Any]]) -> list[Any]:
        from backorder import commands
        from backorder.kernel.outcomes import Outcome

        batch = []
        for words in source:
            command = commands.decode(words, may_set_clock=True)
            assert not isinstance(command, Outcome), (words, command)
            batch.append(command)
        return list(zip(batch, commands.run(self._db, 0, batch), strict=True))

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
        from backorder.kernel.calendars import moment_number
        from backorder.queries.summary import example, summarise

        end = datetime.combine(self._last, datetime.max.time(), ZONE)
        total = summarise(self._db, moment_number(end))
        click.echo()
        for name, fact in _facts(total, self._refused):
            click.echo(f"{name:<24}{fact}")
        found = example(self._db)
        assert found is not None
        order, line = found
        click.echo(f"\nThe database is {place}. Try:\n")
        click.echo(f"  backorder explain {order} {line} --as-of {self._last} --database {place}")
        click.echo(f"  backorder list lines --at-risk --as-of {self._last} --database {place}")
        click.echo(f"  backorder check --database {place}")


def _facts(total: Any, refused: Counter[str]) -> Iterable[tuple[str, str]]:
    def share(part: int, whole: int) -> str:
        return f"{100 * part / whole:.1f} %" if whole else "-"

    yield "orders", f"{total.orders:,} with {total.lines:,} lines, {total.units:,} units"
    yield "served at once", f"{total.units_at_once:,} units ({share(total.units_at_once, total.units)})"
    part = share(total.backordered_units, total.units)
    kept = f"{total.backordered_lines:,} lines, {total.backordered_units:,} units ({part})"
    yield "backordered", f"{kept}: sales kept while out of stock"
    yield "refused", ", ".join(f"{count} lines {word}" for word, count in refused.most_common()) or "none"
    yield (
        "kept on first promise",
        f"{total.kept:,} of {total.judged:,} backordered lines ({share(total.kept, total.judged)})",
    )
    causes = ", ".join(f"{cause} {count}" for cause, count in total.slips.items())
    yield "slipped", f"{total.slipped_lines:,} lines" + (f" (first because of: {causes})" if causes else "")
    yield "pulled in", f"{total.pulled_in_lines:,} lines got an earlier date"
    yield "cancelled", f"{total.cancelled_units:,} units"
    yield "still waiting", f"{total.waiting_lines:,} lines, {total.waiting_units:,} units"
