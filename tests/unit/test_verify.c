/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_verify - damaged tables: verify notices each field that is wrong, and operations on a damaged board answer,
 * mostly -EIO, but never crash, hang or lead outside.
 *
 * All damage is done in children: one that crashes or hangs says by the shared memory what it was doing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "damage.h"
#include "suites.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROUNDS 1500
#else
#define ROUNDS 6000
#endif

/* ---- each field ------------------------------------------------------------------------------------------------ */

enum where {
	IN_HEADER,
	IN_FRAME,
	IN_REGION,
	IN_VMA,
	IN_MM,
	IN_FILE,
	IN_SHM,
};

struct field {
	const char *name;
	enum where where;
	size_t offset, size;
	bool (*counts)(struct nommu_board *b, uint32_t id); /* in which records it means something */
	uint64_t least; /* a smaller value may be right too: nobody can notice */
};

static bool always(struct nommu_board *b, uint32_t id)
{
	(void)b, (void)id;
	return true;
}

static bool frame_is_head(struct nommu_board *b, uint32_t id)
{
	return frame_at(b, id)->state != FRAME_TAIL;
}

static bool frame_is_free(struct nommu_board *b, uint32_t id)
{
	return frame_at(b, id)->state == FRAME_FREE;
}

static bool frame_has_owner(struct nommu_board *b, uint32_t id)
{
	return frame_is_head(b, id) && !frame_is_free(b, id);
}

static bool frame_is_extent(struct nommu_board *b, uint32_t id)
{
	for (uint32_t file = 1; file <= b->header->table[TABLE_FILES].high; file++)
		if (damage_in_tree(b, file_at(b, file)->extents, id))
			return true;
	return false;
}

static bool region_is_used(struct nommu_board *b, uint32_t id)
{
	return region_at(b, id)->state;
}

static bool region_in_tree(struct nommu_board *b, uint32_t id)
{
	return region_at(b, id)->state && region_at(b, id)->flags & REGION_SHAREABLE;
}

static bool vma_is_used(struct nommu_board *b, uint32_t id)
{
	return vma_at(b, id)->mm;
}

static bool mm_is_used(struct nommu_board *b, uint32_t id)
{
	return mm_at(b, id)->state;
}

static bool file_is_used(struct nommu_board *b, uint32_t id)
{
	return file_at(b, id)->state;
}

static bool file_is_in_window(struct nommu_board *b, uint32_t id)
{
	return file_at(b, id)->state && file_at(b, id)->backing == BACKING_WINDOW;
}

static bool file_is_hashed(struct nommu_board *b, uint32_t id)
{
	return file_at(b, id)->state && file_at(b, id)->hashed;
}

static bool file_is_segment(struct nommu_board *b, uint32_t id)
{
	return file_at(b, id)->state && shm_of(file_at(b, id));
}

static bool shm_is_used(struct nommu_board *b, uint32_t id)
{
	return shm_at(b, id)->state;
}

