"""What no chronyd here can show: other versions' layouts, changing lists, impossible values."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from support.getters import GETTER_OF, LISTS
from support.reading import chronyc_reads
from support.responder import (
    FAILED,
    INVALID,
    N_SOURCES,
    N_SOURCES_REPLY,
    NEVER,
    NO_RTC,
    NO_SUCH_SOURCE,
    NOT_ENABLED,
    SAMPLES,
    UNAUTHORIZED,
    Request,
    Responder,
    encode_address,
    sample,
)

import pychrony
from pychrony import ErrorCode
from pychrony._reports import ENUMERATIONS as TABLES
from pychrony._reports import REPORTS

GPS = int.from_bytes(b"GPS\0", "big")


@pytest.fixture
def daemon() -> Iterator[Responder]:
    with Responder() as responder:
        yield responder


def ask(responder: Responder, report: str) -> Any:
    """The report: its record if it is one, or the first of a list."""
    answer = getattr(pychrony, GETTER_OF[report])(responder.address)
    return answer[0] if isinstance(answer, list) else answer


def failure(responder: Responder, report: str) -> pychrony.ChronyError:
    with pytest.raises(pychrony.ChronyError) as caught:
        ask(responder, report)
    assert report in caught.value.message
    assert responder.address in caught.value.message
    return caught.value


# Every field.


@pytest.mark.parametrize("report", [name for name in GETTER_OF if name != "tracking"])
def test_every_number_sent_is_in_its_field(responder: Responder, report: str) -> None:
    """Most of our names are libchrony's; those that differ are listed here."""
    other = {
        "orig_latest_meas": "original last sample offset",
        "latest_meas": "adjusted last sample offset",
        "latest_meas_err": "last sample error",
        "std_dev": "standard deviation",
        "resid_freq": "residual frequency",
        "offset_err": "offset error",
        "freq_offset": "frequency offset",
        "reference_id": "reference ID",
        "key_id": "key ID",
        "nak": "NAK",
        "online": "online sources",
        "offline": "offline sources",
        "burst_online": "burst online-return sources",
        "burst_offline": "burst offline-return sources",
        "unresolved": "unresolved sources",
    }
    sent = {name.lower().replace("-", "_"): value for name, value in SAMPLES[report].items()}
    record = ask(responder, report)
    for field in record._fields:
        name = other.get(field, field.replace("_", " "))
        expected = SAMPLES[report].get(name, sent.get(field.replace("_", " "), 0))
        if field == "ref_time":
            seconds, nanoseconds = SAMPLES[report]["reference time"]
            assert record.ref_time_ns == seconds * 1_000_000_000 + nanoseconds
            assert abs(record.ref_time - record.ref_time_ns / 1e9) < 1e-6
        elif expected == NEVER:
            assert getattr(record, field) is None, field
        elif field in ("address", "leap_status"):
            assert getattr(record, field) == ("192.0.2.1" if field == "address" else 0)
        elif "nts_ke" in field:
            assert (
                getattr(record, field)
                == SAMPLES[report][field.replace("_", " ").replace("nts ke", "NTS-KE")]
            )
        elif field.startswith(("received_", "dropped_", "served_", "held_", "ntp_")):
            (expected,) = (
                value
                for name, value in SAMPLES[report].items()
                if name.lower().replace(" ", "_") == field
            )
            assert getattr(record, field) == expected, field
        else:
            assert getattr(record, field) == expected, field


@pytest.mark.parametrize(
    ("sent", "meant"),
    [(NEVER, None), (NEVER - 1, NEVER - 1), (2**31, 2**31), (2**31 - 1, 2**31 - 1), (0, 0)],
)
def test_only_the_number_for_never_is_none(daemon: Responder, sent: int, meant: int | None) -> None:
    daemon.reports["authdata"][0]["last key establishment ago"] = sent
    assert ask(daemon, "authdata").last_key_establishment_ago == meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [(NEVER, None), (NEVER - 1, -2), (NEVER - 7, -8), (2**31, -(2**31)), (2**31 - 1,) * 2, (0, 0)],
)
@pytest.mark.parametrize("report", ["sources", "selectdata"])
def test_the_age_of_a_sample_is_negative_where_the_clock_was_set_back(
    daemon: Responder, report: str, sent: int, meant: int | None
) -> None:
    """chronyd sends the difference of two times unchanged, as an unsigned number."""
    daemon.reports[report][0]["last sample ago"] = sent
    assert ask(daemon, report).last_sample_ago == meant


