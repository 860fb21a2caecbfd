"""What starting the command `pychrony` costs over a bare interpreter, beside `chronyc -c tracking`.

    PYCHRONY_LIBCHRONY=LIBRARY python3 bench/start.py INTERPRETER [ROUNDS]

It runs as a part of bench/run.py, and alone. INTERPRETER is one that has our pychrony installed, and its command.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import measure
import parts
from daemons import Daemons

BARE = "bare interpreter"


def commands(python: str, address: str) -> dict[str, list[str]]:
    pychrony = [python, str(Path(python).with_name("pychrony")), "-a", address]
    return {
        BARE: [python, "-c", "pass"],
        "import pychrony": [python, "-c", "import pychrony"],
        "import argparse": [python, "-c", "import argparse"],
        "pychrony": pychrony,
        "pychrony --json": [*pychrony, "--json"],
        "pychrony --csv": [*pychrony, "--csv"],
        "pychrony check": [*pychrony, "check"],
        "chronyc -c tracking": [parts.tool("chronyc"), "-c", "-h", address, "tracking"],
    }


def run(daemons: Daemons, python: str, rounds: int) -> dict[str, Any]:
    """Wall and CPU time of each; those of Python also over a bare one of the same round."""
    ran = commands(python, daemons.address(1, "unix"))
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ran}
    saved = os.dup(1)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            for number in range(rounds + 1):
                for name, command in ran.items():
                    once = measure.run_time(command, os.environ)
                    if number:  # the first fills the caches
                        taken[name].append(once)
        finally:
            os.dup2(saved, 1)
            os.close(saved)

    def summary(name: str, what: int) -> dict[str, dict[str, float]]:
        over = [one[what] - bare[what] for one, bare in zip(taken[name], taken[BARE])]
        return {
            "all": measure.spread([one[what] for one in taken[name]]),
            "over bare": measure.spread(over),
        }

    return {name: {"wall": summary(name, 0), "cpu": summary(name, 1)} for name in ran}


def main() -> None:
    import report

    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    with Daemons(sources=(1,)) as daemons:
        print(report.start_table({"start": run(daemons, sys.argv[1], rounds)}))


if __name__ == "__main__":
    main()
