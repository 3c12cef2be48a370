/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hostdir - directories of the host as images: everything in them, in order, at its place.
 *
 * HOSTDIR_SEED=NUMBER gives the seed of the random trees, which is printed.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hostdir_scene.h"
#include "romfs_image.h"
#include "suites.h"

static char top[64];

static void setup(void)
{
	t_directory_make(top);
}

static void teardown(void)
{
	t_directory_remove(top);
}

static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", top, name);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void set_mtime(const char *name, time_t seconds, long nsec)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = seconds, .tv_nsec = nsec } };

	ck_assert_int_eq(utimensat(AT_FDCWD, h_path(top, name), times, AT_SYMLINK_NOFOLLOW), 0);
}

/* ---- what there can be ----------------------------------------------------------------------------------------- */

START_TEST(every_type)
{
	struct h_image image;
	bool devices;

	h_mkdir(top, "dir");
	t_file_make(top, "dir/file", 5000, 0640);
	t_file_make(top, "empty", 0, 0644);
	h_symlink(top, "link", "dir/file");
	h_symlink(top, "nowhere", "../is//not there");
	ck_assert_int_eq(mkfifo(h_path(top, "fifo"), 0622), 0);
	make_socket("socket");
	devices = h_device(top, "null", S_IFCHR | 0666, makedev(1, 3));
	h_device(top, "disk", S_IFBLK | 0600, makedev(259, 70000));
	h_pack(top, 0, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(image.tree.count, 8 + 2 * devices);
	ck_assert_uint_eq(h_node(&image, "dir/file")->size, 5000);
	ck_assert(S_ISLNK(h_node(&image, "link")->mode));
	ck_assert_mem_eq(image.bytes + h_node(&image, "link")->data, "dir/file../is//not there", 24);
	ck_assert_uint_eq(image.size, 2 * HOSTDIR_ALIGN + 24);
	ck_assert(!devices || major(h_node(&image, "disk")->rdev) == 259);
	ck_assert(!devices || minor(h_node(&image, "disk")->rdev) == 70000);
	h_free(&image);
}
END_TEST

START_TEST(attributes)
{
	struct h_image image;

	h_mkdir(top, "d");
	for (unsigned int mode = 0; mode < 8; mode++) {
		char name[8];

		snprintf(name, sizeof(name), "f%u", mode);
		t_file_make(top, name, 1, mode << 9 | 0400 | mode);
	}
	/* A change of owner takes the set-user-ID bits away. */
	if (!geteuid()) {
		ck_assert_int_eq(lchown(h_path(top, "f7"), 3000000000u, 12), 0);
		ck_assert_int_eq(chmod(h_path(top, "f7"), 07777), 0);
		ck_assert_int_eq(lchown(h_path(top, "d"), 0, 70000), 0);
	}
	ck_assert_int_eq(chmod(h_path(top, "d"), 07705), 0);
	set_mtime("f0", -5, 999999999);
	set_mtime("f1", 0, 0);
	set_mtime("f2", INT64_C(5000000000), 1);
	set_mtime("d", 86400, 500);
	h_pack(top, 0, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(h_node(&image, "f1")->mode, S_IFREG | 01401);
	ck_assert_uint_eq(h_node(&image, "d")->mode, S_IFDIR | 07705);
	ck_assert_int_eq(h_node(&image, "f0")->mtime, -5);
	ck_assert_uint_eq(h_node(&image, "f0")->mtime_nsec, 999999999);
	ck_assert(geteuid() || (h_node(&image, "f7")->uid == 3000000000u && h_node(&image, "f7")->gid == 12));
	h_free(&image);
}
END_TEST

START_TEST(hard_links)
{
	struct h_image image;

	h_mkdir(top, "a");
	h_mkdir(top, "z");
	t_file_make(top, "z/file", 5000, 0644);
	h_link(top, "z/file", "a/first");
	h_link(top, "z/file", "middle");
	t_file_make(top, "a/other", 5000, 0644);
	h_link(top, "a/other", "other");
	h_symlink(top, "s1", "target");
	h_link(top, "s1", "s2");
	ck_assert_int_eq(mkfifo(h_path(top, "p1"), 0600), 0);
	h_link(top, "p1", "a/p2");
	/* One of its names is not below the directory. */
	t_file_make(top, "z/out", 3, 0644);
	h_pack(top, 0, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(h_node(&image, "middle")->nlink, 3);
	ck_assert_uint_eq(h_node(&image, "middle")->data, h_node(&image, "a/first")->data);
	ck_assert_uint_eq(h_node(&image, "p1")->nlink, 2);
	ck_assert_uint_eq(h_node(&image, "s2")->data, h_node(&image, "s1")->data);
	ck_assert_uint_eq(image.size, 5 * HOSTDIR_ALIGN + 12);
	h_free(&image);
	h_link(top, "z/file", "a/second");
	h_pack(h_path(top, "a"), 0, &image);
	h_compare(&image, h_path(top, "a"));
	ck_assert_uint_eq(h_node(&image, "first")->nlink, 2);
	ck_assert_uint_eq(h_node(&image, "other")->nlink, 1);
	h_free(&image);
}
END_TEST

/* All bytes but NUL and '/' in names, in the order of bytes as unsigned numbers, not of any language. */
START_TEST(odd_names)
{
	struct h_image image;
	uint32_t count = 1;
	char name[NAME_MAX + 1];

	for (int byte = 1; byte < 256; byte++) {
		if (byte == '/')
			continue;
		snprintf(name, sizeof(name), "%cx", byte);
		t_file_make(top, name, 1, 0644);
		count++;
	}
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = 0;
	t_file_make(top, name, 1, 0644);
	h_mkdir(top, "...");
	h_mkdir(top, "..a");
	h_mkdir(top, " ");
	h_pack(top, 1, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(image.tree.count, count + 4);
	ck_assert_str_eq(image.tree.nodes[1].name, "\001x");
	ck_assert_str_eq(image.tree.nodes[image.tree.count - 1].name, "\377x");
	h_free(&image);
}
END_TEST

START_TEST(nothing)
{
	struct h_image image;

	h_pack(top, 0, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(image.size, 0);
	ck_assert_uint_eq(image.tree.count, 1);
	ck_assert_uint_eq(image.tree.nodes[0].nlink, 2);
	h_free(&image);
	h_mkdir(top, "d");
	t_file_make(top, "d/empty", 0, 0644);
	t_file_make(top, "empty", 0, 0000);
	h_pack(top, 0, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(image.size, 0);
	h_free(&image);
}
END_TEST

/* ---- where it lies --------------------------------------------------------------------------------------------- */

START_TEST(alignment)
{
	static const size_t sizes[] = { 1, 0, 4095, 4096, 4097, 65536, 3, 1, 70000 };
	const size_t count = sizeof(sizes) / sizeof(*sizes);
	uint32_t align = 1u << _i;
	uint64_t expected = 0;
	struct h_image image;
	char name[8];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "f%zu", i);
		t_file_make(top, name, sizes[i], 0644);
		if (sizes[i])
			expected = (expected + align - 1) / align * align + sizes[i];
	}
	h_pack(top, align, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(image.size, expected);
	h_free(&image);
	h_symlink(top, "f2s", "a target");
	h_pack(top, align, &image);
	h_compare(&image, top);
	ck_assert_uint_eq(image.size, (expected + align - 1) / align * align + 8);
	h_free(&image);
}
END_TEST

START_TEST(again_the_same)
{
	static const char *const names[] = { "m", "b", "zz", "Z", "a", "c", "aa" };
	struct h_image one, other;
	char copy[64];

	t_directory_make(copy);
	for (int i = 0; i < 7; i++) {
		t_file_make(top, names[i], 100 + (size_t)names[i][0], 0644);
		t_file_make(copy, names[6 - i], 100 + (size_t)names[6 - i][0], 0644);
	}
	h_symlink(top, "link", "m");
	h_symlink(copy, "link", "m");
	h_pack(top, 16, &one);
	h_pack(copy, 16, &other);
	ck_assert_uint_eq(one.size, other.size);
	ck_assert_mem_eq(one.bytes, other.bytes, one.size);
	for (uint32_t i = 0; i < one.tree.count; i++) {
		ck_assert_str_eq(one.tree.nodes[i].name, other.tree.nodes[i].name);
		ck_assert_uint_eq(one.tree.nodes[i].data, other.tree.nodes[i].data);
	}
	h_free(&one);
	h_free(&other);
	t_directory_remove(copy);
}
END_TEST

/* ---- how the directory is named -------------------------------------------------------------------------------- */

START_TEST(paths)
{
	static const char *const given[] = { "below", "./below", "below/", "below//", "below/.", "link", "link/",
					     "below/sub/..", ".//below/../below///" };
	struct h_image image;

	ck_assert_int_eq(chdir(top), 0);
	h_mkdir(top, "below");
	h_mkdir(top, "below/sub");
	t_file_make(top, "below/sub/file", 10, 0644);
	h_symlink(top, "link", "below");
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		struct hostdir *dir = h_open(given[i], 0);

		/* Where the process goes meanwhile does not matter. */
		ck_assert_int_eq(chdir("/"), 0);
		h_finish(dir, 0, &image);
		h_compare(&image, h_path(top, "below"));
		ck_assert_uint_eq(image.tree.count, 3);
		ck_assert_str_eq(image.tree.volume, "below");
		h_free(&image);
		ck_assert_int_eq(chdir(top), 0);
	}
	h_pack(".", 0, &image);
	ck_assert_str_eq(image.tree.volume, strrchr(top, '/') + 1);
	ck_assert_str_eq(image.tree.nodes[0].name, "");
	h_free(&image);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(long_volume)
{
	struct h_image image;
	char name[101], path[256];

	memset(name, 'v', 100);
	name[100] = 0;
	h_mkdir(top, name);
	snprintf(path, sizeof(path), "%s/%s", top, name);
	h_pack(path, 0, &image);
	ck_assert_uint_eq(strlen(image.tree.volume), sizeof(image.tree.volume) - 1);
	h_free(&image);
}
END_TEST

/* ---- at random ------------------------------------------------------------------------------------------------- */

static unsigned int seed;

static unsigned int draw(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

#define RANDOM 60

/* Something below one of the directories that are there, or another name of something. */
static void make_any(char names[RANDOM][512], bool *is_dir, int i)
{
	int in = (int)draw((unsigned int)i), other = (int)draw((unsigned int)i);
	bool root = !geteuid();
	char *name = names[i];

	while (!is_dir[in])
		in = names[in][0] ? in - 1 : 0;
	snprintf(name, 512, "%s%s%c%c%d", names[in], names[in][0] ? "/" : "", 1 + draw(46), 48 + draw(200), i);
	switch (draw(8)) {
	case 0:
	case 1:
		h_mkdir(top, name);
		is_dir[i] = strlen(name) < 400;
		return;
	case 2:
		h_symlink(top, name, name + strlen(name) / 2);
		return;
	case 3:
		ck_assert_int_eq(mkfifo(h_path(top, name), draw(010000)), 0);
		return;
	case 4:
		if (!other || is_dir[other] || linkat(AT_FDCWD, h_path(top, names[other]), AT_FDCWD, h_path(top, name), 0))
			h_symlink(top, name, "x");
		return;
	default:
		t_file_make(top, name, draw(3) ? draw(300) : draw(20000), draw(010000) | (root ? 0 : 0400));
		set_mtime(name, (time_t)draw(1u << 20) * 4096, draw(1000000000));
		if (root)
			ck_assert_int_eq(lchown(h_path(top, name), draw(100000), draw(100000)), 0);
	}
}

START_TEST(random_trees)
{
	const char *given = getenv("HOSTDIR_SEED");

	seed = given ? (unsigned int)strtoul(given, NULL, 0) : (unsigned int)time(NULL);
	printf("hostdir: HOSTDIR_SEED=%u\n", seed);
	for (int round = 0; round < 40; round++) {
		static char names[RANDOM][512];
		bool is_dir[RANDOM] = { true };
		struct h_image image;

		memset(names, 0, sizeof(names));
		for (int i = 1; i < RANDOM; i++)
			make_any(names, is_dir, i);
		h_pack(top, 1u << draw(14), &image);
		h_compare(&image, top);
		ck_assert_uint_eq(image.tree.count, RANDOM);
		h_free(&image);
		t_directory_remove(top);
		ck_assert_int_eq(mkdir(top, 0700), 0);
	}
}
END_TEST

SUITE(hostdir)
{
	Suite *suite = suite_create("hostdir");
	TCase *tcase = tcase_create("packed");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_type);
	tcase_add_test(tcase, attributes);
	tcase_add_test(tcase, hard_links);
	tcase_add_test(tcase, odd_names);
	tcase_add_test(tcase, nothing);
	tcase_add_loop_test(tcase, alignment, 0, 17);
	tcase_add_test(tcase, again_the_same);
	tcase_add_test(tcase, paths);
	tcase_add_test(tcase, long_volume);
	tcase_add_test(tcase, random_trees);
	suite_add_tcase(suite, tcase);
	return suite;
}
