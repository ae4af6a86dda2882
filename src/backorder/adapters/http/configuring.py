"""The console's settings over HTTP: their tabs, and the rule packs, which are shown and not changed."""

from functools import partial
from typing import Any

import msgspec

from backorder.adapters.console import settings
from backorder.adapters.http import body
from backorder.adapters.http.desk import Text, page_route, shown
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Cursor, ask, cursor, token
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.phrases import Said, phrase
from backorder.queries import communication, desk, rules

SHOWN = 50


class PacksPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which pack is looked at, and where the list begins."""

    pack: Text = ""
    after: Cursor | None = None


async def packs(house: House, call: Call) -> Answer:
    """`GET /console/settings`: the rule packs, by name, and the text of one."""
    asked = body.query(call.request, PacksPage)
    found = await ask(house, partial(rules.list_packs, house.db, limit=SHOWN + 1, after=place(asked.after)))
    chosen = None
    if asked.pack:
        chosen = await ask(house, rules.pack, house.db, asked.pack)
        if chosen is None:
            raise Refusal(404, "not_found", Said(phrase("There is no rule pack with this name.")))
    said = await ask(house, communication.communication, house.db)
    return await tab(
        house,
        call,
        settings.HERE,
        "packs.html",
        rows=found[:SHOWN],
        next=following([one.pack for one in found]),
        paged=asked.after is not None,
        chosen=chosen,
        besides=said.rules,
    )


async def tab(house: House, call: Call, there: str, name: str, *, status: int = 200, **values: Any) -> Answer:
    """A tab of the settings, with the tabs that the caller may see."""
    day, zone = await ask(house, desk.today, house.db, house.clock())
    tabs = [one for one in settings.TABS if call.may(one.permission)]
    more = {"tabs": tabs, "tab": there, "words": settings, "address": settings.address}
    return shown(call, name, settings.HERE, status=status, today=day, zone=zone, **more, **values)


def place(after: str | None) -> str:
    """The name behind which a list begins."""
    found = cursor(after, 1)
    return "" if found is None else found[0]


def following(names: list[str]) -> str | None:
    """What asks for the page after, where more was found than is shown."""
    return token([names[SHOWN - 1]]) if len(names) > SHOWN else None


ROUTES = (page_route(settings.HERE, "catalogue.read", packs, "Rule packs in force."),)
