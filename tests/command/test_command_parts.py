"""What the command's parts promise each other: durations, host names, commands of other subpackages."""

from __future__ import annotations

import argparse
import re
import signal
import socket
import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest
from support import child, command
from support.responder import Responder, silent

import pychrony
from pychrony import _durations as durations
from pychrony import _reports
from pychrony.__main__ import COMMANDS
from pychrony.command import Command, arguments, asking, program, tables, text
from pychrony.command.reports import Report


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("250ns", 2.5e-7),
        ("100us", 0.0001),
        ("100\u00b5s", 0.0001),
        ("100\u03bcs", 0.0001),
        ("5ms", 5e-3),
        ("5 ms", 5e-3),
        ("1.5s", 1.5),
        ("2m", 120.0),
        ("2min", 120.0),
        (" 3 h ", 10800.0),
        ("1e-3", 1e-3),
        ("1d", 86400.0),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "ms", "-1s", "5 parsecs", "inf", "nan", "1_000", "1e999", "5S", "0x10"]
)
def test_text_that_is_not_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write 100us"):
        durations.parse(text)


@pytest.mark.parametrize("exponent", range(-9, 8))
def test_a_duration_that_was_printed_can_be_given_to_an_option(exponent: int) -> None:
    seconds = 1.234 * 10.0**exponent
    assert durations.parse(durations.text(seconds)) == pytest.approx(seconds, rel=1e-3)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 s"),
        (12e-9, "12 ns"),
        (7.153e-6, "7.153 us"),
        (0.03125, "31.25 ms"),
        (64.0, "64 s"),
        (8192.0, "2.276 h"),
        (-0.5, "-500 ms"),
        (1e6, "11.57 d"),
    ],
)
def test_durations_are_written_with_the_unit_that_fits(seconds: float, text: str) -> None:
    assert durations.text(seconds) == text


@pytest.mark.parametrize(
    "address",
    [
        "/run/chronyd.sock",
        "127.0.0.1",
        "127.0.0.1:323",
        "::1",
        "[::1]:323",
        "[::1]",
        "1.2.3",
        "",
        "a b",
    ],
)
def test_anything_but_a_hosts_name_goes_to_pychrony_unchanged(address: str) -> None:
    assert asking.candidates(address, 10.0) == [address]


