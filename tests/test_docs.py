"""The documentation: its snippets run and print what they show, and its hand-written tables miss nothing.

The snippets of a page run in one namespace, in order, as a reader would type them. A ```python block may be followed by a
```text block, which is what it prints; `...` in that stands for anything. Functions named test_ are called. The daemon that they
ask is a FakeChronyd; the pages in REAL are run once more on a real chronyd, where numbers and addresses may differ.

docs/testing.md has tests for pytest, and is run in test_testing.py; the recipes are run by docs/test_recipes.py. Blocks of other
kinds are checked in test_doc_blocks.py.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import child
from support.chronyd import Chronyd
from support.responder import Responder, silent

import pychrony
import pychrony.aio
import pychrony.health
import pychrony.testing
from pychrony.__main__ import COMMANDS
from pychrony.command import arguments
from pychrony.command.check import Check
from pychrony.testing import FakeChronyd, make_tracking

pytestmark = pytest.mark.source_tree

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    page.name: page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if page.exists() and page.name != "testing.md"
}
REAL = ["README.md", "quickstart.md"]

# How a command of a ```console block is run.
PROGRAMS = {"python": [sys.executable], "pychrony": [sys.executable, "-m", "pychrony"]}

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
# What differs from chronyd to chronyd: a number, an address, the state of a register.
NUMBER = re.compile(r"[+-]?\d[\d.]*")


def blocks(page: str, language: str) -> list[tuple[str, str | None]]:
    """The blocks in a language, each with the output that is shown below it."""
    text = PAGES[page].read_text()
    return [(code, shown) for kind, code, shown in BLOCK.findall(text) if kind == language]


WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]
WITH_CONSOLE = [page for page in PAGES if blocks(page, "console")]


class Enough(BaseException):
    """Ends a loop that would go on for ever: nothing in a snippet catches it."""


@pytest.fixture
def two_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """time.sleep() returns at once, and ends the snippet at its second call."""
    calls = []

    def sleep(seconds: float) -> None:
        calls.append(seconds)
        if len(calls) == 2:
            raise Enough

    monkeypatch.setattr(time, "sleep", sleep)


def matches(shown: str, printed: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


# What an error adds for who runs these tests in a container, and what the page shows in its place.
IN_A_CONTAINER = re.compile(r"Is chronyd running\? This process seems to be in a container: .*")
ELSEWHERE = "Is chronyd running, and does it listen there (bindcmdaddress, cmdport in chrony.conf)?"


def run_page(page: str, *, is_real: bool = False) -> Iterator[tuple[str, str, str | None]]:
    """Run the snippets. Yields each one with what it printed and what the page shows, if it shows anything.

    A real chronyd on a busy machine answers late and measures badly: its limits are wide, and the page's tests are not run.
    """
    names: dict[str, Any] = {"__name__": page}
    for number, (code, shown) in enumerate(blocks(page, "python")):
        printed = io.StringIO()
        if is_real:
            code = code.replace("timeout=1.0", "timeout=60.0").replace("limit=0.1)", "limit=60.0)")
        with contextlib.redirect_stdout(printed), contextlib.suppress(Enough):
            exec(compile(code, f"{page}, snippet {number + 1}", "exec"), names)
        yield code, IN_A_CONTAINER.sub(ELSEWHERE, printed.getvalue()), shown or None
    tests = [value for name, value in names.items() if name.startswith("test_") and not is_real]
    for test in tests:
        test()


@pytest.fixture
def sigterm() -> Iterator[None]:
    """Restores the handler of SIGTERM, which snippets may set."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("page", WITH_PYTHON)
@pytest.mark.usefixtures("two_rounds", "sigterm")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_the_snippets_of_a_page_print_what_it_shows(page: str) -> None:
    with FakeChronyd():
        for code, printed, shown in run_page(page):
            if shown is not None:
                assert matches(shown, printed), f"{code}\nprinted:\n{printed}"


