"""Which metrics each report gives. The collector reads these tables, and so do the tests and the documentation.

Names, labels and units are those of the exporter that most dashboards are written for, chrony_exporter 0.14.0, wherever a
metric means the same; docs/prometheus.md lists both side by side. A metric has no sample if its value is None.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Union

import pychrony
from pychrony import NTPFlags, SmoothingFlags, SourceMode, SourceState, _reports, health

Value = Callable[[Any], Union[float, None]]
Text = Callable[[Any], str]


# chronyd has only a source's address; chrony_exporter's second label is the name that a reverse lookup finds. The third
# numbers the reference clocks.
SOURCE = ("source_address", "source_name", "source_refclock")


def is_refclock(record: Any) -> bool:
    """Whether a record with an address is of a reference clock, whose address is its name, and may look like an IP address."""
    if isinstance(record, pychrony.Source):
        return bool(record.mode == SourceMode.REFCLOCK)
    if not isinstance(record, (pychrony.SourceStats, pychrony.SelectData)):
        return False  # the other reports do not list reference clocks
    # The reference ID is the name. That of an IPv4 address is the address itself, and that of an IPv6 address a hash.
    name = record.reference_id.to_bytes(4, "big").rstrip(b"\0")
    return name.decode("latin-1") == record.address


@dataclass(frozen=True)
class Metric:
    """A metric, and how its value follows from a record.

    value: the name of a field, or a function of the record; None gives no sample.
    text: the help text; without one it is the field's own docstring.
    labels: the metric's labels in addition to the report's own.
    counter: whether the value only rises while chronyd runs.
    when: which records have the value; the others give no sample.
    """

    name: str
    value: str | Value
    text: str = ""
    labels: Mapping[str, Text] = field(default_factory=dict)
    counter: bool = False
    when: Callable[[Any], bool] = lambda record: True

    def of(self, record: Any) -> float | None:
        if not self.when(record):
            return None
        value = getattr(record, self.value) if isinstance(self.value, str) else self.value(record)
        return None if value is None else float(value)


@dataclass(frozen=True)
class Report:
    """A report of chronyd, by its name in chronyc, as a collector."""

    name: str
    metrics: tuple[Metric, ...]

    @property
    def getter(self) -> str:
        return _reports.REPORTS[self.name]["getter"]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that say which record a sample is of."""
        return SOURCE if _reports.REPORTS[self.name]["shape"].startswith("per ") else ()

    def identify(self, records: Iterable[Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
        """The records with the values of these labels. A source without an address yet has none, and is left out.

        A name is not the identity of a reference clock, because two may have the same. Its position is: chronyd keeps the
        order in all lists, and reference clocks are neither added nor removed while it runs.
        """
        numbers = itertools.count()
        for record in records:
            if not self.labels:
                yield (), record
            elif is_refclock(record):
                yield (record.address, record.address, str(next(numbers))), record
            elif not health.is_unresolved(record.address):
                yield (record.address, record.address, ""), record

    def help(self, metric: Metric) -> str:
        if metric.text:
            return metric.text
        record = getattr(pychrony, _reports.REPORTS[self.name]["type"])
        return str(getattr(record, str(metric.value)).__doc__)

    def label_names(self, metric: Metric) -> list[str]:
        return [*self.labels, *metric.labels]


def one(record: Any) -> float:
    """The value of a metric whose information is all in its labels."""
    return 1.0


def always(text: str) -> Text:
    return lambda record: text


def reference_time(record: Any) -> float | None:
    """None where chronyd sends no time, which arrives as zero."""
    return float(record.ref_time) if record.ref_time_ns else None


def is_synchronized(status: pychrony.TrackingStatus) -> bool:
    return status.is_synchronized()


def has_reference(status: pychrony.TrackingStatus) -> bool:
    """Whether it has a source, or the local reference."""
    return status.reference_id != 0


def reference_name(status: pychrony.TrackingStatus) -> str:
    """Empty without a reference, as in chrony_exporter."""
    return str(status.reference_id_name) if status.reference_id else ""


def words(member: Any) -> str:
    """A member of an enumeration as a label: its name in lower case; an unknown number of a newer chronyd unchanged."""
    return "" if member is None else str(getattr(member, "name", None) or member).lower()


def flag_words(flags: Any) -> str:
    """The flags that are set, in the order of their numbers."""
    return ",".join(each.name.lower() for each in type(flags) if each in flags)


def yes_or_no(value: object) -> str:
    return "yes" if value else "no"


# chrony_exporter's words for a source's state and mode.
STATES = {
    SourceState.SELECTED: "sync",
    SourceState.NONSELECTABLE: "unreach",
    SourceState.FALSETICKER: "falseticker",
    SourceState.JITTERY: "jittery",
    SourceState.UNSELECTED: "candidate",
    SourceState.SELECTABLE: "outlier",
}
MODES = {
    SourceMode.CLIENT: "client",
    SourceMode.PEER: "peer",
    SourceMode.REFCLOCK: "reference clock",
}

TRACKING = (
    Metric(
        "chrony_synchronized",
        is_synchronized,
        "Whether the clock is synchronised to a source, as chronyc waitsync has it; 0 also for the local reference.",
    ),
    Metric(
        "chrony_tracking_info",
        one,
        "The source the clock is synchronised to: its address, or the name of a reference clock, and its reference ID.",
        {
            "tracking_address": lambda status: status.reference_ip or reference_name(status),
            "tracking_name": reference_name,
            "tracking_refid": lambda status: f"{status.reference_id:08X}",
        },
    ),
    Metric(
        "chrony_tracking_leap_status_info",
        one,
        "Whether a leap second is due at the end of the UTC day: normal, insert, delete, or unsync (not synchronised).",
        {"leap_status": lambda status: words(status.leap_status)},
    ),
    Metric(
        "chrony_tracking_remote_reference",
        is_synchronized,
        "Whether the clock has a reference other than itself; 0 for the local reference and without any.",
    ),
    Metric("chrony_tracking_stratum", "stratum", when=has_reference),
    Metric(
        "chrony_tracking_reference_timestamp_seconds",
        reference_time,
        "When the last measurement was processed, in seconds since 1970 (UTC); missing before the first.",
        when=is_synchronized,
    ),
    # The correction that chronyd makes, with a source or without.
    Metric("chrony_tracking_frequency_ppms", "frequency"),
    # chronyd: reference.c, REF_GetTrackingReport() and REF_GetReferenceParams(): without a source these are 0, 1 s, or those
    # of the last update, if there was one.
    Metric("chrony_tracking_system_time_seconds", "offset", when=is_synchronized),
    Metric("chrony_tracking_last_offset_seconds", "last_offset", when=is_synchronized),
    Metric("chrony_tracking_rms_offset_seconds", "rms_offset", when=is_synchronized),
    Metric(
        "chrony_tracking_residual_frequency_ppms",
        "residual_freq",
        "Difference between the frequency that the selected source's measurements indicate and the one in use "
        "[ppm, > 0: higher]",
        when=is_synchronized,
    ),
    Metric(
        "chrony_tracking_skew_ppms",
        "skew",
        "Error bound of the frequency [ppm]",
        when=is_synchronized,
    ),
    Metric(
        "chrony_tracking_root_delay_seconds",
        "root_delay",
        "Round-trip network delay to the stratum-1 computer [seconds]",
        when=is_synchronized,
    ),
    Metric(
        "chrony_tracking_root_dispersion_seconds",
        "root_dispersion",
        "Dispersion accumulated on the way to the stratum-1 computer [seconds]",
        when=is_synchronized,
    ),
    Metric("chrony_tracking_update_interval_seconds", "update_interval", when=is_synchronized),
)

SOURCES = (
    Metric(
        "chrony_sources_state_info",
        one,
        "What the selection made of the source (sync, candidate, outlier, jittery, falseticker, unreach), and its mode.",
        {
            "source_state": lambda source: STATES.get(source.state, f"unknown ({source.state:d})"),
            "source_mode": lambda source: MODES.get(source.mode, f"unknown ({source.mode:d})"),
        },
    ),
    Metric("chrony_sources_stratum", "stratum"),
    Metric(
        "chrony_sources_polling_interval_seconds",
        lambda source: 2.0**source.poll,
        "Interval between polls of the source.",
    ),
    Metric(
        "chrony_sources_reachability_ratio",
        lambda source: health.answered(source) / health.POLLS,
        "The fraction of the last eight polls that brought a valid response from a synchronised server, or a sample.",
    ),
    Metric(
        "chrony_sources_reachability_success",
        lambda source: source.reachability & 1,
        "Whether the last poll brought a valid response from a synchronised server, or a sample.",
    ),
    Metric("chrony_sources_last_sample_age_seconds", "last_sample_ago"),
    Metric("chrony_sources_last_sample_offset_seconds", "latest_meas"),
    Metric("chrony_sources_last_sample_error_margin_seconds", "latest_meas_err"),
)

SOURCESTATS = (
    Metric("chrony_sourcestats_samples", "samples"),
    Metric("chrony_sourcestats_runs", "runs"),
    Metric("chrony_sourcestats_span_seconds", "span"),
    Metric("chrony_sourcestats_stddev", "std_dev"),
    Metric("chrony_sourcestats_frequency_ppms", "resid_freq"),
    Metric("chrony_sourcestats_frequency_skew_ppms", "skew"),
    Metric("chrony_sourcestats_offset", "offset"),
    Metric("chrony_sourcestats_offset_error_seconds", "offset_err"),
)

ACTIVITY = tuple(
    Metric(
        "chrony_activity_sources",
        state,
        "NTP sources by state; unresolved: its name has no address yet.",
        {"state": always(state)},
    )
    for state in ("online", "offline", "burst_online", "burst_offline", "unresolved")
)

RTCDATA = (
    Metric(
        "chrony_rtcdata_reference_timestamp_seconds",
        reference_time,
        "When the real-time clock was last compared, in seconds since 1970 (UTC).",
    ),
    Metric("chrony_rtcdata_samples", "samples"),
    Metric("chrony_rtcdata_runs", "runs"),
    Metric("chrony_rtcdata_span_seconds", "span"),
    Metric("chrony_rtcdata_offset_seconds", "offset"),
    Metric("chrony_rtcdata_frequency_ppms", "freq_offset"),
)

SMOOTHING = (
    Metric(
        "chrony_smoothing_active",
        lambda smoothing: SmoothingFlags.ACTIVE in smoothing.flags,
        "Whether the time that is served is being smoothed.",
    ),
    Metric(
        "chrony_smoothing_leap_only",
        lambda smoothing: SmoothingFlags.LEAPONLY in smoothing.flags,
        "Whether only leap seconds are smoothed.",
    ),
    Metric("chrony_smoothing_offset_seconds", "offset"),
    Metric("chrony_smoothing_frequency_ppms", "freq_offset"),
    Metric("chrony_smoothing_wander_ppms_per_second", "wander"),
    Metric("chrony_smoothing_last_update_age_seconds", "last_update_ago"),
    Metric("chrony_smoothing_remaining_seconds", "remaining_time"),
)

SELECTDATA = (
    Metric(
        "chrony_selectdata_info",
        one,
        "How far the source came in the selection, the leap status it announces, and its selection options.",
        {
            "select_state": lambda source: words(source.state),
            "leap_status": lambda source: words(source.leap_status),
            "configured_options": lambda source: flag_words(source.configured_options),
            "effective_options": lambda source: flag_words(source.effective_options),
        },
    ),
    Metric("chrony_selectdata_authenticated", "authentication"),
    Metric("chrony_selectdata_last_sample_age_seconds", "last_sample_ago"),
    Metric("chrony_selectdata_score", "score"),
    Metric("chrony_selectdata_low_limit_seconds", "low_limit"),
    Metric("chrony_selectdata_high_limit_seconds", "high_limit"),
)

NTPDATA = (
    Metric(
        "chrony_ntpdata_info",
        one,
        "The exchange with the source: addresses, NTP version and mode, and what took the timestamps.",
        {
            "remote_address": lambda data: data.remote_address or "",
            "remote_port": lambda data: str(data.remote_port),
            "local_address": lambda data: data.local_address or "",
            "version": lambda data: "" if data.version is None else str(data.version),
            "mode": lambda data: words(data.mode),
            "interleaved": lambda data: yes_or_no(NTPFlags.INTERLEAVED in data.flags),
            "authenticated": lambda data: yes_or_no(NTPFlags.AUTHENTICATED in data.flags),
            "transmit_timestamping": lambda data: words(data.transmit_timestamping),
            "receive_timestamping": lambda data: words(data.receive_timestamping),
        },
    ),
    # The names of the next four are those that chrony_exporter gives them, as metrics of its sources.
    Metric("chrony_sources_peer_offset_seconds", "offset"),
    Metric("chrony_sources_peer_delay_seconds", "peer_delay"),
    Metric("chrony_sources_peer_dispersion_seconds", "peer_dispersion"),
    Metric("chrony_sources_peer_response_time_seconds", "response_time"),
    Metric("chrony_ntpdata_jitter_asymmetry_ratio", "jitter_asymmetry"),
    Metric("chrony_ntpdata_stratum", "stratum"),
    Metric("chrony_ntpdata_root_delay_seconds", "root_delay"),
    Metric("chrony_ntpdata_root_dispersion_seconds", "root_dispersion"),
    Metric(
        "chrony_ntpdata_reference_timestamp_seconds",
        reference_time,
        "When the server's clock was last updated, in seconds since 1970 (UTC).",
    ),
    Metric("chrony_ntpdata_transmitted_packets_total", "transmitted_messages", counter=True),
    Metric("chrony_ntpdata_received_packets_total", "received_messages", counter=True),
    Metric("chrony_ntpdata_received_valid_packets_total", "received_valid_messages", counter=True),
    Metric("chrony_ntpdata_received_good_packets_total", "received_good_messages", counter=True),
    Metric("chrony_ntpdata_kernel_tx_timestamps_total", "kernel_transmit_timestamps", counter=True),
    Metric("chrony_ntpdata_kernel_rx_timestamps_total", "kernel_receive_timestamps", counter=True),
    Metric("chrony_ntpdata_hw_tx_timestamps_total", "hardware_transmit_timestamps", counter=True),
    Metric("chrony_ntpdata_hw_rx_timestamps_total", "hardware_receive_timestamps", counter=True),
)

AUTHDATA = (
    Metric(
        "chrony_authdata_info",
        one,
        "How the source is authenticated: by which means, and with which key.",
        {
            "auth_mode": lambda data: words(data.mode),
            "key_type": lambda data: words(data.key_type),
            "key_id": lambda data: str(data.key_id),
        },
    ),
    Metric(
        "chrony_authdata_key_length_bytes", lambda data: data.key_length / 8, "Length of the key."
    ),
    Metric("chrony_authdata_key_establishment_attempts", "key_establishment_attempts"),
    Metric("chrony_authdata_last_key_establishment_age_seconds", "last_key_establishment_ago"),
    Metric("chrony_authdata_cookies", "cookies"),
    Metric("chrony_authdata_cookie_length_bytes", "cookie_length"),
    Metric("chrony_authdata_nak", "nak"),
)

SERVERSTATS = (
    *(
        Metric(name, value, counter=True)
        for name, value in {
            "chrony_serverstats_ntp_packets_received_total": "received_ntp_requests",
            "chrony_serverstats_ntp_packets_dropped_total": "dropped_ntp_requests",
            "chrony_serverstats_command_packets_received_total": "received_command_requests",
            "chrony_serverstats_command_packets_dropped_total": "dropped_command_requests",
            "chrony_serverstats_client_log_records_dropped_total": "dropped_client_log_records",
            "chrony_serverstats_nts_ke_connections_accepted_total": "accepted_nts_ke_connections",
            "chrony_serverstats_nts_ke_connections_dropped_total": "dropped_nts_ke_connections",
            "chrony_serverstats_authenticated_ntp_packets_total": "received_authenticated_ntp_requests",
            "chrony_serverstats_interleaved_ntp_packets_total": "received_interleaved_ntp_requests",
            "chrony_serverstats_ntp_daemon_rx_timestamps_total": "served_daemon_rx_timestamps",
            "chrony_serverstats_ntp_daemon_tx_timestamps_total": "served_daemon_tx_timestamps",
            "chrony_serverstats_ntp_kernel_rx_timestamps_total": "served_kernel_rx_timestamps",
            "chrony_serverstats_ntp_kernel_tx_timestamps_total": "served_kernel_tx_timestamps",
            "chrony_serverstats_ntp_hw_rx_timestamps_total": "served_hardware_rx_timestamps",
            "chrony_serverstats_ntp_hw_tx_timestamps_total": "served_hardware_tx_timestamps",
        }.items()
    ),
    Metric("chrony_serverstats_ntp_timestamps_held", "held_ntp_timestamps"),
    Metric("chrony_serverstats_ntp_timestamp_span_seconds", "ntp_timestamp_span"),
)

# In the order in which they are asked for: those that everybody may ask for come first.
REPORTS = (
    Report("tracking", TRACKING),
    Report("activity", ACTIVITY),
    Report("sources", SOURCES),
    Report("sourcestats", SOURCESTATS),
    Report("rtcdata", RTCDATA),
    Report("smoothing", SMOOTHING),
    Report("serverstats", SERVERSTATS),
    Report("selectdata", SELECTDATA),
    Report("ntpdata", NTPDATA),
    Report("authdata", AUTHDATA),
)
