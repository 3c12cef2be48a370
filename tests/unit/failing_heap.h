/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * failing_heap - allocation functions that count, and fail when they are told to; for a test that compiles a part of
 * the program a second time with them in the place of malloc and its like.
 */
#ifndef FAILING_HEAP_H
#define FAILING_HEAP_H

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

static struct {
	int left; /* allocations until one fails; below 0 none does */
	int live; /* blocks that are not freed */
	size_t bytes, peak; /* that they have, and had at most */
} heap;

static inline int fails(void)
{
	return heap.left >= 0 && heap.left-- == 0;
}

static inline void *counted(void *block)
{
	heap.live += block != NULL;
	heap.bytes += malloc_usable_size(block);
	if (heap.bytes > heap.peak)
		heap.peak = heap.bytes;
	return block;
}

static inline void *failing_malloc(size_t size)
{
	return counted(fails() ? NULL : malloc(size));
}

static inline void *failing_calloc(size_t count, size_t size)
{
	return counted(fails() ? NULL : calloc(count, size));
}

static inline void *failing_realloc(void *old, size_t size)
{
	size_t had = malloc_usable_size(old);
	void *block = fails() ? NULL : realloc(old, size);

	if (!block)
		return NULL;
	heap.live -= old != NULL;
	block = counted(block); /* both are there while it copies */
	heap.bytes -= had;
	return block;
}

static inline void failing_free(void *block)
{
	heap.live -= block != NULL;
	heap.bytes -= malloc_usable_size(block);
	free(block);
}

#endif
