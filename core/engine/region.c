/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

uint32_t region_new(struct nommu_board *b, enum nommu_how how, uint32_t file, uint32_t flags, uint64_t start,
		    uint32_t pages, uint32_t block, uint64_t pgoff)
{
	uint32_t id = segment_take(b, TABLE_REGIONS);
	struct seg_region *region;

	if (!id)
		return 0;
	region = region_at(b, id);
	journal_u32(b, &region->state, how);
	journal_u32(b, &region->file, file);
	journal_u32(b, &region->flags, flags);
	journal_u32(b, &region->first_vma, 0);
	journal_u32(b, &region->last_vma, 0);
	journal_u32(b, &region->users, 0);
	journal_u32(b, &region->pages, pages);
	journal_u32(b, &region->block, block);
	journal_u32(b, &region->swept, 0);
	journal_u64(b, &region->start, start);
	journal_u64(b, &region->node.start, pgoff);
	journal_u64(b, &region->node.end, pgoff + pages);
	journal_u64(b, &region->node.aux, 0);
	if (block) {
		journal_add(b, &b->header->anon_pages, block);
		journal_add(b, &b->header->slack_pages, (int64_t)block - pages);
	}
	if (flags & REGION_SHAREABLE) {
		struct itree tree = itree_regions(b, file_at(b, file));

		itree_insert(b, &tree, id);
	}
	return id;
}

struct search {
	const struct rules_plan *plan;
	bool part;   /* of the candidates, those that hold more than what is asked */
	bool direct; /* of the candidates, direct ones alone, else copies alone */
	uint64_t limit; /* pages that a direct one may reach to: behind the end of file they are being cut off */
	uint32_t best;
	uint64_t best_start;
};

static bool consider(struct nommu_board *b, uint32_t id, void *arg)
{
	const struct seg_region *region = region_at(b, id);
	struct search *search = arg;
	uint64_t pgoff = search->plan->pgoff, end = pgoff + search->plan->pages;

	if (region->flags & REGION_TORN || !!(region->flags & REGION_DIRECT) != search->direct)
		return false;
	if (search->direct && region->node.end > search->limit)
		return false;
	if (search->part && (region->node.start > pgoff || region->node.end < end))
		return false;
	if (!search->best || region->start < search->best_start) {
		search->best = id;
		search->best_start = region->start;
	}
	/* Direct ones on the same bytes have the same address, and the order is that of the file. */
	return search->direct;
}

static uint32_t search_for(struct nommu_board *b, const struct itree *tree, const struct rules_plan *plan, bool part,
			   bool direct, uint64_t limit)
{
	struct search search = { .plan = plan, .part = part, .direct = direct, .limit = limit };

	if (part)
		itree_overlapping(b, tree, plan->pgoff, plan->pgoff + plan->pages, consider, &search);
	else
		itree_equal(b, tree, plan->pgoff, plan->pgoff + plan->pages, consider, &search);
	return search.best;
}

static bool overlaps(struct nommu_board *b, uint32_t id, void *arg)
{
	const struct seg_region *region = region_at(b, id);
	const struct rules_plan *plan = arg;
	uint64_t end = plan->pgoff + plan->pages;

	if (region->flags & REGION_TORN)
		return false;
	/* `linux6` counts a region that holds all of the request as a match, whether it may be joined or not. */
	if (region->node.start <= plan->pgoff && region->node.end >= end)
		return b->profile == NOMMU_PROFILE_BDI &&
		       (region->node.start != plan->pgoff || region->node.end != end);
	return true;
}

void region_find(struct nommu_board *b, struct seg_file *file, const struct rules_plan *plan,
		 struct rules_found *found, uint32_t *id)
{
	struct itree tree = itree_regions(b, file);
	bool parts = b->profile == NOMMU_PROFILE_LINUX6;
	struct rules_plan at = *plan;

	*found = (struct rules_found){ RULES_MATCH_NONE, false, false };
	*id = 0;
	if (!plan->shareable || !file->regions)
		return;
	/* Direct before copy, exact before part, then the lowest address. */
	for (int step = 0; step < 4 && !*id; step++) {
		bool direct = step < 2, part = step & 1;

		if ((part && !parts) || (!direct && plan->shared))
			continue;
		*id = search_for(b, &tree, plan, part, direct, page_count(file->size));
		if (*id) {
			found->match = part ? RULES_MATCH_PART : RULES_MATCH_EXACT;
			found->direct = direct;
		}
	}
	if (!*id && !plan->direct)
		found->overlap = itree_overlapping(b, &tree, plan->pgoff, plan->pgoff + plan->pages, overlaps, &at);
}

void region_free(struct nommu_board *b, uint32_t id)
{
	struct seg_region *region = region_at(b, id);

	if (region->flags & REGION_SHAREABLE) {
		struct itree tree = itree_regions(b, file_at(b, region->file));

		itree_erase(b, &tree, id);
	}
	if (region->block) {
		uint32_t frame = frame_of(b, region->start);

		journal_add(b, &b->header->anon_pages, -(int64_t)region->block);
		journal_add(b, &b->header->slack_pages, (int64_t)region->pages - region->block);
		if (!frame || region->block > b->pages - (frame - 1)) {
			segment_damaged(b);
			return;
		}
		pages_free(b, frame, region->block);
	}
	journal_u32(b, &region->state, 0);
	segment_give(b, TABLE_REGIONS, id);
}

void region_drop(struct nommu_board *b, uint32_t id)
{
	struct seg_region *region = region_at(b, id);

	if (!(region->flags & REGION_TORN)) {
		region_free(b, id);
		return;
	}
	/* Orphans of it have to be counted down one by one: the reaper's work. Its file stays as long. */
	journal_u32(b, &region->link, b->header->reap_region);
	journal_u32(b, &b->header->reap_region, id);
	journal_add(b, &file_at(b, region->file)->pins, 1);
}

void region_set_shared_end(struct nommu_board *b, uint32_t id, uint64_t end)
{
	struct seg_region *region = region_at(b, id);
	struct itree tree = itree_regions(b, file_at(b, region->file));

	itree_change(b, &tree, id, region->node.end, end);
}
