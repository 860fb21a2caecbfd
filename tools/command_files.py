"""Makes the manual page of the command pychrony, and its completion for bash, zsh and fish, from its own parser.

    python3 tools/command_files.py DIRECTORY

The files are laid out below DIRECTORY as they are installed below /usr/share. The completion needs shtab. A shell that the
installed shtab does not know is left out, and named. Neither the extension nor libchrony is needed.
"""

from __future__ import annotations

import argparse
import re
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

# Where each shell looks, below /usr/share. (Debian's zsh looks in zsh/vendor-completions.)
COMPLETION = {
    "bash": "bash-completion/completions/pychrony",
    "zsh": "zsh/site-functions/_pychrony",
    "fish": "fish/vendor_completions.d/pychrony.fish",
}

FILES = [
    (
        "/run/chrony/chronyd.sock",
        "chronyd's Unix socket. Only root and chronyd's own user may use it.",
    ),
]
SEE_ALSO = ["chronyc(1)", "chrony.conf(5)", "chronyd(8)"]


def load() -> argparse.ArgumentParser:
    """The parser of all commands, from a package without the extension."""
    package = types.ModuleType("pychrony")
    package.__path__ = [str(HERE / "src" / "pychrony")]
    sys.modules["pychrony"] = package
    from pychrony.__main__ import COMMANDS
    from pychrony.command.arguments import whole_parser

    return whole_parser(COMMANDS)


def version() -> str:
    manifest = (HERE / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)
    assert found is not None
    return found[1]


# The manual page.


def roff(text: str) -> str:
    """Text that roff takes literally: its hyphens are those that one types."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.MULTILINE)


def option(action: argparse.Action) -> str:
    """An option with its value, and its help."""
    value = f" \\fI{roff(str(action.metavar))}\\fR" if action.metavar else ""
    if action.nargs == "?":
        value = f" [{value.strip()}]"
    names = (
        ", ".join(f"\\fB{roff(flag)}\\fR{value}" for flag in action.option_strings) or value.strip()
    )
    return f".TP\n{names}\n{roff(action.help or '')}\n"


def options(parser: argparse.ArgumentParser, known: set[str]) -> str:
    """The options of a parser that have not been explained already."""
    return "".join(
        option(action)
        for action in parser._actions
        if action.dest not in ("help", argparse.SUPPRESS) and (action.help or "") not in known
    )


def manual(parser: argparse.ArgumentParser) -> str:
    (commands,) = [action for action in parser._actions if isinstance(action.choices, dict)]
    own = [action for action in parser._actions if action is not commands]
    known = {action.help or "" for action in own if action.help}
    page = [
        f'.TH PYCHRONY 1 "" "pychrony {version()}" "User Commands"\n',
        ".SH NAME\npychrony \\- ask chronyd how good the system's clock is\n",
        ".SH SYNOPSIS\n.B pychrony\n[\\fIOPTION\\fR]... [\\fICOMMAND\\fR] [\\fIOPTION\\fR]...\n",
        f".SH DESCRIPTION\n{roff(parser.description or '')}",
        "The reports have chronyc's names, columns, words, signs and units.\n",
        ".SH OPTIONS\n\\fB\\-a\\fR, \\fB\\-t\\fR, \\fB\\-4\\fR and \\fB\\-6\\fR belong to every command, the others to the reports. "
        "An option may stand before or after its command.\n",
        *(option(action) for action in own if action.dest != "help"),
        ".SH COMMANDS\n",
    ]
    for name, command in commands.choices.items():
        positional = [str(a.metavar) for a in command._actions if not a.option_strings]
        title = " ".join([f"\\fB{name}\\fR", *(f"\\fI{metavar}\\fR" for metavar in positional)])
        own_options = options(command, known)
        page.append(f".TP\n{title}\n{roff((command.description or '').strip())}\n")
        if own_options:
            page.append(f".RS\n{own_options}.RE\n")
    page += epilog(parser.epilog or "")
    page.append(".SH FILES\n" + "".join(f".TP\n.I {name}\n{roff(what)}\n" for name, what in FILES))
    page.append(".SH SEE ALSO\n" + ",\n".join(f".BR {p[:-3]} {p[-3:]}" for p in SEE_ALSO) + "\n")
    return "".join(page)


def epilog(text: str) -> list[str]:
    """The sections of the epilog: a heading that ends in a colon, with indented lines below it, or else a paragraph."""
    sections = []
    for block in text.strip().split("\n\n"):
        heading, _, lines = block.partition("\n")
        if heading.endswith(":"):
            body = "".join(f"{roff(line[2:])}\n" for line in lines.splitlines())
            sections.append(f".SH {heading[:-1].upper()}\n.nf\n{body}.fi\n")
        else:
            sections.append(f".SH NOTES\n{roff(block)}\n")
    return sections


# Completion.


def completion(parser: argparse.ArgumentParser) -> dict[str, str]:
    import shtab

    from pychrony.__main__ import REPORTS

    (commands,) = [action for action in parser._actions if isinstance(action.choices, dict)]
    for each in (parser, *commands.choices.values()):
        for action in each._actions:
            if action.dest in ("address", "output", "summary"):
                action.complete = shtab.FILE
            elif action.dest == "name":
                action.choices = list(REPORTS)
    return {
        shell: shtab.complete(parser, shell)
        for shell in shtab.SUPPORTED_SHELLS
        if shell in COMPLETION
    }


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main(directory: str) -> None:
    parser = load()
    write(Path(directory) / "man/man1/pychrony.1", manual(parser))
    made = completion(parser)
    for shell, path in COMPLETION.items():
        if shell in made:
            write(Path(directory) / path, made[shell])
        else:
            print(f"command_files: this shtab makes no completion for {shell}", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
