"""The content of the metrics: each value with a synthetic chronyd, its meaning with real ones."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from support.chronyd import Chronyd, client_of, free_port
from support.exporter import Samples, labels_of, parse, value
from support.reach import address_of
from support.responder import (
    NEVER,
    UNAUTHORIZED,
    Datagrams,
    Request,
    Responder,
    faithful,
    sample,
    silent,
)
from support.waiting import DEADLINE, wait_for

from pychrony import ChronyTimeoutError, ErrorCode, SourceState
from pychrony.exporter.collector import Collected, judge
from pychrony.exporter.metrics import REPORTS, Report
from pychrony.exporter.scrapes import Scrapes
from pychrony.health import CODES
from pychrony.testing import make_source, make_tracking

EVERY = [report.name for report in REPORTS]
# The reports that the command port does not give by default.
REFUSED = ["serverstats", "selectdata", "ntpdata", "authdata"]

SOURCE = {"source_address": "192.0.2.1", "source_name": "192.0.2.1", "source_refclock": ""}

# Name, labels and value of each sample that the responder's records (support.responder.SAMPLES) must give.
EXPECTED: list[tuple[str, dict[str, str], float]] = [
    ("chrony_up", {}, 1),
    ("chrony_synchronized", {}, 1),
    (
        "chrony_tracking_info",
        {
            "tracking_address": "192.0.2.1",
            "tracking_name": "192.0.2.1",
            "tracking_refid": "C0000201",
        },
        1,
    ),
    ("chrony_tracking_leap_status_info", {"leap_status": "normal"}, 1),
    ("chrony_tracking_remote_reference", {}, 1),
    ("chrony_tracking_stratum", {}, 3),
    ("chrony_tracking_reference_timestamp_seconds", {}, 1_700_000_000.123456789),
    ("chrony_tracking_system_time_seconds", {}, 0.000244140625),
    ("chrony_tracking_last_offset_seconds", {}, -0.0001220703125),
    ("chrony_tracking_rms_offset_seconds", {}, 0.00006103515625),
    ("chrony_tracking_frequency_ppms", {}, -12.5),
    ("chrony_tracking_residual_frequency_ppms", {}, 0.03125),
    ("chrony_tracking_skew_ppms", {}, 0.25),
    ("chrony_tracking_root_delay_seconds", {}, 0.015625),
    ("chrony_tracking_root_dispersion_seconds", {}, 0.001953125),
    ("chrony_tracking_update_interval_seconds", {}, 64.5),
    ("chrony_activity_sources", {"state": "online"}, 3),
    ("chrony_activity_sources", {"state": "offline"}, 1),
    ("chrony_activity_sources", {"state": "burst_online"}, 0),
    ("chrony_activity_sources", {"state": "burst_offline"}, 0),
    ("chrony_activity_sources", {"state": "unresolved"}, 2),
    ("chrony_sources_state_info", {**SOURCE, "source_state": "sync", "source_mode": "client"}, 1),
    ("chrony_sources_stratum", SOURCE, 2),
    ("chrony_sources_polling_interval_seconds", SOURCE, 64),
    ("chrony_sources_reachability_ratio", SOURCE, 1),
    ("chrony_sources_reachability_success", SOURCE, 1),
    ("chrony_sources_last_sample_age_seconds", SOURCE, 12),
    ("chrony_sources_last_sample_offset_seconds", SOURCE, -0.00048828125),
    ("chrony_sources_last_sample_error_margin_seconds", SOURCE, 0.03125),
    ("chrony_sourcestats_samples", SOURCE, 12),
    ("chrony_sourcestats_runs", SOURCE, 7),
    ("chrony_sourcestats_span_seconds", SOURCE, 704),
    ("chrony_sourcestats_stddev", SOURCE, 0.0001220703125),
    ("chrony_sourcestats_frequency_ppms", SOURCE, -0.0625),
    ("chrony_sourcestats_frequency_skew_ppms", SOURCE, 0.5),
    ("chrony_sourcestats_offset", SOURCE, 0.000244140625),
    ("chrony_sourcestats_offset_error_seconds", SOURCE, 0.00048828125),
    ("chrony_rtcdata_reference_timestamp_seconds", {}, 1_700_000_000),
    ("chrony_rtcdata_samples", {}, 9),
    ("chrony_rtcdata_runs", {}, 5),
    ("chrony_rtcdata_span_seconds", {}, 3600),
    ("chrony_rtcdata_offset_seconds", {}, 1.5),
    ("chrony_rtcdata_frequency_ppms", {}, -2.5),
    ("chrony_smoothing_active", {}, 1),
    ("chrony_smoothing_leap_only", {}, 0),
    ("chrony_smoothing_offset_seconds", {}, 0.25),
    ("chrony_smoothing_frequency_ppms", {}, -1.5),
    ("chrony_smoothing_wander_ppms_per_second", {}, 0.03125),
    ("chrony_smoothing_last_update_age_seconds", {}, 4.5),
    ("chrony_smoothing_remaining_seconds", {}, 96),
    ("chrony_serverstats_ntp_packets_received_total", {}, 1001),
    ("chrony_serverstats_nts_ke_connections_accepted_total", {}, 1002),
    ("chrony_serverstats_command_packets_received_total", {}, 1003),
    ("chrony_serverstats_ntp_packets_dropped_total", {}, 1004),
    ("chrony_serverstats_nts_ke_connections_dropped_total", {}, 1005),
    ("chrony_serverstats_command_packets_dropped_total", {}, 1006),
    ("chrony_serverstats_client_log_records_dropped_total", {}, 1007),
    ("chrony_serverstats_authenticated_ntp_packets_total", {}, 1008),
    ("chrony_serverstats_interleaved_ntp_packets_total", {}, 1009),
    ("chrony_serverstats_ntp_timestamps_held", {}, 1010),
    ("chrony_serverstats_ntp_timestamp_span_seconds", {}, 1011),
    ("chrony_serverstats_ntp_daemon_rx_timestamps_total", {}, 1012),
    ("chrony_serverstats_ntp_daemon_tx_timestamps_total", {}, 1013),
    ("chrony_serverstats_ntp_kernel_rx_timestamps_total", {}, 1014),
    ("chrony_serverstats_ntp_kernel_tx_timestamps_total", {}, 1015),
    ("chrony_serverstats_ntp_hw_rx_timestamps_total", {}, 1016),
    ("chrony_serverstats_ntp_hw_tx_timestamps_total", {}, 1017),
    (
        "chrony_selectdata_info",
        {
            **SOURCE,
            "select_state": "best",
            "leap_status": "normal",
            "configured_options": "",
            "effective_options": "",
        },
        1,
    ),
    ("chrony_selectdata_authenticated", SOURCE, 0),
    ("chrony_selectdata_last_sample_age_seconds", SOURCE, 12),
    ("chrony_selectdata_score", SOURCE, 1),
    ("chrony_selectdata_low_limit_seconds", SOURCE, -0.015625),
    ("chrony_selectdata_high_limit_seconds", SOURCE, 0.03125),
    (
        "chrony_ntpdata_info",
        {
            **SOURCE,
            "remote_address": "192.0.2.1",
            "remote_port": "123",
            "local_address": "192.0.2.7",
            "version": "4",
            "mode": "server",
            "interleaved": "no",
            "authenticated": "yes",
            "transmit_timestamping": "kernel",
            "receive_timestamping": "hardware",
        },
        1,
    ),
    ("chrony_sources_peer_offset_seconds", SOURCE, -0.000244140625),
    ("chrony_sources_peer_delay_seconds", SOURCE, 0.03125),
    ("chrony_sources_peer_dispersion_seconds", SOURCE, 0.0001220703125),
    ("chrony_sources_peer_response_time_seconds", SOURCE, 0.00006103515625),
    ("chrony_ntpdata_jitter_asymmetry_ratio", SOURCE, -0.25),
    ("chrony_ntpdata_stratum", SOURCE, 2),
    ("chrony_ntpdata_root_delay_seconds", SOURCE, 0.015625),
    ("chrony_ntpdata_root_dispersion_seconds", SOURCE, 0.001953125),
    ("chrony_ntpdata_reference_timestamp_seconds", SOURCE, 1_700_000_000.123456789),
    ("chrony_ntpdata_transmitted_packets_total", SOURCE, 12),
    ("chrony_ntpdata_received_packets_total", SOURCE, 11),
    ("chrony_ntpdata_received_valid_packets_total", SOURCE, 10),
    ("chrony_ntpdata_received_good_packets_total", SOURCE, 9),
    ("chrony_ntpdata_kernel_tx_timestamps_total", SOURCE, 8),
    ("chrony_ntpdata_kernel_rx_timestamps_total", SOURCE, 7),
    ("chrony_ntpdata_hw_tx_timestamps_total", SOURCE, 6),
    ("chrony_ntpdata_hw_rx_timestamps_total", SOURCE, 5),
    (
        "chrony_authdata_info",
        {**SOURCE, "auth_mode": "symmetric_key", "key_type": "sha1", "key_id": "10"},
        1,
    ),
    ("chrony_authdata_key_length_bytes", SOURCE, 20),
    ("chrony_authdata_key_establishment_attempts", SOURCE, 0),
    ("chrony_authdata_cookies", SOURCE, 0),
    ("chrony_authdata_cookie_length_bytes", SOURCE, 0),
    ("chrony_authdata_nak", SOURCE, 0),
    *(("chrony_scrape_collector_success", {"collector": name}, 1.0) for name in EVERY),
    # abs(offset - latest_meas) + latest_meas_err + (age + 1 s) * (skew + abs(residual_freq) + 15 ppm)
    (
        "chrony_error_bound_seconds",
        {},
        0.000244140625 + 0.00048828125 + 0.03125 + 13 * (0.25 + 0.03125 + 15) * 1e-6,
    ),
    ("chrony_health_level", {}, 1),
    # The reference time is years ago.
    *(
        ("chrony_health_finding", {"code": code}, float(code == "old-measurement"))
        for code in CODES
    ),
]

# These are measured anew at each scrape.
DURATIONS = {"chrony_scrape_duration_seconds", "chrony_scrape_collector_duration_seconds"}


def scrapes_of(
    address: str,
    timeout: float = 60.0,
    reports: Sequence[Report] = REPORTS,
    errors: list[str] | None = None,
) -> Scrapes:
    told = [] if errors is None else errors
    return Scrapes(address, timeout, reports, lambda name, error: told.append(f"{name}: {error}"))


def scrape(address: str, timeout: float = 60.0) -> Samples:
    """The samples from one chronyd."""
    return collect(scrapes_of(address, timeout))


def collect(scrapes: Scrapes, deadline: float = math.inf) -> Samples:
    registry = CollectorRegistry()
    registry.register(Collected(scrapes(deadline).metrics))
    return parse(generate_latest(registry).decode())


def succeeded(samples: Samples) -> list[str]:
    return [
        name
        for name in EVERY
        if value(samples, "chrony_scrape_collector_success", collector=name) == 1
    ]


def errors(samples: Samples) -> dict[str, str]:
    name = "chrony_scrape_collector_error_info"
    return {each["collector"]: each["error"] for each in labels_of(samples, name)}


@pytest.fixture
def unix() -> Iterator[Responder]:
    with Responder(transport="unix") as responder:
        yield responder


def test_each_metric_has_the_value_and_the_labels_of_its_field(unix: Responder) -> None:
    samples = scrape(unix.address)
    expected = {(name, frozenset(labels.items())): each for name, labels, each in EXPECTED}
    assert {key: each for key, each in samples.items() if key[0] not in DURATIONS} == pytest.approx(
        expected, rel=1e-12
    )


def test_each_metric_of_the_tables_is_checked_above() -> None:
    never_sent = {"chrony_authdata_last_key_establishment_age_seconds"}
    names = {metric.name for report in REPORTS for metric in report.metrics}
    assert names - {name for name, _, _ in EXPECTED} == never_sent


def test_a_real_chronyd_gives_all_reports_over_its_unix_socket(client: Chronyd) -> None:
    samples = scrape(client.socket)
    assert value(samples, "chrony_up") == value(samples, "chrony_synchronized") == 1
    assert succeeded(samples) == EVERY
    assert errors(samples) == {}
    state = labels_of(samples, "chrony_sources_state_info")
    assert state == [
        {
            "source_address": "127.0.0.1",
            "source_name": "127.0.0.1",
            "source_refclock": "",
            "source_state": "sync",
            "source_mode": "client",
        }
    ]


def test_reports_that_the_command_port_refuses_leave_chronyd_up(client: Chronyd) -> None:
    samples = scrape(client.udp)
    assert value(samples, "chrony_up") == value(samples, "chrony_synchronized") == 1
    assert [name for name in EVERY if name not in succeeded(samples)] == REFUSED
    assert errors(samples) == dict.fromkeys(REFUSED, "UNAUTHORIZED")


def test_an_unsynchronised_clock_is_up_and_not_synchronised(unsynchronised: Chronyd) -> None:
    samples = scrape(unsynchronised.socket)
    assert value(samples, "chrony_up") == 1
    assert value(samples, "chrony_synchronized") == 0
    assert value(samples, "chrony_tracking_remote_reference") == 0
    assert value(samples, "chrony_tracking_leap_status_info", leap_status="unsync") == 1
    nothing = {"tracking_address": "", "tracking_name": "", "tracking_refid": "00000000"}
    assert labels_of(samples, "chrony_tracking_info") == [nothing]


@pytest.mark.parametrize("kind", ["unsynchronised", "server"])
def test_the_zeros_of_a_clock_without_a_source_are_not_shown(
    kind: str, request: pytest.FixtureRequest
) -> None:
    samples = scrape(request.getfixturevalue(kind).socket)
    shown = {name for name, *_ in samples if name.startswith("chrony_tracking_")}
    info = {"chrony_tracking_info", "chrony_tracking_leap_status_info"}
    real = {"chrony_tracking_remote_reference", "chrony_tracking_frequency_ppms"}
    local = {"chrony_tracking_stratum"} if kind == "server" else set()
    assert shown == {*info, *real, *local}


def test_the_local_reference_is_not_remote(server: Chronyd) -> None:
    samples = scrape(server.socket)
    assert value(samples, "chrony_tracking_remote_reference") == 0
    assert value(samples, "chrony_synchronized") == 0
    assert labels_of(samples, "chrony_tracking_info")[0]["tracking_refid"] == "7F7F0101"


def test_a_reference_clock_is_labelled_with_its_name(refclock: Chronyd) -> None:
    samples = scrape(refclock.socket)
    assert value(samples, "chrony_tracking_info", tracking_name="GPS", tracking_address="GPS") == 1
    assert value(samples, "chrony_tracking_remote_reference") == 1
    assert value(samples, "chrony_sources_stratum", source_name="GPS") == 0
    mode = {"source_mode": "reference clock", "source_state": "sync"}
    assert value(samples, "chrony_sources_state_info", source_name="GPS", **mode) == 1


def test_an_event_that_never_happened_has_no_sample(unix: Responder) -> None:
    unix.reports["sources"] = [sample("sources", last_sample_ago=NEVER)]
    unix.reports["selectdata"] = [sample("selectdata", last_sample_ago=NEVER)]
    samples = scrape(unix.address)
    assert succeeded(samples) == EVERY
    assert value(samples, "chrony_sources_last_sample_age_seconds") is None
    assert value(samples, "chrony_selectdata_last_sample_age_seconds") is None


def test_a_source_that_never_answered_has_no_measurements() -> None:
    """chronyd fills the fields with zeros and placeholders, which would look like a perfect source."""
    with Chronyd(client_of("127.0.0.1", free_port())) as daemon:
        samples = scrape(daemon.socket)
    assert succeeded(samples) == EVERY
    named = {name for name, labels in samples if ("source_address", "127.0.0.1") in labels}
    assert {name for name in named if not name.endswith("_total")} == {
        "chrony_sources_state_info",
        "chrony_sources_polling_interval_seconds",
        "chrony_sources_reachability_ratio",
        "chrony_sources_reachability_success",
        "chrony_sourcestats_samples",
        "chrony_sourcestats_runs",
        "chrony_sourcestats_span_seconds",
        "chrony_selectdata_info",
        "chrony_selectdata_authenticated",
        "chrony_ntpdata_info",
        "chrony_authdata_info",
        "chrony_authdata_key_length_bytes",
        "chrony_authdata_key_establishment_attempts",
        "chrony_authdata_cookies",
        "chrony_authdata_cookie_length_bytes",
        "chrony_authdata_nak",
    }


def test_a_key_establishment_has_an_age_once_there_was_one(unix: Responder) -> None:
    unix.reports["authdata"] = [sample("authdata", last_key_establishment_ago=77)]
    samples = scrape(unix.address)
    assert value(samples, "chrony_authdata_last_key_establishment_age_seconds") == 77


def test_a_counter_that_an_older_chronyd_lacks_has_no_sample(unix: Responder) -> None:
    unix.codes["serverstats"] = 14
    samples = scrape(unix.address)
    names = {name for name, _ in samples if name.startswith("chrony_serverstats_")}
    assert names == {
        "chrony_serverstats_ntp_packets_received_total",
        "chrony_serverstats_ntp_packets_dropped_total",
        "chrony_serverstats_command_packets_received_total",
        "chrony_serverstats_command_packets_dropped_total",
        "chrony_serverstats_client_log_records_dropped_total",
    }


def test_before_the_first_response_there_is_no_measurement(unix: Responder) -> None:
    unix.reports["ntpdata"] = [{"remote address": "192.0.2.1", "transmitted messages": 1}]
    samples = scrape(unix.address)
    assert value(samples, "chrony_ntpdata_transmitted_packets_total") == 1
    assert value(samples, "chrony_sources_peer_offset_seconds") is None
    assert value(samples, "chrony_ntpdata_stratum") is None


def test_reports_that_are_not_enabled_succeed_without_samples(unix: Responder) -> None:
    unix.reports["rtcdata"] = unix.reports["smoothing"] = []
    samples = scrape(unix.address)
    assert succeeded(samples) == EVERY
    assert not [name for name, _ in samples if name.startswith(("chrony_rtc", "chrony_smoothing"))]


def test_sources_without_an_address_are_counted_and_not_listed(unix: Responder) -> None:
    unix.reports["sources"].append(sample("sources", address="ID#0000000001"))
    samples = scrape(unix.address)
    assert value(samples, "chrony_sources_stratum") == 2
    assert value(samples, "chrony_activity_sources", state="unresolved") == 2


@pytest.mark.parametrize("name", [b"PPS\0", b"ID#1", b"::1\0"])
def test_reference_clocks_of_one_name_are_distinguished(unix: Responder, name: bytes) -> None:
    identity = {"reference_ID": int.from_bytes(name, "big"), "address": None}
    unix.reports["sources"] = [
        sample("sources", address=identity["reference_ID"], mode=2, stratum=0),
        sample("sources", stratum=1),
        sample("sources", address=identity["reference_ID"], mode=2, stratum=2),
    ]
    unix.reports["sourcestats"] = [
        sample("sourcestats", samples=10, **identity),
        sample("sourcestats", samples=11),
        sample("sourcestats", samples=12, **identity),
    ]
    unix.reports["selectdata"] = [
        sample("selectdata", score=20.0, **identity),
        sample("selectdata", score=21.0),
        sample("selectdata", score=22.0, **identity),
    ]
    samples = scrape(unix.address)
    clock = {"source_name": name.rstrip(b"\0").decode()}
    for metric, values in {
        "chrony_sources_stratum": (0, 1, 2),
        "chrony_sourcestats_samples": (10, 11, 12),
        "chrony_selectdata_score": (20, 21, 22),
    }.items():
        assert value(samples, metric, source_refclock="0", **clock) == values[0]
        assert value(samples, metric, **SOURCE) == values[1]
        assert value(samples, metric, source_refclock="1", **clock) == values[2]


def test_an_invalid_report_leaves_the_others_intact(unix: Responder) -> None:
    unix.behaviour = wrong_tracking
    samples = scrape(unix.address)
    assert value(samples, "chrony_up") == 1
    assert succeeded(samples) == EVERY[1:]
    assert errors(samples) == {"tracking": "FIELD_RANGE"}
    assert value(samples, "chrony_tracking_stratum") is None


def wrong_tracking(request: Request) -> Datagrams:
    return [request.answer({"leap status": 9} if request.report == "tracking" else None)]


def test_without_chronyd_only_that_is_reported() -> None:
    samples = scrape("127.0.0.1:9")
    assert value(samples, "chrony_up") == 0
    assert succeeded(samples) == []
    assert {name.split("_")[1] for name, _ in samples} == {"up", "scrape", "health"}
    assert findings(samples) == {"unreachable"}
    assert value(samples, "chrony_health_level") == 2


def test_a_chronyd_that_does_not_answer_one_report_is_not_asked_for_the_next() -> None:
    with Responder(silent) as responder:
        samples = scrape(responder.address, timeout=0.2)
    assert value(samples, "chrony_up") == 0
    assert errors(samples) == dict.fromkeys(EVERY, "TIMEOUT")
    assert {request.report for request in responder.requests} == {"tracking"}


def test_a_hung_chronyd_is_down(stopped: Chronyd) -> None:
    assert value(scrape(stopped.socket, timeout=0.2), "chrony_up") == 0


def test_a_chronyd_that_was_restarted_is_asked_again_without_a_gap(transport: str) -> None:
    with Chronyd() as daemon:
        scrapes = scrapes_of(address_of(daemon, transport))
        assert value(collect(scrapes), "chrony_up") == 1
        daemon.restart()
        assert value(collect(scrapes), "chrony_up") == 1
        daemon.terminate()
        assert value(collect(scrapes), "chrony_up") == 0
        daemon.restart()
        assert value(collect(scrapes), "chrony_up") == 1
        assert daemon.client_files() == []


def test_an_exporter_may_be_started_before_chronyd() -> None:
    with Chronyd() as daemon:
        daemon.terminate()
        scrapes = scrapes_of(daemon.socket)
        assert value(collect(scrapes), "chrony_up") == 0
        daemon.restart()
        assert value(collect(scrapes), "chrony_up") == 1


class Names:
    """A replacement for the resolver: it has the host's addresses, and counts how often they were asked for."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.asked = 0

    def __call__(self, *_: object, **__: object) -> list[Any]:
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (each, 0)) for each in self.addresses]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found)
    return found


