"""Python in a process of its own: for another libchrony, for signals, for other privileges, for a fresh start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from typing import Any

from .waiting import DEADLINE

# An exception as far as a test asks about it.
DESCRIBE = """
def describe(error):
    return {
        "type": type(error).__name__,
        "bases": [base.__name__ for base in type(error).__mro__],
        "message": str(error),
        "error_code": getattr(error, "error_code", None),
        "code_name": getattr(getattr(error, "error_code", None), "name", None),
        "errno": getattr(error, "errno", None),
        "name": getattr(error, "name", None),
        "path": getattr(error, "path", None),
    }
"""

REPORT = """
import json
try:
    import pychrony
    result = {"value": (lambda: %s)()}
except Exception as error:
    result = {"error": describe(error)}
print(json.dumps(result, default=repr))
"""


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Our environment with these changes; None takes a variable away."""
    merged: dict[str, str | None] = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def start(
    code: str, *, prefix: tuple[str, ...] = (), **changes: str | None
) -> subprocess.Popen[str]:
    """A child that runs `code`, with both its ends in our hands."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", DESCRIBE + textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(changes),
    )


def run(
    code: str, *, prefix: tuple[str, ...] = (), **changes: str | None
) -> subprocess.CompletedProcess[str]:
    """Run `code` to its end."""
    process = start(code, prefix=prefix, **changes)
    try:
        out, err = process.communicate(timeout=2 * DEADLINE)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def check(code: str, *, prefix: tuple[str, ...] = (), **changes: str | None) -> str:
    """Run `code`, which must succeed; what it printed."""
    done = run(code, prefix=prefix, **changes)
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def evaluate(expression: str, **changes: str | None) -> dict[str, Any]:
    """Import pychrony in a child and evaluate: {"value": …}, or {"error": …} as `describe` has it."""
    result: dict[str, Any] = json.loads(check(REPORT % expression, prefix=(), **changes))
    return result
