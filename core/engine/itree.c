/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

/* A treap of 2^32 nodes is deeper than this once in far more than the age of the universe. */
#define ITREE_DEPTH_MAX 200

struct itree itree_regions(struct nommu_board *b, struct seg_file *file)
{
	return (struct itree){ (char *)b->regions + offsetof(struct seg_region, node), sizeof(struct seg_region),
			       b->region_count, &file->regions };
}

struct itree itree_extents(struct nommu_board *b, struct seg_file *file)
{
	return (struct itree){ (char *)b->frames + offsetof(struct seg_frame, node), sizeof(struct seg_frame),
			       b->pages, &file->extents };
}

static struct seg_node *node_at(struct nommu_board *b, const struct itree *tree, uint32_t id)
{
	if (unlikely(id == 0 || id > tree->count))
		return segment_damaged(b);
	return (struct seg_node *)(void *)(tree->nodes + (size_t)id * tree->stride);
}

static uint32_t priority(uint32_t id)
{
	id *= 0x9e3779b1u;
	id ^= id >> 16;
	id *= 0x85ebca6bu;
	return id ^ id >> 13;
}

static bool above(uint32_t a, uint32_t b)
{
	uint32_t pa = priority(a), pb = priority(b);

	return pa != pb ? pa > pb : a > b;
}

static bool before(const struct seg_node *a, uint32_t a_id, const struct seg_node *b, uint32_t b_id)
{
	if (a->start != b->start)
		return a->start < b->start;
	if (a->end != b->end)
		return a->end < b->end;
	return a_id < b_id;
}

static bool too_deep(struct nommu_board *b, unsigned int depth)
{
	if (likely(depth < ITREE_DEPTH_MAX))
		return false;
	segment_damaged(b);
	return true;
}

/* Derive what a node says of its subtree. */
static void node_update(struct nommu_board *b, const struct itree *tree, struct seg_node *node)
{
	uint64_t end = node->end, aux = node->aux;
	uint32_t child[2] = { node->left, node->right };

	for (int i = 0; i < 2; i++) {
		if (!child[i])
			continue;
		const struct seg_node *below = node_at(b, tree, child[i]);

		if (below->max_end > end)
			end = below->max_end;
		if (below->max_aux > aux)
			aux = below->max_aux;
	}
	journal_u64(b, &node->max_end, end);
	journal_u64(b, &node->max_aux, aux);
}

static uint32_t insert(struct nommu_board *b, const struct itree *tree, uint32_t root, uint32_t id, unsigned int depth)
{
	struct seg_node *top, *node = node_at(b, tree, id), *below;
	uint32_t child;

	if (!root || too_deep(b, depth))
		return id;
	top = node_at(b, tree, root);
	if (before(node, id, top, root)) {
		child = insert(b, tree, top->left, id, depth + 1);
		journal_u32(b, &top->left, child);
		if (above(child, root)) {
			below = node_at(b, tree, child);
			journal_u32(b, &top->left, below->right);
			journal_u32(b, &below->right, root);
			node_update(b, tree, top);
			node_update(b, tree, below);
			return child;
		}
	} else {
		child = insert(b, tree, top->right, id, depth + 1);
		journal_u32(b, &top->right, child);
		if (above(child, root)) {
			below = node_at(b, tree, child);
			journal_u32(b, &top->right, below->left);
			journal_u32(b, &below->left, root);
			node_update(b, tree, top);
			node_update(b, tree, below);
			return child;
		}
	}
	node_update(b, tree, top);
	return root;
}

void itree_insert(struct nommu_board *b, const struct itree *tree, uint32_t id)
{
	struct seg_node *node = node_at(b, tree, id);

	journal_u32(b, &node->left, 0);
	journal_u32(b, &node->right, 0);
	journal_u64(b, &node->max_end, node->end);
	journal_u64(b, &node->max_aux, node->aux);
	journal_u32(b, tree->root, *tree->root ? insert(b, tree, *tree->root, id, 0) : id);
}

/* All of @left stands before all of @right. */
static uint32_t merge(struct nommu_board *b, const struct itree *tree, uint32_t left, uint32_t right,
		      unsigned int depth)
{
	struct seg_node *node;

	if (!left || !right)
		return left ? left : right;
	if (too_deep(b, depth))
		return left;
	if (above(left, right)) {
		node = node_at(b, tree, left);
		journal_u32(b, &node->right, merge(b, tree, node->right, right, depth + 1));
		node_update(b, tree, node);
		return left;
	}
	node = node_at(b, tree, right);
	journal_u32(b, &node->left, merge(b, tree, left, node->left, depth + 1));
	node_update(b, tree, node);
	return right;
}

