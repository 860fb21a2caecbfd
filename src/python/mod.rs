//! The CPython side: raw C API, kept behind a few small wrappers. It knows the tables, not the protocol.

mod capi;
mod connection;
mod enums;
mod errors;
mod functions;
mod methods;
mod module;
mod object;
mod structseq;
