/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clone - libc's clone(2), which a machine without an MMU has with CLONE_VM alone; without it where fork is allowed.
 *
 * A child without thread-local storage of its own shares our record of its parent. That is right with CLONE_VFORK,
 * where the parent waits: child and parent each clear the record, as with vfork. Where both run at once the child gets
 * one of its own (beside.h).
 */
#include <sched.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "shim/beside.h"
#include "shim/context.h"
#include "shim/fork.h"
#include "shim/missing.h"
#include "shim/signal.h"

struct child {
	int (*fn)(void *arg);
	void *arg;
	uint64_t mask;
};

/* Whatever the other one of the two left there. */
static void clear(struct shim_task *task)
{
	task->calls = 0;
	task->deferred = 0;
	task->personality = 0;
	/* Not its own robust list: the kernel may know it. */
	task->engine.tid = 0;
	task->engine.inside = 0;
	task->engine.deferred = 0;
}

static int run_child(void *arg)
{
	const struct child child = *(const struct child *)arg;

	clear(shim_self());
	signal_unshare(shim_self());
	signal_mask(SIG_SETMASK, child.mask);
	return child.fn(child.arg);
}

/* The parent sleeps until the child is done with its record. No handler of the parent may find it before it is
 * cleared. */
static int clone_and_wait(int (*fn)(void *), void *stack, int flags, void *arg, void *ids[static 3])
{
	struct shim_task *task = shim_self();
	struct shim_action *actions = task->actions;
	struct child child = { .fn = fn, .arg = arg, .mask = signal_mask(SIG_SETMASK, ~0ULL) };
	int result = real_clone(run_child, stack, flags, &child, ids);

	clear(task);
	task->actions = actions;
	signal_mask(SIG_SETMASK, child.mask);
	return result;
}

/* ---- with a copy of memory ------------------------------------------------------------------------------------- */

struct forked {
	int (*fn)(void *arg);
	void *arg;
	struct shim_forking forking;
};

static int run_forked(void *arg)
{
	struct forked *forked = arg;

	shim_fork_end(&forked->forking, 0);
	return forked->fn(forked->arg);
}

static int clone_copy(int (*fn)(void *), void *stack, int flags, void *arg, void *ids[static 3])
{
	struct forked forked = { .fn = fn, .arg = arg };
	long pid = shim_fork_begin(&forked.forking);

	if (!pid) {
		pid = real_clone(run_forked, stack, flags, &forked, ids);
		pid = shim_fork_end(&forked.forking, pid < 0 ? -errno : pid);
	}
	return (int)shim_result(pid);
}

/* ---------------------------------------------------------------------------------------------------------------- */

static int refuse(int flags)
{
	const long args[] = { flags };

	shim_refuse("clone", "x", args, NOMMU_RULE_NO_FORK);
	return (int)shim_result(-ENOSYS);
}

int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...)
{
	struct shim_task *task = shim_self();
	void *ids[3]; /* parent's tid, thread-local storage, child's tid: looked at by the kernel where flags say so */
	va_list args;

	va_start(args, arg);
	for (int i = 0; i < 3; i++)
		ids[i] = va_arg(args, void *);
	va_end(args);
	if (shim.state != SHIM_ON || task->calls)
		return real_clone(fn, stack, flags, arg, ids);
	if (!(flags & CLONE_VM))
		return shim_fork_allowed() ? clone_copy(fn, stack, flags, arg, ids) : refuse(flags);
	if (flags & CLONE_SETTLS)
		return real_clone(fn, stack, flags, arg, ids);
	if (flags & CLONE_VFORK && task == &shim_task)
		return clone_and_wait(fn, stack, flags, arg, ids);
	return (int)shim_result(beside_clone(fn, stack, flags, arg, ids));
}

__typeof__(clone) __clone __attribute__((alias("clone"), nothrow, leaf));
