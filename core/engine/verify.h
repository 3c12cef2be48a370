/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify - what the two halves of checking a segment share; for verify*.c alone.
 *
 * Where two sides must agree record by record (how often is this file mapped, which frames are held by how many) each
 * side adds up a hash of the record's number: equal sums mean equal multisets.
 */
#ifndef ENGINE_VERIFY_H
#define ENGINE_VERIFY_H

#include <errno.h>

#include "engine/internal.h"
#include "engine/why.h"

struct verify_sums {
	uint64_t pages[FRAME_PENDING + 1];
	uint32_t free_blocks[NOMMU_ORDERS];
	uint64_t slack;
	uint64_t file_maps, file_maps_said; /* mappings of files */
	uint64_t file_pins, file_pins_said;
	uint64_t orphans, orphans_said;     /* holders of orphan frames */
	uint64_t shareable, in_trees;       /* regions */
	uint64_t hashed;                    /* files */
	uint64_t vmas, in_mms, in_regions;
	uint64_t pending_pages;
	uint64_t reaped, userless;          /* torn regions that wait for the reaper */
};

#define CHECK(condition, ...) \
	do { \
		if (unlikely(!(condition))) \
			return why_say(why, -EIO, __VA_ARGS__); \
	} while (0)

static inline uint64_t verify_hash(uint32_t id)
{
	uint64_t h = (id + 1) * 0x9e3779b97f4a7c15ULL;

	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9ULL;
	return h ^ h >> 32;
}

/* Every frame is in a chunk, every free one on its list. */
int verify_frames(struct nommu_board *b, struct verify_sums *sums, struct nommu_why *why);

/* Whether the run is made of chunks of this state and owner. */
bool verify_run(struct nommu_board *b, uint32_t id, uint64_t pages, enum seg_frame_state state, uint32_t owner);

#endif
