"""What the tabs of the console's settings have in common: the page round them, and how their lists go on."""

from typing import Any

from backorder.adapters.console import settings
from backorder.adapters.console.undoing import undo
from backorder.adapters.http.desk import shown
from backorder.adapters.http.forms import UNFILLED, Filled
from backorder.adapters.http.reads import ask, cursor, token
from backorder.adapters.http.route import Answer, Call, House
from backorder.queries import desk

SHOWN = 50


async def tab(
    house: House,
    call: Call,
    there: str,
    name: str,
    filled: Filled = UNFILLED,
    done: str = "",
    back: str = "",
    **values: Any,
) -> Answer:
    """A tab of the settings, with the tabs that the caller may see, and what came of a form or was just done."""
    day, zone = await ask(house, desk.today, house.db, house.clock())
    tabs = [one for one in settings.TABS if call.may(one.permission)]
    more: dict[str, Any] = {"tabs": tabs, "tab": there, "action": there}
    more |= {"words": settings, "address": settings.address}
    more |= {"chosen": None, "subject": "", **values, "done": settings.DONE.get(done), "undo": undo(done, back)}
    more |= {"typed": filled.typed, "wrong": filled.wrong, "once": filled.once}
    return shown(call, name, settings.HERE, status=filled.status, today=day, zone=zone, **more)


def place(after: str | None) -> str:
    """The name behind which a list begins."""
    found = cursor(after, 1)
    return "" if found is None else found[0]


def following(names: list[str]) -> str | None:
    """What asks for the page after, where more was found than is shown."""
    return token([names[SHOWN - 1]]) if len(names) > SHOWN else None
