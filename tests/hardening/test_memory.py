"""A call keeps nothing that it takes: references, memory, descriptors, files. And no failed allocation does harm."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from scale import IS_QUICK, LIFETIME, times
from support import child

HERE = Path(__file__).parent


def run(program: str, *arguments: str) -> None:
    """Run one of our programs, which says what is wrong."""
    done = child.execute([sys.executable, HERE / program, *arguments], deadline=LIFETIME)
    print(done.stdout)
    assert done.returncode == 0, done.stdout


def test_no_call_keeps_a_reference_or_a_descriptor_or_a_file(transport: str) -> None:
    # On a Unix socket each call makes two directories, which takes most of its time. More than 30 show what is kept.
    run("counts.py", transport, str(times(200 if transport == "udp" else 60, least=40)))


def test_an_import_without_memory_raises_only_a_memory_error() -> None:
    run("allocations.py", "import", "none")


def test_a_call_without_memory_raises_only_a_memory_error(transport: str) -> None:
    # The same code runs on both transports, and is much slower on a Unix socket.
    only = ["get_tracking"] if IS_QUICK and transport == "unix" else []
    run("allocations.py", "calls", transport, *only)


@pytest.mark.parametrize(
    ("report", "calls"),
    [
        ("smoothing", 20_000),
        ("selectdata", 6000),
        ("ntpdata", 6000),
        ("authdata", 6000),
        ("sources", 6000),
    ],
)
def test_numbers_that_a_peer_chooses_are_not_kept(report: str, calls: int) -> None:
    run("differing.py", report, str(times(calls, least=calls)))
