/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shm - System V segments: finding, making, attaching and detaching them. What is asked of one that is there is in
 * shm_control.c; the mapping itself is mmap's and munmap's.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "engine/internal.h"

#define SHM_INDEX_MASK ((1u << SHM_SEQUENCE_SHIFT) - 1)

/* ---- the table ------------------------------------------------------------------------------------------------- */

int32_t shm_id(struct nommu_board *b, uint32_t shm)
{
	return (int32_t)((shm_at(b, shm)->sequence & SHM_SEQUENCE_MAX) << SHM_SEQUENCE_SHIFT | (shm - 1));
}

uint32_t shm_get(struct nommu_board *b, int64_t id)
{
	uint32_t shm = ((uint32_t)id & SHM_INDEX_MASK) + 1;

	if (id < 0 || shm > b->shm_count)
		return 0;
	return shm_at(b, shm)->state && shm_id(b, shm) == id ? shm : 0;
}

uint32_t shm_find(struct nommu_board *b, uint32_t key)
{
	uint32_t high = b->header->table[TABLE_SHMS].high;

	for (uint32_t shm = 1; shm <= high && shm <= b->shm_count; shm++)
		if (shm_at(b, shm)->key == key && shm_at(b, shm)->state)
			return shm;
	return 0;
}

static bool in_group(const struct nommu_shm_caller *c, uint32_t gid)
{
	for (uint32_t i = 0; i < c->group_count; i++)
		if (c->groups[i] == gid)
			return true;
	return c->gid == gid;
}

bool shm_permits(const struct seg_shm *shm, const struct nommu_shm_caller *c, uint32_t mode)
{
	uint32_t asked = mode | mode >> 3 | mode >> 6, granted = shm->mode;

	if (c->may & NOMMU_SHM_ANY_ACCESS)
		return true;
	if (c->uid == shm->cuid || c->uid == shm->uid)
		granted >>= 6;
	else if (in_group(c, shm->cgid) || in_group(c, shm->gid))
		granted >>= 3;
	return !(asked & ~granted & 07);
}

uint64_t shm_now(void)
{
	return os_now(CLOCK_REALTIME) / 1000000000u;
}

void shm_attached(struct nommu_board *b, uint32_t shm, uint32_t mm)
{
	struct seg_shm *s = shm_at(b, shm);

	journal_u64(b, &s->atime, shm_now());
	journal_u32(b, &s->lpid, (uint32_t)mm_at(b, mm)->pid);
}

void shm_detached(struct nommu_board *b, uint32_t shm, uint32_t mm)
{
	struct seg_shm *s = shm_at(b, shm);

	journal_u64(b, &s->dtime, shm_now());
	journal_u32(b, &s->lpid, (uint32_t)mm_at(b, mm)->pid);
	if (s->mode & SHM_DEST && !file_at(b, s->file)->mappings)
		shm_destroy(b, shm);
}

void shm_destroy(struct nommu_board *b, uint32_t shm)
{
	struct seg_shm *s = shm_at(b, shm);
	struct seg_file *file = file_at(b, s->file);

	journal_u32(b, &file->named, 0);
	journal_u32(b, &file->shm, 0);
	journal_u32(b, &s->state, 0);
	/* So that the id is not soon another's. */
	journal_u32(b, &s->sequence, (s->sequence + 1) & SHM_SEQUENCE_MAX);
	segment_give(b, TABLE_SHMS, shm);
}

/* ---- shmget ---------------------------------------------------------------------------------------------------- */

struct getting {
	struct nommu_board *b;
	const struct nommu_mm *owner;
	const struct nommu_shm_caller *caller;
	struct nommu_verdict *v;
	uint32_t key;
	uint64_t size;
	int flags;
	uint32_t mm;
	uint32_t shm; /* the answer */
};

/* One has the key. */
static int decide_found(struct getting *g)
{
	const struct seg_shm *s = shm_at(g->b, g->shm);

	if (g->flags & IPC_CREAT && g->flags & IPC_EXCL)
		return verdict_refuse(g->v, -EEXIST, NOMMU_RULE_SHM_EXISTS);
	if (g->size > file_at(g->b, s->file)->size)
		return verdict_refuse(g->v, -EINVAL, NOMMU_RULE_SHM_SIZE);
	if (!shm_permits(s, g->caller, (uint32_t)g->flags & 0777))
		return verdict_refuse(g->v, -EACCES, NOMMU_RULE_SHM_ACCESS);
	g->v->rule = NOMMU_RULE_SHM_FOUND;
	return 0;
}

