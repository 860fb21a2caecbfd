"""All reports of real chronyds, field by field as chronyc prints them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Callable

import pytest
from support import chronyc, placeholders
from support.chronyd import LOCAL_SERVER, Chronyd, client_of
from support.reach import address_of
from support.shm import ShmClock
from support.waiting import wait_for

import pychrony
from pychrony import (
    AuthMode,
    ErrorCode,
    KeyType,
    LeapStatus,
    NTPFlags,
    NTPMode,
    SelectOptions,
    SelectState,
    SmoothingFlags,
    SourceMode,
    SourceState,
    Timestamping,
)

Row = dict[str, str]

KEYS = """\
1 MD5 HEX:0123456789abcdef0123456789abcdef
10 SHA1 HEX:00112233445566778899aabbccddeeff00112233
"""
WITH_KEYS = "keyfile {directory}/keys"
FIFTY = [f"192.0.2.{number}" for number in range(1, 51)]


@pytest.fixture(scope="module")
def authenticating() -> Iterator[Chronyd]:
    """Serves its own clock, and knows two keys."""
    with Chronyd([*LOCAL_SERVER, WITH_KEYS], serve=True, files={"keys": KEYS}) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def rich(authenticating: Chronyd) -> Iterator[Chronyd]:
    """Has a source of each kind, one that never answers, and smooths the time it serves."""
    port = authenticating.ntp_port
    with ShmClock() as clock:
        lines = [
            *client_of("127.0.0.1", port, "key 10 prefer"),
            *client_of("::1", port, "noselect"),
            *clock.refclock,
            "server 192.0.2.1 minpoll 3 maxpoll 3 trust require",
            "smoothtime 400 0.01",
            "allow 127.0.0.1",
            WITH_KEYS,
        ]
        with Chronyd(lines, files={"keys": KEYS}) as daemon:
            daemon.wait_synchronised()
            daemon.chronyc("smoothtime", "activate")
            yield daemon


@pytest.fixture(scope="module")
def md5_client(authenticating: Chronyd) -> Iterator[Chronyd]:
    """Follows the server with the other key, both ways in turn as often as it can."""
    lines = [*client_of("::1", authenticating.ntp_port, "key 1 xleave"), WITH_KEYS]
    with Chronyd(lines, files={"keys": KEYS}) as daemon:
        daemon.wait_synchronised()
        yield daemon


@pytest.fixture(scope="module")
def leap_smoothing() -> Iterator[Chronyd]:
    with Chronyd(["smoothtime 400 0.001 leaponly", "allow 127.0.0.1", *LOCAL_SERVER]) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def fifty() -> Iterator[Chronyd]:
    """Has fifty sources, not in the order of their addresses, none of which ever answers."""
    lines = [f"server {address} minpoll 10 offline" for address in reversed(FIFTY)]
    with Chronyd(lines) as daemon:
        yield daemon


DAEMONS = [
    "server",
    "client",
    "client6",
    "refclock",
    "refclock_behind",
    "unsynchronised",
    "rich",
    "md5_client",
    "fifty",
]


@pytest.fixture(params=DAEMONS)
def daemon(request: pytest.FixtureRequest) -> Chronyd:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Chronyd)
    return found


# How chronyc prints what we have.


def exactly(words: dict[str, Any]) -> Callable[[Any, str], bool]:
    return lambda ours, printed: ours is words[printed]


def same_text(ours: Any, printed: str) -> bool:
    return bool(ours == printed)


def same_address(ours: Any, printed: str) -> bool:
    return bool((ours or "[UNSPEC]") == printed)


def same_integer(ours: Any, printed: str) -> bool:
    return type(ours) is int and ours == int(printed)


def same_octal(ours: Any, printed: str) -> bool:
    return type(ours) is int and ours == int(printed, 8)


def same_hexadecimal(ours: Any, printed: str) -> bool:
    return type(ours) is int and ours == int(printed, 16)


def same_age(ours: Any, printed: str) -> bool:
    return ours is None if int(printed) == 0xFFFFFFFF else same_integer(ours, printed)


def half_a_digit(printed: str) -> Decimal:
    """How far a number may be from the one printed; slightly more, because ours was a binary number."""
    exponent = Decimal(printed).as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(5).scaleb(exponent - 1) * Decimal("1.000001")


def same_number(ours: Any, printed: str) -> bool:
    distance = abs(Decimal(ours) - Decimal(printed))
    return type(ours) is float and distance <= half_a_digit(printed)


LETTER = {"N": LeapStatus.NORMAL, "+": LeapStatus.INSERT, "-": LeapStatus.DELETE}
LEAP = {
    "Normal": LeapStatus.NORMAL,
    "Insert second": LeapStatus.INSERT,
    "Delete second": LeapStatus.DELETE,
    "Not synchronised": LeapStatus.UNSYNC,
}
TIMESTAMPING = {
    "Invalid": Timestamping.NONE,
    "Daemon": Timestamping.DAEMON,
    "Kernel": Timestamping.KERNEL,
    "Hardware": Timestamping.HARDWARE,
}
YES = {"Yes": True, "No": False}

# Our field, chronyc's column, and when they are the same.
# What chronyc does not print is checked by the tests below.
Comparison = tuple[str, str, Callable[[Any, str], bool]]

SOURCES: list[Comparison] = [
    ("address", "address", same_text),
    ("poll", "poll", same_integer),
    ("stratum", "stratum", same_integer),
    (
        "state",
        "state",
        exactly(
            {
                "*": SourceState.SELECTED,
                "?": SourceState.NONSELECTABLE,
                "x": SourceState.FALSETICKER,
                "~": SourceState.JITTERY,
                "+": SourceState.UNSELECTED,
                "-": SourceState.SELECTABLE,
            }
        ),
    ),
    (
        "mode",
        "mode",
        exactly({"^": SourceMode.CLIENT, "=": SourceMode.PEER, "#": SourceMode.REFCLOCK}),
    ),
    ("reachability", "reachability", same_octal),
    ("last_sample_ago", "last sample ago", same_age),
    ("orig_latest_meas", "original last sample offset", same_number),
    ("latest_meas", "adjusted last sample offset", same_number),
    ("latest_meas_err", "last sample error", same_number),
]
SOURCESTATS: list[Comparison] = [
    ("address", "address", same_text),
    ("samples", "samples", same_integer),
    ("runs", "runs", same_integer),
    ("span", "span", same_integer),
    ("std_dev", "standard deviation", same_number),
    ("resid_freq", "residual frequency", same_number),
    ("skew", "skew", same_number),
    ("offset", "offset", same_number),
]
SELECTDATA: list[Comparison] = [
    ("address", "address", same_text),
    ("state", "state", lambda ours, printed: ours is SelectState(ord(printed))),
    ("authentication", "authentication", exactly({"Y": True, "N": False})),
    ("last_sample_ago", "last sample ago", same_age),
    ("score", "score", same_number),
    ("low_limit", "low limit", same_number),
    ("high_limit", "high limit", same_number),
]
OPTIONS = dict(
    zip(
        "NPTR",
        [SelectOptions.NOSELECT, SelectOptions.PREFER, SelectOptions.TRUST, SelectOptions(8)],
    )
)
AUTHDATA: list[Comparison] = [
    ("address", "address", same_text),
    (
        "mode",
        "mode",
        exactly({"-": AuthMode.NONE, "SK": AuthMode.SYMMETRIC_KEY, "NTS": AuthMode.NTS}),
    ),
    ("key_type", "key type", lambda ours, printed: ours is KeyType(int(printed))),
    ("key_id", "key ID", same_integer),
    ("key_length", "key length", same_integer),
    ("key_establishment_attempts", "key establishment attempts", same_integer),
    ("last_key_establishment_ago", "last key establishment ago", same_age),
    ("cookies", "cookies", same_integer),
    ("cookie_length", "cookie length", same_integer),
    ("nak", "NAK", lambda ours, printed: type(ours) is bool and ours == int(printed)),
]
NTPDATA: list[Comparison] = [
    # chronyd 4.0 has no remote address before the first response.
    ("address", "remote address", lambda ours, printed: printed in (ours, "[UNSPEC]")),
    ("remote_address", "remote address", same_address),
    ("local_address", "local address", same_address),
    ("remote_port", "remote port", same_integer),
    ("leap_status", "leap status", exactly(LEAP)),
    ("version", "version", same_integer),
    (
        "mode",
        "mode",
        exactly(
            {
                "Invalid": NTPMode.NONE,
                "Symmetric active": NTPMode.ACTIVE_SYMMETRIC,
                "Symmetric passive": NTPMode.PASSIVE_SYMMETRIC,
                "Server": NTPMode.SERVER,
            }
        ),
    ),
    ("stratum", "stratum", same_integer),
    ("poll", "poll", same_integer),
    ("precision", "precision", same_integer),
    ("root_delay", "root delay", same_number),
    ("root_dispersion", "root dispersion", same_number),
    ("reference_id", "reference ID", same_hexadecimal),
    (
        "ref_time_ns",
        "reference time",
        lambda ours, printed: type(ours) is int and ours == int(Decimal(printed).scaleb(9)),
    ),
    ("offset", "offset", same_number),
    ("peer_delay", "peer delay", same_number),
    ("peer_dispersion", "peer dispersion", same_number),
    ("response_time", "response time", same_number),
    ("jitter_asymmetry", "jitter asymmetry", same_number),
    (
        "transmit_timestamping",
        "transmit timestamping",
        exactly(TIMESTAMPING),
    ),
    (
        "receive_timestamping",
        "receive timestamping",
        exactly(TIMESTAMPING),
    ),
    ("transmitted_messages", "transmitted messages", same_integer),
    ("received_messages", "received messages", same_integer),
    ("received_valid_messages", "received valid messages", same_integer),
    ("received_good_messages", "received good messages", same_integer),
]
ACTIVITY: list[Comparison] = [
    ("online", "online sources", same_integer),
    ("offline", "offline sources", same_integer),
    ("burst_online", "burst online-return sources", same_integer),
    ("burst_offline", "burst offline-return sources", same_integer),
    ("unresolved", "unresolved sources", same_integer),
]
SMOOTHING: list[Comparison] = [
    ("offset", "offset", same_number),
    ("freq_offset", "frequency offset", same_number),
    ("wander", "wander", same_number),
    ("last_update_ago", "last update ago", same_number),
    ("remaining_time", "remaining time", same_number),
]

REPORTS: dict[str, tuple[str, list[Comparison]]] = {
    "sources": ("get_sources", SOURCES),
    "sourcestats": ("get_source_stats", SOURCESTATS),
    "selectdata": ("get_select_data", SELECTDATA),
    "authdata": ("get_auth_data", AUTHDATA),
    "ntpdata": ("get_ntp_data", NTPDATA),
    "activity": ("get_activity", ACTIVITY),
}
# The reports that the command port gives to everybody.
OPEN_REPORTS = {"sources", "sourcestats", "activity"}


def between(daemon: Chronyd, report: str, ask: Callable[[], Any]) -> tuple[list[Row], Any]:
    """Our response between equal responses to chronyc, so that all are of the same moment.

    There are two before and two after: an offset is of the moment of the request and moves both ways, so that it may change
    and be back at once.
    """

    def try_once() -> tuple[list[Row], Any] | None:
        before = daemon.records(report), daemon.records(report)
        ours = ask()
        after = daemon.records(report), daemon.records(report)
        return (before[0], ours) if before[0] == before[1] == after[0] == after[1] else None

    return wait_for(f"{report} standing still", try_once)


def sent(record: Any, field: str) -> Any:
    """A field's value, or what chronyd sends where it has not measured it."""
    value = placeholders.sent(type(record).__name__, field, getattr(record, field))
    return LeapStatus[value] if field == "leap_status" and isinstance(value, str) else value


