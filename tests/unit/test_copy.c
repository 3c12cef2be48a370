/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_copy - what happens on a board while a file is being read for a copy: the lock is free, the pages are pending,
 * and when the copy is done the board may be another.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nommu.h"
#include "suites.h"

#define PAGE  ((uint64_t)NOMMU_PAGE_SIZE)
#define PAGES 3u

struct meanwhile {
	struct nommu_board *b;
	struct nommu_mm mm, other;
	void (*happens)(struct meanwhile *w);
	unsigned calls;
	ssize_t answer;
	uint64_t addr; /* what the other one got */
	uint32_t file;
};

static const struct nommu_file_attr host_attr = { .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };

static ssize_t read_plain(void *arg, void *buf, size_t len, uint64_t offset)
{
	(void)arg;
	if (offset >= PAGES * PAGE)
		return 0;
	if (len > PAGES * PAGE - offset)
		len = PAGES * PAGE - offset;
	memset(buf, 'h', len);
	return (ssize_t)len;
}

static ssize_t read_meanwhile(void *arg, void *buf, size_t len, uint64_t offset)
{
	struct meanwhile *w = arg;

	if (w->calls++ == 0)
		w->happens(w);
	return w->answer < 0 ? w->answer : read_plain(NULL, buf, len, offset);
}

static struct nommu_request request(int prot, nommu_read_fn *read, void *arg)
{
	return (struct nommu_request){ .length = PAGES * PAGE,
				       .prot = prot,
				       .flags = MAP_PRIVATE,
				       .fd = NOMMU_FD_OPEN | NOMMU_FD_READ,
				       .id = { .dev = 8, .ino = 1 },
				       .host = &host_attr,
				       .name = "file",
				       .read = read,
				       .read_arg = arg };
}

static struct nommu_stats stats_of(struct nommu_board *b)
{
	struct nommu_stats s;
	struct nommu_why why = { "" };

	ck_assert_int_eq(nommu_stats(b, &s), 0);
	ck_assert_msg(nommu_verify(b, &why) == 0, "nommu_verify: %s", why.text);
	return s;
}

static void open_board(struct meanwhile *w, enum nommu_profile profile)
{
	struct nommu_config config;
	struct nommu_why why = { "" };

	memset(w, 0, sizeof(*w));
	nommu_config_init(&config);
	config.ram = 64 * PAGE;
	config.max_order = 5;
	config.profile = profile;
	config.vmas = 8;
	config.files = 4;
	config.mms = 4;
	ck_assert_msg(nommu_board_create(&config, NULL, &w->b, &why) == 0, "nommu_board_create: %s", why.text);
	ck_assert_int_eq(nommu_mm_create(w->b, getpid(), "one", &w->mm), 0);
	ck_assert_int_eq(nommu_mm_create(w->b, getpid(), "two", &w->other), 0);
}

/* Map, with this happening in between. */
static int map(struct meanwhile *w, void (*happens)(struct meanwhile *w), int prot, struct nommu_verdict *v)
{
	struct nommu_request r = request(prot, read_meanwhile, w);

	w->happens = happens;
	w->calls = 0;
	return nommu_mmap(w->b, &w->mm, &r, v);
}

/* Nothing is left when both have gone. */
static void close_board(struct meanwhile *w)
{
	struct nommu_stats s;

	nommu_mm_exit(w->b, &w->mm);
	nommu_mm_exit(w->b, &w->other);
	s = stats_of(w->b);
	ck_assert_uint_eq(s.free_pages + s.file_pages, s.pages);
	ck_assert_uint_eq(s.pending_pages + s.vmas + s.regions + s.mms, 0);
	nommu_board_close(w->b);
}

/* ---- the lock is free, the pages are pending ---- */

static void look(struct meanwhile *w)
{
	struct nommu_stats s;

	nommu_board_set_nonblocking(w->b, true);
	s = stats_of(w->b);
	nommu_board_set_nonblocking(w->b, false);
	ck_assert_uint_eq(s.pending_pages, PAGES);
	ck_assert_uint_eq(s.anon_pages, 0);
	ck_assert_uint_eq(s.free_pages, 64 - PAGES);
	ck_assert_uint_eq(s.vmas, 0);
}

START_TEST(lock_is_free)
{
	struct meanwhile w;
	struct nommu_verdict v;

	open_board(&w, NOMMU_PROFILE_BDI);
	ck_assert_int_eq(map(&w, look, PROT_READ, &v), 0);
	ck_assert_uint_gt(w.calls, 0);
	ck_assert_uint_eq(stats_of(w.b).pending_pages, 0);
	ck_assert_int_eq(*(char *)v.addr, 'h');
	close_board(&w);
}
END_TEST

