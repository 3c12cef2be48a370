/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_large - 100,000 of anything are read in well under a second, and need no stack; nor does it take longer
 * if they all claim to be large.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cramfs_image.h"
#include "image_large.h"
#include "suites.h"

#define MANY    100000u
#define LARGEST 0xffffffu

static uint32_t *headers;
static char (*names)[16];

/* That many entries of the root, with names in an order that is neither up nor down. */
static void make_root(struct c_image *c, uint32_t mode)
{
	struct c_entry *entries = calloc(MANY, sizeof(*entries));

	headers = calloc(MANY, sizeof(*headers));
	names = calloc(MANY, sizeof(*names));
	ck_assert(entries && headers && names);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%08x", i * 2654435761u);
		entries[i] = (struct c_entry){ names[i], mode, 0, 0, 0 };
	}
	c_image_begin(c, true, 0, C_VERSION_2 | C_EXTENDED);
	c_image_add_directory(c, c_image_root(c), entries, MANY, headers);
	free(entries);
}

static void free_root(struct c_image *c)
{
	free(headers);
	free(names);
	headers = NULL;
	names = NULL;
	c_image_free(c);
}

static void make_flat(struct c_image *c)
{
	unsigned char byte = 'x';

	make_root(c, S_IFREG);
	for (uint32_t i = 0; i < MANY; i++)
		c_image_add_file(c, headers[i], &byte, 1, "u");
}

/* Each directory has the next one as its only entry. */
static void make_deep(struct c_image *c)
{
	static const struct c_entry entry = { "d", S_IFDIR | 0755, 0, 0, 0 };
	uint32_t header;

	c_image_begin(c, false, 0, C_VERSION_2);
	header = c_image_root(c);
	for (uint32_t i = 0; i < MANY; i++)
		c_image_add_directory(c, header, &entry, 1, &header);
}

/* All have the pointers and the size of the first one. */
static void share(struct c_image *c)
{
	for (uint32_t i = 1; i < MANY; i++) {
		c_image_set(c, headers[i], C_SIZE, c_image_get(c, headers[0], C_SIZE));
		c_image_set(c, headers[i], C_OFFSET, c_image_get(c, headers[0], C_OFFSET));
	}
}

static void make_same(struct c_image *c)
{
	static unsigned char data[LARGEST];

	make_root(c, S_IFREG);
	c_image_add_file(c, headers[0], data, LARGEST, "h");
	share(c);
}

static void make_same_link(struct c_image *c)
{
	unsigned char target[4095];

	make_root(c, S_IFLNK);
	c_data_fill(target, sizeof(target), 1);
	c_image_add_file(c, headers[0], target, sizeof(target), "C");
	share(c);
}

static const struct {
	const char *name;
	void (*make)(struct c_image *c);
} kinds[] = {
	{ "entries of one directory", make_flat },
	{ "directories in each other", make_deep },
	{ "files of 16 MiB that share their blocks", make_same },
	{ "symlinks that share their target", make_same_link },
};

START_TEST(test_many)
{
	struct c_image c;
	struct reading reading = { .format = IMAGE_CRAMFS, .image = &c.image };

	kinds[_i].make(&c);
	c_image_end(&c);
	read_on_small_stack(&reading);
	ck_assert_msg(reading.error == 0, "%s: %s", kinds[_i].name, reading.why.text);
	ck_assert_uint_eq(reading.tree.count, MANY + 1);
	ck_assert_msg(reading.seconds < SECONDS, "%s took %.3f s", kinds[_i].name, reading.seconds);
	image_tree_free(&reading.tree);
	free_root(&c);
}
END_TEST

/* Pointers that overlap would make every file cost as much as the largest one. */
START_TEST(test_many_refused)
{
	static unsigned char data[LARGEST];
	struct c_image c;
	struct reading reading = { .format = IMAGE_CRAMFS, .image = &c.image };
	char expected[100];
	uint32_t table;

	make_root(&c, S_IFREG);
	table = c_image_add_file(&c, headers[0], data, LARGEST, "h");
	t_image_extend(&c.image, 4 * MANY);
	for (uint32_t i = 1; i < MANY; i++) {
		c_image_set(&c, headers[i], C_SIZE, LARGEST);
		c_image_set(&c, headers[i], C_OFFSET, table / 4 + i);
	}
	c_image_end(&c);
	read_on_small_stack(&reading);
	snprintf(expected, sizeof(expected), "cramfs: offset 0x%x: block pointers at 0x%x overlap those of the file at "
		 "0x%x", headers[1], table + 4, headers[0]);
	ck_assert_str_eq(reading.why.text, expected);
	ck_assert_msg(reading.seconds < SECONDS, "took %.3f s", reading.seconds);
	free_root(&c);
}
END_TEST

SUITE(cramfs_large)
{
	Suite *suite = suite_create("cramfs_large");
	TCase *many = tcase_create("100,000");

	tcase_set_timeout(many, 120);
	tcase_add_loop_test(many, test_many, 0, sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_test(many, test_many_refused);
	suite_add_tcase(suite, many);
	return suite;
}
