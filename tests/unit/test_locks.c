/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_locks - record locks: cases with names, every pair of locks and change within a few bytes, random operations.
 *
 * LOCKS_SEED=NUMBER gives the seed, which is printed. What fails for want of memory is in test_locks_memory.
 */
#include <time.h>

#include "locks_model.h"
#include "suites.h"

/* ---- cases ----------------------------------------------------------------------------------------------------- */

static struct locks locks;

static int set(uint64_t owner, short type, uint64_t start, uint64_t end)
{
	struct lock want = { .owner = owner, .pid = (int32_t)owner, .type = type, .start = start, .end = end };

	return locks_set(&locks, &want);
}

/* All locks as "OWNER TYPE START-END" with commas. */
static const char *text(void)
{
	static char line[512];
	size_t used = 0;

	line[0] = 0;
	for (const struct lock *lock = locks.first; lock; lock = lock->next) {
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%jd%c%jd-", used ? ", " : "",
					 (intmax_t)lock->owner, lock->type == F_RDLCK ? 'r' : 'w',
					 (intmax_t)lock->start);
		used += (size_t)snprintf(line + used, sizeof(line) - used, lock->end == UINT64_MAX ? "end" : "%jd",
					 (intmax_t)lock->end);
	}
	return line;
}

START_TEST(merges_what_touches)
{
	ck_assert_int_eq(set(1, F_RDLCK, 0, 9), 0);
	ck_assert_int_eq(set(1, F_RDLCK, 20, 29), 0);
	ck_assert_str_eq(text(), "1r0-9, 1r20-29");
	ck_assert_int_eq(set(1, F_RDLCK, 10, 19), 0);
	ck_assert_str_eq(text(), "1r0-29");
	/* Another type does not merge, nor does another owner. */
	ck_assert_int_eq(set(1, F_WRLCK, 30, 39), 0);
	ck_assert_int_eq(set(2, F_RDLCK, 40, 49), 0);
	ck_assert_str_eq(text(), "1r0-29, 1w30-39, 2r40-49");
	locks_free(&locks);
	ck_assert_ptr_null(locks.first);
}
END_TEST

static int set_by(uint64_t owner, uint64_t handle, short type, uint64_t start, uint64_t end)
{
	struct lock want = { .owner = owner, .handle = handle, .type = type, .start = start, .end = end };

	return locks_set(&locks, &want);
}

/* Parts and merged ones belong to the open file by which they were set last. */
START_TEST(drops_what_one_open_file_set)
{
	ck_assert_int_eq(set_by(1, 7, F_RDLCK, 0, 9), 0);
	ck_assert_int_eq(set_by(2, 8, F_RDLCK, 5, 20), 0);
	ck_assert_int_eq(set_by(1, 9, F_WRLCK, 30, 39), 0);
	ck_assert_int_eq(set_by(1, 9, F_UNLCK, 33, 34), 0);
	ck_assert_int_eq(set_by(1, 9, F_RDLCK, 10, 12), 0);
	ck_assert_str_eq(text(), "1r0-12, 2r5-20, 1w30-32, 1w35-39");
	locks_drop(&locks, 7);
	ck_assert_str_eq(text(), "1r0-12, 2r5-20, 1w30-32, 1w35-39");
	locks_drop(&locks, 8);
	ck_assert_str_eq(text(), "1r0-12, 1w30-32, 1w35-39");
	locks_drop(&locks, 9);
	ck_assert_ptr_null(locks.first);
}
END_TEST

struct visited {
	uint64_t owners[8];
	int count, until;
};

static bool visit(void *arg, const struct lock *lock)
{
	struct visited *visited = arg;

	visited->owners[visited->count++] = lock->owner;
	return visited->count == visited->until;
}

START_TEST(visits_all_that_is_in_the_way)
{
	const struct lock want = { .owner = 1, .type = F_WRLCK, .start = 5, .end = 50 };
	struct visited all = { .until = 0 }, one = { .until = 2 };

	ck_assert_int_eq(set(1, F_WRLCK, 0, 9), 0);
	ck_assert_int_eq(set(2, F_RDLCK, 10, 30), 0);
	ck_assert_int_eq(set(3, F_RDLCK, 20, 40), 0);
	ck_assert_int_eq(set(4, F_WRLCK, 60, 70), 0);
	ck_assert_int_eq(set(5, F_WRLCK, 50, 50), 0);
	ck_assert(!locks_conflicts(&locks, &want, visit, &all));
	ck_assert_int_eq(all.count, 3);
	ck_assert(all.owners[0] == 2 && all.owners[1] == 3 && all.owners[2] == 5);
	ck_assert(locks_conflicts(&locks, &want, visit, &one));
	ck_assert_int_eq(one.count, 2);
	locks_free(&locks);
}
END_TEST

