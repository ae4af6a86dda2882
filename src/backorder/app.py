"""The only wiring, and the only place that reads the clock."""

import sys
import time


def now() -> int:
    """The present moment in microseconds since 1970, UTC."""
    return time.time_ns() // 1_000


def main() -> None:
    """Run the command line. Refuses to start where assertions are switched off: they hold invariants."""
    if not __debug__:
        sys.exit("backorder does not run with python -O: its assertions guard the data")
    from backorder.adapters.cli import cli

    cli(obj=now, prog_name="backorder")
