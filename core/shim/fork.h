/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fork - children with a copy of their parent's memory, where the user permits them (--fork=allow).
 *
 * The board's windows stay shared: memory without protection is. What the child gets is an mm of its own with its
 * parent's mappings. It attaches and copies them itself, at the latest on its way out of the call, while its parent
 * waits: so the parent's mm is there to be copied, even if the parent ends next.
 *
 *	struct shim_forking forking;
 *	long pid = shim_fork_begin(&forking);
 *
 *	if (!pid)
 *		pid = shim_fork_end(&forking, what makes the child);
 *
 * In between all signals but faults are blocked.
 */
#ifndef SHIM_FORK_H
#define SHIM_FORK_H

#include <stdbool.h>
#include <stdint.h>

#include "nommu.h"

/* By the constructor: children of fork attach before any handler of the program's (pthread_atfork) runs in them. */
void shim_fork_watch(void);

/* In a page that parent and child share. */
struct shim_handover {
	struct nommu_mm parent;
	_Atomic uint32_t done; /* the child has its mappings, or has failed */
	int32_t error;
};

struct shim_forking {
	struct shim_handover *handover, *outer; /* outer: of the fork in whose handler this one is */
	uint64_t mask; /* the signal mask to restore */
};

/* Whether this call is to be made with the two below: on a board, not from inside of the shim, and permitted. */
bool shim_fork_allowed(void);

/* 0, or -errno: no child is to be made. */
long shim_fork_begin(struct shim_forking *forking);

/* In both, with what the call that makes the child returned, -errno for a failure. Returns it, or -ENOMEM if the
 * board's tables have no room, -EAGAIN if the child could not attach: it has been ended then. */
long shim_fork_end(struct shim_forking *forking, long pid);

/* The calling task has attached, or could not: if it is such a child it takes over its parent's mappings, or ends. */
void shim_fork_attached(int error);

#endif