START_TEST(changes_type_in_the_middle)
{
	ck_assert_int_eq(set(1, F_RDLCK, 0, 99), 0);
	ck_assert_int_eq(set(1, F_WRLCK, 40, 59), 0);
	ck_assert_str_eq(text(), "1r0-39, 1w40-59, 1r60-99");
	ck_assert_int_eq(set(1, F_UNLCK, 50, 69), 0);
	ck_assert_str_eq(text(), "1r0-39, 1w40-49, 1r70-99");
	ck_assert_int_eq(set(1, F_RDLCK, 0, UINT64_MAX), 0);
	ck_assert_str_eq(text(), "1r0-end");
	locks_free(&locks);
}
END_TEST

START_TEST(readers_share_and_nobody_upgrades_over_another)
{
	struct lock want = { .owner = 3, .type = F_WRLCK, .start = 5, .end = 5 }, conflict;

	ck_assert_int_eq(set(1, F_RDLCK, 0, 9), 0);
	ck_assert_int_eq(set(2, F_RDLCK, 5, 14), 0);
	ck_assert_int_eq(set(1, F_WRLCK, 0, 9), -EAGAIN);
	ck_assert_int_eq(set(2, F_WRLCK, 0, 20), -EAGAIN);
	ck_assert_int_eq(set(3, F_WRLCK, 14, 14), -EAGAIN);
	ck_assert_str_eq(text(), "1r0-9, 2r5-14");
	ck_assert(!locks_test(&locks, &want, &conflict));
	ck_assert_int_eq(conflict.pid, 1);
	ck_assert_uint_eq(conflict.end, 9);
	/* Where the other one is not, he may. */
	ck_assert_int_eq(set(1, F_WRLCK, 0, 4), 0);
	ck_assert_int_eq(set(2, F_UNLCK, 0, UINT64_MAX), 0);
	ck_assert_int_eq(set(1, F_WRLCK, 0, 9), 0);
	ck_assert_str_eq(text(), "1w0-9");
	locks_free(&locks);
}
END_TEST

START_TEST(reaches_to_the_end_of_all)
{
	ck_assert_int_eq(set(1, F_WRLCK, 100, UINT64_MAX), 0);
	ck_assert_int_eq(set(2, F_RDLCK, UINT64_MAX, UINT64_MAX), -EAGAIN);
	ck_assert_int_eq(set(2, F_RDLCK, 0, 99), 0);
	ck_assert_int_eq(set(1, F_UNLCK, 200, 299), 0);
	ck_assert_str_eq(text(), "2r0-99, 1w100-199, 1w300-end");
	ck_assert_int_eq(set(1, F_UNLCK, 300, UINT64_MAX), 0);
	/* The end does not touch the start. */
	ck_assert_int_eq(set(2, F_RDLCK, UINT64_MAX, UINT64_MAX), 0);
	ck_assert_str_eq(text(), "2r0-99, 1w100-199, 2r-1-end");
	ck_assert_int_eq(set(1, F_UNLCK, 0, UINT64_MAX), 0);
	ck_assert_int_eq(set(2, F_UNLCK, 0, UINT64_MAX), 0);
	ck_assert_ptr_null(locks.first);
}
END_TEST

/* Parts keep the pid that set them; what is merged has that of the last. */
START_TEST(pids)
{
	struct lock want = { .owner = 1, .pid = 10, .type = F_RDLCK, .start = 0, .end = 9 };
	int32_t pid = -1;

	ck_assert_uint_eq(locks_holders(&locks, &pid), 0);
	ck_assert_int_eq(locks_set(&locks, &want), 0);
	ck_assert_int_eq(set(1, F_UNLCK, 4, 5), 0);
	ck_assert_int_eq(locks.first->pid, 10);
	ck_assert_int_eq(locks.first->next->pid, 10);
	want = (struct lock){ .owner = 1, .pid = 11, .type = F_RDLCK, .start = 4, .end = 4 };
	ck_assert_int_eq(locks_set(&locks, &want), 0);
	ck_assert_int_eq(locks.first->pid, 11);
	ck_assert_int_eq(locks.first->next->pid, 10);
	ck_assert_uint_eq(locks_holders(&locks, &pid), 1);
	ck_assert_int_eq(pid, 11);
	ck_assert_int_eq(set(2, F_RDLCK, 0, 0), 0);
	ck_assert_int_eq(set(3, F_RDLCK, 0, 0), 0);
	ck_assert_uint_eq(locks_holders(&locks, &pid), 2);
	locks_free(&locks);
}
END_TEST

