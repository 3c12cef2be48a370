/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock - the one door to the segment's tables, and transactions on them.
 *
 * The lock word holds the tid of the task inside. The kernel is told of it by the task's robust list
 * (list_op_pending), so it marks the word when that task dies or execs; a waiter that sees no progress looks for
 * itself whether the owner lives. Who takes the lock from a dead owner rolls its transaction back first. A stopped
 * owner is woken for as long as it takes to get the lock, and stopped again.
 *
 * Nobody but the owner runs between tx_begin and tx_end: signal handlers are deferred (os.h), no system call is made,
 * no file read.
 */
#ifndef ENGINE_LOCK_H
#define ENGINE_LOCK_H

#include "engine/journal.h"
#include "engine/segment.h"

#define LOCK_SPIN_NS      100000ULL     /* try for so long before sleeping */
#define LOCK_TRY_NS       6000ULL       /* between two tries: in between the owner has the cache lines for itself */
#define LOCK_LOOK_NS      50000000ULL   /* look at an owner that held it so long */
#define LOCK_TRACED_NS    1000000000ULL /* give up on a traced owner */
#define LOCK_PATIENCE_NS  5000000000ULL /* give up on any */

/* Take the lock and roll back what a dead owner left. 0, -EAGAIN, or -EIO if the board is stopped. */
int tx_begin(struct nommu_board *b);

/* The same, waiting even on a non-blocking handle: to publish what is half done. */
int tx_begin_waiting(struct nommu_board *b);

/* Make what was done since tx_begin permanent and leave. 0, or -EIO if damage was seen: it is undone then and the
 * board stopped. */
int tx_end(struct nommu_board *b);

/* Undo what was done since tx_begin and leave. */
void tx_abort(struct nommu_board *b);

/* Keep the lock, but make what was done so far permanent: between the steps of a loop. */
void tx_step(struct nommu_board *b);

/* Get the lock within @ns from now, recover, and give it back at once. */
int lock_wait(struct nommu_board *b, uint64_t ns);

/* Whether the task that had this tid and since is gone. Asks the host; without the lock. */
bool lock_task_is_dead(struct nommu_board *b, uint32_t tid, uint64_t since);

#endif
