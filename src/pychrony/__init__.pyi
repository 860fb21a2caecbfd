"""Ask chronyd, the NTP daemon, how good the system's clock is: the types of the extension module.

Written by src/reports/write from stub.pyi.in and the tables; do not edit.
"""

import sys
from collections.abc import Iterable, Mapping
from enum import IntEnum, IntFlag
from os import PathLike
from types import TracebackType
from typing import Any, Final, SupportsFloat, SupportsIndex, final, overload

from _typeshed import structseq
from typing_extensions import Self, TypeAlias, disjoint_base

__all__ = [
    "LeapStatus",
    "SourceState",
    "SourceMode",
    "SelectOptions",
    "SelectState",
    "AuthMode",
    "KeyType",
    "NTPMode",
    "NTPFlags",
    "Timestamping",
    "SmoothingFlags",
    "Transport",
    "ErrorCode",
    "IntervalStatus",
    "ChronyError",
    "ChronyConnectionError",
    "ChronyTimeoutError",
    "ChronyPermissionError",
    "ChronyDataError",
    "ChronyVersionError",
    "ChronyLibraryError",
    "ChronyClockError",
    "TrackingStatus",
    "Source",
    "SourceStats",
    "RTCData",
    "Smoothing",
    "Activity",
    "ServerStats",
    "NTPData",
    "AuthData",
    "SelectData",
    "get_tracking",
    "get_sources",
    "get_source_stats",
    "get_rtc_data",
    "get_smoothing",
    "get_activity",
    "get_server_stats",
    "get_ntp_data",
    "get_auth_data",
    "get_select_data",
    "get_report",
    "supported_reports",
    "get_include",
    "error_bound",
    "ChronyConnection",
    "TimeInterval",
    "IntervalClock",
    "libchrony_path",
]

__version__: str

libchrony_path: str
"""Path of the libchrony in use."""

_Address: TypeAlias = str | PathLike[str] | None
_Seconds: TypeAlias = SupportsFloat | SupportsIndex | None

class LeapStatus(IntEnum):
    """Whether a leap second is due at the end of the UTC day; UNSYNC: the clock is not synchronised."""

    NORMAL = 0
    INSERT = 1
    DELETE = 2
    UNSYNC = 3

class SourceState(IntEnum):
    """Result of chronyd's selection for a source."""

    SELECTED = 0
    NONSELECTABLE = 1
    FALSETICKER = 2
    JITTERY = 3
    UNSELECTED = 4
    SELECTABLE = 5

class SourceMode(IntEnum):
    """Type of a source."""

    CLIENT = 0
    PEER = 1
    REFCLOCK = 2

class SelectOptions(IntFlag):
    """A source's selection options (noselect, prefer, trust, require in chrony.conf)."""

    NOSELECT = 1
    PREFER = 2
    TRUST = 4
    REQUIRE = 8

class SelectState(IntEnum):
    """How far a source got in the selection; each number is the character that chronyc prints for it."""

    IGNORED = 78
    NOT_SYNCHRONIZED = 115
    MISSING_SAMPLES = 77
    UNACCEPTABLE_STRATUM = 114
    UNACCEPTABLE_DISTANCE = 100
    LARGE_DISTANCE = 68
    JITTERY = 126
    WAITING_FOR_OTHERS = 119
    MISSING_SELECTABLE_SOURCES = 87
    STALE = 83
    ORPHAN = 79
    NOT_TRUSTED = 84
    NOT_PREFERRED = 80
    WAITING_FOR_UPDATE = 85
    FALSETICKER = 120
    OUTLIER = 76
    COMBINED = 43
    BEST = 42

class AuthMode(IntEnum):
    """How an NTP source is authenticated."""

    NONE = 0
    SYMMETRIC_KEY = 1
    NTS = 2

class KeyType(IntEnum):
    """Type of a key: hash, cipher or AEAD algorithm."""

    NONE = 0
    MD5 = 1
    SHA1 = 2
    SHA256 = 3
    SHA384 = 4
    SHA512 = 5
    SHA3_224 = 6
    SHA3_256 = 7
    SHA3_384 = 8
    SHA3_512 = 9
    TIGER = 10
    WHIRLPOOL = 11
    AES128 = 13
    AES256 = 14
    AEAD_AES_SIV_CMAC_256 = 15
    AEAD_AES_128_GCM_SIV = 30

class NTPMode(IntEnum):
    """NTP mode of a response."""

    NONE = 0
    ACTIVE_SYMMETRIC = 1
    PASSIVE_SYMMETRIC = 2
    SERVER = 4

class NTPFlags(IntFlag):
    """Tests that a response passed (described in chronyc's manual), and whether it was interleaved and authenticated."""

    TEST1 = 512
    TEST2 = 256
    TEST3 = 128
    TEST5 = 64
    TEST6 = 32
    TEST7 = 16
    TEST_A = 8
    TEST_B = 4
    TEST_C = 2
    TEST_D = 1
    INTERLEAVED = 16384
    AUTHENTICATED = 32768

class Timestamping(IntEnum):
    """What took a timestamp; each number is the character that chronyd sends."""

    NONE = 0
    DAEMON = 68
    KERNEL = 75
    HARDWARE = 72

class SmoothingFlags(IntFlag):
    """Whether the time served to clients is smoothed, and for what."""

    ACTIVE = 1
    LEAPONLY = 2

class Transport(IntEnum):
    """How chronyd is reached."""

    UNIX_SOCKET = 1
    COMMAND_PORT = 2

class ErrorCode(IntEnum):
    """What went wrong, in ChronyError.error_code: libchrony's own codes from 1, pychrony's from 100."""

    NO_MEMORY = 1
    NO_RANDOM = 2
    UNKNOWN_REPORT = 3
    RANDOM_FAILED = 4
    SEND_FAILED = 5
    RECV_FAILED = 6
    INVALID_ARGUMENT = 7
    UNEXPECTED_CALL = 8
    UNAUTHORIZED = 9
    DISABLED = 10
    UNEXPECTED_STATUS = 11
    OLD_SERVER = 12
    NEW_SERVER = 13
    INVALID_RESPONSE = 14
    OPEN_FAILED = 100
    TIMEOUT = 101
    FIELD_MISSING = 102
    FIELD_TYPE = 103
    FIELD_RANGE = 104
    CLOSED = 105
    BUSY = 106

class IntervalStatus(IntEnum):
    """What an interval clock knows about the time. The numbers are those of ClockBound."""

    UNKNOWN = 0
    SYNCHRONIZED = 1
    FREE_RUNNING = 2
    DISRUPTED = 3

class ChronyError(Exception):
    """The base of all pychrony's exceptions.

    message: what was tried, at which address, what came back, and what can be done.
    error_code: an ErrorCode, or None.
    errno: the system's error number, where it gave one, else None."""

    message: str
    error_code: ErrorCode | int | None
    errno: int | None
    def __init__(self, message: str, error_code: ErrorCode | int | None = None) -> None: ...

class ChronyConnectionError(ChronyError, ConnectionError):
    """chronyd cannot be reached: the message names every address tried, and why it failed.

    error_code: OPEN_FAILED, SEND_FAILED or RECV_FAILED, and errno, of the first address that could not be reached;
    CLOSED if the connection was closed; BUSY if it is in use by a call that cannot be waited for."""

class ChronyTimeoutError(ChronyConnectionError, TimeoutError):
    """No response in time: the request was sent, or at least not refused, and no response came; or another thread's call
    on the same connection did not end in time. error_code: TIMEOUT."""

class ChronyPermissionError(ChronyError, PermissionError):
    """Not allowed: the system forbids the use of chronyd's Unix socket, or sending to its command port (errno
    EACCES or EPERM), or chronyd does not give this report to this client (error_code UNAUTHORIZED)."""

