"""The service killed at each point of a transaction and of a message's way: nothing acknowledged is lost or done twice.

The points are put in by `points/sitecustomize.py`, which the interpreter loads before the program; the program knows
nothing of them.
"""

import re
from pathlib import Path

import pytest
from load import Load, arrived, end_leases, in_order, kept, lines, order, wait_for
from service import Service, started, wait_ready

from backorder.adapters import journal as journals
from backorder.queries import check
from backorder.queries.outbox import list_events
from backorder.storage.db import Database

FOLDER = Path(__file__).parent / "points"
POINTS = sorted(
    set(re.findall(r'"(w(?:riter|orker): [^"]+)"', (FOLDER / "sitecustomize.py").read_text(encoding="utf-8")))
)


def test_there_are_points_everywhere() -> None:
    assert len([point for point in POINTS if point.startswith("writer")]) == 7
    assert len([point for point in POINTS if point.startswith("worker")]) == 7


def _furnish(service: Service) -> None:
    """Make a site and an item; it may die while it does."""
    for _ in range(3):
        try:
            client = service.client()
            client.ask("PUT", "/v1/sites/MAIN", {})
            client.ask("PUT", "/v1/items/FAULT", {"coverage": "lead_time", "lead_time_days": 30})
            client.close()
        except OSError:
            wait_ready(service.port, service.process)
        else:
            return
    raise AssertionError("it dies again and again")


@pytest.mark.parametrize("point", POINTS)
def test_who_dies_there_loses_nothing_and_does_nothing_twice(
    db: Database, url: str, tmp_path: Path, point: str
) -> None:
    marker, journal = tmp_path / "fired", tmp_path / "events.jsonl"
    faults = {
        "PYTHONPATH": str(FOLDER),
        "BACKORDER_FAULT": f"{point}|{marker}|SIGKILL",
        "BACKORDER_JOURNAL": str(journal),
    }
    with started(url, **faults) as service:
        _furnish(service)
        load = Load(service, "FAULT", clients=4)
        wait_for(marker.exists)
        wait_ready(service.port, service.process)
        before = len(load.acknowledged)
        wait_for(lambda: len(load.acknowledged) >= before + 20)
        load.end()
        assert load.statuses <= {200, 201, 503}
        kept(url, load.acknowledged)
        admin = service.client()
        for name in sorted(load.asked - load.acknowledged):  # asked for, and nobody knows: asking again tells
            assert admin.ask("POST", "/v1/orders", order(name, "FAULT")).status in {200, 201}
        end_leases(db)
        wait_for(arrived(db, journal))
        admin.close()
    placed = [event.subject for event in list_events(db, limit=100_000) if event.kind == "order_placed"]
    assert sorted(placed) == sorted({f"orders/{name}" for name in load.asked})
    twice = len(lines(journal)) - len({line["id"] for line in lines(journal)})
    assert twice <= journals.AT_ONCE, "at most what was handed over when it died"
    in_order(journal)
    assert check.run(db) == []
