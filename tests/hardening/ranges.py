"""What a report may hold, read from the tables that the module was made from.

A value that they do not allow is a bug, and so is a kind of field that is unknown here.
"""

from __future__ import annotations

import enum
import math
from typing import Any, Callable

import pychrony
from pychrony._reports import ENUMERATIONS
from pychrony._reports import REPORTS as TABLES

# get_NAME: the type it returns, and whether it returns a list of it, or None if the report is not enabled.
LIST = "list"
OPTIONAL = "optional"
ONE = "one"
_SHAPES = {"one": ONE, "one if enabled": OPTIONAL, "per source": LIST, "per address": LIST}
GETTERS: dict[str, tuple[type, str]] = {
    report["getter"]: (getattr(pychrony, report["type"]), _SHAPES[report["shape"]])
    for report in TABLES.values()
}
REPORTS = pychrony.supported_reports()

Check = Callable[[Any], bool]

# A report's numbers have 64 bits at most.
_MOST = 2**64 - 1

# The values of the enumerations that cannot grow.
_CLOSED = {
    name: {member["value"] for member in table["members"]}
    for name, table in ENUMERATIONS.items()
    if table["kind"] == "closed"
}


def _float(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)


def _text(value: Any) -> bool:
    return type(value) is str and 0 < len(value) < 64 and value.isprintable()


def _check_of_enumeration(name: str) -> Check:
    class_ = getattr(pychrony, name)
    assert issubclass(class_, enum.Enum)
    allowed = _CLOSED.get(name)
    return lambda value: (
        type(value) is class_
        and 0 <= value <= 0xFFFFFFFF
        and (allowed is None or int(value) in allowed)
    )


def _check_of_number(is_kind: Check, least: float | None, most: float | None) -> Check:
    return lambda value: (
        is_kind(value) and (least is None or value >= least) and (most is None or value <= most)
    )


def _check_of(field: dict[str, Any]) -> Check:
    """The check for a field, from its row in the tables."""
    kind, least, most = field["kind"], field["minimum"], field["maximum"]
    if kind == "enum":
        check = _check_of_enumeration(field["enum"])
    elif kind in ("unsigned", "signed", "nanoseconds"):
        assert least is not None and most is not None
        check = _check_of_number(lambda value: type(value) is int, least, most)
    elif kind in ("offset", "measure", "seconds"):
        assert kind == "offset" or least == 0
        check = _check_of_number(_float, least, most)
    elif kind == "boolean":
        check = _check_of_number(lambda value: type(value) is bool, None, None)
    elif kind in ("address", "source"):
        check = _text
    else:
        raise AssertionError(f"no range is known for a field of this kind: {field}")
    if field["optional"]:
        return lambda value: value is None or check(value)
    return check


def _checks_of(report: dict[str, Any]) -> list[tuple[str, Check]]:
    checks = [(field["name"], _check_of(field)) for field in report["fields"]]
    assert len(checks) == getattr(pychrony, report["type"]).n_fields
    return checks


CHECKS = {getattr(pychrony, report["type"]): _checks_of(report) for report in TABLES.values()}


def check_record(record: Any, class_: type) -> None:
    """Check that the record is of this type, and each of its values in the documented range."""
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
    """Check that what the getter of this name returned is what its documentation promises."""
    class_, shape = GETTERS[name]
    if shape == LIST:
        assert type(result) is list
        for record in result:
            check_record(record, class_)
    elif result is not None or shape != OPTIONAL:
        check_record(result, class_)


def check_raw(result: Any) -> None:
    """Check what get_report returned: dictionaries of plain values, whose floats are finite."""
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
    """Check that an error says what went wrong, in words and by its code."""
    assert type(error) is not pychrony.ChronyError, error
    assert type(error.message) is str and len(error.message) > 20, error
    assert type(error.error_code) is pychrony.ErrorCode, error
    assert error.errno is None or type(error.errno) is int, error
