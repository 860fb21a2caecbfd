//! _tables(): what the reports' tables say, as plain data for the package's own Python code, its tools and its tests.

use std::ffi::CStr;

use pyo3_ffi as ffi;

use super::method::Method;
use super::object::{Owned, Result, boolean, dictionary, entry, list, none, signed, string, unsigned};
use crate::chrony::client::Shape;
use crate::chrony::record::{Enumeration, Field, Growth, Kind};
use crate::reports::enums::ENUMERATIONS;
use crate::reports::{REPORTS, Report};

type Object = *mut ffi::PyObject;

pub static METHOD: Method = Method::without_arguments(
    c"_tables",
    tables,
    c"_tables($module, /)\n--\n\nWhat is known about the reports and the enumerations, as dictionaries and lists.",
);

unsafe extern "C" fn tables(_: Object, _: Object) -> Object {
    entry(|| {
        dictionary(
            [
                (c"reports", list(REPORTS.iter().map(|report| of_report(report)))),
                (c"enumerations", list(ENUMERATIONS.iter().map(|table| of_enumeration(table)))),
            ]
            .into_iter(),
        )
    })
}

fn text(text: &CStr) -> Result<Owned> {
    string(&text.to_string_lossy())
}

fn of_report(report: &'static Report) -> Result<Owned> {
    let shape = match report.query.shape {
        Shape::One => "one",
        Shape::OneIfEnabled => "one if enabled",
        Shape::PerSource => "per source",
        Shape::PerAddress => "per address",
    };
    let items = report.items().len();
    let fields = report.query.fields.iter().enumerate();
    dictionary(
        [
            (c"name", text(report.query.report)),
            (c"getter", text(report.getter.name)),
            (c"type", string(report.record.name.to_string_lossy().trim_start_matches("pychrony."))),
            (c"doc", text(report.record.summary)),
            (c"shape", string(shape)),
            (c"fields", list(fields.map(|(index, field)| of_field(field, index < items)))),
            (
                c"derived",
                list(report.derived.iter().map(|derived| {
                    let entries =
                        [(c"name", text(derived.name)), (c"unit", string(derived.unit)), (c"doc", text(derived.doc))];
                    dictionary(entries.into_iter())
                })),
            ),
            (c"methods", list(report.predicates.iter().map(|predicate| text(predicate.name)))),
        ]
        .into_iter(),
    )
}

fn of_field(field: &'static Field, is_item: bool) -> Result<Owned> {
    let (kind, minimum, maximum): (_, Option<Result<Owned>>, Option<Result<Owned>>) = match field.kind {
        Kind::Unsigned(most) => ("unsigned", Some(unsigned(0)), Some(unsigned(most))),
        Kind::UnsignedOrNone => ("unsigned", Some(unsigned(0)), Some(unsigned(u64::from(u32::MAX) - 1))),
        Kind::Age => ("signed", Some(signed(i32::MIN.into())), Some(signed(i32::MAX.into()))),
        Kind::Signed(least, most) => ("signed", Some(signed(least)), Some(signed(most))),
        Kind::Offset => ("offset", None, None),
        Kind::Measure => ("measure", Some(unsigned(0)), None),
        Kind::Seconds => ("seconds", Some(unsigned(0)), None),
        Kind::Nanoseconds => ("nanoseconds", Some(unsigned(0)), Some(signed(i64::MAX))),
        Kind::Boolean => ("boolean", None, None),
        Kind::Enum(_) => ("enum", None, None),
        Kind::Address => ("address", None, None),
        Kind::Source => ("source", None, None),
    };
    let enumeration = match field.kind {
        Kind::Enum(table) => text(table.name),
        _ => Ok(none()),
    };
    dictionary(
        [
            (c"name", text(field.name)),
            (c"source", text(field.source)),
            (c"kind", string(kind)),
            (c"minimum", minimum.unwrap_or_else(|| Ok(none()))),
            (c"maximum", maximum.unwrap_or_else(|| Ok(none()))),
            (c"enum", enumeration),
            (c"optional", Ok(boolean(field.is_optional()))),
            (c"item", Ok(boolean(is_item))),
            (c"unit", string(field.unit)),
            (c"range", string(field.range)),
            (c"doc", text(field.doc)),
        ]
        .into_iter(),
    )
}

fn of_enumeration(table: &'static Enumeration) -> Result<Owned> {
    let kind = match table.growth {
        Growth::Closed => "closed",
        Growth::Open => "open",
        Growth::Flags => "flags",
    };
    let members = table.members.iter().map(|member| {
        dictionary(
            [
                (c"name", text(member.name)),
                (c"value", unsigned(member.value.into())),
                (c"symbol", member.symbol.map_or_else(|| Ok(none()), text)),
                (c"doc", text(member.doc)),
            ]
            .into_iter(),
        )
    });
    dictionary(
        [(c"name", text(table.name)), (c"doc", text(table.doc)), (c"kind", string(kind)), (c"members", list(members))]
            .into_iter(),
    )
}