def test_all_scrapes_ask_the_address_of_a_host_that_answered(names: Names) -> None:
    names.addresses = ["127.0.0.2", "127.0.0.1"]  # nobody listens at the first
    with Responder() as daemon:
        scrapes = scrapes_of(f"two.example:{daemon.port}")
        for _ in range(2):
            assert value(collect(scrapes), "chrony_up") == 1
    assert names.asked == 1


def test_a_host_that_has_moved_is_found_again(names: Names) -> None:
    with Responder() as daemon:
        names.addresses = ["127.0.0.1"]
        scrapes = scrapes_of(f"moved.example:{daemon.port}")
        assert value(collect(scrapes), "chrony_up") == 1
    assert value(collect(scrapes), "chrony_up") == 0
    with Responder(address=f"127.0.0.2:{daemon.port}"):
        names.addresses = ["127.0.0.2"]
        assert value(collect(scrapes), "chrony_up") == 1
    assert names.asked == 2


def test_a_silent_address_of_a_host_costs_a_scrape_its_share_of_the_time(names: Names) -> None:
    names.addresses = ["127.0.0.2", "127.0.0.1"]
    with Responder() as daemon, Responder(silent, address=f"127.0.0.2:{daemon.port}") as other:
        scrapes = scrapes_of(f"two.example:{daemon.port}", timeout=1.8)
        assert succeeded(collect(scrapes)) == EVERY
        assert [request.report for request in other.requests] == ["tracking"]


