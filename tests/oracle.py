"""A slow, obvious promise loop to hold the product against: every unit is an object, everything is recomputed.

It knows nothing of columns, batches, SQL or the kernel; it is written from the rules alone. `apply` takes a command as
a mapping and answers its outcome word (and, for orders, each line's word and promise); `state` is comparable with what
a database holds.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

FAR = date.max
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PULL_IN, OVERDUE, ROUNDS = 2, 3, 8
POLICY = (
    *("selling", "coverage", "backorder_cap", "per_customer_cap"),
    *("max_wait_days", "lead_time_days", "safety_stock"),
)


@dataclass(eq=False)
class Unit:
    """One unit of a line: where it is, and the supply and ship day it is pegged to. No two are the same."""

    where: str = "waiting"
    supply: str | None = None
    day: date | None = None


@dataclass
class Line:
    order: dict
    name: str
    position: int
    sku: str
    requested: date | None
    units: list[Unit]
    lead: date | None = None
    promise: date | None = None
    planned: date | None = None
    placed_at: datetime | None = None
    raised_from: str | None = None
    accept_by: date | None = None
    person: tuple | None = None  # a person's date, and the day at or before which the pegs end it
    picked: int = 0
    told: list = field(default_factory=list)
    pins: dict = field(default_factory=dict)  # by supply, how many of its units stay there

    def count(self, where: str) -> int:
        return sum(unit.where == where for unit in self.units)

    @property
    def open(self) -> bool:
        return self.count("waiting") + self.count("allocated") > 0


class Oracle:
    def __init__(self) -> None:
        self.items, self.sites, self.suppliers, self.customers = {}, {}, {}, {}
        self.supplies, self.lines, self.orders = {}, {}, {}
        self.receipts, self.shipments, self.answers = {}, {}, {}
        self.categories, self.shop, self.places = {}, {}, {}
        self.now = None

    # Commands

    def apply(self, command: dict, now: datetime) -> object:
        body = {k: v for k, v in command.items() if k not in {"do", "id", "at"}}
        ident = command.get("id")
        if ident is not None and ident in self.answers:
            before, answer = self.answers[ident]
            return answer if before == (command["do"], body) else "id_reused"
        self.now = datetime.fromisoformat(command["at"]) if "at" in command else now
        answer = getattr(self, command["do"])(**body)
        self._fit_pins()
        if ident is not None:
            self.answers[ident] = ((command["do"], body), answer)
        return answer

    def retry_message(self, sender, event):
        return "unknown_message"  # nobody sends anything here

    discard_message = retry_message

    def retry_timer(self, kind, subject):
        return "unknown_timer"

    def put_site(self, site, **fields):
        old = self.sites.get(site)
        base = old or {"zone": "UTC", "handling_days": 0, "working_days": WEEK[:5], "serves": []}
        self.sites[site] = {**base, **fields}
        if old is None or old != self.sites[site]:
            self._pass({line.sku for line in self.lines.values() if line.count("waiting")}, "calendar")
        return self._put_word(old, self.sites[site])

    def put_supplier(self, supplier, **fields):
        old = self.suppliers.get(supplier)
        self.suppliers[supplier] = {**(old or {"lead_time_days": None, "working_days": WEEK[:5]}), **fields}
        if old is not None and old != self.suppliers[supplier]:
            mine = {sku for sku, item in self.items.items() if item["supplier"] == supplier}
            self._pass(mine, "policy")
        return self._put_word(old, self.suppliers[supplier])

    def put_customer(self, customer, **fields):
        old = self.customers.get(customer)
        self.customers[customer] = {**(old or {"priority": 0, "region": None}), **fields}
        return self._put_word(old, self.customers[customer])

    def erase_person(self, customer):
        if customer not in self.customers:
            return "unknown_customer"
        mine = [line for line in self.lines.values() if line.order["customer"] == customer]
        if any(line.open for line in mine):
            return "not_allowed"
        del self.customers[customer]
        for row in self.orders.values():
            if row["customer"] == customer:
                row["customer"] = "somebody"
        return "changed"

    def put_item(self, sku, sites=None, **fields):
        old = self.items.get(sku)
        base = dict.fromkeys([*POLICY, "released_on", "supplier", "category"])
        new = {**(old or base), **fields}
        if new["supplier"] is not None and new["supplier"] not in self.suppliers:
            return "unknown_supplier"
        if any(site not in self.sites for site in sites or {}):
            return "unknown_site"
        if new["selling"] == "preorder" and new["released_on"] is None:
            return "invalid"
        self.items[sku] = new
        places = dict(self.places)
        for site, there in (sites or {}).items():
            told = {name: units for name, units in (there or {}).items() if units is not None}
            self.places.pop((sku, site), None)
            if told:
                self.places[sku, site] = told
        matters = ("selling", "coverage", "lead_time_days", "released_on", "safety_stock", "supplier", "category")
        if old is not None and (sites or any(old[name] != new[name] for name in matters)):
            self._pass({sku}, "policy")
        return "changed" if places != self.places and old == new else self._put_word(old, new)

    def put_category(self, category, **fields):
        old = self.categories.get(category)
        self.categories[category] = {**(old or dict.fromkeys(POLICY)), **fields}
        if self._matters(old, self.categories[category]):
            self._pass({sku for sku, item in self.items.items() if item["category"] == category}, "policy")
        return self._put_word(old, self.categories[category])

    def put_shop(self, **fields):
        old = self.shop or dict.fromkeys(POLICY)
        self.shop = {**old, **fields}
        if self._matters(old, self.shop):
            self._pass(set(self.items), "policy")
        return "exists" if old == self.shop else "changed"

    @staticmethod
    def _matters(old, new):
        names = ("selling", "coverage", "lead_time_days", "safety_stock")
        return any((old or {}).get(name) != new[name] for name in names)

    def _item(self, sku):
        """The item with what its category and the shop say where it says nothing."""
        item = self.items.get(sku)
        if item is None:
            return None
        levels = [item, self.categories.get(item["category"], {}), self.shop, {"selling": "backorder"}]
        levels.append({"coverage": "inbound", "safety_stock": 0})
        told = {name: next((row[name] for row in levels if row.get(name) is not None), None) for name in POLICY}
        return {**item, **told}

    def _safety_stock(self, supply):
        row = self.supplies[supply]
        there = self.places.get((row["sku"], row["site"]), {})
        return there.get("safety_stock", self._item(row["sku"])["safety_stock"])

    @staticmethod
    def _put_word(old, new):
        return "accepted" if old is None else "exists" if old == new else "changed"

    def announce_supply(self, supply, sku, site, quantity, expected_on, **more):
        document, source, line = (more.get(name) for name in ("document", "from_site", "document_line"))
        content = (sku, site, quantity, expected_on, more)
        if source is not None and (source == site or more.get("kind") != "transfer"):
            return "invalid"
        if supply in self.supplies:
            return "exists" if self.supplies[supply]["content"] == content else "id_reused"
        if sku not in self.items:
            return "unknown_item"
        if site not in self.sites or (source is not None and source not in self.sites):
            return "unknown_site"
        if document is not None and more.get("currency") is not None:
            mine = [row["currency"] for row in self.supplies.values() if row.get("document") == document]
            if any(currency not in (None, more["currency"]) for currency in mine):
                return "currency_mixed"
        if source is not None:
            if (self._free(f"stock/{source}/{sku}") if f"stock/{source}/{sku}" in self.supplies else 0) < quantity:
                self._stock(sku, source)
                return "out_of_stock"
            self.supplies[f"stock/{source}/{sku}"]["quantity"] -= quantity
        self.supplies[supply] = {
            "kind": more.get("kind", "purchase"),
            "from_site": source,
            "currency": more.get("currency"),
            "document_line": line,
            "sku": sku,
            "site": site,
            "quantity": quantity,
            "received": 0,
            "cancelled": 0,
            "document": document,
            "content": content,
        }
        self._expect(supply, date.fromisoformat(expected_on))
        self._pass({sku}, "announced")
        return "accepted"

    def confirm_supply(self, supply=None, document=None, expected_on=None, quantity=None, into=None):
        return self._redate(supply, document, expected_on, "changed", "confirmed", quantity, into)

    def reschedule_supply(self, expected_on, supply=None, document=None, quantity=None, into=None):
        return self._redate(supply, document, expected_on, "rescheduled", "rescheduled", quantity, into)

    def _redate(self, supply, document, expected_on, word, cause, quantity, into):
        content = (word, supply, expected_on, quantity)
        if into in self.supplies:
            return "exists" if self.supplies[into]["content"] == content else "id_reused"
        if document is not None:
            chosen = [s for s, row in self.supplies.items() if row.get("document") == document and self._to_come(s)]
            if not chosen:
                return "unknown_supply"
        else:
            chosen = [supply] if supply in self.supplies and not supply.startswith("stock/") else []
            if not chosen:
                return "unknown_supply"
            if not self._to_come(supply):
                return "not_allowed"
        if into is not None:
            if quantity >= self._to_come(supply):
                return "too_many"
            if self.supplies[supply]["from_site"] is not None:
                return "not_allowed"
            self._part(supply, into, quantity, expected_on, content)
        elif expected_on is not None:
            for each in chosen:
                self._expect(each, date.fromisoformat(expected_on))
        self._pass({self.supplies[s]["sku"] for s in chosen}, cause)
        return word

    def _part(self, supply, into, quantity, expected_on, content):
        """Units of a supply become one of their own; the lines first in live order get the sooner of the two."""
        old = self.supplies[supply]
        self.supplies[into] = {**old, "quantity": quantity, "received": 0, "cancelled": 0, "content": content}
        self._expect(into, date.fromisoformat(expected_on) if expected_on else old["expected"])
        sooner = self._ship_day(into) < self._ship_day(supply)
        stays = self._to_come(supply) - quantity
        held = [
            (line, unit)
            for line in self._live([line for line in self.lines.values() if self._units_on(line, supply)])
            for unit in sorted(self._units_on(line, supply), key=lambda u: u.day)
        ]
        if not sooner:
            held.reverse()
        old["quantity"] -= quantity
        loose = [(line, unit) for line, unit in held if unit not in self._pinned_units(line, supply)]
        pinned = [(line, unit) for line, unit in held if unit in self._pinned_units(line, supply)]
        must = max(0, len(held) - stays)
        going = loose[:quantity] if sooner else loose[:must]
        following = pinned[: max(0, must - len(going))]
        for line, unit in going + following:
            unit.supply, unit.day = into, max(self._ship_day(into), self._release_day(line))
        for line, _ in following:  # there was no room for it: its pin goes with it
            line.pins[supply] -= 1
            line.pins[into] = line.pins.get(into, 0) + 1

    def receive_supply(self, receipt, quantity, supply=None, final=False, surplus=False, **document):
        if supply is None:
            named = [s for s, row in self.supplies.items() if all(row.get(k) == v for k, v in document.items())]
        else:
            named = [supply] if supply in self.supplies and not supply.startswith("stock/") else []
        if not named:
            return "unknown_supply"
        before = [self.receipts[s, receipt] for s in named if (s, receipt) in self.receipts]
        if before:
            told = (sum(units for units, _ in before), any(last for _, last in before))
            return "exists" if told == (quantity, final) else "id_reused"
        due = sorted((s for s in named if self._to_come(s)), key=lambda s: (self.supplies[s]["expected"], s))
        if not due or len({self.supplies[s]["sku"] for s in due}) > 1:
            return "not_allowed"
        if quantity > sum(map(self._to_come, due)) and not surplus:
            return "too_many"
        for each in due:
            units = quantity if each == due[-1] else min(quantity, self._to_come(each))
            quantity -= units
            if units or final:
                self._receive(each, receipt, units, final)
        return "received"

    def _receive(self, supply, receipt, quantity, final):
        self.supplies[supply]["quantity"] += max(0, quantity - self._to_come(supply))
        self.receipts[supply, receipt] = (quantity, final)
        row = self.supplies[supply]
        stock = self._stock(row["sku"], row["site"])
        left, served = quantity, []
        holders = self._live([line for line in self.lines.values() if self._units_on(line, supply)])
        pinned = [(line, unit) for line in holders for unit in self._pinned_units(line, supply)]
        for line, _ in pinned[:left]:
            line.pins[supply] -= 1
        theirs = [unit for _, unit in pinned]
        rest = [
            (line, unit)
            for line in holders
            for unit in sorted(self._units_on(line, supply), key=lambda u: u.day)
            if unit not in theirs
        ]
        for line, unit in (pinned + rest)[:left]:
            unit.where, unit.supply = "allocated", stock
            unit.day = max(self._ship_day(stock), self._release_day(line))
            served.append(line)
        row["received"] += quantity
        self.supplies[stock]["quantity"] += quantity
        cause = "received"
        if final and self._to_come(supply):
            self._cancel_units(supply, self._to_come(supply))
            cause = "short"
        self._pass({row["sku"]}, cause, served)

    def cancel_supply(self, supply, quantity=None):
        if supply not in self.supplies or supply.startswith("stock/"):
            return "unknown_supply"
        if not self._to_come(supply):
            return "not_allowed"
        if (quantity or 0) > self._to_come(supply):
            return "too_many"
        self._cancel_units(supply, quantity or self._to_come(supply))
        self._pass({self.supplies[supply]["sku"]}, "cancelled_supply")
        return "cancelled"

    def _cancel_units(self, supply, units):
        lost = units - min(units, self._free(supply))
        self.supplies[supply]["cancelled"] += units
        for _, unit in self._last_first(supply)[:lost]:
            unit.supply = unit.day = None

    def _last_first(self, supply):
        """The units on a supply as lines lose them: the last in live order first, pinned units after all others."""
        found = []
        for line in reversed(self._live([line for line in self.lines.values() if self._units_on(line, supply)])):
            units = sorted(self._units_on(line, supply), key=lambda u: u.day, reverse=True)
            found += [(unit in self._pinned_units(line, supply), line, unit) for unit in units]
        return [entry[1:] for entry in sorted(found, key=lambda entry: entry[0])]

    def count_stock(self, sku, site, quantity):
        return self._change_stock(sku, site, lambda on_hand: quantity - on_hand, "counted")

    def adjust_stock(self, sku, site, delta, reason):
        return self._change_stock(sku, site, lambda _: delta, "adjusted")

    def _change_stock(self, sku, site, difference, cause):
        if sku not in self.items:
            return "unknown_item"
        if site not in self.sites:
            return "unknown_site"
        name = f"stock/{site}/{sku}"
        on_hand = self.supplies[name]["quantity"] if name in self.supplies else 0
        delta = difference(on_hand)
        if delta == 0:
            return "exists"
        if on_hand + delta < 0:
            return "too_many"
        holders = [line for line in self.lines.values() if self._units_on(line, name)]
        spare = sum(min(len(self._units_on(line, name)), line.count("allocated") - line.picked) for line in holders)
        free = self._free(name) if name in self.supplies else 0
        if -delta > free + spare:
            return "not_allowed"
        self._stock(sku, site)
        missing, losers = max(0, -delta - free), {}
        for line, unit in self._last_first(name):
            if missing and line.count("allocated") > line.picked:
                unit.where, unit.supply, unit.day = "waiting", None, None
                losers[id(line)] = "stock_loss"
                missing -= 1
        self.supplies[name]["quantity"] += delta
        self._pass({sku}, cause, own=losers)
        return "changed"

    def cancel_line(self, order, line, quantity=None, by="customer"):
        if order not in self.orders:
            return "unknown_order"
        if (order, line) not in self.lines:
            return "unknown_line"
        mine = self.lines[order, line]
        possible = self._cancellable(mine)
        units = quantity or possible
        if units > possible or not units:
            if mine.picked:
                return "not_allowed"
            return "already_shipped" if not possible and mine.count("shipped") else "too_many"

        self._cancel(mine, units)
        self._pass({mine.sku}, "line_cancelled", [mine])
        return "cancelled"

    @staticmethod
    def _cancellable(line):
        return line.count("waiting") + line.count("allocated") - line.picked

    def _cancel(self, line, units):
        pinned = [unit for supply in line.pins for unit in self._pinned_units(line, supply)]

        def last_first(unit):
            pegged, stock = unit.supply is not None, unit.where == "allocated"
            day = -(unit.day.toordinal() if unit.day else 0)
            return (unit in pinned, stock, pegged, day, _descending(unit.supply or ""))

        candidates = [unit for unit in line.units if unit.where in {"waiting", "allocated"}]
        for unit in sorted(candidates, key=last_first):
            if units and (unit.where == "waiting" or line.count("allocated") > line.picked):
                unit.where, unit.supply, unit.day = "cancelled", None, None
                units -= 1

    # Orders that change

    def add_lines(self, order, lines):
        if order not in self.orders:
            return "unknown_order"
        if any((order, body["line"]) in self.lines for body in lines):
            there = [self.lines.get((order, body["line"])) for body in lines]
            same = [line and (line.sku, len(line.units)) for line in there]
            return "exists" if same == [(body["sku"], body["quantity"]) for body in lines] else "id_reused"
        answer, stands = self._join(order, lines)
        if stands and self.orders[order]["ship"] == "complete":
            self._pass_over(order, "line_added")
        return answer

    def _join(self, order, bodies):
        """New lines for an order; those of a complete order come no sooner than the others."""
        row = self.orders[order]
        if row["holds"]:
            return "held", False
        at_least = date.min
        if row["ship"] == "complete":
            days = [line.promise for line in self._of_order(order) if line.open]
            if None in days:
                return "no_date", False
            at_least = max([date.min, *days])
        return self._accept(row, bodies, self.now, at_least)

    def _pass_over(self, order, cause):
        mine = self._of_order(order)
        self._pass({line.sku for line in mine}, cause, mine)

    def change_line(self, order, line, **change):
        limit = change.get("accept_by") and _day(change["accept_by"])
        asked = change.get("requested_on") and _day(change["requested_on"])
        if limit and asked and asked > limit:
            return "invalid"
        if order not in self.orders:
            return "unknown_order"
        if (order, line) not in self.lines:
            return "unknown_line"
        mine = self.lines[order, line]
        family = [other for other in self._of_order(order) if line in (other.name, other.raised_from)]
        units = sum(other.count("waiting") + other.count("allocated") + other.count("shipped") for other in family)
        wanted = change.get("quantity", units)
        if units - wanted > sum(map(self._cancellable, family)):
            return "too_many"
        word = self._days_refused(mine, change, limit)
        if word is not None:
            return word
        if wanted > units:
            answer, stands = self._raise(mine, wanted - units, change)
            if not stands:
                return answer
        touched, fewer = [], units - wanted
        for other in reversed(family):
            gone = min(fewer, self._cancellable(other))
            if gone > 0:
                self._cancel(other, gone)
                touched.append(other)
                fewer -= gone
        noted = wanted != units
        if "accept_by" in change and limit != mine.accept_by:
            mine.accept_by, noted = limit, True
        if "requested_on" in change and asked != mine.requested:
            mine.requested, mine.person, noted = asked, None, True
            touched.append(mine)
        if not noted:
            return "exists"
        if mine.order["ship"] == "complete":
            self._pass_over(order, "line_changed")
        elif touched:
            self._pass({mine.sku}, "line_changed", touched)
        return "changed"

    @staticmethod
    def _days_refused(line, change, limit):
        if {"requested_on", "accept_by"} & change.keys() and not line.open:
            return "not_allowed"
        if limit and "requested_on" not in change:
            if line.requested and limit < line.requested:
                return "invalid"
            if line.promise is None or line.promise > limit:
                return "too_late"
        return None

    def _raise(self, line, units, change):
        order = line.order["order"]
        n = 1 + sum(other.raised_from == line.name for other in self._of_order(order))
        body = {"line": f"{line.name}+{n}", "sku": line.sku, "quantity": units, "raised_from": line.name}
        body["requested_on"] = change.get("requested_on", _text(line.requested))
        body["accept_by"] = change.get("accept_by", _text(line.accept_by))
        answer, stands = self._join(order, [body])
        return (answer[0] if isinstance(answer, tuple) else answer), stands

    def change_order(self, order, **change):
        if order not in self.orders:
            return "unknown_order"
        row = self.orders[order]
        new = {name: row[name] for name in ("ship", "accept", "sites", "priority", "region", "country")}
        new |= {name: change[name] for name in ("ship", "sites", "priority") if name in change}
        if change.get("ship") == "complete":
            new["accept"] = "order"
        if "ship_to" in change:
            new["country"] = change["ship_to"].get("country")
            new["region"] = self._region(change["ship_to"], row["customer"])
        if any(site not in self.sites for site in new["sites"]):
            return "unknown_site"
        if new.items() <= row.items():
            return "exists"
        mine = self._of_order(order)
        route = self._route({**row, **new})
        off = [(line, u) for line in mine for u in line.units if u.supply and self._site_of(u) not in route]
        if any(line.picked and u.where == "allocated" for line, u in off):
            return "not_allowed"
        for _, unit in off:
            unit.where, unit.supply, unit.day = "waiting", None, None
        row |= new
        self._pass_over(order, "order_changed")
        return "changed"

    def _site_of(self, unit):
        return self.supplies[unit.supply]["site"]

    def hold_order(self, order, kind):
        return self._hold(order, kind, "held", lambda holds: holds | {kind})

    def release_order(self, order, kind):
        return self._hold(order, kind, "released", lambda holds: holds - {kind})

    def _hold(self, order, kind, cause, change):
        if order not in self.orders:
            return "unknown_order"
        row = self.orders[order]
        before, row["holds"] = row["holds"], change(row["holds"])
        if before == row["holds"]:
            return "exists"
        self._pass_over(order, cause)
        return "changed"

    def promise_line(self, order, line, day, by):
        if order not in self.orders:
            return "unknown_order"
        if (order, line) not in self.lines:
            return "unknown_line"
        mine = self.lines[order, line]
        if not mine.open:
            return "not_allowed"
        lines = [other for other in self._of_order(order) if other.open]
        lines = lines if mine.order["ship"] == "complete" else [mine]
        day = day and _day(day)
        today = self._today(self._route(mine.order)[0])
        if day and (day < today or any(other.requested and day < other.requested for other in lines)):
            return "not_allowed"
        if all((other.person[0] if other.person else None) == day for other in lines):
            return "exists"
        for other in lines:
            other.person = None
            if day:
                due = self._dates(other)[0]
                other.person = (day, day if due == FAR else min(day, due - timedelta(1)))
        self._pass({other.sku for other in lines}, "person", lines)
        return "changed"

    def pin(self, order, line, supply, quantity=None):
        trouble = self._not_there(order, line, supply)
        if trouble:
            return trouble
        mine, row = self.lines[order, line], self.supplies[supply]
        if mine.order["holds"]:
            return "held"
        if row["sku"] != mine.sku or row["site"] not in self._route(mine.order):
            return "not_allowed"
        there = self._units_on(mine, supply)
        fixed = [unit for other in mine.pins for unit in self._pinned_units(mine, other)]
        could = [u for u in mine.units if u.where == "waiting" and u not in there and u not in fixed]
        could.sort(key=lambda u: (u.day is None, u.day or date.min, u.supply or ""), reverse=True)
        possible = len(there) + min(len(could), self._free(supply))
        units = quantity or possible
        if not units or units > possible:
            return "too_many"
        before = mine.pins.get(supply, 0)
        if units == before:
            return "exists"
        coming = could[: max(0, units - len(there))]
        for unit in coming:
            unit.supply, unit.day = supply, max(self._ship_day(supply), self._release_day(mine))
            unit.where = "allocated" if supply.startswith("stock/") else "waiting"
        mine.pins[supply] = units
        if coming or units < before:
            self._pass({mine.sku}, "pinned", [mine])
        return "changed"

    def unpin(self, order, line, supply, quantity=None):
        trouble = self._not_there(order, line, supply)
        if trouble:
            return trouble
        mine = self.lines[order, line]
        pinned = mine.pins.get(supply, 0)
        if not pinned:
            return "exists"
        if (quantity or 0) > pinned:
            return "too_many"
        mine.pins[supply] -= quantity or pinned
        self._pass({mine.sku}, "unpinned", [mine])
        return "changed"

    def _not_there(self, order, line, supply):
        if order not in self.orders:
            return "unknown_order"
        if (order, line) not in self.lines:
            return "unknown_line"
        return None if supply in self.supplies else "unknown_supply"

    def pick(self, order, lines):
        return self._pick(order, lines, 1, lambda line: line.count("allocated") - line.picked)

    def unpick(self, order, lines):
        return self._pick(order, lines, -1, lambda line: line.picked)

    def _pick(self, order, lines, sign, limit):
        trouble = self._named(order, lines)
        if trouble:
            return trouble
        if sign > 0 and self.orders[order]["holds"]:
            return "held"
        if any(row["quantity"] > limit(self.lines[order, row["line"]]) for row in lines):
            return "too_many"
        for row in lines:
            self.lines[order, row["line"]].picked += sign * row["quantity"]
        return "changed"

    def _named(self, order, lines):
        if order not in self.orders:
            return "unknown_order"
        return None if all((order, row["line"]) in self.lines for row in lines) else "unknown_line"

    def ship(self, shipment, order, lines):
        if shipment in self.shipments:
            before = self.shipments[shipment]
            return "exists" if before["content"] == (order, lines) and not before["reversed"] else "id_reused"
        trouble = self._named(order, lines)
        if trouble:
            return trouble
        for row in lines:
            if row["quantity"] > self.lines[order, row["line"]].count("allocated"):
                return "too_many"
        if self.orders[order]["ship"] == "complete":
            going = {row["line"]: row["quantity"] for row in lines}
            for line in self._of_order(order):
                if line.count("waiting") or line.count("allocated") > going.get(line.name, 0):
                    return "not_allowed"
        if self.orders[order]["holds"]:
            return "held"
        left = []
        for row in lines:
            line = self.lines[order, row["line"]]
            held = sorted((u for u in line.units if u.where == "allocated"), key=lambda u: (u.day, u.supply))
            for unit in held[: row["quantity"]]:
                self.supplies[unit.supply]["quantity"] -= 1
                left.append((line, unit, unit.supply))
                unit.where, unit.supply, unit.day = "shipped", None, None
            line.picked = max(0, line.picked - row["quantity"])
        self.shipments[shipment] = {"content": (order, lines), "delivered": False, "reversed": False, "left": left}
        return "shipped"

    def reverse_shipment(self, shipment):
        if shipment not in self.shipments:
            return "unknown_shipment"
        row = self.shipments[shipment]
        if row["reversed"]:
            return "exists"
        if row["delivered"]:
            return "not_allowed"
        row["reversed"] = True
        touched = []
        for line, unit, supply in row["left"]:
            self.supplies[supply]["quantity"] += 1
            unit.where, unit.supply = "allocated", supply
            unit.day = max(self._ship_day(supply), self._release_day(line))
            touched += self._of_order(line.order["order"]) if line.order["ship"] == "complete" else [line]
        self._reread(touched, "reversed", {})
        return "changed"

    def record_delivery(self, shipment):
        if shipment not in self.shipments:
            return "unknown_shipment"
        if self.shipments[shipment]["reversed"]:
            return "not_allowed"
        word = "exists" if self.shipments[shipment]["delivered"] else "changed"
        self.shipments[shipment]["delivered"] = True
        return word

    def advance(self, to):
        self.now = datetime.fromisoformat(to)
        moved, skus = 0, set()
        for name, row in self.supplies.items():
            if not name.startswith("stock/") and self._to_come(name):
                before = row["available"]
                row["available"] = self._not_past(row["site"], before)
                if row["available"] != before:
                    moved += 1
                    skus.add(row["sku"])
        passed = {}
        for line in self.lines.values():
            if line.count("waiting") and line.lead and line.lead < self._today(self._route(line.order)[0]):
                passed[id(line)] = "lead_time"
                skus.add(line.sku)
        told = sum(len(line.told) for line in self.lines.values())
        if skus:
            self._pass(skus, "overdue", own=passed)
        changed = moved or told != sum(len(line.told) for line in self.lines.values())
        return "changed" if changed else "exists"

    def place_order(self, order, lines, **head):
        content = (lines, head)
        if order in self.orders:
            return "exists" if self.orders[order]["content"] == content else "id_reused"
        if head.get("customer") is not None and head["customer"] not in self.customers:
            return "unknown_customer"
        if any(site not in self.sites for site in head.get("sites", [])) or not self.sites:
            return "unknown_site"
        return self._place(order, lines, head, content)

    def quote(self, sku, quantity, requested_on=None):
        """The word and the promise that an order of one line would get; nothing stays."""
        body = {"line": "1", "sku": sku, "quantity": quantity, "requested_on": requested_on}
        answer = self._place("?", [body], {}, None)
        for key in [key for key in self.lines if key[0] == "?"]:
            del self.lines[key]
        self.orders.pop("?", None)
        return answer

    # Accepting

    def _region(self, ship_to, customer):
        """The region of an address, else its customer's, unless the address is in another country than theirs."""
        home = self.customers.get(customer, {})
        at_home = ship_to.get("country") in (None, home.get("country"))
        return ship_to.get("region") or (home.get("region") if at_home else None)

    def _place(self, order, lines, head, content):
        customer = self.customers.get(head.get("customer"), {"priority": 0, "region": None})
        row = {
            "order": order,
            "content": content,
            "customer": head.get("customer"),
            "priority": head.get("priority", customer["priority"]),
            "placed_at": datetime.fromisoformat(head["placed_at"]) if "placed_at" in head else self.now,
            "ship": head.get("ship", "when_ready"),
            "sites": head.get("sites", []),
            "region": self._region(head.get("ship_to", {}), head.get("customer")),
            "country": head.get("ship_to", {}).get("country"),
            "accept": head.get("accept", "order"),
            "holds": set(),
        }
        answer, stands = self._accept(row, lines, row["placed_at"])
        if stands:
            self.orders[order] = row
        return answer

    def _accept(self, row, lines, placed_at, at_least=date.min):
        """Offer lines what is free, and keep those that are taken; the answer, and whether anything stands."""
        order, whole = row["order"], row["accept"] == "order"
        offers = self._offers(row, lines, placed_at, at_least)
        good = [offer for offer in offers if offer["word"] == "accepted"]
        stands = len(good) == len(offers) if whole else bool(good)
        words = [(offer["word"], offer["day"] if offer["word"] == "accepted" else None) for offer in offers]
        for offer in offers:
            if not (stands and offer["word"] == "accepted"):
                self.lines.pop((order, offer["line"].name), None)
        if not stands:
            first = next(offer["word"] for offer in offers if offer["word"] != "accepted")
            return (first, words), False
        for offer in good:
            line = offer["line"]
            line.promise, line.planned = offer["day"], offer["planned"]
            line.told.append((None, line.promise, "placed"))
        return ("accepted", words), True

    def _offers(self, row, lines, placed_at, at_least):
        complete = row["ship"] == "complete"
        offers = []
        first = max((line.position + 1 for line in self._of_order(row["order"])), default=0)
        for position, body in enumerate(lines, first):
            asked = body.get("requested_on")
            line = Line(
                row,
                body["line"],
                position,
                body["sku"],
                date.fromisoformat(asked) if asked else None,
                [Unit() for _ in range(body["quantity"])],
                placed_at=placed_at,
                raised_from=body.get("raised_from"),
                accept_by=date.fromisoformat(body["accept_by"]) if body.get("accept_by") else None,
            )
            offer = {"line": line, "word": "accepted", "day": None, "planned": None, "body": body}
            offers.append(offer)
            self.lines[row["order"], line.name] = line
            self._early_offer(offer)
            if offer["word"] == "accepted" and not complete:
                if line.requested:
                    self._late_turn([line])
                self._settle(offer)
        if complete:
            good = [offer for offer in offers if offer["word"] == "accepted"]
            if len(good) == len(offers):
                self._late_turn([offer["line"] for offer in good], at_least)
            days = [at_least, *(self._dates(offer["line"])[0] for offer in good)]
            for offer in good:
                self._settle(offer, max(days))
        return offers

    def _early_offer(self, offer):
        line, body = offer["line"], offer["body"]
        item = self._item(line.sku)
        if item is None or item["selling"] == "discontinued":
            offer["word"] = "unknown_item" if item is None else "not_allowed"
            return
        if item["coverage"] == "lead_time" and item["selling"] != "stock_only":
            line.lead = self._lead_day(line)
        self._take_early(line, self._keeps_back(line))
        missing = [unit for unit in line.units if unit.supply is None]
        if not missing:
            return
        if item["selling"] == "stock_only":
            if body.get("take_available") and len(missing) < len(line.units):
                line.units = [unit for unit in line.units if unit.supply is not None]
            else:
                offer["word"] = "out_of_stock"
        elif item["coverage"] != "lead_time" or self._lead_day(line) is None:
            coming = any(self._to_come(s) for s in self._candidates(line) if not s.startswith("stock/"))
            offer["word"] = "backorder_limit" if coming else "no_date"
        if offer["word"] != "accepted":
            line.units = []

    def _settle(self, offer, day=None):
        """Give the accepted line its lead-time day and dates; hold it to the caps."""
        line, row = offer["line"], offer["line"].order
        item = self._item(line.sku)
        waiting = line.count("waiting")
        if not waiting:
            line.lead = None
        due, planned = self._dates(line)
        offer["day"], offer["planned"] = day or due, planned
        today = self._today(self._route(row)[0])
        unreleased = item["selling"] == "preorder" and item["released_on"] and _day(item["released_on"]) > today

        def counted(customer):
            others = [
                other
                for other in self.lines.values()
                if other.sku == line.sku
                and customer in (None, other.order["customer"])
                and (other.order is not row or other.position < line.position)
            ]
            if unreleased:
                return sum(other.count("waiting") + other.count("allocated") for other in others)
            return sum(other.count("waiting") for other in others)

        units = len(line.units) if unreleased else waiting
        caps = [(item["backorder_cap"], None)]
        if row["customer"] is not None:
            caps.append((item["per_customer_cap"], row["customer"]))
        if any(cap is not None and units and counted(customer) + units > cap for cap, customer in caps):
            offer["word"] = "backorder_limit"
        limit = item["max_wait_days"]
        if offer["word"] == "accepted" and limit is not None and offer["day"] > today + timedelta(limit):
            offer["word"] = "backorder_limit"
        if offer["word"] == "accepted" and line.accept_by and offer["day"] > line.accept_by:
            offer["word"] = "too_late"
        inbound = {u.supply for u in line.units if u.supply and not u.supply.startswith("stock/")}
        for site in {self.supplies[supply]["site"] for supply in inbound}:
            cap = self.places.get((line.sku, site), {}).get("backorder_cap")
            there = [
                s
                for s, other in self.supplies.items()
                if other["sku"] == line.sku and other["site"] == site and not s.startswith("stock/")
            ]
            if offer["word"] == "accepted" and cap is not None and sum(map(self._pegged, there)) > cap:
                offer["word"] = "backorder_limit"
        if offer["word"] != "accepted":
            line.units = []
            self.lines.pop((row["order"], line.name), None)

    # Pegging

    def _late_turn(self, lines, at_least=date.min):
        """At acceptance: what the lines took early goes back, and they take it as late as their common day allows."""
        for line in lines:
            self._release(line, [unit for unit in line.units if unit.supply])
        self._serve(lines, self._keeps_back(lines[0]), at_least)

    def _serve(self, lines, spare, at_least=date.min):
        """Each line finds its earliest day; late ones then peg late to the latest of these. The turn's day."""
        taken = {id(line): self._take_early(line, spare) for line in lines}
        day = max([at_least, *(self._dates(line)[0] for line in lines)])
        late = lines[0].order["ship"] == "complete" or lines[0].requested
        if late and day < FAR:
            for line in lines:
                self._release(line, taken[id(line)])
            for line in lines:
                self._take_late(line, spare, day)
        return day

    def _take_early(self, line, spare):
        return self._take(line, self._candidates(line), spare)

    def _take_late(self, line, spare, target):
        def place(supply):
            return (
                -self._ship_day(supply).toordinal(),
                self._route(line.order).index(self.supplies[supply]["site"]),
                supply,
            )

        candidates = self._candidates(line)
        meets = sorted((s for s in candidates if self._ship_day(s) <= target), key=place)
        self._take(line, meets + [s for s in candidates if self._ship_day(s) > target], spare)

    def _take(self, line, candidates, spare):
        taken = []
        for unit in line.units:
            if unit.where != "waiting" or unit.supply is not None:
                continue
            for supply in candidates:
                stock = supply.startswith("stock/")
                kept = self._safety_stock(supply) if stock and spare else 0
                if self._free(supply) - kept > 0:
                    unit.supply, unit.day = supply, max(self._ship_day(supply), self._release_day(line))
                    unit.where = "allocated" if stock else "waiting"
                    taken.append(unit)
                    break
        return taken

    @staticmethod
    def _release(line, units):
        for unit in units:
            assert unit in line.units
            unit.where, unit.supply, unit.day = "waiting", None, None

    def _candidates(self, line):
        route = self._route(line.order)
        item = self._item(line.sku)
        stock_only = item["selling"] == "stock_only" and not line.told  # an accepted line takes what comes
        chosen = [
            s
            for s, row in self.supplies.items()
            if row["sku"] == line.sku and row["site"] in route and (s.startswith("stock/") or not stock_only)
        ]
        return sorted(chosen, key=lambda s: (self._ship_day(s), route.index(self.supplies[s]["site"]), s))

    def _keeps_back(self, line):
        return line.order["priority"] <= 0

    # The live pass

    def _pass(self, skus, cause, also=(), own=None):
        self._fit_pins()
        members = self._joined(set(skus))
        for _ in range(ROUNDS):
            before = self._pegs(members)
            for turn in self._turns([line for line in members if not line.order["holds"]]):
                self._turn(turn)
            if self._pegs(members) == before:
                break
        for line in members:
            if line.count("waiting") and self._active_lead(line) == FAR:
                uncovered = self._dates(line)[0] == FAR
                line.lead = self._lead_day(line) if uncovered else None
        everyone = list(members)
        for line in also:
            everyone += self._of_order(line.order["order"]) if line.order["ship"] == "complete" else [line]
        self._reread(everyone, cause, own or {})

    def _joined(self, skus):
        while True:
            members = [line for line in self.lines.values() if line.sku in skus and line.count("waiting")]
            for line in list(members):
                if line.order["ship"] == "complete":
                    members += [other for other in self._of_order(line.order["order"]) if other.open]
            more = {line.sku for line in members} - skus
            if not more:
                unique = {id(line): line for line in members}
                return list(unique.values())
            skus = skus | more

    def _turns(self, members):
        turns, seen = [], set()
        for line in self._live(members):
            if line.order["ship"] != "complete":
                turns.append([line])
            elif line.order["order"] not in seen:
                seen.add(line.order["order"])
                mine = [other for other in members if other.order is line.order]
                turns.append(sorted(mine, key=lambda other: other.position))
        return turns

    def _turn(self, lines):
        for line in lines:
            pinned = [unit for supply in line.pins for unit in self._pinned_units(line, supply)]
            stay = [unit for unit in pinned if unit.where == "waiting"]
            self._release(line, [u for u in line.units if u.where == "waiting" and u.supply and u not in stay])
            for unit in stay:
                unit.day = max(self._ship_day(unit.supply), self._release_day(line))
        spare = self._keeps_back(lines[0])
        before = [[(u.where, u.supply, u.day) for u in line.units] for line in lines]
        day = self._serve(lines, spare)
        told = lines[0].promise
        if spare and told is not None and day > told:
            kept = [[(u.where, u.supply, u.day) for u in line.units] for line in lines]
            self._restore(lines, before)
            if self._serve(lines, False) >= day:
                self._restore(lines, kept)

    @staticmethod
    def _restore(lines, snapshot):
        for line, units in zip(lines, snapshot, strict=True):
            for unit, (where, supply, day) in zip(line.units, units, strict=True):
                unit.where, unit.supply, unit.day = where, supply, day

    def _pegs(self, members):
        return [sorted((u.supply, u.day, u.where) for u in line.units if u.supply) for line in members]

    def _live(self, lines):
        def place(line):
            row = line.order
            return (line.promise or FAR, -row["priority"], line.placed_at, row["order"], line.position)

        return sorted(lines, key=place)

    def _reread(self, lines, cause, own):
        dates = {}
        for line in lines:
            if not line.count("waiting"):
                line.lead = None
            if line.open:
                due, planned = self._dates(line)
                if line.person and due <= line.person[1]:
                    line.person = None
                dates[id(line)] = (line, line.person[0] if line.person else due, planned)
        told = {}
        for line, _, _ in dates.values():
            told.setdefault(line.order["order"], set()).add(line.promise)
        apart = {order: len(days) > 1 for order, days in told.items()}
        for line, due, planned in dates.values():
            line.planned = None if planned == FAR else planned
            if line.order["ship"] == "complete":
                latest = max(d for other, d, _ in dates.values() if other.order is line.order)
            else:
                latest = due
            day = None if latest == FAR else latest
            small = day and line.promise and line.promise - timedelta(PULL_IN) < day < line.promise
            if line.order["ship"] == "complete" and apart[line.order["order"]]:
                small = False
            if day != line.promise and (not small or (line.person and line.person[0] == day)):
                line.told.append((line.promise, day, own.get(id(line), cause)))
                line.promise = day

    # Dates

    def _dates(self, line):
        lead = self._active_lead(line) if line.count("waiting") else FAR
        floor = self._floor(line)
        due, planned = [floor], [floor]
        for unit in line.units:
            if unit.where == "allocated":
                due.append(unit.day)
                planned.append(unit.day)
            elif unit.where == "waiting":
                due.append(min(unit.day or FAR, lead))
                planned.append(unit.day or lead)
        return max(due), max(planned)

    def _floor(self, line):
        first = self._route(line.order)[0]
        day = max(line.requested or date.min, self._released(line))
        return self._working(first, day) if day > date.min else day

    def _released(self, line):
        item = self._item(line.sku)
        today = self._today(self._route(line.order)[0])
        if item["selling"] == "preorder" and item["released_on"] and _day(item["released_on"]) > today:
            return _day(item["released_on"])
        return date.min

    def _release_day(self, line):
        day = self._released(line)
        return self._working(self._route(line.order)[0], day) if day > date.min else day

    def _active_lead(self, line):
        today = self._today(self._route(line.order)[0])
        return line.lead if line.lead is not None and line.lead >= today else FAR

    def _lead_day(self, line):
        item, first = self._item(line.sku), self._route(line.order)[0]
        today = self._today(first)
        if item["lead_time_days"] is not None:
            return self._leaves(first, today + timedelta(item["lead_time_days"]))
        supplier = self.suppliers.get(item["supplier"])
        if supplier is None or supplier["lead_time_days"] is None:
            return None
        day = today
        for _ in range(supplier["lead_time_days"]):
            day += timedelta(1)
            while WEEK[day.weekday()] not in supplier["working_days"]:
                day += timedelta(1)
        return self._leaves(first, day)

    def _ship_day(self, supply):
        row = self.supplies[supply]
        today = self._today(row["site"])
        return self._leaves(row["site"], max(row.get("available") or today, today))

    def _leaves(self, site, available):
        day = self._working(site, available)
        for _ in range(self.sites[site]["handling_days"]):
            day = self._working(site, day + timedelta(1))
        return day

    def _working(self, site, day):
        while WEEK[day.weekday()] not in self.sites[site]["working_days"]:
            day += timedelta(1)
        return day

    def _not_past(self, site, day):
        today = self._today(site)
        if day >= today:
            return day
        for _ in range(OVERDUE):
            today = self._working(site, today + timedelta(1))
        return today

    def _today(self, site):
        return self.now.astimezone(ZoneInfo(self.sites[site]["zone"])).date()

    def _expect(self, supply, day):
        row = self.supplies[supply]
        row["expected"], row["available"] = day, self._not_past(row["site"], day)

    def _route(self, row):
        def place(site):
            serves = self.sites[site]["serves"]
            mine = row["region"] is not None and row["region"] in serves
            return (not mine, serves.index(row["region"]) if mine else 0, site)

        return row["sites"] or sorted(self.sites, key=place)

    # Units

    def _units_on(self, line, supply):
        return [unit for unit in line.units if unit.supply == supply]

    def _pinned_units(self, line, supply):
        """The units that a pin keeps there: the first to ship."""
        return sorted(self._units_on(line, supply), key=lambda u: u.day)[: line.pins.get(supply, 0)]

    def _fit_pins(self):
        """No more units are pinned than are there."""
        for line in self.lines.values():
            there = {supply: min(units, len(self._units_on(line, supply))) for supply, units in line.pins.items()}
            line.pins = {supply: units for supply, units in there.items() if units}

    def _of_order(self, order):
        return [line for line in self.lines.values() if line.order["order"] == order]

    def _pegged(self, supply):
        return sum(len(self._units_on(line, supply)) for line in self.lines.values())

    def _free(self, supply):
        row = self.supplies[supply]
        return row["quantity"] - row["received"] - row["cancelled"] - self._pegged(supply)

    def _to_come(self, supply):
        row = self.supplies[supply]
        return 0 if supply.startswith("stock/") else row["quantity"] - row["received"] - row["cancelled"]

    def _stock(self, sku, site):
        name = f"stock/{site}/{sku}"
        self.supplies.setdefault(
            name, {"kind": "stock", "sku": sku, "site": site, "quantity": 0, "received": 0, "cancelled": 0}
        )
        return name

    def state(self):
        """Lines and supplies, comparable with a database's."""
        lines = {}
        for key, line in self.lines.items():
            pegs = {}
            for unit in line.units:
                if unit.supply:
                    pegs[unit.supply, str(unit.day)] = pegs.get((unit.supply, str(unit.day)), 0) + 1
            places = [line.count(where) for where in ("waiting", "allocated", "shipped", "cancelled")]
            days = [_text(line.promise), _text(line.planned) if line.open else "-", _text(line.lead)]
            told = [(_text(a), _text(b), cause) for a, b, cause in line.told]
            person = tuple(map(_text, line.person)) if line.person else None
            more = (_text(line.requested), person, line.raised_from, bool(line.order["holds"]), dict(line.pins))
            lines[key] = (*places, line.picked, *days, pegs, told, more)
        supplies = {
            name: (row["quantity"], row["received"], row["cancelled"], self._pegged(name), _text(row.get("available")))
            for name, row in self.supplies.items()
        }
        return {"lines": lines, "supplies": supplies}


def _day(text):
    return date.fromisoformat(text)


def _text(day):
    return None if day is None else day.isoformat()


def _descending(text):
    return [-ord(letter) for letter in text]
