/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramfs_unpack - finds the blocks of a file and unpacks them, one at a time.
 *
 * A file is a table of block pointers and the blocks. A pointer is the offset at which its block ends; it starts where
 * the one before ended, the first behind the table. A block of no length is a hole. If the superblock says so, the two
 * highest bits of a pointer are flags: the block is not compressed; and, the pointer says where the block starts, in
 * units of 4 bytes, and a compressed block has its length in the two bytes before it.
 *
 * As in the README of the kernel's cramfs, a whole last block that is not compressed and pointed to directly has 4096
 * bytes; the kernel takes it for a hole. Stricter than the kernel about the length of blocks: it fills short ones up.
 * Nothing is kept between calls, and whatever is read is checked again: no lock.
 */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "image/cramfs.h"

#define MAGIC            0x28cd3d45u
#define UNCOMPRESSED     0x80000000u
#define DIRECT           0x40000000u
#define POINTER_FLAGS    (UNCOMPRESSED | DIRECT)
#define DIRECT_SHIFT     2
#define COMPRESSED_LIMIT (2 * CRAMFS_BLOCK)

/* ---- the superblock -------------------------------------------------------------------------------------------- */

static uint32_t word(const unsigned char *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		   : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

uint32_t cramfs_word(const struct cramfs *cram, uint64_t offset)
{
	return word(cram->image + offset, cram->big);
}

static bool has_magic(const unsigned char *image, size_t size, uint32_t at, bool *big)
{
	if (size < at + 4)
		return false;
	*big = word(image + at, true) == MAGIC;
	return *big || word(image + at, false) == MAGIC;
}

int cramfs_recognise(const void *image, size_t size)
{
	bool big;

	return has_magic(image, size, 0, &big) || has_magic(image, size, CRAMFS_PADDED, &big);
}

int cramfs_find(const void *image, size_t size, struct cramfs *cram)
{
	uint32_t own;

	memset(cram, 0, sizeof(*cram));
	cram->image = image;
	cram->size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
	if (!has_magic(image, size, 0, &cram->big)) {
		if (!has_magic(image, size, CRAMFS_PADDED, &cram->big))
			return 0;
		cram->super = CRAMFS_PADDED;
	}
	if (cram->size < cram->super + CRAMFS_SUPER)
		return 0;
	cram->flags = cramfs_word(cram, cram->super + 8);
	own = cramfs_word(cram, cram->super + 4);
	/* Before version 2 the size was a constant. */
	if ((cram->flags & CRAMFS_VERSION_2) && own < cram->size)
		cram->size = own;
	return 1;
}

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

uint64_t cramfs_blocks(uint64_t size)
{
	return size / CRAMFS_BLOCK + (size % CRAMFS_BLOCK != 0);
}

/* Where what a direct pointer leads to starts, and how long it is; false if that lies outside. @expected: the length
 * without compression. */
static bool locate_direct(const struct cramfs *cram, uint32_t pointer, uint32_t expected, struct cramfs_block *block)
{
	const unsigned char *p;

	block->start = (uint64_t)(pointer & ~POINTER_FLAGS) << DIRECT_SHIFT;
	block->length = expected;
	if (pointer & UNCOMPRESSED)
		return true;
	block->length = 2;
	if (block->start + 2 > cram->size)
		return false;
	p = cram->image + block->start;
	block->start += 2;
	block->length = cram->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
	return true;
}

/* The same for a pointer that is an end: the start is what the pointer before says, which may be a direct one. */
static bool locate_end(const struct cramfs *cram, uint64_t table, uint64_t size, uint64_t index,
		       struct cramfs_block *block)
{
	uint32_t end = cramfs_word(cram, table + 4 * index) & ~POINTER_FLAGS, before;
	struct cramfs_block previous;

	block->start = table + 4 * cramfs_blocks(size);
	block->length = 0;
	if (index) {
		before = cramfs_word(cram, table + 4 * (index - 1));
		block->start = before & ~POINTER_FLAGS;
		if (before & DIRECT) {
			if (!locate_direct(cram, before, CRAMFS_BLOCK, &previous))
				return false;
			block->start = previous.start + previous.length;
		}
	}
	if (end < block->start)
		return false;
	block->length = end - block->start;
	return true;
}

const char *cramfs_locate(const struct cramfs *cram, uint64_t table, uint64_t size, uint64_t index,
			  struct cramfs_block *block)
{
	uint32_t pointer = cramfs_word(cram, table + 4 * index);
	uint64_t left = size - index * CRAMFS_BLOCK;
	bool direct = pointer & DIRECT;

	block->start = pointer;
	block->length = 0;
	block->expected = left < CRAMFS_BLOCK ? (uint32_t)left : CRAMFS_BLOCK;
	block->compressed = !(pointer & UNCOMPRESSED);
	if ((pointer & POINTER_FLAGS) && !(cram->flags & CRAMFS_EXT_POINTERS))
		return "has flags, which the superblock does not allow";
	if (direct && !locate_direct(cram, pointer, block->expected, block))
		return "is its length, and lies outside of the image";
	if (!direct && !locate_end(cram, table, size, index, block))
		return "starts behind its end";
	if (block->length > COMPRESSED_LIMIT)
		return "is longer than two blocks";
	if (!block->compressed && block->length && block->length != block->expected)
		return "is not compressed, but not as long as what it holds";
	if (block->start + block->length > cram->size)
		return "lies outside of the image";
	return NULL;
}

/* ---- unpacking ------------------------------------------------------------------------------------------------- */

static int inflate_block(z_stream *stream, const struct cramfs *cram, const struct cramfs_block *block, void *buf)
{
	if (inflateReset(stream) != Z_OK)
		return -EIO;
	/* zlib only reads it */
	stream->next_in = (Bytef *)(uintptr_t)(cram->image + block->start);
	stream->avail_in = (uInt)block->length;
	stream->next_out = buf;
	stream->avail_out = block->expected;
	/* The sum of the data is behind it: there is no end of the stream without it. */
	return inflate(stream, Z_FINISH) == Z_STREAM_END && !stream->avail_out ? 0 : -EIO;
}

/* Copy @len bytes from @from of a block. */
static int copy_block(z_stream *stream, const struct cramfs *cram, const struct cramfs_block *block, uint32_t from,
		      unsigned char *buf, uint32_t len)
{
	unsigned char whole[CRAMFS_BLOCK];
	int error;

	if (!block->length) {
		memset(buf, 0, len);
		return 0;
	}
	if (!block->compressed) {
		memcpy(buf, cram->image + block->start + from, len);
		return 0;
	}
	if (len == block->expected)
		return inflate_block(stream, cram, block, buf);
	error = inflate_block(stream, cram, block, whole);
	if (!error)
		memcpy(buf, whole + from, len);
	return error;
}

int cramfs_copy(const struct cramfs *cram, uint64_t table, uint64_t size, uint64_t offset, void *buf, size_t len)
{
	z_stream stream = { .zalloc = Z_NULL };
	unsigned char *to = buf;
	int error = 0;

	if (inflateInit(&stream) != Z_OK)
		return -ENOMEM;
	while (len && !error) {
		uint32_t from = (uint32_t)(offset % CRAMFS_BLOCK), part;
		struct cramfs_block block;

		if (cramfs_locate(cram, table, size, offset / CRAMFS_BLOCK, &block)) {
			error = -EIO;
			break;
		}
		part = block.expected - from;
		if (part > len)
			part = (uint32_t)len;
		error = copy_block(&stream, cram, &block, from, to, part);
		to += part;
		offset += part;
		len -= part;
	}
	inflateEnd(&stream);
	return error;
}

ssize_t cramfs_unpack(const void *image, size_t size, const struct image_node *node, uint64_t offset, void *buf,
		      size_t len)
{
	struct cramfs cram;
	int error;

	if (!node->packed || !cramfs_find(image, size, &cram))
		return -EIO;
	if (node->data > cram.size || cramfs_blocks(node->size) > (cram.size - node->data) / 4)
		return -EIO;
	if (offset >= node->size)
		return 0;
	if (len > node->size - offset)
		len = (size_t)(node->size - offset);
	error = cramfs_copy(&cram, node->data, node->size, offset, buf, len);
	return error ? error : (ssize_t)len;
}
