/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nommu_shm.h - System V shared memory on a board. The conventions are those of nommu.h.
 *
 * A segment is a file in board RAM without a name of its own: one contiguous, zeroed, trimmed run, mapped in place and
 * shared, at the same address in every process. Its attaches are the file's mappings, so an mm's exit detaches.
 * Flags and commands are those of <sys/shm.h>; errors are the kernel's. Verdicts say why; where a call answers -EINVAL
 * for an id there is no such segment, or there is one no more.
 */
#ifndef NOMMU_SHM_H
#define NOMMU_SHM_H

#include "nommu.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NOMMU_SHM_ANY_ACCESS 0x1u /* CAP_IPC_OWNER: permissions are not asked */
#define NOMMU_SHM_ANY_OWNER  0x2u /* CAP_SYS_ADMIN: may change and remove what is another's */
#define NOMMU_SHM_ANY_LOCK   0x4u /* CAP_IPC_LOCK */

/* Who calls: effective ids. */
struct nommu_shm_caller {
	uint32_t uid, gid;
	int32_t pid;
	uint32_t may;  /* NOMMU_SHM_ANY_… */
	uint32_t task; /* NOMMU_TASK_…, for attach */
	uint32_t group_count;
	const uint32_t *groups; /* supplementary ones */
};

/* shmget: the segment of @key, made if there is none and @flags say IPC_CREAT; always a new one for IPC_PRIVATE. The
 * pages are cleared without the lock, as @mm's, which has to be the caller's own.
 * Errors: ENOENT no such key; EEXIST by IPC_EXCL; EINVAL a new one of 0 bytes or more than SHMMAX, one that is there is
 * smaller than @size, or SHM_HUGETLB; EACCES its mode forbids what @flags ask; EFBIG larger than the largest block;
 * ENOMEM no such run; ENOSPC the table is full; ESRCH no such mm. */
int nommu_shm_get(struct nommu_board *board, const struct nommu_mm *mm, const struct nommu_shm_caller *caller,
		  int32_t key, uint64_t size, int flags, int32_t *id, struct nommu_verdict *verdict);

/* shmat: map it; the address comes in @verdict. Also one that is marked for removal (kernel).
 * Errors: EINVAL no such id, SHM_REMAP, or any @addr; EACCES its mode forbids reading, writing (without SHM_RDONLY) or
 * executing (with SHM_EXEC); EIDRM it was removed meanwhile; ENOMEM the tables are full; ESRCH no such mm. */
int nommu_shm_attach(struct nommu_board *board, const struct nommu_mm *mm, const struct nommu_shm_caller *caller,
		     int32_t id, uint64_t addr, int flags, struct nommu_verdict *verdict);

/* shmdt: unmap the segment that begins exactly at @addr; attached several times, one goes per call.
 * Errors: EINVAL @mm has none there; ESRCH no such mm. */
int nommu_shm_detach(struct nommu_board *board, const struct nommu_mm *mm, uint64_t addr,
		     struct nommu_verdict *verdict);

struct nommu_shm {
	int32_t id;
	int32_t key;
	uint32_t mode; /* with SHM_DEST: goes with its last detach */
	uint32_t uid, gid, cuid, cgid;
	int32_t cpid, lpid;
	uint32_t attaches;
	uint64_t size; /* bytes, as they were asked */
	int64_t atime, dtime, ctime;
};

/* IPC_STAT, and SHM_STAT by index. @caller NULL: its mode is not asked (SHM_STAT_ANY).
 * Errors: EINVAL no such segment; EACCES its mode forbids reading. */
int nommu_shm_stat(struct nommu_board *board, const struct nommu_shm_caller *caller, int32_t id,
		   struct nommu_shm *shm, struct nommu_verdict *verdict);
int nommu_shm_stat_at(struct nommu_board *board, const struct nommu_shm_caller *caller, int32_t index,
		      struct nommu_shm *shm, struct nommu_verdict *verdict);

/* IPC_SET: owner, group and the nine bits of the mode. Errors: EINVAL no such id, or an id of all ones; EPERM @caller
 * neither owns nor made it. */
int nommu_shm_set(struct nommu_board *board, const struct nommu_shm_caller *caller, int32_t id, uint32_t uid,
		  uint32_t gid, uint32_t mode, struct nommu_verdict *verdict);

/* IPC_RMID: the key is free at once; the memory goes now, or with the last detach. Errors: EINVAL, EPERM as above. */
int nommu_shm_remove(struct nommu_board *board, const struct nommu_shm_caller *caller, int32_t id,
		     struct nommu_verdict *verdict);

/* SHM_LOCK and SHM_UNLOCK: nothing is ever swapped out. Errors: EINVAL, EPERM as above. */
int nommu_shm_lock(struct nommu_board *board, const struct nommu_shm_caller *caller, int32_t id,
		   struct nommu_verdict *verdict);

/* IPC_INFO and SHM_INFO. */
struct nommu_shm_info {
	uint64_t size_max;   /* SHMMAX, SHMALL: what the kernel says; the largest block is the bound */
	uint32_t count_max;  /* SHMMNI */
	uint32_t count;
	int32_t index_max;   /* the highest index in use; 0 also if there is none */
	uint64_t pages;      /* of all segments */
};

int nommu_shm_info(struct nommu_board *board, struct nommu_shm_info *info, struct nommu_verdict *verdict);

/* Every segment, by index; *@shms is malloc'ed and becomes the caller's. */
int nommu_shms(struct nommu_board *board, struct nommu_shm **shms, size_t *count);

#ifdef __cplusplus
}
#endif
#endif
