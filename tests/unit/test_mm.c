/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_mm - copies of an mm, as fork makes them: the same regions at the same addresses, each gone with its last user,
 * whoever unmaps what of it in which order.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "crash_scene.h"
#include "suites.h"

#define PAGE  ((uint64_t)NOMMU_PAGE_SIZE)
#define PAGES 4

static struct crash_scene s;
static struct nommu_board *b;

static const enum nommu_profile profiles[] = { NOMMU_PROFILE_BDI, NOMMU_PROFILE_LINUX6 };

static void open_board(enum nommu_profile profile)
{
	struct nommu_config config;
	struct nommu_why why = { "" };

	memset(&s, 0, sizeof(s));
	nommu_config_init(&config);
	config.ram = 256 * PAGE;
	config.profile = profile;
	config.vmas = 64;
	config.files = 16;
	config.mms = 8;
	ck_assert_msg(nommu_board_create(&config, NULL, &b, &why) == 0, "%s", why.text);
	s.survivor = b;
	ck_assert_int_eq(nommu_mm_create(b, 1, "parent", &s.mm), 0);
	ck_assert_int_eq(nommu_mm_create(b, 2, "child", &s.other), 0);
}

static uint32_t free_pages(void)
{
	struct nommu_stats stats;

	ck_assert_int_eq(nommu_stats(b, &stats), 0);
	return (uint32_t)stats.free_pages;
}

static void verify(const char *after)
{
	struct nommu_why why = { "" };

	ck_assert_msg(nommu_verify(b, &why) == 0, "after %s: %s", after, why.text);
}

static int unmap(const struct nommu_mm *mm, uint64_t addr, uint64_t pages)
{
	int result = scene_unmap(b, mm, addr, pages);

	verify("munmap");
	return result;
}

/* ---- what a copy is -------------------------------------------------------------------------------------------- */

START_TEST(test_copy)
{
	struct nommu_stats before, after;
	struct nommu_mm none = { 7, 1 };

	open_board(profiles[_i]);
	scene_mixed(&s);
	ck_assert_int_eq(nommu_stats(b, &before), 0);
	ck_assert_int_eq(nommu_mm_copy(b, &s.mm, &none), -ESRCH);
	ck_assert_int_eq(nommu_mm_copy(b, &none, &s.mm), -ESRCH);
	ck_assert_int_eq(nommu_mm_copy(b, &s.mm, &s.mm), 0);
	ck_assert_int_eq(nommu_mm_copy(b, &s.mm, &s.other), 0);
	verify("copy");
	ck_assert_int_eq(nommu_stats(b, &after), 0);
	ck_assert_uint_eq(after.vmas, 2 * s.addrs);
	/* The other one's three single pages are gone; what is mapped twice is not there twice. */
	ck_assert_uint_eq(after.free_pages, before.free_pages + 3);
	for (unsigned i = 0; i < s.addrs; i++) {
		static const uint64_t pages[] = { 5, 5, 3, 3, 4, 3 };

		ck_assert_int_eq(unmap(&s.mm, s.addr[i], pages[i]), 0);
		ck_assert_int_eq(unmap(&s.mm, s.addr[i], pages[i]), -EINVAL);
		*(volatile char *)s.addr[i] += 1; /* the child's still */
		ck_assert_int_eq(unmap(&s.other, s.addr[i], pages[i]), 0);
		ck_assert_int_eq(unmap(&s.other, s.addr[i], pages[i]), -EINVAL);
	}
	nommu_board_close(b);
}
END_TEST

START_TEST(test_full)
{
	struct nommu_stats stats;

	open_board(profiles[_i]);
	for (unsigned i = 0; i < 40; i++)
		ck_assert_int_eq(scene_map_anonymous(b, &s.mm, 1, NULL), 0);
	ck_assert_int_eq(nommu_mm_copy(b, &s.mm, &s.other), -ENOMEM);
	verify("a copy that was too large");
	ck_assert_int_eq(nommu_mm_exit(b, &s.other), 0);
	verify("its exit");
	ck_assert_int_eq(nommu_mm_exit(b, &s.mm), 0);
	ck_assert_int_eq(nommu_stats(b, &stats), 0);
	ck_assert_uint_eq(stats.free_pages, 256);
	nommu_board_close(b);
}
END_TEST

/* ---- parts of what two map ------------------------------------------------------------------------------------- */

/* Which pages of the mapping each of the two has, as bits. */
struct held {
	unsigned mm[2];
};

static const struct nommu_mm *owner(int who)
{
	return who ? &s.other : &s.mm;
}

