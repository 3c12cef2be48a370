/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_unmap - munmap, mremap, and processes that come and go; see model.h.
 */
#include "model.h"

#include <stdlib.h>
#include <unistd.h>

#define PAGE ((unsigned)NOMMU_PAGE_SIZE)

/* ---- munmap ---------------------------------------------------------------------------------------------------- */

/* A direct region is gone: pages that only it held go back. */
static void free_orphans(struct model *m, const struct model_region *gone)
{
	int first = model_page(m, gone->start);

	for (unsigned i = 0; first >= 0 && i < gone->pages; i++) {
		bool held = false;
		uint64_t addr = gone->start + i * PAGE;

		if (m->owner[first + (int)i] != MODEL_ORPHAN)
			continue;
		for (int k = 0; k < MODEL_VMAS_MAX; k++) {
			const struct model_region *r = &m->region[k];

			held |= r->used && r->how == NOMMU_HOW_DIRECT && addr >= r->start &&
				addr < r->start + r->pages * PAGE;
		}
		if (!held)
			model_give(m, first + (int)i, 1);
	}
}

static void drop_mapping(struct model *m, int vma)
{
	struct model_region *r = &m->region[m->vma[vma].region];

	m->vma[vma].used = false;
	if (--r->users == 0) {
		r->used = false;
		if (r->how == NOMMU_HOW_DIRECT)
			free_orphans(m, r);
		else
			model_give(m, model_page(m, r->start), r->block);
	}
	if (r->file >= 0) {
		struct model_file *f = &m->file[r->file];

		if (--f->mappings == 0)
			f->closes++;
		model_file_unwanted(m, r->file);
	}
}

static bool is_exact(const struct model_vma *v, int mm, uint64_t addr, uint64_t len)
{
	return v->used && v->mm == mm && v->start == addr && (uint64_t)v->pages * PAGE == len;
}

static bool is_alike(const struct model *m, const struct model_vma *a, const struct model_vma *b)
{
	return a->prot == b->prot && a->share == b->share && a->asked == b->asked &&
	       m->region[a->region].file == m->region[b->region].file;
}

static bool is_listed_as(const struct model *m, const struct model_vma *v, const struct nommu_map *map)
{
	int file = m->region[v->region].file;

	return map->start == v->start && map->end == v->start + (uint64_t)v->pages * PAGE && map->prot == v->prot &&
	       map->share == v->share && map->asked == v->asked &&
	       (file < 0 || !memcmp(&map->id, &m->file[file].id, sizeof(map->id)));
}

/* Whether the list of regions shows one user less than there were. */
static bool lost_user(const struct model *m, const struct model_region *r, const struct nommu_map *maps, size_t count)
{
	uint64_t end = r->start + (uint64_t)r->pages * PAGE;

	for (size_t i = 0; i < count; i++)
		if (maps[i].start == r->start && maps[i].end == end && (r->file < 0) == !maps[i].id.ino &&
		    (r->file < 0 || !memcmp(&maps[i].id, &m->file[r->file].id, sizeof(maps[i].id))))
			return maps[i].users + 1 == r->users;
	return r->users == 1;
}

/* Of several mappings with this start and length one is gone: which, only the engine's lists tell. -1: none is. */
static int learn_gone(struct model *m, int mm, uint64_t addr, uint64_t len)
{
	struct nommu_map *maps = NULL, *regions = NULL;
	size_t count = 0, region_count = 0;
	int gone = -1;

	if (nommu_maps(model_board(m), &m->mm[mm].id, &maps, &count) ||
	    nommu_maps(model_board(m), NULL, &regions, &region_count))
		count = 0;
	for (int i = 0; i < MODEL_VMAS_MAX && gone < 0; i++) {
		const struct model_vma *v = &m->vma[i];
		unsigned mine = 0, theirs = 0;

		if (!is_exact(v, mm, addr, len))
			continue;
		for (size_t k = 0; k < count; k++)
			theirs += is_listed_as(m, v, &maps[k]);
		for (int k = 0; k < MODEL_VMAS_MAX; k++)
			mine += is_exact(&m->vma[k], mm, addr, len) && is_alike(m, &m->vma[k], v);
		if (theirs + 1 == mine && lost_user(m, &m->region[v->region], regions, region_count)) {
			gone = i;
			m->region[v->region].unordered |= mine > 1;
		}
	}
	free(maps);
	free(regions);
	return gone;
}

