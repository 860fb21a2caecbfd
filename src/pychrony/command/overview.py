"""`pychrony` alone: may the clock be trusted, which sources does it have, and what is to be done?"""

from __future__ import annotations

import sys
import time

from .. import _durations as durations
from .._reports import REPORTS
from . import tables, terminal
from .reports import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    import pychrony

    from ..health import Verdict
    from .history import History

GAP = "  "
LEAST = 20  # columns for a line of bars beside words

COLOURS = {"OK": "good", "WARNING": "doubtful", "CRITICAL": "bad", "UNKNOWN": "bad"}


class Overview(Report):
    """For programs it is the tracking report, as it is under that name."""

    def __init__(self) -> None:
        super().__init__("tracking")
        self.name = ""
        self.bound: History | None = None
        self.offset: History | None = None

    def ask(self, options: Namespace) -> Any:
        if options.json or options.csv:
            return super().ask(options)
        from .. import health
        from . import asking

        answer = asking.ask(options.address, options.timeout, health.ask, options.family)
        return health.assess(*answer)

    def text(self, answer: Verdict, options: Namespace, first: bool) -> str:
        from .. import health
        from . import advice, text

        assert answer.tracking is not None
        lines = [
            terminal.coloured(line, COLOURS[answer.level.name]) for line in fitted(str(answer))
        ]
        if options.watch is not None:
            # Without a source the offset is 0.
            offset = answer.tracking.offset if answer.tracking.is_synchronized() else None
            lines += self.history(options, answer.error_bound, offset)
        sources = health.resolved(answer.sources)
        if sources:
            lines.append("")
            if options.legend and first:
                lines += [*text.legend(columns()), ""]
            lines += text.table(columns(), sources, colour_of)
        slots = len(answer.sources) - len(sources)
        if slots:
            lines += [
                "",
                *fitted(f"without an address: {slots} (unresolved names, spare slots of a pool)"),
            ]
        for line in advice.overview(answer):
            lines += ["", *fitted(f"-> {line}")]
        return "\n".join(lines)

    def outage(self, options: Namespace, error: pychrony.ChronyError) -> str:
        from .. import health

        lines = fitted(str(health.failed(error)))
        lines = [terminal.coloured(line, "bad") for line in lines]
        return "\n".join([*lines, *self.history(options, None, None)])

    def history(self, options: Namespace, bound: float | None, offset: float | None) -> list[str]:
        """The bound and the offset of the last minutes, this round's among them."""
        from .history import History

        if not terminal.has_escapes(sys.stdout):
            return []
        if self.bound is None or self.offset is None:
            self.bound, self.offset = History(options.watch), History(options.watch)
        now = time.monotonic()
        self.bound.add(bound, now)
        self.offset.add(offset, now)
        return drawn({"bound": self.bound, "offset": self.offset})


def drawn(histories: dict[str, History]) -> list[str]:
    """For each, its last value and its range in words, and a line of bars beside them, or below on a narrow terminal."""
    from .history import bars

    lines = []
    for name, history in histories.items():
        known = history.known()
        if len(history.values) > 1 and known:
            low, high = min(0.0, *known), max(0.0, *known)
            last = history.values[-1]
            words = f"{name}: {'none' if last is None else durations.text(last)}; "
            words += f"{durations.text(low)} to " if low else "at most "
            words += f"{durations.text(high)} in {durations.text(history.covered())}"
            lines.append((words, history, low, high))
    size = max((len(line[0]) for line in lines), default=0)
    beside = terminal.width() - 1 - size - len(GAP)
    made = [""] if lines else []
    for words, history, low, high in lines:
        if beside >= LEAST:
            made.append(f"{words:<{size}}{GAP}{bars(history.columns(beside), low, high)}")
        else:
            made += [words, bars(history.columns(max(8, terminal.width() - 1)), low, high)]
    return made


def fitted(line: str) -> list[str]:
    from . import text

    room = terminal.room()
    return [line] if room is None else text.wrapped(line, room, "   ")


def colour_of(source: pychrony.Source) -> str:
    return tables.colour("sources", source)


def columns() -> list[tables.Column]:
    """The sources in a few columns, durations with the unit that fits."""
    from .. import health

    fields = {field["name"]: field for field in REPORTS["sources"]["fields"]}
    state, address, stratum = tables.columns("sources")[:3]

    def answered(source: pychrony.Source) -> str:
        return f"{health.answered(source)} of {health.POLLS}"

    def age(source: pychrony.Source) -> str:
        ago = source.last_sample_ago
        return "-" if ago is None else f"{durations.text(ago)} ago"

    def offset(source: pychrony.Source) -> str:
        if source.latest_meas is None or source.latest_meas_err is None:
            return "-"
        sign = "+" if source.latest_meas > 0 else ""
        error = durations.text(source.latest_meas_err)
        return f"{sign}{durations.text(source.latest_meas)} +/- {error}"

    column = tables.Column
    return [
        state,
        address,
        stratum,
        column(
            "Answered",
            [fields["reachability"]],
            answered,
            about="How many of the last eight polls brought a valid response from a synchronised server, or a sample "
            "of a reference clock",
        ),
        column("Measured", [fields["last_sample_ago"]], age),
        column("Offset", [fields["latest_meas"], fields["latest_meas_err"]], offset, left=True),
    ]