# The verdict.


def findings(samples: Samples) -> set[str]:
    """The codes of what pychrony.health found."""
    return {
        dict(labels)["code"]
        for (name, labels), each in samples.items()
        if name == "chrony_health_finding" and each
    }


def test_a_synchronised_clock_has_an_error_bound_and_no_finding(client: Chronyd) -> None:
    samples = scrape(client.udp)
    assert value(samples, "chrony_health_level") == 0
    assert findings(samples) == set()
    bound = value(samples, "chrony_error_bound_seconds")
    assert bound is not None and 0 < bound < 1


def test_a_clock_that_is_not_synchronised_has_no_error_bound(server: Chronyd) -> None:
    samples = scrape(server.udp)
    assert findings(samples) == {"local-reference"}
    assert value(samples, "chrony_error_bound_seconds") is None


@pytest.mark.parametrize("name", ["tracking", "sources"])
def test_without_the_reports_that_it_needs_there_is_no_verdict(unix: Responder, name: str) -> None:
    reports = [report for report in REPORTS if report.name != name]
    scrape = scrapes_of(unix.address, reports=reports)(math.inf)
    assert scrape.verdict is None
    assert not [metric for metric in scrape.metrics if "health" in metric.name]


def test_an_invalid_report_is_a_finding(unix: Responder) -> None:
    unix.behaviour = wrong_tracking
    samples = scrape(unix.address)
    assert findings(samples) == {"invalid-data"}
    assert value(samples, "chrony_health_level") == 3


