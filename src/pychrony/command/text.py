"""Reports as text for people: tables, lines, and what each column means."""

from __future__ import annotations

from .._reports import REPORTS
from . import tables, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Callable

    from .._reports import Field

GAP = "  "


def report(name: str, records: list[Any]) -> list[str]:
    """The lines of a report."""
    if not records:
        about = " that this report is about" if REPORTS[name]["shape"] == "per address" else ""
        return [f"chronyd has no sources{about}."]
    columns = tables.columns(name)
    if tables.layout(name) == "table":
        return table(columns, records, lambda record: tables.colour(name, record))
    lines: list[str] = []
    for record in records:
        cells = [(column.heading, column.show(record)) for column in columns]
        shown = [(heading, cell) for heading, cell in cells if cell is not None]
        if lines:
            lines.append("")
        if tables.layout(name) == "counts":
            lines += [f"{cell} {heading}" for heading, cell in shown]
        else:
            lines += labelled(shown)
            lines[-1] = terminal.coloured(lines[-1], tables.colour(name, record))
    return lines


def labelled(cells: list[tuple[str, str]]) -> list[str]:
    """Lines with a heading; on a narrow terminal, a line is broken between words."""
    size = max((len(heading) for heading, _ in cells), default=0)
    lines = [f"{heading:<{size}} : {cell}" for heading, cell in cells]
    room = terminal.room()
    if room is None or max(map(len, lines), default=0) <= room:
        return lines
    return [part for line in lines for part in wrapped(line, room, " " * (size + 3))]


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """The text as lines of at most this width; a number, a path or an address is never broken."""
    import textwrap

    return textwrap.wrap(
        text,
        max(width, 20),
        subsequent_indent=indent if len(indent) < width - 20 else GAP,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(
    columns: Sequence[tables.Column], records: Sequence[Any], colour: Callable[[Any], str]
) -> list[str]:
    """A line for each record, each column as wide as its widest cell.

    Where the terminal is narrower, a record takes several lines, each after the first indented.
    """
    headings = [column.heading for column in columns]
    rows = [[column.show(record) or "-" for column in columns] for record in records]
    widths = [max(map(len, cells)) for cells in zip(headings, *rows)]
    groups = _groups(widths, terminal.room())

    def lines(cells: Sequence[str]) -> list[str]:
        padded = [
            f"{cell:<{size}}" if column.left else f"{cell:>{size}}"
            for cell, size, column in zip(cells, widths, columns)
        ]
        return [
            GAP * (number > 0) + GAP.join(padded[group.start : group.stop]).rstrip()
            for number, group in enumerate(groups)
        ]

    total = max(
        sum(widths[group.start : group.stop]) + len(GAP) * (len(group) - (number == 0))
        for number, group in enumerate(groups)
    )
    made = [terminal.coloured(line, "heading") for line in lines(headings)]
    made.append("=" * total)
    for row, record in zip(rows, records):
        made += [terminal.coloured(line, colour(record)) for line in lines(row)]
    return made


def _groups(widths: Sequence[int], room: int | None) -> list[range]:
    """Which columns share a line, so that each line fits into the room."""
    groups: list[range] = []
    start, used = 0, 0
    for column, size in enumerate(widths):
        if column > start and room is not None and used + len(GAP) + size > room:
            groups.append(range(start, column))
            start, used = column, 0
        used += len(GAP) * (column > start or bool(groups)) + size
    return [*groups, range(start, len(widths))]


def legend(columns: Sequence[tables.Column]) -> list[str]:
    """What each column means, in the words of the record's own fields, and what its letters mean."""
    size = max(len(column.heading) for column in columns)
    width = max(terminal.width(), size + 30)
    lines = []
    for column in columns:
        about = column.about or ". ".join([*map(_about, _shown(column)), *tables.letters(column)])
        lines += wrapped(f"{column.heading:<{size}}  {about}", width, " " * (size + 2))
    return lines


def _shown(column: tables.Column) -> list[Field]:
    """The column's fields, without the nanoseconds of a time that it shows in seconds."""
    return [field for field in column.fields if field["kind"] != "nanoseconds"]


def _about(field: Field) -> str:
    """What a field means, its unit, and what its sign means."""
    signs = [part for part in field["range"].split("; ") if part.startswith((">", "<"))]
    notes = "; ".join(filter(None, [field["unit"], *signs]))
    return field["doc"] + (f" [{notes}]" if notes else "")
