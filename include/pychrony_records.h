/*
 * The records of chronyd's reports, for C: included by pychrony.h.
 *
 * Written by src/reports/write from the tables beside it; do not edit.
 *
 * Units, signs and ranges are as in Python. Where Python has None, a double is NaN, an int64_t PYCHRONY_NEVER, a
 * uint64_t PYCHRONY_NONE, and text "". Enumerations are numbers, named below; a later pychrony may name more.
 */

#ifndef PYCHRONY_RECORDS_H
#define PYCHRONY_RECORDS_H

#include <stdint.h>

/* No value: what chronyd has not measured, a time that is "never", or a field that this chronyd does not send. */
#define PYCHRONY_NONE UINT64_MAX
#define PYCHRONY_NEVER INT64_MAX
/* Whether a double has no value, without <math.h>. */
#define PYCHRONY_IS_NAN(number) ((number) != (number))

/* Whether a leap second is due at the end of the UTC day; UNSYNC: the clock is not synchronised. */
enum {
	PYCHRONY_LeapStatus_NORMAL = 0,
	PYCHRONY_LeapStatus_INSERT = 1,
	PYCHRONY_LeapStatus_DELETE = 2,
	PYCHRONY_LeapStatus_UNSYNC = 3
};

/* Result of chronyd's selection for a source. */
enum {
	PYCHRONY_SourceState_SELECTED = 0,
	PYCHRONY_SourceState_NONSELECTABLE = 1,
	PYCHRONY_SourceState_FALSETICKER = 2,
	PYCHRONY_SourceState_JITTERY = 3,
	PYCHRONY_SourceState_UNSELECTED = 4,
	PYCHRONY_SourceState_SELECTABLE = 5
};

/* Type of a source. */
enum {
	PYCHRONY_SourceMode_CLIENT = 0,
	PYCHRONY_SourceMode_PEER = 1,
	PYCHRONY_SourceMode_REFCLOCK = 2
};

/* A source's selection options (noselect, prefer, trust, require in chrony.conf). */
enum {
	PYCHRONY_SelectOptions_NOSELECT = 1,
	PYCHRONY_SelectOptions_PREFER = 2,
	PYCHRONY_SelectOptions_TRUST = 4,
	PYCHRONY_SelectOptions_REQUIRE = 8
};

/* How far a source got in the selection; each number is the character that chronyc prints for it. */
enum {
	PYCHRONY_SelectState_IGNORED = 78,
	PYCHRONY_SelectState_NOT_SYNCHRONIZED = 115,
	PYCHRONY_SelectState_MISSING_SAMPLES = 77,
	PYCHRONY_SelectState_UNACCEPTABLE_STRATUM = 114,
	PYCHRONY_SelectState_UNACCEPTABLE_DISTANCE = 100,
	PYCHRONY_SelectState_LARGE_DISTANCE = 68,
	PYCHRONY_SelectState_JITTERY = 126,
	PYCHRONY_SelectState_WAITING_FOR_OTHERS = 119,
	PYCHRONY_SelectState_MISSING_SELECTABLE_SOURCES = 87,
	PYCHRONY_SelectState_STALE = 83,
	PYCHRONY_SelectState_ORPHAN = 79,
	PYCHRONY_SelectState_NOT_TRUSTED = 84,
	PYCHRONY_SelectState_NOT_PREFERRED = 80,
	PYCHRONY_SelectState_WAITING_FOR_UPDATE = 85,
	PYCHRONY_SelectState_FALSETICKER = 120,
	PYCHRONY_SelectState_OUTLIER = 76,
	PYCHRONY_SelectState_COMBINED = 43,
	PYCHRONY_SelectState_BEST = 42
};

/* How an NTP source is authenticated. */
enum {
	PYCHRONY_AuthMode_NONE = 0,
	PYCHRONY_AuthMode_SYMMETRIC_KEY = 1,
	PYCHRONY_AuthMode_NTS = 2
};

