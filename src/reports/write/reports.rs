//! `_reports.py`: the tables as plain data for Python code.

use std::ffi::CStr;
use std::fmt::Write;

use super::text;
use crate::chrony::client::Shape;
use crate::chrony::record::{Condition, Enumeration, Field, Growth, Kind, Member, Presence};
use crate::reports::enums::ENUMERATIONS;
use crate::reports::{Derived, REST, Report};

const HEAD: &str = r#""""What is known of each report and each enumeration, as plain data. It imports nothing, libchrony included.

Written by src/reports/write from the tables beside it; do not edit.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Optional, TypedDict

    class Field(TypedDict):
        """A field of a record. doc is what it means; its docstring adds unit, range and source."""

        name: str
        source: str  # libchrony's name
        kind: str
        unit: str
        range: str
        doc: str
        minimum: Optional[int]
        maximum: Optional[int]
        enum: Optional[str]  # the name of the enumeration
        optional: bool  # it may be None
        item: bool  # an item of the tuple, and not only an attribute
        none_if: list[dict[str, Optional[int]]]  # it is None if the fields of one of these have these values
        placeholder: Optional[float]  # what chronyd sends then
        heading: str  # chronyc's; empty where chronyc does not print it

    class Derived(TypedDict):
        """A property that follows from the fields: a float, or None if one of them is."""

        name: str
        unit: str
        doc: str

    class Report(TypedDict):
        """A report. columns are chronyc's headings in chronyc's order; about follows "Ask chronyd"."""

        getter: str
        type: str
        shape: Literal["one", "one if enabled", "per source", "per address"]
        on_command_port: bool  # chronyd serves it there by default
        about: str
        doc: str
        methods: list[str]
        derived: list[Derived]
        columns: list[str]
        fields: list[Field]

    class Member(TypedDict):
        """A member. symbol is the character or word that chronyc prints for it, letter its character if it has one."""

        name: str
        value: int
        symbol: Optional[str]
        letter: Optional[str]
        doc: str

    class Enumeration(TypedDict):
        doc: str
        kind: Literal["closed", "open", "flags"]
        members: list[Member]


"#;

pub fn module(reports: &[&'static Report]) -> String {
    let mut out = HEAD.to_owned();
    out += "# By libchrony's name of the report.\nREPORTS: \"dict[str, Report]\" = {\n";
    reports.iter().for_each(|report| of_report(&mut out, report));
    out += "}\n\n# By the name of the class.\nENUMERATIONS: \"dict[str, Enumeration]\" = {\n";
    ENUMERATIONS.iter().for_each(|enumeration| of_enumeration(&mut out, enumeration));
    out + "}\n"
}

/// Text as Python writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or("None".to_owned(), |value| value.to_string())
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", texts.map(quoted).collect::<Vec<_>>().join(", "))
}