@pytest.mark.parametrize("poll", [-32768, -32, -7, -2, -1, 0, 1, 24, 32, 40, 32767])
def test_a_poll_keeps_its_sign(daemon: Responder, poll: int) -> None:
    """libchrony passes a negative poll on as a large positive number."""
    daemon.reports["sources"][0]["poll"] = poll
    assert ask(daemon, "sources").poll == poll


@pytest.mark.parametrize("value", [-128, -23, -1, 0, 1, 127])
@pytest.mark.parametrize("field", ["poll", "precision"])
def test_a_field_of_eight_bits_keeps_its_sign_too(
    daemon: Responder, field: str, value: int
) -> None:
    daemon.reports["ntpdata"][0][field] = value
    assert getattr(ask(daemon, "ntpdata"), field) == value


# Flags and enumerations.

FLAGS = [
    ("sources", "flags", "flags", "SelectOptions", 0xFFFF),
    ("selectdata", "configured options", "configured_options", "SelectOptions", 0xFFFF),
    ("selectdata", "effective options", "effective_options", "SelectOptions", 0xFFFF),
    ("ntpdata", "flags", "flags", "NTPFlags", 0xFFFF),
    ("smoothing", "flags", "flags", "SmoothingFlags", 0xFFFFFFFF),
]


@pytest.mark.parametrize(("report", "field", "ours", "name", "most"), FLAGS)
def test_an_unknown_flag_survives(
    daemon: Responder, report: str, field: str, ours: str, name: str, most: int
) -> None:
    kind = getattr(pychrony, name)
    every = 0
    for flag in kind:
        every |= flag
    for sent in [0, 1, 2, 3, int(every), int(every) | 0x1000, 0x1000, 0x1001, most]:
        daemon.reports[report][0][field] = sent
        flags = getattr(ask(daemon, report), ours)
        assert type(flags) is kind
        assert int(flags) == sent
        assert {flag for flag in kind if flag & flags} == {flag for flag in kind if flag & sent}


TESTS = ["1", "2", "3", "5", "6", "7", "_A", "_B", "_C", "_D"]


@pytest.mark.parametrize("place", range(len(TESTS)))
def test_each_test_of_a_packet_has_the_place_that_chronyc_shows_it_in(place: int) -> None:
    """chronyc prints a digit for each test; its manual says which is which."""
    with Responder(transport="unix") as responder:
        responder.reports["ntpdata"][0]["flags"] = 0x200 >> place
        row = chronyc_reads(responder, "ntpdata")
        digits = "".join(row[column] for column in ["tests 1-3", "tests 5-7", "tests A-D"])
        assert digits.index("1") == place
        flags = ask(responder, "ntpdata").flags
        assert flags is pychrony.NTPFlags[f"TEST{TESTS[place]}"]


ENUMERATIONS = [
    ("sources", "state", "state", "SourceState"),
    ("sources", "mode", "mode", "SourceMode"),
    ("selectdata", "state", "state", "SelectState"),
    ("selectdata", "leap status", "leap_status", "LeapStatus"),
    ("authdata", "mode", "mode", "AuthMode"),
    ("authdata", "key type", "key_type", "KeyType"),
    ("ntpdata", "leap status", "leap_status", "LeapStatus"),
    ("ntpdata", "mode", "mode", "NTPMode"),
    ("ntpdata", "transmit timestamping", "transmit_timestamping", "Timestamping"),
    ("ntpdata", "receive timestamping", "receive_timestamping", "Timestamping"),
]


KINDS = {name: table["kind"] for name, table in TABLES.items()}


