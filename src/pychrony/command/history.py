"""A number of the last minutes, drawn as a line of block characters."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT = 600.0  # seconds
BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
ASCII = "_.-:=+*#"


class History:
    """One value for each round, at most as many as ten minutes have; None where there was none."""

    def __init__(self, interval: float) -> None:
        self.size = max(8, int(KEPT / interval))
        self.values: list[float | None] = []
        self.times: list[float] = []
        self.dropped = 0

    def add(self, value: float | None, now: float) -> None:
        self.values.append(value)
        self.times.append(now)
        if len(self.values) > self.size:
            del self.values[0], self.times[0]
            self.dropped += 1

    def known(self) -> list[float]:
        return [value for value in self.values if value is not None]

    def covered(self) -> float:
        """Seconds from the first value to the last."""
        return self.times[-1] - self.times[0]

    def columns(self, width: int) -> list[float | None]:
        """One value for each column: the one farthest from 0 where rounds share a column; None if one of them had none."""
        shared = -(-self.size // width) if len(self.values) > width else 1
        columns: list[float | None] = []
        place = -1
        # The rounds are counted from the first of all, so that a column keeps its rounds while others are added.
        for number, value in enumerate(self.values, self.dropped):
            if number // shared != place:
                place = number // shared
                columns.append(value)
            elif columns[-1] is not None:
                columns[-1] = None if value is None else max(columns[-1], value, key=abs)
        return columns[-width:]


def bars(values: Sequence[float | None], low: float, high: float) -> str:
    """A character for each value, the higher the larger it is; a space for None."""
    blocks = characters()
    scale = (high - low) or 1.0

    def bar(value: float | None) -> str:
        if value is None:
            return " "
        return blocks[min(len(blocks) - 1, max(0, int((value - low) / scale * len(blocks))))]

    return "".join(map(bar, values))


def characters() -> str:
    """Block characters, if the terminal's encoding has them."""
    try:
        BLOCKS.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BLOCKS
