"""The status page of an order, for whoever has a link to it. Looking changes nothing: mail scanners follow links too.

The token in the address is the whole proof, so it stands in no log, in no answer to others, and in no Referer.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec

from backorder.adapters import status as pages
from backorder.adapters.drawn import draw
from backorder.adapters.http import body
from backorder.adapters.http.problems import Refusal, refusal_of, status_of
from backorder.adapters.http.reads import PRIVATE, Nothing, ask
from backorder.adapters.http.request import Request
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route, digest
from backorder.adapters.http.spoken import chosen, code_of, liked
from backorder.adapters.http.writes import apply
from backorder.adapters.status import Embedded, Place, nonce
from backorder.adapters.status import words as w
from backorder.adapters.status.page import Confirm, Note, confirm, page, value_of
from backorder.commands._choosing import take_effect
from backorder.commands.accounts import Identity
from backorder.commands.status import ChooseAnswer, Days, PutStatusLink, Shown, WithdrawAnswer, takes_effect
from backorder.kernel.calendars import moment_number
from backorder.kernel.errors import Conflict, Unavailable
from backorder.kernel.outcomes import Outcome, Word
from backorder.kernel.phrases import Phrase, Said, Value
from backorder.languages import SOURCE, Language, known, language
from backorder.queries import status as queries
from backorder.queries.status import Links, Opened, Option, Status

HTML = "text/html; charset=utf-8"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]{1,255}\Z")
# The page loads its style sheet from here and nothing else from anywhere, runs nothing, and stands in no frame.
_CLOSED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_ACTOR = Identity("status page", "", frozenset())  # as whom the trail knows who chooses there


class MakeLink(msgspec.Struct, forbid_unknown_fields=True):
    """What a link is for: to `answer` or only to `read`, until so many days after the order ended."""

    purpose: Literal["answer", "read"] = "answer"
    days: Days = 30


class MadeLink(msgspec.Struct):
    """A new link to an order's status page, with its number in the order. Its address is shown this once."""

    link: int
    path: str


class _Visit(NamedTuple):
    """Somebody who came with a token that opens a page."""

    token: str
    opened: Opened
    language: Language
    now: int

    @property
    def path(self) -> str:
        return f"/s/{self.token}"

    def place(self, step: str = "", shown: str = "") -> Place:
        """Where the page is, with a proof for the step that comes next on it."""
        proof = nonce.make(self.token, step, self.now, shown) if step else ""
        return Place(self.path, self.language, proof)

    def say(self, said: Phrase) -> str:
        return self.language.say(Said(said))

    def note(self, status: int, text: Phrase, title: Phrase = w.NOT_FROM_HERE_TITLE) -> Answer:
        """A page that says one thing, with the way back."""
        return _html(pages.note(Note(self.say(title), self.say(text)), self.place()), status)


def _html(found: bytes, status: int = 200, **headers: str) -> Answer:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(found, status, {**_CLOSED, **more}, HTML)


async def make(house: House, call: Call) -> Answer:
    """`POST /v1/orders/{order}/status-links`: draw a token, keep its digest, show its address this once."""
    said = body.typed(await body.read(call.request), MakeLink)
    drawn = draw()
    command = PutStatusLink(order=call.path("order"), digest=drawn.digest, **msgspec.structs.asdict(said))
    outcome = (await apply(house, call, [command], digest(msgspec.json.encode(command))))[0]
    if status_of(outcome) >= 400:
        raise refusal_of(outcome)
    return Answer(MadeLink(outcome.quantity or 0, drawn.path), 201, PRIVATE)


async def listed(house: House, call: Call) -> Answer:
    """`GET /v1/orders/{order}/status-links`: the links, and what was chosen by them."""
    body.query(call.request, Nothing)
    found = await ask(house, queries.links, house.db, call.path("order"))
    if found is None:
        raise Refusal(404, "not_found", "there is no order with this id")
    return Answer(found, headers=PRIVATE)


