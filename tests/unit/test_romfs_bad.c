/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs_bad - images that genromfs would not write, made by hand, are refused, saying at which offset.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "romfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Each begins an image, and returns where it is wrong. */

static void add_chain(struct t_image *image, uint32_t from, const uint32_t *headers, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		t_image_chain(image, from, headers[i]);
		from = headers[i];
	}
}

static uint32_t make_volume_long(struct t_image *image)
{
	char name[257] = "";

	memset(name, 'v', 256);
	t_image_begin(image, name);
	t_image_add_root(image);
	return 0;
}

static uint32_t make_volume_open(struct t_image *image)
{
	t_image_begin(image, "");
	t_image_add_root(image);
	memset(image->bytes + 16, 'v', image->size - 16);
	return 0;
}

static uint32_t make_volume_only(struct t_image *image)
{
	t_image_begin(image, "the name takes all the room there is");
	return 0;
}

static uint32_t make_root_open(struct t_image *image)
{
	uint32_t root;

	t_image_begin(image, "");
	root = t_image_add_root(image);
	memset(image->bytes + root + T_NAME, 'r', 16);
	return root;
}

static uint32_t make_one_named(struct t_image *image, size_t length)
{
	char name[300] = "";
	uint32_t root, file;

	memset(name, 'n', length);
	t_image_begin(image, "");
	root = t_image_add_root(image);
	file = t_image_add(image, name, T_FIFO, 0, NULL, 0);
	t_image_chain(image, root, file);
	return file;
}

static uint32_t make_name_long(struct t_image *image)
{
	return make_one_named(image, 256);
}

static uint32_t make_name_open(struct t_image *image)
{
	uint32_t file = make_one_named(image, 15);

	image->bytes[image->size - 1] = 'n';
	return file;
}

static uint32_t make_name_unpadded(struct t_image *image)
{
	uint32_t file = make_one_named(image, 20);

	image->size -= 8;
	return file;
}

/* The second header read is in the 16 bytes before the first one, and its name runs into it. */
static uint32_t make_overlap(struct t_image *image)
{
	static const char name[] = "sixteen-bytes---";
	uint32_t root, first, second;

	t_image_begin(image, "");
	root = t_image_add_root(image);
	second = t_image_add(image, "", T_FIFO, 0, NULL, 0);
	first = t_image_add(image, "first", T_FIFO, 0, NULL, 0);
	memcpy(image->bytes + second + T_NAME, name, 16);
	t_image_chain(image, root, first);
	t_image_chain(image, first, second);
	return second;
}

static uint32_t make_three(struct t_image *image, const char *a, const char *b, const char *c, uint32_t bits)
{
	uint32_t root, headers[3];

	t_image_begin(image, "");
	root = t_image_add_root(image);
	headers[0] = t_image_add(image, a, bits, root, NULL, 0);
	headers[1] = t_image_add(image, b, bits, root, NULL, 0);
	headers[2] = t_image_add(image, c, bits, root, NULL, 0);
	add_chain(image, root, headers, 3);
	return headers[2];
}

static uint32_t make_double_name(struct t_image *image)
{
	return make_three(image, "same", "other", "same", T_FIFO);
}

static uint32_t make_double_dot(struct t_image *image)
{
	return make_three(image, ".", "..", ".", T_HARDLINK);
}

static uint32_t make_double_dotdot(struct t_image *image)
{
	return make_three(image, "..", ".", "..", T_HARDLINK);
}

/* What a hard link can lead to. */
enum lead {
	LINK_0,
	LINK_1,
	LINK_2,
	THE_FILE,
	THE_DIRECTORY,
	DOTDOT,
	DATA,
	SUPERBLOCK,
	LEADS,
};

/* Three hard links, a file of 16 bytes, a directory and ".."; the links lead where they are told. */
static uint32_t make_links(struct t_image *image, enum lead a, enum lead b, enum lead c, enum lead wrong)
{
	uint32_t headers[LEADS], root;

	t_image_begin(image, "");
	root = t_image_add_root(image);
	headers[LINK_0] = t_image_add(image, "0", T_HARDLINK, 0, NULL, 0);
	headers[LINK_1] = t_image_add(image, "1", T_HARDLINK, 0, NULL, 0);
	headers[LINK_2] = t_image_add(image, "2", T_HARDLINK, 0, NULL, 0);
	headers[THE_FILE] = t_image_add(image, "file", T_REGULAR, 0, "sixteen bytes---", 16);
	headers[DATA] = headers[THE_FILE] + 16;
	headers[THE_DIRECTORY] = t_image_add(image, "dir", T_DIRECTORY, 0, NULL, 0);
	headers[DOTDOT] = t_image_add(image, "..", T_HARDLINK, root, NULL, 0);
	headers[SUPERBLOCK] = 0;
	t_image_set(image, headers[LINK_0], T_SPEC, headers[a]);
	t_image_set(image, headers[LINK_1], T_SPEC, headers[b]);
	t_image_set(image, headers[LINK_2], T_SPEC, headers[c]);
	add_chain(image, root, headers, DATA);
	return headers[wrong];
}

static uint32_t make_link_to_itself(struct t_image *image)
{
	return make_links(image, THE_FILE, LINK_1, THE_FILE, LINK_1);
}

static uint32_t make_links_in_a_circle(struct t_image *image)
{
	return make_links(image, LINK_1, LINK_2, LINK_0, LINK_0);
}

static uint32_t make_link_into_a_circle(struct t_image *image)
{
	return make_links(image, LINK_1, LINK_2, LINK_1, LINK_0);
}

static uint32_t make_link_to_directory(struct t_image *image)
{
	return make_links(image, THE_FILE, THE_FILE, THE_DIRECTORY, LINK_2);
}

