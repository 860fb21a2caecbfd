"""The scripts of the gallery run. They need matplotlib and pandas, which the environment of the documentation has."""

from __future__ import annotations

import math
import runpy
import sqlite3
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


def log(database: Path) -> None:
    done = run("log_clock", database, "0", "1")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "clock.db"


def rows(database: Path) -> list[dict[str, object]]:
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute("SELECT * FROM clock ORDER BY time")]
    finally:
        connection.close()


def test_the_log_has_a_row_for_each_sample_and_for_each_failure(
    fake_chronyd: FakeChronyd, database: Path
) -> None:
    fake_chronyd.tracking = make_tracking(offset=0.25, frequency=-4.5)
    log(database)
    fake_chronyd.refuse("tracking")
    log(database)
    first, second = rows(database)
    assert (first["offset"], first["frequency"], first["error"]) == (0.25, -4.5, None)
    assert (first["synchronised"], first["source"]) == (1, "192.0.2.1")
    assert second["offset"] is None
    assert "does not give its tracking report" in str(second["error"])


def is_unsynchronised(fake: FakeChronyd) -> None:
    fake.tracking = make_tracking(reference_id=0)


def is_refused(fake: FakeChronyd) -> None:
    fake.refuse("tracking")


@pytest.mark.parametrize("outage", [is_unsynchronised, is_refused])
def test_an_outage_breaks_the_lines_and_the_areas(
    outage: Callable[[FakeChronyd], None], database: Path
) -> None:
    def log_good(*offsets: float) -> None:
        for offset in offsets:
            with FakeChronyd(tracking=make_tracking(offset=offset)):
                log(database)

    log_good(0.0, 0.001)
    with FakeChronyd() as fake:
        outage(fake)
        log(database)
    log_good(0.002, 0.003)
    plot = runpy.run_path(str(EXAMPLES / "plot_clock.py"))
    plot["main"](database, database.with_suffix(".svg"))
    figure = plot["pyplot"].gcf()
    upper, lower = figure.axes
    try:
        drawn = [float(value) for value in upper.lines[0].get_ydata()]
        assert drawn == pytest.approx([0.0, 1000.0, math.nan, 2000.0, 3000.0], nan_ok=True)
        for axes in (upper, lower):
            assert [math.isnan(value) for value in axes.lines[0].get_ydata()].index(True) == 2
            (area,) = axes.collections
            assert len(area.get_paths()) == 2
            assert all(map(math.isfinite, axes.get_ylim()))
    finally:
        plot["pyplot"].close(figure)


def test_the_log_is_drawn(fake_chronyd: FakeChronyd, database: Path) -> None:
    for offset in (0.0, 0.001, 0.002):
        fake_chronyd.tracking = make_tracking(offset=offset)
        log(database)
    picture = database.with_suffix(".svg")
    done = run("plot_clock", database, picture)
    # Where matplotlib makes its cache of fonts first, it says so on standard error if that takes long.
    assert done.returncode == 0, done.stderr
    assert xml.etree.ElementTree.parse(picture).getroot().tag.endswith("svg")


def test_an_empty_log_is_not_drawn(fake_chronyd: FakeChronyd, database: Path) -> None:
    fake_chronyd.tracking = make_tracking(reference_id=0)
    log(database)
    done = run("plot_clock", database, database.with_suffix(".svg"))
    assert done.returncode == 1
    assert "has no sample of a synchronised clock yet" in done.stderr


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
