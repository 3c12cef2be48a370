/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hostdir_memory - what a host does not do at will: no memory, failing reads, numbers that are too large.
 *
 * hostdir is compiled here a second time, under other names, with functions that fail.
 */
#include <errno.h>
#include <fts.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	int left; /* allocations until one fails; below 0 none does */
	int live; /* blocks that are not freed */
} blocks;

static int fails(void)
{
	return blocks.left >= 0 && blocks.left-- == 0;
}

static void *failing_calloc(size_t count, size_t size)
{
	void *block = fails() ? NULL : calloc(count, size);

	blocks.live += block != NULL;
	return block;
}

static void *failing_realloc(void *old, size_t size)
{
	void *block = fails() ? NULL : realloc(old, size);

	blocks.live += !old && block;
	return block;
}

static char *failing_realpath(const char *path, char *resolved)
{
	char *block = NULL;

	errno = ENOMEM;
	if (!fails())
		block = realpath(path, resolved);
	blocks.live += block != NULL;
	return block;
}

static void failing_free(void *block)
{
	blocks.live -= block != NULL;
	free(block);
}

/* What each call does, from the last to the first: an errno, or 0: read one byte. At the start: read all. */
static struct {
	int errors[8];
	int count;
} reads;

static ssize_t failing_read(int fd, void *to, size_t size)
{
	if (!reads.count)
		return read(fd, to, size);
	errno = reads.errors[--reads.count];
	return errno ? -1 : read(fd, to, 1);
}

static struct {
	int left; /* entries until fts fails; below 0 it does not */
	int entry_fails; /* it gives an entry that says so */
} walk_fails = { .left = -1 };

static FTSENT *failing_fts_read(FTS *fts)
{
	FTSENT *entry;

	errno = EIO;
	if (walk_fails.left >= 0 && walk_fails.left-- == 0 && !walk_fails.entry_fails)
		return NULL;
	entry = fts_read(fts);
	if (walk_fails.left < 0 && walk_fails.entry_fails) {
		entry->fts_info = FTS_ERR;
		entry->fts_errno = EIO;
	}
	return entry;
}

/* What readlink returns, and with which errno; 0: what it does. */
static struct {
	ssize_t result;
	int error;
} reads_link;

static ssize_t failing_readlink(const char *path, char *to, size_t size)
{
	errno = reads_link.error;
	return reads_link.result ? reads_link.result : readlink(path, to, size);
}

static FTS *failing_fts_open(char *const *roots, int options, int (*compare)(const FTSENT **, const FTSENT **))
{
	errno = ENOMEM;
	return fails() ? NULL : fts_open(roots, options, compare);
}

#define hostdir_open        failing_hostdir_open
#define hostdir_refuse      failing_hostdir_refuse
#define hostdir_size        failing_hostdir_size
#define hostdir_fill        failing_hostdir_fill
#define hostdir_tree        failing_hostdir_tree
#define hostdir_close       failing_hostdir_close
#define build_refuse        failing_hostdir_build_refuse
#define build_add           failing_hostdir_build_add
#define build_double_name   failing_hostdir_build_double_name
#define build_settle_inodes failing_hostdir_build_settle_inodes
#define build_finish        failing_hostdir_build_finish
#define build_free          failing_hostdir_build_free
#define image_tree_free     failing_hostdir_image_tree_free
#define calloc              failing_calloc
#define realloc             failing_realloc
#define realpath            failing_realpath
#define free                failing_free
#define read                failing_read
#define readlink            failing_readlink
#define fts_open            failing_fts_open
#define fts_read            failing_fts_read
#include "image/build.c"
#include "image/hostdir.c"
#include "image/hostdir_fill.c"
#undef hostdir_open
#undef calloc
#undef realloc
#undef realpath
#undef free
#undef read
#undef readlink
#undef fts_open
#undef fts_read

#include "romfs_image.h"
#include "suites.h"

static char top[64];

static void make_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", top, name);
}

/* More than there is room for at first, of all that is allocated for. */
static void setup(void)
{
	char path[128], other[128];

	t_directory_make(top);
	for (int i = 0; i < 70; i++) {
		char name[16];

		snprintf(name, sizeof(name), "file%d", i);
		t_file_make(top, name, 3, 0644);
		make_path(path, sizeof(path), name);
		snprintf(name, sizeof(name), "link%d", i);
		make_path(other, sizeof(other), name);
		ck_assert_int_eq(i % 2 ? link(path, other) : symlink(path, other), 0);
	}
	blocks.left = -1;
	blocks.live = 0;
}

static void teardown(void)
{
	t_directory_remove(top);
}

static void check_says(const struct nommu_why *why, const char *what)
{
	char line[256];

	snprintf(line, sizeof(line), "%s%s", top, what);
	ck_assert_str_eq(why->text, line);
}

