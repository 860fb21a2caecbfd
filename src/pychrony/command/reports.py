"""chronyd's reports: for people as chronyc has them, for programs as JSON and CSV."""

from __future__ import annotations

import time

from .._reports import REPORTS
from . import COMMON, DONE, Command, UsageError, one_line, tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import Any

    import pychrony

    Plain = dict[str, Any]


class Query(Command):
    """A command that shows what chronyd answers, once or with --watch again and again."""

    is_one = False  # the answer is one record: in JSON an object, not an array of them

    def __init__(self) -> None:
        self.csv = Csv()

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
        """What chronyd answers, as the options ask for it. `first`: this is not a later round of --watch."""
        answer = self.ask(options)
        if not (options.json or options.csv):
            return self.text(answer, options, first)
        now = time.time()
        return self.written(options, [{"time": now, **row} for row in self.rows(answer)])

    def outage(self, options: Namespace, error: pychrony.ChronyError) -> str:
        """For people: a round of --watch in which chronyd did not answer."""
        return f"pychrony: {one_line(error)}"

    def failed_round(self, options: Namespace, error: pychrony.ChronyError) -> str:
        """For programs: a round of --watch in which chronyd did not answer."""
        row: Plain = {"time": time.time(), "error": one_line(error)}
        return self.written(options, [row])

    def written(self, options: Namespace, rows: list[Plain]) -> str:
        if options.json:
            return as_json(rows[0] if self.is_one else rows, options)
        columns = self.columns(rows)
        if options.watch is not None:
            columns = [*(name for name in columns if name != "error"), "error"]
        return self.csv.text(columns, rows)

    def ask(self, options: Namespace) -> Any:
        raise NotImplementedError

    def text(self, answer: Any, options: Namespace, first: bool) -> str:
        """For people."""
        raise NotImplementedError

    def rows(self, answer: Any) -> list[Plain]:
        """For programs."""
        raise NotImplementedError

    def columns(self, rows: list[Plain]) -> list[str]:
        """The headings of CSV."""
        raise NotImplementedError


class Report(Query):
    """One of chronyd's reports."""

    options = (*COMMON, "json", "csv", "watch", "legend")

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = self.report = name
        self.described = REPORTS[name]
        self.about = self.described["about"] + ("" if self.described["on_command_port"] else " (*)")
        self.is_one = not self.described["shape"].startswith("per ")

    def ask(self, options: Namespace) -> Any:
        from . import asking

        return asking.ask(
            options.address,
            options.timeout,
            lambda connection: getattr(connection, self.described["getter"])(),
            options.family,
        )

    def text(self, answer: Any, options: Namespace, first: bool) -> str:
        from . import text

        lines = [*text.legend(tables.columns(self.report)), ""] if options.legend and first else []
        if answer is None:
            return "\n".join([*lines, tables.DISABLED[self.report]])
        return "\n".join([*lines, *text.report(self.report, records_of(answer))])

    def rows(self, answer: Any) -> list[Plain]:
        if answer is None:
            return [dict.fromkeys(field["name"] for field in self.described["fields"])]
        return [record.to_dict() for record in records_of(answer)]

    def columns(self, rows: list[Plain]) -> list[str]:
        return ["time", *(field["name"] for field in self.described["fields"])]


class AnyReport(Query):
    name = "report"
    about = "any report that libchrony knows, under libchrony's own names"
    options = (*COMMON, "json", "csv", "watch")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "name",
            metavar="NAME",
            help="libchrony's name of a report; an unknown name prints the list",
        )

    def ask(self, options: Namespace) -> list[Plain]:
        import pychrony

        from . import asking

        def get(connection: pychrony.ChronyConnection) -> list[Plain]:
            try:
                return connection.get_report(options.name)
            except pychrony.ChronyError:
                raise
            except ValueError as error:  # there is no such report
                raise UsageError(str(error)) from None

        return asking.ask(options.address, options.timeout, get, options.family)

    def text(self, answer: list[Plain], options: Namespace, first: bool) -> str:
        from . import text

        blocks = []
        for record in filter(None, answer):
            cells = [(name, "-" if value is None else str(value)) for name, value in record.items()]
            blocks.append("\n".join(text.labelled(cells)))
        return "\n\n".join(blocks) or "chronyd sends nothing in this report."

    def rows(self, answer: list[Plain]) -> list[Plain]:
        return answer

    def columns(self, rows: list[Plain]) -> list[str]:
        """A reference clock has another name for its address than a server, so that all rows are looked at."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        return self.csv.headings or names if set(names) <= {"time", "error"} else names


def records_of(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else [answer]


def as_json(answer: Any, options: Namespace) -> str:
    """As JSON: on one line if --watch writes many of them."""
    import json

    return json.dumps(answer, indent=None if options.watch is not None else 2)


class Csv:
    """Writes CSV: the headings first, and again when they change."""

    def __init__(self) -> None:
        self.headings: list[str] = []

    def text(self, columns: Sequence[str], rows: list[Plain]) -> str:
        import csv
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if list(columns) != self.headings:
            self.headings = list(columns)
            writer.writerow(columns)
        writer.writerows([csv_cell(row.get(name)) for name in columns] for row in rows)
        return text.getvalue().removesuffix("\n")


def csv_cell(value: Any) -> Any:
    if isinstance(value, list):
        return "|".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value  # None is an empty cell