class ChronyDataError(ChronyError, ValueError):
    """What chronyd sent is not a valid report: a field is missing, of the wrong type or out of its range (error_code
    FIELD_MISSING, FIELD_TYPE, FIELD_RANGE), or the response is invalid (INVALID_RESPONSE, UNEXPECTED_STATUS,
    DISABLED)."""

class ChronyVersionError(ChronyError):
    """chronyd is too old (error_code OLD_SERVER) or too new (NEW_SERVER) for this libchrony, or libchrony lacks the
    report (UNKNOWN_REPORT)."""

class ChronyLibraryError(ChronyError):
    """libchrony itself failed: error_code is its code, errno the system's reason where there is one."""

class ChronyClockError(ChronyError):
    """An interval clock cannot give an interval.

    status: IntervalStatus.DISRUPTED if something other than chronyd has set the clock, or chronyd contradicts itself,
    until the report from before that can no longer be used; UNKNOWN otherwise."""

    status: IntervalStatus

@final
class TrackingStatus(structseq[Any], tuple[int, str, str | None, int, LeapStatus, float, float, float, float, float, float, float, float, float, float]):
    """How good the system's clock is: chronyd's tracking report.

    error_bound() says how wrong the clock may be, from this report and the sources. abs(offset) + root_distance, the
    formula of chrony's manual, is a bound only where one source counts and nobody else sets the clock.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("reference_id", "reference_id_name", "reference_ip", "stratum", "leap_status", "ref_time", "offset", "last_offset", "rms_offset", "frequency", "residual_freq", "skew", "root_delay", "root_dispersion", "update_interval")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, reference_id: int, reference_id_name: str, reference_ip: str | None, stratum: int, leap_status: LeapStatus, ref_time: float, offset: float, last_offset: float, rms_offset: float, frequency: float, residual_freq: float, skew: float, root_delay: float, root_dispersion: float, update_interval: float, *, ref_time_ns: int = ...) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, reference_id: int = ..., reference_id_name: str = ..., reference_ip: str | None = ..., stratum: int = ..., leap_status: LeapStatus = ..., ref_time: float = ..., offset: float = ..., last_offset: float = ..., rms_offset: float = ..., frequency: float = ..., residual_freq: float = ..., skew: float = ..., root_delay: float = ..., root_dispersion: float = ..., update_interval: float = ..., ref_time_ns: int = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, reference_id: int = ..., reference_id_name: str = ..., reference_ip: str | None = ..., stratum: int = ..., leap_status: LeapStatus = ..., ref_time: float = ..., offset: float = ..., last_offset: float = ..., rms_offset: float = ..., frequency: float = ..., residual_freq: float = ..., skew: float = ..., root_delay: float = ..., root_dispersion: float = ..., update_interval: float = ..., ref_time_ns: int = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    def is_synchronized(self) -> bool:
        """Whether the clock is synchronised to a source, as for chronyc waitsync: the local reference does not count."""

    def is_local_reference(self) -> bool:
        """Whether chronyd serves its own clock without a source (the local directive): its time is unverified."""

    def is_leap_pending(self) -> bool:
        """Whether a leap second is inserted or deleted at the end of the day."""

    @property
    def root_distance(self) -> float:
        """Root delay / 2 + root dispersion (RFC 5905): how far the time of the source that the clock follows may be from true time. With abs(offset) it is no bound of the clock's error where several sources are combined: see error_bound() [seconds]"""

    @property
    def reference_id(self) -> int:
        """ID of the source the clock is synchronised to: an IPv4 address, a hash of an IPv6 address, or four ASCII characters; 0: not synchronised [0 to 0xffffffff; libchrony: reference ID]"""

    @property
    def reference_id_name(self) -> str:
        """The source's address; without one the name that reference_id spells ("GPS"), else its bytes ("127.127.1.1" is the local reference) [str; libchrony: address]"""

    @property
    def reference_ip(self) -> str | None:
        """The source's IP address; None where it has none [str or None; libchrony: address]"""

    @property
    def stratum(self) -> int:
        """Number of hops from a reference clock, which is stratum 0; 0 while not synchronised, 16 for a client of a stratum-15 server [0 to 17; libchrony: stratum]"""

    @property
    def leap_status(self) -> LeapStatus:
        """Whether a leap second is due; UNSYNC: not synchronised, or in the middle of a leap second [LeapStatus; libchrony: leap status]"""

    @property
    def ref_time(self) -> float:
        """When the last measurement was processed, less a random part of a second (chronyd hides the exact time); 0 while not synchronised [seconds since 1970 (UTC), float; ref_time_ns has it in nanoseconds; libchrony: reference time]"""

    @property
    def offset(self) -> float:
        """Difference between the system clock and NTP time that chronyd is still correcting [seconds, finite; > 0: the system clock is slow of NTP time, < 0: fast; libchrony: current correction]"""

    @property
    def last_offset(self) -> float:
        """Offset estimated at the last update; it has the opposite sign of offset [seconds, finite; > 0: the clock was fast of its sources, < 0: slow; libchrony: last offset]"""

    @property
    def rms_offset(self) -> float:
        """Long-term average of the offset (root mean square) [seconds, 0 or more; libchrony: RMS offset]"""

    @property
    def frequency(self) -> float:
        """Rate at which the system clock would drift if chronyd did not correct it [ppm, finite; < 0: the clock would run slow, > 0: fast; libchrony: frequency offset]"""

    @property
    def residual_freq(self) -> float:
        """Difference between the frequency that the selected source's measurements indicate and the one in use; 0 while not synchronised [ppm, finite; > 0: higher; libchrony: residual frequency]"""

    @property
    def skew(self) -> float:
        """Error bound of the frequency; 0 while not synchronised [ppm, 0 or more; libchrony: skew]"""

    @property
    def root_delay(self) -> float:
        """Round-trip network delay to the stratum-1 computer; while not synchronised 1, or 0 with the local reference [seconds, 0 or more; libchrony: root delay]"""

    @property
    def root_dispersion(self) -> float:
        """Dispersion accumulated on the way to the stratum-1 computer; while not synchronised 1, or 0 with the local reference [seconds, 0 or more; libchrony: root dispersion]"""

    @property
    def update_interval(self) -> float:
        """Time between the last two updates of the clock [seconds, 0 or more; libchrony: last update interval]"""

    @property
    def ref_time_ns(self) -> int:
        """When the last measurement was processed, less a random part of a second; an attribute, not an item [nanoseconds since 1970 (UTC); libchrony: reference time]"""

