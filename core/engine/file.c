/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

#include <errno.h>

uint32_t *file_bucket(struct nommu_board *b, const struct nommu_id *id)
{
	/* Inode numbers are given out in a row: neighbours share cache lines. */
	uint64_t hash = id->ino + ((id->dev * 0x9e3779b97f4a7c15ULL ^ id->birth * 0xc2b2ae3d27d4eb4fULL) >> 20);

	return &b->file_hash[hash & ((1ULL << b->file_hash_bits) - 1)];
}

static bool id_equal(const struct nommu_id *a, const struct nommu_id *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->birth == b->birth;
}

uint32_t file_lookup(struct nommu_board *b, const struct nommu_id *id)
{
	uint32_t steps = 0;

	for (uint32_t at = *file_bucket(b, id); at && segment_step(b, &steps, b->file_count);) {
		struct seg_file *file = file_at(b, at);

		if (id_equal(&file->id, id))
			return at;
		at = file->link;
	}
	return 0;
}

static void hash_add(struct nommu_board *b, uint32_t id)
{
	struct seg_file *file = file_at(b, id);
	uint32_t *first = file_bucket(b, &file->id);

	journal_u32(b, &file->link, *first);
	journal_u32(b, &file->hash_prev, 0);
	journal_u32(b, &file->hashed, 1);
	if (*first)
		journal_u32(b, &file_at(b, *first)->hash_prev, id);
	journal_u32(b, first, id);
}

static void hash_remove(struct nommu_board *b, uint32_t id)
{
	struct seg_file *file = file_at(b, id);

	if (!file->hashed)
		return;
	if (file->hash_prev)
		journal_u32(b, &file_at(b, file->hash_prev)->link, file->link);
	else
		journal_u32(b, file_bucket(b, &file->id), file->link);
	if (file->link)
		journal_u32(b, &file_at(b, file->link)->hash_prev, file->hash_prev);
	journal_u32(b, &file->hashed, 0);
}

uint32_t file_new(struct nommu_board *b, const struct nommu_id *id, const struct nommu_file_attr *attr,
		  enum seg_backing backing, const char *name)
{
	uint32_t at = segment_take(b, TABLE_FILES);
	/* All but link, which was the free list's. */
	static const size_t after_link = offsetof(struct seg_file, hash_prev);
	struct seg_file fresh = { .backing = backing, .attr = *attr, .id = *id };
	struct seg_file *file;

	if (!at)
		return 0;
	if (name) {
		size_t len = strlen(name);

		/* Of a long path its end tells more. */
		if (len > NOMMU_NAME_MAX)
			name += len - NOMMU_NAME_MAX;
		memcpy(fresh.name, name, strlen(name));
	}
	file = file_at(b, at);
	journal_copy(b, (char *)file + after_link, (char *)&fresh + after_link, sizeof(fresh) - after_link);
	journal_u32(b, &file->state, FILE_LIVE);
	hash_add(b, at);
	return at;
}

void file_unwanted(struct nommu_board *b, uint32_t id)
{
	struct seg_file *file = file_at(b, id);

	if (file->named || file->mappings || file->pins || file->state != FILE_LIVE)
		return;
	hash_remove(b, id);
	if (!file->extents) {
		journal_u32(b, &file->state, 0);
		segment_give(b, TABLE_FILES, id);
		return;
	}
	journal_u32(b, &file->state, FILE_REAPED);
	journal_u32(b, &file->link, b->header->reap_file);
	journal_u32(b, &b->header->reap_file, id);
}

static bool answer(int32_t op)
{
	return op <= NOMMU_OP_NONE && op > -4096;
}

bool file_answers(const struct nommu_file_attr *attr)
{
	return answer(attr->address_op) && answer(attr->map_op);
}

bool file_known(struct nommu_board *b, uint32_t id)
{
	return id && id <= b->file_count && b->files[id].state == FILE_LIVE;
}

int file_address(struct nommu_board *b, struct seg_file *file, uint64_t pgoff, uint64_t pages, uint64_t *addr)
{
	uint64_t all = page_count(file->size), run;
	bool inside = pgoff < all && all - pgoff >= pages;
	uint32_t frame;

	if (file->attr.address_op != 0)
		return file->attr.address_op;
	switch (file->backing) {
	case BACKING_RAM:
		if (!inside)
			return -ENOSYS;
		frame = extent_find(b, file, pgoff, pages, &run);
		if (!frame || run < pages)
			return -ENOSYS;
		*addr = frame_addr(b, frame);
		return 0;
	case BACKING_READ:
		return inside ? -ENOSYS : -EINVAL;
	case BACKING_WINDOW:
		if (!inside || file->window >= b->windows)
			return -EINVAL;
		*addr = b->window[file->window].addr + file->offset + (pgoff << NOMMU_PAGE_SHIFT);
		/* The last page may reach behind the end of file, but not behind the store. */
		if (!segment_window(b, *addr, pages << NOMMU_PAGE_SHIFT))
			return -EINVAL;
		return 0;
	default:
		return NOMMU_OP_NONE;
	}
}

