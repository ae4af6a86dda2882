"""Services for tests without their start-up: a process that has loaded the program becomes one for each that is asked.

To load the program takes a second, which would be most of what a test of a page takes. So each process of tests has one
beside it that has loaded all of it and does nothing else (the standard library's fork server: it begins with the first
service and ends with the tests), and that forks when a service is wanted. What comes of it is a service like any other:
the words of the command line, the settings and the two processes are those of `backorder serve`, and nothing was opened
or run before.
"""

import gc
import multiprocessing
import os
import subprocess
import sys
from multiprocessing.context import ForkServerProcess

# All that `backorder serve` has loaded by the time it has answered some requests.
LOADED = [
    "backorder.adapters.cli",
    "backorder.adapters.http.serve",
    "backorder.adapters.journal",
    "backorder.adapters.mail.sender",
    "backorder.adapters.webhooks",
    "backorder.app",
    "holidays.countries.united_states",
    "uvloop",
]
multiprocessing.get_context("forkserver").set_forkserver_preload(LOADED)


class Forked(ForkServerProcess):
    """A process that runs `backorder` with these words in this environment; it says of itself what a Popen does."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        super().__init__()
        self._words, self._environment = words, environment

    def run(self) -> None:
        """Be it, as if the words had just been typed."""
        assert "backorder.adapters.http.serve" in sys.modules, "what LOADED names could not be loaded"
        from backorder.app import main

        multiprocessing.set_start_method(None, force=True)  # what it starts itself begins as it always does
        gc.freeze()  # what came with the fork is shared memory as long as nobody goes through it
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.environ.clear()
        os.environ.update(self._environment)
        sys.argv = ["backorder", *self._words]
        main()

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            assert self.pid is not None
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        """Wait for its end, so many seconds at most; its exit code."""
        self.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self._words, timeout)
        return code
