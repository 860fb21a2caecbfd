//! The CPython side: the raw C API, kept behind a few small wrappers. It knows the tables, not the protocol.
//!
//! A file knows only those of the groups above its own.

pub mod object;

// Both are set for the free-threaded stable ABI only: before 3.15, a free-threaded CPython has no limited API.
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
#[path = "abi3.rs"]
mod abi;
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
#[path = "abi3t.rs"]
mod abi;

mod method;
mod sequence;
mod state;

mod arguments;
mod enums;
mod fields;
mod instance;

mod exceptions;
mod structseq;

mod clock_reports;
mod time_interval;

mod error_bound;

mod functions;

mod async_client;
mod capi;
mod connection;

mod interval_clock;

mod module;

#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
#[path = "init_abi3.rs"]
mod init;
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
#[path = "init_abi3t.rs"]
mod init;
