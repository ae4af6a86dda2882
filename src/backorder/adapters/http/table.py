"""Every route of the service. What is not here does not exist; what names no permission does not start."""

from backorder.adapters.http import health, reads, shelf, sign_in, told, writes
from backorder.adapters.http.reads import Nothing
from backorder.adapters.http.route import OPEN, Route
from backorder.adapters.http.writes import door
from backorder.commands import (
    Command,
    catalogue,
    changes,
    clock,
    holds,
    items,
    lines,
    orders,
    outbox,
    people,
    policies,
    receipts,
    shipments,
    stock,
    supplies,
    timers,
)
from backorder.kernel.access import PERMISSIONS
from backorder.kernel.outcomes import Outcome
from backorder.queries import explain, quotes, show
from backorder.queries import outbox as standing
from backorder.queries.availability import Availability
from backorder.queries.lines import LineView

_ORDER, _LINE, _SUPPLY, _DOCUMENT = (
    "/v1/orders/{order:str}",
    "/v1/orders/{order:str}/lines/{line:str}",
    "/v1/supplies/{supply:str}",
    "/v1/documents/{document:str}",
)

READS = (
    Route("GET", "/v1/orders", "orders.read", reads.orders, "Orders, by id.", reads.Orders, None, reads.OrdersPage),
    Route("GET", _ORDER, "orders.read", reads.ORDER, "An order with its lines.", show.OrderView, None, Nothing),
    Route("GET", _LINE, "orders.read", reads.LINE, "A line: pegs, promise, revisions.", LineView, None, Nothing),
    Route("GET", f"{_LINE}/why", "orders.read", reads.WHY, "Why it has its date.", explain.Explanation, None, Nothing),
    Route("GET", "/v1/lines", "orders.read", reads.lines, "Lines, by order.", reads.Lines, None, reads.LinesPage),
    Route("GET", "/v1/items", "catalogue.read", reads.items, "Items, by SKU.", reads.Items, None, reads.ItemsPage),
    Route("GET", "/v1/items/{sku:str}", "catalogue.read", reads.ITEM, "An item.", show.ItemView, None, Nothing),
    Route("GET", "/v1/supplies", "supply.read", reads.supplies, "Supplies.", reads.Supplies, None, reads.SuppliesPage),
    Route("GET", _SUPPLY, "supply.read", reads.SUPPLY, "A supply: who holds it.", show.SupplyView, None, Nothing),
    Route("GET", _DOCUMENT, "supply.read", reads.DOCUMENT, "A purchase order.", show.DocumentView, None, Nothing),
    Route(
        "GET",
        "/v1/availability",
        "catalogue.read",
        shelf.see,
        "What a product page says of an item; as it was at most a second ago.",
        Availability | list[Availability],
        None,
        shelf.Wanted,
        statuses=(200, 304),
    ),
    Route(
        "POST",
        "/v1/availability",
        "catalogue.read",
        shelf.see_many,
        "The same of up to 500 items.",
        list[Availability],
        shelf.Many,
    ),
    Route(
        "POST",
        "/v1/quotes",
        "catalogue.read",
        reads.quote,
        "What orders would be promised now; nothing is written.",
        list[Outcome],
        list[quotes.Quote],
    ),
    Route("GET", "/v1/events", "events.read", told.events, "What happened.", told.Events, None, told.EventsPage),
    Route("GET", "/v1/events/kinds", "events.read", told.kinds, "The kinds of events.", told.EventKinds, None, Nothing),
    Route("GET", "/v1/outbox", "outbox.read", told.messages, "Messages.", told.Messages, None, told.MessagesPage),
    Route(
        "GET",
        "/v1/outbox/standing",
        "outbox.read",
        told.standing,
        "How much waits, and was given up.",
        standing.Standing,
        None,
        Nothing,
    ),
    Route("GET", "/v1/timers", "outbox.read", told.timers, "What is due when.", told.Timers, None, told.TimersPage),
    Route("GET", "/v1/audit", "audit.read", reads.audit, "Who asked for what.", reads.Trail, None, reads.Page),
)

