"""What a call touches: cache misses simulated by valgrind's cachegrind, and counted by the processor where perf may.

How long an instruction takes depends on where its operands are. A processor with slower memory than this one takes longer
for the same instructions, the longer the more memory they touch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import worker

LINE = 64
# A processor that is the same on every machine: first level caches of 32 KiB, and below them one of 1 MiB.
COMMON = [f"--I1=32768,8,{LINE}", f"--D1=32768,8,{LINE}", f"--LL=1048576,16,{LINE}"]
# One whose first level holds next to nothing: what the last level misses after it was emptied is every line that is touched.
COUNTING = [f"--I1={2 * LINE},1,{LINE}", f"--D1={2 * LINE},1,{LINE}", f"--LL=1048576,16,{LINE}"]
# A simulated run is slow; what a call misses hardly varies.
SHORT, LONG = 50, 250
COLD_SHORT, COLD_LONG = 10, 60
# The same for callgrind, which also says where.
CALLGRIND: dict[str, Any] = {
    "lengths": (COLD_SHORT, COLD_LONG),
    "options": ["--cache-sim=yes", *COUNTING],
}
# For the processor's own counters, which count the start of the process too.
PERF_SHORT, PERF_LONG = 2000, 22000
PERF_EVENTS = (
    "instructions:u",
    "L1-dcache-load-misses:u",
    "L1-icache-load-misses:u",
    "cache-misses:u",
)


def parse_cachegrind(text: str) -> dict[str, int]:
    """The totals of cachegrind's output, by the names of its events."""
    lines = dict(line.partition(":")[::2] for line in text.splitlines() if line[:1].isalpha())
    counts = [int(count) for count in lines["summary"].split()]
    return dict(zip(lines["events"].split(), counts))


def parse_perf(text: str) -> dict[str, int]:
    """The counts of `perf stat -x,`, without the events that this processor cannot count."""
    rows = [line.split(",") for line in text.splitlines() if "," in line]
    return {row[2]: int(row[0]) for row in rows if row[0].isdigit()}


def _cachegrind(
    caches: list[str], command: list[str], env: Mapping[str, str], request: str
) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "cachegrind.out")
        # The log has nothing but a warning that this machine's own caches have an odd size.
        files = [f"--cachegrind-out-file={out}", f"--log-file={folder}/log"]
        subprocess.run(
            ["valgrind", "--tool=cachegrind", "--cache-sim=yes", *caches, *files, *command],
            env={**env, "PYTHONHASHSEED": "0"},
            input=request,
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return parse_cachegrind(out.read_text())


def misses(command: list[str], env: Mapping[str, str], address: str) -> dict[str, float]:
    """What a call on a connection misses in a loop of nothing else, and how many lines of memory it touches.

    The lines are what a call misses after the caches were emptied, less what the emptying itself misses, which is each line
    of the memory that it reads.
    """

    def per_call(caches: list[str], mode: str, short: int, long: int) -> dict[str, float]:
        less, more = (
            _cachegrind(caches, command, env, f"tracking {mode} {address} {calls}\n")
            for calls in (short, long)
        )
        return {name: (more[name] - less[name]) / (long - short) for name in more}

    loop = per_call(COMMON, "connection", SHORT, LONG)
    cold = per_call(COUNTING, "cold", COLD_SHORT, COLD_LONG)
    return {
        "code misses": loop["I1mr"],
        "data misses": loop["D1mr"] + loop["D1mw"],
        "last level misses": loop["ILmr"] + loop["DLmr"] + loop["DLmw"],
        "code lines": cold["ILmr"],
        "data lines": cold["DLmr"] + cold["DLmw"] - worker.EMPTYING / LINE,
    }


def _perf(command: list[str], env: Mapping[str, str], request: str) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "perf")
        subprocess.run(
            ["perf", "stat", "-x,", "-o", out, "-e", ",".join(PERF_EVENTS), "--", *command],
            env=env,
            input=request,
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return parse_perf(out.read_text())


def perf_refusal() -> str | None:
    """Why the processor's counters cannot be read here; None if they can."""
    if shutil.which("perf") is None:
        return "perf is not installed"
    try:
        counted = _perf(["true"], os.environ, "")
    except subprocess.CalledProcessError as error:
        return f"perf stat ended with status {error.returncode} (kernel.perf_event_paranoid?)"
    missing = [name for name in PERF_EVENTS if name not in counted]
    return f"perf stat does not support {', '.join(missing)} here" if missing else None


def counters(command: list[str], env: Mapping[str, str], address: str) -> dict[str, float]:
    """What the processor counts for a call on a connection, outside the kernel."""
    less, more = (
        _perf(command, env, f"tracking connection {address} {calls}\n")
        for calls in (PERF_SHORT, PERF_LONG)
    )
    return {name: (more[name] - less[name]) / (PERF_LONG - PERF_SHORT) for name in more}
