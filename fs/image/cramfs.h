/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramfs - what the files of the reader share: cramfs.c reads the superblock and the directories, cramfs_file.c checks
 * the block pointers of files, cramfs_unpack.c finds blocks and unpacks them.
 */
#ifndef IMAGE_CRAMFS_H
#define IMAGE_CRAMFS_H

#include "image/build.h"

/* Of the data, one block; no image says how large its blocks are. This is what mkfs.cramfs takes on nearly every
 * machine, and the kernel wherever that is the size of a page. */
#define CRAMFS_BLOCK 4096u

/* Of the superblock. */
#define CRAMFS_SUPER  76u
#define CRAMFS_PADDED 512u /* where it is if boot code lies before it */

/* Flags. */
#define CRAMFS_VERSION_2    0x001u /* size, checksum and counts are valid */
#define CRAMFS_SHIFTED_ROOT 0x400u
#define CRAMFS_EXT_POINTERS 0x800u
#define CRAMFS_KNOWN        0xfffu /* what the kernel mounts: the first eight work for whom does not know them */

/* An image whose superblock was found; all offsets are from its first byte, wherever the superblock is. */
struct cramfs {
	const unsigned char *image;
	uint32_t size;  /* of the file system; never more than there is */
	uint32_t super; /* offset of the superblock */
	uint32_t flags;
	bool big; /* endian */
};

struct cramfs_block {
	uint64_t start;
	uint64_t length;   /* in the image; 0: a hole */
	uint32_t expected; /* unpacked */
	bool compressed;
};

/* Find the superblock; 0 if there is none. @cram->size is the least of what it says and what there is. */
int cramfs_find(const void *image, size_t size, struct cramfs *cram);

/* A number at @offset, which lies inside. */
uint32_t cramfs_word(const struct cramfs *cram, uint64_t offset);

/* Blocks, and pointers to them, that a file of @size bytes has. */
uint64_t cramfs_blocks(uint64_t size);

/* Find block @index of the file of @size bytes whose pointers lie at @table, inside of the image. Returns NULL, or what
 * is wrong with it: words that follow "0xSTART + 0xLENGTH ". */
const char *cramfs_locate(const struct cramfs *cram, uint64_t table, uint64_t size, uint64_t index,
			  struct cramfs_block *block);

/* Copy @len bytes from @offset, all inside of the file. Errors: EIO, ENOMEM. */
int cramfs_copy(const struct cramfs *cram, uint64_t table, uint64_t size, uint64_t offset, void *buf, size_t len);

struct cramfs_reader {
	struct cramfs cram;
	struct nommu_why *why;
	unsigned char *taken; /* a bit for each 4 bytes of the image: of a directory that was read, or the superblock */
	struct build build;   /* until files are settled, none is packed and data is where the block pointers are */
};

/* Say what is wrong at @offset. Returns -EINVAL. */
__attribute__((format(printf, 3, 4))) int cramfs_refuse(struct cramfs_reader *reader, uint64_t offset,
							const char *format, ...);

/* Check the blocks of every file and symlink, and find out which can be used in place. */
int cramfs_settle_files(struct cramfs_reader *reader, uint32_t *scratch);

#endif
