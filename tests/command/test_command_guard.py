"""pychrony guard: it runs while the clock is good, and ends as soon as it is not."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
from support import child, command
from support.child import environment
from support.chronyd import Chronyd, client_of
from support.waiting import DEADLINE

from pychrony import SourceState
from pychrony.testing import FakeChronyd, make_source, make_tracking


class Guard:
    """A guard that has found the clock to be good. It is gone after leaving."""

    def __init__(self, *arguments: str) -> None:
        self.command = [command.path(), "guard", "--interval", "0.2", *arguments]

    def __enter__(self) -> Guard:
        self.process = child.Process(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment({}),
        )
        self.line()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(("OK: at most ", "WARNING: ")), (line, self.process.communicate())
        return line

    def ended(self) -> tuple[int, str]:
        """Its status and its last words."""
        _, errors = self.process.communicate(timeout=DEADLINE)
        assert "Traceback" not in errors
        return self.process.returncode, errors


@pytest.fixture
def fake() -> Iterator[FakeChronyd]:
    with FakeChronyd(tracking=make_tracking(ref_time=time.time())) as chronyd:
        yield chronyd


def test_it_ends_when_the_error_becomes_too_large_and_explains_why(fake: FakeChronyd) -> None:
    with Guard("--max-error", "10ms") as guard:
        fake.sources = [make_source(latest_meas_err=0.02)]
        status, said = guard.ended()
    assert status == 2
    assert said.startswith("pychrony: CRITICAL: may be 20.")
    assert " ms off, more than 10 ms (synchronised to 192.0.2.1, " in said


@pytest.mark.parametrize("how", ["silent", "gone", "unsynchronised"])
def test_it_ends_when_chronyd_no_longer_responds(how: str) -> None:
    with contextlib.ExitStack() as stack:
        fake = stack.enter_context(FakeChronyd(tracking=make_tracking(ref_time=time.time())))
        with Guard("-a", fake.address) as guard:
            if how == "silent":
                fake.silent = True
            elif how == "gone":
                stack.close()
            else:
                fake.tracking = make_tracking(reference_id=0)
            status, said = guard.ended()
    assert status == 2
    words = {"silent": "within", "gone": "cannot reach", "unsynchronised": "not synchronised"}
    assert words[how] in said


def test_a_stopped_chronyd_is_noticed_within_the_interval(server: Chronyd) -> None:
    with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
        daemon.wait_synchronised()
        with Guard("-a", daemon.socket, "--max-error", "20s", "--interval", "2") as guard:
            daemon.stop()
            begin = time.monotonic()
            status, said = guard.ended()
            passed = time.monotonic() - begin
            daemon.cont()
    assert (status, "CRITICAL" in said) == (2, True)
    # Two seconds, and what a busy machine adds: each half of the interval has one attempt.
    assert passed < 2 * 2


@pytest.mark.parametrize(
    ("option", "kept", "broken"),
    [
        ("--max-stratum", "3", "2"),
        ("--min-sources", "1", "2"),
        ("--source", "192.0.2.1", "192.0.2.2"),
        ("--max-age", "1d", "1s"),
    ],
)
def test_each_limit_that_is_given_is_kept_watch_of(
    fake: FakeChronyd, option: str, kept: str, broken: str
) -> None:
    with Guard(option, kept) as guard:
        assert guard.process.poll() is None
    fake.tracking = make_tracking(ref_time=time.time() - 5)
    done = command.run("guard", option, broken)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_warning_alone_does_not_end_it_and_is_printed_once(fake: FakeChronyd) -> None:
    with Guard() as guard:
        fake.sources = [make_source(state=SourceState.SELECTABLE)]
        assert guard.line().startswith("WARNING: no source is selected")
        fake.sources = [make_source()]
        assert guard.line().startswith("OK: ")
        assert guard.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_without_a_message(fake: FakeChronyd, number: int) -> None:
    with Guard() as guard:
        guard.process.send_signal(number)
        assert guard.ended() == (-number, "")


def test_a_user_without_permission_gets_another_status(closed_to_strangers: Chronyd) -> None:
    daemon = closed_to_strangers
    done = command.run_as_stranger(daemon.directory, "guard", "-a", daemon.socket)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("pychrony: UNKNOWN: not allowed to ask chronyd.")


def test_a_clock_that_is_not_good_at_the_start_ends_it_at_once() -> None:
    done = command.run("guard", "-a", "127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
