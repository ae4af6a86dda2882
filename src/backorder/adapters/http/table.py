"""Every route of the service. What is not here does not exist; what names no permission does not start."""

from typing import Any

from backorder.adapters.http import (
    administering,
    console,
    evidence,
    health,
    owed,
    previews,
    reads,
    shelf,
    sign_in,
    status,
    storefront,
    streams,
    told,
    webhooks,
    writes,
)
from backorder.adapters.http import listings as many
from backorder.adapters.http import reallocation as reallocating
from backorder.adapters.http.reads import Nothing, Page
from backorder.adapters.http.route import OPEN, Route
from backorder.adapters.http.writes import door
from backorder.commands import (
    Command,
    answers,
    catalogue,
    changes,
    clock,
    communication,
    holds,
    items,
    lines,
    notices,
    orders,
    outbox,
    people,
    pins,
    policies,
    reallocation,
    receipts,
    refunds,
    rules,
    shipments,
    stock,
    supplies,
    timers,
    watches,
)
from backorder.commands import status as chosen
from backorder.commands import webhooks as hooks
from backorder.kernel.access import PERMISSIONS
from backorder.kernel.outcomes import Outcome
from backorder.queries import accounts as people_and_programs
from backorder.queries import catalogue as catalogued
from backorder.queries import communication as telling
from backorder.queries import explain, quotes, show, touched, whatif
from backorder.queries import notices as noticed
from backorder.queries import outbox as standing
from backorder.queries import reallocation as reallocated
from backorder.queries import rules as packs
from backorder.queries import shipments as shipped
from backorder.queries import watches as watched
from backorder.queries.availability import Availability
from backorder.queries.evidence import Evidence
from backorder.queries.lines import LineView
from backorder.queries.webhooks import WebhookWithAttempts

_ORDER, _LINE, _NOTICE, _REFUND, _SUPPLY, _DOCUMENT, _SHIPMENT, _CUSTOMER, _ACCOUNT, _WEBHOOK = (
    "/v1/orders/{order:str}",
    "/v1/orders/{order:str}/lines/{line:str}",
    "/v1/orders/{order:str}/notices/{notice:str}",
    "/v1/orders/{order:str}/refunds/{refund:str}",
    "/v1/supplies/{supply:str}",
    "/v1/documents/{document:str}",
    "/v1/shipments/{shipment:str}",
    "/v1/customers/{customer:str}",
    "/v1/accounts/{account:str}",
    "/v1/webhooks/{webhook:str}",
)


def _one(
    path: str,
    permission: str,
    answer: Any,
    summary: str,
    gives: Any,
    *,
    bound: bool = False,
    numbers: tuple[str, ...] = (),
) -> Route:
    """A route for one thing."""
    return Route("GET", path, permission, answer, summary, gives, parameters=Nothing, bound=bound, numbers=numbers)


def _many(
    path: str, permission: str, answer: Any, summary: str, gives: Any, page: type = Page, *, bound: bool = False
) -> Route:
    """A route for a page of things."""
    return Route("GET", path, permission, answer, summary, gives, parameters=page, bound=bound)