/* Type of a key: hash, cipher or AEAD algorithm. */
enum {
	PYCHRONY_KeyType_NONE = 0,
	PYCHRONY_KeyType_MD5 = 1,
	PYCHRONY_KeyType_SHA1 = 2,
	PYCHRONY_KeyType_SHA256 = 3,
	PYCHRONY_KeyType_SHA384 = 4,
	PYCHRONY_KeyType_SHA512 = 5,
	PYCHRONY_KeyType_SHA3_224 = 6,
	PYCHRONY_KeyType_SHA3_256 = 7,
	PYCHRONY_KeyType_SHA3_384 = 8,
	PYCHRONY_KeyType_SHA3_512 = 9,
	PYCHRONY_KeyType_TIGER = 10,
	PYCHRONY_KeyType_WHIRLPOOL = 11,
	PYCHRONY_KeyType_AES128 = 13,
	PYCHRONY_KeyType_AES256 = 14,
	PYCHRONY_KeyType_AEAD_AES_SIV_CMAC_256 = 15,
	PYCHRONY_KeyType_AEAD_AES_128_GCM_SIV = 30
};

/* NTP mode of a response. */
enum {
	PYCHRONY_NTPMode_NONE = 0,
	PYCHRONY_NTPMode_ACTIVE_SYMMETRIC = 1,
	PYCHRONY_NTPMode_PASSIVE_SYMMETRIC = 2,
	PYCHRONY_NTPMode_SERVER = 4
};

/* Tests that a response passed (described in chronyc's manual), and whether it was interleaved and authenticated. */
enum {
	PYCHRONY_NTPFlags_TEST1 = 512,
	PYCHRONY_NTPFlags_TEST2 = 256,
	PYCHRONY_NTPFlags_TEST3 = 128,
	PYCHRONY_NTPFlags_TEST5 = 64,
	PYCHRONY_NTPFlags_TEST6 = 32,
	PYCHRONY_NTPFlags_TEST7 = 16,
	PYCHRONY_NTPFlags_TEST_A = 8,
	PYCHRONY_NTPFlags_TEST_B = 4,
	PYCHRONY_NTPFlags_TEST_C = 2,
	PYCHRONY_NTPFlags_TEST_D = 1,
	PYCHRONY_NTPFlags_INTERLEAVED = 16384,
	PYCHRONY_NTPFlags_AUTHENTICATED = 32768
};

/* What took a timestamp; each number is the character that chronyd sends. */
enum {
	PYCHRONY_Timestamping_NONE = 0,
	PYCHRONY_Timestamping_DAEMON = 68,
	PYCHRONY_Timestamping_KERNEL = 75,
	PYCHRONY_Timestamping_HARDWARE = 72
};

/* Whether the time served to clients is smoothed, and for what. */
enum {
	PYCHRONY_SmoothingFlags_ACTIVE = 1,
	PYCHRONY_SmoothingFlags_LEAPONLY = 2
};

/* How chronyd is reached. */
enum {
	PYCHRONY_Transport_UNIX_SOCKET = 1,
	PYCHRONY_Transport_COMMAND_PORT = 2
};

/* What went wrong, in ChronyError.error_code: libchrony's own codes from 1, pychrony's from 100. */
enum {
	PYCHRONY_ErrorCode_NO_MEMORY = 1,
	PYCHRONY_ErrorCode_NO_RANDOM = 2,
	PYCHRONY_ErrorCode_UNKNOWN_REPORT = 3,
	PYCHRONY_ErrorCode_RANDOM_FAILED = 4,
	PYCHRONY_ErrorCode_SEND_FAILED = 5,
	PYCHRONY_ErrorCode_RECV_FAILED = 6,
	PYCHRONY_ErrorCode_INVALID_ARGUMENT = 7,
	PYCHRONY_ErrorCode_UNEXPECTED_CALL = 8,
	PYCHRONY_ErrorCode_UNAUTHORIZED = 9,
	PYCHRONY_ErrorCode_DISABLED = 10,
	PYCHRONY_ErrorCode_UNEXPECTED_STATUS = 11,
	PYCHRONY_ErrorCode_OLD_SERVER = 12,
	PYCHRONY_ErrorCode_NEW_SERVER = 13,
	PYCHRONY_ErrorCode_INVALID_RESPONSE = 14,
	PYCHRONY_ErrorCode_OPEN_FAILED = 100,
	PYCHRONY_ErrorCode_TIMEOUT = 101,
	PYCHRONY_ErrorCode_FIELD_MISSING = 102,
	PYCHRONY_ErrorCode_FIELD_TYPE = 103,
	PYCHRONY_ErrorCode_FIELD_RANGE = 104,
	PYCHRONY_ErrorCode_CLOSED = 105,
	PYCHRONY_ErrorCode_BUSY = 106
};

