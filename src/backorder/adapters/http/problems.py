"""Refusals over HTTP: problem documents of one shape (RFC 9457), and the status that each outcome gets."""

from http import HTTPStatus

import msgspec

from backorder.kernel.outcomes import LineAnswer, Outcome, Word
from backorder.kernel.phrases import Said
from backorder.languages import language

CONTENT = "application/problem+json"
AWAY = "the database is away or busy; whether anything was done is not known: ask again in a moment, with the same key"
AGAIN = 1  # seconds after which asking again makes sense, where the service is only busy

_STATUS = {
    Word.ACCEPTED: 201,
    Word.OUT_OF_STOCK: 409,
    Word.BACKORDER_LIMIT: 409,
    Word.NO_DATE: 409,
    Word.TOO_LATE: 409,
    Word.TOO_MANY: 409,
    Word.NOT_ALLOWED: 409,
    Word.HELD: 409,
    Word.CURRENCY_MIXED: 409,
    Word.ALREADY_SHIPPED: 409,
    Word.ID_REUSED: 422,
    Word.INVALID: 422,
}  # what is unknown gets 404, what was done 200


class Problem(msgspec.Struct, omit_defaults=True):
    """Why something was refused. `type` is stable, `detail` says what to do; `outcome` is a command's word.

    `field` names what is wrong in the request, `lines` tell of each line of an order what could be had.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request: str
    outcome: str | None = None
    field: str | None = None
    subject: str | None = None
    quantity: int | None = None
    lines: list[LineAnswer] = []


class Refusal(Exception):
    """A request that is refused: becomes a problem document."""

    def __init__(
        self,
        status: int,
        word: str,
        detail: str | Said,
        *,
        field: str | None = None,
        outcome: Outcome | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.said = detail if isinstance(detail, Said) else None  # to people, in their language; to programs English
        self.detail = language().say(detail) if isinstance(detail, Said) else detail
        super().__init__(self.detail)
        self.status, self.word = status, word
        self.field, self.outcome, self.headers = field, outcome, headers or {}

    def document(self, instance: str, request: str) -> bytes:
        """The problem as JSON."""
        outcome = self.outcome
        found = Problem(
            type=f"urn:backorder:problem:{self.word}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            instance=instance,
            request=request,
            field=self.field,
        )
        if outcome is not None:
            found.outcome, found.subject = outcome.outcome.value, outcome.subject
            found.quantity, found.lines = outcome.quantity, outcome.lines
        return msgspec.json.encode(found)


def busy(detail: str | Said, status: int = 503, seconds: int = AGAIN) -> Refusal:
    """A refusal of what may well pass in a moment, or after some seconds."""
    word = {429: "too_many_requests", 409: "in_progress"}.get(status, "unavailable")
    return Refusal(status, word, detail, headers={"Retry-After": str(seconds)})


def status_of(outcome: Outcome) -> int:
    """The status of an outcome that stands alone."""
    unknown = outcome.outcome.value.startswith("unknown_")
    return 404 if unknown else _STATUS.get(outcome.outcome, 200)


def refusal_of(outcome: Outcome) -> Refusal:
    """An outcome that says no, as a refusal."""
    said = outcome.message or outcome.outcome.meaning
    return Refusal(status_of(outcome), outcome.outcome.value, said, field=outcome.field, outcome=outcome)
