/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

#include <errno.h>
#include <sys/syscall.h>

/* Pages given back in one transaction: each costs some 20 journal entries at worst. */
#define REAP_PAGES 64

/* How long a request that found no memory waits for processes that are dead but not yet reaped. */
#define REAPER_TRIES  40
#define REAPER_NAP_NS 500000

static void reap_file(struct nommu_board *b, uint32_t id)
{
	struct seg_file *file = file_at(b, id);
	uint32_t frame;
	uint64_t pgoff;

	if (file->state != FILE_REAPED) {
		segment_damaged(b);
		return;
	}
	for (int i = 0; i < REAP_PAGES; i++) {
		frame = extent_pop(b, file, 0, &pgoff);
		if (!frame) {
			journal_u32(b, &b->header->reap_file, file->link);
			journal_u32(b, &file->state, 0);
			segment_give(b, TABLE_FILES, id);
			return;
		}
		pages_free(b, frame, 1);
	}
}

static void reap_region(struct nommu_board *b, uint32_t id)
{
	struct seg_region *region = region_at(b, id);
	uint32_t first = frame_of(b, region->start), at = region->swept, file = region->file;
	uint32_t end = at + (uint32_t)min_u64(REAP_PAGES, region->pages - at);

	if (region->users || !(region->flags & REGION_TORN) || at > region->pages) {
		segment_damaged(b);
		return;
	}
	for (; at < end; at++) {
		struct seg_frame *frame = frame_at(b, first + at);

		/* Any other page is the file's still. */
		if (frame->state != FRAME_ORPHAN)
			continue;
		if (frame->owner > 1) {
			journal_u32(b, &frame->owner, frame->owner - 1);
			continue;
		}
		pages_free(b, first + at, 1);
		journal_add(b, &b->header->orphan_pages, -1);
	}
	journal_u32(b, &region->swept, end);
	if (end < region->pages)
		return;
	journal_u32(b, &b->header->reap_region, region->link);
	journal_add(b, &file_at(b, file)->pins, -1);
	region_free(b, id);
	file_unwanted(b, file);
}

bool reap_waiting(const struct nommu_board *b)
{
	return __atomic_load_n(&b->header->reap_file, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&b->header->reap_region, __ATOMIC_RELAXED);
}

void reap(struct nommu_board *b)
{
	while (unlikely(reap_waiting(b))) {
		/* What cannot be done now is left to the next one. */
		if (tx_begin(b))
			return;
		if (b->header->reap_region)
			reap_region(b, b->header->reap_region);
		else if (b->header->reap_file)
			reap_file(b, b->header->reap_file);
		if (tx_end(b))
			return;
	}
}

/* Looked at in one go. */
#define FILLERS_MAX 32

struct filler {
	uint32_t mm;
	uint32_t frame;
	uint32_t tid;
	uint64_t since;
};

static unsigned int find_fillers(struct nommu_board *b, struct filler fillers[static FILLERS_MAX])
{
	uint32_t high = b->header->table[TABLE_MMS].high, steps = 0;
	unsigned int count = 0;

	for (uint32_t mm = 1; mm <= high && mm <= b->mm_count; mm++) {
		if (!mm_at(b, mm)->state)
			continue;
		for (uint32_t at = mm_at(b, mm)->pending;
		     at && count < FILLERS_MAX && segment_step(b, &steps, b->pages);) {
			const struct seg_frame *frame = frame_at(b, at);

			fillers[count++] =
				(struct filler){ mm, at, (uint32_t)frame->node.aux, frame->node.max_aux };
			at = frame->next;
		}
	}
	return count;
}

bool reap_pending(struct nommu_board *b)
{
	struct filler fillers[FILLERS_MAX];
	unsigned int count;
	bool freed = false;

	if (!__atomic_load_n(&b->header->pending_pages, __ATOMIC_RELAXED) || tx_begin(b))
		return false;
	count = find_fillers(b, fillers);
	if (tx_end(b))
		return false;
	while (count--) {
		const struct filler *f = &fillers[count];
		const struct seg_frame *frame;

		if (!lock_task_is_dead(b, f->tid, f->since) || tx_begin(b))
			continue;
		/* It was looked at without the lock: is it what it was? */
		frame = frame_at(b, f->frame);
		if (frame->state == FRAME_PENDING && frame->owner == f->mm && frame->node.aux == f->tid &&
		    frame->node.max_aux == f->since) {
			pending_free(b, f->mm, f->frame);
			freed = true;
		}
		tx_end(b);
	}
	reap(b);
	return freed;
}

/* Whether some mm's process is gone, so that its memory is about to come back. */
static bool mm_is_dying(struct nommu_board *b)
{
	int32_t pids[64];
	unsigned int count = 0;

	if (tx_begin(b))
		return false;
	for (uint32_t id = 1; id <= b->header->table[TABLE_MMS].high && id <= b->mm_count && count < 64; id++)
		if (mm_at(b, id)->state && mm_at(b, id)->vmas && mm_at(b, id)->pid > 0)
			pids[count++] = mm_at(b, id)->pid;
	tx_end(b);
	while (count)
		if (b->os->syscall(SYS_kill, pids[--count], 0, 0, 0, 0, 0) == -ESRCH)
			return true;
	return false;
}

bool reap_for_memory(struct nommu_board *b, int tries)
{
	static const struct timespec nap = { 0, REAPER_NAP_NS };

	if (tries < REAPER_TRIES && reap_pending(b))
		return true;
	if (reap_waiting(b) && tries < REAPER_TRIES) {
		reap(b);
		return true;
	}
	/* A kernel frees a process's memory before its parent hears of its end; here the daemon does so, a moment
	 * later. */
	if (tries >= REAPER_TRIES || b->nonblocking || !mm_is_dying(b))
		return false;
	b->os->syscall(SYS_nanosleep, (long)&nap, 0, 0, 0, 0, 0);
	return true;
}