/* What an interval clock knows about the time. The numbers are those of ClockBound. */
enum {
	PYCHRONY_IntervalStatus_UNKNOWN = 0,
	PYCHRONY_IntervalStatus_SYNCHRONIZED = 1,
	PYCHRONY_IntervalStatus_FREE_RUNNING = 2,
	PYCHRONY_IntervalStatus_DISRUPTED = 3
};

/* How good the system's clock is: chronyd's tracking report.
 *
 * error_bound() says how wrong the clock may be, from this report and the sources. abs(offset) + root_distance, the
 * formula of chrony's manual, is a bound only where one source counts and nobody else sets the clock. */
typedef struct {
	/* ID of the source the clock is synchronised to: an IPv4 address, a hash of an IPv6 address, or four ASCII characters; 0: not synchronised [0 to 0xffffffff; libchrony: reference ID] */
	uint64_t reference_id;
	/* The source's address; without one the name that reference_id spells ("GPS"), else its bytes ("127.127.1.1" is the local reference) [str; libchrony: address] */
	char reference_id_name[64];
	/* The source's IP address; None where it has none [str or None; libchrony: address] */
	char reference_ip[64];
	/* Number of hops from a reference clock, which is stratum 0; 0 while not synchronised, 16 for a client of a stratum-15 server [0 to 17; libchrony: stratum] */
	uint64_t stratum;
	/* Whether a leap second is due; UNSYNC: not synchronised, or in the middle of a leap second [LeapStatus; libchrony: leap status] */
	uint64_t leap_status;
	/* When the last measurement was processed, less a random part of a second (chronyd hides the exact time); 0 while not synchronised [seconds since 1970 (UTC), float; ref_time_ns has it in nanoseconds; libchrony: reference time] */
	double ref_time;
	/* Difference between the system clock and NTP time that chronyd is still correcting [seconds, finite; > 0: the system clock is slow of NTP time, < 0: fast; libchrony: current correction] */
	double offset;
	/* Offset estimated at the last update; it has the opposite sign of offset [seconds, finite; > 0: the clock was fast of its sources, < 0: slow; libchrony: last offset] */
	double last_offset;
	/* Long-term average of the offset (root mean square) [seconds, 0 or more; libchrony: RMS offset] */
	double rms_offset;
	/* Rate at which the system clock would drift if chronyd did not correct it [ppm, finite; < 0: the clock would run slow, > 0: fast; libchrony: frequency offset] */
	double frequency;
	/* Difference between the frequency that the selected source's measurements indicate and the one in use; 0 while not synchronised [ppm, finite; > 0: higher; libchrony: residual frequency] */
	double residual_freq;
	/* Error bound of the frequency; 0 while not synchronised [ppm, 0 or more; libchrony: skew] */
	double skew;
	/* Round-trip network delay to the stratum-1 computer; while not synchronised 1, or 0 with the local reference [seconds, 0 or more; libchrony: root delay] */
	double root_delay;
	/* Dispersion accumulated on the way to the stratum-1 computer; while not synchronised 1, or 0 with the local reference [seconds, 0 or more; libchrony: root dispersion] */
	double root_dispersion;
	/* Time between the last two updates of the clock [seconds, 0 or more; libchrony: last update interval] */
	double update_interval;
	/* When the last measurement was processed, less a random part of a second; an attribute, not an item [nanoseconds since 1970 (UTC); libchrony: reference time] */
	int64_t ref_time_ns;
} PyChrony_Tracking;