@pytest.mark.parametrize(("report", "field", "ours", "name"), ENUMERATIONS)
def test_every_member_is_read_and_every_other_number_has_a_name_too(
    daemon: Responder, report: str, field: str, ours: str, name: str
) -> None:
    """Except for the leap status, which always has two bits."""
    kind = getattr(pychrony, name)
    members = {int(member) for member in kind}
    for number in [*range(128), 200, 255]:
        daemon.reports[report][0][field] = number
        if number in members:
            assert getattr(ask(daemon, report), ours) is kind(number)
        elif KINDS[name] == "open":
            value = getattr(ask(daemon, report), ours)
            assert type(value) is kind
            assert value == kind(number) == number
            assert value.name == kind(number).name == f"UNKNOWN_{number}"
            assert number not in {int(member) for member in kind}, "it is not kept"
        else:
            error = failure(daemon, report)
            assert type(error) is pychrony.ChronyDataError
            assert error.error_code is ErrorCode.FIELD_RANGE
            assert field in error.message
            assert str(number) in error.message
            assert name in error.message
    assert KINDS[name] == ("closed" if name == "LeapStatus" else "open")


@pytest.mark.parametrize("report", LISTS)
def test_one_unknown_state_or_mode_costs_no_other_record(daemon: Responder, report: str) -> None:
    """A newer chronyd knows more states, modes and types."""
    daemon.reports.update(listed(3))
    for each, field, _, name in ENUMERATIONS:
        if each == report and KINDS[name] == "open":
            daemon.reports[report][1][field] = 99
    records = getattr(pychrony, GETTER_OF[report])(daemon.address)
    assert [record.address for record in records] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


