"""The figures by name, and how they are printed."""

from collections.abc import Callable, Iterator

from bench.figure import Figure


def run(names: list[str], echo: Callable[[str], None], scale: float = 1.0) -> list[Figure]:
    """Measure all figures, or the groups named; `scale` below 1 shrinks the data, for a look whether it runs."""
    known = groups()
    unknown = [name for name in names if name not in known]
    if unknown:
        echo(f"There is no figure {', '.join(unknown)}: name some of {', '.join(known)}.")
        return []
    found = []
    echo(f"{'figure':<52}{'measured':<44}{'target':<28}")
    for name in names or known:
        for figure in known[name](scale):
            found.append(figure)
            echo(f"{figure.name:<52}{figure.result:<44}{figure.target:<28}{'' if figure.reached else 'falls short'}")
    return found


def groups() -> dict[str, Callable[[float], Iterator[Figure]]]:
    """The groups of figures by name, each a function of the scale."""
    from bench import (
        explain,
        feeds,
        imports,
        item_page,
        mail,
        orders,
        owed,
        pages,
        paint,
        pegging,
        quotes,
        reallocation,
        reallocation_db,
        receipts,
        service,
        start,
        status,
        webhooks,
        year,
    )

    return {
        "orders": orders.measure,
        "feeds": feeds.measure,
        "imports": imports.measure,
        "item-page": item_page.measure,
        "mail": mail.measure,
        "receipts": receipts.measure,
        "owed": owed.measure,
        "pages": pages.measure,
        "paint": paint.measure,
        "pegging": pegging.measure,
        "reallocation": reallocation.measure,
        "reallocation-db": reallocation_db.measure,
        "quotes": quotes.measure,
        "explain": explain.measure,
        "service": service.measure,
        "start": start.measure,
        "status": status.measure,
        "webhooks": webhooks.measure,
        "year": year.measure,
    }
