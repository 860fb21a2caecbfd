/* libchrony as the C programs here call it: opened by path, with its functions in one table; and the fields of reports. */

#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include <chrony.h>

#define LIBRARY_FUNCTIONS(apply) \
	apply(open_socket) apply(close_socket) apply(get_error_string) apply(init_session) apply(deinit_session) \
	apply(needs_response) apply(process_response) apply(request_report_number_records) \
	apply(get_report_number_records) apply(request_record) apply(get_field_index) apply(get_field_type) \
	apply(get_field_uinteger) apply(get_field_integer) apply(get_field_float) apply(get_field_timespec) \
	apply(get_field_string)

/* A pointer to each function, of exactly the type of its prototype. */
#define LIBRARY_MEMBER(name) __typeof__(&chrony_##name) name;
struct library {
	LIBRARY_FUNCTIONS(LIBRARY_MEMBER)
};

struct report {
	const char *name;
	bool is_list;
	const char *fields[16]; /* libchrony's names for them; NULL ends the list */
};

struct connection {
	chrony_session *session;
	int fd;
};

/* How long an answer may take, in milliseconds. */
enum { PATIENCE = 3000 };

extern struct library chrony;

/* Opens the library at this path and looks up its functions; the program ends if that fails. */
void library_open(const char *path);

/* The report of this name, or NULL. */
const struct report *report_named(const char *name);

/* A connection to this address, with a session on it. The program ends if either fails. */
struct connection connect_to(const char *address);
void disconnect(const struct connection *connection);

/* Waits for the answer to the last request, and takes it. */
void take_answer(const struct connection *connection);

/* Asks for a record, and takes the answer. */
void request_record(const struct connection *connection, const struct report *report, int record);

/* Reads each field of the record that was received last: index by name, type, value. */
void read_fields(chrony_session *session, const struct report *report);

/* Prints what failed, and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* Ends the program unless libchrony reported success. */
void expect_ok(chrony_err error, const char *call);

/* A clock's time in seconds. */
double seconds(clockid_t clock);

/* User and system time of this process, in seconds. */
double cpu_time(void);

#endif
