"""The types of the records, and the report of each."""

from __future__ import annotations

import pychrony

from .._reports import REPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .._reports import Report

# The type of a record: its report.
REPORT_OF: dict[type, Report] = {
    getattr(pychrony, report["type"]): report for report in REPORTS.values()
}
