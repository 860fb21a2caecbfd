"""May this machine's clock be trusted? Exit status 0: yes; 1: no; 2: nobody can say.

python clock_health.py [MAXIMUM-ERROR-IN-SECONDS] [ADDRESS]
"""

from __future__ import annotations

import sys

import pychrony


def worst_error(status: pychrony.TrackingStatus) -> float:
    """How many seconds the clock can be wrong: what is still being corrected, and what the path to the source may hide."""
    return abs(status.offset) + status.root_dispersion + status.root_delay / 2


def main(limit: str = "0.1", address: str | None = None) -> int:
    try:
        status = pychrony.get_tracking(address, timeout=1.0)
    except pychrony.ChronyError as error:
        print(f"unknown: {error}")
        return 2
    if not status.is_synchronized():
        print("no: the clock is not synchronised")
        return 1
    error = worst_error(status)
    trusted = error <= float(limit)
    print(
        f"{'yes' if trusted else 'no'}: at most {error:.6f} s wrong, by {status.reference_id_name}"
    )
    return 0 if trusted else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
