/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * look - what a board looks like: its regions, mappings, processes and figures, copied out under the lock.
 */
#include <errno.h>
#include <stdlib.h>

#include "engine/internal.h"

static void describe_region(struct nommu_board *b, const struct seg_region *region, struct nommu_map *map)
{
	const struct seg_vma *first = vma_at(b, region->first_vma);

	*map = (struct nommu_map){
		.start = region->start,
		.end = region->start + ((uint64_t)region->pages << NOMMU_PAGE_SHIFT),
		.offset = region->node.start << NOMMU_PAGE_SHIFT,
		.prot = (int)(first->flags & VMA_PROT),
		.share = first->flags & VMA_SHARED ? 'S' : first->flags & VMA_SHAREABLE ? 's' : 'p',
		.how = region->state,
		.users = region->users,
		.asked = first->asked,
		.taken = region->block,
		.pid = mm_at(b, first->mm)->pid,
	};
	if (region->file) {
		const struct seg_file *file = file_at(b, region->file);

		map->id = file->id;
		map->deleted = !file->named && file->backing != BACKING_HOST;
		memcpy(map->name, file->name, sizeof(map->name));
		map->name[NOMMU_NAME_MAX] = 0;
	}
}

static void describe_vma(struct nommu_board *b, const struct seg_vma *vma, struct nommu_map *map)
{
	describe_region(b, region_at(b, vma->region), map);
	map->start = vma->start;
	map->end = vma->start + ((uint64_t)vma->pages << NOMMU_PAGE_SHIFT);
	map->offset = region_at(b, vma->region)->file ? vma->pgoff << NOMMU_PAGE_SHIFT : 0;
	map->prot = (int)(vma->flags & VMA_PROT);
	map->share = vma->flags & VMA_SHARED ? 'S' : vma->flags & VMA_SHAREABLE ? 's' : 'p';
	map->asked = vma->asked;
	map->pid = mm_at(b, vma->mm)->pid;
}

static int by_address(const void *left, const void *right)
{
	const struct nommu_map *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

/* How many records there are to describe; they are described if @maps is not NULL. */
static size_t collect(struct nommu_board *b, uint32_t mm, struct nommu_map *maps, size_t max)
{
	uint32_t high = b->header->table[TABLE_REGIONS].high, steps = 0;
	size_t count = 0;

	if (mm) {
		for (uint32_t at = mm_at(b, mm)->first_vma; at && segment_step(b, &steps, b->vma_count);) {
			const struct seg_vma *vma = vma_at(b, at);

			if (maps && count < max)
				describe_vma(b, vma, &maps[count]);
			count++;
			at = vma->mm_next;
		}
		return count;
	}
	for (uint32_t id = 1; id <= high && id <= b->region_count; id++) {
		const struct seg_region *region = region_at(b, id);

		if (!region->state || !region->users)
			continue;
		if (maps && count < max)
			describe_region(b, region, &maps[count]);
		count++;
	}
	return count;
}

int nommu_maps(struct nommu_board *b, const struct nommu_mm *owner, struct nommu_map **maps, size_t *count)
{
	size_t room = 64;

	*maps = NULL;
	*count = 0;
	for (;;) {
		struct nommu_map *bigger = realloc(*maps, room * sizeof(**maps));
		uint32_t mm = 0;
		int result;

		if (!bigger) {
			free(*maps);
			return -ENOMEM;
		}
		*maps = bigger;
		result = tx_begin(b);
		if (!result && owner) {
			mm = mm_get(b, owner);
			if (!mm) {
				tx_abort(b);
				result = -ESRCH;
			}
		}
		if (!result) {
			*count = collect(b, mm, *maps, room);
			result = tx_end(b);
		}
		if (result) {
			free(*maps);
			return result;
		}
		if (*count <= room)
			break;
		room = *count + *count / 8;
	}
	qsort(*maps, *count, sizeof(**maps), by_address);
	return 0;
}

int nommu_mms(struct nommu_board *b, struct nommu_mm_info **infos, size_t *count)
{
	struct nommu_mm_info *list = malloc(((size_t)b->mm_count + 1) * sizeof(*list));
	int result;

	*count = 0;
	if (!list)
		return -ENOMEM;
	result = tx_begin(b);
	if (result) {
		free(list);
		return result;
	}
	for (uint32_t id = 1; id <= b->header->table[TABLE_MMS].high && id <= b->mm_count; id++) {
		const struct seg_mm *mm = mm_at(b, id);
		struct nommu_mm_info *info = &list[*count];

		if (!mm->state)
			continue;
		*info = (struct nommu_mm_info){ { id, mm->generation }, mm->pid, mm->vmas, mm->pages, "" };
		memcpy(info->comm, mm->comm, sizeof(info->comm));
		info->comm[sizeof(info->comm) - 1] = 0;
		(*count)++;
	}
	result = tx_end(b);
	if (result)
		free(list);
	else
		*infos = list;
	return result;
}

int nommu_stats(struct nommu_board *b, struct nommu_stats *stats)
{
	const struct seg_header *h = b->header;
	int result = tx_begin(b);

	if (result)
		return result;
	*stats = (struct nommu_stats){
		.pages = b->pages,
		.free_pages = h->free_pages,
		.anon_pages = h->anon_pages,
		.slack_pages = h->slack_pages,
		.file_pages = h->file_pages,
		.orphan_pages = h->orphan_pages,
		.pending_pages = h->pending_pages,
		.max_order = b->max_order,
		.files = h->table[TABLE_FILES].used,
		.files_max = b->file_count,
		.regions = h->table[TABLE_REGIONS].used,
		.vmas = h->table[TABLE_VMAS].used,
		.vmas_max = b->vma_count,
		.mms = h->table[TABLE_MMS].used,
		.shms = h->table[TABLE_SHMS].used,
		.recoveries = h->recoveries,
	};
	for (uint32_t order = 0; order <= b->max_order; order++)
		stats->free_blocks[order] = pages_free_blocks(b, order);
	return tx_end(b);
}
