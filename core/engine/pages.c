/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

/* Page numbers count from 0 and are aligned as addresses are, since RAM begins at a multiple of the largest block. */
static uint32_t number(uint32_t id)
{
	return id - 1;
}

/* state, order and owner are one word. */
static void set_frame(struct nommu_board *b, struct seg_frame *frame, enum seg_frame_state state, unsigned int order,
		      uint32_t owner)
{
	journal_u64(b, &frame->what, (uint64_t)state | (uint64_t)order << 8 | (uint64_t)owner << 32);
}

static void list_add(struct nommu_board *b, uint32_t id, unsigned int order)
{
	struct seg_frame *frame = frame_at(b, id);
	uint32_t first = b->header->free_first[order];

	set_frame(b, frame, FRAME_FREE, order, 0);
	journal_u64(b, &frame->links, first); /* no previous one */
	if (first)
		journal_u32(b, &frame_at(b, first)->prev, id);
	journal_u32(b, &b->header->free_first[order], id);
}

static void list_remove(struct nommu_board *b, uint32_t id, unsigned int order)
{
	struct seg_frame *frame = frame_at(b, id);

	if (frame->prev)
		journal_u32(b, &frame_at(b, frame->prev)->next, frame->next);
	else
		journal_u32(b, &b->header->free_first[order], frame->next);
	if (frame->next)
		journal_u32(b, &frame_at(b, frame->next)->prev, frame->prev);
	set_frame(b, frame, FRAME_TAIL, 0, 0);
}

/* Give back one block, which is on no list and marked as nothing, and join it with its free buddies. */
static void free_block(struct nommu_board *b, uint32_t id, unsigned int order)
{
	uint32_t page = number(id);

	while (order < b->max_order) {
		uint32_t buddy = page ^ (1u << order);
		const struct seg_frame *frame;

		if ((uint64_t)buddy + (1u << order) > b->pages)
			break;
		frame = frame_at(b, buddy + 1);
		if (frame->state != FRAME_FREE || frame->order != order)
			break;
		list_remove(b, buddy + 1, order);
		if (buddy < page)
			page = buddy;
		order++;
	}
	list_add(b, page + 1, order);
}

/* The largest aligned block that a run at @page of @pages can begin with. */
static unsigned int first_block(const struct nommu_board *b, uint32_t page, uint32_t pages)
{
	unsigned int order = b->max_order;

	if (page && (unsigned int)__builtin_ctz(page) < order)
		order = (unsigned int)__builtin_ctz(page);
	while (1u << order > pages)
		order--;
	return order;
}

void pages_format(struct nommu_board *b)
{
	uint32_t page = 0;

	/* From the end, so that the first allocations come from the start. */
	uint32_t blocks = b->pages >> b->max_order;
	uint32_t rest = b->pages - (blocks << b->max_order);

	for (page = b->pages; rest;) {
		unsigned int order = (unsigned int)__builtin_ctz(rest);

		page -= 1u << order;
		rest -= 1u << order;
		list_add(b, page + 1, order);
	}
	while (blocks--) {
		list_add(b, (blocks << b->max_order) + 1, b->max_order);
		b->journal->count = 0;
	}
	b->header->free_pages = b->pages;
	b->journal->count = 0;
}

uint32_t pages_order(uint64_t pages)
{
	uint32_t order = 0;

	while (order < 63 && 1ULL << order < pages)
		order++;
	return order;
}

uint32_t pages_free_blocks(struct nommu_board *b, unsigned int order)
{
	uint32_t count = 0;

	for (uint32_t id = b->header->free_first[order]; id && segment_step(b, &count, b->pages);)
		id = frame_at(b, id)->next;
	return count;
}

int pages_largest(struct nommu_board *b)
{
	for (int order = (int)b->max_order; order >= 0; order--)
		if (b->header->free_first[order])
			return order;
	return -1;
}

void pages_mark(struct nommu_board *b, uint32_t id, uint32_t pages, enum seg_frame_state state, uint32_t owner)
{
	uint32_t end = id + pages;

	/* Heads of chunks that were there first: a larger chunk may take their place. */
	for (uint32_t at = id; at < end;) {
		struct seg_frame *frame = frame_at(b, at);
		unsigned int order = frame->order;

		if (frame->state == FRAME_TAIL)
			break;
		if (order > b->max_order) {
			segment_damaged(b);
			return;
		}
		set_frame(b, frame, FRAME_TAIL, 0, 0);
		at += 1u << order;
	}
	while (id < end) {
		unsigned int order = first_block(b, number(id), end - id);

		set_frame(b, frame_at(b, id), state, order, owner);
		id += 1u << order;
	}
}

uint32_t pages_alloc(struct nommu_board *b, uint32_t pages, uint32_t trim, enum seg_frame_state state, uint32_t owner,
		     uint32_t *block)
{
	uint32_t order = pages_order(pages), from = order, id, excess;

	if (order > b->max_order)
		return 0;
	while (from <= b->max_order && !b->header->free_first[from])
		from++;
	if (from > b->max_order)
		return 0;
	id = b->header->free_first[from];
	if (id > b->pages || frame_at(b, id)->state != FRAME_FREE || frame_at(b, id)->order != from ||
	    number(id) + (1ULL << from) > b->pages) {
		segment_damaged(b);
		return 0;
	}
	list_remove(b, id, from);
	while (from > order) {
		from--;
		list_add(b, id + (1u << from), from);
	}
	*block = 1u << order;
	excess = *block - pages;
	if (trim && excess >= trim)
		*block = pages;
	journal_add(b, &b->header->free_pages, -(int64_t)*block);
	pages_mark(b, id, *block, state, owner);
	for (uint32_t at = id + *block, end = id + (1u << order); at < end;) {
		unsigned int part = first_block(b, number(at), end - at);

		list_add(b, at, part);
		at += 1u << part;
	}
	return id;
}

uint32_t pages_chunk(struct nommu_board *b, uint32_t id)
{
	for (unsigned int order = 0; order <= b->max_order; order++) {
		uint32_t head = (number(id) & ~((1u << order) - 1)) + 1;
		const struct seg_frame *frame = frame_at(b, head);

		if (frame->state == FRAME_TAIL)
			continue;
		if (frame->order <= b->max_order && head + (1u << frame->order) > id)
			return head;
		break;
	}
	segment_damaged(b);
	return 0;
}

void pages_cut(struct nommu_board *b, uint32_t id)
{
	uint32_t head, end, owner;
	enum seg_frame_state state;

	if (id > b->pages)
		return;
	head = pages_chunk(b, id);
	if (!head || head == id)
		return;
	end = head + (1u << frame_at(b, head)->order);
	state = frame_at(b, head)->state;
	owner = frame_at(b, head)->owner;
	set_frame(b, frame_at(b, head), FRAME_TAIL, 0, 0);
	pages_mark(b, head, id - head, state, owner);
	pages_mark(b, id, end - id, state, owner);
}

void pages_free(struct nommu_board *b, uint32_t id, uint32_t pages)
{
	uint32_t end = id + pages;

	journal_add(b, &b->header->free_pages, pages);
	pages_cut(b, id);
	pages_cut(b, end);
	while (id < end) {
		struct seg_frame *frame = frame_at(b, id);
		unsigned int order = frame->order;

		if (frame->state == FRAME_TAIL || frame->state == FRAME_FREE || order > b->max_order) {
			segment_damaged(b);
			return;
		}
		set_frame(b, frame, FRAME_TAIL, 0, 0);
		free_block(b, id, order);
		id += 1u << order;
	}
}