READS = (
    _many("/v1/orders", "orders.read", many.ORDERS, "Orders, by id.", many.Orders, many.OrdersPage, bound=True),
    _one(_ORDER, "orders.read", reads.ORDER, "An order with its lines.", show.OrderView, bound=True),
    Route(
        "GET",
        f"{_ORDER}/evidence",
        "notices.read",
        evidence.show,
        "All that its customer was promised, told, answered and paid back: JSON, or one document (HTML, PDF).",
        Evidence,
        None,
        evidence.Wanted,
        also=evidence.CONTENTS,
    ),
    _one(_LINE, "orders.read", reads.LINE, "A line: pegs, promise, revisions.", LineView, bound=True),
    Route(
        "GET",
        f"{_LINE}/explanation",
        "orders.read",
        reads.why,
        "Why it has its date, and what would bring it sooner.",
        explain.Explanation,
        parameters=reads.Wanted,
        bound=True,
    ),
    _many("/v1/lines", "orders.read", many.LINES, "Lines, by order.", many.Lines, many.LinesPage, bound=True),
    _many(
        "/v1/shipments",
        "orders.read",
        many.SHIPMENTS,
        "Shipments, by id.",
        many.Shipments,
        many.ShipmentsPage,
        bound=True,
    ),
    _one(_SHIPMENT, "orders.read", reads.SHIPMENT, "A shipment: what left.", shipped.ShipmentView, bound=True),
    _many(
        "/v1/customers",
        "orders.read",
        many.CUSTOMERS,
        "Customers, by id; name and address for those who may.",
        many.Customers,
        many.CustomersPage,
        bound=True,
    ),
    _one(_CUSTOMER, "orders.read", reads.CUSTOMER, "A customer.", catalogued.CustomerView, bound=True),
    _many("/v1/items", "catalogue.read", many.ITEMS, "Items, by SKU.", many.Items, many.ItemsPage),
    _one("/v1/items/{sku:str}", "catalogue.read", reads.ITEM, "An item.", show.ItemView),
    _one(
        "/v1/items/{sku:str}/watches/{watch:str}",
        "customers.read",
        reads.WATCH,
        "Who wants to be told when it is back.",
        watched.WatchView,
        numbers=("watch",),
    ),
    _many("/v1/categories", "catalogue.read", many.CATEGORIES, "Categories, by id.", many.Categories),
    _one("/v1/categories/{category:str}", "catalogue.read", reads.CATEGORY, "A category.", catalogued.CategoryView),
    _many("/v1/sites", "catalogue.read", many.SITES, "Sites, by code.", many.Sites, many.SitesPage),
    _one("/v1/sites/{site:str}", "catalogue.read", reads.SITE, "A site.", catalogued.SiteView),
    _many("/v1/suppliers", "catalogue.read", many.SUPPLIERS, "Suppliers, by id.", many.Suppliers),
    _one("/v1/suppliers/{supplier:str}", "catalogue.read", reads.SUPPLIER, "A supplier.", catalogued.SupplierView),
    _many("/v1/supplies", "supply.read", many.SUPPLIES, "Supplies, by id.", many.Supplies, many.SuppliesPage),
    _one(_SUPPLY, "supply.read", reads.SUPPLY, "A supply: who holds it.", show.SupplyView),
    _one(_DOCUMENT, "supply.read", reads.DOCUMENT, "A purchase order.", show.DocumentView),
    _many("/v1/stock", "supply.read", many.STOCK, "What is on hand, by SKU and site.", many.Stock, many.StockPage),
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
        bound=True,
    ),
    Route(
        "POST",
        "/v1/availability",
        "catalogue.read",
        shelf.see_many,
        "The same of up to 500 items.",
        list[Availability],
        shelf.Many,
        bound=True,
    ),
    *storefront.ROUTES,
    Route(
        "POST",
        "/v1/quotes",
        "catalogue.read",
        reads.quote,
        "What orders would be promised now; nothing is written.",
        list[Outcome],
        list[quotes.Quote],
        bound=True,
    ),
    Route(
        "POST",
        "/v1/what-if",
        "orders.read",
        reads.what_if,
        "Whom it would touch if supplies slipped, came short and so on; nothing is written.",
        touched.WhatIf,
        list[whatif.If],
    ),
    _many(
        "/v1/notices",
        "notices.read",
        owed.queue,
        "What waits for people: notices and refunds by deadline; overdue refunds lead.",
        owed.Queue,
        owed.NoticesPage,
    ),
    *previews.ROUTES,
    _many(f"{_ORDER}/notices", "notices.read", owed.NOTICES, "An order's notices, by number.", owed.Notices),
    _one(_NOTICE, "notices.read", owed.NOTICE, "A notice with its text.", noticed.NoticeView, numbers=("notice",)),
    _many(f"{_ORDER}/refunds", "notices.read", owed.REFUNDS, "An order's refunds, by number.", owed.Refunds),
    _many("/v1/packs", "catalogue.read", owed.PACKS, "Rule packs, by name.", owed.Packs),
    _one("/v1/packs/{pack:str}", "catalogue.read", owed.PACK, "A rule pack with its text.", packs.PackText),
    _one(
        "/v1/communication",
        "catalogue.read",
        owed.shop,
        "How customers are told.",
        telling.CommunicationView,
    ),
    _many(
        "/v1/policies",
        "reallocation.read",
        reallocating.POLICIES,
        "Reallocation policies, by name, each in its latest version.",
        reallocating.Policies,
    ),
    Route(
        "GET",
        "/v1/policies/{policy:str}",
        "reallocation.read",
        reallocating.policy,
        "A reallocation policy.",
        reallocated.PolicyView,
        None,
        reallocating.Wanted,
    ),
    Route(
        "POST",
        "/v1/policies/preview",
        "reallocation.read",
        reallocating.preview,
        "How many lines each segment of a policy would take now; nothing is put or planned.",
        reallocated.Preview,
        reallocation.PutPolicy,
    ),
    Route(
        "POST",
        "/v1/policies/compare",
        "reallocation.read",
        reallocating.compare,
        "What policies would make of the backlog as it is now, side by side; nothing is kept.",
        reallocated.Comparison,
        reallocating.Compare,
    ),
    _many(
        "/v1/runs",
        "reallocation.read",
        reallocating.runs,
        "Runs of reallocation, the newest first.",
        reallocating.Runs,
        reallocating.RunsPage,
    ),
    _one(
        "/v1/runs/{run:str}",
        "reallocation.read",
        reallocating.RUN,
        "A run: how far it is, and what its plan comes to.",
        reallocated.RunView,
    ),
    _many(
        "/v1/runs/{run:str}/lines",
        "reallocation.read",
        reallocating.lines,
        "The lines of a plan: before and after, in the order in which they were served.",
        reallocating.PlanLines,
        reallocating.LinesPage,
    ),
    Route("GET", "/v1/events", "events.read", told.events, "What happened.", told.Events, None, told.EventsPage),
    Route("GET", "/v1/events/kinds", "events.read", told.kinds, "The kinds of events.", told.EventKinds, None, Nothing),
    Route(
        "GET",
        "/v1/events/stream",
        "events.read",
        streams.stream,
        "What happens, as it happens: server-sent events, from `Last-Event-ID` on where it is sent.",
        parameters=streams.StreamPage,
        content=streams.CONTENT,
    ),
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
    _many("/v1/webhooks", "webhooks.read", webhooks.WEBHOOKS, "Endpoints for webhooks, by name.", webhooks.Webhooks),
    _one(_WEBHOOK, "webhooks.read", webhooks.WEBHOOK, "An endpoint: its last attempts.", WebhookWithAttempts),
    _many("/v1/accounts", "accounts.write", many.ACCOUNTS, "Accounts, by name, with their tokens.", many.Accounts),
    _one(_ACCOUNT, "accounts.write", reads.ACCOUNT, "An account.", people_and_programs.AccountView),
    _many("/v1/audit", "audit.read", many.TRAIL, "Who asked for what.", many.Trail, many.TrailPage),
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
        bound=True,
    ),
    door("PUT", "/v1/items/{sku:str}", items.PutItem, "Put an item.", key=False),
    door("POST", "/v1/items/{sku:str}/watches", watches.WatchItem, "Tell somebody when it is back.", key=False),
    door("POST", "/v1/items/{sku:str}/unwatch", watches.UnwatchItem, "Do not tell them any more.", key=False),
    door("PUT", "/v1/sites/{site:str}", catalogue.PutSite, "Put a site.", key=False),
    door("PUT", "/v1/suppliers/{supplier:str}", catalogue.PutSupplier, "Put a supplier.", key=False),
    door("PUT", _CUSTOMER, catalogue.PutCustomer, "Put a customer.", key=False),
    door("PUT", "/v1/categories/{category:str}", policies.PutCategory, "Put a category's policy.", key=False),
    door("PUT", "/v1/shop", policies.PutShop, "Put the shop's policy.", key=False),
    door("POST", f"{_CUSTOMER}/erase", people.ErasePerson, "Erase a person's data."),
    door("POST", "/v1/orders", orders.PlaceOrder, "Place an order.", key=False),
    door("PATCH", _ORDER, changes.ChangeOrder, "Change an order."),
    door("POST", f"{_ORDER}/lines", changes.AddLines, "Add lines to an order."),
    door("PATCH", _LINE, changes.ChangeLine, "Change a line."),
    door("POST", f"{_LINE}/cancel", lines.CancelLine, "Cancel units of a line."),
    door("POST", f"{_LINE}/promise", lines.PromiseLine, "Give a line a person's date."),
    door("POST", f"{_LINE}/pin", pins.Pin, "Pin units of a line to a supply."),
    door("POST", f"{_LINE}/unpin", pins.Unpin, "Take a pin back."),
    door("POST", f"{_ORDER}/hold", holds.HoldOrder, "Put an order on hold."),
    door("POST", f"{_ORDER}/release", holds.ReleaseOrder, "Release an order."),
    door("POST", f"{_ORDER}/pick", shipments.Pick, "Pick units."),
    door("POST", f"{_ORDER}/unpick", shipments.Unpick, "Put picked units back."),
    door("POST", "/v1/shipments", shipments.Ship, "Ship units.", key=False),
    door("POST", f"{_SHIPMENT}/reverse", shipments.ReverseShipment, "It never left: take it back."),
    door("POST", f"{_SHIPMENT}/delivery", shipments.RecordDelivery, "Record its delivery."),
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
    door("PUT", "/v1/communication", communication.PutCommunication, "Say how customers are told.", key=False),
    door("PUT", "/v1/packs/{pack:str}", rules.PutPack, "Put a rule pack of one's own, or withdraw it.", key=False),
    door("POST", f"{_ORDER}/notices/send", notices.SendNotice, "Send the notice that is due, or say it was told."),
    door("POST", f"{_ORDER}/notices/suppress", notices.SuppressNotice, "Let the notice that is due not go."),
    door(
        "POST",
        f"{_NOTICE}/send",
        notices.SendNotice,
        "Send a notice that is due, or say it was told.",
        numbers=("notice",),
    ),
    door(
        "POST", f"{_NOTICE}/suppress", notices.SuppressNotice, "Let a notice that is due not go.", numbers=("notice",)
    ),
    door("POST", f"{_NOTICE}/record", notices.RecordNotice, "Record how a notice arrived.", numbers=("notice",)),
    door("POST", f"{_ORDER}/answers", answers.AnswerNotice, "Take down what the customer answers."),
    door("POST", f"{_ORDER}/refunds", refunds.RecordRefund, "Record the refund that was due."),
    door("POST", _REFUND, refunds.RecordRefund, "Record a refund by its number.", numbers=("refund",)),
    door("PUT", "/v1/policies/{policy:str}", reallocation.PutPolicy, "Put a reallocation policy.", key=False),
    door("POST", "/v1/runs", reallocation.Reallocate, "Run a policy: plan, and with `commit` take effect.", key=False),
    door("POST", "/v1/runs/{run:str}/commit", reallocation.CommitPlan, "Let a plan take effect.", key=False),
    door("POST", "/v1/runs/{run:str}/undo", reallocation.UndoPlan, "Take a committed plan back.", key=False),
    door("POST", f"{_ORDER}/status-links/put", chosen.PutStatusLink, "Let a token that one drew open the status page."),
    door(
        "POST", f"{_ORDER}/status-links/revoke", chosen.RevokeStatusLink, "Let links to the status page open nothing."
    ),
    door("POST", f"{_ORDER}/choices", chosen.ChooseAnswer, "Keep an answer that can be taken back for some minutes."),
    door("POST", f"{_ORDER}/choices/withdraw", chosen.WithdrawAnswer, "Take back an answer that has no effect yet."),
    door("POST", "/v1/outbox/retry", outbox.RetryMessage, "Send a message that was given up after all."),
    door("POST", "/v1/outbox/discard", outbox.DiscardMessage, "Never send a message."),
    door("POST", "/v1/timers/{kind:str}/{subject:str}/retry", timers.RetryTimer, "Try again what was given up."),
    door("PUT", _WEBHOOK, hooks.PutWebhook, "Put an endpoint; it is sent to once it has a secret.", key=False),
    door("POST", f"{_WEBHOOK}/enable", hooks.EnableWebhook, "Send to an endpoint again."),
    door("POST", f"{_WEBHOOK}/disable", hooks.DisableWebhook, "Send nothing to an endpoint."),
    door("POST", f"{_WEBHOOK}/test", hooks.TestWebhook, "Send an endpoint a message to try it."),
    door("POST", f"{_WEBHOOK}/replay", hooks.ReplayWebhook, "Send messages to an endpoint again."),
    door("POST", "/v1/clock", clock.Advance, "Let the passing of days take effect.", key=False),
)