def test_a_verdict_needs_two_reports_of_the_same_update() -> None:
    """chronyd selected another source after it gave tracking, and before it gave sources."""
    old = make_tracking(reference_ip="192.0.2.1")
    new = make_tracking(reference_ip="192.0.2.2")
    sources = [make_source(address="192.0.2.2", state=SourceState.SELECTED)]
    answers = iter([new, sources, new])
    verdict = judge({"tracking": old, "sources": sources}, lambda getter: next(answers))
    assert verdict is not None and verdict.tracking == new
    assert verdict.error_bound is not None
    assert list(answers) == []


def test_an_error_of_the_repeated_request_is_a_finding() -> None:
    def fail(getter: str) -> Any:
        raise ChronyTimeoutError("silent", ErrorCode.TIMEOUT)

    verdict = judge({"tracking": make_tracking(), "sources": [make_source()]}, fail)
    assert verdict is not None and [each.code for each in verdict.findings] == ["timeout"]


# Scrapes that come at the same time.


class Scrapers:
    """Threads that scrape; they are in the middle of it when the with statement begins."""

    def __init__(self, scrapes: Scrapes, number: int, deadline: float = math.inf) -> None:
        self.results: list[Samples] = []
        self.threads = [
            threading.Thread(target=lambda: self.results.append(collect(scrapes, deadline)))
            for _ in range(number)
        ]

    def __enter__(self) -> list[Samples]:
        for thread in self.threads:
            thread.start()
        return self.results

    def __exit__(self, *_: object) -> None:
        for thread in self.threads:
            thread.join()


