"""The columns of each report: chronyc's headings, letters and words from pychrony._reports, and here how a cell is written.

chronyc's formats, and its combined columns, were read from its sources (client.c of chrony 4.0 to 4.9).
"""

from __future__ import annotations

from .._reports import ENUMERATIONS, REPORTS
from . import units

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import IntFlag
    from typing import Any, Callable, Optional

    from .._reports import Field

    # Makes a cell from a record of the report; None if there is nothing to show.
    Show = Callable[[Any], Optional[str]]


class Column:
    """A column of a table, or a line of a report of one record. fields: those that it shows."""

    __slots__ = ("heading", "fields", "show", "left", "about")

    def __init__(
        self,
        heading: str,
        fields: Sequence[Field],
        show: Show,
        *,
        left: bool = False,
        about: str = "",
    ) -> None:
        self.heading = heading
        self.fields = fields
        self.show = show
        self.left = left  # aligned to the left
        self.about = about  # what it means, if the fields' own words do not say it


# What differs from the rules below.

# How a report is laid out: "table" has a line for each record, "lines" a line for each column, "counts" lines that begin
# with the number. The others are a table if they are about sources, else lines.
LAYOUT = {"activity": "counts", "ntpdata": "lines"}

# What it means that the report is None.
DISABLED = {
    "rtcdata": "chronyd does not track the real-time clock (rtcfile in chrony.conf).",
    "smoothing": "chronyd does not smooth the time it serves (smoothtime in chrony.conf).",
}

# Records of NTP packets: chronyc groups the tests so.
NTP_TESTS = ("TEST1 TEST2 TEST3", "TEST5 TEST6 TEST7", "TEST_A TEST_B TEST_C TEST_D")

# What chronyc prints for a value that is newer than it; "Invalid" for the others.
UNKNOWN = {"SourceMode": " ", "SourceState": " ", "AuthMode": "?"}

# What chronyd made of a source. SourceState's own names are libchrony's: UNSELECTED is one that is combined.
STATE_WORDS = {
    "SELECTED": "selected",
    "UNSELECTED": "combined with the selected one",
    "SELECTABLE": "acceptable, but not combined",
    "NONSELECTABLE": "not usable",
    "FALSETICKER": "a falseticker",
    "JITTERY": "too variable",
}

STATE_COLOUR = {
    "SELECTED": "good",
    "UNSELECTED": "good",
    "FALSETICKER": "bad",
    "NONSELECTABLE": "doubtful",
    "JITTERY": "doubtful",
}

# Formats of lines that have other digits than the rest.
FORMATS = {
    "tracking.update_interval": "{:.1f} seconds",
    "ntpdata.root_delay": "{:.6f} seconds",
    "ntpdata.root_dispersion": "{:.6f} seconds",
    "ntpdata.jitter_asymmetry": "{:+.2f}",
    "rtcdata.offset": "{:.6f} seconds",
    "rtcdata.freq_offset": "{:.3f} ppm",
    "sources.reachability": "{:o}",
    "selectdata.score": "{:.1f}",
    "authdata.key_type": "{:d}",
    "authdata.nak": "{:d}",
    "smoothing.freq_offset": "{:+.6f} ppm",
    "smoothing.wander": "{:+.6f} ppm per second",
    "smoothing.last_update_ago": "{:.1f} seconds ago",
    "smoothing.remaining_time": "{:.1f} seconds",
}


def _options(field: str) -> Show:
    def show(record: Any) -> str:
        set_ones = flag_names(getattr(record, field))
        members = ENUMERATIONS["SelectOptions"]["members"]
        # chronyc leaves a fifth place free.
        return "".join(str(m["symbol"]) if m["name"] in set_ones else "-" for m in members) + "-"

    return show


def _tests(record: Any) -> str:
    passed = flag_names(record.flags)
    return " ".join("".join("01"[test in passed] for test in group.split()) for group in NTP_TESTS)


def _reference(record: Any) -> str:
    if record.is_local_reference():
        name = "local reference, no source"
    else:
        name = record.reference_id_name if record.reference_id or record.reference_ip else "none"
    return f"{record.reference_id:08X} ({name})"


