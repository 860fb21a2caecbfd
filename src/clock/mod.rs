//! How wrong the clock may be: numbers in, numbers out. No I/O and no Python in here.
//!
//! A file knows only those above its own.

pub mod reports;

pub mod bound;

pub mod interval;

pub mod latch;

pub mod guards;

#[cfg(test)]
mod world;

#[cfg(test)]
mod world_tests;
