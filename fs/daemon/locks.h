/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * locks - POSIX record locks of one file: ranges of bytes, each of one owner, as fcntl(2) has them.
 *
 * Pure: nobody waits here, nobody is told. An owner's locks never overlap each other and are merged where they touch
 * and are of one type. No lock of ours: the caller has the daemon's mutex.
 */
#ifndef DAEMON_LOCKS_H
#define DAEMON_LOCKS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

struct lock {
	struct lock *next;  /* locks.c's */
	uint64_t owner;     /* the host's word for whose it is: one a process, whatever thread asks */
	uint64_t handle;    /* the open file through which it was set last */
	int32_t pid;        /* of the process, for people and for rules */
	short type;         /* F_RDLCK, F_WRLCK; to be set: F_UNLCK too */
	uint64_t start, end; /* the first and the last byte; to the end of file: UINT64_MAX */
};

/* All zero: none. */
struct locks {
	struct lock *first; /* by start */
};

/* Whether @want could be had. False: *@conflict becomes one that is in its way, the lowest. */
bool locks_test(const struct locks *locks, const struct lock *want, struct lock *conflict);

/* Visit those that are in the way of @want, until @visit returns true. Returns whether it did. */
bool locks_conflicts(const struct locks *locks, const struct lock *want,
		     bool (*visit)(void *arg, const struct lock *lock), void *arg);

/* Set, change or (F_UNLCK) remove. Errors: EAGAIN something is in its way, ENOMEM; nothing is changed then. Removing
 * all that an owner has (0 to UINT64_MAX) needs no memory. */
int locks_set(struct locks *locks, const struct lock *want);

/* Drop what was set through this open file. */
void locks_drop(struct locks *locks, uint64_t handle);

/* How many processes (by owner) hold locks: 0, 1, or 2 for more. *@pid becomes the one's. */
unsigned int locks_holders(const struct locks *locks, int32_t *pid);

void locks_free(struct locks *locks);

#endif
