/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/os.h"

#include <sys/syscall.h>

#ifndef __x86_64__
#error "os_syscall, the vfork wrapper and the shim know x86-64 only"
#endif

long os_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

uint64_t os_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void os_task_renew(struct nommu_task *task)
{
	size_t size;

	task->tid = (uint32_t)os_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
	task->inside = 0;
	task->deferred = 0;
	task->since = os_now(CLOCK_BOOTTIME);
	task->robust = NULL;
	os_syscall(SYS_get_robust_list, 0, (long)&task->robust, (long)&size, 0, 0, 0);
	if (task->robust)
		return;
	/* The kernel clears a vfork or clone child's list; without one nobody would learn of its death inside. */
	task->own_robust.next = &task->own_robust;
	task->own_robust.offset = -32;
	task->own_robust.pending = NULL;
	os_syscall(SYS_set_robust_list, (long)&task->own_robust, sizeof(task->own_robust), 0, 0, 0, 0);
	task->robust = &task->own_robust;
}

static _Thread_local struct nommu_task host_task;

static struct nommu_task *host_get_task(void)
{
	return &host_task;
}

static void host_leave(struct nommu_task *task)
{
	task->deferred = 0;
}

const struct nommu_os os_host = {
	.syscall = os_syscall,
	.task = host_get_task,
	.leave = host_leave,
};