OTHERS = (
    Route("GET", "/healthz", OPEN, health.alive, "Whether the process lives.", health.Health),
    Route("GET", "/readyz", OPEN, health.ready, "Whether the database answers too.", health.Health),
    Route("POST", "/v1/session", OPEN, sign_in.sign_in, "Sign in.", None, sign_in.SignIn, statuses=(204,)),
    Route("DELETE", "/v1/session", OPEN, sign_in.sign_out, "Sign out.", None, statuses=(204,)),
    Route("GET", "/sign-in/{link:str}", OPEN, sign_in.door, "A page that signs in by a link."),
    Route("POST", "/sign-in/{link:str}", OPEN, sign_in.enter, "Sign in by a link, once.", statuses=(303,)),
    Route(
        "PUT",
        _ACCOUNT,
        "accounts.write",
        administering.put,
        "Put an account; nobody gives more than they may themselves.",
        people_and_programs.AccountView,
        administering.PutAccount,
        statuses=(200, 201),
    ),
    Route(
        "POST",
        f"{_ACCOUNT}/disable",
        "accounts.write",
        administering.disable,
        "Let an account do nothing any more.",
        people_and_programs.AccountView,
    ),
    Route(
        "POST",
        f"{_ACCOUNT}/tokens",
        "accounts.write",
        administering.issue,
        "Issue a token; the answer shows it, this once.",
        administering.Issued,
        administering.IssueToken,
        statuses=(201,),
    ),
    Route(
        "POST",
        f"{_ACCOUNT}/link",
        "accounts.write",
        administering.link,
        "An address that signs a person in once; the answer shows it, this once.",
        administering.Link,
        statuses=(201,),
    ),
    Route(
        "POST",
        f"{_WEBHOOK}/rotate",
        "webhooks.write",
        webhooks.rotate,
        "Give an endpoint a new secret; the answer shows it, this once.",
        webhooks.Secret,
        statuses=(201,),
    ),
    Route(
        "DELETE",
        "/v1/tokens/{token:str}",
        "accounts.write",
        administering.revoke,
        "Refuse a token from now on: bo_TOKEN_...",
        statuses=(204,),
    ),
    Route(
        "POST",
        "/v1/session/password",
        "catalogue.read",
        sign_in.change_password,
        "Change one's own password.",
        None,
        sign_in.NewPassword,
        statuses=(204,),
        bound=True,
    ),
    *status.ROUTES,
    Route("GET", "/v1/session", "catalogue.read", sign_in.me, "Who is asking.", sign_in.Me, bound=True),
)

ROUTES = (*READS, *WRITES, *OTHERS)
CONSOLE = console.ROUTES  # pages for people who work here: no part of what is described to programs

for _route in (*ROUTES, *CONSOLE):
    if _route.permission != OPEN and _route.permission not in PERMISSIONS:
        raise AssertionError(f"{_route.method} {_route.path} declares no permission that there is")
