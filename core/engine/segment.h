/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * segment - a process's handle on a board, and the way to its records.
 *
 * The segment is shared with programs under test, which may damage it: every index is checked when it is followed,
 * every loop over links counts its steps. What is found wrong is noted (segment_damaged) and answered by a scratch
 * record of zeroes; the transaction that sees the note is rolled back and the board stopped.
 */
#ifndef ENGINE_SEGMENT_H
#define ENGINE_SEGMENT_H

#include <stdbool.h>

#include "engine/layout.h"
#include "engine/os.h"
#include "nommu.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* What is copied out of the header at attach: the segment's own copy is not trusted later. */
struct nommu_board {
	char *base; /* the segment */
	uint64_t size;
	struct seg_header *header;
	struct seg_lock *lock;
	struct seg_journal *journal;
	const struct nommu_os *os;
	uint64_t journal_max; /* SEG_JOURNAL_MAX; tests set it lower */

	struct seg_frame *frames; /* record 0 of each, which is unused */
	struct seg_region *regions;
	struct seg_vma *vmas;
	struct seg_mm *mms;
	struct seg_file *files;
	struct seg_shm *shms;
	uint32_t *vma_hash, *file_hash;
	uint32_t pages, region_count, vma_count, mm_count, file_count, shm_count;
	uint32_t vma_hash_bits, file_hash_bits;
	uint32_t profile, max_order;

	struct nommu_window window[NOMMU_WINDOWS_MAX];
	uint32_t windows;
	uint64_t ram;     /* address */
	uint64_t ram_end;
	uint64_t limit;   /* bytes of address space, for length-range */

	bool nonblocking;
	bool damaged;
	bool owner; /* this handle created the board: fds are open */
	int fds[NOMMU_WINDOWS_MAX + 1];
	uint8_t *faulted; /* a bit per 64 KiB of RAM that this process has read once */
	uint64_t faulted_size;
	_Alignas(64) char scratch[256]; /* zeroes, in place of a record that does not exist */
};

static_assert(sizeof(struct seg_file) <= 256, "the scratch record is as large as any");

/* Note damage; returns the scratch record. */
void *segment_damaged(struct nommu_board *b);

static inline struct seg_frame *frame_at(struct nommu_board *b, uint32_t id)
{
	if (unlikely(id == 0 || id > b->pages))
		return segment_damaged(b);
	return &b->frames[id];
}

static inline struct seg_region *region_at(struct nommu_board *b, uint32_t id)
{
	if (unlikely(id == 0 || id > b->region_count))
		return segment_damaged(b);
	return &b->regions[id];
}

static inline struct seg_vma *vma_at(struct nommu_board *b, uint32_t id)
{
	if (unlikely(id == 0 || id > b->vma_count))
		return segment_damaged(b);
	return &b->vmas[id];
}

static inline struct seg_mm *mm_at(struct nommu_board *b, uint32_t id)
{
	if (unlikely(id == 0 || id > b->mm_count))
		return segment_damaged(b);
	return &b->mms[id];
}

static inline struct seg_file *file_at(struct nommu_board *b, uint32_t id)
{
	if (unlikely(id == 0 || id > b->file_count))
		return segment_damaged(b);
	return &b->files[id];
}

static inline struct seg_shm *shm_at(struct nommu_board *b, uint32_t id)
{
	if (unlikely(id == 0 || id > b->shm_count))
		return segment_damaged(b);
	return &b->shms[id];
}

/* A page of RAM by its frame, and back; 0 outside of RAM. */
static inline uint64_t frame_addr(const struct nommu_board *b, uint32_t id)
{
	return b->ram + ((uint64_t)(id - 1) << NOMMU_PAGE_SHIFT);
}

static inline uint32_t frame_of(const struct nommu_board *b, uint64_t addr)
{
	if (addr < b->ram || addr >= b->ram_end)
		return 0;
	return (uint32_t)((addr - b->ram) >> NOMMU_PAGE_SHIFT) + 1;
}

static inline uint64_t page_align(uint64_t bytes)
{
	return (bytes + NOMMU_PAGE_SIZE - 1) & ~(NOMMU_PAGE_SIZE - 1);
}

static inline uint64_t page_count(uint64_t bytes)
{
	return (bytes >> NOMMU_PAGE_SHIFT) + ((bytes & (NOMMU_PAGE_SIZE - 1)) != 0);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A loop over links may not take more steps than there are records. */
static inline bool segment_step(struct nommu_board *b, uint32_t *steps, uint32_t limit)
{
	if (likely(++*steps <= limit))
		return true;
	segment_damaged(b);
	return false;
}

/* Take a record off a table's free list, or a fresh one; 0 if there is none. And give it back. */
uint32_t segment_take(struct nommu_board *b, enum seg_table_id table);
void segment_give(struct nommu_board *b, enum seg_table_id table, uint32_t id);

/* Let the host map the window's pages here, 16 at a fault, before the first use of these bytes of RAM. */
void segment_prefault(struct nommu_board *b, uint64_t addr, uint64_t len);

/* Zero these bytes of RAM, which nobody else knows. Without the lock. */
void segment_clear(struct nommu_board *b, uint64_t addr, uint64_t len);

/* The window that holds all of [addr, addr + len), or NULL. */
const struct nommu_window *segment_window(const struct nommu_board *b, uint64_t addr, uint64_t len);

#endif
