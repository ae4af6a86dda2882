"""The doors for commands: a list of any, and each as a route of its own. All go through the writer."""

import re
import secrets
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

from backorder.adapters.http import body
from backorder.adapters.http.problems import Refusal, busy, refusal_of, status_of
from backorder.adapters.http.route import Answer, Call, House, Route, digest
from backorder.commands import BATCH_MAX, COMMANDS, Command, chunks, decode, entry
from backorder.commands._batch import KEY_MAX
from backorder.commands._bound import beyond, is_said
from backorder.commands.accounts import Identity
from backorder.commands.orders import PlaceOrder
from backorder.commands.reallocation import commits
from backorder.commands.views import DropView, PutView
from backorder.kernel.access import BOUND_COMMANDS, BOUND_LINE
from backorder.kernel.outcomes import Outcome
from backorder.writer import Closed, Full

KEY = re.compile(r'^"([\x21\x23-\x5b\x5d-\x7e]{1,120})"$')  # a quoted string without escapes (RFC 8941)

PERMITS = {  # the permission that each command asks for
    "put_item": "catalogue.write",
    "put_site": "catalogue.write",
    "put_supplier": "catalogue.write",
    "put_category": "catalogue.write",
    "put_shop": "catalogue.write",
    "put_customer": "customers.write",
    "announce_supply": "supply.write",
    "confirm_supply": "supply.write",
    "reschedule_supply": "supply.write",
    "cancel_supply": "supply.write",
    "receive_supply": "stock.write",
    "count_stock": "stock.write",
    "adjust_stock": "stock.write",
    "place_order": "orders.write",
    "add_lines": "orders.write",
    "change_line": "orders.write",
    "change_order": "orders.write",
    "cancel_line": "orders.write",
    "promise_line": "orders.promise",
    "hold_order": "orders.hold",
    "release_order": "orders.hold",
    "pin": "orders.pin",
    "unpin": "orders.pin",
    "pick": "shipping.write",
    "unpick": "shipping.write",
    "ship": "shipping.write",
    "reverse_shipment": "shipping.write",
    "record_delivery": "shipping.write",
    "erase_person": "customers.erase",
    "put_view": "views.write",
    "drop_view": "views.write",
    "watch_item": "customers.write",
    "unwatch_item": "customers.write",
    "advance": "clock.write",
    "put_communication": "catalogue.write",
    "put_pack": "catalogue.write",
    "send_notice": "notices.write",
    "suppress_notice": "notices.write",
    "record_notice": "notices.write",
    "answer_notice": "notices.write",
    "record_refund": "refunds.write",
    "put_policy": "reallocation.write",
    "reallocate": "reallocation.write",
    "commit_plan": "reallocation.commit",
    "undo_plan": "reallocation.commit",
    "put_status_link": "notices.write",
    "revoke_status_link": "notices.write",
    "choose_answer": "notices.write",
    "withdraw_answer": "notices.write",
    "retry_message": "outbox.write",
    "discard_message": "outbox.write",
    "retry_timer": "outbox.write",
    "put_webhook": "webhooks.write",
    "disable_webhook": "webhooks.write",
    "enable_webhook": "webhooks.write",
    "test_webhook": "webhooks.write",
    "replay_webhook": "webhooks.write",
}
AWHILE = 5  # seconds within which who was turned away may come back: what waits then is done by and by
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def tag(kind: type[Command]) -> str:
    """The word of a command."""
    return str(kind.__struct_config__.tag)


async def apply(house: House, call: Call, commands: Sequence[Command], content: str) -> list[Outcome]:
    """Apply commands in order through the writer; neighbours of one kind share a transaction.

    Raises a refusal where the service is busy: what was answered by then stands, and asking again with the same ids
    tells.
    """
    outcomes: list[Outcome] = []
    try:
        for _kind, group in groupby(commands, key=type):
            for chunk in chunks(list(group)):
                note = entry(call.caller.account, call.caller.role, call.id, chunk, content)
                outcomes += await house.writer.outcomes(chunk, note)
    except Full as error:
        raise _full(error) from error
    except Closed as error:
        raise busy(str(error)) from error
    return outcomes


async def _read(house: House, call: Call) -> bytes:
    """The body, unless as much waits as may: refusing must cost little, or overload would leave no time for work."""
    text = await body.read(call.request)
    try:
        house.writer.admit()
    except Full as error:
        raise _full(error) from error
    return text


def _full(error: Full) -> Refusal:
    """Come back at one moment or another, so that not all do at once."""
    return busy(str(error), 429, 1 + secrets.randbelow(AWHILE))


def permit(call: Call, command: Command) -> None:
    """Refuse a command, and fields of it, that the caller may not say; bind it to the customer that the caller is."""
    word = tag(type(command))
    if not call.may(PERMITS[word]):
        raise Refusal(403, "forbidden", f"{word} asks for the permission {PERMITS[word]}", field="do")
    if not call.may("money.write") and is_said(command, "cost"):  # nothing instead of a cost is a word on it too
        raise Refusal(403, "forbidden", "what things cost asks for the permission money.write", field="cost")
    if commits(command) and not call.may("reallocation.commit"):
        raise Refusal(403, "forbidden", "to commit asks for the permission reallocation.commit", field="commit")
    if word == "put_webhook" and not call.may("events.read"):  # whoever puts one is told by it
        raise Refusal(403, "forbidden", "what events say asks for the permission events.read", field="do")
    if isinstance(command, PutView | DropView):
        _own(call, command)
    if call.caller.customer is not None:
        _bind(command, word, call.caller.customer)


