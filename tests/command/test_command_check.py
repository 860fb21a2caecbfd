"""pychrony check: what a monitoring system sees of chronyds in every state."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from support import command
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.plugin import Output, parse
from support.responder import Responder
from support.shm import ShmClock
from support.waiting import wait_for

import pychrony
from pychrony import LeapStatus, SourceState
from pychrony import _durations as durations
from pychrony.command import ranges
from pychrony.health import Level
from pychrony.testing import FakeChronyd, make_source, make_tracking

OK, WARNING, CRITICAL, UNKNOWN = range(4)


def check(*arguments: str, **changes: str | None) -> Output:
    return parse(command.run("check", *arguments, **changes))


@pytest.mark.parametrize("kind", ["client", "client6"])
def test_a_synchronised_clock_is_ok(kind: str, request: pytest.FixtureRequest) -> None:
    # On a busy machine, a private daemon's measurements may be wrong by seconds.
    said = check("-w", "10s", "-c", "20s", "-a", request.getfixturevalue(kind).socket)
    assert said.status == OK
    assert "synchronised to " in said.text
    assert said.further == []
    error, offset = said.data["error"], said.data["offset"]
    assert (error.unit, error.warning, error.critical, error.minimum) == ("s", "10", "20", "0")
    assert error.value > offset.value
    assert (said.data["stratum"].value, said.data["stratum"].warning) == (9, "15")
    assert (said.data["usable"].value, said.data["usable"].warning) == (1, "1:")
    assert (said.data["reachable"].value, said.data["falsetickers"].value) == (1, 0)
    assert (said.data["answered"].unit, said.data["answered"].maximum) == ("%", "100")


def test_a_clock_that_may_be_wrong_is_a_warning_and_then_critical() -> None:
    # The responder's clock may be 0.032181078 s off, and its last measurement was made in 2023.
    with Responder() as daemon:
        old = ("--max-age", "100000d", "-a", daemon.address)
        assert check(*old).status == OK
        said = check("--warning", "32.18ms", *old)
        assert (said.status, said.text.partition(",")[0]) == (WARNING, "may be 32.18 ms off")
        assert said.data["error"].value == 0.032181078
        said = check("--warning", "32.182ms", *old)
        assert said.status == OK
        said = check("--critical", "10ms", *old)
        assert said.status == CRITICAL
        # The default of the warning limit would be above it.
        assert said.data["error"].warning == said.data["error"].critical == "0.01"
        said = check("-w", "1s", *old)
        assert (said.data["error"].warning, said.data["error"].critical) == ("1", "1")
        said = check("-w", "1ms", "-c", "2ms", *old)
        assert said.status == CRITICAL


def test_the_thresholds_are_a_tenth_and_half_a_second_where_none_are_given() -> None:
    with Responder() as daemon:
        error = check("--max-age", "100000d", "-a", daemon.address).data["error"]
    assert (error.warning, error.critical) == ("0.1", "0.5")


def test_an_old_measurement_a_high_stratum_and_missing_sources_are_warnings() -> None:
    with Responder() as daemon:
        at = ("-a", daemon.address)
        said = check(*at)
        assert said.status == WARNING
        assert said.text.startswith("the last measurement is ")
        old = (*at, "--max-age", "100000d")
        assert check(*old, "--max-stratum", "3", "--min-sources", "1").status == OK
        said = check(*old, "--max-stratum", "2")
        assert (said.status, said.text.partition(" (")[0]) == (WARNING, "stratum 3 is above 2")
        said = check(*old, "--min-sources", "2")
        assert (said.status, said.text.partition(" (")[0]) == (
            WARNING,
            "1 of 1 sources usable, fewer than 2",
        )


def test_a_warning_is_followed_by_what_it_does_not_mention() -> None:
    with Responder() as daemon:
        old = ("--max-age", "100000d", "-a", daemon.address)
        follows = "synchronised to 192.0.2.1, stratum 3, 1 of 1 sources usable)"
        said = check("--warning", "10ms", *old)
        assert said.text == f"may be 32.18 ms off, more than 10 ms ({follows}"
        said = check("--max-stratum", "2", *old)
        assert said.text == f"stratum 3 is above 2 (at most 32.18 ms off, {follows}"


def test_an_unsynchronised_clock_is_critical(unsynchronised: Chronyd) -> None:
    said = check("-a", unsynchronised.socket)
    assert said.status == CRITICAL
    assert said.text == "not synchronised; chronyd has no sources"
    assert set(said.data) == {"usable", "reachable", "falsetickers"}


def test_a_clock_that_follows_only_itself_is_critical(server: Chronyd) -> None:
    said = check("-a", server.socket)
    assert said.status == CRITICAL
    assert said.text.startswith(
        "not synchronised: chronyd follows no source, only its local reference"
    )


def test_a_reference_clock_far_ahead_shows_in_the_error(refclock: Chronyd) -> None:
    said = check("-a", refclock.socket)
    assert said.status == WARNING
    assert "synchronised to GPS" in said.text
    assert said.data["error"].value > 0.25


def test_a_stopped_chronyd_is_critical(stopped: Chronyd) -> None:
    said = check("-t", "100ms", "-a", stopped.socket)
    assert said.status == CRITICAL
    assert "stopped" in said.text


def test_a_missing_chronyd_is_critical() -> None:
    said = check("-a", "127.0.0.1:9")
    assert said.status == CRITICAL
    assert said.text.startswith("cannot reach chronyd")


def test_a_host_that_is_not_known_is_critical() -> None:
    said = check("-a", "nosuch.invalid")
    assert said.status == CRITICAL
    assert said.text.startswith("cannot resolve the host name 'nosuch.invalid'")


def test_without_permission_to_ask_the_state_is_unknown(closed_to_strangers: Chronyd) -> None:
    daemon = closed_to_strangers
    said = parse(command.run_as_stranger(daemon.directory, "check", "-a", daemon.socket))
    assert said.status == UNKNOWN
    assert "Permission denied" in said.text


def test_without_libchrony_the_state_is_unknown(no_libchrony: Path) -> None:
    said = check(LD_LIBRARY_PATH=str(no_libchrony), PYCHRONY_LIBCHRONY=None)
    assert said.status == UNKNOWN
    assert "libchrony" in said.text
    missing: dict[str, str | None] = {
        "LD_LIBRARY_PATH": str(no_libchrony),
        "PYCHRONY_LIBCHRONY": None,
    }
    done = command.run("check", "--json", **missing)
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["ok"], verdict["level"]) == (UNKNOWN, False, "UNKNOWN")
    assert [each["code"] for each in verdict["findings"]] == ["library"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--bogus",),
        ("-w", "5 parsecs"),
        ("-w", "5|ms"),
        ("5|ms",),
        ("-w", "2s", "-c", "1s"),
        ("--max-stratum", "-1"),
        ("-a", "127.0.0.1:99999"),
        ("-a", "localhost:http"),
        ("too", "much"),
        ("--csv",),
        ("--max-age", "2s:1s"),
        ("--max-stratum", "@"),
        ("--max-stratum", "1:x"),
        ("--max-stratum", ":"),
        ("--answered", "~"),
        ("--falsetickers", "-1"),
        ("--source", ""),
        ("--drift", "-1"),
        ("--drift", "inf"),
    ],
)
def test_a_wrong_command_line_is_unknown(arguments: tuple[str, ...]) -> None:
    assert check(*arguments).status == UNKNOWN


def test_a_wrong_option_before_the_command_is_unknown_too() -> None:
    assert parse(command.run("--csv", "check")).status == UNKNOWN
    assert parse(command.run("-t", "x", "check")).status == UNKNOWN


def test_the_sources_are_added_when_asked_for(many: Chronyd) -> None:
    said = check("--verbose", "-a", many.socket)
    assert said.status in (OK, WARNING)
    slots = sum(line.split()[1].startswith("ID#") for line in said.further[2:])
    assert f"{len(said.further) - 2 - slots}" == said.data["usable"].maximum


def test_a_client_that_loses_its_server_warns_and_is_critical_once_the_error_may_be_too_large() -> (
    None
):
    with Chronyd(LOCAL_SERVER, serve=True) as server:
        with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
            daemon.wait_synchronised()
            server.kill()
            wait_for("the server is given up", lambda: "^*" not in daemon.chronyc("sources"))
            said = check("-a", daemon.socket, "-w", "10s", "-c", "20s")
            assert said.status == WARNING
            assert said.text.startswith("no source is selected, the clock runs on ")
            assert "error" not in said.data
            assert check("-a", daemon.socket, "-c", "1ns").status == CRITICAL


# Ranges, as the Monitoring Plugins Development Guidelines define them.


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("10", (0, 10), (10.5,)),
        ("10:", (10, 1e9), (9.5,)),
        ("~:10", (-5, 10), (10.5,)),
        (":10", (0, 10), (10.5,)),
        ("10:20", (10, 20), (9.5, 20.5)),
        ("@10:20", (9.5, 20.5), (10, 15, 20)),
        ("@5", (6,), (0, 5)),
        ("@~:5", (6,), (-7, 5)),
        ("2.5:3.5", (2.5, 3.5), (2.4, 3.6)),
    ],
)
def test_a_range_is_read_as_the_guidelines_define_it(
    text: str, good: tuple[float, ...], bad: tuple[float, ...]
) -> None:
    given = ranges.of_numbers(text)
    assert [value for value in (*good, *bad) if given.allows(value)] == list(good)
    again = ranges.of_numbers(str(given))
    assert (again.low, again.high, again.inverted) == (given.low, given.high, given.inverted)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (-1e-12, "0"),
        (-0.25, "-0.25"),
        (1e-9, "0.000000001"),
        (1e7, "10000000"),
    ],
)
def test_a_number_in_performance_data_has_no_exponent_and_no_negative_zero(
    value: float, text: str
) -> None:
    assert ranges.plain(value) == text


def test_a_range_of_durations_has_units_on_both_ends() -> None:
    given = ranges.of_durations("@100us:1.5s")
    assert (str(given), given.words(durations.text)) == ("@0.0001:1.5", "between 100 us and 1.5 s")
    assert str(ranges.of_durations("1ms:2ms")) == "0.001:0.002"


@pytest.mark.parametrize(
    ("option", "at", "met", "missed", "code"),
    [
        ("-w", "32ms", "32ms:33ms", "33ms:34ms", "error-bound"),
        ("-w", "32ms", "@1ms:2ms", "@32ms:33ms", "error-bound"),
        ("--max-age", "", "30s:40s", "@30s:40s", "old-measurement"),
        ("--max-stratum", "", "3:4", "4:5", "stratum"),
        ("--max-stratum", "3", "3:", "~:2", "stratum"),
        ("--min-sources", "", "1:2", "2:3", "few-sources"),
        ("--min-sources", "1", "@2:9", "@0:1", "few-sources"),
        ("--answered", "", "62.5:", "63:", "unanswered-polls"),
        ("--falsetickers", "", "1", "0", "falsetickers"),
    ],
)
def test_each_condition_just_met_and_just_missed(
    option: str, at: str, met: str, missed: str, code: str
) -> None:
    sources = [
        make_source(reachability=0o377, latest_meas_err=0.03193),
        make_source(address="192.0.2.2", reachability=0o3, state=SourceState.FALSETICKER),
    ]
    with FakeChronyd(sources=sources) as chronyd:
        for given, level in ((met, "OK"), (missed, "WARNING")):
            chronyd.tracking = make_tracking(ref_time=time.time() - 33)
            done = command.run("check", option, given, "--json")
            verdict = json.loads(done.stdout)
            assert verdict["level"] == level, (given, verdict["summary"])
            assert done.returncode == Level[level]
            found = {each["code"] for each in verdict["findings"] if each["level"] != "OK"}
            assert found == ({code} if level == "WARNING" else set())
            said = check(option, given)
            assert said.status == Level[level]


def test_the_drift_that_the_bound_allows_for_can_be_given() -> None:
    # The default source's last sample is 21 s old, and one second more counts.
    with FakeChronyd(tracking=make_tracking(ref_time=time.time())):
        plain, none = check(), check("--drift", "0")
        assert plain.data["error"].value - none.data["error"].value == pytest.approx(22 * 15e-6)
        limit = f"{none.data['error'].value + 1e-8:.9f}s"
        drift = ("--max-error", limit, "--drift")
        waited = [
            command.run("wait", "--for", "0.1", *drift, ppm).returncode for ppm in "15 0".split()
        ]
        assert waited == [1, 0]
        logged = [command.output("log", "--count", "1", *drift, ppm) for ppm in ("15", "0")]
        assert ["CRITICAL" in row for row in logged] == [True, False]
        assert command.run("guard", *drift, "15").returncode == 2


def test_a_critical_range_outweighs_a_warning() -> None:
    with FakeChronyd(tracking=make_tracking(ref_time=time.time())):
        assert check("-w", "1ms", "-c", "@6ms:7ms").status == CRITICAL
        assert check("-w", "@6ms:7ms", "-c", "6ms").status == CRITICAL
        assert check("-w", "@6ms:7ms", "-c", "1s").status == WARNING
        assert check("-w", "1ms", "-c", "@1ms:2ms").status == WARNING


def test_a_pending_leap_second_is_a_warning_where_that_is_wanted() -> None:
    tracking = make_tracking(ref_time=time.time(), leap_status=LeapStatus.DELETE)
    with FakeChronyd(tracking=tracking) as chronyd:
        said = check()
        assert (said.status, "; a leap second will be deleted" in said.text) == (OK, True)
        assert check("--leap").status == WARNING
        chronyd.tracking = make_tracking(ref_time=time.time())
        assert check("--leap").status == OK


def test_the_source_must_be_the_selected_one_by_address_or_host_name() -> None:
    tracking = make_tracking(reference_ip="127.0.0.1", ref_time=time.time())
    sources = [
        make_source(address="127.0.0.1"),
        make_source(address="192.0.2.7", state=SourceState.UNSELECTED),
    ]
    with FakeChronyd(tracking=tracking, sources=sources):
        assert check("--source", "127.0.0.1").status == OK
        assert check("--source", "localhost").status == OK
        said = check("--source", "192.0.2.7")
        assert said.status == CRITICAL
        assert said.text.startswith("the selected source is 127.0.0.1, not 192.0.2.7 (")
        said = check("--source", "nosuch.invalid")
        assert said.status == CRITICAL
        assert "not nosuch.invalid; cannot resolve the host name 'nosuch.invalid'" in said.text


def test_a_lost_pps_is_noticed(server: Chronyd) -> None:
    with ShmClock() as pulse:
        lines = [line.replace("refid GPS", "refid PPS prefer") for line in pulse.refclock]
        with Chronyd([*lines, *client_of("127.0.0.1", server.ntp_port)]) as daemon:
            at = ("-w", "10s", "-c", "20s", "-a", daemon.socket, "--source", "PPS")
            wait_for("the PPS is selected", lambda: "#* PPS" in daemon.chronyc("sources"))
            assert check(*at).status == OK
            pulse.stop()
            wait_for("the PPS is given up", lambda: "#* PPS" not in daemon.chronyc("sources"))
            said = check(*at)
            assert said.status == CRITICAL
            assert "not PPS" in said.text
            assert check(*at[:-2], "--max-stratum", "1").status == WARNING


def test_a_noselect_server_is_not_a_source(server: Chronyd) -> None:
    with Chronyd(LOCAL_SERVER, serve=True) as lost:
        lines = [
            *client_of("127.0.0.1", lost.ntp_port),
            *client_of("::1", server.ntp_port, "noselect"),
        ]
        with Chronyd(lines) as daemon:
            daemon.wait_synchronised()
            lost.kill()
            wait_for("the server is given up", lambda: "^*" not in daemon.chronyc("sources"))
            said = check("-w", "10s", "-c", "20s", "-a", daemon.socket)
    assert said.status == WARNING
    assert said.text.startswith("no source is selected")
    assert (said.data["usable"].value, said.data["usable"].maximum) == (0, "2")


def test_falsetickers_alone_give_no_time(server: Chronyd) -> None:
    with ShmClock(ahead=2.0) as ahead, ShmClock(ahead=-2.0) as behind:
        with Chronyd([*ahead.refclock, *behind.refclock]) as daemon:
            wait_for("they disagree", lambda: daemon.chronyc("sources").count("#x") == 2)
            said = check("-a", daemon.socket)
    assert said.status == CRITICAL
    assert said.text == "not synchronised; 0 of 2 sources usable; 2 falsetickers: GPS, GPS"
    assert said.data["falsetickers"].value == 2


def test_spare_slots_of_a_pool_are_not_counted(server: Chronyd) -> None:
    pool = f"pool localhost port {server.ntp_port} maxsources 8 minpoll -2 maxpoll -2 iburst"
    with Chronyd([pool]) as daemon:
        daemon.wait_synchronised()
        sources = pychrony.get_sources(daemon.socket)
        slots = sum(source.address.startswith("ID#") for source in sources)
        assert slots >= 6
        said = check("-w", "10s", "-c", "20s", "-a", daemon.socket)
    assert said.status == OK
    assert said.data["usable"].maximum == f"{len(sources) - slots}"
    assert f" of {len(sources) - slots} sources usable" in said.text


def test_an_ntp_server_may_be_named_as_plugins_name_hosts(client: Chronyd) -> None:
    assert check("-H", client.udp, "-w", "10s", "-c", "20s").status == OK
    assert check("--hostname", client.udp, "-w", "10s", "-c", "20s").status == OK


def test_its_version_is_that_of_the_command() -> None:
    assert command.run("check", "-V").stdout == command.output("--version")


@pytest.mark.parametrize("option", ["-h", "--help", "-V", "--version"])
def test_a_service_whose_command_asks_for_help_does_not_look_well(option: str) -> None:
    done = command.run("check", option)
    assert (done.returncode, done.stderr) == (UNKNOWN, "")
    assert done.stdout


def test_json_is_the_verdict_and_the_status_is_the_same() -> None:
    done = command.run("check", "--json", "-a", "127.0.0.1:9")
    verdict = json.loads(done.stdout)
    assert (done.returncode, done.stderr, verdict["level"]) == (CRITICAL, "", "CRITICAL")
    assert [each["code"] for each in verdict["findings"]] == ["unreachable"]