#define F(where, type, field, counts) \
	{ #type "." #field, where, offsetof(struct type, field), sizeof(((struct type *)0)->field), counts, 0 }

static const struct field fields[] = {
	F(IN_HEADER, seg_header, free_pages, always),
	F(IN_HEADER, seg_header, anon_pages, always),
	F(IN_HEADER, seg_header, slack_pages, always),
	F(IN_HEADER, seg_header, file_pages, always),
	F(IN_HEADER, seg_header, orphan_pages, always),
	F(IN_HEADER, seg_header, pending_pages, always),
	F(IN_HEADER, seg_header, reap_file, always),
	F(IN_HEADER, seg_header, reap_region, always),
	F(IN_HEADER, seg_header, free_first[0], always),
	F(IN_HEADER, seg_header, free_first[3], always),
	F(IN_HEADER, seg_header, free_first[5], always),
	F(IN_HEADER, seg_header, table[TABLE_REGIONS].free, always),
	F(IN_HEADER, seg_header, table[TABLE_REGIONS].high, always),
	F(IN_HEADER, seg_header, table[TABLE_REGIONS].used, always),
	F(IN_HEADER, seg_header, table[TABLE_VMAS].free, always),
	F(IN_HEADER, seg_header, table[TABLE_VMAS].high, always),
	F(IN_HEADER, seg_header, table[TABLE_VMAS].used, always),
	F(IN_HEADER, seg_header, table[TABLE_MMS].free, always),
	F(IN_HEADER, seg_header, table[TABLE_MMS].high, always),
	F(IN_HEADER, seg_header, table[TABLE_MMS].used, always),
	F(IN_HEADER, seg_header, table[TABLE_FILES].free, always),
	F(IN_HEADER, seg_header, table[TABLE_FILES].high, always),
	F(IN_HEADER, seg_header, table[TABLE_FILES].used, always),
	F(IN_HEADER, seg_header, table[TABLE_SHMS].free, always),
	F(IN_HEADER, seg_header, table[TABLE_SHMS].high, always),
	F(IN_HEADER, seg_header, table[TABLE_SHMS].used, always),
	F(IN_FRAME, seg_frame, state, always),
	F(IN_FRAME, seg_frame, order, frame_is_head),
	F(IN_FRAME, seg_frame, owner, frame_has_owner),
	F(IN_FRAME, seg_frame, next, frame_is_free),
	F(IN_FRAME, seg_frame, prev, frame_is_free),
	F(IN_FRAME, seg_frame, node.start, frame_is_extent),
	F(IN_FRAME, seg_frame, node.end, frame_is_extent),
	F(IN_FRAME, seg_frame, node.max_end, frame_is_extent),
	F(IN_FRAME, seg_frame, node.left, frame_is_extent),
	F(IN_FRAME, seg_frame, node.right, frame_is_extent),
	F(IN_REGION, seg_region, state, region_is_used),
	F(IN_REGION, seg_region, file, region_is_used),
	F(IN_REGION, seg_region, first_vma, region_is_used),
	F(IN_REGION, seg_region, last_vma, region_is_used),
	F(IN_REGION, seg_region, users, region_is_used),
	F(IN_REGION, seg_region, pages, region_is_used),
	F(IN_REGION, seg_region, block, region_is_used),
	F(IN_REGION, seg_region, start, region_is_used),
	F(IN_REGION, seg_region, node.start, region_is_used),
	F(IN_REGION, seg_region, node.end, region_is_used),
	F(IN_REGION, seg_region, node.aux, region_is_used),
	F(IN_REGION, seg_region, node.max_end, region_in_tree),
	F(IN_REGION, seg_region, node.max_aux, region_in_tree),
	F(IN_REGION, seg_region, node.left, region_in_tree),
	F(IN_REGION, seg_region, node.right, region_in_tree),
	F(IN_VMA, seg_vma, link, vma_is_used),
	F(IN_VMA, seg_vma, mm, vma_is_used),
	F(IN_VMA, seg_vma, hash_prev, vma_is_used),
	F(IN_VMA, seg_vma, region, vma_is_used),
	F(IN_VMA, seg_vma, pages, vma_is_used),
	F(IN_VMA, seg_vma, mm_next, vma_is_used),
	F(IN_VMA, seg_vma, mm_prev, vma_is_used),
	F(IN_VMA, seg_vma, region_next, vma_is_used),
	F(IN_VMA, seg_vma, region_prev, vma_is_used),
	F(IN_VMA, seg_vma, start, vma_is_used),
	F(IN_VMA, seg_vma, pgoff, vma_is_used),
	F(IN_MM, seg_mm, state, mm_is_used),
	F(IN_MM, seg_mm, first_vma, mm_is_used),
	F(IN_MM, seg_mm, vmas, mm_is_used),
	F(IN_MM, seg_mm, pending, mm_is_used),
	F(IN_MM, seg_mm, pages, mm_is_used),
	F(IN_FILE, seg_file, link, file_is_hashed),
	F(IN_FILE, seg_file, state, file_is_used),
	F(IN_FILE, seg_file, hash_prev, file_is_hashed),
	F(IN_FILE, seg_file, backing, file_is_used),
	F(IN_FILE, seg_file, window, file_is_in_window),
	{ "seg_file.offset", IN_FILE, offsetof(struct seg_file, offset), 8, file_is_in_window, 4 * NOMMU_PAGE_SIZE },
	{ "seg_file.size", IN_FILE, offsetof(struct seg_file, size), 8, file_is_in_window, 4 * NOMMU_PAGE_SIZE },
	F(IN_FILE, seg_file, extents, file_is_used),
	F(IN_FILE, seg_file, regions, file_is_used),
	F(IN_FILE, seg_file, mappings, file_is_used),
	F(IN_FILE, seg_file, pins, file_is_used),
	F(IN_FILE, seg_file, pages, file_is_used),
	F(IN_FILE, seg_file, shm, file_is_segment),
	F(IN_FILE, seg_file, named, file_is_segment),
	F(IN_FILE, seg_file, id.ino, file_is_segment),
	F(IN_FILE, seg_file, id.birth, file_is_segment),
	F(IN_SHM, seg_shm, state, shm_is_used),
	F(IN_SHM, seg_shm, sequence, shm_is_used),
	F(IN_SHM, seg_shm, file, shm_is_used),
};

static uint32_t records(const struct nommu_board *b, enum where where)
{
	switch (where) {
	case IN_HEADER:
		return 1;
	case IN_FRAME:
		return b->pages;
	case IN_REGION:
		return b->header->table[TABLE_REGIONS].high;
	case IN_VMA:
		return b->header->table[TABLE_VMAS].high;
	case IN_MM:
		return b->header->table[TABLE_MMS].high;
	case IN_SHM:
		return b->header->table[TABLE_SHMS].high;
	default:
		return b->header->table[TABLE_FILES].high;
	}
}

static char *record(struct nommu_board *b, enum where where, uint32_t id)
{
	switch (where) {
	case IN_HEADER:
		return (char *)b->header;
	case IN_FRAME:
		return (char *)frame_at(b, id);
	case IN_REGION:
		return (char *)region_at(b, id);
	case IN_VMA:
		return (char *)vma_at(b, id);
	case IN_MM:
		return (char *)mm_at(b, id);
	case IN_SHM:
		return (char *)shm_at(b, id);
	default:
		return (char *)file_at(b, id);
	}
}

/* The i-th wrong value; false when there are no more. */
static bool wrong_value(uint64_t right, size_t size, unsigned i, uint64_t *wrong)
{
	uint64_t mask = size == 8 ? UINT64_MAX : (1ULL << size * 8) - 1;
	const uint64_t values[] = { right + 1, right - 1, 0, 1, 2, 5, mask, mask >> 1, right ^ (mask - (mask >> 1)),
				    right * 2 };

	if (i == sizeof(values) / sizeof(*values))
		return false;
	*wrong = values[i] & mask;
	return true;
}

static bool damage_field(struct damage *d, const struct field *f, uint32_t id)
{
	struct nommu_why why = { "" };
	uint64_t right = 0, wrong;
	char *at = record(d->b, f->where, id) + f->offset;

	memcpy(&right, at, f->size);
	for (unsigned i = 0; wrong_value(right, f->size, i, &wrong); i++) {
		if (wrong == right || wrong < f->least)
			continue;
		damage_note(d, "%s of %u: %#llx instead of %#llx", f->name, id, (unsigned long long)wrong,
			    (unsigned long long)right);
		memcpy(at, &wrong, f->size);
		if (nommu_verify(d->b, &why) != -EIO || !why.text[0])
			return damage_fail(d, "verify does not notice");
		memcpy(at, &right, f->size);
		if (nommu_verify(d->b, &why))
			return damage_fail(d, "verify itself changed something: %s", why.text);
		memcpy(at, &wrong, f->size);
		if (!damage_operate(d))
			return false;
		damage_restore(d);
	}
	return true;
}

static bool each_record(struct damage *d, unsigned seed)
{
	const struct field *f = &fields[seed];
	unsigned tried = 0;

	for (uint32_t id = 1; id <= records(d->b, f->where); id++) {
		if (!f->counts(d->b, id))
			continue;
		tried++;
		if (!damage_field(d, f, id))
			return false;
	}
	damage_note(d, "%s", f->name);
	return tried > 0 || damage_fail(d, "there is no record to damage");
}

START_TEST(damaged_field)
{
	damage_run(each_record, (unsigned)_i);
}
END_TEST

/* ---- anything -------------------------------------------------------------------------------------------------- */

static unsigned pick(uint64_t *random, unsigned below)
{
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return (unsigned)((*random * 0x2545f4914f6cdd1dULL >> 32) * below >> 32);
}

/* Where there is something: half of the time a word that is not 0. */
static uint64_t place(struct damage *d, uint64_t *random)
{
	uint64_t at = 0;

	for (int i = 0; i < 200; i++) {
		/* The lock's page is not the tables': see damaged_lock. */
		do
			at = pick(random, (unsigned)d->b->size / 4) * 4ULL;
		while (at >= SEG_LOCK_AT && at < SEG_JOURNAL_AT);
		if (i == 0 && pick(random, 4) == 0)
			break;
		if (at >= SEG_TABLES_AT && *(uint32_t *)(void *)(d->b->base + at))
			break;
		if (at < sizeof(struct seg_header))
			break;
	}
	return at;
}

static bool random_damage(struct damage *d, unsigned seed)
{
	uint64_t random = (seed + 1) * 0x9e3779b97f4a7c15ULL;

	for (int round = 0; round < ROUNDS; round++) {
		unsigned n = 1 + pick(&random, 1 + pick(&random, 12));
		static const uint32_t values[] = { 0, 1, 2, 3, 7, 64, 255, 0x7fffffff, 0x80000000, UINT32_MAX };

		damage_note(d, "round %d of seed %u", round, seed);
		while (n--) {
			uint64_t at = place(d, &random);
			uint32_t *word = (uint32_t *)(void *)(d->b->base + at);

			switch (pick(&random, 4)) {
			case 0:
				*word = values[pick(&random, sizeof(values) / sizeof(*values))];
				break;
			case 1:
				*word ^= 1u << pick(&random, 32);
				break;
			case 2:
				*word = pick(&random, 200);
				break;
			default:
				((unsigned char *)word)[pick(&random, 4)] = (unsigned char)pick(&random, 256);
				break;
			}
		}
		if (!damage_operate(d))
			return false;
		damage_restore(d);
	}
	return d->stops > ROUNDS / 4 ||
	       damage_fail(d, "the board was stopped %llu times only", (unsigned long long)d->stops);
}

START_TEST(damaged_anywhere)
{
	damage_run(random_damage, (unsigned)_i);
}
END_TEST

/* Any journal is rolled back without leading outside; what it does to the tables is found by the verify after it. */
static bool random_journal(struct damage *d, unsigned seed)
{
	uint64_t random = (seed + 1) * 0xff51afd7ed558ccdULL;

	for (int round = 0; round < ROUNDS / 4; round++) {
		struct seg_journal *journal = d->b->journal;
		unsigned n = 1 + pick(&random, 20);

		damage_note(d, "journal, round %d of seed %u", round, seed);
		for (unsigned i = 0; i < n; i++) {
			journal->undo[i].where = pick(&random, 2)
							 ? pick(&random, (unsigned)d->b->size + 64)
							 : (uint64_t)pick(&random, UINT32_MAX) << pick(&random, 33);
			/* Not the lock's page: whom it would name might live. */
			if (journal->undo[i].where >= SEG_LOCK_AT && journal->undo[i].where < SEG_JOURNAL_AT + 8)
				journal->undo[i].where = SEG_TABLES_AT;
			journal->undo[i].old = pick(&random, 2) ? pick(&random, 200) : random;
		}
		journal->count = pick(&random, 16) ? n : (uint64_t)pick(&random, UINT32_MAX) << pick(&random, 33);
		if (!damage_operate(d))
			return false;
		damage_restore(d);
	}
	return true;
}

START_TEST(damaged_journal)
{
	damage_run(random_journal, (unsigned)_i);
}
END_TEST

/* Once damage was seen every call says so, and none changes a thing. */
static bool stopped_board(struct damage *d, unsigned seed)
{
	struct nommu_verdict v;
	struct nommu_stats stats;
	uint32_t file;

	(void)seed;
	damage_note(d, "a list of free blocks leads out of RAM");
	for (int order = 0; order < NOMMU_ORDERS; order++)
		if (d->b->header->free_first[order])
			d->b->header->free_first[order] = UINT32_MAX;
	/* What notices it first may have another reason to refuse. */
	if (nommu_mmap(d->b, &d->mm, &(struct nommu_request){ .length = 1, .flags = MAP_PRIVATE | MAP_ANONYMOUS },
		       &v) >= 0)
		return damage_fail(d, "mmap: %d by %s", v.error, nommu_rule_name(v.rule));
	memcpy(d->good, d->b->base, d->b->size);
	if (nommu_munmap(d->b, &d->mm, d->addr[0], 5 * NOMMU_PAGE_SIZE, &v) != -EIO ||
	    v.rule != NOMMU_RULE_BOARD_STOPPED)
		return damage_fail(d, "munmap: %d by %s", v.error, nommu_rule_name(v.rule));
	if (nommu_stats(d->b, &stats) != -EIO || nommu_mm_exit(d->b, &d->mm) != -EIO ||
	    nommu_file_find(d->b, &(struct nommu_id){ .ino = 1 }, &file) != -EIO ||
	    nommu_file_truncate(d->b, d->file[0], 0) != -EIO || nommu_board_wait(d->b, 100) != -EIO)
		return damage_fail(d, "a stopped board answers");
	return !memcmp(d->good + SEG_JOURNAL_AT, d->b->base + SEG_JOURNAL_AT, d->b->size - SEG_JOURNAL_AT) ||
	       damage_fail(d, "a stopped board changes");
}

START_TEST(damage_stops)
{
	damage_run(stopped_board, 0);
}
END_TEST

/* The lock names a task that lives, but never had it: callers wait so long and no longer. One that names nobody that
 * lives is taken. */
static bool wrong_owner(struct damage *d, unsigned seed)
{
	struct nommu_stats stats;
	int result;

	(void)seed;
	damage_note(d, "the lock is said to be this program's parent's");
	d->b->lock->word = (uint32_t)getppid();
	d->b->lock->since = UINT64_MAX;
	nommu_board_set_nonblocking(d->b, true);
	result = nommu_stats(d->b, &stats);
	if (result != -EAGAIN)
		return damage_fail(d, "non-blocking: %d", result);
	nommu_board_set_nonblocking(d->b, false);
	result = nommu_board_wait(d->b, 300);
	if (result != -EAGAIN)
		return damage_fail(d, "nommu_board_wait: %d", result);
	damage_restore(d);
	damage_note(d, "the lock is said to be a task's that there is not");
	d->b->lock->word = 0x3ffffff0;
	result = nommu_stats(d->b, &stats);
	if (result)
		return damage_fail(d, "%d", result);
	return stats.recoveries == 1 || damage_fail(d, "there was no recovery");
}

START_TEST(damaged_lock)
{
	damage_run(wrong_owner, 0);
}
END_TEST

SUITE(verify)
{
	Suite *suite = suite_create("verify");
	TCase *tcase = tcase_create("damage");

	tcase_set_timeout(tcase, 200);
	tcase_add_loop_test(tcase, damaged_field, 0, sizeof(fields) / sizeof(*fields));
	tcase_add_loop_test(tcase, damaged_anywhere, 0, 4);
	tcase_add_loop_test(tcase, damaged_journal, 0, 2);
	tcase_add_test(tcase, damage_stops);
	tcase_add_test(tcase, damaged_lock);
	suite_add_tcase(suite, tcase);
	return suite;
}
