"""Every way through pychrony that a program can take: each function, on success and on each of its errors.

A path is a call that ends as expected every time. The programs that count references or fail allocations take them all.
"""

from __future__ import annotations

import _signal
import gc
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Callable, NamedTuple

from support.getters import GETTERS

import pychrony
from pychrony import ChronyConnection

REPORTS = pychrony.supported_reports()
SILENT = 1e-9


class Path(NamedTuple):
    name: str
    run: Callable[[], object]
    # What it raises; () if it must succeed.
    raises: tuple[type[BaseException], ...] = ()
    # Whether it raises that each time. (In some reports any bits are a valid record.)
    always: bool = True

    def take(self) -> None:
        """Take this path once."""
        try:
            self.run()
        except self.raises:
            return
        if self.raises and self.always:
            raise AssertionError(f"{self.name} raised nothing")


# Each way in which an address answers, and what a call then raises. (For two functions, what is not enabled is None.)
_WAYS: dict[str, tuple[type[BaseException], ...]] = {
    "right": (),
    "beside": (),
    "unauthorized": (pychrony.ChronyPermissionError,),
    "old": (pychrony.ChronyVersionError,),
    "failed": (pychrony.ChronyDataError,),
    "short": (pychrony.ChronyDataError,),
    "absurd": (pychrony.ChronyDataError,),
    "not enabled": (pychrony.ChronyDataError,),
    "silent": (pychrony.ChronyTimeoutError,),
    "nowhere": (pychrony.ChronyConnectionError,),
}
_MAY_BE_DISABLED = {"get_rtc_data", "get_smoothing", "get_report"}


def _raised(way: str, name: str) -> tuple[type[BaseException], ...]:
    if way == "not enabled" and name in _MAY_BE_DISABLED:
        return ()
    return _WAYS[way]


def of_functions(addresses: Mapping[str, str]) -> Iterator[Path]:
    """The module's functions, on success and each error."""
    for way, address in addresses.items():
        timeout = SILENT if way == "silent" else 30.0
        for name in GETTERS:
            function = getattr(pychrony, name)

            def get(
                function: Any = function, address: str = address, timeout: float = timeout
            ) -> object:
                return function(address, timeout=timeout)

            yield Path(f"{name}, {way}", get, _raised(way, name), way != "absurd")
        for name in REPORTS:

            def report(
                name: str = name, address: str = address, timeout: float = timeout
            ) -> object:
                return pychrony.get_report(name, address, timeout=timeout)

            yield Path(
                f"get_report({name!r}), {way}", report, _raised(way, "get_report"), way != "absurd"
            )


def of_arguments(address: str) -> Iterator[Path]:
    """Arguments that are wrong, before anything is asked."""
    wrong: list[tuple[str, tuple[Any, ...], dict[str, Any], type[BaseException]]] = [
        ("a malformed address", ("nonsense",), {}, ValueError),
        ("an address with a NUL", ("/tmp/\0/x",), {}, ValueError),
        ("an address that cannot be encoded", ("/tmp/\ud800/x",), {}, UnicodeEncodeError),
        ("an address of another type", (7,), {}, TypeError),
        ("an address of bytes", (b"/tmp/x",), {}, TypeError),
        ("a timeout of nothing", (address,), {"timeout": 0}, ValueError),
        ("a timeout of another type", (address,), {"timeout": "1"}, TypeError),
        ("an unknown argument", (address,), {"patience": 1}, TypeError),
        ("too many arguments", (address, 1.0, 2), {}, TypeError),
    ]
    takers: list[Any] = [getattr(pychrony, name) for name in GETTERS]
    for what, arguments, keywords, error in wrong:
        for taker in [*takers, ChronyConnection]:

            def take(
                taker: Any = taker,
                arguments: tuple[Any, ...] = arguments,
                keywords: dict[str, Any] = keywords,
            ) -> object:
                return taker(*arguments, **keywords)

            yield Path(f"{taker.__name__}, {what}", take, (error,))
    yield Path("get_report, no name", lambda: pychrony.get_report(), (TypeError,))  # type: ignore
    yield Path("get_report, a wrong name", lambda: pychrony.get_report("x", address), (ValueError,))
    yield Path("get_report, another type", lambda: pychrony.get_report(1), (TypeError,))  # type: ignore
    lone = "\ud800"
    yield Path("get_report, no text", lambda: pychrony.get_report(lone), (UnicodeEncodeError,))


