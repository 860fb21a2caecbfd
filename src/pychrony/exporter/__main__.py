"""python -m pychrony.exporter: what `pychrony exporter` does."""

from __future__ import annotations

import sys

from .serve import main

if __name__ == "__main__":
    sys.exit(main())
