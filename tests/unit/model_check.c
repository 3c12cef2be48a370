/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_check - compares all that can be seen of a board with the model; see model.h.
 */
#include "model.h"

#include <stdlib.h>

#define PAGE ((unsigned)NOMMU_PAGE_SIZE)

bool model_verify(struct model *m)
{
	struct nommu_why why = { "" };
	int got = nommu_verify(model_board(m), &why);

	return got ? model_fail(m, "nommu_verify: %d: %s", got, why.text) : true;
}

bool model_check_span(struct model *m, uint64_t addr, uint64_t len)
{
	if (!memcmp((const void *)addr, model_bytes(m, addr), len))
		return true;
	for (uint64_t i = 0; i < len; i++) {
		unsigned char is = *(const unsigned char *)(addr + i), must = *model_bytes(m, addr + i);

		if (is != must)
			return model_fail(m, "at %#llx (%#llx into the mapping) stands %#x, expected %#x",
					  (unsigned long long)(addr + i), (unsigned long long)i, is, must);
	}
	return true;
}

/* Every page that somebody owns, and the windows. */
bool model_check_bytes(struct model *m)
{
	for (unsigned i = 0; i < m->pages; i++)
		if (m->owner[i] != MODEL_FREE && !model_check_span(m, m->ram + i * (uint64_t)PAGE, PAGE))
			return false;
	return model_check_span(m, m->window[0].addr, m->window[0].size) &&
	       model_check_span(m, m->window[1].addr, m->window[1].size);
}

/* A free page belongs to the largest block of free pages that holds it. */
static bool check_free_blocks(struct model *m, const struct nommu_stats *stats)
{
	unsigned count[NOMMU_ORDERS] = { 0 };

	for (unsigned page = 0; page < m->pages;) {
		unsigned order = m->max_order;

		if (m->owner[page] != MODEL_FREE) {
			page++;
			continue;
		}
		for (;; order--) {
			unsigned size = 1u << order, i = 0;

			if (page % size || page + size > m->pages)
				continue;
			while (i < size && m->owner[page + i] == MODEL_FREE)
				i++;
			if (i == size)
				break;
		}
		count[order]++;
		page += 1u << order;
	}
	for (unsigned i = 0; i < NOMMU_ORDERS; i++)
		if (count[i] != stats->free_blocks[i])
			return model_fail(m, "%u free blocks of order %u, expected %u", stats->free_blocks[i], i,
					  count[i]);
	return true;
}

static bool same(struct model *m, const char *what, uint64_t is, uint64_t must)
{
	if (is == must)
		return true;
	return model_fail(m, "%s is %llu, expected %llu", what, (unsigned long long)is, (unsigned long long)must);
}

bool model_check_stats(struct model *m)
{
	unsigned owned[4] = { 0 }, regions = 0, vmas = 0, mms = 0, files = 0, slack = 0;
	struct nommu_stats s;
	int got = nommu_stats(model_board(m), &s);

	if (got)
		return model_fail(m, "nommu_stats: %d", got);
	for (unsigned i = 0; i < m->pages; i++)
		owned[m->owner[i]]++;
	for (int i = 0; i < MODEL_VMAS_MAX; i++) {
		const struct model_region *r = &m->region[i];

		regions += r->used;
		vmas += m->vma[i].used;
		if (r->used && r->block)
			slack += r->block - r->pages;
	}
	for (int i = 0; i < MODEL_MMS_MAX; i++)
		mms += m->mm[i].used;
	for (int i = 0; i < MODEL_FILES_MAX; i++)
		files += m->file[i].backing && (m->file[i].backing != MODEL_HOST || m->file[i].mappings);
	return same(m, "pages", s.pages, m->pages) && same(m, "free_pages", s.free_pages, owned[MODEL_FREE]) &&
	       same(m, "anon_pages", s.anon_pages, owned[MODEL_REGION]) &&
	       same(m, "slack_pages", s.slack_pages, slack) && same(m, "file_pages", s.file_pages, owned[MODEL_FILE]) &&
	       same(m, "orphan_pages", s.orphan_pages, owned[MODEL_ORPHAN]) &&
	       same(m, "pending_pages", s.pending_pages, 0) && same(m, "max_order", s.max_order, m->max_order) &&
	       same(m, "files", s.files, files) && same(m, "files_max", s.files_max, m->files_max) &&
	       same(m, "regions", s.regions, regions) && same(m, "vmas", s.vmas, vmas) &&
	       same(m, "vmas_max", s.vmas_max, m->vmas_max) && same(m, "mms", s.mms, mms) &&
	       same(m, "recoveries", s.recoveries, 0) && check_free_blocks(m, &s);
}

