"""The measurements. Each returns plain data, as it stands in the JSON file."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
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
from daemons import Daemons

if TYPE_CHECKING:
    from typing_extensions import Self

FLOOR, OURS, PEER, CHRONYC = "floor", "ours", "peer", "chronyc"

# How long the calls of one batch take together, in seconds.
BATCH = 0.03
# A new process has its memory laid out anew, which may cost or save some: none is measured alone.
LAUNCHES = 5
# The CPU that the daemons and those who ask share: no time goes into waking another one, and none is decided by where the
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
            how = "a session per call" if self.mode == "call" else "one connection"
            return f"tracking, {TRANSPORTS[self.transport]}, {how}"
        return f"{self.report}, {self.sources} source{'s' if self.sources > 1 else ''}"


TRANSPORTS = {"unix": "Unix socket", "udp": "UDP"}
TRACKING = [
    Case("tracking", mode, transport) for transport in TRANSPORTS for mode in ("call", "connection")
]
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
        """chronyc keeps no connection."""
        return self.name != CHRONYC or case.mode == "call"


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


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and quartiles."""
    if len(values) < 2:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}


def contestants(python: str) -> list[Contestant]:
    env = dict(os.environ)
    worker = str(parts.HERE / "worker.py")
    # The peer brings its own libchrony, and nothing of ours is to be in its way.
    bare = {
        name: value for name, value in env.items() if not name.startswith(("PYTHON", "PYCHRONY"))
    }
    peer = str(parts.peer(python))
    return [
        Contestant(FLOOR, [str(parts.program("floor")), str(parts.libchrony(python))], env),
        Contestant(OURS, [python, worker, "pychrony"], env),
        Contestant(PEER, [peer, worker, "pychrony"], bare),
        Contestant(CHRONYC, [peer, worker, "chronyc"], {**bare, "CHRONYC": parts.tool("chronyc")}),
    ]


# Time.