START_TEST(no_memory)
{
	struct hostdir *dir;
	struct nommu_why why;
	int n, error = -ENOMEM;

	for (n = 0; n < 100; n++) {
		blocks.left = n;
		error = failing_hostdir_open(top, 0, &dir, &why);
		blocks.left = -1;
		if (!error)
			break;
		ck_assert_int_eq(error, -ENOMEM);
		check_says(&why, n < 2 ? ": cannot look at it: Cannot allocate memory" :
					 ": cannot look at everything in it: Cannot allocate memory");
		ck_assert_ptr_null(dir);
		ck_assert_int_eq(blocks.live, 0);
	}
	/* The directory, its path, fts, nodes and entries three times, names, links and targets, scratch, the tree. */
	printf("hostdir: %d allocations\n", n);
	ck_assert_int_gt(n, 12);
	ck_assert_int_lt(n, 25);
	ck_assert_uint_eq(dir->tree.count, 141);
	hostdir_close(dir);
	ck_assert_int_eq(blocks.live, 0);
}
END_TEST

/* ---- the walk -------------------------------------------------------------------------------------------------- */

START_TEST(walk_ends_early)
{
	/* Not 0: fts_close of some libcs leaks what was never read. */
	static const int lefts[] = { 1, 2, 70, 140 };
	struct hostdir *dir;
	struct nommu_why why;

	walk_fails.left = lefts[_i];
	ck_assert_int_eq(failing_hostdir_open(top, 0, &dir, &why), -EIO);
	check_says(&why, ": cannot look at everything in it: Input/output error");
	ck_assert_int_eq(blocks.live, 0);
	walk_fails.left = 1;
	walk_fails.entry_fails = 1;
	ck_assert_int_eq(failing_hostdir_open(top, 0, &dir, &why), -EIO);
	check_says(&why, "/file0: cannot look at it: Input/output error");
	ck_assert_int_eq(blocks.live, 0);
}
END_TEST

START_TEST(symlink_is_not_read)
{
	struct hostdir *dir;
	struct nommu_why why;

	reads_link.result = _i ? PATH_MAX : -1;
	reads_link.error = EACCES;
	ck_assert_int_eq(failing_hostdir_open(top, 0, &dir, &why), _i ? -ENAMETOOLONG : -EACCES);
	check_says(&why, _i ? "/link0: cannot read the symlink: File name too long" :
			      "/link0: cannot read the symlink: Permission denied");
	ck_assert_int_eq(blocks.live, 0);
}
END_TEST

/* Files of two devices have one inode number, and their names alternate. */
START_TEST(devices_are_told_apart)
{
	static struct walk walk;
	struct image_node node = { .mode = S_IFDIR };
	struct build_entry entry = { .name = "" };
	uint32_t last = IMAGE_NONE;

	ck_assert_int_eq(build_add(&walk.build, &node, &entry, &last), 0);
	for (uint32_t i = 1; i <= 40; i++) {
		struct link link = { .dev = i % 2 ? 7 : 3, .ino = 100, .node = i };

		node.mode = S_IFREG;
		ck_assert_int_eq(build_add(&walk.build, &node, &entry, &last), 0);
		ck_assert_int_eq(append(&walk.links, &link, sizeof(link)), 0);
	}
	ck_assert_int_eq(settle_links(&walk), 0);
	for (uint32_t i = 1; i <= 40; i++) {
		ck_assert_uint_eq(walk.build.nodes[i].inode, i % 2 ? 1 : 2);
		ck_assert_uint_eq(walk.build.nodes[i].nlink, 20);
	}
	build_free(&walk.build);
	failing_free(walk.links.bytes);
	ck_assert_int_eq(blocks.live, 0);
}
END_TEST

/* ---- reading --------------------------------------------------------------------------------------------------- */

static int fill_with(struct image_node *node, unsigned char *bytes, struct nommu_why *why)
{
	struct hostdir *dir;
	int error;

	ck_assert_int_eq(failing_hostdir_open(top, 8, &dir, why), 0);
	error = hostdir_fill(dir, bytes, why);
	ck_assert_int_eq(reads.count, 0);
	*node = dir->tree.nodes[1];
	hostdir_close(dir);
	ck_assert_int_eq(blocks.live, 0);
	return error;
}

START_TEST(read_is_interrupted)
{
	unsigned char whole[70 * 8 + 10000] = { 0 }, pieces[70 * 8 + 10000] = { 0 };
	struct image_node node;
	struct nommu_why why;

	ck_assert_int_eq(fill_with(&node, whole, &why), 0);
	memcpy(reads.errors, (int[]){ 0, EINTR, EINTR, 0, EINTR }, 5 * sizeof(int));
	reads.count = 5;
	ck_assert_int_eq(fill_with(&node, pieces, &why), 0);
	ck_assert_mem_eq(whole, pieces, sizeof(whole));
	ck_assert_uint_eq(node.size, 3);
}
END_TEST

START_TEST(read_fails)
{
	unsigned char bytes[70 * 8 + 10000] = { 0 };
	struct image_node node;
	struct nommu_why why;

	memcpy(reads.errors, (int[]){ _i ? ESTALE : EIO, 0 }, 2 * sizeof(int));
	reads.count = 2;
	ck_assert_int_eq(fill_with(&node, bytes, &why), _i ? -ESTALE : -EIO);
	check_says(&why, _i ? "/file0: cannot read the file: Stale file handle" :
			      "/file0: cannot read the file: Input/output error");
}
END_TEST

