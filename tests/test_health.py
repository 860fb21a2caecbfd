"""pychrony.health: the verdict on made-up reports, each limit just met and just missed."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest
from support import child

import pychrony
from pychrony import _durations as durations
from pychrony import aio, health
from pychrony.health import CODES, Cached, Finding, Level, Limits, Verdict
from pychrony.testing import FakeChronyd, make_source, make_tracking

STANDARD = Limits()
NOW = 1_800_000_000.0
# The default source's interval: |offset - latest_meas| + latest_meas_err + 22 s of drift.
OTHER = make_source(address="192.0.2.2", state=pychrony.SourceState.UNSELECTED)


def tracking(**fields: Any) -> pychrony.TrackingStatus:
    return make_tracking(**{"ref_time": NOW - 30, **fields})


def assess(
    status: pychrony.TrackingStatus | None = None,
    sources: list[pychrony.Source] | None = None,
    **limits: Any,
) -> Verdict:
    return health.assess(
        tracking() if status is None else status,
        [make_source()] if sources is None else sources,
        Limits(**limits),
        now=NOW,
    )


def codes(verdict: Verdict) -> dict[str, str]:
    return {finding.code: finding.level.name for finding in verdict.findings}


def test_a_good_clock_is_ok_in_one_sentence() -> None:
    verdict = assess(sources=[make_source(), OTHER])
    assert (verdict.level, verdict.ok, verdict.findings) == (Level.OK, True, ())
    bound = pychrony.error_bound(tracking(), [make_source(), OTHER])
    assert verdict.error_bound == bound is not None
    assert str(verdict) == (
        f"OK: at most {durations.text(bound)} off, synchronised to 192.0.2.1, stratum 3, 2 of 2 sources usable"
    )
    assert (verdict.age, verdict.usable, verdict.time) == (pytest.approx(30), 2, NOW)
    assert verdict.selected == make_source()


def test_a_bound_at_its_limit_is_good_and_one_above_it_is_not() -> None:
    bound = assess().error_bound
    assert bound is not None
    below = math.nextafter(bound, 0) if sys.version_info >= (3, 9) else 0
    assert codes(assess(max_error=bound, warn_error=bound)) == {}
    assert codes(assess(max_error=bound, warn_error=below)) == {"error-bound": "WARNING"}
    assert codes(assess(max_error=below, warn_error=below)) == {"error-bound": "CRITICAL"}
    # A warning limit above the critical one does not matter.
    assert codes(assess(max_error=below, warn_error=1)) == {"error-bound": "CRITICAL"}
    assert str(assess(max_error=0.001)).startswith("CRITICAL: may be 6.2")


def test_drift_and_extra_error_widen_the_bound() -> None:
    plain, wide = assess().error_bound, assess(extra_error=0.25).error_bound
    drifting = assess(max_drift_ppm=1015).error_bound
    assert plain is not None and wide is not None and drifting is not None
    assert wide == pytest.approx(plain + 0.25)
    assert drifting == pytest.approx(plain + 22 * 1e-3)


def test_the_age_of_the_last_measurement_is_that_of_chronyds_corrected_clock() -> None:
    assert codes(assess(tracking(ref_time=NOW - 100), max_age=100.001)) == {}
    assert codes(assess(tracking(ref_time=NOW - 100), max_age=99.999)) == {
        "old-measurement": "WARNING"
    }
    # A clock that is hours fast, and one that is hours slow, measured a second ago.
    for offset in (-16384.0, 16384.0):
        status = tracking(offset=offset, ref_time=NOW + offset - 1)
        verdict = health.assess(
            status,
            [make_source(latest_meas=-offset)],
            Limits(max_error=1e6, warn_error=1e6),
            now=NOW,
        )
        assert (codes(verdict), verdict.age) == ({}, pytest.approx(1))


def test_a_measurement_from_the_future_shows_that_the_clock_was_set_back() -> None:
    late = assess(tracking(ref_time=NOW + 0.75 - 2**-16))
    assert codes(late) == {"clock-set-back": "CRITICAL"}
    assert late.age == 0
    assert codes(assess(tracking(ref_time=NOW + 0.25))) == {"clock-set-back": "WARNING"}
    assert codes(assess(tracking(ref_time=NOW + 0.01))) == {}


def test_a_stratum_above_its_limit_is_a_warning() -> None:
    assert codes(assess(max_stratum=3)) == {}
    assert codes(assess(max_stratum=2)) == {"stratum": "WARNING"}


def test_only_sources_that_chronyd_could_select_count() -> None:
    for state, counts in [
        ("SELECTED", True),
        ("UNSELECTED", True),
        ("SELECTABLE", True),
        ("NONSELECTABLE", False),
        ("FALSETICKER", False),
        ("JITTERY", False),
    ]:
        source = make_source(address="192.0.2.9", state=pychrony.SourceState[state])
        assert health.is_usable(source) is counts, state
        verdict = assess(sources=[make_source(), source], min_sources=2)
        assert ("few-sources" in codes(verdict)) is not counts, state
    assert codes(assess(min_sources=2)) == {"few-sources": "WARNING"}
    assert "1 of 1 sources usable, fewer than 2" in str(assess(min_sources=2))


def test_slots_of_a_pool_are_not_sources() -> None:
    slots = [
        make_source(address=f"ID#000000000{n}", state=pychrony.SourceState.NONSELECTABLE)
        for n in range(1, 8)
    ]
    verdict = assess(sources=[make_source(), *slots])
    assert "1 of 1 sources usable" in str(verdict)
    verdict = assess(tracking(reference_id=0), slots)
    assert str(verdict) == "CRITICAL: not synchronised; no source has an address yet"


def test_a_reference_clock_may_be_named_like_a_slot() -> None:
    clock = make_source(address="ID#1", mode=pychrony.SourceMode.REFCLOCK)
    verdict = assess(tracking(reference_id_name="ID#1"), [clock])
    assert (verdict.level, verdict.usable) == (Level.OK, 1)


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"reference_id": 0}, "unsynchronised", "not synchronised"),
        (
            {"reference_id": 0x7F7F0101},
            "local-reference",
            "not synchronised: chronyd follows no source, only its local reference",
        ),
        (
            {"leap_status": pychrony.LeapStatus.UNSYNC, "reference_id": 0xC0000201},
            "leap-second-now",
            "a leap second is being inserted or deleted",
        ),
    ],
)
def test_a_clock_that_follows_no_source_is_critical(
    fields: dict[str, Any], code: str, words: str
) -> None:
    verdict = assess(tracking(**fields), [])
    assert codes(verdict) == {code: "CRITICAL"}
    assert str(verdict).startswith(f"CRITICAL: {words}")
    assert (verdict.ok, verdict.error_bound) == (False, None)
    assert f"{words}; chronyd has no sources" in str(verdict) or code == "leap-second-now"


def test_without_a_selected_source_the_clock_runs_on_with_a_warning() -> None:
    lost = [make_source(state=pychrony.SourceState.NONSELECTABLE)]
    verdict = assess(sources=lost)
    assert codes(verdict) == {"no-selected-source": "WARNING", "few-sources": "WARNING"}
    assert (verdict.ok, verdict.error_bound, verdict.selected) == (True, None, None)
    assert str(verdict).startswith(
        "WARNING: no source is selected, the clock runs on from its last measurement; "
        "the error has no bound (chronyd's own estimate is 6.851 ms)"
    )


def test_without_a_selected_source_chronyds_estimate_and_the_age_become_critical() -> None:
    lost = [make_source(state=pychrony.SourceState.NONSELECTABLE)]
    estimate = 2**-16 + 0.01171875 / 2 + 2**-10
    at = {"warn_error": estimate, "max_error": estimate}
    assert "error-estimate" not in codes(assess(sources=lost, **at))
    below = math.nextafter(estimate, 0)
    assert codes(assess(sources=lost, warn_error=below))["error-estimate"] == "WARNING"
    verdict = assess(sources=lost, max_error=below)
    assert (codes(verdict)["error-estimate"], verdict.ok) == ("CRITICAL", False)
    verdict = assess(sources=lost, max_age=29)
    assert (codes(verdict)["old-measurement"], verdict.ok) == ("CRITICAL", False)


def test_a_selected_source_that_is_not_the_reference_gives_no_bound() -> None:
    verdict = assess(sources=[make_source(address="192.0.2.7")])
    assert codes(verdict) == {"no-error-bound": "WARNING"}
    assert "192.0.2.7 is not yet the one that the clock was last set by" in str(verdict)


def test_a_sample_from_the_future_gives_no_bound_and_shows_that_the_clock_was_set_back() -> None:
    verdict = assess(tracking(ref_time=NOW), [make_source(last_sample_ago=-1)])
    assert codes(verdict) == {"no-error-bound": "WARNING"}
    assert "last sample is from the future: the clock was set back" in str(verdict)
    assert "last set by" not in str(verdict)


def test_the_named_source_must_be_the_selected_one() -> None:
    both = [make_source(), OTHER]
    assert codes(assess(sources=both, source="192.0.2.1")) == {}
    assert codes(assess(sources=both, source=("192.0.2.3", "192.0.2.1"))) == {}
    verdict = assess(sources=both, source="192.0.2.2")
    assert (codes(verdict), verdict.ok) == ({"wrong-source": "CRITICAL"}, False)
    assert "the selected source is 192.0.2.1, not 192.0.2.2" in str(verdict)
    lost = assess(sources=[OTHER], source=("192.0.2.1", "192.0.2.3"))
    assert "the selected source is none, not 192.0.2.1 or 192.0.2.3" in str(lost)
    six = make_source(address="2001:db8::1")
    verdict = assess(tracking(reference_ip="2001:db8::1"), [six], source="2001:DB8:0::1")
    assert codes(verdict) == {}
    clock = make_source(address="PPS", mode=pychrony.SourceMode.REFCLOCK)
    assert codes(assess(tracking(reference_id_name="PPS"), [clock], source="PPS")) == {}
    assert "wrong-source" in codes(
        assess(tracking(reference_id_name="PPS"), [clock], source="2001:db8::1")
    )


def test_falsetickers_and_a_pending_leap_second_are_notes() -> None:
    false = [
        make_source(address=f"192.0.2.{n}", state=pychrony.SourceState.FALSETICKER) for n in (8, 9)
    ]
    status = tracking(leap_status=pychrony.LeapStatus.INSERT)
    verdict = assess(status, [make_source(), *false])
    assert codes(verdict) == {"falsetickers": "OK", "leap-second-pending": "OK"}
    assert verdict.level is Level.OK
    assert str(verdict).endswith(
        "1 of 3 sources usable; 2 falsetickers: 192.0.2.8, 192.0.2.9; "
        "a leap second will be inserted at the end of the day"
    )
    verdict = assess(tracking(reference_id=0), false)
    assert str(verdict) == (
        "CRITICAL: not synchronised; 0 of 2 sources usable; 2 falsetickers: 192.0.2.8, 192.0.2.9"
    )
    assert "deleted" in str(assess(tracking(leap_status=pychrony.LeapStatus.DELETE)))


def test_findings_stand_by_their_level_and_the_worst_is_the_verdicts() -> None:
    verdict = assess(max_error=0.001, max_stratum=1, min_sources=3)
    assert [finding.level.name for finding in verdict.findings] == [
        "CRITICAL",
        "WARNING",
        "WARNING",
    ]
    assert verdict.level is Level.CRITICAL
    assert str(verdict.findings[1]) == "WARNING: stratum 3 is above 1"


def test_every_code_that_can_be_found_is_listed_with_its_levels() -> None:
    source = Path(health.__file__).read_text(encoding="utf-8")
    used = {code for code in CODES if source.count(f'"{code}"') > 1}
    assert used == set(CODES)
    for code, (levels, meaning) in CODES.items():
        assert any(level.name in levels for level in Level), code
        assert meaning, code


def test_a_verdict_is_plain_data_for_json() -> None:
    data = json.loads(json.dumps(assess(max_stratum=2).to_dict(), allow_nan=False))
    assert (data["level"], data["ok"], data["error"]) == ("WARNING", True, None)
    assert data["findings"] == [
        {"level": "WARNING", "code": "stratum", "words": "stratum 3 is above 2"}
    ]
    assert data["tracking"]["stratum"] == 3
    assert data["tracking"]["leap_status"] == "NORMAL"
    assert [source["address"] for source in data["sources"]] == ["192.0.2.1"]
    assert data["time"] == NOW
    assert data["usable_sources"] == 1
    assert data["error_bound"] == assess().error_bound


# The limits, and what else is frozen.


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"max_error": -1}, ValueError, "max_error must be 0 or more, not -1"),
        ({"max_error": math.nan}, ValueError, "max_error must be 0 or more, not nan"),
        ({"warn_error": "1"}, TypeError, "warn_error must be a number, not str"),
        ({"max_age": None}, TypeError, "max_age must be a number, not NoneType"),
        ({"max_stratum": 1.5}, TypeError, "max_stratum must be an int, not float"),
        ({"min_sources": True}, TypeError, "min_sources must be an int, not bool"),
        ({"min_sources": -1}, ValueError, "min_sources must be 0 or more, not -1"),
        ({"source": ""}, ValueError, "source must not be empty"),
        ({"source": ()}, ValueError, "source must not be empty"),
        ({"source": ["a"]}, TypeError, "source must be a str, a tuple of str, or None"),
        ({"max_drift_ppm": -1.0}, ValueError, "max_drift_ppm must be 0 or more, not -1.0"),
        ({"extra_error": math.nan}, ValueError, "extra_error must be 0 or more, not nan"),
        ({"max_eror": 1}, TypeError, "unexpected keyword argument 'max_eror'"),
    ],
)
def test_invalid_limits_are_refused(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Limits(**changes)


def test_wrong_arguments_are_refused_before_chronyd_is_asked() -> None:
    for judge in (health.check, Cached):
        with pytest.raises(TypeError, match="limits must be a Limits, not str"):
            judge("127.0.0.1")  # type: ignore[operator]
        with pytest.raises(ValueError, match="address"):
            judge(Limits(), "127.0.0.1:x")  # type: ignore[operator]
    with pytest.raises(TypeError, match="seconds must be a number, not str"):
        Cached(seconds="1")  # type: ignore[arg-type]
    for seconds in (-1.0, float("nan")):
        with pytest.raises(ValueError, match=f"seconds must be 0 or more, not {seconds}"):
            Cached(seconds=seconds)


def test_limits_are_a_frozen_dataclass_without_the_cost_of_one() -> None:
    limits = Limits(max_error=0.25, source="PPS")
    assert limits == Limits(0.25, source="PPS") != Limits()
    assert hash(limits) == hash(Limits(0.25, source="PPS"))
    assert repr(Limits()) == (
        "Limits(max_error=0.5, warn_error=0.1, max_age=8192, max_stratum=15, min_sources=1, source=None, "
        "max_drift_ppm=15, extra_error=0)"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.max_error = 1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del limits.max_error
    assert dataclasses.is_dataclass(Limits)
    assert [field.name for field in dataclasses.fields(limits)][:2] == ["max_error", "warn_error"]
    assert dataclasses.fields(Limits)[0].default == 0.5
    assert dataclasses.replace(limits, max_stratum=2).max_stratum == 2
    with pytest.raises(ValueError, match="max_stratum"):
        dataclasses.replace(limits, max_stratum=-2)
    assert dataclasses.asdict(limits)["source"] == "PPS"
    if sys.version_info >= (3, 13):
        assert copy.replace(limits, source=None) == Limits(0.25)
    code = "import sys; sys.path[:0] = sys.argv[1:]; from pychrony import health; print('dataclasses' in sys.modules)"
    assert child.execute([sys.executable, "-c", code, *sys.path]).stdout == "False\n"


@pytest.mark.parametrize("value", [Limits(0.25), Finding(Level.OK, "stratum", "x"), assess()])
def test_what_is_frozen_can_be_copied_and_pickled(value: object) -> None:
    assert copy.copy(value) == value == copy.deepcopy(value)
    assert pickle.loads(pickle.dumps(value)) == value
    assert {value: 1}[value] == 1
    assert value != "something else"


# Asking.


def test_a_chronyd_is_asked_until_both_reports_are_of_one_update() -> None:
    class Connection:
        def __init__(self, *times: float) -> None:
            self.times = list(times)
            self.asked = 0

        def get_tracking(self) -> pychrony.TrackingStatus:
            self.asked += 1
            return tracking(ref_time=NOW - self.times.pop(0))

        def get_sources(self) -> list[pychrony.Source]:
            self.asked += 1
            return [make_source()]

    for times, asked in [((9, 9), 3), ((9, 8, 8), 5), ((9, 8, 7, 7), 7), ((9, 8, 7, 6), 7)]:
        connection = Connection(*times)
        status, _ = health.ask(connection)  # type: ignore[arg-type]
        assert (connection.asked, status.ref_time) == (asked, NOW - times[-1])


@pytest.mark.parametrize("name", pychrony.TrackingStatus._fields)
def test_an_update_is_what_it_is_for_the_interval_clock(name: str) -> None:
    one, selected = make_tracking(), make_source()
    value: Any = getattr(one, name)
    change = value + 1 if isinstance(value, (int, float)) else "192.0.2.9"
    other = make_tracking(
        **{name: pychrony.LeapStatus(change) if name == "leap_status" else change}
    )
    clock = pychrony.IntervalClock(cast(Any, None))
    reading = clock._reading()
    try:
        agree = clock._accept(one, reading, [selected], reading, other, reading) is not None
    except pychrony.ChronyClockError:
        agree = True  # they agree, and what the second one says gives no interval
    assert health.is_same_update(one, other) is agree


async def _awaited(limits: Limits, address: str | None, timeout: float) -> Verdict:
    return await aio.check_health(limits, address, timeout=timeout)


def check(
    how: str, limits: Limits = STANDARD, address: str | None = None, timeout: float = 3.0
) -> Verdict:
    if how == "blocking":
        return health.check(limits, address, timeout=timeout)
    import asyncio

    return asyncio.run(_awaited(limits, address, timeout))


both = pytest.mark.parametrize("how", ["blocking", "awaited"])


@both
def test_a_chronyd_that_cannot_be_asked_is_a_finding_and_no_exception(how: str) -> None:
    with FakeChronyd() as chronyd:
        assert check(how).tracking == chronyd.tracking
        chronyd.silent = True
        verdict = check(how, timeout=0.05)
        assert (codes(verdict), verdict.level) == ({"timeout": "CRITICAL"}, Level.CRITICAL)
        gone = chronyd.address
    verdict = check(how, address=gone)
    assert codes(verdict) == {"unreachable": "CRITICAL"}
    assert isinstance(verdict.error, pychrony.ChronyConnectionError)
    assert verdict.error.__traceback__ is None
    assert (verdict.tracking, verdict.sources, verdict.age, verdict.ok) == (None, (), None, False)
    data = json.loads(json.dumps(verdict.to_dict()))
    assert data["error"]["type"] == "ChronyConnectionError"
    assert data["error"]["code"] == "OPEN_FAILED"
    assert str(verdict) == "CRITICAL: " + " ".join(str(verdict.error).split())
    assert pickle.loads(pickle.dumps(verdict)).findings == verdict.findings


@both
def test_the_callers_own_mistakes_raise(how: str) -> None:
    with pytest.raises(ValueError, match="address"):
        check(how, address="127.0.0.1:x")
    with pytest.raises(ValueError, match="timeout"):
        check(how, timeout=-1)


def test_each_error_has_its_finding() -> None:
    for error, code in [
        (pychrony.ChronyConnectionError("x"), "unreachable"),
        (pychrony.ChronyTimeoutError("x"), "timeout"),
        (pychrony.ChronyPermissionError("x"), "forbidden"),
        (pychrony.ChronyDataError("x"), "invalid-data"),
        (pychrony.ChronyVersionError("x"), "version"),
        (pychrony.ChronyLibraryError("x"), "library"),
        (pychrony.ChronyError("x"), "library"),
    ]:
        verdict = health.failed(error)
        assert codes(verdict) == {code: CODES[code][0]}
        assert not verdict.ok


def test_it_works_before_chronyd_is_up_and_after_it() -> None:
    chronyd = FakeChronyd(tracking=make_tracking(ref_time=NOW))
    trusted = Cached(seconds=0)
    assert not trusted().ok
    with chronyd:
        assert trusted().tracking == chronyd.tracking
    assert not trusted().ok


def test_a_cached_verdict_is_asked_for_once_in_its_time() -> None:
    with FakeChronyd() as chronyd:
        trusted = Cached(seconds=1e9)
        first = trusted()
        asked = len(chronyd.requests)
        threads = [threading.Thread(target=trusted) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert trusted() is first
        assert len(chronyd.requests) == asked
        always = Cached(seconds=0)
        assert always() is not always()


def test_threads_get_the_last_verdict_while_one_of_them_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, proceed = threading.Event(), threading.Event()
    verdicts = [assess(max_stratum=n) for n in (1, 2)]
    answers = iter(verdicts)

    def slow(*_: object, **__: object) -> Verdict:
        answer = next(answers)
        if answer is verdicts[1]:
            begun.set()
            assert proceed.wait(30)
        return answer

    monkeypatch.setattr(health, "check", slow)
    trusted = Cached(seconds=0)
    assert trusted() is verdicts[0]
    got: list[Verdict] = []
    asking = threading.Thread(target=lambda: got.append(trusted()))
    asking.start()
    assert begun.wait(30)
    assert trusted() is verdicts[0]
    proceed.set()
    asking.join()
    assert got == [verdicts[1]]


def test_threads_may_check_at_the_same_time() -> None:
    with FakeChronyd() as chronyd:
        verdicts: list[Verdict] = []
        threads = [
            threading.Thread(target=lambda: verdicts.append(health.check())) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [verdict.tracking for verdict in verdicts] == [chronyd.tracking] * 8


def test_a_forked_child_asks_for_itself() -> None:
    code = """
        import os, warnings
        from pychrony.health import Cached
        from pychrony.testing import FakeChronyd
        # From 3.12 on Python warns of any fork in a process with threads.
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
        trusted = Cached(seconds=1e9)
        with FakeChronyd():
            first = trusted()
            with trusted._lock:  # held by a thread that the child does not have
                forked = os.fork()
                if forked == 0:
                    # The fake answers in a thread of the parent.
                    os._exit(0 if trusted() is not first else 1)
                print(os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]))
    """
    assert child.check(code) == "0\n"
