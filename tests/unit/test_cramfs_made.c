/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_made - good images, most of which mkfs.cramfs does not write, made by hand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cramfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BLOCK    4096u
#define VERSION  (C_VERSION_2 | C_EXTENDED)

/* Of both endiannesses, at both places. */
#define WAYS   4
#define BIG    (_i & 1)
#define SUPER  (_i & 2 ? 512u : 0)

/* ---- every type ------------------------------------------------------------------------------------------------ */

static const struct {
	const char *path;
	uint32_t mode, uid, gid;
	uint64_t size;
	bool packed;
} good[] = {
	{ "", S_IFDIR | 0755, 0, 0, 0, false },
	{ "block", S_IFBLK | 0660, 0, 6, 0, false },
	{ "char", S_IFCHR | 0600, 0, 5, 0, false },
	{ "d", S_IFDIR | 0755, 1, 2, 0, false },
	{ "file", S_IFREG | 0644, 1000, 100, BLOCK + 100, true },
	{ "none", S_IFREG | 0400, 65535, 255, 0, false },
	{ "pipe", S_IFIFO | 0644, 0, 0, 0, false },
	{ "same", S_IFREG | 04755, 7, 8, BLOCK + 100, true },
	{ "socket", S_IFSOCK | 0755, 0, 0, 0, false },
	{ "d/e", S_IFDIR | 0500, 3, 4, 0, false },
	{ "d/link", S_IFLNK | 0777, 0, 0, 11, true },
	{ "d/place", S_IFREG | 0755, 0, 0, 50, false },
	{ "d/e/mixed", S_IFREG | 0644, 0, 0, 6 * BLOCK + 10, true },
};

static void check_good_bytes(const struct t_image *image, const struct image_tree *tree)
{
	unsigned char data[7 * BLOCK];

	memset(data, 'f', BLOCK);
	c_data_fill(data + BLOCK, 100, 1);
	c_node_check(image, &tree->nodes[4], data, BLOCK + 100);
	c_node_check(image, &tree->nodes[7], data, BLOCK + 100);
	c_node_check(image, &tree->nodes[10], "../a/target", 11);
	c_data_fill(data, sizeof(data), 2);
	c_node_check(image, &tree->nodes[11], data, 50);
	memset(data, 'm', sizeof(data));
	memset(data + BLOCK, 0, BLOCK);
	memset(data + 3 * BLOCK, 0, BLOCK);
	c_node_check(image, &tree->nodes[12], data, 6 * BLOCK + 10);
}

/* Entries are in the order of the image, directory by directory. */
START_TEST(test_types)
{
	struct c_image c;
	struct image_tree tree;

	c_image_make_good(&c, BIG, SUPER);
	c_image_read_good(&c.image, &tree);
	ck_assert_uint_eq(tree.count, COUNT(good));
	ck_assert_uint_eq(tree.bytes, c.image.size);
	ck_assert_str_eq(tree.volume, "by hand");
	for (uint32_t i = 0; i < tree.count; i++) {
		const struct image_node *node = &tree.nodes[i];

		ck_assert_uint_eq(t_tree_find(&tree, good[i].path), i);
		ck_assert_uint_eq(node->mode, good[i].mode);
		ck_assert_uint_eq(node->uid, good[i].uid);
		ck_assert_uint_eq(node->gid, good[i].gid);
		ck_assert_uint_eq(node->size, good[i].size);
		ck_assert_int_eq(node->packed, good[i].packed);
		/* Files that share their bytes are no hard links. */
		ck_assert_uint_eq(node->inode, i);
		if (!S_ISDIR(node->mode))
			ck_assert_uint_eq(node->nlink, 1);
		ck_assert_int_eq(node->mtime, 0);
		ck_assert_uint_eq(node->mtime_nsec, 0);
	}
	ck_assert_uint_eq(tree.nodes[1].rdev, makedev(31, 2));
	ck_assert_uint_eq(tree.nodes[2].rdev, makedev(5, 1));
	check_good_bytes(&c.image, &tree);
	image_tree_free(&tree);
	c_image_free(&c);
}
END_TEST

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

