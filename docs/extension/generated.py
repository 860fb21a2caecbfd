"""The generated parts of the pages: tables made from the module itself.

A block ```{generated} NAME in a page is replaced by the Markdown that the function of that name below returns, before MyST
reads the page. The functions make it from pychrony._tables(), the docstrings and signatures of the module, the header for C,
the command's parser, and columns.py.
"""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from columns import COLUMNS

import pychrony
import pychrony.aio
import pychrony.testing
from pychrony import health
from pychrony.__main__ import COMMANDS
from pychrony.command.arguments import whole_parser

if TYPE_CHECKING:
    from sphinx.application import Sphinx

BLOCK = re.compile(r"^```\{generated\} (\w+)\n```$", re.MULTILINE)
TABLES = pychrony._tables()
REPORTS: list[dict[str, Any]] = TABLES["reports"]
ENUMERATIONS: list[dict[str, Any]] = TABLES["enumerations"]

# The Python type of a field, by its kind in the tables.
TYPES = {
    "unsigned": "int",
    "elapsed": "int",
    "signed": "int",
    "nanoseconds": "int",
    "offset": "float",
    "measure": "float",
    "seconds": "float",
    "boolean": "bool",
    "address": "str",
    "source": "str",
}
# The brackets at the end of a field's docstring are left out: unit, range and libchrony's name have columns of their own.
BRACKETS = re.compile(r" \[[^]]*\]$")


def anchor(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    headings = list(headings)
    lines = [headings, ["---"] * len(headings)]
    lines += [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: object) -> str:
    return f"`{text}`" if text not in (None, "") else ""


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: its indented lines are code, and its lists of arguments stay lists."""
    lines = []
    text = re.sub(r"\. (timeout: )", r".\n\1", inspect.cleandoc(docstring or ""))
    for line in text.splitlines():
        if re.match(r"[a-z_]+(, [a-z_]+)*: ", line):
            names, text = line.split(": ", 1)
            line = "- " + ", ".join(f"`{name}`" for name in names.split(", ")) + f": {text}"
        elif re.match(r"Raises? ", line) and lines and lines[-1]:
            lines.append("")
        lines.append(line)
    return "\n".join(lines) + "\n"


def field_type(field: dict[str, Any]) -> str:
    name = field["enum"]
    text = f"[{name}](#{anchor(name)})" if name else TYPES[field["kind"]]
    return f"{text} or None" if field["optional"] else text


def field_range(field: dict[str, Any]) -> str:
    """The range, without what the type's column already says."""
    words = field["range"]
    if words in ("str", "bool", "str or None", field["enum"]):
        return ""
    return re.sub(r"(, |^)or None$|^float; ", "", words)


def names_elsewhere(report: str, field: dict[str, Any]) -> str:
    """What chronyc's heading and libchrony's field are called."""
    headings = [each.heading for each in COLUMNS[report] if field["name"] in each.fields]
    chronyc = ", ".join(headings) or "not printed"
    return f"chronyc: {chronyc}<br>libchrony: {field['source']}"


def record_row(report: str, field: dict[str, Any]) -> list[str]:
    name = code(field["name"]) + "<br>" + field_type(field)
    limits = ", ".join(filter(None, [field["unit"], field_range(field)]))
    attribute_only = "" if field["item"] else "<br>attribute only"
    meaning = BRACKETS.sub("", field["doc"]).replace("; an attribute, not an item", "")
    return [name + attribute_only, limits, meaning, names_elsewhere(report, field)]


def records() -> str:
    parts = []
    for report in REPORTS:
        name = report["type"]
        rows = [record_row(report["name"], field) for field in report["fields"]]
        kind = getattr(pychrony, name)
        methods = "".join(
            f"- `{method}()`: {inspect.getdoc(getattr(kind, method))}\n"
            for method in report["methods"]
        )
        parts.append(
            f"({anchor(name)})=\n## {name}\n\n{prose(report['doc'])}\n"
            f"`{report['getter']}()` returns it{SHAPES[report['shape']]}.\n\n"
            + table(["field and type", "unit, range and sign", "meaning", "called elsewhere"], rows)
            + "".join(f"\nProperty `{each['name']}`: {each['doc']}\n" for each in report["derived"])
            + (f"\nMethods:\n\n{methods}" if methods else "")
        )
    return "\n".join(parts)


SHAPES = {
    "one": "",
    "one if enabled": ", or None where chronyd does not have it enabled",
    "per source": " in a list, one for each source",
    "per address": " in a list, one for each source but the reference clocks",
}
KINDS = {
    "closed": "An `IntEnum`. Any other number is a ValueError.",
    "open": "An `IntEnum`. A number that only a newer chronyd knows becomes a member, named `UNKNOWN_` and the number.",
    "flags": "An `IntFlag`: members may be combined.",
}


def enumerations() -> str:
    parts = []
    for each in ENUMERATIONS:
        name = each["name"]
        has_symbols = any(member["symbol"] for member in each["members"])
        headings = ["member", "value", *(["chronyc"] if has_symbols else []), "meaning"]
        rows = [
            [
                f"`{member['name']}`",
                str(member["value"]),
                *([code(member["symbol"])] if has_symbols else []),
                member["doc"] or "",
            ]
            for member in each["members"]
        ]
        parts.append(
            f"({anchor(name)})=\n## {name}\n\n{prose(each['doc'])}\n{KINDS[each['kind']]}\n\n"
            + table(headings, rows)
        )
    return "\n".join(parts)


def signature(owner: Any, name: str) -> str:
    """How it is called. Annotations are in the stub; here they would hide the names."""
    value = getattr(owner, name)
    if not callable(value):
        return name
    try:
        found = inspect.signature(value)
    except ValueError:
        return name  # a class of the extension, on CPython 3.9
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in found.parameters.values()
        if parameter.name != "self"
    ]
    return name + str(inspect.Signature(parameters))


