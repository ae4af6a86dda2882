"""The console in a browser on a slow machine: when the largest part of each page is painted."""

import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import text

from backorder.commands import accounts
from backorder.storage.db import open_database
from bench.crowd import Size, fill
from bench.figure import Figure
from bench.service import running
from bench.shops import places

MILLISECONDS = 1_000
SLOWER = 4  # times than the machine is: what Lighthouse takes for a phone of the middle
ROUNDS = 5
LINES = 50_000
WIDE, PHONE = (1440, 900), (390, 844)
PASSWORD = "a long pass phrase"
LARGEST = """() => new Promise(resolve => new PerformanceObserver(
  seen => resolve(seen.getEntries().at(-1).startTime)).observe({type: 'largest-contentful-paint', buffered: true}))"""


def program() -> str | None:
    """The Chromium that BACKORDER_TEST_CHROMIUM names, or Debian's; no lock brings one."""
    return os.environ.get("BACKORDER_TEST_CHROMIUM") or shutil.which("chromium")


def measure(scale: float) -> Iterator[Figure]:
    """Every page of the console, on SQLite. Without a Chromium there is nothing to measure."""
    chromium = program()
    if chromium is None:
        return
    size = Size(max(500, int(LINES * min(1, scale))), max(50, int(LINES * min(1, scale)) // 10))
    with places() as where, sync_playwright() as run:
        now = time.time_ns() // 1_000
        place = where.filled("sqlite", f"crowd{size.lines}", partial(fill, size=size, now=now))
        addresses = _pages(place, now)
        browser = run.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with running(place, worker=False) as service:
            host = f"http://127.0.0.1:{service.port}"
            state = _signed_in(browser, host)
            for wide in (WIDE, PHONE):
                look = partial(_painted, browser, host, state, wide)
                yield _figure(look, wide[0], addresses, ROUNDS if scale >= 0.1 else 1)
        browser.close()


def _pages(place: str, now: int) -> list[str]:
    """The pages to look at, each with much on it; there is somebody who may see them all."""
    db = open_database(place)
    accounts.put_account(db, now, "looks", kind="person", role="admin", password=PASSWORD, by="bench")
    with db.read() as tx:
        order, sku, supply = (
            tx.fetch(text(f"SELECT {key} FROM {rows} GROUP BY {key} ORDER BY count(*) DESC, {key} LIMIT 1"))[0][0]
            for key, rows in (("order_id", "lines"), ("sku", "lines"), ("supply", "pegs WHERE supply LIKE 'PO%'"))
        )
    db.close()
    lists = ("", "lines", "notices", "shipments", "reallocate", "imports", "settings", "audit")
    some = [f"lines?sku={sku}", f"orders/{order}", f"items/{sku}", f"supplies/{supply}", "search?q=chair"]
    return [f"/console/{one}" for one in (*lists, *some)]


def _signed_in(browser: Browser, host: str) -> Any:
    """What a browser keeps of somebody who has signed in."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{host}/console/sign-in")
    page.get_by_label("Name").fill("looks")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{host}/console/")
    state = context.storage_state()
    context.close()
    return state


def _figure(look: Callable[[str], float], wide: int, addresses: list[str], rounds: int) -> Figure:
    """Each page as on a first visit: nothing of it has been kept."""
    found = {address: statistics.median(look(address) for _ in range(rounds)) for address in addresses}
    worst = max(found, key=lambda address: found[address])
    said = f"median {statistics.median(found.values()):.0f} ms, worst {found[worst]:.0f} ms: {worst}"
    name = f"largest paint, {len(found)} pages, {wide} pixels wide, processor {SLOWER} times slower"
    return Figure(name, said, f"<= {MILLISECONDS} ms", found[worst] <= MILLISECONDS)


def _painted(browser: Browser, host: str, state: Any, wide: tuple[int, int], address: str) -> float:
    """How many milliseconds after it was asked for the largest part of a page is there."""
    context = browser.new_context(viewport={"width": wide[0], "height": wide[1]}, storage_state=state)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    answer = page.goto(host + address, wait_until="load")
    assert answer is not None
    assert answer.status == 200, f"{answer.status} at {address}"
    took = float(page.evaluate(LARGEST))
    context.close()
    return took
