"""pychrony.testing: records that are made in Python, and the FakeChronyd that answers them through the real extension."""

from __future__ import annotations

import asyncio
import contextlib
import doctest
import enum
import gc
import math
import multiprocessing
import os
import random
import re
import select
import socket
import struct
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable

import pytest
from support import child, chronyc
from support.chronyd import Chronyd
from support.waiting import DEADLINE, wait_for

import pychrony
from pychrony import (
    AuthMode,
    ChronyConnectionError,
    ChronyDataError,
    ChronyPermissionError,
    ChronyTimeoutError,
    ChronyVersionError,
    KeyType,
    LeapStatus,
    SelectOptions,
    SourceMode,
    SourceState,
    aio,
    testing,
)
from pychrony.testing import FakeChronyd, Request, protocol, records, server
from pychrony.testing.tables import REPORT_OF, REPORTS

# Report: the attribute of a FakeChronyd, the function that asks for it, the factory, and its defaults.
KINDS: dict[str, tuple[str, Callable[..., Any], Callable[..., Any], dict[str, Any]]] = {
    "tracking": (
        "tracking",
        pychrony.get_tracking,
        testing.make_tracking,
        testing.TRACKING_DEFAULTS,
    ),
    "sources": ("sources", pychrony.get_sources, testing.make_source, testing.SOURCE_DEFAULTS),
    "sourcestats": (
        "source_stats",
        pychrony.get_source_stats,
        testing.make_source_stats,
        testing.SOURCESTATS_DEFAULTS,
    ),
    "rtcdata": ("rtc_data", pychrony.get_rtc_data, testing.make_rtc_data, testing.RTCDATA_DEFAULTS),
    "smoothing": (
        "smoothing",
        pychrony.get_smoothing,
        testing.make_smoothing,
        testing.SMOOTHING_DEFAULTS,
    ),
    "activity": (
        "activity",
        pychrony.get_activity,
        testing.make_activity,
        testing.ACTIVITY_DEFAULTS,
    ),
    "serverstats": (
        "server_stats",
        pychrony.get_server_stats,
        testing.make_server_stats,
        testing.SERVERSTATS_DEFAULTS,
    ),
    "ntpdata": ("ntp_data", pychrony.get_ntp_data, testing.make_ntp_data, testing.NTPDATA_DEFAULTS),
    "authdata": (
        "auth_data",
        pychrony.get_auth_data,
        testing.make_auth_data,
        testing.AUTHDATA_DEFAULTS,
    ),
    "selectdata": (
        "select_data",
        pychrony.get_select_data,
        testing.make_select_data,
        testing.SELECTDATA_DEFAULTS,
    ),
}
LISTS = ["sources", "sourcestats", "ntpdata", "authdata", "selectdata"]


