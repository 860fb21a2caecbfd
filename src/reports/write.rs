//! Writes what others read of the tables: `PYCHRONY_WRITE=1 cargo test write`. Without the variable the same tests hold what
//! is checked in.
//!
//! - `header.rs` – include/pychrony_records.h and src/reports/layout.c, for C;
//! - `reports.rs` – src/pychrony/_reports.py, for Python code: it imports nothing;
//! - `stub.rs` – src/pychrony/__init__.pyi, for type checkers, from stub.pyi.in and the tables;
//! - `getters.rs` – src/pychrony/_getters.pyi, the types of what pychrony.aio makes for the reports;
//! - `factories.rs` – src/pychrony/testing/_fields.pyi, the fields that the factories of pychrony.testing take.

use std::ffi::CStr;
use std::path::Path;
use std::{env, fs};

mod factories;
mod getters;
mod header;
mod reports;
mod stub;

fn text(text: &CStr) -> &str {
    text.to_str().unwrap()
}

#[track_caller]
fn check(path: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if env::var_os("PYCHRONY_WRITE").is_some() {
        fs::write(&path, wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{} differs from the tables: run PYCHRONY_WRITE=1 cargo test write", path.display());
}

#[test]
fn the_header_for_c_is_what_the_tables_give() {
    check("include/pychrony_records.h", &header::header());
}

#[test]
fn the_compilers_assertions_are_what_the_tables_give() {
    check("src/reports/layout.c", &header::assertions());
}

#[test]
fn the_tables_for_python_are_what_the_tables_give() {
    check("src/pychrony/_reports.py", &reports::module());
}

#[test]
fn the_stub_is_what_the_tables_give() {
    check("src/pychrony/__init__.pyi", &stub::stub());
}

#[test]
fn the_types_for_asyncio_are_what_the_tables_give() {
    check("src/pychrony/_getters.pyi", &getters::stub());
}

#[test]
fn the_fields_of_the_factories_are_what_the_tables_give() {
    check("src/pychrony/testing/_fields.pyi", &factories::stub());
}
