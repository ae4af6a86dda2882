"""Figures, each beside a limit measured in the same run: `python -m bench`, or `backorder bench` in a checkout."""

from bench.figures import run

__all__ = ["run"]