class Gate:
    """A chronyd that answers when it is told to."""

    def __init__(self) -> None:
        self.open = threading.Event()

    def __call__(self, request: Request) -> Datagrams:
        self.open.wait(DEADLINE)
        return [request.answer()]


def test_concurrent_scrapes_ask_a_slow_chronyd_once(unix: Responder) -> None:
    unix.behaviour = gate = Gate()
    scrapes = scrapes_of(unix.address)
    with Scrapers(scrapes, 1) as first:
        wait_for("chronyd is asked", lambda: scrapes.busy)
        with Scrapers(scrapes, 7) as others:
            gate.open.set()
    assert [succeeded(samples) for samples in first + others] == [EVERY] * 8
    assert [request.report for request in unix.requests].count("activity") <= 2


def test_a_scrape_waits_for_another_no_longer_than_its_timeout(unix: Responder) -> None:
    unix.behaviour = gate = Gate()
    scrapes = scrapes_of(unix.address)
    with Scrapers(scrapes, 1) as results:
        wait_for("chronyd is asked", lambda: scrapes.busy)
        with pytest.raises(TimeoutError, match="another scrape is still running"):
            scrapes(time.monotonic() + 0.05)
        gate.open.set()
    assert [succeeded(samples) for samples in results] == [EVERY]


