/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"

#include <errno.h>
#include <sys/mman.h>

/* Copied from a file in board RAM between two takings of the lock. */
#define COPY_PAGES 16

struct mapping {
	struct nommu_board *b;
	const struct nommu_mm *owner;
	const struct nommu_request *request;
	struct nommu_verdict *v;
	uint32_t mm;
	uint32_t file;
	struct rules_plan plan;
	struct rules_placed placed;
	uint32_t joined; /* RULES_JOIN: the region */
	uint64_t addr;   /* RULES_DIRECT: the address */
};

static const struct nommu_file_attr attr_unmappable = { .kind = NOMMU_KIND_OTHER };

static int decide_check(struct mapping *m, const struct nommu_file_attr *attr)
{
	const struct nommu_request *r = m->request;
	struct rules_call call = {
		.addr = r->addr,
		.length = r->length,
		.prot = r->prot,
		.flags = r->flags,
		.offset = r->offset,
		.limit = m->b->limit,
		.fd = r->fd,
		.task = r->task,
		.deny_anonymous = m->b->header->deny_anonymous,
	};
	int error;

	if (attr)
		call.locked = attr->lockers > 1 ||
			      (attr->lockers == 1 && attr->locker != (uint32_t)mm_at(m->b, m->mm)->pid);
	error = rules_check(m->b->profile, &call, attr, &m->plan);
	return error ? verdict_refuse(m->v, error, m->plan.rule) : 0;
}

/* Find the region to join and ask the driver, then place. */
static int decide_place(struct mapping *m)
{
	struct rules_answers answers = { NOMMU_OP_NONE, 0 };
	struct rules_found found = { RULES_MATCH_NONE, false, false };

	m->joined = 0;
	if (m->file) {
		struct seg_file *file = file_at(m->b, m->file);

		region_find(m->b, file, &m->plan, &found, &m->joined);
		answers.map = file->attr.map_op;
		if (unlikely(!file_answers(&file->attr))) {
			segment_damaged(m->b);
			return verdict_refuse(m->v, -EIO, NOMMU_RULE_BOARD_STOPPED);
		}
		if (!m->joined && m->plan.shareable)
			answers.address = file_address(m->b, file, m->plan.pgoff, m->plan.pages, &m->addr);
	}
	rules_place(m->b->profile, &m->plan, &found, &answers, &m->placed);
	if (m->placed.action == RULES_REFUSE)
		return verdict_refuse(m->v, m->placed.error, m->placed.rule);
	return 0;
}

static uint32_t vma_flags(const struct rules_plan *plan)
{
	return ((uint32_t)plan->prot & VMA_PROT) | (plan->shared ? VMA_SHARED : 0) |
	       (plan->shareable ? VMA_SHAREABLE : 0);
}

/* A mapping of this region, 0 if there was no room for one, for the caller, at this address. */
static int publish(struct mapping *m, uint32_t region, uint64_t addr)
{
	const struct seg_region *behind;

	if (region && !segment_window(m->b, addr, m->plan.pages << NOMMU_PAGE_SHIFT)) {
		segment_damaged(m->b);
		return verdict_refuse(m->v, -EIO, NOMMU_RULE_BOARD_STOPPED);
	}
	if (!region || !vma_add(m->b, m->mm, region, addr, (uint32_t)m->plan.pages, m->plan.pgoff, m->request->length,
				vma_flags(&m->plan)))
		return verdict_refuse(m->v, -ENOMEM, NOMMU_RULE_TABLE_FULL);
	behind = region_at(m->b, region);
	m->v->addr = addr;
	m->v->how = behind->state;
	m->v->rule = m->placed.rule;
	m->v->pages = m->v->joined ? 0 : behind->block;
	return 0;
}

static int publish_join(struct mapping *m)
{
	const struct seg_region *region = region_at(m->b, m->joined);

	m->v->joined = true;
	return publish(m, m->joined,
		       region->start + ((m->plan.pgoff - region->node.start) << NOMMU_PAGE_SHIFT));
}

static int publish_direct(struct mapping *m)
{
	if (m->plan.pages > UINT32_MAX)
		return verdict_refuse(m->v, -ENOMEM, NOMMU_RULE_TABLE_FULL);
	return publish(m,
		       region_new(m->b, NOMMU_HOW_DIRECT, m->file, REGION_DIRECT | REGION_SHAREABLE, m->addr,
				  (uint32_t)m->plan.pages, 0, m->plan.pgoff),
		       m->addr);
}

