/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image - readers of file system images: each yields the same tree of nodes.
 *
 * A reader is given the whole image in memory, untrusted, and never reads outside of it. It allocates the tree and
 * nothing else; data and names are pointed to by offset, so the caller can hand the image out as a window of ROM.
 * Not here: anything of FUSE or of the board.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "nommu.h"

#define IMAGE_NONE UINT32_MAX

/* One name in a tree. Hard links are several nodes with one inode number. */
struct image_node {
	char *name;         /* NUL-terminated, without '/'; of the root "" */
	uint32_t parent;    /* index; of the root itself */
	uint32_t child;     /* first child of a directory, or IMAGE_NONE */
	uint32_t next;      /* next sibling, or IMAGE_NONE */
	uint32_t inode;     /* the node that stands for its inode: its own index, or an earlier node's for a hard link */
	uint32_t mode;      /* st_mode: type and permissions */
	uint32_t nlink;     /* names that this inode has; directories: 2 + subdirectories */
	uint32_t uid, gid;
	uint64_t rdev;      /* of device nodes */
	int64_t mtime;      /* seconds */
	uint64_t data;      /* offset in the image of a regular file's or a symlink's bytes */
	uint64_t size;      /* bytes of a regular file or a symlink */
};

struct image_tree {
	struct image_node *nodes; /* nodes[0] is the root directory */
	uint32_t count;
	char volume[64];          /* the image's own name */
	uint64_t bytes;           /* of the image that the file system says are its own */
};

/* Read a romfs image of @size bytes, as genromfs writes it. 0, or -EINVAL with one line in @why that names what is
 * wrong and at which offset; -ENOMEM. The tree becomes the caller's. */
int romfs_read(const void *image, size_t size, struct image_tree *tree, struct nommu_why *why);

/* Whether this is a romfs image, by content. */
int romfs_recognise(const void *image, size_t size);

void image_tree_free(struct image_tree *tree);

#endif