def differences(ours: Any, row: Row, comparisons: Sequence[Comparison]) -> list[str]:
    return [
        f"{field} is {getattr(ours, field)!r}, chronyc says {row[column]}"
        for field, column, same in comparisons
        if column in row and not same(sent(ours, field), row[column])
    ]


@pytest.mark.parametrize("report", REPORTS)
def test_every_field_is_what_chronyc_prints(daemon: Chronyd, report: str) -> None:
    method, comparisons = REPORTS[report]
    rows, ours = between(daemon, report, lambda: getattr(pychrony, method)(daemon.socket))
    records = ours if isinstance(ours, list) else [ours]
    assert len(records) == len(rows)
    for record, row in zip(records, rows):
        assert differences(record, row, comparisons) == []
        compared = {field for field, column, _ in comparisons if column in row}
        assert len(compared) >= len(comparisons) - 1


@pytest.mark.parametrize("report", sorted(OPEN_REPORTS))
@pytest.mark.parametrize("transport", ["udp", "udp6"])
def test_the_command_port_gives_the_same(daemon: Chronyd, report: str, transport: str) -> None:
    method, comparisons = REPORTS[report]
    address = address_of(daemon, transport)
    rows, ours = between(daemon, report, lambda: getattr(pychrony, method)(address))
    records = ours if isinstance(ours, list) else [ours]
    assert len(records) == len(rows)
    for record, row in zip(records, rows):
        assert differences(record, row, comparisons) == []


