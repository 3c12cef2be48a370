/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_file - files and their bytes; see model.h.
 */
#include "model.h"

#include <stdlib.h>

#define IOV_MAX_USED 8

static int free_slot(const struct model *m)
{
	for (int i = 0; i < MODEL_FILES_MAX; i++)
		if (!m->file[i].backing)
			return i;
	return -1;
}

/* How many records the engine has for them: host files are known to it while they are mapped. */
static unsigned known(const struct model *m)
{
	unsigned count = 0;

	for (int i = 0; i < MODEL_FILES_MAX; i++)
		count += m->file[i].backing && (m->file[i].backing != MODEL_HOST || m->file[i].mappings);
	return count;
}

static void fresh(struct model *m, int slot, enum model_backing backing)
{
	struct model_file *f = &m->file[slot];

	*f = (struct model_file){ .backing = backing, .named = true, .id = { .ino = m->next_ino++ } };
	for (int i = 0; i < MODEL_RAM_MAX; i++)
		f->page[i] = -1;
}

bool model_file_create(struct model *m, int *file)
{
	int slot = free_slot(m), want = known(m) < m->files_max ? 0 : -ENOSPC, got;
	struct nommu_file_attr attr;
	uint32_t handle = 0;

	*file = -1;
	if (slot < 0)
		return true;
	model_log(m, "create", "ino", &m->next_ino, 1);
	nommu_file_attr_ram(&attr);
	got = nommu_file_create(model_board(m), &(struct nommu_id){ .ino = m->next_ino }, &attr, &handle);
	if (got != want)
		return model_fail(m, "nommu_file_create: %d, expected %d", got, want);
	if (got)
		return true;
	fresh(m, slot, MODEL_RAM);
	m->file[slot].attr = attr;
	m->file[slot].handle = handle;
	*file = slot;
	return true;
}

bool model_file_create_in(struct model *m, unsigned window, uint64_t offset, uint64_t size,
			  const struct nommu_file_attr *attr, int *file)
{
	int slot = free_slot(m), got;
	uint32_t handle = 0;

	if (slot < 0)
		return model_fail(m, "the model's file table is full");
	got = nommu_file_create_in(model_board(m), &(struct nommu_id){ .ino = m->next_ino }, attr, window + 1, offset,
				   size, &handle);
	if (got)
		return model_fail(m, "nommu_file_create_in: %d", got);
	fresh(m, slot, MODEL_WINDOW);
	m->file[slot].attr = *attr;
	m->file[slot].handle = handle;
	m->file[slot].size = size;
	m->file[slot].addr = m->window[window].addr + offset;
	*file = slot;
	return true;
}

void model_file_create_host(struct model *m, uint64_t size, int *file)
{
	int slot = free_slot(m);
	struct model_file *f;

	*file = -1;
	if (slot < 0)
		return;
	f = &m->file[slot];
	fresh(m, slot, MODEL_HOST);
	f->id.dev = 8;
	f->id.birth = f->id.ino * 3;
	f->attr = (struct nommu_file_attr){ .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };
	f->size = size;
	f->bytes = calloc(1, MODEL_HOST_SIZE);
	for (unsigned i = 0; i < MODEL_HOST_SIZE; i++)
		f->bytes[i] = (unsigned char)(i * 13 + (i >> 9) + f->id.ino);
	*file = slot;
}

void model_file_unwanted(struct model *m, int file)
{
	struct model_file *f = &m->file[file];

	if (f->named || f->mappings)
		return;
	for (int i = 0; i < MODEL_RAM_MAX; i++)
		if (f->backing == MODEL_RAM && f->page[i] >= 0)
			model_give(m, f->page[i], 1);
	free(f->bytes);
	f->bytes = NULL;
	f->backing = 0;
}