/* `linux6`: the mapping of anonymous memory that holds all of this; -1. */
static int holding(const struct model *m, int mm, uint64_t addr, uint64_t len)
{
	for (int i = 0; i < MODEL_VMAS_MAX; i++) {
		const struct model_vma *v = &m->vma[i];

		if (v->used && v->mm == mm && m->region[v->region].file < 0 && addr >= v->start &&
		    addr + len <= v->start + (uint64_t)v->pages * PAGE)
			return i;
	}
	return -1;
}

static void cut_mapping(struct model *m, int vma, uint64_t from, uint64_t to)
{
	struct model_vma *v = &m->vma[vma];
	struct model_region *r = &m->region[v->region];
	uint64_t end = v->start + (uint64_t)v->pages * PAGE, top = r->start + (uint64_t)r->block * PAGE;

	m->partials++;
	if (from > v->start && to < end) {
		int upper = model_free_region(m), other = model_free_vma(m);

		m->region[upper] = *r;
		m->region[upper].start = to;
		m->region[upper].pages = (unsigned)((r->start + (uint64_t)r->pages * PAGE - to) / PAGE);
		m->region[upper].block = (unsigned)((top - to) / PAGE);
		m->vma[other] = *v;
		m->vma[other].region = upper;
		m->vma[other].start = to;
		m->vma[other].pages = (unsigned)((end - to) / PAGE);
		m->vma[other].asked = end - to;
		m->vma[other].serial = m->next_serial++;
	} else if (to == end) {
		to = top; /* the slack goes along */
	}
	model_give(m, model_page(m, from), (unsigned)((to - from) / PAGE));
	if (from > v->start) {
		r->pages = r->block = v->pages = (unsigned)((from - v->start) / PAGE);
		v->asked = from - v->start;
		return;
	}
	r->start = v->start = to;
	r->pages -= (unsigned)((to - from) / PAGE);
	r->block -= (unsigned)((to - from) / PAGE);
	v->pages = (unsigned)((end - to) / PAGE);
	v->asked = end - to;
}

static bool unmap_exact(struct model *m, int mm, uint64_t addr, uint64_t len, int candidate, unsigned candidates)
{
	if (candidates > 1) {
		candidate = learn_gone(m, mm, addr, len);
		if (candidate < 0)
			return model_fail(m, "of %u mappings at %#llx none is gone from the list", candidates,
					  (unsigned long long)addr);
	}
	drop_mapping(m, candidate);
	return true;
}

bool model_munmap(struct model *m, int mm, uint64_t addr, uint64_t length)
{
	uint64_t args[] = { (uint64_t)mm, addr, length }, len = (length + PAGE - 1) / PAGE * PAGE;
	unsigned candidates = 0;
	int candidate = -1, part = -1, want = -EINVAL, got;
	struct nommu_verdict verdict;

	model_log(m, "munmap", "mm addr length", args, 3);
	for (int i = 0; len && i < MODEL_VMAS_MAX; i++)
		if (is_exact(&m->vma[i], mm, addr, len)) {
			candidate = i;
			candidates++;
		}
	if (candidates) {
		want = 0;
	} else if (len && addr + len > addr && addr % PAGE == 0 && m->profile == NOMMU_PROFILE_LINUX6) {
		part = holding(m, mm, addr, len);
		if (part >= 0) {
			bool hole = addr > m->vma[part].start &&
				    addr + len < m->vma[part].start + (uint64_t)m->vma[part].pages * PAGE;

			want = hole && (model_free_vma(m) < 0 || model_free_region(m) < 0) ? -ENOMEM : 0;
		}
	}
	memset(&verdict, 0xee, sizeof(verdict));
	got = nommu_munmap(model_board(m), &m->mm[mm].id, addr, length, &verdict);
	if (got != want || verdict.error != want)
		return model_fail(m, "nommu_munmap: %d (%d) by %s, expected %d", got, verdict.error,
				  nommu_rule_name(verdict.rule), want);
	m->refused[verdict.rule] += got != 0;
	if (got)
		return true;
	if (candidates)
		return unmap_exact(m, mm, addr, len, candidate, candidates);
	cut_mapping(m, part, addr, addr + len);
	return true;
}

