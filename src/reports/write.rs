//! Writes files from the tables: `PYCHRONY_WRITE=1 cargo test write`. Without the variable, the
//! same tests check that the files in the repository are up to date.
//!
//! - `header.rs` – include/pychrony_records.h and src/reports/layout.c, for C;
//! - `reports.rs` – src/pychrony/_reports.py, for Python code: it imports nothing;
//! - `stub.rs` – src/pychrony/__init__.pyi, for type checkers, from stub.pyi.in and the tables;
//! - `getters.rs` – src/pychrony/_getters.pyi, the types of what pychrony.aio makes for the reports;
//! - `factories.rs` – src/pychrony/testing/_fields.pyi, the fields that the factories of pychrony.testing take.

use std::ffi::CStr;
use std::path::Path;
use std::{env, fs};

use super::{REPORTS, Report};

mod factories;
mod getters;
mod header;
mod made_up;
mod reports;
mod stub;

fn text(text: &CStr) -> &str {
    text.to_str().unwrap()
}

/// Makes a file from the reports.
type Writer = fn(&[&'static Report]) -> String;

const FILES: [(&str, Writer); 6] = [
    ("include/pychrony_records.h", header::header),
    ("src/reports/layout.c", header::assertions),
    ("src/pychrony/_reports.py", reports::module),
    ("src/pychrony/__init__.pyi", stub::stub),
    ("src/pychrony/_getters.pyi", getters::stub),
    ("src/pychrony/testing/_fields.pyi", factories::stub),
];

#[test]
fn what_is_checked_in_is_what_the_tables_give() {
    let mut differing = Vec::new();
    for (file, write) in FILES {
        let (path, wanted) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(file), write(&REPORTS));
        if env::var_os("PYCHRONY_WRITE").is_some() {
            fs::write(&path, &wanted).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != wanted {
            differing.push(file);
        }
    }
    assert!(differing.is_empty(), "{differing:?} differ from the tables: run PYCHRONY_WRITE=1 cargo test write");
}

#[test]
fn a_further_report_is_one_table_more() {
    let reports: Vec<_> = REPORTS.into_iter().chain([&made_up::REPORT]).collect();
    let expected = [
        "\tLIST(GetHoldover, PyChrony_Holdover)\n",
        "AT(PyChrony_Holdover, drift, 72, 8);",
        "\"none_if\": [{\"samples\": 0}], \"placeholder\": 2.5, \"heading\": \"Drift\"}",
        "def get_holdover(address: _Address = None, *, timeout: _Seconds = 3.0) -> list[Holdover]:\n    \"\"\"Ask chronyd how",
        "    async def get_holdover(self) -> list[Holdover]: ...\n",
        "class HoldoverFields(TypedDict, total=False):\n    address: str\n    samples: int\n    drift: float | None\n",
    ];
    for ((file, write), expected) in FILES.into_iter().zip(expected) {
        let (before, after) = (write(&REPORTS), write(&reports));
        assert!(after.contains(expected), "{file}");
        // Nothing else changes: what was there is still there, line by line.
        let mut lines = after.lines();
        assert!(
            before.lines().all(|line| lines.any(|other| other.trim_end_matches(" \\") == line.trim_end_matches(" \\")))
        );
    }
}
