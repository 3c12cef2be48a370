/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crash - a board on which an operation can be stopped as if its process had been killed there.
 *
 * A victim's handle has a journal bound of 0, so the engine asks the hook before each journalled write and before each
 * commit: these are the events, counted from 0. At the chosen one the hook does not return. The lock word is then made
 * what the kernel makes of a dead task's, and the survivor's handle, on the same segment, goes on.
 */
#ifndef CRASH_H
#define CRASH_H

#include <setjmp.h>

#include "engine/internal.h"

#define CRASH_FILES 6
#define CRASH_ADDRS 48

/* What an operation finds, and what setup wrote down for it. */
struct crash_scene {
	struct nommu_board *victim, *survivor;
	struct nommu_mm mm, other;
	uint32_t file[CRASH_FILES];
	uint64_t addr[CRASH_ADDRS];
	unsigned addrs;
	int32_t shm[3];
};

struct crash {
	struct crash_scene scene;
	struct nommu_os os;
	struct nommu_task task;
	jmp_buf out;
	uint64_t size;
	char *prepared; /* the segment after setup */
	char *begun;    /* the segment at the start of the transaction that is under way */
	uint64_t events, stop;
	uint64_t most; /* entries in the journal at any event */
	bool counting;
	uint64_t locks, refuse; /* attempts at the lock; the one that finds it taken */
	bool refusing;
	char error[256];
};

typedef void crash_setup_fn(struct crash_scene *scene);
/* One operation through this handle. Returns 0 or -errno. */
typedef int crash_run_fn(struct nommu_board *board, struct crash_scene *scene);

void crash_open(struct crash *c, enum nommu_profile profile, crash_setup_fn *setup);
void crash_close(struct crash *c);

/* Back to what setup left. */
void crash_reset(struct crash *c);

/* Run by the victim, stopped at event @stop. False: it ended before that, with *@result. */
bool crash_run(struct crash *c, crash_run_fn *run, uint64_t stop, int *result);

/* Run by the victim, whose handle does not wait; at its attempt @nth at the lock somebody has it, until a waiter sleeps
 * or the call returns. False: there were not so many attempts. */
bool crash_run_busy(struct crash *c, crash_run_fn *run, uint64_t nth, int *result);

/* Every word that differs from the start of the transaction has an entry with the old value. Else false, with an error
 * that says which has not. */
bool crash_covered(struct crash *c);

enum crash_death {
	CRASH_PLAIN,      /* died at the event */
	CRASH_UNWRITTEN,  /* died between the last entry and its word */
	CRASH_IN_RECOVERY /* and who rolled back died in the middle of it */
};

/* The victim is dead: let the survivor take the lock. Then everything must be as it was when the transaction began, and
 * the board verify. */
bool crash_recover(struct crash *c, enum crash_death death);

/* Something small that gives back what the dead had begun to give back. */
void crash_nudge(struct crash *c);

/* All processes and files go: then everything must be free. */
bool crash_empties(struct crash *c);

#endif
