/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/user.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "shim/context.h"

static int copy(void *to, const void *from, size_t size, long number, const void *theirs)
{
	struct iovec local = { number == SYS_process_vm_readv ? to : (void *)(uintptr_t)from, size };
	struct iovec remote = { (void *)(uintptr_t)theirs, size };
	long pid = os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	long result = os_syscall(number, pid, (long)&local, 1, (long)&remote, 1, 0);

	if (result == (long)size)
		return 0;
	if (result == -EFAULT || result >= 0)
		return -EFAULT;
	memcpy(to, from, size);
	return 0;
}

int user_copy_in(void *to, const void *theirs, size_t size)
{
	return copy(to, theirs, size, SYS_process_vm_readv, theirs);
}

int user_copy_out(void *theirs, const void *from, size_t size)
{
	return copy(theirs, from, size, SYS_process_vm_writev, theirs);
}
