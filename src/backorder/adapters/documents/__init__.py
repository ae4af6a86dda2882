"""Documents that are handed on: an order's evidence as one file, as JSON, in HTML and in PDF."""

import hashlib
import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from backorder.adapters.documents import html, pdf
from backorder.adapters.documents.pdf import NotInstalled, TooLong
from backorder.adapters.documents.sheet import sheet
from backorder.queries.evidence import Evidence

_NAME_MAX = 80


class Form(NamedTuple):
    """A form of the document: its media type, and how it is made. `withheld` is told to `sheet`."""

    content: str
    make: Callable[..., bytes]


def _json(found: Evidence, *, withheld: bool) -> bytes:  # noqa: ARG001  # what is withheld is gone from it already
    return msgspec.json.encode(found)


def _html(found: Evidence, *, withheld: bool) -> bytes:
    return html.render(sheet(found, withheld=withheld))


def _pdf(found: Evidence, *, withheld: bool) -> bytes:
    return pdf.render(sheet(found, withheld=withheld))


FORMS = {
    "json": Form("application/json", _json),
    "html": Form("text/html; charset=utf-8", _html),
    "pdf": Form("application/pdf", _pdf),
}


def file_name(order: str, form: str) -> str:
    """A name for the file that every system takes. Orders whose ids have other letters get a digest, to differ."""
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", order)[:_NAME_MAX]
    part = "" if plain == order else f"-{hashlib.sha256(order.encode()).hexdigest()[:8]}"
    return f"evidence-{plain.strip('-')}{part}.{form}"


__all__ = ["FORMS", "Form", "NotInstalled", "TooLong", "file_name"]
