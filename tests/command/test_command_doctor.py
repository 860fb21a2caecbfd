"""pychrony doctor: what is wrong, step by step, and what to do about it."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support import command, namespace
from support.chronyd import Chronyd, daemon_user
from support.command import LONG_ADDRESS
from support.stranger import STRANGER, is_alone
from support.waiting import wait_for

import pychrony
from pychrony import NTPFlags, Source, SourceMode, SourceState
from pychrony.testing import (
    FakeChronyd,
    make_ntp_data,
    make_select_data,
    make_source,
    make_source_stats,
    make_tracking,
)


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
    found = steps[f"source {LONG_ADDRESS}"]["found"]
    assert re.search(r"answered (0 of the last 8|none of \d+) polls", found)
    assert "firewall" in steps["source 192.0.2.1"]["advice"]
    assert steps[f"source {LONG_ADDRESS}"]["advice"] is None  # it would be the same
    assert "a falseticker: it disagrees with the majority" in steps["source BAD"]["found"]
    assert "Compare it with the others" in steps["source BAD"]["advice"]
    assert "it has the option noselect" in steps["source ::1"]["found"]
    assert steps["unresolved"]["found"].startswith("1 without an address: ")
    assert "standard deviation" in steps["source GPS"]["found"]


@pytest.mark.parametrize("kind", ["unsynchronised", "server"])
def test_an_unsynchronised_clock_is_a_problem_with_advice(
    kind: str, request: pytest.FixtureRequest
) -> None:
    ticket = doctor("-a", request.getfixturevalue(kind).socket)
    assert ticket["exit_status"] == 1
    assert ticket["verdict"] == "The clock is not synchronised, and must not be trusted."
    assert "Name servers in chrony.conf" in ticket["by name"]["clock"]["advice"]


def test_the_verdict_on_a_clock_that_is_too_far_off_names_the_reason() -> None:
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


def with_sources(*sources: Source, **changes: Any) -> FakeChronyd:
    """A chronyd that measured a moment ago. What cannot be reached has never answered, if no NTP data is given."""
    tracking = make_tracking(ref_time=time.time(), **changes.pop("tracking", {}))
    ntp_data = [
        make_ntp_data(address=source.address, **({} if source.reachability else NEVER_ANSWERED))
        for source in sources
        if source.mode != SourceMode.REFCLOCK
    ]
    return FakeChronyd(
        **{"tracking": tracking, "sources": sources, "ntp_data": ntp_data, **changes}
    )


NEVER_ANSWERED = {
    "transmitted_messages": 20,
    "received_messages": 0,
    "received_valid_messages": 0,
    "received_good_messages": 0,
}


def advised(steps: list[dict[str, str]], words: str) -> list[str]:
    return [step["name"] for step in steps if words in (step["advice"] or "")]


def test_advice_for_sources_that_do_not_respond_is_given_once() -> None:
    silent = [make_source(address=f"192.0.2.{last}", reachability=0) for last in (1, 2)]
    with with_sources(*silent) as daemon:
        steps = doctor("-a", daemon.address)["steps"]
    assert advised(steps, "firewall") == ["clock"]


def test_a_server_that_answers_unsynchronised_is_not_blamed_on_the_network() -> None:
    with Chronyd(serve=True) as lost:
        line = f"server 127.0.0.1 port {lost.ntp_port} minpoll 0 maxpoll 0 iburst"
        with Chronyd([line]) as daemon:
            wait_for(
                "it answers",
                lambda: pychrony.get_ntp_data(daemon.socket)[0].received_valid_messages,
            )
            ticket = doctor("-a", daemon.socket)
    source = ticket["by name"]["source 127.0.0.1"]
    assert re.search(
        "it answered [0-9]+ of [0-9]+ polls, and is not synchronised itself", source["found"]
    )
    assert advised(ticket["steps"], "firewall") == []
    assert advised(ticket["steps"], "are not synchronised themselves") == ["clock"]


def test_a_server_that_fell_silent_is_blamed_on_the_network_again() -> None:
    silent = make_source(reachability=0)
    packet = make_ntp_data(
        transmitted_messages=100, received_messages=90, received_valid_messages=90
    )
    with with_sources(silent, ntp_data=[packet]) as daemon:
        steps = doctor("-a", daemon.address)["steps"]
    assert advised(steps, "firewall") == ["source 192.0.2.1"]


@pytest.mark.parametrize(
    ("sent", "words"), [(9, "it answered none of 9 polls"), (0, "answered 0 of the last 8 polls")]
)
def test_a_server_that_never_answered_is_not_said_to_report_anything(sent: int, words: str) -> None:
    never = make_source(
        last_sample_ago=None, reachability=0, state=pychrony.SourceState.NONSELECTABLE
    )
    packet = make_ntp_data(
        transmitted_messages=sent, received_messages=0, received_valid_messages=0
    )
    selection = make_select_data(state=pychrony.SelectState.NOT_SYNCHRONIZED)
    with with_sources(never, ntp_data=[packet], select_data=[selection]) as daemon:
        found = doctor("-a", daemon.address)["by name"]["source 192.0.2.1"]["found"]
    assert found.split("; ")[:2] == ["not usable", words]


def test_spare_slots_of_a_pool_are_reported_once_and_are_not_servers() -> None:
    slots = [make_source(address=f"ID#{n:010}", reachability=0) for n in range(1, 8)]
    with with_sources(make_source(state=SourceState.SELECTED), *slots) as daemon:
        ticket = doctor("-a", daemon.address)
    assert ticket["by name"]["unresolved"]["found"].startswith("7 without an address: ")
    assert advised(ticket["steps"], "DNS") == []
    assert ticket["by name"]["sources"]["found"].startswith("1, fewer than the four NTP servers")
    assert [step["name"] for step in ticket["steps"] if "ID#" in step["name"]] == []
    with with_sources(*slots) as daemon:
        steps = doctor("-a", daemon.address)["steps"]
    assert advised(steps, "DNS") == ["clock"]


def test_falsetickers_alone_are_not_outvoted() -> None:
    false = [
        make_source(address=f"192.0.2.{last}", state=SourceState.FALSETICKER) for last in (1, 2, 3)
    ]
    with with_sources(*false) as daemon:
        ticket = doctor("-a", daemon.address)
    assert advised(ticket["steps"], "remove it from chrony.conf") == []
    assert advised(ticket["steps"], "disagree with each other") == ["clock"]
    assert "the sources disagree" in ticket["by name"]["source 192.0.2.1"]["found"]


@pytest.mark.parametrize("offset", [3e8, -3e8, 11.0])
def test_a_clock_that_is_far_off_may_be_set_at_once(offset: float) -> None:
    source = make_source(state=SourceState.SELECTED)
    with with_sources(source, tracking={"offset": offset}) as daemon:
        steps = doctor("-a", daemon.address)["steps"]
    assert advised(steps, "chronyc makestep") == ["clock"]


def test_a_clock_that_is_years_off_before_its_first_update_may_be_set_at_once() -> None:
    source = make_source(state=SourceState.NONSELECTABLE, latest_meas=-3e8, orig_latest_meas=-3e8)
    unsynchronised = make_tracking(
        reference_id=0, reference_ip=None, leap_status=pychrony.LeapStatus.UNSYNC, stratum=0
    )
    with FakeChronyd(tracking=unsynchronised, sources=[source]) as daemon:
        steps = doctor("-a", daemon.address)["steps"]
    assert advised(steps, "chronyc makestep") == ["clock"]


def test_the_age_of_a_measurement_is_that_of_chronyds_corrected_clock() -> None:
    source = make_source(state=SourceState.SELECTED)
    now = time.time()
    tracking = make_tracking(offset=-16042.5, ref_time=now - 16043.5)
    with FakeChronyd(tracking=tracking, sources=[source]) as daemon:
        found = doctor("-a", daemon.address)["by name"]["error"]["found"]
    (age,) = re.findall(r"last measurement ([0-9.]+) s ago", found)
    assert 1 <= float(age) < 60


def test_combined_sources_are_named_with_what_that_means() -> None:
    sources = [
        make_source(state=SourceState.SELECTED),
        make_source(address="192.0.2.7", state=SourceState.UNSELECTED),
    ]
    with with_sources(*sources) as daemon:
        words = doctor("-a", daemon.address)["by name"]["combined"]["found"]
    assert words.startswith("192.0.2.7 with 192.0.2.1: tracking's offset is a mean")
    with with_sources(*sources[:1]) as daemon:
        assert "combined" not in doctor("-a", daemon.address)["by name"]


def test_two_reference_clocks_of_one_name_keep_their_own_statistics() -> None:
    twins = [make_source(address="GPS", mode=SourceMode.REFCLOCK) for _ in range(2)]
    statistics = [make_source_stats(address="GPS", std_dev=deviation) for deviation in (1e-3, 2e-3)]
    with with_sources(*twins, source_stats=statistics) as daemon:
        steps = doctor("-a", daemon.address)["steps"]
    found = [step["found"] for step in steps if step["name"] == "source GPS"]
    assert ["standard deviation 1 ms" in found[0], "standard deviation 2 ms" in found[1]] == [
        True
    ] * 2


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
        assert steps[address]["found"] == "nothing is listening there (Connection refused)"


def test_the_reason_for_no_response_is_that_of_the_exception() -> None:
    with pytest.raises(pychrony.ChronyConnectionError) as caught:
        pychrony.get_tracking("127.0.0.1:9")
    found = doctor("-a", "127.0.0.1:9")["by name"]["127.0.0.1:9"]["found"]
    assert found == " ".join(str(caught.value).split())
    # Of the usual addresses, each has its line, and one has what they mean together.
    chronyd = doctor(prefix=namespace.prefix())["by name"]["chronyd"]
    assert chronyd["found"].startswith("cannot reach chronyd")
    for address in ("/run/chrony/chronyd.sock", "127.0.0.1:323", "[::1]:323"):
        assert address in chronyd["found"]


def test_a_socket_elsewhere_is_found_in_the_configuration_of_the_process(client: Chronyd) -> None:
    advice = doctor("-a", "127.0.0.1:9")["by name"]["processes"]["advice"]
    elsewhere = f"According to {client.directory}/conf, chronyd listens elsewhere: try "
    assert f"{elsewhere}-a {client.socket} or -a {client.udp}." in advice
    # It is not told to try what it has tried.
    with Chronyd() as daemon:
        daemon.stop()
        processes = doctor("-t", "100ms", "-a", daemon.socket)["by name"]["processes"]
        assert processes["advice"] == (
            f"According to {daemon.directory}/conf, chronyd listens elsewhere: try -a {daemon.udp}. "
            f"To resume a stopped process: kill -CONT {daemon.pid}"
        )
        # Of all the processes on the machine, it shows the one that should have answered.
        assert processes["found"] == (
            f"chronyd is running: process {daemon.pid} of user {daemon_user().pw_name}, which is stopped"
        )


def test_in_a_container_there_is_no_advice_to_start_a_unit() -> None:
    prefix = namespace.prefix()
    inside = (*prefix[:-2], "--pid", "--fork", "--mount-proc", *prefix[-2:])
    ticket = doctor(prefix=inside)
    processes = ticket["by name"]["processes"]
    assert processes["found"] == "no chronyd is running in this container"
    assert "mount the host's /run/chrony at the same path" in processes["advice"]
    assert advised(ticket["steps"], "systemctl") == []


def test_a_directory_that_is_open_to_others_explains_the_missing_socket() -> None:
    code = "import os, sys; os.mkdir('/run/chrony', 0o755); os.execv(sys.argv[1], sys.argv[1:])"
    ticket = doctor(prefix=(*namespace.prefix(), sys.executable, "-c", code))
    assert "(mode 0755)" in ticket["by name"]["/run/chrony/chronyd.sock"]["found"]
    assert "/run/chrony has mode 0755" in ticket["by name"]["chronyd"]["found"]


@pytest.mark.skipif(os.geteuid() != 0, reason="a user's own namespace has the user's rights")
def test_root_in_a_user_namespace_is_not_called_root(client: Chronyd) -> None:
    ticket = doctor("-a", client.socket, prefix=("unshare", "--user", "--map-root-user"))
    assert "root in its own user namespace only" in ticket["by name"][client.socket]["found"]


def test_advice_on_a_missing_response_mentions_security_policies(stopped: Chronyd) -> None:
    found = doctor("-t", "100ms", "-a", stopped.socket)["by name"][stopped.socket]["found"]
    assert "SELinux" in found and "AppArmor" in found


READ_ONLY = """
import os, sys
sys.path.insert(0, {tests!r})
from support import namespace
namespace.mount_again({directory!r}, read_only=True)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_read_only_directory_is_not_a_matter_of_permission(client: Chronyd) -> None:
    tests = str(Path(__file__).parent.parent)
    code = READ_ONLY.format(tests=tests, directory=str(client.directory))
    ticket = doctor("-a", client.socket, prefix=(*namespace.prefix(), sys.executable, "-c", code))
    step = ticket["by name"][client.socket]
    assert "is on a read-only file system" in step["found"]
    assert "read-only or full" in step["found"]
    assert "sudo" not in json.dumps(ticket)


