/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mounted - a board that a torture program mounts for itself: at a directory of its own, taken down at the end however
 * that comes. For one board at a time.
 */
#ifndef MOUNTED_H
#define MOUNTED_H

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char mounted_at[64];
static pid_t mounted_by;

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "FAILED: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int run(char *const argv[])
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void unmount(void)
{
	char *const argv[] = { (char *)"fusermount3", (char *)"-uz", mounted_at, NULL };

	if (!mounted_at[0] || getpid() != mounted_by)
		return;
	run(argv);
	rmdir(mounted_at);
	mounted_at[0] = '\0';
}

/* @options: of nommufs, behind -o. */
static void mount_board(const char *options)
{
	char program[PATH_MAX];
	char *argv[] = { program, (char *)"-o", (char *)options, (char *)"none", mounted_at, NULL };
	const char *build = getenv("B");
	ssize_t length;

	if (build) {
		snprintf(program, sizeof(program), "%s/nommufs", build);
	} else {
		/* BUILD/tests/torture/NAME */
		length = readlink("/proc/self/exe", program, sizeof(program) - 1);
		program[length > 0 ? length : 0] = '\0';
		for (int i = 0; i < 3 && strrchr(program, '/'); i++)
			*strrchr(program, '/') = '\0';
		strcat(program, "/nommufs");
	}
	strcpy(mounted_at, "/tmp/nommu-torture.XXXXXX");
	if (!mkdtemp(mounted_at))
		fail("mkdtemp: %s", strerror(errno));
	if (!mounted_by)
		atexit(unmount);
	mounted_by = getpid();
	if (run(argv))
		fail("%s -o %s: it does not mount", program, options);
}

/* A figure of /proc/meminfo in KiB. */
static inline long meminfo(const char *name)
{
	char path[PATH_MAX], line[128];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/meminfo", mounted_at);
	file = fopen(path, "re");
	while (file && value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = atol(line + strlen(name) + 1);
	if (!file || value < 0)
		fail("%s: no %s", path, name);
	fclose(file);
	return value;
}

/* All RAM is back, within five seconds. */
static inline void await_free(long kib)
{
	for (int i = 0; i < 100 && meminfo("MemFree") != kib; i++)
		usleep(50000);
	if (meminfo("MemFree") != kib)
		fail("MemFree is %ld KiB, expected %ld", meminfo("MemFree"), kib);
}

#endif
