"""Many chronyds from one process: what asyncio costs without threads, and with them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import parts
from confidence import Interval, independent

ADDRESSES = 1000
DELAY = 0.020
# One address in so many is silent: 5 %.
SILENT = 20
TIMEOUT = 1.0

AIO, BLOCKING = "aio", "blocking"
THREADS = ["threads-32", "threads-1000"]
# The blocking call asks so many addresses, one after the other, all of which answer.
IN_TURN = 100

WHAT = ("wall", "last", "cpu", "resident")


def has_aio(python: Path) -> bool:
    """Whether our package has pychrony.aio. If the sources have it, an environment without it is an error."""
    code = "from importlib.util import find_spec; print(find_spec('pychrony.aio') is not None)"
    done = subprocess.run([str(python), "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    installed = done.stdout.strip() == "True"
    sources = list((parts.ROOT / "src" / "pychrony").glob("aio*"))
    if sources and not installed:
        raise RuntimeError(f"{sources[0]} is there, and {python} has no pychrony.aio")
    return installed


@contextmanager
def responder() -> Iterator[list[str]]:
    """The addresses of many chronyds."""
    command = [str(parts.HERE / "fleet_responder.py"), str(ADDRESSES), str(DELAY), str(SILENT)]
    with subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.stdin.close()


def _ask(python: Path, how: str, addresses: Sequence[str], answering: int) -> dict[str, float]:
    command = [str(python), str(parts.HERE / "fleet_client.py"), how, str(TIMEOUT)]
    done = subprocess.run(
        command,
        env=os.environ,
        input=json.dumps(addresses) + "\n",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, float] = json.loads(done.stdout)
    if measured["answered"] != answering:
        raise RuntimeError(f"{how}: {measured['answered']} of {answering} answered")
    return measured


def measure(python: Path, rounds: int) -> dict[str, Any]:
    """Wall time of all calls, CPU per call and peak memory. Each way runs in a process of its own, in random order."""
    ways = [BLOCKING, *THREADS, *([AIO] if has_aio(python) else [])]
    runs: dict[str, list[dict[str, float]]] = {how: [] for how in ways}
    lot = random.Random(1)
    with responder() as addresses:
        answering = [each for number, each in enumerate(addresses, 1) if number % SILENT]
        for _ in range(rounds):
            for how in lot.sample(ways, len(ways)):
                asked = answering[:IN_TURN] if how == BLOCKING else addresses
                expected = IN_TURN if how == BLOCKING else len(answering)
                runs[how].append(_ask(python, how, asked, expected))

    def interval(how: str, what: str) -> Interval:
        return independent([run[what] for run in runs[how]])

    ratios: dict[str, Interval | None] = {"cpu": None, "wall": None}
    if AIO in runs:
        pairs = zip(runs[AIO], runs[BLOCKING])
        ratios["cpu"] = independent([one["cpu"] / other["cpu"] for one, other in pairs])
        ratios["wall"] = independent([run["wall"] / TIMEOUT for run in runs[AIO]])
    return {
        "ways": {how: {what: interval(how, what) for what in WHAT} for how in ways},
        "ratios": ratios,
    }