def test_every_field_is_compared_with_chronyc_or_by_its_own_test() -> None:
    """A field that is added to a report fails here until something checks it."""
    elsewhere = {
        "Source": {"flags"},
        "SourceStats": {"reference_id", "offset_err"},
        "SelectData": {"reference_id", "leap_status", "configured_options", "effective_options"},
        "AuthData": set(),
        "NTPData": {
            "flags",
            "ref_time",
            "kernel_transmit_timestamps",
            "kernel_receive_timestamps",
            "hardware_transmit_timestamps",
            "hardware_receive_timestamps",
        },
        "Activity": set(),
        "Smoothing": {"flags"},
    }
    tables = [SOURCES, SOURCESTATS, SELECTDATA, AUTHDATA, NTPDATA, ACTIVITY, SMOOTHING]
    for (name, others), table in zip(elsewhere.items(), tables):
        fields = {*getattr(pychrony, name)._fields}
        if name == "NTPData":
            fields.add("ref_time_ns")
        assert fields == {field for field, _, _ in table} | others, name


# Sources.


def by_address(records: Sequence[Any]) -> dict[str, Any]:
    return {record.address: record for record in records}


def test_the_sources_are_of_all_kinds(rich: Chronyd) -> None:
    sources = by_address(pychrony.get_sources(rich.socket))
    assert set(sources) == {"127.0.0.1", "::1", "GPS", "192.0.2.1"}
    assert sources["GPS"].mode is SourceMode.REFCLOCK
    assert {sources[name].mode for name in ["127.0.0.1", "::1"]} == {SourceMode.CLIENT}
    assert sources["127.0.0.1"].poll == sources["::1"].poll == sources["GPS"].poll == -2
    assert sources["192.0.2.1"].poll == 3
    assert all(isinstance(source.flags, SelectOptions) for source in sources.values())


