//! `__init__.pyi`: the types and docstrings of the module for type checkers and editors.
//!
//! What is not in the tables is in stub.pyi.in, without docstrings. Add a new function, class, method or property there as a
//! line that ends with a colon, below the line `@docstrings FILE@` that names the file of src/python with its docstring. Add a
//! method of all records between `@record@` and `@end@`.
//! tests/test_stub.py compares the docstrings with the module's.

use std::fmt::Write;
use std::path::Path;
use std::{fs, iter};

use super::text;
use crate::chrony::client::Shape;
use crate::chrony::record::{Enumeration, Field, Growth, Kind};
use crate::reports::enums::ENUMERATIONS;
use crate::reports::{Derived, Predicate, Report};

pub fn stub(reports: &[&'static Report]) -> String {
    let filled = fill(include_str!("stub.pyi.in"), reports);
    let (before, rest) = filled.split_once("@record@\n").unwrap();
    let (record, after) = rest.split_once("@end@\n").unwrap();
    let records: String = reports.iter().map(|report| of_report(record, report)).collect();
    let stub = format!("{before}{records}{after}");
    let names: String = public_names(&stub).map(|name| format!("    \"{name}\",\n")).collect();
    stub.replace("@names@", &names)
}

/// Fills in the getters and the enumerations, and the docstrings of what the template defines.
fn fill(template: &str, reports: &[&'static Report]) -> String {
    let mut out = String::new();
    let mut docstrings = Vec::new();
    for line in template.lines() {
        match line.trim() {
            "@enumerations@" => ENUMERATIONS.iter().for_each(|enumeration| out += &of_enumeration(enumeration)),
            "@functions@" => reports.iter().for_each(|report| out += &function(report)),
            "@methods@" => reports.iter().for_each(|report| out += &method(report)),
            trimmed => match trimmed.strip_prefix("@docstrings ") {
                Some(file) => docstrings = docstrings_of(file.trim_end_matches('@')),
                None => {
                    writeln!(out, "{line}").unwrap();
                    if let Some(name) = name_without_docstring(trimmed) {
                        let indent = line.len() - line.trim_start().len() + 4;
                        writeln!(out, "{}\n", docstring(find(&docstrings, name), indent)).unwrap();
                    }
                }
            },
        }
    }
    out
}

/// The name that a line of the template defines, if a docstring is to follow it.
fn name_without_docstring(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("def ").or(line.strip_prefix("class "))?;
    let (name, _) = rest.split_once(['(', ':'])?;
    let code = line.split("  #").next()?;
    (code.ends_with(':') && name != "$type" && name != "_Client").then_some(name)
}

/// What `from pychrony import *` takes: all that is defined at the left margin, and the path.
fn public_names(stub: &str) -> impl Iterator<Item = &str> {
    let defined = stub.lines().filter_map(|line| line.strip_prefix("def ").or(line.strip_prefix("class ")));
    let names = defined.filter_map(|rest| rest.split(['(', ':']).next()).filter(|name| !name.starts_with('_'));
    names.chain(iter::once("libchrony_path"))
}

fn docstring(text: &str, indent: usize) -> String {
    let text = text.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    let space = if text.ends_with('"') { " " } else { "" };
    let margin = " ".repeat(indent);
    let lines: Vec<_> = format!("\"\"\"{text}{space}\"\"\"")
        .lines()
        .map(|line| if line.is_empty() { String::new() } else { format!("{margin}{line}") })
        .collect();
    lines.join("\n")
}

/// A docstring without the signature that may stand before it.
fn without_signature(docstring: &str) -> &str {
    docstring.split_once("\n--\n\n").map_or(docstring, |(_, text)| text)
}

/// The texts for C in a file of src/python, in their order.
fn docstrings_of(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python").join(file);
    let source = fs::read_to_string(&path).unwrap();
    source.split("c\"").skip(1).map(literal).collect()
}

/// The text of a literal, of which the source begins after the quotation mark.
fn literal(source: &str) -> String {
    let mut text = String::new();
    let mut characters = source.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('x') => {
                    let digits: String = characters.by_ref().take(2).collect();
                    text.push(u8::from_str_radix(&digits, 16).unwrap().into());
                }
                Some('\n') => while characters.next_if(|next| next.is_whitespace()).is_some() {},
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

/// The docstring of a name: the text that begins with its signature, or else the one that follows its name.
fn find<'a>(texts: &'a [String], name: &str) -> &'a str {
    let with_signature = texts.iter().find(|text| text.starts_with(&format!("{name}(")) && text.contains("\n--\n\n"));
    let is_name = |text: &str| text.strip_prefix("pychrony.").unwrap_or(text) == name;
    let after_name = || texts.windows(2).find(|pair| is_name(&pair[0]) && pair[1].contains(' ')).map(|pair| &pair[1]);
    without_signature(with_signature.or_else(after_name).unwrap_or_else(|| panic!("no docstring of {name}")))
}

fn of_enumeration(enumeration: &Enumeration) -> String {
    let base = if enumeration.growth == Growth::Flags { "IntFlag" } else { "IntEnum" };
    let doc = docstring(text(enumeration.doc), 4);
    let mut out = format!("class {}({base}):\n{doc}\n\n", text(enumeration.name));
    for member in enumeration.members {
        writeln!(out, "    {} = {}", text(member.name), member.value).unwrap();
    }
    out + "\n"
}

pub fn type_name(report: &Report) -> &str {
    text(report.record.name).trim_start_matches("pychrony.")
}

pub fn type_of(field: &Field) -> String {
    let name = match &field.kind {
        Kind::Unsigned(_) | Kind::UnsignedOrNone | Kind::Age | Kind::Signed(..) | Kind::Nanoseconds => "int",
        Kind::Offset | Kind::Measure | Kind::Seconds => "float",
        Kind::Boolean => "bool",
        Kind::Enum(enumeration) => text(enumeration.name),
        Kind::Address | Kind::Source => "str",
    };
    if field.is_optional() { format!("{name} | None") } else { name.to_owned() }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn of_report(template: &str, report: &Report) -> String {
    let (items, fields) = (report.items(), report.query.fields);
    let keyword = |field: &Field, default| format!("{}: {}{default}", text(field.name), type_of(field));
    let hidden = fields[items.len()..].iter().map(|field| keyword(field, " = ..."));
    let star = (report.hidden > 0).then(|| "*".to_owned());
    let parameters = items.iter().map(|field| keyword(field, "")).chain(star).chain(hidden);
    let members = report.predicates.iter().map(predicate).chain(report.derived.iter().map(derived));
    let members = members.chain(fields.iter().map(property)).collect::<Vec<_>>().join("\n");
    template
        .replace("$type", type_name(report))
        .replace("$items", &joined(items.iter().map(type_of)))
        .replace("    $doc\n", &(docstring(without_signature(text(report.record.doc)), 4) + "\n"))
        .replace("$names", &joined(items.iter().map(|field| format!("\"{}\"", text(field.name)))))
        .replace("$parameters", &joined(parameters))
        .replace("$changes", &joined(fields.iter().map(|field| keyword(field, " = ..."))))
        .replace("    $members\n", &(members + "\n"))
}

fn predicate(predicate: &Predicate) -> String {
    let parameter =
        predicate.parameter.map_or(String::new(), |(name, default)| format!(", {}: int = {default}", text(name)));
    let doc = docstring(without_signature(text(predicate.doc)), 8);
    format!("    def {}(self{parameter}) -> bool:\n{doc}\n", text(predicate.name))
}

fn derived(derived: &Derived) -> String {
    let doc = docstring(text(derived.doc), 8);
    format!("    @property\n    def {}(self) -> float:\n{doc}\n", text(derived.name))
}

fn property(field: &Field) -> String {
    let doc = docstring(text(field.doc), 8);
    format!("    @property\n    def {}(self) -> {}:\n{doc}\n", text(field.name), type_of(field))
}

/// What a getter returns.
pub fn result(report: &Report) -> String {
    let name = type_name(report);
    match report.query.shape {
        Shape::One => name.to_owned(),
        Shape::OneIfEnabled => format!("{name} | None"),
        Shape::PerSource | Shape::PerAddress => format!("list[{name}]"),
    }
}

fn function(report: &Report) -> String {
    let (getter, result) = (&report.getter, result(report));
    let doc = docstring(without_signature(text(getter.function_doc)), 4);
    let parameters = "address: _Address = None, *, timeout: _Seconds = 3.0";
    format!("def {}({parameters}) -> {result}:\n{doc}\n\n", text(getter.name))
}

fn method(report: &Report) -> String {
    let (getter, result) = (&report.getter, result(report));
    let doc = docstring(without_signature(text(getter.method_doc)), 8);
    format!("    def {}(self) -> {result}:\n{doc}\n\n", text(getter.name))
}
