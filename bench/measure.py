"""The measurements. Each returns plain data, in the form in which the JSON file has it."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import instructions
import parts
from confidence import Interval, bootstrap, exact, paired_ratios
from daemons import Daemons

if TYPE_CHECKING:
    from typing_extensions import Self

FLOOR, MINIMAL, OURS, PEER = "floor", "minimal", "ours", "peer"
CHRONYC, NOTHING = "chronyc", "nothing"

# How long the calls of one batch of ours take together, in seconds.
BATCH = 0.03
# A new process has a new layout of memory, which may cost or save some time. So several are measured, and this variation
# is part of the intervals.
ROUNDS_PER_LAUNCH = 10
# The CPU that the daemons and those who ask share: no time goes into waking another one, and no result depends on where the
# scheduler puts them.
CPU = 0
# strace counts what a run of the second length does more than one of the first.
SHORT, LONG = 20, 220


@dataclass(frozen=True)
class Case:
    report: str
    mode: str
    transport: str
    sources: int = 1

    @property
    def name(self) -> str:
        if self.report == "tracking":
            return f"tracking, {TRANSPORTS[self.transport]}, {MODES[self.mode]}"
        return f"{self.report}, {self.sources} source{'s' if self.sources > 1 else ''}"


TRANSPORTS = {"unix": "Unix socket", "udp": "UDP"}
MODES = {"call": "a session per call", "connection": "one connection"}
TRACKING = [Case("tracking", mode, transport) for transport in TRANSPORTS for mode in MODES]
RATIOS = [(OURS, FLOOR), (OURS, PEER)]
TRACKING_RATIOS = [*RATIOS, (OURS, MINIMAL), (MINIMAL, FLOOR)]
LISTS = [
    Case(report, "connection", "unix", sources)
    for report in ("sources", "sourcestats")
    for sources in (1, 8, 64)
]


@dataclass(frozen=True)
class Contestant:
    name: str
    command: list[str]
    env: Mapping[str, str]

    def can(self, case: Case) -> bool:
        """chronyc keeps no connection, and the minimal binding knows one report."""
        if self.name == CHRONYC:
            return case.mode == "call"
        return self.name != MINIMAL or case.report == "tracking"


class Worker:
    """A running contestant: it is told what to ask, and answers with how long that took."""

    def __init__(self, contestant: Contestant, cpu: int | None = None) -> None:
        self._process = subprocess.Popen(
            contestant.command,
            env=contestant.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if cpu is not None:
            os.sched_setaffinity(self._process.pid, {cpu})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def ask(self, report: str, mode: str, address: str, calls: int) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{report} {mode} {address} {calls}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("a worker ended early")
        measured: dict[str, Any] = json.loads(answer)
        return measured


def progress(what: str) -> None:
    print(f"measuring {what} ...", file=sys.stderr, flush=True)


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and quartiles."""
    if len(values) < 2:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}


def bare(env: Mapping[str, str]) -> dict[str, str]:
    """An environment for the peer: it brings its own libchrony, and nothing of ours must get in its way."""
    return {
        name: value for name, value in env.items() if not name.startswith(("PYTHON", "PYCHRONY"))
    }


def binding(name: str, python: str, env: Mapping[str, str]) -> Contestant:
    """A pychrony, called from a loop."""
    return Contestant(name, [python, str(parts.HERE / "worker.py"), "pychrony"], env)


def contestants(ours: str, peer: str) -> list[Contestant]:
    """All contestants. The arguments are the interpreters that have our pychrony and the peer."""
    env = dict(os.environ)
    library = str(parts.libchrony(ours))
    chronyc = Contestant(
        CHRONYC,
        [peer, str(parts.HERE / "worker.py"), "chronyc"],
        {**bare(env), "CHRONYC": parts.tool("chronyc")},
    )
    return [
        Contestant(FLOOR, [str(parts.program("floor", "library")), library], env),
        Contestant(
            MINIMAL,
            [ours, str(parts.HERE / "worker.py"), "minimal"],
            {**env, "LIBCHRONY": library, "PYTHONPATH": str(parts.minimal_binding())},
        ),
        binding(OURS, ours, env),
        binding(PEER, peer, bare(env)),
        chronyc,
    ]


def nothing(ours: Contestant) -> Contestant:
    """The loop in our interpreter, around an empty method."""
    return Contestant(NOTHING, [*ours.command[:-1], "nothing"], ours.env)


# Time.


def times(
    daemons: Daemons,
    who: Sequence[Contestant],
    cases: Sequence[Case],
    launches: int,
    ratios: Sequence[tuple[str, str]],
) -> dict[str, Any]:
    """Wall and CPU time per call. In each round each contestant makes one batch, in random order; a ratio is the median of
    the ratios within the rounds, so that what slows a round down slows both sides.

    Contestants that are compared make the same number of calls. Otherwise what a batch costs at its start, and whether it
    ends before another process has its turn, would be taken for a difference between them.
    """
    daemons.run_on(CPU)
    leader: dict[str, str] = {}
    for one, other in ratios:
        leader[other] = leader.setdefault(one, one)
    # By launch, and within it by round.
    batches: dict[Case, dict[str, list[list[dict[str, float]]]]] = {
        case: {one.name: [] for one in who if one.can(case)} for case in cases
    }
    calls: dict[tuple[Case, str], int] = {}
    lot = random.Random(1)
    for _ in range(launches):
        for results in batches.values():
            for launched in results.values():
                launched.append([])
        with ExitStack() as stack:
            workers = {one.name: stack.enter_context(Worker(one, CPU)) for one in who}
            for _ in range(ROUNDS_PER_LAUNCH):
                for case, results in batches.items():
                    address = daemons.address(case.sources, case.transport)
                    # By lot: who comes after whom matters, as caches and the socket's directory show.
                    for name in lot.sample(list(results), len(results)):
                        led = leader.get(name, name)
                        if (case, led) not in calls:
                            calls[case, led] = _batch(workers[led], case, address)
                        taken = workers[name].ask(case.report, case.mode, address, calls[case, led])
                        results[name][-1].append(taken)
    return {case.name: _summary(results, ratios) for case, results in batches.items()}