def test_without_libchrony_it_explains_how_to_get_one(no_libchrony: Path) -> None:
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


def test_a_user_without_permission_learns_who_has_it(closed_to_strangers: Chronyd) -> None:
    daemon = closed_to_strangers
    done = command.run_as_stranger(daemon.directory, "doctor", "--json", "-a", daemon.socket)
    assert (done.returncode, done.stderr) == (3, "")
    (step,) = [step for step in json.loads(done.stdout)["steps"] if step["name"] == daemon.socket]
    assert step["status"] == "problem"
    assert "where this process may not create files" in step["found"]
    # Only root becomes another user; anyone else has the right taken away.
    if os.geteuid() == 0 and not is_alone():
        assert f"you are user {STRANGER}" in step["found"]
    assert "root and the user that chronyd runs as may use its Unix socket" in step["found"]


def test_people_get_lines_that_fit_their_terminal(many: Chronyd) -> None:
    with command.Terminal("doctor", "-a", many.socket, columns=60) as terminal:
        assert terminal.ended() == 0
    plain = terminal.seen.replace("\x1b[32m", "").replace("\x1b[33m", "").replace("\x1b[0m", "")
    assert "\x1b" not in plain
    long = [line for line in plain.splitlines() if len(line) > 60]
    # Only text that cannot be broken may be longer: paths.
    assert [line for line in long if " " in line[9:].strip()] == []
    assert " off" in plain.rpartition("The clock is synchronised to ")[2]
