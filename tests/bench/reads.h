/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reads - timed reads of an open file, for the benchmarks of file systems. Nanoseconds; what fails ends the program. */
#ifndef BENCH_READS_H
#define BENCH_READS_H

#include "bench.h"

#define PAGE 4096
#define MIB  (1u << 20)

static char reads_buffer[MIB];

/* All of it, from the start, in pieces of @piece. */
static inline double reads_all(int fd, off_t size, size_t piece)
{
	uint64_t begin = bench_now();

	for (off_t at = 0; at < size; at += (off_t)piece)
		if (pread(fd, reads_buffer, piece, at) != (ssize_t)piece)
			bench_die("read");
	return (double)(bench_now() - begin);
}

/* @count of its pages, each once, in a random order that is always the same. */
static inline double reads_random(int fd, off_t size, size_t count)
{
	uint32_t pages = (uint32_t)(size / PAGE), seed = 1;
	uint32_t *order = malloc(pages * sizeof(*order));
	uint64_t begin;

	if (!order)
		bench_die("malloc");
	for (uint32_t i = 0; i < pages; i++) {
		uint32_t j;

		seed = seed * 1664525u + 1013904223u;
		j = (seed >> 8) % (i + 1);
		order[i] = order[j];
		order[j] = i;
	}
	begin = bench_now();
	for (size_t i = 0; i < count; i++)
		if (pread(fd, reads_buffer, PAGE, (off_t)order[i] * PAGE) != PAGE)
			bench_die("read");
	begin = bench_now() - begin;
	free(order);
	return (double)begin;
}

#endif
