/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hostdir_meanwhile - a directory that changes between hostdir's first look and its second.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostdir_scene.h"
#include "romfs_image.h"
#include "suites.h"

#define SIZE  10000
#define ALIGN 512

static char top[64];
static unsigned char before[SIZE]; /* the bytes of top/d/file */

static void setup(void)
{
	FILE *file;

	t_directory_make(top);
	h_mkdir(top, "d");
	t_file_make(top, "a", 700, 0644);
	t_file_make(top, "d/file", SIZE, 0644);
	t_file_make(top, "z", 700, 0644);
	file = fopen(h_path(top, "d/file"), "rb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(before, 1, SIZE, file), SIZE);
	fclose(file);
}

static void teardown(void)
{
	t_directory_remove(top);
}

/* ---- another size ---------------------------------------------------------------------------------------------- */

/* The first bytes are as they were, behind are zeroes, and the others lie where they did. */
static void check_kept(const struct h_image *image, const char *name, uint64_t size)
{
	const struct image_node *node = h_node(image, name);
	const unsigned char *bytes = image->bytes + node->data;

	ck_assert_uint_eq(node->size, size);
	ck_assert_uint_eq(node->data, 1024);
	ck_assert_mem_eq(bytes, before, size);
	for (uint64_t i = size; i < SIZE; i++)
		if (bytes[i])
			ck_abort_msg("byte %ju is not zero", (uintmax_t)i);
	ck_assert_uint_eq(h_node(image, "z")->data, 1024 + 10240);
	ck_assert_uint_eq(h_node(image, "z")->size, 700);
	ck_assert_uint_eq(image->size, 1024 + 10240 + 700);
	ck_assert_uint_eq(image->tree.bytes, image->size);
}

START_TEST(becomes_shorter)
{
	static const uint64_t sizes[] = { SIZE - 1, 4096, 1, 0 };
	struct hostdir *dir = h_open(top, ALIGN);
	struct h_image image;

	h_truncate(top, "d/file", (off_t)sizes[_i]);
	h_finish(dir, ALIGN, &image);
	check_kept(&image, "d/file", sizes[_i]);
	h_free(&image);
}
END_TEST

/* All names have the new size, whether they come before or after the one that is read. */
START_TEST(becomes_shorter_under_all_names)
{
	struct h_image image;
	struct hostdir *dir;

	h_link(top, "d/file", "d/a");
	h_link(top, "d/file", "e");
	dir = h_open(top, ALIGN);
	h_truncate(top, "e", 5);
	h_finish(dir, ALIGN, &image);
	check_kept(&image, "d/a", 5);
	check_kept(&image, "d/file", 5);
	check_kept(&image, "e", 5);
	ck_assert_uint_eq(h_node(&image, "e")->nlink, 3);
	h_free(&image);
}
END_TEST

START_TEST(becomes_longer)
{
	struct hostdir *dir = h_open(top, ALIGN);
	struct h_image image;
	FILE *file = fopen(h_path(top, "d/file"), "ab");

	for (int i = 0; i < 100000; i++)
		fputc('x', file);
	ck_assert_int_eq(fclose(file), 0);
	h_finish(dir, ALIGN, &image);
	check_kept(&image, "d/file", SIZE);
	h_free(&image);
}
END_TEST

/* Empty at first: no room was left, nothing is read. */
START_TEST(is_not_empty_any_more)
{
	struct h_image image;
	struct hostdir *dir;

	t_file_make(top, "empty", 0, 0644);
	dir = h_open(top, ALIGN);
	h_truncate(top, "empty", 50000);
	h_finish(dir, ALIGN, &image);
	check_kept(&image, "d/file", SIZE);
	ck_assert_uint_eq(h_node(&image, "empty")->size, 0);
	h_free(&image);
}
END_TEST

/* ---- another file ---------------------------------------------------------------------------------------------- */

static void vanish(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
}

static void become_fifo(const char *path)
{
	vanish(path);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
}

static void become_directory(const char *path)
{
	vanish(path);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

/* Even to what it was. */
static void become_symlink(const char *path)
{
	ck_assert_int_eq(rename(path, h_path(top, "elsewhere")), 0);
	ck_assert_int_eq(symlink("../elsewhere", path), 0);
}

static void become_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	vanish(path);
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void lose_its_directory(const char *path)
{
	vanish(path);
	ck_assert_int_eq(rmdir(h_path(top, "d")), 0);
}

static void have_a_file_above(const char *path)
{
	lose_its_directory(path);
	t_file_make(top, "d", 10, 0644);
}

static const struct {
	void (*happens)(const char *path);
	int error;
	const char *says;
} changes[] = {
	{ vanish, -ENOENT, "cannot open the file: No such file or directory" },
	{ become_fifo, -ESTALE, "is no regular file any more: Stale file handle" },
	{ become_directory, -ESTALE, "is no regular file any more: Stale file handle" },
	{ become_symlink, -ELOOP, "cannot open the file: Too many levels of symbolic links" },
	{ become_socket, -ENXIO, "cannot open the file: No such device or address" },
	{ lose_its_directory, -ENOENT, "cannot open the file: No such file or directory" },
	{ have_a_file_above, -ENOTDIR, "cannot open the file: Not a directory" },
};

START_TEST(becomes_another)
{
	struct hostdir *dir = h_open(top, ALIGN);
	char line[256];

	changes[_i].happens(h_path(top, "d/file"));
	snprintf(line, sizeof(line), "%s/d/file: %s", top, changes[_i].says);
	h_check_unfilled(dir, changes[_i].error, line);
}
END_TEST

/* Written anew, as editors do: what was found is no more, and who may read the new one was not looked at. */
START_TEST(is_replaced)
{
	struct hostdir *dir = h_open(top, ALIGN);
	char line[256];

	/* Before the old one goes, so that its inode number is not given out again. */
	t_file_make(top, "d/new", 20, 0600);
	ck_assert_int_eq(rename(h_path(top, "d/new"), h_path(top, "d/file")), 0);
	snprintf(line, sizeof(line), "%s/d/file: is another file now: %s", top, strerror(ESTALE));
	h_check_unfilled(dir, -ESTALE, line);
}
END_TEST

/* The same file, but by way of a symlink: whoever can change a directory cannot make another one be read. */
START_TEST(is_behind_a_symlink)
{
	struct hostdir *dir = h_open(top, ALIGN);
	char line[256], elsewhere[PATH_MAX];

	snprintf(elsewhere, sizeof(elsewhere), "%s-elsewhere", top);
	ck_assert_int_eq(rename(h_path(top, "d"), elsewhere), 0);
	ck_assert_int_eq(symlink(elsewhere, h_path(top, "d")), 0);
	snprintf(line, sizeof(line), "%s/d/file: cannot open the file: %s", top, strerror(ELOOP));
	h_check_unfilled(dir, -ELOOP, line);
	ck_assert_int_eq(unlink(h_path(top, "d")), 0);
	ck_assert_int_eq(rename(elsewhere, h_path(top, "d")), 0);
}
END_TEST

/* What has no bytes to be read is as it was at first, and what is new is not there. */
START_TEST(all_else_is_kept)
{
	struct h_image image;
	struct hostdir *dir;

	h_symlink(top, "link", "first");
	h_mkdir(top, "empty");
	ck_assert_int_eq(mkfifo(h_path(top, "fifo"), 0640), 0);
	dir = h_open(top, ALIGN);
	vanish(h_path(top, "link"));
	h_symlink(top, "link", "second, and longer");
	vanish(h_path(top, "fifo"));
	ck_assert_int_eq(rmdir(h_path(top, "empty")), 0);
	t_file_make(top, "new", 100, 0644);
	h_finish(dir, ALIGN, &image);
	ck_assert_uint_eq(image.tree.count, 8);
	ck_assert_uint_eq(h_node(&image, "link")->size, 5);
	ck_assert_mem_eq(image.bytes + h_node(&image, "link")->data, "first", 5);
	ck_assert_uint_eq(h_node(&image, "fifo")->mode, S_IFIFO | (0640 & h_node(&image, "fifo")->mode));
	ck_assert(S_ISDIR(h_node(&image, "empty")->mode));
	h_free(&image);
}
END_TEST

/* ---- in which order hostdir is used ---------------------------------------------------------------------------- */

START_TEST(tree_is_given_once)
{
	struct hostdir *dir = h_open(top, ALIGN);
	uint64_t size = hostdir_size(dir);
	struct image_tree tree, none;

	ck_assert_int_eq(hostdir_tree(dir, &tree), 0);
	ck_assert_uint_eq(tree.count, 5);
	ck_assert_int_eq(hostdir_tree(dir, &none), -EINVAL);
	ck_assert_uint_eq(hostdir_size(dir), size);
	hostdir_close(dir);
	ck_assert_str_eq(tree.nodes[1].name, "a");
	image_tree_free(&tree);
	hostdir_close(NULL);
}
END_TEST

SUITE(hostdir_meanwhile)
{
	Suite *suite = suite_create("hostdir_meanwhile");
	TCase *tcase = tcase_create("meanwhile");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, becomes_shorter, 0, 4);
	tcase_add_test(tcase, becomes_shorter_under_all_names);
	tcase_add_test(tcase, becomes_longer);
	tcase_add_test(tcase, is_not_empty_any_more);
	tcase_add_loop_test(tcase, becomes_another, 0, sizeof(changes) / sizeof(*changes));
	tcase_add_test(tcase, is_replaced);
	tcase_add_test(tcase, is_behind_a_symlink);
	tcase_add_test(tcase, all_else_is_kept);
	tcase_add_test(tcase, tree_is_given_once);
	suite_add_tcase(suite, tcase);
	return suite;
}
