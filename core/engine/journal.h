/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * journal - undo for everything that a transaction changes in the segment.
 *
 * Every word is noted before it is overwritten: entry before count, count before the word. A process killed between
 * any two instructions so leaves a journal that undoes exactly what it did. Commit empties the journal; whoever takes
 * the lock from a dead owner rolls back first. Called with the lock held.
 */
#ifndef ENGINE_JOURNAL_H
#define ENGINE_JOURNAL_H

#include <stdatomic.h>
#include <string.h>

#include "engine/segment.h"

/* Make room for one more entry, or say that there is none: the word must not be written then. */
bool journal_overflow(struct nommu_board *b);

static inline bool journal_note(struct nommu_board *b, const void *word, uint64_t old, uint64_t wide)
{
	uint64_t where = (uint64_t)((const char *)word - b->base);
	uint64_t n = b->journal->count;

	if (unlikely(where >= b->size)) /* the scratch record stays zero */
		return false;
	if (unlikely(n >= b->journal_max) && !journal_overflow(b))
		return false;
	b->journal->undo[n].where = where | wide;
	b->journal->undo[n].old = old;
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint64_t *)&b->journal->count = n + 1;
	atomic_signal_fence(memory_order_seq_cst);
	return true;
}

static inline void journal_u32(struct nommu_board *b, uint32_t *word, uint32_t value)
{
	if (*word != value && journal_note(b, word, *word, 0))
		*(volatile uint32_t *)word = value;
}

static inline void journal_u64(struct nommu_board *b, uint64_t *word, uint64_t value)
{
	if (*word != value && journal_note(b, word, *word, 1))
		*(volatile uint64_t *)word = value;
}

static inline void journal_add(struct nommu_board *b, uint32_t *word, int64_t delta)
{
	journal_u32(b, word, (uint32_t)(*word + delta));
}

/* Set @size bytes, a multiple of 8, at an address that is a multiple of 8. */
void journal_copy(struct nommu_board *b, void *to, const void *from, size_t size);

/* Undo what stands in the journal, and empty it. May itself be killed at any point and begun again. */
void journal_rollback(struct nommu_board *b);

/* What was done is done. */
void journal_commit(struct nommu_board *b);

#endif
