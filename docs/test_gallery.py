"""The scripts of the gallery run. They need matplotlib and pandas, which the environment of the documentation has."""

from __future__ import annotations

import math
import runpy
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from pychrony import SourceState
from pychrony.testing import (
    FakeChronyd,
    make_source,
    make_source_stats,
    make_tracking,
)

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, EXAMPLES / f"{name}.py", *arguments]
    return subprocess.run(command, text=True, capture_output=True, timeout=60, check=False)


def log(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pychrony", "log", "--count", "1", "--output", path], timeout=60
    )
    assert done.returncode == 0


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "clock.csv"


def is_unsynchronised(fake: FakeChronyd) -> None:
    fake.tracking = make_tracking(reference_id=0)


def is_refused(fake: FakeChronyd) -> None:
    fake.refuse("tracking")


@pytest.mark.parametrize("outage", [is_unsynchronised, is_refused])
def test_an_outage_breaks_the_lines_and_the_areas(
    outage: Callable[[FakeChronyd], None], record: Path
) -> None:
    def log_good(*offsets: float) -> None:
        for offset in offsets:
            with FakeChronyd(tracking=make_tracking(offset=offset)):
                log(record)

    log_good(0.0, 0.001)
    with FakeChronyd() as fake:
        outage(fake)
        log(record)
    log_good(0.002, 0.003)
    plot = runpy.run_path(str(EXAMPLES / "plot_clock.py"))
    plot["main"](record, record.with_suffix(".svg"))
    figure = plot["pyplot"].gcf()
    upper, lower = figure.axes
    try:
        drawn = [float(value) for value in upper.lines[0].get_ydata()]
        expected = [0.0, 1000.0, math.nan, 2000.0, 3000.0]
        assert drawn == pytest.approx(expected, rel=1e-6, nan_ok=True)
        for axes in (upper, lower):
            assert [math.isnan(value) for value in axes.lines[0].get_ydata()].index(True) == 2
            (area,) = axes.collections
            assert len(area.get_paths()) == 2
            assert all(map(math.isfinite, axes.get_ylim()))
    finally:
        plot["pyplot"].close(figure)


def test_the_log_is_drawn(fake_chronyd: FakeChronyd, record: Path) -> None:
    for offset in (0.0, 0.001, 0.002):
        fake_chronyd.tracking = make_tracking(offset=offset)
        log(record)
    picture = record.with_suffix(".svg")
    done = run("plot_clock", record, picture)
    # Where matplotlib makes its cache of fonts first, it says so on standard error if that takes long.
    assert done.returncode == 0, done.stderr
    assert xml.etree.ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_a_log_without_a_bound_is_not_drawn(fake_chronyd: FakeChronyd, record: Path) -> None:
    fake_chronyd.tracking = make_tracking(reference_id=0)
    log(record)
    done = run("plot_clock", record, record.with_suffix(".svg"))
    assert done.returncode == 1
    assert "has no error bound yet" in done.stderr


def test_the_sources_are_compared_steadiest_first(fake_chronyd: FakeChronyd) -> None:
    fake_chronyd.sources = [
        make_source(),
        make_source(state=SourceState.FALSETICKER),
        make_source(address="GPS", state=SourceState.UNSELECTED),
    ]
    fake_chronyd.source_stats = [
        make_source_stats(std_dev=0.002),
        make_source_stats(std_dev=0.004),
        make_source_stats(address="GPS", std_dev=0.001, offset=-0.5),
    ]
    table = runpy.run_path(str(EXAMPLES / "compare_sources.py"))["compare"]()
    assert list(table.index) == ["GPS", "192.0.2.1", "192.0.2.2"]
    assert list(table["state"]) == ["UNSELECTED", "SELECTED", "FALSETICKER"]
    assert table["offset [us]"]["GPS"] == -500000.0
    assert "FALSETICKER" in run("compare_sources").stdout


def test_no_source_is_an_empty_table(fake_chronyd: FakeChronyd) -> None:
    fake_chronyd.sources = []
    done = run("compare_sources")
    assert (done.returncode, done.stderr) == (0, "")
