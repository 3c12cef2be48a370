/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_pages - the buddy allocator: alignment, trimming, joining, and what it says of fragmentation.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/internal.h"
#include "suites.h"

#define PAGE ((uint64_t)NOMMU_PAGE_SIZE)

static struct nommu_board *open_board(uint32_t pages, uint32_t max_order, uint32_t trim)
{
	struct nommu_board *b;
	struct nommu_config config;
	struct nommu_why why = { "" };
	int result;

	nommu_config_init(&config);
	config.ram = pages * PAGE;
	config.max_order = max_order;
	config.trim = trim;
	config.vmas = 128;
	config.files = 8;
	config.mms = 4;
	result = nommu_board_create(&config, NULL, &b, &why);
	ck_assert_msg(result == 0, "nommu_board_create: %d: %s", result, why.text);
	return b;
}

/* ---- against a naive map of pages ------------------------------------------------------------------------------ */

#define PAGES_MAX 300

struct naive {
	struct nommu_board *b;
	uint64_t random;
	unsigned char used[PAGES_MAX + 1]; /* by frame, from 1 */
};

static unsigned pick(struct naive *n, unsigned below)
{
	n->random ^= n->random << 13;
	n->random ^= n->random >> 7;
	n->random ^= n->random << 17;
	return (unsigned)(n->random % below);
}

static bool block_is_free(const struct naive *n, uint32_t page, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (page + i >= n->b->pages || n->used[page + i + 1])
			return false;
	return true;
}

static int naive_largest(const struct naive *n)
{
	for (int order = (int)n->b->max_order; order >= 0; order--)
		for (uint32_t page = 0; page + (1u << order) <= n->b->pages; page += 1u << order)
			if (block_is_free(n, page, 1u << order))
				return order;
	return -1;
}

/* Free memory lies in the largest aligned blocks that it can, and the figures say so. */
static void check_free(const struct naive *n)
{
	uint32_t blocks[NOMMU_ORDERS] = { 0 }, free = 0;
	struct nommu_stats s;

	for (uint32_t page = 0; page < n->b->pages;) {
		uint32_t order = n->b->max_order;

		if (n->used[page + 1]) {
			page++;
			continue;
		}
		while (page % (1u << order) || !block_is_free(n, page, 1u << order))
			order--;
		blocks[order]++;
		free += 1u << order;
		page += 1u << order;
	}
	ck_assert_int_eq(nommu_stats(n->b, &s), 0);
	ck_assert_uint_eq(s.free_pages, free);
	for (uint32_t order = 0; order < NOMMU_ORDERS; order++)
		ck_assert_msg(s.free_blocks[order] == blocks[order], "%u blocks of order %u, expected %u",
			      s.free_blocks[order], order, blocks[order]);
	ck_assert_int_eq(pages_largest(n->b), naive_largest(n));
}

struct run {
	uint32_t id, pages;
};

static uint32_t take(struct naive *n, uint32_t pages, uint32_t trim, struct run *run)
{
	uint32_t order = pages_order(pages), block = 0, id;
	bool fits = order <= n->b->max_order && (int)order <= naive_largest(n);
	uint32_t excess = order < 31 ? (1u << order) - pages : 0;

	ck_assert_int_eq(tx_begin(n->b), 0);
	id = pages_alloc(n->b, pages, trim, FRAME_FILE, 1, &block);
	ck_assert_int_eq(tx_end(n->b), 0);
	ck_assert_msg((id != 0) == fits, "%u pages: frame %u, though a block of order %u is %s", pages, id, order,
		      fits ? "free" : "not free");
	if (!id)
		return 0;
	ck_assert_uint_eq((id - 1) % (1u << order), 0);
	ck_assert_uint_eq(block, trim && excess >= trim ? pages : 1u << order);
	ck_assert(block_is_free(n, id - 1, block));
	memset(n->used + id, 1, block);
	*run = (struct run){ id, block };
	return block;
}

static void give(struct naive *n, uint32_t id, uint32_t pages)
{
	ck_assert_int_eq(tx_begin(n->b), 0);
	pages_free(n->b, id, pages);
	ck_assert_int_eq(tx_end(n->b), 0);
	memset(n->used + id, 0, pages);
}

/* Every page of a run has one chunk, marked as what was asked, and the chunks end with the run. */
static void check_chunks(const struct naive *n, const struct run *run)
{
	for (uint32_t id = run->id; id < run->id + run->pages;) {
		const struct seg_frame *f = frame_at(n->b, id);

		ck_assert_uint_eq(f->state, FRAME_FILE);
		ck_assert_uint_eq(f->owner, 1);
		for (uint32_t i = 0; i < 1u << f->order; i++)
			ck_assert_uint_eq(pages_chunk(n->b, id + i), id);
		id += 1u << f->order;
		ck_assert_uint_le(id, run->id + run->pages);
	}
}

