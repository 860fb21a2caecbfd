"""The goals, as data: where each value stands in the results, and the most that it may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import startup
from confidence import Interval, verdict
from measure import MINIMAL, OURS, PEER, TRACKING

import clock

# For a goal that cannot be measured, because the build at hand lacks the code. Nothing is left out silently.
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Unit:
    """How a value is shown: what it is divided by, and with how many digits."""

    name: str
    size: float = 1
    digits: int = 3

    def show(self, value: float) -> str:
        return f"{value / self.size:.{self.digits}f}"


RATIO = Unit("")
MILLISECONDS = Unit("ms", 1e-3, 2)
SECONDS = Unit("s", 1, 2)
MILLIONS = Unit("10⁶", 1e6, 2)
COUNT = Unit("", 1, 0)
KIB = Unit("KiB", 1024, 0)


@dataclass(frozen=True)
class Goal:
    what: str
    limit: float
    unit: Unit
    where: tuple[str, ...]


def _import(what: str) -> tuple[str, ...]:
    return ("startup", "programs", f"{OURS}: {startup.IMPORT}", what)


def _ratio(case: str, other: str, what: str) -> tuple[str, ...]:
    return ("tracking", case, "ratios", f"{OURS} / {other}", what)


CONNECTIONS = [case.name for case in TRACKING if case.mode == "connection"]

GOALS = [
    # Against the least that an extension can cost: what remains is what the checks, the lock and the records cost.
    *(
        Goal(f"{label}, {case.name}: ours / minimal", 1.12, RATIO, _ratio(case.name, MINIMAL, what))
        for what, label in {"cpu": "CPU", "wall": "wall"}.items()
        for case in TRACKING
    ),
    *(
        Goal(f"CPU, {name}: ours / peer", 0.55, RATIO, _ratio(name, PEER, "cpu"))
        for name in CONNECTIONS
    ),
    Goal(
        "our own instructions per call on a connection",
        1500,
        COUNT,
        ("instructions", "connection", "own"),
    ),
    Goal("import over a bare interpreter, wall", 1.5e-3, MILLISECONDS, _import("wall")),
    Goal("import over a bare interpreter, instructions", 4e6, MILLIONS, _import("instructions")),
    Goal("import over a bare interpreter, resident", 700 * 1024, KIB, _import("resident")),
    Goal(
        "import and first get_tracking(), beyond import enum, instructions",
        4e6,
        MILLIONS,
        ("startup", "first answer beyond enum"),
    ),
    *(
        Goal(
            f"CPU, {name} / python -c '{startup.SMALLEST_COMMAND}'",
            1.6,
            RATIO,
            ("startup", "commands / smallest", name),
        )
        for name in (startup.OVERVIEW, startup.CHECK)
    ),
    *(
        Goal(
            f"import over a bare interpreter, {what}: ours / peer",
            0.15,
            RATIO,
            ("startup", "import, ours / peer", what),
        )
        for what in ("wall", "instructions")
    ),
    Goal(f"{clock.OURS} / {clock.BASE}", 2.5, RATIO, ("clock", "calls", clock.OURS, "ratio")),
    *(
        # "Under 10 ms" by an order of magnitude.
        Goal(f"single local call, {transport}", 1e-3, MILLISECONDS, (*path, "median"))
        for transport, path in {
            "Unix socket": ("single calls", "unix"),
            "UDP": ("single calls", "udp"),
        }.items()
    ),
    Goal(
        "CPU, 1,000 addresses from one loop: pychrony.aio / blocking calls",
        2,
        RATIO,
        ("fleet", "ratios", "cpu"),
    ),
    Goal(
        "wall, 1,000 addresses from one loop: pychrony.aio / the timeout",
        1.5,
        RATIO,
        ("fleet", "ratios", "wall"),
    ),
]


def find(results: dict[str, Any], where: tuple[str, ...]) -> Interval | None:
    """The interval that stands there, or None where the build had nothing to measure."""
    found: Any = results
    for key in where:
        found = found[key]
    interval: Interval | None = found
    return interval


def judge(results: dict[str, Any]) -> list[dict[str, str]]:
    """Each goal with its measurement and its verdict, as they are shown."""
    rows = []
    for goal in GOALS:
        interval = find(results, goal.where)
        unit = goal.unit
        rows.append(
            {
                "goal": f"{goal.what}, {unit.name}" if unit.name else goal.what,
                "at most": unit.show(goal.limit),
                "measured": "–" if interval is None else show(interval, unit),
                "verdict": NOT_MEASURED if interval is None else verdict(interval, goal.limit),
            }
        )
    return rows


def show(interval: Interval, unit: Unit) -> str:
    """A value, and its interval unless it is a count."""
    value = unit.show(interval["value"])
    if interval["low"] == interval["high"]:
        return value
    return f"{value} [{unit.show(interval['low'])}, {unit.show(interval['high'])}]"
