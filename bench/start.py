"""How long a person waits for the first words."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure


def measure(scale: float) -> Iterator[Figure]:
    """`--help` beside the interpreter's own start, and the demo's first line."""
    rounds = 9 if scale >= 1 else 2
    interpreter = statistics.median(_run(["-c", "pass"]) for _ in range(rounds))
    helped = statistics.median(_run(["-m", "backorder", "--help"]) for _ in range(rounds))
    more = helped - interpreter
    yield Figure("backorder --help beyond the interpreter", f"{more:.2f} s more", "<= 0.3 s more", more <= 0.3)
    first = statistics.median(_first_line() for _ in range(min(3, rounds)))
    yield Figure("first output of backorder demo", f"{first:.2f} s", "<= 2 s", first <= 2)


def _run(arguments: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - begin


def _first_line() -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "backorder", "demo", "--database", str(Path(folder) / "demo.db")]
        begin = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            took = time.perf_counter() - begin
            process.terminate()
            process.stdout.read()
    return took
