"""chronyd's reports: for people as chronyc has them, for programs as JSON and CSV."""

from __future__ import annotations

import enum

from . import COMMON, DONE, Command, UsageError, tables, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable
    from typing import Any

    Plain = dict[str, Any]


# chronyd's reports, and what each is about. The names are chronyc's.
ABOUT = {
    "tracking": "how good the system's clock is: offset, frequency, stratum, error bounds (the default)",
    "sources": "which sources chronyd has, and what it makes of each",
    "sourcestats": "how each source drifts, and how well chronyd knows that",
    "selectdata": "why chronyd selected each source, or did not (*)",
    "ntpdata": "the last valid measurement of each NTP source (*)",
    "authdata": "how each NTP source is authenticated (*)",
    "activity": "how many NTP sources are online and offline",
    "serverstats": "how many requests chronyd received and dropped as a server (*)",
    "rtcdata": "how the hardware's real-time clock drifts",
    "smoothing": "how the time that chronyd serves differs from the clock's",
}


class Shown(Command):
    """A command that shows a report, once or with --watch again and again."""

    def check(self, options: Namespace) -> None:
        if options.json and options.csv:
            raise UsageError("--json and --csv cannot be combined")

    def run(self, options: Namespace) -> int:
        if options.watch is not None:
            from . import watch

            return watch.run(options, self)
        print(self.show(options, first=True))
        return DONE

    def show(self, options: Namespace, first: bool) -> str:
        """The text, as the options ask for it. `first`: this is not a later round of --watch."""
        raise NotImplementedError


class Report(Shown):
    """One of the ten reports."""

    options = (*COMMON, "json", "csv", "watch", "legend")

    def __init__(self, name: str) -> None:
        self.name = name
        self.about = ABOUT[name]

    def show(self, options: Namespace, first: bool) -> str:
        return report(self.name, options, first)


class AnyReport(Shown):
    name = "report"
    about = "any report that libchrony knows, under libchrony's own names"
    options = (*COMMON, "json", "csv", "watch")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "name",
            metavar="NAME",
            help="a report, by libchrony's name; an unknown name prints the list",
        )

    def show(self, options: Namespace, first: bool) -> str:
        return raw(options, first)


def report(name: str, options: Namespace, first: bool) -> str:
    import pychrony

    from . import asking

    table = tables.REPORTS[name]
    answer = asking.ask(
        options.address,
        options.timeout,
        lambda connection: getattr(connection, table.getter)(),
    )
    records = answer if isinstance(answer, list) else [] if answer is None else [answer]
    if options.json:
        plain = [as_plain(record) for record in records]
        return as_json(plain if isinstance(answer, list) else plain[0] if plain else None, options)
    if options.csv:
        fields = all_fields(getattr(pychrony, table.type))
        return as_csv(fields, (as_plain(record) for record in records), first)
    legend = [*explained(table), ""] if options.legend and first else []
    if answer is None:
        return "\n".join([*legend, tables.DISABLED[name]])
    return "\n".join([*legend, *for_people(table, records)])


def raw(options: Namespace, first: bool) -> str:
    """A report under libchrony's own names."""
    import pychrony

    from . import asking

    def get(connection: pychrony.ChronyConnection) -> list[Plain]:
        try:
            return connection.get_report(options.name)
        except pychrony.ChronyError:
            raise
        except ValueError as error:  # there is no such report
            raise UsageError(str(error)) from None

    records = asking.ask(options.address, options.timeout, get)
    if options.json:
        return as_json(records, options)
    filled = [record for record in records if record]
    if options.csv:
        return as_csv(list(filled[0]), filled, first) if filled else ""
    if not filled:
        return "chronyd has nothing to say in this report."
    return "\n\n".join(
        "\n".join(
            labelled(
                [(name, "-" if value is None else str(value)) for name, value in record.items()]
            )
        )
        for record in filled
    )


# For programs.


