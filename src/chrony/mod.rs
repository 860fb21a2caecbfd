//! libchrony as safe Rust. No Python in here.

pub mod address;
pub mod client;
pub mod environment;
pub mod error;
mod fork;
pub mod library;
mod raw;
pub mod record;
mod session;
pub mod shared;
pub mod wait;