async def look(house: House, call: Call) -> Answer:
    """`GET /s/{token}`: the page; with `.json` behind the token, the same for programs."""
    if _token(call).endswith(".json"):
        return await _for_programs(house, call)
    return await _in_words(call, lambda: _page(house, call))


async def head(house: House, call: Call) -> Answer:
    """`HEAD /s/{token}`: whether there is a page."""
    found = (await look(house, call)).encoded()
    return found._replace(value=b"")


async def act(house: House, call: Call) -> Answer:
    """`POST /s/{token}`: a choice, its confirmation, or taking it back."""
    return await _in_words(call, lambda: _act(house, call))


async def short(house: House, call: Call) -> Answer:
    """`GET /s/{token}/snippet`: the order in short, to be put into a page of the shop's own by its server."""

    async def found() -> Answer:
        visit = await _visit(house, call, _token(call))
        told = await _status(house, visit)
        host = call.request.headers.get("host", "")
        here = f"//{host}{visit.path}" if _HOST.match(host) else visit.path
        return _html(pages.piece(page(told, visit.language, visit.now), Place(here, visit.language)))

    return await _in_words(call, found)


async def style(_house: House, _call: Call) -> Answer:
    """`GET /s/style.css`."""
    headers = {"Cache-Control": "public, max-age=604800"}
    return Answer(pages.style()[0], headers=headers, content="text/css; charset=utf-8")


def _token(call: Call) -> str:
    """What stands in the address for a token, whatever it is."""
    return call.request.path_params["token"]


async def _for_programs(house: House, call: Call) -> Answer:
    try:
        visit = await _visit(house, call, _token(call).removesuffix(".json"))
        found = await _status(house, visit)
    except _Gone:
        raise Refusal(404, "not_found", "this link opens no order") from None
    shown = page(found, visit.language, visit.now)
    headers = PRIVATE | {"Access-Control-Allow-Origin": "*"}  # the token in the address is the proof, not who asks
    return Answer(pages.embedded(found, shown, visit.language), headers=headers)


class _Gone(Exception):
    """The link is none, was revoked, or ended: nobody is told which."""


