//! One table per report: our field, libchrony's field, type, range, docstring. Data, no logic.

use std::ffi::CStr;

use crate::chrony::client::Query;
use crate::chrony::record::Field;

/// Text for C, put together at compile time.
macro_rules! text {
    ($($part:literal),+) => {
        match std::ffi::CStr::from_bytes_with_nul(concat!($($part,)+ "\0").as_bytes()) {
            Ok(text) => text,
            Err(_) => panic!("text with a NUL character"),
        }
    };
}

/// A row: our name, libchrony's name, type and range, unit, range in words, meaning; and its presence, if not every record
/// has the field.
macro_rules! field {
    ($name:literal, $source:literal, $kind:expr, $unit:tt, $range:tt, $doc:literal) => {
        field!($name, $source, $kind, $unit, $range, $doc, Always)
    };
    ($name:literal, $source:literal, $kind:expr, "", $range:tt, $doc:literal, $presence:ident) => {
        field!(@ $name, $source, $kind, "", $range, text!($doc, " [", $range, "; libchrony: ", $source, "]"), $presence)
    };
    ($name:literal, $source:literal, $kind:expr, $unit:tt, "", $doc:literal, $presence:ident) => {
        field!(@ $name, $source, $kind, $unit, "", text!($doc, " [", $unit, "; libchrony: ", $source, "]"), $presence)
    };
    ($name:literal, $source:literal, $kind:expr, $unit:tt, $range:tt, $doc:literal, $presence:ident) => {
        field!(@ $name, $source, $kind, $unit, $range,
               text!($doc, " [", $unit, ", ", $range, "; libchrony: ", $source, "]"), $presence)
    };
    (@ $name:literal, $source:literal, $kind:expr, $unit:tt, $range:tt, $doc:expr, $presence:ident) => {
        crate::chrony::record::Field {
            name: text!($name),
            source: text!($source),
            kind: $kind,
            presence: crate::chrony::record::Presence::$presence,
            unit: $unit,
            range: $range,
            doc: $doc,
        }
    };
}

/// A record type: its name and its docstring, which begins with its signature.
macro_rules! record_type {
    ($name:literal, $doc:literal) => {
        crate::reports::RecordType {
            name: text!("pychrony.", $name),
            summary: text!($doc),
            doc: text!(
                $name,
                "(sequence=None, dict=None, /, **fields)\n--\n\n",
                $doc,
                "\n\nMade by pychrony. Python code can make one by keyword, with all the fields in _fields, or from a sequence of their values."
            ),
        }
    };
}

/// A question that a record answers with a bool: its name, the fields it looks at, the answer, what its docstring says.
macro_rules! predicate {
    ($name:literal, $reads:expr, $test:expr, $doc:literal) => {
        crate::reports::Predicate {
            name: text!($name),
            reads: $reads,
            parameter: None,
            test: $test,
            doc: text!($name, "($self, /)\n--\n\n", $doc),
        }
    };
    ($name:literal, ($parameter:literal = $default:literal), $reads:expr, $test:expr, $doc:literal) => {
        crate::reports::Predicate {
            name: text!($name),
            reads: $reads,
            parameter: Some((text!($parameter), $default)),
            test: $test,
            doc: text!($name, "($self, /, ", $parameter, "=", $default, ")\n--\n\n", $doc),
        }
    };
}

/// The function and the method that ask for a report: their name, what they return, what their docstrings say.
macro_rules! getter {
    ($name:literal, $result:literal, $doc:literal) => {
        crate::reports::Getter {
            name: text!($name),
            function_doc: text!(
                $name,
                "($module, /, address=None, *, timeout=3.0)\n--\n\n",
                $doc,
                "\n\nReturns ",
                $result,
                ". A session is opened for the call and closed after it.\n\n",
                "address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).\n",
                "    None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of\n",
                "    /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.\n",
                "    An address that is given is the only one tried.\n",
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
                ". Raises what pychrony.",
                $name,
                "() raises, and RuntimeError if the connection is not open."
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
    pub record: RecordType,
    /// How many of its fields, the last ones, are attributes only and no items of the tuple.
    pub hidden: usize,
    pub predicates: &'static [Predicate],
}

impl Report {
    /// The fields that are items of the tuple.
    pub fn items(&self) -> &'static [Field] {
        let fields = self.query.fields;
        &fields[..fields.len() - self.hidden]
    }
}

/// The function and the method that ask for it.
pub struct Getter {
    pub name: &'static CStr,
    pub function_doc: &'static CStr,
    pub method_doc: &'static CStr,
}

/// The type of its records.
pub struct RecordType {
    /// With the module's name before it.
    pub name: &'static CStr,
    pub summary: &'static CStr,
    /// The summary with what Python adds: the signature, and how to make one.
    pub doc: &'static CStr,
}

/// A method of a record type that answers with a bool.
pub struct Predicate {
    pub name: &'static CStr,
    /// The fields it looks at.
    pub reads: &'static [&'static CStr],
    /// The name of a parameter that is an integer, and its default.
    pub parameter: Option<(&'static CStr, i64)>,
    /// The answer, from the values of the fields and of the parameter. None counts as 0, and text as 1.
    pub test: fn(&[i64]) -> bool,
    pub doc: &'static CStr,
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

/// An array of what a function makes for each report's number, which it gets as a constant: C functions carry no data, and
/// know their report in this way.
#[cfg(not(test))]
macro_rules! each_report {
    ($make:ident) => {
        [
            $make::<0>(),
            $make::<1>(),
            $make::<2>(),
            $make::<3>(),
            $make::<4>(),
            $make::<5>(),
            $make::<6>(),
            $make::<7>(),
            $make::<8>(),
            $make::<9>(),
        ]
    };
}
#[cfg(not(test))]
pub(crate) use each_report;

/// The largest numbers of 16 and of 32 bits.
const U16: u64 = 0xffff;
const U32: u64 = 0xffff_ffff;
/// A count of 64 bits, or of 32 from older chronyds.
const U64: u64 = u64::MAX;
