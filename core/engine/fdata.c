/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fdata - the bytes of files: size, pages, reading and writing. The daemon's: it calls for one file one at a time, and
 * is the only one to change a file's pages, so what it reads of them it may read without the lock.
 */
#include "engine/internal.h"

#include <errno.h>

/* Pages taken or given back in one transaction: at worst some 60 journal entries each. */
#define GROW_PAGES   16
#define SHRINK_PAGES 64
#define TEAR_REGIONS 256

static const char zeroes[NOMMU_PAGE_SIZE];

int nommu_file_iov(struct nommu_board *b, uint32_t id, uint64_t offset, size_t len, struct iovec *iov, int max,
		   size_t *bytes)
{
	struct seg_file *file;
	uint64_t size;
	int n = 0;

	*bytes = 0;
	if (!file_known(b, id))
		return 0;
	file = file_at(b, id);
	size = file->size;
	if (offset >= size)
		return 0;
	len = min_u64(len, size - offset);
	if (file->backing == BACKING_WINDOW) {
		uint64_t at = file->offset + offset;

		/* Sizes stand in shared memory: trust the window's own. */
		if (max < 1 || file->window >= b->windows || at > b->window[file->window].size ||
		    len > b->window[file->window].size - at)
			return 0;
		iov[0] = (struct iovec){ (void *)(b->window[file->window].addr + at), len };
		*bytes = len;
		return 1;
	}
	if (file->backing != BACKING_RAM)
		return 0;
	while (*bytes < len && n < max) {
		uint64_t at = offset + *bytes, skip = at & (NOMMU_PAGE_SIZE - 1), run;
		uint32_t frame = extent_find(b, file, at >> NOMMU_PAGE_SHIFT, page_count(skip + len - *bytes), &run);
		uint64_t there = min_u64((run << NOMMU_PAGE_SHIFT) - skip, len - *bytes);

		if (frame) {
			if (run > b->pages - (frame - 1))
				break;
			iov[n].iov_base = (void *)(frame_addr(b, frame) + skip);
		} else {
			there = min_u64(there, NOMMU_PAGE_SIZE - skip);
			iov[n].iov_base = (void *)(zeroes + skip);
		}
		iov[n++].iov_len = there;
		*bytes += there;
	}
	return n;
}

int64_t nommu_file_seek(struct nommu_board *b, uint32_t id, uint64_t offset, bool data)
{
	struct seg_file *file;
	uint64_t size, at = offset, run;
	uint32_t steps = 0;

	if (!file_known(b, id))
		return -ENOENT;
	file = file_at(b, id);
	size = file->size;
	if (offset >= size || size > INT64_MAX)
		return -ENXIO;
	/* Data that lies apart takes a step each, and so does each hole. */
	while (file->backing == BACKING_RAM && at < size && segment_step(b, &steps, 2 * b->pages + 2)) {
		uint64_t pgoff = at >> NOMMU_PAGE_SHIFT, pages = page_count(size) - pgoff;

		if (!!extent_find(b, file, pgoff, pages, &run) == data)
			return (int64_t)at;
		if (!run || run > pages) {
			segment_damaged(b);
			return -EIO;
		}
		at = (pgoff + run) << NOMMU_PAGE_SHIFT;
	}
	if (file->backing != BACKING_RAM && data)
		return (int64_t)offset;
	return data ? -ENXIO : (int64_t)size;
}

/* ---- shrinking -------------------------------------------------------------------------------------------------- */

struct tear {
	uint64_t pgoff;
	int torn;
};

static bool tear_region(struct nommu_board *b, uint32_t id, void *arg)
{
	struct seg_region *region = region_at(b, id);
	struct tear *tear = arg;

	if (!(region->flags & REGION_DIRECT) || region->flags & REGION_TORN)
		return false;
	journal_u32(b, &region->flags, region->flags | REGION_TORN);
	return ++tear->torn >= TEAR_REGIONS;
}

struct holders {
	uint64_t pgoff;
	uint32_t frame;
	uint32_t count;
};

/* A region that an earlier truncate tore holds other frames of these offsets, and one that is being swept has given
 * its first ones up. */
static bool count_holder(struct nommu_board *b, uint32_t id, void *arg)
{
	const struct seg_region *region = region_at(b, id);
	struct holders *holders = arg;

	uint64_t page = holders->pgoff - region->node.start;

	if (region->flags & REGION_DIRECT && page >= region->swept &&
	    frame_of(b, region->start) + page == holders->frame)
		holders->count++;
	return false;
}