bool model_file_put(struct model *m, int file)
{
	struct model_file *f = &m->file[file];
	uint32_t found;
	int got;

	model_log(m, "put", "file", &(uint64_t){ (uint64_t)file }, 1);
	f->named = false;
	if (f->backing != MODEL_HOST) {
		got = nommu_file_put(model_board(m), f->handle);
		if (got)
			return model_fail(m, "nommu_file_put: %d", got);
		got = nommu_file_find(model_board(m), &f->id, &found);
		if (got != -ENOENT)
			return model_fail(m, "nommu_file_find of a file that was put: %d", got);
	}
	model_file_unwanted(m, file);
	return true;
}

/* Which page of RAM holds page @pgoff of the file, as the engine has it: -1 a hole, -2 an answer that makes no sense.
 */
static int ask_page(struct model *m, const struct model_file *f, uint64_t pgoff)
{
	uint64_t left = f->size - pgoff * NOMMU_PAGE_SIZE;
	size_t want = left < NOMMU_PAGE_SIZE ? (size_t)left : NOMMU_PAGE_SIZE, bytes = 0;
	struct iovec iov;
	uint64_t addr;
	int used;

	used = nommu_file_iov(model_board(m), f->handle, pgoff * NOMMU_PAGE_SIZE, want, &iov, 1, &bytes);
	if (used != 1 || bytes != want || iov.iov_len != want)
		return -2;
	addr = (uint64_t)(uintptr_t)iov.iov_base;
	if (model_page(m, addr) >= 0 && addr % NOMMU_PAGE_SIZE)
		return -2;
	return model_page(m, addr);
}

/* The engine gave the file pages for some of [first, first + count): learn which. Those that it had must be where they
 * were. *@taken becomes how many are new. */
static bool learn_pages(struct model *m, struct model_file *f, uint64_t first, uint64_t count, unsigned *taken)
{
	*taken = 0;
	for (uint64_t i = first; i < first + count; i++) {
		int page = ask_page(m, f, i);

		if (page == -2)
			return model_fail(m, "nommu_file_iov of page %llu makes no sense", (unsigned long long)i);
		if (f->page[i] == page)
			continue;
		if (f->page[i] >= 0)
			return model_fail(m, "page %llu of the file moved from %d to %d", (unsigned long long)i,
					  f->page[i], page);
		if (!model_take(m, page, 1, MODEL_FILE))
			return false;
		f->page[i] = page;
		++*taken;
	}
	return true;
}

static bool truncate_from_empty(struct model *m, struct model_file *f, uint64_t size, int *want)
{
	unsigned pages = model_pages(size);

	*want = 0;
	if (pages > 1u << m->max_order)
		*want = -EFBIG;
	else if (!model_fits(m, model_order(pages)))
		*want = -ENOMEM;
	return *want == 0 && f->size == 0;
}

/* Whether a MAP_SHARED mapping holds a page that goes, or of which a part goes. */
static bool is_shared_behind(const struct model *m, int file, uint64_t size)
{
	for (int i = 0; i < MODEL_VMAS_MAX; i++) {
		const struct model_vma *v = &m->vma[i];

		if (v->used && v->share == 'S' && m->region[v->region].file == file &&
		    v->pgoff + v->pages > size / NOMMU_PAGE_SIZE)
			return true;
	}
	return false;
}

static bool is_held(const struct model *m, int page)
{
	uint64_t addr = m->ram + (unsigned)page * NOMMU_PAGE_SIZE;

	for (int i = 0; i < MODEL_VMAS_MAX; i++) {
		const struct model_region *r = &m->region[i];

		if (r->used && r->how == NOMMU_HOW_DIRECT && addr >= r->start &&
		    addr < r->start + r->pages * NOMMU_PAGE_SIZE)
			return true;
	}
	return false;
}

static void shrink(struct model *m, struct model_file *f, uint64_t size)
{
	unsigned rest = size % NOMMU_PAGE_SIZE;

	for (unsigned i = model_pages(size); i < MODEL_RAM_MAX; i++) {
		if (f->page[i] < 0)
			continue;
		if (is_held(m, f->page[i]))
			m->owner[f->page[i]] = MODEL_ORPHAN;
		else
			model_give(m, f->page[i], 1);
		f->page[i] = -1;
	}
	if (rest && f->page[size / NOMMU_PAGE_SIZE] >= 0)
		memset(m->bytes + (unsigned)f->page[size / NOMMU_PAGE_SIZE] * NOMMU_PAGE_SIZE + rest, 0,
		       NOMMU_PAGE_SIZE - rest);
}

