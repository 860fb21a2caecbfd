//! libchrony as safe Rust. No Python in here.

pub mod address;
pub mod client;
pub mod error;
pub mod library;
pub mod record;
pub mod session;