def grown(daemon: Responder, report: str, field: str, values: Iterable[int]) -> int:
    """By how much the memory of Python's objects grows when answers with these values are asked for."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for value in values:
            daemon.reports[report][0][field] = value
            ask(daemon, report)
        daemon.requests.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("report", "field"),
    [("smoothing", "flags"), ("ntpdata", "flags"), ("sources", "state"), ("selectdata", "state")],
)
def test_numbers_that_a_daemon_chooses_do_not_increase_memory(
    daemon: Responder, report: str, field: str
) -> None:
    """Python's enum module would keep each combination of flags for ever: 400 bytes and more."""
    most = 255 if report == "selectdata" else 65535
    first, others = range(100, 110), range(110, most, most // 140)
    grown(daemon, report, field, first)
    assert grown(daemon, report, field, others) < 100 * len(others)


@pytest.mark.parametrize(
    ("report", "field", "ours"),
    [("selectdata", "authentication", "authentication"), ("authdata", "NAK", "nak")],
)
def test_a_boolean_is_one_of_two(daemon: Responder, report: str, field: str, ours: str) -> None:
    for sent, meant in [(0, False), (1, True)]:
        daemon.reports[report][0][field] = sent
        assert getattr(ask(daemon, report), ours) is meant
    daemon.reports[report][0][field] = 2
    assert failure(daemon, report).error_code is ErrorCode.FIELD_RANGE


# Ranges.

# A field's range is what chronyd's code can produce. If the message has room for larger numbers, those are refused.
REACHABLE = [
    # 16: a client of a `local stratum 15`; 17: a client of a source that `chronyc minstratum` has made an orphan.
    ("tracking", "stratum", [0, 1, 15, 16, 17]),
    # `chronyc minstratum` takes any number.
    ("sources", "stratum", [0, 15, 16, 100, 65535]),
    # `refclock ... poll` took any number before chronyd 4.7.
    ("sources", "poll", [-32768, -33, 33, 40, 32767]),
    ("sources", "reachability", [0, 1, 255]),
    # A byte of a packet that anybody may have sent.
    ("ntpdata", "stratum", [0, 16, 17, 255]),
    ("ntpdata", "version", [0, 4, 7]),
    ("ntpdata", "received messages", [NEVER]),
    ("ntpdata", "kernel transmit timestamps", [NEVER]),
    # The clock was set back by another program, and the source is new.
    ("sourcestats", "offset error", [-0.5, 0.0, 0.5]),
    ("activity", "online sources", [0, 0x7FFFFFFF]),
    ("authdata", "cookies", [0, 8]),
    ("authdata", "cookie length", [0, 256]),
    ("authdata", "key length", [0, 65535]),
    ("rtcdata", "samples", [0, 64]),
    ("serverstats", "received NTP requests", [0, NEVER, 2**64 - 1]),
    ("selectdata", "score", [0.0, 2.0**61]),
]


@pytest.mark.parametrize(("report", "field", "values"), REACHABLE)
def test_every_value_that_chronyd_can_send_is_read(
    daemon: Responder, report: str, field: str, values: list[Any]
) -> None:
    (ours,) = (
        each["name"]
        for each in REPORTS[report]["fields"]
        if each["source"] == field and each["item"]
    )
    for value in values:
        daemon.reports[report][0][field] = value
        meant = value[0] if isinstance(value, tuple) else value
        assert getattr(ask(daemon, report), ours) == meant


IMPOSSIBLE = [
    ("tracking", "stratum", 18, "18"),
    ("tracking", "stratum", 0xFFFF, "65535"),
    ("sources", "reachability", 256, "256"),
    ("sources", "last sample error", -0.5, "-0.5"),
    ("sourcestats", "standard deviation", -0.5, "-0.5"),
    ("sourcestats", "skew", -0.5, "-0.5"),
    ("selectdata", "score", -0.5, "-0.5"),
    ("ntpdata", "version", 8, "8"),
    ("ntpdata", "root delay", -0.5, "-0.5"),
    ("ntpdata", "root dispersion", -0.5, "-0.5"),
    ("ntpdata", "peer dispersion", -0.5, "-0.5"),
    ("ntpdata", "reference time", (1_700_000_000, 1_000_000_000), "1000000000"),
    ("rtcdata", "reference time", (0xFFFFFFFF, 0xFFFFFFFF, 0), "-1"),
    ("smoothing", "last update ago", -0.5, "-0.5"),
    ("smoothing", "remaining time", -0.5, "-0.5"),
]


@pytest.mark.parametrize(("report", "field", "sent", "shown"), IMPOSSIBLE)
def test_a_value_out_of_range_is_a_data_error_and_no_number(
    daemon: Responder, report: str, field: str, sent: Any, shown: str
) -> None:
    daemon.reports[report][0][field] = sent
    error = failure(daemon, report)
    assert type(error) is pychrony.ChronyDataError
    assert error.error_code is ErrorCode.FIELD_RANGE
    assert field in error.message
    assert shown in error.message


@pytest.mark.parametrize(
    ("report", "field", "ours"),
    [
        ("sources", "original last sample offset", "orig_latest_meas"),
        ("sources", "adjusted last sample offset", "latest_meas"),
        ("sourcestats", "residual frequency", "resid_freq"),
        ("sourcestats", "offset", "offset"),
        ("selectdata", "low limit", "low_limit"),
        ("selectdata", "high limit", "high_limit"),
        ("ntpdata", "offset", "offset"),
        ("ntpdata", "jitter asymmetry", "jitter_asymmetry"),
        ("rtcdata", "offset", "offset"),
        ("rtcdata", "frequency offset", "freq_offset"),
        ("smoothing", "offset", "offset"),
        ("smoothing", "frequency offset", "freq_offset"),
        ("smoothing", "wander", "wander"),
    ],
)
@pytest.mark.parametrize("value", [-0.5, 0.5])
def test_a_number_that_may_have_either_sign_keeps_it(
    daemon: Responder, report: str, field: str, ours: str, value: float
) -> None:
    daemon.reports[report][0][field] = value
    assert getattr(ask(daemon, report), ours) == value


def test_the_largest_counts_are_counts(daemon: Responder) -> None:
    for name in ["samples", "runs", "span"]:
        daemon.reports["sourcestats"][0][name] = 0xFFFFFFFF
    stats = ask(daemon, "sourcestats")
    assert (stats.samples, stats.runs, stats.span) == (0xFFFFFFFF,) * 3
    assert stats.has_sufficient_samples()
    daemon.reports["serverstats"][0]["received NTP requests"] = 2**64 - 1
    assert ask(daemon, "serverstats").received_ntp_requests == 2**64 - 1


# Other versions of chronyd.

SERVERSTATS_SINCE = {
    14: {
        "received_ntp_requests",
        "received_command_requests",
        "dropped_ntp_requests",
        "dropped_command_requests",
        "dropped_client_log_records",
    },
    22: {
        "accepted_nts_ke_connections",
        "dropped_nts_ke_connections",
        "received_authenticated_ntp_requests",
    },
    24: {"received_interleaved_ntp_requests", "held_ntp_timestamps", "ntp_timestamp_span"},
    25: {
        f"served_{what}_{way}_timestamps"
        for what in ["daemon", "kernel", "hardware"]
        for way in ["rx", "tx"]
    },
}


@pytest.mark.parametrize("code", SERVERSTATS_SINCE)
def test_server_stats_of_an_older_chronyd_are_none_where_it_had_none(
    responder: Responder, code: int
) -> None:
    responder.codes["serverstats"] = code
    stats = ask(responder, "serverstats")
    there = set().union(*(fields for since, fields in SERVERSTATS_SINCE.items() if since <= code))
    assert {field for field in stats._fields if getattr(stats, field) is not None} == there
    values = [getattr(stats, field) for field in there]
    assert len(set(values)) == len(values)
    assert set(values) <= set(SAMPLES["serverstats"].values())


@pytest.mark.parametrize("code", [16, 26])
def test_ntp_data_of_an_older_chronyd_is_none_where_it_had_none(
    responder: Responder, code: int
) -> None:
    responder.codes["ntpdata"] = code
    record = ask(responder, "ntpdata")
    counts = [
        record.kernel_transmit_timestamps,
        record.kernel_receive_timestamps,
        record.hardware_transmit_timestamps,
        record.hardware_receive_timestamps,
    ]
    assert counts == ([8, 7, 6, 5] if code == 26 else [None] * 4)
    assert None not in [value for value in record if value not in counts]


# Not enabled, not allowed, not known.


@pytest.mark.parametrize("status", [NOT_ENABLED, NO_RTC])
@pytest.mark.parametrize("report", ["rtcdata", "smoothing"])
def test_not_enabled_is_none_for_what_can_be_enabled(
    responder: Responder, report: str, status: int
) -> None:
    responder.behaviour = lambda request: [request.answer(status=status)]
    assert getattr(pychrony, GETTER_OF[report])(responder.address) is None
    with pychrony.ChronyConnection(responder.address) as connection:
        assert getattr(connection, GETTER_OF[report])() is None
        assert connection.fileno() >= 0, "it is an answer like any other"


@pytest.mark.parametrize("status", [NOT_ENABLED, NO_RTC])
@pytest.mark.parametrize("report", [*LISTS, "activity", "serverstats"])
def test_not_enabled_is_an_error_for_all_else(daemon: Responder, report: str, status: int) -> None:
    daemon.behaviour = lambda request: [request.answer(status=status)]
    error = failure(daemon, report)
    assert type(error) is pychrony.ChronyDataError
    assert error.error_code is ErrorCode.DISABLED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (UNAUTHORIZED, pychrony.ChronyPermissionError),
        (INVALID, pychrony.ChronyVersionError),
        (FAILED, pychrony.ChronyDataError),
    ],
)
@pytest.mark.parametrize("report", GETTER_OF)
def test_any_other_failure_is_an_error_for_every_report(
    daemon: Responder, report: str, status: int, kind: type[pychrony.ChronyError]
) -> None:
    """Also for the reports that may be None: a real error is never taken for "not enabled"."""
    daemon.behaviour = lambda request: [
        request.answer(status=status if request.report == report else 0)
    ]
    assert type(failure(daemon, report)) is kind


