//! serverstats: what chronyd did as a server.

use super::{Report, U64};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"serverstats", shape: Shape::One, fields: &FIELDS },
    getter: getter!(
        "get_server_stats",
        "a ServerStats",
        "Ask chronyd how many requests it received and dropped as a server. By default, the command port does not serve this report."
    ),
    record: record_type!(
        "ServerStats",
        "What chronyd did as a server since it was started: its serverstats report.\n\n\
        Fields that only newer chronyds send are None where they are missing."
    ),
    hidden: 0,
    predicates: &[],
};

static FIELDS: [Field; 17] = [
    // chronyd: clientlog.c, CLG_GetServerStatsReport(): counters of 32 bits before 4.4, of 64 since; all may wrap.
    field!("received_ntp_requests", "received NTP requests", Unsigned(U64), "count", "", "NTP requests received"),
    field!(
        "dropped_ntp_requests",
        "dropped NTP requests",
        Unsigned(U64),
        "count",
        "",
        "NTP requests dropped by rate limiting"
    ),
    field!(
        "received_command_requests",
        "received command requests",
        Unsigned(U64),
        "count",
        "",
        "Requests received on the command port"
    ),
    field!(
        "dropped_command_requests",
        "dropped command requests",
        Unsigned(U64),
        "count",
        "",
        "Requests on the command port dropped by rate limiting"
    ),
    field!(
        "dropped_client_log_records",
        "dropped client log records",
        Unsigned(U64),
        "count",
        "",
        "Records of clients dropped to keep within the memory limit"
    ),
    field!(
        "accepted_nts_ke_connections",
        "accepted NTS-KE connections",
        Unsigned(U64),
        "count",
        "or None",
        "NTS key establishments accepted",
        Newer
    ),
    field!(
        "dropped_nts_ke_connections",
        "dropped NTS-KE connections",
        Unsigned(U64),
        "count",
        "or None",
        "NTS key establishments dropped by rate limiting",
        Newer
    ),
    field!(
        "received_authenticated_ntp_requests",
        "received authenticated NTP requests",
        Unsigned(U64),
        "count",
        "or None",
        "NTP requests that were authenticated",
        Newer
    ),
    field!(
        "received_interleaved_ntp_requests",
        "received interleaved NTP requests",
        Unsigned(U64),
        "count",
        "or None",
        "NTP requests in the interleaved mode",
        Newer
    ),
    field!(
        "held_ntp_timestamps",
        "held NTP timestamps",
        Unsigned(U64),
        "count",
        "or None",
        "Timestamps held for clients in the interleaved mode",
        Newer
    ),
    field!(
        "ntp_timestamp_span",
        "NTP timestamp span",
        Unsigned(U64),
        "seconds",
        "0 or more, or None",
        "Time that the held timestamps cover",
        Newer
    ),
    field!(
        "served_daemon_rx_timestamps",
        "served daemon RX timestamps",
        Unsigned(U64),
        "count",
        "or None",
        "Responses with a receive timestamp taken by the daemon",
        Newer
    ),
    field!(
        "served_daemon_tx_timestamps",
        "served daemon TX timestamps",
        Unsigned(U64),
        "count",
        "or None",
        "Responses with a transmit timestamp taken by the daemon",
        Newer
    ),
    field!(
        "served_kernel_rx_timestamps",
        "served kernel RX timestamps",
        Unsigned(U64),
        "count",
        "or None",
        "Responses with a receive timestamp taken by the kernel",
        Newer
    ),
    field!(
        "served_kernel_tx_timestamps",
        "served kernel TX timestamps",
        Unsigned(U64),
        "count",
        "or None",
        "Responses with a transmit timestamp taken by the kernel",
        Newer
    ),
    field!(
        "served_hardware_rx_timestamps",
        "served hardware RX timestamps",
        Unsigned(U64),
        "count",
        "or None",
        "Responses with a receive timestamp taken by the hardware",
        Newer
    ),
    field!(
        "served_hardware_tx_timestamps",
        "served hardware TX timestamps",
        Unsigned(U64),
        "count",
        "or None",
        "Responses with a transmit timestamp taken by the hardware",
        Newer
    ),
];
