//! pychrony: the way Python programs ask chronyd how good the system's clock is.
//!
//! The modules, each of which knows only those after it:
//!
//! - `python` – the CPython side: module, record types, exceptions, functions, connections, what asyncio drives;
//! - `machine` – this machine's clocks, read for those rules;
//! - `clock` – how wrong the clock may be: the rules, as arithmetic;
//! - `reports` – one table per report: our names, libchrony's names, ranges, docstrings, methods;
//! - `chrony` – libchrony as safe Rust: the library, addresses, sessions, records, whole reports, sharing, errors.

pub mod chrony;
pub mod clock;
pub mod machine;
pub mod reports;

// Left out of the test program, which therefore runs without a libpython.
#[cfg(not(test))]
mod python;
