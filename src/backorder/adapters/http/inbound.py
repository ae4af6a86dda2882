"""The door for what shops send of themselves, and the routes for who may send."""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.listings import listing
from backorder.adapters.http.problems import Refusal, busy, refusal_of
from backorder.adapters.http.reads import PRIVATE, Page, ask, one
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route, digest
from backorder.adapters.http.writes import apply, permit, scoped
from backorder.commands import Command, accounts, decode, inbound
from backorder.kernel import keys
from backorder.kernel.inbound import shopify, standard, woocommerce
from backorder.kernel.inbound.forms import FORMS, Form, Proven, Unproven, prove
from backorder.kernel.inbound.reading import Malformed, Meant, Said
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.webhooks import NAME
from backorder.queries import inbound as views
from backorder.storage.db import Database
from backorder.storage.inbound import Delivery, Source
from backorder.writer import Full

SECOND = 1_000_000
_PING = re.compile(rb"webhook_id=\d{1,20}\Z")  # what WooCommerce sends, unsigned, when a webhook is saved
_KINDS = {"standard": standard.meant, "shopify": shopify.meant, "woocommerce": woocommerce.meant}
assert _KINDS.keys() == FORMS.keys(), "every form is read"
_DONE = {Word.ACCEPTED, Word.EXISTS, Word.CHANGED, Word.CANCELLED}


class Taken(msgspec.Struct, omit_defaults=True):
    """What came of a delivery: `done`, `refused` (a command was), `ignored`, `early`, `repeated` or `pong`; `why`."""

    outcome: Literal["done", "refused", "ignored", "early", "repeated", "pong"]
    order: str | None = None
    why: str = ""
    outcomes: list[Outcome] = []


class PutSource(msgspec.Struct, forbid_unknown_fields=True):
    """Who may send: the form in which they sign, the account of a program as which they act, and the secret, if any."""

    form: Annotated[str, Meta(max_length=20)]
    account: keys.Key
    secret: Annotated[str, Meta(max_length=200)] | None = None


class Secret(msgspec.Struct):
    """A new secret. It is shown this once; the one before proves for a day more."""

    secret: str


class Sources(msgspec.Struct):
    """A page of sources."""

    items: list[views.SourceView]
    next: str | None


class _Parcel(msgspec.Struct):
    """A delivery that is proven: from which source, as whom it acts, what it said."""

    source: Source
    proven: Proven
    text: bytes
    topic: str = ""


async def take(house: House, call: Call) -> Answer:
    """`POST /v1/inbound/{source}`: what a shop sends, if it is proven to be theirs; else nothing of it is read."""
    name, kind = call.path("source"), call.request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" and _PING.match(await call.request.body()):
        return Answer(Taken("pong", why="nothing was proven and nothing done"), headers=PRIVATE)
    text = await body.read(call.request)
    source = await ask(house, inbound.find_source, house.db, name)
    if source is None:
        house.limits.stranger(call.request)
        raise Refusal(404, "unknown_source", "there is no source of this name", field="source")
    try:
        proven = _proven(source, call, text, house.clock())
    except Unproven as error:
        house.limits.stranger(call.request)
        raise Refusal(401, "unproven", str(error)) from None
    identity = await ask(house, accounts.acting, house.db, source.account)
    if identity is None:
        raise Refusal(403, "forbidden", f"the account {source.account} of this source is disabled")
    house.limits.request(identity.account)
    parcel = _Parcel(source, proven, text, proven.topic or "")
    return await _act(house, call._replace(caller=identity), parcel)