def of_connections(addresses: Mapping[str, str]) -> Iterator[Path]:
    """Connections: opened, used rightly and wrongly, closed, dropped."""
    right = addresses["right"]

    def opened() -> None:
        with ChronyConnection(right, timeout=30) as connection:
            connection.fileno()

    def unopened() -> None:
        connection = ChronyConnection(right)
        assert not connection.closed and connection.address == right
        assert connection.transport is not None and repr(connection)
        connection.close()

    def entered_twice() -> None:
        with ChronyConnection(right) as connection:
            connection.__enter__()

    def dropped() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ChronyConnection(right).__enter__()

    class Own(ChronyConnection):
        itself: object

    def dropped_in_a_cycle() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            connection = Own(right)
            connection.itself = connection.__enter__()
            del connection
            gc.collect()

    def fileno_outside() -> None:
        ChronyConnection(right).fileno()

    def nowhere() -> None:
        with ChronyConnection(addresses["nowhere"]) as connection:
            connection.get_tracking()

    def wrong_name() -> None:
        with ChronyConnection(right) as connection:
            connection.get_report("nonsense")

    yield Path("a connection, opened and closed", opened)
    yield Path("a connection, never opened", unopened)
    yield Path("a connection, entered twice", entered_twice)
    yield Path("a connection, dropped", dropped)
    yield Path("a connection, dropped in a cycle", dropped_in_a_cycle)
    yield Path("a connection, fileno outside", fileno_outside)
    yield Path("a connection, nobody there", nowhere, (pychrony.ChronyConnectionError,))
    yield Path("a connection, a wrong name", wrong_name, (ValueError,))

    for way, address in addresses.items():
        if way == "nowhere":
            continue
        timeout = SILENT if way == "silent" else 30.0
        connection = ChronyConnection(address, timeout=30.0 if way == "right" else timeout)
        connection.__enter__()
        for name in GETTERS:
            method = getattr(connection, name)
            yield Path(f"a connection's {name}, {way}", method, _raised(way, name), way != "absurd")
        for name in REPORTS:

            def report(connection: ChronyConnection = connection, name: str = name) -> object:
                return connection.get_report(name)

            yield Path(
                f"a connection's get_report({name!r}), {way}",
                report,
                _raised(way, "get_report"),
                way != "absurd",
            )
        connection.close()
        for name in GETTERS[:1]:
            method = getattr(connection, name)
            yield Path(
                f"a closed connection's {name}, {way}", method, (pychrony.ChronyConnectionError,)
            )


def of_results(address: str) -> Iterator[Path]:
    """The methods of results and exceptions."""
    tracking = pychrony.get_tracking(address)
    source = pychrony.get_sources(address)[0]
    stats = pychrony.get_source_stats(address)[0]
    rtc = pychrony.get_rtc_data(address)
    assert rtc is not None
    for each in (tracking, source, stats, rtc):
        yield Path(f"{type(each).__name__}._asdict", each._asdict)
        yield Path(f"repr of {type(each).__name__}", lambda each=each: repr(each))
        yield Path(
            f"a copy of {type(each).__name__}", lambda each=each: pickle.loads(pickle.dumps(each))
        )
    yield Path("is_synchronized", tracking.is_synchronized)
    yield Path("is_leap_pending", tracking.is_leap_pending)
    yield Path("is_reachable", source.is_reachable)
    yield Path("is_selected", source.is_selected)
    yield Path("is_calibrated", rtc.is_calibrated)
    yield Path("has_sufficient_samples", lambda: stats.has_sufficient_samples(3))
    yield Path(
        "has_sufficient_samples, wrong", lambda: stats.has_sufficient_samples("3"), (TypeError,)
    )  # type: ignore
    odd: Any = type(tracking)([0.0 if name == "ref_time" else b"x" for name in tracking._fields])
    yield Path("is_synchronized, of no number", odd.is_synchronized, (TypeError,))
    for name in pychrony.__all__:
        if name.endswith("Error"):
            error = getattr(pychrony, name)
            yield Path(name, lambda error=error: error("message", 5))
            yield Path(f"{name}, wrong", lambda error=error: error(), (TypeError,))
    yield Path("supported_reports", pychrony.supported_reports)


def of_interruption(address: str) -> Iterator[Path]:
    """A signal handler that raises, while a call waits."""

    class Interrupted(Exception):
        pass

    def interrupt(number: int, frame: object) -> None:
        raise Interrupted

    # The module `signal` is not used, because its enumerations do not survive a failed allocation.
    _signal.signal(signal.SIGALRM, interrupt)

    def interrupted() -> None:
        try:
            _signal.setitimer(signal.ITIMER_REAL, 0.001)
            pychrony.get_tracking(address, timeout=30)
        finally:
            _signal.setitimer(signal.ITIMER_REAL, 0)

    yield Path("get_tracking, interrupted", interrupted, (Interrupted,))


