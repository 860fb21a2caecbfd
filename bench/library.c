#define _GNU_SOURCE

#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct library chrony;

static const struct report REPORTS[] = {
	{"tracking",
	 false,
	 {"reference ID", "address", "stratum", "leap status", "reference time", "current correction", "last offset",
	  "RMS offset", "frequency offset", "residual frequency", "skew", "root delay", "root dispersion",
	  "last update interval"}},
	{"sources",
	 true,
	 {"address", "poll", "stratum", "state", "mode", "flags", "reachability", "last sample ago",
	  "original last sample offset", "adjusted last sample offset", "last sample error"}},
	{"sourcestats",
	 true,
	 {"reference ID", "address", "samples", "runs", "span", "standard deviation", "residual frequency", "skew", "offset",
	  "offset error"}},
};

void fail(const char *format, ...) {
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(1);
}

static void *look_up(void *library, const char *name) {
	void *function = dlsym(library, name);

	if (function == NULL)
		fail("%s", dlerror());
	return function;
}

void library_open(const char *path) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		fail("%s", dlerror());
#define LIBRARY_LOOK_UP(name) chrony.name = (__typeof__(chrony.name))look_up(library, "chrony_" #name);
	LIBRARY_FUNCTIONS(LIBRARY_LOOK_UP)
}

const struct report *report_named(const char *name) {
	for (size_t i = 0; i < sizeof REPORTS / sizeof *REPORTS; i++)
		if (strcmp(REPORTS[i].name, name) == 0)
			return &REPORTS[i];
	return NULL;
}

void expect_ok(chrony_err error, const char *call) {
	if (error != CHRONY_OK)
		fail("%s: %s", call, chrony.get_error_string(error));
}

struct connection connect_to(const char *address) {
	struct connection made;

	made.fd = chrony.open_socket(address);
	if (made.fd < 0)
		fail("%s: %s", address, strerror(errno));
	expect_ok(chrony.init_session(&made.session, made.fd), "init_session");
	return made;
}

void disconnect(const struct connection *connection) {
	chrony.deinit_session(connection->session);
	chrony.close_socket(connection->fd);
}

void take_answer(const struct connection *connection) {
	struct pollfd ready = {.fd = connection->fd, .events = POLLIN};

	while (chrony.needs_response(connection->session)) {
		if (poll(&ready, 1, PATIENCE) <= 0)
			fail("no answer");
		expect_ok(chrony.process_response(connection->session), "process_response");
	}
}

void request_record(const struct connection *connection, const struct report *report, int record) {
	expect_ok(chrony.request_record(connection->session, report->name, record), "request_record");
	take_answer(connection);
}

/* Where the values go, so that the compiler cannot leave a read out. */
static volatile double sink;

void read_fields(chrony_session *session, const struct report *report) {
	for (const char *const *name = report->fields; *name != NULL; name++) {
		int index = chrony.get_field_index(session, *name);
		const char *text;
		struct timespec time;

		switch (chrony.get_field_type(session, index)) {
		case CHRONY_TYPE_UINTEGER:
			sink = chrony.get_field_uinteger(session, index);
			break;
		case CHRONY_TYPE_INTEGER:
			sink = chrony.get_field_integer(session, index);
			break;
		case CHRONY_TYPE_FLOAT:
			sink = chrony.get_field_float(session, index);
			break;
		case CHRONY_TYPE_TIMESPEC:
			time = chrony.get_field_timespec(session, index);
			sink = time.tv_sec + time.tv_nsec / 1e9;
			break;
		case CHRONY_TYPE_STRING:
			text = chrony.get_field_string(session, index);
			sink = text != NULL ? *text : 0;
			break;
		default:
			fail("%s: no field \"%s\"", report->name, *name);
		}
	}
}

double seconds(clockid_t clock) {
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

double cpu_time(void) {
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
