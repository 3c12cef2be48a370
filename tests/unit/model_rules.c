/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_rules - what RULES says of a call of mmap, for the files that the model has; see model.h.
 *
 * Written row by row from the document. What the model never asks for is left out: record locks, policy by name.
 */
#include "model.h"

struct plan {
	bool file, shared, direct, copy, traced;
	uint32_t caps;
	int prot;
	unsigned pages;
	uint64_t pgoff;
};

static void refuse(struct model_answer *a, int error, enum nommu_rule rule)
{
	a->error = -error;
	a->rule = rule;
}

static bool caps_lack(const struct plan *p)
{
	return ((p->prot & PROT_READ) && !(p->caps & BDI_CAP_READ_MAP)) ||
	       ((p->prot & PROT_WRITE) && !(p->caps & BDI_CAP_WRITE_MAP)) ||
	       ((p->prot & PROT_EXEC) && !(p->caps & BDI_CAP_EXEC_MAP));
}

/* The rows up to no-mmap. True: refused. */
static bool check_call(const struct model *m, const struct model_call *c, struct plan *p, struct model_answer *a)
{
	bool bdi = m->profile == NOMMU_PROFILE_BDI;
	int type = c->flags & MAP_TYPE;

	if (c->offset % (int64_t)NOMMU_PAGE_SIZE)
		return refuse(a, EINVAL, NOMMU_RULE_OFFSET_ALIGN), true;
	if (p->file && (!(c->fd & NOMMU_FD_OPEN) || c->fd & NOMMU_FD_PATH))
		return refuse(a, EBADF, NOMMU_RULE_BAD_DESCRIPTOR), true;
	if (!bdi && p->file && m->file[c->file].attr.deny &&
	    (c->prot & 7 & m->file[c->file].attr.deny) == (int)(m->file[c->file].attr.deny & 7))
		return refuse(a, EPERM, NOMMU_RULE_SECURITY), true;
	if (c->flags & MAP_FIXED || (bdi && c->flags & MAP_FIXED_NOREPLACE))
		return refuse(a, EINVAL, NOMMU_RULE_FIXED), true;
	if (bdi && c->addr)
		return refuse(a, EINVAL, NOMMU_RULE_HINT), true;
	if (type != MAP_PRIVATE && type != MAP_SHARED)
		return refuse(a, EINVAL, NOMMU_RULE_TYPE), true;
	if (!c->length)
		return refuse(a, EINVAL, NOMMU_RULE_LENGTH_ZERO), true;
	/* The windows of the model's boards end below 4 GiB. */
	if (c->length > 1ULL << 32)
		return refuse(a, bdi ? EINVAL : ENOMEM, NOMMU_RULE_LENGTH_RANGE), true;
	p->pages = model_pages(c->length);
	p->pgoff = (uint64_t)(c->offset / (int64_t)NOMMU_PAGE_SIZE);
	if (p->pgoff + p->pages < p->pgoff)
		return refuse(a, bdi ? EINVAL : EOVERFLOW, NOMMU_RULE_OFFSET_WRAP), true;
	return false;
}

/* no-mmap to unreadable. */
static bool check_caps(const struct model *m, const struct model_call *c, struct plan *p, struct model_answer *a)
{
	const struct nommu_file_attr *attr = &m->file[c->file].attr;
	bool bdi = m->profile == NOMMU_PROFILE_BDI;

	if (attr->map_op == NOMMU_OP_NONE || attr->kind == NOMMU_KIND_OTHER)
		return refuse(a, ENODEV, NOMMU_RULE_NO_MMAP), true;
	p->caps = attr->caps;
	if (!(attr->flags & NOMMU_FILE_CAPS_SET) || (bdi && !attr->caps)) {
		if (attr->kind == NOMMU_KIND_REGULAR || attr->kind == NOMMU_KIND_BLOCK || attr->kind == NOMMU_KIND_SHM)
			p->caps = BDI_CAP_MAP_COPY;
		else if (attr->kind == NOMMU_KIND_CHAR)
			p->caps = BDI_CAP_MAP_DIRECT | BDI_CAP_READ_MAP | BDI_CAP_WRITE_MAP;
		else
			return refuse(a, EINVAL, NOMMU_RULE_DEFAULT_CAPS), true;
	}
	p->direct = p->caps & BDI_CAP_MAP_DIRECT && attr->address_op != NOMMU_OP_NONE;
	p->copy = p->caps & BDI_CAP_MAP_COPY && !(attr->flags & NOMMU_FILE_NO_READ);
	if (!bdi && !(c->fd & NOMMU_FD_READ))
		return refuse(a, EACCES, NOMMU_RULE_UNREADABLE), true;
	return false;
}