@final
class Source(structseq[Any], tuple[str, int, int | None, SourceState, SourceMode, SelectOptions, int, int | None, float | None, float | None, float | None]):
    """One time source: a record of chronyd's sources report.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("address", "poll", "stratum", "state", "mode", "flags", "reachability", "last_sample_ago", "orig_latest_meas", "latest_meas", "latest_meas_err")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, address: str, poll: int, stratum: int | None, state: SourceState, mode: SourceMode, flags: SelectOptions, reachability: int, last_sample_ago: int | None, orig_latest_meas: float | None, latest_meas: float | None, latest_meas_err: float | None) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, address: str = ..., poll: int = ..., stratum: int | None = ..., state: SourceState = ..., mode: SourceMode = ..., flags: SelectOptions = ..., reachability: int = ..., last_sample_ago: int | None = ..., orig_latest_meas: float | None = ..., latest_meas: float | None = ..., latest_meas_err: float | None = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, address: str = ..., poll: int = ..., stratum: int | None = ..., state: SourceState = ..., mode: SourceMode = ..., flags: SelectOptions = ..., reachability: int = ..., last_sample_ago: int | None = ..., orig_latest_meas: float | None = ..., latest_meas: float | None = ..., latest_meas_err: float | None = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    def is_reachable(self) -> bool:
        """Whether one of the last eight polls brought a valid response from a synchronised server, or a sample of a reference clock. A server that responds without being synchronised itself does not count."""

    def is_selected(self) -> bool:
        """Whether the clock is synchronised to this source (state is SELECTED)."""

    @property
    def address(self) -> str:
        """The source's IP address; for a reference clock its name ("GPS"); "ID#..." while its name is not resolved [str; libchrony: address]"""

    @property
    def poll(self) -> int:
        """Interval between polls: 6 is 64 s, -2 is 0.25 s [log2 seconds, usually -7 to 24; libchrony: poll]"""

    @property
    def stratum(self) -> int | None:
        """The source's stratum [usually 0 to 15; None: no sample; libchrony: stratum]"""

    @property
    def state(self) -> SourceState:
        """Result of the selection for the source [SourceState; libchrony: state]"""

    @property
    def mode(self) -> SourceMode:
        """What kind of source it is [SourceMode; libchrony: mode]"""

    @property
    def flags(self) -> SelectOptions:
        """Selection options; chronyd from 4.0 on sends none here: see get_select_data() [SelectOptions; libchrony: flags]"""

    @property
    def reachability(self) -> int:
        """Which of the last eight polls brought a valid response from a synchronised server, or a sample of a reference clock [bits, 0 to 0o377, the lowest bit the latest; libchrony: reachability]"""

    @property
    def last_sample_ago(self) -> int | None:
        """Age of the last good sample; below 0 for a moment after another program has set the clock back [seconds, usually 0 or more; None: never; libchrony: last sample ago]"""

    @property
    def orig_latest_meas(self) -> float | None:
        """Offset of the last sample as it was measured [seconds, finite; > 0: the system clock was fast of the source; None: no sample; libchrony: original last sample offset]"""

    @property
    def latest_meas(self) -> float | None:
        """Offset of the last sample, with the clock's corrections since applied [seconds, finite; > 0: the system clock is fast of the source; None: no sample; libchrony: adjusted last sample offset]"""

    @property
    def latest_meas_err(self) -> float | None:
        """Error bound of the last sample [seconds, 0 or more; None: no sample; libchrony: last sample error]"""

@final
class SourceStats(structseq[Any], tuple[int, str, int, int, int, float | None, float | None, float | None, float | None, float | None]):
    """Statistics of one source: a record of chronyd's sourcestats report.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("reference_id", "address", "samples", "runs", "span", "std_dev", "resid_freq", "skew", "offset", "offset_err")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, reference_id: int, address: str, samples: int, runs: int, span: int, std_dev: float | None, resid_freq: float | None, skew: float | None, offset: float | None, offset_err: float | None) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, reference_id: int = ..., address: str = ..., samples: int = ..., runs: int = ..., span: int = ..., std_dev: float | None = ..., resid_freq: float | None = ..., skew: float | None = ..., offset: float | None = ..., offset_err: float | None = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, reference_id: int = ..., address: str = ..., samples: int = ..., runs: int = ..., span: int = ..., std_dev: float | None = ..., resid_freq: float | None = ..., skew: float | None = ..., offset: float | None = ..., offset_err: float | None = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    def has_sufficient_samples(self, minimum: int = 4) -> bool:
        """Whether at least this many samples are in use."""

    @property
    def reference_id(self) -> int:
        """The source's reference ID [0 to 0xffffffff; libchrony: reference ID]"""

    @property
    def address(self) -> str:
        """The source's address, as in Source.address; for a reference clock its name ("GPS") [str; libchrony: address]"""

    @property
    def samples(self) -> int:
        """Samples in use [count; libchrony: samples]"""

    @property
    def runs(self) -> int:
        """Runs of residuals of one sign; few runs for the number of samples mean that a straight line does not fit them well [count; libchrony: runs]"""

    @property
    def span(self) -> int:
        """Time between the oldest and the newest sample [seconds, 0 or more; libchrony: span]"""

    @property
    def std_dev(self) -> float | None:
        """Standard deviation of the samples [seconds, 0 or more; None: no regression; libchrony: standard deviation]"""

    @property
    def resid_freq(self) -> float | None:
        """Frequency of the system clock, as chronyd corrects it, relative to the source's [ppm, finite; > 0: the system clock gains on the source; None: no regression; libchrony: residual frequency]"""

    @property
    def skew(self) -> float | None:
        """Error bound of the frequency [ppm, 0 or more; None: no regression; libchrony: skew]"""

    @property
    def offset(self) -> float | None:
        """Estimated offset of the source [seconds, finite; > 0: the system clock is fast of the source; None: no samples; libchrony: offset]"""

    @property
    def offset_err(self) -> float | None:
        """Error bound of the offset, with 4 s added while there is no regression; below 0 for a moment after another program has set the clock back [seconds, finite; usually 0 or more; None: no samples; libchrony: offset error]"""

@final
class RTCData(structseq[Any], tuple[float | None, int, int, int, float | None, float | None]):
    """The real-time clock compared with the system clock: chronyd's rtcdata report.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("ref_time", "samples", "runs", "span", "offset", "freq_offset")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, ref_time: float | None, samples: int, runs: int, span: int, offset: float | None, freq_offset: float | None, *, ref_time_ns: int | None = ...) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, ref_time: float | None = ..., samples: int = ..., runs: int = ..., span: int = ..., offset: float | None = ..., freq_offset: float | None = ..., ref_time_ns: int | None = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, ref_time: float | None = ..., samples: int = ..., runs: int = ..., span: int = ..., offset: float | None = ..., freq_offset: float | None = ..., ref_time_ns: int | None = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    def is_calibrated(self) -> bool:
        """Whether the real-time clock has been compared at all (samples > 0)."""

    @property
    def ref_time(self) -> float | None:
        """When the real-time clock was last compared [seconds since 1970 (UTC), float; ref_time_ns has it in nanoseconds; None: no regression yet; libchrony: reference time]"""

    @property
    def samples(self) -> int:
        """Comparisons in use [count; libchrony: samples]"""

    @property
    def runs(self) -> int:
        """Runs of residuals of one sign [count; libchrony: runs]"""

    @property
    def span(self) -> int:
        """Time the comparisons cover [seconds, 0 or more; libchrony: span]"""

    @property
    def offset(self) -> float | None:
        """Estimated offset of the real-time clock [seconds, finite; > 0: the real-time clock is fast; None: no regression yet; libchrony: offset]"""

    @property
    def freq_offset(self) -> float | None:
        """Rate at which the real-time clock drifts [ppm, finite; > 0: the real-time clock gains time; None: no regression yet; libchrony: frequency offset]"""

    @property
    def ref_time_ns(self) -> int | None:
        """When the real-time clock was last compared; an attribute, not an item [nanoseconds since 1970 (UTC), None: no regression yet; libchrony: reference time]"""

@final
class Smoothing(structseq[Any], tuple[SmoothingFlags, float, float, float, float | None, float]):
    """The smoothing of the time served to clients: chronyd's smoothing report.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("flags", "offset", "freq_offset", "wander", "last_update_ago", "remaining_time")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, flags: SmoothingFlags, offset: float, freq_offset: float, wander: float, last_update_ago: float | None, remaining_time: float) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, flags: SmoothingFlags = ..., offset: float = ..., freq_offset: float = ..., wander: float = ..., last_update_ago: float | None = ..., remaining_time: float = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, flags: SmoothingFlags = ..., offset: float = ..., freq_offset: float = ..., wander: float = ..., last_update_ago: float | None = ..., remaining_time: float = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    @property
    def flags(self) -> SmoothingFlags:
        """Whether smoothing is active, and for what [SmoothingFlags; libchrony: flags]"""

    @property
    def offset(self) -> float:
        """Offset applied to the time that is served [seconds, finite; > 0: clients are served a time ahead of the true one; libchrony: offset]"""

    @property
    def freq_offset(self) -> float:
        """Frequency offset of the time that is served [ppm, finite; < 0: the served time runs slow; libchrony: frequency offset]"""

    @property
    def wander(self) -> float:
        """Rate at which the frequency offset changes [ppm per second, finite; < 0: the served time is slowing down; libchrony: wander]"""

    @property
    def last_update_ago(self) -> float | None:
        """Age of the last update [seconds, 0 or more; None: not active; libchrony: last update ago]"""

    @property
    def remaining_time(self) -> float:
        """Time until the smoothing is finished, if nothing further happens [seconds, 0 or more; libchrony: remaining time]"""

