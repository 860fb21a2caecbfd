/*
 * Reads a list over several sessions at once, each with one request in flight: what overlapping the round trips would gain.
 *
 * Usage: overlap LIBRARY ADDRESS REPORT SESSIONS LISTS. It prints a line of JSON: the seconds it takes to open the sessions,
 * and wall and CPU seconds per list once they are open.
 */

#include "library.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

static chrony_session *sessions[MOST];
static struct pollfd sockets[MOST];
static int count;

static void open_sessions(const char *address) {
	for (int i = 0; i < count; i++) {
		sockets[i].fd = chrony.open_socket(address);
		if (sockets[i].fd < 0)
			fail("%s: %s", address, strerror(errno));
		expect_ok(chrony.init_session(&sessions[i], sockets[i].fd), "init_session");
	}
}

static void close_sessions(void) {
	for (int i = 0; i < count; i++) {
		chrony.deinit_session(sessions[i]);
		chrony.close_socket(sockets[i].fd);
	}
}

/* Waits until one of the requests in flight is answered, and takes the answers that are there. */
static void wait_for_answers(void) {
	if (poll(sockets, count, PATIENCE) <= 0)
		fail("no answer");
	for (int i = 0; i < count; i++)
		if (sockets[i].revents != 0)
			expect_ok(chrony.process_response(sessions[i]), "process_response");
}

static int ask_count(const struct report *report) {
	expect_ok(chrony.request_report_number_records(sessions[0], report->name), "request_report_number_records");
	sockets[0].events = POLLIN;
	while (chrony.needs_response(sessions[0]))
		wait_for_answers();
	sockets[0].events = 0;
	return chrony.get_report_number_records(sessions[0]);
}

static void ask_record(int session, const struct report *report, int record) {
	expect_ok(chrony.request_record(sessions[session], report->name, record), "request_record");
	sockets[session].events = POLLIN;
}

static void ask_list(const struct report *report) {
	int records = ask_count(report), asked = 0, answered = 0;

	for (int i = 0; i < count && asked < records; i++)
		ask_record(i, report, asked++);
	while (answered < records) {
		wait_for_answers();
		for (int i = 0; i < count; i++) {
			if (sockets[i].events == 0 || chrony.needs_response(sessions[i]))
				continue;
			read_fields(sessions[i], report);
			answered++;
			sockets[i].events = 0;
			if (asked < records)
				ask_record(i, report, asked++);
		}
	}
}

int main(int argc, char **argv) {
	const struct report *report;
	double opening, wall, cpu;
	long lists;

	if (argc != 6)
		fail("usage: %s LIBRARY ADDRESS REPORT SESSIONS LISTS", argv[0]);
	library_open(argv[1]);
	report = report_named(argv[3]);
	count = atoi(argv[4]);
	lists = atol(argv[5]);
	if (report == NULL || count < 1 || count > MOST || lists < 1)
		fail("not understood");

	opening = seconds(CLOCK_MONOTONIC);
	open_sessions(argv[2]);
	opening = seconds(CLOCK_MONOTONIC) - opening;
	ask_list(report);
	wall = seconds(CLOCK_MONOTONIC);
	cpu = cpu_time();
	for (long i = 0; i < lists; i++)
		ask_list(report);
	cpu = cpu_time() - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	close_sessions();
	printf("{\"open\": %.9f, \"wall\": %.9f, \"cpu\": %.9f}\n", opening, wall / lists, cpu / lists);
	return 0;
}
