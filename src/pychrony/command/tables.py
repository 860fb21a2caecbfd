"""The columns of each report: chronyc's headings in chronyc's order, the fields that each shows, and how.

chronyc's words, letters and formats were read from its sources (client.c of chrony 4.0 to 4.9).
"""

from __future__ import annotations

from . import clock, units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from enum import IntFlag
    from typing import Any, Callable, Optional

    # Makes a cell from a record of the report; None if chronyd is too old to send the field.
    Show = Callable[[Any], Optional[str]]


class Column:
    """A column of a table, or a line of a report of one record."""

    __slots__ = ("heading", "fields", "show", "left", "letters")

    def __init__(
        self,
        heading: str,
        fields: str | tuple[str, ...],
        show: Show | None = None,
        *,
        left: bool = False,
        letters: tuple[dict[str, str] | str, ...] = (),
    ) -> None:
        self.heading = heading
        self.fields = (fields,) if isinstance(fields, str) else fields
        self.show = show or _as_it_is(self.fields[0])
        self.left = left  # aligned to the left
        # What the legend explains letter by letter: letters by name, or an enumeration whose values are characters.
        self.letters = letters


class Report:
    """How a report is fetched and shown.

    layout: "table", a line for each record; "lines", a line for each column, a block for each record; "counts", lines
    that begin with the number. colour: for a record "good", "bad", "doubtful" or "".
    """

    __slots__ = ("getter", "type", "layout", "columns", "colour")

    def __init__(
        self,
        getter: str,
        type: str,
        layout: str,
        columns: tuple[Column, ...],
        colour: Callable[[Any], str] = lambda record: "",
    ) -> None:
        self.getter = getter
        self.type = type
        self.layout = layout
        self.columns = columns
        self.colour = colour


# Words and letters, by the names of the enumerations' members. A member that is not here is newer than this table.
LEAP = {
    "NORMAL": "Normal",
    "INSERT": "Insert second",
    "DELETE": "Delete second",
    "UNSYNC": "Not synchronised",
}
LEAP_LETTER = {"NORMAL": "N", "INSERT": "+", "DELETE": "-", "UNSYNC": "?"}
SOURCE_MODE = {"CLIENT": "^", "PEER": "=", "REFCLOCK": "#"}
SOURCE_STATE = {
    "SELECTED": "*",
    "UNSELECTED": "+",
    "SELECTABLE": "-",
    "NONSELECTABLE": "?",
    "FALSETICKER": "x",
    "JITTERY": "~",
}
STATE_COLOUR = {
    "SELECTED": "good",
    "UNSELECTED": "good",
    "FALSETICKER": "bad",
    "NONSELECTABLE": "doubtful",
    "JITTERY": "doubtful",
}
SELECT_OPTION = {"NOSELECT": "N", "PREFER": "P", "TRUST": "T", "REQUIRE": "R"}
AUTH_MODE = {"NONE": "-", "SYMMETRIC_KEY": "SK", "NTS": "NTS"}
NTP_MODE = {
    "ACTIVE_SYMMETRIC": "Symmetric active",
    "PASSIVE_SYMMETRIC": "Symmetric passive",
    "SERVER": "Server",
}
TIMESTAMPING = {"DAEMON": "Daemon", "KERNEL": "Kernel", "HARDWARE": "Hardware"}
NTP_TESTS = ("TEST1 TEST2 TEST3", "TEST5 TEST6 TEST7", "TEST_A TEST_B TEST_C TEST_D")


# Ways to show a field.


def _as_it_is(field: str) -> Show:
    return _shown(field, str)


def _shown(field: str, how: Callable[[Any], str]) -> Show:
    def show(record: Any) -> str | None:
        value = getattr(record, field)
        return None if value is None else how(value)

    return show


def _number(field: str, format: str) -> Show:
    return _shown(field, format.format)


def _word(field: str, words: dict[str, str], other: str) -> Show:
    return _shown(field, lambda value: words.get(value.name, other))


def _age(field: str) -> Show:
    return lambda record: units.age(getattr(record, field))


def _options(field: str) -> Show:
    def show(record: Any) -> str:
        set_ones = flag_names(getattr(record, field))
        # chronyc leaves a fifth place free.
        return (
            "".join(SELECT_OPTION[name] if name in set_ones else "-" for name in SELECT_OPTION)
            + "-"
        )

    return show


