/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_locks_memory - each allocation of a change fails once: -ENOMEM, and nothing is changed.
 *
 * locks is compiled here a second time, under other names, with allocation functions that count and fail.
 */
#include <stdlib.h>

static struct {
	int left; /* allocations until one fails; below 0 none does */
	int live; /* blocks that are not freed */
} heap;

static void *failing_malloc(size_t size)
{
	void *block = heap.left >= 0 && heap.left-- == 0 ? NULL : malloc(size);

	heap.live += block != NULL;
	return block;
}

static void failing_free(void *block)
{
	heap.live -= block != NULL;
	free(block);
}

#define locks_test    failing_locks_test
#define locks_set     failing_locks_set
#define locks_conflicts failing_locks_conflicts
#define locks_drop    failing_locks_drop
#define locks_holders failing_locks_holders
#define locks_free    failing_locks_free
#define malloc        failing_malloc
#define free          failing_free
#include "daemon/locks.c"
#undef malloc
#undef free

#include "locks_model.h"
#include "suites.h"

#define CELLS 7

static struct locks locks;
static struct locks_model model;

/* How many allocations have to succeed until the change does. */
static int failures(const struct locks_step *step)
{
	struct lock want = lock_of(&model, step);

	for (int n = 0;; n++) {
		int error;

		heap.left = n;
		error = locks_set(&locks, &want);
		heap.left = -1;
		if (!error) {
			model_set(&model, step);
		} else {
			ck_assert_int_eq(error, model_conflict(&model, step) < 0 ? -ENOMEM : -EAGAIN);
		}
		ck_assert_ptr_null(locks_flaw(&model, &locks));
		ck_assert_int_eq(heap.live, model_runs(&model));
		if (error != -ENOMEM)
			return n;
	}
}

/* Locks of one owner that leave the first cell and the last, then any change in them. */
START_TEST(failing)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK };

	for (int number = 0; number < CELLS * CELLS * 3 * 2; number++) {
		struct locks_step read = { .first = 1, .last = 3, .type = F_RDLCK };
		struct locks_step write = { .first = 4, .last = 5, .type = F_WRLCK };
		struct locks_step step = { .owner = number / (CELLS * CELLS * 3),
					   .first = number % CELLS,
					   .last = number / CELLS % CELLS,
					   .type = types[number / (CELLS * CELLS) % 3] };
		bool conflicts, splits_one;

		if (step.first > step.last)
			continue;
		model = (struct locks_model){ .cells = CELLS, .owners = 2 };
		ck_assert_int_eq(failures(&read), 1);
		ck_assert_int_eq(failures(&write), 1);
		conflicts = model_conflict(&model, &step) >= 0;
		splits_one = !step.owner && step.type != F_RDLCK && step.first == 2 && step.last == 2;
		ck_assert_int_eq(failures(&step), conflicts ? 0 : (step.type != F_UNLCK) + splits_one);
		locks_free(&locks);
		ck_assert_int_eq(heap.live, 0);
	}
}
END_TEST

START_TEST(removing_all_needs_none)
{
	for (int i = 0; i < CELLS; i += 2) {
		struct locks_step step = { .first = i, .last = i, .type = F_WRLCK };

		model = (struct locks_model){ .cells = CELLS, .owners = 2 };
		ck_assert_int_eq(failures(&step), 1);
		step = (struct locks_step){ .last = CELLS - 1, .type = F_UNLCK };
		ck_assert_int_eq(failures(&step), 0);
		ck_assert_ptr_null(locks.first);
	}
}
END_TEST

SUITE(locks_memory)
{
	Suite *suite = suite_create("locks_memory");
	TCase *memory = tcase_create("failing");

	tcase_add_test(memory, failing);
	tcase_add_test(memory, removing_all_needs_none);
	suite_add_tcase(suite, memory);
	return suite;
}
