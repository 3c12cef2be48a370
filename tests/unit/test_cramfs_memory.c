/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_memory - each allocation of the reader fails once: -ENOMEM, and what was taken is given back; and how
 * much is taken depends on the size of the image, not on what it says.
 *
 * The reader is compiled here a second time, under other names, with allocation functions that count and fail.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "failing_heap.h"

/* zlib's own allocations are not counted: they do not depend on the image. */
static int failing_inflate_init(z_streamp stream, const char *version, int size)
{
	return fails() ? Z_MEM_ERROR : inflateInit_(stream, version, size);
}

#define cramfs_read         failing_cramfs_read
#define cramfs_recognise    failing_cramfs_recognise
#define cramfs_unpack       failing_cramfs_unpack
#define cramfs_refuse       failing_cramfs_refuse
#define cramfs_find         failing_cramfs_find
#define cramfs_word         failing_cramfs_word
#define cramfs_blocks       failing_cramfs_blocks
#define cramfs_locate       failing_cramfs_locate
#define cramfs_copy         failing_cramfs_copy
#define cramfs_settle_files failing_cramfs_settle_files
#define build_refuse        failing_cramfs_build_refuse
#define build_add           failing_cramfs_build_add
#define build_double_name   failing_cramfs_build_double_name
#define build_settle_inodes failing_cramfs_build_settle_inodes
#define build_finish        failing_cramfs_build_finish
#define build_free          failing_cramfs_build_free
#define image_tree_free     failing_cramfs_image_tree_free
#define inflateInit_        failing_inflate_init
#define malloc              failing_malloc
#define calloc              failing_calloc
#define realloc             failing_realloc
#define free                failing_free
#include "image/build.c"
#include "image/cramfs.c"
#include "image/cramfs_file.c"
#include "image/cramfs_unpack.c"
#undef malloc
#undef calloc
#undef realloc
#undef free

#include "cramfs_image.h"
#include "suites.h"

#define MANY 10000u

/* Two symlinks, and more files than the reader has room for at first, so that it has to grow. */
static void make_image(struct c_image *c)
{
	struct c_entry entries[200];
	char names[200][8];
	uint32_t headers[200];

	for (unsigned int i = 0; i < 200; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i);
		entries[i] = (struct c_entry){ names[i], i < 2 ? S_IFLNK | 0777 : S_IFREG | 0644, 0, 0, 0 };
	}
	c_image_begin(c, false, 0, C_VERSION_2);
	c_image_add_directory(c, c_image_root(c), entries, 200, headers);
	for (unsigned int i = 0; i < 4; i++) {
		unsigned char data[] = "data";

		c_image_add_file(c, headers[i], data, 4, "c");
	}
	c_image_end(c);
}

START_TEST(test_failing)
{
	struct c_image c;
	struct image_tree tree;
	struct nommu_why why;
	unsigned char buf[4];
	int n, error = -ENOMEM;

	make_image(&c);
	for (n = 0; n < 100; n++) {
		heap.left = n;
		error = cramfs_read(c.image.bytes, c.image.size, &tree, &why);
		if (!error)
			break;
		ck_assert_int_eq(error, -ENOMEM);
		ck_assert_str_eq(why.text, "cramfs: no memory for the tree of this image");
		ck_assert_ptr_null(tree.nodes);
		ck_assert_int_eq(heap.live, 0);
	}
	/* The map of directories, nodes and entries three times, scratch, zlib twice, the nodes with their names. */
	ck_assert_int_eq(n, 11);
	ck_assert_int_eq(heap.live, 1);
	ck_assert_uint_eq(tree.count, 201);
	heap.left = 0;
	ck_assert_int_eq(cramfs_unpack(c.image.bytes, c.image.size, &tree.nodes[3], 0, buf, 4), -ENOMEM);
	ck_assert_int_eq(cramfs_unpack(c.image.bytes, c.image.size, &tree.nodes[3], 0, buf, 4), 4);
	ck_assert_mem_eq(buf, "data", 4);
	image_tree_free(&tree);
	ck_assert_int_eq(heap.live, 0);
	ck_assert_uint_eq(heap.bytes, 0);
	c_image_free(&c);
}
END_TEST

/* A refusal gives everything back too, whatever it finds at which moment. */
START_TEST(test_refused)
{
	struct c_image good;
	struct image_tree tree;
	struct nommu_why why;
	unsigned int refused = 0;

	c_image_make_good(&good, true, 512);
	heap.left = -1;
	for (size_t at = 512; at < good.image.size; at++) {
		struct c_image c = good;

		t_image_copy(&c.image, &good.image);
		c.image.bytes[at] ^= 0x10;
		if (at >= 520)
			c_image_resum(&c);
		if (cramfs_read(c.image.bytes, c.image.size, &tree, &why))
			refused++;
		else
			image_tree_free(&tree);
		ck_assert_int_eq(heap.live, 0);
		c_image_free(&c);
	}
	ck_assert_uint_gt(refused, 100);
	c_image_free(&good);
}
END_TEST

/* The shortest entries, and the most that each can claim; a map of the image, and a node for each 16 bytes of it. */
START_TEST(test_bound)
{
	static const uint32_t modes[] = { S_IFREG | 0644, S_IFDIR | 0755, S_IFLNK | 0777 };
	struct c_entry *entries = calloc(MANY, sizeof(*entries));
	char (*names)[5] = calloc(MANY, sizeof(*names));
	uint32_t *headers = calloc(MANY, sizeof(*headers));
	struct image_tree tree;
	struct nommu_why why;
	struct c_image c;

	ck_assert(entries && names && headers);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i);
		entries[i] = (struct c_entry){ names[i], modes[_i], 0, 0, S_ISREG(modes[_i]) ? 0 : 0xffffff };
	}
	c_image_begin(&c, false, 0, C_VERSION_2);
	c_image_add_directory(&c, c_image_root(&c), entries, MANY, headers);
	c_image_end(&c);
	heap.left = -1;
	heap.peak = 0;
	ck_assert_int_eq(cramfs_read(c.image.bytes, c.image.size, &tree, &why), S_ISREG(modes[_i]) ? 0 : -EINVAL);
	ck_assert_msg(heap.peak < 30 * c.image.size, "%zu bytes for %zu", heap.peak, c.image.size);
	image_tree_free(&tree);
	ck_assert_uint_eq(heap.bytes, 0);
	free(entries);
	free(names);
	free(headers);
	c_image_free(&c);
}
END_TEST

SUITE(cramfs_memory)
{
	Suite *suite = suite_create("cramfs_memory");
	TCase *memory = tcase_create("failing"), *bound = tcase_create("bound");

	tcase_set_timeout(memory, 30);
	tcase_add_test(memory, test_failing);
	tcase_add_test(memory, test_refused);
	suite_add_tcase(suite, memory);
	tcase_add_loop_test(bound, test_bound, 0, 3);
	suite_add_tcase(suite, bound);
	return suite;
}