/* One time source: a record of chronyd's sources report. */
typedef struct {
	/* The source's IP address; for a reference clock its name ("GPS"); "ID#..." while its name is not resolved [str; libchrony: address] */
	char address[64];
	/* Interval between polls: 6 is 64 s, -2 is 0.25 s [log2 seconds, usually -7 to 24; libchrony: poll] */
	int64_t poll;
	/* The source's stratum [usually 0 to 15; None: no sample; libchrony: stratum] */
	uint64_t stratum;
	/* Result of the selection for the source [SourceState; libchrony: state] */
	uint64_t state;
	/* What kind of source it is [SourceMode; libchrony: mode] */
	uint64_t mode;
	/* Selection options; chronyd from 4.0 on sends none here: see get_select_data() [SelectOptions; libchrony: flags] */
	uint64_t flags;
	/* Which of the last eight polls brought a valid response from a synchronised server, or a sample of a reference clock [bits, 0 to 0o377, the lowest bit the latest; libchrony: reachability] */
	uint64_t reachability;
	/* Age of the last good sample; below 0 for a moment after another program has set the clock back [seconds, usually 0 or more; None: never; libchrony: last sample ago] */
	int64_t last_sample_ago;
	/* Offset of the last sample as it was measured [seconds, finite; > 0: the system clock was fast of the source; None: no sample; libchrony: original last sample offset] */
	double orig_latest_meas;
	/* Offset of the last sample, with the clock's corrections since applied [seconds, finite; > 0: the system clock is fast of the source; None: no sample; libchrony: adjusted last sample offset] */
	double latest_meas;
	/* Error bound of the last sample [seconds, 0 or more; None: no sample; libchrony: last sample error] */
	double latest_meas_err;
} PyChrony_Source;

/* Statistics of one source: a record of chronyd's sourcestats report. */
typedef struct {
	/* The source's reference ID [0 to 0xffffffff; libchrony: reference ID] */
	uint64_t reference_id;
	/* The source's address, as in Source.address; for a reference clock its name ("GPS") [str; libchrony: address] */
	char address[64];
	/* Samples in use [count; libchrony: samples] */
	uint64_t samples;
	/* Runs of residuals of one sign; few runs for the number of samples mean that a straight line does not fit them well [count; libchrony: runs] */
	uint64_t runs;
	/* Time between the oldest and the newest sample [seconds, 0 or more; libchrony: span] */
	uint64_t span;
	/* Standard deviation of the samples [seconds, 0 or more; None: no regression; libchrony: standard deviation] */
	double std_dev;
	/* Frequency of the system clock, as chronyd corrects it, relative to the source's [ppm, finite; > 0: the system clock gains on the source; None: no regression; libchrony: residual frequency] */
	double resid_freq;
	/* Error bound of the frequency [ppm, 0 or more; None: no regression; libchrony: skew] */
	double skew;
	/* Estimated offset of the source [seconds, finite; > 0: the system clock is fast of the source; None: no samples; libchrony: offset] */
	double offset;
	/* Error bound of the offset, with 4 s added while there is no regression; below 0 for a moment after another program has set the clock back [seconds, finite; usually 0 or more; None: no samples; libchrony: offset error] */
	double offset_err;
} PyChrony_SourceStats;

/* The real-time clock compared with the system clock: chronyd's rtcdata report. */
typedef struct {
	/* When the real-time clock was last compared [seconds since 1970 (UTC), float; ref_time_ns has it in nanoseconds; None: no regression yet; libchrony: reference time] */
	double ref_time;
	/* Comparisons in use [count; libchrony: samples] */
	uint64_t samples;
	/* Runs of residuals of one sign [count; libchrony: runs] */
	uint64_t runs;
	/* Time the comparisons cover [seconds, 0 or more; libchrony: span] */
	uint64_t span;
	/* Estimated offset of the real-time clock [seconds, finite; > 0: the real-time clock is fast; None: no regression yet; libchrony: offset] */
	double offset;
	/* Rate at which the real-time clock drifts [ppm, finite; > 0: the real-time clock gains time; None: no regression yet; libchrony: frequency offset] */
	double freq_offset;
	/* When the real-time clock was last compared; an attribute, not an item [nanoseconds since 1970 (UTC), None: no regression yet; libchrony: reference time] */
	int64_t ref_time_ns;
} PyChrony_RTCData;