def test_a_scrape_with_more_time_does_not_get_the_timeout_of_another(
    unix: Responder,
) -> None:
    unix.behaviour = gate = Gate()
    scrapes = scrapes_of(unix.address)
    with Scrapers(scrapes, 1, time.monotonic() + 0.3) as hasty:
        wait_for("chronyd is asked", lambda: scrapes.busy)
        with Scrapers(scrapes, 1) as patient:
            wait_for("the first scrape has ended", lambda: hasty)
            gate.open.set()
    assert errors(hasty[0]) == dict.fromkeys(EVERY, "TIMEOUT")
    assert [succeeded(samples) for samples in patient] == [EVERY]


def test_a_scrape_with_too_little_time_to_ask_again_gets_what_another_found() -> None:
    """A chronyd too slow for all its reports is not asked again for the first few of them only."""
    stop = threading.Event()

    def slow(request: Request) -> Datagrams:
        if request.report != "tracking":
            stop.wait(DEADLINE)
        return [request.answer()]

    with Responder(slow) as responder:
        scrapes = scrapes_of(responder.address)
        end = time.monotonic() + 2
        with Scrapers(scrapes, 1, end) as first:
            wait_for("chronyd is asked", lambda: scrapes.busy)
            with Scrapers(scrapes, 1, end + 0.2) as second:
                pass
        stop.set()
    assert first == second
    assert value(first[0], "chrony_tracking_stratum") == 3