def times(
    daemons: Daemons, who: Sequence[Contestant], cases: Sequence[Case], rounds: int
) -> dict[str, Any]:
    """Wall and CPU time per call. In each round each contestant makes one batch, in an order drawn by lot; a ratio is the
    median of the ratios within the rounds, so that what slows a round down slows both sides."""
    daemons.run_on(CPU)
    batches: dict[Case, dict[str, list[dict[str, float]]]] = {
        case: {one.name: [] for one in who if one.can(case)} for case in cases
    }
    calls: dict[tuple[Case, str], int] = {}
    lot = random.Random(1)
    for _ in range(LAUNCHES):
        with ExitStack() as stack:
            workers = {one.name: stack.enter_context(Worker(one, CPU)) for one in who}
            for _ in range(-(-rounds // LAUNCHES)):
                for case, results in batches.items():
                    address = daemons.address(case.sources, case.transport)
                    # By lot: who comes after whom matters, as caches and the socket's directory show.
                    for name in lot.sample(list(results), len(results)):
                        ask = workers[name].ask
                        if (case, name) not in calls:
                            trial = ask(case.report, case.mode, address, 3)["wall"]
                            calls[case, name] = max(3, round(BATCH / trial))
                        count = calls[case, name]
                        results[name].append(ask(case.report, case.mode, address, count))
    return {case.name: _summary(results) for case, results in batches.items()}


def _summary(results: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    def ratio(one: str, other: str, what: str) -> dict[str, float]:
        return spread([a[what] / b[what] for a, b in zip(results[one], results[other])])

    summary: dict[str, Any] = {
        name: {what: spread([batch[what] for batch in batches]) for what in ("wall", "cpu")}
        for name, batches in results.items()
    }
    summary["ratios"] = {
        f"{OURS} / {other}": {what: ratio(OURS, other, what) for what in ("wall", "cpu")}
        for other in (FLOOR, PEER)
    }
    return summary


def single_calls(daemons: Daemons, ours: Contestant, count: int) -> dict[str, Any]:
    """Each of many calls timed alone."""
    results = {}
    with Worker(ours) as worker:
        for transport in TRANSPORTS:
            address = daemons.address(1, transport)
            walls = sorted(worker.ask("tracking", "single", address, count)["walls"])
            results[transport] = {
                "calls": count,
                "median": statistics.median(walls),
                "p99": walls[-1 - count // 100],
                "max": walls[-1],
            }
    return results


def threads(
    daemons: Daemons, who: Iterable[Contestant], calls: int, rounds: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Tracking calls per second by threads. The peer has no locks: its threads have a connection each."""
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
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "strace")
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
    """Instructions per tracking call, and which of them are in files that only ours has."""
    by_name = {one.name: one for one in who}
    ours = by_name[OURS]
    nothing = Contestant("nothing", [*ours.command[:-1], "nothing"], ours.env)
    address = daemons.address(1, "udp")
    results: dict[str, Any] = {}
    for mode in ("connection", "call"):
        counted = {
            one.name: instructions.profile_call(one.command, one.env, "tracking", mode, address)
            for one in (by_name[FLOOR], ours, by_name[PEER], nothing)
        }
        results[mode] = {
            name: {"total": profile.total, "files": dict(profile.by_file().most_common())}
            for name, profile in counted.items()
        }
        totals = {name: profile.total for name, profile in counted.items()}
        results[mode]["own"] = totals[OURS] - totals[FLOOR] - totals["nothing"]
    return results


# What it costs to have the module.

PROGRAMS = {"import": "import pychrony", "bare": "pass"}
RESIDENT = "; print(next(line for line in open('/proc/self/status') if line.startswith('VmRSS')).split()[1])"


def imports(who: Iterable[Contestant], rounds: int) -> dict[str, Any]:
    """What `import pychrony` costs over a bare interpreter."""
    measured = [one for one in who if one.name in (OURS, PEER)]
    runs: dict[str, dict[str, list[tuple[float, float]]]] = {
        one.name: {program: [] for program in PROGRAMS} for one in measured
    }
    for number in range(rounds + 1):
        for one in measured:
            for program, code in PROGRAMS.items():
                taken = _run_time([one.command[0], "-c", code], one.env)
                if number:  # the first fills the caches
                    runs[one.name][program].append(taken)
    return {one.name: _import_cost(one, runs[one.name]) for one in measured}


def _run_time(command: list[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Wall and CPU time of a process."""
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, env)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    if status:
        raise RuntimeError(f"{command} failed")
    return wall, usage.ru_utime + usage.ru_stime


def _import_cost(one: Contestant, runs: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    def over_bare(what: int) -> dict[str, float]:
        pairs = zip(runs["import"], runs["bare"])
        return spread([with_it[what] - without[what] for with_it, without in pairs])

    counted = {
        program: instructions.profile([one.command[0], "-c", code], one.env).total
        for program, code in PROGRAMS.items()
    }
    resident = {
        program: statistics.median(_resident(one, code) for _ in range(5))
        for program, code in PROGRAMS.items()
    }
    return {
        "wall": over_bare(0),
        "cpu": over_bare(1),
        "bare": spread([wall for wall, _ in runs["bare"]]),
        "instructions": counted["import"] - counted["bare"],
        "bare instructions": counted["bare"],
        "resident": (resident["import"] - resident["bare"]) * 1024,
        "bare resident": resident["bare"] * 1024,
    }


def _resident(one: Contestant, code: str) -> int:
    done = subprocess.run(
        [one.command[0], "-c", code + RESIDENT],
        env=one.env,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stdout)


def sizes(own_wheel: Path | None) -> dict[str, int | None]:
    peer = parts.peer_wheel(parts.CACHE / "peer" / "bin" / "python")
    return {
        OURS: own_wheel.stat().st_size if own_wheel is not None else None,
        PEER: peer.stat().st_size,
    }


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
