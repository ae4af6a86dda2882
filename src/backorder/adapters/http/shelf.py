"""Availability for product pages: answers stand on a shelf for a second, and say of when they are."""

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from backorder.adapters.http import body
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Text, ask
from backorder.adapters.http.route import Answer, Call, House, digest
from backorder.queries.availability import Availability, availability

FRESH = 1.0  # seconds that an answer stands
SHELF_MAX = 50_000  # SKUs; beyond it the shelf is emptied
SKUS_MAX = 500


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """Of which item."""

    sku: Annotated[list[Text], Meta(min_length=1, max_length=SKUS_MAX)]


class Many(msgspec.Struct, forbid_unknown_fields=True):
    """Of which items: more than an address holds."""

    skus: Annotated[list[Text], Meta(min_length=1, max_length=SKUS_MAX)]


async def see(house: House, call: Call) -> Answer:
    """`GET /v1/availability?sku=A&sku=B`: one item as an object with its ETag, several as a list."""
    wanted = body.query(call.request, Wanted).sku
    if len(wanted) > 1:
        return await _several(house, wanted)
    sku, tick = wanted[0], asyncio.get_running_loop().time()
    kept = house.shelf.get(sku)
    if kept is None or kept[0] <= tick:
        kept = await _look(house, sku, tick)
    _, text, tag = kept
    headers = {"ETag": tag, "Cache-Control": "private, max-age=1"}
    if call.request.headers.get("if-none-match") == tag:
        return Answer(b"", 304, headers)
    return Answer(text, headers=headers)


async def _look(house: House, sku: str, tick: float) -> tuple[float, bytes, str]:
    found: Availability = (await ask(house, availability, house.db, house.clock(), [sku]))[0]
    if found.state == "unknown":
        raise Refusal(404, "unknown_item", "no item has this SKU", field="sku")
    if len(house.shelf) >= SHELF_MAX:
        house.shelf.clear()
    said: dict[str, Any] = msgspec.structs.asdict(found) | {"as_of": None}
    tag = f'"{digest(msgspec.json.encode(said))[:20]}"'  # the same while nothing but the moment is different
    house.shelf[sku] = kept = tick + FRESH, msgspec.json.encode(found), tag
    return kept


async def see_many(house: House, call: Call) -> Answer:
    """`POST /v1/availability`: the same of up to 500 SKUs; items that are not known say so."""
    return await _several(house, body.typed(await body.read(call.request), Many).skus)


async def _several(house: House, skus: list[str]) -> Answer:
    for sku in skus:
        if "\0" in sku:
            raise Refusal(400, "invalid_parameter", "use no control characters", field="sku")
    found = await ask(house, availability, house.db, house.clock(), skus)
    return Answer(found, headers={"Cache-Control": "private, max-age=1"})
