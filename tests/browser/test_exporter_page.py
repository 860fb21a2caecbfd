"""The exporter's page for people, in Chromium: each state of the clock, narrow and wide, light and dark.

The pictures are left in .cache/browser, for a person to look at.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from chromium import PICTURES, SCHEMES, WIDTHS, show
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from support.chronyd import Chronyd
from support.exporter import Exporter
from support.waiting import wait_for

from pychrony import LeapStatus, SourceMode, SourceState, TrackingStatus
from pychrony.exporter.page import REFRESH
from pychrony.testing import FakeChronyd, make_source, make_tracking


def look(browser: Chrome, exporter: Exporter, name: str) -> str:
    """The text of the page, after it was looked at in each width and scheme."""
    browser.get(f"http://127.0.0.1:{exporter.port}/")
    for width in WIDTHS:
        for scheme in SCHEMES:
            show(browser, width, scheme)
            assert browser.execute_script("return innerWidth") == width
            # Nothing needs to be scrolled sideways to be read.
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
            assert contrast(browser, "h1") >= 4.5
            assert contrast(browser, "p") >= 4.5
            browser.save_screenshot(str(PICTURES / f"{name}-{width}-{scheme}.png"))
    assert browser.get_log("browser") == []
    return browser.find_element(By.TAG_NAME, "main").text


def contrast(browser: Chrome, selector: str) -> float:
    """The contrast of an element's text with the page's background, as WCAG 2 defines it."""
    luminances = sorted(
        luminance(browser.execute_script(script, selector))
        for script in (
            "return getComputedStyle(document.querySelector(arguments[0])).color",
            # Where the page sets no background, the browser's is Canvas.
            "const e = document.createElement('div'); e.style.color = 'Canvas'; document.body.append(e);"
            "const c = getComputedStyle(e).color; e.remove(); return c",
        )
    )
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


def luminance(color: str) -> float:
    channels = [int(each) / 255 for each in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def tracking(**fields: Any) -> TrackingStatus:
    """Measured a moment ago."""
    return make_tracking(ref_time=time.time() - 30, **fields)


SELECTED = make_source(address="192.0.2.1", state=SourceState.SELECTED)
COMBINED = make_source(
    address="2001:db8:1234:5678:9abc:def0:1234:5678", state=SourceState.UNSELECTED
)
FALSE = make_source(address="198.51.100.7", state=SourceState.FALSETICKER, latest_meas=0.25)
LOST = make_source(
    address="203.0.113.9", state=SourceState.NONSELECTABLE, reachability=0, last_sample_ago=None
)
CLOCK = make_source(address="GPS", mode=SourceMode.REFCLOCK, stratum=0, state=SourceState.JITTERY)

# Name: the level, words that the page has, and what chronyd reports.
STATES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "synchronised": ("OK", "at most", {"sources": [SELECTED, COMBINED, CLOCK, LOST]}),
    "falseticker": ("OK", "1 falseticker: 198.51.100.7", {"sources": [SELECTED, FALSE]}),
    "error-too-large": (
        "CRITICAL",
        "error-bound",
        {"sources": [SELECTED._replace(latest_meas_err=2.0)]},
    ),
    "no-selected-source": ("WARNING", "no-selected-source", {"sources": [COMBINED, LOST]}),
    "unsynchronised": (
        "CRITICAL",
        "not synchronised",
        {
            "tracking": tracking(reference_id=0, leap_status=LeapStatus.UNSYNC),
            "sources": [LOST],
        },
    ),
    "no-sources": (
        "CRITICAL",
        "chronyd has no sources",
        {"tracking": tracking(reference_id=0), "sources": []},
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_the_page_in_each_state_of_the_clock(browser: Chrome, state: str) -> None:
    level, words, reports = STATES[state]
    with FakeChronyd(**{"tracking": tracking(), **reports}) as chronyd:
        with Exporter("--address", chronyd.address) as exporter:
            text = look(browser, exporter, state)
    assert text.startswith(level)
    assert words in text
    assert browser.title.startswith(f"{level}: ")


def test_the_page_of_a_real_chronyd(browser: Chrome, client: Chronyd) -> None:
    with Exporter("--address", client.socket) as exporter:
        text = look(browser, exporter, "real")
    assert text.startswith("OK") and "* selected" in text


def test_the_page_without_chronyd(browser: Chrome) -> None:
    with Exporter("--address", "127.0.0.1:9") as exporter:
        assert look(browser, exporter, "down").startswith("CRITICAL")


def test_the_page_without_the_reports_that_it_needs(browser: Chrome, client: Chronyd) -> None:
    with Exporter("--address", client.socket, "--no-collector", "sources") as exporter:
        assert look(browser, exporter, "switched-off").startswith("UNKNOWN")


def test_the_page_refreshes_itself(browser: Chrome) -> None:
    with FakeChronyd(tracking=tracking(), sources=[SELECTED]) as chronyd:
        with Exporter("--address", chronyd.address) as exporter:
            browser.get(f"http://127.0.0.1:{exporter.port}/")
            assert browser.find_element(By.TAG_NAME, "h1").text == "OK"
            chronyd.tracking = tracking(reference_id=0)
            wait_for(
                f"the page has changed, after {REFRESH} s",
                lambda: browser.title.startswith("CRITICAL"),
            )


def test_its_links_lead_somewhere(browser: Chrome, client: Chronyd) -> None:
    with Exporter("--address", client.socket) as exporter:
        for link, words in (
            ("/metrics", "chrony_up 1.0"),
            ("/probe", "a probe needs exactly one target"),
        ):
            browser.get(f"http://127.0.0.1:{exporter.port}/")
            browser.find_element(By.PARTIAL_LINK_TEXT, link).click()
            assert words in browser.page_source
