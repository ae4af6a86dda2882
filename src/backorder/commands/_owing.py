"""What customers are owed by a change, in the transaction of the change."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from backorder.kernel.cases import Case, Said
from backorder.kernel.events import Event, address
from backorder.kernel.settling import next_look, settle
from backorder.storage import cases as storage
from backorder.storage.communication import Rules, load_rules
from backorder.storage.db import Tx


def settle_touched(tx: Tx, now: int) -> None:
    """Bring what is owed on every order that the transaction touched up to the moment."""
    if not tx.touched:
        return
    rules = load_rules(tx)
    if rules is not None:
        bring(tx, rules, tx.touched, now)


def bring(tx: Tx, rules: Rules, said: Mapping[str, Sequence[Said]], now: int, *, due: bool = False) -> None:
    """Settle the cases of orders, with what is said of them; `due` where their timers went off.

    It leaves each order's timer at the moment at which time has an effect on it next.
    """
    loaded = storage.load(tx, rules, said, telling=due)
    looks: dict[str, int | None] = {order: None for order in said if order not in loaded.cases}
    for order, case in loaded.cases.items():
        settle(case, rules.policy, now, due=due)
        looks[order] = next_look(case, rules.policy, now)
    keep(tx, loaded, now, looks)


def keep(tx: Tx, loaded: storage.Loaded, now: int, looks: Mapping[str, int | None]) -> None:
    """Save cases, and tell what is told of them."""
    storage.save(tx, loaded, now, looks)
    tx.events += _events(loaded.cases.values(), now)


def _events(cases: Iterable[Case], now: int) -> list[Event]:
    return [
        Event(now, kind, address("orders", case.head.order), msgspec.json.encode(data).decode())
        for case in cases
        for kind, data in case.events
    ]
