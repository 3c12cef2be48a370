/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs - images that mkfs.cramfs makes are read as what they were made of, node by node and byte by byte; and
 * fsck.cramfs takes those that are made by hand here.
 *
 * Images made by hand: test_cramfs_made.c, test_cramfs_random.c; bad ones test_cramfs_bad.c, test_cramfs_unpack.c.
 */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cramfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char source[64];

/* ---- the source ------------------------------------------------------------------------------------------------ */

static void path_of(char path[512], const char *name)
{
	snprintf(path, 512, "%s/%s", source, name);
}

static void make_link(const char *target, const char *name)
{
	char path[512];

	path_of(path, name);
	ck_assert_int_eq(symlink(target, path), 0);
}

static void make_node(const char *name, unsigned int mode)
{
	char path[512];

	path_of(path, name);
	if (S_ISDIR(mode))
		ck_assert_int_eq(mkdir(path, mode & 07777), 0);
	else
		ck_assert_int_eq(mknod(path, mode, 0), 0);
	ck_assert_int_eq(chmod(path, mode & 07777), 0);
}

/* Zeroes from @offset, so that the file has holes if mkfs.cramfs may make them. */
static void make_zeroes(const char *name, off_t offset, size_t size)
{
	char path[512];
	char *zeroes = calloc(1, size);
	int fd;

	ck_assert_ptr_nonnull(zeroes);
	path_of(path, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, zeroes, size, offset), size);
	close(fd);
	free(zeroes);
}

/* A device node and another's files want privilege, which the tests may not have. */
static void make_privileged(void)
{
	char path[512];

	path_of(path, "device");
	if (mknod(path, S_IFCHR | 0620, makedev(5, 1)) || geteuid())
		return;
	path_of(path, "disk");
	ck_assert_int_eq(mknod(path, S_IFBLK | 0660, makedev(31, 7)), 0);
	path_of(path, "one");
	ck_assert_int_eq(lchown(path, 1234, 99), 0);
	path_of(path, "d/dangling");
	ck_assert_int_eq(lchown(path, 65535, 255), 0);
}

static void make_source(void)
{
	char name[253] = "";

	t_directory_make(source);
	memset(name, 'n', 252);
	make_node("d", S_IFDIR | 0755);
	make_node("d/e", S_IFDIR | 0700);
	make_node("d/e/f", S_IFDIR | 01777);
	make_node("empty", S_IFDIR | 0555);
	make_node("fifo", S_IFIFO | 0640);
	make_node("d/socket", S_IFSOCK | 0600);
	t_file_make(source, "nothing", 0, 0644);
	t_file_make(source, "one", 1, 0600);
	t_file_make(source, "block", 4096, 04755);
	t_file_make(source, "more", 4097, 0644);
	t_file_make(source, "d/large", 300001, 0444);
	t_file_make(source, "d/same", 300001, 0400);
	t_file_make(source, "d/e/f/deep", 33, 0644);
	t_file_make(source, name, 100, 0644);
	t_file_make(source, "d/start", 9000, 0644);
	make_zeroes("d/start", 0, 4096);
	t_file_make(source, "d/middle", 13000, 0644);
	make_zeroes("d/middle", 4096, 4096);
	t_file_make(source, "d/end", 5000, 0644);
	make_zeroes("d/end", 4096, 904);
	make_zeroes("d/all", 0, 20001);
	make_link("d/e/../large", "link");
	make_link("/no/such/thing/anywhere", "d/dangling");
	make_privileged();
}

static void remove_source(void)
{
	t_directory_remove(source);
}

static void generate(struct t_image *image, const char *const *options)
{
	char path[80];
	char *argv[16] = { "mkfs.cramfs" };
	int argc = 1;

	snprintf(path, sizeof(path), "%s.img", source);
	for (int i = 0; options[i]; i++)
		argv[argc++] = (char *)(uintptr_t)options[i];
	argv[argc++] = source;
	argv[argc++] = path;
	t_image_run(image, argv, path);
}

/* ---- comparing ------------------------------------------------------------------------------------------------- */

static void compare_bytes(const struct image_node *node, const struct t_image *image, const char *path, size_t size)
{
	char *bytes = malloc(size + 1);
	ssize_t length;

	ck_assert_ptr_nonnull(bytes);
	if (S_ISLNK(node->mode)) {
		length = readlink(path, bytes, size + 1);
	} else {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		ck_assert_int_ge(fd, 0);
		length = read(fd, bytes, size + 1);
		close(fd);
	}
	ck_assert_int_eq(length, size);
	c_node_check(image, node, bytes, size);
	free(bytes);
}

static void compare_entry(const struct image_tree *tree, const struct t_image *image, const FTSENT *entry)
{
	const struct stat *stat = entry->fts_statp;
	uint32_t i = t_tree_find(tree, entry->fts_path + strlen(source));
	const struct image_node *node;

	ck_assert_msg(i != IMAGE_NONE, "%s is not in the tree", entry->fts_path);
	node = &tree->nodes[i];
	ck_assert_msg(node->mode == (stat->st_mode | (i ? 0 : 0555)), "%s: mode 0%o", entry->fts_path, node->mode);
	ck_assert_uint_eq(node->uid, stat->st_uid & 0xffff);
	ck_assert_uint_eq(node->gid, stat->st_gid & 0xff);
	ck_assert_uint_eq(node->rdev, stat->st_rdev);
	ck_assert_int_eq(node->mtime, 0);
	ck_assert_uint_eq(node->inode, i);
	if (!S_ISDIR(node->mode))
		ck_assert_uint_eq(node->nlink, 1);
	if (S_ISREG(node->mode) || S_ISLNK(node->mode)) {
		/* mkfs.cramfs compresses everything. */
		ck_assert_int_eq(node->packed, stat->st_size != 0);
		compare_bytes(node, image, entry->fts_accpath, (size_t)stat->st_size);
	} else {
		ck_assert_uint_eq(node->size, 0);
	}
}