def test_one_source_is_selected_and_known_by_its_methods(rich: Chronyd) -> None:
    def selected() -> list[str]:
        return [
            source.address for source in pychrony.get_sources(rich.socket) if source.is_selected()
        ]

    assert wait_for("a selected source", selected) == ["127.0.0.1"]
    sources = by_address(pychrony.get_sources(rich.socket))
    assert sources["127.0.0.1"].is_reachable()
    assert not sources["::1"].is_selected()
    assert not sources["192.0.2.1"].is_reachable()


def test_a_source_that_never_answered_has_no_age(rich: Chronyd) -> None:
    source = by_address(pychrony.get_sources(rich.socket))["192.0.2.1"]
    assert source.last_sample_ago is None
    assert source.reachability == 0
    assert source.stratum is None
    assert source.state is SourceState.NONSELECTABLE


def test_source_stats_have_the_reference_id_that_chronyc_prints(rich: Chronyd) -> None:
    """It is a name of four letters, the bytes of an address, or a hash of one."""
    stats = by_address(pychrony.get_source_stats(rich.socket))
    assert stats["GPS"].reference_id == int.from_bytes(b"GPS\0", "big")
    assert stats["127.0.0.1"].reference_id == 0x7F000001
    assert stats["192.0.2.1"].reference_id == 0xC0000201
    hashed = {row["remote address"]: row for row in rich.records("ntpdata")}["::1"]
    assert stats["::1"].reference_id == int(hashed["remote address as ID"], 16)


def test_source_stats_become_sufficient(rich: Chronyd) -> None:
    def stats() -> dict[str, Any]:
        return by_address(pychrony.get_source_stats(rich.socket))

    wait_for("four samples", lambda: stats()["127.0.0.1"].has_sufficient_samples())
    assert not stats()["192.0.2.1"].has_sufficient_samples()
    assert stats()["192.0.2.1"].has_sufficient_samples(minimum=0)
    assert not stats()["127.0.0.1"].has_sufficient_samples(1_000_000)


def test_the_error_of_an_offset_goes_with_its_samples(rich: Chronyd) -> None:
    """chronyc does not print it, so the test shows that there is one, and that it is at least half the delay."""
    stats = by_address(pychrony.get_source_stats(rich.socket))
    assert 0 < stats["127.0.0.1"].offset_err < 1
    assert stats["GPS"].offset_err >= 0.00005


