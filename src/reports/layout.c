/*
 * Checks the structs of pychrony_records.h against what Rust writes into them.
 *
 * Written by src/reports/write; do not edit.
 */

#include "pychrony_records.h"

#include <stddef.h>

#define AT(type, member, offset, size) \
	_Static_assert(offsetof(type, member) == (offset) && sizeof(((type *)0)->member) == (size), \
		       #type "." #member " lies elsewhere")

AT(PyChrony_Tracking, reference_id, 0, 8);
AT(PyChrony_Tracking, reference_id_name, 8, 64);
AT(PyChrony_Tracking, reference_ip, 72, 64);
AT(PyChrony_Tracking, stratum, 136, 8);
AT(PyChrony_Tracking, leap_status, 144, 8);
AT(PyChrony_Tracking, ref_time, 152, 8);
AT(PyChrony_Tracking, offset, 160, 8);
AT(PyChrony_Tracking, last_offset, 168, 8);
AT(PyChrony_Tracking, rms_offset, 176, 8);
AT(PyChrony_Tracking, frequency, 184, 8);
AT(PyChrony_Tracking, residual_freq, 192, 8);
AT(PyChrony_Tracking, skew, 200, 8);
AT(PyChrony_Tracking, root_delay, 208, 8);
AT(PyChrony_Tracking, root_dispersion, 216, 8);
AT(PyChrony_Tracking, update_interval, 224, 8);
AT(PyChrony_Tracking, ref_time_ns, 232, 8);
_Static_assert(sizeof(PyChrony_Tracking) == 240, "PyChrony_Tracking has another size");

AT(PyChrony_Source, address, 0, 64);
AT(PyChrony_Source, poll, 64, 8);
AT(PyChrony_Source, stratum, 72, 8);
AT(PyChrony_Source, state, 80, 8);
AT(PyChrony_Source, mode, 88, 8);
AT(PyChrony_Source, flags, 96, 8);
AT(PyChrony_Source, reachability, 104, 8);
AT(PyChrony_Source, last_sample_ago, 112, 8);
AT(PyChrony_Source, orig_latest_meas, 120, 8);
AT(PyChrony_Source, latest_meas, 128, 8);
AT(PyChrony_Source, latest_meas_err, 136, 8);
_Static_assert(sizeof(PyChrony_Source) == 144, "PyChrony_Source has another size");

AT(PyChrony_SourceStats, reference_id, 0, 8);
AT(PyChrony_SourceStats, address, 8, 64);
AT(PyChrony_SourceStats, samples, 72, 8);
AT(PyChrony_SourceStats, runs, 80, 8);
AT(PyChrony_SourceStats, span, 88, 8);
AT(PyChrony_SourceStats, std_dev, 96, 8);
AT(PyChrony_SourceStats, resid_freq, 104, 8);
AT(PyChrony_SourceStats, skew, 112, 8);
AT(PyChrony_SourceStats, offset, 120, 8);
AT(PyChrony_SourceStats, offset_err, 128, 8);
_Static_assert(sizeof(PyChrony_SourceStats) == 136, "PyChrony_SourceStats has another size");

AT(PyChrony_RTCData, ref_time, 0, 8);
AT(PyChrony_RTCData, samples, 8, 8);
AT(PyChrony_RTCData, runs, 16, 8);
AT(PyChrony_RTCData, span, 24, 8);
AT(PyChrony_RTCData, offset, 32, 8);
AT(PyChrony_RTCData, freq_offset, 40, 8);
AT(PyChrony_RTCData, ref_time_ns, 48, 8);
_Static_assert(sizeof(PyChrony_RTCData) == 56, "PyChrony_RTCData has another size");

AT(PyChrony_Smoothing, flags, 0, 8);
AT(PyChrony_Smoothing, offset, 8, 8);
AT(PyChrony_Smoothing, freq_offset, 16, 8);
AT(PyChrony_Smoothing, wander, 24, 8);
AT(PyChrony_Smoothing, last_update_ago, 32, 8);
AT(PyChrony_Smoothing, remaining_time, 40, 8);
_Static_assert(sizeof(PyChrony_Smoothing) == 48, "PyChrony_Smoothing has another size");

AT(PyChrony_Activity, online, 0, 8);
AT(PyChrony_Activity, offline, 8, 8);
AT(PyChrony_Activity, burst_online, 16, 8);
AT(PyChrony_Activity, burst_offline, 24, 8);
AT(PyChrony_Activity, unresolved, 32, 8);
_Static_assert(sizeof(PyChrony_Activity) == 40, "PyChrony_Activity has another size");

AT(PyChrony_ServerStats, received_ntp_requests, 0, 8);
AT(PyChrony_ServerStats, dropped_ntp_requests, 8, 8);
AT(PyChrony_ServerStats, received_command_requests, 16, 8);
AT(PyChrony_ServerStats, dropped_command_requests, 24, 8);
AT(PyChrony_ServerStats, dropped_client_log_records, 32, 8);
AT(PyChrony_ServerStats, accepted_nts_ke_connections, 40, 8);
AT(PyChrony_ServerStats, dropped_nts_ke_connections, 48, 8);
AT(PyChrony_ServerStats, received_authenticated_ntp_requests, 56, 8);
AT(PyChrony_ServerStats, received_interleaved_ntp_requests, 64, 8);
AT(PyChrony_ServerStats, held_ntp_timestamps, 72, 8);
AT(PyChrony_ServerStats, ntp_timestamp_span, 80, 8);
AT(PyChrony_ServerStats, served_daemon_rx_timestamps, 88, 8);
AT(PyChrony_ServerStats, served_daemon_tx_timestamps, 96, 8);
AT(PyChrony_ServerStats, served_kernel_rx_timestamps, 104, 8);
AT(PyChrony_ServerStats, served_kernel_tx_timestamps, 112, 8);
AT(PyChrony_ServerStats, served_hardware_rx_timestamps, 120, 8);
AT(PyChrony_ServerStats, served_hardware_tx_timestamps, 128, 8);
_Static_assert(sizeof(PyChrony_ServerStats) == 136, "PyChrony_ServerStats has another size");

AT(PyChrony_NTPData, address, 0, 64);
AT(PyChrony_NTPData, remote_address, 64, 64);
AT(PyChrony_NTPData, local_address, 128, 64);
AT(PyChrony_NTPData, remote_port, 192, 8);
AT(PyChrony_NTPData, leap_status, 200, 8);
AT(PyChrony_NTPData, version, 208, 8);
AT(PyChrony_NTPData, mode, 216, 8);
AT(PyChrony_NTPData, stratum, 224, 8);
AT(PyChrony_NTPData, poll, 232, 8);
AT(PyChrony_NTPData, precision, 240, 8);
AT(PyChrony_NTPData, root_delay, 248, 8);
AT(PyChrony_NTPData, root_dispersion, 256, 8);
AT(PyChrony_NTPData, reference_id, 264, 8);
AT(PyChrony_NTPData, ref_time, 272, 8);
AT(PyChrony_NTPData, offset, 280, 8);
AT(PyChrony_NTPData, peer_delay, 288, 8);
AT(PyChrony_NTPData, peer_dispersion, 296, 8);
AT(PyChrony_NTPData, response_time, 304, 8);
AT(PyChrony_NTPData, jitter_asymmetry, 312, 8);
AT(PyChrony_NTPData, flags, 320, 8);
AT(PyChrony_NTPData, transmit_timestamping, 328, 8);
AT(PyChrony_NTPData, receive_timestamping, 336, 8);
AT(PyChrony_NTPData, transmitted_messages, 344, 8);
AT(PyChrony_NTPData, received_messages, 352, 8);
AT(PyChrony_NTPData, received_valid_messages, 360, 8);
AT(PyChrony_NTPData, received_good_messages, 368, 8);
AT(PyChrony_NTPData, kernel_transmit_timestamps, 376, 8);
AT(PyChrony_NTPData, kernel_receive_timestamps, 384, 8);
AT(PyChrony_NTPData, hardware_transmit_timestamps, 392, 8);
AT(PyChrony_NTPData, hardware_receive_timestamps, 400, 8);
AT(PyChrony_NTPData, ref_time_ns, 408, 8);
_Static_assert(sizeof(PyChrony_NTPData) == 416, "PyChrony_NTPData has another size");

AT(PyChrony_AuthData, address, 0, 64);
AT(PyChrony_AuthData, mode, 64, 8);
AT(PyChrony_AuthData, key_type, 72, 8);
AT(PyChrony_AuthData, key_id, 80, 8);
AT(PyChrony_AuthData, key_length, 88, 8);
AT(PyChrony_AuthData, key_establishment_attempts, 96, 8);
AT(PyChrony_AuthData, last_key_establishment_ago, 104, 8);
AT(PyChrony_AuthData, cookies, 112, 8);
AT(PyChrony_AuthData, cookie_length, 120, 8);
AT(PyChrony_AuthData, nak, 128, 8);
_Static_assert(sizeof(PyChrony_AuthData) == 136, "PyChrony_AuthData has another size");

AT(PyChrony_SelectData, reference_id, 0, 8);
AT(PyChrony_SelectData, address, 8, 64);
AT(PyChrony_SelectData, state, 72, 8);
AT(PyChrony_SelectData, authentication, 80, 8);
AT(PyChrony_SelectData, leap_status, 88, 8);
AT(PyChrony_SelectData, configured_options, 96, 8);
AT(PyChrony_SelectData, effective_options, 104, 8);
AT(PyChrony_SelectData, last_sample_ago, 112, 8);
AT(PyChrony_SelectData, score, 120, 8);
AT(PyChrony_SelectData, low_limit, 128, 8);
AT(PyChrony_SelectData, high_limit, 136, 8);
_Static_assert(sizeof(PyChrony_SelectData) == 144, "PyChrony_SelectData has another size");
