"""Commands change: one file per feature, every function takes a list and answers a list.

`decode` reads a command from JSON or a mapping, `run` applies any mix of them in order.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Union

import msgspec

from backorder.commands import (
    answers,
    catalogue,
    changes,
    clock,
    communication,
    holds,
    items,
    lines,
    notices,
    orders,
    outbox,
    people,
    pins,
    policies,
    reallocation,
    receipts,
    refunds,
    rules,
    shipments,
    status,
    stock,
    supplies,
    timers,
    views,
    watches,
    webhooks,
)
from backorder.commands._batch import BATCH_MAX, Command
from backorder.kernel.composing import Overloaded, composed, may_need_composing
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.segments import Filter
from backorder.storage.audit import Entry, save_entries
from backorder.storage.db import Database

COMMANDS: dict[type[Command], Callable[[Database, int, Sequence[Any]], list[Outcome]]] = {
    items.PutItem: items.put_items,
    catalogue.PutSite: catalogue.put_sites,
    catalogue.PutSupplier: catalogue.put_suppliers,
    catalogue.PutCustomer: catalogue.put_customers,
    policies.PutCategory: policies.put_categories,
    policies.PutShop: policies.put_shops,
    supplies.AnnounceSupply: supplies.announce_supplies,
    supplies.ConfirmSupply: supplies.confirm_supplies,
    supplies.RescheduleSupply: supplies.reschedule_supplies,
    receipts.ReceiveSupply: receipts.receive_supplies,
    supplies.CancelSupply: supplies.cancel_supplies,
    stock.CountStock: stock.count_stock,
    stock.AdjustStock: stock.adjust_stock,
    orders.PlaceOrder: orders.place_orders,
    changes.AddLines: changes.add_lines,
    changes.ChangeLine: changes.change_lines,
    changes.ChangeOrder: changes.change_orders,
    lines.CancelLine: lines.cancel_lines,
    lines.PromiseLine: lines.promise_lines,
    holds.HoldOrder: holds.hold_orders,
    holds.ReleaseOrder: holds.release_orders,
    pins.Pin: pins.pin_lines,
    pins.Unpin: pins.unpin_lines,
    shipments.Pick: shipments.pick_lines,
    shipments.Unpick: shipments.unpick_lines,
    shipments.Ship: shipments.ship_orders,
    shipments.ReverseShipment: shipments.reverse_shipments,
    shipments.RecordDelivery: shipments.record_deliveries,
    people.ErasePerson: people.erase_people,
    clock.Advance: clock.advance,
    communication.PutCommunication: communication.put_communications,
    rules.PutPack: rules.put_packs,
    notices.SendNotice: notices.send_notices,
    notices.SuppressNotice: notices.suppress_notices,
    notices.RecordNotice: notices.record_notices,
    answers.AnswerNotice: answers.answer_notices,
    refunds.RecordRefund: refunds.record_refunds,
    reallocation.PutPolicy: reallocation.put_policies,
    reallocation.Reallocate: reallocation.reallocate,
    reallocation.CommitPlan: reallocation.commit_plans,
    reallocation.UndoPlan: reallocation.undo_plans,
    status.PutStatusLink: status.put_status_links,
    status.RevokeStatusLink: status.revoke_status_links,
    status.ChooseAnswer: status.choose_answers,
    status.WithdrawAnswer: status.withdraw_answers,
    outbox.RetryMessage: outbox.retry_messages,
    outbox.DiscardMessage: outbox.discard_messages,
    timers.RetryTimer: timers.retry_timers,
    views.PutView: views.put_views,
    views.DropView: views.drop_views,
    watches.WatchItem: watches.watch_items,
    watches.UnwatchItem: watches.unwatch_items,
    webhooks.PutWebhook: webhooks.put_webhooks,
    webhooks.DisableWebhook: webhooks.disable_webhooks,
    webhooks.EnableWebhook: webhooks.enable_webhooks,
    webhooks.TestWebhook: webhooks.test_webhooks,
    webhooks.ReplayWebhook: webhooks.replay_webhooks,
}

# What an import may say besides: the past of orders and supplies. The words are the same.
IMPORTS: dict[type[Command], Callable[[Database, int, Sequence[Any]], list[Outcome]]] = {
    orders.ImportedOrder: orders.import_orders,
    supplies.ImportedSupply: supplies.import_supplies,
}
_RUN = COMMANDS | IMPORTS

# Each has a transaction of its own, and so an answer of its own.
_ALONE = (
    catalogue.PutSite,
    policies.PutShop,
    policies.PutCategory,
    changes.AddLines,
    changes.ChangeLine,
    people.ErasePerson,
    clock.Advance,
    communication.PutCommunication,
    answers.AnswerNotice,
    reallocation.Reallocate,
    reallocation.CommitPlan,
    reallocation.UndoPlan,
    webhooks.ReplayWebhook,
    views.PutView,
    views.DropView,
)

# These take a while, and hold no lock while they do: others need not wait for them.
_LONG = (reallocation.Reallocate, reallocation.CommitPlan, reallocation.UndoPlan)

# The fields that may name what a command is about, the most telling first. Customers are never named in the trail.
_SUBJECTS = (
    "view", "order", "supply", "document", "shipment", "sku", "site", "supplier", "category", "pack", "run", "policy",
    "webhook",
)  # fmt: skip

WORDS = tuple(str(kind.__struct_config__.tag) for kind in COMMANDS)  # what `do` may say

_ANY = Union[tuple(COMMANDS)]  # type: ignore[valid-type]  # noqa: UP007  # built from the table above
_PAST = {kind.__struct_config__.tag for kind in IMPORTS}
_IMPORT = Union[  # type: ignore[valid-type]  # built from the tables above
    (*(kind for kind in COMMANDS if kind.__struct_config__.tag not in _PAST), *IMPORTS)
]
_JSON = {False: msgspec.json.Decoder(_ANY), True: msgspec.json.Decoder(_IMPORT)}
_PATH = re.compile(r"^(?P<message>.*?)(?: - at `(?:key in )?\$\.?(?P<field>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"required field `([^`]*)`")


def decode(
    source: bytes | str | Mapping[str, Any], *, may_set_clock: bool = False, importing: bool = False
) -> Command | Outcome:
    """Read one command; an `invalid` outcome that names the field if it cannot be read.

    `may_set_clock` lets the caller say when the command happens (`at`): for replays and simulations. `importing` lets
    it besides tell the past of orders and supplies: promises given, units shipped, cancelled and received.
    """
    try:
        command = _read(source, importing=importing)
    except msgspec.DecodeError as error:
        return unreadable(source, str(error))
    except UnicodeError:
        return Outcome(Word.INVALID, message="the text is not valid UTF-8")
    except Overloaded as error:
        return Outcome(Word.INVALID, id=_id_of(source), message=str(error))
    if command.at is not None and not (may_set_clock or importing):
        message = "the clock can only be set in a replay: leave `at` out"
        return Outcome(Word.INVALID, id=command.id, field="at", message=message)
    if command.bound_to is not None:
        return Outcome(Word.INVALID, id=command.id, field="bound_to", message="nobody says this: leave it out")
    return command  # type: ignore[no-any-return]  # the union is built at run time


def _read(source: bytes | str | Mapping[str, Any], *, importing: bool) -> Any:
    """A command from JSON; from a mapping, too, because the decoder is ten times faster than `msgspec.convert`.

    Its text, ids above all, is put into one form (NFC): they are compared byte by byte, and one shop's programs and
    files write the same letters in two ways.
    """
    if isinstance(source, Mapping):
        try:
            text = msgspec.json.encode(dict(source))
        except (UnicodeError, TypeError):
            return msgspec.convert(source, _IMPORT if importing else _ANY)  # says which field it is
    else:
        text = source if isinstance(source, bytes) else source.encode()
    command = _JSON[importing].decode(text)
    if not may_need_composing(text):
        return command
    plain = msgspec.json.encode(command).decode()  # escapes are undone by now
    whole = composed(plain)
    return command if whole == plain else _JSON[importing].decode(whole)


def unreadable(source: bytes | str | Mapping[str, Any], text: str) -> Outcome:
    """The `invalid` outcome for input that msgspec refused with `text`: the field by its path, and what to do."""
    found = _PATH.match(text)
    assert found is not None
    field, message = found["field"] or "", found["message"]
    for pattern in (_UNKNOWN, _MISSING):
        named = pattern.search(message)
        if named is not None:
            field = f"{field}.{named[1]}" if field else named[1]
    if "matching regex" in message:
        message = "use 1 to 200 characters, no control characters; for codes and currencies their usual form"
    if ".filter." in field and _UNKNOWN.search(message):
        message = (
            f"a filter has no field {field.rpartition('.')[2]!r}: use some of {', '.join(Filter.__struct_fields__)}"
        )
    if field == "do" and message.startswith("Invalid value"):
        message = f"{message.removeprefix('Invalid value ')} is no command: use one of {', '.join(WORDS)}"
    return Outcome(Word.INVALID, id=_id_of(source), field=field or None, message=message)


class _Named(msgspec.Struct):
    id: str | None = None


def _id_of(source: bytes | str | Mapping[str, Any]) -> str | None:
    """The id of a command that is otherwise unreadable, so that its answer finds the asker."""
    try:
        if isinstance(source, Mapping):
            return msgspec.convert(source, _Named).id
        return msgspec.json.decode(source, type=_Named).id
    except (msgspec.DecodeError, UnicodeError):
        return None


def run(db: Database, now: int, batch: Sequence[Command], actor: str | None = None) -> list[Outcome]:
    """Apply commands of any kind in order: neighbours of one kind share a transaction.

    With an `actor` each transaction leaves an entry in the audit trail, which says who asked. The result is the same as
    of one at a time. Raises StorageError if the database fails: the transactions before
    stand, what follows was not applied.
    """
    return list(stream(db, now, batch, actor))


def stream(db: Database, now: int, batch: Sequence[Command], actor: str | None = None) -> Iterator[Outcome]:
    """The same, answering as each transaction is committed: if the database fails, what was answered stands."""
    for kind, group in groupby(batch, key=type):
        for chunk in chunks(list(group)):
            yield from _RUN[kind](db if actor is None else _noting(db, now, actor, chunk), now, chunk)


def _noting(db: Database, now: int, actor: str, chunk: Sequence[Command]) -> Database:
    """The database, noting in the audit trail who asked for this chunk, in the transaction that applies it."""
    content = hashlib.sha256(b"\n".join(map(msgspec.json.encode, chunk))).hexdigest()
    return db.closing_with(lambda tx: save_entries(tx, [entry(actor, "", "-", chunk, content)], now))


def entry(actor: str, role: str, request: str, chunk: Sequence[Command], content: str) -> Entry:
    """What the audit trail says of commands of one kind that share a transaction; `content` is their digest."""
    return Entry(actor, role, request, str(chunk[0].__struct_config__.tag), _subject(chunk[0]), len(chunk), content)


def _subject(command: Command) -> str | None:
    """What the audit trail says that a command is about."""
    if isinstance(command, outbox.RetryMessage | outbox.DiscardMessage):
        return f"{command.sender}/{command.event}"
    if isinstance(command, timers.RetryTimer):
        return f"{command.kind}/{command.subject}"
    return next((word for name in _SUBJECTS if (word := getattr(command, name, None)) is not None), None)


def chunks(batch: Sequence[Command]) -> list[list[Command]]:
    """Neighbouring commands in batches of at most BATCH_MAX commands and order lines."""
    found: list[list[Command]] = []
    room = 0
    for command in batch:
        wanted = size(command) if shares(type(command)) else BATCH_MAX
        if wanted > room:
            found.append([])
            room = BATCH_MAX
        found[-1].append(command)
        room -= wanted
    return found


def size(command: Command) -> int:
    """How much of a batch a command takes: itself, or the lines of an order."""
    return len(command.lines) if isinstance(command, orders.PlaceOrder) else 1


def shares(kind: type[Command]) -> bool:
    """Whether commands of this kind share a transaction."""
    return not issubclass(kind, _ALONE)


def takes_long(kind: type[Command]) -> bool:
    """Whether commands of this kind take so long that others should not wait for them."""
    return issubclass(kind, _LONG)


__all__ = [
    "BATCH_MAX",
    "COMMANDS",
    "WORDS",
    "Command",
    "chunks",
    "decode",
    "entry",
    "run",
    "shares",
    "size",
    "stream",
    "takes_long",
    "unreadable",
]