/* Whether munmap of [from, to) has to succeed: the pages are all of a run that is mapped, or inside of it. */
static bool in_a_run(unsigned bits, unsigned from, unsigned to)
{
	unsigned want = ((1u << to) - 1) & ~((1u << from) - 1);

	return (bits & want) == want;
}

static void try_unmap(struct held *held, uint64_t addr, int who, unsigned from, unsigned to)
{
	bool run = in_a_run(held->mm[who], from, to);
	int result = unmap(owner(who), addr + from * PAGE, to - from);

	ck_assert_msg(result == (run ? 0 : -EINVAL), "%d unmaps [%u, %u) of %x: %d", who, from, to, held->mm[who],
		      result);
	if (run)
		held->mm[who] &= ~(((1u << to) - 1) & ~((1u << from) - 1));
}

/* What is held can be unmapped run by run, and then all is free. */
static void unmap_rest(struct held *held, uint64_t addr)
{
	for (int who = 0; who < 2; who++) {
		for (unsigned from = 0; from < PAGES; from++) {
			unsigned to = from;

			while (to < PAGES && held->mm[who] >> to & 1)
				to++;
			if (to > from)
				try_unmap(held, addr, who, from, to);
		}
	}
}

/* Every two of the parts that there are, by each of the two in turn, then the rest. */
START_TEST(test_parts)
{
	uint32_t all;

	open_board(NOMMU_PROFILE_LINUX6);
	all = free_pages();
	for (unsigned code = 0; code < 4 * 256 * 4; code++) {
		unsigned first = code & 15, second = code >> 4 & 15, third = code >> 8 & 3;
		int who = code >> 10 & 1, then = code >> 11 & 1;
		struct held held = { { (1u << PAGES) - 1, (1u << PAGES) - 1 } };
		uint64_t addr;

		if (first % PAGES > first / PAGES || second % PAGES > second / PAGES)
			continue;
		ck_assert_int_eq(scene_map_anonymous(b, &s.mm, PAGES, &addr), 0);
		ck_assert_int_eq(nommu_mm_copy(b, &s.mm, &s.other), 0);
		memset((void *)addr, 1, PAGES * PAGE);
		try_unmap(&held, addr, who, first % PAGES, first / PAGES + 1);
		try_unmap(&held, addr, then, second % PAGES, second / PAGES + 1);
		try_unmap(&held, addr, !then, third, third + 1);
		unmap_rest(&held, addr);
		ck_assert_uint_eq(free_pages(), all);
	}
	nommu_board_close(b);
}
END_TEST

/* One of the two resizes: the other's mapping stays as it is. */
START_TEST(test_resize)
{
	bool bdi = profiles[_i] == NOMMU_PROFILE_BDI;
	struct nommu_verdict v;
	uint32_t all;
	uint64_t addr;

	open_board(profiles[_i]);
	all = free_pages();
	ck_assert_int_eq(nommu_board_set_trim(b, 0), 0);
	ck_assert_int_eq(scene_map_anonymous(b, &s.mm, 5, &addr), 0);
	ck_assert_int_eq(nommu_mm_copy(b, &s.mm, &s.other), 0);
	ck_assert_int_eq(nommu_mremap(b, &s.mm, addr, 5 * PAGE, 2 * PAGE, 0, 0, &v), 0);
	verify("shrinking");
	ck_assert_int_eq(nommu_mremap(b, &s.other, addr, 5 * PAGE, 8 * PAGE, 0, 0, &v), bdi ? 0 : -ENOMEM);
	verify("growing");
	ck_assert_int_eq(nommu_mremap(b, &s.mm, addr, 2 * PAGE, 5 * PAGE, 0, 0, &v), bdi ? 0 : -ENOMEM);
	ck_assert_int_eq(unmap(&s.other, addr, bdi ? 8 : 5), 0);
	ck_assert_int_eq(nommu_mremap(b, &s.mm, addr, (bdi ? 5 : 2) * PAGE, 3 * PAGE, 0, 0, &v), 0);
	verify("resizing alone");
	ck_assert_int_eq(unmap(&s.mm, addr, 3), 0);
	ck_assert_uint_eq(free_pages(), all);
	nommu_board_close(b);
}
END_TEST

SUITE(mm)
{
	Suite *suite = suite_create("mm");
	TCase *tc = tcase_create("copy");

	tcase_add_loop_test(tc, test_copy, 0, 2);
	tcase_add_loop_test(tc, test_full, 0, 2);
	tcase_add_test(tc, test_parts);
	tcase_add_loop_test(tc, test_resize, 0, 2);
	suite_add_tcase(suite, tc);
	return suite;
}
