/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

#include <errno.h>

/* Mappings dropped in one transaction: each costs up to some 150 journal entries. */
#define EXIT_STEPS 16

uint32_t mm_get(struct nommu_board *b, const struct nommu_mm *mm)
{
	const struct seg_mm *found;

	if (mm->slot == 0 || mm->slot > b->mm_count)
		return 0;
	found = mm_at(b, mm->slot);
	return found->state && found->generation == mm->generation ? mm->slot : 0;
}

int mm_begin(struct nommu_board *b, const struct nommu_mm *mm, uint32_t *id, struct nommu_verdict *v)
{
	int result = tx_begin(b);

	if (result)
		return verdict_busy(b, v, result);
	*id = mm_get(b, mm);
	if (*id)
		return 0;
	tx_abort(b);
	return verdict_refuse(v, -ESRCH, NOMMU_RULE_NO_SUCH_MM);
}

int nommu_mm_create(struct nommu_board *b, pid_t pid, const char *comm, struct nommu_mm *mm)
{
	struct seg_mm *made;
	char name[16] = "";
	uint32_t id;
	int result = tx_begin(b);

	if (result)
		return result;
	id = segment_take(b, TABLE_MMS);
	if (!id) {
		tx_abort(b);
		return -EMFILE;
	}
	for (size_t i = 0; comm && comm[i] && i < sizeof(name) - 1; i++)
		name[i] = comm[i];
	made = mm_at(b, id);
	journal_u32(b, &made->state, 1);
	journal_u32(b, &made->generation, made->generation + 1);
	journal_u32(b, (uint32_t *)&made->pid, (uint32_t)pid);
	journal_copy(b, made->comm, name, sizeof(name));
	*mm = (struct nommu_mm){ id, made->generation };
	return tx_end(b);
}

/* Some of what the mm holds. True: that was all, and the slot is free. */
static bool exit_some(struct nommu_board *b, uint32_t id)
{
	struct seg_mm *mm = mm_at(b, id);

	for (int i = 0; i < EXIT_STEPS && !b->damaged; i++) {
		if (mm->first_vma) {
			vma_remove(b, mm->first_vma);
		} else if (mm->pending) {
			pending_free(b, id, mm->pending);
		} else {
			journal_u32(b, &mm->state, 0);
			segment_give(b, TABLE_MMS, id);
			return true;
		}
	}
	return false;
}

int nommu_mm_exit(struct nommu_board *b, const struct nommu_mm *mm)
{
	bool done = false;
	uint32_t id;
	int result;

	while (!done) {
		result = tx_begin(b);
		if (result)
			return result;
		id = mm_get(b, mm);
		if (!id) {
			tx_abort(b);
			return -ESRCH;
		}
		done = exit_some(b, id);
		result = tx_end(b);
		if (result)
			return result;
	}
	reap(b);
	return 0;
}