@final
class Activity(structseq[Any], tuple[int, int, int, int, int]):
    """How many NTP sources are in which state: chronyd's activity report.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("online", "offline", "burst_online", "burst_offline", "unresolved")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, online: int, offline: int, burst_online: int, burst_offline: int, unresolved: int) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, online: int = ..., offline: int = ..., burst_online: int = ..., burst_offline: int = ..., unresolved: int = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, online: int = ..., offline: int = ..., burst_online: int = ..., burst_offline: int = ..., unresolved: int = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    @property
    def online(self) -> int:
        """Sources that are polled [count; libchrony: online sources]"""

    @property
    def offline(self) -> int:
        """Sources that are not polled at present [count; libchrony: offline sources]"""

    @property
    def burst_online(self) -> int:
        """Sources in a burst of polls, online after it [count; libchrony: burst online-return sources]"""

    @property
    def burst_offline(self) -> int:
        """Sources in a burst of polls, offline after it [count; libchrony: burst offline-return sources]"""

    @property
    def unresolved(self) -> int:
        """Sources whose name is not resolved yet [count; libchrony: unresolved sources]"""

@final
class ServerStats(structseq[Any], tuple[int, int, int, int, int, int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None]):
    """What chronyd has done as a server since it was started: its serverstats report.

    Fields that only newer chronyds send are None where they are missing.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("received_ntp_requests", "dropped_ntp_requests", "received_command_requests", "dropped_command_requests", "dropped_client_log_records", "accepted_nts_ke_connections", "dropped_nts_ke_connections", "received_authenticated_ntp_requests", "received_interleaved_ntp_requests", "held_ntp_timestamps", "ntp_timestamp_span", "served_daemon_rx_timestamps", "served_daemon_tx_timestamps", "served_kernel_rx_timestamps", "served_kernel_tx_timestamps", "served_hardware_rx_timestamps", "served_hardware_tx_timestamps")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, received_ntp_requests: int, dropped_ntp_requests: int, received_command_requests: int, dropped_command_requests: int, dropped_client_log_records: int, accepted_nts_ke_connections: int | None, dropped_nts_ke_connections: int | None, received_authenticated_ntp_requests: int | None, received_interleaved_ntp_requests: int | None, held_ntp_timestamps: int | None, ntp_timestamp_span: int | None, served_daemon_rx_timestamps: int | None, served_daemon_tx_timestamps: int | None, served_kernel_rx_timestamps: int | None, served_kernel_tx_timestamps: int | None, served_hardware_rx_timestamps: int | None, served_hardware_tx_timestamps: int | None) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, received_ntp_requests: int = ..., dropped_ntp_requests: int = ..., received_command_requests: int = ..., dropped_command_requests: int = ..., dropped_client_log_records: int = ..., accepted_nts_ke_connections: int | None = ..., dropped_nts_ke_connections: int | None = ..., received_authenticated_ntp_requests: int | None = ..., received_interleaved_ntp_requests: int | None = ..., held_ntp_timestamps: int | None = ..., ntp_timestamp_span: int | None = ..., served_daemon_rx_timestamps: int | None = ..., served_daemon_tx_timestamps: int | None = ..., served_kernel_rx_timestamps: int | None = ..., served_kernel_tx_timestamps: int | None = ..., served_hardware_rx_timestamps: int | None = ..., served_hardware_tx_timestamps: int | None = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, received_ntp_requests: int = ..., dropped_ntp_requests: int = ..., received_command_requests: int = ..., dropped_command_requests: int = ..., dropped_client_log_records: int = ..., accepted_nts_ke_connections: int | None = ..., dropped_nts_ke_connections: int | None = ..., received_authenticated_ntp_requests: int | None = ..., received_interleaved_ntp_requests: int | None = ..., held_ntp_timestamps: int | None = ..., ntp_timestamp_span: int | None = ..., served_daemon_rx_timestamps: int | None = ..., served_daemon_tx_timestamps: int | None = ..., served_kernel_rx_timestamps: int | None = ..., served_kernel_tx_timestamps: int | None = ..., served_hardware_rx_timestamps: int | None = ..., served_hardware_tx_timestamps: int | None = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    @property
    def received_ntp_requests(self) -> int:
        """NTP requests received [count; libchrony: received NTP requests]"""

    @property
    def dropped_ntp_requests(self) -> int:
        """NTP requests dropped by rate limiting [count; libchrony: dropped NTP requests]"""

    @property
    def received_command_requests(self) -> int:
        """Requests for reports and commands received, on the command port and the Unix socket [count; libchrony: received command requests]"""

    @property
    def dropped_command_requests(self) -> int:
        """Requests on the command port dropped by rate limiting [count; libchrony: dropped command requests]"""

    @property
    def dropped_client_log_records(self) -> int:
        """Records of clients dropped to keep within the memory limit [count; libchrony: dropped client log records]"""

    @property
    def accepted_nts_ke_connections(self) -> int | None:
        """NTS key establishments accepted [count, or None; libchrony: accepted NTS-KE connections]"""

    @property
    def dropped_nts_ke_connections(self) -> int | None:
        """NTS key establishments dropped by rate limiting [count, or None; libchrony: dropped NTS-KE connections]"""

    @property
    def received_authenticated_ntp_requests(self) -> int | None:
        """NTP requests that were authenticated [count, or None; libchrony: received authenticated NTP requests]"""

    @property
    def received_interleaved_ntp_requests(self) -> int | None:
        """NTP requests in the interleaved mode [count, or None; libchrony: received interleaved NTP requests]"""

    @property
    def held_ntp_timestamps(self) -> int | None:
        """Timestamps held for clients in the interleaved mode [count, or None; libchrony: held NTP timestamps]"""

    @property
    def ntp_timestamp_span(self) -> int | None:
        """Time that the held timestamps cover [seconds, 0 or more, or None; libchrony: NTP timestamp span]"""

    @property
    def served_daemon_rx_timestamps(self) -> int | None:
        """Responses with a receive timestamp taken by the daemon [count, or None; libchrony: served daemon RX timestamps]"""

    @property
    def served_daemon_tx_timestamps(self) -> int | None:
        """Responses with a transmit timestamp taken by the daemon [count, or None; libchrony: served daemon TX timestamps]"""

    @property
    def served_kernel_rx_timestamps(self) -> int | None:
        """Responses with a receive timestamp taken by the kernel [count, or None; libchrony: served kernel RX timestamps]"""

    @property
    def served_kernel_tx_timestamps(self) -> int | None:
        """Responses with a transmit timestamp taken by the kernel [count, or None; libchrony: served kernel TX timestamps]"""

    @property
    def served_hardware_rx_timestamps(self) -> int | None:
        """Responses with a receive timestamp taken by the hardware [count, or None; libchrony: served hardware RX timestamps]"""

    @property
    def served_hardware_tx_timestamps(self) -> int | None:
        """Responses with a transmit timestamp taken by the hardware [count, or None; libchrony: served hardware TX timestamps]"""

