/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * missing - the calls that a kernel without an MMU does not have: ENOSYS, whatever the arguments.
 *
 * Off the board, and from inside of the shim, they are the host's. posix_madvise returns its error; all others set
 * errno. vfork is there (task.c).
 */
#include <pty.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/context.h"
#include "shim/trace.h"

/* Whether the call is refused; it is then in the trace. */
static bool refuse(const char *call, const char *format, const long *args)
{
	struct nommu_verdict verdict = { .error = -ENOSYS, .rule = NOMMU_RULE_NOT_IMPLEMENTED };
	struct shim_task *task = &shim_task;

	if (shim.state != SHIM_ON || task->calls)
		return false;
	if (trace_wanted()) {
		task->calls = 1;
		trace_write(call, format, args, -ENOSYS, &verdict);
		shim_leave(task);
	}
	return true;
}

static long missing(const char *call, const char *format, long number, long a, long b, long c, long d, long e, long f)
{
	const long args[] = { a, b, c, d, e, f };

	return refuse(call, format, args) ? -ENOSYS : os_syscall(number, a, b, c, d, e, f);
}

/* ---- protection, paging and advice ----------------------------------------------------------------------------- */

int mprotect(void *addr, size_t length, int prot)
{
	return (int)shim_result(missing("mprotect", "plP", SYS_mprotect, (long)addr, (long)length, prot, 0, 0, 0));
}

int pkey_mprotect(void *addr, size_t length, int prot, int key)
{
	return (int)shim_result(
		missing("pkey_mprotect", "plPl", SYS_pkey_mprotect, (long)addr, (long)length, prot, key, 0, 0));
}

int msync(void *addr, size_t length, int flags)
{
	return (int)shim_result(missing("msync", "plx", SYS_msync, (long)addr, (long)length, flags, 0, 0, 0));
}

int madvise(void *addr, size_t length, int advice)
{
	return (int)shim_result(missing("madvise", "plm", SYS_madvise, (long)addr, (long)length, advice, 0, 0, 0));
}

int posix_madvise(void *addr, size_t length, int advice)
{
	const long args[] = { (long)addr, (long)length, advice };

	if (refuse("posix_madvise", "plm", args))
		return ENOSYS;
	/* Dropping pages is more than this advice permits, as libc knows too. */
	if (advice == POSIX_MADV_DONTNEED)
		return 0;
	return (int)-os_syscall(SYS_madvise, (long)addr, (long)length, advice, 0, 0, 0);
}

ssize_t process_madvise(int pidfd, const struct iovec *iov, size_t count, int advice, unsigned int flags)
{
	return shim_result(missing("process_madvise", "lplmx", SYS_process_madvise, pidfd, (long)iov, (long)count,
				   advice, flags, 0));
}

int mlock(const void *addr, size_t length)
{
	return (int)shim_result(missing("mlock", "pl", SYS_mlock, (long)addr, (long)length, 0, 0, 0, 0));
}

int mlock2(const void *addr, size_t length, unsigned int flags)
{
	return (int)shim_result(missing("mlock2", "plx", SYS_mlock2, (long)addr, (long)length, flags, 0, 0, 0));
}

int munlock(const void *addr, size_t length)
{
	return (int)shim_result(missing("munlock", "pl", SYS_munlock, (long)addr, (long)length, 0, 0, 0, 0));
}

int mlockall(int flags)
{
	return (int)shim_result(missing("mlockall", "x", SYS_mlockall, flags, 0, 0, 0, 0, 0));
}

int munlockall(void)
{
	return (int)shim_result(missing("munlockall", "", SYS_munlockall, 0, 0, 0, 0, 0, 0));
}

int mincore(void *addr, size_t length, unsigned char *vector)
{
	return (int)shim_result(
		missing("mincore", "plp", SYS_mincore, (long)addr, (long)length, (long)vector, 0, 0, 0));
}

int remap_file_pages(void *addr, size_t size, int prot, size_t pgoff, int flags)
{
	return (int)shim_result(missing("remap_file_pages", "plPlM", SYS_remap_file_pages, (long)addr, (long)size, prot,
					(long)pgoff, flags, 0));
}

/* libnuma's, not libc's. */
long mbind(void *addr, unsigned long length, int mode, const unsigned long *nodes, unsigned long max_node,
	   unsigned int flags);

long mbind(void *addr, unsigned long length, int mode, const unsigned long *nodes, unsigned long max_node,
	   unsigned int flags)
{
	return shim_result(missing("mbind", "pllplx", SYS_mbind, (long)addr, (long)length, mode, (long)nodes,
				   (long)max_node, flags));
}

/* ---- other processes' memory, memory without a file ------------------------------------------------------------ */

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long local_count, const struct iovec *remote,
			 unsigned long remote_count, unsigned long flags)
{
	return shim_result(missing("process_vm_readv", "lplplx", SYS_process_vm_readv, pid, (long)local,
				   (long)local_count, (long)remote, (long)remote_count, (long)flags));
}

ssize_t process_vm_writev(pid_t pid, const struct iovec *local, unsigned long local_count, const struct iovec *remote,
			  unsigned long remote_count, unsigned long flags)
{
	return shim_result(missing("process_vm_writev", "lplplx", SYS_process_vm_writev, pid, (long)local,
				   (long)local_count, (long)remote, (long)remote_count, (long)flags));
}

int memfd_create(const char *name, unsigned int flags)
{
	return (int)shim_result(missing("memfd_create", "px", SYS_memfd_create, (long)name, flags, 0, 0, 0, 0));
}

/* Not in every libc. */
int memfd_secret(unsigned int flags);

int memfd_secret(unsigned int flags)
{
	return (int)shim_result(missing("memfd_secret", "x", SYS_memfd_secret, flags, 0, 0, 0, 0, 0));
}

/* ---- a copy of the address space ------------------------------------------------------------------------------- */

static int no_fork(void)
{
	return (int)shim_result(-ENOSYS);
}

pid_t fork(void)
{
	return refuse("fork", "", NULL) ? no_fork() : real_fork();
}

pid_t __fork(void);

pid_t __fork(void)
{
	return refuse("fork", "", NULL) ? no_fork() : real_fork();
}

pid_t _Fork(void)
{
	return refuse("_Fork", "", NULL) ? no_fork() : real_bare_fork();
}

int daemon(int nochdir, int noclose)
{
	const long args[] = { nochdir, noclose };

	return refuse("daemon", "ll", args) ? no_fork() : real_daemon(nochdir, noclose);
}

int forkpty(int *pty, char *name, const struct termios *termp, const struct winsize *winp)
{
	const long args[] = { (long)pty, (long)name, (long)termp, (long)winp };

	return refuse("forkpty", "pppp", args) ? no_fork() : real_forkpty(pty, name, termp, winp);
}
