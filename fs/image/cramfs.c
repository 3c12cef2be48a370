/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramfs - reads a cramfs image, as mkfs.cramfs writes it, into a tree.
 *
 * An image is a superblock, with the header of the root in it; directories, each of them one range of headers with
 * names; and files, see cramfs_unpack.c. All numbers, and the fields of headers, are in the order of the machine that
 * the image is for. The superblock may lie behind 512 bytes of boot code; offsets count from the first of them.
 *
 * Nothing in the image is trusted. No two directories may overlap: so they cannot loop, each header is read once, and
 * a tree takes memory in proportion to its image. There is no recursion: the array of nodes is the list of
 * directories still to be read. What is not linear in the number of entries is sorting them.
 *
 * Stricter than the kernel about the checksum, which it leaves to fsck, about names and what cannot be in an image;
 * the signature, the counts of blocks and files and the order of names are not looked at.
 * Not here: the bytes of files. No lock: nothing is shared.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <zlib.h>

#include "image/cramfs.h"

#define HEADER    12u
#define UNIT      4u  /* what headers and block pointers are aligned to, and names padded to */
#define ROOT      64u /* in the superblock: the root's header */
#define CHECKSUM  32u
#define VOLUME    48u
#define NAME_ROOM 16u /* of the volume's name */

struct header {
	uint32_t mode, uid, gid;
	uint32_t size;   /* of device nodes the number */
	uint32_t offset; /* of the directory, or the block pointers */
	uint32_t name;   /* bytes of the name, with its padding */
};

int cramfs_refuse(struct cramfs_reader *reader, uint64_t offset, const char *format, ...)
{
	va_list args;
	int error;

	va_start(args, format);
	error = build_refuse(reader->why, "cramfs", offset, format, args);
	va_end(args);
	return error;
}

/* ---- headers --------------------------------------------------------------------------------------------------- */

/* The fields are those of C's bit fields, which big endian machines begin at the other end. */
static struct header get_header(const struct cramfs *cram, uint64_t at)
{
	uint32_t first = cramfs_word(cram, at), second = cramfs_word(cram, at + 4), third = cramfs_word(cram, at + 8);

	if (cram->big)
		return (struct header){
			.mode = first >> 16, .uid = first & 0xffff, .size = second >> 8, .gid = second & 0xff,
			.name = (third >> 26) * UNIT, .offset = (third & 0x3ffffff) * UNIT,
		};
	return (struct header){
		.mode = first & 0xffff, .uid = first >> 16, .size = second & 0xffffff, .gid = second >> 24,
		.name = (third & 0x3f) * UNIT, .offset = (third >> 6) * UNIT,
	};
}

static int check_range(struct cramfs_reader *reader, uint32_t where, const char *what, uint64_t offset, uint64_t bytes)
{
	if (!offset)
		return cramfs_refuse(reader, where, "%s of 0x%jx bytes at offset 0", what, (uintmax_t)bytes);
	if (offset + bytes > reader->cram.size)
		return cramfs_refuse(reader, where, "%s 0x%jx + 0x%jx reaches outside of the image (0x%x bytes)", what,
				     (uintmax_t)offset, (uintmax_t)bytes, reader->cram.size);
	return 0;
}

/* Add the entry as the last of its directory; @last is the one before. */
static int add_node(struct cramfs_reader *reader, const struct header *h, const struct build_entry *entry,
		    uint32_t parent, uint32_t *last)
{
	struct image_node node = { .parent = parent, .mode = h->mode, .uid = h->uid, .gid = h->gid, .nlink = 1 };
	int error = 0;

	switch (h->mode & S_IFMT) {
	case S_IFLNK:
		if (!h->size || h->size >= PATH_MAX)
			return cramfs_refuse(reader, entry->where, "symlink target has %u bytes, expected 1 to %u",
					     h->size, PATH_MAX - 1);
		/* fall through */
	case S_IFREG:
		if (!h->size)
			break;
		error = check_range(reader, entry->where, "block pointers", h->offset, 4 * cramfs_blocks(h->size));
		node.data = h->offset;
		node.size = h->size;
		break;
	case S_IFBLK:
	case S_IFCHR:
		/* As the kernel has it: what is above 16 bits is lost. */
		node.rdev = makedev(h->size >> 8 & 0xff, h->size & 0xff);
		break;
	case S_IFDIR:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	default:
		return cramfs_refuse(reader, entry->where, "mode 0%o has no type that is known", h->mode);
	}
	return error ? error : build_add(&reader->build, &node, entry, last);
}