@pytest.fixture(params=["unix", "udp", "udp6"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fake(transport: str) -> Iterator[FakeChronyd]:
    """A FakeChronyd that refuses nothing."""
    with FakeChronyd(transport=transport) as chronyd:
        chronyd.allow(*KINDS)
        yield chronyd


def every_field(record: Any) -> dict[str, Any]:
    """All the fields, including those that are attributes only."""
    report = next(report for report in REPORTS.values() if report["type"] == type(record).__name__)
    return {row["name"]: getattr(record, row["name"]) for row in report["fields"]}


def read(fake: FakeChronyd, report: str) -> Any:
    """What the extension reads: a record, or a list of them."""
    return KINDS[report][1](fake.address)


# Records.


@pytest.mark.parametrize("report", KINDS)
def test_a_factory_makes_a_record_of_its_defaults(report: str) -> None:
    _, _, make, defaults = KINDS[report]
    record = make()
    assert type(record) is getattr(pychrony, REPORTS[report]["type"])
    assert list(defaults) == list(record._fields)
    assert record._asdict() == defaults
    assert make() == make()


@pytest.mark.parametrize("report", KINDS)
def test_a_factory_takes_no_field_that_does_not_exist(report: str) -> None:
    make = KINDS[report][2]
    with pytest.raises(TypeError, match="strata"):
        make(strata=1)
    if "ref_time" not in make()._fields:
        with pytest.raises(TypeError, match="ref_time_ns"):
            make(ref_time_ns=1)


@pytest.mark.parametrize(
    ("make", "fields", "kind", "words"),
    [
        (testing.make_tracking, {"stratum": 70000}, ValueError, "stratum.*70000.*0 to "),
        (testing.make_tracking, {"stratum": "1"}, TypeError, "stratum.*int.*str"),
        (testing.make_tracking, {"stratum": True}, TypeError, "stratum.*int.*bool"),
        (testing.make_tracking, {"stratum": None}, TypeError, "stratum"),
        (testing.make_tracking, {"leap_status": 4}, ValueError, "leap_status.*4.*LeapStatus"),
        (testing.make_tracking, {"offset": math.nan}, ValueError, "offset.*nan"),
        (testing.make_tracking, {"root_delay": -0.5}, ValueError, "root_delay.*-0.5"),
        (testing.make_tracking, {"ref_time": -1.0}, ValueError, "ref_time"),
        (testing.make_tracking, {"reference_ip": "example.org"}, ValueError, "example.org"),
        (testing.make_tracking, {"reference_id": 2**32}, ValueError, "reference_id"),
        (testing.make_tracking, {"reference_id": "GPS"}, TypeError, "reference_id"),
        (testing.make_source, {"address": "fe80::1%eth0"}, ValueError, "fe80::1%eth0"),
        (testing.make_source, {"address": "toolong"}, ValueError, "toolong"),
        (testing.make_source, {"address": "ID#9999999999"}, ValueError, "ID#9999999999"),
        (testing.make_source, {"poll": 2**15}, ValueError, "poll.*32768"),
        (testing.make_source, {"last_sample_ago": 0xFFFFFFFF}, ValueError, "last_sample_ago"),
        (testing.make_auth_data, {"nak": 1}, TypeError, "nak.*bool"),
        (testing.make_server_stats, {"received_ntp_requests": -1}, ValueError, "received_ntp"),
        (testing.make_server_stats, {"received_ntp_requests": None}, TypeError, "received_ntp"),
        (testing.make_smoothing, {"flags": 1.0}, TypeError, "flags"),
    ],
)
def test_a_value_that_chronyd_cannot_mean_is_refused_and_named(
    make: Any, fields: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        make(**fields)


# A row as in pychrony._reports.
ROWS = [
    {"name": "u", "kind": "unsigned", "minimum": 0, "maximum": 255},
    {"name": "e", "kind": "unsigned", "minimum": 0, "maximum": 4294967294, "optional": True},
    {"name": "s", "kind": "signed", "minimum": -32, "maximum": 32},
    {"name": "o", "kind": "offset"},
    {"name": "m", "kind": "measure", "minimum": 0},
    {"name": "t", "kind": "seconds", "minimum": 0, "maximum": 9223372035.0},
    {"name": "n", "kind": "nanoseconds", "minimum": 0, "maximum": 2**63 - 1, "item": False},
    {"name": "b", "kind": "boolean"},
    {"name": "c", "kind": "enum", "enum": "LeapStatus"},
    {"name": "f", "kind": "enum", "enum": "SelectOptions"},
    {"name": "a", "kind": "address", "optional": True},
    {"name": "w", "kind": "source"},
]
EMPTY = {"minimum": None, "maximum": None, "enum": None, "optional": False, "item": True}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("u", [0, 255], [-1, 256, 1.0, None, True]),
        ("e", [0, 4294967294, None], [-1, 4294967295, "1"]),
        ("s", [-32, 32], [-33, 33, 0.5]),
        ("o", [-1.5, 0.0, 1e30, 3], [math.inf, -math.inf, math.nan, "1", None]),
        ("m", [0.0, 1e30, 3], [-1e-9, math.inf, math.nan, None]),
        ("t", [0.0, 1.5, 2], [-1.0, 1e10, math.nan]),
        ("n", [0, 5, 10**18], [-1, 2**63, 1.5]),
        ("b", [True, False], [0, 1, None]),
        ("c", [LeapStatus.UNSYNC, 0], [4, -1, "NORMAL", 0.0]),
        ("f", [SelectOptions(0), SelectOptions.TRUST | SelectOptions.PREFER, 16], ["1", None]),
        ("a", ["192.0.2.1", "2001:db8::1", None], ["GPS", "", "1.2.3", 3]),
        ("w", ["192.0.2.1", "::1", "GPS", "ID#0000000001"], ["five5", "", "a b", "\u00e9", None]),
    ],
)
def test_the_tables_describe_what_a_field_may_hold(
    name: str, good: list[Any], bad: list[Any]
) -> None:
    row = {**EMPTY, **next(row for row in ROWS if row["name"] == name)}
    for value in good:
        checked = records.check("Record", row, value)
        assert checked == value
        if row["enum"]:
            assert type(checked) is getattr(pychrony, row["enum"])
        if row["kind"] in ("offset", "measure", "seconds"):
            assert type(checked) is float
    for value in bad:
        with pytest.raises((TypeError, ValueError), match=f"Record.{name}"):
            records.check("Record", row, value)


@pytest.mark.parametrize(
    ("fields", "identifier", "name", "ip", "synchronised"),
    [
        ({}, 0xC0000201, "192.0.2.1", "192.0.2.1", True),
        ({"leap_status": LeapStatus.UNSYNC}, 0, "0.0.0.0", None, False),
        ({"reference_id": 0}, 0, "0.0.0.0", None, False),
        ({"reference_id": 0, "stratum": 16}, 0, "0.0.0.0", None, False),
        ({"reference_id": 0xC0000202}, 0xC0000202, "192.0.2.2", "192.0.2.2", True),
        ({"reference_ip": "192.0.2.3"}, 0xC0000203, "192.0.2.3", "192.0.2.3", True),
        ({"reference_id_name": "192.0.2.4"}, 0xC0000204, "192.0.2.4", "192.0.2.4", True),
        ({"reference_id_name": "71.80.83.49"}, 0x47505331, "71.80.83.49", "71.80.83.49", True),
        ({"reference_id": 0x47505331}, 0x47505331, "GPS1", None, True),
        ({"reference_id": 0x47505300}, 0x47505300, "GPS", None, True),
        ({"reference_id_name": "PPS0"}, 0x50505330, "PPS0", None, True),
        ({"reference_ip": None}, 0x47505300, "GPS", None, True),
        ({"reference_id": 7, "reference_ip": "::1"}, 7, "::1", "::1", True),
    ],
)
def test_what_names_the_clocks_source_follows_from_what_is_given(
    fields: dict[str, Any], identifier: int, name: str, ip: str | None, synchronised: bool
) -> None:
    status = testing.make_tracking(**fields)
    assert (status.reference_id, status.reference_id_name, status.reference_ip) == (
        identifier,
        name,
        ip,
    )
    assert status.is_synchronized() is synchronised
    for field, value in fields.items():
        assert getattr(status, field) == value


def test_a_local_reference_has_no_address_and_a_name_of_its_own() -> None:
    status = testing.make_tracking(reference_id=0x7F7F0101)
    assert (status.reference_ip, status.reference_id_name) == (None, "127.127.1.1")
    assert (status.root_delay, status.root_dispersion) == (0.0, 0.0)
    assert status.is_local_reference() and not status.is_synchronized()


def test_the_reference_id_of_an_ipv6_source_is_the_hash_that_chronyd_makes(client6: Any) -> None:
    real = pychrony.get_tracking(client6.socket)
    assert real.reference_ip == "::1"
    made = testing.make_tracking(reference_ip="::1")
    assert made.reference_id == real.reference_id
    assert made.reference_id_name == real.reference_id_name
    assert testing.make_source_stats(address="::1").reference_id == real.reference_id


def test_an_address_has_the_form_in_which_it_is_read() -> None:
    assert testing.make_source(address="2001:DB8:0::0001").address == "2001:db8::1"
    assert testing.make_source(address="::ffff:192.0.2.1").address == "::ffff:192.0.2.1"


def test_in_a_leap_second_there_is_a_source_and_no_known_leap_status() -> None:
    """For that second, chronyd's leap status is "not synchronised", and everything else stays as it was."""
    fields = {"leap_status": LeapStatus.UNSYNC, "reference_ip": "192.0.2.1"}
    status = testing.make_tracking(**fields)
    assert status.leap_status is LeapStatus.UNSYNC
    assert (status.stratum, status.reference_ip) == (3, "192.0.2.1")


@pytest.mark.parametrize(
    ("make", "fields"),
    [
        (testing.make_tracking, {"reference_id": 0, "reference_ip": "192.0.2.1"}),
        (testing.make_tracking, {"reference_ip": "192.0.2.1", "reference_id_name": "GPS"}),
        (testing.make_tracking, {"reference_id_name": "a long name"}),
        (testing.make_tracking, {"ref_time": 5.0, "ref_time_ns": 6_000_000_000}),
        (testing.make_tracking, {"reference_ip": "192.0.2.1", "reference_id": 5}),
        (testing.make_source, {"address": "GPS", "mode": SourceMode.CLIENT}),
        (testing.make_source, {"address": "192.0.2.1", "mode": SourceMode.REFCLOCK}),
        (testing.make_source, {"address": "2001:db8::1", "mode": SourceMode.REFCLOCK}),
        (testing.make_source_stats, {"address": "192.0.2.1", "reference_id": 5}),
        (testing.make_select_data, {"address": "192.0.2.1", "reference_id": 5}),
        (testing.make_source_stats, {"address": "GPS", "reference_id": 0x50505300}),
    ],
)
def test_fields_that_contradict_each_other_are_refused(make: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        make(**fields)


def test_a_reference_clock_is_one_by_its_name_or_by_its_mode() -> None:
    for clock in (
        testing.make_source(address="GPS"),
        testing.make_source(mode=SourceMode.REFCLOCK),
        testing.make_source(mode=2, address="GPS"),
    ):
        assert (clock.address, clock.mode, clock.stratum) == ("GPS", SourceMode.REFCLOCK, 0)
    assert testing.make_source_stats(address="GPS").reference_id == 0x47505300
    assert testing.make_select_data(reference_id=0x47505300).address == "GPS"


def test_a_source_whose_name_is_not_resolved_has_no_sample() -> None:
    source = testing.make_source(address="ID#0000000001")
    assert (source.state, source.reachability) == (SourceState.NONSELECTABLE, 0)
    assert source.last_sample_ago is None
    assert testing.make_source_stats(address="ID#0000000001").samples == 0
    assert testing.make_ntp_data(address="ID#0000000001").local_address is None


def test_the_two_addresses_of_ntp_data_follow_from_each_other() -> None:
    for fields in ({"address": "192.0.2.9"}, {"remote_address": "192.0.2.9"}):
        record = testing.make_ntp_data(**fields)
        assert (record.address, record.remote_address) == ("192.0.2.9", "192.0.2.9")
    moved = testing.make_ntp_data(address="192.0.2.9", remote_address="192.0.2.8")
    assert (moved.address, moved.remote_address) == ("192.0.2.9", "192.0.2.8")


def test_authentication_comes_with_a_key() -> None:
    assert testing.make_auth_data().key_type is KeyType.NONE
    for mode in (AuthMode.SYMMETRIC_KEY, AuthMode.NTS):
        record = testing.make_auth_data(mode=mode)
        assert record.key_type is not KeyType.NONE and record.key_length > 0
        assert (record.cookies > 0) == (mode is AuthMode.NTS)
        assert (record.last_key_establishment_ago is None) == (mode is AuthMode.SYMMETRIC_KEY)


def test_numbers_become_what_the_extension_would_give() -> None:
    status = testing.make_tracking(leap_status=1, offset=2)
    assert status.leap_status is LeapStatus.INSERT
    assert type(status.offset) is float
    assert type(testing.make_source(flags=3).flags) is SelectOptions


# Records, sent and read back.


# Fields for which chronyd has a number that means None. Other fields are None only in older releases.
CAN_BE_NONE = ("last_sample_ago", "last_key_establishment_ago", "received_good_messages")


def random_float(generator: random.Random) -> float:
    """A float that chronyd can send, with 24 significant bits."""
    return math.ldexp(generator.randrange(1 << 23, 1 << 24), generator.randrange(-60, 30))


def random_address(generator: random.Random) -> str:
    if generator.random() < 0.5:
        return protocol.format_address(protocol.IPV4, generator.randbytes(4))
    return protocol.format_address(protocol.IPV6, b"\x20\x01" + generator.randbytes(14))


def random_value(generator: random.Random, row: dict[str, Any]) -> Any:
    """Any value that a field may have; the least and the greatest come more often than others."""
    kind = row["kind"]
    if row["name"] in CAN_BE_NONE and generator.random() < 0.3:
        return None
    if kind == "enum":
        enumeration = getattr(pychrony, row["enum"])
        if issubclass(enumeration, enum.IntFlag):
            return enumeration(generator.randrange(4))
        return generator.choice(list(enumeration))
    if kind == "boolean":
        return generator.random() < 0.5
    if kind == "offset":
        return generator.choice((0.0, 1.0, -1.0)) * random_float(generator)
    if kind == "measure":
        return generator.choice((0.0, 1.0)) * random_float(generator)
    low, high = row["minimum"], row["maximum"]
    value = generator.choice((low, high, generator.randint(low, high)))
    # In a field that can be None, the bits of -1 mean None.
    return -2 if value == -1 and row["optional"] else value


def random_fields(generator: random.Random, report: str) -> dict[str, Any]:
    """Random fields of a record, except those that follow from others."""
    fields: dict[str, Any] = {}
    for row in REPORTS[report]["fields"]:
        if row["kind"] == "nanoseconds":
            fields[row["name"]] = generator.randrange(2**62)
        elif row["kind"] not in ("seconds", "address", "source") and row["name"] != "reference_id":
            fields[row["name"]] = random_value(generator, row)
    if report == "sources":
        fields["mode"] = SourceMode(generator.randrange(2))
    if report == "ntpdata":
        fields["reference_id"] = generator.randrange(2**32)
        fields["local_address"] = generator.choice((None, random_address(generator)))
        fields["remote_address"] = generator.choice((None, random_address(generator)))
    return fields


@pytest.mark.parametrize("report", sorted(KINDS.keys() - set(LISTS)))
def test_any_record_is_read_as_it_was_made(report: str) -> None:
    attribute, _, make, _ = KINDS[report]
    generator = random.Random(report)
    with FakeChronyd() as fake:
        for _ in range(60):
            fields = random_fields(generator, report)
            if report == "tracking":
                name = generator.choice(("GPS", "PPS0", "0.0.0.0", random_address(generator)))
                fields["reference_id_name"] = name
            record = make(**fields)
            setattr(fake, attribute, record)
            assert read(fake, report) == record
            assert every_field(read(fake, report)) == every_field(record)
            assert getattr(fake, attribute) == record


def test_any_list_is_read_as_it_was_made() -> None:
    generator = random.Random(14)
    sizes = set()
    with FakeChronyd() as fake:
        for size in range(25):
            addresses = [random_address(generator) for _ in range(size % 7)]
            for extra in ("GPS", "PPS0", "ID#0000000003", "ID#4294967295"):
                if size and generator.random() < 0.3:
                    addresses.insert(generator.randrange(len(addresses) + 1), extra)
            sizes.add(len(addresses))
            for report in LISTS:
                attribute, _, make, _ = KINDS[report]
                made = []
                for address in addresses:
                    fields = random_fields(generator, report)
                    if address in ("GPS", "PPS0"):
                        if report in ("ntpdata", "authdata"):
                            continue
                        fields.pop("mode", None)
                    made.append(make(**fields, address=address))
                setattr(fake, attribute, made)
                assert read(fake, report) == made
                assert [every_field(each) for each in read(fake, report)] == [
                    every_field(each) for each in made
                ]
                assert getattr(fake, attribute) == tuple(made)
    assert {0, 1, 5} <= sizes


@pytest.mark.parametrize("report", KINDS)
def test_the_defaults_are_read_as_they_were_made(fake: FakeChronyd, report: str) -> None:
    attribute, _, make, _ = KINDS[report]
    fake.rtc_data, fake.smoothing = testing.make_rtc_data(), testing.make_smoothing()
    expected = [make()] if report in LISTS else make()
    assert read(fake, report) == expected
    with pychrony.ChronyConnection(fake.address) as connection:
        assert getattr(connection, f"get_{attribute}")() == expected


@pytest.mark.parametrize("report", sorted(pychrony.supported_reports()))
def test_chronyc_reads_the_records_too(report: str) -> None:
    """chronyc is not ours and may be older, so the fake sends what a chronyd of chronyc's release sends."""
    with FakeChronyd(version=chronyc.release()) as fake:
        fake.rtc_data, fake.smoothing = testing.make_rtc_data(), testing.make_smoothing()
        (record,) = chronyc.records(fake.address, report)
    compared = 0
    for row in REPORTS[report]["fields"]:
        value = KINDS[report][3].get(row["name"])
        if type(value) is int and record.get(row["source"], "").isdigit():
            base = 8 if row["name"] == "reachability" else 10
            if row["source"] != "reference ID":
                assert int(record[row["source"]], base) == value, row["name"]
                compared += 1
    assert compared >= 1 or report == "smoothing"


def test_a_fake_takes_a_time_that_differs_from_its_nanoseconds_as_far_as_the_type_lets_it() -> None:
    apart = {"ref_time": 12.0000018, "ref_time_ns": 12_000_000_000}
    with FakeChronyd(tracking=testing.make_tracking()._replace(**apart)) as fake:
        assert pychrony.get_tracking(fake.address).ref_time_ns == 12_000_000_000


def test_times_are_exact_to_the_nanosecond() -> None:
    with FakeChronyd(tracking=testing.make_tracking(ref_time_ns=1_700_000_000_123_456_789)) as fake:
        assert pychrony.get_tracking(fake.address).ref_time_ns == 1_700_000_000_123_456_789
        fake.tracking = testing.make_tracking(ref_time=1_700_000_000.3)
        assert pychrony.get_tracking(fake.address).ref_time == 1_700_000_000.3


def test_a_float_is_rounded_as_chronyd_rounds_it_and_the_attribute_shows_it() -> None:
    made = testing.make_tracking(offset=0.1)
    with FakeChronyd(tracking=made) as fake:
        answered = pychrony.get_tracking(fake.address)
        assert answered.offset == pytest.approx(0.1, rel=2**-23)
        assert answered.offset != made.offset
        assert fake.tracking == answered


@pytest.mark.parametrize("value", [0.0, 1e-9, -1e-9, 1e-30, 3e-27, -2e18, 4.6e18, 2.0**62])
def test_any_float_that_the_format_has_room_for_is_answered_to_its_step(value: float) -> None:
    with FakeChronyd(tracking=testing.make_tracking(offset=value)) as fake:
        answered = pychrony.get_tracking(fake.address)
        assert answered.offset == pytest.approx(value, rel=2**-23, abs=2**-89)
        assert fake.tracking == answered


@pytest.mark.parametrize("value", [4.7e18, -4.7e18, 1e30, 1e101])
def test_a_float_that_is_too_great_for_the_format_is_refused_and_named(value: float) -> None:
    fake = FakeChronyd()
    with pytest.raises(ValueError, match=r"TrackingStatus\.last_offset.*e\+.*4\.6.*e\+18"):
        fake.tracking = testing.make_tracking(last_offset=value)
    assert fake.tracking == testing.make_tracking()


@pytest.mark.parametrize("seconds", [0.1234567890123, 12345.678, 1_767_225_600.1234567])
def test_a_time_is_sent_to_the_nanosecond_and_the_attribute_shows_it(seconds: float) -> None:
    made = testing.make_tracking(ref_time=seconds)
    assert made.ref_time == pytest.approx(seconds, abs=1e-9)
    with FakeChronyd() as fake:
        for record in (made, testing.make_tracking()._replace(ref_time=seconds)):
            fake.tracking = record
            answered = pychrony.get_tracking(fake.address)
            assert every_field(answered) == every_field(made) == every_field(fake.tracking)


@pytest.mark.parametrize(
    ("record", "fields", "words"),
    [
        (testing.make_tracking(), {"reference_id": 0}, "reference_ip"),
        (testing.make_tracking(), {"reference_id": 5}, "reference_id"),
        (testing.make_tracking(), {"reference_ip": "192.0.2.9"}, "reference_id.*192.0.2.9"),
        (testing.make_tracking(), {"reference_id_name": "foo"}, "reference_id_name.*foo"),
        (testing.make_tracking(reference_id=0), {"reference_id_name": "x"}, "reference_id_name"),
        (testing.make_source(address="GPS"), {"address": "::1"}, "Source.address.*::1"),
        (testing.make_source(address="GPS"), {"address": "71.80.83.49"}, "Source.address.*71"),
        (testing.make_source(), {"address": "GPS"}, "Source.address.*GPS"),
        (testing.make_source_stats(), {"reference_id": 5}, "reference_id.*192.0.2.1"),
        (testing.make_source_stats(), {"address": "GPS"}, "reference_id.*GPS"),
        (testing.make_select_data(), {"reference_id": 5}, "reference_id.*192.0.2.1"),
    ],
)
def test_a_record_whose_fields_contradict_each_other_is_refused(
    record: Any, fields: dict[str, Any], words: str
) -> None:
    """Otherwise the attribute would hold something else than what is answered."""
    report = next(name for name, each in REPORTS.items() if each is REPORT_OF[type(record)])
    wrong = record._replace(**fields)
    with pytest.raises(ValueError, match=words):
        FakeChronyd(**{KINDS[report][0]: [wrong] if report in LISTS else wrong})


# Changes during a test.


def test_a_report_that_is_replaced_is_seen_by_the_next_call(fake: FakeChronyd) -> None:
    with pychrony.ChronyConnection(fake.address) as connection:
        assert connection.get_tracking().stratum == 3
        fake.tracking = testing.make_tracking(stratum=5)
        assert connection.get_tracking().stratum == 5
        fake.sources = [testing.make_source(address=f"192.0.2.{n}") for n in range(1, 40)]
        assert len(connection.get_sources()) == len(connection.get_ntp_data()) == 39
        fake.sources = []
        assert connection.get_sources() == connection.get_auth_data() == []


def test_what_is_not_enabled_is_none(fake: FakeChronyd) -> None:
    assert pychrony.get_rtc_data(fake.address) is None
    assert pychrony.get_smoothing(fake.address) is None
    fake.rtc_data, fake.smoothing = testing.make_rtc_data(), testing.make_smoothing()
    assert pychrony.get_rtc_data(fake.address) == fake.rtc_data == testing.make_rtc_data()
    assert pychrony.get_smoothing(fake.address) == testing.make_smoothing()
    fake.rtc_data = None
    assert fake.rtc_data is None
    assert pychrony.get_rtc_data(fake.address) is None


def test_a_silent_one_lets_the_call_time_out(fake: FakeChronyd) -> None:
    fake.silent = True
    with pytest.raises(ChronyTimeoutError):
        pychrony.get_tracking(fake.address, timeout=0.1)
    assert fake.requests[0] == Request("tracking")
    fake.silent = False
    assert pychrony.get_tracking(fake.address) == fake.tracking


@pytest.mark.parametrize(
    ("make", "given", "unmeasured"),
    [
        (testing.make_source, {"last_sample_ago": None}, ["stratum", "latest_meas"]),
        (testing.make_source, {"address": "GPS", "last_sample_ago": None}, ["latest_meas"]),
        (testing.make_source_stats, {"samples": 0}, ["offset", "std_dev"]),
        (testing.make_ntp_data, {"received_valid_messages": 0}, ["offset", "stratum", "ref_time"]),
        (testing.make_select_data, {"last_sample_ago": None}, ["low_limit", "high_limit"]),
    ],
)
def test_a_value_that_was_never_measured_is_none_as_in_a_response(
    fake: FakeChronyd, make: Any, given: dict[str, Any], unmeasured: list[str]
) -> None:
    record = make(**given)
    assert [getattr(record, name) for name in unmeasured] == [None] * len(unmeasured)
    report = next(name for name, each in REPORTS.items() if each is REPORT_OF[type(record)])
    fake.sources = [testing.make_source(address=record.address)]
    setattr(fake, KINDS[report][0], [record])
    assert read(fake, report) == [record]


# Reconnecting.


def test_a_stopped_one_is_not_there_and_is_back_at_the_same_address(fake: FakeChronyd) -> None:
    address = fake.address
    fake.tracking = testing.make_tracking(stratum=5)
    fake.refuse("activity")
    assert pychrony.get_tracking(address).stratum == 5
    for _ in range(3):
        fake.stop()
        with pytest.raises(ChronyConnectionError) as caught:
            pychrony.get_tracking(address)
        assert not isinstance(caught.value, ChronyTimeoutError)
        fake.start()
        assert fake.address == os.environ["PYCHRONY_ADDRESS"] == address
        assert pychrony.get_tracking(address).stratum == 5
        with pytest.raises(ChronyPermissionError):
            pychrony.get_activity(address)
    assert fake.requests.count(Request("tracking")) == 4


def test_a_connection_outlives_a_restart(fake: FakeChronyd) -> None:
    with pychrony.ChronyConnection(fake.address, timeout=DEADLINE) as connection:
        assert connection.get_tracking() == fake.tracking
        fake.stop()
        with pytest.raises(ChronyConnectionError):
            connection.get_tracking()
        fake.start()
        assert connection.get_tracking() == fake.tracking


def test_it_can_be_stopped_twice_but_not_started_twice(fake: FakeChronyd) -> None:
    fake.stop()
    fake.stop()
    fake.start()
    with pytest.raises(RuntimeError, match="already started"):
        fake.start()
    assert pychrony.get_tracking(fake.address) == fake.tracking


def test_only_one_that_is_entered_is_stopped_and_started(transport: str) -> None:
    fake = FakeChronyd(transport=transport)
    for change in (fake.start, fake.stop):
        with pytest.raises(RuntimeError, match="not entered"):
            change()
    with fake:
        fake.stop()
    for change in (fake.start, fake.stop):
        with pytest.raises(RuntimeError, match="not entered"):
            change()
    with fake:
        assert pychrony.get_tracking(fake.address) == fake.tracking


def test_one_that_is_left_while_stopped_leaves_nothing_behind(transport: str) -> None:
    with FakeChronyd(transport=transport) as fake:
        read(fake, "tracking")
    gc.collect()
    before = descriptors(), threading.active_count()
    with FakeChronyd(transport=transport) as fake:
        for _ in range(20):
            read(fake, "tracking")
            fake.stop()
            fake.start()
        fake.stop()
        directory = Path(fake.address).parent
        assert transport != "unix" or os.listdir(directory) == []
    assert transport != "unix" or not directory.exists()
    assert (descriptors(), threading.active_count()) == before


def test_an_answer_comes_after_the_delay(fake: FakeChronyd) -> None:
    assert fake.delay == 0
    fake.delay = 0.3
    before = time.monotonic()
    assert pychrony.get_tracking(fake.address, timeout=DEADLINE) == fake.tracking
    assert time.monotonic() - before >= 0.3
    with pytest.raises(ChronyTimeoutError):
        pychrony.get_tracking(fake.address, timeout=0.05)
    fake.delay = 0
    assert pychrony.get_tracking(fake.address) == fake.tracking


def test_many_are_delayed_at_the_same_time(fake: FakeChronyd) -> None:
    """Each by 0.5 s: one after the other they would take 10 s."""
    fake.delay = 0.5
    with ThreadPoolExecutor(20) as threads:
        ask = partial(pychrony.get_tracking, fake.address, timeout=5)
        answers = [threads.submit(ask) for _ in range(20)]
        assert [answer.result() for answer in answers] == [fake.tracking] * 20


def test_a_delayed_answer_is_that_of_the_time_of_the_request(fake: FakeChronyd) -> None:
    fake.delay = 0.3
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(pychrony.get_tracking, fake.address, timeout=DEADLINE)
        wait_for("it is asked", lambda: fake.requests)
        fake.tracking = testing.make_tracking(stratum=9)
        assert answer.result().stratum == 3


@pytest.mark.parametrize("delay", [-1, float("nan"), float("inf")])
def test_an_invalid_delay_is_a_value_error(fake: FakeChronyd, delay: float) -> None:
    with pytest.raises(ValueError, match="delay"):
        fake.delay = delay
    assert fake.delay == 0


def test_lost_requests_are_sent_again(fake: FakeChronyd) -> None:
    fake.lose()
    assert pychrony.get_tracking(fake.address, timeout=DEADLINE) == fake.tracking
    assert fake.requests == [Request("tracking")] * 2


def test_lose_takes_the_number_of_requests(fake: FakeChronyd) -> None:
    fake.lose(3)
    with asking(fake.address) as ask:
        for _ in range(5):
            ask.send()
        assert [ask.receive() for _ in range(2)] == [4, 5]
        assert len(fake.requests) == 5
        fake.lose(2)
        fake.lose(0)
        ask.send()
        assert ask.receive() == 6
    for wrong in (-1, 1.5, "1"):
        with pytest.raises(ValueError, match="count"):
            fake.lose(wrong)  # type: ignore[arg-type]


class Asking:
    """A client that sends requests for the tracking report, numbered from 1 on, and reads the numbers of the answers."""

    def __init__(self, address: str, directory: str) -> None:
        if address.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind(f"{directory}/client")
            self.socket.connect(address)
        else:
            host, _, port = address.rpartition(":")
            family = socket.AF_INET6 if "[" in host else socket.AF_INET
            self.socket = socket.socket(family, socket.SOCK_DGRAM)
            self.socket.connect((host.strip("[]"), int(port)))
        self.socket.settimeout(DEADLINE)
        self.sent = 0

    def send(self) -> None:
        self.sent += 1
        header = struct.pack(">BBBBHHIII", 6, 1, 0, 0, 33, 0, self.sent, 0, 0)
        self.socket.send(header.ljust(protocol.length(TRACKING), b"\0"), socket.MSG_DONTWAIT)

    def receive(self) -> int:
        (number,) = struct.unpack_from(">I", self.socket.recv(4096), 16)
        return int(number)

    def has_received(self) -> bool:
        return bool(select.select([self.socket], [], [], 0)[0])


TRACKING = protocol.REPLIES["tracking"][5]


@contextlib.contextmanager
def asking(address: str) -> Iterator[Asking]:
    with tempfile.TemporaryDirectory(prefix="pc") as directory:
        # chronyd, which has another user, sends to the client's socket.
        os.chmod(directory, 0o777)
        old = os.umask(0)
        try:
            client = Asking(address, directory)
        finally:
            os.umask(old)
        try:
            yield client
        finally:
            client.socket.close()


def test_a_paused_one_answers_late_what_came_meanwhile(fake: FakeChronyd) -> None:
    fake.paused = True
    with asking(fake.address) as client:
        for _ in range(3):
            client.send()
        with pytest.raises(ChronyTimeoutError):
            pychrony.get_tracking(fake.address, timeout=0.1)
        assert (fake.requests, client.has_received()) == ([], False)
        fake.paused = False
        assert [client.receive() for _ in range(3)] == [1, 2, 3]
        assert not fake.paused
    assert pychrony.get_tracking(fake.address) == fake.tracking


def test_a_real_one_that_is_stopped_by_a_signal_does_the_same(stopped: Chronyd) -> None:
    for address in (stopped.socket, stopped.udp):
        with asking(address) as client:
            for _ in range(3):
                client.send()
            with pytest.raises(ChronyTimeoutError):
                pychrony.get_tracking(address, timeout=0.1)
            assert not client.has_received()
            stopped.cont()
            assert [client.receive() for _ in range(3)] == [1, 2, 3]
            stopped.stop()


def test_as_many_requests_wait_on_a_unix_socket_as_with_a_real_one(stopped: Chronyd) -> None:
    def number(address: str) -> int:
        with asking(address) as client, contextlib.suppress(BlockingIOError):
            client.socket.setblocking(False)
            while client.sent < 1000:
                client.send()
        return client.sent

    with FakeChronyd() as fake:
        fake.paused = True
        assert number(fake.address) == number(stopped.socket) < 1000


def test_a_call_that_waits_for_a_paused_one_ends_when_it_goes_on(fake: FakeChronyd) -> None:
    fake.paused = True
    with ThreadPoolExecutor(4) as threads:
        answers = [
            threads.submit(pychrony.get_tracking, fake.address, timeout=None) for _ in range(4)
        ]
        assert not any(answer.done() for answer in answers)
        fake.paused = False
        assert [answer.result(DEADLINE) for answer in answers] == [fake.tracking] * 4


def test_delayed_answers_wait_while_it_is_paused(fake: FakeChronyd) -> None:
    fake.delay = 0.05
    with asking(fake.address) as client:
        client.send()
        wait_for("it is asked", lambda: fake.requests)
        fake.paused = True
        client.send()
        fake.paused = False
        assert [client.receive(), client.receive()] == [1, 2]


def test_it_can_be_left_while_it_is_paused(transport: str) -> None:
    with FakeChronyd(transport=transport) as fake:
        fake.paused = True
    assert fake.paused
    with fake:
        with pytest.raises(ChronyTimeoutError):
            pychrony.get_tracking(fake.address, timeout=0.05)


@pytest.mark.parametrize("report", KINDS)
def test_a_report_that_is_refused_is_a_permission_error_until_it_is_allowed(
    fake: FakeChronyd, report: str
) -> None:
    fake.rtc_data, fake.smoothing = testing.make_rtc_data(), testing.make_smoothing()
    fake.refuse(report)
    with pytest.raises(ChronyPermissionError):
        read(fake, report)
    other = "activity" if report == "tracking" else "tracking"
    assert read(fake, other) is not None
    fake.allow(report)
    assert read(fake, report)


@pytest.mark.parametrize("transport", ["udp", "udp6"])
def test_udp_refuses_what_chronyd_refuses_there(transport: str) -> None:
    with FakeChronyd(transport=transport) as fake:
        for report in ("serverstats", "ntpdata", "authdata", "selectdata"):
            with pytest.raises(ChronyPermissionError):
                read(fake, report)
        assert read(fake, "sources") and read(fake, "tracking")


def test_a_report_that_does_not_exist_cannot_be_refused() -> None:
    with pytest.raises(ValueError, match="ntp_data.*ntpdata"):
        FakeChronyd().refuse("ntp_data")


# Sources.


def test_records_with_one_address_become_several_sources() -> None:
    """The records of chronyd's lists are distinguished by their address."""
    sources = [testing.make_source(), testing.make_source(state=SourceState.FALSETICKER)]
    clocks = [testing.make_source(address="GPS")] * 2
    six = [testing.make_source(address="2001:db8::ffff")] * 2
    with FakeChronyd(sources=[*sources, *clocks, *six]) as fake:
        found = pychrony.get_sources(fake.address)
        assert [source.address for source in found] == [
            "192.0.2.1",
            "192.0.2.2",
            "GPS",
            "GPS",
            "2001:db8::ffff",
            "2001:db8::1:0",
        ]
        assert [source.state for source in found[:2]] == [
            SourceState.SELECTED,
            SourceState.FALSETICKER,
        ]
        assert tuple(found) == fake.sources
        stats = pychrony.get_source_stats(fake.address)
        assert [each.reference_id for each in stats[:3]] == [0xC0000201, 0xC0000202, 0x47505300]


def test_the_other_lists_are_of_the_same_sources() -> None:
    with FakeChronyd(sources=[testing.make_source(address=a) for a in ("::1", "GPS")]) as fake:
        assert [each.address for each in fake.source_stats] == ["::1", "GPS"]
        assert [each.address for each in fake.ntp_data] == ["::1"]
        assert pychrony.get_ntp_data(fake.address) == list(fake.ntp_data)


def test_records_of_a_source_stay_with_it() -> None:
    with FakeChronyd() as fake:
        fake.source_stats = [testing.make_source_stats(samples=3)]
        fake.sources = [testing.make_source(address="192.0.2.9"), testing.make_source()]
        assert [each.samples for each in fake.source_stats] == [12, 3]


def test_a_list_without_sources_says_what_the_sources_are() -> None:
    stats = [testing.make_source_stats(samples=n) for n in (1, 2, 3)]
    with FakeChronyd(source_stats=stats) as fake:
        assert [each.samples for each in pychrony.get_source_stats(fake.address)] == [1, 2, 3]
        assert len(pychrony.get_sources(fake.address)) == 3


def test_the_reference_id_goes_with_an_address_that_is_counted_up() -> None:
    with FakeChronyd(source_stats=[testing.make_source_stats()] * 2) as fake:
        found = pychrony.get_source_stats(fake.address)
    assert [each.reference_id for each in found] == [0xC0000201, 0xC0000202]


def test_reference_clocks_of_one_name_keep_their_own_records() -> None:
    clocks = [testing.make_source(address="GPS")] * 2
    stats = [testing.make_source_stats(address="GPS", samples=n) for n in (1, 2)]
    fake = FakeChronyd(sources=clocks, source_stats=stats)
    fake.sources = [testing.make_source(), *clocks]
    assert [each.samples for each in fake.source_stats] == [12, 1, 2]


def test_a_negative_age_is_one_and_its_number_for_never_is_refused() -> None:
    """chronyd's clock may be stepped back after a sample."""
    with FakeChronyd(sources=[testing.make_source(last_sample_ago=-2)]) as fake:
        assert pychrony.get_sources(fake.address)[0].last_sample_ago == -2
        with pytest.raises(ValueError, match="last_sample_ago.*-1"):
            fake.sources = [testing.make_source(last_sample_ago=-1)]


def test_a_list_of_other_sources_is_refused_and_changes_nothing() -> None:
    fake = FakeChronyd()
    before = fake.source_stats
    for wrong in ([], [testing.make_source_stats(address="GPS")], [before[0]] * 2):
        with pytest.raises(ValueError, match="192.0.2.1.*sources"):
            fake.source_stats = wrong
    assert fake.source_stats == before


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("tracking", None),
        ("tracking", testing.make_source()),
        ("activity", None),
        ("sources", [testing.make_tracking()]),
        ("sources", [("192.0.2.1", 6)]),
        ("rtc_data", testing.make_smoothing()),
    ],
)
def test_a_record_of_another_kind_is_refused(attribute: str, value: Any) -> None:
    fake = FakeChronyd()
    before = getattr(fake, attribute)
    with pytest.raises(TypeError, match=attribute.replace("_", "")):
        setattr(fake, attribute, value)
    assert getattr(fake, attribute) == before


