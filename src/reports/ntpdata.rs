//! ntpdata: the last valid measurement of each NTP source.

use super::enums::{LEAP_STATUS, NTP_FLAGS, NTP_MODE, TIMESTAMPING};
use super::{Report, U16, U32};
use crate::chrony::client::{Query, Shape};
use crate::chrony::record::{Field, Kind::*};

pub static REPORT: Report = Report {
    query: Query { report: c"ntpdata", shape: Shape::PerAddress, fields: &FIELDS },
    getter: getter!(
        "get_ntp_data",
        "a list of NTPData, without the reference clocks",
        "Ask chronyd for the last valid measurement of each NTP source. By default, the command port does not serve this report."
    ),
    record: record_type!(
        "NTPData",
        "The last valid measurement of one NTP source: a record of chronyd's ntpdata report.\n\n\
        Fields that only newer chronyds send are None where they are missing."
    ),
    hidden: 1,
    predicates: &[],
};

static FIELDS: [Field; 31] = [
    field!("address", "address", Source, "", "str", "The source's address, as in Source.address", Sourcestats),
    // chronyd: ntp_core.c, NCR_GetNTPReport(), as all that follows here. Before the first valid response nearly all is 0.
    field!(
        "remote_address",
        "remote address",
        Address,
        "",
        "str or None",
        "Address the server answers from; before chronyd 4.3, None until the first valid response"
    ),
    field!(
        "local_address",
        "local address",
        Address,
        "",
        "str or None",
        "Our address in the exchange; None before the first exchange"
    ),
    field!("remote_port", "remote port", Unsigned(U16), "", "0 to 65535", "Port of the server"),
    field!(
        "leap_status",
        "leap status",
        Enum(&LEAP_STATUS),
        "",
        "LeapStatus",
        "Whether the server announces a leap second"
    ),
    // chronyd: three bits of the packet, 1 to 4 so far.
    field!("version", "version", Unsigned(7), "", "0 to 7", "NTP version of the response; 0 before the first response"),
    // chronyd: three bits of the packet; ntp_core.c, NCR_ProcessRxKnown() lets 1, 2 and 4 through.
    field!("mode", "mode", Enum(&NTP_MODE), "", "NTPMode", "NTP mode of the response"),
    // chronyd: the packet's byte, unchecked.
    field!(
        "stratum",
        "stratum",
        Unsigned(0xff),
        "",
        "0 to 255",
        "The server's stratum, as its packet has it; 0 and more than 15 are not valid"
    ),
    // chronyd: this byte and the next are the packet's.
    field!("poll", "poll", Signed(-128, 127), "log2 seconds", "", "Polling interval the response names"),
    field!("precision", "precision", Signed(-128, 127), "log2 seconds", "", "Precision of the server's clock"),
    // chronyd: unsigned in the packet (util.c, UTI_Ntp32ToDouble()), and so is the next.
    field!(
        "root_delay",
        "root delay",
        Measure,
        "seconds",
        "0 or more",
        "The server's network delay to its primary source"
    ),
    field!(
        "root_dispersion",
        "root dispersion",
        Measure,
        "seconds",
        "0 or more",
        "The server's dispersion to its primary source"
    ),
    field!("reference_id", "reference ID", Unsigned(U32), "", "0 to 0xffffffff", "ID of the server's own source"),
    field!(
        "ref_time",
        "reference time",
        Seconds,
        "seconds since 1970 (UTC)",
        "float; ref_time_ns is exact",
        "When the server's clock was last updated"
    ),
    field!(
        "offset",
        "offset",
        Offset,
        "seconds",
        "finite; > 0: the system clock was slow of the server",
        "Offset measured"
    ),
    // chronyd: ntp_core.c takes the absolute value, and that of the response time.
    field!("peer_delay", "peer delay", Measure, "seconds", "0 or more", "Measured round-trip network delay"),
    field!("peer_dispersion", "peer dispersion", Measure, "seconds", "0 or more", "Dispersion of the measurement"),
    field!("response_time", "response time", Measure, "seconds", "0 or more", "Time the server took to respond"),
    // chronyd: sourcestats.c, estimate_asymmetry() clamps it.
    field!(
        "jitter_asymmetry",
        "jitter asymmetry",
        Offset,
        "ratio",
        "-0.5 to 0.5 as chronyd computes it; < 0: more on the way to the source",
        "Estimated asymmetry of the network's jitter"
    ),
    field!("flags", "flags", Enum(&NTP_FLAGS), "", "NTPFlags", "Which tests the response passed, and its modes"),
    field!(
        "transmit_timestamping",
        "transmit timestamping",
        Enum(&TIMESTAMPING),
        "",
        "Timestamping",
        "What took the timestamp of our request"
    ),
    field!(
        "receive_timestamping",
        "receive timestamping",
        Enum(&TIMESTAMPING),
        "",
        "Timestamping",
        "What took the timestamp of the response"
    ),
    field!("transmitted_messages", "transmitted messages", Unsigned(U32), "count", "", "Packets sent to the source"),
    field!("received_messages", "received messages", Unsigned(U32), "count", "", "Packets received from the source"),
    field!(
        "received_valid_messages",
        "received valid messages",
        Unsigned(U32),
        "count",
        "",
        "Packets received that passed the tests of the packet"
    ),
    field!(
        "received_good_messages",
        "received good messages",
        UnsignedOrNone,
        "count",
        "or None",
        "Packets received that passed all tests, and were used; chronyd before 4.3 does not tell"
    ),
    field!(
        "kernel_transmit_timestamps",
        "kernel transmit timestamps",
        Unsigned(U32),
        "count",
        "or None",
        "Transmit timestamps taken by the kernel",
        Newer
    ),
    field!(
        "kernel_receive_timestamps",
        "kernel receive timestamps",
        Unsigned(U32),
        "count",
        "or None",
        "Receive timestamps taken by the kernel",
        Newer
    ),
    field!(
        "hardware_transmit_timestamps",
        "hardware transmit timestamps",
        Unsigned(U32),
        "count",
        "or None",
        "Transmit timestamps taken by the hardware",
        Newer
    ),
    field!(
        "hardware_receive_timestamps",
        "hardware receive timestamps",
        Unsigned(U32),
        "count",
        "or None",
        "Receive timestamps taken by the hardware",
        Newer
    ),
    field!(
        "ref_time_ns",
        "reference time",
        Nanoseconds,
        "nanoseconds since 1970 (UTC)",
        "",
        "When the server's clock was last updated; an attribute, not an item"
    ),
];