def of_clocks(right: str) -> Iterator[Path]:
    """The error bound, interval clocks and intervals."""
    address = "192.0.2.1"
    tracking = pychrony.get_tracking(right)._replace(
        reference_id=1, reference_ip=address, leap_status=pychrony.LeapStatus.NORMAL
    )
    source = pychrony.get_sources(right)[0]._replace(
        address=address,
        state=pychrony.SourceState.SELECTED,
        mode=pychrony.SourceMode.CLIENT,
        last_sample_ago=1,
        latest_meas=0.0,
        latest_meas_err=0.001,
    )
    wrong: Any = "1"
    none: Any = None

    def fed(sources: list[pychrony.Source]) -> pychrony.IntervalClock:
        """A clock of these reports."""
        clock = pychrony.IntervalClock(none)
        reading = clock._reading()
        clock._accept(tracking, reading, sources, reading, tracking, reading)
        return clock

    def used() -> None:
        clock = fed([source])
        interval = clock.now()
        assert interval.width and repr(clock) and not clock.now().before(interval)
        assert clock.is_past(0) and clock.is_future(2**80) and clock.wait_past(0)
        clock.wait_past(clock.now().latest, timeout=30)

    def changed() -> object:
        clock = pychrony.IntervalClock(none)
        reading = clock._reading()
        other = tracking._replace(skew=tracking.skew + 1)
        return clock._accept(tracking, reading, [source], reading, other, reading)

    def asked() -> None:
        with ChronyConnection(right, timeout=30) as connection:
            pychrony.IntervalClock(connection).refresh()

    interval = pychrony.TimeInterval(1, 2, pychrony.IntervalStatus.SYNCHRONIZED)
    bound = pychrony.error_bound
    successes: dict[str, Callable[[], object]] = {
        "error_bound": lambda: bound(tracking, [source], max_drift_ppm=1, extra_error=1.0),
        "error_bound, none": lambda: bound(tracking, []),
        "an interval clock": used,
        "an interval clock, updated meanwhile": changed,
        "an interval": lambda: pychrony.TimeInterval._make(list(interval))._replace(latest=3),
        "an interval as data": lambda: (interval._asdict(), interval.to_dict(), repr(interval)),
        "an interval, pickled": lambda: pickle.loads(pickle.dumps(interval)),
    }
    for name, run in successes.items():
        yield Path(name, run)
    failures: dict[str, tuple[Callable[[], object], type[BaseException]]] = {
        "error_bound, no record": (lambda: bound(wrong, []), TypeError),
        "error_bound, a wrong source": (lambda: bound(tracking, [wrong]), TypeError),
        "error_bound, a wrong field": (lambda: bound(tracking._replace(skew=wrong), []), TypeError),
        "error_bound, no size": (lambda: bound(tracking, [], extra_error=-1), ValueError),
        "IntervalClock, no connection": (lambda: pychrony.IntervalClock(wrong), TypeError),
        "IntervalClock, another host": (
            lambda: pychrony.IntervalClock(ChronyConnection("192.0.2.1")),
            ValueError,
        ),
        "IntervalClock, no size": (
            lambda: pychrony.IntervalClock(none, void_after=-1),
            ValueError,
        ),
        "an interval clock without a report": (
            lambda: pychrony.IntervalClock(none).now(),
            pychrony.ChronyClockError,
        ),
        "an interval clock, pickled": (lambda: pickle.dumps(fed([source])), TypeError),
        "wait_past, late": (
            lambda: fed([source]).wait_past(2**62, timeout=1e-6),
            pychrony.ChronyTimeoutError,
        ),
        "is_past, no time": (lambda: fed([source]).is_past(wrong), TypeError),
        "an interval, too short": (lambda: pychrony.TimeInterval._make([1]), TypeError),
        "an interval, the wrong way round": (lambda: interval._replace(latest=0), ValueError),
        "an interval beside a number": (lambda: interval.before(wrong), TypeError),
    }
    for name, (run, error) in failures.items():
        yield Path(name, run, (error,))
    # What the answers give is no matter: a report is asked for and read.
    yield Path("an interval clock, refreshed", asked, (pychrony.ChronyError,), False)


def of_everything(addresses: Mapping[str, str]) -> Iterator[Path]:
    addresses = {**addresses, "nowhere": nowhere(addresses["right"])}
    yield from of_functions(addresses)
    yield from of_arguments(addresses["right"])
    yield from of_connections(addresses)
    yield from of_results(addresses["right"])
    yield from of_clocks(addresses["right"])
    yield from of_interruption(addresses["silent"])


def nowhere(address: str) -> str:
    """An address of the same kind with nobody behind it."""
    if address.startswith("/"):
        return address + ".gone"
    return "127.0.0.1:9" if not address.startswith("[") else "[::1]:9"


def descriptors() -> list[str]:
    """The descriptors that are open, and what they are."""
    found = []
    for each in os.listdir("/proc/self/fd"):
        try:
            found.append(f"{each}: {os.readlink(f'/proc/self/fd/{each}')}")
        except FileNotFoundError:
            pass  # the descriptor of the listing itself
    return sorted(found)


def shared_objects() -> dict[str, object]:
    """What all calls share: None and similar objects, types, members, the module."""
    found: dict[str, object] = {"None": None, "True": True, "False": False, "(module)": pychrony}
    found.update({"()": (), "''": "", "0": 0, "1": 1})
    for name in dir(pychrony):
        each = found[name] = getattr(pychrony, name)
        if isinstance(each, type):
            for member in getattr(each, "__members__", {}).values():
                found[f"{name}.{member.name}"] = member
    return found


def reference_counts(objects: Mapping[str, object]) -> dict[str, int]:
    return {name: sys.getrefcount(each) for name, each in objects.items()}
