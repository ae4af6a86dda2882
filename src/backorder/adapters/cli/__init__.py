"""The command line. Only click is loaded at the start, so that `--help` answers at once; the rest when it is needed."""

from backorder.adapters.cli.main import cli

__all__ = ["cli"]
