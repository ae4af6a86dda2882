"""People sign in by a provider of OpenID Connect: they go there, and come back with a proof of who they are."""

from functools import partial

from backorder.adapters.http.callers import COOKIE
from backorder.adapters.http.problems import Refusal, busy
from backorder.adapters.http.reads import ask
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route
from backorder.adapters.http.sign_in import session_cookie
from backorder.adapters.openid import Begun, Denied, Provider, Unusable
from backorder.commands import accounts

_BEGUN = "__Host-backorder-openid"
_KEPT = 600  # seconds that people have at the provider
_COOKIE = f"{_BEGUN}={{}}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={{}}"
_SAYS = 4_000  # characters of a parameter that comes back
SUBJECT = "openid:"  # how accounts begin that are known by the provider's own name for somebody

assert COOKIE != _BEGUN, "a sign-in that began is no session"


async def begin(house: House, call: Call) -> Answer:
    """`GET /openid/sign-in`: to the provider; the browser keeps what the way back is known by."""
    provider = _provider(house)
    house.limits.sign_in(call.request)
    try:
        begun, place = await ask(house, provider.begin)
    except Unusable as error:
        raise busy(str(error)) from error
    cookie = _COOKIE.format(".".join(begun), _KEPT)
    return Answer(b"", 303, {"Set-Cookie": cookie, "Location": place, "Cache-Control": "no-store"})


async def finish(house: House, call: Call) -> Answer:
    """`GET /openid/callback`: back from the provider. There has to be an account; none is made."""
    provider = _provider(house)
    house.limits.sign_in(call.request)
    kept = call.request.cookies.get(_BEGUN, "").split(".")
    back = dict(call.request.query)
    if len(back) != len(call.request.query) or any(len(said) > _SAYS for said in back.values()):
        raise Refusal(400, "invalid_parameter", "the provider says each thing once, and in short")
    if len(kept) != len(Begun._fields) or not all(kept):
        raise Refusal(
            401, "unauthorised", "this sign-in did not begin in this browser, or it was long ago: begin again"
        )
    now = house.clock()
    try:
        person = await ask(house, partial(provider.finish, Begun(*kept), back, now // 1_000_000))
    except Denied as error:
        raise Refusal(401, "unauthorised", str(error)) from error
    except Unusable as error:
        raise busy(str(error)) from error
    names = [SUBJECT + person.subject, *([person.email, person.email.lower()] if person.email else [])]
    secret = await ask(house, partial(accounts.sign_in_as, house.db, now, names, by="openid"))
    if secret is None:
        known = person.email or "nobody by a verified address"
        raise Refusal(403, "forbidden", f"the provider knows you as {known}, and there is no account of that name here")
    headers = {"Set-Cookie": session_cookie(secret), "Location": "/console/", "Cache-Control": "no-store"}
    return Answer(b"", 303, headers)


def _provider(house: House) -> Provider:
    if house.openid is None:
        raise Refusal(404, "not_found", "nobody signs in here by OpenID Connect (BACKORDER_OPENID_ISSUER)")
    return house.openid


ROUTES = (
    Route("GET", "/openid/sign-in", OPEN, begin, "To the provider of OpenID Connect, to sign in.", statuses=(303,)),
    Route("GET", "/openid/callback", OPEN, finish, "Back from it, signed in.", statuses=(303,)),
)
