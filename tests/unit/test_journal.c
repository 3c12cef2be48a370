/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_journal - the journal itself: what it undoes, what it refuses, and that no transaction comes near its bound, on
 * the worst boards that there can be.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/internal.h"
#include "suites.h"

#define PAGE ((uint64_t)NOMMU_PAGE_SIZE)

static uint64_t most;

static bool note_count(struct nommu_board *b, void *arg)
{
	(void)arg;
	if (b->journal->count > most)
		most = b->journal->count;
	return true;
}

static struct nommu_board *open_board(struct nommu_os *os, uint32_t pages, uint32_t max_order, uint32_t trim)
{
	struct nommu_board *b;
	struct nommu_config config;
	struct nommu_why why = { "" };
	int result;

	nommu_config_init(&config);
	config.ram = pages * PAGE;
	config.max_order = max_order;
	config.trim = trim;
	config.vmas = 4096;
	config.files = 16;
	config.mms = 8;
	*os = os_host;
	os->journal_full = note_count;
	result = nommu_board_create(&config, os, &b, &why);
	ck_assert_msg(result == 0, "nommu_board_create: %d: %s", result, why.text);
	return b;
}

/* ---- what it does ---------------------------------------------------------------------------------------------- */

START_TEST(undoes)
{
	struct nommu_os os;
	struct nommu_board *b = open_board(&os, 64, 5, 1);
	uint32_t *word = &b->header->trim;
	uint64_t *wide = &b->frames[3].node.aux, old = *wide;
	char copy[16] = "0123456789abcde";

	ck_assert_int_eq(tx_begin(b), 0);
	journal_u32(b, word, 5);
	journal_u32(b, word, 6);
	journal_u64(b, wide, 0x123456789abcdef0ULL);
	journal_add(b, word, -2);
	journal_copy(b, &b->frames[5].node, copy, sizeof(copy));
	ck_assert_uint_eq(*word, 4);
	ck_assert_mem_eq(&b->frames[5].node, copy, sizeof(copy));
	ck_assert_uint_eq(b->journal->count, 6);
	/* What is the same already needs no entry. */
	journal_u32(b, word, 4);
	ck_assert_uint_eq(b->journal->count, 6);
	tx_abort(b);
	ck_assert_uint_eq(b->journal->count, 0);
	ck_assert_uint_eq(*word, 1);
	ck_assert_uint_eq(*wide, old);
	ck_assert_int_eq(nommu_verify(b, &(struct nommu_why){ "" }), 0);
	nommu_board_close(b);
}
END_TEST

/* Full: the word is not written, and the transaction is undone as damage is. */
START_TEST(full)
{
	struct nommu_os os;
	struct nommu_board *b = open_board(&os, 64, 5, 1);
	uint32_t *word = &b->header->trim;
	struct nommu_stats stats;

	if (_i)
		os.journal_full = NULL;
	ck_assert_int_eq(tx_begin(b), 0);
	for (uint32_t i = 0; i < SEG_JOURNAL_MAX; i++)
		journal_u32(b, word, 100 + i);
	ck_assert_uint_eq(*word, 100 + SEG_JOURNAL_MAX - 1);
	ck_assert_uint_eq(b->journal->count, SEG_JOURNAL_MAX);
	journal_u32(b, word, 7);
	ck_assert_uint_eq(*word, 100 + SEG_JOURNAL_MAX - 1);
	ck_assert_uint_eq(b->journal->count, SEG_JOURNAL_MAX);
	segment_damaged(b);
	ck_assert_int_eq(tx_end(b), -EIO);
	ck_assert_uint_eq(*word, 1);
	ck_assert_int_eq(nommu_stats(b, &stats), -EIO);
	nommu_board_close(b);
}
END_TEST

/* ---- how much it takes ----------------------------------------------------------------------------------------- */

/* A page of file @ino in each run of @stride free pages: each that is given back joins as many blocks as can be. */
static void scatter(struct nommu_board *b, uint32_t stride, uint32_t file[2])
{
	struct nommu_file_attr attr;

	nommu_file_attr_ram(&attr);
	ck_assert_int_eq(nommu_file_create(b, &(struct nommu_id){ .ino = 1 }, &attr, &file[0]), 0);
	ck_assert_int_eq(nommu_file_create(b, &(struct nommu_id){ .ino = 2 }, &attr, &file[1]), 0);
	for (uint32_t page = 0; page < b->pages; page++) {
		bool mine = page % stride == stride / 2;
		/* Every second page of the file: no two become one extent. */
		uint64_t offset = mine ? page / stride * 2 * PAGE : page * PAGE;

		ck_assert_int_eq(nommu_file_write(b, file[mine], "x", 1, offset), 1);
	}
	ck_assert_int_eq(nommu_file_truncate(b, file[0], 0), 0);
}

/* 64 pages a step, each joining blocks up to order @order: what would it be on a board where they join up to the
 * highest order that there can be? */
