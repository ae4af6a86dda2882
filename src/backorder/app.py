"""The only wiring, and the only place that reads the clock."""

import sys
import time

from backorder.settings import NOW, given


def now() -> int:
    """The present moment in microseconds since 1970, UTC; or the one that BACKORDER_NOW says."""
    fixed = given(NOW)
    return time.time_ns() // 1_000 if fixed is None else _moment(fixed)


def _moment(text: str) -> int:
    from datetime import datetime

    from backorder.kernel.calendars import moment_number

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        sys.exit(f"Error: {NOW.name} is {text!r}: give a moment with its offset, such as 2026-12-01T09:00:00+00:00")
    return moment_number(moment)


def main() -> None:
    """Run the command line. Refuses to start where assertions are switched off: they hold invariants."""
    if not __debug__:
        sys.exit("backorder does not run with python -O: its assertions guard the data")
    from backorder.adapters.cli import cli

    cli(obj=now, prog_name="backorder")
