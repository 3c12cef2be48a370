/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_shm_access - who may do what with a System V segment: every mode, by every sort of caller. */
#include <errno.h>

#include "shm_board.h"
#include "suites.h"

static const uint32_t in_cgid[] = { 5, 100 }, in_gid[] = { 200 };

/* A segment of creator 1000:100, given to 2000:200. */
static const struct {
	const char *name;
	struct nommu_shm_caller caller;
	unsigned shift; /* which three bits of the mode count */
	bool owns;
} who[] = {
	{ "creator", { .uid = 1000, .gid = 9 }, 6, true },
	{ "owner", { .uid = 2000, .gid = 9 }, 6, true },
	{ "creator's group", { .uid = 3, .gid = 100 }, 3, false },
	{ "owner's group", { .uid = 3, .gid = 200 }, 3, false },
	{ "creator's group by list", { .uid = 3, .gid = 9, .groups = in_cgid, .group_count = 2 }, 3, false },
	{ "owner's group by list", { .uid = 3, .gid = 9, .groups = in_gid, .group_count = 1 }, 3, false },
	{ "another", { .uid = 3, .gid = 9 }, 0, false },
	{ "owner, in the group", { .uid = 2000, .gid = 200 }, 6, true },
};

/* Whether bits of 4 read, 2 write, 1 exec are all in the mode. */
static int answer(uint32_t mode, unsigned shift, unsigned bits)
{
	return (mode >> shift & bits) == bits ? 0 : -EACCES;
}

static void ask_all(size_t i, uint32_t mode, int32_t id)
{
	static const struct {
		int flags;
		unsigned bits;
	} attaches[] = { { 0, 6 }, { SHM_RDONLY, 4 }, { SHM_EXEC, 7 }, { SHM_RDONLY | SHM_EXEC, 5 } };
	struct nommu_shm_caller caller = who[i].caller;
	struct nommu_shm shm;
	int32_t found;

	for (int privileged = 0; privileged < 2; privileged++) {
		caller.may = privileged ? NOMMU_SHM_ANY_ACCESS : NOMMU_SHM_ANY_OWNER | NOMMU_SHM_ANY_LOCK;
		for (unsigned bits = 0; bits < 8; bits++)
			for (unsigned place = 0; place < 9; place += 3) {
				int wanted = privileged ? 0 : answer(mode, who[i].shift, bits);

				ck_assert_msg(nommu_shm_get(b, &mm, &caller, 5, 1, (int)(bits << place), &found, &v) ==
						      wanted,
					      "%s, mode %o, get with %o", who[i].name, mode, bits << place);
			}
		for (size_t n = 0; n < 4; n++) {
			int wanted = privileged ? 0 : answer(mode, who[i].shift, attaches[n].bits);
			int result = nommu_shm_attach(b, &mm, &caller, id, 0, attaches[n].flags, &v);

			ck_assert_msg(result == wanted, "%s, mode %o, attach with %#x: %d", who[i].name, mode,
				      attaches[n].flags, result);
			ck_assert(result || !nommu_shm_detach(b, &mm, v.addr, &v));
		}
		ck_assert_int_eq(nommu_shm_stat(b, &caller, id, &shm, &v),
				 privileged ? 0 : answer(mode, who[i].shift, 4));
		ck_assert_int_eq(nommu_shm_stat_at(b, &caller, id & 0x7fff, &shm, &v),
				 privileged ? 0 : answer(mode, who[i].shift, 4));
		ck_assert_int_eq(nommu_shm_stat_at(b, NULL, id & 0x7fff, &shm, &v), 0);
	}
}

START_TEST(permissions)
{
	static const uint32_t modes[] = { 0, 0400, 0200, 0100, 0600, 0700, 0040, 0020, 0060, 0070,
					  0004, 0002, 0006, 0007, 0777, 0077, 0666 };
	int32_t id;

	open_board((enum nommu_profile)_i);
	id = make(5, 1);
	ck_assert_int_eq(nommu_shm_set(b, &maker, id, 2000, 200, 0, &v), 0);
	for (size_t m = 0; m < sizeof(modes) / sizeof(*modes); m++) {
		ck_assert_int_eq(nommu_shm_set(b, &maker, id, 2000, 200, modes[m], &v), 0);
		for (size_t i = 0; i < sizeof(who) / sizeof(*who); i++)
			ask_all(i, modes[m], id);
	}
	close_board();
}
END_TEST

START_TEST(owners)
{
	open_board((enum nommu_profile)_i);
	for (size_t i = 0; i < sizeof(who) / sizeof(*who); i++) {
		for (uint32_t may = 0; may < 8; may++) {
			struct nommu_shm_caller caller = who[i].caller;
			int32_t id = make(5, 1);
			bool any = may & NOMMU_SHM_ANY_OWNER || who[i].owns;

			caller.may = may;
			ck_assert_int_eq(nommu_shm_set(b, &maker, id, 2000, 200, 0, &v), 0);
			ck_assert_int_eq(nommu_shm_lock(b, &caller, id, &v),
					 may & NOMMU_SHM_ANY_LOCK || who[i].owns ? 0 : -EPERM);
			ck_assert_int_eq(nommu_shm_set(b, &caller, id, 2000, 200, 0777, &v), any ? 0 : -EPERM);
			ck_assert_int_eq(nommu_shm_remove(b, &caller, id, &v), any ? 0 : -EPERM);
			if (any)
				continue;
			ck_assert_uint_eq(v.rule, NOMMU_RULE_SHM_OWNER);
			ck_assert_uint_eq(stat_of(id).mode, 0);
			ck_assert_int_eq(nommu_shm_remove(b, &maker, id, &v), 0);
		}
	}
	close_board();
}
END_TEST

START_TEST(set)
{
	int32_t id;

	open_board((enum nommu_profile)_i);
	id = make(5, 1);
	ck_assert_int_eq(nommu_shm_set(b, &maker, id, UINT32_MAX, 1, 0, &v), -EINVAL);
	ck_assert_int_eq(nommu_shm_set(b, &maker, id, 1, UINT32_MAX, 0, &v), -EINVAL);
	ck_assert_uint_eq(stat_of(id).uid, 1000);
	ck_assert_int_eq(nommu_shm_set(b, &maker, id, 3, 4, 0xffff, &v), 0);
	ck_assert(stat_of(id).uid == 3 && stat_of(id).gid == 4 && stat_of(id).mode == 0777 && stat_of(id).cuid == 1000);
	ck_assert_int_eq(nommu_shm_set(b, &maker, id + 1, 3, 4, 0, &v), -EINVAL);
	ck_assert_int_eq(nommu_shm_lock(b, &maker, -1, &v), -EINVAL);
	close_board();
}
END_TEST

SUITE(shm_access)
{
	Suite *suite = suite_create("shm_access");
	TCase *tcase = tcase_create("profiles");

	tcase_set_timeout(tcase, 60);
	in_both(tcase, permissions);
	in_both(tcase, owners);
	in_both(tcase, set);
	suite_add_tcase(suite, tcase);
	return suite;
}
