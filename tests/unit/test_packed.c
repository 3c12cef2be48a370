/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_packed - files of a board whose bytes have no address (compressed ones): copied through the caller's read, or
 * refused. Where files have data and holes, also in damaged tables; and where windows lie.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/segment.h"
#include "suites.h"

#define PAGE ((uint64_t)NOMMU_PAGE_SIZE)
#define SIZE (2 * PAGE + 100)

struct scene {
	struct nommu_board *b;
	struct nommu_mm mm, other;
	uint32_t file;
	unsigned int reads;
	ssize_t answer; /* of read; 0: bytes */
};

static const struct nommu_id packed_id = { .ino = 7 };

static ssize_t read_packed(void *arg, void *buf, size_t len, uint64_t offset)
{
	struct scene *s = arg;

	s->reads++;
	if (s->answer)
		return s->answer;
	if (offset >= SIZE)
		return 0;
	if (len > SIZE - offset)
		len = SIZE - offset;
	memset(buf, 'p', len);
	return (ssize_t)len;
}

static void open_scene(struct scene *s, enum nommu_profile profile, uint32_t caps)
{
	struct nommu_file_attr attr;
	struct nommu_config config;
	struct nommu_why why = { "" };

	memset(s, 0, sizeof(*s));
	nommu_config_init(&config);
	config.ram = 64 * PAGE;
	config.max_order = 5;
	config.profile = profile;
	config.vmas = config.files = config.mms = 8;
	ck_assert_msg(nommu_board_create(&config, NULL, &s->b, &why) == 0, "nommu_board_create: %s", why.text);
	ck_assert_int_eq(nommu_mm_create(s->b, getpid(), "one", &s->mm), 0);
	ck_assert_int_eq(nommu_mm_create(s->b, getpid(), "two", &s->other), 0);
	nommu_file_attr_packed(&attr);
	ck_assert_uint_eq(attr.caps, BDI_CAP_MAP_COPY);
	if (caps)
		attr.caps = caps;
	ck_assert_int_eq(nommu_file_create_read(s->b, &packed_id, &attr, SIZE, &s->file), 0);
}

static void close_scene(struct scene *s)
{
	struct nommu_why why = { "" };
	struct nommu_stats stats;

	nommu_mm_exit(s->b, &s->mm);
	nommu_mm_exit(s->b, &s->other);
	ck_assert_int_eq(nommu_file_put(s->b, s->file), 0);
	ck_assert_msg(nommu_verify(s->b, &why) == 0, "nommu_verify: %s", why.text);
	ck_assert_int_eq(nommu_stats(s->b, &stats), 0);
	ck_assert_uint_eq(stats.free_pages, stats.pages);
	ck_assert_uint_eq(stats.files, 0);
	nommu_board_close(s->b);
}

static int map(struct scene *s, const struct nommu_mm *mm, int flags, int prot, uint64_t pages, uint64_t pgoff,
	       struct nommu_verdict *v)
{
	struct nommu_request r = { .length = pages * PAGE,
				   .prot = prot,
				   .flags = flags,
				   .offset = (int64_t)(pgoff * PAGE),
				   .fd = NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE,
				   .id = packed_id,
				   .read = read_packed,
				   .read_arg = s };

	return nommu_mmap(s->b, mm, &r, v);
}

/* _i: the profile */
START_TEST(copied)
{
	struct nommu_verdict v, w;
	struct scene s;
	const char *bytes;

	open_scene(&s, (enum nommu_profile)_i, 0);
	ck_assert_int_eq(map(&s, &s.mm, MAP_PRIVATE, PROT_READ, 3, 0, &v), 0);
	ck_assert_uint_eq(v.how, NOMMU_HOW_COPY);
	bytes = (const char *)v.addr;
	for (uint64_t i = 0; i < 3 * PAGE; i++)
		ck_assert_int_eq(bytes[i], i < SIZE ? 'p' : 0);
	/* Who comes next joins it, and reads nothing. */
	s.reads = 0;
	ck_assert_int_eq(map(&s, &s.other, MAP_PRIVATE, PROT_READ | PROT_EXEC, 3, 0, &w), 0);
	ck_assert(w.joined && w.addr == v.addr && s.reads == 0);
	/* Not who writes. */
	ck_assert_int_eq(map(&s, &s.other, MAP_PRIVATE, PROT_READ | PROT_WRITE, 3, 0, &w), 0);
	ck_assert(!w.joined && w.addr != v.addr && s.reads > 0);
	close_scene(&s);
}
END_TEST

