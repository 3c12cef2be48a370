/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal - what the engine's files offer each other; a section a file, from the bottom up. Everything here is
 * called between tx_begin and tx_end unless it says otherwise, and changes the segment by the journal alone.
 */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "engine/journal.h"
#include "engine/lock.h"
#include "engine/rules.h"
#include "engine/segment.h"
#include "nommu_shm.h"

/*
 * itree.c - interval trees: treaps whose nodes lie in the records, ordered by start, end and record number, each
 * with the highest end of its subtree. Priorities are hashes of the record numbers, so depth does not depend on the
 * order of insertion.
 */
struct itree {
	char *nodes;     /* record 0's node */
	uint32_t stride;
	uint32_t count;
	uint32_t *root;
};

struct itree itree_regions(struct nommu_board *b, struct seg_file *file);
struct itree itree_extents(struct nommu_board *b, struct seg_file *file);
/* The record's node must have start, end and aux set. */
void itree_insert(struct nommu_board *b, const struct itree *tree, uint32_t id);
void itree_erase(struct nommu_board *b, const struct itree *tree, uint32_t id);
/* A node in the tree got another end (keeping its place in the order) or aux. */
void itree_change(struct nommu_board *b, const struct itree *tree, uint32_t id, uint64_t end, uint64_t aux);
/* The last node with start <= @at; 0 if none. */
uint32_t itree_floor(struct nommu_board *b, const struct itree *tree, uint64_t at);
/* Visit, in order, the nodes that overlap [start, end), until @visit returns true. Returns whether it did. */
typedef bool itree_visit_fn(struct nommu_board *b, uint32_t id, void *arg);
bool itree_overlapping(struct nommu_board *b, const struct itree *tree, uint64_t start, uint64_t end,
		       itree_visit_fn *visit, void *arg);
/* The same for nodes that are exactly [start, end). */
bool itree_equal(struct nommu_board *b, const struct itree *tree, uint64_t start, uint64_t end, itree_visit_fn *visit,
		 void *arg);

/*
 * pages.c - the buddy allocator: blocks of 2^order pages aligned to their size, trimmed to what is asked.
 */
void pages_format(struct nommu_board *b); /* at creation; no lock, no journal */
uint32_t pages_order(uint64_t pages);     /* the smallest order that holds so many */
uint32_t pages_free_blocks(struct nommu_board *b, unsigned int order); /* how many; walks them */
int pages_largest(struct nommu_board *b); /* order of the largest free block, -1 if there is none */
/* A run of @pages, aligned to its block, its chunks marked. *@block becomes how many were kept: @pages, or the whole
 * block if the excess is under @trim or @trim is 0. Returns its first frame, 0 if there is no such run. */
uint32_t pages_alloc(struct nommu_board *b, uint32_t pages, uint32_t trim, enum seg_frame_state state, uint32_t owner,
		     uint32_t *block);
void pages_free(struct nommu_board *b, uint32_t id, uint32_t pages);
/* Give the run [id, id + pages) to another owner. */
void pages_mark(struct nommu_board *b, uint32_t id, uint32_t pages, enum seg_frame_state state, uint32_t owner);
/* First frame of the chunk that holds this one. */
uint32_t pages_chunk(struct nommu_board *b, uint32_t id);
/* Let the chunk that holds the frame end before it. */
void pages_cut(struct nommu_board *b, uint32_t id);

/*
 * extent.c - which frame holds which page of a file in board RAM: extents, runs that are as long as they can be.
 */
/* The frame of page @pgoff, 0 in a hole; *@run becomes how many frames follow in one run, or how long the hole is
 * (within @pages). May be called without the lock by the file's one writer. */
uint32_t extent_find(struct nommu_board *b, struct seg_file *file, uint64_t pgoff, uint64_t pages, uint64_t *run);
void extent_add(struct nommu_board *b, struct seg_file *file, uint64_t pgoff, uint32_t id, uint32_t pages);
/* Take the last page of the extent that is the file's last one out of the file: its frame, no longer marked the
 * file's extent but still its chunk, with its page number; 0 if the last extent ends at or before @limit. */
uint32_t extent_pop(struct nommu_board *b, struct seg_file *file, uint64_t limit, uint64_t *pgoff);

/*
 * pending.c - pages that are being filled without the lock: on their mm's list, which exit frees.
 */
uint32_t pending_take(struct nommu_board *b, uint32_t mm, uint32_t file, uint32_t pages, uint32_t trim,
		      uint32_t *block);
/* Take a run off the list, to be marked or freed by the caller. Returns how many pages it has. */
uint32_t pending_remove(struct nommu_board *b, uint32_t mm, uint32_t id);
void pending_free(struct nommu_board *b, uint32_t mm, uint32_t id);
/* The same in a transaction of its own: what was being filled is given up. */
void pending_drop(struct nommu_board *b, const struct nommu_mm *owner, uint32_t id);

/*
 * file.c - mappable files.
 */
/* The hash chain of an id. */
uint32_t *file_bucket(struct nommu_board *b, const struct nommu_id *id);
uint32_t file_lookup(struct nommu_board *b, const struct nommu_id *id);
uint32_t file_new(struct nommu_board *b, const struct nommu_id *id, const struct nommu_file_attr *attr,
		  enum seg_backing backing, const char *name);
