"""The command line. Only click is loaded at the start, so that `--help` answers at once; the rest when it is needed."""

# Their commands join the command line.
from backorder.adapters.cli import (  # noqa: F401  # loading them is enough
    accounts,
    audit,
    backups,
    communication,
    evidence,
    inbound,
    notices,
    outbox,
    planning,
    policies,
    reallocation,
    refunds,
    rules,
    status,
    storefront,
    webhooks,
    whatif,
)
from backorder.adapters.cli.main import cli
from backorder.adapters.cli.serving import serving

__all__ = ["cli", "serving"]
