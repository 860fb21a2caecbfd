//! The reports: a file for each, with its fields, types, ranges, units, docstrings, chronyc's headings, getter and predicates.
//! Data, no logic.
//!
//! `write.rs` writes the header for C, the stubs and the tables for Python code from them.

use std::ffi::CStr;

use crate::chrony::client::Query;
use crate::chrony::record::Field;

#[macro_use]
pub mod table;

pub mod enums;
pub mod layout;
#[cfg(test)]
mod write;

/// The reports, in the order in which the documentation names them: each is a file of this name.
macro_rules! reports {
    ($dollar:tt $($report:ident)+) => {
        $(mod $report;)+

        pub static REPORTS: [&Report; [$(stringify!($report)),+].len()] = [$(&$report::REPORT),+];

        /// A report's place among them.
        #[cfg(not(test))]
        #[allow(non_camel_case_types)]
        pub enum Place { $($report),+ }

        /// An array of what a function makes for each report's number, which it gets as a constant: C functions carry no
        /// data, and know their report in this way.
        #[cfg(not(test))]
        macro_rules! each_report {
            ($dollar make:ident) => {
                [$($dollar make::<{ $crate::reports::Place::$report as usize }>()),+]
            };
        }
        #[cfg(not(test))]
        pub(crate) use each_report;
    };
}

reports!($ tracking sources sourcestats rtcdata smoothing activity serverstats ntpdata authdata selectdata);

/// A report: its request, its names in Python, and the fields of its records.
pub struct Report {
    pub query: Query,
    pub getter: Getter,
    pub record: RecordType,
    /// What it is about, to follow "Ask chronyd".
    pub about: &'static str,
    /// Whether chronyd serves it on the command port by default.
    #[cfg(test)]
    pub on_command_port: bool,
    /// chronyc's headings in chronyc's order, where `REST` stands for the others in the order of the fields.
    #[cfg(test)]
    pub columns: &'static [&'static str],
    /// How many of its fields, the last ones, are attributes only and no items of the tuple.
    pub hidden: usize,
    pub predicates: &'static [Predicate],
    /// What follows from its fields: properties of its records.
    pub derived: &'static [Derived],
}

impl Report {
    /// The fields that are items of the tuple.
    pub fn items(&self) -> &'static [Field] {
        let fields = self.query.fields;
        &fields[..fields.len() - self.hidden]
    }
}

#[cfg(test)]
pub const REST: &str = "...";

/// For the module's docstring: the functions that get the reports, a line for each: its name, and what the report is about.
#[cfg(not(test))]
pub const GETTER_LINES: &str = joined!(getter_lines());

#[cfg(not(test))]
const fn getter_lines() -> [&'static str; 5 * REPORTS.len()] {
    const WIDTH: &[u8] = b"                    ";
    let mut parts = [""; 5 * REPORTS.len()];
    let mut index = 0;
    while index < REPORTS.len() {
        let name = REPORTS[index].getter.name.to_bytes();
        let line = [utf8(name), "()", utf8(WIDTH.split_at(name.len()).1), REPORTS[index].about, "\n"];
        let mut part = 0;
        while part < line.len() {
            parts[5 * index + part] = line[part];
            part += 1;
        }
        index += 1;
    }
    parts
}

#[cfg(not(test))]
const fn utf8(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a name that is not UTF-8"),
    }
}

/// The function and the method that get it.
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
    /// The summary with how to make one.
    pub doc: &'static CStr,
}

/// A method of a record type that returns a bool.
pub struct Predicate {
    pub name: &'static CStr,
    /// The fields it reads.
    pub reads: &'static [&'static CStr],
    /// The name of a parameter that is an integer, and its default.
    pub parameter: Option<(&'static CStr, i64)>,
    /// The result, from the values of the fields and of the parameter. None counts as 0, and text as 1.
    pub test: fn(&[i64]) -> bool,
    pub doc: &'static CStr,
}

/// A property of a record type, computed from its fields; None if one of them is.
pub struct Derived {
    pub name: &'static CStr,
    pub unit: &'static str,
    /// The fields it is computed from, all of them numbers.
    pub reads: &'static [&'static CStr],
    pub compute: fn(&[f64]) -> f64,
    pub meaning: &'static str,
    pub doc: &'static CStr,
}

/// "never" in a count of seconds.
const NEVER: f64 = 0xffff_ffff_u32 as f64;

/// The largest numbers of 16 and of 32 bits.
const U16: u64 = 0xffff;
const U32: u64 = 0xffff_ffff;
/// A count of 64 bits, or of 32 from older chronyds.
const U64: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chrony::client::Shape;
    use crate::chrony::is_by_address;

    #[test]
    fn reports_that_libchrony_asks_for_by_address_take_the_lock() {
        let queries = REPORTS.iter().map(|report| &report.query);
        let by_address: Vec<_> = queries.filter(|query| query.shape == Shape::PerAddress).collect();
        assert!(!by_address.is_empty());
        assert!(by_address.iter().all(|query| is_by_address(query.report)));
        assert!(is_by_address(c"a report of a later libchrony"));
        assert!(!is_by_address(c"sourcestats"));
    }
}
