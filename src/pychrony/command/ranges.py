"""Ranges as the Monitoring Plugins Development Guidelines define them: when a value is a reason for an alert.

10       below 0 or above 10        10:20    below 10 or above 20
10:      below 10                   @10:20   from 10 to 20
~:10     above 10
"""

from __future__ import annotations

from argparse import ArgumentTypeError

from .. import _durations as durations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


class Range:
    """A range of values that are good; with `inverted` (@), of those that are not."""

    def __init__(
        self, low: float = 0.0, high: float = float("inf"), inverted: bool = False
    ) -> None:
        self.low = low
        self.high = high
        self.inverted = inverted

    def allows(self, value: float) -> bool:
        return (self.low <= value <= self.high) is not self.inverted

    def is_maximum(self) -> bool:
        """Whether this is only an upper limit, of values that are never negative."""
        return self.low <= 0 and not self.inverted

    def words(self, show: Callable[[float], str]) -> str:
        """What a value that is not allowed is: "more than 10 ms", "less than 2", "not between 1 and 2"."""
        if not self.inverted and self.is_maximum():
            return f"more than {show(self.high)}"
        if not self.inverted and self.high == float("inf"):
            return f"less than {show(self.low)}"
        return f"{'' if self.inverted else 'not '}between {show(self.low)} and {show(self.high)}"

    def __str__(self) -> str:
        """As performance data has it."""
        high = "" if self.high == float("inf") else plain(self.high)
        low = "~" if self.low == float("-inf") else plain(self.low)
        text = high if self.low == 0 and high else f"{low}:{high}"
        return f"@{text}" if self.inverted else text


def parse(text: str, number: Callable[[str], float]) -> Range:
    """ArgumentTypeError says what a range looks like."""
    inverted = text.startswith("@")
    start, _, end = text.removeprefix("@").rpartition(":")
    low = float("-inf") if start == "~" else number(start) if start else 0.0
    if not (start or end):
        raise ArgumentTypeError(f"{text!r} is not a range: write 10, 10:, ~:10, 10:20 or @10:20")
    high = number(end) if end else float("inf")
    if low > high:
        raise ArgumentTypeError(f"{text!r} is not a range: it begins above its end")
    return Range(low, high, inverted)


def of_durations(text: str) -> Range:
    return parse(text, _duration)


def of_numbers(text: str) -> Range:
    return parse(text, _number)


def _duration(text: str) -> float:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _number(text: str) -> float:
    whole, _, part = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and (part or "0").isdigit() and part.isascii()):
        raise ArgumentTypeError(f"{text!r} is not a number: write 0, 1, 2 ...")
    return float(text)


def plain(value: float) -> str:
    """At most nine decimal places, never an exponent: as performance data may have it."""
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
