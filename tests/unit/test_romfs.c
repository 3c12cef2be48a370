/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs - images that genromfs makes are read as what they were made of, node by node.
 *
 * Images made by hand: test_romfs_made.c, bad ones test_romfs_bad.c, large ones test_romfs_large.c.
 */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "romfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char source[64];

/* ---- the source ------------------------------------------------------------------------------------------------ */

static const char name_15[] = "fifteen-bytes--";
static const char name_16[] = "sixteen-bytes---";
static const char name_17[] = "seventeen-bytes--";
static char name_100[101];

static void make_link(const char *target, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", source, name);
	ck_assert_int_eq(symlink(target, path), 0);
}

static void make_hard_link(const char *old, const char *new)
{
	char from[256], to[256];

	snprintf(from, sizeof(from), "%s/%s", source, old);
	snprintf(to, sizeof(to), "%s/%s", source, new);
	ck_assert_int_eq(link(from, to), 0);
}

static void make_node(const char *name, unsigned int mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", source, name);
	if (S_ISDIR(mode))
		ck_assert_int_eq(mkdir(path, mode & 0777), 0);
	else
		ck_assert_int_eq(mknod(path, mode, 0), 0);
}

/* genromfs takes an empty file @NAME,TYPE,MAJOR,MINOR for a device node, so no privilege is needed. */
static void make_source(void)
{
	t_directory_make(source);
	memset(name_100, 'n', 100);
	make_node("d", S_IFDIR | 0755);
	make_node("d/e", S_IFDIR | 0755);
	make_node("d/e/f", S_IFDIR | 0755);
	make_node("empty", S_IFDIR | 0755);
	make_node("fifo", S_IFIFO | 0644);
	make_node("d/socket", S_IFSOCK | 0644);
	t_file_make(source, "nothing", 0, 0644);
	t_file_make(source, "one", 1, 0644);
	t_file_make(source, "sixteen", 16, 0600);
	t_file_make(source, "program", 5000, 0755);
	t_file_make(source, "d/large", 70001, 0444);
	t_file_make(source, "d/e/f/deep", 33, 0644);
	t_file_make(source, name_15, 15, 0644);
	t_file_make(source, name_16, 16, 0644);
	t_file_make(source, name_17, 17, 0755);
	t_file_make(source, name_100, 100, 0644);
	t_file_make(source, "@console,c,5,1", 0, 0644);
	t_file_make(source, "d/@flash,b,31,258", 0, 0644);
	t_file_make(source, "d/@highest,c,65535,65535", 0, 0644);
	make_link("d/e/../large", "link");
	make_link("/no/such/thing/anywhere/at/all, and longer than a unit", "d/e/dangling");
	make_hard_link("d/large", "hard");
	make_hard_link("d/large", "d/e/harder");
	make_hard_link("program", "d/e/f/program");
	make_hard_link("link", "d/link");
}

static void remove_source(void)
{
	t_directory_remove(source);
}

/* ---- comparing ------------------------------------------------------------------------------------------------- */

static uint32_t find_path(const struct image_tree *tree, const char *path)
{
	uint32_t node = t_tree_find(tree, path);

	ck_assert_msg(node != IMAGE_NONE, "no %s in the tree", path);
	return node;
}

static void compare_bytes(const struct image_node *node, const struct t_image *image, const char *path)
{
	char *bytes = malloc(node->size + 1);
	ssize_t length;

	ck_assert_ptr_nonnull(bytes);
	if (S_ISLNK(node->mode)) {
		length = readlink(path, bytes, node->size + 1);
	} else {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		ck_assert_int_ge(fd, 0);
		length = read(fd, bytes, node->size + 1);
		close(fd);
	}
	ck_assert_int_eq(length, node->size);
	ck_assert_uint_le(node->data + node->size, image->size);
	ck_assert_msg(!memcmp(bytes, image->bytes + node->data, node->size), "%s: other bytes", path);
	free(bytes);
}

