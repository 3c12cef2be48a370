/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_crash - each operation, stopped at each of its writes and commits, rolled back by a survivor: the tables are byte
 * for byte what they were when the transaction began, the board verifies, works on and loses nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/mman.h>

#include "crash.h"
#include "suites.h"

#define PAGE ((uint64_t)NOMMU_PAGE_SIZE)
#define FD   (NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE)

/* ---- pieces ---------------------------------------------------------------------------------------------------- */

static ssize_t read_host(void *arg, void *buf, size_t len, uint64_t offset)
{
	(void)arg;
	if (offset >= 3 * PAGE)
		return 0;
	len = len < 3 * PAGE - offset ? len : 3 * PAGE - offset;
	memset(buf, 0x5a, len);
	return (ssize_t)len;
}

static int map(struct nommu_board *b, const struct nommu_mm *mm, const struct nommu_request *request, uint64_t *addr)
{
	struct nommu_verdict verdict;
	int result = nommu_mmap(b, mm, request, &verdict);

	if (addr)
		*addr = verdict.addr;
	return result;
}

static int map_anonymous(struct nommu_board *b, const struct nommu_mm *mm, uint64_t pages, uint64_t *addr)
{
	return map(b, mm,
		   &(struct nommu_request){ .length = pages * PAGE,
					    .prot = PROT_READ | PROT_WRITE,
					    .flags = MAP_PRIVATE | MAP_ANONYMOUS },
		   addr);
}

static int map_file(struct nommu_board *b, const struct nommu_mm *mm, uint64_t ino, uint64_t first, uint64_t pages,
		    int prot, int flags, uint64_t *addr)
{
	return map(b, mm,
		   &(struct nommu_request){ .length = pages * PAGE,
					    .prot = prot,
					    .flags = flags,
					    .offset = (int64_t)(first * PAGE),
					    .fd = FD,
					    .id = { .ino = ino } },
		   addr);
}

static int map_host(struct nommu_board *b, const struct nommu_mm *mm, uint64_t ino, uint64_t *addr)
{
	static const struct nommu_file_attr attr = { .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };

	return map(b, mm,
		   &(struct nommu_request){ .length = 3 * PAGE,
					    .prot = PROT_READ,
					    .flags = MAP_PRIVATE,
					    .fd = FD,
					    .id = { .dev = 8, .ino = ino },
					    .host = &attr,
					    .name = "/a/file/of/the/host",
					    .read = read_host },
		   addr);
}

static int unmap(struct nommu_board *b, const struct nommu_mm *mm, uint64_t addr, uint64_t pages)
{
	struct nommu_verdict verdict;

	return nommu_munmap(b, mm, addr, pages * PAGE, &verdict);
}

static void must(int result)
{
	ck_assert_msg(result == 0, "setup: %d", result);
}

/* File @i of the scene, inode i + 1, of so many pages in one run. */
static void make_file(struct crash_scene *s, int i, uint64_t pages)
{
	struct nommu_file_attr attr;

	nommu_file_attr_ram(&attr);
	must(nommu_file_create(s->survivor, &(struct nommu_id){ .ino = (uint64_t)i + 1 }, &attr, &s->file[i]));
	must(nommu_file_truncate(s->survivor, s->file[i], pages * PAGE));
}

static void remember(struct crash_scene *s, uint64_t addr)
{
	s->addr[s->addrs++] = addr;
}

/* ---- setups ---------------------------------------------------------------------------------------------------- */

/* Free memory in pieces, a few files, mappings of each sort by both processes. */
static void setup_mixed(struct crash_scene *s)
{
	uint64_t hole[6], addr;

	for (int i = 0; i < 6; i++)
		must(map_anonymous(s->survivor, &s->other, 1, &hole[i]));
	make_file(s, 0, 5);
	make_file(s, 1, 3);
	make_file(s, 2, 0);
	make_file(s, 3, 4);
	for (int i = 0; i < 6; i += 2)
		must(unmap(s->survivor, &s->other, hole[i], 1));
	must(map_anonymous(s->survivor, &s->mm, 5, &addr)); /* 0: a block of 8 */
	remember(s, addr);
	must(map_file(s->survivor, &s->mm, 1, 0, 5, PROT_READ | PROT_WRITE, MAP_SHARED, &addr)); /* 1 */
	remember(s, addr);
	must(map_file(s->survivor, &s->other, 2, 0, 3, PROT_READ, MAP_PRIVATE, &addr));
	must(map_file(s->survivor, &s->mm, 2, 0, 3, PROT_READ, MAP_PRIVATE, &addr)); /* 2: joined */
	remember(s, addr);
	must(map_file(s->survivor, &s->mm, 2, 0, 3, PROT_READ | PROT_WRITE, MAP_PRIVATE, &addr)); /* 3: a copy */
	remember(s, addr);
	must(map_file(s->survivor, &s->mm, 4, 0, 4, PROT_READ, MAP_PRIVATE, &addr)); /* 4: direct, and put below */
	remember(s, addr);
	must(map_host(s->survivor, &s->mm, 100, &addr)); /* 5 */
	remember(s, addr);
	must(nommu_file_put(s->survivor, s->file[3]));
}

