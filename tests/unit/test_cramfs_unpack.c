/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_unpack - damage in what was accepted is -EIO, at the block that has it and nowhere else; and threads may
 * unpack beside each other.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "cramfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BLOCK    4096u
#define SIZE     (3 * BLOCK - 10)

static const struct c_entry entry = { "file", S_IFREG | 0644, 0, 0, 0 };

struct scene {
	struct c_image c;
	struct image_tree tree;
	const struct image_node *node;
	unsigned char data[SIZE];
	uint32_t table, header;
};

/* One file of three blocks. */
static void make(struct scene *s, bool big, const char *how)
{
	c_data_fill(s->data, SIZE, 1);
	c_image_begin(&s->c, big, big ? 512 : 0, C_VERSION_2 | C_EXTENDED);
	c_image_add_directory(&s->c, c_image_root(&s->c), &entry, 1, &s->header);
	s->table = c_image_add_file(&s->c, s->header, s->data, SIZE, how);
	c_image_end(&s->c);
}

static void read_scene(struct scene *s)
{
	c_image_resum(&s->c);
	c_image_read_good(&s->c.image, &s->tree);
	s->node = &s->tree.nodes[1];
	ck_assert(s->node->packed);
}

static void free_scene(struct scene *s)
{
	image_tree_free(&s->tree);
	c_image_free(&s->c);
}

static ssize_t unpack(const struct scene *s, uint64_t offset, void *buf, size_t len)
{
	return cramfs_unpack(s->c.image.bytes, s->c.image.size, s->node, offset, buf, len);
}

/* Every byte of one block is wrong once: whatever touches the block is -EIO, and nothing else. */
START_TEST(test_damaged)
{
	static struct scene s;
	unsigned char buf[SIZE];
	unsigned int refused = 0, bad = (unsigned int)_i % 3;
	uint32_t start, end;

	make(&s, _i >= 3, "c");
	read_scene(&s);
	start = bad ? c_image_word(&s.c, s.table + 4 * (bad - 1)) : s.table + 12;
	end = c_image_word(&s.c, s.table + 4 * bad);
	for (uint32_t at = start; at < end; at++) {
		s.c.image.bytes[at] ^= (unsigned char)(1 << at % 8);
		for (unsigned int block = 0; block < 3; block++) {
			ssize_t whole = block == 2 ? BLOCK - 10 : BLOCK;

			memset(buf, 'x', sizeof(buf));
			if (block != bad) {
				ck_assert_int_eq(unpack(&s, block * BLOCK, buf, (size_t)whole), whole);
				ck_assert_mem_eq(buf, s.data + block * BLOCK, (size_t)whole);
			} else if (unpack(&s, block * BLOCK, buf, BLOCK) != -EIO) {
				/* The level of compression is of no use; and +2 -4 +2 does not change the sum. */
				ck_assert_uint_eq(adler32(1, buf, (uInt)whole),
						  adler32(1, s.data + block * BLOCK, (uInt)whole));
			} else {
				refused++;
				ck_assert_int_eq(unpack(&s, block * BLOCK + 5, buf, 1), -EIO);
				ck_assert_int_eq(unpack(&s, 0, buf, sizeof(buf)), -EIO);
			}
		}
		s.c.image.bytes[at] ^= (unsigned char)(1 << at % 8);
	}
	ck_assert_uint_ge(refused, end - start - 4);
	free_scene(&s);
}
END_TEST

/* Compressed bytes of more or less than the block: another block's, or those of a file of another size. */
START_TEST(test_wrong_length)
{
	static const uint32_t sizes[] = { SIZE - 1, SIZE + 1, 2 * BLOCK + 1, 3 * BLOCK };
	static struct scene s;
	unsigned char buf[3 * BLOCK];

	for (unsigned int i = 0; i < 2 * COUNT(sizes); i++) {
		make(&s, i & 1, i / 2 % 2 ? "C" : "c");
		c_image_set(&s.c, s.header, C_SIZE, sizes[i / 2]);
		read_scene(&s);
		ck_assert_int_eq(unpack(&s, 0, buf, 2 * BLOCK), 2 * BLOCK);
		ck_assert_mem_eq(buf, s.data, 2 * BLOCK);
		ck_assert_int_eq(unpack(&s, 0, buf, sizeof(buf)), -EIO);
		ck_assert_int_eq(unpack(&s, 2 * BLOCK, buf, 1), -EIO);
		ck_assert_int_eq(unpack(&s, sizes[i / 2] - 1, buf, 1), -EIO);
		ck_assert_int_eq(unpack(&s, sizes[i / 2], buf, 1), 0);
		free_scene(&s);
	}
}
END_TEST

/* A block that ends one byte early. */
START_TEST(test_cut)
{
	static struct scene s;
	unsigned char buf[BLOCK];
	uint32_t end;

	make(&s, _i, "c");
	end = c_image_word(&s.c, s.table + 8);
	c_image_set_word(&s.c, s.table + 8, end - 1);
	read_scene(&s);
	ck_assert_int_eq(unpack(&s, 2 * BLOCK, buf, BLOCK), -EIO);
	ck_assert_int_eq(unpack(&s, BLOCK, buf, BLOCK), BLOCK);
	free_scene(&s);
}
END_TEST

