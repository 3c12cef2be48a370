/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * romfs_image - romfs images for tests: made by genromfs, or header by header; and ways to change and to read them.
 *
 * Everything fails the running test if it cannot be done. Nothing that makes an image is taken from the reader.
 */
#ifndef ROMFS_IMAGE_H
#define ROMFS_IMAGE_H

#include "image_file.h"

enum {
	T_HARDLINK,
	T_DIRECTORY,
	T_REGULAR,
	T_SYMLINK,
	T_BLOCK,
	T_CHAR,
	T_SOCKET,
	T_FIFO,
	T_EXEC = 8,
};

/* Fields of a header, and of the superblock. */
enum {
	T_NEXT = 0,
	T_SPEC = 4,
	T_SIZE = 8,
	T_SUM = 12,
	T_NAME = 16,
};

/* Have genromfs make an image of @dir; up to 6 options, NULL at the end. */
void t_image_generate(struct t_image *image, const char *dir, const char *const *options);

/* The same of a little of everything, in two levels below the root. */
void t_image_generate_good(struct t_image *image);

/* Make one by hand: begin, add headers, chain them, end. Offsets are returned. */
void t_image_begin(struct t_image *image, const char *volume);
uint32_t t_image_add(struct t_image *image, const char *name, uint32_t bits, uint32_t spec, const void *data,
		     uint32_t size);
/* Add "." as the root. */
uint32_t t_image_add_root(struct t_image *image);
/* Make @to the entry after @from. */
void t_image_chain(struct t_image *image, uint32_t from, uint32_t to);
void t_image_end(struct t_image *image);

uint32_t t_image_get(const struct t_image *image, uint32_t header, unsigned int field);
void t_image_set(struct t_image *image, uint32_t header, unsigned int field, uint32_t value);

/* Make the checksum of the header right, 0 being the superblock; the superblock's goes over the first headers. */
void t_image_resum(struct t_image *image, uint32_t header);

/* The header of the @nth entry of this name, from 0, in the order of the image. */
uint32_t t_image_find(const struct t_image *image, const char *name, unsigned int nth);

/* Read a copy in memory that ends where the image does. */
int t_image_read(const struct t_image *image, struct image_tree *tree, struct nommu_why *why);

/* Read it and check that this worked, and that what came is a tree. */
void t_image_read_good(const struct t_image *image, struct image_tree *tree);

/* Read it and check that it was refused at @offset, with @expected behind it. */
void t_image_check_refused(const struct t_image *image, uint32_t offset, const char *expected);

#endif