/* A file with holes and single pages; private direct mappings that overlap. */
static void setup_file(struct crash_scene *s)
{
	uint64_t addr;

	make_file(s, 0, 20);
	must(nommu_file_write(s->survivor, s->file[0], "x", 1, 30 * PAGE) == 1 ? 0 : -EIO);
	must(nommu_file_write(s->survivor, s->file[0], "x", 1, 25 * PAGE + 7) == 1 ? 0 : -EIO);
	must(map_file(s->survivor, &s->mm, 1, 10, 10, PROT_READ, MAP_PRIVATE, &addr));
	remember(s, addr);
	must(map_file(s->survivor, &s->other, 1, 12, 6, PROT_READ, MAP_PRIVATE, &addr));
	must(map_file(s->survivor, &s->mm, 1, 0, 4, PROT_READ | PROT_WRITE, MAP_SHARED, &addr));
	make_file(s, 1, 0);
}

/* The same after the cut: a torn mapping. */
static void setup_torn(struct crash_scene *s)
{
	setup_file(s);
	must(nommu_file_truncate(s->survivor, s->file[0], 11 * PAGE));
}

/* So many mappings that exit takes several steps; a torn one that takes several by itself. */
static void setup_many(struct crash_scene *s)
{
	uint64_t addr;

	make_file(s, 0, 100);
	make_file(s, 1, 7);
	must(map_file(s->survivor, &s->mm, 1, 0, 100, PROT_READ, MAP_PRIVATE, &addr));
	for (uint64_t i = 0; i < 20; i++) {
		must(map_anonymous(s->survivor, &s->mm, 1 + i % 3, NULL));
		must(map_file(s->survivor, i % 2 ? &s->mm : &s->other, 2, i % 5, 1 + i % 2, PROT_READ, MAP_PRIVATE, NULL));
	}
	must(map_host(s->survivor, &s->mm, 100, NULL));
	must(nommu_file_truncate(s->survivor, s->file[0], 5 * PAGE));
	must(nommu_file_put(s->survivor, s->file[1]));
}

/* A file that is large enough for several steps. */
static void setup_large(struct crash_scene *s)
{
	char page[4096] = "";

	make_file(s, 0, 0);
	for (uint64_t i = 0; i < 150; i++)
		must(nommu_file_write(s->survivor, s->file[0], page, PAGE, (i * 7 % 150) * PAGE) == 4096 ? 0 : -EIO);
}

static jmp_buf killed_reading;

static ssize_t read_and_die(void *arg, void *buf, size_t len, uint64_t offset)
{
	(void)arg, (void)buf, (void)len, (void)offset;
	longjmp(killed_reading, 1);
}

/* Somebody was killed while a file was being read for a copy. */
static void setup_pending(struct crash_scene *s)
{
	static const struct nommu_file_attr attr = { .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };
	struct nommu_request request = { .length = 3 * PAGE, .prot = PROT_READ, .flags = MAP_PRIVATE, .fd = FD,
					 .id = { .dev = 8, .ino = 100 }, .host = &attr, .read = read_and_die };
	struct nommu_stats stats;

	must(map_anonymous(s->survivor, &s->mm, 2, NULL));
	if (!setjmp(killed_reading))
		must(map(s->survivor, &s->mm, &request, NULL) + 1);
	request.id.ino = 101;
	if (!setjmp(killed_reading))
		must(map(s->survivor, &s->mm, &request, NULL) + 1);
	must(nommu_stats(s->survivor, &stats));
	ck_assert_uint_ge(stats.pending_pages, 6);
}

/* ---- operations ------------------------------------------------------------------------------------------------ */

static int run_anonymous(struct nommu_board *b, struct crash_scene *s)
{
	return map_anonymous(b, &s->mm, 3, NULL);
}

static int run_direct(struct nommu_board *b, struct crash_scene *s)
{
	return map_file(b, &s->mm, 1, 1, 2, PROT_READ | PROT_WRITE, MAP_SHARED, NULL);
}

static int run_copy(struct nommu_board *b, struct crash_scene *s)
{
	return map_file(b, &s->mm, 1, 1, 3, PROT_READ | PROT_WRITE, MAP_PRIVATE, NULL);
}

static int run_join(struct nommu_board *b, struct crash_scene *s)
{
	return map_file(b, &s->mm, 2, 0, 3, PROT_READ, MAP_PRIVATE, NULL);
}

static int run_host(struct nommu_board *b, struct crash_scene *s)
{
	return map_host(b, &s->mm, 101, NULL);
}

static int run_host_again(struct nommu_board *b, struct crash_scene *s)
{
	return map_host(b, &s->other, 100, NULL);
}

static int run_unmap_anonymous(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[0], 5);
}

static int run_unmap_direct(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[1], 5);
}

static int run_unmap_joined(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[2], 3);
}

static int run_unmap_copy(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[3], 3);
}

static int run_unmap_put(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[4], 4);
}

static int run_unmap_host(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[5], 3);
}

static int run_head(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[0], 2);
}

