"""Code as a user writes it, for the type checkers: it is checked, not run."""

from __future__ import annotations

from pathlib import Path

import pychrony
from pychrony import (
    ChronyConnection,
    ErrorCode,
    LeapStatus,
    SourceState,
    Transport,
    aio,
    exceptions,
    models,
)
from pychrony.testing import FakeChronyd, make_source, make_tracking


def worst_error(address: str | Path | None = None) -> float:
    status = pychrony.get_tracking(address, timeout=0.5)
    if status.leap_status is LeapStatus.UNSYNC:
        return float("inf")
    return abs(status.offset) + status.root_dispersion + status.root_delay / 2


def selected() -> str | None:
    with ChronyConnection("127.0.0.1", timeout=None) as connection:
        assert connection.transport is Transport.COMMAND_PORT
        for source in connection.get_sources():
            if source.state is SourceState.SELECTED and source.last_sample_ago is not None:
                return f"{source.address} {source.last_sample_ago + 1}"
        rtc = connection.get_rtc_data()
        if rtc is None or rtc.offset is None or rtc.ref_time_ns is None:
            return None
        return f"{rtc.offset:.3f} {rtc.ref_time_ns // 1000}"


def fields() -> tuple[int, str]:
    status = make_tracking(stratum=1)
    reference_id, name = status[0], status.reference_id_name
    return reference_id + make_source().poll, name


def misspelt() -> list[object]:
    return [
        make_tracking(ofset=1),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        make_source(state="x"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ]


def asked() -> int:
    with FakeChronyd(tracking=make_tracking(), sources=[make_source()], transport="udp") as chronyd:
        chronyd.sources = [*chronyd.sources, make_source(address="GPS")]
        chronyd.rtc_data = None
        chronyd.silent = True
        chronyd.refuse("tracking")
        first = chronyd.requests[0]
        return chronyd.tracking.stratum + chronyd.sources[0].poll + len(first.report)


def explain() -> str:
    try:
        worst_error()
    except pychrony.ChronyTimeoutError as error:
        return error.message
    except pychrony.ChronyError as error:
        return f"{error.errno} {error.error_code is ErrorCode.UNAUTHORIZED}"
    return "fine"


def degraded(status: pychrony.TrackingStatus) -> pychrony.TrackingStatus:
    return status._replace(stratum=16, leap_status=LeapStatus.UNSYNC)


def counted() -> pychrony.Activity:
    return pychrony.Activity(online=3, offline=1, burst_online=0, burst_offline=0, unresolved=0)


def counted_before() -> pychrony.Activity:
    return pychrony.Activity([3, 1, 0, 0, 0])


async def worst_error_of(address: str) -> float:
    status = await aio.get_tracking(address, timeout=0.5)
    async with aio.ChronyConnection(address, timeout=1.0) as connection:
        for source in await connection.get_sources():
            if source.latest_meas is not None and source.latest_meas_err is not None:
                return abs(source.latest_meas) + source.latest_meas_err
        rtc = await connection.get_rtc_data()
        return status.offset if rtc is None or rtc.offset is None else rtc.offset


def opened() -> models.TrackingStatus | None:
    connection = ChronyConnection()
    try:
        connection.open()
        return connection.get_tracking()
    except exceptions.ChronyError:
        return None
    finally:
        connection.close()