@final
class NTPData(structseq[Any], tuple[str, str | None, str | None, int, LeapStatus | None, int | None, NTPMode, int | None, int | None, int | None, float | None, float | None, int | None, float | None, float | None, float | None, float | None, float | None, float | None, NTPFlags, Timestamping, Timestamping, int, int, int, int | None, int | None, int | None, int | None, int | None]):
    """The last valid response of one NTP source, and what it measured: a record of chronyd's ntpdata report.

    Fields that only newer chronyds send are None where they are missing.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("address", "remote_address", "local_address", "remote_port", "leap_status", "version", "mode", "stratum", "poll", "precision", "root_delay", "root_dispersion", "reference_id", "ref_time", "offset", "peer_delay", "peer_dispersion", "response_time", "jitter_asymmetry", "flags", "transmit_timestamping", "receive_timestamping", "transmitted_messages", "received_messages", "received_valid_messages", "received_good_messages", "kernel_transmit_timestamps", "kernel_receive_timestamps", "hardware_transmit_timestamps", "hardware_receive_timestamps")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, address: str, remote_address: str | None, local_address: str | None, remote_port: int, leap_status: LeapStatus | None, version: int | None, mode: NTPMode, stratum: int | None, poll: int | None, precision: int | None, root_delay: float | None, root_dispersion: float | None, reference_id: int | None, ref_time: float | None, offset: float | None, peer_delay: float | None, peer_dispersion: float | None, response_time: float | None, jitter_asymmetry: float | None, flags: NTPFlags, transmit_timestamping: Timestamping, receive_timestamping: Timestamping, transmitted_messages: int, received_messages: int, received_valid_messages: int, received_good_messages: int | None, kernel_transmit_timestamps: int | None, kernel_receive_timestamps: int | None, hardware_transmit_timestamps: int | None, hardware_receive_timestamps: int | None, *, ref_time_ns: int | None = ...) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, address: str = ..., remote_address: str | None = ..., local_address: str | None = ..., remote_port: int = ..., leap_status: LeapStatus | None = ..., version: int | None = ..., mode: NTPMode = ..., stratum: int | None = ..., poll: int | None = ..., precision: int | None = ..., root_delay: float | None = ..., root_dispersion: float | None = ..., reference_id: int | None = ..., ref_time: float | None = ..., offset: float | None = ..., peer_delay: float | None = ..., peer_dispersion: float | None = ..., response_time: float | None = ..., jitter_asymmetry: float | None = ..., flags: NTPFlags = ..., transmit_timestamping: Timestamping = ..., receive_timestamping: Timestamping = ..., transmitted_messages: int = ..., received_messages: int = ..., received_valid_messages: int = ..., received_good_messages: int | None = ..., kernel_transmit_timestamps: int | None = ..., kernel_receive_timestamps: int | None = ..., hardware_transmit_timestamps: int | None = ..., hardware_receive_timestamps: int | None = ..., ref_time_ns: int | None = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, address: str = ..., remote_address: str | None = ..., local_address: str | None = ..., remote_port: int = ..., leap_status: LeapStatus | None = ..., version: int | None = ..., mode: NTPMode = ..., stratum: int | None = ..., poll: int | None = ..., precision: int | None = ..., root_delay: float | None = ..., root_dispersion: float | None = ..., reference_id: int | None = ..., ref_time: float | None = ..., offset: float | None = ..., peer_delay: float | None = ..., peer_dispersion: float | None = ..., response_time: float | None = ..., jitter_asymmetry: float | None = ..., flags: NTPFlags = ..., transmit_timestamping: Timestamping = ..., receive_timestamping: Timestamping = ..., transmitted_messages: int = ..., received_messages: int = ..., received_valid_messages: int = ..., received_good_messages: int | None = ..., kernel_transmit_timestamps: int | None = ..., kernel_receive_timestamps: int | None = ..., hardware_transmit_timestamps: int | None = ..., hardware_receive_timestamps: int | None = ..., ref_time_ns: int | None = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    @property
    def address(self) -> str:
        """The source's address, as in Source.address [str; libchrony: address]"""

    @property
    def remote_address(self) -> str | None:
        """Address of the server; before chronyd 4.3, None until the first valid response [str or None; libchrony: remote address]"""

    @property
    def local_address(self) -> str | None:
        """Local address of the exchange; None before the first valid response [str or None; libchrony: local address]"""

    @property
    def remote_port(self) -> int:
        """Port of the server [0 to 65535; libchrony: remote port]"""

    @property
    def leap_status(self) -> LeapStatus | None:
        """Whether the server announces a leap second [LeapStatus; None: no valid response; libchrony: leap status]"""

    @property
    def version(self) -> int | None:
        """NTP version of the response [0 to 7; None: no valid response; libchrony: version]"""

    @property
    def mode(self) -> NTPMode:
        """NTP mode of the response [NTPMode; libchrony: mode]"""

    @property
    def stratum(self) -> int | None:
        """The server's stratum, as its packet has it; 0 and more than 15 are not valid [0 to 255; None: no valid response; libchrony: stratum]"""

    @property
    def poll(self) -> int | None:
        """Polling interval in the response [log2 seconds, None: no valid response; libchrony: poll]"""

    @property
    def precision(self) -> int | None:
        """Precision of the server's clock [log2 seconds, None: no valid response; libchrony: precision]"""

    @property
    def root_delay(self) -> float | None:
        """The server's network delay to its primary source [seconds, 0 or more; None: no valid response; libchrony: root delay]"""

    @property
    def root_dispersion(self) -> float | None:
        """The server's dispersion to its primary source [seconds, 0 or more; None: no valid response; libchrony: root dispersion]"""

    @property
    def reference_id(self) -> int | None:
        """ID of the server's own source [0 to 0xffffffff; None: no valid response; libchrony: reference ID]"""

    @property
    def ref_time(self) -> float | None:
        """When the server's clock was last updated [seconds since 1970 (UTC), float; ref_time_ns has it in nanoseconds; None: never, or no valid response; libchrony: reference time]"""

    @property
    def offset(self) -> float | None:
        """Offset measured [seconds, finite; > 0: the system clock was slow of the server; None: not measured; libchrony: offset]"""

    @property
    def peer_delay(self) -> float | None:
        """Measured round-trip network delay [seconds, 0 or more; None: not measured; libchrony: peer delay]"""

    @property
    def peer_dispersion(self) -> float | None:
        """Dispersion of the measurement [seconds, 0 or more; None: not measured; libchrony: peer dispersion]"""

    @property
    def response_time(self) -> float | None:
        """Time the server took to respond [seconds, 0 or more; None: not measured; libchrony: response time]"""

    @property
    def jitter_asymmetry(self) -> float | None:
        """Estimated asymmetry of the network's jitter [ratio, finite; -0.5 to 0.5 as chronyd computes it; < 0: more on the way to the source; None: not measured; libchrony: jitter asymmetry]"""

    @property
    def flags(self) -> NTPFlags:
        """Which tests the response passed, and whether it was interleaved and authenticated [NTPFlags; libchrony: flags]"""

    @property
    def transmit_timestamping(self) -> Timestamping:
        """What took the timestamp of our request [Timestamping; libchrony: transmit timestamping]"""

    @property
    def receive_timestamping(self) -> Timestamping:
        """What took the timestamp of the response [Timestamping; libchrony: receive timestamping]"""

    @property
    def transmitted_messages(self) -> int:
        """Packets sent to the source [count; libchrony: transmitted messages]"""

    @property
    def received_messages(self) -> int:
        """Packets received from the source [count; libchrony: received messages]"""

    @property
    def received_valid_messages(self) -> int:
        """Packets received that passed the tests of the packet [count; libchrony: received valid messages]"""

    @property
    def received_good_messages(self) -> int | None:
        """Packets received that passed all tests and were used; None before chronyd 4.3 [count, or None; libchrony: received good messages]"""

    @property
    def kernel_transmit_timestamps(self) -> int | None:
        """Transmit timestamps taken by the kernel [count, or None; libchrony: kernel transmit timestamps]"""

    @property
    def kernel_receive_timestamps(self) -> int | None:
        """Receive timestamps taken by the kernel [count, or None; libchrony: kernel receive timestamps]"""

    @property
    def hardware_transmit_timestamps(self) -> int | None:
        """Transmit timestamps taken by the hardware [count, or None; libchrony: hardware transmit timestamps]"""

    @property
    def hardware_receive_timestamps(self) -> int | None:
        """Receive timestamps taken by the hardware [count, or None; libchrony: hardware receive timestamps]"""

    @property
    def ref_time_ns(self) -> int | None:
        """When the server's clock was last updated; an attribute, not an item [nanoseconds since 1970 (UTC), None: never, or no valid response; libchrony: reference time]"""

