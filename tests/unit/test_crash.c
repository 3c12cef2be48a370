/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_crash - each operation, stopped at each of its writes and commits, rolled back by a survivor: the tables are
 * byte for byte what they were when the transaction began, the board verifies, works on and loses nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "crash_scene.h"
#include "suites.h"

#define PAGE ((uint64_t)NOMMU_PAGE_SIZE)

/* ---- operations ------------------------------------------------------------------------------------------------ */

static int run_anonymous(struct nommu_board *b, struct crash_scene *s)
{
	return scene_map_anonymous(b, &s->mm, 3, NULL);
}

static int run_direct(struct nommu_board *b, struct crash_scene *s)
{
	return scene_map_file(b, &s->mm, 1, 1, 2, PROT_READ | PROT_WRITE, MAP_SHARED, NULL);
}

static int run_copy(struct nommu_board *b, struct crash_scene *s)
{
	return scene_map_file(b, &s->mm, 1, 1, 3, PROT_READ | PROT_WRITE, MAP_PRIVATE, NULL);
}

static int run_join(struct nommu_board *b, struct crash_scene *s)
{
	return scene_map_file(b, &s->mm, 2, 0, 3, PROT_READ, MAP_PRIVATE, NULL);
}

static int run_host(struct nommu_board *b, struct crash_scene *s)
{
	return scene_map_host(b, &s->mm, 101, NULL);
}

static int run_host_again(struct nommu_board *b, struct crash_scene *s)
{
	return scene_map_host(b, &s->other, 100, NULL);
}

static int run_unmap_anonymous(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[0], 5);
}

static int run_unmap_direct(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[1], 5);
}

static int run_unmap_joined(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[2], 3);
}

static int run_unmap_copy(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[3], 3);
}

static int run_unmap_put(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[4], 4);
}

static int run_unmap_host(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[5], 3);
}

static int run_head(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[0], 2);
}

static int run_tail(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[0] + 3 * PAGE, 2);
}

static int run_hole(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[0] + PAGE, 2);
}

static int run_mremap(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_mremap(b, &s->mm, s->addr[0], 5 * PAGE, 8 * PAGE, 0, 0, &verdict);
}

static int run_shrink_mapping(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_mremap(b, &s->mm, s->addr[0], 5 * PAGE, 2 * PAGE, 0, 0, &verdict);
}

static int run_mm_create(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_mm mm;

	(void)s;
	return nommu_mm_create(b, 1, "another", &mm);
}

static int run_mm_copy(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_mm_copy(b, &s->mm, &s->other);
}

static int run_exit(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_mm_exit(b, &s->mm);
}

static int run_create(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_file_attr attr;
	uint32_t file;

	(void)s;
	nommu_file_attr_ram(&attr);
	return nommu_file_create(b, &(struct nommu_id){ .ino = 77 }, &attr, &file);
}

static int run_find(struct nommu_board *b, struct crash_scene *s)
{
	uint32_t file;

	(void)s;
	return nommu_file_find(b, &(struct nommu_id){ .ino = 1 }, &file);
}

static int run_put(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_put(b, s->file[0]);
}

static int run_put_mapped(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_put(b, s->file[1]);
}

static int run_truncate_up(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_truncate(b, s->file[2], 11 * PAGE + 5);
}

static int run_truncate_hole(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_truncate(b, s->file[0], 40 * PAGE);
}

static int run_shrink(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_truncate(b, s->file[0], 11 * PAGE + 100);
}

static int run_shrink_free(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_truncate(b, s->file[0], 22 * PAGE);
}

static int run_empty(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_truncate(b, s->file[0], 0);
}

static int run_unmap_torn(struct nommu_board *b, struct crash_scene *s)
{
	return scene_unmap(b, &s->mm, s->addr[0], 10);
}

