"""Make the pictures of the documentation from real daemons: the command in a terminal, and the exporter's dashboard.

PYTHONPATH=. python tools/pictures.py [MINUTES]     what `make pictures` runs, in the environment of the documentation

Panels of examples/prometheus/grafana-dashboard.json are drawn by Grafana's own components, which tools/panels has put into
.cache/dashboard, from what a Prometheus that has scraped the exporter for that many minutes gives for their queries. Each picture
is drawn a second time for narrow pages.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import PIL.Image
import rich.console
import rich.terminal_theme
import rich.text

from tests.support.chronyd import Chronyd
from tests.support.exporter import Exporter
from tests.support.prometheus import Prometheus

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
DASHBOARD = ROOT / "examples" / "prometheus" / "grafana-dashboard.json"
PANELS = ROOT / ".cache" / "dashboard"
# The columns of a terminal, for wide and for narrow pages.
COLUMNS = {"": 88, "-narrow": 48}

# An SVG that fetches no font.
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: {char_height}px;
line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def in_terminal(words: list[str], columns: int) -> str:
    """What a command writes on a terminal of that width, colours included."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    environment = {**os.environ, "TERM": "xterm-256color"}
    for name in ("COLUMNS", "NO_COLOR"):
        environment.pop(name, None)
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        written = b""
        while True:
            try:
                written += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def draw_terminal(name: str, daemon: Chronyd, *arguments: str, begin: str = "") -> None:
    """Draw what a command writes, from the first line that contains `begin` on."""
    words = [sys.executable, "-m", "pychrony", "--address", daemon.socket, *arguments]
    for suffix, columns in COLUMNS.items():
        console = rich.console.Console(width=columns, record=True, file=open(os.devnull, "w"))
        console.print(rich.text.Text.from_ansi(f"$ pychrony {' '.join(arguments)}".rstrip()))
        lines = in_terminal(words, columns).splitlines()
        first = next(number for number, line in enumerate(lines) if begin in line)
        shown = (["..."] if first else []) + lines[first:]
        console.print(rich.text.Text.from_ansi("\n".join(shown)))
        svg = console.export_svg(
            title="pychrony", code_format=FRAME, theme=rich.terminal_theme.MONOKAI, unique_id="t"
        )
        (PICTURES / f"{name}{suffix}.svg").write_text(svg)


# The dashboard.

PAGE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="panels.css"><body>
<script>window.dashboard = {}</script><script src="panels.js"></script>"""
# The height of a row of Grafana's grid, and the gap between panels, as tools/dashboard/panels.jsx has them.
PIXELS = 38
GAP = 8


def expression(target: dict[str, Any]) -> str:
    text = target["expr"].replace('"$job"', '".*"').replace('"$instance"', '".*"')
    return re.sub(r"\$__\w+", "1m", text)


def legend(target: dict[str, Any], labels: dict[str, str]) -> str:
    shown = target.get("legendFormat", "")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match[1], ""), shown)


def series(
    panel: dict[str, Any], prometheus: Prometheus, begin: float, end: float
) -> Iterator[dict[str, Any]]:
    """What Prometheus gives for the queries of a panel."""
    over = {"start": f"{begin}", "end": f"{end}", "step": f"{max((end - begin) / 240, 1)}"}
    for target in panel["targets"]:
        found = prometheus.ask("query_range", query=expression(target), **over)
        for each in found["result"]:
            times, values = zip(*each["values"])
            yield {
                "name": legend(target, each["metric"]),
                "times": [1000 * at for at in times],
                "values": [float(value) for value in values],
            }


def arranged(panels: list[dict[str, Any]], across: int) -> list[dict[str, Any]]:
    """The single numbers, and below them the first graphs, of which so many fit beside each other."""
    numbers = [panel for panel in panels if panel["type"] == "stat"]
    graphs = [panel for panel in panels if panel["type"] == "timeseries"][: 2 * across]
    places = []
    top = 0
    for kind, beside, height in ((numbers, 2 * across, 5), (graphs, across, 9)):
        for index in range(len(kind)):
            row, column = divmod(index, beside)
            width = 24 // beside
            places.append({"x": column * width, "y": top + row * height, "w": width, "h": height})
        top = places[-1]["y"] + height
    return [{**panel, "gridPos": place} for panel, place in zip(numbers + graphs, places)]


def draw_panels(name: str, panels: list[dict[str, Any]], width: int, **times: float) -> None:
    page = PANELS / "index.html"
    page.write_text(PAGE.format(json.dumps({"panels": panels, "width": width, **times})))
    height = PIXELS * (panels[-1]["gridPos"]["y"] + panels[-1]["gridPos"]["h"]) + GAP
    picture = PICTURES / f"{name}.png"
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    options += ["--force-device-scale-factor=2", "--virtual-time-budget=10000"]
    options += [f"--window-size={max(width, 500)},{height}"]  # no window is narrower
    command = ["chromium", *options, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    with PIL.Image.open(picture) as window:
        drawn = window.convert("RGB").crop((0, 0, 2 * width, 2 * height))
    drawn.quantize(128, dither=PIL.Image.Dither.NONE).save(picture, optimize=True)


def draw_dashboard(prometheus: Prometheus, begin: float, end: float) -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    for panel in panels:
        panel["series"] = list(series(panel, prometheus, begin, end))
    times = {"begin": 1000 * begin, "end": 1000 * end}
    draw_panels("dashboard", arranged(panels, 2), 800, **times)
    draw_panels("dashboard-narrow", arranged(panels, 1), 400, **times)


def main(minutes: str = "5") -> None:
    PICTURES.mkdir(exist_ok=True)
    with ExitStack() as stack:
        lines = []
        for host, stratum in (("127.0.0.1", 1), ("::1", 1), ("127.0.0.1", 2)):
            server = stack.enter_context(Chronyd([f"local stratum {stratum}"], serve=True))
            lines.append(f"server {host} port {server.ntp_port} minpoll 1 maxpoll 3 iburst")
        client = stack.enter_context(Chronyd(lines))
        client.wait_synchronised()
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        exporter = stack.enter_context(Exporter("--address", client.socket))
        target = f"{exporter.host}:{exporter.port}"
        configuration = directory / "prometheus.yml"
        scraped = {"targets": [target], "labels": {"instance": "example"}}
        job = {"job_name": "chrony", "static_configs": [scraped]}
        settings = {"global": {"scrape_interval": "1s"}, "scrape_configs": [job]}
        configuration.write_text(json.dumps(settings))  # JSON is YAML too
        prometheus = stack.enter_context(Prometheus(configuration))
        begin = time.time()
        time.sleep(60 * float(minutes))
        draw_dashboard(prometheus, begin, time.time())
        draw_terminal("pychrony", client)
        with Chronyd(["server 127.0.0.1 port 9 iburst minpoll 0 maxpoll 0"]) as lost:
            time.sleep(20)
            draw_terminal("doctor", lost, "doctor", begin="problem")  # without this machine's paths


if __name__ == "__main__":
    main(*sys.argv[1:])
