"""The service killed while it sends webhooks: each message arrives, twice at most what was on its way, with its id."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest
from load import end_leases, wait_for
from receivers import Receiver
from service import started, wait_ready

from backorder.adapters.webhooks.endpoints import AT_ONCE
from backorder.kernel.webhooks import secret_of
from backorder.queries import check
from backorder.queries.outbox import list_events, list_messages
from backorder.storage.db import Database

FOLDER = Path(__file__).parent / "points"
SECRET = secret_of(b"k" * 32)


@pytest.mark.parametrize("point", ["before sending", "after sending", "before what was sent is marked"])
def test_who_dies_while_it_sends_sends_again_what_was_on_its_way(
    db: Database, url: str, tmp_path: Path, point: str
) -> None:
    marker, receiver = tmp_path / "fired", Receiver()
    faults = {
        "PYTHONPATH": str(FOLDER),
        "BACKORDER_FAULT": f"worker: {point}|{marker}|SIGKILL",
        "BACKORDER_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    with started(url, **faults) as service:
        admin = service.client()
        said = {"url": receiver.url, "secret": SECRET, "events": ["item_put"]}
        assert admin.ask("PUT", "/v1/webhooks/shop", said).status == 201
        batch = [{"do": "put_item", "sku": f"I{n % 7}", "lead_time_days": n} for n in range(40)]
        assert admin.ask("POST", "/v1/commands", batch).status == 200
        wait_for(marker.exists)
        wait_ready(service.port, service.process)
        end_leases(db)
        wait_for(lambda: len(list_messages(db, state="sent", limit=100)) == 40)
        admin.close()
    ids = Counter(got.headers["webhook-id"] for got in receiver.got)
    assert set(ids) == {str(event.n) for event in list_events(db, limit=200) if event.kind == "item_put"}
    assert sum(ids.values()) - len(ids) <= AT_ONCE
    bodies = defaultdict(set)
    for got in receiver.got:
        bodies[got.headers["webhook-id"]].add(got.body)
    assert all(len(found) == 1 for found in bodies.values()), "what comes again is the same"
    arrived = defaultdict(list)
    for got in receiver.got:
        arrived[got.said["subject"]].append(int(got.headers["webhook-id"]))
    assert all(list(dict.fromkeys(numbers)) == sorted(set(numbers)) for numbers in arrived.values())
    assert check.run(db) == []
    receiver.close()
