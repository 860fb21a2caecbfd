"""pychrony log: whole rows on the beat, whatever happens to chronyd, to the disk or to the process; and their summary."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import child, command, namespace
from support.child import environment
from support.chronyd import Chronyd, client_of
from support.waiting import DEADLINE, wait_for

from pychrony import SourceState
from pychrony.command import clock, log, log_file
from pychrony.testing import FakeChronyd, make_source, make_tracking

HEADER = ",".join(log.COLUMNS) + "\n"


def table(text: str) -> list[dict[str, str]]:
    """The rows of a log, each of which must be whole."""
    assert text.startswith(HEADER) and text.endswith("\n")
    assert text.count(HEADER) == 1
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    assert len(rows) == text.count("\n") - 1
    for row in rows:
        assert None not in row.values() and None not in row, row
    return rows


def rows_of(*arguments: str | os.PathLike[str]) -> list[dict[str, str]]:
    return table(command.output("log", *arguments))


class Running:
    """`pychrony log` that appends to a file. It is gone after leaving."""

    def __init__(self, output: Path, *arguments: str, limit: int | None = None) -> None:
        self.output = output
        self.command = [command.path(), "log", "--interval", "0.02", "-o", str(output), *arguments]
        self.limit = limit

    def _limited(self) -> None:
        assert self.limit is not None
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, resource.RLIM_INFINITY))

    def __enter__(self) -> Running:
        self.process = child.Process(
            self.command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment({}),
            preexec_fn=None if self.limit is None else self._limited,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def rows(self, at_least: int = 1, path: Path | None = None) -> list[dict[str, str]]:
        """The rows, once there are so many."""
        path = path or self.output
        wait_for(
            f"{at_least} rows in {path.name}",
            lambda: path.exists() and path.read_text().count("\n") > at_least,
        )
        return table(path.read_text())

    def end(self, number: int = signal.SIGTERM) -> str:
        """What it printed on standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=DEADLINE)
        assert "Traceback" not in errors
        return errors


@pytest.fixture
def fake() -> Iterator[FakeChronyd]:
    with FakeChronyd(tracking=make_tracking(ref_time=time.time())) as chronyd:
        yield chronyd


# The rows.


def test_a_row_has_the_verdict_the_bound_and_chronyds_numbers(fake: FakeChronyd) -> None:
    before = time.time_ns()
    (row,) = rows_of("--count", "1", "--max-stratum", "2")
    status = fake.tracking
    assert log.utc(before) <= row["time"] <= log.utc(time.time_ns())
    assert row["verdict"] == "WARNING"
    assert row["findings"] == "stratum"
    assert row["reason"] == "stratum 3 is above 2"
    for name in ("offset", "root_delay", "root_dispersion", "frequency", "skew", "stratum"):
        assert float(row[name]) == getattr(status, name)
    assert row["source"] == "192.0.2.1"
    assert row["last_measurement"] == log.utc(status.ref_time_ns)
    assert float(row["error_bound"]) == pytest.approx(0.0062286)


def test_json_lines_have_the_same(fake: FakeChronyd) -> None:
    # chronyd has half of the interval to respond.
    lines = command.output("log", "--count", "2", "--interval", "2", "--json").splitlines()
    assert len(lines) == 2
    row = json.loads(lines[1])
    assert tuple(row) == log.COLUMNS
    assert (row["verdict"], row["stratum"], row["reason"]) == ("OK", 3, None)


def test_a_row_without_a_response_gives_the_reason() -> None:
    (row,) = rows_of("--count", "1", "-a", "127.0.0.1:9")
    assert (row["verdict"], row["findings"]) == ("CRITICAL", "unreachable")
    assert row["reason"].startswith("cannot reach chronyd. Tried 127.0.0.1:9")
    assert {row[name] for name in ("error_bound", "offset", "stratum", "source")} == {""}