bool model_file_truncate(struct model *m, int file, uint64_t size)
{
	struct model_file *f = &m->file[file];
	uint64_t args[] = { (uint64_t)file, size, f->size };
	unsigned taken, pages = model_pages(size);
	bool gather = false;
	int want = 0, got;

	model_log(m, "truncate", "file size from", args, 3);
	if (f->backing != MODEL_RAM)
		want = -EINVAL;
	else if (f->size == 0 && size)
		gather = truncate_from_empty(m, f, size, &want);
	else if (size > INT64_MAX)
		want = -EFBIG;
	else if (size < f->size && is_shared_behind(m, file, size))
		want = -ETXTBSY;
	got = nommu_file_truncate(model_board(m), f->handle, size);
	if (got != want)
		return model_fail(m, "nommu_file_truncate: %d, expected %d", got, want);
	if (got)
		return true;
	if (size < f->size)
		shrink(m, f, size);
	f->size = size;
	if (!gather)
		return true;
	if (!learn_pages(m, f, 0, pages, &taken))
		return false;
	for (unsigned i = 0; i < pages; i++)
		if (f->page[i] != f->page[0] + (int)i)
			return model_fail(m, "truncate from 0: page %u lies at %d, the first at %d", i, f->page[i],
					  f->page[0]);
	if (f->page[0] % (1 << model_order(pages)))
		return model_fail(m, "truncate from 0: %u pages begin at %d", pages, f->page[0]);
	return true;
}

bool model_file_write(struct model *m, int file, uint64_t offset, unsigned len)
{
	static unsigned char buf[4 * NOMMU_PAGE_SIZE];
	struct model_file *f = &m->file[file];
	uint64_t args[] = { (uint64_t)file, offset, len, f->size }, first = offset / NOMMU_PAGE_SIZE,
		 end = offset + len;
	unsigned room = model_free(m), holes = 0, taken;
	ssize_t want = len, got;

	model_log(m, "write", "file offset len size", args, 4);
	if (len > sizeof(buf) || offset + len > m->pages * NOMMU_PAGE_SIZE)
		return model_fail(m, "the test asks what the model does not know");
	for (uint64_t i = first; i * NOMMU_PAGE_SIZE < end; i++) {
		if (f->page[i] >= 0 || holes++ < room)
			continue;
		/* No page for this one: the write ends before it. */
		want = i == first ? -ENOSPC : (ssize_t)(i * NOMMU_PAGE_SIZE - offset);
		break;
	}
	memset(buf, (int)(1 + model_random(m, 255)), len);
	got = nommu_file_write(model_board(m), f->handle, buf, len, offset);
	if (got != want)
		return model_fail(m, "nommu_file_write: %zd, expected %zd (%u pages free)", got, want, room);
	if (got <= 0)
		return true;
	end = offset + (uint64_t)got;
	if (end > f->size)
		f->size = end;
	if (!learn_pages(m, f, first, (end - 1) / NOMMU_PAGE_SIZE - first + 1, &taken))
		return false;
	for (uint64_t at = offset; at < end;) {
		uint64_t in = at % NOMMU_PAGE_SIZE, part = NOMMU_PAGE_SIZE - in;

		if (part > end - at)
			part = end - at;
		memset(m->bytes + (unsigned)f->page[at / NOMMU_PAGE_SIZE] * NOMMU_PAGE_SIZE + in, buf[0], part);
		at += part;
	}
	return true;
}

