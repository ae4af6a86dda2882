"""The few pages that the service has of its own, and their one style sheet: nothing from elsewhere, no script."""

import html
from collections.abc import Sequence
from functools import lru_cache

from backorder import __version__
from backorder.adapters.http.route import OPEN, Answer, Call, House, Route

HTML = "text/html; charset=utf-8"
STYLE = """\
:root { color-scheme: light dark; --ink: light-dark(#1a1c1f, #ececee); --quiet: light-dark(#666a71, #9497a0);
  --line: light-dark(#e7e7e3, #292a30); --accent: light-dark(#284c9c, #93b2ff); --page: light-dark(#fff, #141518) }
html { font: 14px/1.45 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif }
body { max-width: 75rem; margin: 0 auto; padding: 2rem 1.5rem; background: var(--page); color: var(--ink) }
h1 { margin: 0 0 .5rem; font-size: 1.57rem; font-weight: 600 }
p { margin: 0 0 1.5rem; color: var(--quiet) }
a { color: var(--accent) }
code { font: .93em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse }
th { text-align: left; font-weight: 600; font-size: .86rem; color: var(--quiet) }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td:first-child code { font-weight: 600 }
button { font: inherit; font-weight: 600; color: #fff; background: light-dark(#284c9c, #3c63bd);
  border: 0; border-radius: 6px; padding: .6rem 1.25rem; cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
"""


def page(title: str, body: str) -> bytes:
    """A whole page. `body` is HTML already; the title is text."""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<meta name=robots content=noindex><title>Backorder: {html.escape(title)}</title>"
        f"<link rel=stylesheet href=/v1/style.css><h1>{html.escape(title)}</h1>{body}</html>"
    ).encode()


@lru_cache(maxsize=4)
def api(routes: Sequence[Route]) -> bytes:
    """Every route, and the permission it asks for."""
    rows = "".join(
        f"<tr><td><code>{route.method}</code><td><code>{html.escape(route.path.replace(':str', ''))}</code>"
        f"<td>{html.escape(route.summary)}<td>{html.escape(route.permission)}"
        for route in routes
    )
    return page(
        "The API",
        f"<p>Version {__version__}. Every route, and the permission it asks for. The whole description, for programs: "
        "<a href=openapi.json>openapi.json</a> (OpenAPI 3.1).</p>"
        "<table><thead><tr><th scope=col>Method<th scope=col>Address<th scope=col>What it does"
        f"<th scope=col>Permission<tbody>{rows}</table>",
    )


def link() -> bytes:
    """A button that signs in. Looking changes nothing: mail scanners follow links too."""
    return page("Sign in to Backorder", "<p>This link works once.</p><form method=post><button>Sign in</button></form>")


async def style(_house: House, _call: Call) -> Answer:
    """`GET /v1/style.css`."""
    return Answer(STYLE.encode(), headers={"Cache-Control": "public, max-age=3600"}, content="text/css; charset=utf-8")


SHEET = Route("GET", "/v1/style.css", OPEN, style, "How the pages look.")
