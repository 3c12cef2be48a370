/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * os - the one table of system calls that core makes. The shim and the tests replace it.
 *
 * The core is linked into a library that interposes libc's names, so it calls none of them: every system call goes
 * through this table, and the host's table makes them by the instruction itself. All return what the kernel does:
 * a negative errno on failure.
 */
#ifndef ENGINE_OS_H
#define ENGINE_OS_H

#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "nommu.h"

/*
 * What the engine knows of the calling task (a thread, or a vfork child): one record each, zeroed at its start,
 * owned by whoever supplies os.task. `inside` is true from before the lock is asked for until after it is given back:
 * a signal handler that finds it must not run the program's code, but note the signal here and return; os.leave is
 * called when the task is out again and `deferred` is set.
 */
struct nommu_task {
	uint32_t tid;            /* 0: not known yet; to be reset in a child that shares or copied this record */
	volatile uint32_t inside;
	volatile uint32_t deferred;
	uint32_t reserved;
	void *saved_pending;     /* the robust list's own pending operation, while inside */
	uint64_t since;          /* CLOCK_BOOTTIME in ns when tid was learnt: the task is at least this old */
	void *robust;            /* its struct robust_list_head */
	struct {                 /* one of its own for a task that the kernel knows none of */
		void *next;
		long offset;
		void *pending;
	} own_robust;
	siginfo_t signal;        /* the first deferred signal, and the mask to restore */
	sigset_t mask;
};

struct nommu_os {
	long (*syscall)(long number, long a, long b, long c, long d, long e, long f);
	struct nommu_task *(*task)(void);
	void (*leave)(struct nommu_task *task);
	/* The journal reached the handle's bound (tests set it low to stop an operation there). True: go on. NULL:
	 * the board is stopped as damaged. */
	bool (*journal_full)(struct nommu_board *board, void *arg);
	void *arg;
};

/* The host's, for a process without a shim. */
extern const struct nommu_os os_host;

/* One system call by the instruction itself, past libc. Returns -errno on failure. */
long os_syscall(long number, long a, long b, long c, long d, long e, long f);

/* Learn who the calling task is, again: in a vfork child and any task that got its record from another. */
void os_task_renew(struct nommu_task *task);

/* CLOCK_BOOTTIME, CLOCK_MONOTONIC in nanoseconds; by the vDSO. */
uint64_t os_now(clockid_t clock);

#endif