bool model_file_fill(struct model *m, int file, uint64_t offset, uint64_t len)
{
	struct model_file *f = &m->file[file];
	uint64_t args[] = { (uint64_t)file, offset, len, f->size },
		 end = offset + len < f->size ? offset + len : f->size;
	unsigned room = model_free(m), holes = 0, taken = 0;
	int want = f->backing == MODEL_RAM ? 0 : -EINVAL, got;

	model_log(m, "fill", "file offset len size", args, 4);
	got = nommu_file_fill(model_board(m), f->handle, offset, len);
	if (got != want)
		return model_fail(m, "nommu_file_fill: %d, expected %d", got, want);
	if (got || offset >= end)
		return true;
	for (uint64_t i = offset / NOMMU_PAGE_SIZE; i * NOMMU_PAGE_SIZE < end; i++)
		holes += f->page[i] < 0;
	if (!learn_pages(m, f, offset / NOMMU_PAGE_SIZE, model_pages(end) - offset / NOMMU_PAGE_SIZE, &taken))
		return false;
	if (taken != (holes < room ? holes : room))
		return model_fail(m, "nommu_file_fill filled %u of %u holes with %u pages free", taken, holes, room);
	return true;
}

bool model_file_set_attr(struct model *m, int file, const struct nommu_file_attr *attr)
{
	struct model_file *f = &m->file[file];
	uint64_t args[] = { (uint64_t)file, attr->flags, attr->caps, (uint64_t)attr->address_op,
			    (uint64_t)attr->map_op };
	int got;

	model_log(m, "set_attr", "file flags caps address_op map_op", args, 5);
	f->attr = *attr;
	if (f->backing == MODEL_HOST)
		return true;
	got = nommu_file_set_attr(model_board(m), f->handle, attr);
	return got ? model_fail(m, "nommu_file_set_attr: %d", got) : true;
}

void model_file_snapshot(struct model *m, int file, uint64_t pgoff, unsigned pages, unsigned char *to)
{
	const struct model_file *f = &m->file[file];
	uint64_t len = pages * NOMMU_PAGE_SIZE;

	memset(to, 0, len);
	for (uint64_t done = 0; done < len; done += NOMMU_PAGE_SIZE, pgoff++) {
		uint64_t offset = pgoff * NOMMU_PAGE_SIZE, part;

		if (offset >= f->size || pgoff > UINT64_MAX / NOMMU_PAGE_SIZE)
			return;
		part = f->size - offset < NOMMU_PAGE_SIZE ? f->size - offset : NOMMU_PAGE_SIZE;
		if (f->backing == MODEL_HOST)
			memcpy(to + done, f->bytes + offset, part);
		else if (f->backing == MODEL_WINDOW)
			memcpy(to + done, model_bytes(m, f->addr + offset), part);
		else if (f->page[pgoff] >= 0)
			memcpy(to + done, m->bytes + (unsigned)f->page[pgoff] * NOMMU_PAGE_SIZE, part);
	}
}

bool model_file_read(struct model *m, int file)
{
	static unsigned char want[MODEL_RAM_MAX * 4096];
	const struct model_file *f = &m->file[file];
	struct iovec iov[IOV_MAX_USED];
	uint64_t at = 0;

	if (f->backing == MODEL_HOST)
		return true;
	model_file_snapshot(m, file, 0, model_pages(f->size), want);
	while (at < f->size) {
		size_t bytes = 0, sum = 0;
		int used = nommu_file_iov(model_board(m), f->handle, at, f->size - at + 100, iov, IOV_MAX_USED, &bytes);

		if (used <= 0 || used > IOV_MAX_USED)
			return model_fail(m, "nommu_file_iov of file %d at %#llx: %d", file, (unsigned long long)at,
					  used);
		for (int i = 0; i < used; i++) {
			if (sum + iov[i].iov_len > f->size - at ||
			    memcmp(iov[i].iov_base, want + at + sum, iov[i].iov_len))
				return model_fail(m, "file %d reads otherwise than expected behind %#llx", file,
						  (unsigned long long)(at + sum));
			sum += iov[i].iov_len;
		}
		if (sum != bytes || !sum)
			return model_fail(m, "nommu_file_iov says %zu bytes, its entries %zu", bytes, sum);
		at += sum;
	}
	return true;
}