void nommu_file_attr_ram(struct nommu_file_attr *attr)
{
	*attr = (struct nommu_file_attr){
		.kind = NOMMU_KIND_REGULAR,
		.flags = NOMMU_FILE_CAPS_SET,
		.caps = BDI_CAP_ALL,
	};
}

void nommu_file_attr_rom(struct nommu_file_attr *attr)
{
	nommu_file_attr_ram(attr);
	attr->caps = BDI_CAP_ALL & ~BDI_CAP_WRITE_MAP;
}

void nommu_file_attr_packed(struct nommu_file_attr *attr)
{
	nommu_file_attr_ram(attr);
	attr->caps = BDI_CAP_MAP_COPY;
}

static int create(struct nommu_board *b, const struct nommu_id *id, const struct nommu_file_attr *attr,
		  enum seg_backing backing, unsigned int window, uint64_t offset, uint64_t size, uint32_t *file)
{
	struct seg_file *made;
	int result;

	if (!file_answers(attr))
		return -EINVAL;
	result = tx_begin(b);

	if (result)
		return result;
	if (file_lookup(b, id)) {
		tx_abort(b);
		return -EEXIST;
	}
	*file = file_new(b, id, attr, backing, NULL);
	if (!*file) {
		tx_abort(b);
		return -ENOSPC;
	}
	made = file_at(b, *file);
	journal_u32(b, &made->named, 1);
	journal_u32(b, &made->window, window);
	journal_u64(b, &made->offset, offset);
	journal_u64(b, &made->size, size);
	return tx_end(b);
}

int nommu_file_create(struct nommu_board *b, const struct nommu_id *id, const struct nommu_file_attr *attr,
		      uint32_t *file)
{
	return create(b, id, attr, BACKING_RAM, 0, 0, 0, file);
}

int nommu_file_create_in(struct nommu_board *b, const struct nommu_id *id, const struct nommu_file_attr *attr,
			 unsigned int window, uint64_t offset, uint64_t size, uint32_t *file)
{
	if (window == 0 || window >= b->windows || offset > b->window[window].size ||
	    size > b->window[window].size - offset)
		return -EINVAL;
	return create(b, id, attr, BACKING_WINDOW, window, offset, size, file);
}

int nommu_file_create_read(struct nommu_board *b, const struct nommu_id *id, const struct nommu_file_attr *attr,
			   uint64_t size, uint32_t *file)
{
	if (size > INT64_MAX)
		return -EINVAL;
	return create(b, id, attr, BACKING_READ, 0, 0, size, file);
}

int nommu_file_put(struct nommu_board *b, uint32_t id)
{
	struct seg_file *file;
	int result = tx_begin(b);

	if (result)
		return result;
	/* A System V segment's is no name of the caller's. */
	if (!file_known(b, id) || !file_at(b, id)->named || shm_of(file_at(b, id))) {
		tx_abort(b);
		return -ENOENT;
	}
	file = file_at(b, id);
	journal_u32(b, &file->named, 0);
	hash_remove(b, id);
	file_unwanted(b, id);
	result = tx_end(b);
	reap(b);
	return result;
}

int nommu_file_find(struct nommu_board *b, const struct nommu_id *id, uint32_t *file)
{
	int result = tx_begin(b);

	if (result)
		return result;
	*file = file_lookup(b, id);
	result = tx_end(b);
	return result ? result : *file ? 0 : -ENOENT;
}

int nommu_file_stat(struct nommu_board *b, uint32_t id, struct nommu_file_stat *stat)
{
	struct seg_file *file;
	uint64_t all, run = 0;
	uint32_t frame;
	int result = tx_begin(b);

	if (result)
		return result;
	if (!file_known(b, id)) {
		tx_abort(b);
		return -ENOENT;
	}
	file = file_at(b, id);
	all = page_count(file->size);
	*stat = (struct nommu_file_stat){
		.id = file->id,
		.attr = file->attr,
		.size = file->size,
		.pages = file->pages,
		.mappings = file->mappings,
		.closes = file->closes,
	};
	if (file->backing == BACKING_WINDOW && file->window < b->windows) {
		stat->addr = b->window[file->window].addr + file->offset;
		stat->largest = all;
	} else if (file->backing == BACKING_RAM && all) {
		frame = extent_find(b, file, 0, all, &run);
		stat->largest = frame ? run : 0;
		if (frame && run == all)
			stat->addr = frame_addr(b, frame);
	}
	return tx_end(b);
}

int nommu_file_set_attr(struct nommu_board *b, uint32_t id, const struct nommu_file_attr *attr)
{
	int result;

	if (!file_answers(attr))
		return -EINVAL;
	result = tx_begin(b);

	if (result)
		return result;
	if (!file_known(b, id)) {
		tx_abort(b);
		return -ENOENT;
	}
	journal_copy(b, &file_at(b, id)->attr, attr, sizeof(*attr));
	return tx_end(b);
}