/* What genromfs makes of a file's mode, and the kernel's romfs of that. */
static uint32_t expected_mode(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		return (mode & S_IFMT) | (mode & 0111 ? 0755 : 0644);
	case S_IFLNK:
		return S_IFLNK | 0777;
	default:
		return (mode & S_IFMT) | 0644;
	}
}

struct pair {
	ino_t ino;
	uint32_t node;
};

static struct pair compare_entry(const struct image_tree *tree, const struct t_image *image, FTSENT *entry)
{
	char path[512], name[128], type;
	unsigned int major_number, minor_number;
	uint32_t mode = expected_mode(entry->fts_statp->st_mode);
	uint64_t rdev = 0;
	const struct image_node *node;
	struct pair pair = { .ino = entry->fts_statp->st_ino };
	char *device;

	snprintf(path, sizeof(path), "%s", entry->fts_path + strlen(source));
	device = strchr(path, '@');
	if (device) {
		ck_assert_int_eq(sscanf(device, "@%99[^,],%c,%u,%u", name, &type, &major_number, &minor_number), 4);
		strcpy(device, name);
		mode = (type == 'c' ? S_IFCHR : S_IFBLK) | 0600;
		rdev = makedev(major_number, minor_number);
	}
	pair.node = t_tree_find(tree, path);
	ck_assert_msg(pair.node != IMAGE_NONE, "%s is not in the tree", entry->fts_path);
	node = &tree->nodes[pair.node];
	ck_assert_msg(node->mode == mode, "%s: mode 0%o, expected 0%o", entry->fts_path, node->mode, mode);
	ck_assert_uint_eq(node->rdev, rdev);
	ck_assert_uint_eq(node->uid, 0);
	ck_assert_uint_eq(node->gid, 0);
	ck_assert_int_eq(node->mtime, 0);
	if (!S_ISDIR(mode))
		ck_assert_msg(node->nlink == entry->fts_statp->st_nlink, "%s: nlink %u", entry->fts_path, node->nlink);
	if (S_ISREG(mode) || S_ISLNK(mode))
		compare_bytes(node, image, entry->fts_accpath);
	else
		ck_assert_uint_eq(node->size, 0);
	return pair;
}

/* Two names are one inode in the tree exactly if they are in the source. */
static void compare_inodes(const struct image_tree *tree, const struct pair *pairs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < count; k++)
			ck_assert_int_eq(pairs[i].ino == pairs[k].ino,
					 tree->nodes[pairs[i].node].inode == tree->nodes[pairs[k].node].inode);
}

/* Everything in the source is in the tree, the same; and nothing else is. */
static void compare(const struct image_tree *tree, const struct t_image *image)
{
	char *roots[] = { source, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	struct pair pairs[64];
	uint32_t count = 0;
	FTSENT *entry;

	ck_assert_ptr_nonnull(fts);
	while ((entry = fts_read(fts))) {
		if (entry->fts_info == FTS_DP)
			continue;
		ck_assert_uint_lt(count, COUNT(pairs));
		pairs[count++] = compare_entry(tree, image, entry);
	}
	fts_close(fts);
	ck_assert_uint_eq(tree->count, count);
	compare_inodes(tree, pairs, count);
}

/* ---- genromfs -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *options[6];
	unsigned int align;
} ways[] = {
	{ { NULL }, 16 },
	{ { "-a", "4096", NULL }, 4096 },
	{ { "-A", "2048,/..", "-A", "512,program", NULL }, 16 },
	{ { "-V", "", NULL }, 16 },
};

START_TEST(test_source)
{
	struct t_image image;
	struct image_tree tree;
	unsigned int files = 0;

	t_image_generate(&image, source, ways[_i].options);
	t_image_read_good(&image, &tree);
	compare(&tree, &image);
	for (uint32_t i = 0; i < tree.count; i++)
		if (S_ISREG(tree.nodes[i].mode) && tree.nodes[i].size) {
			ck_assert_uint_eq(tree.nodes[i].data % ways[_i].align, 0);
			files++;
		}
	ck_assert_uint_gt(files, 10);
	image_tree_free(&tree);
	ck_assert_ptr_null(tree.nodes);
	t_image_free(&image);
}
END_TEST

/* The name of each node is the tree's own, so that the image can be moved away. */
START_TEST(test_without_image)
{
	struct t_image image;
	struct image_tree tree;

	t_image_generate(&image, source, NULL);
	t_image_read_good(&image, &tree);
	t_image_free(&image);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, "d/e/f/deep")].size, 33);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, name_100)].size, 100);
	image_tree_free(&tree);
}
END_TEST

