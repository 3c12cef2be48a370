/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_any - an image cut to any length, or with any byte changed, is never read beyond its end, and yields
 * either a tree, all of whose files can be unpacked or are -EIO, or an error with an offset. Each is read from memory
 * of exactly its size: AddressSanitizer watches.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cramfs_image.h"
#include "image_tree.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Of both endiannesses, at both places. */
#define WAYS 4

static struct c_image goods[WAYS];

static void make_goods(void)
{
	for (unsigned int way = 0; way < WAYS; way++)
		c_image_make_good(&goods[way], way & 1, way & 2 ? 512 : 0);
}

static void free_goods(void)
{
	for (unsigned int way = 0; way < WAYS; way++)
		c_image_free(&goods[way]);
}

/* As one, and from the middle of the file. */
static void check_node(const struct t_image *image, const struct image_node *node)
{
	uint64_t offset = node->size / 2;
	unsigned char *whole, *part;
	ssize_t length;

	if (!node->packed)
		return;
	whole = malloc(node->size);
	part = malloc(node->size - offset);
	ck_assert(whole && part);
	length = c_node_read(image, node, 0, whole, node->size);
	ck_assert_msg(length == (ssize_t)node->size || length == -EIO, "%zd", length);
	if (length > 0) {
		ck_assert_int_eq(c_node_read(image, node, offset, part, node->size - offset), node->size - offset);
		ck_assert_mem_eq(part, whole + offset, node->size - offset);
	}
	free(whole);
	free(part);
}

/* A tree that was accepted is one. */
static int read_any(const struct t_image *image, struct nommu_why *why)
{
	struct image_tree tree;
	const char *flaw;
	int error = c_image_read(image, &tree, why);

	if (error) {
		ck_assert_int_eq(error, -EINVAL);
		ck_assert_msg(!strncmp(why->text, "cramfs: offset 0x", 17), "%s", why->text);
		return error;
	}
	flaw = image_tree_flaw(&tree, image->size);
	ck_assert_msg(!flaw, "%s", flaw);
	for (uint32_t i = 0; i < tree.count; i++)
		check_node(image, &tree.nodes[i]);
	image_tree_free(&tree);
	return 0;
}

/* Read it, and with the checksum put right. */
static int read_mended(struct t_image *image)
{
	struct nommu_why why;
	int error = read_any(image, &why);

	if (error && image_mend(image->bytes, image->size, why.text)) {
		error = read_any(image, &why);
		ck_assert_ptr_null(strstr(why.text, "checksum"));
	}
	return error;
}

START_TEST(test_truncated)
{
	struct t_image image = goods[_i].image;
	struct nommu_why why;

	for (image.size = 0; image.size < goods[_i].image.size; image.size++) {
		ck_assert_int_eq(read_any(&image, &why), -EINVAL);
		ck_assert_msg(strstr(why.text, image.size < goods[_i].super + 4 ? "no cramfs superblock" : "truncated"),
			      "%s", why.text);
	}
	ck_assert_int_eq(read_any(&image, &why), 0);
}
END_TEST

/* The same with the size in the superblock cut too, so that what it leads to is missing; only padding can go. */
START_TEST(test_truncated_inside)
{
	for (uint32_t size = goods[_i].super + 76; size < goods[_i].image.size; size++) {
		struct c_image c = goods[_i];

		t_image_copy(&c.image, &goods[_i].image);
		c.image.size = size;
		c_image_set_word(&c, c.super + C_OWN_SIZE, size);
		if (!read_mended(&c.image))
			ck_assert_uint_lt(goods[_i].image.size - size, 4);
		c_image_free(&c);
	}
}
END_TEST

static const unsigned char changes[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff };

/* Change every byte: read as it is, and mended. */
START_TEST(test_changed)
{
	unsigned int accepted = 0;

	for (unsigned int way = 0; way < WAYS; way++)
		for (size_t at = 0; at < goods[way].image.size; at++) {
			struct t_image image;

			t_image_copy(&image, &goods[way].image);
			image.bytes[at] ^= changes[_i];
			accepted += !read_mended(&image);
			t_image_free(&image);
		}
	/* Data, padding and what nobody reads can change. */
	ck_assert_uint_gt(accepted, 0);
}
END_TEST

static const unsigned char values[] = { 0, '.', '/', 'a', 0xff };

/* Set every byte to what means something: an end, a dot, a slash. */
START_TEST(test_set)
{
	for (unsigned int way = 0; way < WAYS; way++)
		for (size_t at = 0; at < goods[way].image.size; at++) {
			struct t_image image;

			t_image_copy(&image, &goods[way].image);
			image.bytes[at] = values[_i];
			read_mended(&image);
			t_image_free(&image);
		}
}
END_TEST

SUITE(cramfs_any)
{
	Suite *suite = suite_create("cramfs_any");
	TCase *cut = tcase_create("every length"), *changed = tcase_create("every byte");

	tcase_set_timeout(cut, 120);
	tcase_add_unchecked_fixture(cut, make_goods, free_goods);
	tcase_add_loop_test(cut, test_truncated, 0, WAYS);
	tcase_add_loop_test(cut, test_truncated_inside, 0, WAYS);
	suite_add_tcase(suite, cut);
	tcase_set_timeout(changed, 120);
	tcase_add_unchecked_fixture(changed, make_goods, free_goods);
	tcase_add_loop_test(changed, test_changed, 0, COUNT(changes));
	tcase_add_loop_test(changed, test_set, 0, COUNT(values));
	suite_add_tcase(suite, changed);
	return suite;
}