/* shared-write to exec-copy. */
static bool check_kind(const struct model *m, const struct model_call *c, struct plan *p, struct model_answer *a)
{
	const struct nommu_file_attr *attr = &m->file[c->file].attr;

	if (p->shared) {
		if (p->prot & PROT_WRITE && !(c->fd & NOMMU_FD_WRITE))
			return refuse(a, EACCES, NOMMU_RULE_SHARED_WRITE), true;
		if (attr->flags & NOMMU_FILE_APPEND && c->fd & NOMMU_FD_WRITE)
			return refuse(a, EACCES, NOMMU_RULE_APPEND), true;
		if (!p->direct)
			return refuse(a, ENODEV, NOMMU_RULE_SHARED_NOT_DIRECT), true;
		if (caps_lack(p))
			return refuse(a, EINVAL, NOMMU_RULE_SHARED_PROTECTION), true;
		p->copy = false;
	} else {
		if (!p->copy)
			return refuse(a, ENODEV, NOMMU_RULE_PRIVATE_NO_COPY), true;
		if (p->prot & PROT_WRITE || caps_lack(p) || p->traced)
			p->direct = false;
	}
	if (p->prot & PROT_EXEC && attr->flags & NOMMU_FILE_NOEXEC)
		return refuse(a, EPERM, NOMMU_RULE_NOEXEC), true;
	if (p->prot & PROT_READ && p->prot & PROT_EXEC && !(p->caps & BDI_CAP_EXEC_MAP))
		p->direct = false;
	return false;
}

static void add_exec(const struct model *m, const struct model_call *c, struct plan *p)
{
	if (!(c->task & NOMMU_TASK_READ_IMPLIES_EXEC) || m->profile != NOMMU_PROFILE_BDI || !(p->prot & PROT_READ))
		return;
	if (!p->file || (p->caps & BDI_CAP_EXEC_MAP && !(m->file[c->file].attr.flags & NOMMU_FILE_NOEXEC)))
		p->prot |= PROT_EXEC;
}

/* RULES says no more than the lowest address; the shorter one is what the engine does, and as good. */
static bool is_before(const struct model_region *a, const struct model_region *b)
{
	return a->start != b->start ? a->start < b->start : a->pages < b->pages;
}

/* Among the regions that this request may join: direct before copy, exact before part, then the lowest address. */
static int find_region(const struct model *m, const struct model_call *c, const struct plan *p, bool *overlap)
{
	int best = -1, best_rank = 0;

	*overlap = false;
	for (int i = 0; i < MODEL_VMAS_MAX; i++) {
		const struct model_region *r = &m->region[i];
		bool exact, part;
		int rank;

		if (!r->used || r->file != c->file || !r->shareable)
			continue;
		if (r->pgoff >= p->pgoff + p->pages || p->pgoff >= r->pgoff + r->pages)
			continue;
		if (r->how == NOMMU_HOW_DIRECT && !model_region_whole(m, r))
			continue;
		exact = r->pgoff == p->pgoff && r->pages == p->pages;
		part = m->profile == NOMMU_PROFILE_LINUX6 && r->pgoff <= p->pgoff &&
		       r->pgoff + r->pages >= p->pgoff + p->pages;
		if (!exact && !part)
			*overlap = true;
		if ((!exact && !part) || (p->shared && r->how != NOMMU_HOW_DIRECT))
			continue;
		rank = 1 + exact + 2 * (r->how == NOMMU_HOW_DIRECT);
		if (rank > best_rank || (rank == best_rank && is_before(r, &m->region[best]))) {
			best = i;
			best_rank = rank;
		}
	}
	return best;
}

/* The address operation's answer. */
static int address_op(const struct model *m, const struct model_file *f, const struct plan *p, uint64_t *addr)
{
	uint64_t end = p->pgoff + p->pages, len = (uint64_t)p->pages * NOMMU_PAGE_SIZE;

	if (f->attr.address_op)
		return f->attr.address_op;
	if (f->backing == MODEL_WINDOW) {
		const struct nommu_window *w = &m->window[f->addr >= m->window[1].addr];

		if (end > model_pages(f->size))
			return -EINVAL;
		*addr = f->addr + p->pgoff * NOMMU_PAGE_SIZE;
		return *addr + len > w->addr + w->size ? -EINVAL : 0;
	}
	if (end > model_pages(f->size))
		return -ENOSYS;
	for (unsigned i = 0; i < p->pages; i++)
		if (f->page[p->pgoff + i] < 0 || f->page[p->pgoff + i] != f->page[p->pgoff] + (int)i)
			return -ENOSYS;
	*addr = m->ram + (unsigned)f->page[p->pgoff] * NOMMU_PAGE_SIZE;
	return 0;
}

