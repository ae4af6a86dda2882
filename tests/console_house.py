"""A service on a database of its own, asked as a browser asks the console."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import new_database
from service import Reply, Service, running
from state import apply

from backorder.queries import accounts, check, webhooks
from backorder.storage.db import open_database

FORM = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
BEGUN: list[dict[str, Any]] = [
    {"do": "put_site", "site": "NY", "zone": "America/New_York", "country": "US"},
    {"do": "put_item", "sku": "CHAIR", "name": "Oak chair"},
    {"do": "count_stock", "sku": "CHAIR", "site": "NY", "quantity": 5},
    {"do": "put_customer", "customer": "ada", "name": "Ada Byron", "country": "US"},
    {"do": "place_order", "order": "A-1", "customer": "ada", "currency": "USD",
     "lines": [{"line": "1", "sku": "CHAIR", "quantity": 2, "unit_price": "40.00"}]},
]  # fmt: skip


class House:
    def __init__(self, url: str, service: Service) -> None:
        self.url, self.service = url, service

    def ask(self, method: str, path: str, body: bytes | None = None, role: str = "admin", **headers: str) -> Reply:
        with closing(self.service.client(role)) as client:
            return client.ask(method, path, body, **headers)

    def page(self, path: str, role: str = "admin", status: int = 200) -> str:
        reply = self.ask("GET", path, role=role)
        assert reply.status == status, reply
        return read(reply)

    def give(self, path: str, **said: str | list[str]) -> Reply:
        return self.ask("POST", path, urlencode(said, doseq=True).encode(), **FORM)

    def hook(self, name: str = "shop") -> webhooks.WebhookView | None:
        db = open_database(self.url)
        found = next((one for one in webhooks.list_webhooks(db, 0) if one.webhook == name), None)
        db.close()
        return found

    def account(self, name: str) -> accounts.AccountView | None:
        db = open_database(self.url)
        found = accounts.account(db, name)
        db.close()
        return found


def read(reply: Reply) -> str:
    return unescape(reply.body.decode()).replace("\u00a0", " ")


@contextmanager
def house_with(
    kind: str, factory: pytest.TempPathFactory, now: datetime, begun: Sequence[dict[str, Any]]
) -> Iterator[House]:
    """The console of a shop on a kind of database, after some commands; at the end nothing in it is unsound."""
    with new_database(kind, factory.mktemp("console")) as url:
        db = open_database(url)
        apply(db, now, list(begun))
        with running(url, BACKORDER_NOW=now.isoformat(), BACKORDER_WORKER="no") as service:
            yield House(url, service)
        assert check.run(db) == []
        db.close()