@pytest.mark.parametrize("page", REAL)
@pytest.mark.usefixtures("two_rounds")
def test_the_first_pages_run_on_a_real_chronyd(
    page: str, client: Chronyd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYCHRONY_ADDRESS", client.socket)
    for code, printed, shown in run_page(page, is_real=True):
        if shown is not None:
            same = NUMBER.sub("N", printed) == NUMBER.sub("N", shown)
            assert same, f"{code}\nprinted:\n{printed}"


@pytest.mark.parametrize("page", WITH_CONSOLE)
def test_the_commands_of_a_page_print_what_it_shows(page: str) -> None:
    with FakeChronyd(tracking=make_tracking(ref_time=time.time() - 17)):
        for session, _ in blocks(page, "console"):
            for command, shown in re.findall(
                r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE
            ):
                words = shlex.split(command)
                words[:1] = PROGRAMS[words[0]]
                ended = child.execute(words, stderr=subprocess.PIPE)
                assert (ended.returncode, ended.stderr) == (0, ""), command
                assert matches(shown, ended.stdout), f"{command}\nprinted:\n{ended.stdout}"


def test_an_output_that_differs_is_noticed() -> None:
    assert matches("a ... b\n", "a 1 b\n")
    assert not matches("a ... b\n", "a 1 c\n")
    assert not matches("1.5\n", "105\n")


def test_no_shown_output_is_overlooked() -> None:
    """Each ```text block that follows Python belongs to it, and Python is never hidden behind another word."""
    for page, path in PAGES.items():
        text = path.read_text()
        assert not re.search(r"^```(py|Python|pycon)\n", text, re.MULTILINE), page
        assert text.count("\n```python\n") == len(blocks(page, "python")), page
        loose = re.findall(r"^```\n\n```text\n", text, re.MULTILINE)
        assert len(loose) == sum(shown != "" for _, _, shown in BLOCK.findall(text)), page


def test_the_links_of_the_first_page_lead_somewhere() -> None:
    """The links within docs are checked when the site is built."""
    links = re.findall(
        r"(?:\]\(|src=\"|srcset=\")(?!https?:)([^)#\"]+)[)\"]", PAGES["README.md"].read_text()
    )
    assert len(links) > 15
    for link in links:
        assert (ROOT / link).exists(), link


PACKAGING = ROOT / "packaging"


def files(pattern: str, directory: str = ".") -> set[str]:
    """The files of the source that a pattern names, a directory with all that is in it, as they are below `directory`."""
    found = [ROOT / pattern] if "*" not in pattern else sorted(ROOT.glob(pattern))
    assert found
    return {
        os.path.normpath(Path(directory, path.name, each.relative_to(path)))
        for path in found
        for each in [path, *path.rglob("*")]
    }


def debian_documents() -> set[str]:
    """The files below /usr/share/doc/python3-pychrony."""
    lines = (PACKAGING / "debian" / "python3-pychrony.install").read_text().splitlines()
    places = [line.split() for line in lines]
    found: set[str] = set()
    for kind, directory in (("docs", "."), ("examples", "examples")):
        lines = (PACKAGING / "debian" / f"python3-pychrony.{kind}").read_text().splitlines()
        found.update(*(files(line, directory) for line in lines))
    top = "usr/share/doc/python3-pychrony"
    found.update(*(files(pattern, os.path.relpath(to, top)) for pattern, to in places))
    return found


def fedora_documents() -> set[str]:
    spec = (PACKAGING / "fedora" / "python-pychrony.spec").read_text()
    (copied,) = re.findall(r"^cp -pr (.*) pages/docs$", spec, re.MULTILINE)
    (shipped,) = re.findall(r"^%doc (.*)$", spec, re.MULTILINE)
    assert "pages/docs" in shipped.split()
    found = set().union(*(files(each, "docs") for each in copied.split()))
    return found.union(*(files(each) for each in shipped.split() if each != "pages/docs"))


@pytest.mark.parametrize("shipped", [debian_documents, fedora_documents])
def test_no_link_leads_out_of_the_documents_of_a_package(shipped: Callable[[], set[str]]) -> None:
    found = shipped()
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= found
    for page in sorted(name for name in found if name.endswith(".md")):
        text = (ROOT / page).read_text()
        for link in re.findall(r"(?:\]\(|src(?:set)?=\")(?!https?:|#)([^)#\"]+)", text):
            assert os.path.normpath(Path(page).parent / link) in found, (page, link)


WHEEL = re.compile(r"\bpychrony-(\d[\w.]*)-(?:cp\d|\*)")


def test_a_wheel_that_is_named_has_the_version_of_the_package() -> None:
    for page, path in PAGES.items():
        assert set(WHEEL.findall(path.read_text())) <= {pychrony.__version__}, page


def test_the_page_of_errors_describes_each_exception() -> None:
    text = PAGES["errors.md"].read_text()
    for name in dir(pychrony):
        value = getattr(pychrony, name)
        if inspect.isclass(value) and issubclass(value, pychrony.ChronyError):
            assert f"| `{name}` |" in text
            if value is not pychrony.ChronyError:
                assert f"\n## {name}\n" in text
            for base in value.__bases__:
                if base.__module__ == "builtins" and base is not Exception:
                    row = next(row for row in text.splitlines() if row.startswith(f"| `{name}` |"))
                    assert f"`{base.__name__}`" in row


# The command: its page and its manual page are made from its parser; these tests are about the parts written by hand.


EXPORTER = ["exporter", "metrics"]


def option_strings(names: list[str]) -> set[str]:
    parser = arguments.whole_parser(COMMANDS)
    (commands,) = [each for each in parser._actions if isinstance(each.choices, dict)]
    parsers = [parser] + [each for name, each in commands.choices.items() if name in names]
    return {flag for each in parsers for action in each._actions for flag in action.option_strings}


def test_the_page_of_the_command_names_no_option_that_does_not_exist() -> None:
    text = PAGES["command.md"].read_text()
    known = option_strings([name for name in COMMANDS if name not in EXPORTER])
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known | {"--help"}


def test_the_page_of_the_exporter_names_its_options_and_no_others() -> None:
    text = PAGES["prometheus.md"].read_text()
    known = option_strings(EXPORTER) - option_strings([])
    spoken = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    assert {flag for flag in known if flag.startswith("--")} <= spoken
    assert spoken <= known | option_strings([])


@pytest.mark.parametrize("subcommand", EXPORTER)
def test_the_page_of_the_exporter_gives_the_status_without_prometheus_client(
    subcommand: str,
) -> None:
    done = child.run(f"""
        import sys
        sys.modules["prometheus_client"] = None
        from pychrony.__main__ import main
        sys.exit(main(["{subcommand}"]))
    """)
    text = " ".join(PAGES["prometheus.md"].read_text().split())
    assert f"Without prometheus-client both exit with status {done.returncode} " in text


def test_the_defaults_on_the_page_of_the_command_are_those_of_the_command() -> None:
    text = PAGES["command.md"].read_text()
    parser = arguments.parser_of(Check(), "check")
    options = vars(arguments.parse(Check(), "check", []))
    help = {action.dest: action.help or "" for action in parser._actions}
    shown = dict(re.findall(r"^\| `--([\w-]+)` \| ([^|]+) \|", text, re.MULTILINE))
    defaults = {name: value for name, value in shown.items() if value not in ("none", "off")}
    assert len(defaults) == 5
    for name, value in defaults.items():
        key = name.replace("-", "_")
        range_ = options[key]
        assert arguments.duration(value.replace(" ", "")) in (range_.low, range_.high)
        assert f"(default: {value.replace(' ', '')}" in help[key]
    for name in shown.keys() - defaults:
        assert not options[name.replace("-", "_")], name


def test_the_default_timeout_is_the_same_wherever_it_is_given() -> None:
    flags, settings = arguments.OPTIONS["timeout"]
    default: float = settings["default"]
    assert f"(default: {default:g})" in settings["help"]
    for function in (
        pychrony.health.check,
        pychrony.aio.check_health,
        pychrony.aio.get_tracking,
        pychrony.aio.get_report,
        pychrony.aio.ChronyConnection,
    ):
        assert inspect.signature(function).parameters["timeout"].default == default
    for built in (pychrony.get_tracking, pychrony.get_report, pychrony.ChronyConnection):
        text = built.__text_signature__  # None for a class on CPython 3.9
        assert text is None or f"timeout={default}" in text
    with Responder(silent) as chronyd, pytest.raises(pychrony.ChronyTimeoutError) as caught:
        pychrony.get_tracking(chronyd.address)
    assert f"within {default:g} s" in str(caught.value)
    for name in ("README", "connections", "from-pychrony-2", "prometheus", "quickstart"):
        assert re.search(f"\\b{default:g} s by\\s+default", PAGES[f"{name}.md"].read_text()), name


LOWEST_RUST = re.compile(
    r"(?<![-\w])rustc?(?: and cargo)? (?:\(?>= )?(1\.\d+)(?: or later|\)|$)",
    re.IGNORECASE | re.MULTILINE,
)


def test_the_lowest_rust_is_the_one_that_the_manifest_names() -> None:
    (lowest,) = re.findall(
        r'^rust-version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE
    )
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/packaging.md",
        "docs/supported.md",
        "packaging/debian/control",
        "packaging/fedora/python-pychrony.spec",
    ):
        assert set(LOWEST_RUST.findall((ROOT / name).read_text())) == {lowest}, name


# What the pages say about the end of a process.

ENDS = {
    "a normal end": ("", False),
    "sys.exit()": ("sys.exit()", False),
    "SIGTERM with a handler": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit()); signal.raise_signal(signal.SIGTERM)",
        False,
    ),
    "SIGTERM": ("signal.raise_signal(signal.SIGTERM)", True),
    "SIGKILL": ("signal.raise_signal(signal.SIGKILL)", True),
    "os._exit()": ("os._exit(0)", True),
}


@pytest.mark.parametrize("end", ENDS)
def test_only_an_end_without_clean_up_leaves_libchronys_directory(
    end: str,
) -> None:
    code, leaves = ENDS[end]
    with Chronyd() as daemon:
        program = f"""
            import os, signal, sys, pychrony
            connection = pychrony.ChronyConnection({daemon.socket!r})
            connection.open()
            connection.get_tracking()
            {code}
        """
        child.run(program)
        assert bool(daemon.client_files()) is leaves
