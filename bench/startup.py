"""What it costs a program to import the module and to get a first answer: all that comes before its second call."""

from __future__ import annotations

import configparser
import json
import os
import random
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import instructions
import parts
from confidence import Interval, independent
from measure import OURS, PEER, bare


@dataclass(frozen=True)
class Program:
    """A program that is run from its start to its end."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    # The cost is told over that of the program of this name. Without one it is the cost of the whole process.
    over: str | None = None


BARE = "bare interpreter"
ENUM = "import enum"
IMPORT = "import pychrony"
FIRST = "import, first get_tracking()"
COMMAND = "pychrony --json tracking"
OVERVIEW = "pychrony"
CHECK = "pychrony check"
SMALLEST_COMMAND = "import argparse, json"
CHRONYC_COMMAND = "chronyc -c tracking"


def has_command(python: Path) -> bool:
    """Whether our package has its command. If setup.cfg declares one, an environment without it is an error."""
    setup = configparser.ConfigParser()
    setup.read(parts.ROOT / "setup.cfg")
    scripts = setup.get("options", "scripts", fallback="").split()
    declared = any(Path(script).name == "pychrony" for script in scripts)
    installed = (python.parent / "pychrony").exists()
    if declared and not installed:
        raise RuntimeError(f"setup.cfg declares the command pychrony, and {python.parent} lacks it")
    return installed


def in_python(
    name: str, python: Path, env: Mapping[str, str], codes: Mapping[str, str]
) -> list[Program]:
    """Programs in one interpreter: the interpreter alone, and what is measured over it."""
    alone = f"{name}: {BARE}"
    return [
        Program(alone, [str(python), "-c", "pass"], env),
        *(
            Program(f"{name}: {what}", [str(python), "-c", code], env, alone)
            for what, code in codes.items()
        ),
    ]


def our_programs(name: str, python: Path, address: str) -> list[Program]:
    """The programs of one build of ours."""
    codes = {
        ENUM: "import enum",
        IMPORT: "import pychrony",
        FIRST: f"import pychrony; pychrony.get_tracking({address!r})",
    }
    return in_python(name, python, dict(os.environ), codes)


def programs(ours: Path, peer: Path, address: str) -> list[Program]:
    """Everything that is in the table. The address is a UDP one."""
    env = dict(os.environ)
    peer_codes = {
        IMPORT: "import pychrony",
        FIRST: f"import pychrony\nwith pychrony.ChronyConnection({address!r}) as c: c.get_tracking()",
    }
    measured = [
        *our_programs(OURS, ours, address),
        *in_python(PEER, peer, bare(env), peer_codes),
    ]
    if has_command(ours):
        command = [str(ours), str(ours.parent / "pychrony")]
        at = ["--address", address]
        measured += [
            Program(COMMAND, [*command, "--json", *at, "tracking"], env),
            Program(OVERVIEW, [*command, *at], env),
            # The synthetic chronyd's last measurement was years ago, which is a warning, and so a status of its own.
            Program(CHECK, [*command, "check", "--max-age", "36500d", *at], env),
            Program(SMALLEST_COMMAND, [str(ours), "-c", SMALLEST_COMMAND], env),
        ]
    host, _, port = address.rpartition(":")
    chronyc = [parts.tool("chronyc"), "-n", "-c", "-h", host, "-p", port, "tracking"]
    return [*measured, Program(CHRONYC_COMMAND, chronyc, env)]


class Runs:
    """What the programs took, round by round: wall and CPU seconds, bytes of resident memory, and instructions, which are
    counted once for all rounds."""

    def __init__(self, programs: Sequence[Program], rounds: int) -> None:
        self.programs = {one.name: one for one in programs}
        self._runs: dict[str, list[dict[str, float]]] = {one.name: [] for one in programs}
        launch = str(parts.program("launch"))
        counts = {one.name: instructions.profile(one.command, one.env).total for one in programs}
        lot = random.Random(1)
        for number in range(rounds + 1):
            for one in lot.sample(programs, len(programs)):
                done = subprocess.run(
                    [launch, *one.command], env=one.env, stdout=subprocess.PIPE, check=True
                )
                if number:  # the first fills the caches
                    taken = {**json.loads(done.stdout), "instructions": counts[one.name]}
                    self._runs[one.name].append(taken)

    def costs(self, name: str, what: str) -> list[float]:
        """What a program took in each round, less what the program took that its cost is told over."""
        costs = [run[what] for run in self._runs[name]]
        over = self.programs[name].over
        if over is None:
            return costs
        return [cost - run[what] for cost, run in zip(costs, self._runs[over])]

    def cost(self, name: str, what: str) -> Interval:
        return independent(self.costs(name, what))

    def difference(self, name: str, other: str, what: str) -> Interval:
        """What the one took more than the other. These are whole processes, since their interpreters cost the same."""
        pairs = zip(self._runs[name], self._runs[other])
        return independent([one[what] - another[what] for one, another in pairs])

    def ratio(self, name: str, other: str, what: str) -> Interval:
        pairs = zip(self.costs(name, what), self.costs(other, what))
        return independent([one / another for one, another in pairs])


COLUMNS = ("wall", "cpu", "instructions", "resident")


def measure(ours: Path, peer: Path, address: str, rounds: int) -> Any:
    """What the programs cost."""
    runs = Runs(programs(ours, peer, address), rounds)
    return {
        "programs": {
            name: {"over": one.over, **{what: runs.cost(name, what) for what in COLUMNS}}
            for name, one in runs.programs.items()
        },
        "import, ours / peer": {
            what: runs.ratio(f"{OURS}: {IMPORT}", f"{PEER}: {IMPORT}", what)
            for what in ("wall", "instructions")
        },
        # The least that a command with options and JSON costs.
        "commands / smallest": {
            name: runs.ratio(name, SMALLEST_COMMAND, "cpu") if name in runs.programs else None
            for name in (OVERVIEW, CHECK)
        },
        "first answer beyond enum": runs.difference(
            f"{OURS}: {FIRST}", f"{OURS}: {ENUM}", "instructions"
        ),
    }