WRITES = (
    Route(
        "POST",
        "/v1/commands",
        "orders.read",
        writes.batch,
        "Commands of any kind, in order; each asks for its own permission, and each has its outcome.",
        list[Outcome],
        list[Command],
    ),
    door("PUT", "/v1/items/{sku:str}", items.PutItem, "Put an item.", key=False),
    door("PUT", "/v1/sites/{site:str}", catalogue.PutSite, "Put a site.", key=False),
    door("PUT", "/v1/suppliers/{supplier:str}", catalogue.PutSupplier, "Put a supplier.", key=False),
    door("PUT", "/v1/customers/{customer:str}", catalogue.PutCustomer, "Put a customer.", key=False),
    door("PUT", "/v1/categories/{category:str}", policies.PutCategory, "Put a category's policy.", key=False),
    door("PUT", "/v1/shop", policies.PutShop, "Put the shop's policy.", key=False),
    door("POST", "/v1/customers/{customer:str}/erase", people.ErasePerson, "Erase a person's data."),
    door("POST", "/v1/orders", orders.PlaceOrder, "Place an order.", key=False),
    door("PATCH", _ORDER, changes.ChangeOrder, "Change an order."),
    door("POST", f"{_ORDER}/lines", changes.AddLines, "Add lines to an order."),
    door("PATCH", _LINE, changes.ChangeLine, "Change a line."),
    door("POST", f"{_LINE}/cancel", lines.CancelLine, "Cancel units of a line."),
    door("POST", f"{_LINE}/promise", lines.PromiseLine, "Give a line a person's date."),
    door("POST", f"{_ORDER}/hold", holds.HoldOrder, "Put an order on hold."),
    door("POST", f"{_ORDER}/release", holds.ReleaseOrder, "Release an order."),
    door("POST", f"{_ORDER}/pick", shipments.Pick, "Pick units."),
    door("POST", f"{_ORDER}/unpick", shipments.Unpick, "Put picked units back."),
    door("POST", "/v1/shipments", shipments.Ship, "Ship units.", key=False),
    door("POST", "/v1/shipments/{shipment:str}/reverse", shipments.ReverseShipment, "It never left: take it back."),
    door("POST", "/v1/shipments/{shipment:str}/delivery", shipments.RecordDelivery, "Record its delivery."),
    door("POST", "/v1/supplies", supplies.AnnounceSupply, "Announce a supply.", key=False),
    door("POST", f"{_SUPPLY}/confirm", supplies.ConfirmSupply, "Confirm a supply."),
    door("POST", f"{_SUPPLY}/reschedule", supplies.RescheduleSupply, "Give a supply another day."),
    door("POST", f"{_SUPPLY}/cancel", supplies.CancelSupply, "Cancel units of a supply."),
    door("POST", f"{_SUPPLY}/receive", receipts.ReceiveSupply, "Receive units of a supply.", key=False),
    door("POST", f"{_DOCUMENT}/confirm", supplies.ConfirmSupply, "Confirm a purchase order."),
    door("POST", f"{_DOCUMENT}/reschedule", supplies.RescheduleSupply, "Give a purchase order another day."),
    door("POST", f"{_DOCUMENT}/receive", receipts.ReceiveSupply, "Receive against a purchase order.", key=False),
    door("POST", "/v1/stock/count", stock.CountStock, "Say how many units there are."),
    door("POST", "/v1/stock/adjust", stock.AdjustStock, "Say how many units there are more or less."),
    door("POST", "/v1/outbox/retry", outbox.RetryMessage, "Send a message that was given up after all."),
    door("POST", "/v1/outbox/discard", outbox.DiscardMessage, "Never send a message."),
    door("POST", "/v1/timers/{kind:str}/{subject:str}/retry", timers.RetryTimer, "Try again what was given up."),
    door("POST", "/v1/clock", clock.Advance, "Let the passing of days take effect.", key=False),
)

OTHERS = (
    Route("GET", "/healthz", OPEN, health.alive, "Whether the process lives.", health.Health),
    Route("GET", "/readyz", OPEN, health.ready, "Whether the database answers too.", health.Health),
    Route("POST", "/v1/session", OPEN, sign_in.sign_in, "Sign in.", None, sign_in.SignIn, statuses=(204,)),
    Route("DELETE", "/v1/session", OPEN, sign_in.sign_out, "Sign out.", None, statuses=(204,)),
    Route("GET", "/sign-in/{link:str}", OPEN, sign_in.door, "A page that signs in by a link."),
    Route("POST", "/sign-in/{link:str}", OPEN, sign_in.enter, "Sign in by a link, once.", statuses=(303,)),
    Route("GET", "/v1/session", "catalogue.read", sign_in.me, "Who is asking.", sign_in.Me),
)

ROUTES = (*READS, *WRITES, *OTHERS)

for _route in ROUTES:
    if _route.permission != OPEN and _route.permission not in PERMISSIONS:
        raise AssertionError(f"{_route.method} {_route.path} declares no permission that there is")
