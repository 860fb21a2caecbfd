//! The CPython side: raw C API, kept behind a few small wrappers. It knows the tables, not the protocol.
//!
//! Each file knows only those above it in this list.

pub mod object;
// Both are set for the free-threaded stable ABI only: before 3.15, a free-threaded CPython has no limited API.
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
#[path = "abi3.rs"]
mod abi;
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
#[path = "abi3t.rs"]
mod abi;
mod arguments;
mod capi;
mod connection;
mod conversation;
mod enums;
mod exceptions;
mod functions;
#[cfg(not(all(Py_LIMITED_API, Py_GIL_DISABLED)))]
#[path = "init_abi3.rs"]
mod init;
#[cfg(all(Py_LIMITED_API, Py_GIL_DISABLED))]
#[path = "init_abi3t.rs"]
mod init;
mod instance;
mod method;
mod module;
mod state;
mod structseq;
mod tables;
