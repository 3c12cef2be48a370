/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * locks - see locks.h. One list of all owners' locks by start; a file has few. Whatever a change may need is allocated
 * before anything is changed.
 */
#include "daemon/locks.h"

#include <errno.h>
#include <stdlib.h>

static bool overlap(const struct lock *a, const struct lock *b)
{
	return a->start <= b->end && b->start <= a->end;
}

/* Whether @a begins inside of @b or right behind it. */
static bool begins_in(const struct lock *a, const struct lock *b)
{
	return a->start >= b->start && (a->start <= b->end || a->start - 1 == b->end);
}

static bool touch(const struct lock *a, const struct lock *b)
{
	return begins_in(a, b) || begins_in(b, a);
}

static bool conflict_of(const struct lock *lock, const struct lock *want)
{
	return lock->owner != want->owner && overlap(lock, want) &&
	       (want->type == F_WRLCK || (want->type == F_RDLCK && lock->type == F_WRLCK));
}

bool locks_test(const struct locks *locks, const struct lock *want, struct lock *conflict)
{
	for (const struct lock *lock = locks->first; lock; lock = lock->next) {
		if (!conflict_of(lock, want))
			continue;
		*conflict = *lock;
		conflict->next = NULL;
		return false;
	}
	return true;
}

bool locks_conflicts(const struct locks *locks, const struct lock *want,
		     bool (*visit)(void *arg, const struct lock *lock), void *arg)
{
	for (const struct lock *lock = locks->first; lock; lock = lock->next)
		if (conflict_of(lock, want) && visit(arg, lock))
			return true;
	return false;
}

/* Whether @want has to be cut out of the middle of a lock of its owner. */
static bool splits(const struct locks *locks, const struct lock *want)
{
	for (const struct lock *lock = locks->first; lock; lock = lock->next)
		if (lock->owner == want->owner && lock->type != want->type && lock->start < want->start &&
		    lock->end > want->end)
			return true;
	return false;
}

static void insert(struct locks *locks, struct lock *lock)
{
	struct lock **at = &locks->first;

	while (*at && (*at)->start <= lock->start)
		at = &(*at)->next;
	lock->next = *at;
	*at = lock;
}

static void take_out(struct lock **at)
{
	struct lock *lock = *at;

	*at = lock->next;
	free(lock);
}

/* Let @fresh be as large as it and what its owner has of its type around it, which goes. */
static void absorb(struct locks *locks, struct lock *fresh)
{
	struct lock **at = &locks->first;

	while (*at) {
		struct lock *lock = *at;

		if (lock->owner != fresh->owner || lock->type != fresh->type || !touch(lock, fresh)) {
			at = &lock->next;
			continue;
		}
		if (lock->start < fresh->start)
			fresh->start = lock->start;
		if (lock->end > fresh->end)
			fresh->end = lock->end;
		take_out(at);
	}
}

/* Take @want's range away from what its owner has. Only one lock can reach beyond its end: if it begins before @want
 * as well, @spare becomes its upper part. */
static void cut(struct locks *locks, const struct lock *want, struct lock *spare)
{
	struct lock **at = &locks->first, *behind = NULL;

	while (*at) {
		struct lock *lock = *at;

		if (lock->owner != want->owner || !overlap(lock, want)) {
			at = &lock->next;
		} else if (lock->start < want->start) {
			if (lock->end > want->end) {
				*spare = *lock;
				behind = spare;
			}
			lock->end = want->start - 1;
			at = &lock->next;
		} else if (lock->end > want->end) {
			*at = lock->next;
			behind = lock;
		} else {
			take_out(at);
		}
	}
	if (!behind)
		return;
	/* It begins elsewhere now, so its place in the list is another. */
	behind->start = want->end + 1;
	insert(locks, behind);
}

int locks_set(struct locks *locks, const struct lock *want)
{
	bool sets = want->type != F_UNLCK, wants_spare = splits(locks, want);
	struct lock *fresh = NULL, *spare = NULL, conflict;

	if (!locks_test(locks, want, &conflict))
		return -EAGAIN;
	if (sets)
		fresh = malloc(sizeof(*fresh));
	if (wants_spare)
		spare = malloc(sizeof(*spare));
	if ((sets && !fresh) || (wants_spare && !spare)) {
		free(fresh);
		free(spare);
		return -ENOMEM;
	}
	if (fresh) {
		*fresh = *want;
		absorb(locks, fresh);
	}
	cut(locks, want, spare);
	if (fresh)
		insert(locks, fresh);
	return 0;
}

void locks_drop(struct locks *locks, uint64_t handle)
{
	struct lock **at = &locks->first;

	while (*at) {
		if ((*at)->handle == handle)
			take_out(at);
		else
			at = &(*at)->next;
	}
}

unsigned int locks_holders(const struct locks *locks, int32_t *pid)
{
	const struct lock *first = locks->first;

	if (!first)
		return 0;
	for (const struct lock *lock = first->next; lock; lock = lock->next)
		if (lock->owner != first->owner)
			return 2;
	*pid = first->pid;
	return 1;
}

void locks_free(struct locks *locks)
{
	while (locks->first)
		take_out(&locks->first);
}