/* Pages that hold what the mapping shall show, whoever filled them: a region of their own. */
static int publish_pages(struct mapping *m, uint32_t frame, uint32_t block)
{
	bool anonymous = m->plan.anonymous;
	uint64_t addr = frame_addr(m->b, frame);
	uint32_t region = region_new(m->b, anonymous ? NOMMU_HOW_ANONYMOUS : NOMMU_HOW_COPY, m->file,
				     m->plan.shareable ? REGION_SHAREABLE : 0, addr, (uint32_t)m->plan.pages, block,
				     anonymous ? 0 : m->plan.pgoff);

	if (anonymous)
		m->plan.pgoff = 0;
	if (region)
		pages_mark(m->b, frame, block, FRAME_REGION, region);
	m->v->why = m->placed.dropped;
	return publish(m, region, addr);
}

static int no_memory(struct mapping *m)
{
	return verdict_no_memory(m->b, m->v, m->plan.pages);
}

/*
 * Anonymous memory is published first and cleared without the lock: until this call returns nobody has its address.
 */
static int map_anonymous(struct mapping *m)
{
	struct nommu_board *b = m->b;
	uint32_t block = 0, frame = 0;
	int error;

	if (m->plan.pages <= b->pages)
		frame = pages_alloc(b, (uint32_t)m->plan.pages, b->header->trim, FRAME_REGION, 0, &block);
	error = frame ? publish_pages(m, frame, block) : no_memory(m);
	if (error) {
		tx_abort(b);
		return error;
	}
	error = tx_end(b);
	if (error)
		return verdict_busy(m->b, m->v, error);
	segment_clear(b, m->v->addr, (uint64_t)block << NOMMU_PAGE_SHIFT);
	return 0;
}

/* Bytes of a file in board RAM, a few pages a time under the lock, since truncate may take them away. */
static ssize_t read_ram(struct mapping *m, void *buf, size_t len, uint64_t offset)
{
	struct nommu_board *b = m->b;
	struct iovec iov[COPY_PAGES + 1];
	size_t bytes, done = 0;
	int result, n;

	if (len > COPY_PAGES * NOMMU_PAGE_SIZE)
		len = COPY_PAGES * NOMMU_PAGE_SIZE;
	result = tx_begin_waiting(b);
	if (result)
		return result;
	n = nommu_file_iov(b, m->file, offset, len, iov, COPY_PAGES + 1, &bytes);
	for (int i = 0; i < n; i++) {
		memcpy((char *)buf + done, iov[i].iov_base, iov[i].iov_len);
		done += iov[i].iov_len;
	}
	result = tx_end(b);
	return result ? result : (ssize_t)done;
}

static ssize_t read_window(struct mapping *m, void *buf, size_t len, uint64_t offset)
{
	struct iovec iov;
	size_t bytes;

	if (nommu_file_iov(m->b, m->file, offset, len, &iov, 1, &bytes) != 1)
		return 0;
	memcpy(buf, iov.iov_base, iov.iov_len);
	return (ssize_t)iov.iov_len;
}