/* The smoothing of the time served to clients: chronyd's smoothing report. */
typedef struct {
	/* Whether smoothing is active, and for what [SmoothingFlags; libchrony: flags] */
	uint64_t flags;
	/* Offset applied to the time that is served [seconds, finite; > 0: clients are served a time ahead of the true one; libchrony: offset] */
	double offset;
	/* Frequency offset of the time that is served [ppm, finite; < 0: the served time runs slow; libchrony: frequency offset] */
	double freq_offset;
	/* Rate at which the frequency offset changes [ppm per second, finite; < 0: the served time is slowing down; libchrony: wander] */
	double wander;
	/* Age of the last update [seconds, 0 or more; None: not active; libchrony: last update ago] */
	double last_update_ago;
	/* Time until the smoothing is finished, if nothing further happens [seconds, 0 or more; libchrony: remaining time] */
	double remaining_time;
} PyChrony_Smoothing;

/* How many NTP sources are in which state: chronyd's activity report. */
typedef struct {
	/* Sources that are polled [count; libchrony: online sources] */
	uint64_t online;
	/* Sources that are not polled at present [count; libchrony: offline sources] */
	uint64_t offline;
	/* Sources in a burst of polls, online after it [count; libchrony: burst online-return sources] */
	uint64_t burst_online;
	/* Sources in a burst of polls, offline after it [count; libchrony: burst offline-return sources] */
	uint64_t burst_offline;
	/* Sources whose name is not resolved yet [count; libchrony: unresolved sources] */
	uint64_t unresolved;
} PyChrony_Activity;

/* What chronyd has done as a server since it was started: its serverstats report.
 *
 * Fields that only newer chronyds send are None where they are missing. */
typedef struct {
	/* NTP requests received [count; libchrony: received NTP requests] */
	uint64_t received_ntp_requests;
	/* NTP requests dropped by rate limiting [count; libchrony: dropped NTP requests] */
	uint64_t dropped_ntp_requests;
	/* Requests for reports and commands received, on the command port and the Unix socket [count; libchrony: received command requests] */
	uint64_t received_command_requests;
	/* Requests on the command port dropped by rate limiting [count; libchrony: dropped command requests] */
	uint64_t dropped_command_requests;
	/* Records of clients dropped to keep within the memory limit [count; libchrony: dropped client log records] */
	uint64_t dropped_client_log_records;
	/* NTS key establishments accepted [count, or None; libchrony: accepted NTS-KE connections] */
	uint64_t accepted_nts_ke_connections;
	/* NTS key establishments dropped by rate limiting [count, or None; libchrony: dropped NTS-KE connections] */
	uint64_t dropped_nts_ke_connections;
	/* NTP requests that were authenticated [count, or None; libchrony: received authenticated NTP requests] */
	uint64_t received_authenticated_ntp_requests;
	/* NTP requests in the interleaved mode [count, or None; libchrony: received interleaved NTP requests] */
	uint64_t received_interleaved_ntp_requests;
	/* Timestamps held for clients in the interleaved mode [count, or None; libchrony: held NTP timestamps] */
	uint64_t held_ntp_timestamps;
	/* Time that the held timestamps cover [seconds, 0 or more, or None; libchrony: NTP timestamp span] */
	uint64_t ntp_timestamp_span;
	/* Responses with a receive timestamp taken by the daemon [count, or None; libchrony: served daemon RX timestamps] */
	uint64_t served_daemon_rx_timestamps;
	/* Responses with a transmit timestamp taken by the daemon [count, or None; libchrony: served daemon TX timestamps] */
	uint64_t served_daemon_tx_timestamps;
	/* Responses with a receive timestamp taken by the kernel [count, or None; libchrony: served kernel RX timestamps] */
	uint64_t served_kernel_rx_timestamps;
	/* Responses with a transmit timestamp taken by the kernel [count, or None; libchrony: served kernel TX timestamps] */
	uint64_t served_kernel_tx_timestamps;
	/* Responses with a receive timestamp taken by the hardware [count, or None; libchrony: served hardware RX timestamps] */
	uint64_t served_hardware_rx_timestamps;
	/* Responses with a transmit timestamp taken by the hardware [count, or None; libchrony: served hardware TX timestamps] */
	uint64_t served_hardware_tx_timestamps;
} PyChrony_ServerStats;

