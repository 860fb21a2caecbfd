"""The site that `make docs` built, in Chromium: its pages narrow and wide, light and dark, and its search."""

from __future__ import annotations

import functools
import http.server
import threading
import urllib.parse
import urllib.request
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


def test_on_a_telephone_the_first_page_shows_narrow_pictures_and_no_code_scrolls(
    browser: Chrome, site: str
) -> None:
    browser.get(f"{site}/index.html")
    for width in WIDTHS:
        show(browser, width, "light")
        shown = [each for each in browser.find_elements(By.TAG_NAME, "img") if each.is_displayed()]
        sources = [str(each.get_attribute("src")) for each in shown]
        assert len(sources) == 3
        assert all(("-narrow." in source) == (width == min(WIDTHS)) for source in sources), sources
        script = "return [...document.querySelectorAll('pre')].filter(p => p.scrollWidth > p.clientWidth)"
        assert browser.execute_script(script) == []


def test_a_narrow_picture_links_to_the_wide_one(browser: Chrome, site: str) -> None:
    browser.get(f"{site}/index.html")
    links = browser.find_elements(By.CSS_SELECTOR, "a:has(> img.for-narrow-pages)")
    addresses = [str(link.get_attribute("href")) for link in links]
    assert len(addresses) == 3
    for address in addresses:
        with urllib.request.urlopen(address) as response:
            assert response.headers.get_content_maintype() == "image"


def results(browser: Chrome, site: str, words: str) -> list[str]:
    """Where the results of a search lead within the site, the best first."""
    browser.get(f"{site}/search.html?q={urllib.parse.quote(words)}")

    def is_finished() -> bool:
        summary = browser.find_elements(By.CSS_SELECTOR, "#search-results .search-summary")
        return bool(summary) and "finished" in summary[0].text

    wait_for(f"the results for {words}", is_finished)
    script = "return [...document.querySelectorAll('#search-results li > a')].map(a => a.href)"
    return [link.split("?")[0].removeprefix(f"{site}/") for link in browser.execute_script(script)]


# What the first result is: an object of that name, else the page about it.
FIRST = {
    "get_tracking": "reference.html#pychrony.get_tracking",
    "TrackingStatus": "records.html#pychrony.TrackingStatus",
    "SourceState": "enumerations.html#pychrony.SourceState",
    "tracking status": "records.html#pychrony.TrackingStatus",
    "error bound": "reference.html#pychrony.error_bound",
    "root_distance": "records.html#pychrony.TrackingStatus.root_distance",
    "health": "health.html",
    "asyncio": "asyncio.html",
    "fork": "connections.html",
    "exporter": "prometheus.html",
    "prometheus": "prometheus.html",
    "grafana": "prometheus.html",
    "icinga": "recipes-monitoring.html",
    "docker": "recipes-containers.html",
    "kubernetes": "recipes-containers.html",
    "pandas": "recipes-data.html",
    "doctor": "command.html",
}


@pytest.mark.parametrize("words", FIRST)
def test_the_search_finds_an_object_or_else_the_page_about_it_first(
    words: str, browser: Chrome, site: str
) -> None:
    assert results(browser, site, words)[0] == FIRST[words]


def test_the_search_finds_objects_before_prose(browser: Chrome, site: str) -> None:
    found = ["#" in address for address in results(browser, site, "stratum")]
    assert found.count(True) > 3
    assert found == sorted(found, reverse=True)