def _proven(source: Source, call: Call, text: bytes, now: int) -> Proven:
    form: Form = FORMS[source.form]
    return prove(form, call.request.headers.getall, text, inbound.proving(source, now), now // SECOND)


async def _act(house: House, call: Call, parcel: _Parcel) -> Answer:
    """Do what a proven delivery means, once, and write down what came of it."""
    try:
        house.writer.admit()
    except Full as error:
        raise busy(str(error), 429) from error
    try:
        meant = _meant(parcel)
        commands = _commands(call, parcel, meant)
    except Malformed as error:
        await _record(house, parcel, "invalid", None, f"{error.field}: {error}")
        raise Refusal(422, "invalid", str(error), field=error.field) from None
    except Refusal as error:
        await _record(house, parcel, "invalid", None, error.detail)
        raise
    before, early = await ask(
        house, inbound.had, house.db, parcel.source.source, parcel.proven.ident, meant.order if meant.begins else None
    )
    if before is not None and before.state == "done":
        return Answer(Taken("repeated", before.order_id, "it came before, and was done"), headers=PRIVATE)
    if early:
        meant = meant._replace(why="it was cancelled before it came")
    if early or not commands:
        await _record(house, parcel, "ignored", meant.order, meant.why)
        return Answer(Taken("ignored", meant.order, meant.why), 202, PRIVATE)
    outcomes = await apply(house, call, commands, digest(parcel.text))
    state, why = _came(meant, outcomes)
    await _record(house, parcel, state, meant.order, why or None)
    return Answer(Taken(state, meant.order, why, outcomes), 202 if state == "early" else 200, PRIVATE)


def _meant(parcel: _Parcel) -> Meant:
    said = Said(body.strict(parcel.text))
    if parcel.proven.topic is None:
        parcel.topic = standard.topic(said)
    return _KINDS[parcel.source.form](parcel.topic, said, parcel.source.source)


def _commands(call: Call, parcel: _Parcel, meant: Meant) -> list[Command]:
    """The commands, as far as their account may give them. Raises a refusal for one that cannot be read, or may not.

    Where the id of a delivery is signed, it is the command's: sent again, it is answered as before and not done twice.
    """
    found = []
    for said in meant.commands:
        command = decode(said)
        if isinstance(command, Outcome):
            raise refusal_of(command)
        permit(call, command)
        if FORMS[parcel.source.form].timestamp is not None:
            command.id = scoped(call.caller, f"inbound {parcel.source.source} {parcel.proven.ident}")
        found.append(command)
    return found


def _came(meant: Meant, outcomes: list[Outcome]) -> tuple[Literal["done", "refused", "early"], str]:
    """How a delivery ended by the outcomes of its commands. What was so already is done."""
    for outcome in outcomes:
        outcome.id = None
    if meant.ends:
        if all(outcome.outcome is Word.UNKNOWN_ORDER for outcome in outcomes):
            return "early", "there is no such order; should it come yet, it is not placed"
        outcomes = [one for one in outcomes if (one.outcome, one.quantity) != (Word.TOO_MANY, 0)]
    if meant.begins:  # the order was there: what it says otherwise by now is not taken over
        outcomes = [one for one in outcomes if one.outcome is not Word.ID_REUSED]
    no = next((one for one in outcomes if one.outcome not in _DONE), None)
    if no is None:
        return "done", ""
    skus = ", ".join(dict.fromkeys(line.sku for line in no.lines if line.outcome is no.outcome))
    return "refused", f"{no.outcome.value}{f' ({skus})' if skus else ''}: {no.message or no.outcome.meaning}"


async def _record(house: House, parcel: _Parcel, state: str, order: str | None, why: str | None) -> None:
    proven = parcel.proven
    row = Delivery(
        parcel.source.source,
        proven.ident,
        house.clock(),
        _shown(parcel.topic, 100),
        _shown(proven.given, 200),
        state,
        order,
        None if why is None else _shown(why, 500),
    )
    await ask(house, inbound.record, house.db, row)


def _shown(text: str, most: int) -> str:
    """The beginning of what a shop wrote, as people can read it."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:most])


async def put(house: House, call: Call) -> Answer:
    """`PUT /v1/inbound/{source}`: let a shop send, or change how."""
    name, said = call.path("source"), body.typed(await body.read(call.request), PutSource)
    before = await ask(house, views.source, house.db, name)
    await put_source(house, call, name, said)
    found = await ask(house, views.source, house.db, name)
    return Answer(found, 201 if before is None else 200, PRIVATE)


async def put_source(house: House, call: Call, name: str, said: PutSource) -> None:
    """Put a source in the caller's name. Raises a refusal where its name is none, or it cannot be."""
    if re.fullmatch(NAME.removeprefix("^"), name) is None:
        raise Refusal(422, "invalid", "a name has letters, digits, dots, dashes and underscores", field="source")
    await administer(house, call, inbound.put_source, name, **msgspec.structs.asdict(said))


async def rotate(house: House, call: Call) -> Answer:
    """`POST /v1/inbound/{source}/rotate`: the answer has the secret, this once."""
    return Answer(Secret(await administer(house, call, inbound.rotate_source, call.path("source"))), 201, PRIVATE)


async def delete(house: House, call: Call) -> Answer:
    """`DELETE /v1/inbound/{source}`: nothing it sends is taken any more."""
    await administer(house, call, inbound.delete_source, call.path("source"))
    return Answer(b"", 204, PRIVATE)


async def administer(house: House, call: Call, what: Callable[..., Any], name: str, **said: Any) -> Any:
    """Do something to a source in the caller's name; what cannot be done is a refusal."""
    who = {"by": call.caller.account, "role": call.caller.role, "request": call.id, "mine": call.caller.permissions}
    try:
        return await ask(house, partial(what, house.db, house.clock(), name, **who, **said))
    except inbound.Missing as error:
        raise Refusal(404, "unknown_source", str(error), field="source") from error
    except inbound.Beyond as error:
        raise Refusal(403, "forbidden", str(error)) from error
    except inbound.Refused as error:
        raise Refusal(422, "invalid", str(error), field=error.field) from error


def _sources(db: Database, _now: int, **asked: Any) -> list[views.SourceView]:
    return views.list_sources(db, **asked)


_SOURCE = "/v1/inbound/{source:str}"
READS = (
    Route(
        "GET",
        "/v1/inbound",
        "outbox.read",
        listing(Sources, _sources, Page, "source"),
        "Shops that send of themselves, by name.",
        Sources,
        None,
        Page,
    ),
    Route(
        "GET",
        _SOURCE,
        "outbox.read",
        one(views.source, "source", now=False),
        "A shop that sends, and what came of its last deliveries.",
        views.SourceWithDeliveries,
    ),
)
OTHERS = (
    Route("POST", _SOURCE, OPEN, take, "What a shop sends, signed by it.", Taken, statuses=(200, 202)),
    Route("PUT", _SOURCE, "accounts.write", put, "Let a shop send.", views.SourceWithDeliveries, PutSource,
          statuses=(200, 201)),
    Route("DELETE", _SOURCE, "accounts.write", delete, "Take nothing from a shop any more.", statuses=(204,)),
    Route("POST", f"{_SOURCE}/rotate", "accounts.write", rotate, "Give a source a new secret, shown this once.",
          Secret, statuses=(201,)),
)  # fmt: skip