def test_all_reports_together_have_the_scrapes_time() -> None:
    """A chronyd that answers the first report and no other is not waited for ten times."""

    def only_tracking(request: Request) -> Datagrams:
        return [request.answer()] if request.report == "tracking" else []

    with Responder(only_tracking) as responder:
        samples = collect(scrapes_of(responder.address), time.monotonic() + 2)
    assert value(samples, "chrony_up") == 1
    assert errors(samples) == dict.fromkeys(EVERY[1:], "TIMEOUT")


def test_closing_ends_the_scrape_that_is_running_and_leaves_no_file(stopped: Chronyd) -> None:
    scrapes = scrapes_of(stopped.socket)
    with Scrapers(scrapes, 1) as results:
        wait_for("chronyd is asked", lambda: stopped.client_files())
        scrapes.close()
        assert stopped.client_files() == []
    assert errors(results[0]) == dict.fromkeys(EVERY, "CLOSED")
    with pytest.raises(TimeoutError, match="the exporter is shutting down"):
        scrapes(math.inf)


# What is reported of errors.


def test_an_error_is_reported_once_until_it_changes(unix: Responder) -> None:
    told: list[str] = []
    unix.behaviour = wrong_tracking
    scrapes = scrapes_of(unix.address, errors=told)
    collect(scrapes)
    collect(scrapes)
    assert len(told) == 1 and told[0].startswith("tracking: ")
    unix.behaviour = lambda request: [request.answer(status=UNAUTHORIZED)]
    collect(scrapes)
    assert len(told) == 1 + len(EVERY)


def test_the_error_of_a_report_that_succeeded_meanwhile_is_reported_again(unix: Responder) -> None:
    told: list[str] = []
    scrapes = scrapes_of(unix.address, errors=told)
    for behaviour in (wrong_tracking, faithful, wrong_tracking):
        unix.behaviour = behaviour
        collect(scrapes)
    assert len(told) == 2 and told[0] == told[1]


def test_only_the_selected_reports_are_asked_for(unix: Responder) -> None:
    wanted = [report for report in REPORTS if report.name in ("tracking", "activity")]
    samples = collect(scrapes_of(unix.address, reports=wanted))
    assert {request.report for request in unix.requests} == {"tracking", "activity"}
    assert succeeded(samples) == ["tracking", "activity"]
