"""The fields that the factories of pychrony.testing take. There is no such module at run time.

Written by src/reports/write from the tables; do not edit.
"""

from typing import TypedDict

from pychrony import (
    LeapStatus,
    SourceState,
    SourceMode,
    SelectOptions,
    SelectState,
    AuthMode,
    KeyType,
    NTPMode,
    NTPFlags,
    Timestamping,
    SmoothingFlags,
)

class TrackingStatusFields(TypedDict, total=False):
    reference_id: int
    reference_id_name: str
    reference_ip: str | None
    stratum: int
    leap_status: LeapStatus
    ref_time: float
    offset: float
    last_offset: float
    rms_offset: float
    frequency: float
    residual_freq: float
    skew: float
    root_delay: float
    root_dispersion: float
    update_interval: float
    ref_time_ns: int

class SourceFields(TypedDict, total=False):
    address: str
    poll: int
    stratum: int | None
    state: SourceState
    mode: SourceMode
    flags: SelectOptions
    reachability: int
    last_sample_ago: int | None
    orig_latest_meas: float | None
    latest_meas: float | None
    latest_meas_err: float | None

class SourceStatsFields(TypedDict, total=False):
    reference_id: int
    address: str
    samples: int
    runs: int
    span: int
    std_dev: float | None
    resid_freq: float | None
    skew: float | None
    offset: float | None
    offset_err: float | None

class RTCDataFields(TypedDict, total=False):
    ref_time: float | None
    samples: int
    runs: int
    span: int
    offset: float | None
    freq_offset: float | None
    ref_time_ns: int | None

class SmoothingFields(TypedDict, total=False):
    flags: SmoothingFlags
    offset: float
    freq_offset: float
    wander: float
    last_update_ago: float | None
    remaining_time: float

class ActivityFields(TypedDict, total=False):
    online: int
    offline: int
    burst_online: int
    burst_offline: int
    unresolved: int

class ServerStatsFields(TypedDict, total=False):
    received_ntp_requests: int
    dropped_ntp_requests: int
    received_command_requests: int
    dropped_command_requests: int
    dropped_client_log_records: int
    accepted_nts_ke_connections: int | None
    dropped_nts_ke_connections: int | None
    received_authenticated_ntp_requests: int | None
    received_interleaved_ntp_requests: int | None
    held_ntp_timestamps: int | None
    ntp_timestamp_span: int | None
    served_daemon_rx_timestamps: int | None
    served_daemon_tx_timestamps: int | None
    served_kernel_rx_timestamps: int | None
    served_kernel_tx_timestamps: int | None
    served_hardware_rx_timestamps: int | None
    served_hardware_tx_timestamps: int | None

class NTPDataFields(TypedDict, total=False):
    address: str
    remote_address: str | None
    local_address: str | None
    remote_port: int
    leap_status: LeapStatus | None
    version: int | None
    mode: NTPMode
    stratum: int | None
    poll: int | None
    precision: int | None
    root_delay: float | None
    root_dispersion: float | None
    reference_id: int | None
    ref_time: float | None
    offset: float | None
    peer_delay: float | None
    peer_dispersion: float | None
    response_time: float | None
    jitter_asymmetry: float | None
    flags: NTPFlags
    transmit_timestamping: Timestamping
    receive_timestamping: Timestamping
    transmitted_messages: int
    received_messages: int
    received_valid_messages: int
    received_good_messages: int | None
    kernel_transmit_timestamps: int | None
    kernel_receive_timestamps: int | None
    hardware_transmit_timestamps: int | None
    hardware_receive_timestamps: int | None
    ref_time_ns: int | None

class AuthDataFields(TypedDict, total=False):
    address: str
    mode: AuthMode
    key_type: KeyType
    key_id: int
    key_length: int
    key_establishment_attempts: int
    last_key_establishment_ago: int | None
    cookies: int
    cookie_length: int
    nak: bool

class SelectDataFields(TypedDict, total=False):
    reference_id: int
    address: str
    state: SelectState
    authentication: bool
    leap_status: LeapStatus
    configured_options: SelectOptions
    effective_options: SelectOptions
    last_sample_ago: int | None
    score: float | None
    low_limit: float | None
    high_limit: float | None
