/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramfs_image - cramfs images for tests, made header by header and block by block, of either endianness; and ways to
 * change and to read them.
 *
 * Everything fails the running test if it cannot be done. Nothing that makes an image is taken from the reader.
 */
#ifndef CRAMFS_IMAGE_H
#define CRAMFS_IMAGE_H

#include <stdbool.h>

#include "image_file.h"

/* Fields of a header. */
enum c_field {
	C_MODE,
	C_UID,
	C_SIZE,
	C_GID,
	C_NAME, /* its length, in units of 4 bytes */
	C_OFFSET, /* in units of 4 bytes */
};

/* Offsets in the superblock; the root's header. */
enum {
	C_MAGIC = 0,
	C_OWN_SIZE = 4,
	C_FLAGS = 8,
	C_SUM = 32,
	C_VOLUME = 48,
	C_ROOT = 64,
	C_END = 76,
};

enum {
	C_VERSION_2 = 0x1,
	C_SORTED = 0x2,
	C_HOLES = 0x100,
	C_SHIFTED = 0x400,
	C_EXTENDED = 0x800,
};

struct c_image {
	struct t_image image;
	uint32_t super; /* its offset: 0 or 512 */
	bool big;
};

struct c_entry {
	const char *name;
	uint32_t mode;
	uint32_t uid, gid;
	uint32_t size; /* of device nodes the number */
};

/* Make one by hand: begin, add directories and files, end. */
void c_image_begin(struct c_image *c, bool big, uint32_t super, uint32_t flags);

/* Add the entries of the directory whose header is at @header; theirs are at @headers then. */
void c_image_add_directory(struct c_image *c, uint32_t header, const struct c_entry *entries, unsigned int count,
			   uint32_t *headers);

/*
 * Add the pointers and blocks of the file or symlink whose header is at @header. Each character of @how stores a block,
 * the last one those that follow too:
 *	c  compressed, u  not, behind the block before      C  compressed, U  not, with a direct pointer
 *	h  a hole, H  a hole with a direct pointer          G  as U, but not behind the block before
 * A hole's bytes in @data become 0. Returns where the pointers are.
 */
uint32_t c_image_add_file(struct c_image *c, uint32_t header, unsigned char *data, uint32_t size, const char *how);

/* Let the superblock have the size and the checksum of the image. */
void c_image_end(struct c_image *c);
void c_image_resum(struct c_image *c);
void c_image_free(struct c_image *c);

/* Write bytes that look different everywhere, but can be compressed. */
void c_data_fill(unsigned char *data, size_t size, uint32_t seed);

uint32_t c_image_root(const struct c_image *c);
uint32_t c_image_word(const struct c_image *c, size_t offset);
void c_image_set_word(struct c_image *c, size_t offset, uint32_t value);
uint32_t c_image_get(const struct c_image *c, uint32_t header, enum c_field field);
void c_image_set(struct c_image *c, uint32_t header, enum c_field field, uint32_t value);

/* The header of the only entry of this name. */
uint32_t c_image_find(const struct c_image *c, const char *name);

/* Every type of node and every way to store a block, in three levels. */
void c_image_make_good(struct c_image *c, bool big, uint32_t super);

/* Read a copy in memory that ends where the image does. */
int c_image_read(const struct t_image *image, struct image_tree *tree, struct nommu_why *why);

/* Read it and check that this worked, and that what came is a tree of cramfs. */
void c_image_read_good(const struct t_image *image, struct image_tree *tree);

/* Read it and check that it was refused at @offset, with @expected behind it. */
void c_image_check_refused(const struct c_image *c, uint32_t offset, const char *expected);

/* The bytes of a file or symlink, from @offset: as many as came, or the error. Packed or not. */
ssize_t c_node_read(const struct t_image *image, const struct image_node *node, uint64_t offset, void *buf, size_t len);

/* Check that the node has these bytes, read as one and in pieces of odd sizes. */
void c_node_check(const struct t_image *image, const struct image_node *node, const void *data, size_t size);

#endif