def entry(owner: Any, name: str, level: str, prefix: str, target: str) -> str:
    value = getattr(owner, name)
    return (
        f"({anchor(target)})=\n{level} {prefix}{name}\n\n```text\n"
        f"{signature(owner, name)}\n```\n\n{prose(inspect.getdoc(value))}\n"
    )


def functions() -> str:
    """The ten getters, what they have in common once, then the other functions."""
    own, common = {}, set()
    for report in REPORTS:
        text, shared = inspect.cleandoc(getattr(pychrony, report["getter"]).__doc__).split(
            "\n\naddress: "
        )
        own[report["getter"]] = text
        common.add("address: " + shared)
    if len(common) != 1:
        raise ValueError("the functions' docstrings differ in what they should have in common")
    parts = ["### The ten reports\n\n"]
    for name, text in own.items():
        parts.append(f"({anchor(name)})=\n#### {name}\n\n{prose(text)}\n")
    parts.append(
        "### What they have in common\n\nAll ten have the same arguments and the same errors:\n\n"
        f"```text\n{signature(pychrony, 'get_tracking')}\n```\n\n{prose(common.pop())}\n"
    )
    others = ["error_bound", "get_report", "supported_reports", "get_include"]
    return "".join(parts + [entry(pychrony, name, "###", "", name) for name in others])