static bool check_file(struct model *m, int i)
{
	const struct model_file *f = &m->file[i];
	struct nommu_file_stat s;
	uint32_t found = 0;
	uint64_t pages = 0, run = 0, addr = 0;
	int got = nommu_file_find(model_board(m), &f->id, &found);

	if (got || found != f->handle)
		return model_fail(m, "nommu_file_find: %d, file %u; expected %u", got, found, f->handle);
	got = nommu_file_stat(model_board(m), f->handle, &s);
	if (got)
		return model_fail(m, "nommu_file_stat: %d", got);
	for (int k = 0; f->backing == MODEL_RAM && k < MODEL_RAM_MAX; k++) {
		pages += f->page[k] >= 0;
		if (f->page[k] >= 0 && f->page[k] == f->page[0] + k && run == (uint64_t)k)
			run++;
	}
	if (f->backing == MODEL_WINDOW) {
		addr = f->addr;
		run = model_pages(f->size);
	} else if (run && run == model_pages(f->size)) {
		addr = m->ram + (unsigned)f->page[0] * (uint64_t)PAGE;
	}
	return same(m, "size", s.size, f->size) && same(m, "pages of the file", s.pages, pages) &&
	       same(m, "address of the file", s.addr, addr) && same(m, "longest run of the file", s.largest, run) &&
	       same(m, "mappings of the file", s.mappings, f->mappings) && same(m, "closes", s.closes, f->closes) &&
	       (!memcmp(&s.attr, &f->attr, sizeof(s.attr)) || model_fail(m, "attributes of file %d differ", i)) &&
	       (!memcmp(&s.id, &f->id, sizeof(s.id)) || model_fail(m, "the id of file %d differs", i));
}

bool model_check_files(struct model *m)
{
	for (int i = 0; i < MODEL_FILES_MAX; i++) {
		const struct model_file *f = &m->file[i];

		if (f->backing && f->backing != MODEL_HOST && f->named && (!check_file(m, i) || !model_file_read(m, i)))
			return false;
	}
	return true;
}

/* What a list says of a mapping or region, beside its place. */
static bool map_matches(const struct model *m, const struct nommu_map *map, const struct model_vma *v, bool whole)
{
	const struct model_region *r = &m->region[v->region];
	uint64_t start = whole ? r->start : v->start, pgoff = whole ? r->pgoff : v->pgoff;
	unsigned pages = whole ? r->pages : v->pages;
	const struct model_file *f = r->file >= 0 ? &m->file[r->file] : NULL;
	static const struct nommu_id none;

	return map->start == start && map->end == start + (uint64_t)pages * PAGE && map->prot == v->prot &&
	       map->share == v->share && map->how == r->how && map->users == r->users && map->asked == v->asked &&
	       map->taken == r->block && map->pid == m->mm[v->mm].pid && (!f || map->offset == pgoff * PAGE) &&
	       !memcmp(&map->id, f ? &f->id : &none, sizeof(none)) &&
	       map->deleted == (f && f->backing != MODEL_HOST && !f->named) &&
	       !strcmp(map->name, f && f->backing == MODEL_HOST ? "host" : "");
}

/* A region is listed with the flags of its first user. */
static bool listed(const struct model *m, const struct nommu_map *map, int vma, bool whole)
{
	int region = m->vma[vma].region;

	if (!whole || !m->region[region].unordered)
		return map_matches(m, map, &m->vma[vma], whole);
	for (int i = 0; i < MODEL_VMAS_MAX; i++)
		if (m->vma[i].used && m->vma[i].region == region && map_matches(m, map, &m->vma[i], whole))
			return true;
	return false;
}

