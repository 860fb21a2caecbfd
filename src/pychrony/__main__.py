"""python -m pychrony [ADDRESS]: chronyd's tracking report, readable."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone

import pychrony


def lines(status: pychrony.TrackingStatus) -> list[tuple[str, str]]:
    """The report in words and units, as chronyc says it."""
    # A positive offset is a clock that is slow; a positive frequency is one that runs fast.
    offset = "slow" if status.offset > 0 else "fast"
    frequency = "fast" if status.frequency > 0 else "slow"
    ref_time = datetime.fromtimestamp(status.ref_time, timezone.utc)
    return [
        ("Synchronised", "yes" if status.is_synchronized() else "no"),
        ("Reference", f"{status.reference_id:08X} ({status.reference_id_name})"),
        ("Stratum", f"{status.stratum}"),
        ("Leap status", status.leap_status.name.lower()),
        ("Reference time", f"{ref_time:%Y-%m-%d %H:%M:%S.%f} UTC" if status.ref_time else "never"),
        ("System clock", f"{abs(status.offset):.9f} s {offset} of NTP time"),
        ("Last offset", f"{status.last_offset:+.9f} s"),
        ("RMS offset", f"{status.rms_offset:.9f} s"),
        ("Frequency", f"{abs(status.frequency):.3f} ppm {frequency}"),
        ("Residual frequency", f"{status.residual_freq:+.3f} ppm"),
        ("Skew", f"{status.skew:.3f} ppm"),
        ("Root delay", f"{status.root_delay:.9f} s"),
        ("Root dispersion", f"{status.root_dispersion:.9f} s"),
        ("Update interval", f"{status.update_interval:.1f} s"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pychrony", description="chronyd's tracking report, readable"
    )
    parser.add_argument(
        "address",
        nargs="?",
        help="absolute path of chronyd's Unix socket, or an IP address with an optional port (default: chronyd's usual ones)",
    )
    try:
        status = pychrony.get_tracking(parser.parse_args().address)
    except (pychrony.ChronyError, ValueError) as error:
        print(f"pychrony: {error}", file=sys.stderr)
        return 1
    for name, value in lines(status):
        print(f"{name:<18} : {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