START_TEST(not_shared)
{
	static const uint32_t caps[] = { BDI_CAP_MAP_COPY, BDI_CAP_ALL };
	struct nommu_verdict v;
	struct scene s;

	for (int i = 0; i < 2; i++) {
		open_scene(&s, (enum nommu_profile)_i, caps[i]);
		ck_assert_int_eq(map(&s, &s.mm, MAP_SHARED, PROT_READ, 3, 0, &v), -ENODEV);
		ck_assert_uint_eq(v.rule, i ? NOMMU_RULE_ADDRESS_REFUSED : NOMMU_RULE_SHARED_NOT_DIRECT);
		ck_assert_uint_eq(s.reads, 0);
		close_scene(&s);
	}
}
END_TEST

/* Capabilities that the bytes cannot honour make it no less a copy. */
START_TEST(direct_is_copied)
{
	struct nommu_verdict v;
	struct scene s;

	open_scene(&s, (enum nommu_profile)_i, BDI_CAP_ALL);
	ck_assert_int_eq(map(&s, &s.mm, MAP_PRIVATE, PROT_READ, 1, 1, &v), 0);
	ck_assert_uint_eq(v.how, NOMMU_HOW_COPY);
	ck_assert_uint_eq(v.why, NOMMU_RULE_ADDRESS_REFUSED);
	ck_assert_int_eq(*(const char *)v.addr, 'p');
	/* Behind the end: the address operation knows no such address. */
	ck_assert_int_eq(map(&s, &s.mm, MAP_PRIVATE, PROT_READ, 1, 3, &v), -EINVAL);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_ADDRESS_REFUSED);
	close_scene(&s);
}
END_TEST

START_TEST(damaged)
{
	struct nommu_verdict v;
	struct scene s;

	open_scene(&s, (enum nommu_profile)_i, 0);
	s.answer = -EIO;
	ck_assert_int_eq(map(&s, &s.mm, MAP_PRIVATE, PROT_READ, 3, 0, &v), -EIO);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_READ_FAILED);
	close_scene(&s);
}
END_TEST

/* It has no bytes for the daemon either, no pages, and cannot be written. */
START_TEST(no_bytes)
{
	struct nommu_file_stat stat;
	struct nommu_file_attr attr;
	struct iovec iov;
	struct scene s;
	uint32_t file;
	size_t bytes;

	open_scene(&s, NOMMU_PROFILE_BDI, 0);
	ck_assert_int_eq(nommu_file_iov(s.b, s.file, 0, 10, &iov, 1, &bytes), 0);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(nommu_file_write(s.b, s.file, "x", 1, 0), -EINVAL);
	ck_assert_int_eq(nommu_file_truncate(s.b, s.file, 0), -EINVAL);
	ck_assert_int_eq(nommu_file_stat(s.b, s.file, &stat), 0);
	ck_assert_uint_eq(stat.size, SIZE);
	ck_assert_uint_eq(stat.addr + stat.largest + stat.pages, 0);
	nommu_file_attr_packed(&attr);
	ck_assert_int_eq(nommu_file_create_read(s.b, &packed_id, &attr, 1, &file), -EEXIST);
	ck_assert_int_eq(nommu_file_create_read(s.b, &(struct nommu_id){ .ino = 8 }, &attr, UINT64_MAX, &file),
			 -EINVAL);
	/* One piece of data to its end. */
	ck_assert_int_eq(nommu_file_seek(s.b, s.file, 5, true), 5);
	ck_assert_int_eq(nommu_file_seek(s.b, s.file, 5, false), (int64_t)SIZE);
	ck_assert_int_eq(nommu_file_seek(s.b, s.file, SIZE, true), -ENXIO);
	close_scene(&s);
}
END_TEST

/* ---- data and holes ---- */

#define SEEK_PAGES 7