/* Everything in the source is in the tree, the same; and nothing else is. */
static void compare(const struct image_tree *tree, const struct t_image *image)
{
	char *roots[] = { source, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	uint32_t count = 0;
	FTSENT *entry;

	ck_assert_ptr_nonnull(fts);
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_DP)
			continue;
		compare_entry(tree, image, entry);
		count++;
	}
	fts_close(fts);
	ck_assert_uint_eq(tree->count, count);
}

/* ---- mkfs.cramfs ----------------------------------------------------------------------------------------------- */

static const struct {
	const char *options[8];
	const char *volume;
	uint32_t super;
	bool big;
} ways[] = {
	{ { "-b", "4096", "-N", "little", NULL }, "Compressed", 0, false },
	{ { "-b", "4096", "-N", "big", NULL }, "Compressed", 0, true },
	{ { "-b", "4096", "-N", "little", "-z", NULL }, "Compressed", 0, false },
	{ { "-b", "4096", "-N", "big", "-z", NULL }, "Compressed", 0, true },
	{ { "-b", "4096", "-N", "little", "-p", "-n", "name", NULL }, "name", 512, false },
	{ { "-b", "4096", "-N", "big", "-zp", "-n", "sixteen letters!", NULL }, "sixteen letters!", 512, true },
};

START_TEST(test_source)
{
	struct t_image image;
	struct image_tree tree;
	unsigned char first;

	generate(&image, ways[_i].options);
	first = image.bytes[ways[_i].super];
	ck_assert_uint_eq(first, ways[_i].big ? 0x28 : 0x45);
	c_image_read_good(&image, &tree);
	ck_assert_str_eq(tree.volume, ways[_i].volume);
	ck_assert_uint_eq(tree.bytes, image.size);
	compare(&tree, &image);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* With a file between the superblock and the root directory. */
START_TEST(test_inserted)
{
	char path[512];
	const char *options[] = { "-b", "4096", "-N", _i ? "big" : "little", "-i", path, NULL };
	struct t_image image;
	struct image_tree tree;

	path_of(path, "more");
	generate(&image, options);
	c_image_read_good(&image, &tree);
	compare(&tree, &image);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* The name of each node is the tree's own, so that the image can be moved away. */
START_TEST(test_without_image)
{
	struct t_image image;
	struct image_tree tree;

	generate(&image, ways[0].options);
	c_image_read_good(&image, &tree);
	t_image_free(&image);
	ck_assert_uint_eq(tree.nodes[t_tree_find(&tree, "d/e/f/deep")].size, 33);
	image_tree_free(&tree);
}
END_TEST

/* ---- fsck.cramfs ----------------------------------------------------------------------------------------------- */

/* Of what it knows: no holes, no flags in block pointers. */
START_TEST(test_fsck)
{
	static const struct c_entry entries[] = {
		{ "char", S_IFCHR | 0600, 0, 0, 0x501 },  { "empty", S_IFDIR | 0755, 0, 0, 0 },
		{ "file", S_IFREG | 0644, 1, 2, 0 },      { "link", S_IFLNK | 0777, 0, 0, 0 },
		{ "pipe", S_IFIFO | 0644, 3, 4, 0 },
	};
	unsigned char data[10000], target[] = "target";
	char path[80];
	char *argv[] = { "fsck.cramfs", "-b", "4096", "--extract", path, NULL };
	struct c_image c;
	uint32_t headers[COUNT(entries)];
	FILE *file;

	c_data_fill(data, sizeof(data), 1);
	c_image_begin(&c, _i & 1, _i & 2 ? 512 : 0, C_VERSION_2 | C_SORTED);
	c_image_add_directory(&c, c_image_root(&c), entries, COUNT(entries), headers);
	c_image_add_file(&c, headers[2], data, sizeof(data), "c");
	c_image_add_file(&c, headers[3], target, 6, "c");
	c_image_end(&c);
	snprintf(path, sizeof(path), "%s.img", source);
	file = fopen(path, "wb");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(c.image.bytes, 1, c.image.size, file), c.image.size);
	ck_assert_int_eq(fclose(file), 0);
	t_image_run(NULL, argv, path);
	unlink(path);
	c_image_free(&c);
}
END_TEST

SUITE(cramfs)
{
	Suite *suite = suite_create("cramfs");
	TCase *generated = tcase_create("mkfs.cramfs"), *checked = tcase_create("fsck.cramfs");

	tcase_set_timeout(generated, 30);
	tcase_add_unchecked_fixture(generated, make_source, remove_source);
	tcase_add_loop_test(generated, test_source, 0, COUNT(ways));
	tcase_add_loop_test(generated, test_inserted, 0, 2);
	tcase_add_test(generated, test_without_image);
	suite_add_tcase(suite, generated);
	tcase_set_timeout(checked, 30);
	tcase_add_unchecked_fixture(checked, make_source, remove_source);
	tcase_add_loop_test(checked, test_fsck, 0, 4);
	suite_add_tcase(suite, checked);
	return suite;
}
