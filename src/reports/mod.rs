//! One table per report: our field, libchrony's field, type, range, docstring. Data, no logic.

use std::ffi::CStr;

use crate::chrony::client::Query;

/// Text for C, put together at compile time.
macro_rules! text {
    ($($part:literal),+) => {
        match std::ffi::CStr::from_bytes_with_nul(concat!($($part,)+ "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("text with a NUL character"),
        }
    };
}

/// A row: our name, libchrony's name, type and range, unit and range in words, meaning; and where not every record has
/// the field, its presence.
macro_rules! field {
    ($name:literal, $source:literal, $kind:expr, $unit:literal, $doc:literal) => {
        field!($name, $source, $kind, $unit, $doc, Always)
    };
    ($name:literal, $source:literal, $kind:expr, $unit:literal, $doc:literal, $presence:ident) => {
        crate::chrony::record::Field {
            name: text!($name),
            source: text!($source),
            kind: $kind,
            presence: crate::chrony::record::Presence::$presence,
            doc: text!($doc, " [", $unit, "; libchrony: ", $source, "]"),
        }
    };
}

/// The function and the method that ask for a report: their name, what they return, what their docstrings say.
macro_rules! getter {
    ($name:literal, $result:literal, $doc:literal) => {
        crate::reports::Getter {
            name: text!($name),
            format: text!("|O$O:", $name),
            function_doc: text!(
                $name,
                "($module, /, address=None, *, timeout=3.0)\n--\n\n",
                $doc,
                "\n\nReturns ",
                $result,
                ". A session is opened for the call and closed after it.\n\n",
                "address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).\n",
                "    None: the first that answers of /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock,\n",
                "    127.0.0.1:323 and [::1]:323. An address that is given is the only one tried.\n",
                "timeout: seconds for the whole call, more than 0; None waits for ever.\n\n",
                "Raises ChronyConnectionError (not reachable), ChronyTimeoutError (silent), ChronyPermissionError,\n",
                "ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;\n",
                "ValueError (malformed address or timeout), TypeError."
            ),
            method_doc: text!(
                $name,
                "($self, /)\n--\n\n",
                $doc,
                "\n\nReturns ",
                $result,
                ". Raises as pychrony.",
                $name,
                "() does; RuntimeError where the connection is not open."
            ),
        }
    };
}

mod activity;
mod authdata;
pub mod enums;
pub mod layout;
mod ntpdata;
mod rtcdata;
mod selectdata;
mod serverstats;
mod smoothing;
mod sources;
mod sourcestats;
mod tracking;

/// A report: how it is asked for, what Python calls it, and what its records hold.
pub struct Report {
    pub query: Query,
    pub getter: Getter,
    /// The type of its records, with the module's name before it.
    pub type_name: &'static CStr,
    pub type_doc: &'static CStr,
    /// How many of its fields, the last ones, are attributes only and no items of the tuple.
    pub hidden: usize,
}

pub struct Getter {
    pub name: &'static CStr,
    /// The arguments of the function, as PyArg_ParseTupleAndKeywords has them.
    pub format: &'static CStr,
    pub function_doc: &'static CStr,
    pub method_doc: &'static CStr,
}

/// Every report, in the order in which the documentation names them.
pub static REPORTS: [&Report; 10] = [
    &tracking::REPORT,
    &sources::REPORT,
    &sourcestats::REPORT,
    &rtcdata::REPORT,
    &smoothing::REPORT,
    &activity::REPORT,
    &serverstats::REPORT,
    &ntpdata::REPORT,
    &authdata::REPORT,
    &selectdata::REPORT,
];

/// The largest number of 16 and 32 bits.
const U16: u64 = 0xffff;
const U32: u64 = 0xffff_ffff;
/// A count of 64 bits, or of 32 from older chronyds.
const U64: u64 = u64::MAX;
