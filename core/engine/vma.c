/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

/* Mappings looked at for the words of a refusal. */
#define HOLDING_MAX 256

uint32_t *vma_bucket(struct nommu_board *b, uint32_t mm, uint64_t start)
{
	/* Neighbouring pages share cache lines; inside of a page, in ROM, files begin at multiples of 16. */
	uint64_t hash = (start >> NOMMU_PAGE_SHIFT) + (start >> 4 & 0xff) * 0x9e3779b1u + mm * 0x85ebca77u;

	return &b->vma_hash[hash & ((1ULL << b->vma_hash_bits) - 1)];
}

static void hash_add(struct nommu_board *b, uint32_t id)
{
	struct seg_vma *vma = vma_at(b, id);
	uint32_t *first = vma_bucket(b, vma->mm, vma->start);

	journal_u32(b, &vma->link, *first);
	journal_u32(b, &vma->hash_prev, 0);
	if (*first)
		journal_u32(b, &vma_at(b, *first)->hash_prev, id);
	journal_u32(b, first, id);
}

static void hash_remove(struct nommu_board *b, uint32_t id)
{
	struct seg_vma *vma = vma_at(b, id);

	if (vma->hash_prev)
		journal_u32(b, &vma_at(b, vma->hash_prev)->link, vma->link);
	else
		journal_u32(b, vma_bucket(b, vma->mm, vma->start), vma->link);
	if (vma->link)
		journal_u32(b, &vma_at(b, vma->link)->hash_prev, vma->hash_prev);
}

static void mm_link(struct nommu_board *b, uint32_t id, struct seg_vma *vma)
{
	struct seg_mm *mm = mm_at(b, vma->mm);

	journal_u32(b, &vma->mm_next, mm->first_vma);
	journal_u32(b, &vma->mm_prev, 0);
	if (mm->first_vma)
		journal_u32(b, &vma_at(b, mm->first_vma)->mm_prev, id);
	journal_u32(b, &mm->first_vma, id);
	journal_add(b, &mm->vmas, 1);
	journal_u64(b, &mm->pages, mm->pages + region_at(b, vma->region)->block);
}

static void mm_unlink(struct nommu_board *b, struct seg_vma *vma)
{
	struct seg_mm *mm = mm_at(b, vma->mm);

	if (vma->mm_prev)
		journal_u32(b, &vma_at(b, vma->mm_prev)->mm_next, vma->mm_next);
	else
		journal_u32(b, &mm->first_vma, vma->mm_next);
	if (vma->mm_next)
		journal_u32(b, &vma_at(b, vma->mm_next)->mm_prev, vma->mm_prev);
	journal_add(b, &mm->vmas, -1);
	journal_u64(b, &mm->pages, mm->pages - region_at(b, vma->region)->block);
}

/* At the end, so that the first user stays first. */
static void region_link(struct nommu_board *b, uint32_t id, struct seg_vma *vma)
{
	struct seg_region *region = region_at(b, vma->region);

	journal_u32(b, &vma->region_next, 0);
	journal_u32(b, &vma->region_prev, region->last_vma);
	if (region->last_vma)
		journal_u32(b, &vma_at(b, region->last_vma)->region_next, id);
	else
		journal_u32(b, &region->first_vma, id);
	journal_u32(b, &region->last_vma, id);
	journal_add(b, &region->users, 1);
}

static void region_unlink(struct nommu_board *b, struct seg_vma *vma)
{
	struct seg_region *region = region_at(b, vma->region);

	if (vma->region_prev)
		journal_u32(b, &vma_at(b, vma->region_prev)->region_next, vma->region_next);
	else
		journal_u32(b, &region->first_vma, vma->region_next);
	if (vma->region_next)
		journal_u32(b, &vma_at(b, vma->region_next)->region_prev, vma->region_prev);
	else
		journal_u32(b, &region->last_vma, vma->region_prev);
	journal_add(b, &region->users, -1);
}

/* A MAP_SHARED user that reached furthest is going: who does now? */
static void shared_end_without(struct nommu_board *b, const struct seg_vma *gone)
{
	struct seg_region *region = region_at(b, gone->region);
	uint64_t end = 0, limit = region->node.aux;
	uint32_t steps = 0;

	if (gone->pgoff + gone->pages < limit)
		return;
	for (uint32_t at = region->first_vma; at && end < limit && segment_step(b, &steps, b->vma_count);) {
		const struct seg_vma *vma = vma_at(b, at);

		if (vma != gone && vma->flags & VMA_SHARED && vma->pgoff + vma->pages > end)
			end = vma->pgoff + vma->pages;
		at = vma->region_next;
	}
	region_set_shared_end(b, gone->region, end);
}