static uint32_t make_links_to_directory(struct t_image *image)
{
	return make_links(image, LINK_1, THE_DIRECTORY, THE_FILE, LINK_0);
}

static uint32_t make_link_to_dot(struct t_image *image)
{
	return make_links(image, THE_FILE, DOTDOT, THE_FILE, LINK_1);
}

static uint32_t make_link_into_data(struct t_image *image)
{
	return make_links(image, THE_FILE, THE_FILE, DATA, LINK_2);
}

static uint32_t make_link_to_superblock(struct t_image *image)
{
	return make_links(image, SUPERBLOCK, THE_FILE, THE_FILE, LINK_0);
}

static uint32_t make_link_to_root(struct t_image *image)
{
	uint32_t link = make_links(image, THE_FILE, THE_FILE, THE_FILE, LINK_0);

	t_image_set(image, link, T_SPEC, 32);
	t_image_resum(image, link);
	return link;
}

/* Two directories with the same entries. */
static uint32_t make_shared_entries(struct t_image *image)
{
	uint32_t third = make_three(image, "a", "b", "file", T_DIRECTORY);
	uint32_t b = t_image_find(image, "b", 0), a = t_image_find(image, "a", 0);

	t_image_set(image, third, T_NEXT, T_FIFO);
	t_image_resum(image, third);
	t_image_chain(image, b, 0);
	t_image_set(image, a, T_SPEC, third);
	t_image_resum(image, a);
	t_image_set(image, b, T_SPEC, third);
	t_image_resum(image, b);
	return b;
}

static uint32_t make_data_long(struct t_image *image)
{
	uint32_t root, file;

	t_image_begin(image, "");
	root = t_image_add_root(image);
	file = t_image_add(image, "file", T_REGULAR, 0, "sixteen bytes---", 16);
	t_image_chain(image, root, file);
	t_image_set(image, file, T_SIZE, 17);
	return file;
}

static uint32_t make_symlink_long(struct t_image *image)
{
	static char target[4096];
	uint32_t root, link;

	memset(target, 't', sizeof(target));
	t_image_begin(image, "");
	root = t_image_add_root(image);
	link = t_image_add(image, "link", T_SYMLINK, 0, target, 4096);
	t_image_chain(image, root, link);
	return link;
}

/* A root that lies in no chain of its own, and that its entries come back to. */
static uint32_t make_root_as_entry(struct t_image *image)
{
	uint32_t root, file;

	t_image_begin(image, "");
	root = t_image_add_root(image);
	file = t_image_add(image, "file", T_FIFO, 0, NULL, 0);
	t_image_set(image, root, T_SPEC, file);
	t_image_resum(image, root);
	t_image_chain(image, file, root);
	return file;
}

static const struct made {
	const char *name;
	uint32_t (*make)(struct t_image *image);
	const char *expected;
} mades[] = {
	{ "volume name of 256 bytes", make_volume_long, "volume name is longer than 255 bytes" },
	{ "volume name without end", make_volume_open, "volume name does not end inside of the image (0x40 bytes)" },
	{ "volume name and nothing else", make_volume_only, "root directory 0x40 lies outside of the image" },
	{ "root's name without end", make_root_open, "name does not end inside of the image (0x40 bytes)" },
	{ "name of 256 bytes", make_name_long, "name is longer than 255 bytes" },
	{ "name without end", make_name_open, "name does not end inside of the image (0x60 bytes)" },
	{ "name without padding", make_name_unpadded, "name does not end inside of the image (0x68 bytes)" },
	{ "headers overlap", make_overlap, "header overlaps another one at 0x60" },
	{ "double name", make_double_name, "name is that of the entry at 0x40 too" },
	{ "double .", make_double_dot, "\".\" is there twice" },
	{ "double ..", make_double_dotdot, "\"..\" is there twice" },
	{ "link to itself", make_link_to_itself, "hard link leads to no file: a loop" },
	{ "links in a circle", make_links_in_a_circle, "hard link leads to no file: a loop" },
	{ "link into a circle", make_link_into_a_circle, "hard link leads to no file: a loop" },
	{ "link to a directory", make_link_to_directory, "hard link leads to the directory at 0x" },
	{ "link to a link to a directory", make_links_to_directory, "hard link leads to the directory at 0x" },
	{ "link to the root", make_link_to_root, "hard link leads to the directory at 0x20" },
	{ "link to ..", make_link_to_dot, "is no file's header" },
	{ "link into data", make_link_into_data, "is no file's header" },
	{ "link to the superblock", make_link_to_superblock, "hard link target 0x0 is no file's header" },
	{ "shared entries", make_shared_entries, "was read already: a loop, or one entry in two places" },
	{ "data one byte too long", make_data_long, "data 0x60 + 0x11 reaches outside of the image (0x70 bytes)" },
	{ "symlink of 4096 bytes", make_symlink_long, "symlink target has 4096 bytes, expected 1 to 4095" },
	{ "root as an entry", make_root_as_entry, "next header 0x20 was read already" },
};

START_TEST(test_made)
{
	struct t_image image;
	uint32_t header = mades[_i].make(&image);

	if (header)
		t_image_resum(&image, header);
	t_image_end(&image);
	t_image_check_refused(&image, header, mades[_i].expected);
	t_image_free(&image);
}
END_TEST

SUITE(romfs_bad)
{
	Suite *suite = suite_create("romfs_bad");
	TCase *by_hand = tcase_create("by hand");

	tcase_add_loop_test(by_hand, test_made, 0, COUNT(mades));
	suite_add_tcase(suite, by_hand);
	return suite;
}
