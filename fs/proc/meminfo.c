/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* meminfo - /proc/meminfo and /proc/buddyinfo: what board RAM is used for, and how it is cut up. */
#include "proc/proc.h"

#include <errno.h>
#include <inttypes.h>

static void put(FILE *file, const char *name, uint64_t pages)
{
	int width = fprintf(file, "%s:", name);

	fprintf(file, "%*" PRIu64 " kB\n", 24 - width, pages << NOMMU_PAGE_SHIFT >> 10);
}

int proc_meminfo(struct nommu_board *board, struct proc_text *text)
{
	struct nommu_stats stats;
	uint64_t largest = 0;
	FILE *file;
	int error = nommu_stats(board, &stats);

	if (error)
		return error;
	file = proc_text_begin(text);
	if (!file)
		return -ENOMEM;
	for (uint32_t order = 0; order <= stats.max_order && order < NOMMU_ORDERS; order++)
		if (stats.free_blocks[order])
			largest = UINT64_C(1) << order;
	put(file, "MemTotal", stats.pages);
	put(file, "MemFree", stats.free_pages);
	put(file, "MemAvailable", stats.free_pages);
	put(file, "Cached", stats.file_pages);
	put(file, "MmapCopy", stats.anon_pages);
	/* No kernel has these: what lies behind the ends of mappings, what files lost but mappings keep, what is being
	 * filled, and the largest run that can be had. */
	put(file, "MmapSlack", stats.slack_pages);
	put(file, "Orphaned", stats.orphan_pages);
	put(file, "Pending", stats.pending_pages);
	put(file, "LargestFree", largest);
	return proc_text_end(file, text, 0);
}

int proc_buddyinfo(struct nommu_board *board, struct proc_text *text)
{
	struct nommu_stats stats;
	FILE *file;
	int error = nommu_stats(board, &stats);

	if (error)
		return error;
	file = proc_text_begin(text);
	if (!file)
		return -ENOMEM;
	fprintf(file, "Node 0, zone %8s ", "Normal");
	for (uint32_t order = 0; order <= stats.max_order && order < NOMMU_ORDERS; order++)
		fprintf(file, "%6" PRIu32 " ", stats.free_blocks[order]);
	putc('\n', file);
	return proc_text_end(file, text, 0);
}
