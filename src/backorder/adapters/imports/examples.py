"""Files to begin with, one for each kind: our columns, and a row that shows how they are written."""

from datetime import date, timedelta

# Fields and what the row says; of days, how many from now.
EXAMPLES: dict[str, dict[str, str | int]] = {
    "sites": {
        "site": "MAIN",
        "name": "The warehouse",
        "zone": "Europe/Berlin",
        "country": "DE",
        "handling_days": "1",
    },
    "suppliers": {"supplier": "ACME", "name": "Acme Furniture", "lead_time_days": "14"},
    "items": {
        "sku": "EXAMPLE-1",
        "name": "A chair with four legs",
        "price": "49.50",
        "currency": "EUR",
        "supplier": "ACME",
        "lead_time_days": "14",
    },
    "customers": {
        "customer": "C-1",
        "name": "Ada Example",
        "email": "ada@example.com",
        "country": "DE",
        "language": "de",
    },
    "stock": {"sku": "EXAMPLE-1", "site": "MAIN", "quantity": "3"},
    "supplies": {
        "supply": "PO-1",
        "sku": "EXAMPLE-1",
        "site": "MAIN",
        "quantity": "20",
        "expected_on": 14,
        "supplier": "ACME",
    },
    "orders": {
        "order": "SO-1",
        "line": "1",
        "sku": "EXAMPLE-1",
        "quantity": "5",
        "placed_at": -3,
        "customer": "C-1",
        "unit_price": "49.50",
        "currency": "EUR",
        "country": "DE",
        "promise": 21,
    },
}


def example(kind: str, today: date) -> str:
    """The file for a kind as CSV."""
    said = EXAMPLES[kind]
    cells = [str(today + timedelta(days=one)) if isinstance(one, int) else one for one in said.values()]
    return f"{','.join(said)}\r\n{','.join(cells)}\r\n"
