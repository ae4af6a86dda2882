"""Two services on one PostgreSQL database: nothing is sold twice between them, and a key counts once at both."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
from conftest import new_database
from load import order
from service import Client, Reply, Service, fork, free_port, running, stop

from backorder.queries import check
from backorder.storage.db import open_database

BUYERS = 40  # at each service
UNITS = 10


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    """The same tokens open both."""
    with new_database("postgresql", tmp_path) as url, running(url) as one:
        port = free_port()
        process = fork(url, port)
        try:
            admin = one.client()
            assert admin.ask("PUT", "/v1/sites/MAIN", {}).status == 201
            admin.close()
            yield one, one._replace(port=port, process=process)
        finally:
            stop(process)
        db = open_database(url)
        assert check.run(db) == []
        db.close()


def _at_once(clients: list[Client], ask: list[tuple]) -> list[Reply]:
    """Everybody asks at the same moment; the answers in their order."""
    answers: list[Reply | None] = [None] * len(ask)
    ready = Barrier(len(ask))

    def one(n: int) -> None:
        ready.wait(60)
        method, path, body, headers = ask[n]
        answers[n] = clients[n].ask(method, path, body, **headers)

    threads = [Thread(target=one, args=(n,)) for n in range(len(ask))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None not in answers
    return [answer for answer in answers if answer is not None]


def test_the_last_units_are_sold_once_between_two_services(both: tuple[Service, Service]) -> None:
    clients = [service.client("integration") for service in both for _ in range(BUYERS)]
    admin = both[0].client()
    for round_ in range(3):
        sku = f"HOT-{round_}"
        assert admin.ask("PUT", f"/v1/items/{sku}", {"selling": "stock_only"}).status == 201
        count = {"sku": sku, "site": "MAIN", "quantity": UNITS}
        assert admin.ask("POST", "/v1/stock/count", count, Idempotency_Key=f'"{sku}"').status == 200
        asked = [("POST", "/v1/orders", order(f"{sku}-{n}", sku), {}) for n in range(len(clients))]
        replies = _at_once(clients, asked)
        assert Counter(reply.status for reply in replies) == {201: UNITS, 409: 2 * BUYERS - UNITS}
        sold = next(n for n, reply in enumerate(replies) if reply.status == 201)
        for client in (clients[0], clients[-1]):  # what one service answered, the other reads
            assert client.ask("GET", f"/v1/orders/{sku}-{sold}").status == 200
    for client in [admin, *clients]:
        client.close()


def test_a_key_that_is_sent_to_both_at_once_counts_once(both: tuple[Service, Service]) -> None:
    clients = [service.client("integration") for service in both]
    admin = both[0].client()
    assert admin.ask("PUT", "/v1/items/LAMP", {}).status == 201
    body = {"sku": "LAMP", "site": "MAIN", "delta": 1, "reason": "found"}
    for n in range(50):
        asked = ("POST", "/v1/stock/adjust", body, {"Idempotency_Key": f'"both-{n}"'})
        first, second = _at_once(clients, [asked, asked])
        assert (first.status, second.status) == (200, 200)
        assert first.json == second.json
    assert admin.ask("GET", "/v1/items/LAMP").json["on_hand"] == 50
    for client in [admin, *clients]:
        client.close()