/* Every set of pages that a file of seven has, asked at every page and in between. */
START_TEST(data_and_holes)
{
	struct nommu_file_attr attr;
	struct scene s;

	open_scene(&s, NOMMU_PROFILE_BDI, 0);
	nommu_file_attr_ram(&attr);
	for (unsigned int set = 0; set < 1u << SEEK_PAGES; set++) {
		uint64_t size = SEEK_PAGES * PAGE - 10;
		uint32_t file;

		ck_assert_int_eq(nommu_file_create(s.b, &(struct nommu_id){ .ino = 9 }, &attr, &file), 0);
		for (unsigned int i = 0; i < SEEK_PAGES; i++)
			if (set & 1u << i)
				ck_assert_int_eq(nommu_file_write(s.b, file, "x", 1, i * PAGE), 1);
		/* An empty file would get all its pages at once. */
		if (!set)
			ck_assert_int_eq(nommu_file_write(s.b, file, "x", 1, SEEK_PAGES * PAGE), 1);
		ck_assert_int_eq(nommu_file_truncate(s.b, file, size), 0);
		for (uint64_t at = 0; at < size; at += PAGE / 2) {
			uint64_t data = at, hole = at;

			while (data < size && !(set & 1u << data / PAGE))
				data = (data / PAGE + 1) * PAGE;
			while (hole < size && set & 1u << hole / PAGE)
				hole = (hole / PAGE + 1) * PAGE;
			ck_assert_int_eq(nommu_file_seek(s.b, file, at, true), data < size ? (int64_t)data : -ENXIO);
			ck_assert_int_eq(nommu_file_seek(s.b, file, at, false), (int64_t)(hole < size ? hole : size));
		}
		ck_assert_int_eq(nommu_file_seek(s.b, file, size, true), -ENXIO);
		ck_assert_int_eq(nommu_file_seek(s.b, file, size, false), -ENXIO);
		ck_assert_int_eq(nommu_file_put(s.b, file), 0);
	}
	close_scene(&s);
}
END_TEST

/* A damaged tree of extents ends the search, whatever it says. */
START_TEST(damaged_extents)
{
	static const uint64_t words[] = { 0, 1, 3, 5, 20, UINT64_MAX };
	enum { WORDS = sizeof(words) / sizeof(words[0]) };
	struct nommu_file_attr attr;
	struct scene s;
	uint32_t file;

	open_scene(&s, NOMMU_PROFILE_BDI, 0);
	nommu_file_attr_ram(&attr);
	ck_assert_int_eq(nommu_file_create(s.b, &(struct nommu_id){ .ino = 9 }, &attr, &file), 0);
	for (uint64_t i = 1; i < 30; i += 3)
		ck_assert_int_eq(nommu_file_write(s.b, file, "x", 1, i * PAGE), 1);
	for (uint32_t frame = 1; frame <= 12; frame++) {
		struct seg_node *node = &s.b->frames[frame].node;
		const struct seg_node good = *node;

		for (unsigned int i = 0; i < WORDS * WORDS * WORDS; i++) {
			*node = good;
			node->start = words[i % WORDS];
			node->end = words[i / WORDS % WORDS];
			node->max_end = words[i / WORDS / WORDS];
			for (uint64_t at = 0; at < 30; at++)
				for (int data = 0; data < 2; data++) {
					int64_t found = nommu_file_seek(s.b, file, at * PAGE, data);

					ck_assert_msg(found >= (int64_t)(at * PAGE) || found == -EIO || found == -ENXIO,
						      "%lld", (long long)found);
				}
		}
		*node = good;
	}
	nommu_board_close(s.b);
}
END_TEST

START_TEST(place_of_the_next_window)
{
	struct nommu_why why = { "" };
	uint64_t addr;

	ck_assert_int_eq(nommu_window_place(0x60001000, PAGE, &addr, &why), 0);
	ck_assert_uint_eq(addr, 0x60010000);
	ck_assert_int_eq(nommu_window_place(0x60010000, PAGE, &addr, &why), 0);
	ck_assert_uint_eq(addr, 0x60010000);
	ck_assert_int_eq(nommu_window_place(0x7ffe0000, 0x17000, &addr, &why), 0);
	ck_assert_int_eq(nommu_window_place(0x7ffe0000, 0x17001, &addr, &why), -EINVAL);
	ck_assert_str_eq(why.text, "1 MiB of window from 0x7ffe0000 on would reach beyond 0x7fff7000; such a board needs a "
				   "base above 4 GiB, as base=0x200000000");
	ck_assert_int_eq(nommu_window_place(0x200000000, 1ULL << 40, &addr, &why), 0);
}
END_TEST

SUITE(packed)
{
	Suite *suite = suite_create("packed");
	TCase *tcase = tcase_create("packed");

	tcase_add_loop_test(tcase, copied, 0, 2);
	tcase_add_loop_test(tcase, not_shared, 0, 2);
	tcase_add_loop_test(tcase, direct_is_copied, 0, 2);
	tcase_add_loop_test(tcase, damaged, 0, 2);
	tcase_add_test(tcase, no_bytes);
	tcase_add_test(tcase, data_and_holes);
	tcase_add_test(tcase, damaged_extents);
	tcase_add_test(tcase, place_of_the_next_window);
	suite_add_tcase(suite, tcase);
	return suite;
}
