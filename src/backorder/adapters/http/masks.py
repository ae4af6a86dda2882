"""Fields that not everybody may read: who lacks a field's permission gets its default in its place.

Which fields those are is said where they are declared (`kernel.private.only_with`), and nowhere else.
"""

import typing
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")


class _Plan(NamedTuple):
    """What of a struct is masked, as (field, permission, in its place), and which fields hold such structs."""

    fields: list[tuple[str, str, Any]]
    inner: list[str]


def masked(found: T, permissions: Collection[str]) -> T:
    """What was found, without what these permissions do not let one read. Changes it in place."""
    if isinstance(found, list):
        for each in found:
            masked(each, permissions)
    elif isinstance(found, msgspec.Struct):
        plan = _plan(type(found))
        for name, permission, instead in plan.fields:
            if permission not in permissions:
                setattr(found, name, instead)
        for name in plan.inner:
            masked(getattr(found, name), permissions)
    return found


@lru_cache(maxsize=256)
def _plan(kind: type[msgspec.Struct]) -> _Plan:
    found = _Plan([], [])
    for field in msgspec.structs.fields(kind):
        permission = _permission(field.type)
        if permission is not None:
            assert not field.required, f"{kind.__name__}.{field.name} is masked and has nothing to stand in its place"
            empty = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
            found.fields.append((field.name, permission, empty))
        elif any(_plan(inner) != ([], []) for inner in _structs(field.type) if inner is not kind):
            found.inner.append(field.name)
    return found


def _permission(hint: Any) -> str | None:
    for said in getattr(hint, "__metadata__", ()):
        if isinstance(said, msgspec.Meta) and said.extra and "permission" in said.extra:
            return str(said.extra["permission"])
    return None


def _structs(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for part in typing.get_args(hint):
        yield from _structs(part)