def test_a_record_that_was_put_together_wrongly_is_refused() -> None:
    fields = list(testing.make_activity())
    fields[0] = -1
    with pytest.raises(ValueError, match="Activity.online"):
        FakeChronyd(activity=pychrony.Activity(fields))


# Releases of chronyd.


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        ("4.9", set()),
        ("4.4", set()),
        ("4.3", {"served"}),
        ("4.2", {"served"}),
        ("4.1", {"served", "held", "ntp", "interleaved"}),
        ("3.5", {"served", "held", "ntp", "interleaved", "nts", "authenticated"}),
    ],
)
def test_an_older_chronyd_has_fewer_server_statistics(version: str, missing: set[str]) -> None:
    with FakeChronyd(version=version) as fake:
        stats = pychrony.get_server_stats(fake.address)
        for name, value in stats._asdict().items():
            words = set(name.split("_"))
            new = bool(words & (missing - {"ntp"})) or (
                "ntp" in missing and name == "ntp_timestamp_span"
            )
            assert (value is None) == new, name
            if value is not None:
                assert value == testing.SERVERSTATS_DEFAULTS[name]
        assert stats == fake.server_stats


@pytest.mark.parametrize(
    ("version", "good", "kernel"), [("4.6", 23, 25), ("4.5", 23, None), ("4.2", None, None)]
)
def test_an_older_chronyd_counts_fewer_messages(
    version: str, good: int | None, kernel: int | None
) -> None:
    with FakeChronyd(version=version) as fake:
        (record,) = pychrony.get_ntp_data(fake.address)
        assert (record.received_good_messages, record.kernel_transmit_timestamps) == (good, kernel)
        assert (record,) == fake.ntp_data


