//! ntpdata: the last valid response of each NTP source, and what it measured.

use super::enums::{LEAP_STATUS, NTP_FLAGS, NTP_MODE, TIMESTAMPING};
use super::{U16, U32};
use crate::chrony::record::Condition;
use crate::chrony::record::Kind::*;

/// chronyd: ntp_core.c, reset_report().
const NO_RESPONSE: Condition = Condition { name: "no valid response", any: &[&[(c"mode", 0.0)]] };
/// A server that was never synchronised sends 0.
const NOT_UPDATED: Condition = Condition { name: "never, or no valid response", any: &[&[(c"reference time", 0.0)], &[(c"mode", 0.0)]] };
/// chronyd: ntp_core.c, process_response(): where test 6 or 7 fails (the server is not synchronised, or its root distance is too
/// large), or an interleaved response follows such a one, nothing is measured. Else the dispersion is no less than the
/// precision of the clocks.
const NOT_MEASURED: Condition = Condition { name: "not measured", any: &[&[(c"peer dispersion", 0.0)], &[(c"mode", 0.0)]] };

report! {
    name: "ntpdata",
    shape: PerAddress,
    on_command_port: false,
    getter: "get_ntp_data",
    returns: "a list of NTPData, without the reference clocks",
    about: "what the last valid measurement of each NTP source was",
    record: "NTPData",
    doc: "The last valid response of one NTP source, and what it measured: a record of chronyd's ntpdata report.\n\n\
        Fields that only newer chronyds send are None where they are missing.",
    columns: ["Remote address", "Remote port", "..."],
    predicates: [],
    fields: [
        ("address", "address", Source, [], "", "The source's address, as in Source.address", Sourcestats),
        // chronyd: ntp_core.c, NCR_GetNTPReport(), as all that follows here.
        ("remote_address", "remote address", Address, [], "Remote address",
         "Address of the server; before chronyd 4.3, None until the first valid response"),
        ("local_address", "local address", Address, [], "Local address",
         "Local address of the exchange; None before the first valid response"),
        ("remote_port", "remote port", Unsigned(U16), ["", "0 to 65535"], "Remote port", "Port of the server"),
        ("leap_status", "leap status", Enum(&LEAP_STATUS), [], "Leap status",
         "Whether the server announces a leap second", Unless(&NO_RESPONSE, 0.0)),
        // chronyd: three bits of the packet, 1 to 4 so far.
        ("version", "version", Unsigned(7), ["", "0 to 7"], "Version",
         "NTP version of the response", Unless(&NO_RESPONSE, 0.0)),
        // chronyd: three bits of the packet; ntp_core.c, NCR_ProcessRxKnown() lets 1, 2 and 4 through.
        ("mode", "mode", Enum(&NTP_MODE), [], "Mode", "NTP mode of the response"),
        // chronyd: the packet's byte, unchecked.
        ("stratum", "stratum", Unsigned(0xff), ["", "0 to 255"], "Stratum",
         "The server's stratum, as its packet has it; 0 and more than 15 are not valid", Unless(&NO_RESPONSE, 0.0)),
        // chronyd: this byte and the next are the packet's.
        ("poll", "poll", Signed(-128, 127), ["log2 seconds"], "Poll interval", "Polling interval in the response", Unless(&NO_RESPONSE, 0.0)),
        ("precision", "precision", Signed(-128, 127), ["log2 seconds"], "Precision",
         "Precision of the server's clock", Unless(&NO_RESPONSE, 0.0)),
        // chronyd: unsigned in the packet (util.c, UTI_Ntp32ToDouble()), and so is the next.
        ("root_delay", "root delay", Measure, ["seconds"], "Root delay",
         "The server's network delay to its primary source", Unless(&NO_RESPONSE, 0.0)),
        ("root_dispersion", "root dispersion", Measure, ["seconds"], "Root dispersion",
         "The server's dispersion to its primary source", Unless(&NO_RESPONSE, 0.0)),
        ("reference_id", "reference ID", Unsigned(U32), ["", "0 to 0xffffffff"], "Reference ID",
         "ID of the server's own source", Unless(&NO_RESPONSE, 0.0)),
        ("ref_time", "reference time", Seconds, [], "Reference time", "When the server's clock was last updated", Unless(&NOT_UPDATED, 0.0)),
        ("offset", "offset", Offset, ["seconds", "> 0: the system clock was slow of the server"], "Offset",
         "Offset measured", Unless(&NOT_MEASURED, 0.0)),
        // chronyd: ntp_core.c takes the absolute value, and that of the response time.
        ("peer_delay", "peer delay", Measure, ["seconds"], "Peer delay", "Measured round-trip network delay", Unless(&NOT_MEASURED, 0.0)),
        ("peer_dispersion", "peer dispersion", Measure, ["seconds"], "Peer dispersion",
         "Dispersion of the measurement", Unless(&NOT_MEASURED, 0.0)),
        ("response_time", "response time", Measure, ["seconds"], "Response time", "Time the server took to respond", Unless(&NOT_MEASURED, 0.0)),
        // chronyd: sourcestats.c, estimate_asymmetry() clamps it.
        ("jitter_asymmetry", "jitter asymmetry", Offset, ["ratio", "-0.5 to 0.5 as chronyd computes it; < 0: more on the way to the source"], "Jitter asymmetry",
         "Estimated asymmetry of the network's jitter", Unless(&NOT_MEASURED, 0.0)),
        ("flags", "flags", Enum(&NTP_FLAGS), [], "NTP tests", "Which tests the response passed, and whether it was interleaved and authenticated"),
        ("transmit_timestamping", "transmit timestamping", Enum(&TIMESTAMPING), [], "TX timestamping",
         "What took the timestamp of our request"),
        ("receive_timestamping", "receive timestamping", Enum(&TIMESTAMPING), [], "RX timestamping",
         "What took the timestamp of the response"),
        ("transmitted_messages", "transmitted messages", Unsigned(U32), ["count"], "Total TX",
         "Packets sent to the source"),
        ("received_messages", "received messages", Unsigned(U32), ["count"], "Total RX",
         "Packets received from the source"),
        ("received_valid_messages", "received valid messages", Unsigned(U32), ["count"], "Total valid RX",
         "Packets received that passed the tests of the packet"),
        ("received_good_messages", "received good messages", UnsignedOrNone, ["count", "or None"], "Total good RX",
         "Packets received that passed all tests and were used; None before chronyd 4.3"),
        ("kernel_transmit_timestamps", "kernel transmit timestamps", Unsigned(U32), ["count"], "Total kernel TX",
         "Transmit timestamps taken by the kernel", Newer),
        ("kernel_receive_timestamps", "kernel receive timestamps", Unsigned(U32), ["count"], "Total kernel RX",
         "Receive timestamps taken by the kernel", Newer),
        ("hardware_transmit_timestamps", "hardware transmit timestamps", Unsigned(U32), ["count"], "Total HW TX",
         "Transmit timestamps taken by the hardware", Newer),
        ("hardware_receive_timestamps", "hardware receive timestamps", Unsigned(U32), ["count"], "Total HW RX",
         "Receive timestamps taken by the hardware", Newer),
        ("ref_time_ns", "reference time", Nanoseconds, [], "Reference time",
         "When the server's clock was last updated; an attribute, not an item", Unless(&NOT_UPDATED, 0.0)),
    ],
}