@final
class AuthData(structseq[Any], tuple[str, AuthMode, KeyType, int, int, int, int | None, int, int, bool]):
    """How one NTP source is authenticated: a record of chronyd's authdata report.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("address", "mode", "key_type", "key_id", "key_length", "key_establishment_attempts", "last_key_establishment_ago", "cookies", "cookie_length", "nak")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, address: str, mode: AuthMode, key_type: KeyType, key_id: int, key_length: int, key_establishment_attempts: int, last_key_establishment_ago: int | None, cookies: int, cookie_length: int, nak: bool) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, address: str = ..., mode: AuthMode = ..., key_type: KeyType = ..., key_id: int = ..., key_length: int = ..., key_establishment_attempts: int = ..., last_key_establishment_ago: int | None = ..., cookies: int = ..., cookie_length: int = ..., nak: bool = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, address: str = ..., mode: AuthMode = ..., key_type: KeyType = ..., key_id: int = ..., key_length: int = ..., key_establishment_attempts: int = ..., last_key_establishment_ago: int | None = ..., cookies: int = ..., cookie_length: int = ..., nak: bool = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    @property
    def address(self) -> str:
        """The source's address, as in Source.address [str; libchrony: address]"""

    @property
    def mode(self) -> AuthMode:
        """Means of authentication [AuthMode; libchrony: mode]"""

    @property
    def key_type(self) -> KeyType:
        """Type of the key [KeyType; libchrony: key type]"""

    @property
    def key_id(self) -> int:
        """ID of the key [0 to 0xffffffff; libchrony: key ID]"""

    @property
    def key_length(self) -> int:
        """Length of the key [bits; libchrony: key length]"""

    @property
    def key_establishment_attempts(self) -> int:
        """NTS key establishments tried since the last that succeeded [count; libchrony: key establishment attempts]"""

    @property
    def last_key_establishment_ago(self) -> int | None:
        """Age of the last NTS key establishment that succeeded [seconds, 0 or more; None: never; libchrony: last key establishment ago]"""

    @property
    def cookies(self) -> int:
        """NTS cookies available [count; libchrony: cookies]"""

    @property
    def cookie_length(self) -> int:
        """Length of an NTS cookie [bytes; libchrony: cookie length]"""

    @property
    def nak(self) -> bool:
        """Whether the server refused the last request because it lacked the keys (NTS NAK) [bool; libchrony: NAK]"""

@final
class SelectData(structseq[Any], tuple[int, str, SelectState, bool, LeapStatus, SelectOptions, SelectOptions, int | None, float | None, float | None, float | None]):
    """One source in chronyd's source selection: a record of chronyd's selectdata report.

    An immutable named tuple. Python code can make one from values by position or by keyword, or from one sequence of them."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("reference_id", "address", "state", "authentication", "leap_status", "configured_options", "effective_options", "last_sample_ago", "score", "low_limit", "high_limit")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, reference_id: int, address: str, state: SelectState, authentication: bool, leap_status: LeapStatus, configured_options: SelectOptions, effective_options: SelectOptions, last_sample_ago: int | None, score: float | None, low_limit: float | None, high_limit: float | None) -> Self: ...
    @overload
    def __new__(cls, sequence: Iterable[Any], dict: Mapping[str, Any] | None = None, /) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new record from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """The whole record as a dictionary ready for JSON: every field, with enumerations by name, flags as a list
        of names and times also as exact nanoseconds; then what follows from the fields, such as is_synchronized."""

    def __rich_repr__(self) -> Iterable[tuple[str, Any]]:
        """The fields named in _fields as a list of names and values, for rich."""

    def _replace(self, *, reference_id: int = ..., address: str = ..., state: SelectState = ..., authentication: bool = ..., leap_status: LeapStatus = ..., configured_options: SelectOptions = ..., effective_options: SelectOptions = ..., last_sample_ago: int | None = ..., score: float | None = ..., low_limit: float | None = ..., high_limit: float | None = ...) -> Self:
        """A new record with these fields replaced."""

    def __replace__(self, *, reference_id: int = ..., address: str = ..., state: SelectState = ..., authentication: bool = ..., leap_status: LeapStatus = ..., configured_options: SelectOptions = ..., effective_options: SelectOptions = ..., last_sample_ago: int | None = ..., score: float | None = ..., low_limit: float | None = ..., high_limit: float | None = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    @property
    def reference_id(self) -> int:
        """The source's reference ID [0 to 0xffffffff; libchrony: reference ID]"""

    @property
    def address(self) -> str:
        """The source's address, as in Source.address [str; libchrony: address]"""

    @property
    def state(self) -> SelectState:
        """How far the source got in the selection [SelectState; libchrony: state]"""

    @property
    def authentication(self) -> bool:
        """Whether the source is authenticated [bool; libchrony: authentication]"""

    @property
    def leap_status(self) -> LeapStatus:
        """Whether the source announces a leap second [LeapStatus; libchrony: leap status]"""

    @property
    def configured_options(self) -> SelectOptions:
        """Selection options in the configuration [SelectOptions; libchrony: configured options]"""

    @property
    def effective_options(self) -> SelectOptions:
        """Selection options in force [SelectOptions; libchrony: effective options]"""

    @property
    def last_sample_ago(self) -> int | None:
        """Age of the last sample at the last selection [seconds, usually 0 or more; None: no sample, or the option noselect; libchrony: last sample ago]"""

    @property
    def score(self) -> float | None:
        """Score against the selected source: a source with more than 10 takes its place [ratio, 0 or more; None: no sample, or the option noselect; libchrony: score]"""

    @property
    def low_limit(self) -> float | None:
        """Lower end of the interval in which the clock's offset lies [seconds, finite; > 0: the system clock is fast of the source; None: no sample, or the option noselect; libchrony: low limit]"""

    @property
    def high_limit(self) -> float | None:
        """Upper end of the interval in which the clock's offset lies [seconds, finite; > 0: the system clock is fast of the source; None: no sample, or the option noselect; libchrony: high limit]"""

