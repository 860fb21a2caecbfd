//! The CPython side: raw C API, kept behind a few small wrappers. It knows the tables, not the protocol.

// Both are set for the free-threaded stable ABI only: before 3.15, a free-threaded CPython has no limited API.
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
#[path = "abi3.rs"]
mod abi;
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
#[path = "abi3t.rs"]
mod abi;
mod capi;
mod connection;
mod enums;
mod errors;
mod functions;
mod methods;
mod module;
mod object;
mod structseq;