static int check_name(struct cramfs_reader *reader, const struct build_entry *entry, uint32_t padded)
{
	const char *name = entry->name;
	uint32_t length = entry->length;

	if (!length)
		return cramfs_refuse(reader, entry->where, "name is empty");
	if (padded - length >= UNIT)
		return cramfs_refuse(reader, entry->where, "name is padded by %u bytes, expected less than %u",
				     padded - length, UNIT);
	if (memchr(name, 0, length))
		return cramfs_refuse(reader, entry->where, "name has a NUL in it");
	if (memchr(name, '/', length))
		return cramfs_refuse(reader, entry->where, "name has a '/' in it");
	if (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.')))
		return cramfs_refuse(reader, entry->where, "name is \"%.*s\"", (int)length, name);
	return 0;
}

/* ---- directories ----------------------------------------------------------------------------------------------- */

/* Let no other directory lie in this range. */
static int take_range(struct cramfs_reader *reader, uint32_t where, uint64_t offset, uint64_t end)
{
	for (uint64_t at = offset; at < end; at += UNIT) {
		unsigned char *byte = &reader->taken[at / UNIT / 8];
		unsigned int bit = 1u << (at / UNIT % 8);

		if (*byte & bit)
			return cramfs_refuse(reader, where, "directory 0x%jx + 0x%jx overlaps another one, or the "
					     "superblock, at 0x%jx", (uintmax_t)offset, (uintmax_t)(end - offset),
					     (uintmax_t)at);
		*byte |= (unsigned char)bit;
	}
	return 0;
}

/* The entry at @at of a directory that ends at @end; where it ends is @at then. */
static int read_entry(struct cramfs_reader *reader, uint32_t dir, uint64_t *at, uint64_t end, uint32_t *last)
{
	struct build_entry entry = { .where = (uint32_t)*at };
	struct header h;
	int error;

	if (end - *at < HEADER)
		return cramfs_refuse(reader, *at, "directory has %ju bytes left, too few for a header of %u",
				     (uintmax_t)(end - *at), HEADER);
	h = get_header(&reader->cram, *at);
	*at += HEADER;
	if (h.name > end - *at)
		return cramfs_refuse(reader, entry.where, "name of %u bytes does not end inside of its directory, "
				     "which ends at 0x%jx", h.name, (uintmax_t)end);
	entry.name = (const char *)reader->cram.image + *at;
	entry.length = h.name;
	while (entry.length && !entry.name[entry.length - 1])
		entry.length--;
	*at += h.name;
	error = check_name(reader, &entry, h.name);
	return error ? error : add_node(reader, &h, &entry, dir, last);
}

static int read_directory(struct cramfs_reader *reader, uint32_t dir)
{
	uint32_t where = reader->build.entries[dir].where, last = IMAGE_NONE;
	struct header h = get_header(&reader->cram, where);
	uint64_t at = h.offset, end = at + h.size;
	int error;

	if (!h.size)
		return 0;
	error = check_range(reader, where, "directory", at, h.size);
	if (!error)
		error = take_range(reader, where, at, end);
	while (!error && at < end)
		error = read_entry(reader, dir, &at, end, &last);
	return error;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* Over all that the superblock and what follows have, the checksum itself taken as 0. */
static int check_sum(struct cramfs_reader *reader)
{
	static const unsigned char zero[4];
	const struct cramfs *cram = &reader->cram;
	const unsigned char *start = cram->image + cram->super;
	uint32_t stored = cramfs_word(cram, cram->super + CHECKSUM), sum;

	sum = (uint32_t)crc32(0, start, CHECKSUM);
	sum = (uint32_t)crc32(sum, zero, sizeof(zero));
	sum = (uint32_t)crc32(sum, start + CHECKSUM + 4, cram->size - cram->super - CHECKSUM - 4);
	if (sum != stored)
		return cramfs_refuse(reader, cram->super, "checksum 0x%08x is wrong, expected 0x%08x", stored, sum);
	return 0;
}

static int read_super(struct cramfs_reader *reader, const void *image, size_t size, struct image_tree *tree)
{
	struct cramfs *cram = &reader->cram;
	uint32_t own;

	if (!cramfs_find(image, size, cram)) {
		if (cramfs_recognise(image, size))
			return cramfs_refuse(reader, cram->super, "truncated: the image ends in the superblock");
		return cramfs_refuse(reader, 0, "no cramfs superblock here or at 0x%x, it starts with 0x28cd3d45",
				     CRAMFS_PADDED);
	}
	if (cram->flags & ~CRAMFS_KNOWN)
		return cramfs_refuse(reader, cram->super, "flags 0x%x of the superblock are not known, expected only "
				     "those in 0x%x", cram->flags & ~CRAMFS_KNOWN, CRAMFS_KNOWN);
	if (cram->flags & CRAMFS_VERSION_2) {
		own = cramfs_word(cram, cram->super + 4);
		if (own > size)
			return cramfs_refuse(reader, cram->super, "truncated: the file system has 0x%x bytes, the "
					     "image only 0x%zx", own, size);
		if (own < cram->super + CRAMFS_SUPER)
			return cramfs_refuse(reader, cram->super, "the file system has 0x%x bytes, too few for a "
					     "superblock", own);
	}
	tree->format = IMAGE_CRAMFS;
	tree->owners = true;
	tree->bytes = cram->size;
	memcpy(tree->volume, cram->image + cram->super + VOLUME, NAME_ROOM);
	return cram->flags & CRAMFS_VERSION_2 ? check_sum(reader) : 0;
}

static int read_root(struct cramfs_reader *reader)
{
	const struct cramfs *cram = &reader->cram;
	struct build_entry entry = { .name = "", .where = cram->super + ROOT };
	struct header h = get_header(cram, entry.where);

	if (!S_ISDIR(h.mode))
		return cramfs_refuse(reader, entry.where, "the root has mode 0%o, expected a directory", h.mode);
	/* As the kernel: old images have strange ones. */
	h.mode |= 0555;
	if (h.offset && !(cram->flags & CRAMFS_SHIFTED_ROOT) && h.offset != CRAMFS_SUPER &&
	    h.offset != CRAMFS_PADDED + CRAMFS_SUPER)
		return cramfs_refuse(reader, entry.where, "the root directory is at 0x%x, expected 0x%x or 0x%x",
				     h.offset, CRAMFS_SUPER, CRAMFS_PADDED + CRAMFS_SUPER);
	return add_node(reader, &h, &entry, 0, NULL);
}

static int read_tree(struct cramfs_reader *reader)
{
	uint32_t super = reader->cram.super;
	int error;

	reader->taken = calloc(reader->cram.size / UNIT / 8 + 1, 1);
	if (!reader->taken)
		return -ENOMEM;
	error = take_range(reader, super, super, super + CRAMFS_SUPER);
	if (!error)
		error = read_root(reader);
	for (uint32_t i = 0; i < reader->build.count && !error; i++)
		if (S_ISDIR(reader->build.nodes[i].mode))
			error = read_directory(reader, i);
	return error;
}

/* What can be said only when all headers are read. */
static int check_tree(struct cramfs_reader *reader)
{
	struct build *build = &reader->build;
	uint32_t *scratch = malloc(build->count * sizeof(*scratch));
	uint32_t first, second;
	int error;

	if (!scratch)
		return -ENOMEM;
	if (build_double_name(build, scratch, &first, &second))
		error = cramfs_refuse(reader, build->entries[second].where, "name is that of the entry at 0x%x too",
				      build->entries[first].where);
	else
		error = cramfs_settle_files(reader, scratch);
	free(scratch);
	return error;
}

int cramfs_read(const void *image, size_t size, struct image_tree *tree, struct nommu_why *why)
{
	struct cramfs_reader reader = { .why = why };
	int error;

	memset(tree, 0, sizeof(*tree));
	why->text[0] = 0;
	error = read_super(&reader, image, size, tree);
	if (!error)
		error = read_tree(&reader);
	if (!error)
		error = check_tree(&reader);
	if (!error)
		error = build_finish(&reader.build, tree);
	build_free(&reader.build);
	free(reader.taken);
	if (error)
		memset(tree, 0, sizeof(*tree));
	if (error == -ENOMEM)
		snprintf(why->text, sizeof(why->text), "cramfs: no memory for the tree of this image");
	return error;
}
