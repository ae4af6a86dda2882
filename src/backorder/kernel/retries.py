"""When to try again what failed: soon, then ever more seldom, and at last not at all."""

import hashlib

SECOND = 1_000_000
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND

# A message goes on being tried for three days: the schedule of the Standard Webhooks specification (1.0.0).
MESSAGES = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24)))
# A timer for a day and a half: what it stands for has a deadline.
TIMERS = (SECOND, 5 * SECOND, 30 * SECOND, 5 * MINUTE, 30 * MINUTE, HOUR, *(6 * HOUR for _ in range(6)))


def wait(schedule: tuple[int, ...], failures: int, key: str) -> int | None:
    """Microseconds until the next try after so many failures (from 1); None where it is given up.

    Up to a tenth is added, by `key`, so that what failed together is not tried again all at once; the same key and
    number always give the same.
    """
    if failures > len(schedule):
        return None
    plain = schedule[failures - 1]
    drawn = int.from_bytes(hashlib.blake2b(f"{key} {failures}".encode(), digest_size=4).digest(), "big")
    return plain + plain * drawn // (10 * 2**32)