static void random_runs(uint32_t pages, uint32_t max_order, uint64_t seed)
{
	struct naive n = { .b = open_board(pages, max_order, 1), .random = seed };
	struct run runs[64];
	unsigned count = 0;

	check_free(&n);
	for (int step = 0; step < 1500; step++) {
		if (count < 64 && pick(&n, 2)) {
			uint32_t want = 1 + pick(&n, 1 + pick(&n, (1u << max_order) + 3));

			count += take(&n, want, pick(&n, 4), &runs[count]) != 0;
			if (count)
				check_chunks(&n, &runs[count - 1]);
		} else if (count) {
			unsigned i = pick(&n, count);
			struct run *run = &runs[i];
			uint32_t part = 1 + pick(&n, run->pages);

			/* A head or a tail of it, or all. */
			if (part < run->pages && pick(&n, 2)) {
				give(&n, run->id, part);
				run->id += part;
				run->pages -= part;
				check_chunks(&n, run);
			} else if (part < run->pages) {
				give(&n, run->id + run->pages - part, part);
				run->pages -= part;
				check_chunks(&n, run);
			} else {
				give(&n, run->id, run->pages);
				*run = runs[--count];
			}
		}
		if (step % 8 == 0)
			check_free(&n);
	}
	while (count--)
		give(&n, runs[count].id, runs[count].pages);
	check_free(&n);
	ck_assert_int_eq(nommu_verify(n.b, &(struct nommu_why){ "" }), 0);
	nommu_board_close(n.b);
}

START_TEST(random_blocks)
{
	static const struct {
		uint32_t pages, max_order;
	} boards[] = { { 64, 4 }, { 256, 6 }, { 256, 0 }, { 1, 0 },   { 1, 5 },
		       { 37, 3 }, { 255, 8 }, { 129, 5 }, { 300, 10 } };

	for (unsigned i = 0; i < sizeof(boards) / sizeof(*boards); i++)
		for (uint64_t seed = 1; seed <= 4; seed++)
			random_runs(boards[i].pages, boards[i].max_order, seed * 0x9e3779b97f4a7c15ULL);
}
END_TEST

/* ---- by mmap --------------------------------------------------------------------------------------------------- */

static int map(struct nommu_board *b, const struct nommu_mm *mm, uint64_t length, struct nommu_verdict *verdict)
{
	return nommu_mmap(b, mm,
			  &(struct nommu_request){ .length = length,
						   .prot = PROT_READ | PROT_WRITE,
						   .flags = MAP_PRIVATE | MAP_ANONYMOUS },
			  verdict);
}

/* As recorded on a kernel without MMU. */
START_TEST(trimming)
{
	static const unsigned asked[] = { 1, 2, 3, 5, 6, 7, 9, 17 };
	static const int trims[] = { 0, 1, 2, 3, 4, 7, 8 };
	static const unsigned taken[8][7] = {
		{ 1, 1, 1, 1, 1, 1, 1 },   { 2, 2, 2, 2, 2, 2, 2 },        { 4, 3, 4, 4, 4, 4, 4 },
		{ 8, 5, 5, 5, 8, 8, 8 },   { 8, 6, 6, 8, 8, 8, 8 },        { 8, 7, 8, 8, 8, 8, 8 },
		{ 16, 9, 9, 9, 9, 9, 16 }, { 32, 17, 17, 17, 17, 17, 17 },
	};
	struct nommu_board *b = open_board(128, 6, 1);
	struct nommu_mm mm;
	struct nommu_verdict v;
	struct nommu_stats s;

	ck_assert_int_eq(nommu_mm_create(b, getpid(), "trim", &mm), 0);
	for (unsigned t = 0; t < 7; t++) {
		ck_assert_int_eq(nommu_board_set_trim(b, trims[t]), 0);
		ck_assert_uint_eq(nommu_board_trim(b), (unsigned)trims[t]);
		for (unsigned a = 0; a < 8; a++) {
			ck_assert_int_eq(map(b, &mm, asked[a] * PAGE, &v), 0);
			ck_assert_msg(v.pages == taken[a][t], "%u pages, trim %d: %llu taken, expected %u", asked[a],
				      trims[t], (unsigned long long)v.pages, taken[a][t]);
			ck_assert_int_eq(nommu_stats(b, &s), 0);
			ck_assert_uint_eq(s.anon_pages, taken[a][t]);
			ck_assert_uint_eq(s.slack_pages, taken[a][t] - asked[a]);
			ck_assert_int_eq(nommu_munmap(b, &mm, v.addr, asked[a] * PAGE, &v), 0);
		}
	}
	ck_assert_int_eq(nommu_board_set_trim(b, -1), -EINVAL);
	ck_assert_uint_eq(nommu_board_trim(b), 8);
	nommu_board_close(b);
}
END_TEST

