"""Write the reference pages that follow from the code: commands, outcomes, tables, settings, the life of a line.

    python tools/write_reference.py [FOLDER]

The words for fields and columns stand in `reference_words.py`; a test holds the pages to what this writes.
"""

import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
from event_examples import EXAMPLES
from reference_words import COLUMNS, FIELDS, TABLES

from backorder.adapters.http import openapi
from backorder.adapters.http.route import OPEN
from backorder.adapters.http.table import ROUTES
from backorder.commands import COMMANDS
from backorder.kernel.access import PERMISSIONS, ROLES
from backorder.kernel.events import KINDS, Back, Moved, Ready
from backorder.kernel.orders import MEANING, MOVES, PLACES
from backorder.kernel.outcomes import Word
from backorder.queries.check import RULES
from backorder.queries.quotes import Quote
from backorder.settings import SETTINGS
from backorder.storage.rules import bundled
from backorder.storage.tables import metadata

NOTE = "<!-- Written by tools/write_reference.py from the code. -->\n"


def main(folder: str = "docs/reference") -> None:
    """Write every page, and the description of the service."""
    described = msgspec.json.format(openapi.document(ROUTES), indent=1)
    (Path(folder) / "openapi.json").write_bytes(described + b"\n")
    for name, text in pages().items():
        (Path(folder) / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The pages by file name."""
    made = {
        "commands.md": commands(),
        "outcomes.md": outcomes(),
        "tables.md": tables(),
        "settings.md": settings(),
        "life-of-a-line.md": life(),
        "checks.md": checks(),
        "http.md": http(),
        "events.md": events(),
        "rules.md": rules(),
    }
    return {name: "\n".join(lines).rstrip() + "\n" for name, lines in made.items()}


def rules() -> Iterator[str]:
    yield NOTE
    yield "# Rule packs\n"
    yield "What the law of a place makes of a delayed order, as data. Each pack is a TOML file in `backorder/rules`; where"
    yield "several hold for an order, each runs its own clock, the earliest duty counts, and silence helps the seller only"
    yield "where all of them let it. This is engineering, not legal advice: have yours read by somebody who may give it.\n"
    yield "They act once the shop says how it tells its customers (`put_communication`); `put_pack` adds packs of your own."
    yield "See [Tell customers of a delay](../how-to/tell-customers-of-a-delay.md).\n"
    for pack in bundled().values():
        places = ", ".join(pack.places) or "where it is named"
        yield f"## {pack.pack}\n"
        yield f"{pack.title}. {pack.source}.\n"
        yield f"- Holds for {' and '.join(pack.buyers)} buyers, where goods go to: {places}."
        yield f"- {_limit(pack.limit)}"
        for delay in pack.delay:
            yield f"- {_delay(delay)}"
        if pack.renewed is None:
            yield f"- {_leaving(pack.leaving)}"
        else:
            silence = _SILENCE[pack.renewed.silence]
            yield f"- A later delay, however short: no answer until the day that was to be kept means {silence}."
        if pack.binding:
            yield "- The seller cannot end the contract: `cancel_line` by the merchant is not allowed."
        unit = "working days" if pack.refund.unit == "working" else "days"
        never = f"; never as {', '.join(pack.refund.never)}" if pack.refund.never else ""
        yield f"- A refund within {pack.refund.days} {unit}: {', or '.join(pack.refund.forms)}{never}."
        if pack.notes:
            yield f"- {pack.notes}"
        yield ""


_SILENCE = {"consent": "yes", "cancel": "no, and the order is cancelled"}
_BASIS = {"ship": "shipped", "deliver": "delivered"}
_STARTS = {
    "completed": "the order is complete and its payment authorised",
    "payment": "payment was accepted",
    "contract": "the contract was made",
}


def _limit(limit: Any) -> str:
    told = f"To be {_BASIS[limit.basis]} by the day that was told"
    if limit.days is None:
        return f"{told}; one has to be told."
    moves = "" if limit.agreed_moves else " A day that is agreed to later does not take its place."
    if limit.days == 0:
        return f"{told}, else on the day when {_STARTS[limit.starts]}.{moves}"
    credit = ""
    if limit.credit_days is not None:
        credit = f", {limit.credit_days} where the buyer applied to the seller for credit"
    return f"{told}, else within {limit.days} days after {_STARTS[limit.starts]}{credit}.{moves}"


def _delay(delay: Any) -> str:
    if delay.kind == "indefinite":
        length = "A first delay without a day"
    elif delay.to_days is None:
        length = f"A first delay of {delay.from_days} days or more"
    else:
        length = f"A first delay of {delay.from_days} to {delay.to_days} days"
    until = "the new day" if delay.answer_days is None else f"{delay.answer_days} days after the limit"
    return f"{length}: no answer until {until} means {_SILENCE[delay.silence]}."


def _leaving(leaving: Any) -> str:
    after = f"more than {leaving.after_days} days late" if leaving.after_days else "late"
    call = ", after setting a further day that is missed too" if leaving.call else ""
    return f"Whose goods are {after} may leave{call}. Silence means nothing."


def commands() -> Iterator[str]:
    yield NOTE
    yield "# Commands\n"
    yield "A command is an object with `do` and the fields below. The same words serve `backorder apply` (one JSON object"
    yield "a line) and Python (`backorder.commands`). Quantities are whole numbers of the item's unit, money is a decimal"
    yield "string with a currency, days are ISO dates, moments ISO 8601 with an offset. Every command may carry:\n"
    yield f"- `id`: {FIELDS['id']}"
    yield f"- `at`: {FIELDS['at']}\n"
    for kind in [*COMMANDS, Quote]:
        yield f"## {kind.__struct_config__.tag}\n"
        yield f"{(kind.__doc__ or '').strip()}\n"
        if kind is Quote:
            yield "A question: it may stand among commands in `backorder apply`, and is what `backorder quote` asks.\n"
        yield "| field | type | meaning |\n|---|---|---|"
        yield from _fields(kind)
        yield ""


def _fields(kind: Any, prefix: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        if field.name in {"id", "at", "bound_to"} and not prefix and kind is not Quote:
            continue
        hint = hints[field.name]
        needed = ", required" if field.required else ""
        yield f"| `{prefix}{field.name}` | {type_words(hint)}{needed} | {FIELDS[field.name]} |"
        inner = _struct_in(hint)
        if inner is not None and not _is_range(inner) and field.name != "exclude":  # which has the fields of a filter
            many = "[]" if "list of" in type_words(hint) or "object of" in type_words(hint) else ""
            yield from _fields(inner, f"{prefix}{field.name}{many}.")


def _is_range(kind: Any) -> bool:
    return set(kind.__struct_fields__) == {"at_least", "at_most"}


def _struct_in(hint: Any) -> Any:
    for part in [hint, *typing.get_args(hint)]:
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            return part
        found = _struct_in(part) if typing.get_args(part) and part is not hint else None
        if found is not None:
            return found
    return None


def type_words(hint: Any) -> str:
    """A type as a reader of JSON knows it."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return type_words(parts[0])
    if origin is Literal:
        return ", ".join(f"`{part}`" for part in parts)
    if origin in {typing.Union, types.UnionType}:
        named = [type_words(part) for part in parts if part is not msgspec.UnsetType]
        return " or ".join(named)
    if origin in {list, tuple}:
        return f"list of {type_words(parts[0])}"
    if origin is dict:
        return f"object of {type_words(parts[1])}"
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return "object of `at_least`, `at_most`" if _is_range(hint) else "object"
    known = {"str": "text", "int": "whole number", "bool": "true or false", "date": "day", "datetime": "moment"}
    return known.get(getattr(hint, "__name__", ""), "null")


def outcomes() -> Iterator[str]:
    yield NOTE
    yield "# Outcomes\n"
    yield "Every command is answered with one of these words. A refusal changes nothing.\n"
    yield "| outcome | meaning |\n|---|---|"
    yield from (f"| `{word.value}` | {word.meaning} |" for word in Word)


def tables() -> Iterator[str]:
    yield NOTE
    yield "# Tables\n"
    yield "The same on SQLite and PostgreSQL. Days are DATE and moments TIMESTAMPTZ on PostgreSQL, ISO text on SQLite;"
    yield "amounts are whole minor units of their currency; lists are JSON text.\n"
    for name, table in sorted(metadata.tables.items()):
        yield f"## {name}\n"
        yield f"{TABLES[name]}\n"
        yield "| column | type | meaning |\n|---|---|---|"
        keys = set(table.primary_key.columns.keys())
        for column in table.c:
            kind = column.type.compile(dialect=_postgresql()).split()[0].lower()
            words = COLUMNS.get(f"{name}.{column.name}") or COLUMNS.get(column.name) or FIELDS[column.name]
            part = " (key)" if column.name in keys else ""
            yield f"| `{column.name}`{part} | {kind}{', or null' if column.nullable else ''} | {words} |"
        yield ""


def _postgresql() -> Any:
    from sqlalchemy.dialects import postgresql

    return postgresql.dialect()


def settings() -> Iterator[str]:
    yield NOTE
    yield "# Settings\n"
    yield "Read from the environment, else from the settings file. `backorder settings` prints each with its source.\n"
    yield "| name | default | meaning |\n|---|---|---|"
    yield from (f"| `{s.name}` | {s.default} | {s.meaning} |" for s in SETTINGS)


def life() -> Iterator[str]:
    yield NOTE
    yield "# The life of a line\n"
    yield "Every unit of a line is in one of four places: waiting, allocated, shipped or cancelled. These are the moves:\n"
    yield "| move | from | to | by |\n|---|---|---|---|"
    yield from (f"| {name.replace('_', ' ')} | {a} | {b} | {by} |" for name, (a, b, by, _) in MOVES.items())
    yield "\nThe state of a line follows from where its units are:\n"
    yield "| state | meaning |\n|---|---|"
    yield from (f"| `{state}` | {meaning} |" for state, meaning in MEANING.items())
    named = sorted({command for move in MOVES.values() for command in move.named})
    yield "\nWhich commands that name a line find units to move, by its state (a line that is not shipped as a whole may have"
    yield "shipped units besides, whose shipment can be reversed; picked units are let go first):\n"
    yield f"| state | {' | '.join(f'`{command}`' for command in named)} |\n|---|{'---|' * len(named)}"
    for state, places in PLACES.items():
        can = (any(command in m.named and m.source in places for m in MOVES.values()) for command in named)
        yield f"| `{state}` | {' | '.join('yes' if yes else '-' for yes in can)} |"


def http() -> Iterator[str]:
    yield NOTE
    yield "# The HTTP API\n"
    yield "Every route, and the permission it asks for; `/v1/openapi.json` is the same for programs (OpenAPI 3.1), and"
    yield "`/v1/docs` for people. Bodies are JSON with the fields of the [commands](commands.md), less what the address"
    yield "says. Programs show a token: `Authorization: Bearer bo_...` (`backorder token issue`);"
    yield "under `/feeds/` also as the password of HTTP Basic.\n"
    yield "- An address and headers of more than 64 KiB together are answered 431, without a body: ask for many items with"
    yield "  `POST /v1/availability`."
    yield "- Where a key is required, send `Idempotency-Key`, a quoted string of your own. Sent again with the same body"
    yield "  it answers the same and does nothing twice (missing 400, being answered 409, other body 422). Keys are kept"
    yield "  as long as the database. Elsewhere it may be sent too."
    yield "- Refusals are problem documents (RFC 9457): `type` and `outcome` are stable words, `detail` says what to do,"
    yield "  `field` names what is wrong, `request` is the id in the log. 429 and 503 carry `Retry-After`."
    yield "- After an answer of 5xx, or none, it is not known whether the command was done: ask again with the same key."
    yield "- A slash in an id is sent as `%2F`. Text is answered in composed form (Unicode NFC), however it came."
    yield "- Callers [bound to a customer](../how-to/let-a-customer-in.md) come in where `bound` says so, and there see and"
    yield "  touch that customer's orders alone. Fields that ask for a permission of their own say so in the description."
    yield "- Lists come in pages of at most 200; `after` takes the `next` of the page before."
    yield "- `/v1/commands` takes a list of at most 8,192 commands of any kind, each with its own `id`, and answers 200 with"
    yield "  a list of [outcomes](outcomes.md): refusals are outcomes there.\n"
    yield "| method | address | what it does | permission | key | bound |\n|---|---|---|---|---|---|"
    for route in ROUTES:
        path = route.path.replace(":str", "")
        key = "required" if route.key else ""
        bound = "yes" if route.bound or route.permission == OPEN else ""
        yield f"| `{route.method}` | `{path}` | {route.summary} | `{route.permission}` | {key} | {bound} |"
    yield "\n## Permissions\n"
    yield "| permission | for | roles |\n|---|---|---|"
    for permission, meaning in PERMISSIONS.items():
        roles = ", ".join(role for role, permitted in ROLES.items() if permission in permitted)
        yield f"| `{permission}` | {meaning} | {roles} |"


def events() -> Iterator[str]:
    yield NOTE
    yield "# Events\n"
    yield "What is told, in the transaction that changed it ([how to follow it](../how-to/follow-what-happens.md)). A subject"
    yield "is an address: `orders/ID` is what `/v1/orders/ID` shows. The data are the command's outcome, where nothing else is"
    yield "said. `customer` commands and questions tell nothing.\n"
    yield "Who wants them asks for them, listens, or has them sent ([webhooks](../how-to/receive-webhooks.md)); there `type` is"
    yield "`backorder.` and the kind.\n"
    yield "| kind | meaning | example: subject, data |\n|---|---|---|"
    for kind, meaning in KINDS.items():
        about, data = EXAMPLES[kind]
        yield f"| `{kind}` | {meaning} | `{about}` `{data}` |"
    for kind, fields in (("promise_moved", Moved), ("line_ready", Ready), ("back_in_stock", Back)):
        yield (
            f"\n`{kind}` has the data "
            + ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(fields))
            + "."
        )


def checks() -> Iterator[str]:
    yield NOTE
    yield "# What `backorder check` verifies\n"
    yield "| rule | meaning |\n|---|---|"
    yield from (f"| `{rule.name}` | {rule.meaning} |" for rule in RULES)
    yield "\nBesides, `audit_chain`: nothing was taken out of the audit trail, changed in it, or cut off its end."


if __name__ == "__main__":
    main(*sys.argv[1:])