static uint32_t erase(struct nommu_board *b, const struct itree *tree, uint32_t root, uint32_t id, unsigned int depth)
{
	struct seg_node *top, *node = node_at(b, tree, id);

	if (!root || too_deep(b, depth)) {
		segment_damaged(b);
		return root;
	}
	top = node_at(b, tree, root);
	if (root == id)
		return merge(b, tree, top->left, top->right, 0);
	if (before(node, id, top, root))
		journal_u32(b, &top->left, erase(b, tree, top->left, id, depth + 1));
	else
		journal_u32(b, &top->right, erase(b, tree, top->right, id, depth + 1));
	node_update(b, tree, top);
	return root;
}

void itree_erase(struct nommu_board *b, const struct itree *tree, uint32_t id)
{
	journal_u32(b, tree->root, erase(b, tree, *tree->root, id, 0));
}

/* Bring the nodes on the way to @id up to date. */
static void refresh(struct nommu_board *b, const struct itree *tree, uint32_t root, uint32_t id, unsigned int depth)
{
	struct seg_node *top, *node = node_at(b, tree, id);

	if (!root || too_deep(b, depth)) {
		segment_damaged(b);
		return;
	}
	top = node_at(b, tree, root);
	if (root != id)
		refresh(b, tree, before(node, id, top, root) ? top->left : top->right, id, depth + 1);
	node_update(b, tree, top);
}

void itree_change(struct nommu_board *b, const struct itree *tree, uint32_t id, uint64_t end, uint64_t aux)
{
	struct seg_node *node = node_at(b, tree, id);

	if (node->end == end && node->aux == aux)
		return;
	journal_u64(b, &node->end, end);
	journal_u64(b, &node->aux, aux);
	refresh(b, tree, *tree->root, id, 0);
}

uint32_t itree_floor(struct nommu_board *b, const struct itree *tree, uint64_t at)
{
	uint32_t id = *tree->root, best = 0;

	for (unsigned int depth = 0; id && !too_deep(b, depth); depth++) {
		const struct seg_node *node = node_at(b, tree, id);

		if (node->start <= at) {
			best = id;
			id = node->right;
		} else {
			id = node->left;
		}
	}
	return best;
}

struct walk {
	const struct itree *tree;
	uint64_t start, end;
	itree_visit_fn *visit;
	void *arg;
	uint32_t steps;
};

static bool overlapping(struct nommu_board *b, struct walk *w, uint32_t id, unsigned int depth)
{
	const struct seg_node *node;

	if (!id || too_deep(b, depth) || !segment_step(b, &w->steps, w->tree->count))
		return false;
	node = node_at(b, w->tree, id);
	if (node->max_end <= w->start)
		return false;
	if (overlapping(b, w, node->left, depth + 1))
		return true;
	if (node->start >= w->end)
		return false;
	if (node->end > w->start && w->visit(b, id, w->arg))
		return true;
	return overlapping(b, w, node->right, depth + 1);
}

bool itree_overlapping(struct nommu_board *b, const struct itree *tree, uint64_t start, uint64_t end,
		       itree_visit_fn *visit, void *arg)
{
	struct walk w = { tree, start, end, visit, arg, 0 };

	return overlapping(b, &w, *tree->root, 0);
}

static bool equal(struct nommu_board *b, struct walk *w, uint32_t id, unsigned int depth)
{
	const struct seg_node *node;
	bool low, high;

	if (!id || too_deep(b, depth) || !segment_step(b, &w->steps, w->tree->count))
		return false;
	node = node_at(b, w->tree, id);
	low = node->start < w->start || (node->start == w->start && node->end < w->end);
	high = node->start > w->start || (node->start == w->start && node->end > w->end);
	if (!low && equal(b, w, node->left, depth + 1))
		return true;
	if (!low && !high && w->visit(b, id, w->arg))
		return true;
	return !high && equal(b, w, node->right, depth + 1);
}

bool itree_equal(struct nommu_board *b, const struct itree *tree, uint64_t start, uint64_t end, itree_visit_fn *visit,
		 void *arg)
{
	struct walk w = { tree, start, end, visit, arg, 0 };

	return equal(b, &w, *tree->root, 0);
}
