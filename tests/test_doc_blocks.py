"""Every block of every page has a check for its kind. A block of a kind that has no check is a failure.

test_docs.py runs blocks of Python and of shell sessions, test_testing.py the tests in docs/testing.md, and the build of the
site refuses a directive that it does not know. The other kinds are checked here.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Callable, NamedTuple

import pytest
from support import child, chronyc, namespace
from support.waiting import wait_for

import pychrony
from pychrony.__main__ import COMMANDS
from pychrony.command import arguments
from pychrony.exporter.exporter_command import LISTEN
from pychrony.testing import FakeChronyd

pytestmark = pytest.mark.source_tree

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PAGES = [
    page
    for page in (
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted(EXAMPLES.glob("**/*.md")),
        *sorted((ROOT / "packaging").glob("**/*.md")),
    )
    if page.exists()
]
FENCE = re.compile(r"^(?:```+|~~~+|:::+)")


class Block(NamedTuple):
    page: Path
    line: int
    kind: str
    text: str
    # The kind of the block that ends right above this one.
    above: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {self.kind or 'a block without a kind'}"

    def is_of_the_site(self) -> bool:
        return self.page.parent == ROOT / "docs" or self.page == ROOT / "README.md"


def blocks_of(page: Path) -> Iterator[Block]:
    lines = page.read_text().splitlines()
    ends = above = None
    kind, start = "", 0
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line.lstrip())
        if not fence:
            continue
        if ends is None:
            ends, kind, start = fence[0], line.strip()[len(fence[0]) :], number
            adjoins = above is not None and above[1] == number - 2 and not lines[number - 2]
            before = above[0] if above is not None and adjoins else ""
        elif line.strip() == ends:
            yield Block(page, start, kind, "\n".join(lines[start : number - 1]) + "\n", before)
            ends, above = None, (kind, number)
    assert ends is None, f"{page}: the block of line {start} has no end"


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


# Shells.


def commands(script: str) -> Iterator[list[str]]:
    """Each command of a script, without comments and without the variables set before it."""
    for line in script.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("|&;"):
                if command:
                    yield command
                command = []
            elif command or not re.match(r"\w+=", word):
                command.append(word)


def pychrony_takes(words: Sequence[str], directory: Path) -> None:
    """Raises UsageError or ends the process if the command line is wrong."""
    name, rest = arguments.split(COMMANDS, words)
    arguments.parse(COMMANDS[name](), name, rest)


def python_has(words: Sequence[str], directory: Path) -> None:
    if words[0] == "-c":
        compile(words[1], "-c", "exec")
    elif words[0] == "-m":
        assert words[1] in ("pip", "pytest"), words
        assert all(os.path.exists(directory / word) for word in words[2:] if word.endswith(".py"))
    else:
        assert (directory / words[0]).is_file(), words


def pip_finds(words: Sequence[str], directory: Path) -> None:
    """What is installed is this source tree, a wheel of this version, or something that the project names itself."""
    assert words[0] == "install"
    named = (ROOT / "docs" / "requirements.txt").read_text() + (ROOT / "setup.cfg").read_text()
    for what in words[1:]:
        wheel = what.startswith(f"./pychrony-{pychrony.__version__}-") and what.endswith(".whl")
        assert (
            what == "." or wheel or re.search(rf"^(exporter = )?{what}[=>]", named, re.MULTILINE)
        ), what


def make_can(words: Sequence[str], directory: Path) -> None:
    done = child.execute(["make", "--dry-run", *words], cwd=ROOT, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def curl_asks_the_exporter(words: Sequence[str], directory: Path) -> None:
    assert re.match(rf"http://{re.escape(LISTEN)}/(metrics$|probe\?target=)", words[0]), words


def anything(words: Sequence[str], directory: Path) -> None:
    """For programs about which there is nothing to check."""


PROGRAMS: dict[str, Callable[[Sequence[str], Path], None]] = {
    "pychrony": pychrony_takes,
    "python": python_has,
    "python3": python_has,
    ".cache/venv/bin/python": python_has,
    "pip": pip_finds,
    "make": make_can,
    "curl": curl_asks_the_exporter,
    # test_the_private_chronyd_of_the_page_is_one_that_answers() runs it.
    "/usr/sbin/chronyd": anything,
    # docs/test_recipes.py runs it.
    "gunicorn": anything,
    **dict.fromkeys(("cargo", "cp", "export", "jq", "ln", "mkdir"), anything),
}
# The current directory of the reader of a page.
DIRECTORIES = {
    "gallery.md": EXAMPLES,
    "log.md": EXAMPLES,
    "recipes-data.md": EXAMPLES / "recipes",
    "from-c.md": EXAMPLES / "c-extension",
    "examples/c-extension/README.md": EXAMPLES / "c-extension",
}


def directory_of(block: Block) -> Path:
    path = block.page.relative_to(ROOT)
    return DIRECTORIES.get(str(path), DIRECTORIES.get(path.name, ROOT))


def check_shell(block: Block, tmp_path: Path) -> None:
    """bash can parse it, and the options, targets and files that each program is given exist."""
    script = tmp_path / "block.sh"
    script.write_text(block.text)
    done = child.execute(["bash", "-n", script])
    assert done.returncode == 0, f"{block}: {done.stdout}"
    for command in commands(block.text):
        assert command[0] in PROGRAMS, f"{block}: nothing checks {command[0]}"
        PROGRAMS[command[0]](command[1:], directory_of(block))
    for path in re.findall(r"(?<![\w./])(?:tools|tests|bench)/[\w./-]+", block.text):
        assert (ROOT / path).exists(), f"{block}: {path}"


# systemd.


def check_unit(block: Block, tmp_path: Path) -> None:
    check_unit_file(block.text, tmp_path)


# What systemd-analyze writes does not depend on the environment of the tests.
SYSTEMD_LOG = {"SYSTEMD_LOG_LEVEL": "info", "SYSTEMD_LOG_TARGET": "console"}


def check_unit_file(text: str, directory: Path) -> None:
    """systemd knows each line, and pychrony knows the options that it is started with."""
    for program, rest in re.findall(r"^ExecStart(?:Pre)?=(\S+) ?(.*)$", text, re.MULTILINE):
        words = shlex.split(rest)
        if program == "/usr/bin/python3":
            assert words[:2] == ["-m", "pychrony.exporter"]
            words[:2] = ["exporter"]
        else:
            assert program == "/usr/bin/pychrony"
        pychrony_takes(words, directory)
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    # Neither pychrony nor chronyd need be installed in the system, nor what reloads them.
    text = re.sub(r"^Exec(?:Start|StartPre|Reload)=.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("[Service]\n", f"[Service]\nExecStart={sys.executable}\n")
    (directory / "example.service").write_text(text)
    (directory / "chronyd.service").write_text(f"[Service]\nExecStart={sys.executable}\n")
    # It makes a directory in /run, which an ordinary user may do in a private one only.
    verify = [*namespace.prefix(own_network=False), analyze, "verify", "--man=no"]
    done = child.execute(
        [*verify, str(directory / "example.service")],
        stderr=subprocess.STDOUT,
        env={**os.environ, **SYSTEMD_LOG, "SYSTEMD_UNIT_PATH": f"{directory}:"},
    )
    complaints = [line for line in done.stdout.splitlines() if "example.service" in line]
    assert not complaints and done.returncode == 0, done.stdout


# chrony.conf.


def check_chrony_conf(block: Block, tmp_path: Path) -> None:
    """chronyd can read it, and prints it back."""
    text = block.text
    if chronyc.version() < (4, 1):
        pytest.skip("this chronyd does not print its configuration")
    if chronyc.version() < (4, 7):
        text = re.sub(r"^opencommands .*\n", "", text, flags=re.MULTILINE)
    path = tmp_path / "chrony.conf"
    path.write_text(text)
    done = child.execute(
        [chronyc.executable("chronyd"), "-p", "-f", str(path)], stderr=subprocess.STDOUT
    )
    assert (done.returncode, done.stdout) == (0, text)


# C.


def check_c(block: Block, tmp_path: Path) -> None:
    """The compiler accepts the statements after both headers."""
    headers = sysconfig.get_path("include")
    if shutil.which("cc") is None or not (Path(headers) / "Python.h").exists():
        pytest.skip("there is no C compiler, or no Python.h")
    source = tmp_path / "block.c"
    body = "".join(f"    {line}\n" for line in block.text.splitlines())
    source.write_text(
        f"#include <Python.h>\n#include <pychrony.h>\n\nint main(void)\n{{\n{body}}}\n"
    )
    flags = [
        "-fsyntax-only",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{headers}",
        f"-I{ROOT / 'include'}",
    ]
    done = child.execute(["cc", *flags, str(source)], stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


# Blocks that no program runs or reads.


def check_drawing(block: Block, tmp_path: Path) -> None:
    """A drawing names files that exist, and a table has the columns of the script that made it."""
    paths = re.findall(r"\bsrc/[\w./]+", block.text)
    headings = re.findall(r"[a-z_]+ \[\w+\]|\w+", block.text.splitlines()[0])
    if "Day (UTC)" in block.text:
        source = (ROOT / "src" / "pychrony" / "command" / "log_summary.py").read_text()
        for heading in re.split("  +", block.text.splitlines()[0].strip()):
            assert heading.split(" 1")[0] in source, heading
    elif block.page.name == "gallery.md":
        script = (EXAMPLES / "compare_sources.py").read_text()
        assert headings
        assert all(f'"{heading}"' in script for heading in headings), headings
    else:
        assert paths, f"{block}: nothing here can be checked"
    for path in paths:
        assert (ROOT / path).exists(), path


def run_by_test_docs(block: Block, tmp_path: Path) -> None:
    """Python of docs/testing.md is run by test_testing.py."""
    assert block.is_of_the_site(), f"{block}: nothing runs it"


def check_output(block: Block, tmp_path: Path) -> None:
    assert block.is_of_the_site() and block.above == "python", f"{block}: nothing compares it"


def run_by_test_testing(block: Block, tmp_path: Path) -> None:
    assert block.page.name == "testing.md", f"{block}: nothing runs it"


def shown_by_the_site(block: Block, tmp_path: Path) -> None:
    """Sphinx reports unknown directives and missing files."""
    assert block.page.parent == ROOT / "docs", f"{block}: nothing shows it"


KINDS: dict[str, Callable[[Block, Path], None]] = {
    "sh": check_shell,
    "ini": check_unit,
    "cfg": check_chrony_conf,
    "c": check_c,
    "none": check_drawing,
    "python": run_by_test_docs,
    "console": run_by_test_docs,
    "text": check_output,
    "pycon": run_by_test_testing,
    "{generated}": shown_by_the_site,
    "{image}": shown_by_the_site,
    "{include}": shown_by_the_site,
    "{literalinclude}": shown_by_the_site,
    "{toctree}": shown_by_the_site,
}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_has_the_content_of_its_kind(block: Block, tmp_path: Path) -> None:
    kind = block.kind.split(" ")[0]
    assert kind in KINDS, f"{block}: nothing checks it"
    KINDS[kind](block, tmp_path)


def test_the_pages_have_blocks_of_each_kind() -> None:
    assert {block.kind.split(" ")[0] for block in BLOCKS} == KINDS.keys()


@pytest.mark.parametrize("unit", sorted(EXAMPLES.glob("**/*.service")), ids=lambda unit: unit.name)
def test_systemd_takes_the_unit_of_an_example(unit: Path, tmp_path: Path) -> None:
    check_unit_file(unit.read_text(), tmp_path)


# Each check finds the mistakes it is meant to find.

WRONG = {
    "an option that there is not": ("sh", "pychrony wait --until 5min\n"),
    "a file that there is not": ("sh", "python bench/nowhere.py\n"),
    "a target that there is not": ("sh", "make everything\n"),
    "a program that nobody knows": ("sh", "true && chronometer\n"),
    "a quote that does not end": ("sh", "mkdir 'a\n"),
    "a directive that systemd does not know": ("ini", "[Service]\nReadWritePath=/run\n"),
    "a value that systemd does not know": ("ini", "[Service]\nProtectSystem=stern\n"),
    "an option in a unit": ("ini", "[Service]\nExecStart=/usr/bin/pychrony wait --until 1\n"),
    "a directive that chronyd does not know": ("cfg", "cmdalow 192.0.2.0/24\n"),
    "C that does not compile": ("c", "PyInit_pychrony(1);\n"),
    "a drawing of what is not there": ("none", "src/nowhere\n"),
    "an output that belongs to nothing": ("text", "3\n"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_in_a_block_is_found(mistake: str, tmp_path: Path) -> None:
    kind, text = WRONG[mistake]
    block = Block(ROOT / "docs" / "index.md", 1, kind, text, "")
    with pytest.raises((AssertionError, SystemExit, ValueError)):
        KINDS[kind](block, tmp_path)


# Commands that end by themselves and ask only the fake chronyd are run.


def is_run(command: Sequence[str]) -> bool:
    return command[0] == "pychrony" and not {
        "exporter",
        "guard",
        "log",
        "--watch",
        "--output",
    } & set(command)


RUN = [
    pytest.param(line, id=line.split("#")[0].strip())
    for block in BLOCKS
    if block.kind == "sh"
    for line in block.text.splitlines()
    if is_run(next(commands(line), [""])) and "PYCHRONY_ADDRESS=" not in line
]


@pytest.fixture
def as_installed(tmp_path: Path) -> dict[str, str]:
    """An environment in which `python` and `pychrony` are the ones under test."""
    for name, module in (("python", ""), ("pychrony", "-m pychrony")):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n')
        program.chmod(0o755)
    return {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


@pytest.mark.parametrize("line", RUN)
def test_a_command_of_a_page_does_its_work(line: str, as_installed: dict[str, str]) -> None:
    programs = {command[0] for command in commands(line)} - {"pychrony"}
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with FakeChronyd():
        done = child.execute(
            ["bash", "-o", "pipefail", "-c", line],
            stderr=subprocess.PIPE,
            env={**os.environ, **as_installed},
        )
    # The record of the fake chronyd is old, and `check` warns about that.
    assert (done.returncode, done.stderr) == (1 if "check" in line else 0, ""), done.stdout
    assert done.stdout


def test_the_private_chronyd_of_the_page_is_one_that_answers(as_installed: dict[str, str]) -> None:
    """As on the page, but in another directory, as a user who may use chronyd's socket, and wherever chronyd is installed."""
    blocks = [block for block in BLOCKS if block.page.name == "testing.md"]
    (configuration,) = [block.text for block in blocks if block.kind == "cfg"]
    start, ask = [block.text for block in blocks if block.kind == "sh"]
    directory = Path(tempfile.mkdtemp(prefix="pc", dir="/tmp"))
    directory.chmod(0o750)
    try:
        (directory / "chrony.conf").write_text(configuration.replace("/tmp/chrony", str(directory)))
        start = start.replace("/usr/sbin/chronyd", chronyc.executable("chronyd"))
        daemon = child.Process(
            ["bash", "-c", "exec " + start.replace("/tmp/chrony", str(directory))]
        )
        try:
            wait_for("chronyd answers", (directory / "chronyd.sock").exists)
            done = child.execute(
                ["bash", "-c", ask.replace("/tmp/chrony", str(directory))],
                stderr=subprocess.STDOUT,
                env={**os.environ, **as_installed},
            )
        finally:
            daemon.terminate()
            daemon.wait()
    finally:
        shutil.rmtree(directory)
    assert done.returncode == 0, done.stdout
    assert "only its local reference" in done.stdout


def test_the_example_in_c_is_built_and_run_as_the_page_says(
    as_installed: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("setuptools")
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    if shutil.which("cc") is None or not headers.exists():
        pytest.skip("there is no C compiler, or no Python.h")
    (script,) = [b.text for b in BLOCKS if b.page.name == "from-c.md" and b.kind == "sh"]
    directory = tmp_path / "example"
    shutil.copytree(
        EXAMPLES / "c-extension", directory, ignore=shutil.ignore_patterns("build", "*.so")
    )
    with FakeChronyd() as chronyd:
        done = child.execute(
            ["bash", "-e", "-c", script],
            cwd=directory,
            stderr=subprocess.STDOUT,
            env={**os.environ, **as_installed},
        )
        assert done.returncode == 0, done.stdout
        assert float(done.stdout.splitlines()[-1]) == chronyd.tracking.offset
