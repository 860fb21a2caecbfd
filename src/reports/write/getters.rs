//! `_getters.pyi`: the types of the coroutines that aio.py makes for the reports.

use std::fmt::Write;

use super::stub::{result, type_name};
use super::text;
use crate::reports::Report;

const HEAD: &str = r#""""The types of the functions and methods that pychrony.aio makes for the reports. There is no such module at run time.

Written by src/reports/write from the tables; do not edit.
"""

from os import PathLike

"#;

pub fn stub(reports: &[&'static Report]) -> String {
    let getters = || reports.iter().map(|report| (text(report.getter.name), result(report)));
    let mut out = HEAD.to_owned();
    out += "from pychrony import (\n";
    reports.iter().for_each(|report| writeln!(out, "    {},", type_name(report)).unwrap());
    out += ")\n\n__all__ = [\n";
    getters().for_each(|(name, _)| writeln!(out, "    \"{name}\",").unwrap());
    out += "]\n\nclass Getters:\n";
    for (name, result) in getters() {
        writeln!(out, "    async def {name}(self) -> {result}: ...").unwrap();
    }
    out.push('\n');
    for (name, result) in getters() {
        let parameters = "address: str | PathLike[str] | None = None, *, timeout: float | None = 3.0";
        writeln!(out, "async def {name}({parameters}) -> {result}: ...").unwrap();
    }
    out
}