static int run_tail(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[0] + 3 * PAGE, 2);
}

static int run_hole(struct nommu_board *b, struct crash_scene *s)
{
	return unmap(b, &s->mm, s->addr[0] + PAGE, 2);
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
	return unmap(b, &s->mm, s->addr[0], 10);
}

static int run_write(struct nommu_board *b, struct crash_scene *s)
{
	static char buf[40 * 4096];
	ssize_t n = nommu_file_write(b, s->file[0], buf, sizeof(buf), 18 * PAGE + 50);

	return n < 0 ? (int)n : 0;
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

#define BDI    (1u << NOMMU_PROFILE_BDI)
#define LINUX6 (1u << NOMMU_PROFILE_LINUX6)
#define BOTH   (BDI | LINUX6)

static const struct operation {
	const char *name;
	crash_setup_fn *setup;
	crash_run_fn *run;
	unsigned least; /* events that there must be: else the test tests nothing */
	int again;      /* what else than 0 the same call may answer after a step of it was done */
	unsigned profiles; /* as bits */
} operations[] = {
	{ "mmap anonymous", setup_mixed, run_anonymous, 20, 0, BOTH },
	{ "mmap direct", setup_mixed, run_direct, 10, 0, BOTH },
	{ "mmap copy", setup_mixed, run_copy, 30, 0, BOTH },
	{ "mmap joined", setup_mixed, run_join, 8, 0, BOTH },
	{ "mmap new host file", setup_mixed, run_host, 40, 0, BOTH },
	{ "mmap joined host file", setup_mixed, run_host_again, 8, 0, BOTH },
	{ "munmap anonymous", setup_mixed, run_unmap_anonymous, 20, 0, BOTH },
	{ "munmap direct", setup_mixed, run_unmap_direct, 10, 0, BOTH },
	{ "munmap joined", setup_mixed, run_unmap_joined, 8, 0, BOTH },
	{ "munmap copy", setup_mixed, run_unmap_copy, 10, 0, BOTH },
	{ "munmap last of a put file", setup_mixed, run_unmap_put, 20, -EINVAL, BOTH },
	{ "munmap last of a host file", setup_mixed, run_unmap_host, 15, 0, BOTH },
	{ "munmap head", setup_mixed, run_head, 10, 0, LINUX6 },
	{ "munmap tail", setup_mixed, run_tail, 10, 0, LINUX6 },
	{ "munmap hole", setup_mixed, run_hole, 20, 0, LINUX6 },
	{ "munmap torn", setup_torn, run_unmap_torn, 8, -EINVAL, BOTH },
	{ "mremap larger", setup_mixed, run_mremap, 3, 0, BDI },
	{ "mremap smaller", setup_mixed, run_shrink_mapping, 3, 0, BOTH },
	{ "mm create", setup_mixed, run_mm_create, 5, 0, BOTH },
	{ "mm exit", setup_many, run_exit, 400, -ESRCH, BOTH },
	{ "mm exit of a few", setup_mixed, run_exit, 60, -ESRCH, BOTH },
	{ "mm exit while copying", setup_pending, run_exit, 30, -ESRCH, BOTH },
	{ "file create", setup_mixed, run_create, 8, 0, BOTH },
	{ "file find", setup_mixed, run_find, 1, 0, BOTH },
	{ "file put", setup_large, run_put, 200, -ENOENT, BOTH },
	{ "file put, mapped", setup_mixed, run_put_mapped, 3, 0, BOTH },
	{ "truncate from 0", setup_mixed, run_truncate_up, 20, 0, BOTH },
	{ "truncate to a hole", setup_file, run_truncate_hole, 2, 0, BOTH },
	{ "truncate under private mappings", setup_file, run_shrink, 40, 0, BOTH },
	{ "truncate without mappings", setup_file, run_shrink_free, 10, 0, BOTH },
	{ "truncate in steps", setup_large, run_empty, 400, 0, BOTH },
	{ "write", setup_file, run_write, 200, 0, BOTH },
	{ "fill", setup_file, run_fill, 40, 0, BOTH },
	{ "set_attr", setup_mixed, run_set_attr, 4, 0, BOTH },
	{ "set_trim", setup_mixed, run_set_trim, 2, 0, BOTH },
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
			crash_reset(&c);
			stopped = crash_run(&c, o->run, stop, &result);
			if (!stopped)
				break;
			ck_assert_msg(crash_covered(&c) && crash_recover(&c, death) && goes_on(&c, o, undisturbed, &ended),
				      "%s, stopped at event %llu, death %d: %s", o->name, (unsigned long long)stop, death,
				      c.error);
		}
		if (!stopped)
			break;
	}
	printf("%-32s %-6s %5llu points, at most %llu entries\n", o->name,
	       profile == NOMMU_PROFILE_BDI ? "bdi" : "linux6", (unsigned long long)stop, (unsigned long long)c.most);
	ck_assert_msg(stop >= o->least, "%s: only %llu events", o->name, (unsigned long long)stop);
	crash_close(&c);
}

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
	suite_add_tcase(suite, tcase);
	return suite;
}