static void check_bound(const char *what, uint32_t order)
{
	uint64_t more = (uint64_t)(NOMMU_ORDERS - 1 - order) * 5 * 64;

	ck_assert_msg(most > 64, "%s: only %llu entries", what, (unsigned long long)most);
	ck_assert_msg(most + more < SEG_JOURNAL_MAX, "%s: %llu entries joining up to order %u, so %llu at worst", what,
		      (unsigned long long)most, order, (unsigned long long)(most + more));
}

START_TEST(scattered_file)
{
	struct nommu_os os;
	struct nommu_board *b = open_board(&os, 16384, 14, 1);
	uint32_t file[2];

	scatter(b, 256, file);
	b->journal_max = 0;
	most = 0;
	if (_i)
		ck_assert_int_eq(nommu_file_put(b, file[1]), 0);
	else
		ck_assert_int_eq(nommu_file_truncate(b, file[1], 0), 0);
	check_bound(_i ? "put" : "truncate", 8);
	b->journal_max = SEG_JOURNAL_MAX;
	ck_assert_int_eq(nommu_verify(b, &(struct nommu_why){ "" }), 0);
	nommu_board_close(b);
}
END_TEST

/* Pages that are mapped privately, cut off, and given up by the last mapping. */
START_TEST(scattered_orphans)
{
	struct nommu_os os;
	struct nommu_board *b = open_board(&os, 4096, 10, 1);
	struct nommu_request r = { .length = 1024 * PAGE,
				   .prot = PROT_READ,
				   .flags = MAP_PRIVATE,
				   .fd = NOMMU_FD_OPEN | NOMMU_FD_READ,
				   .id = { .ino = 1 } };
	struct nommu_file_attr attr;
	struct nommu_verdict v;
	struct nommu_stats s;
	struct nommu_mm mm;
	uint32_t file;

	nommu_file_attr_ram(&attr);
	ck_assert_int_eq(nommu_mm_create(b, getpid(), "bound", &mm), 0);
	ck_assert_int_eq(nommu_file_create(b, &r.id, &attr, &file), 0);
	ck_assert_int_eq(nommu_file_truncate(b, file, r.length), 0);
	for (int i = 0; i < 700; i++) {
		ck_assert_int_eq(nommu_mmap(b, &mm, &r, &v), 0);
		ck_assert_uint_eq(v.how, NOMMU_HOW_DIRECT);
		r.length -= PAGE;
	}
	b->journal_max = 0;
	most = 0;
	ck_assert_int_eq(nommu_file_truncate(b, file, 0), 0);
	check_bound("truncate under mappings", 10);
	most = 0;
	ck_assert_int_eq(nommu_mm_exit(b, &mm), 0);
	check_bound("exit", 10);
	b->journal_max = SEG_JOURNAL_MAX;
	ck_assert_int_eq(nommu_stats(b, &s), 0);
	ck_assert_uint_eq(s.free_pages, 4096);
	ck_assert_int_eq(nommu_verify(b, &(struct nommu_why){ "" }), 0);
	nommu_board_close(b);
}
END_TEST

/* Runs of as many chunks as there can be, and what their trimming gives back. */
START_TEST(ragged_runs)
{
	struct nommu_os os;
	struct nommu_board *b = open_board(&os, 8192, 12, 1);
	struct nommu_verdict v;
	struct nommu_mm mm;

	ck_assert_int_eq(nommu_mm_create(b, getpid(), "bound", &mm), 0);
	b->journal_max = 0;
	most = 0;
	for (uint64_t pages = 4095; pages; pages /= 2) {
		struct nommu_request r = { .length = pages * PAGE, .flags = MAP_PRIVATE | MAP_ANONYMOUS };

		ck_assert_int_eq(nommu_mmap(b, &mm, &r, &v), 0);
	}
	ck_assert_uint_gt(most, 20);
	ck_assert_uint_lt(most, SEG_JOURNAL_MAX / 16);
	/* Sixteen of them in one step of exit. */
	most = 0;
	ck_assert_int_eq(nommu_mm_exit(b, &mm), 0);
	ck_assert_uint_gt(most, 100);
	ck_assert_uint_lt(most, SEG_JOURNAL_MAX / 2);
	b->journal_max = SEG_JOURNAL_MAX;
	ck_assert_int_eq(nommu_verify(b, &(struct nommu_why){ "" }), 0);
	nommu_board_close(b);
}
END_TEST

SUITE(journal)
{
	Suite *suite = suite_create("journal");
	TCase *tcase = tcase_create("undo");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, undoes);
	tcase_add_loop_test(tcase, full, 0, 2);
	tcase_add_loop_test(tcase, scattered_file, 0, 2);
	tcase_add_test(tcase, scattered_orphans);
	tcase_add_test(tcase, ragged_runs);
	suite_add_tcase(suite, tcase);
	return suite;
}
