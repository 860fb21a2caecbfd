"""What chronyc calls each field, from the source of chrony 4.0 to 4.9 (client.c).

For each report, in the order of chronyc's output: chronyc's heading, the fields that replace it, and what differs. The page
on chronyc and the tables of the records are both made from this.
"""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    heading: str
    fields: tuple[str, ...]
    difference: str = ""


def column(heading: str, fields: str, difference: str = "") -> Column:
    return Column(heading, tuple(fields.split()), difference)


NAME = "chronyc may show a host name; the field is always the address"
OCTAL = "chronyc prints it in octal, in CSV too; the field is the number"
AGE = "chronyc shortens it (`5m`); the field is in seconds, and None where chronyc shows `-`"

COLUMNS: dict[str, list[Column]] = {
    "tracking": [
        column(
            "Reference ID",
            "reference_id reference_id_name reference_ip",
            "`7F000001 (127.0.0.1)` is a number, a name, and an address where there is one",
        ),
        column("Stratum", "stratum"),
        column("Ref time (UTC)", "ref_time ref_time_ns", "seconds and nanoseconds since 1970"),
        column("System time", "offset", "`slow of NTP time` is positive, `fast` negative"),
        column("Last offset", "last_offset"),
        column("RMS offset", "rms_offset"),
        column("Frequency", "frequency", "`fast` is positive, `slow` negative"),
        column("Residual freq", "residual_freq"),
        column("Skew", "skew"),
        column("Root delay", "root_delay"),
        column("Root dispersion", "root_dispersion"),
        column("Update interval", "update_interval"),
        column("Leap status", "leap_status"),
    ],
    "sources": [
        column("M", "mode"),
        column("S", "state"),
        column("Name/IP address", "address", NAME),
        column("Stratum", "stratum"),
        column("Poll", "poll"),
        column("Reach", "reachability", OCTAL),
        column("LastRx", "last_sample_ago", AGE),
        column("Last sample: first", "latest_meas", "chronyc chooses the unit"),
        column("Last sample: in brackets", "orig_latest_meas", "chronyc chooses the unit"),
        column("Last sample: after +/-", "latest_meas_err", "chronyc chooses the unit"),
    ],
    "sourcestats": [
        column("Name/IP Address", "address", NAME),
        column("NP", "samples"),
        column("NR", "runs"),
        column("Span", "span", "chronyc shortens it; the field is in seconds"),
        column("Frequency", "resid_freq"),
        column("Freq Skew", "skew"),
        column("Offset", "offset", "chronyc chooses the unit"),
        column("Std Dev", "std_dev", "chronyc chooses the unit"),
    ],
    "selectdata": [
        column("S", "state"),
        column("Name/IP Address", "address", NAME),
        column("Auth", "authentication", "`Y` is True, `N` False"),
        column("COpts", "configured_options", "letters are members: `P` is PREFER"),
        column("EOpts", "effective_options", "letters are members: `P` is PREFER"),
        column("Last", "last_sample_ago", AGE),
        column("Score", "score", "chronyc rounds it to one decimal"),
        column("Interval", "low_limit high_limit", "chronyc chooses the unit"),
        column("Leap", "leap_status", "chronyc prints `N`, `+`, `-` or `?`"),
    ],
    "ntpdata": [
        column("Remote address", "remote_address"),
        column("Remote port", "remote_port"),
        column("Local address", "local_address", "`[UNSPEC]` is None"),
        column("Leap status", "leap_status"),
        column("Version", "version"),
        column("Mode", "mode"),
        column("Stratum", "stratum"),
        column("Poll interval", "poll", "the power of two; chronyc adds the seconds"),
        column("Precision", "precision", "the power of two; chronyc adds the seconds"),
        column("Root delay", "root_delay"),
        column("Root dispersion", "root_dispersion"),
        column("Reference ID", "reference_id"),
        column("Reference time", "ref_time ref_time_ns", "seconds and nanoseconds since 1970"),
        column("Offset", "offset"),
        column("Peer delay", "peer_delay"),
        column("Peer dispersion", "peer_dispersion"),
        column("Response time", "response_time"),
        column("Jitter asymmetry", "jitter_asymmetry"),
        column("NTP tests", "flags", "each digit is a member: TEST1 to TEST3, TEST5 to TEST_D"),
        column("Interleaved", "flags", "the member INTERLEAVED"),
        column("Authenticated", "flags", "the member AUTHENTICATED"),
        column("TX timestamping", "transmit_timestamping"),
        column("RX timestamping", "receive_timestamping"),
        column("Total TX", "transmitted_messages"),
        column("Total RX", "received_messages"),
        column("Total valid RX", "received_valid_messages"),
        column("Total good RX", "received_good_messages", "None before chronyd 4.3"),
        column("Total kernel TX", "kernel_transmit_timestamps", "None before chronyd 4.6"),
        column("Total kernel RX", "kernel_receive_timestamps", "None before chronyd 4.6"),
        column("Total HW TX", "hardware_transmit_timestamps", "None before chronyd 4.6"),
        column("Total HW RX", "hardware_receive_timestamps", "None before chronyd 4.6"),
    ],
    "authdata": [
        column("Name/IP address", "address", NAME),
        column("Mode", "mode"),
        column("KeyID", "key_id"),
        column("Type", "key_type", "chronyc prints the number"),
        column("KLen", "key_length"),
        column("Last", "last_key_establishment_ago", AGE),
        column("Atmp", "key_establishment_attempts"),
        column("NAK", "nak", "1 is True"),
        column("Cook", "cookies"),
        column("CLen", "cookie_length"),
    ],
    "activity": [
        column("sources online", "online"),
        column("sources offline", "offline"),
        column("sources doing burst (return to online)", "burst_online"),
        column("sources doing burst (return to offline)", "burst_offline"),
        column("sources with unknown address", "unresolved"),
    ],
    "serverstats": [
        column("NTP packets received", "received_ntp_requests"),
        column("NTP packets dropped", "dropped_ntp_requests"),
        column("Command packets received", "received_command_requests"),
        column("Command packets dropped", "dropped_command_requests"),
        column("Client log records dropped", "dropped_client_log_records"),
        column("NTS-KE connections accepted", "accepted_nts_ke_connections"),
        column("NTS-KE connections dropped", "dropped_nts_ke_connections"),
        column("Authenticated NTP packets", "received_authenticated_ntp_requests"),
        column("Interleaved NTP packets", "received_interleaved_ntp_requests", "since chronyd 4.2"),
        column("NTP timestamps held", "held_ntp_timestamps", "since chronyd 4.2"),
        column("NTP timestamp span", "ntp_timestamp_span", "since chronyd 4.2"),
        column("NTP daemon RX timestamps", "served_daemon_rx_timestamps", "since chronyd 4.4"),
        column("NTP daemon TX timestamps", "served_daemon_tx_timestamps", "since chronyd 4.4"),
        column("NTP kernel RX timestamps", "served_kernel_rx_timestamps", "since chronyd 4.4"),
        column("NTP kernel TX timestamps", "served_kernel_tx_timestamps", "since chronyd 4.4"),
        column("NTP hardware RX timestamps", "served_hardware_rx_timestamps", "since chronyd 4.4"),
        column("NTP hardware TX timestamps", "served_hardware_tx_timestamps", "since chronyd 4.4"),
    ],
    "rtcdata": [
        column("RTC ref time (UTC)", "ref_time ref_time_ns", "seconds and nanoseconds since 1970"),
        column("Number of samples", "samples"),
        column("Number of runs", "runs"),
        column("Sample span period", "span", "chronyc shortens it; the field is in seconds"),
        column("RTC is fast by", "offset"),
        column("RTC gains time at", "freq_offset"),
    ],
    "smoothing": [
        column("Active", "flags", "the members ACTIVE and LEAPONLY"),
        column("Offset", "offset"),
        column("Frequency", "freq_offset"),
        column("Wander", "wander"),
        column("Last update", "last_update_ago"),
        column("Remaining time", "remaining_time"),
    ],
}
