"""The generated parts of the pages.

A block ```{generated} NAME in a page is replaced before MyST reads the page. The reference is made by Sphinx's autodoc. The extension
module has no annotations: its types are in the stub. So autodoc is given the stub as the module `pychrony`, and the Python
modules beside it as they are. Tables about chronyc, the command and the interface for C come from what these are made of.
"""

from __future__ import annotations
import __future__

import argparse
import enum
import importlib.machinery
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pychrony
from pychrony.__main__ import COMMANDS
from pychrony._reports import ENUMERATIONS, REPORTS
from pychrony.command.arguments import whole_parser
from pychrony.health import CODES

if TYPE_CHECKING:
    from sphinx.application import Sphinx

BLOCK = re.compile(r"^```\{generated\} (\w+)\n```$", re.MULTILINE)
SUBMODULES = ("aio", "health", "testing")


class _Structseq:
    """What the stub derives records from; no module has it at run time."""

    def __class_getitem__(cls, item: object) -> type[_Structseq]:
        return cls


def load_stub() -> ModuleType:
    """The stub as a module, in the place of the extension."""
    typeshed = ModuleType("_typeshed")
    typeshed.structseq = _Structseq  # type: ignore[attr-defined]
    sys.modules["_typeshed"] = typeshed
    path = str(Path(pychrony.__file__).with_name("__init__.pyi"))
    loader = importlib.machinery.SourceFileLoader("pychrony", path)
    spec = importlib.util.spec_from_file_location("pychrony", path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    module.__path__ = pychrony.__path__
    module.__doc__ = pychrony.__doc__
    for name in SUBMODULES:
        setattr(module, name, importlib.import_module(f"pychrony.{name}"))
    # In a stub, annotations may name what comes later.
    flags = __future__.annotations.compiler_flag
    exec(compile(Path(path).read_bytes(), path, "exec", flags), module.__dict__)
    return module


STUB = load_stub()


def names(kind: str) -> Iterable[str]:
    for name in STUB.__all__:
        value = getattr(STUB, name, None)  # libchrony_path is only annotated
        if not isinstance(value, type):
            found = "functions" if callable(value) else "data"
        elif issubclass(value, enum.Enum):
            found = "enumerations"
        elif issubclass(value, Exception):
            found = "exceptions"
        else:
            found = "records" if issubclass(value, _Structseq) else "classes"
        if found == kind:
            yield name


MEMBERS = "   :members:\n   :member-order: bysource\n"
DIRECTIVES = {
    "functions": ".. autofunction:: pychrony.{}\n",
    "data": ".. autodata:: pychrony.{}\n   :no-value:\n",
    "records": f".. autoclass:: pychrony.{{}}()\n{MEMBERS}",
    "classes": f".. autoclass:: pychrony.{{}}\n{MEMBERS}",
    "enumerations": f".. autoclass:: pychrony.{{}}()\n{MEMBERS}   :undoc-members:\n   :show-inheritance:\n",
    "exceptions": f".. autoexception:: pychrony.{{}}()\n   :show-inheritance:\n{MEMBERS}",
}


def of_module(name: str) -> str:
    """All that a Python module exports."""
    module = getattr(STUB, name)
    parts = []
    for each in module.__all__:
        value = getattr(module, each)
        kind = "class" if isinstance(value, type) else "function" if callable(value) else "data"
        options = {"class": MEMBERS, "function": "", "data": "   :no-value:\n"}[kind]
        parts.append(f".. auto{kind}:: pychrony.{name}.{each}\n{options}")
    return "\n".join(parts)


def directives(kind: str) -> str:
    if kind in SUBMODULES:
        text = of_module(kind)
    else:
        directive = DIRECTIVES[kind]
        text = "\n".join(directive.format(name) for name in names(kind))
    return f"```{{eval-rst}}\n{text}```"


# Docstrings are plain text, for help(): here they become reStructuredText.

BRACKETS = re.compile(r" \[([^][]*(?:\[[^][]*\][^][]*)*)\]$")
PARAMETER = re.compile(r"([a-z_]+(?:, [a-z_]+)*): (.*)")
PUBLIC = "|".join(name for name in STUB.__all__ if name != "libchrony_path")
# A name of ours: one with two capitals, or one that is called. "Source" alone is also a word.
NAME = re.compile(rf"(?<![\w.`])(?:pychrony\.)?({PUBLIC})(\(\)|(?=\W|$))")


def role(match: re.Match[str]) -> str:
    name, call = match[1], match[2]
    is_name = call or sum(letter.isupper() for letter in name) > 1
    return f":py:obj:`{name}{call} <pychrony.{name}>`" if is_name else match[0]


def marked_up(line: str) -> str:
    line = line.replace("\\", "\\\\").replace("*", "\\*").replace("`", "\\`")
    line = re.sub(r"(?<=\w)_(?!\w)", r"\\_", line)
    return NAME.sub(role, line)


def convert(lines: list[str]) -> list[str]:
    out: list[str] = []
    for index, line in enumerate(lines):
        parameter = PARAMETER.fullmatch(line)
        following = lines[index + 1 : index + 3]
        if parameter:
            if out and out[-1] and not out[-1].startswith((":param", "    ")):
                out.append("")
            for name in parameter[1].split(", "):
                out.append(f":param {name}: {marked_up(parameter[2])}")
        elif line.startswith("    ") and out and ":param" in "".join(out[-4:]):
            out.append(marked_up(line))  # it continues the parameter
        elif line.startswith("    "):
            out.append(line)  # code
        elif line.endswith(":") and following[:1] == [""] and "".join(following)[:4] == "    ":
            out.append(marked_up(line) + ":")
        elif brackets := BRACKETS.search(line):
            what = f"In {brackets[1]}" if brackets[1].isalpha() else brackets[1]  # a unit alone
            out += [marked_up(line[: brackets.start()]) + ".", "", marked_up(what) + "."]
        else:
            if out and out[-1].startswith((":param", "    ")) and line:
                out.append("")
            out.append(marked_up(line))
    return out


HEADINGS = {
    f"pychrony.{report['type']}.{field['name']}": field["heading"]
    for report in REPORTS.values()
    for field in report["fields"]
    if field["heading"]
}
MEMBERS_OF = {
    f"pychrony.{name}.{member['name']}": member
    for name, enumeration in ENUMERATIONS.items()
    for member in enumeration["members"]
}


def process(
    _app: Sphinx, what: str, name: str, value: Any, _options: Any, lines: list[str]
) -> None:
    if member := MEMBERS_OF.get(name):
        shown = f" (chronyc: ``{member['symbol']}``)" if member["symbol"] else ""
        lines[:] = [marked_up(member["doc"]) + shown, ""]
    elif what == "data" and isinstance(value, (dict, int, str, tuple)):
        lines[:] = []  # the docstring is that of its type
    else:
        lines[:] = convert(inspect.cleandoc("\n".join(lines)).splitlines())
        if heading := HEADINGS.get(name):
            lines[-1:] = [f"{lines[-1].rstrip('.')}; chronyc: {marked_up(heading)}."]
        lines.append("")


# Tables.


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    headings = list(headings)
    lines = [headings, ["---"] * len(headings)]
    lines += [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: object) -> str:
    return f"`{text}`" if text not in (None, "") else ""


def columns() -> str:
    """chronyc's headings, in chronyc's order, with the fields under each."""
    parts = []
    for name, report in REPORTS.items():
        kind = report["type"]
        rows = []
        for heading in report["columns"]:
            fields = [field for field in report["fields"] if field["heading"] == heading]
            rows.append(
                [
                    heading,
                    ", ".join(code(field["name"]) for field in fields),
                    "; ".join(dict.fromkeys(filter(None, (field["unit"] for field in fields)))),
                ]
            )
        parts.append(
            f"### chronyc {name}\n\n{{py:func}}`pychrony.{report['getter']}` gives {{py:class}}`pychrony.{kind}`.\n\n"
            + table(["chronyc", "field", "unit of the field"], rows)
        )
        hidden = [code(field["name"]) for field in report["fields"] if not field["heading"]]
        if hidden:
            parts.append(f"chronyc does not print {', '.join(hidden)}.\n")
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


def findings() -> str:
    return table(
        ["code", "level", "meaning"],
        [[code(name), level, meaning] for name, (level, meaning) in CODES.items()],
    )


def option_row(action: argparse.Action) -> list[str]:
    """An option with its value, and its help."""
    value = f" {action.metavar}" if action.metavar else ""
    if action.nargs == "?":
        value = f" [{value.strip()}]"
    flags = [code(flag + value) for flag in action.option_strings]
    return ["<br>".join(flags) or code(action.metavar), action.help or ""]


def is_help(action: argparse.Action) -> bool:
    return "--help" in action.option_strings


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


TABLES: dict[str, Callable[[], str]] = {
    "c_functions": c_functions,
    "columns": columns,
    "command": command,
    "findings": findings,
}


def made(block: re.Match[str]) -> str:
    return TABLES[block[1]]() if block[1] in TABLES else directives(block[1])


def fill(_app: Sphinx, _page: str, source: list[str]) -> None:
    source[0] = BLOCK.sub(made, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    sys.modules["pychrony"] = STUB
    app.connect("source-read", fill)
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}
