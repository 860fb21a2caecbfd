"""pychrony check: what a monitoring system sees of chronyds in every state."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import command
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.plugin import Output, parse
from support.responder import Responder, sample

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
    by_parts = (
        abs(offset.value) + said.data["root_dispersion"].value + said.data["root_delay"].value / 2
    )
    assert error.value == pytest.approx(by_parts, abs=2e-9)
    assert (said.data["stratum"].value, said.data["stratum"].warning) == (9, "15")
    assert (said.data["reachable"].value, said.data["reachable"].warning) == (1, "1:")


def test_a_clock_that_may_be_wrong_is_a_warning_and_then_critical() -> None:
    # The responder's clock may be 0.010009766 s wrong, and its last measurement was made in 2023.
    with Responder() as daemon:
        old = ("--max-age", "100000d", "-a", daemon.address)
        assert check(*old).status == OK
        said = check("--warning", "10ms", *old)
        assert (said.status, said.text.partition(",")[0]) == (WARNING, "may be 10.01 ms wrong")
        said = check("--warning", "10.01ms", *old)
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
            "1 of 1 sources reachable, fewer than 2",
        )
        daemon.reports["sources"] = [sample("sources", reachability=0)]
        said = check(*old)
        assert (said.status, said.text.partition(" (")[0]) == (
            WARNING,
            "0 of 1 sources reachable, fewer than 1",
        )


def test_a_warning_is_followed_by_what_it_does_not_mention() -> None:
    with Responder() as daemon:
        old = ("--max-age", "100000d", "-a", daemon.address)
        follows = "synchronised to 192.0.2.1, stratum 3)"
        said = check("--warning", "10ms", *old)
        assert said.text == f"may be 10.01 ms wrong, more than 10 ms ({follows}"
        said = check("--max-stratum", "2", *old)
        assert said.text == f"stratum 3 is above 2 (at most 10.01 ms wrong, {follows}"


def test_an_unsynchronised_clock_is_critical(unsynchronised: Chronyd) -> None:
    said = check("-a", unsynchronised.socket)
    assert said.status == CRITICAL
    assert said.text == "not synchronised; chronyd has no sources"
    assert set(said.data) == {"reachable"}


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


def test_no_chronyd_is_critical() -> None:
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
        ("--json",),
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
    assert f"{len(said.further) - 2}" == said.data["reachable"].maximum


def test_a_client_that_loses_its_server_stays_trusted_until_the_error_grows() -> None:
    with Chronyd(LOCAL_SERVER, serve=True) as server:
        with Chronyd(client_of("127.0.0.1", server.ntp_port)) as daemon:
            daemon.wait_synchronised()
            server.kill()
            assert check("-a", daemon.socket, "-w", "10s", "-c", "20s").status == OK
            assert check("-a", daemon.socket, "-c", "100ns").status == CRITICAL
