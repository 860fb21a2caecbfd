//! pychrony: the way Python programs ask chronyd how good the system's clock is.
//!
//! This is the front door. The rooms behind it, each of which knows only those after it:
//!
//! - `python` – the CPython side: module, result types, exceptions, functions, connections;
//! - `reports` – one table per report: our names, libchrony's names, ranges, docstrings;
//! - `chrony` – libchrony as safe Rust: the library, addresses, sessions, records, errors.

pub mod chrony;
pub mod reports;

// Left out of the test program, which therefore runs without a libpython.
#[cfg(not(test))]
mod python;