/* Mappings @mine[0..count) and the engine's list: the same, and the list is sorted. */
static bool check_list(struct model *m, int mm, const int *mine, size_t count, bool whole)
{
	bool seen[MODEL_VMAS_MAX] = { false }, good = true;
	struct nommu_map *maps = NULL;
	size_t got_count = 0;
	int got = nommu_maps(model_board(m), whole ? NULL : &m->mm[mm].id, &maps, &got_count);

	if (got)
		return model_fail(m, "nommu_maps: %d", got);
	if (got_count != count)
		good = model_fail(m, "nommu_maps lists %zu of %zu %s", got_count, count,
				  whole ? "regions" : "mappings");
	for (size_t i = 0; good && i < count; i++) {
		size_t k = 0;

		while (k < count && (seen[k] || !listed(m, &maps[i], mine[k], whole)))
			k++;
		if (k == count)
			good = model_fail(m,
					  "nommu_maps: %#llx-%#llx prot %d %c how %u users %u asked %#llx taken %llu "
					  "offset %#llx ino %llu deleted %d is none of the model's",
					  (unsigned long long)maps[i].start, (unsigned long long)maps[i].end,
					  maps[i].prot, maps[i].share, maps[i].how, maps[i].users,
					  (unsigned long long)maps[i].asked, (unsigned long long)maps[i].taken,
					  (unsigned long long)maps[i].offset, (unsigned long long)maps[i].id.ino,
					  maps[i].deleted);
		else if (i && maps[i].start < maps[i - 1].start)
			good = model_fail(m, "nommu_maps is not in the order of addresses");
		else
			seen[k] = true;
	}
	free(maps);
	return good;
}

/* The mapping of a region that is there longest gives its flags. */
static int first_user(const struct model *m, int region)
{
	int first = -1;

	for (int i = 0; i < MODEL_VMAS_MAX; i++)
		if (m->vma[i].used && m->vma[i].region == region &&
		    (first < 0 || m->vma[i].serial < m->vma[first].serial))
			first = i;
	return first;
}

static bool check_mms(struct model *m)
{
	struct nommu_mm_info *infos;
	size_t count, expected = 0;
	bool good = true;
	int got = nommu_mms(model_board(m), &infos, &count);

	if (got)
		return model_fail(m, "nommu_mms: %d", got);
	for (int i = 0; i < MODEL_MMS_MAX; i++) {
		unsigned vmas = 0, pages = 0;
		size_t k = 0;

		if (!m->mm[i].used)
			continue;
		expected++;
		for (int v = 0; v < MODEL_VMAS_MAX; v++) {
			if (!m->vma[v].used || m->vma[v].mm != i)
				continue;
			vmas++;
			pages += m->region[m->vma[v].region].block;
		}
		while (k < count &&
		       (infos[k].mm.slot != m->mm[i].id.slot || infos[k].mm.generation != m->mm[i].id.generation))
			k++;
		good = good && (k < count || model_fail(m, "nommu_mms does not list an mm")) &&
		       same(m, "mappings of the mm", infos[k].vmas, vmas) &&
		       same(m, "pages of the mm", infos[k].pages, pages) &&
		       same(m, "pid of the mm", (uint64_t)infos[k].pid, (uint64_t)m->mm[i].pid) &&
		       (!strcmp(infos[k].comm, "a process with ") || model_fail(m, "comm is '%s'", infos[k].comm));
	}
	free(infos);
	return good && same(m, "mms listed", count, expected);
}

bool model_check_maps(struct model *m)
{
	int mine[MODEL_VMAS_MAX];
	size_t count = 0;

	for (int i = 0; i < MODEL_VMAS_MAX; i++)
		if (m->region[i].used)
			mine[count++] = first_user(m, i);
	if (!check_list(m, -1, mine, count, true))
		return false;
	for (int mm = 0; mm < MODEL_MMS_MAX; mm++) {
		if (!m->mm[mm].used)
			continue;
		count = 0;
		for (int i = 0; i < MODEL_VMAS_MAX; i++)
			if (m->vma[i].used && m->vma[i].mm == mm)
				mine[count++] = i;
		if (!check_list(m, mm, mine, count, false))
			return false;
	}
	return check_mms(m);
}
