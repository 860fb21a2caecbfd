"""pychrony metrics: the metrics once, for node_exporter's textfile collector."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from signal import Signals

import pytest
from support.child import Process
from support.chronyd import Chronyd
from support.exporter import COMMAND, parse, value
from support.responder import Responder
from support.waiting import DEADLINE, wait_for

from pychrony.exporter.metrics_command import replace, write


def metrics(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "metrics", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)


def test_metrics_are_printed(client: Chronyd) -> None:
    done = metrics("--address", client.socket)
    assert (done.returncode, done.stderr) == (0, "")
    samples = parse(done.stdout)
    assert value(samples, "chrony_up") == value(samples, "chrony_synchronized") == 1
    assert client.client_files() == []


def test_metrics_are_those_of_chronyd_and_not_of_the_process(client: Chronyd) -> None:
    names = {name.split("_")[0] for name, _ in parse(metrics("--address", client.socket).stdout)}
    assert names == {"chrony", "pychrony"}


def test_reports_can_be_left_out(client: Chronyd) -> None:
    done = metrics("--address", client.socket, "--collector", "tracking")
    assert value(parse(done.stdout), "chrony_tracking_stratum") == 9
    assert "chrony_sources" not in done.stdout


def test_a_chronyd_that_is_down_is_written_too(tmp_path: Path) -> None:
    done = metrics("--address", "127.0.0.1:9", "--output", str(tmp_path / "chrony.prom"))
    assert done.returncode == 0
    assert done.stderr.startswith("pychrony metrics: tracking: cannot reach chronyd.")
    assert value(parse((tmp_path / "chrony.prom").read_text()), "chrony_up") == 0


def test_the_file_is_readable_by_everybody_and_nothing_else_is_left(
    client: Chronyd, tmp_path: Path
) -> None:
    path = tmp_path / "chrony.prom"
    path.write_text("old")
    path.chmod(0o600)
    done = metrics("--address", client.socket, "--output", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert value(parse(path.read_text()), "chrony_up") == 1
    assert os.listdir(tmp_path) == ["chrony.prom"]


def test_a_reader_that_has_the_old_file_open_keeps_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "chrony.prom"
    path.write_text("the old file\n")
    with open(path) as reader:
        replace(path, b"new\n")
        assert reader.read() == "the old file\n"
    assert path.read_text() == "new\n"


def test_the_collector_does_not_read_an_unfinished_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """node_exporter reads every file that ends in .prom."""
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(os.listdir(tmp_path)))
    replace(tmp_path / "chrony.prom", b"new\n")
    assert len(seen[0]) == 1 and not seen[0][0].endswith(".prom")


def test_a_failed_write_leaves_only_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "chrony.prom"
    path.write_text("old\n")

    def disk_full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        replace(path, b"new\n")
    assert os.listdir(tmp_path) == ["chrony.prom"]
    assert path.read_text() == "old\n"


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to("/dev/null")
    before = os.lstat("/dev/null")
    for path in (Path("/dev/null"), tmp_path / "null"):
        write(path, b"text\n")
    assert os.lstat("/dev/null") == before and (tmp_path / "null").is_symlink()


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write(path, b"text\n")
        assert os.read(read, 100) == b"text\n"
    finally:
        os.close(read)
    assert path.is_fifo()


def test_a_full_device_is_an_error() -> None:
    done = metrics("--address", "127.0.0.1:9", "--output", "/dev/full")
    assert done.returncode == 3
    assert "No space left on device" in done.stderr


def test_a_closed_standard_output_is_an_error() -> None:
    command = [*COMMAND, "metrics", "--address", "127.0.0.1:9"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 3
    assert "standard output is closed" in done.stderr and "Traceback" not in done.stderr


def test_a_directory_that_does_not_exist_is_an_error() -> None:
    done = metrics("--address", "127.0.0.1:9", "--output", "/nonexistent/chrony.prom")
    assert done.returncode == 3
    assert "pychrony metrics: cannot write the metrics: " in done.stderr
    assert "/nonexistent/" in done.stderr


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_in_the_middle_leaves_no_file(signal: str, stopped: Chronyd) -> None:
    command = [*COMMAND, "metrics", "--address", stopped.socket, "--timeout", "600"]
    process = Process(command, stderr=subprocess.PIPE)
    wait_for("chronyd is asked", stopped.client_files)
    process.send_signal(Signals[signal])
    assert process.finish().returncode == -Signals[signal]
    assert stopped.client_files() == []


def test_a_malformed_address_is_an_error() -> None:
    for address in ("1.2.3", "localhost:0"):
        done = metrics("--address", address)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_hosts_name_is_resolved() -> None:
    with Responder() as daemon:
        samples = parse(metrics("--address", f"localhost:{daemon.port}").stdout)
    assert value(samples, "chrony_up") == 1
    assert value(samples, "chrony_tracking_stratum") == 3


def test_a_host_without_an_address_is_a_chronyd_that_is_down() -> None:
    done = metrics("--address", "nosuch.invalid")
    assert done.returncode == 0
    assert "tracking: cannot resolve the host name 'nosuch.invalid'" in done.stderr
    assert value(parse(done.stdout), "chrony_up") == 0
