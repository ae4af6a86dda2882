"""Webhooks: events posted to endpoints that somebody named, signed, and to nowhere else."""

from backorder.adapters.webhooks.endpoints import Endpoints

__all__ = ["Endpoints"]