def test_without_a_bound_or_a_source_the_cells_are_empty(fake: FakeChronyd) -> None:
    fake.sources = [make_source(state=SourceState.NONSELECTABLE)]
    (row,) = rows_of("--count", "1")
    assert (row["error_bound"], row["verdict"]) == ("", "WARNING")
    assert row["findings"] == "no-selected-source few-sources"


@pytest.mark.parametrize(
    "kind, code", [("unsynchronised", "unsynchronised"), ("server", "local-reference")]
)
def test_a_clock_without_a_source_has_no_numbers_but_its_frequency(
    kind: str, code: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    address = request.getfixturevalue(kind).socket
    (row,) = rows_of("--count", "1", "-a", address)
    assert {name for name, value in row.items() if value} == {
        "time",
        "verdict",
        "findings",
        "reason",
        "frequency",
    }
    assert (row["verdict"], row["findings"]) == ("CRITICAL", code)
    path = tmp_path / "clock.json"
    command.output("log", "--count", "1", "--json", "-a", address, "-o", path)
    values = json.loads(path.read_text())
    numbers = set(log.COLUMNS[2:11]) - {"frequency"}
    assert {name: values[name] for name in numbers} == dict.fromkeys(numbers)
    (day,) = summary(path, "--interval", "10")
    assert (day["rows_without_bound"], day["greatest_error_bound"]) == (1, None)
    assert day["seconds_within_limit"] == 0


def test_rows_follow_the_monotonic_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept, costs = [100.0], [], iter([0.25, 0.0, 3.5, 1.0, 0.0])

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    at = []
    for _, cost in zip(clock.beats(1.0), costs):
        at.append(now[0])
        now[0] += cost
    # What took 3.5 s cost three rows, and a row that took the whole interval none.
    assert at == [100.0, 101.0, 102.0, 106.0, 107.0]


def test_the_last_row_is_not_followed_by_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "sleep")
    assert [len(list(clock.beats(1e9, number))) for number in (0, 1)] == [0, 1]


def test_a_chronyd_that_does_not_answer_costs_no_row(stopped: Chronyd) -> None:
    begin = time.monotonic()
    rows = rows_of("--count", "3", "--interval", "0.4", "-a", stopped.socket)
    assert [row["findings"] for row in rows] == ["timeout"] * 3
    assert time.monotonic() - begin >= 0.8


# Files.


def test_rows_are_appended_and_the_header_is_written_once(
    fake: FakeChronyd, tmp_path: Path
) -> None:
    path = tmp_path / "clock.csv"
    for _ in range(2):
        assert command.output("log", "--count", "2", "--interval", "0.01", "-o", path) == ""
    assert len(table(path.read_text())) == 4


def test_a_killed_log_leaves_whole_rows_and_is_continued(fake: FakeChronyd, tmp_path: Path) -> None:
    path = tmp_path / "clock.csv"
    for _ in range(5):
        before = len(table(path.read_text())) if path.exists() else 0
        with Running(path) as running:
            running.rows(before + 3)
            running.end(signal.SIGKILL)
            table(path.read_text())


@pytest.mark.parametrize("tail", ["2026-11-26T22:00:00.0000", '2026,"', "x" * 10_000])
def test_a_row_that_a_crash_cut_short_is_removed(
    fake: FakeChronyd, tmp_path: Path, tail: str
) -> None:
    path = tmp_path / "clock.csv"
    command.output("log", "--count", "1", "-o", path)
    whole = path.read_text()
    path.write_text(whole + tail)
    done = command.run("log", "--count", "1", "-o", path)
    assert done.stderr == f"pychrony: {path}: its last row was incomplete, and has been removed\n"
    assert path.read_text().startswith(whole)
    assert len(table(path.read_text())) == 2
    path.write_text(HEADER[:20])
    assert command.run("log", "--count", "1", "-o", path).returncode == 0
    assert len(table(path.read_text())) == 1


