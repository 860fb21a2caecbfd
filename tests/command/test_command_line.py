"""How the command behaves as a program: statuses, messages, terminals, pipes, signals, locales, no libchrony."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import child, command
from support.chronyd import LOCAL_SERVER, Chronyd
from support.command import CTRL_C, INTERRUPTED, Terminal
from support.responder import Responder, silent
from support.waiting import wait_for

import pychrony
from pychrony.__main__ import COMMANDS
from pychrony.testing import FakeChronyd

# Commands that ask once; `wait` and the exporter have tests of their own.
ASKING = ["tracking", "sources", "report tracking", "check", "doctor", "metrics"]


@pytest.fixture(scope="module")
def hung() -> Iterator[Chronyd]:
    with Chronyd(LOCAL_SERVER) as daemon:
        daemon.stop()
        yield daemon


# Wrong command lines.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tracing",), "unknown command 'tracing' (choose from tracking, sources, "),
        (("",), "unknown command ''"),
        (("--bogus",), "unknown option '--bogus'"),
        (("sources", "--", "--bogus"), "'--bogus'"),
        (("sources", "--bogus"), "unknown option '--bogus'"),
        (("sources", "192.0.2.1"), "unexpected argument '192.0.2.1'; an"),
        (("sources", "192.0.2.1"), "; an address is given with --address"),
        (("192.0.2.1",), "unknown command '192.0.2.1'; an address is given with --address"),
        (("--json", "--csv"), "--json and --csv cannot be combined"),
        (("--csv", "doctor"), "unknown option '--csv'"),
        (("--watch", "wait"), "unknown option '--watch'"),
        (("report", "check", "--bogus"), "unknown option '--bogus'"),
        (("-t", "0"), "must be more than 0"),
        (("-t", "soon"), "'soon' is not a duration: write 100us, 5ms, 1.5s"),
        (("-t", "nan"), "'nan' is not a duration"),
        (("wait", "--for", "1e400"), "'1e400' is not a duration"),
        (("report",), "the following arguments are required: NAME"),
        (("report", "nonsense"), 'no report is named "nonsense"; this libchrony knows tracking'),
        (("-a", "192.0.2.1:0"), "its port is not a number from 1 to 65535"),
        (("-a", "localhost:0"), "the port must be a number from 1 to 65535"),
        (("-a", "1.2.3"), "or [::1]:323; nor is it a host name"),
        (("-a", "[fe80::1%eth0]"), "libchrony does not accept a zone"),
        (("-a", ""), "address"),
    ],
)
def test_a_wrong_command_line_is_explained_and_has_status_2(
    arguments: tuple[str, ...], said: str
) -> None:
    done = command.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first.startswith("pychrony: ") and said in first
    assert second.startswith("Try 'pychrony") and second.endswith("--help'.")


# What goes wrong with chronyd.


def test_the_error_is_one_line_in_the_exceptions_own_words(stopped: Chronyd) -> None:
    for address in (stopped.socket, "127.0.0.1:9"):
        with pytest.raises(pychrony.ChronyError) as caught:
            pychrony.get_tracking(address, timeout=0.1)
        done = command.run("-t", "0.1", "-a", address)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr == f"pychrony: {caught.value}\n"


def test_a_report_that_the_port_does_not_give_is_status_3(server: Chronyd) -> None:
    done = command.run("serverstats", "-a", server.udp)
    assert done.returncode == 3
    assert "UNAUTHORIZED" in done.stderr


# Host names.


def test_a_hosts_name_is_resolved(server: Chronyd) -> None:
    text = command.output("tracking", "-a", f"localhost:{server.port}")
    assert "7F7F0101" in text
    done = command.run("-a", "nosuch.invalid")
    assert done.returncode == 3
    assert done.stderr.startswith("pychrony: cannot resolve the host name 'nosuch.invalid': ")


# Help.


def test_help_fits_a_screen_and_names_every_command_and_option() -> None:
    lines = command.output("--help", COLUMNS="80").splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    words = {word.strip(",") for line in lines for word in line.split()[:3]}
    assert {name for name in COMMANDS if name} <= words
    assert {"-a", "--address", "-t", "--json", "--csv", "--watch", "-v", "--version"} <= words


@pytest.mark.parametrize("name", [name for name in COMMANDS if name])
def test_a_commands_own_help_has_the_rest(name: str) -> None:
    done = command.run(name, "--help")
    text = done.stdout
    assert (done.returncode, done.stderr) == (3 if name == "check" else 0, "")
    assert text.startswith(f"usage: pychrony {name} ")
    assert "--address" in text and "\nexit status:\n" in text and "\nenvironment:\n" in text


# Without libchrony.


def test_help_and_version_need_no_libchrony(no_libchrony: Path) -> None:
    missing = {"LD_LIBRARY_PATH": str(no_libchrony), "PYCHRONY_LIBCHRONY": None}
    assert command.output("--help", **missing).startswith("usage: pychrony ")
    assert command.output("wait", "--help", **missing).startswith("usage: pychrony wait ")
    assert command.run("check", "--help", **missing).stdout.startswith("usage: pychrony check ")
    version = command.output("--version", **missing)
    assert version.startswith(f"pychrony {pychrony.__version__}\nlibchrony: cannot be loaded")


def test_a_report_without_libchrony_fails_with_the_message_of_the_import(
    no_libchrony: Path,
) -> None:
    done = command.run(LD_LIBRARY_PATH=str(no_libchrony), PYCHRONY_LIBCHRONY=None)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("pychrony: cannot load the libchrony of this system")
    assert done.stderr.count("\n") == 1


def test_the_version_names_the_libchrony_in_use() -> None:
    text = command.output("--version")
    assert text.splitlines()[:2] == [
        f"pychrony {pychrony.__version__}",
        f"libchrony: {pychrony.libchrony_path}",
    ]


def test_the_module_is_the_same_command(client: Chronyd) -> None:
    for arguments in (["--version"], ["sources", "-a", client.socket, "-v"], ["--bogus"]):
        by_module = child.execute(
            [sys.executable, "-m", "pychrony", *arguments], stderr=subprocess.PIPE
        )
        done = command.run(*arguments)
        assert by_module.returncode == done.returncode
        assert by_module.stderr == done.stderr
        assert by_module.stdout.split()[:5] == done.stdout.split()[:5]


def test_the_module_without_libchrony_explains_that_in_one_line(no_libchrony: Path) -> None:
    changes = {"LD_LIBRARY_PATH": str(no_libchrony), "PYCHRONY_LIBCHRONY": None}
    done = child.execute(
        [sys.executable, "-m", "pychrony", "doctor"],
        stderr=subprocess.PIPE,
        env=child.environment(changes),
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "ImportError: cannot load the libchrony of this system" in done.stderr


# Terminals.

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def test_colours_are_for_terminals_and_never_with_no_color(client: Chronyd) -> None:
    arguments = ("sources", "-a", client.socket)
    assert not COLOUR.search(command.output(*arguments))
    for changes, expected in (
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ):
        with Terminal(*arguments, **changes) as terminal:
            assert terminal.ended() == 0
        assert bool(COLOUR.search(terminal.seen)) is expected


def test_it_works_in_a_narrow_terminal(many: Chronyd) -> None:
    for arguments in (("--help",), ("sources", "-v", "-a", many.socket), ("-a", many.socket)):
        with Terminal(*arguments, columns=40) as terminal:
            assert terminal.ended() == 0


def test_watching_draws_over_what_was_drawn(many: Chronyd) -> None:
    with Terminal("sources", "--watch", "0.1", "-a", many.socket, columns=40, lines=12) as terminal:
        seen = terminal.wait_for("\x1b[H", times=4)
        terminal.press(CTRL_C)
        assert terminal.ended() == INTERRUPTED
    frames = seen.split("\x1b[H")[1:-1]
    for frame in frames:
        assert frame.startswith("chronyd's sources, every 0.1 s (Ctrl-C ends)")
        assert frame.endswith("\x1b[J")
        # Nothing scrolls away: the frame has room on the screen.
        lines = COLOUR.sub("", frame.replace("\x1b[K", "").replace("\x1b[J", "")).split("\r\n")
        assert sum(max(1, -(-len(line) // 40)) for line in lines) <= 12


def test_watching_goes_on_when_chronyd_is_away(server: Chronyd) -> None:
    with Chronyd() as daemon:
        with Terminal("tracking", "--watch", "0.1", "-a", daemon.udp, columns=200) as terminal:
            terminal.wait_for("Reference ID")
            daemon.terminate()
            terminal.wait_for("cannot reach chronyd")
            so_far = terminal.seen.count("Reference ID")
            daemon.restart()
            terminal.wait_for("Reference ID", times=so_far + 1)


def test_watching_for_a_program_writes_a_line_for_each_round(client: Chronyd) -> None:
    for arguments, lines in ((("--json",), 3), (("--csv",), 4)):
        with child.Process(
            [command.path(), *arguments, "--watch", "50ms", "-a", client.socket],
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            read = [process.stdout.readline() for _ in range(lines)]
            process.terminate()
            assert process.wait() == -15
        if arguments == ("--json",):
            assert [json.loads(line)["stratum"] for line in read] == [9, 9, 9]
        else:
            headings, *rows = csv.reader(read)
            assert (headings[:2], headings[-1]) == (["time", "reference_id"], "error")
            assert all(float(row[0]) and row[-1] == "" for row in rows)


@pytest.mark.parametrize("format", ["--json", "--csv"])
@pytest.mark.parametrize("report", [["tracking"], ["sources"], ["report", "sources"]])
def test_watching_for_a_program_makes_a_row_of_a_failed_round_too(
    report: list[str], format: str
) -> None:
    with FakeChronyd() as daemon:
        with child.Process(
            [
                command.path(),
                *report,
                format,
                "--watch",
                "50ms",
                "-t",
                "200ms",
                "-a",
                daemon.address,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            lines = iter(process.stdout.readline, "")
            read = [next(lines), next(lines)]
            daemon.silent = True
            wait_for(
                "a failed round", lambda: read.append(next(lines)) or "did not respond" in read[-1]
            )
            daemon.silent = False
            wait_for(
                "another", lambda: read.append(next(lines)) or "did not respond" not in read[-1]
            )
            process.terminate()
            assert process.stderr.read() == ""
    if format == "--json":
        rows = [json.loads(line) for line in read]
        rows = [row[0] if isinstance(row, list) else row for row in rows]
        assert {list(row)[0] for row in rows} == {"time"}
        assert sorted({"error" in row for row in rows}) == [False, True]
    else:
        headings, *cells = csv.reader(read)
        assert (headings[0], headings[-1]) == ("time", "error")
        assert {len(row) for row in cells} == {len(headings)}
        assert sorted({bool(row[-1]) for row in cells}) == [False, True]


def test_ctrl_c_ends_a_waiting_call_at_once_and_without_a_message() -> None:
    with Responder(silent) as daemon:
        with Terminal("-t", "1000", "-a", daemon.address) as terminal:
            daemon.wait_for_requests()
            terminal.press(CTRL_C)
            assert terminal.ended() == INTERRUPTED
            assert terminal.seen.replace("^C", "") == ""


# Pipes, files, locales.


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return child.execute(["bash", "-c", line], stderr=subprocess.PIPE)


def test_a_closed_pipe_ends_it_without_a_message_as_sigpipe_does(client: Chronyd) -> None:
    pychrony_ = shlex.join([command.path(), "--watch", "0.01", "--json", "-a", client.socket])
    done = shell(f"{pychrony_} | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_output_that_cannot_be_written_is_reported(client: Chronyd) -> None:
    done = shell(f"{shlex.join([command.path(), '-a', client.socket])} >/dev/full")
    assert done.returncode == 3
    assert done.stderr == "pychrony: the output could not be written: No space left on device\n"


@pytest.mark.parametrize("name", ["", *ASKING])
def test_it_works_with_closed_standard_streams(name: str, client: Chronyd) -> None:
    line = shlex.join([command.path(), *name.split(), "-a", client.socket])
    closed = shell(f"{line} <&- >&-")
    assert "Traceback" not in closed.stderr and closed.stdout == ""
    done = shell(f"{line} <&- 2>&-")
    assert done.returncode in (0, 1, 2)
    assert done.stdout


@pytest.mark.parametrize("rest", ["-a 127.0.0.1:9", "--bogus", "-a 127.0.0.1:x"])
def test_an_error_is_never_written_to_standard_output(rest: str) -> None:
    done = shell(f"{command.path()} sources {rest} 2>&-")
    assert (done.returncode, done.stdout) == (3 if rest.endswith(":9") else 2, "")
    done = shell(f"{command.path()} sources {rest} >&- 2>&-")
    assert done.returncode == (3 if rest.endswith(":9") else 2)


@pytest.mark.parametrize("line", ["--help", "wait --help", "--version", "sources --help"])
def test_help_is_never_written_to_standard_error(line: str) -> None:
    done = shell(f"{command.path()} {line} >&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["", *ASKING, "wait", "guard"])
def test_a_signal_to_end_it_leaves_nothing_in_chronyds_directory(
    name: str, number: signal.Signals, hung: Chronyd
) -> None:
    given = [command.path(), *name.split(), "-t", "1000", "-a", hung.socket]
    with child.Process(given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        wait_for("it waits for an answer", hung.client_files)
        process.send_signal(number)
        assert process.wait() == -number
        assert process.stderr.read() == ""
    assert hung.client_files() == []


@pytest.mark.parametrize("locale", ["C", "POSIX", "de_DE.ISO-8859-1", "nowhere.nothing"])
def test_no_locale_makes_it_fail(locale: str, client: Chronyd) -> None:
    changes = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert "synchronised to 127.0.0.1" in command.output("-a", client.socket, **changes)
    for encoding in ("ascii", None):
        done = command.run("-a", "\u0436\udcff", **changes, PYTHONIOENCODING=encoding)
        assert done.returncode in (2, 3)
        assert done.stderr.startswith("pychrony: ")


def test_it_needs_no_environment(client: Chronyd) -> None:
    keep = {name: os.environ[name] for name in ("PYCHRONY_LIBCHRONY",) if name in os.environ}
    done = child.execute([command.path(), "-a", client.socket], stderr=subprocess.PIPE, env=keep)
    assert (done.returncode, done.stderr) == (0, "")
