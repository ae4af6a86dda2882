"""Passwords that leaked elsewhere: looked up in a list of them, which may be far larger than memory."""

import hashlib
import re
from pathlib import Path
from typing import IO

from backorder.kernel.errors import BackorderError

_DIGEST = re.compile(rb"[0-9A-Fa-f]{40}(:[0-9]+)?\s*")
_SAMPLES = 64  # lines, evenly spread, that are in order where the whole list is


class Unreadable(BackorderError):
    """The list of refused passwords cannot be read; the message says why."""


def has(place: str, password: str) -> bool:
    """Whether the list at a path has the password. Raises Unreadable.

    A list has passwords, one a line, or their SHA-1 digests in hexadecimal, each with or without a count behind a
    colon. Digests in order are found by halving, in some 40 reads whatever the size; any other list is read through.
    """
    try:
        with Path(place).open("rb") as file:
            if _DIGEST.fullmatch(file.readline(100)) is None:
                return _stands(file, password.encode())
            digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
            size = Path(place).stat().st_size
            return _found(file, size, digest) if _ordered(file, size) else _stands(file, digest, 40)
    except OSError as error:
        raise Unreadable(f"the list of refused passwords {place} cannot be read: {error.strerror}") from error


def _stands(file: IO[bytes], word: bytes, length: int | None = None) -> bool:
    """Whether a line is the word, or begins with it where a length is given."""
    file.seek(0)
    if length is None:
        return any(line.rstrip(b"\r\n") == word for line in file)
    return any(line[:length].upper() == word for line in file)


def _line_from(file: IO[bytes], at: int) -> bytes:
    """The digest of the first line that begins at or behind a place; empty at the end."""
    file.seek(max(at - 1, 0))
    if at:
        file.readline()
    return file.readline()[:40].upper()


def _ordered(file: IO[bytes], size: int) -> bool:
    found = [_line_from(file, size * n // _SAMPLES) for n in range(_SAMPLES)]
    found = [digest for digest in found if digest]
    return found == sorted(found)


def _found(file: IO[bytes], size: int, digest: bytes) -> bool:
    low, high = 0, size  # the line begins at low or behind it, and before high
    while low < high:
        middle = (low + high) // 2
        there = _line_from(file, middle)
        if there == digest:
            return True
        if there and there < digest:
            low = middle + 1
        else:
            high = middle
    return False
