"""In which language whoever asks wants to read, as their browser says."""

from backorder.adapters.http import body
from backorder.adapters.http.request import Request


def liked(request: Request) -> list[str]:
    """The languages of a browser (BCP 47), the one liked best first."""
    found = []
    for part in ",".join(request.headers.getall("accept-language"))[:1_000].split(","):
        tag, _, weight = part.partition(";")
        found.append((body.quality(weight), tag.strip()))
    return [tag for weight, tag in sorted(found, key=lambda one: -one[0]) if weight and tag]


def chosen(wanted: list[str], spoken: tuple[str, ...]) -> str | None:
    """The first of these that is among those spoken (codes), as it was named; None where none is."""
    return next((tag for tag in wanted if code_of(tag) in spoken), None)


def code_of(tag: str) -> str:
    """The language of a tag, without its country."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()
