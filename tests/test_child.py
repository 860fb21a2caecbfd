"""Every process that the tests start ends: by itself, or by its deadline."""

from __future__ import annotations

import ast
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import child

# Prints a line; then neither it nor the child it has forked ends by itself.
ENDLESS = """
import os, time
os.fork()
os.write(1, b"here\\n")
while True:
    time.sleep(60)
"""


def test_a_process_is_killed_at_its_deadline_with_all_that_it_has_started() -> None:
    with pytest.raises(TimeoutError, match="killed at its deadline") as raised:
        child.execute([sys.executable, "-c", ENDLESS], deadline=1)
    # The pipe is at its end only when no process has it open any more.
    assert "here" in str(raised.value)


def test_reading_from_a_process_ends_at_its_deadline() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    pipe = subprocess.PIPE
    with child.Process(command, deadline=1, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert process.wait() == -signal.SIGKILL
        assert process.expired


def test_a_process_that_ends_in_time_is_not_killed() -> None:
    done = child.execute([sys.executable, "-c", "print('done')"])
    assert (done.returncode, done.stdout) == (0, "done\n")


def test_signals_are_handled_where_they_were_ignored() -> None:
    """As in a script's `(make test &)` and in `nohup make test`: a command inherits what it ignores, and Python does not
    change that."""
    code = f"""
import os, signal, sys
sys.path[:] = {sys.path!r}
from support import child
ENDING = signal.SIGINT, signal.SIGHUP, signal.SIGTERM
print({{signal.getsignal(number) for number in ENDING}} == {{signal.SIG_IGN}})
child.heed_signals()
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
print(child.evaluate("__import__('signal').getsignal(2).__name__"))
for number in ENDING[1:]:
    print(child.execute(["sh", "-c", f"kill -{{number}} $$; sleep 60"]).returncode)
"""
    command = ["sh", "-c", 'trap "" INT HUP TERM; exec "$0" "$@"', sys.executable, "-c", code]
    assert child.execute(command).stdout == (
        "True\ninterrupted\n{'value': 'default_int_handler'}\n-1\n-15\n"
    )


# By module: functions that take a timeout, and have no limit without one.
WITH_TIMEOUT = {"subprocess": "run call check_call check_output"}
# By module: functions that start a process, or wait for its end, but take no timeout.
WITHOUT_TIMEOUT = {
    "subprocess": "Popen getoutput getstatusoutput",
    "asyncio": "create_subprocess_exec create_subprocess_shell",
    "os": "fork forkpty popen posix_spawn posix_spawnp spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe system "
    "wait wait3 wait4 waitid waitpid",
    "pty": "fork spawn",
}

# Which file may call such a function, and why.
CHRONYD = ("support/chronyd.py", "subprocess.Popen")
EXCEPTIONS = {
    CHRONYD: "it serves a whole run, however long, and its context manager ends it, by force if need be",
}


def is_one_of(calls: dict[str, str], name: str) -> bool:
    module, _, function = name.rpartition(".")
    return function in calls.get(module, "").split()


def without_deadline(source: bytes) -> Iterator[tuple[int, str]]:
    """The line and the name of each call that lets a process take as long as it likes.

    Programs in strings are not examined: they run in processes that have a deadline and end with all they have started.
    """
    nodes = list(ast.walk(ast.parse(source)))
    meant: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            meant.update({each.asname: each.name for each in node.names if each.asname})
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                meant[each.asname or each.name] = f"{node.module}.{each.name}"
    for node in nodes:
        if isinstance(node, ast.Call):
            first, dot, rest = ast.unparse(node.func).partition(".")
            name = meant.get(first, first) + dot + rest
            told = {each.arg: ast.unparse(each.value) for each in node.keywords}
            endless = is_one_of(WITH_TIMEOUT, name) and told.get("timeout", "None") == "None"
            if endless or is_one_of(WITHOUT_TIMEOUT, name):
                yield node.lineno, name


def test_no_test_starts_or_awaits_a_process_without_a_deadline() -> None:
    tests = Path(__file__).parent
    excepted, found = set(), []
    for path in sorted(tests.rglob("*.py")):
        file = path.relative_to(tests).as_posix()
        for line, name in without_deadline(path.read_bytes()):
            if (file, name) in EXCEPTIONS:
                excepted.add((file, name))
            else:
                found.append(f"{file}:{line}: {name}")
    assert not found, "\n".join(["start it with support.child, or give it a timeout:", *found])
    assert excepted == set(EXCEPTIONS), "an exception that nobody needs"
