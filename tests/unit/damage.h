/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * damage - a board with something of everything, to be damaged, and operations that must live through it.
 *
 * The work is done in a child. What it says it is doing (damage_note) and what it found (damage_fail) is in memory
 * shared with the test, which so can tell of a crash or a hang too.
 */
#ifndef DAMAGE_H
#define DAMAGE_H

#include "engine/internal.h"

struct damage {
	struct nommu_board *b;
	struct nommu_mm mm, other;
	uint32_t file[5]; /* RAM, RAM with holes, ROM, put but mapped (by its former number), reaped by exit */
	uint64_t addr[11];
	unsigned addrs;
	int32_t shm[2]; /* attached by mm, at the last addr; marked, and attached by other */
	char *good; /* the segment as it was */
	char *note, *error;
	uint64_t stops; /* how often a call stopped the board */
};

/* Returns false after damage_fail. */
typedef bool damage_fn(struct damage *d, unsigned seed);

/* Run @fn in a child on a fresh board; fails the test if it returns false, crashes or takes too long. */
void damage_run(damage_fn *fn, unsigned seed);

void damage_note(struct damage *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool damage_fail(struct damage *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Make every call of the interface: each answers 0, a number or -errno; addresses lie on the board. A board that one
 * of them stops runs again for the next. */
bool damage_operate(struct damage *d);

/* Undo all damage. */
void damage_restore(struct damage *d);

/* Whether @id is a node of the tree of frames below @root. */
bool damage_in_tree(struct nommu_board *b, uint32_t root, uint32_t id);

#endif