/* Called after mappings, pins or named went down: puts a file that nobody wants on the list of the reaped. */
void file_unwanted(struct nommu_board *b, uint32_t id);
/* Whether a caller's handle is a file; a wrong one is the caller's mistake, not damage. */
bool file_known(struct nommu_board *b, uint32_t id);
/* Whether the driver's answers are answers. */
bool file_answers(const struct nommu_file_attr *attr);
/* What the file's address operation answers: 0 with the address, NOMMU_OP_NONE or -errno. */
int file_address(struct nommu_board *b, struct seg_file *file, uint64_t pgoff, uint64_t pages, uint64_t *addr);

/*
 * region.c - what lies behind mappings.
 */
/* A new region without users; not yet in its file's tree. 0: the table is full. */
uint32_t region_new(struct nommu_board *b, enum nommu_how how, uint32_t file, uint32_t flags, uint64_t start,
		    uint32_t pages, uint32_t block, uint64_t pgoff);
/* The best region to join; *@id is it. */
void region_find(struct nommu_board *b, struct seg_file *file, const struct rules_plan *plan,
		 struct rules_found *found, uint32_t *id);
/* Its last user is gone: free it, or leave it to the reaper. */
void region_drop(struct nommu_board *b, uint32_t id);
/* Give back pages and record. */
void region_free(struct nommu_board *b, uint32_t id);
/* The highest end of MAP_SHARED users changed. */
void region_set_shared_end(struct nommu_board *b, uint32_t id, uint64_t end);

/*
 * vma.c - one mapping of one process.
 */
uint32_t vma_add(struct nommu_board *b, uint32_t mm, uint32_t region, uint64_t start, uint32_t pages, uint64_t pgoff,
		 uint64_t asked, uint32_t flags);
/* The hash chain it is on. */
uint32_t *vma_bucket(struct nommu_board *b, uint32_t mm, uint64_t start);
uint32_t vma_find(struct nommu_board *b, uint32_t mm, uint64_t start, uint32_t pages);
/* Some mapping of this mm that holds @addr, for the words of a refusal: where RAM's frames do not tell it looks at the
 * newest mappings alone. */
uint32_t vma_holding(struct nommu_board *b, uint32_t mm, uint64_t addr);
/* The anonymous mapping of this mm that holds @addr, by the frames alone. */
uint32_t vma_anonymous(struct nommu_board *b, uint32_t mm, uint64_t addr);
void vma_resize(struct nommu_board *b, uint32_t id, uint64_t start, uint32_t pages, uint64_t asked);
/* Take it out; with the last user its region goes, or is left to the reaper if it is torn. */
void vma_remove(struct nommu_board *b, uint32_t id);

/*
 * reap.c - what a journal is too short for: pages of files that nobody wants and of torn regions without users, given
 * back in steps by whoever comes next. Called without the lock.
 */
bool reap_waiting(const struct nommu_board *b);
void reap(struct nommu_board *b);
/* What tasks were filling that died before their mm did (vfork children, threads). True: some memory came back. */
bool reap_pending(struct nommu_board *b);
/* A request found no memory, for the @tries-th time from 0 on: whether it is worth another, after what there was to give
 * back was given back or waited for. */
bool reap_for_memory(struct nommu_board *b, int tries);

/*
 * shm.c - System V segments.
 */
/* The segment that a mapped file is, 0: none. */
static inline uint32_t shm_of(const struct seg_file *file)
{
	return file->backing == BACKING_RAM ? file->shm : 0;
}
/* The id of a record, and the record of an id that a caller gave, 0: no such segment. */
int32_t shm_id(struct nommu_board *b, uint32_t shm);
uint32_t shm_get(struct nommu_board *b, int64_t id);
/* The same by a key that is not 0. */
uint32_t shm_find(struct nommu_board *b, uint32_t key);
/* Whether the caller may: @mode as in a file's mode, in any of its three places. */
bool shm_permits(const struct seg_shm *shm, const struct nommu_shm_caller *caller, uint32_t mode);
/* Seconds, for its times. */
uint64_t shm_now(void);
/* Its file has one mapping more, or less, of this mm; a marked one goes with the last. */
void shm_attached(struct nommu_board *b, uint32_t shm, uint32_t mm);
void shm_detached(struct nommu_board *b, uint32_t shm, uint32_t mm);
/* It has no attaches: let go of its file, which the caller calls unwanted, and of the record. */
void shm_destroy(struct nommu_board *b, uint32_t shm);

/*
 * mm.c - processes.
 */
uint32_t mm_get(struct nommu_board *b, const struct nommu_mm *mm); /* 0: no such mm */
/* tx_begin for a call of this mm; on failure the verdict says why, and the lock is not held. */
int mm_begin(struct nommu_board *b, const struct nommu_mm *mm, uint32_t *id, struct nommu_verdict *v);

/*
 * verdict.c - how verdicts are filled in.
 */
int verdict_refuse(struct nommu_verdict *v, int error, enum nommu_rule rule);
/* With the figures of a refusal for lack of memory. */
int verdict_no_memory(struct nommu_board *b, struct nommu_verdict *v, uint64_t pages);
/* tx_begin failed. */
int verdict_busy(struct nommu_board *b, struct nommu_verdict *v, int error);

/*
 * verify.c - every invariant of the tables; the lock is held.
 */
int verify_tables(struct nommu_board *b, struct nommu_why *why);

#endif
