"""How customers are told, as a form: every field in words, and its value."""

from typing import NamedTuple

from backorder.kernel.phrases import Phrase, phrase
from backorder.languages import known
from backorder.queries.communication import CommunicationView


class Field(NamedTuple):
    """A field of the form: what it is called, what it means, and how large a number, or how long a text, can be."""

    name: str
    said: Phrase
    means: Phrase
    most: int
    least: int | None = None  # of a number

    @property
    def number(self) -> bool:
        """Whether it is a number."""
        return self.least is not None


class Part(NamedTuple):
    """Fields that belong together."""

    said: Phrase
    fields: tuple[Field, ...]


PARTS = (
    Part(
        phrase("What every notice says"),
        (
            Field(
                "answers",
                phrase("Where customers answer, free for them"),
                phrase("A link, or a number that costs them nothing. The law asks for it."),
                500,
            ),
            Field("contact", phrase("Whom they ask"), phrase("An address or a number, in every message."), 500),
            Field(
                "charging",
                phrase("When you take their money"),
                phrase("One plain sentence, such as: Your card was charged when you ordered."),
                500,
            ),
        ),
    ),
    Part(
        phrase("When they are told"),
        (
            Field(
                "wait_minutes",
                phrase("Minutes until a change is told"),
                phrase("A new day goes out once nothing changed for so long. What came to nothing is not told."),
                1_440,
                0,
            ),
            Field(
                "margin_days",
                phrase("Days before the law's last day"),
                phrase("A notice goes so long before it at the latest, whatever else may change."),
                30,
                0,
            ),
            Field(
                "heartbeat_days",
                phrase("Days until they hear again"),
                phrase("Who waits is told so often that the day still stands."),
                365,
                1,
            ),
            Field(
                "closing_hours",
                phrase("Hours before midnight that a day closes"),
                phrase("What has not left by then is late, gets another day, and its customer is told."),
                12,
                0,
            ),
        ),
    ),
    Part(
        phrase("How letters look"),
        (
            Field("shop_name", phrase("Name of the shop"), phrase("At the head and the end of every letter."), 100),
            Field(
                "colour",
                phrase("Colour"),
                phrase("As #2f5140, dark enough to be read on white. Left out: the usual green."),
                7,
            ),
            Field("signature", phrase("At the foot"), phrase("Your address, as the law of many places asks."), 300),
        ),
    ),
)
FIELDS = {field.name: field for part in PARTS for field in part.fields}
TRANSLATED = ("answers", "charging")  # fields that can be said in each language besides
NAMES = {
    **{name: field.said for name, field in FIELDS.items()},
    **{f"{name}_{code}": FIELDS[name].said for name in TRANSLATED for code in known()},
    "on": phrase("Clocks run"),
    "rules": phrase("Rule packs that hold everywhere"),
}


def values(said: CommunicationView) -> dict[str, str]:
    """What the form shows, by the names of its fields; the packs that hold besides by their names, in one text."""
    shown = {name: "" if (value := getattr(said, name)) is None else str(value) for name in FIELDS}
    there = {one.language: one for one in said.translations}
    shown |= {f"{name}_{code}": getattr(there.get(code), name, None) or "" for name in TRANSLATED for code in known()}
    return shown | {"on": "" if said.rules is None else "yes", "rules": " ".join(sorted(said.rules or ()))}
