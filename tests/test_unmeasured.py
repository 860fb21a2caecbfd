"""What chronyd has not measured is None: never the zero, the 4 seconds or the 2000 ppm that it sends in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.chronyd import Chronyd, client_of
from support.getters import GETTER_OF
from support.responder import NEVER, Responder, sample
from support.waiting import wait_for

import pychrony
from pychrony import NTPFlags, NTPMode, SelectState, SmoothingFlags, testing
from pychrony._reports import REPORTS

NO_SAMPLE = ["stratum", "orig_latest_meas", "latest_meas", "latest_meas_err"]
NO_REGRESSION = ["std_dev", "resid_freq", "skew"]
NO_RESPONSE = [
    "leap_status",
    "version",
    "stratum",
    "poll",
    "precision",
    "root_delay",
    "root_dispersion",
    "reference_id",
    "ref_time",
    "ref_time_ns",
]
NOT_MEASURED = ["offset", "peer_delay", "peer_dispersion", "response_time", "jitter_asymmetry"]
NOT_COMPARED = ["last_sample_ago", "score", "low_limit", "high_limit"]


def absent(record: Any) -> list[str]:
    """The fields without a value, except those that only newer chronyds send, or that have nothing to do with measurements."""
    (report,) = (each for each in REPORTS.values() if each["type"] == type(record).__name__)
    conditional = [field["name"] for field in report["fields"] if field["none_if"]]
    return [name for name in conditional if getattr(record, name) is None]


def of(daemon: Chronyd, report: str, address: str) -> Any:
    records = getattr(pychrony, GETTER_OF[report])(daemon.socket)
    return next(record for record in records if record.address == address)


@pytest.fixture(scope="module")
def mixed(server: Chronyd) -> Iterator[Chronyd]:
    """Has a good source, one with noselect, and one that never answers."""
    lines = [
        *client_of("127.0.0.1", server.ntp_port),
        *client_of("::1", server.ntp_port, "noselect"),
        "server 192.0.2.1 offline",
    ]
    with Chronyd(lines) as daemon:
        daemon.wait_synchronised()
        wait_for(
            "four samples of each server",
            lambda: all(
                of(daemon, "sourcestats", address).has_sufficient_samples()
                for address in ("127.0.0.1", "::1")
            ),
        )
        yield daemon


@pytest.mark.parametrize("report", ["sources", "sourcestats", "ntpdata", "selectdata"])
def test_a_good_source_has_all_numbers(mixed: Chronyd, report: str) -> None:
    assert absent(of(mixed, report, "127.0.0.1")) == []


def test_an_unreachable_server_has_no_numbers(mixed: Chronyd) -> None:
    assert absent(of(mixed, "sources", "192.0.2.1")) == NO_SAMPLE
    assert absent(of(mixed, "sourcestats", "192.0.2.1")) == [*NO_REGRESSION, "offset", "offset_err"]
    record = of(mixed, "ntpdata", "192.0.2.1")
    assert sorted(absent(record)) == sorted(NO_RESPONSE + NOT_MEASURED)
    assert record.mode is NTPMode.NONE
    assert absent(of(mixed, "selectdata", "192.0.2.1")) == NOT_COMPARED


def test_a_server_that_is_not_to_be_selected_is_measured_and_not_compared(mixed: Chronyd) -> None:
    for report in ("sources", "sourcestats", "ntpdata"):
        assert absent(of(mixed, report, "::1")) == []
    record = of(mixed, "selectdata", "::1")
    assert record.state is SelectState.IGNORED
    assert absent(record) == NOT_COMPARED


def test_a_server_that_is_not_synchronised_responds_and_is_not_measured() -> None:
    with Chronyd([], serve=True) as unsynchronised:
        with Chronyd(client_of("127.0.0.1", unsynchronised.ntp_port)) as daemon:

            def responded() -> Any:
                record = of(daemon, "ntpdata", "127.0.0.1")
                return record if record.received_valid_messages > 2 else None

            record = wait_for("valid responses", responded)
            source = of(daemon, "sources", "127.0.0.1")
    assert NTPFlags.TEST6 not in record.flags
    # A server that was never synchronised has no time of its last update.
    assert sorted(absent(record)) == sorted(["ref_time", "ref_time_ns", *NOT_MEASURED])
    assert absent(source) == NO_SAMPLE
    assert not source.is_reachable()


def test_a_source_with_one_sample_has_an_offset_and_no_statistics(server: Chronyd) -> None:
    lines = [f"server 127.0.0.1 port {server.ntp_port} minpoll 10 maxpoll 10"]
    with Chronyd(lines) as daemon:

        def first() -> Any:
            stats = of(daemon, "sourcestats", "127.0.0.1")
            return stats if stats.samples else None

        stats = wait_for("a sample", first)
        assert stats.samples == 1
        assert absent(stats) == NO_REGRESSION
        assert absent(of(daemon, "sources", "127.0.0.1")) == []


# What a real chronyd shows only for a moment, or not on this machine.


@pytest.mark.parametrize(
    ("report", "sent", "expected"),
    [
        ("sources", {"last sample ago": NEVER}, NO_SAMPLE),
        ("sources", {"last sample ago": 0}, []),
        ("sourcestats", {"samples": 0}, [*NO_REGRESSION, "offset", "offset_err"]),
        ("sourcestats", {"samples": 2}, NO_REGRESSION),
        ("sourcestats", {"samples": 3, "runs": 0}, NO_REGRESSION),
        ("sourcestats", {"samples": 3, "runs": 1}, []),
        # From 4.9 on, chronyd's worst skew is another number.
        ("sourcestats", {"samples": 9, "runs": 1, "skew": 2000.0, "standard deviation": 4.0}, []),
        ("ntpdata", {"mode": 0}, [*NO_RESPONSE, *NOT_MEASURED]),
        ("ntpdata", {"peer dispersion": 0.0}, NOT_MEASURED),
        ("ntpdata", {"offset": 0.0, "response time": 0.0}, []),
        ("ntpdata", {"reference time": (0, 0)}, ["ref_time", "ref_time_ns"]),
        ("selectdata", {"low limit": 0.0, "high limit": 0.0}, NOT_COMPARED),
        ("selectdata", {"low limit": 0.0}, []),
        ("selectdata", {"state": ord("N")}, NOT_COMPARED),
        ("selectdata", {"state": ord("M"), "last sample ago": 0}, []),
        (
            "rtcdata",
            {"reference time": (0, 0)},
            ["ref_time", "offset", "freq_offset", "ref_time_ns"],
        ),
        ("rtcdata", {"samples": 0}, []),
        ("smoothing", {"flags": 0}, ["last_update_ago"]),
        ("smoothing", {"flags": 2}, ["last_update_ago"]),
        ("smoothing", {"flags": 3, "last update ago": 0.0}, []),
    ],
)
def test_other_fields_of_the_record_decide_what_was_measured(
    report: str, sent: dict[str, Any], expected: list[str]
) -> None:
    with Responder(reports={report: [{**sample(report), **sent}]}) as daemon:
        answer = getattr(pychrony, GETTER_OF[report])(daemon.address)
    (record,) = answer if isinstance(answer, list) else [answer]
    assert sorted(absent(record)) == sorted(expected)


@pytest.mark.parametrize("report", [name for name, each in REPORTS.items() if each["methods"]])
def test_the_methods_of_a_record_take_none(report: str) -> None:
    values = {
        field["source"]: (0, 0) if field["kind"] in ("seconds", "nanoseconds") else 0
        for field in REPORTS[report]["fields"]
        if field["kind"] not in ("address", "source")
    }
    with Responder(reports={report: [{**sample(report), **values}]}) as daemon:
        answer = getattr(pychrony, GETTER_OF[report])(daemon.address)
    (record,) = answer if isinstance(answer, list) else [answer]
    for method in REPORTS[report]["methods"]:
        assert getattr(record, method)() in (True, False)


# Records that people make, and the fake chronyd.


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (testing.make_source(last_sample_ago=None), NO_SAMPLE),
        (testing.make_source(latest_meas=None), NO_SAMPLE),
        (testing.make_source(address="ID#0000000001"), NO_SAMPLE),
        (testing.make_source_stats(samples=0), [*NO_REGRESSION, "offset", "offset_err"]),
        (testing.make_source_stats(std_dev=None), NO_REGRESSION),
        (testing.make_ntp_data(mode=NTPMode.NONE), NO_RESPONSE + NOT_MEASURED),
        (testing.make_ntp_data(offset=None), NOT_MEASURED),
        (testing.make_ntp_data(ref_time=0.0), ["ref_time", "ref_time_ns"]),
        (testing.make_select_data(low_limit=None), NOT_COMPARED),
        (testing.make_select_data(state=SelectState.IGNORED), NOT_COMPARED),
        (
            testing.make_rtc_data(ref_time=None),
            ["ref_time", "offset", "freq_offset", "ref_time_ns"],
        ),
        (testing.make_smoothing(flags=SmoothingFlags(0)), ["last_update_ago"]),
    ],
)
def test_the_fake_chronyd_sends_the_placeholders(made: Any, expected: list[str]) -> None:
    assert sorted(absent(made)) == sorted(expected)
    (report,) = (name for name, each in REPORTS.items() if each["type"] == type(made).__name__)
    names = {"sourcestats": "source_stats", "rtcdata": "rtc_data"}
    names |= {"ntpdata": "ntp_data", "selectdata": "select_data"}
    one = report in ("rtcdata", "smoothing")
    given: dict[str, Any] = {names.get(report, report): made if one else [made]}
    if not one and report != "sources":
        given["sources"] = [testing.make_source(address=made.address)]
    with testing.FakeChronyd(**given) as fake:
        answer = getattr(pychrony, GETTER_OF[report])(fake.address)
    assert answer == (made if one else [made])


def test_a_record_without_a_time_has_none_in_both_forms() -> None:
    record = testing.make_rtc_data(ref_time=None)
    assert record._replace(samples=0).ref_time_ns is None
    assert record._replace(ref_time=5.0).ref_time_ns == 5_000_000_000
    assert record._replace(ref_time_ns=7).ref_time == 7e-9
    assert testing.make_rtc_data()._replace(ref_time=None).ref_time_ns is None
    with pytest.raises(ValueError, match="contradict"):
        record._replace(ref_time=None, ref_time_ns=5)
    with pytest.raises(TypeError):
        testing.make_tracking()._replace(ref_time=None)
