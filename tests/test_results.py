"""TrackingStatus as a value: a struct sequence with names, documentation and no way to change it."""

from __future__ import annotations

import copy
import enum
import pickle
import sys
from typing import Any

import pytest
from support.responder import Responder

import pychrony
from pychrony import LeapStatus, TrackingStatus
from pychrony._reports import REPORTS

FIELDS = (
    "reference_id",
    "reference_id_name",
    "reference_ip",
    "stratum",
    "leap_status",
    "ref_time",
    "offset",
    "last_offset",
    "rms_offset",
    "frequency",
    "residual_freq",
    "skew",
    "root_delay",
    "root_dispersion",
    "update_interval",
)

# A word for the unit, which the docstring of each field with a unit contains.
UNITS = {
    "ref_time": "second",
    "ref_time_ns": "nanosecond",
    "offset": "second",
    "last_offset": "second",
    "rms_offset": "second",
    "frequency": "ppm",
    "residual_freq": "ppm",
    "skew": "ppm",
    "root_delay": "second",
    "root_dispersion": "second",
    "update_interval": "second",
}


@pytest.fixture
def daemon() -> Any:
    with Responder() as responder:
        yield responder


@pytest.fixture
def tracking(daemon: Responder) -> TrackingStatus:
    return pychrony.get_tracking(daemon.address)


def test_a_report_is_a_tuple_with_named_fields(tracking: TrackingStatus) -> None:
    assert isinstance(tracking, tuple)
    assert type(tracking) is TrackingStatus
    assert TrackingStatus._fields == FIELDS
    assert tuple(getattr(tracking, name) for name in FIELDS) == tuple(tracking)
    assert len(tracking) == len(FIELDS)


def test_the_type_is_a_struct_sequence(tracking: Any) -> None:
    kind: Any = TrackingStatus
    assert kind.n_sequence_fields == len(FIELDS)
    assert kind.n_fields == len(FIELDS) + 1
    assert kind.n_unnamed_fields == 0
    assert (kind.__module__, kind.__qualname__) == ("pychrony", "TrackingStatus")


def test_the_exact_time_is_an_attribute_beside_the_tuple(tracking: TrackingStatus) -> None:
    assert tracking.ref_time_ns == 1_700_000_000_123_456_789
    assert tracking.ref_time_ns not in tuple(tracking)
    assert tracking.ref_time == 1_700_000_000.123456789


def test_a_report_as_a_dictionary_has_the_fields_in_their_order(tracking: Any) -> None:
    fields = tracking._asdict()
    assert type(fields) is dict
    assert tuple(fields)[: len(FIELDS)] == FIELDS
    assert set(fields) - set(FIELDS) <= {"ref_time_ns"}
    for name, value in fields.items():
        assert value == getattr(tracking, name)


@pytest.mark.parametrize("name", [*FIELDS, "ref_time_ns", "nothing_of_the_kind"])
def test_no_attribute_can_be_set_or_deleted(tracking: Any, name: str) -> None:
    with pytest.raises((AttributeError, TypeError)):
        setattr(tracking, name, 1)
    with pytest.raises((AttributeError, TypeError)):
        delattr(tracking, name)


def test_no_item_can_be_set(tracking: Any) -> None:
    with pytest.raises(TypeError):
        tracking[0] = 1


def test_equal_reports_are_equal_and_hash_alike(daemon: Responder) -> None:
    one, other = pychrony.get_tracking(daemon.address), pychrony.get_tracking(daemon.address)
    assert one is not other
    assert one == other
    assert hash(one) == hash(other) == hash(tuple(one)) != 0
    assert one == tuple(other)


def test_reports_that_differ_are_not_equal(daemon: Responder) -> None:
    one = pychrony.get_tracking(daemon.address)
    daemon.reports["tracking"][0]["skew"] = 0.5
    assert one != pychrony.get_tracking(daemon.address)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_report_can_be_pickled(tracking: TrackingStatus, protocol: int) -> None:
    travelled = pickle.loads(pickle.dumps(tracking, protocol))
    assert type(travelled) is TrackingStatus
    assert travelled == tracking
    assert travelled.ref_time_ns == tracking.ref_time_ns
    assert travelled.leap_status is LeapStatus.NORMAL
    assert travelled.is_synchronized()


def test_a_report_can_be_copied(tracking: TrackingStatus) -> None:
    for copied in [copy.copy(tracking), copy.deepcopy(tracking)]:
        assert copied == tracking
        assert copied.ref_time_ns == tracking.ref_time_ns


def test_the_repr_shows_names_and_values(tracking: TrackingStatus) -> None:
    shown = repr(tracking)
    assert "TrackingStatus(" in shown
    for name in FIELDS:
        assert f"{name}=" in shown
    assert "frequency=-12.5" in shown


@pytest.mark.parametrize("name", [*FIELDS, "ref_time_ns"])
def test_every_field_is_documented(name: str) -> None:
    doc = getattr(TrackingStatus, name).__doc__
    assert doc
    assert UNITS.get(name, "") in doc
    assert doc.strip() == doc


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (report["type"], field["name"])
        for report in REPORTS.values()
        for field in report["fields"]
        if field["kind"] == "offset"
    ],
)
def test_a_number_that_may_be_below_zero_says_what_its_sign_means(record: str, field: str) -> None:
    doc = getattr(getattr(pychrony, record), field).__doc__
    assert any(words in doc for words in ("> 0: ", "< 0: ", "below 0"))


