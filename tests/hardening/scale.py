"""How long and how: the seed, and how many times the short form."""

from __future__ import annotations

import os

# The same run each time, unless asked for another.
SEED = int(os.environ.get("PYCHRONY_HARDENING_SEED", "20261122"))

# 1 is the short form.
TIMES = int(os.environ.get("PYCHRONY_HARDENING_TIMES", "1"))

# Seconds, longer than any program here runs.
LIFETIME = 3600.0 * TIMES
