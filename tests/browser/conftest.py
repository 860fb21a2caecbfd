"""Tests in a real browser: `make browser` runs them. `make test` does not, so that no fresh machine needs a browser for it."""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("selenium") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from chromium import browser  # noqa: F401  a fixture
