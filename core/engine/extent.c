/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

static bool first_start(struct nommu_board *b, uint32_t id, void *arg)
{
	*(uint64_t *)arg = frame_at(b, id)->node.start;
	return true;
}

uint32_t extent_find(struct nommu_board *b, struct seg_file *file, uint64_t pgoff, uint64_t pages, uint64_t *run)
{
	struct itree tree = itree_extents(b, file);
	uint32_t id = itree_floor(b, &tree, pgoff);
	uint64_t next;

	if (id) {
		const struct seg_node *node = &frame_at(b, id)->node;

		if (pgoff < node->end) {
			*run = min_u64(node->end - pgoff, pages);
			return id + (uint32_t)(pgoff - node->start);
		}
	}
	*run = pages;
	if (itree_overlapping(b, &tree, pgoff, pgoff + pages, first_start, &next))
		*run = next - pgoff;
	return 0;
}

static void extent_insert(struct nommu_board *b, const struct itree *tree, uint32_t id, uint64_t start, uint64_t end)
{
	struct seg_node *node = &frame_at(b, id)->node;

	journal_u64(b, &node->start, start);
	journal_u64(b, &node->end, end);
	journal_u64(b, &node->aux, 0);
	itree_insert(b, tree, id);
}

void extent_add(struct nommu_board *b, struct seg_file *file, uint64_t pgoff, uint32_t id, uint32_t pages)
{
	struct itree tree = itree_extents(b, file);
	uint64_t start = pgoff, end = pgoff + pages;
	uint32_t before = itree_floor(b, &tree, pgoff), after = itree_floor(b, &tree, end);

	journal_u64(b, &file->pages, file->pages + pages);
	journal_add(b, &b->header->file_pages, pages);
	/* What lies next to it in the file and in memory becomes one extent with it. */
	if (after && id + pages == after && frame_at(b, after)->node.start == end) {
		end = frame_at(b, after)->node.end;
		itree_erase(b, &tree, after);
	}
	if (before) {
		const struct seg_node *node = &frame_at(b, before)->node;

		if (node->end == start && before + (node->end - node->start) == id) {
			itree_change(b, &tree, before, end, 0);
			return;
		}
	}
	extent_insert(b, &tree, id, start, end);
}

uint32_t extent_pop(struct nommu_board *b, struct seg_file *file, uint64_t limit, uint64_t *pgoff)
{
	struct itree tree = itree_extents(b, file);
	uint32_t id = itree_floor(b, &tree, UINT64_MAX);
	struct seg_node *node;
	uint64_t start, end;

	if (!id)
		return 0;
	node = &frame_at(b, id)->node;
	start = node->start;
	end = node->end;
	if (end <= limit || end <= start)
		return 0;
	*pgoff = end - 1;
	if (end - 1 == start)
		itree_erase(b, &tree, id);
	else
		itree_change(b, &tree, id, end - 1, 0);
	journal_u64(b, &file->pages, file->pages - 1);
	journal_add(b, &b->header->file_pages, -1);
	return id + (uint32_t)(end - 1 - start);
}
