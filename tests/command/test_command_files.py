"""The manual page and the completion, made from the parser as distributions make them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import child

from pychrony.__main__ import COMMANDS
from pychrony.command.arguments import whole_parser

TOOL = Path(__file__).parent.parent.parent / "tools" / "command_files.py"

pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="the tool is in the sources only")


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory, no_libchrony: Path) -> Path:
    """The directory with the files, made without libchrony."""
    pytest.importorskip("shtab", reason="completion is made with shtab")
    directory = tmp_path_factory.mktemp("share")
    done = child.execute(
        [sys.executable, TOOL, directory], env=child.environment({"PYCHRONY_LIBCHRONY": "/nowhere"})
    )
    assert done.returncode == 0, done.stdout
    return directory


def test_the_manual_has_every_command_and_every_option(share: Path) -> None:
    page = (share / "man/man1/pychrony.1").read_text()
    parser = whole_parser(COMMANDS)
    (commands,) = [each for each in parser._actions if isinstance(each.choices, dict)]
    for name, command in commands.choices.items():
        assert f".TP\n\\fB{name}\\fR" in page
        for action in command._actions:
            if "--help" in action.option_strings:
                continue
            value = f" \\fI{action.metavar}\\fR" if action.nargs is None else ""
            for flag in action.option_strings:
                assert f"\\fB{flag}\\fR{value}".replace("-", "\\-") in page
            assert action.help and action.help.replace("-", "\\-") in page
    assert "%(" not in page
    for heading in ("EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"):
        assert f".SH {heading}\n" in page


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
def test_the_manual_can_be_read(share: Path) -> None:
    done = child.execute(
        ["man", "--warnings", "--local-file", share / "man/man1/pychrony.1"],
        stderr=subprocess.PIPE,
        env=child.environment({"MANWIDTH": "80", "LC_ALL": "C"}),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "pychrony - ask chronyd how good the system's clock is" in done.stdout


def completed(share: Path, line: str) -> set[str]:
    """What bash offers for the last word of a line."""
    script = share / "bash-completion/completions/pychrony"
    words = line.split(" ")
    last, before = shlex.quote(words[-1]), shlex.quote(words[-2])
    code = f"""
        source {shlex.quote(str(script))}
        COMP_WORDS=({shlex.join(words)}) COMP_CWORD={len(words) - 1}
        function=$(complete -p pychrony | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        $function pychrony {last} {before}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = child.execute(["bash", "-c", code], stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_bash_completes_commands_options_and_reports(share: Path) -> None:
    assert completed(share, "pychrony source") == {"sources", "sourcestats"}
    assert completed(share, "pychrony check --max") >= {"--max-age", "--max-stratum"}
    assert completed(share, "pychrony wait --") >= {"--for", "--max-error", "--address"}
    assert completed(share, "pychrony report s") >= {"smoothing", "serverstats"}
