/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/stat.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "shim/context.h"
#include "shim/device.h"

/* libc declares paths never to be NULL, newer kernels take one with AT_EMPTY_PATH: the compiler must not know. */
static const char *hide(const char *path)
{
	__asm__("" : "+r"(path));
	return path;
}

__attribute__((noinline, cold)) static void tell(int dirfd, const char *path, mode_t type, struct stat *st)
{
	uint32_t major, minor;

	device_number(dirfd, path, &major, &minor);
	st->st_mode = (st->st_mode & ~(mode_t)S_IFMT) | type;
	st->st_rdev = makedev(major, minor);
	st->st_size = 0;
	st->st_blocks = 0;
}

static void look(int dirfd, const char *path, struct stat *st)
{
	mode_t type;

	if (likely(st->st_dev != shim.dev || !S_ISREG(st->st_mode)))
		return;
	type = device_type(st->st_ino);
	if (unlikely(type))
		tell(dirfd, path, type, st);
}

long stat_at(int dirfd, const char *path, struct stat *st, int flags)
{
	long result = os_syscall(SYS_newfstatat, dirfd, (long)path, (long)st, flags, 0, 0);

	if (likely(result == 0))
		look(dirfd, hide(path), st);
	return result;
}

long stat_fd(int fd, struct stat *st)
{
	long result = os_syscall(SYS_fstat, fd, (long)st, 0, 0, 0, 0);

	if (likely(result == 0))
		look(fd, NULL, st);
	return result;
}

/* The kernel fills in number, type and device whatever was asked, and says so in the mask. */
static mode_t type_of(const struct statx *st)
{
	const uint32_t needed = STATX_TYPE | STATX_INO;

	if (likely(makedev(st->stx_dev_major, st->stx_dev_minor) != shim.dev || !S_ISREG(st->stx_mode)))
		return 0;
	return (st->stx_mask & needed) == needed ? device_type(st->stx_ino) : 0;
}

__attribute__((noinline, cold)) static void tell_x(int dirfd, const char *path, mode_t type, unsigned int mask,
						   struct statx *st)
{
	uint32_t major, minor;

	device_number(dirfd, path, &major, &minor);
	if (mask & (STATX_TYPE | STATX_MODE))
		st->stx_mode = (uint16_t)((st->stx_mode & ~S_IFMT) | type);
	st->stx_rdev_major = major;
	st->stx_rdev_minor = minor;
	st->stx_size = 0;
	st->stx_blocks = 0;
}

long stat_x(int dirfd, const char *path, int flags, unsigned int mask, struct statx *st)
{
	long result = os_syscall(SYS_statx, dirfd, (long)path, flags, mask, (long)st, 0);
	mode_t type = likely(result == 0) ? type_of(st) : 0;

	if (unlikely(type))
		tell_x(dirfd, hide(path), type, mask, st);
	return result;
}

/* ---- the names ------------------------------------------------------------------------------------------------- */

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "the names with 64 are the same calls");

int stat(const char *path, struct stat *st)
{
	return (int)shim_result(stat_at(AT_FDCWD, path, st, 0));
}

int stat64(const char *path, struct stat64 *st)
{
	return (int)shim_result(stat_at(AT_FDCWD, path, (struct stat *)st, 0));
}

int lstat(const char *path, struct stat *st)
{
	return (int)shim_result(stat_at(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW));
}

int lstat64(const char *path, struct stat64 *st)
{
	return (int)shim_result(stat_at(AT_FDCWD, path, (struct stat *)st, AT_SYMLINK_NOFOLLOW));
}

int fstat(int fd, struct stat *st)
{
	return (int)shim_result(stat_fd(fd, st));
}

int fstat64(int fd, struct stat64 *st)
{
	return (int)shim_result(stat_fd(fd, (struct stat *)st));
}

int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	return (int)shim_result(stat_at(dirfd, path, st, flags));
}

int fstatat64(int dirfd, const char *path, struct stat64 *st, int flags)
{
	return (int)shim_result(stat_at(dirfd, path, (struct stat *)st, flags));
}

int statx(int dirfd, const char *path, int flags, unsigned int mask, struct statx *st)
{
	return (int)shim_result(stat_x(dirfd, path, flags, mask, st));
}

/* ---- the names of programs that were built before glibc 2.33, whose headers had these --------------------------- */

int __xstat(int version, const char *path, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat64(int version, const char *path, struct stat64 *st);
int __fxstat(int version, int fd, struct stat *st);
int __fxstat64(int version, int fd, struct stat64 *st);
int __fxstatat(int version, int dirfd, const char *path, struct stat *st, int flags);
int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *st, int flags);

/* Both versions that there are, the kernel's own and Linux's, are one on this machine. */
static int old_at(int version, int dirfd, const char *path, void *st, int flags)
{
	return (int)shim_result(version != 0 && version != 1 ? -EINVAL : stat_at(dirfd, path, st, flags));
}

static int old_fd(int version, int fd, void *st)
{
	return (int)shim_result(version != 0 && version != 1 ? -EINVAL : stat_fd(fd, st));
}

int __xstat(int version, const char *path, struct stat *st)
{
	return old_at(version, AT_FDCWD, path, st, 0);
}

int __xstat64(int version, const char *path, struct stat64 *st)
{
	return old_at(version, AT_FDCWD, path, st, 0);
}

int __lxstat(int version, const char *path, struct stat *st)
{
	return old_at(version, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int __lxstat64(int version, const char *path, struct stat64 *st)
{
	return old_at(version, AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int __fxstat(int version, int fd, struct stat *st)
{
	return old_fd(version, fd, st);
}

int __fxstat64(int version, int fd, struct stat64 *st)
{
	return old_fd(version, fd, st);
}

int __fxstatat(int version, int dirfd, const char *path, struct stat *st, int flags)
{
	return old_at(version, dirfd, path, st, flags);
}

int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *st, int flags)
{
	return old_at(version, dirfd, path, st, flags);
}