uint32_t vma_add(struct nommu_board *b, uint32_t mm, uint32_t region, uint64_t start, uint32_t pages, uint64_t pgoff,
		 uint64_t asked, uint32_t flags)
{
	uint32_t id = segment_take(b, TABLE_VMAS);
	struct seg_region *behind = region_at(b, region);
	struct seg_vma *vma;

	if (!id)
		return 0;
	vma = vma_at(b, id);
	journal_u32(b, &vma->mm, mm);
	journal_u32(b, &vma->region, region);
	journal_u32(b, &vma->flags, flags);
	journal_u32(b, &vma->pages, pages);
	journal_u64(b, &vma->start, start);
	journal_u64(b, &vma->pgoff, pgoff);
	journal_u64(b, &vma->asked, asked);
	hash_add(b, id);
	mm_link(b, id, vma);
	region_link(b, id, vma);
	if (behind->file) {
		struct seg_file *file = file_at(b, behind->file);

		journal_add(b, &file->mappings, 1);
		if (unlikely(shm_of(file)))
			shm_attached(b, file->shm, mm);
	}
	if (flags & VMA_SHARED && pgoff + pages > behind->node.aux)
		region_set_shared_end(b, region, pgoff + pages);
	return id;
}

uint32_t vma_find(struct nommu_board *b, uint32_t mm, uint64_t start, uint32_t pages)
{
	uint32_t steps = 0;

	for (uint32_t at = *vma_bucket(b, mm, start); at && segment_step(b, &steps, b->vma_count);) {
		const struct seg_vma *vma = vma_at(b, at);

		if (vma->start == start && vma->pages == pages && vma->mm == mm)
			return at;
		at = vma->link;
	}
	return 0;
}

uint32_t vma_anonymous(struct nommu_board *b, uint32_t mm, uint64_t addr)
{
	uint32_t frame = frame_of(b, addr), id, steps = 0;
	const struct seg_region *region;
	const struct seg_vma *vma;

	if (!frame)
		return 0;
	frame = pages_chunk(b, frame);
	if (!frame || frame_at(b, frame)->state != FRAME_REGION)
		return 0;
	region = region_at(b, frame_at(b, frame)->owner);
	if (region->state != NOMMU_HOW_ANONYMOUS)
		return 0;
	/* Copies of the mm, and parts of a mapping that was one, are further users. */
	for (id = region->first_vma; id && segment_step(b, &steps, b->vma_count); id = vma->region_next) {
		vma = vma_at(b, id);
		if (vma->mm == mm && addr >= vma->start &&
		    addr - vma->start < (uint64_t)vma->pages << NOMMU_PAGE_SHIFT)
			return id;
	}
	return 0;
}

uint32_t vma_holding(struct nommu_board *b, uint32_t mm, uint64_t addr)
{
	uint32_t steps = 0, found = vma_anonymous(b, mm, addr);

	for (uint32_t at = found ? 0 : mm_at(b, mm)->first_vma; at && steps++ < HOLDING_MAX;) {
		const struct seg_vma *vma = vma_at(b, at);

		if (addr >= vma->start && addr - vma->start < (uint64_t)vma->pages << NOMMU_PAGE_SHIFT)
			return at;
		at = vma->mm_next;
	}
	return found;
}

void vma_resize(struct nommu_board *b, uint32_t id, uint64_t start, uint32_t pages, uint64_t asked)
{
	struct seg_vma *vma = vma_at(b, id);

	if (start != vma->start) {
		hash_remove(b, id);
		journal_u64(b, &vma->start, start);
		hash_add(b, id);
	}
	journal_u32(b, &vma->pages, pages);
	journal_u64(b, &vma->asked, asked);
}

void vma_remove(struct nommu_board *b, uint32_t id)
{
	struct seg_vma *vma = vma_at(b, id);
	struct seg_region *region = region_at(b, vma->region);
	uint32_t file = region->file, mm = vma->mm;

	if (vma->flags & VMA_SHARED)
		shared_end_without(b, vma);
	hash_remove(b, id);
	mm_unlink(b, vma);
	region_unlink(b, vma);
	if (!region->users)
		region_drop(b, vma->region);
	journal_u32(b, &vma->mm, 0);
	segment_give(b, TABLE_VMAS, id);
	if (file) {
		struct seg_file *mapped = file_at(b, file);

		journal_add(b, &mapped->mappings, -1);
		if (!mapped->mappings)
			journal_add(b, &mapped->closes, 1);
		if (unlikely(shm_of(mapped)))
			shm_detached(b, mapped->shm, mm);
		file_unwanted(b, file);
	}
}
