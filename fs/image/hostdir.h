/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostdir - what the two files of hostdir share (see image.h): hostdir.c looks and lays out, hostdir_fill.c reads the
 * bytes.
 */
#ifndef IMAGE_HOSTDIR_H
#define IMAGE_HOSTDIR_H

#include <sys/stat.h>

#include "image/image.h"

/* Bytes one behind the other. */
struct heap {
	char *bytes;
	size_t used, room;
};

/* Which file a node was at the first look. */
struct identity {
	dev_t dev;
	ino_t ino;
};

struct hostdir {
	char *root;  /* the path without symlinks, so that it holds wherever the process goes */
	int root_fd; /* and the directory that it was; -1: not open */
	struct heap identities; /* of all nodes */
	uint32_t align;
	struct image_tree tree;
	struct heap targets;  /* of symlinks, as they lie in the image */
	uint64_t targets_at;  /* behind all files */
	uint64_t size;        /* of the image */
};

/* One line, whatever is in the path. Returns @error. */
int hostdir_refuse(struct nommu_why *why, int error, const char *path, const char *what);

/* Whether it is a node's to say where the bytes of a file lie: the first of its names, and a file that has some. */
static inline bool hostdir_has_bytes(const struct hostdir *dir, uint32_t i)
{
	const struct image_node *node = &dir->tree.nodes[i];

	return S_ISREG(node->mode) && node->inode == i && node->size;
}

#endif
