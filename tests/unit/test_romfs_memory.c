/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs_memory - each allocation of the reader fails once: -ENOMEM, and what was taken is given back.
 *
 * The reader is compiled here a second time, under other names, with allocation functions that count and fail.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failing_heap.h"

#define romfs_read          failing_romfs_read
#define romfs_recognise     failing_romfs_recognise
#define romfs_refuse        failing_romfs_refuse
#define romfs_resolve_links failing_romfs_resolve_links
#define build_refuse        failing_build_refuse
#define build_add           failing_build_add
#define build_double_name   failing_build_double_name
#define build_settle_inodes failing_build_settle_inodes
#define build_finish        failing_build_finish
#define build_free          failing_build_free
#define image_tree_free     failing_image_tree_free
#define malloc              failing_malloc
#define calloc              failing_calloc
#define realloc             failing_realloc
#define free                failing_free
#include "image/build.c"
#include "image/romfs.c"
#include "image/romfs_link.c"
#undef malloc
#undef calloc
#undef realloc
#undef free

#include "romfs_image.h"
#include "suites.h"

/* More nodes than the reader has room for at first, so that it has to grow. */
static void make_image(struct t_image *image)
{
	char name[16];
	uint32_t last;

	t_image_begin(image, "memory");
	last = t_image_add_root(image);
	for (int i = 0; i < 200; i++) {
		uint32_t file;

		snprintf(name, sizeof(name), "file%d", i);
		file = t_image_add(image, name, i % 3 ? T_REGULAR : T_HARDLINK, (uint32_t)image->size + 32, NULL, 0);
		t_image_chain(image, last, file);
		last = file;
	}
	t_image_end(image);
}

START_TEST(test_failing)
{
	struct t_image image;
	struct image_tree tree;
	struct nommu_why why;
	int n, error = -ENOMEM;

	make_image(&image);
	for (n = 0; error && n < 100; n++) {
		heap.left = n;
		error = romfs_read(image.bytes, image.size, &tree, &why);
		if (!error)
			break;
		ck_assert_int_eq(error, -ENOMEM);
		ck_assert_str_eq(why.text, "romfs: no memory for the tree of this image");
		ck_assert_ptr_null(tree.nodes);
		ck_assert_int_eq(heap.live, 0);
	}
	/* The map of units, nodes and entries three times, scratch, the nodes with their names. */
	ck_assert_int_eq(n, 9);
	ck_assert_int_eq(heap.live, 1);
	ck_assert_uint_eq(tree.count, 201);
	image_tree_free(&tree);
	ck_assert_int_eq(heap.live, 0);
	t_image_free(&image);
}
END_TEST

/* A refusal gives everything back too, whatever it finds at which moment. */
START_TEST(test_refused)
{
	struct t_image good, image;
	struct image_tree tree;
	struct nommu_why why;
	unsigned int refused = 0;

	t_image_generate_good(&good);
	heap.left = -1;
	for (size_t at = 0; at < good.size; at++) {
		t_image_copy(&image, &good);
		image.bytes[at] ^= 0x10;
		if (at >= 16)
			t_image_resum(&image, 0);
		if (romfs_read(image.bytes, image.size, &tree, &why)) {
			refused++;
			ck_assert_int_eq(heap.live, 0);
		} else {
			image_tree_free(&tree);
		}
		ck_assert_int_eq(heap.live, 0);
		t_image_free(&image);
	}
	ck_assert_uint_gt(refused, 100);
	t_image_free(&good);
}
END_TEST

SUITE(romfs_memory)
{
	Suite *suite = suite_create("romfs_memory");
	TCase *memory = tcase_create("failing");

	tcase_set_timeout(memory, 30);
	tcase_add_test(memory, test_failing);
	tcase_add_test(memory, test_refused);
	suite_add_tcase(suite, memory);
	return suite;
}
