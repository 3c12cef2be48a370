/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/open.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "shim/context.h"
#include "shim/device.h"
#include "shim/trace.h"

/* DONT_SYNC: number and type never change, so the daemon need not be asked. */
static bool is_node(int dirfd, const char *path, int at)
{
	uint32_t major, minor;
	struct statx st;

	if (os_syscall(SYS_statx, dirfd, (long)path, at | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, (long)&st, 0) < 0)
		return false;
	if (likely(makedev(st.stx_dev_major, st.stx_dev_minor) != shim.dev || !S_ISREG(st.stx_mode)))
		return false;
	if (likely(!device_type(st.stx_ino)))
		return false;
	return device_number(dirfd, at & AT_EMPTY_PATH ? NULL : path, &major, &minor);
}

static long refuse(int dirfd, const char *path, int flags)
{
	const struct nommu_verdict verdict = { .error = -ENXIO, .rule = NOMMU_RULE_NO_DEVICE };
	const long args[] = { dirfd, (long)path, flags };
	struct shim_task *task = shim_self();

	if (trace_wanted()) {
		task->calls = 1;
		trace_write("openat", "dso", args, -ENXIO, &verdict);
		shim_leave(task);
	}
	return -ENXIO;
}

long open_answer(long result, int dirfd, const char *path, int flags)
{
	if (shim.state != SHIM_ON || shim_self()->calls || flags & O_PATH)
		return result;
	if (likely(result >= 0)) {
		if (likely(!is_node((int)result, "", AT_EMPTY_PATH)))
			return result;
		os_syscall(SYS_close, result, 0, 0, 0, 0, 0);
		return refuse(dirfd, path, flags);
	}
	/* The host takes writing to a node for writing to the image, which is read-only. */
	if (result == -EROFS && is_node(dirfd, path, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0))
		return refuse(dirfd, path, flags);
	return result;
}

/* By libc: a thread can be cancelled in an open, and is by libc alone. What follows is no cancellation point, so the
 * descriptor is not lost. */
static int open_by(int dirfd, const char *path, int flags, mode_t mode)
{
	int fd = real_openat(dirfd, path, flags, mode);
	long result = open_answer(fd < 0 ? -errno : fd, dirfd, path, flags);

	return (int)shim_result(result);
}

/* ---- the names ------------------------------------------------------------------------------------------------- */

_Static_assert(O_LARGEFILE == 0, "the names with 64 are the same calls");

static int open_with(int dirfd, const char *path, int flags, va_list args)
{
	return open_by(dirfd, path, flags, __OPEN_NEEDS_MODE(flags) ? va_arg(args, mode_t) : 0);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	int fd;

	va_start(args, flags);
	fd = open_with(AT_FDCWD, path, flags, args);
	va_end(args);
	return fd;
}

int openat(int dirfd, const char *path, int flags, ...)
{
	va_list args;
	int fd;

	va_start(args, flags);
	fd = open_with(dirfd, path, flags, args);
	va_end(args);
	return fd;
}

int creat(const char *path, mode_t mode)
{
	return open_by(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

__typeof__(open) open64 __attribute__((alias("open")));
__typeof__(openat) openat64 __attribute__((alias("openat")));
__typeof__(creat) creat64 __attribute__((alias("creat")));
/* In no header, but older libraries call them. */
__typeof__(open) __open __attribute__((alias("open")));
__typeof__(open) __open64 __attribute__((alias("open")));

/* ---- what _FORTIFY_SOURCE makes of a call without a mode --------------------------------------------------------- */

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

/* Where a mode is needed libc ends the process, in its own words. */
int __open_2(const char *path, int flags)
{
	return __OPEN_NEEDS_MODE(flags) ? real_open_2("__open_2", path, flags) : open_by(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
	return __OPEN_NEEDS_MODE(flags) ? real_open_2("__open64_2", path, flags) : open_by(AT_FDCWD, path, flags, 0);
}

int __openat_2(int dirfd, const char *path, int flags)
{
	return __OPEN_NEEDS_MODE(flags) ? real_openat_2("__openat_2", dirfd, path, flags)
					: open_by(dirfd, path, flags, 0);
}

int __openat64_2(int dirfd, const char *path, int flags)
{
	return __OPEN_NEEDS_MODE(flags) ? real_openat_2("__openat64_2", dirfd, path, flags)
					: open_by(dirfd, path, flags, 0);
}
