"""The seed of the hardening tests, and how many times longer than the short form they run."""

from __future__ import annotations

import os

# The same seed each time, unless another is given.
SEED = int(os.environ.get("PYCHRONY_HARDENING_SEED", "20261122"))

# 1 is the short form.
TIMES = int(os.environ.get("PYCHRONY_HARDENING_TIMES", "1"))

# Seconds; no program here runs this long.
LIFETIME = 3600.0 * TIMES
