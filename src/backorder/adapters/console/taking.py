"""How far an import is, in words."""

from backorder.kernel.phrases import Said, phrase, phrases
from backorder.queries.imports import ImportView

STATES = {
    "running": phrase("It is being taken over"),
    "done": phrase("It is taken over"),
    "stopped": phrase("It was stopped"),
    "interrupted": phrase("It was interrupted"),
    "failed": phrase("It failed"),
}
NAMES = {
    "sites": phrase("Sites"),
    "suppliers": phrase("Suppliers"),
    "items": phrase("Items"),
    "customers": phrase("Customers"),
    "stock": phrase("Stock"),
    "supplies": phrase("Supplies"),
    "orders": phrase("Orders"),
}
MINUTE = 60


def share(run: ImportView) -> int:
    """How much of it is done, in hundredths."""
    return 100 if run.state == "done" or not run.size else 100 * run.seen // run.size


def left(seconds: int | None) -> Said | None:
    """How long it will take still; None where nobody can tell."""
    if seconds is None:
        return None
    if seconds < 10:
        return Said(phrase("a few seconds left"))
    if seconds < 2 * MINUTE:
        return Said(phrases("{count} second left", "{count} seconds left"), {"count": (seconds + 9) // 10 * 10})
    return Said(phrases("{count} minute left", "{count} minutes left"), {"count": round(seconds / MINUTE)})
