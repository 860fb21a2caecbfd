"""Compares two builds of ours in one run, the wheel at hand and one of another revision, for whoever changes the hot path.

    PYCHRONY_LIBCHRONY=LIBRARY python3 bench/against.py --wheel FILE --revision REVISION [--quick]

The revision is checked out and built below .cache/bench. Both builds are measured alternately, and nothing may cost more
than before. Prints a table, and writes no file of the project.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import instructions
import measure
import parts
import startup
from confidence import Interval, exact, verdict
from daemons import Daemons
from goals import COUNT, RATIO, Unit, show
from measure import MODES, OURS, Contestant, progress
from report import STARTUP_COLUMNS, micro, table

BASE = "base"
Row = list[str]

# By how much a count may grow and still be taken as the same: what chronyd says differs from call to call, and where memory
# lies differs from process to process.
SAME_INSTRUCTIONS = 1.001
LABELS = {"cpu": "CPU", "wall": "wall", "instructions": "instructions", "resident": "resident"}


def commit_of(revision: str) -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--verify", f"{revision}^{{commit}}"],
        cwd=parts.ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(f"{revision!r} names no commit here")
    return done.stdout.strip()


def revision_wheel(commit: str) -> Path:
    """The wheel of a commit, built once."""
    directory = parts.CACHE / "revisions" / commit
    wheels = list(directory.glob("*.whl"))
    if wheels:
        return wheels[0]
    with tempfile.TemporaryDirectory(dir=parts.CACHE) as source:
        # An archive has what git knows of that commit and nothing else, and leaves no worktree to be removed.
        archive = subprocess.run(
            ["git", "archive", commit], cwd=parts.ROOT, stdout=subprocess.PIPE, check=True
        )
        subprocess.run(["tar", "x", "-C", source], input=archive.stdout, check=True)
        return parts.build_wheel(sys.executable, Path(source), directory)


def ratio_row(what: str, base: str, ours: str, ratio: Interval, limit: float = 1) -> Row:
    return [what, base, ours, show(ratio, RATIO), f"{limit:g}", verdict(ratio, limit)]


def count_row(what: str, counts: Iterable[float], unit: Unit = COUNT, limit: float = 1) -> Row:
    base, ours = counts
    return ratio_row(what, unit.show(base), unit.show(ours), exact(ours / base), limit)


def time_rows(daemons: Daemons, who: list[Contestant], launches: int) -> Iterator[Row]:
    cases = measure.TRACKING + measure.LISTS
    measured = measure.times(daemons, who, cases, launches, ratios=[(OURS, BASE)])
    for case in cases:
        found = measured[case.name]
        for column in ("cpu", "wall"):
            base, ours = micro(found[BASE][column]), micro(found[OURS][column])
            ratio = found["ratios"][f"{OURS} / {BASE}"][column]
            yield ratio_row(f"{LABELS[column]}, {case.name}, µs", base, ours, ratio)


def count_rows(daemons: Daemons, who: list[Contestant]) -> Iterator[Row]:
    address = daemons.address(1, "udp")
    for mode, how in MODES.items():
        counts = [
            instructions.profile_call(one.command, one.env, "tracking", mode, address).total
            for one in who
        ]
        yield count_row(f"instructions, tracking, UDP, {how}", counts, limit=SAME_INSTRUCTIONS)


def startup_rows(pythons: dict[str, Path], address: str, rounds: int) -> Iterator[Row]:
    programs = [
        program
        for name, python in pythons.items()
        for program in startup.our_programs(name, python, address)
    ]
    runs = startup.Runs(programs, rounds)
    for program in (startup.IMPORT, startup.FIRST):
        base, ours = (f"{name}: {program}" for name in pythons)
        for column, unit in STARTUP_COLUMNS.items():
            label = f"{LABELS[column]}, {program}, {unit.name}"
            costs = [runs.cost(name, column)["value"] for name in (base, ours)]
            if column == "instructions":
                yield count_row(label, costs, unit, SAME_INSTRUCTIONS)
            else:
                # Not their ratio: the time that an import takes is small compared with its variation.
                more = runs.difference(ours, base, column)
                shown = [unit.show(cost) for cost in costs]
                yield [label, *shown, f"{show(more, unit)} more", "0 more", verdict(more, 0)]


def compare(revision: str, wheel: Path, quick: bool) -> str:
    """The table."""
    commit = commit_of(revision)
    progress(f"nothing yet: building {commit}, unless it is built already")
    wheels = {BASE: revision_wheel(commit), OURS: wheel}
    pythons = {
        name: parts.environment(name, sys.executable, str(built)) for name, built in wheels.items()
    }
    who = [measure.binding(name, str(python), os.environ) for name, python in pythons.items()]
    with Daemons(sources=(1, 8, 64)) as daemons:
        progress("imports and first answers")
        rows = [*startup_rows(pythons, daemons.address(1, "udp"), 5 if quick else 60)]
        progress("instructions")
        rows += count_rows(daemons, who)
        progress("times")
        rows += time_rows(daemons, who, 2 if quick else 15)
    rows.append(count_row("wheel, bytes", [each.stat().st_size for each in wheels.values()]))
    return table(["cost", revision, "this", "this / before", "at most", "verdict"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares two builds of ours in one run.")
    parser.add_argument("--wheel", type=Path, required=True, help="the wheel of the build at hand")
    parser.add_argument("--revision", required=True, help="a commit to compare it with")
    parser.add_argument(
        "--quick", action="store_true", help="few rounds: only to see that it works"
    )
    options = parser.parse_args()
    parts.ensure_tools()
    print(compare(options.revision, options.wheel, options.quick))


if __name__ == "__main__":
    main()
