"""The console's forms on views of the backlog: keep what is shown, name, replace and drop it, choose columns."""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from backorder.adapters.console import columns
from backorder.adapters.console.backlog import Asked, Told
from backorder.adapters.console.undoing import Undo
from backorder.adapters.http.body import Form
from backorder.adapters.http.desk import LINES, SPREAD, LinesPage, answered, columns_of, lines_shown
from backorder.adapters.http.forms import give, refuses, said, sentence, strange
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.outcomes import Outcome
from backorder.kernel.phrases import Said, phrase
from backorder.kernel.views import Column
from backorder.queries.views import SavedView, list_views

WORDS = ("save", "replace", "rename", "drop", "put_back", "columns", "usual")
_YEAR = 365 * 86_400  # seconds
_DONE = {
    "replace": phrase("“{name}” shows this from now on."),
    "rename": phrase("The view is called “{name}” now."),
    "drop": phrase("“{name}” is dropped."),
}


async def see_to(house: House, call: Call, word: str, wanted: LinesPage, fields: Form) -> Answer:
    """One of the forms on views; `wanted` is what the page showed that it stands on."""
    kept: list[SavedView] = await ask(house, list_views, house.db, call.caller.account)
    wanted.saved = said(fields, "saved").get("saved", wanted.saved)
    asked = wanted.asked(kept)
    if word in {"columns", "usual"}:
        return _spread(asked, word, fields)
    if word == "put_back":
        return await _put_back(house, call, wanted, kept, fields)
    if word == "save":
        return await _save(house, call, wanted, kept, fields)
    if asked.saved is None:
        return await lines_shown(house, call, wanted, kept, gone=True, status=404)
    return await _change(house, call, word, wanted, asked, asked.saved, fields)


def _spread(asked: Asked, word: str, fields: Form) -> Answer:
    """Choose columns: this browser is used to them, but for those of a view that was kept."""
    chosen: tuple[Column, ...] = ()
    if word == "columns":
        each, places = fields.get("each", []), fields.get("place", [])
        chosen = columns.ordered(fields.get("column", []), dict(zip(each, places, strict=False)))
    if asked.saved is not None:
        return answered(b"", 303, {"Location": asked._replace(columns=chosen).address()})
    liked = columns.written(chosen if chosen != columns.USUAL else ())
    cookie = f"{SPREAD}={liked}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={_YEAR if liked else 0}"
    return answered(b"", 303, {"Location": asked._replace(columns=()).address(), "Set-Cookie": cookie})


def _wrong(outcome: Outcome) -> Said:
    """Why a form is not done; its one field that people type needs no name beside it."""
    return sentence(msgspec.structs.replace(outcome, field=None))


def _content(call: Call, asked: Asked) -> dict[str, Any]:
    """What is shown, as a view keeps it."""
    spread = columns_of(call, asked)
    return asked._replace(columns=() if spread == columns.USUAL else spread).content()


async def _save(house: House, call: Call, wanted: LinesPage, kept: Sequence[SavedView], fields: Form) -> Answer:
    """Keep what is shown as a view of the caller's own."""
    typed, ident = said(fields, "name", "shared"), secrets.token_hex(6)
    command = {"do": "put_view", "view": ident, **_content(call, wanted.asked(kept)), "shared": "shared" in typed}
    outcome = await give(house, call, command | {"name": typed.get("name", "")})
    if refuses(outcome):
        told = Told(wrong=_wrong(outcome), word="save", typed=typed)
        return await lines_shown(house, call, wanted, kept, told, status=422)
    return answered(b"", 303, {"Location": f"{LINES}?saved={ident}&done=save"})


async def _change(
    house: House, call: Call, word: str, wanted: LinesPage, asked: Asked, before: SavedView, fields: Form
) -> Answer:
    """Rename, replace or drop a view; the answer can bring it back as it was."""
    typed = said(fields, "name", "shared")
    command: dict[str, Any] = {"do": "put_view", "view": before.view, "owner": before.owner}
    if word == "drop":
        command["do"] = "drop_view"
    elif word == "replace":
        command |= _content(call, asked)
    else:
        command |= {"name": typed.get("name", ""), "shared": "shared" in typed}
    outcome = await give(house, call, command)
    kept = await ask(house, list_views, house.db, call.caller.account)
    if refuses(outcome):
        told = Told(wrong=_wrong(outcome), word=word, typed=typed)
        return await lines_shown(house, call, wanted, kept, told, status=422)
    done = Said(_DONE[word], {"name": typed.get("name", "") if word == "rename" else before.name})
    page = {"drop": LinesPage(), "replace": LinesPage(saved=before.view)}.get(word, wanted)
    return await lines_shown(house, call, page, kept, Told(done=done, undo=Undo("put_back", {"was": _token(before)})))


async def _put_back(house: House, call: Call, wanted: LinesPage, kept: Sequence[SavedView], fields: Form) -> Answer:
    """Put a view as it was."""
    before = _read(said(fields, "was").get("was", ""))
    outcome = await give(house, call, {"do": "put_view", **before})
    if refuses(outcome):
        told = Told(wrong=_wrong(outcome), word="put_back")
        return await lines_shown(house, call, wanted, kept, told, status=422)
    ident = quote(before["view"], safe="")
    return answered(b"", 303, {"Location": f"{LINES}?saved={ident}&done=put_back"})


def _token(one: SavedView) -> str:
    """A view as a button has it that brings it back."""
    return base64.urlsafe_b64encode(msgspec.json.encode(one)).decode().rstrip("=")


def _read(text: str) -> Mapping[str, Any]:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.structs.asdict(msgspec.json.decode(raw, type=SavedView))
    except (binascii.Error, UnicodeError, msgspec.DecodeError):
        raise strange() from None