/* The last valid response of one NTP source, and what it measured: a record of chronyd's ntpdata report.
 *
 * Fields that only newer chronyds send are None where they are missing. */
typedef struct {
	/* The source's address, as in Source.address [str; libchrony: address] */
	char address[64];
	/* Address of the server; before chronyd 4.3, None until the first valid response [str or None; libchrony: remote address] */
	char remote_address[64];
	/* Local address of the exchange; None before the first valid response [str or None; libchrony: local address] */
	char local_address[64];
	/* Port of the server [0 to 65535; libchrony: remote port] */
	uint64_t remote_port;
	/* Whether the server announces a leap second [LeapStatus; None: no valid response; libchrony: leap status] */
	uint64_t leap_status;
	/* NTP version of the response [0 to 7; None: no valid response; libchrony: version] */
	uint64_t version;
	/* NTP mode of the response [NTPMode; libchrony: mode] */
	uint64_t mode;
	/* The server's stratum, as its packet has it; 0 and more than 15 are not valid [0 to 255; None: no valid response; libchrony: stratum] */
	uint64_t stratum;
	/* Polling interval in the response [log2 seconds, None: no valid response; libchrony: poll] */
	int64_t poll;
	/* Precision of the server's clock [log2 seconds, None: no valid response; libchrony: precision] */
	int64_t precision;
	/* The server's network delay to its primary source [seconds, 0 or more; None: no valid response; libchrony: root delay] */
	double root_delay;
	/* The server's dispersion to its primary source [seconds, 0 or more; None: no valid response; libchrony: root dispersion] */
	double root_dispersion;
	/* ID of the server's own source [0 to 0xffffffff; None: no valid response; libchrony: reference ID] */
	uint64_t reference_id;
	/* When the server's clock was last updated [seconds since 1970 (UTC), float; ref_time_ns has it in nanoseconds; None: never, or no valid response; libchrony: reference time] */
	double ref_time;
	/* Offset measured [seconds, finite; > 0: the system clock was slow of the server; None: not measured; libchrony: offset] */
	double offset;
	/* Measured round-trip network delay [seconds, 0 or more; None: not measured; libchrony: peer delay] */
	double peer_delay;
	/* Dispersion of the measurement [seconds, 0 or more; None: not measured; libchrony: peer dispersion] */
	double peer_dispersion;
	/* Time the server took to respond [seconds, 0 or more; None: not measured; libchrony: response time] */
	double response_time;
	/* Estimated asymmetry of the network's jitter [ratio, finite; -0.5 to 0.5 as chronyd computes it; < 0: more on the way to the source; None: not measured; libchrony: jitter asymmetry] */
	double jitter_asymmetry;
	/* Which tests the response passed, and whether it was interleaved and authenticated [NTPFlags; libchrony: flags] */
	uint64_t flags;
	/* What took the timestamp of our request [Timestamping; libchrony: transmit timestamping] */
	uint64_t transmit_timestamping;
	/* What took the timestamp of the response [Timestamping; libchrony: receive timestamping] */
	uint64_t receive_timestamping;
	/* Packets sent to the source [count; libchrony: transmitted messages] */
	uint64_t transmitted_messages;
	/* Packets received from the source [count; libchrony: received messages] */
	uint64_t received_messages;
	/* Packets received that passed the tests of the packet [count; libchrony: received valid messages] */
	uint64_t received_valid_messages;
	/* Packets received that passed all tests and were used; None before chronyd 4.3 [count, or None; libchrony: received good messages] */
	uint64_t received_good_messages;
	/* Transmit timestamps taken by the kernel [count, or None; libchrony: kernel transmit timestamps] */
	uint64_t kernel_transmit_timestamps;
	/* Receive timestamps taken by the kernel [count, or None; libchrony: kernel receive timestamps] */
	uint64_t kernel_receive_timestamps;
	/* Transmit timestamps taken by the hardware [count, or None; libchrony: hardware transmit timestamps] */
	uint64_t hardware_transmit_timestamps;
	/* Receive timestamps taken by the hardware [count, or None; libchrony: hardware receive timestamps] */
	uint64_t hardware_receive_timestamps;
	/* When the server's clock was last updated; an attribute, not an item [nanoseconds since 1970 (UTC), None: never, or no valid response; libchrony: reference time] */
	int64_t ref_time_ns;
} PyChrony_NTPData;

