//! The records and functions for C, and the assertions with which the compiler checks how they lie in memory.

use std::fmt::Write;

use super::text;
use crate::chrony::client::Shape;
use crate::chrony::record::{Enumeration, Field, Kind};
use crate::reports::Report;
use crate::reports::enums::ENUMERATIONS;
use crate::reports::layout::{TEXT, size_of_field, size_of_record};

/// The name of a report's struct.
fn name(report: &Report) -> &str {
    let class = text(report.record.name).strip_prefix("pychrony.").unwrap();
    class.strip_suffix("Status").unwrap_or(class)
}

/// `get_source_stats` as C calls it: `GetSourceStats`.
fn function(report: &Report) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    text(report.getter.name).split('_').map(capital).collect()
}

fn c_type(kind: &Kind) -> &'static str {
    match kind {
        Kind::Unsigned(_) | Kind::UnsignedOrNone | Kind::Boolean | Kind::Enum(_) => "uint64_t",
        Kind::Age | Kind::Signed(..) | Kind::Nanoseconds => "int64_t",
        Kind::Offset | Kind::Measure | Kind::Seconds => "double",
        Kind::Address | Kind::Source => "char",
    }
}

fn member(field: &Field) -> String {
    let length = if size_of_field(&field.kind) == TEXT { format!("[{TEXT}]") } else { String::new() };
    format!("\t{} {}{length};\n", c_type(&field.kind), text(field.name))
}

fn constants(enumeration: &Enumeration) -> String {
    let class = text(enumeration.name);
    let mut out = format!("/* {} */\nenum {{\n", text(enumeration.doc));
    for member in enumeration.members {
        writeln!(out, "\tPYCHRONY_{class}_{} = {},", text(member.name), member.value).unwrap();
    }
    out.truncate(out.len() - 2); // C89 had no comma before the brace, and old compilers still complain
    out + "\n};\n\n"
}

pub fn header(reports: &[&'static Report]) -> String {
    let mut out = String::from(
        "/*\n * The records of chronyd's reports, for C: included by pychrony.h.\n *\n\
         \x20* Written by src/reports/write from the tables beside it; do not edit.\n *\n\
         \x20* Units, signs and ranges are as in Python. Where Python has None, a double is NaN, an int64_t PYCHRONY_NEVER, a\n\
         \x20* uint64_t PYCHRONY_NONE, and text \"\". Enumerations are numbers, named below; a later pychrony may name more.\n\
         \x20*/\n\n\
         #ifndef PYCHRONY_RECORDS_H\n#define PYCHRONY_RECORDS_H\n\n#include <stdint.h>\n\n\
         /* No value: what chronyd has not measured, a time that is \"never\", or a field that this chronyd does not send. */\n\
         #define PYCHRONY_NONE UINT64_MAX\n\
         #define PYCHRONY_NEVER INT64_MAX\n\
         /* Whether a double has no value, without <math.h>. */\n\
         #define PYCHRONY_IS_NAN(number) ((number) != (number))\n\n",
    );
    ENUMERATIONS.iter().for_each(|enumeration| out += &constants(enumeration));
    for report in reports {
        writeln!(
            out,
            "/* {} */\ntypedef struct {{",
            text(report.record.summary).replace('\n', "\n * ").replace("* \n", "*\n")
        )
        .unwrap();
        for field in report.query.fields {
            writeln!(out, "\t/* {} */", text(field.doc)).unwrap();
            out += &member(field);
        }
        writeln!(out, "}} PyChrony_{};\n", name(report)).unwrap();
    }
    out += "/*\n * The functions, in the order of the table of pychrony.h, which expands this with a macro for each shape.\n *\n\
            \x20* ONE and IF_ENABLED fill one record, LIST allocates them.\n */\n#define PYCHRONY_FUNCTIONS(ONE, IF_ENABLED, LIST)";
    for report in reports {
        let shape = match report.query.shape {
            Shape::One => "ONE",
            Shape::OneIfEnabled => "IF_ENABLED",
            Shape::PerSource | Shape::PerAddress => "LIST",
        };
        write!(out, " \\\n\t{shape}({}, PyChrony_{})", function(report), name(report)).unwrap();
    }
    out + "\n\n#endif\n"
}

pub fn assertions(reports: &[&'static Report]) -> String {
    let mut out = String::from(
        "/*\n * Checks the structs of pychrony_records.h against what Rust writes into them.\n *\n\
         \x20* Written by src/reports/write; do not edit.\n */\n\n\
         #include \"pychrony_records.h\"\n\n#include <stddef.h>\n\n\
         #define AT(type, member, offset, size) \\\n\
         \t_Static_assert(offsetof(type, member) == (offset) && sizeof(((type *)0)->member) == (size), \\\n\
         \t\t       #type \".\" #member \" lies elsewhere\")\n\n",
    );
    for report in reports {
        let (name, mut offset) = (name(report), 0);
        for field in report.query.fields {
            let size = size_of_field(&field.kind);
            writeln!(out, "AT(PyChrony_{name}, {}, {offset}, {size});", text(field.name)).unwrap();
            offset += size;
        }
        assert_eq!(offset, size_of_record(report));
        writeln!(out, "_Static_assert(sizeof(PyChrony_{name}) == {offset}, \"PyChrony_{name} has another size\");\n")
            .unwrap();
    }
    out.trim_end().to_owned() + "\n"
}
