"""The plot: bars of CPU time for tracking, and lines of CPU time for lists by their number of sources, as plain SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from measure import FLOOR, OURS, PEER

COLOURS = {FLOOR: "#7f7f7f", OURS: "#0072b2", PEER: "#d55e00"}
LABELS = {FLOOR: "floor (C)", OURS: "this pychrony", PEER: "PyPI's pychrony 2.0.3"}
WIDTH, HEIGHT = 960, 420
LEFT = 50
BARS = 520  # where the bars end
LINES = 590  # where the lines begin
TOP, BOTTOM = 70, 340


def label(x: float, y: float, text: str, anchor: str = "middle", size: int = 12) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'
    )


def line(points: Sequence[tuple[float, float]], colour: str, width: float = 1) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 1.0
    while power * 10 < value:
        power *= 10
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def axis(left: float, right: float, top: float, title: str) -> Iterable[str]:
    yield label(left, TOP - 14, title, "start", 13)
    for part in range(5):
        y = BOTTOM - (BOTTOM - TOP) * part / 4
        yield line([(left, y), (right, y)], "#dddddd")
        yield label(left - 6, y + 4, f"{top * part / 4:g}", "end")


def bars(cases: dict[str, Any]) -> Iterable[str]:
    values = {
        case: {name: measured[name]["cpu"]["median"] * 1e6 for name in COLOURS}
        for case, measured in cases.items()
    }
    top = round_up(max(max(by_name.values()) for by_name in values.values()))
    yield from axis(LEFT, BARS, top, "CPU time of a tracking call, µs")
    group = (BARS - LEFT) / len(values)
    bar = group / 4
    for number, (case, by_name) in enumerate(values.items()):
        x = LEFT + number * group + bar / 2
        for name, value in by_name.items():
            height = (BOTTOM - TOP) * value / top
            yield rectangle(x, BOTTOM - height, bar - 4, height, COLOURS[name])
            yield label(x + bar / 2 - 2, BOTTOM - height - 4, f"{value:.0f}", size=11)
            x += bar
        _, transport, how = case.split(", ")
        middle = LEFT + (number + 0.5) * group
        yield label(middle, BOTTOM + 18, transport)
        yield label(middle, BOTTOM + 34, how)


def lines(cases: dict[str, Any]) -> Iterable[str]:
    points = {
        name: [
            (int(case.split()[1]), measured[name]["cpu"]["median"] * 1e6)
            for case, measured in cases.items()
            if case.startswith("sources,")
        ]
        for name in COLOURS
    }
    top = round_up(max(value for series in points.values() for _, value in series))
    most = max(sources for series in points.values() for sources, _ in series)
    right = WIDTH - 30
    yield from axis(LINES, right, top, "CPU time of get_sources() on a connection, µs")

    def place(sources: int, value: float) -> tuple[float, float]:
        return LINES + (right - LINES) * sources / most, BOTTOM - (BOTTOM - TOP) * value / top

    for name, series in points.items():
        places = [place(*point) for point in series]
        yield line(places, COLOURS[name], 2)
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[name]}"/>'
    for sources, _ in points[OURS]:
        yield label(place(sources, 0)[0], BOTTOM + 18, str(sources))
    yield label((LINES + right) / 2, BOTTOM + 34, "sources")


def legend() -> Iterable[str]:
    for number, (name, text) in enumerate(LABELS.items()):
        x = LEFT + number * 200
        yield rectangle(x, 18, 14, 14, COLOURS[name])
        yield label(x + 20, 30, text, "start", 13)


def svg(results: dict[str, Any]) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        rectangle(0, 0, WIDTH, HEIGHT, "#ffffff"),
        *legend(),
        *bars(results["tracking"]),
        *lines(results["lists"]),
        label(LEFT, HEIGHT - 20, "Lower is better. Medians of a run of make bench.", "start"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
