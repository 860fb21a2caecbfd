"""The tables: for the terminal and for docs/performance.md, both in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure import CHRONYC, FLOOR, OURS, PEER, TRACKING

BEGIN = "<!-- tables: written by bench/run.py --markdown -->"
END = "<!-- end of the tables -->"

CPU_TO_FLOOR = 1.10
CPU_TO_PEER = 0.55
WALL_TO_FLOOR = 1.05
IMPORT_TO_PEER = 0.15
# "Under 10 ms by an order of magnitude".
CALL_SECONDS = 0.001

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


def milli(spread: dict[str, float]) -> str:
    half = (spread["high"] - spread["low"]) / 2
    return f"{spread['median'] * 1e3:.2f} ± {half * 1e3:.2f}"


def targets(results: Results) -> list[dict[str, Any]]:
    """Each target with what was measured and whether it is met."""
    found: list[dict[str, Any]] = []

    def target(what: str, value: float, limit: float) -> None:
        found.append({"what": what, "value": value, "limit": limit, "met": value <= limit})

    for case in TRACKING:
        ratios = results["tracking"][case.name]["ratios"]
        to_floor, to_peer = ratios[f"{OURS} / {FLOOR}"], ratios[f"{OURS} / {PEER}"]
        target(f"CPU, {case.name}: ours / floor", to_floor["cpu"]["median"], CPU_TO_FLOOR)
        target(f"wall, {case.name}: ours / floor", to_floor["wall"]["median"], WALL_TO_FLOOR)
        if case.mode == "connection":
            target(f"CPU, {case.name}: ours / peer", to_peer["cpu"]["median"], CPU_TO_PEER)
    ours, peer = results["imports"][OURS], results["imports"][PEER]
    for what in ("wall", "instructions"):
        costs = [cost[what] for cost in (ours, peer)]
        value = (
            costs[0] / costs[1]
            if what == "instructions"
            else costs[0]["median"] / costs[1]["median"]
        )
        target(f"import over a bare interpreter, {what}: ours / peer", value, IMPORT_TO_PEER)
    for transport, calls in results["single calls"].items():
        target(
            f"median of single local calls, {transport}, ms",
            calls["median"] * 1e3,
            CALL_SECONDS * 1e3,
        )
    return found


def targets_table(results: Results) -> str:
    rows = [
        [
            target["what"],
            f"{target['limit']:.2f}",
            f"{target['value']:.3f}",
            "yes" if target["met"] else "NO",
        ]
        for target in results["targets"]
    ]
    return table(["target", "at most", "measured", "met"], rows)


def times_table(cases: Results, what: str) -> str:
    names = [
        name for name in (FLOOR, OURS, PEER, CHRONYC) if any(name in it for it in cases.values())
    ]
    rows = []
    for case, measured in cases.items():
        cells = [micro(measured[name][what]) if name in measured else "–" for name in names]
        ratios = measured["ratios"]
        cells += [f"{ratios[f'{OURS} / {other}'][what]['median']:.3f}" for other in (FLOOR, PEER)]
        rows.append([case, *cells])
    return table(["µs per call", *names, "ours / floor", "ours / peer"], rows)


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
        label = "a session per call" if mode == "call" else "one connection"
        for name in (FLOOR, OURS, PEER, "nothing"):
            files = ", ".join(
                f"{file} {number}"
                for file, number in list(counted[name]["files"].items())[:5]
                if number > 50
            )
            rows.append([f"{label}: {name}", f"{counted[name]['total']}", files])
        rows.append([f"{label}: ours − floor − nothing", f"{counted['own']}", ""])
    return table(["instructions per tracking call (UDP)", "number", "in which files"], rows)


def having_table(results: Results) -> str:
    rows = []
    for name in (OURS, PEER):
        cost, size = results["imports"][name], results["sizes"][name]
        rows.append(
            [
                name,
                milli(cost["wall"]),
                milli(cost["cpu"]),
                f"{cost['instructions'] / 1e6:.1f}",
                f"{cost['resident'] / 1024:.0f}",
                "–" if size is None else f"{size / 1024:.0f}",
            ]
        )
    head = [
        "import, over bare",
        "wall, ms",
        "CPU, ms",
        "10⁶ instructions",
        "resident, KiB",
        "wheel, KiB",
    ]
    return table(head, rows)


def threads_table(results: Results) -> str:
    measured = results["threads"]
    numbers = list(next(iter(measured.values())))
    rows = [
        [how, *(f"{rates[number]['median']:.0f}" for number in numbers)]
        for how, rates in measured.items()
    ]
    return table(["tracking calls per second; threads:", *numbers], rows)


def growth_table(results: Results) -> str:
    """What each further source costs, between 1 and 64."""
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


def overlap_table(results: Results) -> str:
    rows = []
    for link, by_sessions in results["overlap"].items():
        alone = by_sessions["1"]["wall"]
        for sessions, measured in by_sessions.items():
            rows.append(
                [
                    f"{link}: {sessions}",
                    f"{measured['open'] * 1e3:.2f}",
                    f"{measured['wall'] * 1e3:.2f}",
                    f"{measured['cpu'] * 1e3:.2f}",
                    f"{alone / measured['wall']:.1f}",
                ]
            )
    return table(
        ["64 sources; sessions", "to open, ms", "wall, ms", "CPU, ms", "times as fast"], rows
    )


def singles(results: Results) -> str:
    rows = [
        [transport, *(f"{calls[what] * 1e3:.3f}" for what in ("median", "p99", "max"))]
        for transport, calls in results["single calls"].items()
    ]
    return table(["get_tracking(address), ms", "median", "99 %", "longest"], rows)


def text(results: Results) -> str:
    machine = "\n".join(f"- {name}: {value}" for name, value in results["machine"].items())
    parts = {
        "The machine": machine,
        "Targets": targets_table(results),
        "Tracking: CPU time": times_table(results["tracking"], "cpu"),
        "Tracking: wall time": times_table(results["tracking"], "wall"),
        "Single calls, a session each": singles(results),
        "Lists on one connection, Unix socket: CPU time": times_table(results["lists"], "cpu"),
        "Lists on one connection, Unix socket: wall time": times_table(results["lists"], "wall"),
        "Growth": growth_table(results),
        "System calls": calls_table(results),
        "Instructions": instructions_table(results),
        "Import, memory, size": having_table(results),
        "Threads, UDP, a connection each (own) or one for all (shared)": threads_table(results),
        "Overlapping requests (the prototype, in C)": overlap_table(results),
    }
    return "\n\n".join(f"### {title}\n\n{part}" for title, part in parts.items()) + "\n"


def rewrite(path: Path, results: Results) -> None:
    """Puts the tables between the two marks of a file."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} lacks the marks {BEGIN!r} and {END!r}")
    path.write_text(f"{before}{BEGIN}\n\n{text(results)}\n{END}{after}")