def _own(call: Call, command: PutView | DropView) -> None:
    """A view is its caller's; who may look after accounts may look after what theirs keep."""
    mine = call.caller.account
    if command.owner is None:
        command.owner = mine
    if command.owner != mine and not call.may("accounts.write"):
        raise Refusal(403, "forbidden", "views of others ask for the permission accounts.write", field="owner")


def _bind(command: Command, word: str, customer: str) -> None:
    """Whose order it is, is seen to where it is applied; here to what a customer may say at all."""
    if word not in BOUND_COMMANDS:
        raise Refusal(403, "forbidden", f"{word} is not for callers who are bound to one customer", field="do")
    foreign = beyond(command, BOUND_COMMANDS[word])
    if foreign is not None:
        raise Refusal(403, "forbidden", f"{foreign} is the shop's to say: leave it out", field=foreign)
    for line in getattr(command, "lines", ()):
        foreign = beyond(line, BOUND_LINE)
        if foreign is not None:
            raise Refusal(403, "forbidden", f"{foreign} is the shop's to say: leave it out", field=f"lines.{foreign}")
    command.bound_to = customer
    if isinstance(command, PlaceOrder) and command.customer is None:
        command.customer = customer


def _content(call: Call, text: bytes) -> str:
    """The digest of what was asked: of the address too, which names what the body does not, as it was sent."""
    return digest(b"%s %s\n%s" % (call.route.method.encode(), call.request.raw_path, text))


def scoped(caller: Identity, ident: str) -> str:
    """A caller's id of a command, apart from those of other callers."""
    whole = f"{len(caller.account)} {caller.account} {ident}"  # where the name ends is said: it may have blanks
    return whole if len(whole) <= KEY_MAX else f"={digest(whole.encode())}"


async def batch(house: House, call: Call) -> Answer:
    """`POST /v1/commands`: a list of commands, each with its outcome, in order. Refusals are outcomes."""
    text = await _read(house, call)
    body.strict(text)
    try:
        raws = _LIST.decode(text)
    except msgspec.DecodeError:
        raise Refusal(400, "invalid", "send a list of commands") from None
    if len(raws) > BATCH_MAX:
        raise Refusal(413, "too_large", f"a request has at most {BATCH_MAX} commands")
    read = [decode(bytes(raw)) for raw in raws]
    good = [command for command in read if isinstance(command, Command)]
    echo = {id(command): command.id for command in good}
    for command in good:
        permit(call, command)
        if command.id is not None:
            command.id = scoped(call.caller, command.id)
    answers = iter(await apply(house, call, good, _content(call, text)))
    outcomes = []
    for asked in read:
        if isinstance(asked, Outcome):
            outcomes.append(asked)
            continue
        outcome = next(answers)
        outcome.id = echo[id(asked)]
        outcomes.append(outcome)
    return Answer(outcomes)


def door(
    method: str,
    path: str,
    kind: type[Command],
    summary: str,
    key: bool = True,
    numbers: tuple[str, ...] = (),
    **fixed: Any,
) -> Route:
    """A route for one kind of command; what stands in the address need not stand in the body."""
    named = tuple(re.findall(r"{(\w+):str}", path))

    async def answer(house: House, call: Call) -> Answer:
        text = await _read(house, call)
        said = body.strict(text)
        if not isinstance(said, dict):
            raise Refusal(400, "invalid", "send an object")
        for name in ("do", "id", *named, *fixed):
            if name in said:
                raise Refusal(400, "invalid", f"{name} is said elsewhere: leave it out", field=name)
        said |= {"do": tag(kind), **{name: call.part(name) for name in named}, **fixed}
        ident = _key(call)
        if ident is not None:
            said["id"] = scoped(call.caller, ident)
        command = decode(said)
        if isinstance(command, Outcome):
            command.id = None
            raise refusal_of(command)
        permit(call, command)
        outcome = await _alone(house, call, command, _content(call, text))
        outcome.id = None
        if status_of(outcome) >= 400:
            raise refusal_of(outcome)
        return Answer(outcome, status_of(outcome))

    return Route(
        method,
        path,
        PERMITS[tag(kind)],
        answer,
        summary,
        Outcome,
        kind,
        key=key,
        omit=(*named, *fixed),
        statuses=(200, 201),
        bound=tag(kind) in BOUND_COMMANDS,
        numbers=numbers,
    )


async def _alone(house: House, call: Call, command: Command, content: str) -> Outcome:
    """Apply one command; while another with the same key is being applied, the second is told to come back."""
    if command.id is None:
        return (await apply(house, call, [command], content))[0]
    if command.id in house.asked:
        raise busy("a request with this Idempotency-Key is being answered: send it again in a moment", 409)
    house.asked.add(command.id)
    try:
        return (await apply(house, call, [command], content))[0]
    finally:
        house.asked.discard(command.id)


def _key(call: Call) -> str | None:
    """The Idempotency-Key. Refuses it where it is missing and required, or no quoted string."""
    given = call.request.headers.getall("idempotency-key")
    if not given:
        if call.route.key:
            how = 'send an Idempotency-Key, a quoted string such as "6f1c-1": sent again with it, nothing is done twice'
            raise Refusal(400, "key_missing", how, field="Idempotency-Key")
        return None
    found = KEY.match(given[0]) if len(given) == 1 else None
    if found is None:
        raise Refusal(400, "key_invalid", 'one quoted string of 1 to 120 letters: "6f1c-1"', field="Idempotency-Key")
    return found[1]


assert PERMITS.keys() == {tag(kind) for kind in COMMANDS}, "every command has its permission"
