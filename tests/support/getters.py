"""The functions that get a report, which are methods of a connection too."""

from __future__ import annotations

from pychrony._reports import REPORTS

# By libchrony's name of the report.
GETTER_OF = {name: report["getter"] for name, report in REPORTS.items()}
GETTERS = list(GETTER_OF.values())
# The reports with a record for each source, and those with one record.
LISTS = [name for name, report in REPORTS.items() if report["shape"].startswith("per ")]
SINGLE = [name for name in REPORTS if name not in LISTS]