def _batch(worker: Worker, case: Case, address: str) -> int:
    """How many calls take as long as a batch should. The shortest of some trials counts: the others were disturbed."""
    trials: list[float] = [worker.ask(case.report, case.mode, address, 3)["wall"] for _ in range(5)]
    return max(3, round(BATCH / min(trials)))


def _summary(
    results: dict[str, list[list[dict[str, float]]]], ratios: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    def by_launch(name: str, what: str) -> list[list[float]]:
        return [[batch[what] for batch in launched] for launched in results[name]]

    def ratio(one: str, other: str, what: str) -> Interval:
        return bootstrap(paired_ratios(by_launch(one, what), by_launch(other, what)))

    summary: dict[str, Any] = {
        name: {what: spread(sum(by_launch(name, what), [])) for what in ("wall", "cpu")}
        for name in results
    }
    summary["ratios"] = {
        f"{one} / {other}": {what: ratio(one, other, what) for what in ("wall", "cpu")}
        for one, other in ratios
    }
    return summary


def single_calls(daemons: Daemons, ours: Contestant, count: int) -> dict[str, Any]:
    """Many calls, each timed alone."""
    results = {}
    with Worker(ours) as worker:
        for transport in TRANSPORTS:
            address = daemons.address(1, transport)
            walls = sorted(worker.ask("tracking", "single", address, count)["walls"])
            results[transport] = {
                "calls": count,
                "median": bootstrap([walls]),
                "p99": walls[-1 - count // 100],
                "max": walls[-1],
            }
    return results


def threads(
    daemons: Daemons, who: Iterable[Contestant], calls: int, rounds: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Tracking calls per second by the number of threads. The peer has no locks: its threads have a connection each."""
    address = daemons.address(1, "udp")
    modes = {OURS: ("own", "shared"), PEER: ("own",)}
    rates: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        workers = {one.name: stack.enter_context(Worker(one)) for one in who if one.name in modes}
        for _ in range(rounds):
            for number in (1, 2, 8):
                for name, worker in workers.items():
                    for mode in modes[name]:
                        measured = worker.ask(
                            "tracking", f"{mode}-{number}", address, calls // number
                        )
                        by_number = rates.setdefault(f"{name}, {mode}", {})
                        by_number.setdefault(str(number), []).append(1 / measured["wall"])
    return {
        how: {number: spread(values) for number, values in by_number.items()}
        for how, by_number in rates.items()
    }


# System calls.


def system_calls(
    daemons: Daemons, who: Iterable[Contestant], cases: Iterable[Case]
) -> dict[str, dict[str, dict[str, float]]]:
    """System calls per call, by name."""
    return {
        case.name: {
            one.name: _system_calls(one, case, daemons.address(case.sources, case.transport))
            for one in who
            if one.can(case)
        }
        for case in cases
    }


def _system_calls(one: Contestant, case: Case, address: str) -> dict[str, float]:
    def count(calls: int) -> dict[str, int]:
        with tempfile.TemporaryDirectory() as directory:
            out = Path(directory, "strace")
            subprocess.run(
                [parts.tool("strace"), "-f", "-c", "-U", "calls,name", "-o", out, *one.command],
                env=one.env,
                input=f"{case.report} {case.mode} {address} {calls}\n",
                text=True,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            rows = [line.split() for line in out.read_text().splitlines()]
        return {row[1]: int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit()}

    less, more = count(SHORT), count(LONG)
    del more["total"]
    per_call = {name: (more[name] - less.get(name, 0)) / (LONG - SHORT) for name in more}
    return {name: round(number, 2) for name, number in per_call.items() if number >= 0.05}


# Instructions.


def call_instructions(daemons: Daemons, who: Iterable[Contestant]) -> dict[str, Any]:
    """Instructions per tracking call, in all and by file, and those that are ours beyond the floor and the loop."""
    by_name = {one.name: one for one in who}
    counted = [*(by_name[name] for name in (FLOOR, MINIMAL, OURS, PEER)), nothing(by_name[OURS])]
    address = daemons.address(1, "udp")
    results: dict[str, Any] = {}
    for mode in ("connection", "call"):
        profiles = {
            one.name: instructions.profile_call(one.command, one.env, "tracking", mode, address)
            for one in counted
        }
        results[mode] = {
            name: {"total": profile.total, "files": dict(profile.by_file().most_common())}
            for name, profile in profiles.items()
        }
        totals = {name: profile.total for name, profile in profiles.items()}
        results[mode]["own"] = exact(totals[OURS] - totals[FLOOR] - totals[NOTHING])
    return results


# The machine.


def machine(python: str) -> dict[str, str]:
    def output(*command: str) -> str:
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    information = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line for line in information if line.startswith("model name")), "unknown")
    system = os.uname()
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": f"{model.partition(':')[2].strip() or model}, {os.cpu_count()} CPUs",
        "system": f"{system.sysname} {system.release} {system.machine}",
        "python": output(python, "-c", "import platform; print(platform.python_version())"),
        "chronyd": output(parts.tool("chronyd"), "--version").split(" (+")[0],
        "pychrony": output(python, "-c", "import pychrony; print(pychrony.__version__)"),
        "peer": parts.PEER,
    }
