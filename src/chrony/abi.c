/*
 * What only the C compiler knows: how this platform lays out struct timespec, and how a function returns one by value.
 *
 * Where libchrony's header is installed, the compiler also checks the declarations below against it. A test in raw.rs
 * checks the declarations there against these.
 */

#include <stdint.h>
#include <time.h>

typedef struct timespec timespec_getter(void *session, int field);

/* Calls libchrony's chrony_get_field_timespec(), which Rust cannot declare without knowing time_t. */
void pychrony_field_timespec(timespec_getter *get, void *session, int field, int64_t *seconds, int64_t *nanoseconds);

void pychrony_field_timespec(timespec_getter *get, void *session, int field, int64_t *seconds, int64_t *nanoseconds) {
	struct timespec time = get(session, field);

	*seconds = time.tv_sec;
	*nanoseconds = time.tv_nsec;
}

#if defined(__has_include)
#if __has_include(<chrony.h>)
#include <chrony.h>

#define DECLARED(function, type) \
	_Static_assert(__builtin_types_compatible_p(__typeof__(function), type), #function " is declared otherwise")
#define NUMBERED(constant, value) _Static_assert((constant) == (value), #constant " has another number")

DECLARED(chrony_open_socket, int(const char *));
DECLARED(chrony_close_socket, void(int));
DECLARED(chrony_init_session, chrony_err(chrony_session **, int));
DECLARED(chrony_deinit_session, void(chrony_session *));
DECLARED(chrony_needs_response, bool(chrony_session *));
DECLARED(chrony_process_response, chrony_err(chrony_session *));
DECLARED(chrony_get_number_supported_reports, int(void));
DECLARED(chrony_get_report_name, const char *(int));
DECLARED(chrony_request_report_number_records, chrony_err(chrony_session *, const char *));
DECLARED(chrony_get_report_number_records, int(chrony_session *));
DECLARED(chrony_request_record, chrony_err(chrony_session *, const char *, int));
DECLARED(chrony_get_record_number_fields, int(chrony_session *));
DECLARED(chrony_get_field_name, const char *(chrony_session *, int));
DECLARED(chrony_get_field_index, int(chrony_session *, const char *));
DECLARED(chrony_get_field_type, chrony_field_type(chrony_session *, int));
DECLARED(chrony_get_field_uinteger, uint64_t(chrony_session *, int));
DECLARED(chrony_get_field_integer, int64_t(chrony_session *, int));
DECLARED(chrony_get_field_float, double(chrony_session *, int));
DECLARED(chrony_get_field_timespec, struct timespec(chrony_session *, int));
DECLARED(chrony_get_field_string, const char *(chrony_session *, int));
_Static_assert(sizeof(chrony_err) == sizeof(int), "chrony_err is not an int");
_Static_assert(sizeof(chrony_field_type) == sizeof(int), "chrony_field_type is not an int");
NUMBERED(CHRONY_OK, 0);
NUMBERED(CHRONY_SEND_FAILED, 5);
NUMBERED(CHRONY_RECV_FAILED, 6);
NUMBERED(CHRONY_UNAUTHORIZED, 9);
NUMBERED(CHRONY_DISABLED, 10);
NUMBERED(CHRONY_UNEXPECTED_STATUS, 11);
NUMBERED(CHRONY_INVALID_RESPONSE, 14);
NUMBERED(CHRONY_TYPE_NONE, 0);
NUMBERED(CHRONY_TYPE_UINTEGER, 1);
NUMBERED(CHRONY_TYPE_INTEGER, 2);
NUMBERED(CHRONY_TYPE_FLOAT, 3);
NUMBERED(CHRONY_TYPE_TIMESPEC, 4);
NUMBERED(CHRONY_TYPE_STRING, 5);
#endif
#endif
