"""The page for people: the verdict, the error bound and the sources. tests/browser looks at it in a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from support.chronyd import Chronyd
from support.exporter import Exporter

from pychrony import ChronyConnectionError, ErrorCode, SourceMode, SourceState, health
from pychrony.exporter import page
from pychrony.exporter.scrapes import Scrape
from pychrony.testing import make_source, make_tracking

# Elements that have no end tag.
VOID = {"meta", "link"}


class Page(HTMLParser):
    """The text of a page, its links, and whether each element is closed in its place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.parts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(str(dict(attrs)["href"]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.parts).split())


def rendered(verdict: health.Verdict | None) -> Page:
    return Page(page.render(Scrape([], verdict, "/run/chrony/chronyd.sock", True, 0.1)))


def assessed(*sources: Any, **tracking: Any) -> health.Verdict:
    status = make_tracking(**tracking)
    return health.assess(status, sources, now=status.ref_time + 1)


def test_it_shows_the_verdict_the_bound_and_the_sources(client: Chronyd) -> None:
    with Exporter("--address", client.socket) as running:
        status, text = running.get("/")
    shown = Page(text)
    assert status == 200
    assert re.search(r"OK at most [\d.]+ .?s off, synchronised to 127\.0\.0\.1", shown.text)
    assert "127.0.0.1 * selected 8" in shown.text
    assert client.socket in shown.text
    assert shown.links == ["metrics", "probe"]


def test_it_shows_that_chronyd_is_down() -> None:
    with Exporter("--address", "127.0.0.1:9") as running:
        status, text = running.get("/")
    assert status == 200
    assert "CRITICAL CRITICAL: cannot reach chronyd" in Page(text).text


def test_it_refreshes_itself(client: Chronyd) -> None:
    assert f'<meta http-equiv="refresh" content="{page.REFRESH}">' in page.render(
        Scrape([], assessed(), None, True, 0.1)
    )


def test_a_source_that_is_combined_is_not_called_unselected() -> None:
    combined = make_source(state=SourceState.UNSELECTED)
    assert "+ combined with the selected one" in rendered(assessed(combined)).text


def test_it_lists_findings_with_their_codes() -> None:
    shown = rendered(assessed(make_source(state=SourceState.UNSELECTED)))
    assert "WARNING WARNING: no source is selected" in shown.text
    assert "no-selected-source" in shown.text


def test_it_shows_an_error_of_chronyd() -> None:
    error = ChronyConnectionError("cannot <reach> chronyd", ErrorCode.OPEN_FAILED)
    shown = rendered(health.failed(error))
    assert shown.text.startswith("CRITICAL: chronyd at /run/chrony/chronyd.sock CRITICAL")
    assert "cannot <reach> chronyd" in shown.text
    assert "Sources" not in shown.text


def test_it_explains_why_there_is_no_verdict() -> None:
    assert "tracking and sources, which a verdict needs, are switched off" in rendered(None).text


def test_a_value_that_was_not_measured_is_a_dash() -> None:
    source = make_source(state=SourceState.NONSELECTABLE, reachability=0, last_sample_ago=None)
    assert "? not usable" in rendered(assessed(source)).text
    assert page._or_dash(None, str) == "\N{EN DASH}"


def test_a_clock_without_a_source_has_no_offset() -> None:
    assert "Offset" in rendered(assessed()).text
    for reference in (0, 0x7F7F0101):
        assert "Offset" not in rendered(assessed(reference_id=reference)).text


def test_spare_slots_of_a_pool_are_not_listed() -> None:
    slot = make_source(address="ID#0000000001", state=SourceState.NONSELECTABLE)
    assert "ID#" not in rendered(assessed(make_source(), slot)).text


def test_names_are_escaped() -> None:
    clock = make_source(address="<b>&", mode=SourceMode.REFCLOCK)
    shown = rendered(assessed(clock))
    assert "<b>&" in shown.text


@pytest.mark.parametrize("name", ["Content-Security-Policy", "Cache-Control"])
def test_it_is_neither_cached_nor_able_to_load_anything(name: str) -> None:
    assert dict(page.HEADERS)[name].startswith(("default-src 'none'", "no-store"))
