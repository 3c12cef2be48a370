/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/journal.h"

bool journal_overflow(struct nommu_board *b)
{
	if (b->os->journal_full && b->os->journal_full(b, b->os->arg))
		return b->journal->count < SEG_JOURNAL_MAX;
	segment_damaged(b);
	return false;
}

void journal_copy(struct nommu_board *b, void *to, const void *from, size_t size)
{
	uint64_t *word = to;
	uint64_t value;

	for (size_t i = 0; i < size / sizeof(value); i++) {
		memcpy(&value, (const char *)from + i * sizeof(value), sizeof(value));
		journal_u64(b, &word[i], value);
	}
}

void journal_rollback(struct nommu_board *b)
{
	uint64_t n = b->journal->count;

	/* A count or an offset that is out of bounds was written by somebody else: there is nothing to trust. */
	if (n > SEG_JOURNAL_MAX) {
		segment_damaged(b);
		n = 0;
	}
	while (n--) {
		uint64_t where = b->journal->undo[n].where;
		bool wide = where & 1;

		where &= ~1ULL;
		if (where % (wide ? 8 : 4) || where >= b->size) {
			segment_damaged(b);
			break;
		}
		if (wide)
			*(volatile uint64_t *)(void *)(b->base + where) = b->journal->undo[n].old;
		else
			*(volatile uint32_t *)(void *)(b->base + where) = (uint32_t)b->journal->undo[n].old;
	}
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint64_t *)&b->journal->count = 0;
	atomic_signal_fence(memory_order_seq_cst);
}

void journal_commit(struct nommu_board *b)
{
	/* A bound that is just reached stops here too, so that a test can stop after the last write. */
	if (unlikely(b->journal->count >= b->journal_max))
		journal_overflow(b);
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint64_t *)&b->journal->count = 0;
	atomic_signal_fence(memory_order_seq_cst);
}
