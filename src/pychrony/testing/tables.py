"""What the extension's own tables say of each report: its type, and its fields with their kinds and ranges."""

from __future__ import annotations

from typing import Any

import pychrony

Field = dict[str, Any]
Report = dict[str, Any]

REPORTS: dict[str, Report] = {report["name"]: report for report in pychrony._tables()["reports"]}
# The type of a record: its report.
REPORT_OF: dict[type, Report] = {
    getattr(pychrony, report["type"]): report for report in REPORTS.values()
}
