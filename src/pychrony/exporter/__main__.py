"""python -m pychrony.exporter: what `pychrony exporter` does."""

from __future__ import annotations

import sys

from ..__main__ import main

if __name__ == "__main__":
    sys.exit(main(["exporter", *sys.argv[1:]]))
