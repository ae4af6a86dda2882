"""Where an order goes to, whose law holds there, and which clocks would begin if it went somewhere else."""

import json

import msgspec
from sqlalchemy import bindparam, select

from backorder.storage.cases import destination, packs_for
from backorder.storage.communication import load_rules
from backorder.storage.db import Database
from backorder.storage.notice_tables import clocks
from backorder.storage.tables import customers, orders, sites


class Destination(msgspec.Struct):
    """A place that an order goes to, or could: as it says itself, and as it is where the order says nothing.

    `law` are the packs that hold there, by name with their titles; None where no clocks run in the shop. `running` are
    those by which a clock of the order runs: it goes on, wherever the goods go.
    """

    country: str | None
    region: str | None
    zone: str | None
    to: str | None
    law: dict[str, str] | None
    running: list[str]

    @property
    def begins(self) -> list[str]:
        """The packs of which a clock would begin."""
        return [name for name in self.law or () if name not in self.running]


_ORDER = (
    select(
        orders.c.country,
        orders.c.region,
        orders.c.zone,
        orders.c.sites,
        customers.c.kind,
        customers.c.country.label("customer_country"),
        customers.c.region.label("customer_region"),
        customers.c.zone.label("customer_zone"),
    )
    .outerjoin(customers, customers.c.customer == orders.c.customer)
    .where(orders.c.order_id == bindparam("order"))
)
_SITES = select(sites.c.site, sites.c.zone, sites.c.country).order_by(sites.c.site)
_RUNNING = select(clocks.c.pack).where(clocks.c.order_id == bindparam("order")).distinct().order_by(clocks.c.pack)

Own = tuple[str | None, str | None, str | None]  # country, region and zone that an order says itself


def destined(db: Database, order: str, own: Own | None = None) -> Destination | None:
    """Where an order goes to, or would with another address of its `own`; None if there is no such order."""
    with db.read() as tx:
        rows = tx.fetch(_ORDER, order=order)
        if not rows:
            return None
        places, rules = tx.fetch(_SITES), load_rules(tx)
        running = [name for (name,) in tx.fetch(_RUNNING, order=order)]
    *said, named, kind, country, region, zone = rows[0]
    mine: Own = own if own is not None else (said[0], said[1], said[2])
    chosen = [site for site in places if site[0] in json.loads(named)] or list(places)
    there, part, _ = destination(mine, (country, region, zone), chosen)
    law = None
    if rules is not None:
        law = {pack.pack: pack.title for pack in packs_for(rules, there, part, kind or "consumer")}
    return Destination(*mine, place(there, part), law, running)


def place(country: str | None, region: str | None) -> str | None:
    """A country and a part of it as one word, such as US-CA; None where neither is known."""
    if region and country and region.startswith(f"{country}-"):
        return region
    return "-".join(filter(None, (country, region))) or None
