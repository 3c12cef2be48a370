/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build - makes a tree, node by node. The scratch that some of it asks for has room for an index of every node.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/build.h"

int build_refuse(struct nommu_why *why, const char *called, uint64_t offset, const char *format, va_list args)
{
	size_t size = sizeof(why->text);
	int used = snprintf(why->text, size, "%s: offset 0x%jx: ", called, (uintmax_t)offset);

	vsnprintf(why->text + used, size - (size_t)used, format, args);
	return -EINVAL;
}

static int grow(struct build *build)
{
	uint32_t room = build->room > UINT32_MAX / 2 ? UINT32_MAX : build->room ? 2 * build->room : 64;
	struct image_node *nodes = realloc(build->nodes, room * sizeof(*nodes));
	struct build_entry *entries;

	if (!nodes)
		return -ENOMEM;
	build->nodes = nodes;
	entries = realloc(build->entries, room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	build->entries = entries;
	build->room = room;
	return 0;
}

int build_add(struct build *build, const struct image_node *node, const struct build_entry *entry, uint32_t *last)
{
	uint32_t index = build->count;
	struct image_node *added;

	if (index == build->room && grow(build))
		return -ENOMEM;
	added = &build->nodes[index];
	*added = *node;
	added->name = NULL;
	added->child = IMAGE_NONE;
	added->next = IMAGE_NONE;
	added->inode = index;
	if (S_ISDIR(added->mode))
		added->nlink = 2;
	build->entries[index] = *entry;
	build->name_bytes += entry->length + 1;
	build->count++;
	if (!index)
		return 0;
	if (S_ISDIR(added->mode))
		build->nodes[added->parent].nlink++;
	if (*last == IMAGE_NONE)
		build->nodes[added->parent].child = index;
	else
		build->nodes[*last].next = index;
	*last = index;
	return 0;
}

static int compare_names(const struct build *build, uint32_t i, uint32_t k)
{
	const struct build_entry *a = &build->entries[i], *b = &build->entries[k];
	uint32_t pa = build->nodes[i].parent, pb = build->nodes[k].parent;

	if (pa != pb)
		return pa < pb ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(a->name, b->name, a->length);
}

static int by_name(const void *a, const void *b, void *arg)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int order = compare_names(arg, i, k);

	return order ? order : (i > k) - (i < k);
}

int build_double_name(const struct build *build, uint32_t *scratch, uint32_t *first, uint32_t *second)
{
	/* Without the root, which is no entry of the directory that it has as parent. */
	uint32_t count = build->count - 1;

	for (uint32_t i = 0; i < count; i++)
		scratch[i] = i + 1;
	/* qsort_r promises to leave its argument alone, but not in the type. */
	qsort_r(scratch, count, sizeof(*scratch), by_name, (void *)(uintptr_t)build);
	for (uint32_t i = 1; i < count; i++) {
		if (compare_names(build, scratch[i - 1], scratch[i]))
			continue;
		*first = scratch[i - 1];
		*second = scratch[i];
		return 1;
	}
	return 0;
}

void build_settle_inodes(struct build *build, uint32_t *scratch)
{
	struct image_node *nodes = build->nodes;

	for (uint32_t i = 0; i < build->count; i++)
		scratch[i] = IMAGE_NONE;
	/* The first node that comes along is the lowest. */
	for (uint32_t i = 0; i < build->count; i++) {
		uint32_t *lowest = &scratch[nodes[i].inode];

		if (S_ISDIR(nodes[i].mode))
			continue;
		if (*lowest == IMAGE_NONE)
			*lowest = i;
		nodes[*lowest].nlink++;
	}
	for (uint32_t i = 0; i < build->count; i++) {
		if (S_ISDIR(nodes[i].mode))
			continue;
		nodes[i].inode = scratch[nodes[i].inode];
		nodes[i].nlink = nodes[nodes[i].inode].nlink;
	}
}

int build_finish(struct build *build, struct image_tree *tree)
{
	size_t bytes = build->count * sizeof(*build->nodes);
	struct image_node *nodes = realloc(build->nodes, bytes + build->name_bytes);
	char *name;

	if (!nodes)
		return -ENOMEM;
	name = (char *)nodes + bytes;
	for (uint32_t i = 0; i < build->count; i++) {
		const struct build_entry *entry = &build->entries[i];

		nodes[i].name = name;
		name = mempcpy(name, entry->name, entry->length);
		*name++ = 0;
	}
	tree->nodes = nodes;
	tree->count = build->count;
	build->nodes = NULL;
	return 0;
}

void build_free(struct build *build)
{
	free(build->nodes);
	free(build->entries);
	memset(build, 0, sizeof(*build));
}

void image_tree_free(struct image_tree *tree)
{
	free(tree->nodes);
	memset(tree, 0, sizeof(*tree));
}
