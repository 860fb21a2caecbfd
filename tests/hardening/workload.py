"""Takes every path through pychrony so many times, for memory checkers to watch.

Run as `workload.py TRANSPORT TIMES`. A few times on the way, it prints how much memory is in use.
"""

from __future__ import annotations

import gc
import itertools
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import paths  # noqa: E402
from answers import Answers  # noqa: E402

PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Memory in use, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def take_all(addresses: dict[str, str]) -> int:
    """Take each path once; returns how many there are. (A connection's paths are valid until those of the next one come.)"""
    number = 0
    for path in paths.of_everything(addresses):
        if "interrupted" not in path.name and "cycle" not in path.name:
            path.take()
            number += 1
    return number


def main() -> None:
    transport, times = sys.argv[1], int(sys.argv[2])
    with Answers(transport) as answers:
        take_all(answers.addresses)
        gc.collect()
        descriptors = paths.descriptors()
        first = 0
        calls = 0
        tenth = max(times // 10, 1)
        for turn in itertools.count():
            if turn % tenth == 0 or turn == times:
                gc.collect()
                now = resident()
                # Memory that is taken in the first tenth belongs to the allocators and the interpreter.
                if turn == tenth:
                    first = now
                print(f"{calls} calls: {now // 1024} KiB", flush=True)
            if turn == times:
                break
            calls += take_all(answers.addresses)
        assert paths.descriptors() == descriptors, (paths.descriptors(), descriptors)
    assert answers.left == [], answers.left
    # A leak of one byte for each call would show after a million calls; pages come and go by the dozen.
    grown = resident() - first
    assert calls < 100_000 or grown < 1024 * 1024, f"it grew by {grown} bytes"


if __name__ == "__main__":
    main()
