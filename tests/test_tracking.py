"""The tracking report of real chronyds, field by field as chronyc prints it."""

from __future__ import annotations

import math
import os
import time
from decimal import Decimal
from pathlib import Path

import pytest
from support import child, chronyc
from support.chronyd import LOCAL_SERVER, Chronyd
from support.reach import address_of
from support.waiting import wait_for

import pychrony

LEAP = {
    "Normal": pychrony.LeapStatus.NORMAL,
    "Insert second": pychrony.LeapStatus.INSERT,
    "Delete second": pychrony.LeapStatus.DELETE,
    "Not synchronised": pychrony.LeapStatus.UNSYNC,
}

# Our field, chronyc's column. These do not change between two updates of the clock.
STEADY = {
    "last_offset": "last offset",
    "rms_offset": "RMS offset",
    "frequency": "frequency offset",
    "residual_freq": "residual frequency",
    "skew": "skew",
    "root_delay": "root delay",
    "update_interval": "last update interval",
}
# These change all the time: ours lies between what chronyc prints before and after.
MOVING = {
    "offset": "current correction",
    "root_dispersion": "root dispersion",
}

DAEMONS = ["server", "client", "client6", "refclock", "refclock_behind", "unsynchronised"]


@pytest.fixture(params=DAEMONS)
def daemon(request: pytest.FixtureRequest) -> Chronyd:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Chronyd)
    return found


def read(
    daemon: Chronyd, address: str
) -> tuple[dict[str, str], pychrony.TrackingStatus, dict[str, str]]:
    """Our report between two of chronyc's that belong to the same update of the clock."""
    moving = set(MOVING.values())

    def try_once() -> tuple[dict[str, str], pychrony.TrackingStatus, dict[str, str]] | None:
        before = daemon.tracking_csv()
        ours = pychrony.get_tracking(address)
        after = daemon.tracking_csv()
        same = all(before[column] == after[column] for column in before if column not in moving)
        return (before, ours, after) if same else None

    return wait_for("two equal reports of chronyc", try_once)


def half_a_digit(printed: str) -> Decimal:
    """How far a number may be from the one that was printed for it."""
    exponent = Decimal(printed).as_tuple().exponent
    assert isinstance(exponent, int)
    # Slightly more, because our number was a binary one.
    return Decimal(5).scaleb(exponent - 1) * Decimal("1.000001")


@pytest.mark.parametrize("transport", ["unix", "udp", "udp6"])
def test_every_field_is_what_chronyc_prints(daemon: Chronyd, transport: str) -> None:
    before, ours, after = read(daemon, address_of(daemon, transport))

    assert ours.reference_id == int(after["reference ID"], 16)
    assert ours.stratum == int(after["stratum"])
    assert ours.leap_status is LEAP[after["leap status"]]
    assert ours.ref_time_ns == int(Decimal(after["reference time"]).scaleb(9))
    assert abs(ours.ref_time - ours.ref_time_ns / 1e9) <= math.ulp(ours.ref_time)
    for field, column in {**STEADY, **MOVING}.items():
        printed = sorted([before[column], after[column]], key=Decimal)
        value = Decimal(getattr(ours, field))
        assert Decimal(printed[0]) - half_a_digit(printed[0]) <= value, field
        assert value <= Decimal(printed[1]) + half_a_digit(printed[1]), field


@pytest.mark.parametrize("transport", ["unix", "udp"])
def test_every_field_has_its_type(daemon: Chronyd, transport: str) -> None:
    tracking = pychrony.get_tracking(address_of(daemon, transport))
    for field in ["reference_id", "stratum", "ref_time_ns"]:
        assert type(getattr(tracking, field)) is int, field
    for field in ["ref_time", *STEADY, *MOVING]:
        assert type(getattr(tracking, field)) is float, field
    assert type(tracking.reference_id_name) is str
    assert type(tracking.leap_status) is pychrony.LeapStatus


def synchronised_by_chronyc(daemon: Chronyd) -> bool:
    """Whether chronyc finds the clock synchronised: one try, with any correction and skew."""
    return chronyc.run(daemon.socket, "waitsync", "1", "0", "0", "0.01").returncode == 0


def test_a_clock_is_synchronised_when_chronyc_waits_for_it_no_longer(daemon: Chronyd) -> None:
    ours = pychrony.get_tracking(daemon.socket).is_synchronized()
    assert ours == synchronised_by_chronyc(daemon)


