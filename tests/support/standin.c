/* A stand-in for libchrony: it serves one tracking record from a table, and speaks to nobody.
 *
 * OMIT_<function>, when it is compiled, leaves a function out. What it does otherwise is chosen when it runs, by variables of
 * the environment, each with STANDIN_ before its name:
 *   FIELD_MISSING     a record without the field of this name
 *   FIELD             change the field of this name:
 *     TYPE_IS, UINTEGER_IS, FLOAT_IS, SECONDS_IS, NANOSECONDS_IS
 *   EXTRA_REPORT      offer a further report, "weather", that nobody knows
 *   WITHOUT_REPORT    do not know the report of this name
 *   OPEN_FAILS_WITH, INIT_SESSION_IS, REQUEST_IS, RESPONSE_IS   an errno, or a chrony_err, as a number
 */

#include "chrony.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
	const char *name;
	chrony_field_type type;
	chrony_field_content content;
	uint64_t uinteger;
	int64_t integer;
	double floating;
	struct timespec time;
	const char *string;
} Field;

typedef struct {
	const char *name;
	const Field *fields;
} Report;

struct chrony_session {
	int fd;
	bool waiting;
	const Report *report;
	int count;
	Field fields[32];
};

#define UINTEGER(name, content, value) { name, CHRONY_TYPE_UINTEGER, CHRONY_CONTENT_##content, .uinteger = value }
#define INTEGER(name, content, value) { name, CHRONY_TYPE_INTEGER, CHRONY_CONTENT_##content, .integer = value }
#define FLOATING(name, content, value) { name, CHRONY_TYPE_FLOAT, CHRONY_CONTENT_##content, .floating = value }
#define TIMESPEC(name, s, ns) { name, CHRONY_TYPE_TIMESPEC, CHRONY_CONTENT_TIME, .time = { s, ns } }
#define STRING(name, content, value) { name, CHRONY_TYPE_STRING, CHRONY_CONTENT_##content, .string = value }

static const Field tracking[] = {
	UINTEGER("reference ID", REFERENCE_ID, 0xC0000201),
	STRING("address", ADDRESS, "192.0.2.1"),
	UINTEGER("stratum", COUNT, 3),
	UINTEGER("leap status", ENUM, 0),
	TIMESPEC("reference time", 1700000000, 123456789),
	FLOATING("current correction", OFFSET_SECONDS, 0.000244140625),
	FLOATING("last offset", OFFSET_SECONDS, -0.0001220703125),
	FLOATING("RMS offset", MEASURE_SECONDS, 0.00006103515625),
	FLOATING("frequency offset", OFFSET_PPM, -12.5),
	FLOATING("residual frequency", OFFSET_PPM, 0.03125),
	FLOATING("skew", MEASURE_PPM, 0.25),
	FLOATING("root delay", MEASURE_SECONDS, 0.015625),
	FLOATING("root dispersion", MEASURE_SECONDS, 0.001953125),
	FLOATING("last update interval", INTERVAL_SECONDS, 64.5),
	{ NULL }
};

static const Field activity[] = {
	UINTEGER("online sources", COUNT, 3),
	UINTEGER("offline sources", COUNT, 1),
	UINTEGER("burst online-return sources", COUNT, 0),
	UINTEGER("burst offline-return sources", COUNT, 0),
	UINTEGER("unresolved sources", COUNT, 2),
	{ NULL }
};

static const Field weather[] = {
	STRING("station", NONE, "Greenwich"),
	INTEGER("temperature", NONE, -7),
	UINTEGER("humidity", NONE, 81),
	FLOATING("pressure", RATIO, 1.5),
	TIMESPEC("measured", 1700000000, 5),
	{ NULL }
};

static const Report reports[] = {
	{ "tracking", tracking },
	{ "activity", activity },
	{ "weather", weather },
};

/* The other ends of the sockets handed out, each with a byte waiting to be read. */
static int peers[1024];

