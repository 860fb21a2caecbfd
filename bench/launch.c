/*
 * Runs a program to its end, and says what that cost.
 *
 * Usage: launch PROGRAM [ARGUMENT...]. It prints a line of JSON: wall and CPU seconds, and peak resident memory in bytes.
 * It is a small program in C because the memory of the process that starts another counts as that other's own.
 */

#define _GNU_SOURCE

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double monotonic(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static double in_seconds(struct timeval time) {
	return time.tv_sec + time.tv_usec / 1e6;
}

int main(int argc, char **argv) {
	posix_spawn_file_actions_t files;
	struct rusage usage;
	double wall;
	pid_t process;
	int error, status;

	if (argc < 2) {
		fprintf(stderr, "usage: %s PROGRAM [ARGUMENT...]\n", argv[0]);
		return 2;
	}
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	wall = monotonic();
	error = posix_spawnp(&process, argv[1], &files, NULL, argv + 1, environ);
	if (error != 0) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(error));
		return 1;
	}
	if (wait4(process, &status, 0, &usage) != process) {
		perror("wait4");
		return 1;
	}
	wall = monotonic() - wall;
	if (status != 0) {
		fprintf(stderr, "%s: wait status %d\n", argv[1], status);
		return 1;
	}
	printf("{\"wall\": %.9f, \"cpu\": %.6f, \"resident\": %ld}\n", wall,
	       in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime), usage.ru_maxrss * 1024);
	return 0;
}