@pytest.mark.parametrize("report", ["rtcdata", "smoothing"])
def test_an_absent_chronyd_is_not_taken_for_a_disabled_report(report: str) -> None:
    with pytest.raises(pychrony.ChronyConnectionError):
        getattr(pychrony, GETTER_OF[report])("/nowhere/chronyd.sock")


# Lists.


def listed(number: int) -> dict[str, list[dict[str, Any]]]:
    """The records of all lists, for so many sources; each record has a recognisable address or stratum."""
    addresses = [f"192.0.2.{index}" for index in range(1, number + 1)]
    lists = {
        report: [sample(report, address=address) for address in addresses]
        for report in ["sources", "sourcestats", "selectdata"]
    }
    lists["authdata"] = [sample("authdata", key_ID=index) for index in range(1, number + 1)]
    lists["ntpdata"] = [sample("ntpdata", remote_address=address) for address in addresses]
    return lists


@pytest.mark.parametrize("report", LISTS)
@pytest.mark.parametrize("number", [0, 1, 2, 60])
def test_a_list_has_a_record_for_each_source_in_chronyds_order(
    transport: str, report: str, number: int
) -> None:
    with Responder(transport=transport, reports=listed(number)) as responder:
        records = getattr(pychrony, GETTER_OF[report])(responder.address)
        assert [record.address for record in records] == [
            f"192.0.2.{index}" for index in range(1, number + 1)
        ]
        if report == "authdata":
            assert [record.key_id for record in records] == [*range(1, number + 1)]
        if report == "ntpdata":
            assert all(record.remote_address == record.address for record in records)