def _server_reference(record: Any) -> str:
    # The ID spells a name if the server is a primary one; else it stands for an address.
    is_primary = record.stratum is not None and record.stratum <= 1
    name = units.reference_name(record.reference_id) if is_primary else ""
    return f"{record.reference_id:08X} ({name})"


def _log2(field: str, digits: int) -> Show:
    def show(record: Any) -> str:
        value = getattr(record, field)
        return f"{value} ({2.0**value:.{digits}f} seconds)"

    return show


def _last_sample(record: Any) -> str:
    return (
        f"{units.offset(record.latest_meas):>7}[{units.offset(record.orig_latest_meas):>7}]"
        f" +/- {units.measure(record.latest_meas_err):>6}"
    )


# Cells that are made in a way of their own, by report and heading.
SPECIAL: dict[str, Show] = {
    "tracking.Reference ID": _reference,
    "tracking.System time": lambda record: (
        f"{abs(record.offset):.9f} seconds {'slow' if record.offset > 0 else 'fast'} of NTP time"
    ),
    "tracking.Frequency": lambda record: (
        f"{abs(record.frequency):.3f} ppm {'fast' if record.frequency > 0 else 'slow'}"
    ),
    "sources.Last sample": _last_sample,
    "selectdata.Auth": lambda record: "NY"[record.authentication],
    "selectdata.COpts": _options("configured_options"),
    "selectdata.EOpts": _options("effective_options"),
    "selectdata.Interval": lambda record: (
        f"{units.offset(record.low_limit):>7} {units.offset(record.high_limit):>7}"
    ),
    "ntpdata.Remote address": lambda record: record.address,
    "ntpdata.Poll interval": _log2("poll", 0),
    "ntpdata.Precision": _log2("precision", 9),
    "ntpdata.Reference ID": _server_reference,
    "ntpdata.NTP tests": _tests,
    "smoothing.Active": lambda record: (
        units.yes(record.flags & 1) + (" (leap second only)" if record.flags & 2 else "")
    ),
}


# What a column means that does not show its fields as they are, by report and heading.
ABOUT = {
    "tracking.Synchronised": "Whether the clock follows a source; chronyd's local reference is none",
    "sources.Last sample": "Offset of the last sample, with the clock's corrections since applied; in brackets, as it "
    "was measured; and its error bound [> 0: the system clock is fast of the source]",
    "ntpdata.Interleaved": "Whether the response was in interleaved mode",
    "ntpdata.Authenticated": "Whether the response was authenticated",
}


def _synchronised(record: Any) -> str:
    if record.is_synchronized():
        return "Yes"
    return "No, chronyd only follows its local reference" if record.is_local_reference() else "No"


# The rules.


def layout(report: str) -> str:
    by_source = REPORTS[report]["shape"].startswith("per ")
    return LAYOUT.get(report, "table" if by_source else "lines")


def columns(report: str) -> list[Column]:
    """The report's columns in chronyc's order."""
    fields = REPORTS[report]["fields"]

    def of(*names: str) -> list[Field]:
        return [field for field in fields if field["name"] in names]

    made = []
    for heading in REPORTS[report]["columns"]:
        shown = [field for field in fields if field["heading"] == heading]
        made.append(_column(report, heading, shown))
    if report == "sources":
        made[:2] = [_joined(made[0], made[1])]
    elif report == "tracking":
        # What chronyc leaves to the reader to work out.
        made.append(Column("Synchronised", of("reference_id", "leap_status"), _synchronised))
    elif report == "ntpdata":
        place = [column.heading for column in made].index("NTP tests") + 1
        made[place:place] = [
            Column("Interleaved", of("flags"), lambda record: units.yes(record.flags & 0x4000)),
            Column("Authenticated", of("flags"), lambda record: units.yes(record.flags & 0x8000)),
        ]
    for column in made:
        column.about = ABOUT.get(f"{report}.{column.heading}", "")
    return made