static void nothing(struct meanwhile *w)
{
	(void)w;
}

/* ---- the same is mapped by somebody else ---- */

static void map_the_same(struct meanwhile *w)
{
	struct nommu_request r = request(PROT_READ, read_plain, NULL);
	struct nommu_verdict v;

	ck_assert_int_eq(nommu_mmap(w->b, &w->other, &r, &v), 0);
	ck_assert(!v.joined);
	w->addr = v.addr;
}

START_TEST(same_meanwhile)
{
	struct meanwhile w;
	struct nommu_verdict v;

	open_board(&w, _i ? NOMMU_PROFILE_LINUX6 : NOMMU_PROFILE_BDI);
	ck_assert_int_eq(map(&w, map_the_same, PROT_READ, &v), 0);
	/* Theirs is used, and the pages of this one are free again. */
	ck_assert_uint_eq(v.addr, w.addr);
	ck_assert(v.joined);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_REUSE);
	ck_assert_uint_eq(v.pages, 0);
	ck_assert_uint_eq(stats_of(w.b).anon_pages, PAGES);
	ck_assert_uint_eq(stats_of(w.b).regions, 1);
	/* An own copy stays one. */
	ck_assert_int_eq(nommu_munmap(w.b, &w.mm, v.addr, PAGES * PAGE, &v), 0);
	ck_assert_int_eq(map(&w, nothing, PROT_READ | PROT_WRITE, &v), 0);
	ck_assert(!v.joined);
	ck_assert_uint_ne(v.addr, w.addr);
	close_board(&w);
}
END_TEST

/* Not contained in what is being mapped: this request, begun first, loses. */
static void map_across(struct meanwhile *w)
{
	struct nommu_request r = request(PROT_READ, read_plain, NULL);
	struct nommu_verdict v;

	r.offset = PAGE;
	ck_assert_int_eq(nommu_mmap(w->b, &w->other, &r, &v), 0);
}

START_TEST(overlap_meanwhile)
{
	struct meanwhile w;
	struct nommu_verdict v;

	open_board(&w, _i ? NOMMU_PROFILE_LINUX6 : NOMMU_PROFILE_BDI);
	ck_assert_int_eq(map(&w, map_across, PROT_READ, &v), -EINVAL);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_SHARE_OVERLAP);
	ck_assert_uint_eq(stats_of(w.b).pending_pages, 0);
	ck_assert_uint_eq(stats_of(w.b).anon_pages, PAGES);
	close_board(&w);
}
END_TEST

/* ---- the process goes ---- */

static void exit_one(struct meanwhile *w)
{
	ck_assert_int_eq(nommu_mm_exit(w->b, &w->mm), 0);
	ck_assert_uint_eq(stats_of(w->b).free_pages, 64);
	ck_assert_uint_eq(stats_of(w->b).files, 0);
}

static void exit_and_come_again(struct meanwhile *w)
{
	struct nommu_mm again;

	exit_one(w);
	/* The slot's next user must not be taken for the one that went. */
	ck_assert_int_eq(nommu_mm_create(w->b, getpid(), "next", &again), 0);
	ck_assert_uint_eq(again.slot, w->mm.slot);
	ck_assert_uint_ne(again.generation, w->mm.generation);
}

START_TEST(exit_meanwhile)
{
	struct meanwhile w;
	struct nommu_verdict v;
	struct nommu_mm_info *infos;
	size_t count;

	open_board(&w, NOMMU_PROFILE_BDI);
	w.answer = _i < 2 ? 0 : -EIO;
	ck_assert_int_eq(map(&w, _i % 2 ? exit_and_come_again : exit_one, PROT_READ, &v), _i < 2 ? -ESRCH : -EIO);
	ck_assert_uint_eq(stats_of(w.b).free_pages, 64);
	ck_assert_uint_eq(stats_of(w.b).vmas, 0);
	ck_assert_int_eq(nommu_mms(w.b, &infos, &count), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(nommu_mm_exit(w.b, &infos[i].mm), 0);
	free(infos);
	close_board(&w);
}
END_TEST

/* ---- reading fails ---- */

START_TEST(read_fails)
{
	static const int errors[] = { -EIO, -EISDIR, -EAGAIN, -ESTALE };
	struct meanwhile w;
	struct nommu_verdict v;

	open_board(&w, NOMMU_PROFILE_BDI);
	w.answer = errors[_i];
	ck_assert_int_eq(map(&w, nothing, PROT_READ | PROT_WRITE, &v), errors[_i]);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_READ_FAILED);
	ck_assert_int_eq(v.error, errors[_i]);
	ck_assert_uint_eq(stats_of(w.b).free_pages, 64);
	ck_assert_uint_eq(stats_of(w.b).files, 0);
	close_board(&w);
}
END_TEST

