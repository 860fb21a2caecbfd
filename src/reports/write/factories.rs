//! `testing/_fields.pyi`: the fields that the factories of pychrony.testing take.

use std::fmt::Write;

use super::stub::{type_name, type_of};
use super::text;
use crate::reports::Report;
use crate::reports::enums::ENUMERATIONS;

const HEAD: &str = r#""""The fields that the factories of pychrony.testing take. There is no such module at run time.

Written by src/reports/write from the tables; do not edit.
"""

from typing import TypedDict

from pychrony import (
"#;

pub fn stub(reports: &[&'static Report]) -> String {
    let mut out = HEAD.to_owned();
    let types = || reports.iter().map(|report| (type_name(report), report.query.fields));
    let used = ENUMERATIONS.iter().map(|enumeration| text(enumeration.name));
    let used = used.filter(|name| types().any(|(_, fields)| fields.iter().any(|field| type_of(field).contains(name))));
    used.for_each(|name| writeln!(out, "    {name},").unwrap());
    out += ")\n";
    for (name, fields) in types() {
        writeln!(out, "\nclass {name}Fields(TypedDict, total=False):").unwrap();
        fields.iter().for_each(|field| writeln!(out, "    {}: {}", text(field.name), type_of(field)).unwrap());
    }
    out
}
