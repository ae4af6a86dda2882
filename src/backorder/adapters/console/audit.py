"""The audit trail as a page: what it is narrowed by, and the addresses of that."""

from typing import NamedTuple
from urllib.parse import urlencode

from backorder.kernel.phrases import Phrase, phrase

PATH = "/console/audit"
FIELDS = (
    ("actor", phrase("Who"), "text"),
    ("what", phrase("What"), "text"),
    ("subject", phrase("About"), "text"),
    ("since", phrase("From"), "date"),
    ("until", phrase("To"), "date"),
)
_SAID = {name: said for name, said, _ in FIELDS}


class Asked(NamedTuple):
    """What of the trail is asked for, as it stands in the address; `since` and `until` are days, both included."""

    fields: dict[str, str]

    def address(self, **other: str) -> str:
        """The address of the same with something else; what is empty is left out."""
        text = urlencode({name: value for name, value in (self.fields | other).items() if value})
        return f"{PATH}?{text}" if text else PATH

    def narrowed(self) -> list[tuple[Phrase, str, str]]:
        """What narrows: what it is called, what it says, and the address without it."""
        return [(_SAID[name], value, self.address(**{name: ""})) for name, value in self.fields.items() if value]


def word(said: str) -> str:
    """What was done, as the trail has it: people may write it with spaces."""
    return "_".join(said.lower().split())


def plain(what: str) -> str:
    """What was done, as people read it."""
    return what.replace("_", " ")
