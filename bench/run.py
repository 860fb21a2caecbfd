"""Measures what a call costs, compared with its alternatives. Prints the tables, and writes them as JSON, Markdown and SVG.

    PYCHRONY_LIBCHRONY=LIBRARY python3 bench/run.py --wheel FILE
        [--json FILE] [--markdown docs/performance.md] [--plot docs/performance.svg] [--quick]

FILE is our wheel. It is installed, and everything else is built, below .cache/bench, for the interpreter that runs this.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import fleet
import goals
import measure
import parts
import plot
import report
import startup
from daemons import Daemons
from measure import progress

import clock


def run(options: argparse.Namespace) -> dict[str, Any]:
    quick = options.quick
    ours = parts.environment("ours", sys.executable, str(options.wheel))
    peer = parts.peer(sys.executable)
    who = measure.contestants(str(ours), str(peer))
    by_name = {one.name: one for one in who}
    bindings = [one for one in who if one.name != measure.CHRONYC]
    results: dict[str, Any] = {"machine": measure.machine(str(ours))}
    progress("nothing yet: waiting for the daemons' sources to answer")
    with Daemons(sources=(1, 8, 64)) as daemons:
        progress("imports, first answers, commands")
        udp = daemons.address(1, "udp")
        results["startup"] = startup.measure(ours, peer, udp, rounds=5 if quick else 60)
        progress("threads, and single calls")
        results["threads"] = measure.threads(
            daemons, who, calls=1000 if quick else 8000, rounds=2 if quick else 7
        )
        results["single calls"] = measure.single_calls(
            daemons, by_name[measure.OURS], 200 if quick else 2000
        )
        progress("the interval clock")
        results["clock"] = clock.measure(ours, daemons.address(8, "unix"), 5 if quick else 50)
        progress("system calls")
        results["system calls"] = measure.system_calls(daemons, who, measure.TRACKING)
        progress("instructions")
        results["instructions"] = measure.call_instructions(daemons, who)
        progress("tracking")
        results["tracking"] = measure.times(
            daemons,
            who,
            measure.TRACKING,
            launches=2 if quick else 20,
            ratios=measure.TRACKING_RATIOS,
        )
        progress("lists")
        results["lists"] = measure.times(
            daemons,
            bindings,
            measure.LISTS,
            launches=1 if quick else 5,
            ratios=measure.RATIOS,
        )
    progress("many addresses at once")
    results["fleet"] = fleet.measure(ours, rounds=2 if quick else 15)
    results["goals"] = goals.judge(results)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measures what a call costs, compared with its alternatives."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--wheel", type=Path, help="our wheel")
    source.add_argument(
        "--from-json", type=Path, help="measure nothing, but use the results of an earlier run"
    )
    parser.add_argument("--json", type=Path, help="write everything to this file")
    parser.add_argument("--markdown", type=Path, help="rewrite the tables within this file")
    parser.add_argument("--plot", type=Path, help="draw to this SVG file")
    parser.add_argument(
        "--quick", action="store_true", help="few rounds: only to see that it works"
    )
    options = parser.parse_args()
    if options.from_json is not None:
        results = json.loads(options.from_json.read_text())
    else:
        parts.ensure_tools()
        results = run(options)
    print(report.text(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    if options.markdown is not None:
        report.rewrite(options.markdown, results)
    if options.plot is not None:
        options.plot.write_text(plot.svg(results))


if __name__ == "__main__":
    main()
