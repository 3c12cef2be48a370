/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramfs_file - checks the blocks of all files and symlinks, once the directories are read.
 *
 * mkfs.cramfs stores files with the same bytes once, symlinks too: then they have the same block pointers. Pointers
 * that overlap otherwise are refused, so that each is looked at once, however many files an image claims to have.
 *
 * The kernel makes one inode of all names that have the same block pointers, with the mode and owner of the one that
 * was looked up first and one link. That is no hard link, which cramfs does not have: here each is an inode.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/cramfs.h"

/* Files whose block pointers are the same. */
struct file {
	uint64_t table, size;
	uint32_t where;  /* of the first of them */
	uint64_t data;   /* once they are checked */
	bool packed;
	bool symlink;    /* it was checked as one */
};

static int by_table(const void *a, const void *b, void *arg)
{
	const struct image_node *nodes = arg;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;

	if (nodes[i].data != nodes[k].data)
		return nodes[i].data < nodes[k].data ? -1 : 1;
	if (nodes[i].size != nodes[k].size)
		return nodes[i].size < nodes[k].size ? -1 : 1;
	return (i > k) - (i < k);
}

/* Every block lies inside of the image; and the whole can be used in place if none is compressed or a hole, and each
 * lies behind the one before. */
static int check_blocks(struct cramfs_reader *reader, struct file *file)
{
	uint64_t count = cramfs_blocks(file->size);
	struct cramfs_block block;

	file->packed = false;
	for (uint64_t i = 0; i < count; i++) {
		const char *flaw = cramfs_locate(&reader->cram, file->table, file->size, i, &block);

		if (flaw)
			return cramfs_refuse(reader, file->table + 4 * i,
					     "block %ju of the file at 0x%x, 0x%jx + 0x%jx, %s", (uintmax_t)i,
					     file->where, (uintmax_t)block.start, (uintmax_t)block.length, flaw);
		if (!i)
			file->data = block.start;
		if (block.compressed || !block.length || block.start != file->data + i * CRAMFS_BLOCK)
			file->packed = true;
	}
	if (file->packed)
		file->data = file->table;
	return 0;
}

static int check_symlink(struct cramfs_reader *reader, struct file *file, uint32_t where)
{
	char target[PATH_MAX];
	int error = cramfs_copy(&reader->cram, file->table, file->size, 0, target, (size_t)file->size);

	file->symlink = true;
	if (error == -EIO)
		return cramfs_refuse(reader, where, "symlink target is damaged, it does not unpack to %ju bytes",
				     (uintmax_t)file->size);
	if (!error && memchr(target, 0, (size_t)file->size))
		return cramfs_refuse(reader, where, "symlink target has a NUL in it");
	return error;
}

static int settle_file(struct cramfs_reader *reader, uint32_t index, struct file *file)
{
	struct image_node *node = &reader->build.nodes[index];
	uint32_t where = reader->build.entries[index].where;
	int error = 0;

	if (!file->size || node->data != file->table || node->size != file->size) {
		if (node->data < file->table + 4 * cramfs_blocks(file->size))
			return cramfs_refuse(reader, where, "block pointers at 0x%jx overlap those of the file at 0x%x",
					     (uintmax_t)node->data, file->where);
		*file = (struct file){ .table = node->data, .size = node->size, .where = where };
		error = check_blocks(reader, file);
	}
	if (!error && S_ISLNK(node->mode) && !file->symlink)
		error = check_symlink(reader, file, where);
	node->packed = file->packed;
	node->data = file->data;
	return error;
}

int cramfs_settle_files(struct cramfs_reader *reader, uint32_t *scratch)
{
	struct build *build = &reader->build;
	struct file file = { .size = 0 };
	uint32_t count = 0;
	int error = 0;

	for (uint32_t i = 0; i < build->count; i++)
		if (build->nodes[i].size)
			scratch[count++] = i;
	qsort_r(scratch, count, sizeof(*scratch), by_table, build->nodes);
	for (uint32_t i = 0; i < count && !error; i++)
		error = settle_file(reader, scratch[i], &file);
	return error;
}