def test_the_reports_that_an_old_chronyd_lacks_are_a_version_error() -> None:
    with FakeChronyd(version="3.5") as fake:
        for report in ("authdata", "selectdata"):
            with pytest.raises(ChronyVersionError):
                read(fake, report)
        assert len(read(fake, "ntpdata")) == 1


def test_a_record_of_an_older_chronyd_is_answered_as_that_one_did() -> None:
    """No version is given: a newer chronyd could not send the fields that are None."""
    old = testing.make_server_stats(
        **{name: None for name in testing.SERVERSTATS_DEFAULTS if name.startswith("served")}
    )
    with FakeChronyd(server_stats=old) as fake:
        assert pychrony.get_server_stats(fake.address) == old


def test_a_record_that_no_chronyd_sends_is_refused() -> None:
    with pytest.raises(ValueError, match="accepted_nts_ke_connections"):
        FakeChronyd(server_stats=testing.make_server_stats(accepted_nts_ke_connections=None))


def test_a_number_that_an_older_chronyd_has_no_room_for_is_refused() -> None:
    stats = testing.make_server_stats(received_ntp_requests=2**32)
    with pytest.raises(ValueError, match="received_ntp_requests.*4294967296.*32 bits"):
        FakeChronyd(server_stats=stats, version="4.3")
    with FakeChronyd(server_stats=stats) as fake:
        assert pychrony.get_server_stats(fake.address).received_ntp_requests == 2**32


