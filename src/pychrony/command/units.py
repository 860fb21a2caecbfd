"""Numbers as chronyc writes them, so that anyone who knows chronyc's tables can read these."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# From this many seconds on, the next unit is used: seconds, minutes, hours, days, years.
_LONG = ((99999.5, 1.0, "s"), (99999.5 * 60, 60.0, "m"), (99999.5 * 3600, 3600.0, "h"))
_SHORT = ((9999.5e-9, 1e9, "ns"), (9999.5e-6, 1e6, "us"), (9999.5e-3, 1e3, "ms"))


def measure(seconds: float, sign: str = "") -> str:
    """A small time with its unit: 488us, 31ms, 1.5s; with sign "+": +488us."""
    size = abs(seconds)
    value = seconds if sign else size
    for limit, factor, unit in _SHORT:
        if size < limit:
            return f"{value * factor:{sign}.0f}{unit}"
    if size < 999.5:
        return f"{value:{sign}.1f}s"
    for limit, scale, unit in _LONG:
        if size < limit:
            return f"{value / scale:{sign}.0f}{unit}"
    if size < 99999.5 * 86400:
        return f"{value / 86400:{sign}.0f}d"
    return f"{value / (86400 * 365):{sign}.0f}y"


def offset(seconds: float) -> str:
    return measure(seconds, "+")


def age(seconds: int | None) -> str:
    """An interval in whole seconds: 64, 20m, 10h, 4d; "-" for never."""
    if seconds is None:
        return "-"
    if seconds < 1200:
        return f"{seconds}"
    if seconds < 36000:
        return f"{seconds // 60}m"
    if seconds < 345600:
        return f"{seconds // 3600}h"
    days = seconds // 86400
    return f"{days}d" if days <= 999 else f"{days // 365}y"


def frequency(ppm: float, sign: str = "") -> str:
    return f"{ppm:{sign}.3f}" if abs(ppm) < 99999.5 else f"{ppm:{sign}.0f}"


def signed_frequency(ppm: float) -> str:
    return frequency(ppm, "+")


def date(nanoseconds: int) -> str:
    """A moment in UTC; "never" for 1970's first second, which stands for none."""
    import time

    if nanoseconds == 0:
        return "never"
    return time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(nanoseconds // 1_000_000_000))


def reference_name(reference_id: int) -> str:
    """The characters that an ID spells: GPS."""
    raw = reference_id.to_bytes(4, "big").partition(b"\0")[0]
    return "".join(chr(byte) for byte in raw if 0x20 <= byte < 0x7F)


def yes(value: Any) -> str:
    return "Yes" if value else "No"
