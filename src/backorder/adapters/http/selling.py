"""The console's tab of sell policies, and an item's own: forms that say only what is different, put as by the API."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from backorder.adapters.console import selling, settings
from backorder.adapters.console.goods_lists import ITEMS
from backorder.adapters.console.undoing import undo
from backorder.adapters.http import body
from backorder.adapters.http.configuring import SHOWN, following, place, tab
from backorder.adapters.http.desk import Text, answered, page_route, shown
from backorder.adapters.http.forms import UNFILLED, Filled, Wrong, give, refused, refuses, sent, strange
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Cursor, Nothing, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.kernel.keys import Key
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said, phrase
from backorder.queries import catalogue, desk, policies
from backorder.queries.policies import ItemLevel, Level
from backorder.queries.show import ItemView

ITEM = "/console/items/{sku:str}/selling"
_NONE = phrase("There is no category of this name.")
_NAME, _TAKEN = phrase("Give it a name of at most 200 letters."), phrase("There is a category of this name already.")
_MISSING = phrase("There is no category of this name. Add it in the settings first.")


class SellingPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which category is looked at (none: the shop), or whether one is added; where the list begins, what was done."""

    category: Text = ""
    new: Text = ""
    done: Text = ""
    after: Cursor | None = None


async def see(house: House, call: Call) -> Answer:
    """`GET /console/settings/selling`: what the shop says, the categories by name, and what one of them says."""
    return await _shown(house, call, body.query(call.request, SellingPage))


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/settings/selling`: put what the shop says, or a category."""
    word, typed = await sent(call, {"put_shop", "put_category"})
    typed = {name: text.strip() for name, text in typed.items()}
    name = typed.get("category", "") if word == "put_category" else ""
    if word == "put_category" and "new" in typed:
        asked = SellingPage(new="yes")
        wrong = await _name_trouble(house, name)
        if wrong is not None:
            return await _shown(house, call, asked, refused(typed, wrong))
        now = dict.fromkeys(selling.FIELD_NAMES, "")
    else:
        asked = SellingPage(category=name[:200])
        if word == "put_category" and not name:
            raise strange()
        now = selling.values(await _level(house, name))
        changed = selling.news(typed.get("was", ""), now)
        if changed:
            return await _shown(house, call, asked, Filled(typed, status=409), changed)
    more = {"category": name} if word == "put_category" else {}
    trouble = await _put(house, call, {"do": word, **more}, typed, now, selling.FIELDS)
    if trouble is not None:
        return await _shown(house, call, asked, refused(typed, trouble))
    return answered(b"", 303, {"Location": settings.address(settings.SELLING, **more, done=word)})


async def _level(house: House, name: str) -> Level:
    """What a category says, or without a name the shop. Refuses a name that no category has."""
    found: Level | None = await ask(
        house, *((policies.category, house.db, name) if name else (policies.shop, house.db))
    )
    if found is None:
        raise Refusal(404, "not_found", Said(_NONE))
    return found


async def _name_trouble(house: House, name: str) -> Wrong | None:
    """What is wrong with the name of a new category."""
    try:
        msgspec.convert(name, Key)
    except msgspec.ValidationError:
        return Wrong("category", Said(_NAME))
    there = await ask(house, policies.category, house.db, name)
    return None if there is None else Wrong("category", Said(_TAKEN))


async def _put(
    house: House,
    call: Call,
    command: dict[str, Any],
    typed: Mapping[str, str],
    now: Mapping[str, str],
    fields: tuple[selling.Field, ...],
) -> Wrong | Outcome | None:
    """Put what of a form is different; what is wrong with it, before any of it is done."""
    for field in fields:
        wrong = selling.wrong(field, typed.get(field.name, now[field.name]))
        if wrong is not None:
            return Wrong(field.name, wrong)
    said = selling.different(typed, now, fields)
    if not said and typed.get("new") is None:
        return None
    outcome = await give(house, call, command | said)
    return outcome if refuses(outcome) else None


async def _shown(
    house: House,
    call: Call,
    asked: SellingPage,
    filled: Filled = UNFILLED,
    changed: list[settings.News] | None = None,
) -> Answer:
    found = await ask(house, partial(catalogue.list_categories, house.db, limit=SHOWN + 1, after=place(asked.after)))
    shop, writes = await _level(house, ""), call.may("catalogue.write")
    new = bool(asked.new) and writes
    level = selling.fresh(shop) if new else await _level(house, asked.category)
    now = selling.values(level)
    return await tab(
        house,
        call,
        settings.SELLING,
        "selling.html",
        filled,
        asked.done,
        rows=found[:SHOWN],
        next=following([one.category for one in found]),
        paged=asked.after is not None,
        began={} if asked.after is None else {"after": asked.after},
        shop=shop,
        level=level,
        category=asked.category,
        new=new,
        fields=selling.FIELDS,
        selling=selling,
        mine={**now, **filled.typed},
        was=settings.mark(now),
        changed=changed,
        writes=writes,
    )


async def see_item(house: House, call: Call) -> Answer:
    """`GET /console/items/{sku}/selling`: how an item is sold, each value with the level that it comes from."""
    body.query(call.request, Nothing)
    return await _item_shown(house, call)


async def see_to_item(house: House, call: Call) -> Answer:
    """`POST /console/items/{sku}/selling`: put how an item is sold, stop selling it, or sell it again."""
    word, typed = await sent(call, {"put_item", "stop_item", "sell_item"})
    typed = {name: text.strip() for name, text in typed.items()}
    sku, item = call.path("sku"), await _item(house, call)
    if word != "put_item":
        return await _stop_or_sell(house, call, word, item, typed)
    now = selling.item_values(item)
    changed = selling.news(typed.get("was", ""), now)
    if changed:
        return await _item_shown(house, call, Filled(typed, status=409), changed)
    trouble: Wrong | Outcome | None = None
    filed = typed.get("category", "")
    if filed and filed != now["category"] and await ask(house, policies.category, house.db, filed) is None:
        trouble = Wrong("category", Said(_MISSING))
    fields = (*selling.ITEM_FIELDS, selling.RELEASED, selling.CATEGORY)
    trouble = trouble or await _put(house, call, {"do": "put_item", "sku": sku}, typed, now, fields)
    if trouble is not None:
        return await _item_shown(house, call, refused(typed, trouble))
    return _back_to(sku, done=word)


async def _stop_or_sell(house: House, call: Call, word: str, item: ItemLevel, typed: Mapping[str, str]) -> Answer:
    """Stop selling an item, or sell it as a form says; where that says nothing, as it is sold by what it has."""
    sku, own = call.path("sku"), str(item.level.own["selling"] or "")
    wanted: str | None = "discontinued"
    if word == "sell_item":
        day = await _today(house)
        early = item.released_on is not None and item.released_on > day
        said = typed.get("selling", "") or ("preorder" if early else selling.INHERITED)
        wanted = None if said == selling.INHERITED else said
    if (wanted or "") == own:  # somebody was faster, and wanted the same
        return _back_to(sku)
    changed = selling.news(typed.get("was", ""), {"selling": own})
    if changed:
        return await _item_shown(house, call, Filled(typed, status=409), changed)
    outcome = await give(house, call, {"do": "put_item", "sku": sku, "selling": wanted})
    if refuses(outcome):
        return await _item_shown(house, call, refused(typed, outcome))
    return _back_to(sku, done=word, back=own or selling.INHERITED)


def _back_to(sku: str, **said: str) -> Answer:
    query = f"?{urlencode(said)}" if said else ""
    return answered(b"", 303, {"Location": f"/console/items/{quote(sku, safe='')}{query}"})


def pressed(item: ItemView, done: str, back: str) -> dict[str, Any]:
    """What the page of an item needs for the button that stops selling it, and to say and undo what was just done."""
    own = next((str(one.value) for one in item.policy if (one.field, one.source) == ("selling", "item")), "")
    was = settings.mark({"selling": own})
    action = f"/console/items/{quote(item.sku, safe='')}/selling"
    return {"was": was, "action": action, "done": selling.DONE.get(done), "undo": undo(done, back, was=was)}


async def _today(house: House) -> date:
    day: date = (await ask(house, desk.today, house.db, house.clock()))[0]
    return day


async def _item(house: House, call: Call) -> ItemLevel:
    found: ItemLevel | None = await ask(house, policies.item, house.db, call.path("sku"))
    if found is None:
        raise Refusal(404, "not_found", "there is no item with this SKU")
    return found


async def _item_shown(
    house: House, call: Call, filled: Filled = UNFILLED, changed: list[settings.News] | None = None
) -> Answer:
    sku, item = call.path("sku"), await _item(house, call)
    now = selling.item_values(item)
    day, zone = await ask(house, desk.today, house.db, house.clock())
    return shown(
        call,
        "item_selling.html",
        ITEMS,
        status=filled.status,
        sku=sku,
        item=item,
        level=item.level,
        fields=selling.ITEM_FIELDS,
        selling=selling,
        mine={**now, **filled.typed},
        was=settings.mark(now),
        typed=filled.typed,
        wrong=filled.wrong,
        changed=changed,
        writes=call.may("catalogue.write"),
        action=f"/console/items/{quote(sku, safe='')}",
        today=day,
        zone=zone,
    )


ROUTES = (
    page_route(settings.SELLING, "catalogue.read", see, "How the shop and each category sell."),
    Route("POST", settings.SELLING, "catalogue.write", see_to, "Put how the shop or a category sells.", page=True),
    page_route(ITEM, "catalogue.read", see_item, "How an item is sold, and who says so."),
    Route("POST", ITEM, "catalogue.write", see_to_item, "Put how an item is sold, or stop selling it.", page=True),
)
