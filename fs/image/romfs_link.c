/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * romfs_link - resolves hard links once all headers are read, since a link may come before its target.
 *
 * A link names a file's header by offset. genromfs always names the file itself; a link to a link is followed, as the
 * kernel does, but a loop is refused, and so is a link to a directory: "." and ".." are not among the nodes.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "image/romfs.h"

static int by_offset(const void *a, const void *b, void *arg)
{
	const struct build_entry *entries = arg;
	uint32_t i = entries[*(const uint32_t *)a].where, k = entries[*(const uint32_t *)b].where;

	return (i > k) - (i < k);
}

/* The node whose header lies at @offset. @order: all nodes by offset. */
static uint32_t find_node(const struct build *build, const uint32_t *order, uint64_t offset)
{
	uint32_t low = 0, high = build->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (build->entries[order[middle]].where < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < build->count && build->entries[order[low]].where == offset ? order[low] : IMAGE_NONE;
}

/* Let every link's inode be the node that it names, which may be another link. */
static int find_targets(struct romfs *rom, uint32_t *order)
{
	struct build *build = &rom->build;

	for (uint32_t i = 0; i < build->count; i++)
		order[i] = i;
	qsort_r(order, build->count, sizeof(*order), by_offset, build->entries);
	for (uint32_t i = 0; i < build->count; i++) {
		struct image_node *node = &build->nodes[i];

		if (node->mode)
			continue;
		node->inode = find_node(build, order, node->data);
		if (node->inode == IMAGE_NONE)
			return romfs_refuse(rom, build->entries[i].where, "hard link target 0x%jx is no file's header",
					    (uintmax_t)node->data);
	}
	return 0;
}

/* Resolve a link and those that it leads through, so that no chain is walked twice. */
static int follow(struct romfs *rom, uint32_t link)
{
	const struct build_entry *entries = rom->build.entries;
	struct image_node *nodes = rom->build.nodes;
	uint32_t target = link;

	for (uint32_t steps = 0; !nodes[target].mode; steps++) {
		if (steps == rom->build.count)
			return romfs_refuse(rom, entries[link].where, "hard link leads to no file: a loop");
		target = nodes[target].inode;
	}
	/* The end of the walk may be a link that was resolved before. */
	target = nodes[target].inode;
	if (S_ISDIR(nodes[target].mode))
		return romfs_refuse(rom, entries[link].where, "hard link leads to the directory at 0x%x",
				    entries[target].where);
	while (link != target) {
		struct image_node *node = &nodes[link];

		link = node->inode;
		node->inode = target;
		node->mode = nodes[target].mode;
		node->rdev = nodes[target].rdev;
		node->data = nodes[target].data;
		node->size = nodes[target].size;
	}
	return 0;
}

int romfs_resolve_links(struct romfs *rom, uint32_t *scratch)
{
	int error = find_targets(rom, scratch);

	for (uint32_t i = 0; i < rom->build.count && !error; i++)
		if (!rom->build.nodes[i].mode)
			error = follow(rom, i);
	if (!error)
		build_settle_inodes(&rom->build, scratch);
	return error;
}
