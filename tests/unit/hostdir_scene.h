/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostdir_scene - directories of the host for tests, packed by hostdir and compared with what they are.
 *
 * Everything fails the running test if it cannot be done. The comparison takes nothing from hostdir.
 */
#ifndef HOSTDIR_SCENE_H
#define HOSTDIR_SCENE_H

#include "image/image.h"

struct h_image {
	unsigned char *bytes;
	uint64_t size;
	uint32_t align;
	struct image_tree tree;
};

/* "DIR/NAME", until the next call but three. */
const char *h_path(const char *dir, const char *name);

void h_mkdir(const char *dir, const char *name);
void h_symlink(const char *dir, const char *name, const char *target);
void h_link(const char *dir, const char *from, const char *to);
void h_truncate(const char *dir, const char *name, off_t size);
/* False, and said: only root may make device nodes. */
bool h_device(const char *dir, const char *name, mode_t mode, dev_t rdev);

struct hostdir *h_open(const char *path, uint32_t align);
/* The bytes and the tree, after hostdir_open; closes it. */
void h_finish(struct hostdir *dir, uint32_t align, struct h_image *image);
void h_pack(const char *path, uint32_t align, struct h_image *image);
void h_free(struct h_image *image);

/* That it is a directory's image: names in order, attributes, hard links, bytes, and zeroes between them. */
void h_compare(const struct h_image *image, const char *path);

/* A node by its path below the root. */
const struct image_node *h_node(const struct h_image *image, const char *path);

/* That hostdir_open refuses with this error and exactly this line. */
void h_check_refused(const char *path, uint32_t align, int error, const char *line);
/* The same of hostdir_fill; closes. */
void h_check_unfilled(struct hostdir *dir, int error, const char *line);

/* Run it in a child who is not root; a failed assertion there fails here. */
void h_as_nobody(void (*run)(const char *dir), const char *dir);

#endif
