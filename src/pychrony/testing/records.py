"""Factories of records: what the functions of pychrony return, with any values.

Each factory takes fields by name and fills in the others, so that the record is one that chronyd could send. The values
are checked by the tables that the extension itself reads with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Callable, TypeVar, cast

import pychrony
from pychrony import (
    Activity,
    AuthData,
    AuthMode,
    KeyType,
    LeapStatus,
    NTPData,
    NTPFlags,
    NTPMode,
    RTCData,
    SelectData,
    SelectOptions,
    SelectState,
    ServerStats,
    Smoothing,
    SmoothingFlags,
    Source,
    SourceMode,
    SourceState,
    SourceStats,
    Timestamping,
    TrackingStatus,
)

from .._reports import REPORTS
from .protocol import ID, IPV4, format_address, parse_address
from .tables import REPORT_OF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._reports import Field
    from ._fields import (
        ActivityFields,
        AuthDataFields,
        NTPDataFields,
        RTCDataFields,
        SelectDataFields,
        ServerStatsFields,
        SmoothingFields,
        SourceFields,
        SourceStatsFields,
        TrackingStatusFields,
    )

Record = TypeVar("Record")
Fields = dict[str, Any]
Given = Mapping[str, Any]

NOT_SYNCHRONISED = 0
LOCAL_REFERENCE = 0x7F7F0101
BILLION = 1_000_000_000
# Seconds by which a time as a float may differ from its nanoseconds, because floats up to 2262 are that imprecise. The
# extension allows the same.
TIME_PRECISION = 2e-6

# The defaults. chronyd's floats have 24 significant bits; each of these is exact in that format, so that a FakeChronyd
# returns exactly what was made.

TRACKING_DEFAULTS: Fields = {
    "reference_id": 0xC0000201,
    "reference_id_name": "192.0.2.1",
    "reference_ip": "192.0.2.1",
    "stratum": 3,
    "leap_status": LeapStatus.NORMAL,
    "ref_time": 1767225600.25,
    "offset": -(2**-16),
    "last_offset": 2**-15,
    "rms_offset": 3 * 2**-16,
    "frequency": -7.25,
    "residual_freq": 2**-9,
    "skew": 0.046875,
    "root_delay": 0.01171875,
    "root_dispersion": 2**-10,
    "update_interval": 64.5,
}
SOURCE_DEFAULTS: Fields = {
    "address": "192.0.2.1",
    "poll": 6,
    "stratum": 2,
    "state": SourceState.SELECTED,
    "mode": SourceMode.CLIENT,
    "flags": SelectOptions(0),
    "reachability": 0o377,
    "last_sample_ago": 21,
    "orig_latest_meas": 2**-15,
    "latest_meas": 3 * 2**-17,
    "latest_meas_err": 0.005859375,
}
SOURCESTATS_DEFAULTS: Fields = {
    "reference_id": 0xC0000201,
    "address": "192.0.2.1",
    "samples": 12,
    "runs": 7,
    "span": 710,
    "std_dev": 3 * 2**-16,
    "resid_freq": -(2**-8),
    "skew": 0.046875,
    "offset": 2**-17,
    "offset_err": 2**-14,
}
RTCDATA_DEFAULTS: Fields = {
    "ref_time": 1767225600.0,
    "samples": 9,
    "runs": 5,
    "span": 7200,
    "offset": 0.375,
    "freq_offset": -2.5,
}
SMOOTHING_DEFAULTS: Fields = {
    "flags": SmoothingFlags.ACTIVE,
    "offset": 2**-10,
    "freq_offset": -0.5,
    "wander": 2**-8,
    "last_update_ago": 12.5,
    "remaining_time": 96.0,
}
ACTIVITY_DEFAULTS: Fields = {
    "online": 1,
    "offline": 0,
    "burst_online": 0,
    "burst_offline": 0,
    "unresolved": 0,
}
SERVERSTATS_DEFAULTS: Fields = {
    "received_ntp_requests": 2400,
    "dropped_ntp_requests": 3,
    "received_command_requests": 120,
    "dropped_command_requests": 0,
    "dropped_client_log_records": 0,
    "accepted_nts_ke_connections": 8,
    "dropped_nts_ke_connections": 0,
    "received_authenticated_ntp_requests": 400,
    "received_interleaved_ntp_requests": 200,
    "held_ntp_timestamps": 50,
    "ntp_timestamp_span": 3600,
    "served_daemon_rx_timestamps": 7,
    "served_daemon_tx_timestamps": 2397,
    "served_kernel_rx_timestamps": 2390,
    "served_kernel_tx_timestamps": 0,
    "served_hardware_rx_timestamps": 0,
    "served_hardware_tx_timestamps": 0,
}
NTPDATA_DEFAULTS: Fields = {
    "address": "192.0.2.1",
    "remote_address": "192.0.2.1",
    "local_address": "192.0.2.101",
    "remote_port": 123,
    "leap_status": LeapStatus.NORMAL,
    "version": 4,
    "mode": NTPMode.SERVER,
    "stratum": 2,
    "poll": 6,
    "precision": -24,
    "root_delay": 2**-8,
    "root_dispersion": 2**-11,
    "reference_id": 0xCB007107,
    "ref_time": 1767225580.5,
    "offset": -(2**-15),
    "peer_delay": 2**-7,
    "peer_dispersion": 2**-20,
    "response_time": 2**-14,
    "jitter_asymmetry": 0.0,
    "flags": NTPFlags(0x3FF),
    "transmit_timestamping": Timestamping.KERNEL,
    "receive_timestamping": Timestamping.KERNEL,
    "transmitted_messages": 25,
    "received_messages": 24,
    "received_valid_messages": 24,
    "received_good_messages": 23,
    "kernel_transmit_timestamps": 25,
    "kernel_receive_timestamps": 24,
    "hardware_transmit_timestamps": 0,
    "hardware_receive_timestamps": 0,
}
AUTHDATA_DEFAULTS: Fields = {
    "address": "192.0.2.1",
    "mode": AuthMode.NONE,
    "key_type": KeyType.NONE,
    "key_id": 0,
    "key_length": 0,
    "key_establishment_attempts": 0,
    "last_key_establishment_ago": None,
    "cookies": 0,
    "cookie_length": 0,
    "nak": False,
}
SELECTDATA_DEFAULTS: Fields = {
    "reference_id": 0xC0000201,
    "address": "192.0.2.1",
    "state": SelectState.BEST,
    "authentication": False,
    "leap_status": LeapStatus.NORMAL,
    "configured_options": SelectOptions(0),
    "effective_options": SelectOptions(0),
    "last_sample_ago": 21,
    "score": 1.0,
    "low_limit": -(2**-8),
    "high_limit": 2**-8,
}

# What chronyd says in other situations, where it differs from the defaults.

_TRACKING_UNSYNCHRONISED: Fields = {
    "stratum": 0,
    "leap_status": LeapStatus.UNSYNC,
    "ref_time": 0.0,
    "residual_freq": 0.0,
    "skew": 0.0,
    "root_delay": 1.0,
    "root_dispersion": 1.0,
}
_TRACKING_LOCAL: Fields = {
    "stratum": 10,
    "residual_freq": 0.0,
    "skew": 0.0,
    "root_delay": 0.0,
    "root_dispersion": 0.0,
}
_TRACKING_REFERENCE_CLOCK: Fields = {"stratum": 1, "root_delay": 2**-20, "update_interval": 16.0}
_SOURCE_REFERENCE_CLOCK: Fields = {
    "poll": 4,
    "stratum": 0,
    "mode": SourceMode.REFCLOCK,
    "last_sample_ago": 9,
}
_SOURCE_UNMEASURED: Fields = {
    "state": SourceState.NONSELECTABLE,
    "reachability": 0,
    "last_sample_ago": None,
}
_STATS_UNMEASURED: Fields = {"samples": 0, "runs": 0, "span": 0}
_SELECT_UNMEASURED: Fields = {
    "state": SelectState.MISSING_SAMPLES,
    "low_limit": None,
    "high_limit": None,
}
_NTP_UNMEASURED: Fields = {
    name: type(value)(0)
    for name, value in NTPDATA_DEFAULTS.items()
    if name not in ("address", "remote_address", "local_address", "remote_port")
}
_NTP_UNMEASURED["local_address"] = None
_AUTH_BY_MODE: dict[AuthMode, Fields] = {
    AuthMode.NONE: {},
    AuthMode.SYMMETRIC_KEY: {"key_type": KeyType.AES128, "key_id": 1, "key_length": 128},
    AuthMode.NTS: {
        "key_type": KeyType.AEAD_AES_SIV_CMAC_256,
        "key_id": 1,
        "key_length": 256,
        "last_key_establishment_ago": 7200,
        "cookies": 8,
        "cookie_length": 100,
    },
}


def make_tracking(**fields: Unpack[TrackingStatusFields]) -> TrackingStatus:
    """A TrackingStatus with these fields; by default of a clock that is synchronised to 192.0.2.1.

    `reference_id`, `reference_ip` and `reference_id_name` follow from each other: give one of them. The defaults of the
    other fields are those of the situation it describes:

        make_tracking(reference_ip="2001:db8::1")           synchronised to a server on IPv6
        make_tracking(reference_id_name="GPS")              synchronised to a reference clock
        make_tracking(leap_status=LeapStatus.UNSYNC)        not synchronised, as is reference_id=0
        make_tracking(reference_id=0x7F7F0101)              the local reference (the directive `local`)
    """
    reference = _reference(fields)
    identifier, address = reference["reference_id"], reference["reference_ip"]
    situation: Fields = {}
    if identifier == NOT_SYNCHRONISED:
        situation = _TRACKING_UNSYNCHRONISED
    elif identifier == LOCAL_REFERENCE and address is None:
        situation = _TRACKING_LOCAL
    elif address is None:
        situation = _TRACKING_REFERENCE_CLOCK
    return make(TrackingStatus, TRACKING_DEFAULTS, situation, fields, reference)


def make_source(**fields: Unpack[SourceFields]) -> Source:
    """A Source with these fields; by default of the server 192.0.2.1, selected and reachable.

    A name for an address ("GPS") or `mode=SourceMode.REFCLOCK` makes it a reference clock; an address such as
    "ID#0000000001" makes it a source whose name is not resolved yet, and `last_sample_ago=None` one that has never answered.
    """
    situation: Fields = {}
    address, mode = fields.get("address"), fields.get("mode")
    if isinstance(address, str) and not is_address(address):
        if mode not in (None, SourceMode.REFCLOCK):
            raise ValueError(
                f"make_source(): {address!r} is not an address, and mode is not REFCLOCK"
            )
        situation = _SOURCE_REFERENCE_CLOCK
    elif mode == SourceMode.REFCLOCK:
        if address is not None:
            raise ValueError(
                f"make_source(): a reference clock has a name for an address, not {address!r}"
            )
        situation = {**_SOURCE_REFERENCE_CLOCK, "address": "GPS"}
    if is_unresolved(address) or fields.get("last_sample_ago", 0) is None:
        situation = {**situation, **_SOURCE_UNMEASURED}
    return make(Source, SOURCE_DEFAULTS, situation, fields)


def make_source_stats(**fields: Unpack[SourceStatsFields]) -> SourceStats:
    """A SourceStats with these fields; by default of 192.0.2.1, with enough samples; `samples=0` makes it one without.

    `reference_id` follows from `address`, and where only `reference_id` is given, `address` follows from that.
    """
    has_none = is_unresolved(fields.get("address")) or fields.get("samples") == 0
    situation = _STATS_UNMEASURED if has_none else {}
    return make(SourceStats, SOURCESTATS_DEFAULTS, situation, fields, _identity(fields))


def make_rtc_data(**fields: Unpack[RTCDataFields]) -> RTCData:
    """An RTCData with these fields; by default of a real-time clock that is calibrated."""
    return make(RTCData, RTCDATA_DEFAULTS, {}, fields)


def make_smoothing(**fields: Unpack[SmoothingFields]) -> Smoothing:
    """A Smoothing with these fields; by default of one that is active."""
    return make(Smoothing, SMOOTHING_DEFAULTS, {}, fields)


def make_activity(**fields: Unpack[ActivityFields]) -> Activity:
    """An Activity with these fields; by default of one source that is online."""
    return make(Activity, ACTIVITY_DEFAULTS, {}, fields)


def make_server_stats(**fields: Unpack[ServerStatsFields]) -> ServerStats:
    """A ServerStats with these fields; by default of a server that the newest chronyd runs."""
    return make(ServerStats, SERVERSTATS_DEFAULTS, {}, fields)


def make_ntp_data(**fields: Unpack[NTPDataFields]) -> NTPData:
    """An NTPData with these fields; by default of a good response from 192.0.2.1.

    `address` and `remote_address` follow from each other. `received_valid_messages=0` makes it one of a server that has never
    answered.
    """
    situation: Fields = {}
    if is_unresolved(fields.get("address")) or fields.get("received_valid_messages") == 0:
        situation = _NTP_UNMEASURED
    given: Given = fields
    for one, other in (("address", "remote_address"), ("remote_address", "address")):
        if given.get(one) is not None and other not in given:
            situation = {**situation, other: given[one]}
    return make(NTPData, NTPDATA_DEFAULTS, situation, fields)


def make_auth_data(**fields: Unpack[AuthDataFields]) -> AuthData:
    """An AuthData with these fields; by default of 192.0.2.1, which is not authenticated.

    With `mode` SYMMETRIC_KEY or NTS the defaults are those of a source authenticated that way.
    """
    situation = _AUTH_BY_MODE.get(fields.get("mode", AuthMode.NONE), {})
    return make(AuthData, AUTHDATA_DEFAULTS, situation, fields)


def make_select_data(**fields: Unpack[SelectDataFields]) -> SelectData:
    """A SelectData with these fields; by default of 192.0.2.1, the best source.

    `reference_id` follows from `address`, and where only `reference_id` is given, `address` follows from that.
    """
    has_none = is_unresolved(fields.get("address")) or fields.get("last_sample_ago", 0) is None
    situation = _SELECT_UNMEASURED if has_none else {}
    return make(SelectData, SELECTDATA_DEFAULTS, situation, fields, _identity(fields))


# Report: the factory of its records, which the type that it returns tells.
_BY_TYPE = {
    function.__annotations__["return"]: function
    for name, function in list(globals().items())
    if name.startswith("make_")
}
FACTORIES: dict[str, Callable[..., Any]] = {
    name: _BY_TYPE[report["type"]] for name, report in REPORTS.items()
}


def make(
    kind: type[Record],
    defaults: Fields,
    situation: Fields,
    given: Given,
    derived: Mapping[str, Any] | None = None,
) -> Record:
    """A record of this type. Each field is taken from the last of these that has it: the defaults, the situation, the fields
    given, the fields derived from them."""
    rows: list[Field] = REPORT_OF[kind]["fields"]
    unknown = sorted(given.keys() - {row["name"] for row in rows})
    if unknown:
        raise TypeError(f"{kind.__name__} has no field {', '.join(unknown)}")
    values = {**defaults, **situation, **given, **(derived or {})}
    for row in rows:
        # A field that is given as None implies why: no sample, no response.
        if row["none_if"] and row["name"] in given and given[row["name"]] is None:
            values = {**values, **row["none_if"][0], **given}
    if "ref_time" in defaults:
        values.update(_times(given, values))
    return rebuild(kind, values)


def rebuild(kind: type[Record], values: Mapping[str, Any]) -> Record:
    """A record of this type with all these fields, each checked."""
    rows: list[Field] = REPORT_OF[kind]["fields"]
    absent = {row["name"] for row in rows if is_absent(rows, row, values)}
    checked = {
        row["name"]: check(
            kind.__name__, row, None if row["name"] in absent else values[row["name"]]
        )
        for row in rows
    }
    visible = [checked[row["name"]] for row in rows if row["item"]]
    hidden = {row["name"]: checked[row["name"]] for row in rows if not row["item"]}
    return cast(Record, cast(Any, kind)(visible, hidden))


def is_absent(rows: list[Field], row: Field, values: Mapping[str, Any]) -> bool:
    """Whether the other fields say that chronyd has not measured this one."""
    placeholders = {each["name"]: each["placeholder"] for each in rows}
    return any(
        all(
            values[name] == value or (value is None and values[name] == placeholders[name])
            for name, value in condition.items()
        )
        for condition in row["none_if"]
    )


# Checks.


def check(record: str, row: Field, value: Any) -> Any:
    """The value as the extension would return it. TypeError or ValueError if the row of the tables does not allow it."""
    kind, name = row["kind"], f"{record}.{row['name']}"
    if value is None:
        if row["optional"]:
            return None
        raise TypeError(f"{name} is never None")
    if kind == "boolean":
        return bool(_typed(name, value, bool))
    if kind == "enum":
        enumeration = getattr(pychrony, str(row["enum"]))
        try:
            return enumeration(_typed(name, value, int))
        except ValueError:
            raise ValueError(f"{name}: {value!r} is not in {row['enum']}") from None
    if kind in ("address", "source"):
        return _text(name, kind, _typed(name, value, str))
    if kind in ("offset", "measure", "seconds"):
        value = float(_typed(name, value, (int, float)))
        if not math.isfinite(value):
            raise ValueError(f"{name}: {value} is not finite")
    else:
        value = int(_typed(name, value, int))
    low, high = _range(kind, row)
    if not low <= value <= high:
        raise ValueError(f"{name}: {value} is not in its range, {low} to {high}")
    return value


def _typed(name: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        wanted = kind[-1] if isinstance(kind, tuple) else kind
        raise TypeError(f"{name} is of type {wanted.__name__}, not {type(value).__name__}")
    return value


def _range(kind: str, row: Field) -> tuple[float, float]:
    """The least and the greatest value of a number."""
    if kind in ("seconds", "nanoseconds"):
        # Up to the year 2262, where 63 bits of nanoseconds end.
        end = 2**63 // BILLION - 1
        return (0, end) if kind == "seconds" else (0, end * BILLION + BILLION - 1)
    low, high = row["minimum"], row["maximum"]
    return -math.inf if low is None else low, math.inf if high is None else high


def _text(name: str, kind: str, value: str) -> str | None:
    """An address in the form in which libchrony writes it; or, for a source, a reference clock's name.

    What stands for an address that is not resolved yet names a source, and is otherwise no address: None.
    """
    if kind == "address" and is_unresolved(value):
        return None
    if is_address(value):
        return format_address(*parse_address(value))
    if kind == "source" and identifier_of(value) is not None:
        return value
    wanted = (
        "an IP address" if kind == "address" else "an IP address or a name of up to four letters"
    )
    raise ValueError(f"{name}: {value!r} is not {wanted}")


# How the fields of a record follow from each other.


def is_address(value: Any) -> bool:
    try:
        parse_address(value)
    except (TypeError, ValueError):
        return False
    return True


def is_unresolved(value: Any) -> bool:
    return is_address(value) and parse_address(value)[0] == ID


def identifier_of(address: str) -> int | None:
    """The reference ID that chronyd gives to a source with this address or name; None if there is no such source."""
    if is_address(address):
        family, raw = parse_address(address)
        if family == ID:
            return 0
        if family == IPV4:
            return int.from_bytes(raw, "big")
        # Imported here, because only IPv6 needs it and it takes a while.
        import hashlib

        digest = hashlib.new("md5", raw, usedforsecurity=False).digest()
        return int.from_bytes(digest[:4], "big")
    letters = address.encode("ascii", "replace")
    if (
        0 < len(letters) <= 4
        and all(0x21 <= each <= 0x7E for each in letters)
        and address.isascii()
    ):
        return int.from_bytes(letters.ljust(4, b"\0"), "big")
    return None


def name_of(identifier: int) -> str:
    """What the extension calls a source without an address: the letters of its reference ID, else its bytes with dots."""
    raw = identifier.to_bytes(4, "big")
    letters = raw.rstrip(b"\0")
    if letters and all(0x21 <= each <= 0x7E for each in letters):
        return letters.decode("ascii")
    return format_address(IPV4, raw)


def consequences(kind: type, values: Fields) -> Fields:
    """Those fields of a record that follow from others. ValueError if fields contradict each other."""
    followed: Fields = {}
    if kind is TrackingStatus:
        followed = _reference(values)
    elif kind in (SourceStats, SelectData):
        followed = _identity(values)
    return {**followed, **_times(values, values)} if "ref_time" in values else followed


def _compare_identifier(name: str, identifier: int, address: str) -> None:
    """The reference ID of an IPv4 address is that address. (That of an IPv6 address is a hash, which depends on the chronyd.)"""
    family, raw = parse_address(address)
    if family == IPV4 and identifier != int.from_bytes(raw, "big"):
        raise ValueError(
            f"{name}: {identifier:#x}, where the address {address} makes it {identifier_of(address):#x}"
        )


def _identity(fields: Given) -> Fields:
    """The reference ID and the address of a source, as far as they follow from what is given."""
    identifier, address = fields.get("reference_id"), fields.get("address")
    if isinstance(address, str) and identifier is None:
        return (
            {"reference_id": identifier_of(address)} if identifier_of(address) is not None else {}
        )
    if isinstance(identifier, int) and 0 <= identifier <= 0xFFFFFFFF:
        if address is None:
            return {"address": name_of(identifier)}
        if is_address(address):
            _compare_identifier("reference_id", identifier, address)
        elif name_of(identifier) != address:
            raise ValueError(
                f"reference_id {identifier:#x} is called {name_of(identifier)}, not {address}"
            )
    return {}


def _reference(fields: Given) -> Fields:
    """The three fields of a tracking report that name the clock's source."""
    identifier, name = fields.get("reference_id"), fields.get("reference_id_name")
    address = fields.get("reference_ip")
    if address is not None:
        field = "TrackingStatus.reference_ip"
        address = _text(field, "address", _typed(field, address, str))
    if identifier is None and address is None and isinstance(name, str):
        identifier = identifier_of(name)
        if identifier is None:
            raise ValueError(f"TrackingStatus.reference_id_name: {name!r} is not a source's name")
        if is_address(name) and identifier not in (NOT_SYNCHRONISED, LOCAL_REFERENCE):
            # A name given in the form of an address is an address, even if its bytes spell a name.
            address = name
    elif identifier is None and address is None and fields.get("leap_status") == LeapStatus.UNSYNC:
        identifier = NOT_SYNCHRONISED
    elif identifier is None and address is None and "reference_ip" in fields:
        identifier = identifier_of("GPS")
    elif identifier is None:
        address = TRACKING_DEFAULTS["reference_ip"] if address is None else address
        identifier = identifier_of(address)
    if not isinstance(identifier, int) or not 0 <= identifier <= 0xFFFFFFFF:
        return {"reference_id": identifier, "reference_ip": address, "reference_id_name": "?"}
    if address is None and "reference_ip" not in fields:
        dotted = format_address(IPV4, identifier.to_bytes(4, "big"))
        if name_of(identifier) == dotted and identifier not in (NOT_SYNCHRONISED, LOCAL_REFERENCE):
            address = dotted
    if address is not None and identifier == NOT_SYNCHRONISED:
        raise ValueError("TrackingStatus.reference_ip: a clock with reference_id 0 has no address")
    if address is not None:
        _compare_identifier("TrackingStatus.reference_id", identifier, address)
    right = name_of(identifier) if address is None else address
    if name not in (None, right):
        raise ValueError(
            f"TrackingStatus.reference_id_name: {name!r}, where the other fields make it {right!r}"
        )
    return {"reference_id": identifier, "reference_ip": address, "reference_id_name": right}


def _times(given: Given, values: Fields) -> Fields:
    """The time and its nanoseconds. A float is only exact to some 100 ns."""
    seconds, nanoseconds = given.get("ref_time"), given.get("ref_time_ns")
    if nanoseconds is None:
        seconds = values["ref_time"]
        if not _is_finite(seconds):
            return {"ref_time_ns": 0}
        part, whole = math.modf(seconds)
        nanoseconds = int(whole) * BILLION + round(part * BILLION)
    elif not isinstance(nanoseconds, int):
        return {}
    # Computed as in the extension.
    exact = float(nanoseconds // BILLION) + nanoseconds % BILLION / 1e9
    if seconds is not None and not (_is_finite(seconds) and abs(seconds - exact) <= TIME_PRECISION):
        raise ValueError(f"ref_time is {seconds}, where ref_time_ns makes it {exact}")
    return {"ref_time": exact, "ref_time_ns": nanoseconds}


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