/* What was chosen; NULL where nothing was. */
static const char *option(const char *name) {
	char variable[64] = "STANDIN_";

	return getenv(strncat(variable, name, sizeof (variable) - sizeof ("STANDIN_")));
}

static bool chosen(const char *name, const char *value) {
	const char *given = option(name);

	return given && strcmp(given, value) == 0;
}

/* The chrony_err or errno that was chosen; 0 where none was. */
static int failure(const char *name) {
	const char *given = option(name);

	return given ? atoi(given) : 0;
}

static int number_reports(void) {
	return (int)(sizeof (reports) / sizeof (reports[0])) - !option("EXTRA_REPORT");
}

static const Report *find_report(const char *name) {
	if (chosen("WITHOUT_REPORT", name))
		return NULL;
	for (int i = 0; i < number_reports(); i++) {
		if (strcmp(reports[i].name, name) == 0)
			return &reports[i];
	}
	return NULL;
}

static void change(Field *field) {
	const char *given;

	if ((given = option("TYPE_IS")))
		field->type = (chrony_field_type)atoi(given);
	if ((given = option("UINTEGER_IS")))
		field->uinteger = strtoull(given, NULL, 0);
	if ((given = option("FLOAT_IS")))
		field->floating = strtod(given, NULL);
	if ((given = option("SECONDS_IS")))
		field->time.tv_sec = strtoll(given, NULL, 0);
	if ((given = option("NANOSECONDS_IS")))
		field->time.tv_nsec = strtol(given, NULL, 0);
}

static void fill_record(chrony_session *session) {
	session->count = 0;
	for (const Field *f = session->report->fields; f->name; f++) {
		if (chosen("FIELD_MISSING", f->name))
			continue;
		session->fields[session->count] = *f;
		if (chosen("FIELD", f->name))
			change(&session->fields[session->count]);
		session->count++;
	}
}

static const Field *get_field(chrony_session *session, int field) {
	return field >= 0 && field < session->count ? &session->fields[field] : NULL;
}

#ifndef OMIT_chrony_open_socket
int chrony_open_socket(const char *address) {
	int ends[2];

	(void)address;
	errno = failure("OPEN_FAILS_WITH");
	if (errno != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0)
		return -1;
	if (ends[0] >= (int)(sizeof (peers) / sizeof (peers[0])) || send(ends[1], "x", 1, 0) != 1) {
		close(ends[0]);
		close(ends[1]);
		errno = EMFILE;
		return -1;
	}
	peers[ends[0]] = ends[1];
	return ends[0];
}
#endif

#ifndef OMIT_chrony_close_socket
void chrony_close_socket(int fd) {
	close(peers[fd]);
	close(fd);
}
#endif

#ifndef OMIT_chrony_get_error_string
const char *chrony_get_error_string(chrony_err error) {
	return error == CHRONY_OK ? "CHRONY_OK" : "an error of the stand-in";
}
#endif

#ifndef OMIT_chrony_init_session
chrony_err chrony_init_session(chrony_session **session, int fd) {
	chrony_err error = failure("INIT_SESSION_IS");

	if (error != CHRONY_OK)
		return error;
	*session = calloc(1, sizeof (**session));
	if (!*session)
		return CHRONY_NO_MEMORY;
	(*session)->fd = fd;
	return CHRONY_OK;
}
#endif

#ifndef OMIT_chrony_deinit_session
void chrony_deinit_session(chrony_session *session) {
	free(session);
}
#endif

#ifndef OMIT_chrony_get_fd
int chrony_get_fd(chrony_session *session) {
	return session->fd;
}
#endif

#ifndef OMIT_chrony_needs_response
bool chrony_needs_response(chrony_session *session) {
	return session->waiting;
}
#endif

#ifndef OMIT_chrony_process_response
chrony_err chrony_process_response(chrony_session *session) {
	if (!session->waiting)
		return CHRONY_UNEXPECTED_CALL;
	session->waiting = false;
	chrony_err error = failure("RESPONSE_IS");
	if (error != CHRONY_OK)
		return error;
	fill_record(session);
	return CHRONY_OK;
}
#endif

