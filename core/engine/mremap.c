/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

#include <errno.h>
#include <sys/mman.h>

/* How long it may become. The doc's "slab object" is the block; today's kernel stops at what the region has left. There
 * a part of what others map too, and of which other parts may be mapped here, does not grow. */
static uint32_t limit_of(const struct nommu_board *b, const struct seg_vma *vma, const struct seg_region *region)
{
	if (b->profile == NOMMU_PROFILE_BDI)
		return region->block;
	return region->users > 1 ? vma->pages : region->pages - (uint32_t)(vma->pgoff - region->node.start);
}

static int resize(struct nommu_board *b, uint32_t id, uint64_t length, struct nommu_verdict *v)
{
	struct seg_vma *vma = vma_at(b, id);
	struct seg_region *region = region_at(b, vma->region);
	uint64_t pages = page_count(length);
	uint32_t limit = limit_of(b, vma, region);

	if (vma->flags & VMA_SHAREABLE)
		return verdict_refuse(v, -EPERM, NOMMU_RULE_MREMAP_SHAREABLE);
	if (pages > limit) {
		verdict_no_memory(b, v, pages);
		v->rule = NOMMU_RULE_MREMAP_LIMIT;
		v->pages = limit;
		return -ENOMEM;
	}
	vma_resize(b, id, vma->start, (uint32_t)pages, length);
	/* A region is as long as its longest user; with several that is not looked for. */
	if (b->profile == NOMMU_PROFILE_BDI && (region->users == 1 || pages > region->pages)) {
		journal_add(b, &b->header->slack_pages, (int64_t)region->pages - (int64_t)pages);
		journal_u32(b, &region->pages, (uint32_t)pages);
		journal_u64(b, &region->node.end, region->node.start + pages);
	}
	v->rule = NOMMU_RULE_MREMAPPED;
	v->how = region->state;
	v->pages = region->block;
	return 0;
}

int nommu_mremap(struct nommu_board *b, const struct nommu_mm *owner, uint64_t addr, uint64_t old_length,
		 uint64_t new_length, int flags, uint64_t fixed, struct nommu_verdict *v)
{
	uint64_t old_pages = page_align(old_length) >> NOMMU_PAGE_SHIFT;
	uint32_t mm, id;
	int result;

	*v = (struct nommu_verdict){ .addr = addr, .asked = new_length };
	if (!old_pages || !page_align(new_length))
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_LENGTH_ZERO);
	if (addr & (NOMMU_PAGE_SIZE - 1))
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_UNALIGNED);
	if (flags & MREMAP_FIXED && fixed != addr)
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_MREMAP_FIXED);
	result = mm_begin(b, owner, &mm, v);
	if (result)
		return result;
	id = old_pages <= UINT32_MAX ? vma_find(b, mm, addr, (uint32_t)old_pages) : 0;
	if (id)
		result = resize(b, id, new_length, v);
	else
		result = verdict_refuse(v, -EINVAL,
					vma_holding(b, mm, addr) ? NOMMU_RULE_PARTIAL : NOMMU_RULE_NOT_MAPPED);
	if (result) {
		tx_abort(b);
		return result;
	}
	result = tx_end(b);
	return result ? verdict_busy(b, v, result) : 0;
}
