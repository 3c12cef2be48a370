/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * route - syscall(2): what it asks of the kernel goes the way that the function of that name would go. What the shim
 * does not wrap goes to the host as it is.
 */
#include <sched.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/brk.h"
#include "shim/context.h"
#include "shim/futex.h"
#include "shim/map.h"
#include "shim/memory_file.h"
#include "shim/missing.h"
#include "shim/transfer.h"

static long host(long number, const long *a)
{
	return os_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* A child that comes out of here on the same stack: with a copy of memory it is fork, else libc could not return. */
static long new_task(long number, const long *a)
{
	enum nommu_rule rule = NOMMU_RULE_NOT_EMULATED;
	const char *name = "clone", *format = "xp";

	if (number == SYS_fork)
		name = "fork", format = "";
	if (number == SYS_vfork)
		name = "vfork", format = "";
	if (number == SYS_clone3)
		name = "clone3", format = "pl";
	if (number == SYS_fork || (number == SYS_clone && !(a[0] & CLONE_VM)))
		rule = NOMMU_RULE_NOT_IMPLEMENTED;
	return shim_refuse(name, format, a, rule) ? -ENOSYS : host(number, a);
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
	case SYS_sendfile:
		return shim_sendfile((int)a[0], (int)a[1], (off64_t *)a[2], (size_t)a[3]);
	case SYS_splice:
		return shim_splice((int)a[0], (off64_t *)a[1], (int)a[2], (off64_t *)a[3], (size_t)a[4],
				   (unsigned int)a[5]);
	case SYS_personality:
		shim_task.personality = 0;
		return host(number, a);
	case SYS_fork:
	case SYS_vfork:
	case SYS_clone:
	case SYS_clone3:
		return new_task(number, a);
	default:
		return host(number, a);
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
