"""The console's forms on the backlog: what they are about, and who sees to it."""

from backorder.adapters.http import body, viewing
from backorder.adapters.http.callers import from_here
from backorder.adapters.http.desk import LINES, LinesPage
from backorder.adapters.http.forms import said
from backorder.adapters.http.problems import Refusal
from backorder.adapters.http.route import Answer, Call, House, Route


async def see_to(house: House, call: Call) -> Answer:
    """`POST /console/lines`: one of the forms; its address says what the page shows that it stands on."""
    from_here(call.request)
    wanted = body.query(call.request, LinesPage)
    fields = await body.form(call.request)
    word = said(fields, "do").get("do", "")
    if word not in viewing.WORDS:
        raise Refusal(422, "invalid", "this is no form of ours")
    return await viewing.see_to(house, call, word, wanted, fields)


ROUTES = (Route("POST", LINES, "orders.read", see_to, "Keep views of the backlog, and choose columns.", page=True),)