def flag_names(flags: IntFlag) -> list[str]:
    """The names of the flags that are set; a bit without a name is UNKNOWN_<its value>."""
    names = []
    rest = int(flags)
    for member in type(flags):
        if member & flags:
            names.append(str(member.name))
            rest &= ~int(member)
    names += [f"UNKNOWN_{1 << bit}" for bit in range(rest.bit_length()) if rest >> bit & 1]
    return names


def _tests(record: Any) -> str:
    passed = flag_names(record.flags)
    return " ".join("".join("01"[test in passed] for test in group.split()) for group in NTP_TESTS)


def _reference(record: Any) -> str:
    if record.is_local_reference():
        name = "local reference, no source"
    else:
        name = record.reference_id_name if record.reference_id or record.reference_ip else "none"
    return f"{record.reference_id:08X} ({name})"


def _server_reference(record: Any) -> str:
    # The ID spells a name if the server is a primary one; else it stands for an address.
    name = units.reference_name(record.reference_id) if record.stratum <= 1 else ""
    return f"{record.reference_id:08X} ({name})"


def _synchronised(record: Any) -> str:
    if record.is_synchronized():
        return "Yes"
    return "No, chronyd only follows its local reference" if record.is_local_reference() else "No"


def _greatest_error(record: Any) -> str:
    # Without a source, the sum of these numbers means nothing: the clock may be wrong by any amount.
    known = record.is_synchronized()
    return f"{clock.greatest_error(record):.9f} seconds" if known else "unknown"


def _source_colour(record: Any) -> str:
    return STATE_COLOUR.get(record.state.name, "")


ADDRESS = Column("Name/IP address", "address", left=True)

