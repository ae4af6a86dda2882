"""The command line. Only click is loaded at the start, so that `--help` answers at once; the rest when it is needed."""

from backorder.adapters.cli import accounts, audit, backups, outbox  # noqa: F401  # their commands join the command line
from backorder.adapters.cli.main import cli
from backorder.adapters.cli.serving import serving

__all__ = ["cli", "serving"]
