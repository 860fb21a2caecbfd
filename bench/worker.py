"""Asks chronyd as often as it is told to, and says how long that took. Runs in the interpreter that is measured.

It reads lines "REPORT MODE ADDRESS CALLS" and answers each with a line of JSON: seconds per call, wall and CPU. Its argument
says what asks: "pychrony" (whichever this interpreter has), "minimal" (minimal.c), "chronyc" (a new process for each call)
or "nothing" (a loop around an empty method: what the interpreter itself costs).

Modes: "call", a session for each call; "connection", one for all; "single", like "call", with each call timed alone;
"shared-N" and "own-N", N threads on one connection or on one each, where CALLS is the number of each thread's calls.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import repeat
from typing import Any, ClassVar, Protocol

Ask = Callable[[], object]


class Asker(Protocol):
    def measure(self, report: str, mode: str, address: str, calls: int) -> dict[str, Any]: ...


def cpu_time() -> float:
    """User and system time of this process and of those it waited for."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def timed(ask: Ask, calls: int) -> dict[str, float]:
    cpu = cpu_time()
    wall = time.perf_counter()
    for _ in repeat(None, calls):
        ask()
    wall = time.perf_counter() - wall
    cpu = cpu_time() - cpu
    return {"wall": wall / calls, "cpu": cpu / calls}


def each_timed(ask: Ask, calls: int) -> dict[str, list[float]]:
    walls = []
    for _ in repeat(None, calls):
        start = time.perf_counter()
        ask()
        walls.append(time.perf_counter() - start)
    return {"walls": walls}


def threads_timed(asks: list[Ask], calls: int) -> dict[str, float]:
    """Has each thread make its calls; the time is per call of all of them together."""
    start = threading.Barrier(len(asks) + 1)
    done: list[Ask] = []

    def run(ask: Ask) -> None:
        start.wait()
        for _ in repeat(None, calls):
            ask()
        done.append(ask)

    threads = [threading.Thread(target=run, args=(ask,)) for ask in asks]
    for thread in threads:
        thread.start()
    start.wait()
    cpu = cpu_time()
    wall = time.perf_counter()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - wall
    cpu = cpu_time() - cpu
    if len(done) < len(asks):
        raise RuntimeError("a thread failed")
    total = calls * len(asks)
    return {"wall": wall / total, "cpu": cpu / total}


class Pychrony:
    """pychrony: ours or its namesake, whose connections have the same methods."""

    NAMES: ClassVar = {
        "tracking": "get_tracking",
        "sources": "get_sources",
        "sourcestats": "get_source_stats",
    }

    def __init__(self) -> None:
        import pychrony

        self.module: Any = pychrony

    def once(self, report: str, address: str) -> Ask:
        """A session for one call only, in the way that the package offers."""
        name = self.NAMES[report]
        function = getattr(self.module, name, None)
        if function is not None:
            return lambda: function(address)
        connection = self.module.ChronyConnection

        def ask() -> object:
            with connection(address) as opened:
                return getattr(opened, name)()

        return ask

    def measure(self, report: str, mode: str, address: str, calls: int) -> dict[str, Any]:
        if mode in ("call", "single"):
            ask = self.once(report, address)
            ask()
            return timed(ask, calls) if mode == "call" else each_timed(ask, calls)
        kind, _, number = mode.partition("-")
        threads = int(number or 1)
        with ExitStack() as stack:
            connections = [
                stack.enter_context(self.module.ChronyConnection(address))
                for _ in range(threads if kind == "own" else 1)
            ]
            asks: list[Ask] = [
                getattr(connection, self.NAMES[report]) for connection in connections
            ]
            for ask in asks:
                ask()
            if kind == "connection":
                return timed(asks[0], calls)
            return threads_timed(asks if kind == "own" else asks * threads, calls)


class Minimal:
    """The minimal binding (minimal.c), which can ask for the tracking report."""

    def __init__(self) -> None:
        import minimal

        self.module: Any = minimal

    def measure(self, report: str, mode: str, address: str, calls: int) -> dict[str, Any]:
        ask, once = self.module.ask, self.module.once
        self.module.open(os.environ["LIBCHRONY"], address)
        ask()
        if mode == "call":
            return timed(lambda: once(address), calls)
        return timed(ask, calls)


class Chronyc:
    """`chronyc -c`, as programs without a binding run it."""

    def measure(self, report: str, mode: str, address: str, calls: int) -> dict[str, Any]:
        host, _, port = address.rpartition(":") if ":" in address else (address, "", "")
        command = [os.environ["CHRONYC"], "-n", "-c", "-h", host]
        command += ["-p", port] if port else []
        command.append(report)

        def ask() -> object:
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            return done.stdout.rstrip().split(",")

        ask()
        return timed(ask, calls)


class Nothing:
    """The loop alone."""

    def measure(self, report: str, mode: str, address: str, calls: int) -> dict[str, Any]:
        empty: list[object] = []
        return timed(empty.clear, calls)


def main() -> None:
    askers: dict[str, Callable[[], Asker]] = {
        "pychrony": Pychrony,
        "minimal": Minimal,
        "chronyc": Chronyc,
        "nothing": Nothing,
    }
    asker = askers[sys.argv[1]]()
    for line in sys.stdin:
        report, mode, address, calls = line.split()
        print(json.dumps(asker.measure(report, mode, address, int(calls))), flush=True)


if __name__ == "__main__":
    main()