static const struct {
	uint32_t size;
	const char *how;
	bool packed;
} stored[] = {
	{ 1, "c", true },
	{ 1, "u", false },
	{ 1, "C", true },
	{ 1, "U", false },
	{ 1, "h", true },
	{ 1, "H", true },
	{ 1, "G", false },
	{ BLOCK - 1, "U", false },
	{ BLOCK, "c", true },
	{ BLOCK, "u", false },
	/* The kernel has zeroes here, its README the bytes. */
	{ BLOCK, "U", false },
	{ BLOCK, "C", true },
	{ BLOCK + 1, "c", true },
	{ BLOCK + 1, "u", false },
	{ BLOCK + 1, "U", false },
	{ BLOCK + 1, "uU", false },
	{ BLOCK + 1, "Uu", false },
	{ BLOCK + 1, "UG", true },
	{ BLOCK + 1, "uG", true },
	{ BLOCK + 1, "GU", false },
	{ BLOCK + 1, "uc", true },
	{ BLOCK + 1, "cu", true },
	{ BLOCK + 1, "uC", true },
	{ BLOCK + 1, "uh", true },
	{ BLOCK + 1, "UH", true },
	{ BLOCK + 1, "hu", true },
	{ BLOCK + 1, "HU", true },
	{ 3 * BLOCK, "u", false },
	{ 3 * BLOCK, "U", false },
	{ 3 * BLOCK, "UUG", true },
	{ 3 * BLOCK, "uhu", true },
	{ 5 * BLOCK + 17, "cCuUhc", true },
	{ 5 * BLOCK + 17, "CcUcHc", true },
	{ 5 * BLOCK + 17, "GuCuGc", true },
	{ 5 * BLOCK + 17, "HhChUC", true },
	{ 5 * BLOCK + 17, "hhhhhh", true },
};

START_TEST(test_stored)
{
	static const struct c_entry entry = { "file", S_IFREG | 0644, 0, 0, 0 };
	unsigned char data[6 * BLOCK];

	for (unsigned int i = 0; i < COUNT(stored); i++) {
		struct c_image c;
		struct image_tree tree;
		uint32_t header, table;

		c_data_fill(data, sizeof(data), i);
		c_image_begin(&c, BIG, SUPER, VERSION);
		c_image_add_directory(&c, c_image_root(&c), &entry, 1, &header);
		table = c_image_add_file(&c, header, data, stored[i].size, stored[i].how);
		c_image_end(&c);
		c_image_read_good(&c.image, &tree);
		ck_assert_msg(tree.nodes[1].packed == stored[i].packed, "%u bytes %s", stored[i].size, stored[i].how);
		if (stored[i].packed)
			ck_assert_uint_eq(tree.nodes[1].data, table);
		c_node_check(&c.image, &tree.nodes[1], data, stored[i].size);
		image_tree_free(&tree);
		c_image_free(&c);
	}
}
END_TEST

/* One block of two is looked for behind the other: not used in place. */
START_TEST(test_backwards)
{
	static const struct c_entry entry = { "file", S_IFREG | 0644, 0, 0, 0 };
	unsigned char data[2 * BLOCK], swapped[2 * BLOCK];
	struct c_image c;
	struct image_tree tree;
	uint32_t header, table, first;

	c_data_fill(data, sizeof(data), 1);
	memcpy(swapped, data + BLOCK, BLOCK);
	memcpy(swapped + BLOCK, data, BLOCK);
	c_image_begin(&c, BIG, SUPER, VERSION);
	c_image_add_directory(&c, c_image_root(&c), &entry, 1, &header);
	table = c_image_add_file(&c, header, data, sizeof(data), "U");
	first = c_image_word(&c, table);
	c_image_set_word(&c, table, c_image_word(&c, table + 4));
	c_image_set_word(&c, table + 4, first);
	c_image_end(&c);
	c_image_read_good(&c.image, &tree);
	ck_assert(tree.nodes[1].packed);
	c_node_check(&c.image, &tree.nodes[1], swapped, sizeof(swapped));
	image_tree_free(&tree);
	c_image_free(&c);
}
END_TEST

/* A compressed block can be larger than what it holds, and have something behind its end. */
START_TEST(test_compressed_large)
{
	static const struct c_entry entries[] = { { "file", S_IFREG | 0644, 0, 0, 0 } };
	unsigned char data[BLOCK];
	struct c_image c;
	struct image_tree tree;
	uint32_t header, table, end;

	srandom(1);
	for (unsigned int i = 0; i < BLOCK; i++)
		data[i] = (unsigned char)(random() >> 16);
	c_image_begin(&c, BIG, SUPER, C_VERSION_2);
	c_image_add_directory(&c, c_image_root(&c), entries, 1, &header);
	table = c_image_add_file(&c, header, data, BLOCK, "c");
	end = c_image_word(&c, table);
	ck_assert_uint_gt(end - table - 4, BLOCK);
	t_image_extend(&c.image, 2 * BLOCK);
	c_image_set_word(&c, table, table + 4 + 2 * BLOCK);
	c_image_end(&c);
	c_image_read_good(&c.image, &tree);
	c_node_check(&c.image, &tree.nodes[1], data, BLOCK);
	image_tree_free(&tree);
	c_image_free(&c);
}
END_TEST

