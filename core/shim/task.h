/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * task - what the shim keeps of each task, and vfork.
 *
 * A record lies in thread-local storage. A vfork child shares it with its parent, so whoever comes out of vfork, child
 * or parent, clears it: the engine asks anew who it is when it next takes the lock. Nobody locks: a record is its
 * task's own.
 */
#ifndef SHIM_TASK_H
#define SHIM_TASK_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/os.h"

struct shim_action;
struct shim_handover;

struct shim_task {
	/* vfork clears or restores these and the start of engine; its assembly knows where they lie. */
	volatile uint32_t calls;     /* inside of a wrapped call */
	volatile uint32_t deferred;  /* a signal came inside; it is in signal and mask */
	struct shim_action *actions; /* a vfork child's own table of handlers; NULL: the process's */
	uint32_t personality;        /* TASK_PERSONALITY_KNOWN and what the rules ask of it; 0: not asked yet */
	uint32_t reserved;
	struct nommu_task engine;

	uint64_t life;           /* the attachment that this record belongs to, see struct shim_life */
	uint64_t traced_checked; /* CLOCK_MONOTONIC in ns of the last look; 0: none yet */
	uint32_t traced;         /* NOMMU_TASK_TRACED or 0 */
	uint64_t mask;           /* the mask to restore */
	siginfo_t signal;        /* the first deferred signal */
	struct shim_handover *handover; /* it is making a child, or is one (fork.h); NULL: neither */
};

extern _Thread_local struct shim_task shim_task __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Set once there was a child that has no such storage of its own (beside.h): its record is in a table. */
extern _Atomic uint32_t shim_beside __attribute__((visibility("hidden")));

struct shim_task *task_beside(void);

static inline struct shim_task *shim_self(void)
{
	return __builtin_expect(!shim_beside, 1) ? &shim_task : task_beside();
}

#define TASK_PERSONALITY_KNOWN 0x80000000u

/* NOMMU_TASK_READ_IMPLIES_EXEC if the calling thread has that personality. */
uint32_t task_personality(struct shim_task *task);

/* A signal may arrive when vfork has returned but the record is not cleared yet: do it now. @context: a ucontext_t. */
void task_mend(struct shim_task *task, const void *context);

/* NOMMU_TASK_TRACED if the calling thread is being traced. At most 1 ms old, since asking takes some 10 to 20 us. */
uint32_t task_traced(struct shim_task *task);

#endif