def test_select_data_has_the_options_of_the_configuration(rich: Chronyd) -> None:
    selection = by_address(pychrony.get_select_data(rich.socket))
    assert selection["127.0.0.1"].configured_options is SelectOptions.PREFER
    assert selection["::1"].configured_options is SelectOptions.NOSELECT
    assert selection["192.0.2.1"].configured_options == SelectOptions.TRUST | SelectOptions.REQUIRE
    assert selection["GPS"].configured_options == SelectOptions(0)
    assert selection["127.0.0.1"].authentication is True
    assert selection["::1"].authentication is False
    assert selection["::1"].state is SelectState.IGNORED


def test_select_data_has_the_options_and_the_leap_status_that_chronyc_prints(rich: Chronyd) -> None:
    rows, ours = between(rich, "selectdata", lambda: pychrony.get_select_data(rich.socket))
    for record, row in zip(ours, rows):
        for kind in ["configured", "effective"]:
            options = getattr(record, f"{kind}_options")
            for letter, option in OPTIONS.items():
                assert bool(options & option) == (row[f"{kind} option {letter}"] == letter)
        if "leap status" in row and row["leap status"] in LEAP:
            assert record.leap_status is LEAP[row["leap status"]]
        assert sent(record, "low_limit") <= sent(record, "high_limit")


def test_select_data_has_the_reference_ids_of_source_stats(rich: Chronyd) -> None:
    stats = by_address(pychrony.get_source_stats(rich.socket))
    for record in pychrony.get_select_data(rich.socket):
        assert record.reference_id == stats[record.address].reference_id


# By address.


@pytest.mark.parametrize("method", ["get_auth_data", "get_ntp_data"])
def test_reports_by_address_leave_the_reference_clocks_out(rich: Chronyd, method: str) -> None:
    addresses = [source.address for source in pychrony.get_sources(rich.socket)]
    addresses.remove("GPS")
    assert [record.address for record in getattr(pychrony, method)(rich.socket)] == addresses


@pytest.mark.parametrize("method", ["get_auth_data", "get_ntp_data"])
def test_reports_by_address_of_a_reference_clock_alone_are_empty(
    refclock: Chronyd, method: str
) -> None:
    assert getattr(pychrony, method)(refclock.socket) == []


def test_symmetric_keys_are_named_by_id_type_and_length(rich: Chronyd, md5_client: Chronyd) -> None:
    records = by_address(pychrony.get_auth_data(rich.socket))
    keyed = records["127.0.0.1"]
    assert (keyed.mode, keyed.key_id) == (AuthMode.SYMMETRIC_KEY, 10)
    assert (keyed.key_type, keyed.key_length) == (KeyType.SHA1, 160)
    assert keyed.last_key_establishment_ago is None
    assert keyed.nak is False
    assert (records["::1"].mode, records["::1"].key_type) == (AuthMode.NONE, KeyType.NONE)
    (keyed,) = pychrony.get_auth_data(md5_client.socket)
    assert (keyed.address, keyed.key_id) == ("::1", 1)
    assert (keyed.key_type, keyed.key_length) == (KeyType.MD5, 128)


TESTS = [
    ("tests 1-3", ["TEST1", "TEST2", "TEST3"]),
    ("tests 5-7", ["TEST5", "TEST6", "TEST7"]),
    ("tests A-D", ["TEST_A", "TEST_B", "TEST_C", "TEST_D"]),
]


@pytest.mark.parametrize("name", ["rich", "md5_client", "client", "client6", "fifty"])
def test_ntp_flags_are_the_tests_and_modes_that_chronyc_prints(
    request: pytest.FixtureRequest, name: str
) -> None:
    daemon = request.getfixturevalue(name)
    rows, ours = between(daemon, "ntpdata", lambda: pychrony.get_ntp_data(daemon.socket))
    for record, row in zip(ours, rows):
        assert type(record.flags) is NTPFlags
        for column, tests in TESTS:
            passed = "".join(str(int(NTPFlags[test] in record.flags)) for test in tests)
            assert passed == row[column], column
        for flag, column in [
            (NTPFlags.INTERLEAVED, "interleaved"),
            (NTPFlags.AUTHENTICATED, "authenticated"),
        ]:
            assert (flag in record.flags) is YES[row[column]]


def test_ntp_data_of_a_server_that_answers(rich: Chronyd, authenticating: Chronyd) -> None:
    records = by_address(pychrony.get_ntp_data(rich.socket))
    for address in ["127.0.0.1", "::1"]:
        record = records[address]
        assert record.remote_address == record.local_address == address
        assert record.remote_port == authenticating.ntp_port
        assert (record.mode, record.stratum, record.version) == (NTPMode.SERVER, 8, 4)
        assert record.poll == -2
        assert record.precision < 0
        assert record.reference_id == 0x7F7F0101
        assert abs(record.ref_time - record.ref_time_ns / 1e9) < 1e-6
        # chronyd 4.0 does not tell how many were good.
        good = record.received_good_messages
        assert good is None or good <= record.received_valid_messages
        assert record.received_valid_messages <= record.received_messages
    assert NTPFlags.AUTHENTICATED in records["127.0.0.1"].flags
    assert NTPFlags.AUTHENTICATED not in records["::1"].flags


