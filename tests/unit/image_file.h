/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_file - files and directories to make images of, programs that make them, and images in memory; for the tests
 * of all readers. Everything fails the running test if it cannot be done.
 */
#ifndef IMAGE_FILE_H
#define IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

struct t_image {
	unsigned char *bytes;
	size_t size, room;
};

/* A directory of one's own, in @path; and all that is in it, gone. */
void t_directory_make(char path[static 64]);
void t_directory_remove(const char *path);

/* Write a file of @size bytes that look different everywhere. */
void t_file_make(const char *dir, const char *name, size_t size, unsigned int mode);

/* Run a program that has to succeed, and take the image from @path, where it leaves it; no image: only run it. */
void t_image_run(struct t_image *image, char *const *argv, const char *path);

void t_image_copy(struct t_image *copy, const struct t_image *image);
void t_image_free(struct t_image *image);

/* Add @length zeroes at the end; they are what is returned. */
unsigned char *t_image_extend(struct t_image *image, size_t length);

/* The node at @path, without '/' at its start, or IMAGE_NONE. */
uint32_t t_tree_find(const struct image_tree *tree, const char *path);

#endif
