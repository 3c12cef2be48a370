/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

#include <errno.h>

int verdict_refuse(struct nommu_verdict *v, int error, enum nommu_rule rule)
{
	v->error = error;
	v->how = NOMMU_HOW_NONE;
	v->rule = rule;
	return error;
}

int verdict_busy(struct nommu_board *b, struct nommu_verdict *v, int error)
{
	v->holder_pid = (int32_t)(__atomic_load_n(&b->lock->word, __ATOMIC_RELAXED) & FUTEX_TID_MASK);
	return verdict_refuse(v, error, error == -EAGAIN ? NOMMU_RULE_BOARD_BUSY : NOMMU_RULE_BOARD_STOPPED);
}

int verdict_no_memory(struct nommu_board *b, struct nommu_verdict *v, uint64_t pages)
{
	uint64_t most = b->header->file_pages;

	v->pages = pages;
	v->order_asked = pages_order(pages);
	v->order_max = b->max_order;
	v->order_largest = pages_largest(b);
	v->free_pages = b->header->free_pages;
	v->holder_pid = 0;
	memcpy(v->holder, "files", sizeof("files"));
	for (uint32_t id = 1; id <= b->header->table[TABLE_MMS].high && id <= b->mm_count; id++) {
		const struct seg_mm *mm = mm_at(b, id);

		if (!mm->state || mm->pages <= most)
			continue;
		most = mm->pages;
		v->holder_pid = mm->pid;
		memcpy(v->holder, mm->comm, sizeof(v->holder));
		v->holder[sizeof(v->holder) - 1] = 0;
	}
	v->holder_pages = (uint32_t)most;
	return verdict_refuse(v, -ENOMEM, NOMMU_RULE_NO_MEMORY);
}
