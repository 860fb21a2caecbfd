"""pychrony doctor: what is wrong, step by step, and what to do about it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from support import command, namespace
from support.chronyd import Chronyd, daemon_user
from support.command import LONG_ADDRESS
from support.stranger import STRANGER, is_alone

import pychrony
from pychrony import NTPFlags
from pychrony.testing import FakeChronyd, make_ntp_data, make_source, make_tracking


def doctor(*arguments: str, **options: Any) -> dict[str, Any]:
    """What it says as JSON; each step by its name."""
    done = command.run("doctor", "--json", *arguments, **options)
    assert done.stderr == ""
    ticket: dict[str, Any] = json.loads(done.stdout)
    assert ticket["exit_status"] == done.returncode
    assert {step["status"] for step in ticket["steps"]} <= {"ok", "note", "problem"}
    ticket["by name"] = {step["name"]: step for step in ticket["steps"]}
    return ticket


def test_a_good_clock_gets_a_good_verdict(client: Chronyd) -> None:
    ticket = doctor("-a", client.socket)
    assert ticket["exit_status"] == 0
    assert ticket["verdict"].startswith("The clock is synchronised to 127.0.0.1, and at most ")
    assert not [step for step in ticket["steps"] if step["status"] == "problem"]
    libchrony = ticket["by name"]["libchrony"]["found"]
    assert pychrony.libchrony_path in libchrony
    assert ticket["tracking"]["reference_id_name"] == "127.0.0.1"
    assert [source["address"] for source in ticket["sources"]] == ["127.0.0.1"]
    found = ticket["by name"][client.socket]["found"]
    assert f"the socket belongs to {daemon_user().pw_name}:" in found
    assert "answers (all reports in " in found


def test_each_source_has_its_sentence(many: Chronyd) -> None:
    steps = doctor("-a", many.socket)["by name"]
    assert "answered 0 of the last 8 polls" in steps[f"source {LONG_ADDRESS}"]["found"]
    assert "firewall" in steps[f"source {LONG_ADDRESS}"]["advice"]
    assert "falseticker" in steps["source BAD"]["found"]
    assert "Compare it with the others" in steps["source BAD"]["advice"]
    assert "does DNS work" in steps["source ID#0000000001"]["advice"]
    assert "standard deviation" in steps["source GPS"]["found"]


@pytest.mark.parametrize("kind", ["unsynchronised", "server"])
def test_an_unsynchronised_clock_is_a_problem_with_advice(
    kind: str, request: pytest.FixtureRequest
) -> None:
    ticket = doctor("-a", request.getfixturevalue(kind).socket)
    assert ticket["exit_status"] == 1
    assert ticket["verdict"] == "The clock is not synchronised, and must not be trusted."
    assert "Name servers in chrony.conf" in ticket["by name"]["clock"]["advice"]


def test_the_verdict_on_a_clock_that_is_too_wrong_says_so() -> None:
    now = time.time()
    with FakeChronyd(tracking=make_tracking(offset=0.7, ref_time=now)) as daemon:
        ticket = doctor("-a", daemon.address)
    assert ticket["exit_status"] == 1
    assert ticket["verdict"] == (
        "The clock is synchronised to 192.0.2.1, but may be 706.2 ms off, more than 500 ms: it must not be trusted."
    )


def test_the_verdict_on_a_clock_with_a_warning_points_to_it() -> None:
    with FakeChronyd(tracking=make_tracking(ref_time=time.time() - 100_000)) as daemon:
        ticket = doctor("-a", daemon.address)
    assert ticket["exit_status"] == 0
    assert ticket["verdict"].endswith("off; but see the notes on it above.")


def test_each_fact_that_other_diagnoses_need_has_its_line() -> None:
    # Those facts named in docs/command.md that a healthy chronyd does not show.
    all_but_two = NTPFlags(0x3FF) & ~(NTPFlags.TEST2 | NTPFlags.TEST_D)
    with FakeChronyd(
        tracking=make_tracking(leap_status=pychrony.LeapStatus.INSERT, skew=0.5),
        sources=[make_source(reachability=0o17)],
        ntp_data=[make_ntp_data(flags=all_but_two)],
    ) as daemon:
        steps = doctor("-a", daemon.address)["by name"]
    assert "Insert second at the end of the day" in steps["leap second"]["found"]
    assert "(+/- 0.500 ppm)" in steps["correction"]["found"]
    source = steps["source 192.0.2.1"]["found"]
    assert "answered 4 of the last 8 polls" in source
    assert "standard deviation " in source
    assert "its last packet failed the NTP tests 2, D" in source


def test_what_to_do_when_no_source_answers_is_said_once() -> None:
    sources = [make_source(address=f"192.0.2.{last}", reachability=0) for last in (1, 2)]
    now = time.time()
    with FakeChronyd(tracking=make_tracking(ref_time=now), sources=sources) as daemon:
        steps = doctor("-a", daemon.address)["steps"]
    assert [step["name"] for step in steps if "firewall" in (step["advice"] or "")] == ["clock"]


def test_another_machines_chronyd_is_not_looked_for_among_the_processes_here() -> None:
    for elsewhere in ("nosuch.invalid", "localhost.invalid", "127.invalid"):
        assert "processes" not in doctor("-t", "100ms", "-a", elsewhere)["by name"]
    assert "processes" in doctor("-a", "127.0.0.1:9")["by name"]


def test_a_stopped_chronyd_is_distinguished_from_none(stopped: Chronyd) -> None:
    ticket = doctor("-t", "100ms", "-a", stopped.socket)
    assert ticket["exit_status"] == 3
    assert ticket["by name"][stopped.socket]["status"] == "problem"
    assert (
        f"process {stopped.pid} of user {daemon_user().pw_name}, which is stopped"
        in ticket["by name"]["processes"]["found"]
    )
    # There may be other processes, from tests that run at the same time.
    advice = ticket["by name"]["processes"]["advice"]
    assert str(stopped.pid) in advice.partition("kill -CONT ")[2].split()


def test_without_chronyd_each_usual_address_is_looked_at() -> None:
    ticket = doctor(prefix=namespace.prefix())
    assert ticket["exit_status"] == 3
    steps = ticket["by name"]
    assert steps["/run/chrony/chronyd.sock"]["found"].startswith(
        "there is no directory /run/chrony"
    )
    for address in ("127.0.0.1:323", "[::1]:323"):
        assert steps[address]["found"] == "nobody listens there (Connection refused)"


def test_without_libchrony_it_says_how_to_get_one(no_libchrony: Path) -> None:
    ticket = doctor(LD_LIBRARY_PATH=str(no_libchrony), PYCHRONY_LIBCHRONY=None)
    assert ticket["exit_status"] == 3
    libchrony = ticket["by name"]["libchrony"]
    assert libchrony["status"] == "problem"
    assert "libchrony.so.0" in libchrony["found"]
    assert "dnf install libchrony" in libchrony["advice"]
    assert ticket["verdict"].endswith("without libchrony, chronyd cannot be asked.")


def test_without_libchrony_the_socket_is_still_looked_at(client: Chronyd) -> None:
    ticket = doctor("-a", client.socket, PYCHRONY_LIBCHRONY="/nowhere")
    step = ticket["by name"][client.socket]
    assert f"the socket belongs to {daemon_user().pw_name}:" in step["found"]
    assert step["found"].endswith("; not asked: libchrony is missing")
    assert step["status"] == "note"


def test_a_user_who_may_not_ask_is_told_who_may(closed_to_strangers: Chronyd) -> None:
    daemon = closed_to_strangers
    done = command.run_as_stranger(daemon.directory, "doctor", "--json", "-a", daemon.socket)
    assert (done.returncode, done.stderr) == (3, "")
    (step,) = [step for step in json.loads(done.stdout)["steps"] if step["name"] == daemon.socket]
    assert step["status"] == "problem"
    assert "does not admit" in step["found"]
    if not is_alone():
        assert f"user {STRANGER}" in step["found"]
    assert "Only root and " in step["advice"]


def test_people_get_lines_that_fit_their_terminal(many: Chronyd) -> None:
    with command.Terminal("doctor", "-a", many.socket, columns=60) as terminal:
        assert terminal.ended() == 0
    plain = terminal.seen.replace("\x1b[32m", "").replace("\x1b[33m", "").replace("\x1b[0m", "")
    assert "\x1b" not in plain
    long = [line for line in plain.splitlines() if len(line) > 60]
    # Only text that cannot be broken may be longer: paths.
    assert [line for line in long if " " in line[9:].strip()] == []
    assert " off" in plain.rpartition("The clock is synchronised to ")[2]
