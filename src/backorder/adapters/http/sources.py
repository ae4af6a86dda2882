"""The console's tab of shops over HTTP: who may send, what came of it, and the forms to see to them as by the API."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from backorder.adapters.console import settings
from backorder.adapters.console import sources as words
from backorder.adapters.console.settings import Once
from backorder.adapters.http import body
from backorder.adapters.http.configuring import SHOWN, following, place, tab
from backorder.adapters.http.desk import Text, answered, page_route
from backorder.adapters.http.forms import UNFILLED, Filled, Wrong, refused, sent
from backorder.adapters.http.inbound import PutSource, administer, put_source
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Cursor, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.commands import inbound
from backorder.kernel.calendars import moment_datetime
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.retries import HOUR
from backorder.queries import accounts, desk
from backorder.queries import inbound as views
from backorder.queries.inbound import SourceWithDeliveries

LATELY = 7 * 24 * HOUR
PROGRAMS_SHOWN = 200
_FORMS = {"put_source", "rotate_source", "delete_source"}
_FIELDS = {"account", "secret"}  # of a source that is there
_SECRET, _PUT_IT = phrase("The secret of {source}."), phrase("Put it into your shop, beside the address.")
_BESIDE = phrase("The one before proves beside it for a day.")
_THERE = phrase("There is a source of this name: choose another, or change that one.")
_GONE = phrase("There is no source of this name.")
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}\Z")
_HERE = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\Z")


class ShopsPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which source is looked at, and where the list begins."""

    source: Text = ""
    done: Text = ""
    after: Cursor | None = None


async def listed(house: House, call: Call) -> Answer:
    """`GET /console/settings/shops`: the shops that send, and what came of the last deliveries of one."""
    asked = body.query(call.request, ShopsPage)
    found = await ask(house, views.source, house.db, asked.source) if asked.source else None
    if asked.source and found is None:
        raise Refusal(404, "not_found", Said(_GONE))
    return await _shown(house, call, asked, found)


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/settings/shops`: one of the forms; a secret that is drawn is shown on the page that answers."""
    word, typed = await sent(call, _FORMS)
    name = typed.get("source", "").strip()
    found: SourceWithDeliveries | None = await ask(house, views.source, house.db, name) if name else None
    wrong = _amiss(found, typed)
    if wrong is not None:
        return await _shown(house, call, ShopsPage(), None, refused(typed, wrong))
    if found is not None:
        day, _ = await ask(house, desk.today, house.db, house.clock())
        changed = words.changes(typed.get("was", ""), found, day)
        if changed:
            return await _shown(house, call, ShopsPage(name), found, Filled(typed, status=409), changed=changed)
    try:
        once = await _done(house, call, word, name, typed, found)
    except Refusal as refusal:
        if refusal.status >= 500:
            raise
        filled = refused(typed, refusal)
        if found is not None and filled.wrong is not None and filled.wrong.field not in _FIELDS:
            filled = filled._replace(wrong=filled.wrong._replace(field=""))
        return await _shown(house, call, ShopsPage(name), found, filled)
    if once is not None:
        found = await ask(house, views.source, house.db, name)
        return await _shown(house, call, ShopsPage(name), found, Filled(once=once))
    there = {} if word == "delete_source" else {"source": name}
    return answered(b"", 303, {"Location": settings.address(settings.SHOPS, **there, done=word)})


def _amiss(found: SourceWithDeliveries | None, typed: Mapping[str, str]) -> Wrong | None:
    """What stands against a form by its name alone: a new one is not there yet, any other is."""
    if "new" in typed:
        return None if found is None else Wrong("source", Said(_THERE))
    return Wrong("", Said(_GONE)) if found is None else None


async def _done(
    house: House, call: Call, word: str, name: str, typed: Mapping[str, str], found: SourceWithDeliveries | None
) -> Once | None:
    """Do what a form says; the secret that is shown once, if one was drawn. Raises a refusal where it cannot be."""
    if word == "delete_source":
        await administer(house, call, inbound.delete_source, name)
        return None
    if word == "rotate_source":
        secret = await administer(house, call, inbound.rotate_source, name)
        return Once(Said(_SECRET, {"source": name}), secret, _BESIDE)
    form = typed.get("form", "") if found is None else found.form
    said: dict[str, Any] = {"form": form, "account": typed.get("account", "").strip()}
    if typed.get("secret", "").strip():
        said["secret"] = typed["secret"].strip()
    await put_source(house, call, name, body.typed(msgspec.json.encode(said), PutSource))
    if found is not None or "secret" in said or not words.draws(form):
        return None
    secret = await administer(house, call, inbound.rotate_source, name)
    return Once(Said(_SECRET, {"source": name}), secret, _PUT_IT)


async def _shown(
    house: House,
    call: Call,
    asked: ShopsPage,
    chosen: SourceWithDeliveries | None,
    filled: Filled = UNFILLED,
    **more: Any,
) -> Answer:
    now, writes = house.clock(), call.may("accounts.write")
    found = await ask(house, partial(views.list_sources, house.db, limit=SHOWN + 1, after=place(asked.after)))
    names = [one.source for one in found[:SHOWN]]
    account = None if chosen is None else await ask(house, accounts.account, house.db, chosen.account)
    programs = await ask(house, partial(accounts.list_programs, house.db, limit=PROGRAMS_SHOWN)) if writes else {}
    if account is not None:
        programs = {account.account: account.role, **programs}
    until = None if chosen is None else chosen.old_secret_until
    return await tab(
        house,
        call,
        settings.SHOPS,
        "sources.html",
        filled,
        asked.done,
        subject="source",
        rows=found[:SHOWN],
        lately=await ask(house, views.lately, house.db, names, now - LATELY),
        next=following([one.source for one in found]),
        paged=asked.after is not None,
        chosen=chosen,
        disabled=account is not None and account.disabled_at is not None,
        until=until if until is not None and until > moment_datetime(now) else None,
        was="" if chosen is None else settings.mark(words.shown(chosen)),
        sends_to=None if chosen is None else _address(call, chosen.source),
        said=words,
        programs=programs,
        writes=writes,
        **{"changed": None, **more},
    )


def _address(call: Call, name: str) -> str:
    """Where a shop sends to, by the name under which this page was asked for; the connection ends encrypted there."""
    host, path = call.request.headers.get("host", ""), f"/v1/inbound/{name}"
    if not _HOST.match(host):
        return path
    return f"{'http' if _HERE.match(host) else 'https'}://{host}{path}"


ROUTES = (
    page_route(settings.SHOPS, "outbox.read", listed, "Shops that send of themselves, and what came of it."),
    Route("POST", settings.SHOPS, "accounts.write", see_to, "See to a shop that sends of itself.", page=True),
)
