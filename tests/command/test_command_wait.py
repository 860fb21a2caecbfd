"""pychrony wait: until the clock can be used."""

from __future__ import annotations

import re
import threading
import time

import pytest
from support import command
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.command import CTRL_C, INTERRUPTED, Terminal
from support.responder import Datagrams, Request, Responder, faithful, silent

from pychrony import SourceState
from pychrony.testing import FakeChronyd, make_source, make_tracking


def test_it_returns_at_once_when_the_clock_is_synchronised(client: Chronyd) -> None:
    text = command.output("wait", "-a", client.socket)
    assert text.startswith("at most ")
    assert " off, synchronised to 127.0.0.1, stratum 9, " in text
    assert command.output("wait", "--max-error", "10s", "-a", client.socket)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("unsynchronised", "not synchronised; chronyd has no sources"),
        ("server", "not synchronised: chronyd follows no source, only its local reference"),
    ],
)
def test_it_gives_up_when_asked_to(kind: str, state: str, request: pytest.FixtureRequest) -> None:
    daemon = request.getfixturevalue(kind)
    done = command.run("wait", "--for", "100ms", "-a", daemon.socket)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"pychrony: gave up after 100 ms: {state}")
    assert done.stderr.count("\n") == 1


def test_it_waits_for_a_smaller_error(client: Chronyd) -> None:
    done = command.run("wait", "--max-error", "1ns", "--for", "0.1", "-a", client.socket)
    assert done.returncode == 1
    assert "more than 1 ns (synchronised to 127.0.0.1, " in done.stderr


def test_an_error_that_is_just_as_large_as_allowed_is_not_waited_for() -> None:
    # 0.25 + 0.25 - 22 s of drift, and those 22 s.
    drift = 22 * (2**-9 + 0.046875 + 15) * 1e-6
    tracking = make_tracking(offset=0.25, ref_time=time.time())
    with FakeChronyd(
        tracking=tracking, sources=[make_source(latest_meas=0, latest_meas_err=0.25 - drift)]
    ) as daemon:
        codes = [
            command.run(
                "wait", "--max-error", limit, "--for", "0.1", "-a", daemon.address
            ).returncode
            for limit in ("0.50001", "0.49999")
        ]
    assert codes == [0, 1]


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        (("--max-stratum", "3"), True),
        (("--max-stratum", "2"), False),
        (("--source", "192.0.2.1"), True),
        (("--source", "192.0.2.2"), False),
        (("--max-stratum", "3", "--source", "192.0.2.1", "--max-error", "10ms"), True),
    ],
)
def test_it_waits_for_a_stratum_and_a_source(wanted: tuple[str, ...], reached: bool) -> None:
    with FakeChronyd(tracking=make_tracking(ref_time=time.time())):
        done = command.run("wait", "--for", "0.1", *wanted)
    assert done.returncode == (0 if reached else 1), done


def test_a_limit_of_the_error_is_not_kept_where_the_error_has_no_bound() -> None:
    sources = [make_source(state=SourceState.NONSELECTABLE)]
    with FakeChronyd(tracking=make_tracking(ref_time=time.time()), sources=sources):
        assert command.run("wait", "--for", "0.1").returncode == 0
        done = command.run("wait", "--for", "0.1", "--max-error", "1s")
    assert done.returncode == 1
    assert "no source is selected" in done.stderr


def test_a_stopped_or_absent_chronyd_is_waited_for(stopped: Chronyd) -> None:
    for address in (stopped.socket, "127.0.0.1:9"):
        done = command.run("wait", "--for", "200ms", "-a", address)
        assert done.returncode == 1
        assert "no response yet" in done.stderr


def test_the_message_gives_the_time_left_as_a_readable_number() -> None:
    with Responder(silent) as daemon:
        done = command.run("wait", "--for", "300ms", "-a", daemon.address)
    assert re.search(r" within 0\.[0-9]{1,2} s\.", done.stderr), done.stderr


def test_the_last_answer_is_waited_for_when_time_is_nearly_up() -> None:
    def slow(request: Request) -> Datagrams:
        time.sleep(0.02)
        return faithful(request)

    with Responder(slow) as daemon:
        done = command.run("wait", "--for", "10ms", "-a", daemon.address)
    assert (done.returncode, done.stderr) == (0, "")


def test_it_does_not_wait_for_a_user_without_permission(closed_to_strangers: Chronyd) -> None:
    daemon = closed_to_strangers
    done = command.run_as_stranger(daemon.directory, "wait", "-a", daemon.socket)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("pychrony: not allowed to ask chronyd. ")
    assert done.stderr.count("\n") == 1


def test_a_wrong_address_is_not_waited_for() -> None:
    assert command.run("wait", "-a", "127.0.0.1:x").returncode == 2


def test_chronyd_may_be_started_later(server: Chronyd) -> None:
    with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
        daemon.terminate()
        with Terminal("wait", "-a", daemon.udp, columns=200) as terminal:
            terminal.wait_for("no response yet: cannot reach chronyd")
            daemon.restart()
            terminal.wait_for(" off, synchronised to 127.0.0.1, ")
            assert terminal.ended() == 0


def test_a_terminal_shows_what_is_waited_for_on_one_line(unsynchronised: Chronyd) -> None:
    with Terminal("wait", "-a", unsynchronised.socket, columns=40) as terminal:
        seen = terminal.wait_for("waiting, ", times=2)
        lines = seen.replace("\x1b[K", "").split("\r")
        assert lines[1].startswith("waiting, 0 s: not synchronised; ")
        assert max(map(len, lines)) < 40
        assert "\n" not in seen
        terminal.press(CTRL_C)
        assert terminal.ended() == INTERRUPTED


def test_nothing_is_drawn_without_a_terminal(unsynchronised: Chronyd) -> None:
    done = command.run("wait", "--for", "1.2", "-a", unsynchronised.socket)
    assert "waiting" not in done.stdout + done.stderr


def test_a_signal_to_end_it_leaves_nothing_in_chronyds_directory() -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        daemon.stop()
        with Terminal("wait", "-a", daemon.socket) as terminal:
            ended = threading.Event()
            # It is asking, and will not get an answer.
            while not daemon.client_files():
                ended.wait(0.01)
            terminal.terminate()
            assert terminal.ended() == -15
        assert daemon.client_files() == []
