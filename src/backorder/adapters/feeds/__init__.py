"""Feeds for shops and catalogues elsewhere: what they want to know of every item, as they want to read it."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from backorder.adapters.feeds import google, meta
from backorder.kernel.storefront import Shown


class Form(NamedTuple):
    """A feed: the end of its address, its media type, and how it is made, in pieces of text."""

    name: str
    content: str
    make: Callable[[Iterable[Shown]], Iterator[str]]


FORMS = {
    "google": Form("google.tsv", "text/tab-separated-values; charset=utf-8", google.tsv),
    "google-xml": Form("google.xml", "application/xml; charset=utf-8", google.xml),
    "meta": Form("meta.csv", "text/csv; charset=utf-8", meta.csv),
}


def encoded(form: Form, found: Iterable[Shown]) -> Iterator[bytes]:
    """A feed in pieces of some ten thousand bytes, UTF-8."""
    gathered: list[str] = []
    size = 0
    for piece in form.make(found):
        gathered.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(gathered).encode()
            gathered, size = [], 0
    yield "".join(gathered).encode()


PIECE = 32_768

__all__ = ["FORMS", "Form", "encoded"]
