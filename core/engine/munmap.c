/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

#include <errno.h>

/* `linux6`: the part [from, to) of an anonymous mapping. Behind its end the slack goes too. */
static bool unmap_part(struct nommu_board *b, uint32_t id, uint64_t from, uint64_t to)
{
	struct seg_vma *vma = vma_at(b, id);
	struct seg_region *region = region_at(b, vma->region);
	struct seg_mm *mm = mm_at(b, vma->mm);
	uint64_t end = vma->start + ((uint64_t)vma->pages << NOMMU_PAGE_SHIFT);
	uint64_t region_end = region->start + ((uint64_t)region->pages << NOMMU_PAGE_SHIFT);
	uint64_t top = region->start + ((uint64_t)region->block << NOMMU_PAGE_SHIFT);
	uint32_t old_block = region->block, old_slack = region->block - region->pages, upper = 0, frame;

	if (from > vma->start && to < end) {
		/* A hole: what lies above it becomes a mapping of its own. */
		frame = frame_of(b, to);
		upper = region_new(b, NOMMU_HOW_ANONYMOUS, 0, 0, to, (uint32_t)((region_end - to) >> NOMMU_PAGE_SHIFT),
				   (uint32_t)((top - to) >> NOMMU_PAGE_SHIFT), 0);
		if (!upper)
			return false;
		pages_cut(b, frame);
		pages_mark(b, frame, (uint32_t)((top - to) >> NOMMU_PAGE_SHIFT), FRAME_REGION, upper);
		if (!vma_add(b, vma->mm, upper, to, (uint32_t)((end - to) >> NOMMU_PAGE_SHIFT), 0, end - to,
			     vma->flags))
			return false;
	} else if (to == end) {
		to = top;
	}
	pages_free(b, frame_of(b, from), (uint32_t)((to - from) >> NOMMU_PAGE_SHIFT));
	if (from > vma->start) {
		journal_u32(b, &region->block, (uint32_t)((from - region->start) >> NOMMU_PAGE_SHIFT));
		journal_u32(b, &region->pages, region->block);
		vma_resize(b, id, vma->start, (uint32_t)((from - vma->start) >> NOMMU_PAGE_SHIFT),
			   from - vma->start);
	} else {
		uint32_t gone = (uint32_t)((to - from) >> NOMMU_PAGE_SHIFT);

		journal_u64(b, &region->start, to);
		journal_u32(b, &region->block, region->block - gone);
		journal_u32(b, &region->pages, region->pages - gone);
		vma_resize(b, id, to, (uint32_t)((end - to) >> NOMMU_PAGE_SHIFT), end - to);
	}
	journal_u64(b, &region->node.end, region->node.start + region->pages);
	journal_u64(b, &mm->pages, mm->pages - old_block + region->block);
	journal_add(b, &b->header->anon_pages, (int64_t)region->block - old_block);
	journal_add(b, &b->header->slack_pages, (int64_t)region->block - region->pages - old_slack);
	return true;
}

/* The same where others map the region too, or a part of it is not mapped here: its pages go with its last user. */
static bool leave_part(struct nommu_board *b, uint32_t id, uint64_t from, uint64_t to)
{
	struct seg_vma *vma = vma_at(b, id);
	uint64_t end = vma->start + ((uint64_t)vma->pages << NOMMU_PAGE_SHIFT);
	uint64_t pgoff = vma->pgoff + ((to - vma->start) >> NOMMU_PAGE_SHIFT);
	uint32_t above = (uint32_t)((end - to) >> NOMMU_PAGE_SHIFT);

	if (from == vma->start) {
		journal_u64(b, &vma->pgoff, pgoff);
		vma_resize(b, id, to, above, end - to);
		return true;
	}
	if (above && !vma_add(b, vma->mm, vma->region, to, above, pgoff, end - to, vma->flags))
		return false;
	vma_resize(b, id, vma->start, (uint32_t)((from - vma->start) >> NOMMU_PAGE_SHIFT), from - vma->start);
	return true;
}

static bool unmap_inside(struct nommu_board *b, uint32_t id, uint64_t from, uint64_t to)
{
	const struct seg_vma *vma = vma_at(b, id);
	const struct seg_region *region = region_at(b, vma->region);
	bool alone = region->users == 1 && vma->start == region->start;

	return alone ? unmap_part(b, id, from, to) : leave_part(b, id, from, to);
}

/* The exact mapping was not there: a part of one, or nothing. */
static int unmap_inexact(struct nommu_board *b, uint32_t mm, uint64_t addr, uint64_t len, struct nommu_verdict *v)
{
	uint32_t id = vma_anonymous(b, mm, addr);
	const struct seg_vma *vma;

	if (b->profile == NOMMU_PROFILE_LINUX6 && id && !(addr & (NOMMU_PAGE_SIZE - 1))) {
		vma = vma_at(b, id);
		if (len <= ((uint64_t)vma->pages << NOMMU_PAGE_SHIFT) - (addr - vma->start)) {
			if (!unmap_inside(b, id, addr, addr + len))
				return verdict_refuse(v, -ENOMEM, NOMMU_RULE_TABLE_FULL);
			v->rule = NOMMU_RULE_UNMAPPED;
			return 0;
		}
	}
	if (!id)
		id = vma_holding(b, mm, addr);
	return verdict_refuse(v, -EINVAL, id ? NOMMU_RULE_PARTIAL : NOMMU_RULE_NOT_MAPPED);
}

int nommu_munmap(struct nommu_board *b, const struct nommu_mm *owner, uint64_t addr, uint64_t length,
		 struct nommu_verdict *v)
{
	uint64_t len = page_align(length), pages;
	uint32_t mm, id;
	int result;

	*v = (struct nommu_verdict){ .addr = addr, .asked = length };
	if (!len)
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_LENGTH_ZERO);
	if (addr + len < addr)
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_NOT_MAPPED);
	result = mm_begin(b, owner, &mm, v);
	if (result)
		return result;
	pages = len >> NOMMU_PAGE_SHIFT;
	id = pages <= UINT32_MAX ? vma_find(b, mm, addr, (uint32_t)pages) : 0;
	if (id) {
		v->rule = NOMMU_RULE_UNMAPPED;
		v->pages = region_at(b, vma_at(b, id)->region)->block;
		vma_remove(b, id);
	} else {
		result = unmap_inexact(b, mm, addr, len, v);
	}
	if (result) {
		tx_abort(b);
		return result;
	}
	result = tx_end(b);
	if (result)
		return verdict_busy(b, v, result);
	reap(b);
	return 0;
}
