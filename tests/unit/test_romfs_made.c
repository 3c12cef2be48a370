/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs_made - good images that genromfs does not write, or not on request, made by hand.
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "romfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Links that come before their file, and links to links, which genromfs does not write but the kernel follows. */
START_TEST(test_link_chain)
{
	struct t_image image;
	struct image_tree tree;
	uint32_t root, first, second, file;

	t_image_begin(&image, "chain");
	root = t_image_add_root(&image);
	first = t_image_add(&image, "first", T_HARDLINK, (uint32_t)image.size + 32, NULL, 0);
	second = t_image_add(&image, "second", T_HARDLINK, (uint32_t)image.size + 32, NULL, 0);
	file = t_image_add(&image, "file", T_REGULAR | T_EXEC, 0, "data", 4);
	t_image_chain(&image, root, first);
	t_image_chain(&image, first, second);
	t_image_chain(&image, second, file);
	t_image_end(&image);
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.count, 4);
	for (uint32_t i = 1; i < 4; i++) {
		ck_assert_uint_eq(tree.nodes[i].inode, 1);
		ck_assert_uint_eq(tree.nodes[i].nlink, 3);
		ck_assert_uint_eq(tree.nodes[i].mode, S_IFREG | 0755);
		ck_assert_uint_eq(tree.nodes[i].size, 4);
		ck_assert_mem_eq(image.bytes + tree.nodes[i].data, "data", 4);
	}
	ck_assert_str_eq(tree.nodes[1].name, "first");
	ck_assert_str_eq(tree.nodes[3].name, "file");
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* Links that lead back, so that some are resolved when others come to them. */
START_TEST(test_link_chain_back)
{
	struct t_image image;
	struct image_tree tree;
	uint32_t root, headers[5];

	t_image_begin(&image, "back");
	root = t_image_add_root(&image);
	headers[0] = t_image_add(&image, "0", T_SYMLINK, 0, "target", 6);
	for (int i = 1; i < 5; i++) {
		const char name[2] = { (char)('0' + i), 0 };

		headers[i] = t_image_add(&image, name, T_HARDLINK, headers[i - 1], NULL, 0);
	}
	t_image_chain(&image, root, headers[0]);
	for (int i = 1; i < 5; i++)
		t_image_chain(&image, headers[i - 1], headers[i]);
	t_image_end(&image);
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.count, 6);
	for (uint32_t i = 1; i < 6; i++) {
		ck_assert_uint_eq(tree.nodes[i].inode, 1);
		ck_assert_uint_eq(tree.nodes[i].nlink, 5);
		ck_assert_uint_eq(tree.nodes[i].mode, S_IFLNK | 0777);
		ck_assert_mem_eq(image.bytes + tree.nodes[i].data, "target", 6);
	}
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* Entries in the opposite order of the image, and links to each of them. */
START_TEST(test_order)
{
	struct t_image image;
	struct image_tree tree;
	uint32_t last, headers[20];

	t_image_begin(&image, "order");
	last = t_image_add_root(&image);
	for (uint32_t i = 0; i < 20; i++) {
		const char name[2] = { (char)('a' + i), 0 };

		headers[i] = t_image_add(&image, name, i % 2 ? T_HARDLINK : T_CHAR,
					 i % 2 ? headers[i - 1] : 0x50000 + i, NULL, 0);
	}
	for (uint32_t i = 20; i--; last = headers[i])
		t_image_chain(&image, last, headers[i]);
	t_image_end(&image);
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.count, 21);
	for (uint32_t i = 0; i < 20; i++) {
		const struct image_node *node = &tree.nodes[20 - i];

		ck_assert_int_eq(node->name[0], (int)('a' + i));
		ck_assert_uint_eq(node->mode, S_IFCHR | 0600);
		ck_assert_uint_eq(node->rdev, makedev(5, i & ~1u));
		ck_assert_uint_eq(node->nlink, 2);
		/* The link is the earlier of the two here. */
		ck_assert_uint_eq(node->inode, 20 - (i | 1));
	}
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* Every type, with the modes that the kernel gives it; entries stay in the order of the image. */
START_TEST(test_types)
{
	static const struct {
		uint32_t bits, spec, size, mode;
	} types[] = {
		{ T_DIRECTORY, 0, 0, S_IFDIR | 0644 },
		{ T_DIRECTORY | T_EXEC, 0, 0, S_IFDIR | 0755 },
		{ T_REGULAR, 0, 3, S_IFREG | 0644 },
		{ T_REGULAR | T_EXEC, 0, 3, S_IFREG | 0755 },
		{ T_SYMLINK, 0, 3, S_IFLNK | 0777 },
		{ T_BLOCK | T_EXEC, 0x00080011, 0, S_IFBLK | 0600 },
		{ T_CHAR, 0xfffe0001, 0, S_IFCHR | 0600 },
		{ T_SOCKET | T_EXEC, 0, 0, S_IFSOCK | 0644 },
		{ T_FIFO, 0, 0, S_IFIFO | 0644 },
	};
	struct t_image image;
	struct image_tree tree;
	uint32_t last;
	char name[2] = "0";

	t_image_begin(&image, "types");
	last = t_image_add_root(&image);
	for (unsigned int i = 0; i < COUNT(types); i++, name[0]++) {
		uint32_t header = t_image_add(&image, name, types[i].bits, types[i].spec, "abc", types[i].size);

		t_image_chain(&image, last, header);
		last = header;
	}
	t_image_end(&image);
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.count, COUNT(types) + 1);
	for (uint32_t i = 1; i < tree.count; i++) {
		ck_assert_uint_eq(tree.nodes[i].mode, types[i - 1].mode);
		ck_assert_uint_eq(tree.nodes[i].size, types[i - 1].size);
		ck_assert_int_eq(tree.nodes[i].name[0], (int)('0' + i - 1));
		ck_assert_uint_eq(tree.nodes[i].next, i + 1 < tree.count ? i + 1 : IMAGE_NONE);
	}
	ck_assert_uint_eq(tree.nodes[6].rdev, makedev(8, 0x11));
	ck_assert_uint_eq(tree.nodes[7].rdev, makedev(0xfffe, 1));
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* As far as things may go: a name of 255 bytes, a symlink of 4095, data up to the last byte of an odd size. */
START_TEST(test_limits)
{
	static char text[4096];
	char name[256] = "";
	struct t_image image;
	struct image_tree tree;
	uint32_t root, symlink_header, file;

	memset(text, 't', sizeof(text));
	memset(name, 'n', 255);
	t_image_begin(&image, "limits");
	root = t_image_add_root(&image);
	symlink_header = t_image_add(&image, name, T_SYMLINK, 0, text, 4095);
	file = t_image_add(&image, "file", T_REGULAR, 0, text, 17);
	t_image_chain(&image, root, symlink_header);
	t_image_chain(&image, symlink_header, file);
	image.size -= 15;
	t_image_end(&image);
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.count, 3);
	ck_assert_str_eq(tree.nodes[1].name, name);
	ck_assert_uint_eq(tree.nodes[1].size, 4095);
	ck_assert_uint_eq(tree.nodes[2].data + 17, image.size);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

/* The smallest there is: a root and nothing in it. */
START_TEST(test_smallest)
{
	struct t_image image;
	struct image_tree tree;

	t_image_begin(&image, "");
	t_image_add_root(&image);
	t_image_end(&image);
	ck_assert_uint_eq(image.size, 64);
	t_image_read_good(&image, &tree);
	ck_assert_uint_eq(tree.count, 1);
	ck_assert_uint_eq(tree.nodes[0].mode, S_IFDIR | 0755);
	image_tree_free(&tree);
	t_image_free(&image);
}
END_TEST

SUITE(romfs_made)
{
	Suite *suite = suite_create("romfs_made");
	TCase *by_hand = tcase_create("by hand");

	tcase_add_test(by_hand, test_link_chain);
	tcase_add_test(by_hand, test_link_chain_back);
	tcase_add_test(by_hand, test_order);
	tcase_add_test(by_hand, test_types);
	tcase_add_test(by_hand, test_limits);
	tcase_add_test(by_hand, test_smallest);
	suite_add_tcase(suite, by_hand);
	return suite;
}
