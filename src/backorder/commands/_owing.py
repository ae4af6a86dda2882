"""What customers are owed by a change, in the transaction of the change."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from backorder.kernel.calendars import local_day
from backorder.kernel.cases import Case, Said
from backorder.kernel.events import Event, address
from backorder.kernel.outcomes import Outcome, Word, refused
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
    """Settle the cases of orders, with what is said of them; `due` where their timers went off."""
    loaded = storage.load(tx, rules, said, telling=due)
    for case in loaded.cases.values():
        settle(case, rules.policy, now, due=due)
    keep(tx, loaded, now)


def load_cases(tx: Tx, orders: Iterable[str], *, telling: bool = False) -> storage.Loaded | None:
    """The cases of orders that commands name, locked; None where no clock runs in this shop."""
    rules = load_rules(tx)
    return None if rules is None else storage.load(tx, rules, {order: [] for order in orders}, telling=telling)


def ending(tx: Tx, orders: Sequence[str], now: int) -> dict[str, Case]:
    """Of orders, the cases of which a clock may have ended by a moment without the worker having seen to it yet."""
    rules = load_rules(tx)
    found = [] if rules is None else storage.ending(tx, orders, local_day(now, "UTC"))
    if rules is None or not found:
        return {}
    return storage.load(tx, rules, {order: [] for order in found}, telling=False, lock=False).cases


def case_of(loaded: storage.Loaded | None, order: str) -> Case | Outcome:
    """The order's case, or the refusal where there is none."""
    if loaded is None:
        return refused(Word.NOT_ALLOWED, order, "no clock runs: turn notices on with put_communication")
    return loaded.cases.get(order) or refused(Word.UNKNOWN_ORDER, order)


def keep(tx: Tx, loaded: storage.Loaded, now: int) -> None:
    """Save cases, tell what is told of them, and leave each order's timer at the moment time has an effect next."""
    looks = {order: next_look(case, loaded.rules.policy, now) for order, case in loaded.cases.items()}
    storage.save(tx, loaded, now, looks)
    tx.events += _events(loaded.cases.values(), now)


def _events(cases: Iterable[Case], now: int) -> list[Event]:
    return [
        Event(now, kind, address("orders", case.head.order), msgspec.json.encode(data).decode())
        for case in cases
        for kind, data in case.events
    ]
