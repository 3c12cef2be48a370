/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * missing - the calls that a kernel without an MMU does not have: ENOSYS, whatever the arguments.
 *
 * Off the board, and from inside of the shim, they are the host's. posix_madvise returns its error; all others set
 * errno. vfork is there (task.c), fork where it is allowed (fork.c).
 */
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/missing.h"
#include "shim/trace.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* How the trace shows them; a letter an argument. */
static const struct missing {
	long number;
	const char *name, *format;
} table[] = {
	{ SYS_mprotect, "mprotect", "plP" },
	{ SYS_pkey_mprotect, "pkey_mprotect", "plPl" },
	{ SYS_msync, "msync", "plx" },
	{ SYS_madvise, "madvise", "plm" },
	{ SYS_process_madvise, "process_madvise", "lplmx" },
	{ SYS_mlock, "mlock", "pl" },
	{ SYS_mlock2, "mlock2", "plx" },
	{ SYS_munlock, "munlock", "pl" },
	{ SYS_mlockall, "mlockall", "x" },
	{ SYS_munlockall, "munlockall", "" },
	{ SYS_mincore, "mincore", "plp" },
	{ SYS_remap_file_pages, "remap_file_pages", "plPlM" },
	{ SYS_mbind, "mbind", "pllplx" },
	{ SYS_migrate_pages, "migrate_pages", "llpp" },
	{ SYS_move_pages, "move_pages", "llpppx" },
	{ SYS_userfaultfd, "userfaultfd", "x" },
	{ SYS_swapon, "swapon", "px" },
	{ SYS_swapoff, "swapoff", "p" },
	{ SYS_process_vm_readv, "process_vm_readv", "lplplx" },
	{ SYS_process_vm_writev, "process_vm_writev", "lplplx" },
	{ SYS_memfd_create, "memfd_create", "px" },
	{ SYS_memfd_secret, "memfd_secret", "x" },
};

static const struct missing *find(long number)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].number == number)
			return &table[i];
	return NULL;
}

bool shim_is_missing(long number)
{
	return find(number) != NULL;
}

bool shim_refuse(const char *name, const char *format, const long *args, enum nommu_rule rule)
{
	struct nommu_verdict verdict = { .error = -ENOSYS, .rule = rule };
	struct shim_task *task = shim_self();

	if (shim.state != SHIM_ON || task->calls)
		return false;
	if (trace_wanted()) {
		task->calls = 1;
		trace_write(name, format, args, -ENOSYS, &verdict);
		shim_leave(task);
	}
	return true;
}

long shim_missing(long number, const long args[static 6])
{
	const struct missing *missing = find(number);

	if (missing && shim_refuse(missing->name, missing->format, args, NOMMU_RULE_NOT_IMPLEMENTED))
		return -ENOSYS;
	return os_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

static long missing(long number, long a, long b, long c, long d, long e, long f)
{
	const long args[] = { a, b, c, d, e, f };

	return shim_missing(number, args);
}

/* ---- protection, paging and advice ----------------------------------------------------------------------------- */

int mprotect(void *addr, size_t length, int prot)
{
	return (int)shim_result(missing(SYS_mprotect, (long)addr, (long)length, prot, 0, 0, 0));
}

int pkey_mprotect(void *addr, size_t length, int prot, int key)
{
	return (int)shim_result(
		missing(SYS_pkey_mprotect, (long)addr, (long)length, prot, key, 0, 0));
}

int msync(void *addr, size_t length, int flags)
{
	return (int)shim_result(missing(SYS_msync, (long)addr, (long)length, flags, 0, 0, 0));
}

int madvise(void *addr, size_t length, int advice)
{
	return (int)shim_result(missing(SYS_madvise, (long)addr, (long)length, advice, 0, 0, 0));
}

int posix_madvise(void *addr, size_t length, int advice)
{
	const long args[] = { (long)addr, (long)length, advice };

	if (shim_refuse("posix_madvise", "plm", args, NOMMU_RULE_NOT_IMPLEMENTED))
		return ENOSYS;
	/* Dropping pages is more than this advice permits, as libc knows too. */
	if (advice == POSIX_MADV_DONTNEED)
		return 0;
	return (int)-os_syscall(SYS_madvise, (long)addr, (long)length, advice, 0, 0, 0);
}

ssize_t process_madvise(int pidfd, const struct iovec *iov, size_t count, int advice, unsigned int flags)
{
	return shim_result(missing(SYS_process_madvise, pidfd, (long)iov, (long)count,
				   advice, flags, 0));
}

int mlock(const void *addr, size_t length)
{
	return (int)shim_result(missing(SYS_mlock, (long)addr, (long)length, 0, 0, 0, 0));
}

int mlock2(const void *addr, size_t length, unsigned int flags)
{
	return (int)shim_result(missing(SYS_mlock2, (long)addr, (long)length, flags, 0, 0, 0));
}

int munlock(const void *addr, size_t length)
{
	return (int)shim_result(missing(SYS_munlock, (long)addr, (long)length, 0, 0, 0, 0));
}

int mlockall(int flags)
{
	return (int)shim_result(missing(SYS_mlockall, flags, 0, 0, 0, 0, 0));
}

int munlockall(void)
{
	return (int)shim_result(missing(SYS_munlockall, 0, 0, 0, 0, 0, 0));
}

int mincore(void *addr, size_t length, unsigned char *vector)
{
	return (int)shim_result(
		missing(SYS_mincore, (long)addr, (long)length, (long)vector, 0, 0, 0));
}

int remap_file_pages(void *addr, size_t size, int prot, size_t pgoff, int flags)
{
	return (int)shim_result(missing(SYS_remap_file_pages, (long)addr, (long)size, prot,
					(long)pgoff, flags, 0));
}

/* libnuma's, not libc's. */
long mbind(void *addr, unsigned long length, int mode, const unsigned long *nodes, unsigned long max_node,
	   unsigned int flags);

long mbind(void *addr, unsigned long length, int mode, const unsigned long *nodes, unsigned long max_node,
	   unsigned int flags)
{
	return shim_result(missing(SYS_mbind, (long)addr, (long)length, mode, (long)nodes,
				   (long)max_node, flags));
}

/* ---- other processes' memory, secret memory -------------------------------------------------------------------- */

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long local_count, const struct iovec *remote,
			 unsigned long remote_count, unsigned long flags)
{
	return shim_result(missing(SYS_process_vm_readv, pid, (long)local,
				   (long)local_count, (long)remote, (long)remote_count, (long)flags));
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long local_count, const struct iovec *remote,
			  unsigned long remote_count, unsigned long flags)
{
	return shim_result(missing(SYS_process_vm_writev, pid, (long)local,
				   (long)local_count, (long)remote, (long)remote_count, (long)flags));
}

/* Not in every libc. */
int memfd_secret(unsigned int flags);

int memfd_secret(unsigned int flags)
{
	return (int)shim_result(missing(SYS_memfd_secret, flags, 0, 0, 0, 0, 0));
}

/* ---- swapping -------------------------------------------------------------------------------------------------- */

int swapon(const char *path, int flags)
{
	return (int)shim_result(missing(SYS_swapon, (long)path, flags, 0, 0, 0, 0));
}

int swapoff(const char *path)
{
	return (int)shim_result(missing(SYS_swapoff, (long)path, 0, 0, 0, 0, 0));
}
