"""Backorder keeps promises: dates for orders that outrun stock, backed by real supply."""

__version__ = "0.1.0"
