/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

uint32_t pending_take(struct nommu_board *b, uint32_t mm, uint32_t file, uint32_t pages, uint32_t trim,
		      uint32_t *block)
{
	struct seg_mm *owner = mm_at(b, mm);
	uint32_t id = pages_alloc(b, pages, trim, FRAME_PENDING, mm, block);
	struct seg_frame *frame;

	if (!id)
		return 0;
	frame = frame_at(b, id);
	journal_u64(b, &frame->node.start, *block);
	journal_u64(b, &frame->node.end, file);
	journal_u64(b, &frame->node.aux, b->os->task()->tid);
	journal_u64(b, &frame->node.max_aux, b->os->task()->since);
	journal_u32(b, &frame->next, owner->pending);
	journal_u32(b, &frame->prev, 0);
	if (owner->pending)
		journal_u32(b, &frame_at(b, owner->pending)->prev, id);
	journal_u32(b, &owner->pending, id);
	journal_add(b, &b->header->pending_pages, *block);
	if (file)
		journal_add(b, &file_at(b, file)->pins, 1);
	return id;
}

uint32_t pending_remove(struct nommu_board *b, uint32_t mm, uint32_t id)
{
	struct seg_frame *frame = frame_at(b, id);
	uint32_t pages = (uint32_t)frame->node.start, file = (uint32_t)frame->node.end;

	if (frame->state != FRAME_PENDING || frame->owner != mm || pages > b->pages - (id - 1)) {
		segment_damaged(b);
		return 0;
	}
	if (frame->prev)
		journal_u32(b, &frame_at(b, frame->prev)->next, frame->next);
	else
		journal_u32(b, &mm_at(b, mm)->pending, frame->next);
	if (frame->next)
		journal_u32(b, &frame_at(b, frame->next)->prev, frame->prev);
	journal_add(b, &b->header->pending_pages, -(int64_t)pages);
	if (file)
		journal_add(b, &file_at(b, file)->pins, -1);
	return pages;
}

void pending_free(struct nommu_board *b, uint32_t mm, uint32_t id)
{
	uint32_t file = (uint32_t)frame_at(b, id)->node.end;
	uint32_t pages = pending_remove(b, mm, id);

	if (!pages)
		return;
	pages_free(b, id, pages);
	if (file)
		file_unwanted(b, file);
}

void pending_drop(struct nommu_board *b, const struct nommu_mm *owner, uint32_t id)
{
	uint32_t mm;

	if (tx_begin_waiting(b))
		return;
	mm = mm_get(b, owner);
	if (mm)
		pending_free(b, mm, id);
	tx_end(b);
	reap(b);
}
