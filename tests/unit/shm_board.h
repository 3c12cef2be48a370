/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shm_board - a small board for the tests of System V segments, with two processes, and the calls with what they mostly
 * are called with. Not a rule is here.
 */
#ifndef SHM_BOARD_H
#define SHM_BOARD_H

#include <check.h>
#include <sys/shm.h>

#include "engine/internal.h"

#define PAGE   ((uint64_t)NOMMU_PAGE_SIZE)
#define PAGES  256
#define SHMS   6
#define CREATE (IPC_CREAT | 0600)

/* A test whose _i is the profile. */
#define in_both(tcase, test) tcase_add_loop_test(tcase, test, NOMMU_PROFILE_BDI, NOMMU_PROFILE_LINUX6 + 1)

static struct nommu_board *b;
static struct nommu_mm mm, other;
static struct nommu_verdict v;

/* Who makes what is made here. */
static const struct nommu_shm_caller maker = { .uid = 1000, .gid = 100, .pid = 77 };

static inline void open_board(enum nommu_profile profile)
{
	struct nommu_config config;
	struct nommu_why why = { "" };
	int result;

	nommu_config_init(&config);
	config.ram = PAGES * PAGE;
	config.profile = profile;
	config.max_order = 5;
	config.trim = 0; /* a segment is trimmed all the same */
	config.vmas = 64;
	config.files = 16;
	config.mms = 8;
	config.shms = SHMS;
	result = nommu_board_create(&config, NULL, &b, &why);
	ck_assert_msg(result == 0, "nommu_board_create: %d: %s", result, why.text);
	ck_assert_int_eq(nommu_mm_create(b, 1, "first", &mm), 0);
	ck_assert_int_eq(nommu_mm_create(b, 2, "other", &other), 0);
}

static inline uint64_t free_pages(void)
{
	struct nommu_stats stats;

	ck_assert_int_eq(nommu_stats(b, &stats), 0);
	return stats.free_pages;
}

static inline void close_board(void)
{
	struct nommu_why why = { "" };

	ck_assert_msg(nommu_verify(b, &why) == 0, "%s", why.text);
	nommu_board_close(b);
}

static inline int get(int32_t key, uint64_t size, int flags, int32_t *id)
{
	return nommu_shm_get(b, &mm, &maker, key, size, flags, id, &v);
}

static inline int32_t make(int32_t key, uint64_t pages)
{
	int32_t id = -1;

	ck_assert_int_eq(get(key, pages * PAGE, CREATE, &id), 0);
	ck_assert_int_ge(id, 0);
	return id;
}

static inline uint64_t attach(const struct nommu_mm *to, int32_t id, int flags)
{
	ck_assert_int_eq(nommu_shm_attach(b, to, &maker, id, 0, flags, &v), 0);
	return v.addr;
}

static inline struct nommu_shm stat_of(int32_t id)
{
	struct nommu_shm shm;

	ck_assert_int_eq(nommu_shm_stat(b, NULL, id, &shm, &v), 0);
	return shm;
}

static inline int gone(int32_t id)
{
	struct nommu_shm shm;

	return nommu_shm_stat(b, NULL, id, &shm, &v);
}

#endif
