"""Files that a form brings: the parts of a multipart body, each with its name."""

from typing import NamedTuple

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.request import Request

FILE_MAX = 16 * 2**20  # bytes of a whole form
PARTS_MAX = 20


class Part(NamedTuple):
    """A field of a form, or a file with the name that it had."""

    text: bytes
    filename: str | None


async def parts(request: Request) -> dict[str, Part]:
    """The fields and files of a form by name, the first of each. Refuses another kind of body, and one too large."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise Refusal(415, "content_type", "send a form with a file")
    request.limit = FILE_MAX
    whole = await request.body()
    told: dict[str, Part] = {}
    try:
        with PushMultipartParser(boundary, len(whole), max_segment_count=PARTS_MAX, strict=True) as parser:
            segment, text = None, bytearray()
            for event in parser.parse(whole):
                if isinstance(event, MultipartSegment):
                    segment, text = event, bytearray()
                elif event is not None:
                    text += event
                elif segment is not None:
                    told.setdefault(segment.name or "", Part(bytes(text), segment.filename))
    except MultipartError as error:
        raise Refusal(400, "unreadable", "this is no form of ours, or it did not come to its end") from error
    return told