@pytest.mark.parametrize("version", ["3.4", "new", "", "4.x"])
def test_an_invalid_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        FakeChronyd(version=version)


@pytest.mark.parametrize("version", [4.3, 4, (4, 3), None])
def test_a_version_that_is_not_a_string_is_refused_with_an_example(version: Any) -> None:
    with pytest.raises(TypeError, match=r"version.*str.*\"4\.3\"") as caught:
        FakeChronyd(version=version)
    assert repr(version) in str(caught.value)


def test_an_unknown_transport_is_refused() -> None:
    with pytest.raises(ValueError, match="unix, udp, udp6.*'tcp'"):
        FakeChronyd(transport="tcp")


# What was asked.


def test_the_requests_are_listed_in_their_order() -> None:
    with FakeChronyd(sources=[testing.make_source()] * 2) as fake:
        assert fake.requests == []
        pychrony.get_tracking(fake.address)
        assert fake.requests == [Request("tracking")] == [("tracking", None)]
        fake.requests.clear()
        pychrony.get_sources(fake.address)
        assert fake.requests[0] == Request("number of sources")
        assert sorted(fake.requests[1:]) == [("sources", 0), ("sources", 1)]
        fake.requests.clear()
        fake.refuse("ntpdata")
        with pytest.raises(ChronyPermissionError):
            pychrony.get_ntp_data(fake.address)
        asked = [request.record for request in fake.requests if request.report == "ntpdata"]
        assert asked and set(asked) <= {"192.0.2.1", "192.0.2.2"}


