"""The examples run as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import child
from support.chronyd import Chronyd

EXAMPLES = Path(__file__).parent.parent / "examples"


def health(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, str(EXAMPLES / "clock_health.py"), *arguments]
    ended = child.execute(command, stderr=subprocess.PIPE)
    assert ended.stderr == ""
    return ended.returncode, ended.stdout


def test_a_synchronised_clock_is_healthy(client: Chronyd) -> None:
    status, said = health("1.0", client.socket)
    assert status == 0
    assert said.startswith("yes: at most 0.")
    assert said.endswith("by 127.0.0.1\n")


def test_a_clock_may_be_worse_than_asked_for(client: Chronyd) -> None:
    status, said = health("0", client.socket)
    assert (status, said[:3]) == (1, "no:")


def test_an_unsynchronised_clock_is_not_healthy(unsynchronised: Chronyd) -> None:
    assert health("1.0", unsynchronised.socket) == (1, "no: the clock is not synchronised\n")


def test_without_chronyd_nobody_can_say() -> None:
    status, said = health("1.0", "127.0.0.1:9")
    assert status == 2
    assert said.startswith("unknown: cannot reach chronyd")
