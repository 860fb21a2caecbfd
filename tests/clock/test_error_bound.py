"""error_bound(): the greatest error of the clock, from the reports of real chronyds and from records made by hand.

What each term does to the number is tested in src/clock/bound.rs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any

import pytest
from support.chronyd import LOCAL_SERVER, Chronyd
from support.waiting import wait_for

import pychrony
from pychrony import (
    LeapStatus,
    Source,
    SourceMode,
    SourceState,
    TrackingStatus,
    aio,
    error_bound,
    health,
)
from pychrony.testing import make_source, make_tracking


def reports_of(daemon: Chronyd) -> tuple[TrackingStatus, list[Source]]:
    """Tracking and sources between which the clock was not updated, with a selected source."""

    def ask() -> tuple[TrackingStatus, list[Source]] | None:
        before = pychrony.get_tracking(daemon.socket)
        sources = pychrony.get_sources(daemon.socket)
        after = pychrony.get_tracking(daemon.socket)
        return (before, sources) if before.ref_time_ns == after.ref_time_ns else None

    return wait_for("two reports that belong together", ask)


def by_formula(
    tracking: TrackingStatus, source: Source, drift: float = 15.0, extra: float = 0.0
) -> float:
    assert source.last_sample_ago is not None
    growth = (tracking.skew + abs(tracking.residual_freq) + drift) * 1e-6
    return (
        abs(tracking.offset - source.latest_meas)
        + source.latest_meas_err
        + (source.last_sample_ago + 1) * growth
        + extra
    )


# Real chronyds.


@pytest.mark.parametrize("name", ["client", "client6", "refclock", "refclock_behind"])
def test_a_chronyds_reports_give_the_bound_of_the_formula(
    name: str, request: pytest.FixtureRequest
) -> None:
    tracking, sources = reports_of(request.getfixturevalue(name))
    (selected,) = (source for source in sources if source.is_selected())
    bound = error_bound(tracking, sources)
    assert bound is not None
    assert math.isclose(bound, by_formula(tracking, selected), rel_tol=1e-9)
    larger = error_bound(tracking, sources, max_drift_ppm=50, extra_error=1)
    assert larger is not None
    assert math.isclose(larger, by_formula(tracking, selected, 50, 1), rel_tol=1e-9)


@pytest.mark.parametrize("name", ["client", "client6"])
def test_the_bound_of_a_client_of_this_machines_clock_holds(
    name: str, request: pytest.FixtureRequest
) -> None:
    # Neither daemon touches the clock, which the server serves: it is right by definition.
    bound = error_bound(*reports_of(request.getfixturevalue(name)))
    assert bound is not None
    assert 0 < bound < 1


@pytest.mark.parametrize("name", ["refclock", "refclock_behind"])
def test_a_clock_that_is_wrong_by_its_reference_clock_is_known_to_be(
    name: str, request: pytest.FixtureRequest
) -> None:
    bound = error_bound(*reports_of(request.getfixturevalue(name)))
    assert bound is not None
    assert 0.3 <= bound < 0.4


@pytest.fixture(scope="module")
def named_clock() -> Iterator[Chronyd]:
    """A reference clock beside an unreachable server and another clock of the same kind."""
    from support.shm import ShmClock

    with ShmClock() as used, ShmClock(ahead=0.001) as unused:
        lines = [f"{used.refclock[0]} prefer", f"{unused.refclock[0]} noselect", "server 192.0.2.1"]
        with Chronyd(lines) as daemon:
            daemon.wait_synchronised()
            yield daemon


def test_the_selected_reference_clock_is_found_among_other_sources(named_clock: Chronyd) -> None:
    tracking, sources = reports_of(named_clock)
    assert len(sources) == 3
    (selected,) = (source for source in sources if source.is_selected())
    assert error_bound(tracking, sources) == pytest.approx(by_formula(tracking, selected))


@pytest.mark.parametrize("name", ["unsynchronised", "server"])
def test_a_chronyd_without_a_source_gives_no_bound(
    name: str, request: pytest.FixtureRequest
) -> None:
    tracking, sources = reports_of(request.getfixturevalue(name))
    assert error_bound(tracking, sources) is None


def test_the_local_reference_gives_no_bound() -> None:
    with Chronyd(["server 192.0.2.1 iburst", *LOCAL_SERVER]) as daemon:
        wait_for(
            "the local reference", lambda: pychrony.get_tracking(daemon.socket).is_local_reference()
        )
        tracking, sources = reports_of(daemon)
        assert len(sources) == 1
        assert error_bound(tracking, sources) is None


# Records made by hand.

SELECTED = make_source(address="192.0.2.1", state=SourceState.SELECTED)
TRACKING = make_tracking(reference_ip="192.0.2.1")


def test_sources_may_be_any_iterable() -> None:
    expected = pytest.approx(by_formula(TRACKING, SELECTED))
    assert error_bound(TRACKING, [SELECTED]) == expected
    assert error_bound(TRACKING, (SELECTED,)) == expected
    assert error_bound(TRACKING, iter([SELECTED])) == expected
    assert error_bound(tracking=TRACKING, sources=[SELECTED]) == expected


@pytest.mark.parametrize(
    "tracking, sources",
    [
        (TRACKING, []),
        (TRACKING, [SELECTED._replace(state=SourceState.SELECTABLE)]),
        (TRACKING, [SELECTED, SELECTED]),
        (TRACKING, [SELECTED._replace(address="192.0.2.2")]),
        (TRACKING, [SELECTED._replace(mode=SourceMode.REFCLOCK)]),
        (TRACKING, [SELECTED._replace(last_sample_ago=None)]),
        (TRACKING, [SELECTED._replace(last_sample_ago=-1)]),
        (TRACKING._replace(leap_status=LeapStatus.UNSYNC), [SELECTED]),
        (make_tracking(reference_id=0), [SELECTED]),
        (make_tracking(reference_id=0x7F7F0101), [SELECTED]),
    ],
    ids=[
        "no source",
        "none selected",
        "two selected",
        "another source",
        "a reference clock of that name",
        "no sample",
        "a sample from the future",
        "leap status UNSYNC",
        "not synchronised",
        "local reference",
    ],
)
def test_there_is_no_bound_without_exactly_one_measured_source_that_the_clock_follows(
    tracking: TrackingStatus, sources: list[Source]
) -> None:
    assert error_bound(tracking, sources) is None


@pytest.mark.parametrize("leap", [LeapStatus.NORMAL, LeapStatus.INSERT, LeapStatus.DELETE])
def test_a_leap_second_that_is_due_takes_no_bound_away(leap: LeapStatus) -> None:
    assert error_bound(TRACKING._replace(leap_status=leap), [SELECTED]) is not None


def test_a_source_without_a_sample_may_have_no_numbers() -> None:
    empty = SELECTED._replace(
        last_sample_ago=None, orig_latest_meas=None, latest_meas=None, latest_meas_err=None
    )
    assert error_bound(TRACKING, [empty]) is None
    other = empty._replace(address="192.0.2.9", state=SourceState.NONSELECTABLE)
    assert error_bound(TRACKING, [other, SELECTED]) == error_bound(TRACKING, [SELECTED])


def test_numbers_may_be_integers() -> None:
    tracking = TRACKING._replace(offset=1, skew=0, residual_freq=0)
    source = SELECTED._replace(latest_meas=-1, latest_meas_err=2, last_sample_ago=9)
    assert error_bound(tracking, [source], max_drift_ppm=100_000) == pytest.approx(5)


@pytest.mark.parametrize(
    "tracking, sources, words",
    [
        (SELECTED, [SELECTED], "expected a pychrony.TrackingStatus, not Source"),
        (None, [SELECTED], "expected a pychrony.TrackingStatus, not NoneType"),
        (TRACKING, [TRACKING], "expected a pychrony.Source, not TrackingStatus"),
        (TRACKING, None, "NoneType"),
        (TRACKING, [None], "expected a pychrony.Source, not NoneType"),
        (
            TRACKING._replace(offset="1"),
            [SELECTED],
            "TrackingStatus.offset must be a number, not str",
        ),
        (
            TRACKING._replace(skew=None),
            [SELECTED],
            "TrackingStatus.skew must be a number, not None",
        ),
        (
            TRACKING._replace(reference_id=1.5),
            [SELECTED],
            "TrackingStatus.reference_id must be an int, not float",
        ),
        (
            TRACKING._replace(reference_ip=7),
            [SELECTED],
            "TrackingStatus.reference_ip must be a str, not int",
        ),
        (TRACKING, [SELECTED._replace(address=None)], "Source.address must be a str, not None"),
        (
            TRACKING,
            [SELECTED._replace(latest_meas=None)],
            "Source.latest_meas must be a number, not None",
        ),
        (TRACKING, [SELECTED._replace(state="SELECTED")], "Source.state must be an int, not str"),
    ],
)
def test_an_object_or_a_field_of_a_wrong_type_is_a_type_error(
    tracking: Any, sources: Any, words: str
) -> None:
    with pytest.raises(TypeError) as caught:
        error_bound(tracking, sources)
    assert words in str(caught.value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["offset", "frequency", "residual_freq", "skew"])
def test_a_number_that_chronyd_cannot_send_is_a_value_error(field: str, number: float) -> None:
    with pytest.raises(ValueError, match=field):
        error_bound(TRACKING._replace(**{field: number}), [SELECTED])


def test_a_size_below_zero_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="skew"):
        error_bound(TRACKING._replace(skew=-1.0), [SELECTED])
    with pytest.raises(ValueError, match="latest_meas_err"):
        error_bound(TRACKING, [SELECTED._replace(latest_meas_err=-1.0)])


@pytest.mark.parametrize("name", ["max_drift_ppm", "extra_error"])
def test_an_allowance_is_a_finite_number_from_zero_on(name: str) -> None:
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match=name):
            error_bound(TRACKING, [SELECTED], **{name: wrong})
    for wrong in ("1", None):
        with pytest.raises(TypeError):
            error_bound(TRACKING, [SELECTED], **{name: wrong})  # type: ignore[arg-type]


def test_the_defaults_are_the_same_wherever_they_are_given() -> None:
    default = health.Limits().max_drift_ppm
    for function in (error_bound, aio.IntervalClock):
        assert inspect.signature(function).parameters["max_drift_ppm"].default == default
    text = pychrony.IntervalClock.__text_signature__  # None on CPython 3.9
    for name in ("max_drift_ppm", "extra_error_ns", "void_after"):
        value = inspect.signature(aio.IntervalClock).parameters[name].default
        assert text is None or f"{name}={value}" in text
    without = error_bound(TRACKING, [SELECTED])
    assert without == error_bound(TRACKING, [SELECTED], max_drift_ppm=default)


def test_numbers_too_large_for_a_bound_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="too large"):
        error_bound(TRACKING._replace(offset=1.7e308), [SELECTED._replace(latest_meas=-1.7e308)])


def test_integers_of_any_size_may_be_in_a_record() -> None:
    assert error_bound(TRACKING, [SELECTED._replace(state=10**30)]) is None
    assert error_bound(TRACKING, [SELECTED._replace(last_sample_ago=-(10**30))]) is None
    old = error_bound(TRACKING, [SELECTED._replace(last_sample_ago=10**30)])
    assert old is not None and old > 1e12


# The root distance.


def test_the_root_distance_is_half_the_delay_and_the_dispersion(client: Chronyd) -> None:
    tracking = pychrony.get_tracking(client.socket)
    assert tracking.root_distance == tracking.root_delay / 2 + tracking.root_dispersion > 0
    assert make_tracking(root_delay=3.0, root_dispersion=0.25).root_distance == 1.75


def test_the_root_distance_of_a_record_made_by_hand() -> None:
    assert TRACKING._replace(root_delay=None).root_distance is None
    with pytest.raises(TypeError):
        TRACKING._replace(root_delay="1").root_distance  # noqa: B018
    with pytest.raises(AttributeError):
        TRACKING.root_distance = 1.0  # type: ignore[misc]