def get_tracking(address: _Address = None, *, timeout: _Seconds = 3.0) -> TrackingStatus:
    """Ask chronyd how good the system's clock is: offset, frequency error, stratum, error bounds, source.

    Returns a TrackingStatus. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_sources(address: _Address = None, *, timeout: _Seconds = 3.0) -> list[Source]:
    """Ask chronyd which time sources there are, and which of them are selected.

    Returns a list of Source, empty without sources. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_source_stats(address: _Address = None, *, timeout: _Seconds = 3.0) -> list[SourceStats]:
    """Ask chronyd what drift rate and offset were estimated for each source.

    Returns a list of SourceStats, empty without sources. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_rtc_data(address: _Address = None, *, timeout: _Seconds = 3.0) -> RTCData | None:
    """Ask chronyd how the hardware's real-time clock drifts.

    Returns an RTCData, or None where chronyd does not track the real-time clock. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_smoothing(address: _Address = None, *, timeout: _Seconds = 3.0) -> Smoothing | None:
    """Ask chronyd how the time served to clients differs from the clock's (the smoothtime directive).

    Returns a Smoothing, or None where smoothing is not enabled. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_activity(address: _Address = None, *, timeout: _Seconds = 3.0) -> Activity:
    """Ask chronyd how many NTP sources are online and offline.

    Returns an Activity. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_server_stats(address: _Address = None, *, timeout: _Seconds = 3.0) -> ServerStats:
    """Ask chronyd how many requests from clients were received and dropped. By default, the command port does not serve this report.

    Returns a ServerStats. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_ntp_data(address: _Address = None, *, timeout: _Seconds = 3.0) -> list[NTPData]:
    """Ask chronyd what the last valid measurement of each NTP source was. By default, the command port does not serve this report.

    Returns a list of NTPData, without the reference clocks. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_auth_data(address: _Address = None, *, timeout: _Seconds = 3.0) -> list[AuthData]:
    """Ask chronyd how each NTP source is authenticated. By default, the command port does not serve this report.

    Returns a list of AuthData, without the reference clocks. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_select_data(address: _Address = None, *, timeout: _Seconds = 3.0) -> list[SelectData]:
    """Ask chronyd why each source was selected or not. By default, the command port does not serve this report.

    Returns a list of SelectData, empty without sources. A session is opened for the call and closed after it.

    address: absolute path of chronyd's Unix socket, or an IP address with an optional port (default 323).
        None: the one in the environment variable PYCHRONY_ADDRESS, else the first reachable one of
        /run/chrony/chronyd.sock, /var/run/chrony/chronyd.sock, 127.0.0.1:323 and [::1]:323.
        An address that is given is the only one tried.
    timeout: seconds for the whole call, more than 0; None waits for ever.

    Raises ChronyConnectionError (not reachable), ChronyTimeoutError (no response), ChronyPermissionError,
    ChronyDataError (a value out of its range), ChronyVersionError, ChronyLibraryError: all ChronyError;
    ValueError (invalid address or timeout), TypeError."""

def get_report(name: str, address: _Address = None, *, timeout: _Seconds = 3.0) -> list[dict[str, int | float | str | None]]:
    """Ask chronyd for any report that the libchrony in use supports, including newer ones than this pychrony knows.

    Returns a list of dictionaries, one for each record, with libchrony's own field names and types: integers,
    floats, addresses as str or None, times as integers of nanoseconds since 1970. Values are not checked against
    a range, except that a float is finite and a time lies between 1970 and 2262. Reserved fields are included. A record
    without fields (of a reference clock, in the reports by address) is an empty dictionary. A report on something
    that is not enabled (rtcdata, smoothing) is an empty list.

    name: one of supported_reports().
    address, timeout: as for get_tracking().

    Raises ValueError for a name that libchrony does not know, and what get_tracking() raises."""

def supported_reports() -> list[str]:
    """The names that get_report() accepts: the reports that the libchrony in use supports."""

def get_include() -> str:
    """The directory that contains pychrony.h, the header for extensions in C."""

def error_bound(tracking: TrackingStatus, sources: Iterable[Source], *, max_drift_ppm: SupportsFloat | SupportsIndex = 15.0, extra_error: SupportsFloat | SupportsIndex = 0.0) -> float | None:
    """The greatest error of the system clock, in seconds, when the two reports were made; None: no bound can be given.

    It is computed from the last sample of the selected source, in which an honest server's time must lie:

        abs(offset - latest_meas) + latest_meas_err
            + (last_sample_ago + 1) * (skew + abs(residual_freq) + max_drift_ppm) * 1e-6 + extra_error

    tracking: a TrackingStatus. sources: the Source records that were asked for with it, in any iterable.
    max_drift_ppm: how far the oscillator's rate may differ from chronyd's estimate, in ppm: 15 on a machine with a steady
        temperature, 50 on unknown, mobile or virtual hardware.
    extra_error: how wrong the sources may be beyond the error that they report, in seconds, as a reference clock may.

    None if the clock is not synchronised to a source (the local reference does not count), the leap status is UNSYNC, there is
    not exactly one selected source, this is not the one in tracking, or it has no sample, or one from the future.

    It holds if the selected source and the servers behind it are honest; if nobody but chronyd has set the clock since the
    last sample; if chronyd has not updated the clock between the two reports (a third report, tracking again, has the same
    ref_time); and if the oscillator does not drift more than allowed.

    Raises TypeError for other objects and for fields of a wrong type, ValueError for numbers that chronyd cannot send."""


@disjoint_base
class ChronyConnection:
    """A connection to chronyd, for programs that ask more than once:

        with ChronyConnection() as connection:
            status = connection.get_tracking()

    address: as for get_tracking(); PYCHRONY_ADDRESS is read once. timeout: seconds for each call, including the wait for
    other threads' calls.

    It opens automatically when it is used: the first time, after an error, after a restart of chronyd, and in a
    child process after fork(). The with statement, or open(), opens it at once, and raises where chronyd cannot be reached;
    leaving it, or close(), closes it: a call then raises ChronyConnectionError (CLOSED). Threads may share it: one call at a
    time is under way."""

    def __init__(self, address: _Address = None, *, timeout: _Seconds = 3.0) -> None: ...
    @property
    def address(self) -> str | None:
        """The address in use, or else the one that was given (None: the default addresses)."""

    @property
    def transport(self) -> Transport | None:
        """The Transport in use, or the one the given address implies; None if unknown."""

    @property
    def closed(self) -> bool:
        """Whether the connection was closed, and not opened again."""

    def open(self) -> None:
        """Open the connection now, if it is not open, and also if it was closed. Raises what get_tracking() raises where that
        fails; the next call tries again."""

    def close(self) -> None:
        """Close the connection. Closing it twice is fine. A call that another thread is making ends with a ChronyConnectionError."""

    def fileno(self) -> int:
        """The socket's file descriptor; -1 while there is none (before the first call, and after an error until the next) or
        while a call uses it.

        Raises ChronyConnectionError if the connection is closed."""

    def __enter__(self) -> Self:
        """Open the connection, as open() does."""

    def __exit__(self, *args: object) -> None:
        """Close the connection."""

    def get_report(self, name: str, /) -> list[dict[str, int | float | str | None]]:
        """Ask for any report by libchrony's name: see pychrony.get_report()."""

    def get_tracking(self) -> TrackingStatus:
        """Ask chronyd how good the system's clock is: offset, frequency error, stratum, error bounds, source.

        Returns a TrackingStatus. Raises what pychrony.get_tracking() raises, and ChronyConnectionError if the connection is closed."""

    def get_sources(self) -> list[Source]:
        """Ask chronyd which time sources there are, and which of them are selected.

        Returns a list of Source, empty without sources. Raises what pychrony.get_sources() raises, and ChronyConnectionError if the connection is closed."""

    def get_source_stats(self) -> list[SourceStats]:
        """Ask chronyd what drift rate and offset were estimated for each source.

        Returns a list of SourceStats, empty without sources. Raises what pychrony.get_source_stats() raises, and ChronyConnectionError if the connection is closed."""

    def get_rtc_data(self) -> RTCData | None:
        """Ask chronyd how the hardware's real-time clock drifts.

        Returns an RTCData, or None where chronyd does not track the real-time clock. Raises what pychrony.get_rtc_data() raises, and ChronyConnectionError if the connection is closed."""

    def get_smoothing(self) -> Smoothing | None:
        """Ask chronyd how the time served to clients differs from the clock's (the smoothtime directive).

        Returns a Smoothing, or None where smoothing is not enabled. Raises what pychrony.get_smoothing() raises, and ChronyConnectionError if the connection is closed."""

    def get_activity(self) -> Activity:
        """Ask chronyd how many NTP sources are online and offline.

        Returns an Activity. Raises what pychrony.get_activity() raises, and ChronyConnectionError if the connection is closed."""

    def get_server_stats(self) -> ServerStats:
        """Ask chronyd how many requests from clients were received and dropped. By default, the command port does not serve this report.

        Returns a ServerStats. Raises what pychrony.get_server_stats() raises, and ChronyConnectionError if the connection is closed."""

    def get_ntp_data(self) -> list[NTPData]:
        """Ask chronyd what the last valid measurement of each NTP source was. By default, the command port does not serve this report.

        Returns a list of NTPData, without the reference clocks. Raises what pychrony.get_ntp_data() raises, and ChronyConnectionError if the connection is closed."""

    def get_auth_data(self) -> list[AuthData]:
        """Ask chronyd how each NTP source is authenticated. By default, the command port does not serve this report.

        Returns a list of AuthData, without the reference clocks. Raises what pychrony.get_auth_data() raises, and ChronyConnectionError if the connection is closed."""

    def get_select_data(self) -> list[SelectData]:
        """Ask chronyd why each source was selected or not. By default, the command port does not serve this report.

        Returns a list of SelectData, empty without sources. Raises what pychrony.get_select_data() raises, and ChronyConnectionError if the connection is closed."""

