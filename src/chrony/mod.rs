//! libchrony as safe Rust. No Python in here.
//!
//! A file knows only those of the groups above its own.

pub mod address;
pub mod environment;
pub mod fork;
mod lock;

pub mod error;
mod raw;
#[cfg(test)]
pub use raw::is_by_address;

pub mod library;
pub mod record;
pub mod wait;

mod session;
pub mod shared;

pub mod client;