static int run_write(struct nommu_board *b, struct crash_scene *s)
{
	static char buf[40 * 4096];
	ssize_t n = nommu_file_write(b, s->file[0], buf, sizeof(buf), 18 * PAGE + 50);

	/* There is memory enough: less than all is an interruption. */
	return n < 0 ? (int)n : n < (ssize_t)sizeof(buf) ? -EAGAIN : 0;
}

static int run_fill(struct nommu_board *b, struct crash_scene *s)
{
	return nommu_file_fill(b, s->file[0], 0, 100 * PAGE);
}

static int run_set_attr(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_file_attr attr = { .kind = NOMMU_KIND_BLOCK, .caps = BDI_CAP_MAP_COPY, .deny = 3, .lockers = 1 };

	return nommu_file_set_attr(b, s->file[0], &attr);
}

static int run_set_trim(struct nommu_board *b, struct crash_scene *s)
{
	(void)s;
	return nommu_board_set_trim(b, 3);
}

static int run_shm_get(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;
	int32_t id;

	return nommu_shm_get(b, &s->mm, &scene_caller, 77, 5 * PAGE, IPC_CREAT | 0600, &id, &verdict);
}

static int run_shm_attach(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_shm_attach(b, &s->mm, &scene_caller, s->shm[2], 0, 0, &verdict);
}

static int run_shm_join(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_shm_attach(b, &s->other, &scene_caller, s->shm[0], 0, SHM_RDONLY, &verdict);
}

static int run_shm_detach(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_shm_detach(b, &s->mm, s->addr[0], &verdict);
}

static int run_shm_remove(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_shm_remove(b, &scene_caller, s->shm[2], &verdict);
}

static int run_shm_mark(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_shm_remove(b, &scene_caller, s->shm[0], &verdict);
}

static int run_shm_set(struct nommu_board *b, struct crash_scene *s)
{
	struct nommu_verdict verdict;

	return nommu_shm_set(b, &scene_caller, s->shm[2], 1000, 2, 0644, &verdict);
}

#define BDI    (1u << NOMMU_PROFILE_BDI)
#define LINUX6 (1u << NOMMU_PROFILE_LINUX6)
#define BOTH   (BDI | LINUX6)

