"""A small shop in which anything may happen: random commands, most of them sensible, from a seed."""

import random
from datetime import UTC, datetime, timedelta

START = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
SITES = ("EAST", "WEST")
SKUS = ("CHAIR", "DESK", "LAMP")
CUSTOMERS = ("ada", "ben", "cleo")


class World:
    """Gives commands one at a time; it remembers the ids it gave, and forgets what it hears was refused."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.now = START
        self._number = 0
        self._prefix = ""
        self._supplies: list[str] = []
        self._orders: list[tuple[str, int]] = []
        self._shipments: list[str] = []
        self._given: list[dict] = []

    def opening(self) -> list[dict]:
        """Two sites with calendars of their own, three items sold in different ways, suppliers, customers."""
        return [
            {"do": "put_site", "site": "EAST", "zone": "Europe/London", "handling_days": 1, "serves": ["north"]},
            {
                "do": "put_site",
                "site": "WEST",
                "zone": "America/New_York",
                "working_days": ["mon", "tue", "wed", "thu", "fri", "sat"],
                "serves": ["south", "north"],
            },
            {"do": "put_supplier", "supplier": "ACME", "lead_time_days": 6},
            {"do": "put_item", "sku": "CHAIR", "coverage": "lead_time", "lead_time_days": 12, "supplier": "ACME"},
            {"do": "put_item", "sku": "DESK", "coverage": "inbound", "safety_stock": 2},
            {"do": "put_item", "sku": "LAMP", "coverage": "lead_time", "supplier": "ACME", "backorder_cap": 30},
            *({"do": "put_customer", "customer": c, "priority": n - 1} for n, c in enumerate(CUSTOMERS)),
        ]

    def command(self) -> dict:
        """The next command."""
        weights = {
            self._place: 30,
            self._announce: 14,
            self._receive: 14,
            self._reschedule: 7,
            self._confirm: 2,
            self._cancel_supply: 2,
            self._cancel_line: 6,
            self._count: 4,
            self._adjust: 3,
            self._pick: 3,
            self._unpick: 1,
            self._ship: 14,
            self._deliver: 2,
            self._advance: 6,
            self._policy: 3,
            self._site: 1,
            self._level: 2,
            self._add: 3,
            self._change_line: 7,
            self._change_order: 3,
            self._hold: 2,
            self._release: 3,
            self._promise: 3,
            self._pin: 10,
            self._unpin: 3,
            self._reverse: 3,
            self._repeat: 2,
            self._nonsense: 1,
            self._erase: 1,
            self._supplier: 1,
            self._customer: 1,
            self._undelivered: 1,
        }
        make = self._random.choices(list(weights), list(weights.values()))[0]
        command = make()
        if self._random.random() < 0.1 and "id" not in command:
            command["id"] = self._name("C")
        self._given.append(command)
        return command

    def heard(self, command: dict, word: str) -> None:
        """How a command was answered: orders and shipments that were refused need not be named again."""
        if command["do"] == "place_order" and word not in {"accepted", "exists", "id_reused"}:
            self._orders = [known for known in self._orders if known[0] != command["order"]]
        if command["do"] == "ship" and word not in {"shipped", "exists", "id_reused"}:
            self._shipments = [known for known in self._shipments if known != command["shipment"]]

    def rename(self, prefix: str) -> None:
        """Let the ids from now on begin with a prefix, so that several worlds can share a shop."""
        self._prefix = prefix

    def _name(self, letter: str) -> str:
        self._number += 1
        return f"{self._prefix}{letter}{self._number:05d}"

    def _pick_one(self, things):
        return self._random.choice(things)

    def _day(self, low: int, high: int) -> str:
        return (self.now.date() + timedelta(days=self._random.randint(low, high))).isoformat()

    def _undelivered(self) -> dict:
        """What a person says of messages and timers that were given up: here there are none."""
        command = {"do": self._pick_one(("retry_message", "discard_message")), "sender": "sink", "event": 1}
        timer = {"do": "retry_timer", "kind": "bell", "subject": "one"}
        return self._pick_one((command, timer))

    def _place(self) -> dict:
        count = self._random.choice((1, 1, 1, 2, 3))
        order = self._name("O")
        self._orders.append((order, count))
        command = {"do": "place_order", "order": order, "lines": [self._line(n + 1) for n in range(count)]}
        if self._random.random() < 0.7:
            command["customer"] = self._pick_one(CUSTOMERS)
        if self._random.random() < 0.2:
            command["ship"] = "complete"
        elif self._random.random() < 0.3:
            command["accept"] = "lines"
        if self._random.random() < 0.3:
            command["ship_to"] = {"region": self._pick_one(("north", "south"))}
        if self._random.random() < 0.15:
            command["sites"] = [self._pick_one(SITES)]
        if self._random.random() < 0.2:
            command["priority"] = self._random.randint(-1, 2)
        return command

    def _line(self, number: int) -> dict:
        line = {"line": str(number), "sku": self._pick_one(SKUS), "quantity": self._random.randint(1, 6)}
        if self._random.random() < 0.15:
            line["requested_on"] = self._day(-2, 20)
        if self._random.random() < 0.1:
            line["accept_by"] = self._day(0, 20)
        if self._random.random() < 0.2:
            line["take_available"] = True
        return line

    def _announce(self) -> dict:
        supply = self._name("P")
        self._supplies.append(supply)
        command = {
            "do": "announce_supply",
            "supply": supply,
            "sku": self._pick_one(SKUS),
            "site": self._pick_one(SITES),
            "quantity": self._random.randint(1, 12),
            "expected_on": self._day(-2, 21),
        }
        if self._random.random() < 0.3:
            command["document"] = f"D{len(self._supplies) // 3}"
            if self._random.random() < 0.3:
                command |= {"cost": "2.50", "currency": self._pick_one(("EUR", "EUR", "GBP"))}
        elif self._random.random() < 0.2:
            command |= {"kind": "transfer", "from_site": "WEST" if command["site"] == "EAST" else "EAST"}
            command["quantity"] = self._random.randint(1, 2)
        return command

    def _supply(self) -> str:
        return self._pick_one(self._supplies[-12:]) if self._supplies else "P?"

    def _receive(self) -> dict:
        command = {"do": "receive_supply", "receipt": f"R{self._random.randint(1, 9)}", **self._supply_or_document()}
        if self._random.random() < 0.2:
            command["surplus"] = True
        if "document" in command and self._random.random() < 0.7:
            command["sku"] = self._pick_one(SKUS)
        command["quantity"] = self._random.randint(1, 8)
        if self._random.random() < 0.4:
            command["final"] = True
        return command

    def _supply_or_document(self) -> dict:
        if self._random.random() < 0.2:
            return {"document": f"D{max(0, len(self._supplies) // 3 - self._random.randint(0, 2))}"}
        return {"supply": self._supply()}

    def _dated(self, do: str) -> dict:
        command = {"do": do, **self._supply_or_document()}
        if "supply" in command and self._random.random() < 0.3:
            into = self._name("P")
            self._supplies.append(into)
            command |= {"quantity": self._random.randint(1, 5), "into": into}
        return command

    def _reschedule(self) -> dict:
        return self._dated("reschedule_supply") | {"expected_on": self._day(-2, 25)}

    def _confirm(self) -> dict:
        command = self._dated("confirm_supply")
        return command | {"expected_on": self._day(0, 15)} if self._random.random() < 0.5 else command

    def _cancel_supply(self) -> dict:
        command = {"do": "cancel_supply", "supply": self._supply()}
        return command | {"quantity": self._random.randint(1, 5)} if self._random.random() < 0.5 else command

    def _order_line(self) -> dict:
        order, count = self._pick_one(self._orders[-25:]) if self._orders else ("O?", 1)
        return {"order": order, "line": str(self._random.randint(1, count))}

    def _cancel_line(self) -> dict:
        command = {"do": "cancel_line", **self._order_line()}
        return command | {"quantity": self._random.randint(1, 4)} if self._random.random() < 0.6 else command

    def _count(self) -> dict:
        place = {"sku": self._pick_one(SKUS), "site": self._pick_one(SITES)}
        return {"do": "count_stock", **place, "quantity": self._random.randint(0, 8)}

    def _adjust(self) -> dict:
        place = {"sku": self._pick_one(SKUS), "site": self._pick_one(SITES)}
        delta = self._random.choice((-4, -2, -1, 1, 2, 5))
        return {"do": "adjust_stock", **place, "delta": delta, "reason": "found or lost"}

    def _units(self) -> dict:
        place = self._order_line()
        lines = [{"line": place["line"], "quantity": self._random.choice((1, 1, 2, 3))}]
        return {"order": place["order"], "lines": lines}

    def _pick(self) -> dict:
        return {"do": "pick", **self._units()}

    def _unpick(self) -> dict:
        return {"do": "unpick", **self._units()}

    def _ship(self) -> dict:
        shipment = self._name("S")
        self._shipments.append(shipment)
        return {"do": "ship", "shipment": shipment, **self._units()}

    def _deliver(self) -> dict:
        return {"do": "record_delivery", "shipment": self._pick_one(self._shipments or ["S?"])}

    def _advance(self) -> dict:
        self.now += timedelta(hours=self._random.choice((6, 24, 24, 48, 96)))
        return {"do": "advance", "to": self.now.isoformat()}

    def _policy(self) -> dict:
        sku = self._pick_one(SKUS)
        changes = (
            {"safety_stock": self._random.randint(0, 3)},
            {"coverage": self._pick_one(("inbound", "lead_time"))},
            {"selling": self._pick_one(("backorder", "backorder", "stock_only"))},
            {"selling": "preorder", "released_on": self._day(3, 15)},
            {"lead_time_days": self._pick_one((None, 5, 9, 14))},
            {"per_customer_cap": self._pick_one((None, 6))},
            {"max_wait_days": self._pick_one((None, 20))},
            {"backorder_cap": self._pick_one((None, 25))},
            {"selling": None, "coverage": None, "safety_stock": None},
            {"category": self._pick_one((None, "chairs", "other"))},
            {"sites": {self._pick_one(SITES): self._pick_one((None, {"safety_stock": 1}, {"backorder_cap": 9}))}},
        )
        return {"do": "put_item", "sku": sku, **self._pick_one(changes)}

    def _site(self) -> dict:
        return {"do": "put_site", "site": self._pick_one(SITES), "handling_days": self._random.randint(0, 2)}

    def _level(self) -> dict:
        """What the shop or a category says for its items."""
        change = self._pick_one(
            (
                {"safety_stock": self._pick_one((None, 0, 1))},
                {"coverage": self._pick_one((None, "inbound", "lead_time"))},
                {"lead_time_days": self._pick_one((None, 4, 8))},
                {"backorder_cap": self._pick_one((None, 40))},
            )
        )
        if self._random.random() < 0.5:
            return {"do": "put_shop", **change}
        return {"do": "put_category", "category": self._pick_one(("chairs", "other")), **change}

    def _add(self) -> dict:
        order = self._order_line()["order"]
        lines = [self._line(self._random.randint(3, 6)) for _ in range(self._pick_one((1, 1, 2)))]
        unique = {line["line"]: line for line in lines}
        return {"do": "add_lines", "order": order, "lines": list(unique.values())}

    def _change_line(self) -> dict:
        command = {"do": "change_line", **self._order_line()}
        if self._random.random() < 0.1:
            command["line"] += "+1"
        if self._random.random() < 0.7:
            command["quantity"] = self._random.randint(1, 8)
        if self._random.random() < 0.4:
            command["requested_on"] = self._pick_one((None, self._day(0, 20)))
        if self._random.random() < 0.2:
            command["accept_by"] = self._pick_one((None, self._day(3, 25)))
        return command

    def _change_order(self) -> dict:
        changes = (
            {"ship": self._pick_one(("complete", "when_ready"))},
            {"ship_to": {"region": self._pick_one(("north", "south"))}},
            {"ship_to": {"country": "GB"}},
            {"sites": self._pick_one(([], ["EAST"], ["WEST"], ["WEST", "EAST"]))},
            {"priority": self._random.randint(-1, 2)},
        )
        return {"do": "change_order", "order": self._order_line()["order"], **self._pick_one(changes)}

    def _hold(self) -> dict:
        kind = self._pick_one(("payment", "fraud"))
        return {"do": "hold_order", "order": self._order_line()["order"], "kind": kind}

    def _release(self) -> dict:
        held = [command for command in self._given[-60:] if command["do"] == "hold_order"]
        return {**self._pick_one(held), "do": "release_order"} if held else self._hold()

    def _promise(self) -> dict:
        day = self._pick_one((None, self._day(0, 25)))
        return {"do": "promise_line", **self._order_line(), "day": day, "by": "kim"}

    def _pin(self) -> dict:
        """Mostly a line and a supply of one item, both of late."""
        known = {order for order, _ in self._orders[-25:]}
        late = self._given[-120:]
        placed = [command for command in late if command["do"] == "place_order" and command["order"] in known]
        place, sku = self._order_line(), self._pick_one(SKUS)
        if placed and self._random.random() < 0.9:
            order = self._pick_one(placed[-8:])
            line = self._pick_one(order["lines"])
            place, sku = {"order": order["order"], "line": line["line"]}, line["sku"]
        coming = [command["supply"] for command in late if command["do"] == "announce_supply" and command["sku"] == sku]
        stock = f"stock/{self._pick_one(SITES)}/{sku}"
        command = {"do": "pin", **place, "supply": self._pick_one([*coming[-4:], stock])}
        return command | {"quantity": self._random.randint(1, 4)} if self._random.random() < 0.4 else command

    def _unpin(self) -> dict:
        pinned = [command for command in self._given[-80:] if command["do"] == "pin"]
        command = {**self._pick_one(pinned), "do": "unpin"} if pinned else self._pin()
        command.pop("id", None)
        if self._random.random() < 0.5:
            command.pop("quantity", None)
        return command

    def _reverse(self) -> dict:
        return {"do": "reverse_shipment", "shipment": self._pick_one(self._shipments[-6:] or ["S?"])}

    def _supplier(self) -> dict:
        return {"do": "put_supplier", "supplier": "ACME", "lead_time_days": self._pick_one((None, 3, 6, 8))}

    def _customer(self) -> dict:
        changes = {"priority": self._random.randint(-1, 1), "region": self._pick_one((None, "north", "south"))}
        return {"do": "put_customer", "customer": self._pick_one(CUSTOMERS), **changes}

    def _erase(self) -> dict:
        return {"do": "erase_person", "customer": self._pick_one((*CUSTOMERS, "nobody"))}

    def _repeat(self) -> dict:
        """A command that came before, once more: the ids it carries make it harmless."""
        if not self._given:
            return self._nonsense()
        earlier = self._pick_one(self._given[-20:])
        return dict(earlier) if earlier["do"] != "advance" else self._nonsense()

    def _nonsense(self) -> dict:
        return self._pick_one(
            (
                {"do": "ship", "shipment": "S-", "order": "nobody", "lines": [{"line": "1", "quantity": 1}]},
                {"do": "receive_supply", "supply": "nothing", "receipt": "R", "quantity": 1},
                {"do": "count_stock", "sku": "nothing", "site": "EAST", "quantity": 1},
                {"do": "cancel_line", "order": "nobody", "line": "1"},
            )
        )
