/*
 * The floor: the calls to libchrony that any binding makes, made from C, and nothing else.
 *
 * Usage: floor LIBRARY. It reads lines "REPORT MODE ADDRESS CALLS" from its input, MODE being "call" (a session for each
 * call) or "connection" (one for all), and answers each with a line of JSON: seconds per call, wall and CPU.
 */

#include "library.h"

#include <stdio.h>
#include <string.h>

static void ask_record(const struct connection *connection, const struct report *report, int record) {
	request_record(connection, report, record);
	read_fields(connection->session, report);
}

static void ask(const struct connection *connection, const struct report *report) {
	int records = 1;

	if (report->is_list) {
		expect_ok(chrony.request_report_number_records(connection->session, report->name), "request_report_number_records");
		take_answer(connection);
		records = chrony.get_report_number_records(connection->session);
	}
	for (int record = 0; record < records; record++)
		ask_record(connection, report, record);
}

static void ask_anew(const char *address, const struct report *report) {
	struct connection connection = connect_to(address);

	ask(&connection, report);
	disconnect(&connection);
}

int main(int argc, char **argv) {
	char line[512], name[32], mode[32], address[128];
	long calls;

	if (argc != 2)
		fail("usage: %s LIBRARY", argv[0]);
	library_open(argv[1]);
	while (fgets(line, sizeof line, stdin) != NULL) {
		const struct report *report;
		struct connection connection;
		double wall, cpu;
		bool each;

		if (sscanf(line, "%31s %31s %127s %ld", name, mode, address, &calls) != 4 || calls < 1)
			fail("not understood: %s", line);
		report = report_named(name);
		each = strcmp(mode, "call") == 0;
		if (report == NULL || (!each && strcmp(mode, "connection") != 0))
			fail("not understood: %s", line);
		connection = connect_to(address);
		ask(&connection, report);
		wall = seconds(CLOCK_MONOTONIC);
		cpu = cpu_time();
		for (long i = 0; i < calls; i++) {
			if (each)
				ask_anew(address, report);
			else
				ask(&connection, report);
		}
		cpu = cpu_time() - cpu;
		wall = seconds(CLOCK_MONOTONIC) - wall;
		disconnect(&connection);
		printf("{\"wall\": %.9f, \"cpu\": %.9f}\n", wall / calls, cpu / calls);
		fflush(stdout);
	}
	return 0;
}