def test_the_list_of_requests_is_cleared_and_never_replaced() -> None:
    with FakeChronyd() as fake:
        with pytest.raises(AttributeError):
            fake.requests = ()
        assert read(fake, "tracking") == fake.tracking
        assert fake.requests == [Request("tracking")]


def test_requests_of_many_threads_are_all_there(fake: FakeChronyd) -> None:
    def ask(number: int) -> int:
        return pychrony.get_tracking(fake.address, timeout=DEADLINE).stratum

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(200))) == {3}
    # On UDP a request that is answered late is resent.
    assert len(fake.requests) >= 200
    assert set(fake.requests) == {Request("tracking")}


def test_it_may_be_changed_while_it_is_asked(fake: FakeChronyd) -> None:
    """Each answer is about one state or the other, never a mixture."""
    few = [testing.make_source(address="192.0.2.1")]
    many = [testing.make_source(address=f"192.0.2.{n}", stratum=5) for n in range(1, 9)]
    ended = threading.Event()

    def change() -> None:
        while not ended.is_set():
            fake.sources = few
            fake.sources = many
            fake.tracking = testing.make_tracking()

    thread = threading.Thread(target=change)
    thread.start()
    seen = set()
    try:
        for _ in range(40):
            try:
                found = pychrony.get_source_stats(fake.address, timeout=DEADLINE)
            except ChronyDataError as error:
                # The list became shorter three times while it was read; a real chronyd would give the same error.
                assert error.error_code is pychrony.ErrorCode.UNEXPECTED_STATUS
            else:
                seen.add(len(found))
    finally:
        ended.set()
        thread.join()
    assert seen <= set(range(1, 9)) and seen
    fake.sources = few
    assert read(fake, "sources") == few