/* Pointers that became wrong since the image was read: nothing is read or written outside. */
START_TEST(test_changed)
{
	static const uint32_t values[] = { 0, 1, 0x1000, 0x3fffffff, 0x40000000, 0x40000001, 0x7fffffff, 0x80000000,
					   0x80001000, 0xbfffffff, 0xc0000001, 0xffffffff };
	static struct scene s;
	unsigned char *buf = malloc(SIZE);

	ck_assert_ptr_nonnull(buf);
	make(&s, _i, "cC");
	read_scene(&s);
	for (unsigned int i = 0; i < COUNT(values) * COUNT(values); i++) {
		struct scene changed = s;

		c_image_set_word(&s.c, s.table + 4, values[i % COUNT(values)]);
		c_image_set_word(&s.c, s.table + 8, values[i / COUNT(values)]);
		t_image_copy(&changed.c.image, &s.c.image);
		unpack(&changed, 0, buf, SIZE);
		unpack(&changed, 2 * BLOCK + 3, buf, 100);
		c_image_free(&changed.c);
	}
	free(buf);
	free_scene(&s);
}
END_TEST

/* Nodes that are not of this image, or need no unpacking. */
START_TEST(test_other)
{
	static struct scene s;
	unsigned char buf[SIZE];
	const struct image_node *right;
	struct image_node wrong[7];
	struct t_image slack;

	make(&s, _i, "cC");
	read_scene(&s);
	right = s.node;
	slack = s.c.image;
	t_image_copy(&s.c.image, &slack);
	t_image_free(&slack);
	ck_assert_int_eq(unpack(&s, 0, buf, SIZE), SIZE);
	for (unsigned int i = 0; i < COUNT(wrong); i++)
		wrong[i] = *right;
	wrong[0].packed = false;
	wrong[1].size = UINT64_MAX;
	wrong[2].data = UINT64_MAX - 3;
	/* Its three pointers reach out of the image, by different numbers of bytes. */
	wrong[3].data = s.c.image.size - 8;
	wrong[4].data = s.c.image.size - 11;
	wrong[5].data = s.c.image.size;
	wrong[6].data = s.c.image.size + 8;
	for (unsigned int i = 0; i < COUNT(wrong); i++) {
		s.node = &wrong[i];
		ck_assert_int_eq(unpack(&s, 0, buf, SIZE), -EIO);
		ck_assert_int_eq(unpack(&s, 2 * BLOCK, buf, 1), -EIO);
	}
	s.node = right;
	for (size_t size = 0; size < s.c.super + 76; size++)
		ck_assert_int_eq(cramfs_unpack(s.c.image.bytes, size, right, 0, buf, SIZE), -EIO);
	s.c.image.bytes[s.c.super] ^= 1;
	ck_assert_int_eq(unpack(&s, 0, buf, SIZE), -EIO);
	free_scene(&s);
}
END_TEST

/* Others cannot be unpacked. */
START_TEST(test_formats)
{
	static struct scene s;
	unsigned char buf[SIZE];

	make(&s, _i, "c");
	read_scene(&s);
	ck_assert_int_eq(image_unpack(IMAGE_CRAMFS, s.c.image.bytes, s.c.image.size, s.node, 0, buf, SIZE), SIZE);
	ck_assert_mem_eq(buf, s.data, SIZE);
	ck_assert_int_eq(image_unpack(IMAGE_ROMFS, s.c.image.bytes, s.c.image.size, s.node, 0, buf, SIZE), -EIO);
	free_scene(&s);
}
END_TEST

static void *unpack_often(void *arg)
{
	const struct scene *s = arg;
	unsigned char buf[SIZE];

	for (unsigned int i = 0; i < 500; i++) {
		uint32_t offset = i * 7919 % SIZE;

		if (unpack(s, offset, buf, SIZE) != SIZE - offset || memcmp(buf, s->data + offset, SIZE - offset))
			return arg;
	}
	return NULL;
}

START_TEST(test_threads)
{
	static struct scene s;
	pthread_t threads[4];

	make(&s, _i, "cCh");
	read_scene(&s);
	for (unsigned int i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, unpack_often, &s), 0);
	for (unsigned int i = 0; i < COUNT(threads); i++) {
		void *wrong;

		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_ptr_null(wrong);
	}
	free_scene(&s);
}
END_TEST

SUITE(cramfs_unpack)
{
	Suite *suite = suite_create("cramfs_unpack");
	TCase *damaged = tcase_create("damaged"), *shared = tcase_create("shared");

	tcase_set_timeout(damaged, 60);
	tcase_add_loop_test(damaged, test_damaged, 0, 6);
	tcase_add_test(damaged, test_wrong_length);
	tcase_add_loop_test(damaged, test_cut, 0, 2);
	tcase_add_loop_test(damaged, test_changed, 0, 2);
	tcase_add_loop_test(damaged, test_other, 0, 2);
	tcase_add_loop_test(damaged, test_formats, 0, 2);
	suite_add_tcase(suite, damaged);
	tcase_set_timeout(shared, 60);
	tcase_add_loop_test(shared, test_threads, 0, 2);
	suite_add_tcase(suite, shared);
	return suite;
}
