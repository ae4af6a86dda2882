"""A shop under load, to be killed: it writes the id of each command to standard output once it was acknowledged.

python writer.py PLACE SEED ROUND [BYTES]

BYTES limits the size of every file, as a full disk would; it ends with 1 when the database fails. Each round has its
own ids; the commands are those of the simulation, one or some a transaction.
"""

import os
import random
import resource
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from simulation.world import World
from state import apply

from backorder.kernel.errors import StorageError
from backorder.storage.db import open_database


def main(place: str, seed: str, turn: str, room: str | None = None) -> None:
    """Write until killed, or until the database fails."""
    if room is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
    db = open_database(place)
    world, chance = World(int(seed) * 1_000 + int(turn)), random.Random(int(turn))
    world.rename(f"r{turn}-")
    batch, n = world.opening(), 0
    while True:
        named = []
        for command in batch:
            n += 1
            named.append({**command, "id": f"{turn}-{n}"})
        try:
            outcomes = apply(db, world.now, named)
        except StorageError as error:
            sys.exit(str(error))
        told = "".join(f"{command['id']} {out.outcome.value}\n" for command, out in zip(named, outcomes, strict=True))
        os.write(1, told.encode())
        batch = [world.command() for _ in range(chance.choice((1, 1, 2, 8)))]


if __name__ == "__main__":
    main(*sys.argv[1:])