/* How one NTP source is authenticated: a record of chronyd's authdata report. */
typedef struct {
	/* The source's address, as in Source.address [str; libchrony: address] */
	char address[64];
	/* Means of authentication [AuthMode; libchrony: mode] */
	uint64_t mode;
	/* Type of the key [KeyType; libchrony: key type] */
	uint64_t key_type;
	/* ID of the key [0 to 0xffffffff; libchrony: key ID] */
	uint64_t key_id;
	/* Length of the key [bits; libchrony: key length] */
	uint64_t key_length;
	/* NTS key establishments tried since the last that succeeded [count; libchrony: key establishment attempts] */
	uint64_t key_establishment_attempts;
	/* Age of the last NTS key establishment that succeeded [seconds, 0 or more; None: never; libchrony: last key establishment ago] */
	uint64_t last_key_establishment_ago;
	/* NTS cookies available [count; libchrony: cookies] */
	uint64_t cookies;
	/* Length of an NTS cookie [bytes; libchrony: cookie length] */
	uint64_t cookie_length;
	/* Whether the server refused the last request because it lacked the keys (NTS NAK) [bool; libchrony: NAK] */
	uint64_t nak;
} PyChrony_AuthData;

/* One source in chronyd's source selection: a record of chronyd's selectdata report. */
typedef struct {
	/* The source's reference ID [0 to 0xffffffff; libchrony: reference ID] */
	uint64_t reference_id;
	/* The source's address, as in Source.address [str; libchrony: address] */
	char address[64];
	/* How far the source got in the selection [SelectState; libchrony: state] */
	uint64_t state;
	/* Whether the source is authenticated [bool; libchrony: authentication] */
	uint64_t authentication;
	/* Whether the source announces a leap second [LeapStatus; libchrony: leap status] */
	uint64_t leap_status;
	/* Selection options in the configuration [SelectOptions; libchrony: configured options] */
	uint64_t configured_options;
	/* Selection options in force [SelectOptions; libchrony: effective options] */
	uint64_t effective_options;
	/* Age of the last sample at the last selection [seconds, usually 0 or more; None: no sample, or the option noselect; libchrony: last sample ago] */
	int64_t last_sample_ago;
	/* Score against the selected source: a source with more than 10 takes its place [ratio, 0 or more; None: no sample, or the option noselect; libchrony: score] */
	double score;
	/* Lower end of the interval in which the clock's offset lies [seconds, finite; > 0: the system clock is fast of the source; None: no sample, or the option noselect; libchrony: low limit] */
	double low_limit;
	/* Upper end of the interval in which the clock's offset lies [seconds, finite; > 0: the system clock is fast of the source; None: no sample, or the option noselect; libchrony: high limit] */
	double high_limit;
} PyChrony_SelectData;

/*
 * The functions, in the order of the table of pychrony.h, which expands this with a macro for each shape.
 *
 * ONE and IF_ENABLED fill one record, LIST allocates them.
 */
#define PYCHRONY_FUNCTIONS(ONE, IF_ENABLED, LIST) \
	ONE(GetTracking, PyChrony_Tracking) \
	LIST(GetSources, PyChrony_Source) \
	LIST(GetSourceStats, PyChrony_SourceStats) \
	IF_ENABLED(GetRtcData, PyChrony_RTCData) \
	IF_ENABLED(GetSmoothing, PyChrony_Smoothing) \
	ONE(GetActivity, PyChrony_Activity) \
	ONE(GetServerStats, PyChrony_ServerStats) \
	LIST(GetNtpData, PyChrony_NTPData) \
	LIST(GetAuthData, PyChrony_AuthData) \
	LIST(GetSelectData, PyChrony_SelectData)

#endif
