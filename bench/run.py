"""Measures what a call costs, and against what: prints the tables, and writes them for machines, readers and eyes.

    PYCHRONY_LIBCHRONY=LIBRARY python3 bench/run.py --python INTERPRETER [--wheel FILE]
        [--json FILE] [--markdown docs/performance.md] [--plot docs/performance.svg] [--quick]

INTERPRETER is one that has our pychrony installed. All else is built below .cache/bench.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import measure
import overlap
import parts
import plot
import report
from daemons import Daemons


def run(options: argparse.Namespace) -> dict[str, Any]:
    def progress(what: str) -> None:
        print(f"measuring {what} ...", file=sys.stderr, flush=True)

    quick = options.quick
    who = measure.contestants(options.python)
    by_name = {one.name: one for one in who}
    bindings = [one for one in who if one.name != measure.CHRONYC]
    results: dict[str, Any] = {"machine": measure.machine(options.python)}
    progress("imports")
    results["imports"] = measure.imports(who, rounds=15 if quick else 40)
    results["sizes"] = measure.sizes(options.wheel)
    progress("nothing yet: the daemons' sources are to answer first")
    with Daemons(sources=(1, 8, 64)) as daemons:
        progress("threads, and single calls")
        results["threads"] = measure.threads(
            daemons, who, calls=1000 if quick else 8000, rounds=2 if quick else 7
        )
        results["single calls"] = measure.single_calls(
            daemons, by_name[measure.OURS], 200 if quick else 2000
        )
        progress("system calls")
        results["system calls"] = measure.system_calls(daemons, who, measure.TRACKING)
        progress("instructions")
        results["instructions"] = measure.call_instructions(daemons, who)
        progress("overlapping requests")
        results["overlap"] = overlap.measure(daemons, parts.libchrony(options.python), quick)
        progress("tracking")
        results["tracking"] = measure.times(daemons, who, measure.TRACKING, 10 if quick else 150)
        progress("lists")
        results["lists"] = measure.times(daemons, bindings, measure.LISTS, 5 if quick else 40)
    results["targets"] = report.targets(results)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures what a call costs, and against what.")
    parser.add_argument("--python", required=True, help="an interpreter that has our pychrony")
    parser.add_argument("--wheel", type=Path, help="our wheel, for its size")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    parser.add_argument("--markdown", type=Path, help="rewrite the tables within this file")
    parser.add_argument("--plot", type=Path, help="draw to this SVG file")
    parser.add_argument(
        "--quick", action="store_true", help="few rounds: only to see that it works"
    )
    parser.add_argument("--from-json", type=Path, help="measure nothing: take the results of a run")
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
