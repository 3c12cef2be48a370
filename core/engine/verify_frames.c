/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/verify.h"

static int verify_chunk(struct nommu_board *b, uint32_t id, struct verify_sums *sums, struct nommu_why *why)
{
	const struct seg_frame *f = frame_at(b, id);
	uint32_t page = id - 1, size;

	CHECK(f->state > FRAME_TAIL && f->state <= FRAME_PENDING, "frame %u: state %u", id, f->state);
	CHECK(f->order <= b->max_order && !(page & ((1u << f->order) - 1)), "frame %u: order %u", id, f->order);
	size = 1u << f->order;
	CHECK(size <= b->pages - page, "frame %u: order %u reaches beyond RAM", id, f->order);
	for (uint32_t i = 1; i < size; i++)
		CHECK(frame_at(b, id + i)->state == FRAME_TAIL, "frame %u inside of chunk %u has state %u", id + i, id,
		      frame_at(b, id + i)->state);
	sums->pages[f->state] += size;
	switch (f->state) {
	case FRAME_FREE:
		sums->free_blocks[f->order]++;
		if (f->order < b->max_order) {
			uint32_t buddy = page ^ size;

			CHECK(buddy + size > b->pages || frame_at(b, buddy + 1)->state != FRAME_FREE ||
				      frame_at(b, buddy + 1)->order != f->order,
			      "frames %u and %u are free buddies", id, buddy + 1);
		}
		break;
	case FRAME_REGION:
		CHECK(f->owner && f->owner <= b->region_count && region_at(b, f->owner)->block,
		      "frame %u: no region %u", id, f->owner);
		break;
	case FRAME_FILE:
		CHECK(f->owner && f->owner <= b->file_count && file_at(b, f->owner)->state &&
			      file_at(b, f->owner)->backing == BACKING_RAM,
		      "frame %u: no file %u", id, f->owner);
		break;
	case FRAME_ORPHAN:
		CHECK(f->order == 0 && f->owner, "orphan frame %u: order %u, %u holders", id, f->order, f->owner);
		sums->orphans_said += f->owner * verify_hash(id);
		break;
	default:
		CHECK(f->owner && f->owner <= b->mm_count && mm_at(b, f->owner)->state, "frame %u: no mm %u", id,
		      f->owner);
	}
	return 0;
}

static int verify_free(struct nommu_board *b, const struct verify_sums *sums, struct nommu_why *why)
{
	for (uint32_t order = 0; order <= b->max_order; order++) {
		uint32_t count = 0, before = 0;

		for (uint32_t id = b->header->free_first[order]; id; count++) {
			const struct seg_frame *f;

			CHECK(id <= b->pages && count < sums->free_blocks[order], "free list %u is too long",
			      order);
			f = frame_at(b, id);
			CHECK(f->state == FRAME_FREE && f->order == order && f->prev == before,
			      "frame %u on free list %u: state %u, order %u", id, order, f->state, f->order);
			before = id;
			id = f->next;
		}
		CHECK(count == sums->free_blocks[order], "free list %u has %u blocks, not %u", order, count,
		      sums->free_blocks[order]);
	}
	return 0;
}

int verify_frames(struct nommu_board *b, struct verify_sums *sums, struct nommu_why *why)
{
	const struct seg_header *h = b->header;

	for (uint32_t id = 1; id <= b->pages; id += 1u << frame_at(b, id)->order) {
		int error = verify_chunk(b, id, sums, why);

		if (error)
			return error;
	}
	CHECK(sums->pages[FRAME_FREE] == h->free_pages, "%u free pages, found %llu", h->free_pages,
	      (unsigned long long)sums->pages[FRAME_FREE]);
	CHECK(sums->pages[FRAME_REGION] == h->anon_pages, "%u pages of regions, found %llu", h->anon_pages,
	      (unsigned long long)sums->pages[FRAME_REGION]);
	CHECK(sums->pages[FRAME_FILE] == h->file_pages, "%u pages of files, found %llu", h->file_pages,
	      (unsigned long long)sums->pages[FRAME_FILE]);
	CHECK(sums->pages[FRAME_ORPHAN] == h->orphan_pages, "%u orphans, found %llu", h->orphan_pages,
	      (unsigned long long)sums->pages[FRAME_ORPHAN]);
	CHECK(sums->pages[FRAME_PENDING] == h->pending_pages, "%u pending pages, found %llu", h->pending_pages,
	      (unsigned long long)sums->pages[FRAME_PENDING]);
	return verify_free(b, sums, why);
}

bool verify_run(struct nommu_board *b, uint32_t id, uint64_t pages, enum seg_frame_state state, uint32_t owner)
{
	uint64_t end = id + pages;

	if (!id || end > (uint64_t)b->pages + 1)
		return false;
	for (uint64_t at = id; at < end; at += 1u << frame_at(b, (uint32_t)at)->order) {
		const struct seg_frame *f = frame_at(b, (uint32_t)at);

		if (f->state != state || f->owner != owner || at + (1u << f->order) > end)
			return false;
	}
	return true;
}
