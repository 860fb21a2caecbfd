"""What the extension's own tables say of each report: its type, and its fields with their kinds and ranges."""

from __future__ import annotations

import re
from typing import Any

import pychrony

Field = dict[str, Any]
Report = dict[str, Any]


def _from_docstrings() -> dict[str, Any]:
    """What `pychrony._tables()` says, as far as it is used here, read from the docstrings of an extension without it."""
    types = {
        "tracking": "TrackingStatus",
        "sources": "Source",
        "sourcestats": "SourceStats",
        "rtcdata": "RTCData",
        "smoothing": "Smoothing",
        "activity": "Activity",
        "serverstats": "ServerStats",
        "ntpdata": "NTPData",
        "authdata": "AuthData",
        "selectdata": "SelectData",
    }
    reports = [
        {"name": name, "type": kind, "fields": _fields(getattr(pychrony, kind))}
        for name, kind in types.items()
    ]
    return {"reports": reports}


def _fields(kind: Any) -> list[Field]:
    visible = list(kind._fields)
    hidden = [name for name in kind.__dict__ if name.endswith("_ns") and name not in visible]
    return [_field(name, getattr(kind, name).__doc__, name in visible) for name in visible + hidden]


def _field(name: str, doc: str, item: bool) -> Field:
    words, source = re.fullmatch(r".*\[(.*); libchrony: (.*)\]", doc).groups()  # type: ignore[union-attr]
    optional = "None" in words or name == "received_good_messages"
    enum = words.split(";")[0].strip()
    low, high = None, None
    found = re.search(r"(0x\w+|-?\d+) to (0x\w+|-?\d+)", words)
    if found:
        low, high = int(found[1], 0), int(found[2], 0)
    if (source, high) == ("stratum", 15):
        high = 16
    kind = "unsigned"
    if name.endswith("_ns"):
        kind = "nanoseconds"
    elif "since 1970" in words:
        kind = "seconds"
    elif enum != "IP" and hasattr(pychrony, enum):
        kind = "enum"
    elif words == "str":
        kind = "source"
    elif words.startswith("str"):
        kind = "address"
    elif words == "bool":
        kind = "boolean"
    elif "never" in words or name == "received_good_messages":
        kind = "elapsed"
    elif "log2" in words:
        kind = "signed"
        low, high = (low, high) if low is not None else (-128, 127)
    elif "finite" in words or words.startswith("ratio, -0.5"):
        kind, low, high = "offset", None, None
    elif words.startswith("ratio") or (
        "0 or more" in words and name not in ("span", "ntp_timestamp_span")
    ):
        kind = "measure"
    return {
        "name": name,
        "source": source,
        "kind": kind,
        "minimum": low,
        "maximum": high,
        "enum": enum if kind == "enum" else None,
        "optional": optional,
        "item": item,
    }


_TABLES = getattr(pychrony, "_tables", _from_docstrings)()

REPORTS: dict[str, Report] = {report["name"]: report for report in _TABLES["reports"]}
# By the type of a record: its report.
REPORT_OF: dict[type, Report] = {
    getattr(pychrony, report["type"]): report for report in REPORTS.values()
}
