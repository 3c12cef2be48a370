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

/* Mapping by mapping in the order in which they were made. @to's own are gone. */
static int copy_all(struct nommu_board *b, uint32_t from, uint32_t to)
{
	uint32_t last = mm_at(b, from)->first_vma, steps = 0;

	if (!last)
		return 0;
	while (vma_at(b, last)->mm_next && segment_step(b, &steps, b->vma_count))
		last = vma_at(b, last)->mm_next;
	steps = 0;
	for (uint32_t at = last; at && segment_step(b, &steps, b->vma_count); at = vma_at(b, at)->mm_prev) {
		const struct seg_vma *vma = vma_at(b, at);
		struct seg_region *region = region_at(b, vma->region);

		if (!(region->flags & REGION_SHAREABLE))
			journal_u32(b, &region->flags, region->flags | REGION_COPIED);
		if (!vma_add(b, to, vma->region, vma->start, vma->pages, vma->pgoff, vma->asked, vma->flags))
			return -ENOMEM;
		if (steps % EXIT_STEPS == 0)
			tx_step(b);
	}
	return 0;
}

int nommu_mm_copy(struct nommu_board *b, const struct nommu_mm *from, const struct nommu_mm *to)
{
	uint32_t source, target, steps = 0;
	int result = tx_begin(b), ended;

	if (result)
		return result;
	source = mm_get(b, from);
	target = mm_get(b, to);
	if (!source || !target) {
		tx_abort(b);
		return -ESRCH;
	}
	if (source != target) {
		while (mm_at(b, target)->first_vma && segment_step(b, &steps, b->vma_count)) {
			vma_remove(b, mm_at(b, target)->first_vma);
			if (steps % EXIT_STEPS == 0)
				tx_step(b);
		}
		result = copy_all(b, source, target);
	}
	ended = tx_end(b);
	reap(b);
	return ended ? ended : result;
}

/* Device memory is no place for words that the kernel waits on. */
static bool is_device(const struct nommu_board *b, uint64_t addr)
{
	const struct nommu_window *window = segment_window(b, addr, 0);

	return !window || window->kind == NOMMU_WINDOW_DEVICE;
}

int nommu_mm_holds(struct nommu_board *b, const struct nommu_mm *mm, uint64_t addr, uint64_t len)
{
	uint32_t id, steps = 0;
	bool holds = false;
	int result = tx_begin(b);

	if (result)
		return result;
	id = mm_get(b, mm);
	if (!id) {
		tx_abort(b);
		return -ESRCH;
	}
	for (uint32_t at = mm_at(b, id)->first_vma; at && !holds && segment_step(b, &steps, b->vma_count);) {
		const struct seg_vma *vma = vma_at(b, at);
		uint64_t size = (uint64_t)vma->pages << NOMMU_PAGE_SHIFT;

		holds = addr >= vma->start && addr - vma->start < size && len <= size - (addr - vma->start);
		at = vma->mm_next;
	}
	result = tx_end(b);
	return result ? result : holds && !is_device(b, addr) ? 0 : -EFAULT;
}
