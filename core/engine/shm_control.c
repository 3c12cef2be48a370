/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shm_control - what shmctl asks of System V segments, and the list of them.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/shm.h>

#include "engine/internal.h"

static void describe(struct nommu_board *b, uint32_t shm, struct nommu_shm *to)
{
	const struct seg_shm *s = shm_at(b, shm);
	const struct seg_file *file = file_at(b, s->file);

	*to = (struct nommu_shm){
		.id = shm_id(b, shm),
		.key = (int32_t)s->key,
		.mode = s->mode,
		.uid = s->uid,
		.gid = s->gid,
		.cuid = s->cuid,
		.cgid = s->cgid,
		.cpid = (int32_t)s->cpid,
		.lpid = (int32_t)s->lpid,
		.attaches = file->mappings,
		.size = file->size,
		.atime = (int64_t)s->atime,
		.dtime = (int64_t)s->dtime,
		.ctime = (int64_t)s->ctime,
	};
}

/* The lock, and the segment of this id; on failure the verdict says why, and the lock is not held. */
static int begin(struct nommu_board *b, int32_t id, uint32_t *shm, struct nommu_verdict *v)
{
	int error;

	*v = (struct nommu_verdict){ .rule = NOMMU_RULE_SHM_TOLD };
	error = tx_begin(b);
	if (error)
		return verdict_busy(b, v, error);
	*shm = shm_get(b, id);
	if (*shm)
		return 0;
	tx_abort(b);
	return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_NO_ID);
}

/* The same for what is its owner's to do, or that of who has this capability. */
static int begin_owned(struct nommu_board *b, const struct nommu_shm_caller *caller, uint32_t capability, int32_t id,
		       uint32_t *shm, struct nommu_verdict *v)
{
	const struct seg_shm *s;
	int error = begin(b, id, shm, v);

	if (error)
		return error;
	s = shm_at(b, *shm);
	if (caller->may & capability || caller->uid == s->uid || caller->uid == s->cuid)
		return 0;
	tx_abort(b);
	return verdict_refuse(v, -EPERM, NOMMU_RULE_SHM_OWNER);
}

static int end(struct nommu_board *b, struct nommu_verdict *v)
{
	int error = tx_end(b);

	return error ? verdict_busy(b, v, error) : 0;
}

/* In the lock; out of it when this returns. */
static int tell(struct nommu_board *b, const struct nommu_shm_caller *caller, uint32_t shm, struct nommu_shm *to,
		struct nommu_verdict *v)
{
	if (caller && !shm_permits(shm_at(b, shm), caller, 0444)) {
		tx_abort(b);
		return verdict_refuse(v, -EACCES, NOMMU_RULE_SHM_ACCESS);
	}
	describe(b, shm, to);
	return end(b, v);
}

int nommu_shm_stat(struct nommu_board *b, const struct nommu_shm_caller *caller, int32_t id, struct nommu_shm *to,
		   struct nommu_verdict *v)
{
	uint32_t shm;
	int error = begin(b, id, &shm, v);

	return error ? error : tell(b, caller, shm, to, v);
}

int nommu_shm_stat_at(struct nommu_board *b, const struct nommu_shm_caller *caller, int32_t index, struct nommu_shm *to,
		      struct nommu_verdict *v)
{
	int error;

	*v = (struct nommu_verdict){ .rule = NOMMU_RULE_SHM_TOLD };
	error = tx_begin(b);
	if (error)
		return verdict_busy(b, v, error);
	if (index < 0 || (uint32_t)index >= b->shm_count || !shm_at(b, (uint32_t)index + 1)->state) {
		tx_abort(b);
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_NO_ID);
	}
	return tell(b, caller, (uint32_t)index + 1, to, v);
}

int nommu_shm_set(struct nommu_board *b, const struct nommu_shm_caller *caller, int32_t id, uint32_t uid, uint32_t gid,
		  uint32_t mode, struct nommu_verdict *v)
{
	uint32_t shm;
	struct seg_shm *s;
	int error = begin_owned(b, caller, NOMMU_SHM_ANY_OWNER, id, &shm, v);

	if (error)
		return error;
	/* No user has this number. */
	if (uid == UINT32_MAX || gid == UINT32_MAX) {
		tx_abort(b);
		return verdict_refuse(v, -EINVAL, NOMMU_RULE_SHM_COMMAND);
	}
	s = shm_at(b, shm);
	journal_u32(b, &s->uid, uid);
	journal_u32(b, &s->gid, gid);
	journal_u32(b, &s->mode, (s->mode & ~0777u) | (mode & 0777));
	journal_u64(b, &s->ctime, shm_now());
	v->rule = NOMMU_RULE_SHM_CHANGED;
	return end(b, v);
}

int nommu_shm_remove(struct nommu_board *b, const struct nommu_shm_caller *caller, int32_t id, struct nommu_verdict *v)
{
	uint32_t shm, file;
	struct seg_shm *s;
	int error = begin_owned(b, caller, NOMMU_SHM_ANY_OWNER, id, &shm, v);

	if (error)
		return error;
	s = shm_at(b, shm);
	file = s->file;
	if (file_at(b, file)->mappings) {
		journal_u32(b, &s->key, IPC_PRIVATE);
		journal_u32(b, &s->mode, s->mode | SHM_DEST);
		v->rule = NOMMU_RULE_SHM_MARKED;
	} else {
		shm_destroy(b, shm);
		file_unwanted(b, file);
		v->rule = NOMMU_RULE_SHM_REMOVED;
	}
	error = end(b, v);
	reap(b);
	return error;
}

int nommu_shm_lock(struct nommu_board *b, const struct nommu_shm_caller *caller, int32_t id, struct nommu_verdict *v)
{
	uint32_t shm;
	int error = begin_owned(b, caller, NOMMU_SHM_ANY_LOCK, id, &shm, v);

	if (error)
		return error;
	v->rule = NOMMU_RULE_SHM_CHANGED;
	return end(b, v);
}

int nommu_shm_info(struct nommu_board *b, struct nommu_shm_info *info, struct nommu_verdict *v)
{
	uint32_t high = b->header->table[TABLE_SHMS].high;
	int error;

	*v = (struct nommu_verdict){ .rule = NOMMU_RULE_SHM_TOLD };
	error = tx_begin(b);
	if (error)
		return verdict_busy(b, v, error);
	*info = (struct nommu_shm_info){
		.size_max = ULONG_MAX - (1UL << 24),
		.count_max = b->shm_count,
		.count = b->header->table[TABLE_SHMS].used,
	};
	for (uint32_t shm = 1; shm <= high && shm <= b->shm_count; shm++) {
		if (!shm_at(b, shm)->state)
			continue;
		info->index_max = (int32_t)shm - 1;
		info->pages += file_at(b, shm_at(b, shm)->file)->pages;
	}
	return end(b, v);
}

int nommu_shms(struct nommu_board *b, struct nommu_shm **shms, size_t *count)
{
	struct nommu_shm *list = malloc(((size_t)b->shm_count + 1) * sizeof(*list));
	int error;

	*count = 0;
	if (!list)
		return -ENOMEM;
	error = tx_begin(b);
	if (error) {
		free(list);
		return error;
	}
	for (uint32_t shm = 1; shm <= b->header->table[TABLE_SHMS].high && shm <= b->shm_count; shm++)
		if (shm_at(b, shm)->state)
			describe(b, shm, &list[(*count)++]);
	error = tx_end(b);
	if (error)
		free(list);
	else
		*shms = list;
	return error;
}
