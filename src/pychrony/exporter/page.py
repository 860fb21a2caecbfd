"""The page for people: whether the clock may be trusted, how far it may be off, and its sources."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING, Any, Callable

from pychrony import _durations, health
from pychrony._reports import ENUMERATIONS
from pychrony.command.tables import STATE_WORDS

if TYPE_CHECKING:
    import pychrony

    from .scrapes import Scrape

# Seconds until a browser asks for the page again.
REFRESH = 10

HEADERS = [
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    # No script, nothing from elsewhere; the icon is an empty one, so that no browser asks for it.
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
    ),
]

# Headings, and whether the column is of numbers.
COLUMNS = (
    ("Source", False),
    ("State", False),
    ("Stratum", True),
    ("Reach", True),
    ("Last sample", True),
    ("Offset", True),
    ("Error", True),
)

NUMBER = ' class="number"'

STATES = {
    member["name"]: (member["symbol"] or "", member["doc"])
    for member in ENUMERATIONS["SourceState"]["members"]
}

STYLE = """
:root { color-scheme: light dark; --line: #8886; --OK: #1a7f37; --WARNING: #9a6700; --CRITICAL: #cf222e; --UNKNOWN: #6e7781; }
@media (prefers-color-scheme: dark) { :root { --OK: #3fb950; --WARNING: #d29922; --CRITICAL: #ff7b72; --UNKNOWN: #9198a1; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
header { border-left: .4rem solid var(--level); padding-left: 1rem; }
h1 { color: var(--level); margin: 0; }
header p { margin: 0; }
header ul { margin: 0; padding-left: 1.2rem; }
code { opacity: .7; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
dd { margin: 0; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
td span { white-space: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
@media (max-width: 60rem) {
  table, tbody, tr, tbody th, td { display: block; white-space: normal; }
  thead { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  tbody th, td, td.number { border: 0; padding: 0; text-align: left; }
  td::before { content: attr(data-heading); display: inline-block; width: 7rem; }
}
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .5rem; }
"""


def render(scrape: Scrape) -> str:
    verdict = scrape.verdict
    level = "UNKNOWN" if verdict is None else verdict.level.name
    if verdict is None:
        body = (
            f"<header><h1>{level}</h1><p>The reports tracking and sources, which a verdict needs, are switched off.</p>"
            "</header>"
        )
        when = time.time()
    else:
        body = _verdict(verdict) + _clock(verdict) + _sources(verdict)
        when = verdict.time
    where = f" at {escape(scrape.address)}" if scrape.address else ""
    return f"""<!DOCTYPE html>
<html lang="en" style="--level: var(--{level})">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{REFRESH}">
<link rel="icon" href="data:,">
<title>{level}: chronyd{where}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
<footer>
<p>chronyd{where}, {time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(when))}. Asked again every {REFRESH} seconds.</p>
<p><a href="metrics">/metrics</a> has all reports for Prometheus; <a href="probe">/probe?target=HOST:PORT</a> those of another
chronyd.</p>
</footer>
</body>
</html>
"""


def _verdict(verdict: health.Verdict) -> str:
    reasons = "".join(
        f"<li>{finding.level.name}: {escape(finding.words)} <code>{finding.code}</code></li>"
        for finding in verdict.findings
    )
    text = f"<ul>{reasons}</ul>" if reasons else f"<p>{escape(verdict.summary)}</p>"
    return f"<header><h1>{verdict.level.name}</h1>{text}</header>"


def _clock(verdict: health.Verdict) -> str:
    tracking = verdict.tracking
    if tracking is None:
        return ""
    facts = {"Error bound": "none"}
    if verdict.error_bound is not None:
        facts["Error bound"] = f"at most {_durations.text(verdict.error_bound)} off"
    if tracking.is_synchronized():
        facts["Offset"] = (
            f"{_durations.text(abs(tracking.offset))} {'slow' if tracking.offset > 0 else 'fast'}"
        )
        facts["Synchronised to"] = f"{tracking.reference_id_name}, stratum {tracking.stratum}"
    if verdict.age is not None:
        facts["Last measurement"] = f"{_durations.text(round(verdict.age))} ago"
    return "<h2>Clock</h2><dl>" + _facts(facts) + "</dl>"


def _facts(facts: dict[str, str]) -> str:
    return "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())


def _sources(verdict: health.Verdict) -> str:
    sources = health.resolved(verdict.sources)
    if not sources:
        return ""
    heads = "".join(f"<th{NUMBER if number else ''}>{heading}</th>" for heading, number in COLUMNS)
    rows = "".join(map(_row, sources))
    return f"<h2>Sources</h2><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _row(source: pychrony.Source) -> str:
    symbol, meaning = STATES.get(source.state.name, ("", "not known to this pychrony"))
    word = STATE_WORDS.get(source.state.name, source.state.name)
    cells = (
        f'<span title="{escape(meaning)}">{symbol} {escape(word)}</span>',
        _or_dash(source.stratum, str),
        f"{source.reachability:o}",
        _or_dash(source.last_sample_ago, _durations.text),
        _or_dash(source.latest_meas, _durations.text),
        _or_dash(source.latest_meas_err, _durations.text),
    )
    return (
        f"<tr><th>{escape(source.address)}</th>"
        + "".join(
            f'<td data-heading="{heading}"{NUMBER if number else ""}>{cell}</td>'
            for (heading, number), cell in zip(COLUMNS[1:], cells)
        )
        + "</tr>"
    )


def _or_dash(value: float | None, text: Callable[[Any], str]) -> str:
    return "\N{EN DASH}" if value is None else text(value)
