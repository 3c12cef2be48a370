/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs_large - 100,000 of anything are read in well under a second, and need no stack.
 *
 * CPU time of this process is measured, so that a busy machine does not matter. Quadratic work would take minutes.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "image_large.h"
#include "romfs_image.h"
#include "suites.h"

#define MANY 100000u

static uint32_t begin(struct t_image *image)
{
	t_image_begin(image, "large");
	return t_image_add_root(image);
}

/* Names that differ in their last bytes only, in an order that is neither up nor down. */
static void name_of(char *name, size_t length, uint32_t i)
{
	memset(name, 'n', length);
	snprintf(name + length, 9, "%08x", i * 2654435761u);
}

static void make_flat(struct t_image *image)
{
	uint32_t last = begin(image);
	char name[256];

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t file;

		name_of(name, 8, i);
		file = t_image_add(image, name, T_REGULAR, 0, "x", 1);
		t_image_chain(image, last, file);
		last = file;
	}
}

static void make_long_names(struct t_image *image)
{
	uint32_t last = begin(image);
	char name[256];

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t file;

		name_of(name, 247, i);
		file = t_image_add(image, name, T_FIFO, 0, NULL, 0);
		t_image_chain(image, last, file);
		last = file;
	}
}

/* Each directory has the next one as its only entry. */
static void make_deep(struct t_image *image)
{
	uint32_t last = begin(image);

	t_image_chain(image, last, (uint32_t)image->size);
	for (uint32_t i = 1; i <= MANY; i++)
		t_image_add(image, "d", T_DIRECTORY, i < MANY ? (uint32_t)image->size + 32 : 0, NULL, 0);
}

/* Each link leads to the next one; the last to a file. */
static void make_link_chain(struct t_image *image)
{
	uint32_t last = begin(image);
	char name[256];

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t link;

		name_of(name, 0, i);
		link = t_image_add(image, name, i + 1 < MANY ? T_HARDLINK : T_REGULAR, (uint32_t)image->size + 32,
				   NULL, 0);
		t_image_chain(image, last, link);
		last = link;
	}
}

/* The same, the other way round: each link leads to the one before. */
static void make_link_chain_back(struct t_image *image)
{
	uint32_t last = begin(image);
	char name[256];

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t link;

		name_of(name, 0, i);
		link = t_image_add(image, name, i ? T_HARDLINK : T_REGULAR, last, NULL, 0);
		t_image_chain(image, last, link);
		last = link;
	}
}

static const struct {
	const char *name;
	void (*make)(struct t_image *image);
	uint32_t nlink; /* of the last node */
} kinds[] = {
	{ "entries of one directory", make_flat, 1 },
	{ "long names that differ at the end", make_long_names, 1 },
	{ "directories in each other", make_deep, 2 },
	{ "links to links", make_link_chain, MANY },
	{ "links to links, backwards", make_link_chain_back, MANY },
};

START_TEST(test_many)
{
	struct t_image image;
	struct reading reading = { .format = IMAGE_ROMFS, .image = &image };
	uint32_t last;

	kinds[_i].make(&image);
	t_image_end(&image);
	read_on_small_stack(&reading);
	ck_assert_msg(reading.error == 0, "%s: %s", kinds[_i].name, reading.why.text);
	ck_assert_uint_eq(reading.tree.count, MANY + 1);
	last = reading.tree.count - 1;
	ck_assert_uint_eq(reading.tree.nodes[last].nlink, kinds[_i].nlink);
	ck_assert_msg(reading.seconds < SECONDS, "%s took %.3f s", kinds[_i].name, reading.seconds);
	image_tree_free(&reading.tree);
	t_image_free(&image);
}
END_TEST

/* The same where the last of them is wrong, so that looking for the mistake is not what takes long. */
START_TEST(test_many_refused)
{
	struct t_image image;
	struct reading reading = { .format = IMAGE_ROMFS, .image = &image };
	char expected[80], first[256];
	uint32_t header, last;

	make_flat(&image);
	name_of(first, 8, 0);
	header = t_image_find(&image, first, 0);
	name_of(first, 8, MANY - 1);
	last = t_image_find(&image, first, 0);
	memcpy(image.bytes + last + T_NAME, image.bytes + header + T_NAME, 16);
	t_image_resum(&image, last);
	t_image_end(&image);
	read_on_small_stack(&reading);
	snprintf(expected, sizeof(expected), "romfs: offset 0x%x: name is that of the entry at 0x%x too", last, header);
	ck_assert_str_eq(reading.why.text, expected);
	ck_assert_msg(reading.seconds < SECONDS, "took %.3f s", reading.seconds);
	t_image_free(&image);
}
END_TEST

SUITE(romfs_large)
{
	Suite *suite = suite_create("romfs_large");
	TCase *many = tcase_create("100,000");

	tcase_set_timeout(many, 120);
	tcase_add_loop_test(many, test_many, 0, sizeof(kinds) / sizeof(kinds[0]));
	tcase_add_test(many, test_many_refused);
	suite_add_tcase(suite, many);
	return suite;
}