/* Read the file into the run, zeroes behind its end. Without the lock; the file is pinned. */
static int fill_copy(struct mapping *m, uint64_t addr, uint64_t pages, uint32_t backing)
{
	uint64_t len = m->plan.pages << NOMMU_PAGE_SHIFT, all = pages << NOMMU_PAGE_SHIFT, done = 0;
	uint64_t offset = m->plan.pgoff << NOMMU_PAGE_SHIFT;
	ssize_t n = 0;

	/* Files end before 2^63, and a read may not reach beyond (kernel). */
	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return -EINVAL;
	segment_prefault(m->b, addr, all);
	while (done < len) {
		void *to = (char *)addr + done;

		if (backing == BACKING_RAM)
			n = read_ram(m, to, len - done, offset + done);
		else if (backing == BACKING_WINDOW)
			n = read_window(m, to, len - done, offset + done);
		else
			n = m->request->read ? m->request->read(m->request->read_arg, to, len - done, offset + done)
					     : -EIO;
		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	if (n < 0 && !done)
		return (int)n;
	memset((char *)addr + done, 0, all - done);
	return 0;
}

/* The copy is made; somebody may have made the same one meanwhile. */
static int publish_copy(struct mapping *m, uint32_t frame, uint32_t block)
{
	struct nommu_board *b = m->b;
	int error;

	m->mm = mm_get(b, m->owner);
	if (!m->mm)
		return verdict_refuse(m->v, -ESRCH, NOMMU_RULE_NO_SUCH_MM);
	if (m->plan.shareable) {
		struct rules_placed placed = m->placed;

		error = decide_place(m);
		if (error)
			return error;
		if (m->placed.action == RULES_JOIN) {
			error = publish_join(m);
			if (!error)
				pending_free(b, m->mm, frame);
			return error;
		}
		m->placed = placed;
	}
	pending_remove(b, m->mm, frame);
	return publish_pages(m, frame, block);
}

static int map_copy(struct mapping *m)
{
	struct nommu_board *b = m->b;
	uint32_t backing = file_at(b, m->file)->backing;
	uint32_t block = 0, frame = 0;
	int error;

	if (m->plan.pages <= b->pages)
		frame = pending_take(b, m->mm, m->file, (uint32_t)m->plan.pages, b->header->trim, &block);
	if (!frame) {
		no_memory(m);
		tx_abort(b);
		return -ENOMEM;
	}
	error = tx_end(b);
	if (error)
		return verdict_busy(m->b, m->v, error);
	error = fill_copy(m, frame_addr(b, frame), block, backing);
	if (error) {
		pending_drop(b, m->owner, frame);
		return verdict_refuse(m->v, error, NOMMU_RULE_READ_FAILED);
	}
	error = tx_begin_waiting(b);
	if (error)
		return verdict_busy(m->b, m->v, error);
	error = publish_copy(m, frame, block);
	if (error) {
		tx_abort(b);
		pending_drop(b, m->owner, frame);
		return error;
	}
	error = tx_end(b);
	if (error)
		return verdict_busy(m->b, m->v, error);
	reap(b);
	return 0;
}

/* Which file is meant, and what the rules need to know of it. */
static const struct nommu_file_attr *find_file(struct mapping *m)
{
	const struct nommu_request *r = m->request;

	if (!(r->fd & NOMMU_FD_OPEN) || r->fd & NOMMU_FD_PATH)
		return &attr_unmappable;
	m->file = file_lookup(m->b, &r->id);
	if (r->host) /* device 0 is the board's own */
		return r->id.dev ? r->host : &attr_unmappable;
	return m->file ? &file_at(m->b, m->file)->attr : &attr_unmappable;
}

/* A host file that nobody has mapped yet becomes known. */
static int know_file(struct mapping *m)
{
	if (m->file || m->plan.anonymous)
		return 0;
	m->file = file_new(m->b, &m->request->id, m->request->host, BACKING_HOST, m->request->name);
	return m->file ? 0 : verdict_refuse(m->v, -ENOMEM, NOMMU_RULE_TABLE_FULL);
}

static int map_once(struct mapping *m)
{
	struct nommu_board *b = m->b;
	const struct nommu_file_attr *attr = NULL;
	int error = mm_begin(b, m->owner, &m->mm, m->v);

	if (error)
		return error;
	if (!(m->request->flags & MAP_ANONYMOUS))
		attr = find_file(m);
	error = decide_check(m, attr);
	if (error)
		goto refused;
	error = know_file(m);
	if (error)
		goto refused;
	error = decide_place(m);
	if (error)
		goto refused;
	switch (m->placed.action) {
	case RULES_JOIN:
		error = publish_join(m);
		break;
	case RULES_DIRECT:
		error = publish_direct(m);
		break;
	default:
		return m->plan.anonymous ? map_anonymous(m) : map_copy(m);
	}
	if (error)
		goto refused;
	error = tx_end(b);
	return error ? verdict_busy(m->b, m->v, error) : 0;

refused:
	tx_abort(b);
	return error;
}

int nommu_mmap(struct nommu_board *b, const struct nommu_mm *mm, const struct nommu_request *request,
	       struct nommu_verdict *v)
{
	int error;

	for (int tries = 0;; tries++) {
		struct mapping m = { .b = b, .owner = mm, .request = request, .v = v };

		memset(v, 0, sizeof(*v));
		v->asked = request->length;
		error = map_once(&m);
		if (likely(error != -ENOMEM) || v->rule != NOMMU_RULE_NO_MEMORY || v->order_asked > b->max_order ||
		    !reap_for_memory(b, tries))
			break;
	}
	if (!error && request->prot & PROT_EXEC)
		__builtin___clear_cache((char *)v->addr, (char *)v->addr + request->length);
	return error;
}
