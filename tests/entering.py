"""Coming into the console in a browser."""

from typing import Any

PASSWORD = "a rather long pass phrase"


def signed_in(browser: Any, base: str, name: str, path: str, **said: Any) -> Any:
    """A page of the console at `path`, for somebody with PASSWORD; what is `said` is of the browser's context."""
    page = browser.new_context(**said).new_page()
    page.goto(f"{base}/console/sign-in?next={path}")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**{path}")
    return page