def all_fields(kind: type) -> list[str]:
    """The record's fields, including those that are attributes only, such as ref_time_ns."""
    descriptor = type(vars(kind)[kind._fields[0]])  # type: ignore[attr-defined]
    return [name for name, value in vars(kind).items() if type(value) is descriptor]


def as_plain(record: Any) -> Plain:
    return {name: plain(getattr(record, name)) for name in all_fields(type(record))}


def plain(value: Any) -> Any:
    """Enumerations by name, flags as a list of names; all else as it is."""
    if isinstance(value, enum.IntFlag):
        return tables.flag_names(value)
    return value.name if isinstance(value, enum.IntEnum) else value


def as_json(answer: Any, options: Namespace) -> str:
    """As JSON: on one line if --watch writes many of them."""
    import json

    return json.dumps(answer, indent=None if options.watch is not None else 2)


def as_csv(fields: list[str], records: Iterable[Plain], heading: bool) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if heading:
        writer.writerow(fields)
    writer.writerows([csv_cell(record[name]) for name in fields] for record in records)
    return text.getvalue().removesuffix("\n")


def csv_cell(value: Any) -> Any:
    if isinstance(value, list):
        return "|".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value  # None is an empty cell


# For people.


def for_people(table: tables.Report, records: list[Any]) -> list[str]:
    """The lines of a report."""
    if not records:
        return ["chronyd has no sources that this report is about."]
    if table.layout == "table":
        return as_table(table, records)
    lines: list[str] = []
    for record in records:
        cells = [(column.heading, column.show(record)) for column in table.columns]
        shown = [(heading, cell) for heading, cell in cells if cell is not None]
        if lines:
            lines.append("")
        if table.layout == "counts":
            lines += [f"{cell} {heading}" for heading, cell in shown]
        else:
            lines += labelled(shown)
            lines[-1] = terminal.coloured(lines[-1], table.colour(record))
    return lines


def labelled(cells: list[tuple[str, str]]) -> list[str]:
    size = max((len(heading) for heading, _ in cells), default=0)
    return [f"{heading:<{size}} : {cell}" for heading, cell in cells]


def as_table(table: tables.Report, records: list[Any]) -> list[str]:
    """A line for each record, each column as wide as its widest cell."""
    headings = [column.heading for column in table.columns]
    rows = [[column.show(record) or "-" for column in table.columns] for record in records]
    widths = [max(map(len, cells)) for cells in zip(headings, *rows)]

    def line(cells: list[str]) -> str:
        parts = [
            f"{cell:<{size}}" if column.left else f"{cell:>{size}}"
            for cell, size, column in zip(cells, widths, table.columns)
        ]
        return "  ".join(parts).rstrip()

    return [
        terminal.coloured(line(headings), "heading"),
        "=" * (sum(widths) + 2 * (len(widths) - 1)),
        *(terminal.coloured(line(row), table.colour(record)) for row, record in zip(rows, records)),
    ]


def explained(table: tables.Report) -> list[str]:
    """What each column means, in the words of the record's own fields, and what its letters mean."""
    import re
    import textwrap

    import pychrony

    kind = getattr(pychrony, table.type)
    size = max(len(column.heading) for column in table.columns)
    columns = max(terminal.width(), size + 30)
    lines = []
    for column in table.columns:
        about = [(getattr(kind, field).__doc__ or field).strip() for field in column.fields]
        # libchrony's name for the field is of use to programmers only.
        about = [re.sub("; libchrony: [^]]*", "", text) for text in about]
        about += [letters_explained(letters) for letters in column.letters]
        lines += textwrap.wrap(
            ". ".join(about),
            columns,
            initial_indent=f"{column.heading:<{size}}  ",
            subsequent_indent=" " * (size + 2),
            break_long_words=False,
        )
    return lines


def letters_explained(letters: dict[str, str] | str) -> str:
    """* selected, x falseticker ..."""
    if isinstance(letters, str):
        import pychrony

        letters = {member.name: chr(member) for member in getattr(pychrony, letters)}
    return ", ".join(
        f"{letter} {name.lower().replace('_', ' ')}" for name, letter in letters.items()
    )