/* What a refusal says when every second page is free. */
START_TEST(fragmented)
{
	struct nommu_board *b = open_board(64, 5, 1);
	struct nommu_mm mm, other;
	struct nommu_verdict v;
	uint64_t addr[64];
	char text[512];

	ck_assert_int_eq(nommu_mm_create(b, getpid(), "hoarder", &mm), 0);
	ck_assert_int_eq(nommu_mm_create(b, getpid(), "other", &other), 0);
	for (int i = 0; i < 64; i++) {
		ck_assert_int_eq(map(b, i % 8 ? &mm : &other, 1, &v), 0);
		addr[i] = v.addr;
		ck_assert_uint_eq(v.addr, NOMMU_BASE_DEFAULT + (uint64_t)i * PAGE);
	}
	ck_assert_int_eq(map(b, &mm, 1, &v), -ENOMEM);
	ck_assert_int_eq(v.order_largest, -1);
	ck_assert_uint_eq(v.free_pages, 0);
	for (int i = 1; i < 64; i += 2)
		ck_assert_int_eq(nommu_munmap(b, &mm, addr[i], PAGE, &v), 0);
	ck_assert_int_eq(map(b, &other, 5 * PAGE, &v), -ENOMEM);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_NO_MEMORY);
	ck_assert_uint_eq(v.order_asked, 3);
	ck_assert_uint_eq(v.order_max, 5);
	ck_assert_int_eq(v.order_largest, 0);
	ck_assert_uint_eq(v.free_pages, 32);
	ck_assert_uint_eq(v.holder_pages, 24);
	ck_assert_int_eq(v.holder_pid, getpid());
	ck_assert_str_eq(v.holder, "hoarder");
	ck_assert_int_gt(nommu_reason(&v, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "hoarder"));
	/* More than the largest block is refused whatever is free. */
	ck_assert_int_eq(nommu_mm_exit(b, &mm), 0);
	ck_assert_int_eq(nommu_mm_exit(b, &other), 0);
	ck_assert_int_eq(nommu_mm_create(b, getpid(), "again", &mm), 0);
	ck_assert_int_eq(map(b, &mm, 33 * PAGE, &v), -ENOMEM);
	ck_assert_uint_eq(v.order_asked, 6);
	ck_assert_int_eq(v.order_largest, 5);
	ck_assert_uint_eq(v.free_pages, 64);
	ck_assert_int_eq(map(b, &mm, 32 * PAGE, &v), 0);
	ck_assert_int_eq(nommu_verify(b, &(struct nommu_why){ "" }), 0);
	nommu_board_close(b);
}
END_TEST

/* An empty file gets a run, trimmed whatever vm.nr_trim_pages says; growth takes single pages. */
START_TEST(files)
{
	struct nommu_board *b = open_board(64, 5, 0);
	struct nommu_file_attr attr;
	struct nommu_file_stat stat;
	struct nommu_stats s;
	uint32_t file;

	nommu_file_attr_ram(&attr);
	ck_assert_int_eq(nommu_file_create(b, &(struct nommu_id){ .ino = 1 }, &attr, &file), 0);
	ck_assert_int_eq(nommu_file_truncate(b, file, 33 * PAGE), -EFBIG);
	ck_assert_int_eq(nommu_file_truncate(b, file, 17 * PAGE - 1), 0);
	ck_assert_int_eq(nommu_file_stat(b, file, &stat), 0);
	ck_assert_uint_eq(stat.pages, 17);
	ck_assert_uint_eq(stat.largest, 17);
	ck_assert_uint_eq((stat.addr - NOMMU_BASE_DEFAULT) % (32 * PAGE), 0);
	ck_assert_int_eq(nommu_stats(b, &s), 0);
	ck_assert_uint_eq(s.free_pages, 64 - 17);
	ck_assert_int_eq(nommu_file_write(b, file, "x", 1, 60 * PAGE), 1);
	ck_assert_int_eq(nommu_file_fill(b, file, 0, 100 * PAGE), 0);
	ck_assert_int_eq(nommu_file_stat(b, file, &stat), 0);
	ck_assert_uint_eq(stat.pages, 61);
	ck_assert_uint_eq(stat.size, 60 * PAGE + 1);
	ck_assert_int_eq(nommu_file_write(b, file, "y", 1, 70 * PAGE), 1);
	/* Larger than RAM, with holes. */
	ck_assert_int_eq(nommu_file_truncate(b, file, 1ULL << 40), 0);
	ck_assert_int_eq(nommu_file_fill(b, file, 0, UINT64_MAX / 2), 0);
	ck_assert_int_eq(nommu_stats(b, &s), 0);
	ck_assert_uint_eq(s.free_pages, 0);
	ck_assert_int_eq(nommu_file_write(b, file, "z", 1, 1ULL << 39), -ENOSPC);
	ck_assert_int_eq(nommu_file_truncate(b, file, 0), 0);
	ck_assert_int_eq(nommu_stats(b, &s), 0);
	ck_assert_uint_eq(s.free_pages, 64);
	ck_assert_int_eq(nommu_verify(b, &(struct nommu_why){ "" }), 0);
	nommu_board_close(b);
}
END_TEST

SUITE(pages)
{
	Suite *suite = suite_create("pages");
	TCase *tcase = tcase_create("buddy");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, random_blocks);
	tcase_add_test(tcase, trimming);
	tcase_add_test(tcase, fragmented);
	tcase_add_test(tcase, files);
	suite_add_tcase(suite, tcase);
	return suite;
}
