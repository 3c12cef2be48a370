/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_map - mmap, and stores through mappings; see model.h.
 */
#include "model.h"

#define PAGE ((unsigned)NOMMU_PAGE_SIZE)

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
			return model_fail(m,
					  "no-memory says %u pages free, largest order %d of %u; expected %u, %d, %u",
					  v->free_pages, v->order_largest, v->order_max, model_free(m),
					  model_largest(m), m->max_order);
	}
	if (got)
		return true;
	if (v->how != a->how || v->joined != (a->join >= 0) || v->pages != a->pages)
		return model_fail(m, "nommu_mmap: how %u, joined %d, %llu pages; expected %u, %d, %u", v->how,
				  v->joined, (unsigned long long)v->pages, a->how, a->join >= 0, a->pages);
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
	int region = a->join, vma = model_free_vma(m);

	if (region < 0) {
		region = model_free_region(m);
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
		.share = a->shared      ? 'S'
			 : a->shareable ? 's'
					: 'p',
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
	if (model_free_vma(m) < 0 || (a->join < 0 && model_free_region(m) < 0)) {
		a->error = -ENOMEM;
		a->rule = NOMMU_RULE_TABLE_FULL;
	}
}

bool model_mmap(struct model *m, const struct model_call *c)
{
	uint64_t args[] = { (uint64_t)c->mm, (uint64_t)c->file,   (uint64_t)c->prot, (uint64_t)c->flags,
			    c->length,       (uint64_t)c->offset, c->addr,           c->fd | (uint64_t)c->task << 8 };
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

void model_store(struct model *m, int vma, uint64_t offset, unsigned len, unsigned char value)
{
	uint64_t addr = m->vma[vma].start + offset;

	if (m->region[m->vma[vma].region].how == NOMMU_HOW_DIRECT && addr >= m->window[0].addr &&
	    addr < m->window[0].addr + m->window[0].size)
		return; /* nobody can store into ROM */
	memset((void *)addr, value, len);
	memset(model_bytes(m, addr), value, len);
}
