//! How a report's record lies in memory for C: a struct with a member for each field, in the table's order.
//!
//! Numbers take 8 bytes, text takes 64: so no member needs padding, and offsets are sums. write/header.rs writes
//! the header that C programs read, and the assertions with which the compiler checks the header against these rules.

use std::ffi::CStr;

use super::Report;
use crate::chrony::record::Kind;

/// The bytes of a text with its NUL: an IPv6 address has 46 at most.
pub const TEXT: usize = 64;
const NUMBER: usize = 8;

/// `PYCHRONY_NONE` and `PYCHRONY_NEVER`: an unsigned number, and one that may be below 0, without a value.
pub const NONE: u64 = u64::MAX;
pub const NEVER: i64 = i64::MAX;

/// What stands for a number without a value.
pub fn no_number(kind: &Kind) -> [u8; NUMBER] {
    match kind {
        Kind::Age | Kind::Signed(..) | Kind::Nanoseconds => NEVER.to_ne_bytes(),
        Kind::Offset | Kind::Measure | Kind::Seconds => f64::NAN.to_ne_bytes(),
        _ => NONE.to_ne_bytes(),
    }
}

/// The bytes a field takes.
pub const fn size_of_field(kind: &Kind) -> usize {
    match kind {
        Kind::Address | Kind::Source => TEXT,
        _ => NUMBER,
    }
}

/// Where a field lies in its record.
pub fn offset_of_field(report: &Report, name: &CStr) -> usize {
    report.query.fields.iter().take_while(|field| field.name != name).map(|field| size_of_field(&field.kind)).sum()
}

/// The bytes a record takes.
pub const fn size_of_record(report: &Report) -> usize {
    let mut size = 0;
    let mut index = 0;
    while index < report.query.fields.len() {
        size += size_of_field(&report.query.fields[index].kind);
        index += 1;
    }
    size
}