@pytest.mark.parametrize("report", ["authdata", "ntpdata"])
def test_reports_by_address_skip_reference_clocks(responder: Responder, report: str) -> None:
    """They have no address, so chronyd is not even asked."""
    lists = listed(4)
    for index in [0, 2]:
        lists["sources"][index].update({"address": GPS, "mode": 2})
        lists["sourcestats"][index].update({"address": None, "reference ID": GPS})
    responder.reports.update(lists)
    records = getattr(pychrony, GETTER_OF[report])(responder.address)
    assert [record.address for record in records] == ["192.0.2.2", "192.0.2.4"]
    asked = [request.address for request in responder.requests if request.report == report]
    assert set(asked) == {encode_address("192.0.2.2"), encode_address("192.0.2.4")}


@pytest.mark.parametrize("report", ["sources", "sourcestats", "selectdata"])
def test_a_reference_clock_has_its_name_for_an_address(responder: Responder, report: str) -> None:
    lists = listed(1)
    lists["sources"][0].update({"address": GPS, "mode": 2})
    for other in ["sourcestats", "selectdata"]:
        lists[other][0].update({"address": None, "reference ID": GPS})
    responder.reports.update(lists)
    assert ask(responder, report).address == "GPS"


def test_two_reference_clocks_of_one_name_are_two(responder: Responder) -> None:
    lists = listed(3)
    for index in [0, 1]:
        lists["sources"][index].update({"address": GPS, "mode": 2})
    responder.reports.update(lists)
    addresses = [source.address for source in pychrony.get_sources(responder.address)]
    assert addresses == ["GPS", "GPS", "192.0.2.3"]


def asked(responder: Responder, report: str) -> int:
    """How many times a record of this report was asked for."""
    return sum(request.report == report for request in responder.requests)


@pytest.mark.parametrize("report", LISTS)
@pytest.mark.parametrize("changes", [1, 2])
def test_a_list_that_changes_while_it_is_read_is_read_again(
    transport: str, report: str, changes: int
) -> None:
    """A record that was counted is missing when it is asked for, and is there again later."""

    def behaviour(request: Request) -> list[bytes]:
        if request.report == report and asked(responder, report) < changes:
            return [request.answer(status=NO_SUCH_SOURCE)]
        return [request.answer()]

    with Responder(behaviour, transport=transport, reports=listed(3)) as responder:
        records = getattr(pychrony, GETTER_OF[report])(responder.address)
        assert [record.address for record in records] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
        assert asked(responder, report) == changes + 3


@pytest.mark.parametrize("report", LISTS)
def test_a_list_that_never_stands_still_is_given_up_after_three_times(
    transport: str, report: str
) -> None:
    def behaviour(request: Request) -> list[bytes]:
        if request.report == report:
            return [request.answer(status=NO_SUCH_SOURCE)]
        return [request.answer()]

    with Responder(behaviour, transport=transport, reports=listed(3)) as responder:
        error = failure(responder, report)
        assert type(error) is pychrony.ChronyDataError
        assert error.error_code is ErrorCode.UNEXPECTED_STATUS
        last = [encode_address("192.0.2.3"), (2).to_bytes(4, "big")]
        begun = [
            request
            for request in responder.requests
            if request.report == report and request.address.startswith(tuple(last))
        ]
        assert len(begun) == 3