async def _in_words(call: Call, what: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer, or a page that says in words why there is none: people read this."""
    spoken = _spoken(call.request, None)

    def said(status: int, title: Phrase, text: Phrase, again: int = 0, **values: Value) -> Answer:
        content = Note(spoken.say(Said(title)), spoken.say(Said(text, values)))
        headers = {"Retry_After": str(again)} if again else {}
        return _html(pages.note(content, Place(None, spoken)), status, **headers)

    try:
        return await what()
    except _Gone:
        return said(404, w.GONE_TITLE, w.GONE)
    except (Unavailable, Conflict):
        return said(503, w.TOO_OFTEN_TITLE, w.AWAY, 5)
    except Refusal as refusal:
        if refusal.status in {429, 503}:
            seconds = int((refusal.headers or {}).get("Retry-After", "5"))
            return said(refusal.status, w.TOO_OFTEN_TITLE, w.TOO_OFTEN, seconds, count=seconds)
        return said(refusal.status, w.NOT_FROM_HERE_TITLE, w.NOT_FROM_HERE)


async def _visit(house: House, call: Call, token: str) -> _Visit:
    """Who comes with this token. Raises _Gone where it opens nothing, a refusal where it is tried too often."""
    now = house.clock()
    key = digest(token.encode("utf-8", "replace"))
    opened = await ask(house, queries.opened, house.db, now, key) if _TOKEN.match(token) else None
    if opened is None:
        house.limits.lost(call.request)
        raise _Gone
    house.limits.link(key)
    return _Visit(token, opened, _spoken(call.request, opened), now)


async def _status(house: House, visit: _Visit) -> Status:
    found: Status | None = await ask(house, queries.status, house.db, visit.now, visit.opened)
    if found is None:
        raise _Gone
    return found


def _spoken(request: Request, opened: Opened | None) -> Language:
    """The language that is asked for, or that the browser likes best, or that the customer is known to speak."""
    country = None if opened is None else opened.country
    wanted = [value for name, value in request.query if name == "lang"]
    tag = chosen([*wanted[-1:], *liked(request)], known())
    if tag is None and opened is not None:
        return language(opened.language, country)
    return language(code_of(tag or SOURCE), country)


async def _page(house: House, call: Call) -> Answer:
    visit = await _visit(house, call, _token(call))
    found = await _status(house, visit)
    asked = [value for name, value in call.request.query if name == "answer"]
    if asked:
        return await _second(house, visit, found, asked[-1])
    step = "choose" if found.pending is None else _undo(found)
    return _html(pages.whole(page(found, visit.language, visit.now), visit.place(step)))


def _undo(found: Status) -> str:
    """The step of taking back the one choice that is pending."""
    return f"undo {0 if found.pending is None else found.pending.n}"


async def _act(house: House, call: Call) -> Answer:
    visit = await _visit(house, call, _token(call))
    form = await body.form(call.request)
    site = call.request.headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"}:
        return visit.note(403, w.NOT_FROM_HERE)
    if visit.opened.purpose != "answer":
        return visit.note(403, w.READ_ONLY)
    found = await _status(house, visit)
    steps = {"choose": _choose, "confirm": _confirm, "undo": _take_back}
    step = steps.get(form.get("step", [""])[0])
    return visit.note(400, w.NOT_FROM_HERE) if step is None else await step(house, call, visit, found, form)


async def _choose(_house: House, _call: Call, visit: _Visit, _found: Status, form: body.Form) -> Answer:
    """On to the second page, by an address to which a browser can come back."""
    if nonce.check(visit.token, "choose", visit.now, form.get("nonce", [""])[0]) is None:
        return visit.note(400, w.NOT_FROM_HERE)
    answer = form.get("answer", [""])[0]
    return _to_page(visit, f"&answer={quote(answer[:100], safe='')}") if answer else visit.note(422, w.NOTHING_CHOSEN)


async def _second(house: House, visit: _Visit, found: Status, answer: str) -> Answer:
    """The second page of a choice, on which nothing has happened yet."""
    option = _option(found, answer)
    if option is not None:
        return _confirming(visit, found, option, await _shown(house, visit, found, option))
    if visit.opened.purpose != "answer":
        return visit.note(403, w.READ_ONLY)
    return visit.note(409, w.NO_LONGER if found.pending is None else w.CHOSEN_ALREADY)


def _confirming(visit: _Visit, found: Status, option: Option, shown: Confirm) -> Answer:
    eyebrow = visit.language.say(Said(w.ORDER, {"order": w.isolated(found.evidence.order)}))
    return _html(pages.confirming(shown, visit.place("confirm", shown.said), value_of(option), eyebrow))


def _option(found: Status, answer: str) -> Option | None:
    return next((option for option in found.options if value_of(option) == answer), None)


async def _shown(house: House, visit: _Visit, found: Status, option: Option) -> Confirm:
    money = None
    if option.answer == "cancel":
        money = await ask(house, queries.refund_of, house.db, found.evidence.order, option.lines)
    return confirm(found, option, visit.language, _effective(found, visit.now), visit.now, money)


def _effective(found: Status, now: int) -> int:
    deadline = None if found.asking is None else found.asking.deadline
    return takes_effect([] if deadline is None else [moment_number(deadline)], now)


async def _confirm(house: House, call: Call, visit: _Visit, found: Status, form: body.Form) -> Answer:
    proof = nonce.check(visit.token, "confirm", visit.now, form.get("nonce", [""])[0])
    if proof is None:
        return visit.note(400, w.NOT_FROM_HERE)
    if any(nonce.digest(one.said) == proof.shown for one in found.choices[-1:]) and found.pending is not None:
        return _to_page(visit)  # the same form came twice
    option = _option(found, form.get("answer", [""])[0])
    if option is None:
        return visit.note(409, w.CHOSEN_ALREADY if found.pending else w.NO_LONGER)
    shown = await _shown(house, visit, found, option)
    if nonce.digest(shown.said) != proof.shown:
        return visit.note(409, w.MOVED_ON)
    lines = [line for line in option.lines if not shown.boxes or line in form.get("line", [])]
    if not lines:
        return visit.note(422, w.NO_LINES)
    if shown.consent is not None and form.get("consent") != ["yes"]:
        return visit.note(422, w.NO_CONSENT)
    days = {line.line: line.promise for line in found.lines}
    language_code, kept = visit.language.code, hashlib.sha256(shown.said.encode()).hexdigest()
    command = ChooseAnswer(
        id=f"status page {digest(proof.text.encode())[:40]}",
        order=found.evidence.order,
        answer=option.answer,
        lines=[Shown(line, days[line]) for line in lines],
        said=shown.said,
        sku=option.sku,
        consent=shown.consent is not None,
        notice=None if found.asking is None else found.asking.notice,
        note=f"status page, link {visit.opened.link}, text {w.VERSION} ({language_code}) {kept[:16]}",
    )
    outcome = await _given(house, call, command)
    if outcome.outcome is not Word.CHANGED:
        return visit.note(409, _REFUSED.get(outcome.outcome, w.NO_LONGER))
    if _effective(found, visit.now) <= visit.now:
        await ask(house, take_effect, house.db, house.clock(), [command.order])
    return _to_page(visit)


_REFUSED = {
    Word.ALREADY_SHIPPED: w.LEFT_ALREADY,
    Word.TOO_LATE: w.LATE_ALREADY,
    Word.ID_REUSED: w.NOT_FROM_HERE,
}


async def _take_back(house: House, call: Call, visit: _Visit, found: Status, form: body.Form) -> Answer:
    text = form.get("nonce", [""])[0]
    last = found.choices[-1].n if found.choices else 0
    if nonce.check(visit.token, f"undo {last}", visit.now, text) is None:
        return visit.note(400, w.NOT_FROM_HERE)
    outcome = await _given(
        house, call, WithdrawAnswer(order=found.evidence.order, id=f"status page {digest(text.encode())[:40]}")
    )
    return _to_page(visit) if outcome.outcome is Word.CHANGED else visit.note(409, w.EFFECT_ALREADY)


async def _given(house: House, call: Call, command: ChooseAnswer | WithdrawAnswer) -> Outcome:
    """What the command was answered; the trail knows it as the page's, and not by the token."""
    content = digest(msgspec.json.encode(command))
    return (await apply(house, call._replace(caller=_ACTOR), [command], content))[0]


def _to_page(visit: _Visit, more: str = "") -> Answer:
    """To the page, by an address that can be asked for again without doing anything again."""
    return Answer(b"", 303, {**_CLOSED, "Location": f"{visit.path}?lang={visit.language.code}{more}"}, HTML)


_PAGE, _LINKS = "/s/{token:str}", "/v1/orders/{order:str}/status-links"
ROUTES = (
    Route(
        "GET",
        _LINKS,
        "notices.read",
        listed,
        "The links to an order's status page, and its choices.",
        Links,
        parameters=Nothing,
    ),
    Route(
        "POST",
        _LINKS,
        "notices.write",
        make,
        "Make a link to an order's status page; the answer shows it, this once.",
        MadeLink,
        MakeLink,
        statuses=(201,),
    ),
    Route(
        "GET",
        _PAGE,
        OPEN,
        look,
        "An order's status page; with .json behind the token, the same for programs.",
        Embedded,
        also=("text/html",),
        page=True,
    ),
    Route("HEAD", _PAGE, OPEN, head, "Whether a link opens a status page.", page=True),
    Route(
        "POST", _PAGE, OPEN, act, "Choose on a status page, confirm it, or take it back.", statuses=(303,), page=True
    ),
    Route(
        "GET",
        f"{_PAGE}/snippet",
        OPEN,
        short,
        "The page in short, as HTML for the shop's own pages.",
        also=("text/html",),
        page=True,
    ),
    Route("GET", "/s/style.css", OPEN, style, "How the status page looks.", also=("text/css",)),
)
