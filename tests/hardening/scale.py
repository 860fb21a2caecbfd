"""The seed of the hardening tests, and how many times as long as the short form they run."""

from __future__ import annotations

import os

# The same seed each time, unless another is given.
SEED = int(os.environ.get("PYCHRONY_HARDENING_SEED", "20261122"))

# 1 is the short form; make test takes less.
TIMES = float(os.environ.get("PYCHRONY_HARDENING_TIMES", "1"))
IS_QUICK = TIMES < 1

# Seconds; no program here runs this long.
LIFETIME = 3600.0 * max(TIMES, 1)


def times(number: int, least: int = 1) -> int:
    """How often what the short form does so many times is done."""
    return max(least, round(number * TIMES))