/* Take the file's last page behind @keep from it: freed, or an orphan until the last mapping that holds it goes. */
static bool cut_page(struct nommu_board *b, struct seg_file *file, uint64_t keep)
{
	struct itree tree = itree_regions(b, file);
	struct holders holders = { 0, 0, 0 };
	uint32_t frame = extent_pop(b, file, keep, &holders.pgoff);

	if (!frame)
		return false;
	holders.frame = frame;
	itree_overlapping(b, &tree, holders.pgoff, holders.pgoff + 1, count_holder, &holders);
	if (!holders.count) {
		pages_free(b, frame, 1);
		return true;
	}
	pages_cut(b, frame);
	pages_cut(b, frame + 1);
	pages_mark(b, frame, 1, FRAME_ORPHAN, holders.count);
	journal_add(b, &b->header->orphan_pages, 1);
	return true;
}

/* Tear some regions, then cut some pages. True: all is done. */
static bool shrink_some(struct nommu_board *b, struct seg_file *file, uint64_t keep)
{
	struct itree tree = itree_regions(b, file);
	struct tear tear = { keep, 0 };

	if (itree_overlapping(b, &tree, keep, UINT64_MAX, tear_region, &tear))
		return false;
	for (int i = 0; i < SHRINK_PAGES; i++)
		if (!cut_page(b, file, keep))
			return true;
	return false;
}

/* No MAP_SHARED mapping may hold the page of the new end, or one behind it (kernel). */
static bool shared_behind(struct nommu_board *b, struct seg_file *file, uint64_t size)
{
	if (!file->regions)
		return false;
	return region_at(b, file->regions)->node.max_aux > size >> NOMMU_PAGE_SHIFT;
}

static int shrink(struct nommu_board *b, uint32_t id, uint64_t size)
{
	struct seg_file *file = file_at(b, id);
	uint64_t keep = page_count(size), skip = size & (NOMMU_PAGE_SIZE - 1), run;
	uint32_t frame;
	bool done = false;
	int result = tx_begin(b);

	if (result)
		return result;
	if (size < file->size && shared_behind(b, file, size)) {
		tx_abort(b);
		return -ETXTBSY;
	}
	/* The size first: from here on nobody can map what is being cut. */
	journal_u64(b, &file->size, size);
	done = shrink_some(b, file, keep);
	result = tx_end(b);
	/* As soon as the size stands, since bytes cannot be undone, and whatever becomes of the pages behind. */
	frame = !result && skip ? extent_find(b, file, keep - 1, 1, &run) : 0;
	if (frame)
		memset((char *)frame_addr(b, frame) + skip, 0, NOMMU_PAGE_SIZE - skip);
	while (!result && !done) {
		result = tx_begin(b);
		if (result)
			return result;
		done = shrink_some(b, file, keep);
		result = tx_end(b);
	}
	return result;
}

/* An interrupted call can leave pages behind the end of file, to be given back or not cleared yet. */
static int drop_leftovers(struct nommu_board *b, uint32_t id)
{
	const struct seg_file *file = file_at(b, id);

	if (likely(!file->extents || frame_at(b, file->extents)->node.max_end <= page_count(file->size)))
		return 0;
	return shrink(b, id, file->size);
}

/* ---- growing ---------------------------------------------------------------------------------------------------- */

static int set_size(struct nommu_board *b, uint32_t id, uint64_t size, bool wait)
{
	int result = wait ? tx_begin_waiting(b) : tx_begin(b);

	if (result)
		return result;
	journal_u64(b, &file_at(b, id)->size, size);
	return tx_end(b);
}

/* An empty file gets one contiguous run. Behind the end of file nobody can map it, so it is cleared without the lock
 * and the size set last. */
static int grow_contiguous(struct nommu_board *b, uint32_t id, uint64_t size)
{
	uint64_t pages = page_count(size);
	uint32_t frame, block;
	int result;

	if (pages > 1ULL << b->max_order)
		return -EFBIG;
	result = tx_begin(b);
	if (result)
		return result;
	frame = pages_alloc(b, (uint32_t)pages, 1, FRAME_FILE, id, &block);
	if (!frame) {
		tx_abort(b);
		return reap_pending(b) ? grow_contiguous(b, id, size) : -ENOMEM;
	}
	extent_add(b, file_at(b, id), 0, frame, (uint32_t)pages);
	result = tx_end(b);
	if (result)
		return result;
	segment_clear(b, frame_addr(b, frame), pages << NOMMU_PAGE_SHIFT);
	return set_size(b, id, size, true);
}

