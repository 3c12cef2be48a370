/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_map - mmap, munmap, mremap, exit; see model.h.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE ((unsigned)NOMMU_PAGE_SIZE)

static int free_vma(const struct model *m)
{
	for (int i = 0; i < (int)m->vmas_max; i++)
		if (!m->vma[i].used)
			return i;
	return -1;
}

static int free_region(const struct model *m)
{
	for (int i = 0; i < (int)m->vmas_max; i++)
		if (!m->region[i].used)
			return i;
	return -1;
}

bool model_region_whole(const struct model *m, const struct model_region *r)
{
	const struct model_file *f = &m->file[r->file];
	int first = model_page(m, r->start);

	if (f->backing != MODEL_RAM)
		return true;
	for (unsigned i = 0; i < r->pages; i++)
		if (r->pgoff + i >= MODEL_RAM_MAX || f->page[r->pgoff + i] != first + (int)i)
			return false;
	return true;
}

/* ---- mmap ------------------------------------------------------------------------------------------------------ */

static ssize_t read_host(void *arg, void *buf, size_t len, uint64_t offset)
{
	const struct model_file *f = arg;

	if (f->read_error && offset >= f->read_error_at)
		return -f->read_error;
	if (offset >= f->size)
		return 0;
	if (len > f->size - offset)
		len = f->size - offset;
	if (f->read_error && len > f->read_error_at - offset)
		len = f->read_error_at - offset;
	/* Short reads are no end of file. */
	if (len > 1000 && f->id.ino % 2)
		len -= 500;
	memcpy(buf, f->bytes + offset, len);
	return (ssize_t)len;
}

/* Reading the file fails only if not a byte of it can be had; what follows a part that could reads as zeroes. Beyond
 * what an offset can say nothing can be read. */
static int read_error(const struct model *m, const struct model_call *c, const struct model_answer *a)
{
	const struct model_file *f = &m->file[c->file];
	uint64_t offset = a->pgoff * PAGE, len = model_pages(c->length) * (uint64_t)PAGE;

	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return -EINVAL;
	return f->read_error && offset >= f->read_error_at ? -f->read_error : 0;
}

static void host_snapshot(struct model *m, const struct model_call *c, const struct model_answer *a, unsigned char *to)
{
	const struct model_file *f = &m->file[c->file];
	uint64_t from = a->pgoff * PAGE, len = (model_pages(c->length) * (uint64_t)PAGE);

	model_file_snapshot(m, c->file, a->pgoff, model_pages(c->length), to);
	if (f->read_error && f->read_error_at < from + len)
		memset(to + (f->read_error_at - from), 0, len - (f->read_error_at - from));
}

static bool check_verdict(struct model *m, const struct model_answer *a, int got, const struct nommu_verdict *v)
{
	if (got != a->error || v->error != a->error || v->rule != (uint32_t)a->rule)
		return model_fail(m, "nommu_mmap: %d (%d) by %s, expected %d by %s", got, v->error,
				  nommu_rule_name(v->rule), a->error, nommu_rule_name(a->rule));
	if (v->rule == NOMMU_RULE_NO_MEMORY) {
		if (v->free_pages != model_free(m) || v->order_max != m->max_order ||
		    v->order_largest != model_largest(m))
			return model_fail(m, "no-memory says %u pages free, largest order %d of %u; expected %u, %d, %u",
					  v->free_pages, v->order_largest, v->order_max, model_free(m),
					  model_largest(m), m->max_order);
	}
	if (got)
		return true;
	if (v->how != a->how || v->joined != (a->join >= 0) || v->pages != a->pages)
		return model_fail(m, "nommu_mmap: how %u, joined %d, %llu pages; expected %u, %d, %u", v->how, v->joined,
				  (unsigned long long)v->pages, a->how, a->join >= 0, a->pages);
	if (a->addr && v->addr != a->addr)
		return model_fail(m, "nommu_mmap: at %#llx, expected %#llx", (unsigned long long)v->addr,
				  (unsigned long long)a->addr);
	return true;
}

/* Fresh pages: learn where they are, and what they must hold. */
static bool take_memory(struct model *m, const struct model_call *c, const struct model_answer *a, uint64_t addr)
{
	unsigned align = 1u << model_order(model_pages(c->length));
	int page = model_page(m, addr);

	if (page < 0 || addr % PAGE || (unsigned)page % align)
		return model_fail(m, "nommu_mmap: %#llx is not a block of %u pages", (unsigned long long)addr, align);
	if (!model_take(m, page, a->pages, MODEL_REGION))
		return false;
	if (a->how == NOMMU_HOW_COPY)
		host_snapshot(m, c, a, m->bytes + (unsigned)page * PAGE);
	return true;
}