/* ---- numbers --------------------------------------------------------------------------------------------------- */

/* Two files and the bytes of the targets. */
START_TEST(sizes_that_overflow)
{
	static const struct {
		uint64_t first, second, targets;
		int error;
	} sizes[] = {
		{ INT64_MAX, 0, 0, 0 },
		{ INT64_MAX, 1, 0, -EFBIG },
		{ INT64_MAX, 0, 1, -EFBIG },
		{ INT64_MAX - 4095, 0, 0, 0 },
		{ INT64_MAX - 4095, 4095, 0, 0 },
		{ INT64_MAX - 4095, 4096, 0, -EFBIG },
		{ INT64_MAX - 4095, 0, 4095, 0 },
		{ INT64_MAX - 4095, 0, 4096, -EFBIG },
		{ 1, INT64_MAX - 4096, 0, 0 },
		{ 1, INT64_MAX - 4095, 0, -EFBIG },
		{ 1, INT64_MAX, INT64_MAX, -EFBIG },
		{ UINT64_MAX, UINT64_MAX, 0, -EFBIG },
	};
	struct image_node nodes[3] = { { .mode = S_IFDIR } };
	struct hostdir dir = { .root = top, .align = 4096, .tree = { .nodes = nodes, .count = 3 } };
	struct nommu_why why;

	nodes[1] = (struct image_node){ .mode = S_IFREG, .inode = 1, .size = sizes[_i].first };
	nodes[2] = (struct image_node){ .mode = S_IFREG, .inode = 2, .size = sizes[_i].second };
	dir.targets.used = sizes[_i].targets;
	ck_assert_int_eq(lay_out(&dir, &why), sizes[_i].error);
	if (sizes[_i].error)
		check_says(&why, ": has too many bytes in it: File too large");
	else
		ck_assert_uint_le(dir.size, INT64_MAX);
}
END_TEST

/* Nodes, levels; what there are must not be touched then. */
START_TEST(too_many_names)
{
	static struct walk walk;
	struct hostdir dir = { .root = top };
	struct nommu_why why;
	struct stat stat = { .st_mode = S_IFREG };
	FTSENT entry = { .fts_level = 1, .fts_info = FTS_F, .fts_statp = &stat, .fts_path = top };

	walk.dir = &dir;
	walk.why = &why;
	walk.build.count = IMAGE_NONE - 1;
	ck_assert_int_eq(visit(&walk, &entry), -EFBIG);
	check_says(&why, ": has too many names in it: File too large");
	walk.build.count = 5;
	entry.fts_level = LEVELS;
	ck_assert_int_eq(visit(&walk, &entry), -ENAMETOOLONG);
	check_says(&why, ": cannot look at it: File name too long");
	ck_assert_uint_eq(walk.build.count, 5);
	ck_assert_int_eq(blocks.live, 0);
}
END_TEST

/* Between the two looks no path can become longer; were it so, nothing is written before the buffer. */
START_TEST(path_that_does_not_fit)
{
	static char root[PATH_MAX + 1], name[PATH_MAX];
	struct image_node nodes[2] = { { .mode = S_IFDIR }, { .mode = S_IFREG, .inode = 1, .size = 1 } };
	struct hostdir dir = { .root = root, .tree = { .nodes = nodes, .count = 2 } };
	char path[PATH_MAX];

	nodes[1].name = name;
	for (size_t length = PATH_MAX - 20; length < PATH_MAX; length++) {
		size_t name_length = (size_t)_i * 600;

		memset(root, 'r', length - name_length - 1);
		root[length - name_length - 1] = 0;
		memset(name, 'n', name_length);
		name[name_length] = 0;
		ck_assert_ptr_nonnull(path_of(&dir, 1, path));
		ck_assert_uint_eq(strlen(path_of(&dir, 1, path)), length);
	}
	root[strlen(root)] = 'r';
	ck_assert_ptr_null(path_of(&dir, 1, path));
	memset(name, 'n', PATH_MAX - 1);
	ck_assert_ptr_null(path_of(&dir, 1, path));
	name[PATH_MAX - 2] = 0;
	ck_assert_ptr_null(path_of(&dir, 1, path));
}
END_TEST

SUITE(hostdir_memory)
{
	Suite *suite = suite_create("hostdir_memory");
	TCase *tcase = tcase_create("failing");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, no_memory);
	tcase_add_loop_test(tcase, walk_ends_early, 0, 4);
	tcase_add_loop_test(tcase, symlink_is_not_read, 0, 2);
	tcase_add_test(tcase, devices_are_told_apart);
	tcase_add_test(tcase, read_is_interrupted);
	tcase_add_loop_test(tcase, read_fails, 0, 2);
	tcase_add_loop_test(tcase, sizes_that_overflow, 0, 12);
	tcase_add_test(tcase, too_many_names);
	tcase_add_loop_test(tcase, path_that_does_not_fit, 0, 6);
	suite_add_tcase(suite, tcase);
	return suite;
}
