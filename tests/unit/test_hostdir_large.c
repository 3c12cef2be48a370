/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hostdir_large - as many files, as deep and as long a path as the host has them.
 *
 * CPU time of this process is measured, so that a busy machine does not matter. Quadratic work would take minutes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hostdir_scene.h"
#include "romfs_image.h"
#include "suites.h"

#define MANY    10000
#define SECONDS 4.0

static char top[64];

static void setup(void)
{
	t_directory_make(top);
}

static void teardown(void)
{
	t_directory_remove(top);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- many ------------------------------------------------------------------------------------------------------ */

/* All in one directory, then other names of half of them in another: the order of names is another one there. */
static void make_many(void)
{
	char name[32], other[32];

	h_mkdir(top, "files");
	h_mkdir(top, "links");
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "files/%08x", i * 2654435761u);
		t_file_make(top, name, i % 7, 0644);
		snprintf(other, sizeof(other), "links/%u", i);
		if (i % 2)
			h_link(top, name, other);
	}
}

START_TEST(many_files)
{
	struct h_image image;
	double start, took;

	make_many();
	start = cpu_seconds();
	h_pack(top, 64, &image);
	took = cpu_seconds() - start;
	printf("hostdir: %d files in %.3f s\n", MANY, took);
	ck_assert_msg(took < SECONDS, "%f s", took);
	ck_assert_uint_eq(image.tree.count, 3 + MANY + MANY / 2);
	ck_assert_uint_eq(image.size, (MANY - (MANY + 6) / 7 - 1) * 64 + image.tree.nodes[2 + MANY - 1].size);
	h_compare(&image, top);
	h_free(&image);
}
END_TEST

/* ---- deep and long --------------------------------------------------------------------------------------------- */

/* Directories in each other; no path may lead to the last ones. */
struct deep {
	int depth;
	size_t lengths[PATH_MAX]; /* of their names */
};

/* Names of @length bytes until the last directory's path has @total; in it a file "f". */
static void make_deep(struct deep *deep, size_t length, size_t total)
{
	char name[NAME_MAX + 1];

	ck_assert_int_eq(chdir(top), 0);
	for (size_t used = strlen(top); used < total; deep->depth++) {
		size_t left = total - used - 1, take = left <= length + 1 ? left : length;

		memset(name, 'd', take);
		name[take] = 0;
		ck_assert_int_eq(mkdir(name, 0755), 0);
		ck_assert_int_eq(chdir(name), 0);
		deep->lengths[deep->depth] = take;
		used += 1 + take;
	}
	t_file_make(".", "f", 4, 0644);
	ck_assert_int_eq(chdir("/"), 0);
}

static void remove_deep(const struct deep *deep)
{
	char name[NAME_MAX + 1];

	memset(name, 'd', sizeof(name));
	ck_assert_int_eq(chdir(top), 0);
	for (int i = 0; i < deep->depth; i++) {
		name[deep->lengths[i]] = 0;
		ck_assert_int_eq(chdir(name), 0);
		name[deep->lengths[i]] = 'd';
	}
	ck_assert_int_eq(unlink("f"), 0);
	for (int i = deep->depth; i--;) {
		ck_assert_int_eq(chdir(".."), 0);
		name[deep->lengths[i]] = 0;
		ck_assert_int_eq(rmdir(name), 0);
		name[deep->lengths[i]] = 'd';
	}
	ck_assert_int_eq(chdir("/"), 0);
}

/* As deep as paths can lead, with the shortest names and with the longest. */
START_TEST(deepest)
{
	struct deep deep = { 0 };
	struct h_image image;
	uint32_t last;

	make_deep(&deep, _i ? NAME_MAX - 1 : 1, PATH_MAX - 3);
	h_pack(top, 0, &image);
	last = (uint32_t)deep.depth + 1;
	ck_assert_uint_eq(image.tree.count, last + 1);
	ck_assert_str_eq(image.tree.nodes[last].name, "f");
	for (uint32_t i = 1; i <= last; i++) {
		ck_assert_uint_eq(image.tree.nodes[i].parent, i - 1);
		ck_assert_uint_eq(image.tree.nodes[i - 1].child, i);
		ck_assert_uint_eq(image.tree.nodes[i].next, IMAGE_NONE);
	}
	ck_assert_uint_eq(image.size, 4);
	ck_assert(image.bytes[0] || image.bytes[1] || image.bytes[2]);
	h_free(&image);
	remove_deep(&deep);
}
END_TEST

/* A byte more for the file, or directories far longer than that. */
START_TEST(too_long)
{
	static const size_t totals[] = { PATH_MAX - 2, PATH_MAX - 1, PATH_MAX, PATH_MAX + 1, 3 * PATH_MAX };
	struct deep deep = { 0 };
	struct hostdir *dir;
	struct nommu_why why;

	make_deep(&deep, _i % 2 ? 100 : 7, totals[_i / 2]);
	ck_assert_int_eq(hostdir_open(top, 0, &dir, &why), -ENAMETOOLONG);
	ck_assert_mem_eq(why.text, "...", 3);
	/* Either the file's or that of the first directory that is too deep. */
	ck_assert_uint_eq(strspn(why.text + 3, _i < 4 ? "d/f" : "d/"), 150);
	ck_assert_str_eq(why.text + 153, ": cannot look at it: File name too long");
	ck_assert((why.text[152] == 'f') == (_i < 4));
	remove_deep(&deep);
}
END_TEST

SUITE(hostdir_large)
{
	Suite *suite = suite_create("hostdir_large");
	TCase *tcase = tcase_create("large");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, many_files);
	tcase_add_loop_test(tcase, deepest, 0, 2);
	tcase_add_loop_test(tcase, too_long, 0, 10);
	suite_add_tcase(suite, tcase);
	return suite;
}