def members(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


def class_entries(module: ModuleType, name: str, target: str) -> str:
    """A class: its docstring, then a table of what it has. A named tuple has its fields, which its signature names."""
    kind = getattr(module, name)
    if issubclass(kind, tuple):
        return entry(module, name, "###", "", target)
    rows = [
        [code(signature(kind, each)), (inspect.getdoc(getattr(kind, each)) or "").split("\n\n")[0]]
        for each in members(kind)
    ]
    return entry(module, name, "###", "", target) + table(["member", "what it is"], rows) + "\n"


def connection() -> str:
    return class_entries(pychrony, "ChronyConnection", "ChronyConnection")


def interval_clock() -> str:
    names = ("IntervalClock", "TimeInterval")
    return "".join(class_entries(pychrony, name, name) for name in names)


def exceptions() -> str:
    kinds = [
        kind
        for kind in (getattr(pychrony, name) for name in sorted(dir(pychrony)))
        if isinstance(kind, type) and issubclass(kind, pychrony.ChronyError)
    ]
    kinds.sort(key=lambda kind: (len(kind.__mro__), kind.__name__))
    parts = []
    for kind in kinds:
        bases = ", ".join(f"`{base.__name__}`" for base in kind.__bases__)
        parts.append(
            f"({anchor(kind.__name__)})=\n### {kind.__name__}\n\nBases: {bases}\n\n"
            f"{prose(inspect.getdoc(kind))}\n"
        )
    return "".join(parts)


def aio() -> str:
    names = [name for name in pychrony.aio.__all__ if name != "ChronyConnection"]
    rows = [
        [
            code("await aio." + signature(pychrony.aio, name)),
            "[`pychrony.health.check()`](#health-check)"
            if name == "check_health"
            else f"[`pychrony.{name}()`](#{anchor(name)})",
        ]
        for name in names
    ]
    return (
        table(["coroutine", "arguments, result and exceptions as"], rows)
        + "\n"
        + class_entries(pychrony.aio, "ChronyConnection", "aio-ChronyConnection")
    )


def findings() -> str:
    return table(
        ["code", "level", "meaning"],
        [[code(name), level, meaning] for name, (level, meaning) in health.CODES.items()],
    )


def judgement() -> str:
    parts = [
        "`Level` is an `IntEnum` of the four levels, and `CODES` the dictionary of the findings above.\n\n"
    ]
    for name in ("Limits", "check", "assess", "Verdict", "Finding", "Cached"):
        text = entry(health, name, "###", "", f"health-{name}")
        parts.append(text.replace(f"={health.Limits()}", "=Limits()"))
        if name == "Verdict":
            rows = [
                [code(each), (inspect.getdoc(getattr(health.Verdict, each)) or "").split("\n\n")[0]]
                for each in ("ok", "age", "selected", "usable", "summary", "to_dict")
            ]
            parts.append(table(["member", "what it is"], rows) + "\n")
    return "".join(parts)


def testing() -> str:
    module = pychrony.testing
    makers = [name for name in module.__all__ if name.startswith("make_")]
    rows = [
        [
            code(f"{name}(**fields)"),
            " ".join((inspect.getdoc(getattr(module, name)) or "").split("\n\n")[0].split()),
        ]
        for name in makers
    ]
    defaults = [name for name in module.__all__ if name.endswith("_DEFAULTS")]
    return (
        table(["factory", "makes"], rows)
        + "\nThe defaults are the dictionaries "
        + ", ".join(map(code, defaults))
        + ".\n\n"
        + class_entries(module, "FakeChronyd", "FakeChronyd")
        + class_entries(module, "Request", "testing-Request")
    )


def columns() -> str:
    parts = []
    for report in REPORTS:
        rows = [
            [each.heading, ", ".join(map(code, each.fields)), each.difference]
            for each in COLUMNS[report["name"]]
        ]
        parts.append(
            f"### chronyc {report['name']}\n\n"
            f"`pychrony.{report['getter']}()` gives [{report['type']}](#{anchor(report['type'])}).\n\n"
            + table(["chronyc", "field", "difference"], rows)
        )
        printed = {name for each in COLUMNS[report["name"]] for name in each.fields}
        hidden = [field["name"] for field in report["fields"] if field["name"] not in printed]
        if hidden:
            parts.append(f"chronyc does not print {', '.join(map(code, hidden))}.\n")
    return "\n".join(parts)


def c_functions() -> str:
    header = (Path(__file__).parents[2] / "include" / "pychrony_records.h").read_text()
    found = re.findall(r"(ONE|IF_ENABLED|LIST)\((\w+), (\w+)\)", header)
    return table(
        ["function", "record", "kind"],
        [
            [code(f"PyChrony_API->{name}()"), code(record), code(kind)]
            for kind, name, record in found
        ],
    )


def option_row(action: argparse.Action) -> list[str]:
    """An option with its value, and its help."""
    value = f" {action.metavar}" if action.metavar else ""
    if action.nargs == "?":
        value = f" [{value.strip()}]"
    flags = [code(flag + value) for flag in action.option_strings]
    return ["<br>".join(flags) or code(action.metavar), action.help or ""]


def command() -> str:
    """The commands, then the options: those of every report once, then those that a command has besides."""
    parser = whole_parser(COMMANDS)
    (commands,) = [each for each in parser._actions if isinstance(each.choices, dict)]
    about = {each.dest: each.help or "" for each in commands._choices_actions}
    options = [each for each in parser._actions if each is not commands and not is_help(each)]
    known = {each.help for each in options}
    parts = [
        table(
            ["command", "what it does"], [[code(name), about[name]] for name in commands.choices]
        ),
        "\n(*) chronyd gives these reports over its Unix socket only, unless `opencommands` in its configuration (chrony 4.7) "
        "says otherwise.\n\nThe options of every report, and `--version`, which needs no command:\n\n",
        table(["option", "meaning"], map(option_row, options)),
    ]
    for name, each in commands.choices.items():
        own = [action for action in each._actions if not is_help(action)]
        own = [action for action in own if action.help not in known]
        if own:
            parts.append(f"\n`pychrony {name}` also takes:\n\n")
            parts.append(table(["option", "meaning"], map(option_row, own)))
    return "".join(parts)


def is_help(action: argparse.Action) -> bool:
    return "--help" in action.option_strings


MAKERS: dict[str, Callable[[], str]] = {
    "aio": aio,
    "c_functions": c_functions,
    "columns": columns,
    "command": command,
    "connection": connection,
    "enumerations": enumerations,
    "exceptions": exceptions,
    "findings": findings,
    "functions": functions,
    "interval_clock": interval_clock,
    "judgement": judgement,
    "records": records,
    "testing": testing,
}


def fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = BLOCK.sub(lambda block: MAKERS[block[1]](), source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}