static const struct operation {
	const char *name;
	crash_setup_fn *setup;
	crash_run_fn *run;
	unsigned least;    /* events that there must be: else the test tests nothing */
	int again;         /* what else than 0 the same call may answer after a step of it was done */
	unsigned profiles; /* as bits */
} operations[] = {
	{ "mmap anonymous", scene_mixed, run_anonymous, 20, 0, BOTH },
	{ "mmap direct", scene_mixed, run_direct, 10, 0, BOTH },
	{ "mmap copy", scene_mixed, run_copy, 30, 0, BOTH },
	{ "mmap joined", scene_mixed, run_join, 8, 0, BOTH },
	{ "mmap new host file", scene_mixed, run_host, 40, 0, BOTH },
	{ "mmap joined host file", scene_mixed, run_host_again, 8, 0, BOTH },
	{ "munmap anonymous", scene_mixed, run_unmap_anonymous, 20, 0, BOTH },
	{ "munmap direct", scene_mixed, run_unmap_direct, 10, 0, BOTH },
	{ "munmap joined", scene_mixed, run_unmap_joined, 8, 0, BOTH },
	{ "munmap copy", scene_mixed, run_unmap_copy, 10, 0, BOTH },
	{ "munmap last of a put file", scene_mixed, run_unmap_put, 20, -EINVAL, BOTH },
	{ "munmap last of a host file", scene_mixed, run_unmap_host, 15, 0, BOTH },
	{ "munmap head", scene_mixed, run_head, 10, 0, LINUX6 },
	{ "munmap tail", scene_mixed, run_tail, 10, 0, LINUX6 },
	{ "munmap hole", scene_mixed, run_hole, 20, 0, LINUX6 },
	{ "munmap torn", scene_torn, run_unmap_torn, 8, -EINVAL, BOTH },
	{ "mremap larger", scene_mixed, run_mremap, 3, 0, BDI },
	{ "mremap smaller", scene_mixed, run_shrink_mapping, 3, 0, BOTH },
	{ "mm create", scene_mixed, run_mm_create, 5, 0, BOTH },
	{ "mm copy", scene_many, run_mm_copy, 600, 0, BOTH },
	{ "mm copy of a few", scene_mixed, run_mm_copy, 150, 0, BOTH },
	{ "mm exit", scene_many, run_exit, 400, -ESRCH, BOTH },
	{ "mm exit of a few", scene_mixed, run_exit, 60, -ESRCH, BOTH },
	{ "mm exit while copying", scene_pending, run_exit, 30, -ESRCH, BOTH },
	{ "file create", scene_mixed, run_create, 8, 0, BOTH },
	{ "file find", scene_mixed, run_find, 1, 0, BOTH },
	{ "file put", scene_large, run_put, 200, -ENOENT, BOTH },
	{ "file put, mapped", scene_mixed, run_put_mapped, 3, 0, BOTH },
	{ "truncate from 0", scene_mixed, run_truncate_up, 10, 0, BOTH },
	{ "truncate to a hole", scene_file, run_truncate_hole, 2, 0, BOTH },
	{ "truncate under private mappings", scene_file, run_shrink, 40, 0, BOTH },
	{ "truncate without mappings", scene_file, run_shrink_free, 10, 0, BOTH },
	{ "truncate in steps", scene_large, run_empty, 400, 0, BOTH },
	{ "write", scene_file, run_write, 200, 0, BOTH },
	{ "fill", scene_file, run_fill, 40, 0, BOTH },
	{ "set_attr", scene_mixed, run_set_attr, 4, 0, BOTH },
	{ "set_trim", scene_mixed, run_set_trim, 2, 0, BOTH },
	{ "shmget", scene_shm, run_shm_get, 60, 0, BOTH },
	{ "shmat", scene_shm, run_shm_attach, 10, 0, BOTH },
	{ "shmat joined", scene_shm, run_shm_join, 8, 0, BOTH },
	{ "shmdt last of a marked one", scene_shm, run_shm_detach, 25, -EINVAL, BOTH },
	{ "shm exit", scene_shm, run_exit, 40, -ESRCH, BOTH },
	{ "shm remove", scene_shm, run_shm_remove, 15, -EINVAL, BOTH },
	{ "shm mark", scene_shm, run_shm_mark, 3, 0, BOTH },
	{ "shm set", scene_shm, run_shm_set, 3, 0, BOTH },
};

/* ---- the test -------------------------------------------------------------------------------------------------- */

/* After the recovery the same call by a survivor ends what was begun, and then nothing is lost. */
static bool goes_on(struct crash *c, const struct operation *o, int undisturbed, const struct nommu_stats *ended)
{
	struct nommu_stats s;
	int result = o->run(c->scene.survivor, &c->scene);

	crash_nudge(c);
	if (result != undisturbed && result != o->again) {
		snprintf(c->error, sizeof(c->error), "the same call again: %d, undisturbed %d", result, undisturbed);
		return false;
	}
	ck_assert_int_eq(nommu_stats(c->scene.survivor, &s), 0);
	/* A copy that was stopped while it was filled left its pages with its process: exit has them back. */
	s.free_pages += s.pending_pages;
	if (s.free_pages != ended->free_pages || s.vmas != ended->vmas || s.regions != ended->regions ||
	    s.file_pages != ended->file_pages || s.orphan_pages != ended->orphan_pages || s.mms != ended->mms) {
		snprintf(c->error, sizeof(c->error), "the same call again ends otherwise than undisturbed");
		return false;
	}
	return crash_empties(c);
}