START_TEST(test_links)
{
	struct t_image image;
	struct image_tree tree;

	t_image_generate(&image, source, NULL);
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, "hard")].nlink, 3);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, "program")].nlink, 2);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, "nothing")].nlink, 1);
	ck_assert_uint_eq(tree.nodes[0].nlink, 4);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, "d")].nlink, 3);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, "empty")].nlink, 2);
	ck_assert_uint_eq(tree.nodes[find_path(&tree, "empty")].child, IMAGE_NONE);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

START_TEST(test_volume)
{
	char longest[101] = "";
	const char *given[] = { "v", "fifteen bytes--", "sixteen bytes---", longest };
	const char *options[] = { "-V", given[_i], NULL };
	struct t_image image;
	struct image_tree tree;

	memset(longest, 'v', 100);
	t_image_generate(&image, source, options);
	t_image_read_good(&image, &tree);
	longest[63] = 0; /* what there is room for */
	ck_assert_str_eq(tree.volume, given[_i]);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* The padding to 1024 bytes is not the file system's, nor is what follows. */
START_TEST(test_bytes)
{
	struct t_image image;
	struct image_tree tree;

	t_image_generate(&image, source, NULL);
	image.bytes = realloc(image.bytes, image.size + 4096);
	ck_assert_ptr_nonnull(image.bytes);
	memset(image.bytes + image.size, 0xff, 4096);
	image.size += 4096;
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.bytes, t_image_get(&image, 0, T_SIZE));
	ck_assert_uint_le(tree.bytes, image.size - 4096);
	compare(&tree, &image);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* Directories whose "." and ".." were left out, and which have nothing else, name themselves as their first entry. */
START_TEST(test_no_dots)
{
	const char *options[] = { "-x", ".*", NULL };
	struct t_image image;
	struct image_tree tree;
	uint32_t header;

	t_image_generate(&image, source, options);
	header = t_image_find(&image, "empty", 0);
	ck_assert_uint_eq(t_image_get(&image, header, T_SPEC), header);
	t_image_read_good(&image, &tree);
	compare(&tree, &image);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

START_TEST(test_recognise)
{
	struct t_image image;

	t_image_generate(&image, source, NULL);
	ck_assert_int_eq(romfs_recognise(image.bytes, image.size), 1);
	ck_assert_int_eq(romfs_recognise(image.bytes, 8), 1);
	ck_assert_int_eq(romfs_recognise(image.bytes, 7), 0);
	ck_assert_int_eq(romfs_recognise(NULL, 0), 0);
	for (int i = 0; i < 8; i++) {
		image.bytes[i] ^= 1;
		ck_assert_int_eq(romfs_recognise(image.bytes, image.size), 0);
		image.bytes[i] ^= 1;
	}
	t_image_free(&image);
}
END_TEST

SUITE(romfs)
{
	Suite *suite = suite_create("romfs");
	TCase *generated = tcase_create("genromfs");

	tcase_set_timeout(generated, 30);
	tcase_add_unchecked_fixture(generated, make_source, remove_source);
	tcase_add_loop_test(generated, test_source, 0, COUNT(ways));
	tcase_add_test(generated, test_without_image);
	tcase_add_test(generated, test_links);
	tcase_add_loop_test(generated, test_volume, 0, 4);
	tcase_add_test(generated, test_bytes);
	tcase_add_test(generated, test_no_dots);
	tcase_add_test(generated, test_recognise);
	suite_add_tcase(suite, generated);
	return suite;
}
