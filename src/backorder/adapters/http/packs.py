"""The console's tab of rule packs: each in words and as text, and the merchant's own, looked at before they are put."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from backorder.adapters.console import packs as words
from backorder.adapters.console import settings
from backorder.adapters.http import body
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.configuring import SHOWN, following, place, tab
from backorder.adapters.http.desk import Text, answered, page_route
from backorder.adapters.http.forms import UNFILLED, Filled, Wrong, give, of_field, refused, refuses, sent, strange
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.reads import Cursor, ask
from backorder.adapters.http.route import Answer, Call, House, Route
from backorder.adapters.http.upload import Part, parts
from backorder.commands.rules import TEXT_MAX
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.rules import BadPack, Pack, read_pack
from backorder.queries import communication, rules
from backorder.queries.rules import PackText, Running

_WORDS = {"check_pack", "put_pack", "withdraw_pack"}
_PACK = {"digest": phrase("The pack")}
_NO_TEXT = phrase("This is no text file. Choose the pack as TOML, saved as UTF-8.")
_EMPTY = phrase("There is nothing in this file.")
_LONG = phrase("This file is too long for a pack: at most {count} letters.")


class PacksPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which pack is looked at, or whether a new one is written; where the list begins, and what was just done."""

    pack: Text = ""
    new: Text = ""
    done: Text = ""
    back: Text = ""
    after: Cursor | None = None


class Looked(msgspec.Struct):
    """A pack that is not put yet: in what it differs from the present one of its name, and whose clocks that runs."""

    pack: Pack
    there: bool
    own: bool
    differences: list[words.Difference]
    running: Running


async def packs(house: House, call: Call) -> Answer:
    """`GET /console/settings`: the rule packs by name, and one of them, in words and as its text."""
    asked = body.query(call.request, PacksPage)
    if asked.pack and await ask(house, rules.pack, house.db, asked.pack) is None:
        raise Refusal(404, "not_found", Said(phrase("There is no rule pack with this name.")))
    return await _shown(house, call, asked)


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/settings`: look at a pack that is not put yet, put it, or withdraw one of the merchant's own."""
    word, typed, file = await _sent(call)
    asked = PacksPage(pack=typed.get("pack", "")[:200])
    if word == "withdraw_pack":
        outcome = await give(house, call, {"do": "put_pack", "pack": asked.pack, "text": None})
        if refuses(outcome):
            return await _shown(house, call, asked, refused(typed, outcome))
        return answered(b"", 303, {"Location": settings.address(settings.HERE, done=word)})
    text = _text(typed, file)
    if isinstance(text, Wrong):
        return await _shown(house, call, asked, refused(typed, text))
    typed["text"] = text
    try:
        pack = read_pack(text)
    except BadPack as error:
        return await _shown(house, call, asked, refused(typed, Wrong("text", of_field(None, str(error)))))
    there: PackText | None = await ask(house, rules.pack, house.db, pack.pack)
    looked = await _looked(house, pack, there)
    now = {"digest": "" if there is None else there.digest}
    if word == "check_pack" or file is not None:  # nobody saw yet what is in a file
        return await _shown(house, call, asked, Filled(typed), looked=looked, was=settings.mark(now))
    if settings.news(typed.get("was", ""), now, _PACK):
        filled = Filled(typed, status=409)
        return await _shown(house, call, asked, filled, looked=looked, was=settings.mark(now), changed=True)
    outcome = await give(house, call, {"do": "put_pack", "pack": pack.pack, "text": text})
    if refuses(outcome):
        return await _shown(house, call, asked, refused(typed, outcome), looked=looked, was=settings.mark(now))
    new = {} if looked.own else {"back": pack.pack}  # what takes no other of the merchant's own away can be undone
    return answered(b"", 303, {"Location": settings.address(settings.HERE, pack=pack.pack, done=word, **new)})


async def _sent(call: Call) -> tuple[str, dict[str, str], Part | None]:
    """A form with the file that was chosen, if one was; what takes a pack back comes without a place for one."""
    if not call.request.headers.get("content-type", "").startswith("multipart/"):
        return *await sent(call, _WORDS), None
    from_here(call.request)
    form = await parts(call.request)
    file = form.pop("file", None)
    try:
        typed = {name: part.text.decode() for name, part in form.items()}
    except UnicodeDecodeError:
        raise strange() from None
    if typed.get("do", "") not in _WORDS or any("\0" in text for text in typed.values()):
        raise strange()
    return typed["do"], {**typed, "file": ""}, file if file is not None and file.filename else None


def _text(typed: Mapping[str, str], file: Part | None) -> str | Wrong:
    """The text of a pack: that of the file, where one was chosen, else what was typed."""
    if file is None:
        return typed.get("text", "").replace("\r\n", "\n")
    try:
        text = file.text.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return Wrong("file", Said(_NO_TEXT))
    if not text.strip():
        return Wrong("file", Said(_EMPTY))
    if "\0" in text:
        return Wrong("file", Said(_NO_TEXT))
    return Wrong("file", Said(_LONG, {"count": TEXT_MAX})) if len(text) > TEXT_MAX else text


async def _looked(house: House, pack: Pack, there: PackText | None) -> Looked:
    running = await ask(house, rules.running, house.db, pack.pack)
    before = None if there is None else read_pack(there.text)
    own = there is not None and there.own
    return Looked(pack, there is not None, own, words.differences(before, pack), running)


async def _shown(house: House, call: Call, asked: PacksPage, filled: Filled = UNFILLED, **looked: Any) -> Answer:
    found = await ask(house, partial(rules.list_packs, house.db, limit=SHOWN + 1, after=place(asked.after)))
    chosen: PackText | None = await ask(house, rules.pack, house.db, asked.pack) if asked.pack else None
    said = await ask(house, communication.communication, house.db)
    text = words.NEW if chosen is None else chosen.text
    return await tab(
        house,
        call,
        settings.HERE,
        "packs.html",
        filled,
        asked.done,
        asked.back,
        rows=found[:SHOWN],
        next=following([one.pack for one in found]),
        paged=asked.after is not None,
        chosen=chosen,
        facts=[] if chosen is None else words.facts(read_pack(chosen.text)),
        running=None if chosen is None else await ask(house, rules.running, house.db, chosen.pack),
        besides=said.rules,
        writes=call.may("catalogue.write"),
        new=chosen is None and (asked.new or "text" in filled.typed),
        mine={"text": filled.typed.get("text", text)},
        most=TEXT_MAX,
        **{"looked": None, "was": "", "changed": False, **looked},
    )


ROUTES = (
    page_route(settings.HERE, "catalogue.read", packs, "Rule packs in force."),
    Route("POST", settings.HERE, "catalogue.write", see_to, "Look at a rule pack, put or withdraw it.", page=True),
)
