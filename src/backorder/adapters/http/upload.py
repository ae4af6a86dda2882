"""Files that a form brings: the parts of a multipart body, each with its name."""

import re
from typing import NamedTuple

from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.request import Request

FILE_MAX = 16 * 2**20  # bytes of a whole form
PARTS_MAX = 20
_BOUNDARY = re.compile(r'multipart/form-data;.*?boundary="?([\w\'()+,./:=?-]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(rb'[; ]name="([^"\r\n]{1,100})"')
_FILE = re.compile(rb'filename="([^"\r\n]{0,300})"')


class Part(NamedTuple):
    """A field of a form, or a file with the name that it had."""

    text: bytes
    filename: str | None


async def parts(request: Request) -> dict[str, Part]:
    """The fields and files of a form by name, the first of each. Refuses another kind of body, and one too large."""
    found = _BOUNDARY.match(request.headers.get("content-type", ""))
    if found is None:
        raise Refusal(415, "content_type", "send a form with a file")
    request.limit = FILE_MAX
    chunks = (b"\r\n" + await request.body()).split(b"\r\n--" + found[1].encode())[1:]
    if len(chunks) > PARTS_MAX or not chunks or not chunks[-1].startswith(b"--"):
        raise Refusal(400, "unreadable", "this is no form of ours, or it did not come to its end")
    told: dict[str, Part] = {}
    for chunk in chunks[:-1]:
        head, _, text = chunk.partition(b"\r\n\r\n")
        name, file = _NAME.search(head), _FILE.search(head)
        if name is None:
            raise Refusal(400, "unreadable", "this is no form of ours")
        filename = None if file is None else file[1].decode("utf-8", "replace")
        told.setdefault(name[1].decode("utf-8", "replace"), Part(text, filename))
    return told
