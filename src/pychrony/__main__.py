"""python -m pychrony: the command `pychrony`, run by this interpreter.

Where libchrony is missing, Python itself fails to import the package before this file is reached, and says why in one
line. The installed command `pychrony` does more in that case: its help, its version and `pychrony doctor` still work.
"""

from __future__ import annotations

import sys

from pychrony.command import main

if __name__ == "__main__":
    sys.exit(main())