static void place_memory(const struct model *m, const struct plan *p, struct model_answer *a)
{
	unsigned order = model_order(p->pages), block = order < 31 ? 1u << order : 0;

	if (order > m->max_order || !model_fits(m, order)) {
		refuse(a, ENOMEM, NOMMU_RULE_NO_MEMORY);
		return;
	}
	a->how = p->file ? NOMMU_HOW_COPY : NOMMU_HOW_ANONYMOUS;
	a->rule = p->file ? NOMMU_RULE_COPY : NOMMU_RULE_ANONYMOUS;
	a->pages = m->trim && block - p->pages >= m->trim ? p->pages : block;
}

static void join(const struct model *m, const struct model_file *f, const struct plan *p, int region,
		 struct model_answer *a)
{
	const struct model_region *r = &m->region[region];

	if (m->profile == NOMMU_PROFILE_LINUX6 && r->how == NOMMU_HOW_DIRECT && f->attr.map_op) {
		refuse(a, f->attr.map_op == -ENOSYS ? ENODEV : -f->attr.map_op, NOMMU_RULE_MAP_REFUSED);
		return;
	}
	a->join = region;
	a->how = r->how;
	a->rule = NOMMU_RULE_REUSE;
	a->addr = r->start + (p->pgoff - r->pgoff) * NOMMU_PAGE_SIZE;
}

static void place(const struct model *m, const struct model_call *c, struct plan *p, struct model_answer *a)
{
	const struct model_file *f = &m->file[c->file];
	bool bdi = m->profile == NOMMU_PROFILE_BDI, overlap, given = false;
	int found, answer;

	if (a->shareable) {
		found = find_region(m, c, p, &overlap);
		if (found >= 0) {
			join(m, f, p, found, a);
			return;
		}
		if (overlap && !p->direct) {
			refuse(a, EINVAL, NOMMU_RULE_SHARE_OVERLAP);
			return;
		}
	}
	if (((bdi && a->shareable) || p->direct) && f->attr.address_op != NOMMU_OP_NONE) {
		answer = address_op(m, f, p, &a->addr);
		given = answer == 0;
		if (answer && answer != -ENOSYS) {
			refuse(a, -answer, NOMMU_RULE_ADDRESS_REFUSED);
			return;
		}
		if (!given && !p->copy) {
			refuse(a, ENODEV, NOMMU_RULE_ADDRESS_REFUSED);
			return;
		}
		if (!given)
			p->direct = false;
	}
	if (bdi || p->direct) {
		answer = f->attr.map_op;
		if (answer && answer != -ENOSYS) {
			refuse(a, -answer, NOMMU_RULE_MAP_REFUSED);
			return;
		}
		if (!answer && p->direct && given) {
			a->how = NOMMU_HOW_DIRECT;
			a->rule = NOMMU_RULE_DIRECT;
			return;
		}
		if (p->shared) {
			refuse(a, ENODEV, NOMMU_RULE_MAP_REFUSED);
			return;
		}
	}
	a->addr = 0;
	place_memory(m, p, a);
}

void model_decide(const struct model *m, const struct model_call *c, struct model_answer *a)
{
	struct plan p = { .file = c->file >= 0, .copy = true, .prot = c->prot & 7 };

	*a = (struct model_answer){ .join = -1 };
	p.shared = p.file && (c->flags & MAP_TYPE) == MAP_SHARED;
	p.traced = !p.shared && c->task & NOMMU_TASK_TRACED;
	if (check_call(m, c, &p, a))
		return;
	if (p.file && (check_caps(m, c, &p, a) || check_kind(m, c, &p, a)))
		return;
	add_exec(m, c, &p);
	if (m->profile == NOMMU_PROFILE_BDI && p.file && m->file[c->file].attr.deny &&
	    (p.prot & (int)m->file[c->file].attr.deny & 7) == (int)(m->file[c->file].attr.deny & 7)) {
		refuse(a, EPERM, NOMMU_RULE_SECURITY);
		return;
	}
	a->pgoff = p.pgoff;
	a->shared = p.shared;
	a->shareable = p.file && (p.shared || (!(p.prot & PROT_WRITE) && !p.traced));
	a->prot = p.prot;
	if (p.file)
		place(m, c, &p, a);
	else
		place_memory(m, &p, a);
}
