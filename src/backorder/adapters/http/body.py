"""Reading what came: JSON without what one reader takes this way and another that way, and queries by name."""

import json
import re
from functools import lru_cache
from typing import Annotated, Any, TypeVar, get_origin
from urllib.parse import parse_qsl

import msgspec

from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.request import Request
from backorder.kernel.composing import Overloaded, composed, may_need_composing

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)
Form = dict[str, list[str]]
FORM = "application/x-www-form-urlencoded"
FORM_MAX = 64 * 1024  # bytes
FIELDS_MAX = 200


async def read(request: Request) -> bytes:
    """The body of a request, all of it, as JSON text. Refuses other content, what is too large or does not end."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "content_type", "send JSON, with Content-Type: application/json")
    return await request.body()


async def form(request: Request) -> Form:
    """The fields of a form, each with its values. Refuses another kind of body, and one beyond all forms."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
        raise Refusal(415, "content_type", "send a form")
    request.limit = FORM_MAX
    text = await request.body()
    found: Form = {}
    try:
        for name, value in parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX):
            found.setdefault(name, []).append(value)
    except ValueError as error:
        raise Refusal(400, "unreadable", "this is no form of ours") from error
    return found


def strict(text: bytes) -> Any:
    """JSON as Python values. Refuses duplicate keys, NaN and Infinity, invalid UTF-8 and what is nested without end."""
    try:
        return _STRICT.decode(text.decode("utf-8"))
    except RecursionError:
        raise Refusal(400, "unreadable", "the body is nested too deeply") from None
    except UnicodeDecodeError:
        raise Refusal(400, "unreadable", "the body is not valid UTF-8") from None
    except ValueError as error:
        raise Refusal(400, "unreadable", f"the body is not JSON: {str(error)[:200]}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice in one object")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def typed(text: bytes, kind: type[T]) -> T:
    """The body as `kind`; refuses with the field where it does not fit."""
    strict(text)
    try:
        if not may_need_composing(text):
            return msgspec.json.decode(text, type=kind)
        found = msgspec.json.encode(msgspec.json.decode(text, type=kind)).decode()
        return msgspec.json.decode(composed(found), type=kind)
    except msgspec.DecodeError as error:
        raise _misfit(error, 400) from None
    except Overloaded as error:
        raise Refusal(400, "invalid", str(error)) from None


def query(request: Request, kind: type[S]) -> S:
    """The query of the address as `kind`: each parameter once, or a list where it may repeat.

    Refuses one that is unknown; a page leaves it alone, for links grow parameters on their way to people.
    """
    hints = _parameters(kind)
    found: dict[str, Any] = {}
    for name, value in request.query:
        if name not in hints and request.page:
            continue
        if name not in hints:
            known = ", ".join(hints) or "there are none"
            raise Refusal(400, "unknown_parameter", f"{name[:100]} is no parameter here: {known}", field=name[:100])
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise Refusal(400, "invalid_parameter", "use no control characters", field=name)
        try:
            text = composed(value)
        except Overloaded as error:
            raise Refusal(400, "invalid_parameter", str(error), field=name) from None
        if hints[name]:
            found.setdefault(name, []).append(text)
        elif name in found:
            raise Refusal(400, "invalid_parameter", f"{name} is given twice", field=name)
        else:
            found[name] = text
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _misfit(error, 400) from None


def quality(parameters: str) -> int:
    """How much something is liked, in thousandths: what stands behind `q=` in a header such as Accept."""
    for word in parameters.split(";"):
        name, _, value = word.partition("=")
        if name.strip().lower() == "q":
            found = re.fullmatch(r"([01])(?:\.(\d{0,3}))?", value.strip())
            return 0 if found is None else min(1_000, int(found[1]) * 1_000 + int((found[2] or "").ljust(3, "0")))
    return 1_000


@lru_cache(maxsize=64)
def _parameters(kind: type[msgspec.Struct]) -> dict[str, bool]:
    """The parameters by name, and whether each may repeat."""
    return {field.name: _repeats(field.type) for field in msgspec.structs.fields(kind)}


def _repeats(hint: Any) -> bool:
    return get_origin(hint) is list or (get_origin(hint) is Annotated and _repeats(hint.__origin__))


def _misfit(error: Exception, status: int) -> Refusal:
    text = str(error)
    message, _, place = text.partition(" - at `$")
    field = place.strip("`.") or None
    return Refusal(status, "invalid", message.encode("utf-8", "replace").decode()[:300], field=field)
