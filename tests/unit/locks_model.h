/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * locks_model - record locks as a row of cells for each owner, for the tests of daemon/locks. Nothing here is taken
 * from there.
 *
 * A cell is one byte of the file from @base on; the last cell is all the bytes from there to the end.
 */
#ifndef LOCKS_MODEL_H
#define LOCKS_MODEL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/locks.h"

#define LOCKS_CELLS  24
#define LOCKS_OWNERS 3

enum cell {
	CELL_FREE,
	CELL_READ,
	CELL_WRITE,
};

struct locks_model {
	uint64_t base;
	int cells, owners; /* in use */
	unsigned char cell[LOCKS_OWNERS][LOCKS_CELLS];
};

/* What is asked for, in cells. */
struct locks_step {
	int owner, first, last;
	short type;
};

static inline unsigned char cell_of(short type)
{
	return type == F_RDLCK ? CELL_READ : type == F_WRLCK ? CELL_WRITE : CELL_FREE;
}

static inline struct lock lock_of(const struct locks_model *model, const struct locks_step *step)
{
	return (struct lock){ .owner = UINT64_MAX - (uint64_t)step->owner,
			      .pid = 100 + step->owner,
			      .type = step->type,
			      .start = model->base + (uint64_t)step->first,
			      .end = step->last == model->cells - 1 ? UINT64_MAX : model->base + (uint64_t)step->last };
}

/* The first cell of the run that this one is in. */
static inline int run_start(const unsigned char *row, int at)
{
	while (at && row[at - 1] == row[at])
		at--;
	return at;
}

static inline int run_end(const struct locks_model *model, const unsigned char *row, int at)
{
	while (at + 1 < model->cells && row[at + 1] == row[at])
		at++;
	return at;
}

static inline bool cells_conflict(unsigned char one, unsigned char other)
{
	return one != CELL_FREE && other != CELL_FREE && (one == CELL_WRITE || other == CELL_WRITE);
}

/* Where the lowest lock begins that is in the way, or -1. */
static inline int model_conflict(const struct locks_model *model, const struct locks_step *step)
{
	int lowest = -1;

	for (int owner = 0; owner < model->owners; owner++) {
		const unsigned char *row = model->cell[owner];

		for (int i = step->first; i <= step->last && owner != step->owner; i++)
			if (cells_conflict(row[i], cell_of(step->type)) &&
			    (lowest < 0 || run_start(row, i) < lowest))
				lowest = run_start(row, i);
	}
	return lowest;
}

static inline int model_set(struct locks_model *model, const struct locks_step *step)
{
	if (model_conflict(model, step) >= 0)
		return -EAGAIN;
	memset(model->cell[step->owner] + step->first, cell_of(step->type), (size_t)(step->last - step->first + 1));
	return 0;
}

static inline int model_runs(const struct locks_model *model)
{
	int runs = 0;

	for (int owner = 0; owner < model->owners; owner++)
		for (int i = 0; i < model->cells; i++)
			runs += model->cell[owner][i] != CELL_FREE && run_start(model->cell[owner], i) == i;
	return runs;
}

static inline bool same_lock(const struct lock *a, const struct lock *b)
{
	return a->owner == b->owner && a->pid == b->pid && a->type == b->type && a->start == b->start &&
	       a->end == b->end;
}

/* NULL, or how the locks differ from the model: each is a whole run, in order, and there are as many. */
static inline const char *locks_flaw(const struct locks_model *model, const struct locks *locks)
{
	int count = 0;

	for (const struct lock *lock = locks->first; lock; lock = lock->next, count++) {
		struct locks_step step = { .owner = (int)(UINT64_MAX - lock->owner), .type = lock->type };
		struct lock run;

		if (lock->next && lock->next->start < lock->start)
			return "not in order";
		if (step.owner < 0 || step.owner >= model->owners || lock->start < model->base ||
		    lock->start - model->base >= (uint64_t)model->cells)
			return "an owner or a start is out of range";
		step.first = (int)(lock->start - model->base);
		if (cell_of(lock->type) == CELL_FREE || model->cell[step.owner][step.first] != cell_of(lock->type))
			return "a lock has another type or none in the model";
		if (run_start(model->cell[step.owner], step.first) != step.first)
			return "a lock begins inside of another one, or is not merged";
		step.last = run_end(model, model->cell[step.owner], step.first);
		run = lock_of(model, &step);
		if (!same_lock(lock, &run))
			return "a lock has another end or pid";
	}
	return count == model_runs(model) ? NULL : "a lock is missing or there twice";
}

/* The same of what locks_test says. */
static inline const char *locks_test_flaw(const struct locks_model *model, const struct locks *locks,
					  const struct locks_step *step)
{
	struct lock conflict = { .next = (struct lock *)&conflict }, want = lock_of(model, step);
	int lowest = model_conflict(model, step);

	if (locks_test(locks, &want, &conflict))
		return lowest < 0 ? NULL : "what is in its way is not seen";
	if (lowest < 0)
		return "nothing is in its way";
	if (conflict.next)
		return "the answer leads into the list";
	if (conflict.start != model->base + (uint64_t)lowest)
		return "not the lowest is in its way";
	if (conflict.owner == want.owner || conflict.start > want.end || conflict.end < want.start ||
	    !cells_conflict(cell_of(conflict.type), cell_of(want.type)))
		return "what is said is not in its way";
	for (const struct lock *lock = locks->first; lock; lock = lock->next)
		if (same_lock(lock, &conflict))
			return NULL;
	return "what is said to be in its way is no lock";
}

static inline const char *locks_holders_flaw(const struct locks_model *model, const struct locks *locks)
{
	unsigned int holders = 0;
	int32_t pid = -1, expected = -1;

	for (int owner = 0; owner < model->owners; owner++) {
		if (run_end(model, model->cell[owner], 0) == model->cells - 1 && !model->cell[owner][0])
			continue;
		holders++;
		expected = 100 + owner;
	}
	if (locks_holders(locks, &pid) != (holders > 2 ? 2 : holders))
		return "the number of holders is wrong";
	return holders != 1 || pid == expected ? NULL : "the holder's pid is wrong";
}

#endif
