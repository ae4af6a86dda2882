"""Files that come into being whole: written beside their place, flushed to the disk, then renamed."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backorder.kernel.errors import StorageError


@contextmanager
def written_whole(target: Path, *, force: bool = False) -> Iterator[Path]:
    """An empty file beside `target`, for its owner alone, that takes the place of `target` once all went well.

    What was left by a run that was killed is written over. Raises StorageError where `target` is there already and not
    to be replaced, or another run is writing it.
    """
    if not target.parent.is_dir():
        raise StorageError(f"there is no folder {target.parent} to write {target.name} to")
    _require_free(target, force=force)
    part = target.with_name(f"{target.name}.part")
    descriptor = _claimed(part)
    try:
        yield part
        _flush(part)
        _require_free(target, force=force)
        part.rename(target)
        _flush(target.parent)
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def _require_free(target: Path, *, force: bool) -> None:
    if target.exists() and not force:
        raise StorageError(f"{target} is there already: name another file")


def _claimed(part: Path) -> int:
    """The part, empty and locked; the lock ends with the process, however that ends."""
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not (_locked(descriptor) and _names(part, descriptor)):
        os.close(descriptor)
        raise StorageError(f"another run is writing {part} at this moment")
    os.truncate(descriptor, 0)
    return descriptor


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _names(part: Path, descriptor: int) -> bool:
    """Whether the name still stands for the file that was opened: another run may have renamed it just before."""
    try:
        return os.path.samestat(part.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
