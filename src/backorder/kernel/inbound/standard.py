"""What a program of the shop's own sends by Standard Webhooks: `type` names a command, `data` has its fields."""

from backorder.kernel.inbound.reading import Malformed, Meant, Said

COMMANDS = (
    "place_order",
    "add_lines",
    "change_line",
    "change_order",
    "cancel_line",
    "put_customer",
    "watch_item",
    "unwatch_item",
)
_NOBODYS = ("do", "id", "at", "bound_to")


def topic(said: Said) -> str:
    """What happened. Raises Malformed."""
    return said.needed("type", 100)


def meant(kind: str, said: Said, _source: str) -> Meant:
    """The command for a delivery. Raises Malformed."""
    if kind not in COMMANDS:
        return Meant([], f"{kind} is not taken: only {', '.join(COMMANDS)}")
    data = said.inner("data")
    if data is None:
        raise Malformed("data", "this is missing")
    fields = data.fields()
    for name in _NOBODYS:
        if name in fields:
            raise Malformed(f"data.{name}", "this is said elsewhere: leave it out")
    order = fields.get("order")
    return Meant(
        [{"do": kind, **fields}], order=order if isinstance(order, str) else None, begins=kind == "place_order"
    )