static int decide_new(struct getting *g)
{
	if (g->key != IPC_PRIVATE && !(g->flags & IPC_CREAT))
		return verdict_refuse(g->v, -ENOENT, NOMMU_RULE_SHM_NO_KEY);
	if (!g->size || g->size > ULONG_MAX - (1UL << 24) || g->flags & SHM_HUGETLB)
		return verdict_refuse(g->v, -EINVAL, NOMMU_RULE_SHM_SIZE);
	if (page_count(g->size) > 1ULL << g->b->max_order)
		return verdict_refuse(g->v, -EFBIG, NOMMU_RULE_SHM_LARGE);
	return 0;
}

static void find_key(struct getting *g)
{
	g->shm = g->key == IPC_PRIVATE ? 0 : shm_find(g->b, g->key);
}

/* The file of a record: these pages, which nobody else knows. 0: the table is full. */
static uint32_t new_file(struct getting *g, uint32_t frame)
{
	struct nommu_board *b = g->b;
	struct nommu_id id = { .ino = (uint64_t)shm_id(b, g->shm), .birth = SHM_BIRTH };
	uint32_t pages = (uint32_t)page_count(g->size), at;
	struct nommu_file_attr attr;
	struct seg_file *file;
	char name[16];

	nommu_file_attr_ram(&attr);
	attr.kind = NOMMU_KIND_SHM;
	snprintf(name, sizeof(name), "/SYSV%08x", g->key);
	at = file_new(b, &id, &attr, BACKING_RAM, name);
	if (!at)
		return 0;
	file = file_at(b, at);
	journal_u32(b, &file->named, 1);
	journal_u32(b, &file->shm, g->shm);
	journal_u64(b, &file->size, g->size);
	pages_mark(b, frame, pages, FRAME_FILE, at);
	extent_add(b, file, 0, frame, pages);
	return at;
}

static int publish(struct getting *g, uint32_t frame)
{
	struct nommu_board *b = g->b;
	struct seg_shm *s, fresh;
	uint32_t file;

	pending_remove(b, g->mm, frame);
	g->shm = segment_take(b, TABLE_SHMS);
	file = g->shm ? new_file(g, frame) : 0;
	if (!file)
		return verdict_refuse(g->v, -ENOSPC, NOMMU_RULE_SHM_FULL);
	s = shm_at(b, g->shm);
	fresh = (struct seg_shm){
		.state = 1,
		.key = g->key,
		.sequence = s->sequence,
		.file = file,
		.mode = (uint32_t)g->flags & 0777,
		.uid = g->caller->uid,
		.gid = g->caller->gid,
		.cuid = g->caller->uid,
		.cgid = g->caller->gid,
		.cpid = (uint32_t)g->caller->pid,
		.ctime = shm_now(),
	};
	journal_copy(b, s, &fresh, sizeof(fresh));
	g->v->addr = frame_addr(b, frame);
	g->v->pages = page_count(g->size);
	g->v->rule = NOMMU_RULE_SHM_CREATED;
	return 0;
}

/* The pages are zeroed; somebody may have made the same key meanwhile. */
static int publish_or_find(struct getting *g, uint32_t frame)
{
	int error;

	g->mm = mm_get(g->b, g->owner);
	if (!g->mm)
		return verdict_refuse(g->v, -ESRCH, NOMMU_RULE_NO_SUCH_MM);
	find_key(g);
	if (!g->shm)
		return publish(g, frame);
	error = decide_found(g);
	if (!error)
		pending_free(g->b, g->mm, frame);
	return error;
}

/* In the lock; out of it when this returns. The pages are the mm's pending ones while they are cleared. */
static int create(struct getting *g)
{
	struct nommu_board *b = g->b;
	uint64_t pages = page_count(g->size);
	uint32_t block, frame = pages <= b->pages ? pending_take(b, g->mm, 0, (uint32_t)pages, 1, &block) : 0;
	int error = frame ? 0 : verdict_no_memory(b, g->v, pages);

	if (error) {
		tx_abort(b);
		return error;
	}
	error = tx_end(b);
	if (error)
		return verdict_busy(b, g->v, error);
	segment_clear(b, frame_addr(b, frame), pages << NOMMU_PAGE_SHIFT);
	error = tx_begin_waiting(b);
	if (error)
		return verdict_busy(b, g->v, error);
	error = publish_or_find(g, frame);
	if (error) {
		tx_abort(b);
		pending_drop(b, g->owner, frame);
	}
	return error;
}

static int get_once(struct getting *g, int32_t *id)
{
	struct nommu_board *b = g->b;
	int error = mm_begin(b, g->owner, &g->mm, g->v);

	if (error)
		return error;
	find_key(g);
	error = g->shm ? decide_found(g) : decide_new(g);
	if (error) {
		tx_abort(b);
		return error;
	}
	if (!g->shm)
		error = create(g);
	if (error)
		return error;
	*id = shm_id(b, g->shm);
	error = tx_end(b);
	return error ? verdict_busy(b, g->v, error) : 0;
}