/* As mkfs.cramfs does it, with a symlink and files of the same bytes. */
START_TEST(test_shared)
{
	static const struct c_entry entries[] = {
		{ "a", S_IFREG | 0644, 0, 0, 0 }, { "b", S_IFLNK | 0777, 0, 0, 0 },
		{ "c", S_IFREG | 0600, 1, 0, 0 }, { "d", S_IFLNK | 0777, 0, 0, 0 },
	};
	static const char *const hows[] = { "c", "u", "C", "U" };
	unsigned char data[] = "target";
	uint32_t headers[4];

	for (unsigned int k = 0; k < COUNT(hows); k++) {
		struct c_image c;
		struct image_tree tree;

		c_image_begin(&c, BIG, SUPER, VERSION);
		c_image_add_directory(&c, c_image_root(&c), entries, 4, headers);
		for (int i = 3; i >= 0; i--) {
			if (i == 3)
				c_image_add_file(&c, headers[3], data, 6, hows[k]);
			c_image_set(&c, headers[i], C_OFFSET, c_image_get(&c, headers[3], C_OFFSET));
			c_image_set(&c, headers[i], C_SIZE, 6);
		}
		c_image_end(&c);
		c_image_read_good(&c.image, &tree);
		for (uint32_t i = 1; i < 5; i++) {
			ck_assert_uint_eq(tree.nodes[i].inode, i);
			ck_assert_uint_eq(tree.nodes[i].nlink, 1);
			ck_assert_int_eq(tree.nodes[i].packed, k == 0 || k == 2);
			c_node_check(&c.image, &tree.nodes[i], "target", 6);
		}
		image_tree_free(&tree);
		c_image_free(&c);
	}
}
END_TEST

/* ---- limits ---------------------------------------------------------------------------------------------------- */

#define LARGEST 0xffffffu

/* As far as things may go: a name of 252 bytes, a symlink of 4095, a file of 16 MiB less one byte. */
START_TEST(test_limits)
{
	static unsigned char data[LARGEST];
	char name[253] = "";
	const struct c_entry entries[] = {
		{ "file", S_IFREG | 0644, 0, 0, 0 }, { name, S_IFLNK | 0777, 0, 0, 0 },
		{ "...", S_IFIFO | 0644, 0, 0, 0 },  { "odd", S_IFCHR | 0600, 0, 0, 0xabcdef },
	};
	unsigned char target[BLOCK];
	struct c_image c;
	struct image_tree tree;
	uint32_t headers[4];

	memset(name, 'n', 252);
	memset(target, 't', sizeof(target));
	c_data_fill(data, sizeof(data), 3);
	c_image_begin(&c, BIG, SUPER, VERSION);
	memcpy(c.image.bytes + SUPER + C_VOLUME, "sixteen letters!", 16);
	c_image_add_directory(&c, c_image_root(&c), entries, 4, headers);
	c_image_add_file(&c, headers[0], data, LARGEST, "hcHhc");
	c_image_add_file(&c, headers[1], target, 4095, "c");
	c_image_end(&c);
	c_image_read_good(&c.image, &tree);
	ck_assert_uint_eq(tree.count, 5);
	ck_assert_str_eq(tree.volume, "sixteen letters!");
	ck_assert_str_eq(tree.nodes[2].name, name);
	ck_assert_str_eq(tree.nodes[3].name, "...");
	/* The kernel takes 16 bits of the number. */
	ck_assert_uint_eq(tree.nodes[4].rdev, makedev(0xcd, 0xef));
	c_node_check(&c.image, &tree.nodes[2], target, 4095);
	ck_assert_int_eq(c_node_read(&c.image, &tree.nodes[1], 0, target, BLOCK), BLOCK);
	ck_assert_mem_eq(target, data, BLOCK);
	ck_assert_int_eq(c_node_read(&c.image, &tree.nodes[1], LARGEST - 100, target, BLOCK), 100);
	ck_assert_mem_eq(target, data + LARGEST - 100, 100);
	image_tree_free(&tree);
	c_image_free(&c);
}
END_TEST

/* The smallest there is: a root and nothing in it, wherever it says that nothing is. */
START_TEST(test_smallest)
{
	static const uint32_t offsets[] = { 0, 76, 512 + 76 };

	for (unsigned int i = 0; i < COUNT(offsets); i++) {
		struct c_image c;
		struct image_tree tree;

		c_image_begin(&c, BIG, SUPER, C_VERSION_2);
		c_image_set(&c, c_image_root(&c), C_OFFSET, offsets[i] / 4);
		c_image_set(&c, c_image_root(&c), C_MODE, S_IFDIR | 01200);
		c_image_set(&c, c_image_root(&c), C_UID, 12345);
		c_image_set(&c, c_image_root(&c), C_GID, 123);
		c_image_end(&c);
		ck_assert_uint_eq(c.image.size, SUPER + 76);
		c_image_read_good(&c.image, &tree);
		ck_assert_uint_eq(tree.count, 1);
		/* As the kernel has it. */
		ck_assert_uint_eq(tree.nodes[0].mode, S_IFDIR | 01755);
		ck_assert_uint_eq(tree.nodes[0].uid, 12345);
		ck_assert_uint_eq(tree.nodes[0].gid, 123);
		image_tree_free(&tree);
		c_image_free(&c);
	}
}
END_TEST