#ifndef OMIT_chrony_get_number_supported_reports
int chrony_get_number_supported_reports(void) {
	return number_reports();
}
#endif

#ifndef OMIT_chrony_get_report_name
const char *chrony_get_report_name(int report) {
	return report >= 0 && report < number_reports() ? reports[report].name : NULL;
}
#endif

#ifndef OMIT_chrony_request_report_number_records
chrony_err chrony_request_report_number_records(chrony_session *session, const char *report) {
	(void)session;
	return find_report(report) ? CHRONY_OK : CHRONY_UNKNOWN_REPORT;
}
#endif

#ifndef OMIT_chrony_get_report_number_records
int chrony_get_report_number_records(chrony_session *session) {
	(void)session;
	return 1;
}
#endif

#ifndef OMIT_chrony_request_record
chrony_err chrony_request_record(chrony_session *session, const char *report, int record) {
	session->report = find_report(report);
	if (!session->report)
		return CHRONY_UNKNOWN_REPORT;
	if (record != 0)
		return CHRONY_INVALID_ARGUMENT;
	chrony_err error = failure("REQUEST_IS");
	if (error != CHRONY_OK)
		return error;
	session->waiting = true;
	return CHRONY_OK;
}
#endif

#ifndef OMIT_chrony_get_record_number_fields
int chrony_get_record_number_fields(chrony_session *session) {
	return session->count;
}
#endif

#ifndef OMIT_chrony_get_field_name
const char *chrony_get_field_name(chrony_session *session, int field) {
	const Field *f = get_field(session, field);

	return f ? f->name : NULL;
}
#endif

#ifndef OMIT_chrony_get_field_index
int chrony_get_field_index(chrony_session *session, const char *name) {
	for (int i = 0; i < session->count; i++) {
		if (strcmp(session->fields[i].name, name) == 0)
			return i;
	}
	return -1;
}
#endif

#ifndef OMIT_chrony_get_field_type
chrony_field_type chrony_get_field_type(chrony_session *session, int field) {
	const Field *f = get_field(session, field);

	return f ? f->type : CHRONY_TYPE_NONE;
}
#endif

#ifndef OMIT_chrony_get_field_content
chrony_field_content chrony_get_field_content(chrony_session *session, int field) {
	const Field *f = get_field(session, field);

	return f ? f->content : CHRONY_CONTENT_NONE;
}
#endif

#ifndef OMIT_chrony_get_field_uinteger
uint64_t chrony_get_field_uinteger(chrony_session *session, int field) {
	const Field *f = get_field(session, field);

	return f && f->type == CHRONY_TYPE_UINTEGER ? f->uinteger : 0;
}
#endif

#ifndef OMIT_chrony_get_field_integer
int64_t chrony_get_field_integer(chrony_session *session, int field) {
	const Field *f = get_field(session, field);

	return f && f->type == CHRONY_TYPE_INTEGER ? f->integer : 0;
}
#endif

#ifndef OMIT_chrony_get_field_float
double chrony_get_field_float(chrony_session *session, int field) {
	const Field *f = get_field(session, field);

	return f && f->type == CHRONY_TYPE_FLOAT ? f->floating : 0.0;
}
#endif

#ifndef OMIT_chrony_get_field_string
const char *chrony_get_field_string(chrony_session *session, int field) {
	const Field *f = get_field(session, field);

	return f && f->type == CHRONY_TYPE_STRING ? f->string : NULL;
}
#endif

#ifndef OMIT_chrony_get_field_timespec
struct timespec chrony_get_field_timespec(chrony_session *session, int field) {
	const Field *f = get_field(session, field);
	struct timespec none = { 0, 0 };

	return f && f->type == CHRONY_TYPE_TIMESPEC ? f->time : none;
}
#endif

#ifndef OMIT_chrony_get_field_constant_name
const char *chrony_get_field_constant_name(chrony_session *session, int field, uint64_t value) {
	(void)session;
	(void)field;
	(void)value;
	return NULL;
}
#endif
