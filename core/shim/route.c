/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * route - syscall(2): what it asks of the kernel goes the way that the function of that name would go. What the shim
 * does not wrap goes to the host as it is.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/brk.h"
#include "shim/context.h"
#include "shim/exec.h"
#include "shim/fork.h"
#include "shim/futex.h"
#include "shim/map.h"
#include "shim/memory_file.h"
#include "shim/missing.h"
#include "shim/open.h"
#include "shim/shm.h"
#include "shim/stat.h"
#include "shim/transfer.h"
#include "shim/user.h"

static long host(long number, const long *a)
{
	return os_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* A child with a copy of memory comes back through its own stack. */
static bool makes_copy(long number, const long *a)
{
	struct clone_args asked = { .flags = 0 };
	size_t size = (size_t)a[1] < sizeof(asked) ? (size_t)a[1] : sizeof(asked);

	if (number == SYS_fork)
		return true;
	if (number == SYS_clone)
		return !(a[0] & CLONE_VM);
	if (number != SYS_clone3)
		return false;
	/* What cannot be read the host refuses too. */
	return user_copy_in(&asked, (const void *)a[0], size) || !(asked.flags & CLONE_VM);
}

/* With shared memory a child that comes out of here on the same stack would overwrite what its parent returns by. */
static long new_task(const char *name, const char *format, long number, const long *a)
{
	bool copy = makes_copy(number, a);
	struct shim_forking forking;
	long pid;

	if (!copy || !shim_fork_allowed())
		return shim_refuse(name, format, a, copy ? NOMMU_RULE_NO_FORK : NOMMU_RULE_NOT_EMULATED) ? -ENOSYS
													   : host(number, a);
	pid = shim_fork_begin(&forking);
	return pid ? pid : shim_fork_end(&forking, host(number, a));
}

/* What the host read, it could read. */
static long open_how(const long *a)
{
	long fd = host(SYS_openat2, a);
	const struct open_how *how = (const struct open_how *)a[2];

	return open_answer(fd, (int)a[0], (const char *)a[1], fd >= 0 || fd == -EROFS ? (int)how->flags : O_PATH);
}

/* Files of the board. */
static long route_file(long number, const long *a)
{
	switch (number) {
	case SYS_stat:
		return stat_at(AT_FDCWD, (const char *)a[0], (struct stat *)a[1], 0);
	case SYS_lstat:
		return stat_at(AT_FDCWD, (const char *)a[0], (struct stat *)a[1], AT_SYMLINK_NOFOLLOW);
	case SYS_fstat:
		return stat_fd((int)a[0], (struct stat *)a[1]);
	case SYS_newfstatat:
		return stat_at((int)a[0], (const char *)a[1], (struct stat *)a[2], (int)a[3]);
	case SYS_statx:
		return stat_x((int)a[0], (const char *)a[1], (int)a[2], (unsigned int)a[3], (struct statx *)a[4]);
	case SYS_open:
		return open_answer(host(number, a), AT_FDCWD, (const char *)a[0], (int)a[1]);
	case SYS_creat:
		return open_answer(host(number, a), AT_FDCWD, (const char *)a[0], O_CREAT | O_WRONLY | O_TRUNC);
	case SYS_openat:
		return open_answer(host(number, a), (int)a[0], (const char *)a[1], (int)a[2]);
	case SYS_openat2:
		return open_how(a);
	case SYS_sendfile:
		return shim_sendfile((int)a[0], (int)a[1], (off64_t *)a[2], (size_t)a[3]);
	case SYS_splice:
		return shim_splice((int)a[0], (off64_t *)a[1], (int)a[2], (off64_t *)a[3], (size_t)a[4],
				   (unsigned int)a[5]);
	default:
		return host(number, a);
	}
}

static long route(long number, const long *a)
{
	if (number == SYS_memfd_create)
		return shim_memfd_create((const char *)a[0], (unsigned int)a[1]);
	if (shim_is_missing(number))
		return shim_missing(number, a);
	switch (number) {
	case SYS_mmap:
		return shim_mmap((void *)a[0], (size_t)a[1], (int)a[2], (int)a[3], (int)a[4], a[5]);
	case SYS_munmap:
		return shim_munmap((void *)a[0], (size_t)a[1]);
	case SYS_mremap:
		return shim_mremap((void *)a[0], (size_t)a[1], (size_t)a[2], (int)a[3], (void *)a[4]);
	case SYS_brk:
		return shim_brk(a[0]);
	case SYS_futex:
		return shim_futex(a);
	case SYS_futex_waitv:
	case SYS_futex_wake:
	case SYS_futex_wait:
	case SYS_futex_requeue:
		return shim_futex2(number, a);
	case SYS_shmget:
		return shim_shmget((key_t)a[0], (size_t)a[1], (int)a[2]);
	case SYS_shmat:
		return shim_shmat((int)a[0], (const void *)a[1], (int)a[2]);
	case SYS_shmdt:
		return shim_shmdt((const void *)a[0]);
	case SYS_shmctl:
		return shim_shmctl((int)a[0], (int)a[1], (struct shmid_ds *)a[2]);
	case SYS_personality:
		shim_self()->personality = 0;
		return host(number, a);
	case SYS_execve:
		return shim_execve((const char *)a[0], (char *const *)a[1], (char *const *)a[2]);
	case SYS_execveat:
		return shim_execveat((int)a[0], (const char *)a[1], (char *const *)a[2], (char *const *)a[3], (int)a[4]);
	case SYS_fork:
		return new_task("fork", "", number, a);
	case SYS_vfork:
		return new_task("vfork", "", number, a);
	case SYS_clone:
		return new_task("clone", "xp", number, a);
	case SYS_clone3:
		return new_task("clone3", "pl", number, a);
	default:
		return route_file(number, a);
	}
}

long syscall(long number, ...)
{
	long args[6];
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	return shim_result(route(number, args));
}