int nommu_shm_get(struct nommu_board *b, const struct nommu_mm *mm, const struct nommu_shm_caller *caller, int32_t key,
		  uint64_t size, int flags, int32_t *id, struct nommu_verdict *v)
{
	int error;

	for (int tries = 0;; tries++) {
		struct getting g = { .b = b, .owner = mm, .caller = caller, .v = v, .key = (uint32_t)key,
				     .size = size, .flags = flags };

		*v = (struct nommu_verdict){ .asked = size };
		error = get_once(&g, id);
		if (error != -ENOMEM || v->rule != NOMMU_RULE_NO_MEMORY || !reap_for_memory(b, tries))
			return error;
	}
}

/* ---- shmat, shmdt ---------------------------------------------------------------------------------------------- */

/* What mmap is to be asked for, if the segment is there and permits it. */
static int decide_attach(struct nommu_board *b, const struct nommu_shm_caller *caller, int32_t id, uint64_t addr,
			 int flags, struct nommu_request *request, struct nommu_verdict *v)
{
	uint32_t shm = shm_get(b, id), mode = 0444;
	const struct seg_file *file;

	request->prot = PROT_READ;
	if (!(flags & SHM_RDONLY)) {
		request->prot |= PROT_WRITE;
		mode |= 0222;
	}
	if (flags & SHM_EXEC) {
		request->prot |= PROT_EXEC;
		mode |= 0111;
	}
	if (!shm)
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_NO_ID);
	if (!shm_permits(shm_at(b, shm), caller, mode))
		return verdict_refuse(v, -EACCES, NOMMU_RULE_SHM_ACCESS);
	if (addr)
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_ADDRESS);
	file = file_at(b, shm_at(b, shm)->file);
	request->length = file->size;
	request->id = file->id;
	return 0;
}

int nommu_shm_attach(struct nommu_board *b, const struct nommu_mm *owner, const struct nommu_shm_caller *caller,
		     int32_t id, uint64_t addr, int flags, struct nommu_verdict *v)
{
	struct nommu_request request = {
		.flags = MAP_SHARED,
		.fd = NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE,
		.task = caller->task,
	};
	uint32_t mm;
	int error;

	*v = (struct nommu_verdict){ .addr = addr };
	if (id < 0)
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_NO_ID);
	if (addr ? addr & (NOMMU_PAGE_SIZE - 1) && !(flags & SHM_RND) : flags & SHM_REMAP)
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_ADDRESS);
	error = mm_begin(b, owner, &mm, v);
	if (error)
		return error;
	error = decide_attach(b, caller, id, addr, flags, &request, v);
	if (error) {
		tx_abort(b);
		return error;
	}
	error = tx_end(b);
	if (error)
		return verdict_busy(b, v, error);
	error = nommu_mmap(b, owner, &request, v);
	/* The lock was free for a moment. */
	if (error == -ENODEV && v->rule == NOMMU_RULE_NO_MMAP)
		return verdict_refuse(v, -EIDRM, NOMMU_RULE_SHM_NO_ID);
	return error;
}

/* The attach that begins there. The page tells its file, and the file how long the mapping is. */
static uint32_t find_attach(struct nommu_board *b, uint32_t mm, uint64_t addr)
{
	uint32_t frame = addr & (NOMMU_PAGE_SIZE - 1) ? 0 : frame_of(b, addr);
	const struct seg_file *file;

	if (frame)
		frame = pages_chunk(b, frame);
	if (!frame || frame_at(b, frame)->state != FRAME_FILE)
		return 0;
	file = file_at(b, frame_at(b, frame)->owner);
	return shm_of(file) ? vma_find(b, mm, addr, (uint32_t)page_count(file->size)) : 0;
}

int nommu_shm_detach(struct nommu_board *b, const struct nommu_mm *owner, uint64_t addr, struct nommu_verdict *v)
{
	uint32_t mm, id;
	int error;

	*v = (struct nommu_verdict){ .addr = addr };
	error = mm_begin(b, owner, &mm, v);
	if (error)
		return error;
	id = find_attach(b, mm, addr);
	if (!id) {
		tx_abort(b);
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_NOT_ATTACHED);
	}
	vma_remove(b, id);
	v->rule = NOMMU_RULE_SHM_DETACHED;
	error = tx_end(b);
	if (error)
		return verdict_busy(b, v, error);
	reap(b);
	return 0;
}