# The default address.


def test_while_it_is_entered_it_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYCHRONY_ADDRESS", raising=False)
    with FakeChronyd() as outer:
        assert os.environ["PYCHRONY_ADDRESS"] == outer.address
        assert pychrony.get_tracking() == outer.tracking
        with pychrony.ChronyConnection() as connection:
            assert connection.get_tracking() == outer.tracking
        with FakeChronyd(transport="udp", tracking=testing.make_tracking(stratum=9)) as inner:
            assert os.environ["PYCHRONY_ADDRESS"] == inner.address != outer.address
            assert pychrony.get_tracking().stratum == 9
        assert os.environ["PYCHRONY_ADDRESS"] == outer.address
    assert "PYCHRONY_ADDRESS" not in os.environ


def test_afterwards_the_default_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYCHRONY_ADDRESS", "192.0.2.7:323")
    first, second = FakeChronyd(), FakeChronyd()
    with pytest.raises(KeyError):
        with first:
            raise KeyError
    assert os.environ["PYCHRONY_ADDRESS"] == "192.0.2.7:323"
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert os.environ["PYCHRONY_ADDRESS"] == second.address
    second.__exit__(None, None, None)
    assert os.environ["PYCHRONY_ADDRESS"] == "192.0.2.7:323"


def test_a_child_process_asks_it_too(fake: FakeChronyd) -> None:
    fake.tracking = testing.make_tracking(stratum=7)
    assert child.check("import pychrony\nprint(pychrony.get_tracking().stratum)") == "7\n"


def _ask_in_a_worker(number: int) -> int:
    return pychrony.get_tracking(timeout=DEADLINE).stratum


@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_of_a_process_pool_ask_it_too(method: str) -> None:
    with FakeChronyd(tracking=testing.make_tracking(stratum=7)):
        with multiprocessing.get_context(method).Pool(2) as pool:
            answers = pool.map_async(_ask_in_a_worker, range(6))
            assert answers.get(child.LIFETIME) == [7] * 6


def test_a_child_of_fork_that_leaves_it_does_not_affect_the_parent(transport: str) -> None:
    code = f"""
        import os, pychrony
        from pychrony.testing import FakeChronyd

        with FakeChronyd(transport={transport!r}) as fake:
            pid = os.fork()
            if pid == 0:
                try:
                    fake.__exit__(None, None, None)
                finally:
                    os._exit(0)
            os.waitpid(pid, 0)
            print(pychrony.get_tracking(fake.address, timeout={DEADLINE}) == fake.tracking)
    """
    assert child.check(code) == "True\n"


# Surroundings.


def test_it_answers_the_asyncio_interface_and_calls_that_block_the_loop(fake: FakeChronyd) -> None:
    """This works because the fake has a thread of its own."""

    async def ask() -> list[Any]:
        blocking = pychrony.get_tracking(fake.address)
        at_once = await asyncio.gather(*(aio.get_tracking(fake.address) for _ in range(5)))
        async with aio.ChronyConnection() as connection:
            return [blocking, *at_once, await connection.get_tracking()]

    assert asyncio.run(ask()) == [testing.make_tracking()] * 7


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_it_leaves_nothing_behind(transport: str) -> None:
    with FakeChronyd(transport=transport) as fake:
        read(fake, "tracking")
    gc.collect()
    before = descriptors(), threading.active_count()
    for _ in range(20):
        with FakeChronyd(transport=transport) as fake:
            with pychrony.ChronyConnection(fake.address) as connection:
                connection.get_tracking()
                directory = Path(fake.address).parent
                assert transport != "unix" or directory.is_dir()
            assert threading.active_count() == before[1] + 1
        assert transport != "unix" or not directory.exists()
    assert (descriptors(), threading.active_count()) == before


def test_a_client_that_is_still_connected_does_not_keep_it() -> None:
    with FakeChronyd() as fake:
        connection = pychrony.ChronyConnection(fake.address, timeout=5).__enter__()
        connection.get_tracking()
    assert not Path(fake.address).parent.exists()
    with pytest.raises(pychrony.ChronyConnectionError):
        connection.get_tracking()
    connection.close()


def test_its_directory_is_private_and_as_short_as_libchrony_needs_it() -> None:
    with FakeChronyd() as fake:
        directory = Path(fake.address).parent
        assert len(os.fsencode(directory)) <= 62
        assert directory.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A temporary directory with a shorter path than pytest's."""
    with tempfile.TemporaryDirectory(prefix="pc", dir="/tmp") as directory:
        yield Path(directory)


