"""Make the pictures of the documentation from real daemons: the command in a terminal, and the exporter's dashboard.

PYTHONPATH=. python tools/pictures.py [MINUTES]     what `make pictures` runs, in the environment of the documentation

The dashboard is drawn from examples/prometheus/grafana-dashboard.json, with each panel's own queries put to a Prometheus that has
scraped the exporter for that many minutes. Grafana itself is not needed.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import matplotlib
import rich.console
import rich.terminal_theme
import rich.text

from pychrony import _durations
from tests.support.chronyd import Chronyd
from tests.support.exporter import Exporter
from tests.support.prometheus import Prometheus
from tools.gallery import small

matplotlib.use("svg")
matplotlib.rcParams["svg.fonttype"] = "none"  # text stays text
import matplotlib.pyplot as plt  # noqa: E402

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
DASHBOARD = ROOT / "examples" / "prometheus" / "grafana-dashboard.json"
COLUMNS = 88

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


def in_terminal(words: list[str]) -> str:
    """What a command writes on a terminal, colours included."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
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
    console = rich.console.Console(width=COLUMNS, record=True, file=open(os.devnull, "w"))
    console.print(rich.text.Text.from_ansi(f"$ pychrony {' '.join(arguments)}".rstrip()))
    lines = in_terminal(words).splitlines()
    first = next(number for number, line in enumerate(lines) if begin in line)
    shown = (["..."] if first else []) + lines[first:]
    console.print(rich.text.Text.from_ansi("\n".join(shown)))
    svg = console.export_svg(
        title="pychrony", code_format=FRAME, theme=rich.terminal_theme.MONOKAI, unique_id="t"
    )
    (PICTURES / f"{name}.svg").write_text(svg)


# The dashboard.

UNITS = {"s": "s", "ppm": "ppm", "pps": "/s", "percentunit": "", "none": ""}


def expression(target: dict[str, Any]) -> str:
    text = target["expr"].replace('"$job"', '".*"').replace('"$instance"', '".*"')
    return re.sub(r"\$__\w+", "1m", text)


def legend(target: dict[str, Any], labels: dict[str, str]) -> str:
    shown = target.get("legendFormat", "")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match[1], ""), shown)


def shown(value: float, panel: dict[str, Any]) -> str:
    """A value as the panel shows it: the word that the panel has for it, or the number with its unit."""
    settings = panel["fieldConfig"]["defaults"]
    for mapping in settings.get("mappings", ()):
        if word := mapping.get("options", {}).get(f"{value:g}"):
            return str(word["text"])
    return _durations.text(value) if settings.get("unit") == "s" else f"{value:g}"


def draw_panel(
    axes: Any, panel: dict[str, Any], prometheus: Prometheus, begin: float, end: float
) -> None:
    axes.set_title(panel["title"], loc="left", fontsize=9)
    if panel["type"] == "timeseries":
        over = {"start": f"{begin}", "end": f"{end}", "step": f"{max((end - begin) / 240, 1)}"}
        for target in panel["targets"]:
            found = prometheus.ask("query_range", query=expression(target), **over)
            for series in found["result"]:
                times, values = zip(*((float(at), float(value)) for at, value in series["values"]))
                label = legend(target, series["metric"])
                axes.plot([(at - begin) / 60 for at in times], values, label=label, linewidth=1)
        unit = panel["fieldConfig"]["defaults"].get("unit", "none")
        axes.set_ylabel(UNITS.get(unit, unit), fontsize=8)
        axes.set_xlabel("minutes", fontsize=7)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=6, loc="best")
        return
    axes.axis("off")
    found = [each for target in panel["targets"] for each in prometheus.query(expression(target))]
    if panel["type"] == "stat":
        words = [shown(value, panel) for _, value in found]
        axes.text(0.5, 0.4, ", ".join(words), fontsize=22, ha="center", va="center")
    else:
        hidden = ("__name__", "job", "instance")
        rows = [
            "  ".join(value for name, value in labels.items() if name not in hidden)
            for labels, _ in found
        ]
        axes.text(0, 0.9, "\n".join(rows) or "none", fontsize=7, va="top", family="monospace")


def draw_dashboard(prometheus: Prometheus, begin: float, end: float) -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = [panel["gridPos"] for panel in panels]
    height = max(place["y"] + place["h"] for place in places)
    figure = plt.figure(figsize=(12, height / 4))
    for panel, place in zip(panels, places):
        left, width = place["x"] / 24, place["w"] / 24
        bottom = 1 - (place["y"] + place["h"]) / height
        box = (left + 0.06, bottom + 0.025, width - 0.08, place["h"] / height - 0.055)
        draw_panel(figure.add_axes(box), panel, prometheus, begin, end)
    picture = PICTURES / "dashboard.svg"
    figure.savefig(picture, metadata={"Date": None})
    picture.write_text(small(picture.read_text()))


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