def test_on_a_full_disk_no_part_of_a_row_stays_and_writing_goes_on_later(
    fake: FakeChronyd, tmp_path: Path
) -> None:
    path = tmp_path / "clock.csv"
    # As on a full disk, write() writes as much as there is room for, and fails when there is none.
    # There is room for several rows even if all of them say that chronyd took too long.
    with Running(path, limit=len(HEADER) + 2000) as running:
        running.rows(2)
        errors = running.process.stderr
        assert errors is not None
        message = errors.readline()
        assert message.startswith(f"pychrony: {path}: rows are lost: ")
        full = path.read_text()
        assert len(table(full)) >= 2
        infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, infinite)
        rows = running.rows(full.count("\n") + 1)
        assert errors.readline().startswith(f"pychrony: {path}: rows are written again, ")
        assert path.read_text().startswith(full)
        assert len(rows) > len(table(full))


FULL_DISK = """
import csv, os, subprocess, sys
sys.path.insert(0, sys.argv[2])
from support.namespace import mount
directory, command = "/run/disk", [sys.argv[1], "log", "--interval", "0.005", "-o", "/run/disk/clock.csv"]
os.mkdir(directory)
mount("tmpfs", directory, "size=16k")
with open("/run/disk/ballast", "wb") as ballast:
    ballast.write(bytes(8192))
log = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
print(log.stderr.readline(), end="")
text = open("/run/disk/clock.csv").read()
print(text.endswith("\\n"), {len(row) for row in csv.reader(text.splitlines())})
os.unlink("/run/disk/ballast")
print(log.stderr.readline().rpartition(",")[0])
log.terminate()
log.communicate()
after = open("/run/disk/clock.csv").read()
print(after.startswith(text), len(after) > len(text), {len(row) for row in csv.reader(after.splitlines())})
"""


def test_on_a_file_system_without_room_rows_stay_whole(fake: FakeChronyd) -> None:
    tests = str(Path(__file__).parent.parent)
    done = child.execute(
        [*namespace.prefix(), sys.executable, "-c", FULL_DISK, command.path(), tests]
    )
    columns = {len(log.COLUMNS)}
    assert done.stdout.splitlines() == [
        "pychrony: /run/disk/clock.csv: rows are lost: No space left on device",
        f"True {columns}",
        "pychrony: /run/disk/clock.csv: rows are written again",
        f"True True {columns}",
    ]


def test_a_disk_that_is_full_from_the_start_is_reported(fake: FakeChronyd) -> None:
    done = command.run("log", "--count", "2", "--interval", "0.01", "-o", "/dev/full")
    assert done.returncode == 3
    assert done.stderr.startswith("pychrony: /dev/full: ")
    assert "No space left on device" in done.stderr


