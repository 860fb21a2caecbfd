"""The tables: for the terminal and for docs/performance.md, both in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fleet
import startup
from goals import COUNT, KIB, MILLIONS, MILLISECONDS, RATIO, SECONDS, Unit, show
from measure import CHRONYC, FLOOR, MINIMAL, MODES, NOTHING, OURS, PEER

import clock

BEGIN = "<!-- tables: written by bench/run.py --markdown -->"
END = "<!-- end of the tables -->"

Results = dict[str, Any]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, the first to the left and the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths))
        )
        return "| " + " | ".join([first, *others]) + " |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(head), line(rule), *(line(row) for row in rows)])


def micro(spread: dict[str, float]) -> str:
    """Microseconds: median, and half the distance between the quartiles."""
    half = (spread["high"] - spread["low"]) / 2
    return f"{spread['median'] * 1e6:.1f} ± {half * 1e6:.1f}"


def goals_table(results: Results) -> str:
    columns = ("goal", "at most", "measured", "verdict")
    return table(columns, [[goal[column] for column in columns] for goal in results["goals"]])


def times_table(cases: Results, what: str) -> str:
    names = [
        name
        for name in (FLOOR, MINIMAL, OURS, PEER, CHRONYC)
        if any(name in it for it in cases.values())
    ]
    ratios = list(next(iter(cases.values()))["ratios"])
    rows = []
    for case, measured in cases.items():
        cells = [micro(measured[name][what]) if name in measured else "–" for name in names]
        cells += [show(measured["ratios"][ratio][what], RATIO) for ratio in ratios]
        rows.append([case, *cells])
    return table(["µs per call", *names, *ratios], rows)


def calls_table(results: Results) -> str:
    rows = []
    for case, measured in results["system calls"].items():
        for name, counts in measured.items():
            if name == CHRONYC:
                continue
            listed = ", ".join(
                call if number == 1 else f"{number:g} {call}" for call, number in counts.items()
            )
            rows.append([f"{case}: {name}", f"{sum(counts.values()):.0f}", listed])
    return table(["system calls per call", "number", "which"], rows)


def instructions_table(results: Results) -> str:
    rows = []
    for mode, counted in results["instructions"].items():
        label = MODES[mode]
        for name in (FLOOR, MINIMAL, OURS, PEER, NOTHING):
            files = ", ".join(
                f"{file} {number}"
                for file, number in list(counted[name]["files"].items())[:5]
                if number > 50
            )
            rows.append([f"{label}: {name}", f"{counted[name]['total']}", files])
        rows.append([f"{label}: ours − floor − nothing", show(counted["own"], COUNT), ""])
    return table(["instructions per tracking call (UDP)", "number", "in which files"], rows)


STARTUP_COLUMNS: dict[str, Unit] = {
    "wall": MILLISECONDS,
    "cpu": MILLISECONDS,
    "instructions": MILLIONS,
    "resident": KIB,
}


def startup_table(results: Results) -> str:
    measured = results["startup"]
    rows = []
    for name, cost in measured["programs"].items():
        what = "over its bare interpreter" if cost["over"] else "the whole process"
        cells = [show(cost[column], unit) for column, unit in STARTUP_COLUMNS.items()]
        rows.append([f"{name} ({what})", *cells])
    if startup.COMMAND not in measured["programs"]:
        rows.append([f"{startup.COMMAND}: not in this build", *["–"] * 4])
    head = ["wall, ms", "CPU, ms", "10⁶ instructions", "resident, KiB"]
    return table(["program", *head], rows)


def fleet_table(results: Results) -> str:
    measured = results["fleet"]["ways"]
    units = {"wall": SECONDS, "last": SECONDS, "cpu": Unit("µs", 1e-6, 0), "resident": KIB}
    labels = {
        fleet.BLOCKING: f"get_tracking(), {fleet.IN_TURN} that answer, one after the other",
        **{how: f"asyncio.to_thread, a pool of {how.partition('-')[2]}" for how in fleet.THREADS},
        fleet.AIO: "pychrony.aio",
    }
    rows = [
        [label, *(show(measured[how][what], unit) for what, unit in units.items())]
        if how in measured
        else [f"{label}: not in this build", *["–"] * 4]
        for how, label in labels.items()
    ]
    head = ["wall, s", "last answer, s", "CPU per call, µs", "peak memory, KiB"]
    return table(["addresses", *head], rows)


def threads_table(results: Results) -> str:
    measured = results["threads"]
    numbers = list(next(iter(measured.values())))
    rows = [
        [how, *(f"{rates[number]['median']:.0f}" for number in numbers)]
        for how, rates in measured.items()
    ]
    return table(["tracking calls per second; threads:", *numbers], rows)


def growth_table(results: Results) -> str:
    """What each additional source costs, between 1 and 64."""
    rows = []
    for report in ("sources", "sourcestats"):
        one, many = (results["lists"][f"{report}, {n}"] for n in ("1 source", "64 sources"))
        for name in (FLOOR, OURS, PEER):
            per_source = [
                (many[name][what]["median"] - one[name][what]["median"]) / 63 * 1e6
                for what in ("cpu", "wall")
            ]
            rows.append([f"{report}: {name}", *(f"{value:.2f}" for value in per_source)])
    return table(["µs for each further source", "CPU", "wall"], rows)


def clock_table(results: Results) -> str:
    """The interval clock: nanoseconds of a call alone, and with eight threads at once; its width by refresh."""
    measured = results["clock"]
    rows = [
        [
            name,
            f"{call['least']:.0f}",
            f"{call['median']:.0f}",
            show(call["ratio"], RATIO),
            f"{measured['threads'][name]:.0f}",
        ]
        for name, call in measured["calls"].items()
    ]
    rows += [
        [name, f"{call['least']:,.0f}", f"{call['median']:,.0f}", "", ""]
        for name, call in measured["refresh"].items()
    ]
    head = ["ns per call", "least", "median", f"of {clock.BASE}", f"{clock.THREADS} threads"]
    widths = [
        [f"{seconds} s", f"{half * 1e6:,.0f}"] for seconds, half in measured["half-width"].items()
    ]
    width = table(
        [f"refreshed each (polls of {measured['poll']:g} s)", "half-width at its end, µs"], widths
    )
    return f"{table(head, rows)}\n\n{width}"


def singles(results: Results) -> str:
    rows = [
        [
            transport,
            show(calls["median"], Unit("ms", 1e-3)),
            *(f"{calls[what] * 1e3:.3f}" for what in ("p99", "max")),
        ]
        for transport, calls in results["single calls"].items()
    ]
    return table(["get_tracking(address), ms", "median", "99 %", "longest"], rows)


def text(results: Results) -> str:
    machine = "\n".join(f"- {name}: {value}" for name, value in results["machine"].items())
    parts = {
        "The machine": machine,
        "Goals": goals_table(results),
        "Tracking: CPU time": times_table(results["tracking"], "cpu"),
        "Tracking: wall time": times_table(results["tracking"], "wall"),
        "Single calls, a session each": singles(results),
        "Lists on one connection, Unix socket: CPU time": times_table(results["lists"], "cpu"),
        "Lists on one connection, Unix socket: wall time": times_table(results["lists"], "wall"),
        "Growth": growth_table(results),
        "The interval clock, eight sources, Unix socket": clock_table(results),
        "System calls": calls_table(results),
        "Instructions": instructions_table(results),
        "Import, first answer, commands": startup_table(results),
        f"{fleet.ADDRESSES:,} addresses at once, {1000 * fleet.DELAY:.0f} ms to each answer, one in {fleet.SILENT} silent, "
        f"a timeout of {fleet.TIMEOUT:g} s": fleet_table(results),
        "Threads, UDP, a connection each (own) or one for all (shared)": threads_table(results),
    }
    return "\n\n".join(f"### {title}\n\n{part}" for title, part in parts.items()) + "\n"


def rewrite(path: Path, results: Results) -> None:
    """Puts the tables between the two marks of a file."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} lacks the marks {BEGIN!r} and {END!r}")
    path.write_text(f"{before}{BEGIN}\n\n{text(results)}\n{END}{after}")
