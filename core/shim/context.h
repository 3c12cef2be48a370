/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * context - the shim's one state: whether this process is on a board, on which, and the way in and out of a call.
 *
 * A wrapped call enters (shim_enter), does its work and leaves (shim_leave). In between the task's signal handlers
 * are put off (signal.h), so the program's code runs before or after a call and never inside, as with the kernel's
 * own calls. A call that is made from inside the shim itself, by an allocator that the program brought, goes to the
 * host.
 *
 * The context is written by the constructor and, in a child that came by a raw fork, by the one thread that attaches
 * anew; all others read.
 */
#ifndef SHIM_CONTEXT_H
#define SHIM_CONTEXT_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/os.h"
#include "nommu.h"
#include "shim/real.h"
#include "shim/signal.h"
#include "shim/task.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define SHIM_ENV_BOARD "NOMMU_BOARD" /* the board's mount point */
#define SHIM_ENV_TRACE "NOMMU_TRACE" /* a file, or "-" for standard error */
#define SHIM_ENV_MEMFD "NOMMU_MEMFD" /* "allow": memfd_create is there; "deny", the default: it is not */
#define SHIM_ENV_FORK  "NOMMU_FORK"  /* the same of fork */
#define SHIM_EXIT      125           /* the shim's own failure */

enum shim_state {
	SHIM_UNREADY = 0, /* before the constructor: everything goes to the host, but signal handlers are wrapped */
	SHIM_OFF,         /* no board named: everything goes to the host */
	SHIM_ON,
};

enum shim_trace {
	SHIM_TRACE_NONE = 0,
	SHIM_TRACE_STDERR,
	SHIM_TRACE_FILE,
};

/* In a page that a child of fork or raw clone finds empty (MADV_WIPEONFORK): such a child is not attached. */
struct shim_life {
	_Atomic uint64_t id;        /* of this attachment; 0: not attached */
	_Atomic uint32_t attaching; /* one thread is at it */
};

struct shim {
	enum shim_state state;
	enum shim_trace trace;
	struct shim_life *life;
	struct nommu_board *board;
	struct nommu_mm mm;
	void *token;
	uint64_t low, high;    /* the windows lie in here */
	uint64_t dev;          /* st_dev of the board's mount */
	bool linux6;
	bool memfd, fork; /* they are there */
	_Atomic uint32_t told; /* that the board is stopped */
	struct real real;
	struct shim_signals signals;
	char mountpoint[PATH_MAX];
	char trace_path[PATH_MAX];
};

extern struct shim shim __attribute__((visibility("hidden")));

/* This task meets this attachment for the first time: attach if nobody has, and forget whose record it was. */
void shim_meet(struct shim_task *task);

/* One line to standard error, in one write. */
void shim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Make @path absolute by the current directory. False: too long. */
bool shim_absolute(const char *path, char to[static PATH_MAX]);

/* Into a call on the board. False: this one is the host's. */
static inline bool shim_enter(struct shim_task *task)
{
	if (unlikely(shim.state != SHIM_ON || task->calls))
		return false;
	task->calls = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (unlikely(task->life != shim.life->id || !task->life))
		shim_meet(task);
	return true;
}

/* Out of it; signals that came in between are let in now. */
static inline void shim_leave(struct shim_task *task)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	task->calls = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (unlikely(task->deferred))
		signal_resend(task);
}

/* The edge: what the kernel would have returned becomes what libc returns. errno is untouched on success. */
static inline long shim_result(long result)
{
	if (unlikely(result < 0 && result > -4096)) {
		errno = (int)-result;
		return -1;
	}
	return result;
}

#endif