def test_standard_output_that_cannot_be_written_ends_it(fake: FakeChronyd) -> None:
    for shell, said in [
        ('"$@" > /dev/full', "No space left on device"),
        ('"$@" >&-', "Bad file descriptor"),
    ]:
        done = subprocess.run(
            ["/bin/sh", "-c", shell, "sh", command.path(), "log"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        assert (done.returncode, said in done.stderr) == (3, True), done
        assert done.stderr.count("\n") == 1


def test_standard_output_may_be_a_file_that_fills_up(fake: FakeChronyd, tmp_path: Path) -> None:
    path = tmp_path / "clock.csv"
    with open(path, "w") as file:
        done = subprocess.run(
            [command.path(), "log", "--interval", "0.01"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=Running(path, limit=len(HEADER) + 2000)._limited,
            timeout=DEADLINE,
        )
    assert done.returncode == 3
    assert len(table(path.read_text())) >= 2


def test_a_rotation_is_followed_at_sighup(fake: FakeChronyd, tmp_path: Path) -> None:
    path, old = tmp_path / "clock.csv", tmp_path / "clock.csv.1"
    with Running(path) as running:
        running.rows(2)
        path.rename(old)
        running.rows(len(table(old.read_text())) + 2, old)
        running.process.send_signal(signal.SIGHUP)
        running.rows(2)
        size = old.stat().st_size
        running.rows(len(table(path.read_text())) + 2)
        assert old.stat().st_size == size
        table(old.read_text())
        assert running.end() == ""


def test_a_rotation_that_copies_and_truncates_gets_a_header_again(
    fake: FakeChronyd, tmp_path: Path
) -> None:
    path = tmp_path / "clock.csv"
    with Running(path) as running:
        running.rows(2)
        os.truncate(path, 0)
        running.rows(2)


def test_a_file_that_is_not_there_for_a_moment_is_tried_again(
    fake: FakeChronyd, tmp_path: Path
) -> None:
    directory = tmp_path / "logs"
    directory.mkdir()
    path = directory / "clock.csv"
    with Running(path) as running:
        running.rows(1)
        away = tmp_path / "away"
        directory.rename(away)
        running.process.send_signal(signal.SIGHUP)
        assert running.process.stderr is not None
        assert (
            "rows are lost: cannot append to it: No such file" in running.process.stderr.readline()
        )
        away.rename(directory)
        running.rows(len(table(path.read_text())) + 1)


def test_a_file_that_is_not_a_log_is_not_appended_to(fake: FakeChronyd, tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    path.write_text("root:x:0:0\n")
    for arguments in ((), ("--json",)):
        done = command.run("log", "--count", "1", *arguments, "-o", path)
        assert done.returncode == 3
        assert "is not a log of this format" in done.stderr
    assert path.read_text() == "root:x:0:0\n"
    done = command.run("log", "-o", tmp_path / "missing" / "file")
    assert (done.returncode, "No such file or directory" in done.stderr) == (3, True)


def test_two_processes_do_not_append_to_one_file(fake: FakeChronyd, tmp_path: Path) -> None:
    path = tmp_path / "clock.csv"
    with Running(path) as running:
        running.rows(1)
        done = command.run("log", "--count", "1", "-o", path)
        assert (done.returncode, "another process is writing to it" in done.stderr) == (3, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(fake: FakeChronyd, tmp_path: Path, number: int) -> None:
    with Running(tmp_path / "clock.csv") as running:
        running.rows(1)
        assert running.end(number) == ""
        assert running.process.returncode == -number


def test_a_signal_within_a_short_write_does_not_keep_the_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "clock.csv"
    file = log_file.open_file(str(path), HEADER)
    write = os.write

    def short(file: int, data: bytes) -> int:
        written = write(file, data[:-5])
        signal.raise_signal(signal.SIGHUP)
        return written

    class Ended(Exception):
        pass

    def end(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGHUP, end)
    monkeypatch.setattr(os, "write", short)
    try:
        with pytest.raises((Ended, OSError)):
            log_file.append(file, "a row of some length\n", HEADER)
    finally:
        signal.signal(signal.SIGHUP, before)
        os.close(file)
    assert path.read_bytes() == b""


def test_it_goes_on_across_a_restart_of_chronyd(server: Chronyd, tmp_path: Path) -> None:
    path = tmp_path / "clock.csv"
    with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
        daemon.wait_synchronised()
        with Running(path, "-a", daemon.socket, "--max-error", "20s") as running:
            running.rows(1)
            wait_for("a good row", lambda: ",OK," in path.read_text())
            daemon.terminate()
            wait_for("a row without answer", lambda: "unreachable" in path.read_text())
            daemon.restart()
            daemon.wait_synchronised()
            seen = path.read_text().count(",OK,")
            wait_for("good rows again", lambda: path.read_text().count(",OK,") > seen)
            assert running.end() == ""
    verdicts = [row["verdict"] for row in table(path.read_text())]
    assert verdicts[-1] == "OK"
    assert "CRITICAL" in verdicts


# The summary.

DAY = "2026-11-26"


def written(path: Path, *rows: tuple[str, float | None]) -> Path:
    lines = [HEADER]
    for when, bound in rows:
        values: dict[str, Any] = dict.fromkeys(log.COLUMNS)
        values.update(time=f"{when}Z", error_bound=bound, verdict="OK")
        lines.append(log.encode(values, as_json=False))
    path.write_text("".join(lines))
    return path


def summary(*arguments: str | os.PathLike[str]) -> list[dict[str, Any]]:
    days: list[dict[str, Any]] = json.loads(
        command.output("log", "--summary", "--json", "--max-error", "1ms", *arguments)
    )
    return days


def test_a_summary_has_rows_gaps_the_greatest_bound_and_the_share_within_the_limit(
    tmp_path: Path,
) -> None:
    path = written(
        tmp_path / "clock.csv",
        (f"{DAY}T10:00:00.000000000", 0.0005),
        (f"{DAY}T10:00:10.000000000", 0.001),
        (f"{DAY}T10:00:20.000000000", 0.0011),
        (f"{DAY}T10:00:30.000000000", None),
        (f"{DAY}T10:00:40.000000000", 0.0002),
        # Five rows are missing.
        (f"{DAY}T10:01:40.000000000", 0.0002),
    )
    (day,) = summary(path)
    assert day == {
        "day": DAY,
        "rows": 6,
        "gaps": 1,
        "rows_without_bound": 1,
        "greatest_error_bound": 0.0011,
        "limit": 0.001,
        "seconds": 110.0,
        # Four rows of ten seconds each: the time that the gap takes is not within the limit.
        "seconds_within_limit": 40.0,
        "share_within_limit": 40 / 110,
    }


def test_a_row_may_be_late_by_half_an_interval(tmp_path: Path) -> None:
    for late, gaps, within in (("14.900000000", 0, 24.9), ("15.100000000", 1, 20.0)):
        path = written(
            tmp_path / "clock.csv",
            (f"{DAY}T10:00:00.000000000", 0.0001),
            (f"{DAY}T10:00:{late}", 0.0001),
        )
        (day,) = summary(path, "--interval", "10")
        assert (day["gaps"], day["seconds_within_limit"]) == (gaps, pytest.approx(within))


def test_days_are_those_of_utc_and_a_day_without_rows_is_a_gap(tmp_path: Path) -> None:
    path = written(
        tmp_path / "clock.csv",
        ("2026-11-26T23:59:50.000000000", 0.0001),
        ("2026-11-26T23:59:55.000000000", 0.0001),
        ("2026-11-27T00:00:05.000000000", 0.0003),
        ("2026-11-29T00:00:05.000000000", 0.0001),
    )
    first, second, third, fourth = summary(path, "--interval", "10")
    assert [day["day"][-2:] for day in (first, second, third, fourth)] == ["26", "27", "28", "29"]
    assert (first["rows"], first["gaps"], first["seconds"]) == (2, 0, 10)
    assert first["share_within_limit"] == 1
    assert (second["rows"], second["gaps"], second["greatest_error_bound"]) == (1, 1, 0.0003)
    assert (second["seconds"], second["seconds_within_limit"]) == (86400, 15)
    assert (third["rows"], third["gaps"], third["share_within_limit"]) == (0, 1, 0)
    assert (fourth["seconds"], fourth["seconds_within_limit"]) == (15, 10)


def test_a_clock_that_was_set_back_is_a_gap_and_no_time(tmp_path: Path) -> None:
    path = written(
        tmp_path / "clock.csv",
        (f"{DAY}T10:00:00.000000000", 0.0001),
        (f"{DAY}T10:00:10.000000000", 0.0001),
        (f"{DAY}T09:00:00.000000000", 0.0001),
    )
    (day,) = summary(path, "--interval", "10")
    assert (day["gaps"], day["seconds"]) == (1, 20)


def test_files_are_read_in_the_order_of_their_rows_whatever_their_format(
    fake: FakeChronyd, tmp_path: Path
) -> None:
    old = written(
        tmp_path / "clock.csv.2",
        (f"{DAY}T10:00:00.000000000", 0.0001),
        (f"{DAY}T10:00:10.000000000", 0.0001),
    )
    packed = tmp_path / "clock.csv.2.gz"
    packed.write_bytes(gzip.compress(old.read_bytes()))
    lines = tmp_path / "clock.json"
    lines.write_text(
        json.dumps({"time": f"{DAY}T10:00:20.000000000Z", "error_bound": 0.0001}) + "\n"
    )
    (day,) = summary(lines, packed)
    assert (day["rows"], day["gaps"], day["seconds"]) == (3, 0, 30)


def test_a_log_that_another_program_wrote_again_may_have_its_ends_of_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "clock.csv", (f"{DAY}T10:00:00.000000000", 0.0001))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    done = command.run("log", "--summary", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[-7:-5] == [DAY, "1"]


def test_a_line_that_is_not_a_row_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path / "clock.csv", (f"{DAY}T10:00:00.000000000", 0.0001))
    with path.open("a") as file:
        file.write("nonsense\n" + HEADER + f"{DAY}T10:00:10")
    done = command.run("log", "--summary", path)
    assert done.returncode == 0
    assert done.stderr == "".join(
        f"pychrony: {path}, line {number} is not a complete row, and is skipped\n"
        for number in (3, 5)
    )
    assert done.stdout.split()[-7:] == [DAY, "1", "0", "0", "100", "us", "-"]


@pytest.mark.parametrize("bound", ['"x"', "[]", "NaN", "Infinity", "-1", "-0.5"])
def test_what_is_no_bound_does_not_count_as_a_good_one(tmp_path: Path, bound: str) -> None:
    path = tmp_path / "clock"
    row = f'{{"time": "{DAY}T10:00:00.000000000Z", "error_bound": %s}}\n'
    line = f"{DAY}T10:00:00.0Z,OK,%s" + 10 * "," + "\n"
    for rows in (row % 0.5 + row % bound, line % 0.5 + line % bound):
        path.write_text(rows)
        done = command.run("log", "--summary", path)
        assert done.returncode == 0
        assert done.stderr == f"pychrony: {path}, line 2 is not a complete row, and is skipped\n"


def test_a_summary_is_for_people_unless_asked_otherwise(tmp_path: Path) -> None:
    path = written(
        tmp_path / "clock.csv",
        *(
            (f"{DAY}T10:00:{second:02}.000000000", 0.002 if second == 5 else 0.0004)
            for second in range(30)
        ),
    )
    assert command.output("log", "--max-error", "1ms", "--summary", path) == (
        " Day (UTC)  Rows  Gaps  No bound  Greatest bound  Within 1 ms\n"
        "2026-11-26    30     0         0            2 ms     96.666 %\n"
    )
    text = command.output("log", "--summary", "--max-error", "1ms", path, "--csv")
    (day,) = csv.DictReader(io.StringIO(text))
    assert (day["day"], day["rows"], day["limit"]) == (DAY, "30", "0.001")


def test_its_own_log_can_be_summarised(fake: FakeChronyd, tmp_path: Path) -> None:
    for arguments in ((), ("--json",)):
        path = tmp_path / f"clock{len(arguments)}"
        command.output("log", "--count", "3", "--interval", "0.1", *arguments, "-o", path)
        (day, *_) = summary(path)
        assert day["greatest_error_bound"] == pytest.approx(0.0062286, rel=1e-4)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--json", "--csv"), 2, "--json and --csv cannot be combined"),
        (("--summary", "x", "-o", "y"), 2, "--summary and --output cannot be combined"),
        (("--summary", "--json"), 2, "--summary needs files: write pychrony log --summary FILE"),
        (("clock.csv",), 2, "write --output clock.csv to append to it, or --summary clock.csv to"),
        (("--summary", "/nonexistent"), 2, "cannot read /nonexistent: No such file or directory"),
        (("--summary", "/dev/null"), 3, "there are no rows in these files"),
        (("--interval", "0"), 2, "must be more than 0"),
        (("--count", "x"), 2, "is not a whole number"),
    ],
)
def test_a_wrong_command_line_is_refused(
    arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = command.run("log", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