static void stop_everywhere(const struct operation *o, enum nommu_profile profile)
{
	struct nommu_stats ended;
	struct crash c;
	int undisturbed = 0, result;
	uint64_t stop;

	crash_open(&c, profile, o->setup);
	ck_assert_msg(!crash_run(&c, o->run, UINT64_MAX, &undisturbed), "stopped at no event");
	ck_assert_msg(undisturbed == 0, "%s: %d", o->name, undisturbed);
	ck_assert_int_eq(nommu_stats(c.scene.survivor, &ended), 0);
	ck_assert_msg(crash_empties(&c), "%s, undisturbed: %s", o->name, c.error);
	for (stop = 0;; stop++) {
		bool stopped = false;

		for (enum crash_death death = CRASH_PLAIN; death <= CRASH_IN_RECOVERY; death++) {
			/* Of long operations a part of the points will do for the rarer deaths. */
			if (death != CRASH_PLAIN && stop > 300 && stop % 7)
				continue;
			crash_reset(&c);
			stopped = crash_run(&c, o->run, stop, &result);
			if (!stopped)
				break;
			ck_assert_msg((death != CRASH_PLAIN || crash_covered(&c)) && crash_recover(&c, death) &&
					      goes_on(&c, o, undisturbed, &ended),
				      "%s, stopped at event %llu, death %d: %s", o->name, (unsigned long long)stop,
				      death, c.error);
		}
		if (!stopped)
			break;
	}
	printf("%-32s %-6s %5llu points, at most %llu entries\n", o->name,
	       profile == NOMMU_PROFILE_BDI ? "bdi" : "linux6", (unsigned long long)stop, (unsigned long long)c.most);
	ck_assert_msg(stop >= o->least, "%s: only %llu events", o->name, (unsigned long long)stop);
	crash_close(&c);
}

/* The lock cannot be had at the nth attempt: the call says so, or waits; called again it ends what was begun. */
static void refuse_everywhere(const struct operation *o, enum nommu_profile profile)
{
	struct nommu_stats ended;
	struct crash c;
	int undisturbed = 0, result = 0;
	uint64_t nth, refused = 0;

	crash_open(&c, profile, o->setup);
	ck_assert(!crash_run(&c, o->run, UINT64_MAX, &undisturbed));
	ck_assert_int_eq(nommu_stats(c.scene.survivor, &ended), 0);
	for (nth = 0;; nth++) {
		crash_reset(&c);
		if (!crash_run_busy(&c, o->run, nth, &result))
			break;
		ck_assert_msg(nommu_verify(c.scene.survivor, &(struct nommu_why){ "" }) == 0,
			      "%s, refused the lock at %llu: the board does not verify", o->name,
			      (unsigned long long)nth);
		ck_assert_msg(result == undisturbed || result == -EAGAIN, "%s, refused the lock at %llu: %d", o->name,
			      (unsigned long long)nth, result);
		refused += result == -EAGAIN;
		if (result == -EAGAIN)
			ck_assert_msg(goes_on(&c, o, undisturbed, &ended), "%s, refused the lock at %llu: %s", o->name,
				      (unsigned long long)nth, c.error);
		else
			ck_assert_msg(crash_empties(&c), "%s: %s", o->name, c.error);
	}
	ck_assert_msg(refused > 0, "%s: the lock was never missed", o->name);
	crash_close(&c);
}

START_TEST(lock_refused)
{
	const struct operation *o = &operations[_i];

	if (o->profiles & BDI)
		refuse_everywhere(o, NOMMU_PROFILE_BDI);
	if (o->profiles & LINUX6)
		refuse_everywhere(o, NOMMU_PROFILE_LINUX6);
}
END_TEST

START_TEST(crash_points)
{
	const struct operation *o = &operations[_i];

	if (o->profiles & BDI)
		stop_everywhere(o, NOMMU_PROFILE_BDI);
	if (o->profiles & LINUX6)
		stop_everywhere(o, NOMMU_PROFILE_LINUX6);
}
END_TEST

SUITE(crash)
{
	Suite *suite = suite_create("crash");
	TCase *tcase = tcase_create("points");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, crash_points, 0, sizeof(operations) / sizeof(*operations));
	tcase_add_loop_test(tcase, lock_refused, 0, sizeof(operations) / sizeof(*operations));
	suite_add_tcase(suite, tcase);
	return suite;
}