@pytest.mark.parametrize("left", [11, 10])
def test_its_directory_is_in_the_temporary_directory_unless_that_has_too_long_a_path(
    monkeypatch: pytest.MonkeyPatch, short_path: Path, left: int
) -> None:
    length = 62 - left
    place = short_path / ("x" * (length - len(str(short_path)) - 1))
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with FakeChronyd() as fake:
        directory = Path(fake.address).parent
        assert directory.parent == (place if left == 11 else Path("/tmp"))
        assert len(os.fsencode(directory)) <= 62
        assert read(fake, "tracking") == fake.tracking


def test_its_directory_is_in_tmp_where_the_temporary_directory_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with FakeChronyd() as fake:
        assert Path(fake.address).parent.parent == Path("/tmp")


def test_its_directory_is_in_tmp_where_the_temporary_directory_takes_no_socket(
    monkeypatch: pytest.MonkeyPatch, short_path: Path
) -> None:
    # Simulates a file system without sockets: the system refuses a socket with such a long path.
    place = short_path / ("x" * 100)
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    monkeypatch.setattr(server, "LONGEST_DIRECTORY", 200)
    with FakeChronyd() as fake:
        assert Path(fake.address).parent.parent == Path("/tmp")
        assert read(fake, "tracking") == fake.tracking
    assert list(place.iterdir()) == []


def test_without_a_writable_directory_the_advice_is_that_udp_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    monkeypatch.setattr(server, "SHORT_PLACE", "/nowhere/either")
    with pytest.raises(FileNotFoundError, match='transport="udp".*/nowhere/either'):
        FakeChronyd().__enter__()
    with FakeChronyd(transport="udp") as fake:
        assert read(fake, "tracking") == fake.tracking


def test_it_is_entered_once_at_a_time_and_again_later() -> None:
    fake = FakeChronyd()
    with fake:
        with pytest.raises(RuntimeError, match="already"):
            fake.__enter__()
        assert read(fake, "tracking") == fake.tracking
    with fake:
        assert read(fake, "tracking") == fake.tracking


def test_it_is_left_only_after_it_was_entered_and_once() -> None:
    fake = FakeChronyd()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="not entered"):
            fake.__exit__(None, None, None)
        with fake:
            assert read(fake, "tracking") == fake.tracking
    with FakeChronyd() as other:
        with pytest.raises(RuntimeError, match="not entered"):
            fake.__exit__(None, None, None)
        assert pychrony.get_tracking() == other.tracking


def test_one_that_is_never_entered_opens_nothing() -> None:
    before = descriptors()
    fake = FakeChronyd()
    assert (fake.address, descriptors()) == ("", before)
    assert "not entered" in repr(fake)


def test_it_needs_no_chronyd_and_no_privilege(tmp_path: Path) -> None:
    """It runs as nobody, with no program on the PATH."""
    code = textwrap.dedent(
        """
        import os
        import pychrony
        from pychrony.testing import FakeChronyd
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        for transport in ("unix", "udp"):
            with FakeChronyd(transport=transport) as fake:
                print(pychrony.get_tracking(fake.address) == fake.tracking)
        """
    )
    assert child.check(code, PATH=str(tmp_path)) == "True\nTrue\n"


def test_only_the_standard_library_is_imported() -> None:
    code = """
        import sys
        before = set(sys.modules)
        import pychrony.testing
        print(sorted({name.partition(".")[0] for name in sys.modules.keys() - before}))
    """
    found = set(eval(child.check(code)))
    standard = getattr(sys, "stdlib_module_names", None)
    if standard is not None:
        assert found - set(standard) <= {"pychrony", "__mp_main__"}
    assert "pytest" not in found


def test_modules_that_are_slow_to_import_and_seldom_needed_are_imported_late() -> None:
    code = """
        import sys
        import pychrony
        before = set(sys.modules)
        import pychrony.testing
        pychrony.testing.make_tracking()
        print(sorted({"dataclasses", "inspect", "hashlib", "fractions"} & (sys.modules.keys() - before)))
    """
    assert child.check(code) == "[]\n"


FIXTURE = """
import pychrony
from pychrony.testing import FakeChronyd, make_tracking

def test_one(fake_chronyd):
    assert type(fake_chronyd) is FakeChronyd
    assert pychrony.get_tracking(fake_chronyd.address) == make_tracking()
    fake_chronyd.tracking = make_tracking(stratum=9)

def test_another_test_has_its_own(fake_chronyd):
    assert pychrony.get_tracking(fake_chronyd.address).stratum == 3
    assert len(fake_chronyd.requests) == 1
"""


def run_pytest(directory: Path, **changes: str | None) -> str:
    """What pytest reports about the tests in a directory, with these changes to the environment."""
    done = child.execute(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=directory,
        env=child.environment({"PYTEST_ADDOPTS": None, **changes}),
    )
    return done.stdout


def test_pytest_has_a_fixture_of_it(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(FIXTURE)
    said = run_pytest(tmp_path)
    assert "2 passed" in said, said


VARIABLE_SET_BY_A_TEST = """
import os
import pytest

BEFORE = os.environ.get("PYCHRONY_ADDRESS")

def set_it(monkeypatch, fake_chronyd):
    assert os.environ["PYCHRONY_ADDRESS"] == fake_chronyd.address
    monkeypatch.setenv("PYCHRONY_ADDRESS", "/nowhere/chronyd.sock")

def test_monkeypatch_first(monkeypatch, fake_chronyd):
    set_it(monkeypatch, fake_chronyd)

def test_the_environment_is_restored():
    assert os.environ.get("PYCHRONY_ADDRESS") == BEFORE

def test_monkeypatch_last(fake_chronyd, monkeypatch):
    set_it(monkeypatch, fake_chronyd)

def test_the_environment_is_restored_again():
    assert os.environ.get("PYCHRONY_ADDRESS") == BEFORE
"""


@pytest.mark.parametrize("before", [None, "192.0.2.7:323"])
def test_the_fixture_restores_a_default_that_the_test_has_set(
    tmp_path: Path, before: str | None
) -> None:
    (tmp_path / "test_theirs.py").write_text(VARIABLE_SET_BY_A_TEST)
    said = run_pytest(tmp_path, PYCHRONY_ADDRESS=before)
    assert "4 passed" in said, said


def test_all_that_testing_offers_is_named_and_documented() -> None:
    makers = {name for name in dir(testing) if name.startswith("make_")}
    defaults = {name for name in dir(testing) if name.endswith("_DEFAULTS")}
    others = {"FakeChronyd", "FakeIntervalClock", "Request"}
    assert set(testing.__all__) == makers | defaults | others
    assert len(makers) == len(defaults) == len(KINDS)
    for name in testing.__all__:
        value = getattr(testing, name)
        if callable(value):
            assert value.__doc__, name
    for report in KINDS.values():
        assert f"get_{report[0]}()" in getattr(FakeChronyd, report[0]).__doc__


# The documentation.

PAGE = Path(__file__).resolve().parent.parent / "docs" / "testing.md"


def blocks(language: str) -> list[str]:
    if not PAGE.exists():
        pytest.skip("the documentation is not beside these tests")
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_sessions_of_the_page_print_what_they_show() -> None:
    session = doctest.DocTestParser().get_doctest("".join(blocks("pycon")), {}, PAGE.name, None, 0)
    assert len(session.examples) > 5
    assert doctest.DocTestRunner().run(session).failed == 0


def test_the_tests_on_the_page_pass(tmp_path: Path) -> None:
    for number, code in enumerate(blocks("python")):
        (tmp_path / f"test_{number}.py").write_text(code)
    done = run_pytest(tmp_path)
    tests = sum(code.count("\ndef test_") for code in blocks("python"))
    assert tests > 10
    assert f"{tests} passed" in done, done


@pytest.mark.parametrize("name", ["silence", "trackng"])
def test_a_fake_takes_no_attribute_that_it_does_not_know(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(FakeChronyd(), name, True)
