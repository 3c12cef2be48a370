/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/preload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/elf.h"
#include "run/program.h"

#define SEPARATORS ": " /* the loader takes both */

int preload_find(char path[static PATH_MAX], struct nommu_why *why)
{
	if (program_beside(PRELOAD_SHIM, "../lib", path) < 0) {
		snprintf(why->text, sizeof(why->text),
			 "%s was not found, neither beside nommu-run nor in ../lib from there", PRELOAD_SHIM);
		return -ENOENT;
	}
	if (strpbrk(path, SEPARATORS)) {
		snprintf(why->text, sizeof(why->text),
			 "%.160s: LD_PRELOAD cannot hold a path with a blank or a colon; install it elsewhere", path);
		return -EINVAL;
	}
	return 0;
}

static bool is_runtime(const char *entry, size_t len)
{
	const char *slash = memrchr(entry, '/', len);
	size_t skip = slash ? (size_t)(slash + 1 - entry) : 0;

	return elf_is_runtime(entry + skip, len - skip);
}

/* The shim, ours or another build's: two of them in one process would both answer. */
static bool is_shim(const char *entry, size_t len)
{
	size_t n = strlen(PRELOAD_SHIM);

	return len >= n && memcmp(entry + len - n, PRELOAD_SHIM, n) == 0 && (len == n || entry[len - n - 1] == '/');
}

/* Append unless it is there already or empty. */
static void append(char *list, const char *entry, size_t len)
{
	size_t end = strlen(list);

	for (const char *p = list; *p; p += strspn(p, SEPARATORS)) {
		size_t n = strcspn(p, SEPARATORS);

		if (n == len && memcmp(p, entry, n) == 0)
			return;
		p += n;
	}
	if (len == 0)
		return;
	if (end)
		list[end++] = ':';
	memcpy(list + end, entry, len);
	list[end + len] = '\0';
}

/* Append the entries of @old that are sanitizers' runtimes, or those that are neither that nor the shim. */
static void append_old(char *list, const char *old, bool runtimes)
{
	for (const char *p = old; *p; p += strspn(p, SEPARATORS)) {
		size_t n = strcspn(p, SEPARATORS);

		if (is_runtime(p, n) ? runtimes : !runtimes && !is_shim(p, n))
			append(list, p, n);
		p += n;
	}
}

/* The runtime that the shim itself needs, where it was built with a sanitizer. */
static void shim_runtime(const char *shim, struct elf_info *info)
{
	int fd = open(shim, O_RDONLY | O_CLOEXEC);

	info->runtime[0] = '\0';
	if (fd < 0)
		return;
	elf_read(fd, info);
	close(fd);
}

char *preload_value(const char *shim, const char *runtime, const char *old)
{
	struct elf_info info;
	char *list;

	if (!old)
		old = "";
	shim_runtime(shim, &info);
	list = calloc(1, strlen(runtime) + strlen(info.runtime) + strlen(shim) + strlen(old) + 4);
	if (!list)
		return NULL;
	append_old(list, old, true);
	/* One by the user's path and one by name would be two. */
	if (!list[0])
		append(list, runtime, strlen(runtime));
	if (!list[0])
		append(list, info.runtime, strlen(info.runtime));
	append(list, shim, strlen(shim));
	append_old(list, old, false);
	return list;
}
