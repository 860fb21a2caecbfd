"""What a report may hold, read from its own documentation: each field's docstring ends with its unit and range.

A value outside of what `help(pychrony.TrackingStatus)` promises is a bug, and so is a docstring not understood here.
"""

from __future__ import annotations

import enum
import math
import re
from typing import Any, Callable

import pychrony

# get_NAME: its type, and whether a list of it, or None where the function is not enabled.
LIST = "list"
OPTIONAL = "optional"
ONE = "one"
GETTERS: dict[str, tuple[type, str]] = {
    "get_tracking": (pychrony.TrackingStatus, ONE),
    "get_sources": (pychrony.Source, LIST),
    "get_source_stats": (pychrony.SourceStats, LIST),
    "get_rtc_data": (pychrony.RTCData, OPTIONAL),
    "get_smoothing": (pychrony.Smoothing, OPTIONAL),
    "get_activity": (pychrony.Activity, ONE),
    "get_server_stats": (pychrony.ServerStats, ONE),
    "get_ntp_data": (pychrony.NTPData, LIST),
    "get_auth_data": (pychrony.AuthData, LIST),
    "get_select_data": (pychrony.SelectData, LIST),
}
REPORTS = pychrony.supported_reports()

Check = Callable[[Any], bool]

# A report's numbers are of 64 bits at most, and a time's nanoseconds fit in 63.
_MOST = 2**64 - 1
_LAST_NANOSECOND = 2**63 - 1


def _integer(low: int, high: int) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def _float(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)


def _measure(value: Any) -> bool:
    return _float(value) and value >= 0.0


def _text(value: Any) -> bool:
    return type(value) is str and 0 < len(value) < 64 and value.isprintable()


def _check_of(kind: str, integral: bool) -> Check:
    """The check that one phrase of a docstring stands for. Some are of floats or integers by the field."""
    kind = kind.partition("; >")[0].partition("; <")[0]
    if " or None" in kind or "; None: never" in kind:
        bare = kind.replace(", or None", "").replace(" or None", "").replace("; None: never", "")
        inner = _check_of(bare, integral)
        return lambda value: value is None or inner(value)
    if kind == "str":
        return _text
    if kind == "bool":
        return lambda value: type(value) is bool
    found = re.fullmatch(r"(?:.*, )?(-?\d+|0x\w+) to (-?\d+|0x\w+)", kind)
    if found:
        return _integer(int(found[1], 0), int(found[2], 0))
    if kind.startswith("ratio, -0.5 to 0.5"):  # "as chronyd computes it": not a promise of ours
        return _float
    if kind in ("count", "bits", "bytes", "log2 seconds") or kind.startswith("bits, "):
        return _integer(-(2**15) if kind == "log2 seconds" else 0, _MOST)
    if kind.endswith(", 0 or more"):
        return _integer(0, _MOST) if integral else _measure
    if kind.endswith(", finite"):
        return _float
    if kind.startswith("seconds since 1970 (UTC), float"):
        return _measure
    if kind == "nanoseconds since 1970 (UTC)":
        return _integer(0, _LAST_NANOSECOND)
    class_ = getattr(pychrony, kind, None)
    if isinstance(class_, type) and issubclass(class_, enum.Enum):
        # An unknown flag survives; a value unknown to an enumeration does not.
        return lambda value: type(value) is class_ and 0 <= value <= 0xFFFFFFFF
    raise AssertionError(f"no range can be read from the documentation: [{kind}]")


# Seconds that chronyd counts in whole numbers.
_INTEGRAL = {"last_sample_ago", "span", "last_key_establishment_ago", "ntp_timestamp_span"}


def _checks_of(class_: Any) -> list[tuple[str, Check]]:
    checks = []
    for name, descriptor in vars(class_).items():
        if type(descriptor).__name__ == "member_descriptor":
            kind, found, _ = descriptor.__doc__.rpartition("[")[2].partition("; libchrony: ")
            assert found, f"{class_.__name__}.{name} is not documented: {descriptor.__doc__}"
            checks.append((name, _check_of(kind, name in _INTEGRAL)))
    assert len(checks) == class_.n_fields
    return checks


CHECKS = {class_: _checks_of(class_) for class_, _ in GETTERS.values()}


def check_record(record: Any, class_: type) -> None:
    """The record is of this type, and each of its values in the documented range."""
    assert type(record) is class_, record
    for name, check in CHECKS[class_]:
        value = getattr(record, name)
        if not check(value):
            raise AssertionError(f"{class_.__name__}.{name} is {value!r}: {record!r}")
    nanoseconds = getattr(record, "ref_time_ns", None)
    if nanoseconds is not None:
        seconds = record.ref_time
        assert abs(seconds - nanoseconds / 1e9) <= seconds * 2**-50, record


def check_result(name: str, result: Any) -> None:
    """What a getter of this name returned is what its documentation promises."""
    class_, shape = GETTERS[name]
    if shape == LIST:
        assert type(result) is list
        for record in result:
            check_record(record, class_)
    elif result is not None or shape != OPTIONAL:
        check_record(result, class_)


def check_raw(result: Any) -> None:
    """What get_report returned: dictionaries of plain values, floats finite."""
    assert type(result) is list
    for record in result:
        assert type(record) is dict
        for name, value in record.items():
            assert type(name) is str
            if type(value) is float:
                assert math.isfinite(value), (name, value)
            elif type(value) is int:
                assert -_MOST <= value <= _MOST, (name, value)
            else:
                assert value is None or _text(value), (name, value)


def check_error(error: pychrony.ChronyError) -> None:
    """An error says what went wrong, in words and by its code."""
    assert type(error) is not pychrony.ChronyError, error
    assert type(error.message) is str and len(error.message) > 20, error
    assert type(error.error_code) is pychrony.ErrorCode, error
    assert error.errno is None or type(error.errno) is int, error
