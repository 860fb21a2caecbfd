"""Durations as people write them: 5ms, 100us, 1.5s, 2min; a number alone is seconds. What is printed can be parsed."""

from __future__ import annotations

# How many are a second. Dividing by it makes 100us 0.0001, where multiplying by 1e-6 makes it 9.999999999999999e-05.
PARTS = {
    "ns": 1e9,
    "us": 1e6,
    "\N{MICRO SIGN}s": 1e6,
    "\N{GREEK SMALL LETTER MU}s": 1e6,
    "ms": 1e3,
}
UNITS = {
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "": 1.0,
}


def parse(text: str) -> float:
    """Seconds, 0 or more. ValueError says what a duration looks like."""
    number = text.strip().rstrip(
        "abcdefghijklmnopqrstuvwxyz\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}"
    )
    unit = text.strip()[len(number) :]
    try:
        value = float(number)
        value = value / PARTS[unit] if unit in PARTS else value * UNITS[unit]
    except (KeyError, ValueError):
        value = -1.0
    if not 0 <= value < float("inf") or "_" in number:
        raise ValueError(
            f"{text!r} is not a duration: write 100us, 5ms, 1.5s, 2min or 3h; a number alone is seconds"
        )
    return value


def text(seconds: float) -> str:
    """For people, to four digits: 7.153 us, 31.25 ms, 64 s, 2.1 h."""
    size = abs(seconds)
    if size == 0:
        return "0 s"
    for unit, scale, limit in (("ns", 1e-9, 1e-6), ("us", 1e-6, 1e-3), ("ms", 1e-3, 1.0)):
        if size < limit:
            return f"{seconds / scale:.4g} {unit}"
    for unit, scale, limit in (("s", 1.0, 600.0), ("min", 60.0, 7200.0), ("h", 3600.0, 172800.0)):
        if size < limit:
            return f"{seconds / scale:.4g} {unit}"
    return f"{seconds / 86400.0:.4g} d"
