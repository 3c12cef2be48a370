/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes each call that a machine without an MMU lacks, with arguments that the host would accept, and prints its name
 * and the errno's, or "ok". */
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Declared by libnuma, and by newer libcs. */
long mbind(void *addr, unsigned long length, int mode, const unsigned long *nodes, unsigned long max_node,
	   unsigned int flags) __attribute__((weak));
int memfd_secret(unsigned int flags) __attribute__((weak));
pid_t __fork(void);
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

static char memory[4096] __attribute__((aligned(4096)));
static unsigned char vector[1];

static void say(const char *name, long failed, int error)
{
	printf("%s %s\n", name, failed ? strerrorname_np(error) : "ok");
	fflush(stdout);
}

#define CALL(name, call) \
	do { \
		errno = 0; \
		long result_ = (long)(call); \
		say(name, result_ == -1, errno); \
	} while (0)

/* A child that came all the same must not go on here. */
static pid_t end_child(pid_t pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return pid;
}

int main(void)
{
	struct iovec here = { memory, 16 };
	int pty;

	CALL("mprotect", mprotect(memory, sizeof(memory), PROT_READ | PROT_WRITE));
	CALL("pkey_mprotect", pkey_mprotect(memory, sizeof(memory), PROT_READ | PROT_WRITE, -1));
	CALL("msync", msync(memory, sizeof(memory), MS_SYNC));
	CALL("madvise", madvise(memory, sizeof(memory), MADV_NORMAL));
	CALL("process_madvise", process_madvise(-1, &here, 1, MADV_COLD, 0));
	CALL("mlock", mlock(memory, sizeof(memory)));
	CALL("mlock2", mlock2(memory, sizeof(memory), 0));
	CALL("munlock", munlock(memory, sizeof(memory)));
	CALL("mlockall", mlockall(MCL_CURRENT));
	CALL("munlockall", munlockall());
	CALL("mincore", mincore(memory, sizeof(memory), vector));
	CALL("remap_file_pages", remap_file_pages(memory, sizeof(memory), 0, 0, 0));
	if (mbind)
		CALL("mbind", mbind(memory, sizeof(memory), 0, NULL, 0, 0));
	CALL("process_vm_readv", process_vm_readv(getpid(), &here, 1, &here, 1, 0));
	CALL("process_vm_writev", process_vm_writev(getpid(), &here, 1, &here, 1, 0));
	CALL("memfd_create", memfd_create("x", MFD_CLOEXEC));
	if (memfd_secret)
		CALL("memfd_secret", memfd_secret(0));
	CALL("swapon", swapon("/nonexistent", 0));
	CALL("swapoff", swapoff("/nonexistent"));
	CALL("__clone", __clone(NULL, NULL, 0, NULL));
	CALL("fork", end_child(fork()));
	CALL("__fork", end_child(__fork()));
	CALL("_Fork", end_child(_Fork()));
	CALL("forkpty", end_child(forkpty(&pty, NULL, NULL, NULL)));
	/* Its error is what it returns. */
	errno = EXDEV;
	int error = posix_madvise(memory, sizeof(memory), POSIX_MADV_NORMAL);
	say("posix_madvise", error, error);
	if (errno != EXDEV)
		puts("posix_madvise touched errno");
	/* Last: where it works the caller is somebody else afterwards. */
	CALL("daemon", daemon(1, 1));
	return 0;
}