def test_ntp_data_of_a_server_that_never_answered(rich: Chronyd) -> None:
    record = by_address(pychrony.get_ntp_data(rich.socket))["192.0.2.1"]
    assert record.address == "192.0.2.1"
    assert record.local_address is None
    # chronyd 4.0 has no remote address before the first response.
    assert (record.remote_address, record.remote_port) in [("192.0.2.1", 123), (None, 0)]
    assert (record.mode, record.stratum) == (NTPMode.NONE, None)
    assert record.received_messages == 0
    assert record.ref_time is record.ref_time_ns is None


def test_fields_that_this_chronyd_does_not_send_are_none_and_the_others_are_not(
    rich: Chronyd,
) -> None:
    """Whether chronyd is old or new, all four counts of timestamps are there, or none is."""
    counts = {
        getattr(record, name) is None
        for record in pychrony.get_ntp_data(rich.socket)
        for name in [
            "kernel_transmit_timestamps",
            "kernel_receive_timestamps",
            "hardware_transmit_timestamps",
            "hardware_receive_timestamps",
        ]
    }
    assert len(counts) == 1
    raw = [record for record in pychrony.get_report("ntpdata", rich.socket) if record]
    assert counts == {"kernel transmit timestamps" not in raw[0]}


# The server's side.


def test_server_stats_of_a_server_that_served(
    authenticating: Chronyd, rich: Chronyd, md5_client: Chronyd
) -> None:
    """Each of chronyc's requests is counted too, so our count of requests lies between those of its two answers."""
    same = [
        column for column in chronyc.COLUMNS["serverstats"] if column != "received command requests"
    ]

    def try_once() -> tuple[Row, pychrony.ServerStats, Row] | None:
        (before,) = authenticating.records("serverstats")
        ours = pychrony.get_server_stats(authenticating.socket)
        (after,) = authenticating.records("serverstats")
        steady = all(before.get(column) == after.get(column) for column in same)
        return (before, ours, after) if steady else None

    before, ours, after = wait_for("serverstats standing still", try_once)
    assert ours.received_ntp_requests > 0
    assert ours.received_authenticated_ntp_requests
    requests = ours.received_command_requests
    assert int(before["received command requests"]) < requests
    assert requests < int(after["received command requests"])
    for column in same:
        field = column.lower().replace("nts-ke", "nts_ke").replace(" ", "_")
        value = getattr(ours, field)
        if column in after:
            assert same_integer(value, after[column]), column
        else:
            assert value is None or type(value) is int
    assert {field for field in ours._fields} == {
        column.lower().replace("nts-ke", "nts_ke").replace(" ", "_")
        for column in chronyc.COLUMNS["serverstats"]
    }


def test_server_stats_count_interleaved_requests(
    authenticating: Chronyd, md5_client: Chronyd
) -> None:
    def interleaved() -> pychrony.ServerStats | None:
        stats = pychrony.get_server_stats(authenticating.socket)
        return stats if stats.received_interleaved_ntp_requests != 0 else None

    stats = wait_for("an interleaved request", interleaved)
    if stats.received_interleaved_ntp_requests is None:
        # chronyd before 4.2 does not count them, nor what goes with them.
        assert stats.held_ntp_timestamps is None
        assert stats.ntp_timestamp_span is None
    else:
        assert stats.held_ntp_timestamps


def test_server_stats_of_a_chronyd_without_clients(unsynchronised: Chronyd) -> None:
    stats = pychrony.get_server_stats(unsynchronised.socket)
    assert stats.received_ntp_requests == 0
    assert stats.received_command_requests > 0
    assert stats.dropped_command_requests == 0


# What may not be enabled.


def test_without_a_real_time_clock_there_is_no_report_of_it(
    daemon: Chronyd, transport: str
) -> None:
    assert chronyc.run(daemon.socket, "rtcdata").returncode != 0
    assert pychrony.get_rtc_data(address_of(daemon, transport)) is None


