/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/beside.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

#include "shim/context.h"
#include "shim/signal.h"

#define CHILDREN 64

enum { FREE = 0, TAKEN = -1 };

static struct child {
	_Atomic int32_t tid; /* FREE; TAKEN: about to begin */
	int (*fn)(void *arg);
	void *arg;
	uint64_t mask;
	struct shim_action actions[SHIM_SIGNALS];
	struct shim_task task;
} children[CHILDREN];

_Atomic uint32_t shim_beside;

struct shim_task *task_beside(void)
{
	int32_t tid = (int32_t)os_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);

	for (size_t i = 0; i < CHILDREN; i++)
		if (children[i].tid == tid)
			return &children[i].task;
	return &shim_task;
}

/* One that nobody has, or had one who is dead: such a child may end without a word. */
static struct child *take(void)
{
	for (size_t i = 0; i < CHILDREN; i++) {
		struct child *child = &children[i];
		int32_t tid = child->tid;

		if (tid == TAKEN || (tid != FREE && os_syscall(SYS_tkill, tid, 0, 0, 0, 0, 0) != -ESRCH))
			continue;
		if (__atomic_compare_exchange_n((int32_t *)&child->tid, &tid, TAKEN, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return child;
	}
	return NULL;
}

/* No handler runs before there is a record, and none after. */
static int run(void *arg)
{
	struct child *child = arg;
	int result;

	child->tid = (int32_t)os_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
	signal_mask(SIG_SETMASK, child->mask);
	result = child->fn(child->arg);
	signal_mask(SIG_SETMASK, ~0ULL);
	child->tid = FREE;
	return result;
}

long beside_clone(int (*fn)(void *arg), void *stack, int flags, void *arg, void *ids[static 3])
{
	struct child *child = take();
	uint64_t mask;
	int result;

	if (!child)
		return -EAGAIN;
	memset(&child->task, 0, sizeof(child->task));
	child->fn = fn;
	child->arg = arg;
	if (!(flags & CLONE_SIGHAND)) {
		signal_copy(shim_self(), child->actions);
		child->task.actions = child->actions;
	}
	shim_beside = 1;
	mask = child->mask = signal_mask(SIG_SETMASK, ~0ULL);
	result = real_clone(run, stack, flags, child, ids);
	if (result < 0) {
		result = -errno;
		child->tid = FREE;
	}
	signal_mask(SIG_SETMASK, mask);
	return result;
}
