"""What is known of each report and each enumeration, as plain data. It imports nothing, libchrony included.

Written by src/reports/write from the tables beside it; do not edit.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Optional, TypedDict

    class Field(TypedDict):
        """A field of a record. doc is what it means; its docstring adds unit, range and source."""

        name: str
        source: str  # libchrony's name
        kind: str
        unit: str
        range: str
        doc: str
        minimum: Optional[int]
        maximum: Optional[int]
        enum: Optional[str]  # the name of the enumeration
        optional: bool  # it may be None
        item: bool  # an item of the tuple, and not only an attribute
        none_if: list[dict[str, Optional[int]]]  # it is None if the fields of one of these have these values
        placeholder: Optional[float]  # what chronyd sends then
        heading: str  # chronyc's; empty where chronyc does not print it

    class Derived(TypedDict):
        """A property that follows from the fields: a float, or None if one of them is."""

        name: str
        unit: str
        doc: str

    class Report(TypedDict):
        """A report. columns are chronyc's headings in chronyc's order; about follows "Ask chronyd"."""

        getter: str
        type: str
        shape: Literal["one", "one if enabled", "per source", "per address"]
        on_command_port: bool  # chronyd serves it there by default
        about: str
        doc: str
        methods: list[str]
        derived: list[Derived]
        columns: list[str]
        fields: list[Field]

    class Member(TypedDict):
        """A member. symbol is the character or word that chronyc prints for it, letter its character if it has one."""

        name: str
        value: int
        symbol: Optional[str]
        letter: Optional[str]
        doc: str

    class Enumeration(TypedDict):
        doc: str
        kind: Literal["closed", "open", "flags"]
        members: list[Member]


# By libchrony's name of the report.
REPORTS: "dict[str, Report]" = {
    "tracking": {
        "getter": "get_tracking",
        "type": "TrackingStatus",
        "shape": "one",
        "on_command_port": True,
        "about": "how good the system's clock is: offset, frequency error, stratum, error bounds, source",
        "doc": "How good the system's clock is: chronyd's tracking report.\n\nerror_bound() says how wrong the clock may be, from this report and the sources. abs(offset) + root_distance, the\nformula of chrony's manual, is a bound only where one source counts and nobody else sets the clock.",
        "methods": ["is_synchronized", "is_local_reference", "is_leap_pending"],
        "derived": [{"name": "root_distance", "unit": "seconds", "doc": "Root delay / 2 + root dispersion (RFC 5905): how far the time of the source that the clock follows may be from true time. With abs(offset) it is no bound of the clock's error where several sources are combined: see error_bound()"}],
        "columns": ["Reference ID", "Stratum", "Ref time (UTC)", "System time", "Last offset", "RMS offset", "Frequency", "Residual freq", "Skew", "Root delay", "Root dispersion", "Update interval", "Leap status"],
        "fields": [
            {"name": "reference_id", "source": "reference ID", "kind": "unsigned", "unit": "", "range": "0 to 0xffffffff", "doc": "ID of the source the clock is synchronised to: an IPv4 address, a hash of an IPv6 address, or four ASCII characters; 0: not synchronised", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Reference ID"},
            {"name": "reference_id_name", "source": "address", "kind": "source", "unit": "", "range": "str", "doc": "The source's address; without one the name that reference_id spells (\"GPS\"), else its bytes (\"127.127.1.1\" is the local reference)", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Reference ID"},
            {"name": "reference_ip", "source": "address", "kind": "address", "unit": "", "range": "str or None", "doc": "The source's IP address; None where it has none", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Reference ID"},
            {"name": "stratum", "source": "stratum", "kind": "unsigned", "unit": "", "range": "0 to 17", "doc": "Number of hops from a reference clock, which is stratum 0; 0 while not synchronised, 16 for a client of a stratum-15 server", "minimum": 0, "maximum": 17, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Stratum"},
            {"name": "leap_status", "source": "leap status", "kind": "enum", "unit": "", "range": "LeapStatus", "doc": "Whether a leap second is due; UNSYNC: not synchronised, or in the middle of a leap second", "minimum": None, "maximum": None, "enum": "LeapStatus", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Leap status"},
            {"name": "ref_time", "source": "reference time", "kind": "seconds", "unit": "seconds since 1970 (UTC)", "range": "float; ref_time_ns has it in nanoseconds", "doc": "When the last measurement was processed, less a random part of a second (chronyd hides the exact time); 0 while not synchronised", "minimum": 0, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Ref time (UTC)"},
            {"name": "offset", "source": "current correction", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the system clock is slow of NTP time, < 0: fast", "doc": "Difference between the system clock and NTP time that chronyd is still correcting", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "System time"},
            {"name": "last_offset", "source": "last offset", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the clock was fast of its sources, < 0: slow", "doc": "Offset estimated at the last update; it has the opposite sign of offset", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Last offset"},
            {"name": "rms_offset", "source": "RMS offset", "kind": "measure", "unit": "seconds", "range": "0 or more", "doc": "Long-term average of the offset (root mean square)", "minimum": 0, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "RMS offset"},
            {"name": "frequency", "source": "frequency offset", "kind": "offset", "unit": "ppm", "range": "finite; < 0: the clock would run slow, > 0: fast", "doc": "Rate at which the system clock would drift if chronyd did not correct it", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Frequency"},
            {"name": "residual_freq", "source": "residual frequency", "kind": "offset", "unit": "ppm", "range": "finite; > 0: higher", "doc": "Difference between the frequency that the selected source's measurements indicate and the one in use; 0 while not synchronised", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Residual freq"},
            {"name": "skew", "source": "skew", "kind": "measure", "unit": "ppm", "range": "0 or more", "doc": "Error bound of the frequency; 0 while not synchronised", "minimum": 0, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Skew"},
            {"name": "root_delay", "source": "root delay", "kind": "measure", "unit": "seconds", "range": "0 or more", "doc": "Round-trip network delay to the stratum-1 computer; while not synchronised 1, or 0 with the local reference", "minimum": 0, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Root delay"},
            {"name": "root_dispersion", "source": "root dispersion", "kind": "measure", "unit": "seconds", "range": "0 or more", "doc": "Dispersion accumulated on the way to the stratum-1 computer; while not synchronised 1, or 0 with the local reference", "minimum": 0, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Root dispersion"},
            {"name": "update_interval", "source": "last update interval", "kind": "measure", "unit": "seconds", "range": "0 or more", "doc": "Time between the last two updates of the clock", "minimum": 0, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Update interval"},
            {"name": "ref_time_ns", "source": "reference time", "kind": "nanoseconds", "unit": "nanoseconds since 1970 (UTC)", "range": "", "doc": "When the last measurement was processed, less a random part of a second; an attribute, not an item", "minimum": 0, "maximum": 9223372036854775807, "enum": None, "optional": False, "item": False, "none_if": [], "placeholder": None, "heading": "Ref time (UTC)"},
        ],
    },
    "sources": {
        "getter": "get_sources",
        "type": "Source",
        "shape": "per source",
        "on_command_port": True,
        "about": "which time sources there are, and which of them are selected",
        "doc": "One time source: a record of chronyd's sources report.",
        "methods": ["is_reachable", "is_selected"],
        "derived": [],
        "columns": ["M", "S", "Name/IP address", "Stratum", "Poll", "Reach", "LastRx", "Last sample"],
        "fields": [
            {"name": "address", "source": "address", "kind": "source", "unit": "", "range": "str", "doc": "The source's IP address; for a reference clock its name (\"GPS\"); \"ID#...\" while its name is not resolved", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Name/IP address"},
            {"name": "poll", "source": "poll", "kind": "signed", "unit": "log2 seconds", "range": "usually -7 to 24", "doc": "Interval between polls: 6 is 64 s, -2 is 0.25 s", "minimum": -32768, "maximum": 32767, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Poll"},
            {"name": "stratum", "source": "stratum", "kind": "unsigned", "unit": "", "range": "usually 0 to 15; None: no sample", "doc": "The source's stratum", "minimum": 0, "maximum": 65535, "enum": None, "optional": True, "item": True, "none_if": [{"last_sample_ago": None}], "placeholder": 0, "heading": "Stratum"},
            {"name": "state", "source": "state", "kind": "enum", "unit": "", "range": "SourceState", "doc": "Result of the selection for the source", "minimum": None, "maximum": None, "enum": "SourceState", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "S"},
            {"name": "mode", "source": "mode", "kind": "enum", "unit": "", "range": "SourceMode", "doc": "What kind of source it is", "minimum": None, "maximum": None, "enum": "SourceMode", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "M"},
            {"name": "flags", "source": "flags", "kind": "enum", "unit": "", "range": "SelectOptions", "doc": "Selection options; chronyd from 4.0 on sends none here: see get_select_data()", "minimum": None, "maximum": None, "enum": "SelectOptions", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": ""},
            {"name": "reachability", "source": "reachability", "kind": "unsigned", "unit": "bits", "range": "0 to 0o377, the lowest bit the latest", "doc": "Which of the last eight polls brought a valid response from a synchronised server, or a sample of a reference clock", "minimum": 0, "maximum": 255, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Reach"},
            {"name": "last_sample_ago", "source": "last sample ago", "kind": "signed", "unit": "seconds", "range": "usually 0 or more; None: never", "doc": "Age of the last good sample; below 0 for a moment after another program has set the clock back", "minimum": -2147483648, "maximum": 2147483647, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "LastRx"},
            {"name": "orig_latest_meas", "source": "original last sample offset", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the system clock was fast of the source; None: no sample", "doc": "Offset of the last sample as it was measured", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"last_sample_ago": None}], "placeholder": 0, "heading": "Last sample"},
            {"name": "latest_meas", "source": "adjusted last sample offset", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the system clock is fast of the source; None: no sample", "doc": "Offset of the last sample, with the clock's corrections since applied", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"last_sample_ago": None}], "placeholder": 0, "heading": "Last sample"},
            {"name": "latest_meas_err", "source": "last sample error", "kind": "measure", "unit": "seconds", "range": "0 or more; None: no sample", "doc": "Error bound of the last sample", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"last_sample_ago": None}], "placeholder": 0, "heading": "Last sample"},
        ],
    },
    "sourcestats": {
        "getter": "get_source_stats",
        "type": "SourceStats",
        "shape": "per source",
        "on_command_port": True,
        "about": "what drift rate and offset were estimated for each source",
        "doc": "Statistics of one source: a record of chronyd's sourcestats report.",
        "methods": ["has_sufficient_samples"],
        "derived": [],
        "columns": ["Name/IP Address", "NP", "NR", "Span", "Frequency", "Freq Skew", "Offset", "Std Dev"],
        "fields": [
            {"name": "reference_id", "source": "reference ID", "kind": "unsigned", "unit": "", "range": "0 to 0xffffffff", "doc": "The source's reference ID", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": ""},
            {"name": "address", "source": "address", "kind": "source", "unit": "", "range": "str", "doc": "The source's address, as in Source.address; for a reference clock its name (\"GPS\")", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Name/IP Address"},
            {"name": "samples", "source": "samples", "kind": "unsigned", "unit": "count", "range": "", "doc": "Samples in use", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "NP"},
            {"name": "runs", "source": "runs", "kind": "unsigned", "unit": "count", "range": "", "doc": "Runs of residuals of one sign; few runs for the number of samples mean that a straight line does not fit them well", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "NR"},
            {"name": "span", "source": "span", "kind": "unsigned", "unit": "seconds", "range": "0 or more", "doc": "Time between the oldest and the newest sample", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Span"},
            {"name": "std_dev", "source": "standard deviation", "kind": "measure", "unit": "seconds", "range": "0 or more; None: no regression", "doc": "Standard deviation of the samples", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"runs": 0}, {"samples": 0}, {"samples": 1}, {"samples": 2}], "placeholder": 4, "heading": "Std Dev"},
            {"name": "resid_freq", "source": "residual frequency", "kind": "offset", "unit": "ppm", "range": "finite; > 0: the system clock gains on the source; None: no regression", "doc": "Frequency of the system clock, as chronyd corrects it, relative to the source's", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"runs": 0}, {"samples": 0}, {"samples": 1}, {"samples": 2}], "placeholder": 0, "heading": "Frequency"},
            {"name": "skew", "source": "skew", "kind": "measure", "unit": "ppm", "range": "0 or more; None: no regression", "doc": "Error bound of the frequency", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"runs": 0}, {"samples": 0}, {"samples": 1}, {"samples": 2}], "placeholder": 2000, "heading": "Freq Skew"},
            {"name": "offset", "source": "offset", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the system clock is fast of the source; None: no samples", "doc": "Estimated offset of the source", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"samples": 0}], "placeholder": 0, "heading": "Offset"},
            {"name": "offset_err", "source": "offset error", "kind": "offset", "unit": "seconds", "range": "finite; usually 0 or more; None: no samples", "doc": "Error bound of the offset, with 4 s added while there is no regression; below 0 for a moment after another program has set the clock back", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"samples": 0}], "placeholder": 0, "heading": ""},
        ],
    },
    "rtcdata": {
        "getter": "get_rtc_data",
        "type": "RTCData",
        "shape": "one if enabled",
        "on_command_port": True,
        "about": "how the hardware's real-time clock drifts",
        "doc": "The real-time clock compared with the system clock: chronyd's rtcdata report.",
        "methods": ["is_calibrated"],
        "derived": [],
        "columns": ["RTC ref time (UTC)", "Number of samples", "Number of runs", "Sample span period", "RTC is fast by", "RTC gains time at"],
        "fields": [
            {"name": "ref_time", "source": "reference time", "kind": "seconds", "unit": "seconds since 1970 (UTC)", "range": "float; ref_time_ns has it in nanoseconds; None: no regression yet", "doc": "When the real-time clock was last compared", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"ref_time": None}], "placeholder": 0, "heading": "RTC ref time (UTC)"},
            {"name": "samples", "source": "samples", "kind": "unsigned", "unit": "count", "range": "", "doc": "Comparisons in use", "minimum": 0, "maximum": 65535, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Number of samples"},
            {"name": "runs", "source": "runs", "kind": "unsigned", "unit": "count", "range": "", "doc": "Runs of residuals of one sign", "minimum": 0, "maximum": 65535, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Number of runs"},
            {"name": "span", "source": "span", "kind": "unsigned", "unit": "seconds", "range": "0 or more", "doc": "Time the comparisons cover", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Sample span period"},
            {"name": "offset", "source": "offset", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the real-time clock is fast; None: no regression yet", "doc": "Estimated offset of the real-time clock", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"ref_time": None}], "placeholder": 0, "heading": "RTC is fast by"},
            {"name": "freq_offset", "source": "frequency offset", "kind": "offset", "unit": "ppm", "range": "finite; > 0: the real-time clock gains time; None: no regression yet", "doc": "Rate at which the real-time clock drifts", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"ref_time": None}], "placeholder": 0, "heading": "RTC gains time at"},
            {"name": "ref_time_ns", "source": "reference time", "kind": "nanoseconds", "unit": "nanoseconds since 1970 (UTC)", "range": "None: no regression yet", "doc": "When the real-time clock was last compared; an attribute, not an item", "minimum": 0, "maximum": 9223372036854775807, "enum": None, "optional": True, "item": False, "none_if": [{"ref_time": None}], "placeholder": 0, "heading": "RTC ref time (UTC)"},
        ],
    },
    "smoothing": {
        "getter": "get_smoothing",
        "type": "Smoothing",
        "shape": "one if enabled",
        "on_command_port": True,
        "about": "how the time served to clients differs from the clock's (the smoothtime directive)",
        "doc": "The smoothing of the time served to clients: chronyd's smoothing report.",
        "methods": [],
        "derived": [],
        "columns": ["Active", "Offset", "Frequency", "Wander", "Last update", "Remaining time"],
        "fields": [
            {"name": "flags", "source": "flags", "kind": "enum", "unit": "", "range": "SmoothingFlags", "doc": "Whether smoothing is active, and for what", "minimum": None, "maximum": None, "enum": "SmoothingFlags", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Active"},
            {"name": "offset", "source": "offset", "kind": "offset", "unit": "seconds", "range": "finite; > 0: clients are served a time ahead of the true one", "doc": "Offset applied to the time that is served", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Offset"},
            {"name": "freq_offset", "source": "frequency offset", "kind": "offset", "unit": "ppm", "range": "finite; < 0: the served time runs slow", "doc": "Frequency offset of the time that is served", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Frequency"},
            {"name": "wander", "source": "wander", "kind": "offset", "unit": "ppm per second", "range": "finite; < 0: the served time is slowing down", "doc": "Rate at which the frequency offset changes", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Wander"},
            {"name": "last_update_ago", "source": "last update ago", "kind": "measure", "unit": "seconds", "range": "0 or more; None: not active", "doc": "Age of the last update", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"flags": 0}, {"flags": 2}], "placeholder": 0, "heading": "Last update"},
            {"name": "remaining_time", "source": "remaining time", "kind": "measure", "unit": "seconds", "range": "0 or more", "doc": "Time until the smoothing is finished, if nothing further happens", "minimum": 0, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Remaining time"},
        ],
    },
    "activity": {
        "getter": "get_activity",
        "type": "Activity",
        "shape": "one",
        "on_command_port": True,
        "about": "how many NTP sources are online and offline",
        "doc": "How many NTP sources are in which state: chronyd's activity report.",
        "methods": [],
        "derived": [],
        "columns": ["sources online", "sources offline", "sources doing burst (return to online)", "sources doing burst (return to offline)", "sources with unknown address"],
        "fields": [
            {"name": "online", "source": "online sources", "kind": "unsigned", "unit": "count", "range": "", "doc": "Sources that are polled", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "sources online"},
            {"name": "offline", "source": "offline sources", "kind": "unsigned", "unit": "count", "range": "", "doc": "Sources that are not polled at present", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "sources offline"},
            {"name": "burst_online", "source": "burst online-return sources", "kind": "unsigned", "unit": "count", "range": "", "doc": "Sources in a burst of polls, online after it", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "sources doing burst (return to online)"},
            {"name": "burst_offline", "source": "burst offline-return sources", "kind": "unsigned", "unit": "count", "range": "", "doc": "Sources in a burst of polls, offline after it", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "sources doing burst (return to offline)"},
            {"name": "unresolved", "source": "unresolved sources", "kind": "unsigned", "unit": "count", "range": "", "doc": "Sources whose name is not resolved yet", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "sources with unknown address"},
        ],
    },
    "serverstats": {
        "getter": "get_server_stats",
        "type": "ServerStats",
        "shape": "one",
        "on_command_port": False,
        "about": "how many requests from clients were received and dropped",
        "doc": "What chronyd has done as a server since it was started: its serverstats report.\n\nFields that only newer chronyds send are None where they are missing.",
        "methods": [],
        "derived": [],
        "columns": ["NTP packets received", "NTP packets dropped", "Command packets received", "Command packets dropped", "Client log records dropped", "NTS-KE connections accepted", "NTS-KE connections dropped", "Authenticated NTP packets", "Interleaved NTP packets", "NTP timestamps held", "NTP timestamp span", "NTP daemon RX timestamps", "NTP daemon TX timestamps", "NTP kernel RX timestamps", "NTP kernel TX timestamps", "NTP hardware RX timestamps", "NTP hardware TX timestamps"],
        "fields": [
            {"name": "received_ntp_requests", "source": "received NTP requests", "kind": "unsigned", "unit": "count", "range": "", "doc": "NTP requests received", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "NTP packets received"},
            {"name": "dropped_ntp_requests", "source": "dropped NTP requests", "kind": "unsigned", "unit": "count", "range": "", "doc": "NTP requests dropped by rate limiting", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "NTP packets dropped"},
            {"name": "received_command_requests", "source": "received command requests", "kind": "unsigned", "unit": "count", "range": "", "doc": "Requests for reports and commands received, on the command port and the Unix socket", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Command packets received"},
            {"name": "dropped_command_requests", "source": "dropped command requests", "kind": "unsigned", "unit": "count", "range": "", "doc": "Requests on the command port dropped by rate limiting", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Command packets dropped"},
            {"name": "dropped_client_log_records", "source": "dropped client log records", "kind": "unsigned", "unit": "count", "range": "", "doc": "Records of clients dropped to keep within the memory limit", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Client log records dropped"},
            {"name": "accepted_nts_ke_connections", "source": "accepted NTS-KE connections", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "NTS key establishments accepted", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTS-KE connections accepted"},
            {"name": "dropped_nts_ke_connections", "source": "dropped NTS-KE connections", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "NTS key establishments dropped by rate limiting", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTS-KE connections dropped"},
            {"name": "received_authenticated_ntp_requests", "source": "received authenticated NTP requests", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "NTP requests that were authenticated", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Authenticated NTP packets"},
            {"name": "received_interleaved_ntp_requests", "source": "received interleaved NTP requests", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "NTP requests in the interleaved mode", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Interleaved NTP packets"},
            {"name": "held_ntp_timestamps", "source": "held NTP timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Timestamps held for clients in the interleaved mode", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP timestamps held"},
            {"name": "ntp_timestamp_span", "source": "NTP timestamp span", "kind": "unsigned", "unit": "seconds", "range": "0 or more, or None", "doc": "Time that the held timestamps cover", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP timestamp span"},
            {"name": "served_daemon_rx_timestamps", "source": "served daemon RX timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Responses with a receive timestamp taken by the daemon", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP daemon RX timestamps"},
            {"name": "served_daemon_tx_timestamps", "source": "served daemon TX timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Responses with a transmit timestamp taken by the daemon", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP daemon TX timestamps"},
            {"name": "served_kernel_rx_timestamps", "source": "served kernel RX timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Responses with a receive timestamp taken by the kernel", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP kernel RX timestamps"},
            {"name": "served_kernel_tx_timestamps", "source": "served kernel TX timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Responses with a transmit timestamp taken by the kernel", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP kernel TX timestamps"},
            {"name": "served_hardware_rx_timestamps", "source": "served hardware RX timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Responses with a receive timestamp taken by the hardware", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP hardware RX timestamps"},
            {"name": "served_hardware_tx_timestamps", "source": "served hardware TX timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Responses with a transmit timestamp taken by the hardware", "minimum": 0, "maximum": 18446744073709551615, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "NTP hardware TX timestamps"},
        ],
    },
    "ntpdata": {
        "getter": "get_ntp_data",
        "type": "NTPData",
        "shape": "per address",
        "on_command_port": False,
        "about": "what the last valid measurement of each NTP source was",
        "doc": "The last valid response of one NTP source, and what it measured: a record of chronyd's ntpdata report.\n\nFields that only newer chronyds send are None where they are missing.",
        "methods": [],
        "derived": [],
        "columns": ["Remote address", "Remote port", "Local address", "Leap status", "Version", "Mode", "Stratum", "Poll interval", "Precision", "Root delay", "Root dispersion", "Reference ID", "Reference time", "Offset", "Peer delay", "Peer dispersion", "Response time", "Jitter asymmetry", "NTP tests", "TX timestamping", "RX timestamping", "Total TX", "Total RX", "Total valid RX", "Total good RX", "Total kernel TX", "Total kernel RX", "Total HW TX", "Total HW RX"],
        "fields": [
            {"name": "address", "source": "address", "kind": "source", "unit": "", "range": "str", "doc": "The source's address, as in Source.address", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": ""},
            {"name": "remote_address", "source": "remote address", "kind": "address", "unit": "", "range": "str or None", "doc": "Address of the server; before chronyd 4.3, None until the first valid response", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Remote address"},
            {"name": "local_address", "source": "local address", "kind": "address", "unit": "", "range": "str or None", "doc": "Local address of the exchange; None before the first valid response", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Local address"},
            {"name": "remote_port", "source": "remote port", "kind": "unsigned", "unit": "", "range": "0 to 65535", "doc": "Port of the server", "minimum": 0, "maximum": 65535, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Remote port"},
            {"name": "leap_status", "source": "leap status", "kind": "enum", "unit": "", "range": "LeapStatus; None: no valid response", "doc": "Whether the server announces a leap second", "minimum": None, "maximum": None, "enum": "LeapStatus", "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Leap status"},
            {"name": "version", "source": "version", "kind": "unsigned", "unit": "", "range": "0 to 7; None: no valid response", "doc": "NTP version of the response", "minimum": 0, "maximum": 7, "enum": None, "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Version"},
            {"name": "mode", "source": "mode", "kind": "enum", "unit": "", "range": "NTPMode", "doc": "NTP mode of the response", "minimum": None, "maximum": None, "enum": "NTPMode", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Mode"},
            {"name": "stratum", "source": "stratum", "kind": "unsigned", "unit": "", "range": "0 to 255; None: no valid response", "doc": "The server's stratum, as its packet has it; 0 and more than 15 are not valid", "minimum": 0, "maximum": 255, "enum": None, "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Stratum"},
            {"name": "poll", "source": "poll", "kind": "signed", "unit": "log2 seconds", "range": "None: no valid response", "doc": "Polling interval in the response", "minimum": -128, "maximum": 127, "enum": None, "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Poll interval"},
            {"name": "precision", "source": "precision", "kind": "signed", "unit": "log2 seconds", "range": "None: no valid response", "doc": "Precision of the server's clock", "minimum": -128, "maximum": 127, "enum": None, "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Precision"},
            {"name": "root_delay", "source": "root delay", "kind": "measure", "unit": "seconds", "range": "0 or more; None: no valid response", "doc": "The server's network delay to its primary source", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Root delay"},
            {"name": "root_dispersion", "source": "root dispersion", "kind": "measure", "unit": "seconds", "range": "0 or more; None: no valid response", "doc": "The server's dispersion to its primary source", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Root dispersion"},
            {"name": "reference_id", "source": "reference ID", "kind": "unsigned", "unit": "", "range": "0 to 0xffffffff; None: no valid response", "doc": "ID of the server's own source", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": True, "item": True, "none_if": [{"mode": 0}], "placeholder": 0, "heading": "Reference ID"},
            {"name": "ref_time", "source": "reference time", "kind": "seconds", "unit": "seconds since 1970 (UTC)", "range": "float; ref_time_ns has it in nanoseconds; None: never, or no valid response", "doc": "When the server's clock was last updated", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"ref_time": None}, {"mode": 0}], "placeholder": 0, "heading": "Reference time"},
            {"name": "offset", "source": "offset", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the system clock was slow of the server; None: not measured", "doc": "Offset measured", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"peer_dispersion": None}, {"mode": 0}], "placeholder": 0, "heading": "Offset"},
            {"name": "peer_delay", "source": "peer delay", "kind": "measure", "unit": "seconds", "range": "0 or more; None: not measured", "doc": "Measured round-trip network delay", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"peer_dispersion": None}, {"mode": 0}], "placeholder": 0, "heading": "Peer delay"},
            {"name": "peer_dispersion", "source": "peer dispersion", "kind": "measure", "unit": "seconds", "range": "0 or more; None: not measured", "doc": "Dispersion of the measurement", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"peer_dispersion": None}, {"mode": 0}], "placeholder": 0, "heading": "Peer dispersion"},
            {"name": "response_time", "source": "response time", "kind": "measure", "unit": "seconds", "range": "0 or more; None: not measured", "doc": "Time the server took to respond", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"peer_dispersion": None}, {"mode": 0}], "placeholder": 0, "heading": "Response time"},
            {"name": "jitter_asymmetry", "source": "jitter asymmetry", "kind": "offset", "unit": "ratio", "range": "finite; -0.5 to 0.5 as chronyd computes it; < 0: more on the way to the source; None: not measured", "doc": "Estimated asymmetry of the network's jitter", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"peer_dispersion": None}, {"mode": 0}], "placeholder": 0, "heading": "Jitter asymmetry"},
            {"name": "flags", "source": "flags", "kind": "enum", "unit": "", "range": "NTPFlags", "doc": "Which tests the response passed, and whether it was interleaved and authenticated", "minimum": None, "maximum": None, "enum": "NTPFlags", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "NTP tests"},
            {"name": "transmit_timestamping", "source": "transmit timestamping", "kind": "enum", "unit": "", "range": "Timestamping", "doc": "What took the timestamp of our request", "minimum": None, "maximum": None, "enum": "Timestamping", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "TX timestamping"},
            {"name": "receive_timestamping", "source": "receive timestamping", "kind": "enum", "unit": "", "range": "Timestamping", "doc": "What took the timestamp of the response", "minimum": None, "maximum": None, "enum": "Timestamping", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "RX timestamping"},
            {"name": "transmitted_messages", "source": "transmitted messages", "kind": "unsigned", "unit": "count", "range": "", "doc": "Packets sent to the source", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Total TX"},
            {"name": "received_messages", "source": "received messages", "kind": "unsigned", "unit": "count", "range": "", "doc": "Packets received from the source", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Total RX"},
            {"name": "received_valid_messages", "source": "received valid messages", "kind": "unsigned", "unit": "count", "range": "", "doc": "Packets received that passed the tests of the packet", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Total valid RX"},
            {"name": "received_good_messages", "source": "received good messages", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Packets received that passed all tests and were used; None before chronyd 4.3", "minimum": 0, "maximum": 4294967294, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Total good RX"},
            {"name": "kernel_transmit_timestamps", "source": "kernel transmit timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Transmit timestamps taken by the kernel", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Total kernel TX"},
            {"name": "kernel_receive_timestamps", "source": "kernel receive timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Receive timestamps taken by the kernel", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Total kernel RX"},
            {"name": "hardware_transmit_timestamps", "source": "hardware transmit timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Transmit timestamps taken by the hardware", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Total HW TX"},
            {"name": "hardware_receive_timestamps", "source": "hardware receive timestamps", "kind": "unsigned", "unit": "count", "range": "or None", "doc": "Receive timestamps taken by the hardware", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Total HW RX"},
            {"name": "ref_time_ns", "source": "reference time", "kind": "nanoseconds", "unit": "nanoseconds since 1970 (UTC)", "range": "None: never, or no valid response", "doc": "When the server's clock was last updated; an attribute, not an item", "minimum": 0, "maximum": 9223372036854775807, "enum": None, "optional": True, "item": False, "none_if": [{"ref_time": None}, {"mode": 0}], "placeholder": 0, "heading": "Reference time"},
        ],
    },
    "authdata": {
        "getter": "get_auth_data",
        "type": "AuthData",
        "shape": "per address",
        "on_command_port": False,
        "about": "how each NTP source is authenticated",
        "doc": "How one NTP source is authenticated: a record of chronyd's authdata report.",
        "methods": [],
        "derived": [],
        "columns": ["Name/IP address", "Mode", "KeyID", "Type", "KLen", "Last", "Atmp", "NAK", "Cook", "CLen"],
        "fields": [
            {"name": "address", "source": "address", "kind": "source", "unit": "", "range": "str", "doc": "The source's address, as in Source.address", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Name/IP address"},
            {"name": "mode", "source": "mode", "kind": "enum", "unit": "", "range": "AuthMode", "doc": "Means of authentication", "minimum": None, "maximum": None, "enum": "AuthMode", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Mode"},
            {"name": "key_type", "source": "key type", "kind": "enum", "unit": "", "range": "KeyType", "doc": "Type of the key", "minimum": None, "maximum": None, "enum": "KeyType", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Type"},
            {"name": "key_id", "source": "key ID", "kind": "unsigned", "unit": "", "range": "0 to 0xffffffff", "doc": "ID of the key", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "KeyID"},
            {"name": "key_length", "source": "key length", "kind": "unsigned", "unit": "bits", "range": "", "doc": "Length of the key", "minimum": 0, "maximum": 65535, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "KLen"},
            {"name": "key_establishment_attempts", "source": "key establishment attempts", "kind": "unsigned", "unit": "count", "range": "", "doc": "NTS key establishments tried since the last that succeeded", "minimum": 0, "maximum": 65535, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Atmp"},
            {"name": "last_key_establishment_ago", "source": "last key establishment ago", "kind": "unsigned", "unit": "seconds", "range": "0 or more; None: never", "doc": "Age of the last NTS key establishment that succeeded", "minimum": 0, "maximum": 4294967294, "enum": None, "optional": True, "item": True, "none_if": [], "placeholder": None, "heading": "Last"},
            {"name": "cookies", "source": "cookies", "kind": "unsigned", "unit": "count", "range": "", "doc": "NTS cookies available", "minimum": 0, "maximum": 65535, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Cook"},
            {"name": "cookie_length", "source": "cookie length", "kind": "unsigned", "unit": "bytes", "range": "", "doc": "Length of an NTS cookie", "minimum": 0, "maximum": 65535, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "CLen"},
            {"name": "nak", "source": "NAK", "kind": "boolean", "unit": "", "range": "bool", "doc": "Whether the server refused the last request because it lacked the keys (NTS NAK)", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "NAK"},
        ],
    },
    "selectdata": {
        "getter": "get_select_data",
        "type": "SelectData",
        "shape": "per source",
        "on_command_port": False,
        "about": "why each source was selected or not",
        "doc": "One source in chronyd's source selection: a record of chronyd's selectdata report.",
        "methods": [],
        "derived": [],
        "columns": ["S", "Name/IP Address", "Auth", "COpts", "EOpts", "Last", "Score", "Interval", "Leap"],
        "fields": [
            {"name": "reference_id", "source": "reference ID", "kind": "unsigned", "unit": "", "range": "0 to 0xffffffff", "doc": "The source's reference ID", "minimum": 0, "maximum": 4294967295, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": ""},
            {"name": "address", "source": "address", "kind": "source", "unit": "", "range": "str", "doc": "The source's address, as in Source.address", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Name/IP Address"},
            {"name": "state", "source": "state", "kind": "enum", "unit": "", "range": "SelectState", "doc": "How far the source got in the selection", "minimum": None, "maximum": None, "enum": "SelectState", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "S"},
            {"name": "authentication", "source": "authentication", "kind": "boolean", "unit": "", "range": "bool", "doc": "Whether the source is authenticated", "minimum": None, "maximum": None, "enum": None, "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Auth"},
            {"name": "leap_status", "source": "leap status", "kind": "enum", "unit": "", "range": "LeapStatus", "doc": "Whether the source announces a leap second", "minimum": None, "maximum": None, "enum": "LeapStatus", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "Leap"},
            {"name": "configured_options", "source": "configured options", "kind": "enum", "unit": "", "range": "SelectOptions", "doc": "Selection options in the configuration", "minimum": None, "maximum": None, "enum": "SelectOptions", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "COpts"},
            {"name": "effective_options", "source": "effective options", "kind": "enum", "unit": "", "range": "SelectOptions", "doc": "Selection options in force", "minimum": None, "maximum": None, "enum": "SelectOptions", "optional": False, "item": True, "none_if": [], "placeholder": None, "heading": "EOpts"},
            {"name": "last_sample_ago", "source": "last sample ago", "kind": "signed", "unit": "seconds", "range": "usually 0 or more; None: no sample, or the option noselect", "doc": "Age of the last sample at the last selection", "minimum": -2147483648, "maximum": 2147483647, "enum": None, "optional": True, "item": True, "none_if": [{"low_limit": None, "high_limit": None}, {"state": 78}], "placeholder": 0, "heading": "Last"},
            {"name": "score", "source": "score", "kind": "measure", "unit": "ratio", "range": "0 or more; None: no sample, or the option noselect", "doc": "Score against the selected source: a source with more than 10 takes its place", "minimum": 0, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"low_limit": None, "high_limit": None}, {"state": 78}], "placeholder": 1, "heading": "Score"},
            {"name": "low_limit", "source": "low limit", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the system clock is fast of the source; None: no sample, or the option noselect", "doc": "Lower end of the interval in which the clock's offset lies", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"low_limit": None, "high_limit": None}, {"state": 78}], "placeholder": 0, "heading": "Interval"},
            {"name": "high_limit", "source": "high limit", "kind": "offset", "unit": "seconds", "range": "finite; > 0: the system clock is fast of the source; None: no sample, or the option noselect", "doc": "Upper end of the interval in which the clock's offset lies", "minimum": None, "maximum": None, "enum": None, "optional": True, "item": True, "none_if": [{"low_limit": None, "high_limit": None}, {"state": 78}], "placeholder": 0, "heading": "Interval"},
        ],
    },
}

# By the name of the class.
ENUMERATIONS: "dict[str, Enumeration]" = {
    "LeapStatus": {
        "doc": "Whether a leap second is due at the end of the UTC day; UNSYNC: the clock is not synchronised.",
        "kind": "closed",
        "members": [
            {"name": "NORMAL", "value": 0, "symbol": "Normal", "letter": "N", "doc": "no leap second is due"},
            {"name": "INSERT", "value": 1, "symbol": "Insert second", "letter": "+", "doc": "a second is inserted at the end of the day"},
            {"name": "DELETE", "value": 2, "symbol": "Delete second", "letter": "-", "doc": "a second is deleted at the end of the day"},
            {"name": "UNSYNC", "value": 3, "symbol": "Not synchronised", "letter": "?", "doc": "not synchronised, or in the middle of a leap second"},
        ],
    },
    "SourceState": {
        "doc": "Result of chronyd's selection for a source.",
        "kind": "open",
        "members": [
            {"name": "SELECTED", "value": 0, "symbol": "*", "letter": "*", "doc": "the clock is synchronised to it"},
            {"name": "NONSELECTABLE", "value": 1, "symbol": "?", "letter": "?", "doc": "it cannot be used: unreachable, not synchronised, or not measured enough"},
            {"name": "FALSETICKER", "value": 2, "symbol": "x", "letter": "x", "doc": "it disagrees with the majority of the sources"},
            {"name": "JITTERY", "value": 3, "symbol": "~", "letter": "~", "doc": "its measurements vary too much"},
            {"name": "UNSELECTED", "value": 4, "symbol": "+", "letter": "+", "doc": "it is good, and combined with the selected source"},
            {"name": "SELECTABLE", "value": 5, "symbol": "-", "letter": "-", "doc": "it is good, but not combined with the selected source"},
        ],
    },
    "SourceMode": {
        "doc": "Type of a source.",
        "kind": "open",
        "members": [
            {"name": "CLIENT", "value": 0, "symbol": "^", "letter": "^", "doc": "a server that chronyd is a client of"},
            {"name": "PEER", "value": 1, "symbol": "=", "letter": "=", "doc": "a peer"},
            {"name": "REFCLOCK", "value": 2, "symbol": "#", "letter": "#", "doc": "a reference clock of this machine"},
        ],
    },
    "SelectOptions": {
        "doc": "A source's selection options (noselect, prefer, trust, require in chrony.conf).",
        "kind": "flags",
        "members": [
            {"name": "NOSELECT", "value": 1, "symbol": "N", "letter": "N", "doc": "it is never selected"},
            {"name": "PREFER", "value": 2, "symbol": "P", "letter": "P", "doc": "it is preferred to sources without this option"},
            {"name": "TRUST", "value": 4, "symbol": "T", "letter": "T", "doc": "it is assumed to be right, and overrides sources that disagree"},
            {"name": "REQUIRE", "value": 8, "symbol": "R", "letter": "R", "doc": "one source with this option must be selectable"},
        ],
    },
    "SelectState": {
        "doc": "How far a source got in the selection; each number is the character that chronyc prints for it.",
        "kind": "open",
        "members": [
            {"name": "IGNORED", "value": 78, "symbol": "N", "letter": "N", "doc": "it has the option noselect"},
            {"name": "NOT_SYNCHRONIZED", "value": 115, "symbol": "s", "letter": "s", "doc": "it reports that it is not synchronised"},
            {"name": "MISSING_SAMPLES", "value": 77, "symbol": "M", "letter": "M", "doc": "it has not been measured often enough"},
            {"name": "UNACCEPTABLE_STRATUM", "value": 114, "symbol": "r", "letter": "r", "doc": "its stratum is too low or too high (chronyd 4.9 and later)"},
            {"name": "UNACCEPTABLE_DISTANCE", "value": 100, "symbol": "d", "letter": "d", "doc": "its root distance is above maxdistance"},
            {"name": "LARGE_DISTANCE", "value": 68, "symbol": "D", "letter": "D", "doc": "its root distance is too large for it to be combined"},
            {"name": "JITTERY", "value": 126, "symbol": "~", "letter": "~", "doc": "its measurements vary too much"},
            {"name": "WAITING_FOR_OTHERS", "value": 119, "symbol": "w", "letter": "w", "doc": "others have not been measured often enough"},
            {"name": "MISSING_SELECTABLE_SOURCES", "value": 87, "symbol": "W", "letter": "W", "doc": "too few sources are selectable, or no required one"},
            {"name": "STALE", "value": 83, "symbol": "S", "letter": "S", "doc": "it is unreachable, and its samples are older than others'"},
            {"name": "ORPHAN", "value": 79, "symbol": "O", "letter": "O", "doc": "its stratum is that of an orphan"},
            {"name": "NOT_TRUSTED", "value": 84, "symbol": "T", "letter": "T", "doc": "it disagrees with the trusted sources"},
            {"name": "NOT_PREFERRED", "value": 80, "symbol": "P", "letter": "P", "doc": "others are preferred"},
            {"name": "WAITING_FOR_UPDATE", "value": 85, "symbol": "U", "letter": "U", "doc": "the selection waits for a new measurement"},
            {"name": "FALSETICKER", "value": 120, "symbol": "x", "letter": "x", "doc": "it disagrees with the majority of the sources"},
            {"name": "OUTLIER", "value": 76, "symbol": "L", "letter": "L", "doc": "it is an outlier (reserved: not used by any chronyd up to 4.9)"},
            {"name": "COMBINED", "value": 43, "symbol": "+", "letter": "+", "doc": "it is combined with the best source"},
            {"name": "BEST", "value": 42, "symbol": "*", "letter": "*", "doc": "it is selected"},
        ],
    },
    "AuthMode": {
        "doc": "How an NTP source is authenticated.",
        "kind": "open",
        "members": [
            {"name": "NONE", "value": 0, "symbol": "-", "letter": "-", "doc": "not authenticated"},
            {"name": "SYMMETRIC_KEY", "value": 1, "symbol": "SK", "letter": None, "doc": "by a symmetric key"},
            {"name": "NTS", "value": 2, "symbol": "NTS", "letter": None, "doc": "by Network Time Security"},
        ],
    },
    "KeyType": {
        "doc": "Type of a key: hash, cipher or AEAD algorithm.",
        "kind": "open",
        "members": [
            {"name": "NONE", "value": 0, "symbol": None, "letter": None, "doc": "no key"},
            {"name": "MD5", "value": 1, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA1", "value": 2, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA256", "value": 3, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA384", "value": 4, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA512", "value": 5, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA3_224", "value": 6, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA3_256", "value": 7, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA3_384", "value": 8, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "SHA3_512", "value": 9, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "TIGER", "value": 10, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "WHIRLPOOL", "value": 11, "symbol": None, "letter": None, "doc": "hash"},
            {"name": "AES128", "value": 13, "symbol": None, "letter": None, "doc": "cipher (CMAC)"},
            {"name": "AES256", "value": 14, "symbol": None, "letter": None, "doc": "cipher (CMAC)"},
            {"name": "AEAD_AES_SIV_CMAC_256", "value": 15, "symbol": None, "letter": None, "doc": "AEAD algorithm, of NTS"},
            {"name": "AEAD_AES_128_GCM_SIV", "value": 30, "symbol": None, "letter": None, "doc": "AEAD algorithm, of NTS (chronyd 4.4 and later)"},
        ],
    },
    "NTPMode": {
        "doc": "NTP mode of a response.",
        "kind": "open",
        "members": [
            {"name": "NONE", "value": 0, "symbol": "Invalid", "letter": None, "doc": "there has been no valid response yet"},
            {"name": "ACTIVE_SYMMETRIC", "value": 1, "symbol": "Symmetric active", "letter": None, "doc": "from a peer that polls"},
            {"name": "PASSIVE_SYMMETRIC", "value": 2, "symbol": "Symmetric passive", "letter": None, "doc": "from a peer that is polled"},
            {"name": "SERVER", "value": 4, "symbol": "Server", "letter": None, "doc": "from a server"},
        ],
    },
    "NTPFlags": {
        "doc": "Tests that a response passed (described in chronyc's manual), and whether it was interleaved and authenticated.",
        "kind": "flags",
        "members": [
            {"name": "TEST1", "value": 512, "symbol": None, "letter": None, "doc": "not a duplicate"},
            {"name": "TEST2", "value": 256, "symbol": None, "letter": None, "doc": "a response to our request"},
            {"name": "TEST3", "value": 128, "symbol": None, "letter": None, "doc": "with valid timestamps"},
            {"name": "TEST5", "value": 64, "symbol": None, "letter": None, "doc": "authenticated, where it must be"},
            {"name": "TEST6", "value": 32, "symbol": None, "letter": None, "doc": "the server is synchronised, and its stratum is valid"},
            {"name": "TEST7", "value": 16, "symbol": None, "letter": None, "doc": "the server's root delay and dispersion are acceptable"},
            {"name": "TEST_A", "value": 8, "symbol": None, "letter": None, "doc": "its delay is within the limits of the configuration"},
            {"name": "TEST_B", "value": 4, "symbol": None, "letter": None, "doc": "its delay is low enough relative to the least delay measured"},
            {"name": "TEST_C", "value": 2, "symbol": None, "letter": None, "doc": "its delay is low enough relative to the delays' deviation"},
            {"name": "TEST_D", "value": 1, "symbol": None, "letter": None, "doc": "it does not create a synchronisation loop"},
            {"name": "INTERLEAVED", "value": 16384, "symbol": None, "letter": None, "doc": "the response was interleaved"},
            {"name": "AUTHENTICATED", "value": 32768, "symbol": None, "letter": None, "doc": "the source is authenticated"},
        ],
    },
    "Timestamping": {
        "doc": "What took a timestamp; each number is the character that chronyd sends.",
        "kind": "open",
        "members": [
            {"name": "NONE", "value": 0, "symbol": "Invalid", "letter": None, "doc": "there has been no valid response yet"},
            {"name": "DAEMON", "value": 68, "symbol": "Daemon", "letter": None, "doc": "chronyd itself"},
            {"name": "KERNEL", "value": 75, "symbol": "Kernel", "letter": None, "doc": "the kernel: more exact"},
            {"name": "HARDWARE", "value": 72, "symbol": "Hardware", "letter": None, "doc": "the network interface: the most exact"},
        ],
    },
    "SmoothingFlags": {
        "doc": "Whether the time served to clients is smoothed, and for what.",
        "kind": "flags",
        "members": [
            {"name": "ACTIVE", "value": 1, "symbol": None, "letter": None, "doc": "the served time differs from the clock's"},
            {"name": "LEAPONLY", "value": 2, "symbol": None, "letter": None, "doc": "only leap seconds are smoothed"},
        ],
    },
    "Transport": {
        "doc": "How chronyd is reached.",
        "kind": "closed",
        "members": [
            {"name": "UNIX_SOCKET", "value": 1, "symbol": None, "letter": None, "doc": "by its Unix socket: all reports, for root and its own user only"},
            {"name": "COMMAND_PORT", "value": 2, "symbol": None, "letter": None, "doc": "by its UDP command port: some of the reports"},
        ],
    },
    "ErrorCode": {
        "doc": "What went wrong, in ChronyError.error_code: libchrony's own codes from 1, pychrony's from 100.",
        "kind": "open",
        "members": [
            {"name": "NO_MEMORY", "value": 1, "symbol": None, "letter": None, "doc": "libchrony could not allocate memory"},
            {"name": "NO_RANDOM", "value": 2, "symbol": None, "letter": None, "doc": "/dev/urandom could not be opened"},
            {"name": "UNKNOWN_REPORT", "value": 3, "symbol": None, "letter": None, "doc": "libchrony does not know the report"},
            {"name": "RANDOM_FAILED", "value": 4, "symbol": None, "letter": None, "doc": "/dev/urandom could not be read"},
            {"name": "SEND_FAILED", "value": 5, "symbol": None, "letter": None, "doc": "the request could not be sent"},
            {"name": "RECV_FAILED", "value": 6, "symbol": None, "letter": None, "doc": "the response could not be received"},
            {"name": "INVALID_ARGUMENT", "value": 7, "symbol": None, "letter": None, "doc": "libchrony was given an invalid argument"},
            {"name": "UNEXPECTED_CALL", "value": 8, "symbol": None, "letter": None, "doc": "libchrony was called at the wrong time"},
            {"name": "UNAUTHORIZED", "value": 9, "symbol": None, "letter": None, "doc": "chronyd does not give this client the report"},
            {"name": "DISABLED", "value": 10, "symbol": None, "letter": None, "doc": "what the report is about is not enabled"},
            {"name": "UNEXPECTED_STATUS", "value": 11, "symbol": None, "letter": None, "doc": "chronyd responded with an unexpected status"},
            {"name": "OLD_SERVER", "value": 12, "symbol": None, "letter": None, "doc": "chronyd is too old"},
            {"name": "NEW_SERVER", "value": 13, "symbol": None, "letter": None, "doc": "chronyd is too new for this libchrony"},
            {"name": "INVALID_RESPONSE", "value": 14, "symbol": None, "letter": None, "doc": "the response is too short"},
            {"name": "OPEN_FAILED", "value": 100, "symbol": None, "letter": None, "doc": "no socket could be opened to this address"},
            {"name": "TIMEOUT", "value": 101, "symbol": None, "letter": None, "doc": "no response in time"},
            {"name": "FIELD_MISSING", "value": 102, "symbol": None, "letter": None, "doc": "a field is missing"},
            {"name": "FIELD_TYPE", "value": 103, "symbol": None, "letter": None, "doc": "a field is of the wrong type"},
            {"name": "FIELD_RANGE", "value": 104, "symbol": None, "letter": None, "doc": "a field is out of its range"},
            {"name": "CLOSED", "value": 105, "symbol": None, "letter": None, "doc": "the connection was closed, before the call or during it"},
            {"name": "BUSY", "value": 106, "symbol": None, "letter": None, "doc": "the connection is in use by a call of the same thread, or of another event loop"},
        ],
    },
    "IntervalStatus": {
        "doc": "What an interval clock knows about the time. The numbers are those of ClockBound.",
        "kind": "closed",
        "members": [
            {"name": "UNKNOWN", "value": 0, "symbol": None, "letter": None, "doc": "there is no usable report (raised as a ChronyClockError)"},
            {"name": "SYNCHRONIZED", "value": 1, "symbol": None, "letter": None, "doc": "the interval is from a recent report on a recent sample"},
            {"name": "FREE_RUNNING", "value": 2, "symbol": None, "letter": None, "doc": "the interval is valid, but its report is more than 16 s old, or the last sample was older than 8 polls"},
            {"name": "DISRUPTED", "value": 3, "symbol": None, "letter": None, "doc": "something else has set the clock, or chronyd contradicts itself (raised as a ChronyClockError)"},
        ],
    },
}
