"""Instructions, counted by valgrind's callgrind: unlike times they are nearly the same in every run.

As a program it shows where the instructions of a call go:

    python3 bench/instructions.py --python INTERPRETER [--path DIRECTORY] [--mode connection] [--report tracking]

where DIRECTORY holds a pychrony to use instead of the installed one: one with symbols, so that functions have names.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

# What a run of the second length costs more than one of the first is the cost of the calls alone, without start and end.
SHORT, LONG = 200, 1200

_NAME = re.compile(r"\((\d+)\)(?: (.*))?")
_SUBPOSITION = re.compile(r"[0-9+*-]")


Place = TypeVar("Place")


@dataclass
class Profile:
    """Where instructions went. A place is a function and the file (program or library) that holds it."""

    own: Counter[tuple[str, str]] = field(default_factory=Counter)
    # By (caller, callee), including all that the callee called.
    calls: Counter[tuple[tuple[str, str], tuple[str, str]]] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return sum(self.own.values())

    def by_file(self) -> Counter[str]:
        files: Counter[str] = Counter()
        for (_, file), cost in self.own.items():
            files[file] += cost
        return files

    def per_call(self, longer: Profile, calls: int) -> Profile:
        """What one call cost: a longer run made so many calls more than this one."""

        def difference(less: Counter[Place], more: Counter[Place]) -> Counter[Place]:
            costs = {key: round((cost - less[key]) / calls) for key, cost in more.items()}
            return Counter({key: cost for key, cost in costs.items() if cost})

        return Profile(difference(self.own, longer.own), difference(self.calls, longer.calls))


def parse(text: str) -> Profile:
    """Reads callgrind's file format: a name is given once with a number, and afterwards by the number alone."""
    profile = Profile()
    names: dict[tuple[str, str], str] = {}

    def name(kind: str, value: str) -> str:
        match = _NAME.fullmatch(value)
        if match is None:
            return value
        if match[2] is not None:
            names[kind, match[1]] = match[2]
        return names[kind, match[1]]

    file = function = called_file = called = ""
    is_call = False
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        if separator and key == "ob":
            file = Path(name("file", value)).name
        elif separator and key == "fn":
            function = name("function", value)
            called_file = file
        elif separator and key == "cob":
            called_file = Path(name("file", value)).name
        elif separator and key == "cfn":
            called = name("function", value)
        elif separator and key == "calls":
            is_call = True
        elif line and _SUBPOSITION.match(line[0]):
            cost = int(line.split()[1])  # after the line's number
            if is_call:
                profile.calls[(function, file), (called, called_file)] += cost
                # The next call is within this file again, unless it says otherwise.
                is_call, called_file = False, file
            else:
                profile.own[function, file] += cost
    return profile


def profile(command: list[str], env: Mapping[str, str], request: str = "") -> Profile:
    """Runs a program to its end under callgrind."""
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory, "callgrind.out")
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "-q"]
        subprocess.run(
            [*valgrind, *command],
            # The hash seed is fixed, since it moves dictionary entries about.
            env={**env, "PYTHONHASHSEED": "0"},
            input=request,
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return parse(out.read_text())


def profile_call(
    command: list[str], env: Mapping[str, str], report: str, mode: str, address: str
) -> Profile:
    """What one call costs a worker."""
    short, long = (
        profile(command, env, f"{report} {mode} {address} {calls}\n") for calls in (SHORT, LONG)
    )
    return short.per_call(long, LONG - SHORT)


def print_largest(title: str, costs: Mapping[str, int], count: int) -> None:
    print(f"\n{title}")
    for name, cost in sorted(costs.items(), key=lambda item: -item[1])[:count]:
        print(f"{cost:9}  {name}")


def show(profile: Profile, is_ours: Callable[[str], bool], count: int) -> None:
    """Prints where a call's cost goes: by file, by our functions, and by what our functions call."""
    print(f"{profile.total} instructions per call")
    print_largest("By file:", profile.by_file(), count)
    own = {function: cost for (function, file), cost in profile.own.items() if is_ours(file)}
    print_largest("Functions of pychrony, without what they call:", own, count)
    called: Counter[str] = Counter()
    edges: Counter[str] = Counter()
    for ((caller, file), (callee, called_file)), cost in profile.calls.items():
        if is_ours(file) and not is_ours(called_file):
            called[f"{callee}  [{called_file}]"] += cost
            edges[f"{caller} -> {callee}"] += cost
    print_largest("Called by pychrony, with all that is called from there:", called, count)
    print_largest("The same by caller:", edges, count)


def main() -> None:
    import daemons
    import parts

    parser = argparse.ArgumentParser(description="Says where the instructions of a call go.")
    parser.add_argument("--python", required=True, help="the interpreter that has pychrony")
    parser.add_argument("--path", type=Path, help="a directory to import pychrony from instead")
    parser.add_argument("--mode", choices=("connection", "call"), default="connection")
    parser.add_argument("--report", default="tracking")
    parser.add_argument("--sources", type=int, default=1, help="how many sources chronyd has")
    parser.add_argument("--transport", choices=("unix", "udp"), default="udp")
    parser.add_argument("--top", type=int, default=25)
    options = parser.parse_args()
    env = dict(os.environ)
    if options.path is not None:
        env["PYTHONPATH"] = str(options.path.resolve())
    command = [options.python, str(parts.HERE / "worker.py"), "pychrony"]
    with daemons.Daemons(sources=(options.sources,)) as asked:
        address = asked.address(options.sources, options.transport)
        found = profile_call(command, env, options.report, options.mode, address)
    show(found, lambda file: file.startswith(("__init__.", "libpychrony")), options.top)


if __name__ == "__main__":
    main()
