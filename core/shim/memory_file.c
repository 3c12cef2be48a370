/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * memory_file - files that programs make to share memory: by a name (shm_open) or without one (memfd_create). They are
 * files in the board's RAM, in /dev/shm of the mount, so that mapping one is mapping the board.
 *
 * Names and errors are glibc's (shm_open(3), its shm-directory.c); memfd_create is there when the user permits it, and
 * its files cannot be sealed: fcntl says EINVAL.
 */
#include "shim/memory_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/missing.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

static bool on_board(void)
{
	return shim.state == SHIM_ON && !shim_self()->calls;
}

/* Where the board keeps @name, one name of a path. */
static int place(const char *name, char path[static PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/dev/shm/%s", shim.mountpoint, name);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* ---- with a name ----------------------------------------------------------------------------------------------- */

static int place_shared(const char *name, char path[static PATH_MAX])
{
	size_t length;

	name += strspn(name, "/");
	length = strlen(name);
	if (!length || strchr(name, '/'))
		return -EINVAL;
	return length > NAME_MAX ? -ENAMETOOLONG : place(name, path);
}

static long open_shared(const char *name, int flags, mode_t mode)
{
	char path[PATH_MAX];
	long result = place_shared(name, path);

	if (!result)
		result = os_syscall(SYS_openat, AT_FDCWD, (long)path, flags | O_NOFOLLOW | O_CLOEXEC, mode, 0, 0);
	return result == -EISDIR ? -EINVAL : result;
}

static long unlink_shared(const char *name)
{
	char path[PATH_MAX];
	long result = place_shared(name, path);

	/* No file has such a name. */
	if (result == -EINVAL)
		return -ENOENT;
	if (!result)
		result = os_syscall(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
	return result == -EPERM ? -EACCES : result;
}

int shm_open(const char *name, int flags, mode_t mode)
{
	return on_board() ? (int)shim_result(open_shared(name, flags, mode)) : real_shm_open(name, flags, mode);
}

int shm_unlink(const char *name)
{
	return on_board() ? (int)shim_result(unlink_shared(name)) : real_shm_unlink(name);
}

/* ---- without one ----------------------------------------------------------------------------------------------- */

/*
 * By a name that goes at once: O_TMPFILE of a FUSE file system takes Linux 6.2. A name in use is another PID
 * namespace's, or one that a killed process left.
 */
static long open_nameless(int flags)
{
	static _Atomic unsigned int count;
	char name[NAME_MAX + 1], path[PATH_MAX];
	long fd = -EEXIST;
	int error;

	while (fd == -EEXIST) {
		snprintf(name, sizeof(name), ".memfd.%ld.%u", os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0), count++);
		error = place(name, path);
		if (error)
			return error;
		fd = os_syscall(SYS_openat, AT_FDCWD, (long)path, flags | O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, 0,
				0);
	}
	if (fd >= 0)
		os_syscall(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
	return fd;
}

long shim_memfd_create(const char *name, unsigned int flags)
{
	const long args[6] = { (long)name, flags };
	long fd;

	if (!shim.memfd || !on_board())
		return shim_missing(SYS_memfd_create, args);
	/* A kernel without huge pages (mm/memfd.c). */
	if (flags & MFD_HUGETLB)
		return -ENOSYS;
	/* The host knows what is wrong with a name or flags. */
	fd = os_syscall(SYS_memfd_create, (long)name, flags, 0, 0, 0, 0);
	if (fd < 0)
		return fd;
	os_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	fd = open_nameless(flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	/* The umask says nothing here. */
	if (fd >= 0)
		os_syscall(SYS_fchmod, fd, flags & MFD_NOEXEC_SEAL ? 0666 : 0777, 0, 0, 0, 0);
	return fd;
}

int memfd_create(const char *name, unsigned int flags)
{
	return (int)shim_result(shim_memfd_create(name, flags));
}