/* ---- the tables or the memory are full when the copy is done, or before ---- */

static void fill_vmas(struct meanwhile *w)
{
	struct nommu_request r = { .length = 1, .flags = MAP_PRIVATE | MAP_ANONYMOUS };
	struct nommu_verdict v;

	while (nommu_mmap(w->b, &w->other, &r, &v) == 0)
		;
	ck_assert_uint_eq(v.rule, NOMMU_RULE_TABLE_FULL);
}

START_TEST(full_meanwhile)
{
	struct meanwhile w;
	struct nommu_verdict v;
	struct nommu_request r = request(PROT_READ, read_meanwhile, &w);

	open_board(&w, NOMMU_PROFILE_BDI);
	ck_assert_int_eq(map(&w, fill_vmas, PROT_READ, &v), -ENOMEM);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_TABLE_FULL);
	ck_assert_uint_eq(stats_of(w.b).pending_pages, 0);
	ck_assert_uint_eq(stats_of(w.b).anon_pages, 8);
	/* No memory: then nothing is read. */
	ck_assert_int_eq(nommu_mm_exit(w.b, &w.other), 0);
	r.length = 33 * PAGE;
	w.calls = 0;
	ck_assert_int_eq(nommu_mmap(w.b, &w.mm, &r, &v), -ENOMEM);
	ck_assert_uint_eq(w.calls, 0);
	close_board(&w);
}
END_TEST

/* ---- a file on the board is put while it is copied by nobody: its copies outlive it ---- */

START_TEST(put_after_copy)
{
	struct meanwhile w;
	struct nommu_verdict v, joined;
	struct nommu_file_attr attr;
	struct nommu_request r = { .length = PAGES * PAGE,
				   .prot = PROT_READ,
				   .flags = MAP_PRIVATE,
				   .fd = NOMMU_FD_OPEN | NOMMU_FD_READ,
				   .id = { .ino = 7 } };
	struct nommu_map *maps;
	size_t count;

	open_board(&w, _i ? NOMMU_PROFILE_LINUX6 : NOMMU_PROFILE_BDI);
	nommu_file_attr_ram(&attr);
	attr.caps = BDI_CAP_MAP_COPY;
	ck_assert_int_eq(nommu_file_create(w.b, &r.id, &attr, &w.file), 0);
	ck_assert_int_eq(nommu_file_write(w.b, w.file, "abc", 3, PAGE), 3);
	ck_assert_int_eq(nommu_mmap(w.b, &w.mm, &r, &v), 0);
	ck_assert_uint_eq(v.how, NOMMU_HOW_COPY);
	ck_assert_int_eq(nommu_file_write(w.b, w.file, "xyz", 3, PAGE), 3);
	ck_assert_int_eq(nommu_mmap(w.b, &w.other, &r, &joined), 0);
	ck_assert(joined.joined && joined.addr == v.addr);
	ck_assert_mem_eq((char *)v.addr + PAGE, "abc", 4);
	ck_assert_int_eq(nommu_file_put(w.b, w.file), 0);
	/* The file's own pages stay as long as it is mapped, as a kernel's inode does. */
	ck_assert_uint_eq(stats_of(w.b).file_pages, 1);
	ck_assert_int_eq(nommu_maps(w.b, NULL, &maps, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert(maps[0].deleted && maps[0].users == 2);
	free(maps);
	ck_assert_int_eq(nommu_munmap(w.b, &w.mm, v.addr, PAGES * PAGE, &v), 0);
	ck_assert_uint_eq(stats_of(w.b).files, 1);
	ck_assert_int_eq(nommu_munmap(w.b, &w.other, joined.addr, PAGES * PAGE, &v), 0);
	ck_assert_uint_eq(stats_of(w.b).files, 0);
	ck_assert_uint_eq(stats_of(w.b).free_pages, 64);
	close_board(&w);
}
END_TEST

SUITE(copy)
{
	Suite *suite = suite_create("copy");
	TCase *tcase = tcase_create("meanwhile");

	tcase_add_test(tcase, lock_is_free);
	tcase_add_loop_test(tcase, same_meanwhile, 0, 2);
	tcase_add_loop_test(tcase, overlap_meanwhile, 0, 2);
	tcase_add_loop_test(tcase, exit_meanwhile, 0, 4);
	tcase_add_loop_test(tcase, read_fails, 0, 4);
	tcase_add_test(tcase, full_meanwhile);
	tcase_add_loop_test(tcase, put_after_copy, 0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}