def test_a_source_over_ipv4_is_named_by_its_address(client: Chronyd) -> None:
    tracking = pychrony.get_tracking(client.socket)
    assert tracking.reference_id == 0x7F000001
    assert tracking.reference_id_name == tracking.reference_ip == "127.0.0.1"
    assert tracking.stratum == 9
    assert tracking.is_synchronized()
    assert not tracking.is_leap_pending()


def test_a_source_over_ipv6_is_named_by_its_address_and_not_by_its_hash(client6: Chronyd) -> None:
    tracking = pychrony.get_tracking(client6.socket)
    assert tracking.reference_id_name == tracking.reference_ip == "::1"
    assert tracking.reference_id not in (0, 1)
    assert tracking.is_synchronized()


def test_a_reference_clock_is_named_by_its_id_and_has_no_address(refclock: Chronyd) -> None:
    tracking = pychrony.get_tracking(refclock.socket)
    assert tracking.reference_id == int.from_bytes(b"GPS\0", "big")
    assert tracking.reference_id_name == "GPS"
    assert tracking.reference_ip is None
    assert tracking.stratum == 1
    assert tracking.is_synchronized()


def test_a_local_reference_has_neither_name_nor_address(server: Chronyd) -> None:
    tracking = pychrony.get_tracking(server.socket)
    assert tracking.reference_id == 0x7F7F0101
    assert tracking.reference_id_name == "127.127.1.1"
    assert tracking.reference_ip is None
    assert tracking.stratum == 8
    assert tracking.is_local_reference()
    assert not tracking.is_synchronized()


def test_an_unsynchronised_daemon_is_reported_as_such(unsynchronised: Chronyd) -> None:
    tracking = pychrony.get_tracking(unsynchronised.socket)
    assert tracking.reference_id == 0
    assert tracking.reference_id_name == "0.0.0.0"
    assert tracking.reference_ip is None
    assert tracking.stratum == 0
    assert tracking.leap_status is pychrony.LeapStatus.UNSYNC
    assert tracking.ref_time == 0.0
    assert not tracking.is_synchronized()
    assert not tracking.is_leap_pending()


def test_a_slow_clock_has_a_positive_offset(refclock: Chronyd) -> None:
    assert "slow of NTP time" in refclock.chronyc("tracking")
    assert pychrony.get_tracking(refclock.socket).offset > 0.2


def test_a_fast_clock_has_a_negative_offset(refclock_behind: Chronyd) -> None:
    assert "fast of NTP time" in refclock_behind.chronyc("tracking")
    assert pychrony.get_tracking(refclock_behind.socket).offset < -0.2


def test_the_sign_of_the_frequency_is_chronycs_slow_and_fast(client: Chronyd) -> None:
    def word() -> str:
        (line,) = (
            line for line in client.chronyc("tracking").splitlines() if line.startswith("Frequency")
        )
        return line.split()[-1]

    def try_once() -> tuple[float, str] | None:
        before, frequency, after = word(), pychrony.get_tracking(client.socket).frequency, word()
        return (frequency, before) if before == after and abs(frequency) >= 0.001 else None

    frequency, said = wait_for("a frequency that stays on one side", try_once)
    assert said == ("slow" if frequency < 0 else "fast")


def test_the_reference_time_is_of_now(client: Chronyd) -> None:
    tracking = pychrony.get_tracking(client.socket)
    assert abs(time.time() - tracking.ref_time) < 3600


def test_a_path_object_is_an_address_too(server: Chronyd) -> None:
    assert pychrony.get_tracking(Path(server.socket)).stratum == 8


def test_many_calls_leave_nothing_behind(server: Chronyd, transport: str) -> None:
    address = address_of(server, transport)
    pychrony.get_tracking(address)
    descriptors = sorted(os.listdir("/proc/self/fd"))
    for _ in range(200):
        pychrony.get_tracking(address)
    assert sorted(os.listdir("/proc/self/fd")) == descriptors
    assert server.client_files() == []


def test_a_restarted_chronyd_is_asked_like_any_other(transport: str) -> None:
    with Chronyd(LOCAL_SERVER) as daemon:
        address = address_of(daemon, transport)
        assert pychrony.get_tracking(address).stratum == 8
        daemon.restart()
        assert pychrony.get_tracking(address).stratum == 8


def test_a_fresh_python_needs_no_more_than_the_import(server: Chronyd) -> None:
    result = child.evaluate(f"pychrony.get_tracking({server.socket!r}).stratum")
    assert result == {"value": 8}