@final
class TimeInterval(structseq[Any], tuple[int, int, IntervalStatus]):
    """Two instants between which true time lies, as an IntervalClock gives them, in whole nanoseconds since 1970 (UTC)."""

    if sys.version_info >= (3, 10):
        __match_args__: Final = ("earliest", "latest", "status")

    _fields: Final[tuple[str, ...]]
    _field_defaults: Final[dict[str, Any]]
    @overload
    def __new__(cls, items: Iterable[Any], /) -> Self: ...
    @overload
    def __new__(cls, earliest: int, latest: int, status: IntervalStatus) -> Self: ...
    @classmethod
    def _make(cls, iterable: Iterable[Any], /) -> Self:
        """A new interval from a sequence or iterator of its items."""

    def _asdict(self) -> dict[str, Any]:
        """The fields named in _fields as a new dictionary."""

    def to_dict(self) -> dict[str, Any]:
        """A dictionary ready for JSON, with the status by name, and the width."""

    def _replace(self, *, earliest: int = ..., latest: int = ..., status: IntervalStatus = ...) -> Self:
        """A new interval with these fields replaced."""

    def __replace__(self, *, earliest: int = ..., latest: int = ..., status: IntervalStatus = ...) -> Self:  # type: ignore[override, unused-ignore]
        """The same, for copy.replace()."""

    def before(self, other: TimeInterval, /) -> bool:
        """Whether this is certainly earlier than the other TimeInterval: latest < other.earliest."""

    def after(self, other: TimeInterval, /) -> bool:
        """Whether this is certainly later than the other TimeInterval: earliest > other.latest."""

    @property
    def width(self) -> int:
        """latest - earliest [nanoseconds]: twice the greatest error of the middle"""

    @property
    def earliest(self) -> int:
        """True time is at least this [nanoseconds since 1970 (UTC)]"""

    @property
    def latest(self) -> int:
        """True time is at most this [nanoseconds since 1970 (UTC)]"""

    @property
    def status(self) -> IntervalStatus:
        """How fresh the interval's report was [IntervalStatus: SYNCHRONIZED or FREE_RUNNING]"""

@final
class IntervalClock:
    """A clock that knows how wrong it may be: it gives two instants between which true time lies.

        with ChronyConnection() as connection:
            clock = IntervalClock(connection)
            committed = clock.now().latest
            clock.wait_past(committed)

    refresh() asks chronyd; now() projects its last report on CLOCK_MONOTONIC_RAW, without a system call. Refresh at least
    every 16 seconds, so that it is noticed when somebody else sets the clock. The intervals contain true time if the selected
    source is honest and the oscillator drifts by no more than allowed; the page "Order events by time you can trust" in
    the documentation lists all conditions.

    connection: a ChronyConnection to the chronyd of this machine. Other calls on it wait for those of the clock, and these for them.
    max_drift_ppm: how far the oscillator's rate may differ from chronyd's estimate, in ppm: 15 on a machine with a steady
        temperature, 50 on unknown, mobile or virtual hardware.
    extra_error_ns: how wrong the sources may be beyond the error that they report, in nanoseconds, as a reference clock may.
    void_after: for how many seconds a report may be used.

    Threads may share it. It can be neither copied nor pickled. A child of fork() asks chronyd again at its first use.

    Raises ValueError for the address of another host: its clock is not the one that is read here."""

    def __init__(self, connection: ChronyConnection, *, max_drift_ppm: SupportsFloat | SupportsIndex = 15.0, extra_error_ns: SupportsFloat | SupportsIndex = 0, void_after: SupportsFloat | SupportsIndex = 1000.0) -> None: ...
    def refresh(self) -> TimeInterval:
        """Ask chronyd, and return the interval by its new report.

        It asks for the tracking report, the sources and the tracking report again, up to three times, until chronyd has not
        updated the clock in between. If it fails, the last report stays in use, and its interval keeps widening.

        Raises what get_tracking() raises, and ChronyClockError if the reports give no interval."""

    def now(self, max_age: _Seconds = None) -> TimeInterval:
        """The two instants between which true time lies now, as a TimeInterval.

        It does not ask chronyd, unless this process has no report yet, or one that is older than max_age seconds.

        Raises ChronyClockError if no interval can be given, and what refresh() raises if it asks chronyd."""

    def is_past(self, time_ns: SupportsIndex, /) -> bool:
        """Whether this time (nanoseconds since 1970) is certainly past: now().earliest > time_ns."""

    def is_future(self, time_ns: SupportsIndex, /) -> bool:
        """Whether this time is certainly in the future: now().latest < time_ns."""

    def wait_past(self, time_ns: SupportsIndex, timeout: _Seconds = None) -> TimeInterval:
        """Wait until this time (nanoseconds since 1970) is certainly past, and return the interval then. It sleeps.

        timeout: seconds, more than 0; None waits as long as the report can be used.

        Raises ChronyTimeoutError after the timeout, and ChronyClockError if no interval can be given any longer."""

    def _reading(self) -> tuple[int, int, int, int]:
        """The machine's clocks, for _accept()."""

    def _accept(self, first: TrackingStatus, before_sources: tuple[int, int, int, int], sources: Iterable[Source], before: tuple[int, int, int, int], tracking: TrackingStatus, after: tuple[int, int, int, int], /) -> TimeInterval | None:
        """Take in two tracking reports, the sources between them, and the clocks between and after them, as pychrony.aio asked
        for them. Returns the interval, or None if they do not belong together."""

@final
class _Client:
    def __init__(self, address: _Address = None) -> None: ...
    @property
    def address(self) -> str | None: ...
    def ask(self, report: str, timeout: float | None, waited: float = 0.0, /) -> object: ...
    def ask_raw(self, report: str, timeout: float | None, waited: float = 0.0, /) -> object: ...
    def open(self, timeout: float | None, /) -> object: ...
    def resume(self, ready: bool, /) -> object: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
