"""Who may do what: every permission with its meaning, and the roles as sets of them. What is not named is denied."""

PERMISSIONS = {
    "orders.read": "Orders, their lines, promises and why they have their dates.",
    "orders.write": "Place orders, add and change lines, cancel.",
    "orders.promise": "Give a line a person's date.",
    "orders.hold": "Put orders on hold and release them.",
    "views.write": "Views of the backlog: keep them for oneself, and share them.",
    "orders.pin": "Pin units of a line to a supply, and take pins back.",
    "reallocation.read": "Reallocation policies, runs, their plans and what they come to.",
    "reallocation.write": "Put reallocation policies and run them; a run alone changes nothing.",
    "reallocation.commit": "Commit plans, undo them, and let schedules commit.",
    "notices.read": "Notices and refunds of orders, what waits for people, and the evidence.",
    "notices.write": "Send and suppress notices, take down answers.",
    "refunds.write": "Record that money went back.",
    "shipping.write": "Pick, ship, take back a shipment, record a delivery.",
    "supply.read": "Supplies, purchase orders, stock.",
    "supply.write": "Announce, confirm, reschedule and cancel supplies.",
    "stock.write": "Receive supplies, count and adjust stock.",
    "catalogue.read": "Items, sites, suppliers, availability and quotes.",
    "catalogue.write": "Items, sites, suppliers, categories and the shop's policy.",
    "customers.read": "Customers, with their names and addresses.",
    "customers.write": "Customers: put them.",
    "customers.erase": "Erase a person's data.",
    "money.read": "What things cost: purchase costs and margins.",
    "money.write": "Say what things cost.",
    "accounts.write": "Accounts and their tokens.",
    "audit.read": "The audit trail.",
    "clock.write": "Let the daily passing of time take effect.",
    "events.read": "Events: what happened to orders, supplies and items.",
    "outbox.read": "Messages and timers: what waits, and what was given up and why.",
    "webhooks.read": "Endpoints for webhooks, and what came of the last attempts to reach them; never a secret.",
    "webhooks.write": "Endpoints for webhooks: put them and their secrets, switch them off and on, send again.",
    "outbox.write": "Try again or discard what was given up.",
}

_READ = frozenset({"orders.read", "notices.read", "supply.read", "catalogue.read", "events.read", "reallocation.read"})
_ALL = _READ | {"views.write"}

ROLES: dict[str, frozenset[str]] = {
    "viewer": _ALL,
    "planner": _ALL
    | {"orders.write", "orders.promise", "orders.hold", "orders.pin", "supply.write", "catalogue.write", "clock.write"}
    | {"notices.write"}
    | {"reallocation.write", "reallocation.commit"}
    | {"outbox.read", "outbox.write"},
    "buyer": _ALL | {"supply.write", "catalogue.write", "money.read", "money.write"},
    "warehouse": _ALL | {"shipping.write", "stock.write"},
    "service_agent": _ALL
    | {"orders.write", "orders.promise", "orders.hold", "customers.read", "customers.write"}
    | {"notices.write"}
    | {"outbox.read", "outbox.write"},
    "finance": _ALL | {"refunds.write", "orders.hold", "customers.read", "money.read", "audit.read"},
    "integration": _ALL
    | {
        "orders.write",
        "orders.hold",
        "shipping.write",
        "supply.write",
        "stock.write",
        "catalogue.write",
        "customers.read",
        "customers.write",
        "notices.write",
        "refunds.write",
        "webhooks.read",
        "webhooks.write",
    },
    "admin": frozenset(PERMISSIONS),
}

# What a caller bound to one customer may have at most: what can be narrowed to that customer, or tells of no other.
BOUND = frozenset({"orders.read", "orders.write", "catalogue.read", "customers.read"})

# The commands that such a caller may give, and what may be said in them; what is not named is denied. Whoever orders
# may say what they want and where to. Ranks, moments, payments and sites are the shop's to say.
BOUND_COMMANDS: dict[str, frozenset[str]] = {
    "place_order": frozenset(
        {"order", "lines", "customer", "channel", "ship", "accept", "ship_to", "currency", "tags"},
    ),
    "add_lines": frozenset({"order", "lines", "currency", "reason"}),
    "change_line": frozenset({"order", "line", "quantity", "requested_on", "accept_by", "reason"}),
    "change_order": frozenset({"order", "ship", "ship_to", "reason"}),
    "cancel_line": frozenset({"order", "line", "quantity", "reason"}),
}
BOUND_LINE = frozenset({"line", "sku", "quantity", "requested_on", "accept_by", "take_available", "tags"})
BOUND_QUOTE = frozenset({"sku", "quantity", "id", "customer", "ship_to", "requested_on", "accept_by"})


def allowed(role: str, scopes: frozenset[str] | None, *, bound: bool = False) -> frozenset[str]:
    """What an account of this role may do with a token of these scopes; `None` narrows nothing.

    `bound` accounts are those of one customer.
    """
    of_role = ROLES.get(role, frozenset()) & BOUND if bound else ROLES.get(role, frozenset())
    return of_role if scopes is None else of_role & scopes