/* ---- against the model ----------------------------------------------------------------------------------------- */

static struct locks_model model;

static void apply(const struct locks_step *step)
{
	struct lock want = lock_of(&model, step);
	const char *flaw = locks_test_flaw(&model, &locks, step);
	int expected = model_set(&model, step), error = locks_set(&locks, &want);

	if (!flaw && error != expected)
		flaw = "another error";
	if (!flaw)
		flaw = locks_flaw(&model, &locks);
	if (!flaw)
		flaw = locks_holders_flaw(&model, &locks);
	if (flaw)
		ck_abort_msg("%s: owner %d, type %d, cells %d to %d: %d, expected %d: %s", flaw, step->owner,
			     step->type, step->first, step->last, error, expected, text());
}

#define SMALL 6 /* cells */
#define STEPS (SMALL * SMALL * 3 * 2)

/* The step of this number; false: its range is none. */
static bool step_of(int number, struct locks_step *step)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK };

	step->first = number % SMALL;
	step->last = number / SMALL % SMALL;
	step->type = types[number / (SMALL * SMALL) % 3];
	step->owner = number / (SMALL * SMALL * 3);
	return step->first <= step->last;
}

/* Every two locks, and on them every change: at the start of a file and where bytes end. */
START_TEST(every_change_of_two_locks)
{
	struct locks_step steps[3];

	for (int number = 0; number < STEPS * STEPS; number++) {
		if (!step_of(number % STEPS, &steps[0]) || !step_of(number / STEPS, &steps[1]) ||
		    steps[0].type == F_UNLCK || steps[1].type == F_UNLCK || steps[0].owner)
			continue;
		for (int change = 0; change < STEPS; change++) {
			if (!step_of(change, &steps[2]))
				continue;
			model = (struct locks_model){ .cells = SMALL, .owners = 2 };
			model.base = _i ? UINT64_MAX - SMALL + 1 : 0;
			for (int i = 0; i < 3; i++)
				apply(&steps[i]);
			locks_free(&locks);
		}
	}
}
END_TEST

static unsigned int seed;

static int draw(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (int)((seed >> 8) % below);
}

START_TEST(random_changes_agree_with_the_model)
{
	const char *given = getenv("LOCKS_SEED");

	seed = given ? (unsigned int)strtoul(given, NULL, 0) : (unsigned int)time(NULL);
	printf("locks: LOCKS_SEED=%u\n", seed);
	for (int i = 0; i < 400000; i++) {
		struct locks_step step = { .owner = draw(LOCKS_OWNERS), .first = draw(LOCKS_CELLS) };

		if (i % 1000 == 0) {
			locks_free(&locks);
			model = (struct locks_model){ .cells = LOCKS_CELLS, .owners = LOCKS_OWNERS };
			model.base = draw(2) ? UINT64_MAX - LOCKS_CELLS + 1 : (uint64_t)draw(2) << 40;
		}
		/* Mostly short ones and more removed than set, so that there is something left to be had. */
		step.last = step.first + draw(draw(4) ? 4 : LOCKS_CELLS);
		if (step.last >= LOCKS_CELLS)
			step.last = LOCKS_CELLS - 1;
		step.type = draw(2) ? F_UNLCK : draw(3) ? F_RDLCK : F_WRLCK;
		apply(&step);
	}
	locks_free(&locks);
}
END_TEST

SUITE(locks)
{
	Suite *suite = suite_create("locks");
	TCase *cases = tcase_create("cases");
	TCase *model_case = tcase_create("model");

	tcase_add_test(cases, merges_what_touches);
	tcase_add_test(cases, changes_type_in_the_middle);
	tcase_add_test(cases, readers_share_and_nobody_upgrades_over_another);
	tcase_add_test(cases, reaches_to_the_end_of_all);
	tcase_add_test(cases, pids);
	tcase_add_test(cases, drops_what_one_open_file_set);
	tcase_add_test(cases, visits_all_that_is_in_the_way);
	suite_add_tcase(suite, cases);
	tcase_set_timeout(model_case, 120);
	tcase_add_loop_test(model_case, every_change_of_two_locks, 0, 2);
	tcase_add_test(model_case, random_changes_agree_with_the_model);
	suite_add_tcase(suite, model_case);
	return suite;
}