static bool add_mapping(struct model *m, const struct model_call *c, const struct model_answer *a, uint64_t addr)
{
	int region = a->join, vma = free_vma(m);

	if (region < 0) {
		region = free_region(m);
		m->region[region] = (struct model_region){
			.used = true,
			.shareable = a->shareable,
			.how = a->how,
			.file = c->file,
			.start = addr,
			.pgoff = a->pgoff,
			.pages = model_pages(c->length),
			.block = a->how == NOMMU_HOW_DIRECT ? 0 : a->pages,
		};
		if (a->how != NOMMU_HOW_DIRECT && !take_memory(m, c, a, addr))
			return false;
	}
	m->region[region].users++;
	if (c->file >= 0)
		m->file[c->file].mappings++;
	m->vma[vma] = (struct model_vma){
		.used = true,
		.mm = c->mm,
		.region = region,
		.start = addr,
		.pgoff = a->pgoff,
		.pages = model_pages(c->length),
		.prot = a->prot,
		.share = a->shared ? 'S' : a->shareable ? 's' : 'p',
		.asked = c->length,
		.serial = m->next_serial++,
	};
	return model_check_span(m, addr, (uint64_t)model_pages(c->length) * PAGE);
}

/* Things that the engine has a limit for and RULES none. */
static void decide_tables(const struct model *m, const struct model_call *c, struct model_answer *a)
{
	unsigned files = 0;

	/* A host file needs a record before memory is looked for. */
	if (a->error && a->rule != NOMMU_RULE_NO_MEMORY)
		return;
	if (c->file >= 0 && m->file[c->file].backing == MODEL_HOST && !m->file[c->file].mappings) {
		for (int i = 0; i < MODEL_FILES_MAX; i++)
			files += m->file[i].backing && (m->file[i].backing != MODEL_HOST || m->file[i].mappings);
		if (files >= m->files_max) {
			a->error = -ENOMEM;
			a->rule = NOMMU_RULE_TABLE_FULL;
			return;
		}
	}
	if (a->error)
		return;
	if (a->how == NOMMU_HOW_COPY && a->join < 0 && read_error(m, c, a)) {
		a->error = read_error(m, c, a);
		a->rule = NOMMU_RULE_READ_FAILED;
		return;
	}
	if (free_vma(m) < 0 || (a->join < 0 && free_region(m) < 0)) {
		a->error = -ENOMEM;
		a->rule = NOMMU_RULE_TABLE_FULL;
	}
}

bool model_mmap(struct model *m, const struct model_call *c)
{
	uint64_t args[] = { (uint64_t)c->mm, (uint64_t)c->file, (uint64_t)c->prot, (uint64_t)c->flags, c->length,
			    (uint64_t)c->offset, c->addr, c->fd | (uint64_t)c->task << 8 };
	struct nommu_request request = {
		.addr = c->addr,
		.length = c->length,
		.prot = c->prot,
		.flags = c->flags,
		.offset = c->offset,
		.fd = c->fd,
		.task = c->task,
	};
	struct model_answer answer;
	struct nommu_verdict verdict;
	char text[400];
	int got;

	model_log(m, "mmap", "mm file prot flags length offset addr fd|task", args, 8);
	model_decide(m, c, &answer);
	decide_tables(m, c, &answer);
	if (c->file >= 0) {
		struct model_file *f = &m->file[c->file];

		request.id = f->id;
		if (f->backing == MODEL_HOST) {
			request.host = &f->attr;
			request.name = "host";
			request.read = read_host;
			request.read_arg = f;
		}
	}
	memset(&verdict, 0xee, sizeof(verdict));
	got = nommu_mmap(model_board(m), &m->mm[c->mm].id, &request, &verdict);
	if (!check_verdict(m, &answer, got, &verdict))
		return false;
	if (got) {
		m->refused[verdict.rule]++;
		if (m->refused[verdict.rule] % 64 == 1 && nommu_reason(&verdict, text, sizeof(text)) <= 0)
			return model_fail(m, "nommu_reason says nothing of %s", nommu_rule_name(verdict.rule));
		return true;
	}
	m->succeeded[verdict.rule]++;
	return add_mapping(m, c, &answer, verdict.addr);
}

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
		int upper = free_region(m), other = free_vma(m);

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

			want = hole && (free_vma(m) < 0 || free_region(m) < 0) ? -ENOMEM : 0;
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
	uint64_t old = (old_length + PAGE - 1) / PAGE * PAGE, new = (new_length + PAGE - 1) / PAGE * PAGE;
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

void model_store(struct model *m, int vma, uint64_t offset, unsigned len, unsigned char value)
{
	uint64_t addr = m->vma[vma].start + offset;

	if (m->region[m->vma[vma].region].how == NOMMU_HOW_DIRECT && addr >= m->window[0].addr &&
	    addr < m->window[0].addr + m->window[0].size)
		return; /* nobody can store into ROM */
	memset((void *)addr, value, len);
	memset(model_bytes(m, addr), value, len);
}