/* Only version 2 has a size and a checksum; and what lies behind its size is not looked at. */
START_TEST(test_versions)
{
	static const uint32_t flags[] = { 0x1, 0x3, 0xff, 0x101, 0x201, 0x801, 0xbff, 0x0, 0x2, 0xfe, 0xbfe };

	for (unsigned int i = 0; i < COUNT(flags); i++) {
		struct c_image c;
		struct image_tree tree;

		c_image_make_good(&c, BIG, SUPER);
		c_image_set_word(&c, SUPER + C_FLAGS, flags[i] | C_EXTENDED);
		c_image_end(&c);
		memset(t_image_extend(&c.image, 1000), 0xff, 1000);
		if (!(flags[i] & C_VERSION_2)) {
			c_image_set_word(&c, SUPER + C_SUM, 0x12345678);
			c_image_set_word(&c, SUPER + C_OWN_SIZE, 100);
		}
		c_image_read_good(&c.image, &tree);
		ck_assert_uint_eq(tree.bytes, c.image.size - (flags[i] & C_VERSION_2 ? 1000 : 0));
		ck_assert_uint_eq(tree.count, COUNT(good));
		check_good_bytes(&c.image, &tree);
		image_tree_free(&tree);
		c_image_free(&c);
	}
}
END_TEST

/* ---- recognising ----------------------------------------------------------------------------------------------- */

START_TEST(test_recognise)
{
	struct c_image c;

	c_image_make_good(&c, BIG, SUPER);
	ck_assert_int_eq(cramfs_recognise(c.image.bytes, c.image.size), 1);
	ck_assert_int_eq(image_recognise(c.image.bytes, c.image.size), IMAGE_CRAMFS);
	ck_assert_int_eq(cramfs_recognise(c.image.bytes, SUPER + 4), 1);
	ck_assert_int_eq(cramfs_recognise(c.image.bytes, SUPER + 3), 0);
	ck_assert_int_eq(cramfs_recognise(NULL, 0), 0);
	for (unsigned int i = 0; i < 4; i++) {
		c.image.bytes[SUPER + i] ^= 1;
		ck_assert_int_eq(cramfs_recognise(c.image.bytes, c.image.size), 0);
		c.image.bytes[SUPER + i] ^= 1;
	}
	c_image_free(&c);
}
END_TEST

/* If there is one at both places, it is the first one, as for the kernel. */
START_TEST(test_both)
{
	struct c_image c;
	struct image_tree tree;

	c_image_begin(&c, BIG, 0, C_VERSION_2);
	t_image_extend(&c.image, 1024);
	memcpy(c.image.bytes + 512, BIG ? "\x45\x3d\xcd\x28" : "\x28\xcd\x3d\x45", 4);
	c_image_end(&c);
	ck_assert_int_eq(cramfs_recognise(c.image.bytes, c.image.size), 1);
	c_image_read_good(&c.image, &tree);
	ck_assert_str_eq(tree.volume, "by hand");
	image_tree_free(&tree);
	c_image_free(&c);
}
END_TEST

SUITE(cramfs_made)
{
	Suite *suite = suite_create("cramfs_made");
	TCase *by_hand = tcase_create("by hand");

	tcase_set_timeout(by_hand, 30);
	tcase_add_loop_test(by_hand, test_types, 0, WAYS);
	tcase_add_loop_test(by_hand, test_stored, 0, WAYS);
	tcase_add_loop_test(by_hand, test_backwards, 0, WAYS);
	tcase_add_loop_test(by_hand, test_compressed_large, 0, WAYS);
	tcase_add_loop_test(by_hand, test_shared, 0, WAYS);
	tcase_add_loop_test(by_hand, test_limits, 0, WAYS);
	tcase_add_loop_test(by_hand, test_smallest, 0, WAYS);
	tcase_add_loop_test(by_hand, test_versions, 0, WAYS);
	tcase_add_loop_test(by_hand, test_recognise, 0, WAYS);
	tcase_add_loop_test(by_hand, test_both, 0, 2);
	suite_add_tcase(suite, by_hand);
	return suite;
}