def test_the_type_and_its_methods_are_documented() -> None:
    assert TrackingStatus.__doc__
    assert TrackingStatus.is_synchronized.__doc__
    assert TrackingStatus.is_leap_pending.__doc__


def matched(statement: str, tracking: TrackingStatus) -> dict[str, Any]:
    names: dict[str, Any] = {"tracking": tracking, **vars(pychrony)}
    exec(compile(statement, "<match>", "exec"), names)  # noqa: S102 - 3.9 has no such statement
    return names


if sys.version_info >= (3, 10):

    def test_a_report_matches_patterns_by_keyword(tracking: TrackingStatus) -> None:
        names = matched(
            "match tracking:\n"
            "    case TrackingStatus(leap_status=LeapStatus.UNSYNC): found = None\n"
            "    case TrackingStatus(stratum=found, reference_id_name='192.0.2.1'): pass\n",
            tracking,
        )
        assert names["found"] == 3

    def test_a_report_matches_patterns_by_position(tracking: TrackingStatus) -> None:
        names = matched(
            "match tracking:\n    case TrackingStatus(number, name, _, stratum): pass\n",
            tracking,
        )
        assert (names["number"], names["name"], names["stratum"]) == (0xC0000201, "192.0.2.1", 3)

    def test_a_report_matches_patterns_as_a_sequence(tracking: TrackingStatus) -> None:
        names = matched("match tracking:\n    case (number, *_, interval): pass\n", tracking)
        assert (names["number"], names["interval"]) == (0xC0000201, 64.5)


def test_leap_status_is_an_integer_enumeration() -> None:
    assert issubclass(LeapStatus, enum.IntEnum)
    assert {member.name: int(member) for member in LeapStatus} == {
        "NORMAL": 0,
        "INSERT": 1,
        "DELETE": 2,
        "UNSYNC": 3,
    }
    assert LeapStatus.__module__ == "pychrony"
    assert pickle.loads(pickle.dumps(LeapStatus.INSERT)) is LeapStatus.INSERT


def made(**changes: Any) -> TrackingStatus:
    """A report, made as in a user's own test."""
    values = {
        "reference_id": 0xC0000201,
        "reference_id_name": "192.0.2.1",
        "reference_ip": "192.0.2.1",
        "stratum": 3,
        "leap_status": LeapStatus.NORMAL,
        **{name: 0.0 for name in FIELDS[5:]},
        **changes,
    }
    return TrackingStatus([values[name] for name in FIELDS])


def test_a_report_can_be_made_by_hand() -> None:
    assert made(stratum=7).stratum == 7
    with pytest.raises(TypeError):
        TrackingStatus([1, 2, 3])


LOCAL = 0x7F7F0101


@pytest.mark.parametrize(
    ("changes", "synchronised"),
    [
        ({}, True),
        ({"leap_status": LeapStatus.INSERT}, True),
        ({"stratum": 16}, True),
        ({"stratum": 17}, True),
        # During a leap second, chronyd says this for a moment.
        ({"leap_status": LeapStatus.UNSYNC}, True),
        ({"reference_ip": None}, True),
        # The ID of a source with an IPv6 address is a hash, which may be any number.
        ({"reference_id": LOCAL}, True),
        ({"reference_id": 0}, True),
        ({"reference_id": 0, "reference_ip": None}, False),
        ({"reference_id": LOCAL, "reference_ip": None}, False),
    ],
)
def test_a_clock_is_synchronised_if_it_has_a_source_which_is_not_the_local_reference(
    changes: dict[str, Any], synchronised: bool
) -> None:
    assert made(**changes).is_synchronized() is synchronised


@pytest.mark.parametrize(
    ("reference_id", "address", "local"),
    [
        (LOCAL, None, True),
        (LOCAL, "2001:db8::1", False),
        (0, None, False),
        (LOCAL + 1, None, False),
        (0xC0000201, "192.0.2.1", False),
    ],
)
def test_the_local_reference_is_known_by_its_id(
    reference_id: int, address: str | None, local: bool
) -> None:
    status = made(reference_id=reference_id, reference_ip=address)
    assert status.is_local_reference() is local


@pytest.mark.parametrize(
    ("status", "pending"),
    [("NORMAL", False), ("INSERT", True), ("DELETE", True), ("UNSYNC", False)],
)
def test_a_leap_second_is_pending_if_one_is_to_be_inserted_or_deleted(
    status: str, pending: bool
) -> None:
    assert made(leap_status=LeapStatus[status]).is_leap_pending() is pending


def test_a_record_with_invalid_values_raises_and_does_not_crash() -> None:
    report = made(reference_id="?", leap_status=None, stratum=object())
    for method in [report.is_synchronized, report.is_leap_pending]:
        try:
            assert method() in (True, False)
        except TypeError:
            pass


def test_records_do_not_hold_their_values_after_their_end(daemon: Responder) -> None:
    tracking = pychrony.get_tracking(daemon.address)
    name = tracking.reference_id_name
    before = sys.getrefcount(name)
    del tracking
    assert sys.getrefcount(name) < before or not hasattr(sys, "getrefcount")
