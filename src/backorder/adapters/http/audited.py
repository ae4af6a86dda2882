"""The console's search in the audit trail over HTTP: by who, what, about what and when, page by page."""

from functools import partial

import msgspec

from backorder.adapters import console as pages
from backorder.adapters.console import audit
from backorder.adapters.console.audit import PATH, Asked
from backorder.adapters.http import body
from backorder.adapters.http.desk import Text, answered, frame_of, page_route
from backorder.adapters.http.forms import NO_DAY, day
from backorder.adapters.http.reads import Cursor, ask, cursor, token
from backorder.adapters.http.route import Answer, Call, House
from backorder.kernel.calendars import day_number, day_start, moment_datetime
from backorder.queries import trail

SHOWN = 50


class AuditPage(msgspec.Struct, forbid_unknown_fields=True):
    """Which entries are wanted, and where the page begins."""

    actor: Text = ""
    what: Text = ""
    subject: Text = ""
    since: Text = ""
    until: Text = ""
    after: Cursor | None = None


async def search(house: House, call: Call) -> Answer:
    """`GET /console/audit`: entries of the trail, newest first; a day that is none is said at the form."""
    wanted = body.query(call.request, AuditPage)
    before = cursor(wanted.after, 1, number=True)
    typed = {name: getattr(wanted, name).strip() for name, _, _ in audit.FIELDS}
    rows: list[trail.EntryView] = []
    wrong, following = None, None
    try:
        since, until = _day(typed["since"], 0), _day(typed["until"], 1)
    except ValueError:
        wrong = NO_DAY
    else:
        question = partial(
            trail.entries,
            house.db,
            before=None if before is None else int(before[0]),
            actor=typed["actor"] or None,
            what=audit.word(typed["what"]) or None,
            subject=typed["subject"] or None,
            since=since,
            until=until,
            limit=SHOWN + 1,
        )
        rows = await ask(house, question)
    asked = Asked(typed)
    if len(rows) > SHOWN:
        rows = rows[:SHOWN]
        following = asked.address(after=token([str(rows[-1].n)]))
    total, last = await ask(house, trail.end, house.db)
    text = pages.page(
        "audit.html",
        frame_of(call.request, call.caller),
        PATH,
        rows=rows,
        asked=asked,
        fields=audit.FIELDS,
        plain=audit.plain,
        wrong=wrong,
        next=following,
        paged=before is not None,
        total=total,
        hash=last,
        today=moment_datetime(house.clock()).date(),
    )
    return answered(text, 422 if wrong else 200)


def _day(said: str, more: int) -> int | None:
    """The moment at which a day begins, so many days later; None where none was said. Raises ValueError."""
    found = day(said)
    return None if found is None else day_start(day_number(found) + more, "UTC")


ROUTES = (page_route(PATH, "audit.read", search, "The audit trail."),)
