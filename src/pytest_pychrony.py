"""The pytest plugin of pychrony: its fixtures are there wherever it is installed.

It stands beside the package, not in it: pytest loads it in every run, and importing anything from the package needs
libchrony, which a machine that only runs tests may not have.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pychrony import RTCData, Source, SourceStats, TrackingStatus
    from pychrony.testing import FakeChronyd


@pytest.fixture
def fake_chronyd(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeChronyd]:
    """A chronyd that answers what the test says, and that pychrony's functions ask by default during the test."""
    from pychrony.testing import FakeChronyd

    # monkeypatch is undone after this fixture has ended. If the test sets the variable through it, it would restore this
    # chronyd's address, unless it has recorded the earlier value first. pychrony treats empty as not set.
    monkeypatch.setenv("PYCHRONY_ADDRESS", os.environ.get("PYCHRONY_ADDRESS", ""))
    with FakeChronyd() as chronyd:
        yield chronyd


@pytest.fixture
def tracking_status() -> TrackingStatus:
    """The tracking report of a clock that is synchronised."""
    from pychrony.testing import make_tracking

    return make_tracking()


@pytest.fixture
def source() -> Source:
    """A source that is selected and reachable."""
    from pychrony.testing import make_source

    return make_source()


@pytest.fixture
def source_stats() -> SourceStats:
    """The statistics of a source with enough samples."""
    from pychrony.testing import make_source_stats

    return make_source_stats()


@pytest.fixture
def rtc_data() -> RTCData:
    """The data of a real-time clock that is calibrated."""
    from pychrony.testing import make_rtc_data

    return make_rtc_data()