fn boolean(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn of_report(out: &mut String, report: &Report) {
    let shape = match report.query.shape {
        Shape::One => "one",
        Shape::OneIfEnabled => "one if enabled",
        Shape::PerSource => "per source",
        Shape::PerAddress => "per address",
    };
    let lines = [
        ("getter", quoted(text(report.getter.name))),
        ("type", quoted(text(report.record.name).trim_start_matches("pychrony."))),
        ("shape", quoted(shape)),
        ("on_command_port", boolean(report.on_command_port).to_owned()),
        ("about", quoted(report.about)),
        ("doc", quoted(text(report.record.summary))),
        ("methods", list(report.predicates.iter().map(|predicate| text(predicate.name)))),
        ("derived", format!("[{}]", report.derived.iter().map(of_derived).collect::<Vec<_>>().join(", "))),
        ("columns", list(columns(report).into_iter())),
    ];
    writeln!(out, "    {}: {{", quoted(text(report.query.report))).unwrap();
    for (key, value) in lines {
        writeln!(out, "        \"{key}\": {value},").unwrap();
    }
    out.push_str("        \"fields\": [\n");
    for (index, field) in report.query.fields.iter().enumerate() {
        of_field(out, report, field, index < report.items().len());
    }
    out.push_str("        ],\n    },\n");
}

fn of_derived(derived: &Derived) -> String {
    dictionary(&[
        ("name", quoted(text(derived.name))),
        ("unit", quoted(derived.unit)),
        ("doc", quoted(derived.meaning)),
    ])
}

/// chronyc's headings in chronyc's order, each once.
fn columns(report: &Report) -> Vec<&str> {
    let mut headings: Vec<_> = Vec::new();
    for field in report.query.fields {
        if !field.heading.is_empty() && !headings.contains(&field.heading) {
            headings.push(field.heading);
        }
    }
    let unknown = report.columns.iter().find(|name| **name != REST && !headings.contains(name));
    assert_eq!(unknown, None, "{:?}", report.query.report);
    let rest: Vec<_> = headings.into_iter().filter(|name| !report.columns.contains(name)).collect();
    report.columns.iter().flat_map(|name| if *name == REST { rest.clone() } else { vec![*name] }).collect()
}

fn of_field(out: &mut String, report: &Report, field: &Field, is_item: bool) {
    let (kind, minimum, maximum): (_, Option<i64>, Option<u64>) = match field.kind {
        Kind::Unsigned(most) => ("unsigned", Some(0), Some(most)),
        Kind::UnsignedOrNone => ("unsigned", Some(0), Some(u64::from(u32::MAX) - 1)),
        Kind::Age => ("signed", Some(i32::MIN.into()), Some(i32::MAX as u64)),
        Kind::Signed(least, most) => ("signed", Some(least), Some(most as u64)),
        Kind::Offset => ("offset", None, None),
        Kind::Measure => ("measure", Some(0), None),
        Kind::Seconds => ("seconds", Some(0), None),
        Kind::Nanoseconds => ("nanoseconds", Some(0), Some(i64::MAX as u64)),
        Kind::Boolean => ("boolean", None, None),
        Kind::Enum(_) => ("enum", None, None),
        Kind::Address => ("address", None, None),
        Kind::Source => ("source", None, None),
    };
    let enumeration = match field.kind {
        Kind::Enum(enumeration) => Some(quoted(text(enumeration.name))),
        _ => None,
    };
    let (conditions, placeholder) = match field.presence {
        Presence::Unless(condition, placeholder) => (none_if(report, condition), Some(placeholder)),
        _ => ("[]".to_owned(), None),
    };
    let pairs = [
        ("name", quoted(text(field.name))),
        ("source", quoted(text(field.source))),
        ("kind", quoted(kind)),
        ("unit", quoted(field.unit)),
        ("range", quoted(field.range)),
        ("doc", quoted(field.meaning)),
        ("minimum", optional(minimum)),
        ("maximum", optional(maximum)),
        ("enum", optional(enumeration)),
        ("optional", boolean(field.is_optional()).to_owned()),
        ("item", boolean(is_item).to_owned()),
        ("none_if", conditions),
        ("placeholder", optional(placeholder)),
        ("heading", quoted(field.heading)),
    ];
    writeln!(out, "            {},", dictionary(&pairs)).unwrap();
}

/// A condition, by Python's names and values.
fn none_if(report: &Report, condition: &Condition) -> String {
    let pair = |&(source, value): &(&CStr, f64)| {
        let field = report.query.fields.iter().find(|field| field.source == source).unwrap();
        let is_never = field.is_optional() && value == f64::from(u32::MAX);
        let is_none = is_never || matches!(field.presence, Presence::Unless(..));
        format!("{}: {}", quoted(text(field.name)), if is_none { "None".to_owned() } else { value.to_string() })
    };
    let any =
        condition.any.iter().map(|fields| format!("{{{}}}", fields.iter().map(pair).collect::<Vec<_>>().join(", ")));
    format!("[{}]", any.collect::<Vec<_>>().join(", "))
}

fn of_enumeration(out: &mut String, enumeration: &Enumeration) {
    let kind = match enumeration.growth {
        Growth::Closed => "closed",
        Growth::Open => "open",
        Growth::Flags => "flags",
    };
    writeln!(out, "    {}: {{", quoted(text(enumeration.name))).unwrap();
    writeln!(out, "        \"doc\": {},\n        \"kind\": \"{kind}\",", quoted(text(enumeration.doc))).unwrap();
    out.push_str("        \"members\": [\n");
    for member in enumeration.members {
        writeln!(out, "            {},", of_member(member)).unwrap();
    }
    out.push_str("        ],\n    },\n");
}

fn of_member(member: &Member) -> String {
    let symbol = member.symbol.map(text);
    let letter = member.letter.map(text).or(symbol.filter(|symbol| symbol.len() == 1));
    dictionary(&[
        ("name", quoted(text(member.name))),
        ("value", member.value.to_string()),
        ("symbol", optional(symbol.map(quoted))),
        ("letter", optional(letter.map(quoted))),
        ("doc", quoted(text(member.doc))),
    ])
}

fn dictionary(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
    format!("{{{}}}", pairs.join(", "))
}
