"""The site that `make docs` built, in Chromium: its pages narrow and wide, light and dark, and its search."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator

import pytest
from chromium import PICTURES, ROOT, SCHEMES, WIDTHS, show
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from support.waiting import wait_for

SITE = ROOT / ".cache" / "docs"
PAGES = ["index", "quickstart", "health", "interval-clock", "command", "recipes-containers"]
PAGES += ["reference", "records", "enumerations", "performance", "genindex"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address under which the site is served."""
    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_readable_in_each_width_and_scheme(page: str, browser: Chrome, site: str) -> None:
    browser.get_log("browser")  # what earlier pages left there
    browser.get(f"{site}/{page}.html")
    for width in WIDTHS:
        for scheme in SCHEMES:
            show(browser, width, scheme)
            for part in ("html", ".content"):  # on a telephone, it is the content that would scroll
                script = f"return document.querySelector('{part}').scrollWidth"
                assert browser.execute_script(script) <= width, part
            browser.save_screenshot(str(PICTURES / f"site-{page}-{width}-{scheme}.png"))
    script = (
        "return [...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)"
    )
    assert browser.execute_script(script) == []
    assert browser.get_log("browser") == []


def results(browser: Chrome, site: str, words: str) -> list[str]:
    """Where the results of a search lead, the best first."""
    browser.get(f"{site}/search.html?q={words}")

    def links() -> list[str]:
        found = browser.find_elements(By.CSS_SELECTOR, "#search-results li a")
        return [str(link.get_attribute("href")) for link in found]

    wait_for(f"results for {words}", lambda: bool(links()))
    return links()


def test_the_search_finds_the_recipe_for_docker(browser: Chrome, site: str) -> None:
    assert any("recipes-containers" in link for link in results(browser, site, "docker"))


@pytest.mark.parametrize("name", ["get_tracking", "TrackingStatus", "SourceState"])
def test_the_search_finds_a_name_before_prose(name: str, browser: Chrome, site: str) -> None:
    address, _, anchor = results(browser, site, name)[0].partition("#")
    assert anchor.startswith("pychrony.") and anchor.endswith(name), address


def test_the_search_finds_the_function_before_methods_of_its_name(
    browser: Chrome, site: str
) -> None:
    assert results(browser, site, "get_tracking")[0].endswith("#pychrony.get_tracking")