def _column(report: str, heading: str, fields: list[Field]) -> Column:
    special = SPECIAL.get(f"{report}.{heading}")
    left = fields[0]["kind"] == "source" or heading in ("M", "S", "Last sample")
    # The exact nanoseconds of a time, if it has them.
    field = fields[-1] if fields[-1]["kind"] == "nanoseconds" else fields[0]
    if special is not None:
        show = _none_is_absent(fields, special)
    else:
        show = _shown(field, _writer(report, field))
    return Column(heading, fields, show, left=left and layout(report) == "table")


def _joined(first: Column, second: Column) -> Column:
    def show(record: Any) -> str:
        return f"{first.show(record)}{second.show(record)}"

    heading = first.heading + second.heading
    return Column(heading, [*first.fields, *second.fields], show, left=True)


def _shown(field: Field, write: Callable[[Any], str]) -> Show:
    name = field["name"]

    def show(record: Any) -> str | None:
        value = getattr(record, name)
        return _absent(field) if value is None else write(value)

    return show


def _none_is_absent(fields: list[Field], special: Show) -> Show:
    names = [each["name"] for each in fields if each["kind"] not in ("address", "source")]

    def show(record: Any) -> str | None:
        return "-" if any(getattr(record, name) is None for name in names) else special(record)

    return show


def _absent(field: Field) -> str | None:
    """A counter is absent where chronyd is too old to send it; other numbers where nothing was measured."""
    return None if field["unit"] == "count" else "-"


def _writer(report: str, field: Field) -> Callable[[Any], str]:
    """How a value is written."""
    kind, unit = field["kind"], field["unit"]
    special = FORMATS.get(f"{report}.{field['name']}")
    if special is not None:
        return special.format
    in_table = layout(report) == "table"
    if field["enum"] is not None:
        return _symbols(field["enum"], letters=in_table)
    if kind == "nanoseconds":
        return units.date
    if unit == "seconds" and kind in ("unsigned", "signed") and (in_table or report == "rtcdata"):
        return units.age
    if kind not in ("offset", "measure"):
        return str
    sign = "+" if kind == "offset" else ""
    if unit == "ppm":
        return lambda value: units.frequency(value, sign) + ("" if in_table else " ppm")
    if in_table:
        return lambda value: units.measure(value, sign)
    return lambda value: f"{value:{sign}.9f} {unit}"


def _symbols(enum: str, letters: bool = False) -> Callable[[Any], str]:
    """chronyc's words for an enumeration's members, or its letters."""
    members = ENUMERATIONS[enum]["members"]
    words = {m["value"]: (letters and m["letter"]) or m["symbol"] for m in members}

    def write(value: Any) -> str:
        if enum == "SelectState":
            return chr(value)
        return words.get(int(value)) or UNKNOWN.get(enum, "?" if letters else "Invalid")

    return write


def word(value: Any) -> str:
    """chronyc's word for a member of an enumeration."""
    return _symbols(type(value).__name__)(value)


def meaning(value: Any) -> list[str]:
    """What a member of an enumeration stands for; nothing if it is newer than this table."""
    members = ENUMERATIONS[type(value).__name__]["members"]
    return [member["doc"] for member in members if member["value"] == int(value)]


def letters(column: Column) -> list[str]:
    """What the letters in a column mean, for each enumeration in it."""
    found = []
    for field in column.fields:
        members = ENUMERATIONS[field["enum"]]["members"] if field["enum"] else []
        pairs = [(m["letter"] or m["symbol"], m["doc"]) for m in members]
        if pairs and all(letter and len(letter) <= 3 for letter, _ in pairs):
            found.append("; ".join(f"{letter} {doc}" for letter, doc in pairs))
    return found


def flag_names(flags: IntFlag) -> list[str]:
    """The names of the flags that are set; a bit without a name is UNKNOWN_<its value>."""
    names = []
    rest = int(flags)
    for member in type(flags):
        if member & flags:
            names.append(str(member.name))
            rest &= ~int(member)
    names += [f"UNKNOWN_{1 << bit}" for bit in range(rest.bit_length()) if rest >> bit & 1]
    return names


def colour(report: str, record: Any) -> str:
    """For a record: "good", "bad", "doubtful" or ""."""
    if report == "tracking":
        return "good" if record.is_synchronized() else "bad"
    return STATE_COLOUR.get(record.state.name, "") if report == "sources" else ""