def test_without_smoothing_there_is_no_report_of_it(server: Chronyd, transport: str) -> None:
    assert chronyc.run(server.socket, "smoothing").returncode != 0
    assert pychrony.get_smoothing(address_of(server, transport)) is None


@pytest.mark.parametrize("transport", ["unix", "udp", "udp6"])
@pytest.mark.parametrize("name", ["rich", "leap_smoothing"])
def test_smoothing_is_what_chronyc_prints(
    request: pytest.FixtureRequest, name: str, transport: str
) -> None:
    """All the numbers change, so ours must lie between what chronyc prints before and after."""
    daemon = request.getfixturevalue(name)

    def try_once() -> tuple[Row, pychrony.Smoothing | None, Row] | None:
        (before,) = daemon.records("smoothing")
        ours = pychrony.get_smoothing(address_of(daemon, transport))
        (after,) = daemon.records("smoothing")
        updated = float(after["last update ago"]) < float(before["last update ago"])
        return None if updated else (before, ours, after)

    before, ours, after = wait_for("smoothing without an update", try_once)
    assert ours is not None
    for field, column, _ in SMOOTHING:
        value = Decimal(sent(ours, field))
        low, high = sorted([before[column], after[column]], key=Decimal)
        assert Decimal(low) - half_a_digit(low) <= value <= Decimal(high) + half_a_digit(high), (
            field
        )
    for row in [before, after]:
        assert (SmoothingFlags.ACTIVE in ours.flags) is YES[row["active"]]
        assert (SmoothingFlags.LEAPONLY in ours.flags) is ("leap second only" in row["leaponly"])


def test_the_flags_of_smoothing_show_whether_it_is_active_and_for_what(
    rich: Chronyd, leap_smoothing: Chronyd
) -> None:
    active = pychrony.get_smoothing(rich.socket)
    assert active is not None
    assert active.flags is SmoothingFlags.ACTIVE
    idle = pychrony.get_smoothing(leap_smoothing.socket)
    assert idle is not None
    assert SmoothingFlags.LEAPONLY in idle.flags


# None, and fifty.


def test_a_daemon_without_sources_has_empty_lists(unsynchronised: Chronyd) -> None:
    address = unsynchronised.socket
    assert pychrony.get_sources(address) == []
    assert pychrony.get_source_stats(address) == []
    assert pychrony.get_select_data(address) == []
    assert pychrony.get_auth_data(address) == []
    assert pychrony.get_ntp_data(address) == []
    assert pychrony.get_activity(address) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "method",
    ["get_sources", "get_source_stats", "get_select_data", "get_auth_data", "get_ntp_data"],
)
def test_fifty_sources_are_fifty_records_in_chronyds_order(fifty: Chronyd, method: str) -> None:
    expected = [row["address"] for row in fifty.records("sources")]
    assert sorted(expected) == sorted(FIFTY)
    assert [record.address for record in getattr(pychrony, method)(fifty.socket)] == expected
    with pychrony.ChronyConnection(fifty.socket) as connection:
        assert [record.address for record in getattr(connection, method)()] == expected


def test_sources_that_are_offline_are_counted_as_such(fifty: Chronyd) -> None:
    assert pychrony.get_activity(fifty.socket) == (0, 50, 0, 0, 0)
    fifty.chronyc("online", "192.0.2.7")
    try:
        assert pychrony.get_activity(fifty.udp)[:2] == (1, 49)
    finally:
        fifty.chronyc("offline", "192.0.2.7")


def test_a_name_that_is_not_resolved_is_counted_and_named_by_its_id() -> None:
    with Chronyd(["server ntp.invalid offline", "server 192.0.2.1 offline"]) as daemon:
        activity = pychrony.get_activity(daemon.socket)
        assert activity.unresolved == int(daemon.records("activity")[0]["unresolved sources"]) == 1
        unresolved, resolved = pychrony.get_sources(daemon.socket)
        assert resolved.address == "192.0.2.1"
        # chronyc shows such a source only if it is asked to.
        listed = daemon.chronyc("-c", "sources", "-a")
        assert [row["address"] for row in chronyc.parse("sources", listed)] == [
            unresolved.address,
            resolved.address,
        ]
        assert unresolved.address.startswith("ID#")
        for ask in [pychrony.get_source_stats, pychrony.get_auth_data, pychrony.get_ntp_data]:
            assert [record.address for record in ask(daemon.socket)] == [
                unresolved.address,
                "192.0.2.1",
            ]


# Refused.