REPORTS = {
    "tracking": Report(
        "get_tracking",
        "TrackingStatus",
        "lines",
        (
            Column("Reference ID", ("reference_id", "reference_id_name"), _reference),
            Column("Stratum", "stratum"),
            Column("Ref time (UTC)", "ref_time", _shown("ref_time_ns", units.date)),
            Column(
                "System time",
                "offset",
                lambda record: (
                    f"{abs(record.offset):.9f} seconds "
                    f"{'slow' if record.offset > 0 else 'fast'} of NTP time"
                ),
            ),
            Column("Last offset", "last_offset", _number("last_offset", "{:+.9f} seconds")),
            Column("RMS offset", "rms_offset", _number("rms_offset", "{:.9f} seconds")),
            Column(
                "Frequency",
                "frequency",
                lambda record: (
                    f"{abs(record.frequency):.3f} ppm {'fast' if record.frequency > 0 else 'slow'}"
                ),
            ),
            Column("Residual freq", "residual_freq", _number("residual_freq", "{:+.3f} ppm")),
            Column("Skew", "skew", _number("skew", "{:.3f} ppm")),
            Column("Root delay", "root_delay", _number("root_delay", "{:.9f} seconds")),
            Column(
                "Root dispersion", "root_dispersion", _number("root_dispersion", "{:.9f} seconds")
            ),
            Column(
                "Update interval", "update_interval", _number("update_interval", "{:.1f} seconds")
            ),
            Column("Leap status", "leap_status", _word("leap_status", LEAP, "Invalid")),
            # What chronyc leaves to the reader to work out.
            Column(
                "Greatest error",
                ("offset", "root_dispersion", "root_delay"),
                _greatest_error,
            ),
            Column("Synchronised", ("reference_id", "leap_status"), _synchronised),
        ),
        lambda record: "good" if record.is_synchronized() else "bad",
    ),
    "sources": Report(
        "get_sources",
        "Source",
        "table",
        (
            Column(
                "MS",
                ("mode", "state"),
                lambda record: (
                    SOURCE_MODE.get(record.mode.name, " ")
                    + SOURCE_STATE.get(record.state.name, " ")
                ),
                left=True,
                letters=(SOURCE_MODE, SOURCE_STATE),
            ),
            ADDRESS,
            Column("Stratum", "stratum"),
            Column("Poll", "poll"),
            Column("Reach", "reachability", _number("reachability", "{:o}")),
            Column("LastRx", "last_sample_ago", _age("last_sample_ago")),
            Column(
                "Last sample",
                ("latest_meas", "orig_latest_meas", "latest_meas_err"),
                lambda record: (
                    f"{units.offset(record.latest_meas):>7}"
                    f"[{units.offset(record.orig_latest_meas):>7}]"
                    f" +/- {units.measure(record.latest_meas_err):>6}"
                ),
                left=True,
            ),
        ),
        _source_colour,
    ),
    "sourcestats": Report(
        "get_source_stats",
        "SourceStats",
        "table",
        (
            ADDRESS,
            Column("NP", "samples"),
            Column("NR", "runs"),
            Column("Span", "span", _age("span")),
            Column("Frequency", "resid_freq", _shown("resid_freq", units.signed_frequency)),
            Column("Freq Skew", "skew", _shown("skew", units.frequency)),
            Column("Offset", "offset", _shown("offset", units.offset)),
            Column("Std Dev", "std_dev", _shown("std_dev", units.measure)),
        ),
    ),
    "selectdata": Report(
        "get_select_data",
        "SelectData",
        "table",
        (
            Column("S", "state", _shown("state", chr), left=True, letters=("SelectState",)),
            ADDRESS,
            Column("Auth", "authentication", lambda record: "NY"[record.authentication]),
            Column("COpts", "configured_options", _options("configured_options")),
            Column(
                "EOpts",
                "effective_options",
                _options("effective_options"),
                letters=(SELECT_OPTION,),
            ),
            Column("Last", "last_sample_ago", _age("last_sample_ago")),
            Column("Score", "score", _number("score", "{:.1f}")),
            Column(
                "Interval",
                ("low_limit", "high_limit"),
                lambda record: (
                    f"{units.offset(record.low_limit):>7} {units.offset(record.high_limit):>7}"
                ),
            ),
            Column(
                "Leap",
                "leap_status",
                _word("leap_status", LEAP_LETTER, "?"),
                letters=(LEAP_LETTER,),
            ),
        ),
    ),
    "ntpdata": Report(
        "get_ntp_data",
        "NTPData",
        "lines",
        (
            Column("Remote address", ("address", "remote_address"), lambda record: record.address),
            Column("Remote port", "remote_port"),
            Column("Local address", "local_address", lambda record: record.local_address or "-"),
            Column("Leap status", "leap_status", _word("leap_status", LEAP, "Invalid")),
            Column("Version", "version"),
            Column("Mode", "mode", _word("mode", NTP_MODE, "Invalid")),
            Column("Stratum", "stratum"),
            Column(
                "Poll interval",
                "poll",
                lambda record: f"{record.poll} ({2.0**record.poll:.0f} seconds)",
            ),
            Column(
                "Precision",
                "precision",
                lambda record: f"{record.precision} ({2.0**record.precision:.9f} seconds)",
            ),
            Column("Root delay", "root_delay", _number("root_delay", "{:.6f} seconds")),
            Column(
                "Root dispersion", "root_dispersion", _number("root_dispersion", "{:.6f} seconds")
            ),
            Column("Reference ID", "reference_id", _server_reference),
            Column("Reference time", "ref_time", _shown("ref_time_ns", units.date)),
            Column("Offset", "offset", _number("offset", "{:+.9f} seconds")),
            Column("Peer delay", "peer_delay", _number("peer_delay", "{:.9f} seconds")),
            Column(
                "Peer dispersion", "peer_dispersion", _number("peer_dispersion", "{:.9f} seconds")
            ),
            Column("Response time", "response_time", _number("response_time", "{:.9f} seconds")),
            Column("Jitter asymmetry", "jitter_asymmetry", _number("jitter_asymmetry", "{:+.2f}")),
            Column("NTP tests", "flags", _tests),
            Column(
                "Interleaved", "flags", _shown("flags", lambda flags: units.yes(flags & 0x4000))
            ),
            Column(
                "Authenticated", "flags", _shown("flags", lambda flags: units.yes(flags & 0x8000))
            ),
            Column(
                "TX timestamping",
                "transmit_timestamping",
                _word("transmit_timestamping", TIMESTAMPING, "Invalid"),
            ),
            Column(
                "RX timestamping",
                "receive_timestamping",
                _word("receive_timestamping", TIMESTAMPING, "Invalid"),
            ),
            Column("Total TX", "transmitted_messages"),
            Column("Total RX", "received_messages"),
            Column("Total valid RX", "received_valid_messages"),
            Column("Total good RX", "received_good_messages"),
            Column("Total kernel TX", "kernel_transmit_timestamps"),
            Column("Total kernel RX", "kernel_receive_timestamps"),
            Column("Total HW TX", "hardware_transmit_timestamps"),
            Column("Total HW RX", "hardware_receive_timestamps"),
        ),
    ),
    "authdata": Report(
        "get_auth_data",
        "AuthData",
        "table",
        (
            ADDRESS,
            Column("Mode", "mode", _word("mode", AUTH_MODE, "?")),
            Column("KeyID", "key_id"),
            Column("Type", "key_type", _number("key_type", "{:d}")),
            Column("KLen", "key_length"),
            Column("Last", "last_key_establishment_ago", _age("last_key_establishment_ago")),
            Column("Atmp", "key_establishment_attempts"),
            Column("NAK", "nak", _number("nak", "{:d}")),
            Column("Cook", "cookies"),
            Column("CLen", "cookie_length"),
        ),
    ),
    "activity": Report(
        "get_activity",
        "Activity",
        "counts",
        (
            Column("sources online", "online"),
            Column("sources offline", "offline"),
            Column("sources doing burst (return to online)", "burst_online"),
            Column("sources doing burst (return to offline)", "burst_offline"),
            Column("sources with unknown address", "unresolved"),
        ),
    ),
    "serverstats": Report(
        "get_server_stats",
        "ServerStats",
        "lines",
        (
            Column("NTP packets received", "received_ntp_requests"),
            Column("NTP packets dropped", "dropped_ntp_requests"),
            Column("Command packets received", "received_command_requests"),
            Column("Command packets dropped", "dropped_command_requests"),
            Column("Client log records dropped", "dropped_client_log_records"),
            Column("NTS-KE connections accepted", "accepted_nts_ke_connections"),
            Column("NTS-KE connections dropped", "dropped_nts_ke_connections"),
            Column("Authenticated NTP packets", "received_authenticated_ntp_requests"),
            Column("Interleaved NTP packets", "received_interleaved_ntp_requests"),
            Column("NTP timestamps held", "held_ntp_timestamps"),
            Column("NTP timestamp span", "ntp_timestamp_span"),
            Column("NTP daemon RX timestamps", "served_daemon_rx_timestamps"),
            Column("NTP daemon TX timestamps", "served_daemon_tx_timestamps"),
            Column("NTP kernel RX timestamps", "served_kernel_rx_timestamps"),
            Column("NTP kernel TX timestamps", "served_kernel_tx_timestamps"),
            Column("NTP hardware RX timestamps", "served_hardware_rx_timestamps"),
            Column("NTP hardware TX timestamps", "served_hardware_tx_timestamps"),
        ),
    ),
    "rtcdata": Report(
        "get_rtc_data",
        "RTCData",
        "lines",
        (
            Column("RTC ref time (UTC)", "ref_time", _shown("ref_time_ns", units.date)),
            Column("Number of samples", "samples"),
            Column("Number of runs", "runs"),
            Column("Sample span period", "span", _age("span")),
            Column("RTC is fast by", "offset", _number("offset", "{:.6f} seconds")),
            Column("RTC gains time at", "freq_offset", _number("freq_offset", "{:.3f} ppm")),
        ),
    ),
    "smoothing": Report(
        "get_smoothing",
        "Smoothing",
        "lines",
        (
            Column(
                "Active",
                "flags",
                lambda record: (
                    units.yes(record.flags & 1)
                    + (" (leap second only)" if record.flags & 2 else "")
                ),
            ),
            Column("Offset", "offset", _number("offset", "{:+.9f} seconds")),
            Column("Frequency", "freq_offset", _number("freq_offset", "{:+.6f} ppm")),
            Column("Wander", "wander", _number("wander", "{:+.6f} ppm per second")),
            Column(
                "Last update", "last_update_ago", _number("last_update_ago", "{:.1f} seconds ago")
            ),
            Column("Remaining time", "remaining_time", _number("remaining_time", "{:.1f} seconds")),
        ),
    ),
}

# What it means that the report is None.
DISABLED = {
    "rtcdata": "chronyd does not track the real-time clock (rtcfile in chrony.conf).",
    "smoothing": "chronyd does not smooth the time it serves (smoothtime in chrony.conf).",
}
