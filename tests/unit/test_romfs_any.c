/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs_any - an image cut to any length, or with any byte changed, is never read beyond its end, and yields
 * either a tree or an error with an offset. Each is read from memory of exactly its size: AddressSanitizer watches.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "romfs_image.h"
#include "image_tree.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct t_image good;

static void make_good(void)
{
	t_image_generate_good(&good);
}

static void free_good(void)
{
	t_image_free(&good);
}

/* A tree that was accepted is one. */
static void check_any(const struct t_image *image, int error, struct image_tree *tree, const struct nommu_why *why)
{
	const char *flaw;

	if (error) {
		ck_assert_int_eq(error, -EINVAL);
		ck_assert_msg(!strncmp(why->text, "romfs: offset 0x", 16), "%s", why->text);
		return;
	}
	flaw = image_tree_flaw(tree, image->size);
	ck_assert_msg(!flaw, "%s", flaw);
	image_tree_free(tree);
}

/* Read it, and with checksums put right one after the other, until something else is wrong or nothing is. */
static int read_mended(struct t_image *image)
{
	struct image_tree tree;
	struct nommu_why why;
	int error, rounds = 0;

	do {
		error = t_image_read(image, &tree, &why);
		check_any(image, error, &tree, &why);
	} while (error && image_mend(image->bytes, image->size, why.text) && rounds++ < 64);
	return error;
}

/* Cut anywhere: refused, unless only padding was lost. */
START_TEST(test_truncated)
{
	uint32_t own = t_image_get(&good, 0, T_SIZE);
	struct t_image image = good;

	ck_assert_uint_lt(own, good.size);
	for (image.size = 0; image.size <= good.size; image.size++) {
		struct image_tree tree;
		struct nommu_why why;
		int error = t_image_read(&image, &tree, &why);

		check_any(&image, error, &tree, &why);
		ck_assert_int_eq(error, image.size < own ? -EINVAL : 0);
	}
}
END_TEST

/* The same with the size in the superblock cut too, so that the headers are what is missing. What is behind the last
 * byte of data or name can go, up to the next multiple of 16. */
START_TEST(test_truncated_inside)
{
	uint32_t own = t_image_get(&good, 0, T_SIZE);

	for (uint32_t size = 16; size < own; size++) {
		struct t_image image;

		t_image_copy(&image, &good);
		image.size = size;
		t_image_set(&image, 0, T_SIZE, size);
		t_image_resum(&image, 0);
		if (!read_mended(&image))
			ck_assert_uint_lt(own - size, 16);
		t_image_free(&image);
	}
}
END_TEST

static const unsigned char changes[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff };

/* Change every byte: read as it is, and mended. */
START_TEST(test_changed)
{
	unsigned int accepted = 0;

	for (size_t at = 0; at < good.size; at++) {
		struct t_image image;

		t_image_copy(&image, &good);
		image.bytes[at] ^= changes[_i];
		accepted += !read_mended(&image);
		t_image_free(&image);
	}
	/* Data, padding and what nobody reads can change. */
	ck_assert_uint_gt(accepted, 0);
	ck_assert_uint_lt(accepted, good.size);
}
END_TEST

static const unsigned char values[] = { 0, '.', '/', 'a', 0xff };

/* Set every byte to what means something: an end, a dot, a slash. */
START_TEST(test_set)
{
	for (size_t at = 0; at < good.size; at++) {
		struct t_image image;

		t_image_copy(&image, &good);
		image.bytes[at] = values[_i];
		read_mended(&image);
		t_image_free(&image);
	}
}
END_TEST

SUITE(romfs_any)
{
	Suite *suite = suite_create("romfs_any");
	TCase *cut = tcase_create("every length"), *changed = tcase_create("every byte");

	tcase_set_timeout(cut, 60);
	tcase_add_unchecked_fixture(cut, make_good, free_good);
	tcase_add_test(cut, test_truncated);
	tcase_add_test(cut, test_truncated_inside);
	suite_add_tcase(suite, cut);
	tcase_set_timeout(changed, 60);
	tcase_add_unchecked_fixture(changed, make_good, free_good);
	tcase_add_loop_test(changed, test_changed, 0, COUNT(changes));
	tcase_add_loop_test(changed, test_set, 0, COUNT(values));
	suite_add_tcase(suite, changed);
	return suite;
}