@pytest.mark.parametrize("transport", ["udp", "udp6"])
@pytest.mark.parametrize("report", ["serverstats", "selectdata", "authdata", "ntpdata"])
def test_a_report_that_the_command_port_refuses_names_the_ways_out(
    client: Chronyd, report: str, transport: str
) -> None:
    method = {
        "serverstats": "get_server_stats",
        "selectdata": "get_select_data",
        "authdata": "get_auth_data",
        "ntpdata": "get_ntp_data",
    }[report]
    address = address_of(client, transport)
    calls: list[Callable[[], Any]] = [
        lambda: getattr(pychrony, method)(address),
        lambda: pychrony.get_report(report, address),
    ]
    for call in calls:
        with pytest.raises(pychrony.ChronyPermissionError) as caught:
            call()
        assert isinstance(caught.value, PermissionError)
        assert caught.value.error_code is ErrorCode.UNAUTHORIZED
        assert report in caught.value.message
        assert address in caught.value.message
        assert "Unix socket" in caught.value.message
        assert "opencommands" in caught.value.message


@pytest.mark.parametrize(
    "method", ["get_tracking", "get_sources", "get_source_stats", "get_rtc_data", "get_activity"]
)
def test_a_report_that_the_command_port_gives_is_the_sockets(client: Chronyd, method: str) -> None:
    assert type(getattr(pychrony, method)(client.udp)) is type(
        getattr(pychrony, method)(client.socket)
    )


# Sources that come and go.

LISTS = ["get_sources", "get_source_stats", "get_select_data", "get_auth_data", "get_ntp_data"]


# While sources come and go, those that stay are first and last in every list.
FIRST = [f"192.0.2.{number}" for number in range(1, 6)]
LAST = [f"198.51.100.{number}" for number in range(1, 6)]
PASSING = [f"203.0.113.{number}" for number in range(1, 5)]


def check_addresses(listed: list[str]) -> None:
    """The sources that stay are always listed, and none is listed twice."""
    assert len(listed) == len(set(listed)), listed
    assert [each for each in listed if each in FIRST] == FIRST
    assert [each for each in listed if each in LAST] == LAST
    assert set(listed) <= {*FIRST, *LAST, *PASSING}


def while_sources_come_and_go(read: Callable[..., int]) -> None:
    """Read again and again, from a connection or from the module and an address; `read` checks and counts the records."""
    options = "minpoll 10 maxpoll 10 offline"
    with Chronyd([f"server {address} {options}" for address in FIRST]) as daemon:
        for address in [*PASSING, *LAST]:
            daemon.chronyc("add", "server", address, *options.split())
        # From now on each of the sources in the middle is removed, and comes back at the end.
        ended = threading.Event()
        failures: list[BaseException] = []
        turns = 0

        def churn() -> None:
            nonlocal turns
            try:
                while not ended.is_set():
                    address = PASSING[turns % len(PASSING)]
                    daemon.chronyc("-m", f"delete {address}", f"add server {address} {options}")
                    turns += 1
            except BaseException as error:
                failures.append(error)

        churner = threading.Thread(target=churn)
        churner.start()
        lengths = set()
        try:
            with pychrony.ChronyConnection(daemon.socket) as connection:
                while turns < 100 and not failures:
                    lengths |= {read(connection), read(pychrony, daemon.socket)}
        finally:
            ended.set()
            churner.join()
        assert failures == []
        assert len(lengths) > 1, "nothing came or went"
        assert daemon.client_files() == []


@pytest.mark.parametrize("method", LISTS)
def test_lists_that_are_read_while_sources_come_and_go_are_right(method: str) -> None:
    def read(asked: Any, *address: str) -> int:
        records = getattr(asked, method)(*address)
        check_addresses([record.address for record in records])
        return len(records)

    while_sources_come_and_go(read)


def test_the_raw_ntpdata_that_is_read_while_sources_come_and_go_is_right() -> None:
    def read(asked: Any, *address: str) -> int:
        records = asked.get_report("ntpdata", *address)
        if chronyc.version() >= (4, 3):  # before, a source that never answered has none
            check_addresses([record["remote address"] for record in records])
        return len(records)

    while_sources_come_and_go(read)


def test_the_raw_authdata_that_is_read_while_sources_come_and_go_is_there() -> None:
    """The records do not say which source they belong to."""

    def read(asked: Any, *address: str) -> int:
        records = asked.get_report("authdata", *address)
        assert {record["mode"] for record in records} == {0}
        assert len(FIRST + LAST) <= len(records) <= len(FIRST + LAST + PASSING)
        return len(records)

    while_sources_come_and_go(read)