def two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with two addresses; there is no chronyd at the first."""

    def found(host: str, port: Any, family: int = 0, **_: Any) -> list[Any]:
        assert host == "two.example"
        return [
            (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("::1", 0, 0, 0)),
            (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.0.0.1", 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def stratum(connection: pychrony.ChronyConnection) -> int:
    return connection.get_tracking().stratum


def test_a_hosts_next_address_is_tried_if_the_first_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_addresses(monkeypatch)
    assert asking.candidates("two.example", 10.0) == ["[::1]:323", "127.0.0.1:323"]
    with Responder() as daemon:
        assert asking.ask(f"two.example:{daemon.port}", 10.0, stratum) == 3


def test_if_all_addresses_refuse_each_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    two_addresses(monkeypatch)
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        asking.ask("two.example:9", 10.0, stratum)
    assert "[::1]:9" in str(caught.value) and "127.0.0.1:9" in str(caught.value)
    assert caught.value.error_code == pychrony.ErrorCode.RECV_FAILED


def test_a_hosts_next_address_is_tried_if_the_first_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_addresses(monkeypatch)
    with Responder(silent, transport="udp6") as hung:
        with Responder(address=f"127.0.0.1:{hung.port}") as daemon:
            assert asking.ask(f"two.example:{daemon.port}", 0.4, stratum) == 3
            assert hung.requests


def test_it_is_a_timeout_if_one_is_silent_and_the_others_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_addresses(monkeypatch)
    with Responder(silent, transport="udp6") as hung:
        with pytest.raises(pychrony.ChronyTimeoutError, match="127.0.0.1") as caught:
            asking.ask(f"two.example:{hung.port}", 0.1, stratum)
    assert caught.value.error_code == pychrony.ErrorCode.TIMEOUT


def test_a_name_is_resolved_to_the_family_that_is_asked_for() -> None:
    assert asking.candidates("localhost:9", 10.0, socket.AF_INET) == ["127.0.0.1:9"]
    with Responder() as daemon:
        name = f"localhost:{daemon.port}"
        assert command.run("tracking", "-4", "-a", name).returncode == 0
        done = command.run("-6", "tracking", "-a", name)
        assert done.returncode == 3
        assert "127.0.0.1" not in done.stderr


def test_link_local_addresses_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("fe80::1%lo", 0, 0, 1))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(pychrony.ChronyConnectionError, match="link-local"):
        asking.candidates("near.example", 10.0)


def test_the_address_in_the_environment_may_be_all_that_an_option_may() -> None:
    with Responder() as daemon:
        name = f"localhost:{daemon.port}"
        assert "Stratum         : 3\n" in command.output("tracking", PYCHRONY_ADDRESS=name)
    with Responder(transport="unix") as daemon:
        for url in (f"unix://{daemon.address}", f"unix:{daemon.address}", daemon.address):
            assert command.output("tracking", "-a", url)
            assert command.output("tracking", PYCHRONY_ADDRESS=url)
    done = command.run("tracking", PYCHRONY_ADDRESS="127.0.0.1:x")
    assert done.returncode == 2
    assert "in the environment variable PYCHRONY_ADDRESS" in done.stderr


def test_a_silent_name_server_does_not_delay_a_call_beyond_its_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [] if over.wait() else [])
    with pytest.raises(
        pychrony.ChronyTimeoutError, match="'silent.example' within 0.1 s"
    ) as caught:
        asking.ask("silent.example", 0.1, stratum)
    over.set()
    assert caught.value.error_code == pychrony.ErrorCode.TIMEOUT


def test_a_signal_ends_the_resolving_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    over = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        # A signal's handler runs in the main thread, and would not end the real one there.
        assert threading.current_thread() is not threading.main_thread()
        over.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(Interrupted):
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            asking.ask("silent.example", 10.0, stratum)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        over.set()


class Other(Command):
    name = "other"
    about = "something else"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9123)

    def run(self, options: argparse.Namespace) -> int:
        print(options.address, options.timeout, options.port)
        return 7


def test_a_command_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    commands = {**COMMANDS, "other": Other}
    assert program.run(commands, ["-a", "::1", "other", "--port", "1"], None) == 7
    assert capsys.readouterr().out == "::1 3.0 1\n"
    assert program.run(commands, ["--csv", "other"], None) == 2
    said = "pychrony: unknown option '--csv'\nTry 'pychrony other --help'.\n"
    assert capsys.readouterr().err == said
    assert (
        "    other               something else\n" in arguments.whole_parser(commands).format_help()
    )


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ([], "", []),
        (["--json"], "", ["--json"]),
        (["sources", "-v"], "sources", ["-v"]),
        (["-a", "sources", "check"], "check", ["-a", "sources"]),
        (["-vt", "5", "tracking"], "tracking", ["-vt", "5"]),
        (["-at5", "tracking"], "tracking", ["-at5"]),
        (["--timeout=5", "tracking"], "tracking", ["--timeout=5"]),
        (["--watch", "sources"], "sources", ["--watch=2.0"]),
        (["--watch", "5", "sources"], "sources", ["--watch", "5"]),
        (["--watch"], "", ["--watch=2.0"]),
        (["report", "check"], "report", ["check"]),
        (["report", "--watch", "tracking"], "report", ["--watch=2.0", "tracking"]),
        (["--critical", "5ms", "check"], "check", ["--critical", "5ms"]),
        (["--critical=5ms", "check"], "check", ["--critical=5ms"]),
        (["--help", "check"], "", ["--help", "check"]),
        (["check", "--help"], "check", ["--help"]),
        (["--", "check"], "check", []),
    ],
)
def test_the_command_is_the_first_word_that_is_not_an_options_value(
    line: list[str], name: str, rest: list[str]
) -> None:
    assert arguments.split(COMMANDS, line) == (name, rest)


@pytest.mark.parametrize("name", ["", "check", "tracking"])
def test_what_a_command_does_not_need_is_not_imported(name: str) -> None:
    """Each of these takes a millisecond or more, and a check may run every few seconds."""
    costly = "csv dataclasses ipaddress json socket subprocess textwrap threading typing".split()
    if sys.version_info >= (3, 14):
        costly.remove("dataclasses")  # argparse itself imports it
    modules = ["doctor", "watch", "machine", *(["overview"] if name else [])]
    costly += [f"pychrony.command.{module}" for module in modules]
    costly += ["pychrony.testing", "pychrony.exporter", "pychrony.aio"]
    with Responder() as daemon:
        child.check(f"""
            import sys
            before = set(sys.modules)
            from pychrony.__main__ import main
            main([*{name.split()!r}, "-a", {daemon.address!r}])
            imported = set(sys.modules) - before
            assert not imported.intersection({costly!r}), imported.intersection({costly!r})
        """)


def test_a_new_report_needs_no_line_in_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    field = {
        "kind": "unsigned",
        "unit": "",
        "range": "",
        "enum": None,
        "optional": False,
        "item": True,
    }
    fields = [
        {**field, "name": "address", "kind": "source", "heading": "Name", "doc": "whose"},
        {**field, "name": "mood", "kind": "enum", "enum": "SourceMode", "heading": "M", "doc": "m"},
        {**field, "name": "late", "kind": "offset", "unit": "seconds", "heading": "L", "doc": "l"},
        {**field, "name": "count", "unit": "count", "heading": "N", "doc": "how many"},
        {**field, "name": "quiet", "heading": "", "doc": "not printed"},
    ]
    described: Any = {
        "getter": "get_moods",
        "type": "Mood",
        "shape": "per source",
        "on_command_port": True,
        "about": "moods",
        "columns": ["Name", "M", "L", "N"],
        "fields": fields,
        "derived": [],
    }
    monkeypatch.setitem(_reports.REPORTS, "moods", described)
    record = types.SimpleNamespace(address="192.0.2.1", mood=1, late=-2e-6, count=None, quiet=3)
    assert text.report("moods", [record])[2:] == ["192.0.2.1  =  -2000ns  -"]
    assert "L     l [seconds]" in text.legend(tables.columns("moods"))
    assert Report("moods").columns([]) == ["time", "address", "mood", "late", "count", "quiet"]


PACKAGE = Path(pychrony.__file__ or "").parent
# Each knows only those after it; __main__ knows all commands.
ORDER = ["__main__", "exporter", "command", "health", "_reports"]


@pytest.mark.parametrize("part", ORDER)
def test_imports_go_one_way_late_ones_included(part: str) -> None:
    above = ORDER[: ORDER.index(part)]
    files = [*(PACKAGE / part).glob("*.py")] or [PACKAGE / f"{part}.py"]
    for path in files:
        if path.name == "__main__.py" and path.parent != PACKAGE:
            continue  # python -m pychrony.exporter is the command too
        imported = re.findall("^ *(?:from|import) (.*)", path.read_text(), re.MULTILINE)
        words = {word for line in imported for word in re.findall("[a-z_]+", line)}
        assert not words.intersection(above), path
        assert "__import__" not in path.read_text()