@pytest.mark.parametrize("report", LISTS)
def test_a_list_that_has_become_shorter_is_read_as_it_is(responder: Responder, report: str) -> None:
    """A source goes between the count and the first record."""
    responder.reports.update(listed(4))

    def behaviour(request: Request) -> list[bytes]:
        answer = request.answer()
        if request.command == N_SOURCES and len(responder.reports["sources"]) == 4:
            for each in LISTS:
                del responder.reports[each][1]
        return [answer]

    responder.behaviour = behaviour
    records = getattr(pychrony, GETTER_OF[report])(responder.address)
    assert [record.address for record in records] == ["192.0.2.1", "192.0.2.3", "192.0.2.4"]


@pytest.mark.parametrize("report", LISTS)
@pytest.mark.parametrize("when", range(1, 8))
def test_a_source_that_goes_in_the_middle_of_the_list_hides_no_other(
    responder: Responder, report: str, when: int
) -> None:
    """Whichever record was just read, all the sources that stay are listed, each of them once."""
    responder.reports.update(listed(5))

    def behaviour(request: Request) -> list[bytes]:
        answer = request.answer()
        if request.number == when and len(responder.reports["sources"]) == 5:
            for each in LISTS:
                del responder.reports[each][2]
        return [answer]

    responder.behaviour = behaviour
    records = getattr(pychrony, GETTER_OF[report])(responder.address)
    addresses = [record.address for record in records]
    assert len(addresses) == len(set(addresses))
    assert [each for each in addresses if each != "192.0.2.3"] == [
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.4",
        "192.0.2.5",
    ]


@pytest.mark.parametrize("report", LISTS)
def test_a_list_that_becomes_shorter_each_time_it_is_counted_is_not_an_error(
    responder: Responder, report: str
) -> None:
    """One source goes at each count. After the third count, the sources that are left are returned."""
    responder.reports.update(listed(12))

    def behaviour(request: Request) -> list[bytes]:
        answer = request.answer()
        if request.command == N_SOURCES:
            for each in LISTS:
                del responder.reports[each][-4]
        return [answer]

    responder.behaviour = behaviour
    addresses = [
        record.address for record in getattr(pychrony, GETTER_OF[report])(responder.address)
    ]
    assert addresses == [f"192.0.2.{n}" for n in (1, 2, 3, 4, 5, 6, 10, 11, 12)]


@pytest.mark.parametrize("report", LISTS)
def test_no_source_is_listed_twice_when_another_goes_at_each_read(
    responder: Responder, report: str
) -> None:
    """When a source goes, the ones after it move up by one place."""
    responder.reports.update(listed(30))

    def behaviour(request: Request) -> list[bytes]:
        answer = request.answer()
        if request.report == report and len(responder.reports["sources"]) > 4:
            for each in LISTS:
                del responder.reports[each][2]
        return [answer]

    responder.behaviour = behaviour
    addresses = [
        record.address for record in getattr(pychrony, GETTER_OF[report])(responder.address)
    ]
    assert len(addresses) == len(set(addresses))
    assert addresses[:2] == ["192.0.2.1", "192.0.2.2"]
    assert addresses[-1] == "192.0.2.30"


@pytest.mark.parametrize("count", [0x10000, 2**31 - 1, 2**31, 2**31 + 5, 2**32 - 1])
@pytest.mark.parametrize("report", LISTS)
def test_a_count_of_sources_that_cannot_be_is_a_data_error(
    daemon: Responder, report: str, count: int
) -> None:
    daemon.behaviour = lambda request: [
        request.response(N_SOURCES_REPLY, count.to_bytes(4, "big"))
        if request.command == N_SOURCES
        else request.answer()
    ]
    error = failure(daemon, report)
    assert type(error) is pychrony.ChronyDataError
    assert error.error_code is ErrorCode.FIELD_RANGE
    assert len(daemon.requests) == 1