int nommu_file_truncate(struct nommu_board *b, uint32_t id, uint64_t size)
{
	const struct seg_file *file;
	int result;

	if (!file_known(b, id))
		return -ENOENT;
	file = file_at(b, id);
	if (file->backing != BACKING_RAM)
		return -EINVAL;
	if (size > INT64_MAX)
		return -EFBIG;
	if (size < file->size)
		return shrink(b, id, size);
	result = drop_leftovers(b, id);
	if (result || size == file->size)
		return result;
	return file->size ? set_size(b, id, size, false) : grow_contiguous(b, id, size);
}

/* Pages for the hole at @at, within one transaction; @buf is what to put there, NULL for zeroes. Returns bytes that
 * are there now, from @at on, or -errno. */
static ssize_t grow_some(struct nommu_board *b, uint32_t id, const char *buf, size_t len, uint64_t at)
{
	struct seg_file *file = file_at(b, id);
	uint64_t done = 0, hole;
	int result = tx_begin(b);

	if (result)
		return result;
	for (int i = 0; i < GROW_PAGES && done < len; i++) {
		uint64_t pgoff = (at + done) >> NOMMU_PAGE_SHIFT, skip = (at + done) & (NOMMU_PAGE_SIZE - 1);
		uint64_t part = min_u64(NOMMU_PAGE_SIZE - skip, len - done);
		uint32_t block, frame;
		char *page;

		if (extent_find(b, file, pgoff, 1, &hole))
			break;
		frame = pages_alloc(b, 1, 1, FRAME_FILE, id, &block);
		if (!frame)
			break;
		page = (char *)frame_addr(b, frame);
		segment_prefault(b, frame_addr(b, frame), NOMMU_PAGE_SIZE);
		/* Filled before it is the file's: a mapping must not see what was there. */
		if (buf) {
			memset(page, 0, skip);
			memcpy(page + skip, buf + done, part);
			memset(page + skip + part, 0, NOMMU_PAGE_SIZE - skip - part);
		} else {
			memset(page, 0, NOMMU_PAGE_SIZE);
		}
		extent_add(b, file, pgoff, frame, 1);
		done += part;
	}
	if (buf && done && at + done > file->size)
		journal_u64(b, &file->size, at + done);
	result = tx_end(b);
	if (result || done)
		return result ? result : (ssize_t)done;
	return reap_pending(b) ? grow_some(b, id, buf, len, at) : -ENOSPC;
}

ssize_t nommu_file_write(struct nommu_board *b, uint32_t id, const void *buf, size_t len, uint64_t offset)
{
	struct seg_file *file;
	size_t done = 0;
	ssize_t n = 0;

	if (!file_known(b, id))
		return -ENOENT;
	file = file_at(b, id);
	if (file->backing != BACKING_RAM)
		return -EINVAL;
	if (offset > INT64_MAX - len)
		return -EFBIG;
	n = drop_leftovers(b, id);
	if (n)
		return n;
	while (done < len) {
		uint64_t at = offset + done, skip = at & (NOMMU_PAGE_SIZE - 1), run;
		uint32_t frame = extent_find(b, file, at >> NOMMU_PAGE_SHIFT, page_count(skip + len - done), &run);
		const char *from = (const char *)buf + done;

		if (frame) {
			n = (ssize_t)min_u64((run << NOMMU_PAGE_SHIFT) - skip, len - done);
			memcpy((char *)frame_addr(b, frame) + skip, from, (size_t)n);
			if (at + (uint64_t)n > file->size) {
				int result = set_size(b, id, at + (uint64_t)n, false);

				if (result)
					n = result;
			}
		} else {
			n = grow_some(b, id, from, len - done, at);
		}
		if (n < 0)
			break;
		done += (size_t)n;
	}
	return done ? (ssize_t)done : n;
}

int nommu_file_fill(struct nommu_board *b, uint32_t id, uint64_t offset, uint64_t len)
{
	struct seg_file *file;
	uint64_t at = offset & ~(NOMMU_PAGE_SIZE - 1), end, run;

	if (!file_known(b, id))
		return -ENOENT;
	file = file_at(b, id);
	if (file->backing != BACKING_RAM)
		return -EINVAL;
	if (!len || offset >= file->size)
		return 0;
	end = offset + min_u64(len, file->size - offset);
	while (at < end) {
		ssize_t n;

		if (extent_find(b, file, at >> NOMMU_PAGE_SHIFT, page_count(end - at), &run)) {
			at += run << NOMMU_PAGE_SHIFT;
			continue;
		}
		n = grow_some(b, id, NULL, page_align(end - at), at);
		if (n == -ENOSPC)
			return 0;
		if (n < 0)
			return (int)n;
		at += (uint64_t)n;
	}
	return 0;
}