/* ---- mremap ---------------------------------------------------------------------------------------------------- */

bool model_mremap(struct model *m, int mm, uint64_t addr, uint64_t old_length, uint64_t new_length, int flags,
		  uint64_t fixed)
{
	uint64_t args[] = { (uint64_t)mm, addr, old_length, new_length, (uint64_t)flags, fixed };
	uint64_t old = (old_length + PAGE - 1) / PAGE * PAGE, new = (new_length + PAGE - 1) / PAGE *PAGE;
	struct model_region *r = NULL;
	struct nommu_verdict verdict;
	int vma = -1, want = 0, got;

	model_log(m, "mremap", "mm addr old_length new_length flags fixed", args, 6);
	for (int i = 0; i < MODEL_VMAS_MAX; i++)
		if (is_exact(&m->vma[i], mm, addr, old))
			vma = i;
	if (vma >= 0)
		r = &m->region[m->vma[vma].region];
	if (!old || !new || addr % PAGE || (flags & MREMAP_FIXED && fixed != addr) || vma < 0)
		want = -EINVAL;
	else if (m->vma[vma].share != 'p')
		want = -EPERM;
	else if (new / PAGE > (m->profile == NOMMU_PROFILE_BDI ? r->block : r->pages))
		want = -ENOMEM;
	memset(&verdict, 0xee, sizeof(verdict));
	got = nommu_mremap(model_board(m), &m->mm[mm].id, addr, old_length, new_length, flags, fixed, &verdict);
	if (got != want || verdict.error != want)
		return model_fail(m, "nommu_mremap: %d (%d) by %s, expected %d", got, verdict.error,
				  nommu_rule_name(verdict.rule), want);
	if (got) {
		m->refused[verdict.rule]++;
		return true;
	}
	if (verdict.addr != addr)
		return model_fail(m, "nommu_mremap moved it to %#llx", (unsigned long long)verdict.addr);
	m->succeeded[verdict.rule]++;
	m->vma[vma].pages = (unsigned)(new / PAGE);
	m->vma[vma].asked = new_length;
	/* The kernel's region keeps its length. */
	if (m->profile == NOMMU_PROFILE_BDI)
		r->pages = m->vma[vma].pages;
	return model_check_span(m, addr, new);
}

/* ---- processes ------------------------------------------------------------------------------------------------- */

bool model_mm_create(struct model *m)
{
	int slot = -1, got, want;
	struct nommu_mm id;
	unsigned used = 0;

	for (int i = 0; i < MODEL_MMS_MAX; i++) {
		used += m->mm[i].used;
		if (!m->mm[i].used)
			slot = i;
	}
	want = used < m->mms_max ? 0 : -EMFILE;
	if (!want && slot < 0)
		return true;
	model_log(m, "mm_create", "used", &(uint64_t){ used }, 1);
	/* Processes that live: else a mapping that finds no memory waits for their exit. */
	got = nommu_mm_create(model_board(m), getpid(), "a process with a long name", &id);
	if (got != want)
		return model_fail(m, "nommu_mm_create: %d, expected %d", got, want);
	if (!got)
		m->mm[slot] = (struct model_mm){ .used = true, .id = id, .pid = getpid() };
	return true;
}

bool model_mm_exit(struct model *m, int mm)
{
	struct nommu_mm id = m->mm[mm].id;
	int got;

	model_log(m, "mm_exit", "mm", &(uint64_t){ (uint64_t)mm }, 1);
	got = nommu_mm_exit(model_board(m), &id);
	if (got)
		return model_fail(m, "nommu_mm_exit: %d", got);
	for (int i = 0; i < MODEL_VMAS_MAX; i++)
		if (m->vma[i].used && m->vma[i].mm == mm)
			drop_mapping(m, i);
	m->mm[mm].used = false;
	got = nommu_mm_exit(model_board(m), &id);
	return got == -ESRCH ? true : model_fail(m, "nommu_mm_exit of one that is gone: %d", got);
}
