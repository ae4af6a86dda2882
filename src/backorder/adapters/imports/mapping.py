"""Which column of a file is which field: guessed from the headers, taken from a preset, or saved from the last time."""

from collections.abc import Mapping as Mapped
from pathlib import Path
from typing import Any

import msgspec

from backorder.adapters.imports.fields import KINDS, Field, plain_header
from backorder.adapters.imports.presets import PRESETS
from backorder.adapters.imports.values import DateOrder, DecimalSign


class Mapping(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How a file becomes commands. `columns` maps fields to headers, `values` sets fields that no column has.

    `skip` leaves out rows whose column has one of the words; `shipped` takes a row's whole quantity for shipped where
    its column has one. `dates`, `decimal` and `zone` say how days, numbers and moments are written; left out, guessed.
    """

    kind: str
    columns: dict[str, str] = {}
    values: dict[str, str] = {}
    skip: dict[str, list[str]] = {}
    shipped: dict[str, list[str]] = {}
    dates: DateOrder | None = None
    decimal: DecimalSign | None = None
    zone: str = "UTC"


class BadMapping(Exception):
    """The mapping does not fit the file or the kind; the message says what to do."""


def guess(kind: str, headers: list[str]) -> Mapping:
    """The fields that the headers name, by their own names or the usual other ones."""
    free = {plain_header(header): header for header in reversed(headers) if header}
    columns: dict[str, str] = {}
    for names in (lambda field: (plain_header(field.name),), lambda field: field.known_as.split()):
        for field in KINDS[kind]:
            for name in names(field):
                if field.name not in columns and name in free:
                    columns[field.name] = free.pop(name)
    return Mapping(kind, columns=columns)


def preset(kind: str, name: str) -> Mapping:
    """The ready mapping of a program's export. Raises BadMapping if there is none."""
    found = PRESETS.get((name, kind))
    if found is None:
        there = ", ".join(sorted(k for n, k in PRESETS if n == name))
        raise BadMapping(f"there is no preset {name} for {kind}: it has {there}")
    return msgspec.convert({"kind": kind, **found}, Mapping)


def load(path: Path, kind: str) -> Mapping:
    """A saved mapping. Raises BadMapping if it is none, or one for another kind."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Mapping)
    except OSError as error:
        raise BadMapping(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BadMapping(f"{path} is no mapping: {error}") from error
    if found.kind != kind:
        raise BadMapping(f"{path} is a mapping for {found.kind}, not for {kind}")
    return found


def save(path: Path, mapping: Mapping) -> None:
    """Write a mapping for the next time."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(mapping), indent=2) + b"\n")


def fitted(mapping: Mapping, headers: list[str], changes: Mapped[str, Any]) -> Mapping:
    """The mapping with the changes asked for, held to the file. Raises BadMapping that names the field and the headers.

    `changes` has `columns`, `values`, `dates`, `decimal` and `zone`, as far as they were given.
    """
    columns = mapping.columns | changes.get("columns", {})
    values = mapping.values | changes.get("values", {})
    given = {name: changes[name] for name in ("dates", "decimal", "zone") if changes.get(name)}
    merged = msgspec.structs.replace(mapping, columns=columns, values=values, **given)
    known = {field.name: field for field in KINDS[mapping.kind]}
    for name in (*columns, *values):
        if name not in known:
            raise BadMapping(f"{mapping.kind} have no field {name}: they have {', '.join(known)}")
    by_plain = {plain_header(header): header for header in reversed(headers)}
    for name, header in columns.items():
        if header not in headers:
            if plain_header(header) not in by_plain:
                raise BadMapping(f"{name} should come from the column {header}, which is not there: {_listed(headers)}")
            columns[name] = by_plain[plain_header(header)]
    for field in known.values():
        if field.required and field.name not in columns and not values.get(field.name):
            raise BadMapping(_missing(mapping.kind, field, headers))
    return merged


def _missing(kind: str, field: Field, headers: list[str]) -> str:
    way = f"--set {field.name}=HEADER, or --value {field.name}=VALUE for all rows"
    return f"no column was taken for {field.name}, which {kind} need: say {way}. {_listed(headers)}"


def _listed(headers: list[str]) -> str:
    shown = ", ".join(headers[:40])
    return f"The file's columns are: {shown}{', ...' if len(headers) > 40 else ''}"
