"""What chronyd sends for a value that it has not measured, where a record has None."""

from __future__ import annotations

from typing import Any

from pychrony._reports import ENUMERATIONS, REPORTS

FIELDS = {
    (name, field["name"]): field
    for report, table in REPORTS.items()
    for name in (report, table["type"])
    for field in table["fields"]
    if field["placeholder"] is not None
}


def sent(report: str, field: str, value: Any) -> Any:
    """A field's value, or the placeholder in its place. Enumerations are given by name."""
    row = FIELDS.get((report, field))
    if value is not None or row is None:
        return value
    placeholder = row["placeholder"] or 0
    if row["enum"] is not None:
        members = ENUMERATIONS[row["enum"]]["members"]
        return next(member["name"] for member in members if member["value"] == placeholder)
    return (float if row["kind"] in ("offset", "measure") else int)(placeholder)
