/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * build - how a reader makes its tree: add the nodes, check the names, settle the inodes, finish; or refuse.
 *
 * Names are pointed to where the image has them until the tree is finished; they need no NUL. In a finished tree they
 * lie behind the nodes in the same block. No lock: a build is its reader's.
 */
#ifndef IMAGE_BUILD_H
#define IMAGE_BUILD_H

#include <stdarg.h>

#include "image/image.h"

/* Say in @why what is wrong at @offset of an image of the format that is called so. Returns -EINVAL. */
__attribute__((format(printf, 4, 0))) int build_refuse(struct nommu_why *why, const char *called, uint64_t offset,
						       const char *format, va_list args);

/* What only the reader has to know of a node. */
struct build_entry {
	const char *name;
	uint32_t length;
	uint32_t where; /* the offset that errors name */
};

struct build {
	struct image_node *nodes;
	struct build_entry *entries; /* of the same index */
	uint32_t count, room;
	uint64_t name_bytes; /* of all nodes, with their NULs */
};

/* Add @node as the last entry of its parent; @last is the sibling before it or IMAGE_NONE, and becomes this one. Of
 * @node the name is not looked at, child, next and inode are set here. The first node is the root and wants its own
 * index, 0, as parent. Link counts of directories are kept right. Errors: ENOMEM. */
int build_add(struct build *build, const struct image_node *node, const struct build_entry *entry, uint32_t *last);

/* Find two entries of one directory that have the same name: 1 with their indices in order, or 0. */
int build_double_name(const struct build *build, uint32_t *scratch, uint32_t *first, uint32_t *second);

/* Nodes that share an inode have the index of any one of them as inode, itself so: make it the lowest, and count the
 * names of each inode. Directories are left alone. */
void build_settle_inodes(struct build *build, uint32_t *scratch);

/* Give nodes and names to the tree. Errors: ENOMEM. */
int build_finish(struct build *build, struct image_tree *tree);

/* Free what was not given away. */
void build_free(struct build *build);

#endif
