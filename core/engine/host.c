/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* Call @visit for each line of a file, without its newline, until it returns true. Longer lines come in pieces. */
static void each_line(const struct nommu_os *os, const char *path, bool (*visit)(void *arg, const char *line), void *arg)
{
	long fd = os->syscall(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0), n;
	char text[4096];
	size_t have = 0;
	bool done = false;

	if (fd < 0)
		return;
	while (!done &&
	       (n = os->syscall(SYS_read, fd, (long)text + (long)have, (long)(sizeof(text) - 1 - have), 0, 0, 0)) > 0) {
		char *at = text, *end;

		have += (size_t)n;
		text[have] = 0;
		while (!done && (end = strchr(at, '\n'))) {
			*end = 0;
			done = visit(arg, at);
			at = end + 1;
		}
		have -= (size_t)(at - text);
		memmove(text, at, have);
		if (have == sizeof(text) - 1)
			have = 0;
	}
	os->syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static bool add_available(void *arg, const char *line)
{
	static const char *const names[] = { "MemAvailable:", "SwapFree:" };
	uint64_t *bytes = arg;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(line, names[i], strlen(names[i])) == 0)
			*bytes += strtoull(line + strlen(names[i]), NULL, 10) << 10;
	return false;
}

uint64_t host_memory(const struct nommu_os *os)
{
	uint64_t bytes = 0;

	each_line(os, "/proc/meminfo", add_available, &bytes);
	return bytes ? bytes : UINT64_MAX;
}

struct overlap {
	uint64_t start, end;
	char *line;
	size_t max;
};

static bool find_overlap(void *arg, const char *line)
{
	struct overlap *overlap = arg;
	char *dash;
	uint64_t start = strtoull(line, &dash, 16), end = *dash == '-' ? strtoull(dash + 1, NULL, 16) : 0;

	if (start >= overlap->end || end <= overlap->start)
		return false;
	snprintf(overlap->line, overlap->max, "%s", line);
	return true;
}

void host_conflict(const struct nommu_os *os, uint64_t addr, uint64_t size, char *line, size_t max)
{
	struct overlap overlap = { addr, addr + size, line, max };

	snprintf(line, max, "something that /proc/self/maps does not show");
	each_line(os, "/proc/self/maps", find_overlap, &overlap);
}
