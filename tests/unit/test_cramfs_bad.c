/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_bad - images that mkfs.cramfs would not write are refused, saying at which offset: in the superblock and
 * in directories. Bad block pointers: test_cramfs_block.c.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cramfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Of both endiannesses, at both places. */
#define WAYS 4

static struct c_image good;

static void make_good(unsigned int way)
{
	c_image_make_good(&good, way & 1, way & 2 ? 512 : 0);
}

/* ---- one field of a header ------------------------------------------------------------------------------------- */

#define ROOT "" /* no name that there is */

static const struct edit {
	const char *name;
	enum c_field field;
	uint32_t value;
	const char *expected;
} edits[] = {
	{ ROOT, C_MODE, S_IFREG | 0644, "the root has mode 0100644, expected a directory" },
	{ ROOT, C_MODE, 0755, "the root has mode 0755, expected a directory" },
	{ ROOT, C_OFFSET, 77, "the root directory is at 0x134, expected 0x4c or 0x24c" },
	{ ROOT, C_OFFSET, 0x3ffffff, "the root directory is at 0xffffffc, expected 0x4c or 0x24c" },
	{ ROOT, C_OFFSET, 0, "directory of 0x88 bytes at offset 0" },
	{ ROOT, C_SIZE, 0xffffff, " + 0xffffff reaches outside of the image (0x" },

	{ "d", C_OFFSET, 0, "directory of 0x34 bytes at offset 0" },
	{ "d", C_OFFSET, 0x3ffffff, "directory 0xffffffc + 0x34 reaches outside of the image (0x" },
	{ "e", C_SIZE, 0xffffff, " + 0xffffff reaches outside of the image (0x" },

	{ "file", C_MODE, 0644, "mode 0644 has no type that is known" },
	{ "file", C_MODE, 0170644, "mode 0170644 has no type that is known" },
	{ "file", C_MODE, 0030644, "mode 030644 has no type that is known" },
	{ "block", C_MODE, 0150644, "mode 0150644 has no type that is known" },
	{ "file", C_OFFSET, 0, "block pointers of 0x8 bytes at offset 0" },
	{ "file", C_OFFSET, 0x3ffffff, "block pointers 0xffffffc + 0x8 reaches outside of the image (0x" },
	{ "file", C_SIZE, 0xffffff, " + 0x4000 reaches outside of the image (0x" },
	{ "link", C_SIZE, 0, "symlink target has 0 bytes, expected 1 to 4095" },
	{ "link", C_SIZE, 4096, "symlink target has 4096 bytes, expected 1 to 4095" },
	{ "link", C_SIZE, 0xffffff, "symlink target has 16777215 bytes, expected 1 to 4095" },
	{ "link", C_OFFSET, 0, "block pointers of 0x4 bytes at offset 0" },

	{ "mixed", C_NAME, 0, "name is empty" },
	{ "mixed", C_NAME, 3, "name of 12 bytes does not end inside of its directory, which ends at 0x" },
	{ "mixed", C_NAME, 63, "name of 252 bytes does not end inside of its directory, which ends at 0x" },
};

START_TEST(test_edit)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		const struct edit *edit = &edits[_i];
		uint32_t header;

		make_good(way);
		header = *edit->name ? c_image_find(&good, edit->name) : c_image_root(&good);
		c_image_set(&good, header, edit->field, edit->value);
		c_image_resum(&good);
		c_image_check_refused(&good, header, edit->expected);
		c_image_free(&good);
	}
}
END_TEST

/* ---- names ----------------------------------------------------------------------------------------------------- */

/* The bytes of the name of "none" or "block". */
static const struct {
	const char *name, *bytes, *expected;
} names[] = {
	{ "none", "\0\0\0\0", "name is empty" },
	{ "none", "a/b\0", "name has a '/' in it" },
	{ "none", "/\0\0\0", "name has a '/' in it" },
	{ "none", "abc/", "name has a '/' in it" },
	{ "none", "a\0b\0", "name has a NUL in it" },
	{ "none", "\0\0\0b", "name has a NUL in it" },
	{ "none", ".\0\0\0", "name is \".\"" },
	{ "none", "..\0\0", "name is \"..\"" },
	{ "none", "file", "name is that of the entry at 0x" },
	{ "none", "d\0\0\0", "name is that of the entry at 0x" },
	{ "block", "bloc\0\0\0\0", "name is padded by 4 bytes, expected less than 4" },
	{ "block", "b\0\0\0\0\0\0\0", "name is padded by 7 bytes, expected less than 4" },
	{ "block", "\0\0\0\0\0\0\0\0", "name is empty" },
	{ "block", "bl\0ck\0\0\0", "name has a NUL in it" },
	{ "block", "....\0\0\0\0", "name is padded by 4 bytes, expected less than 4" },
};

START_TEST(test_name)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		uint32_t header;

		make_good(way);
		header = c_image_find(&good, names[_i].name);
		memcpy(good.image.bytes + header + 12, names[_i].bytes, strlen(names[_i].name) > 4 ? 8 : 4);
		c_image_resum(&good);
		c_image_check_refused(&good, header, names[_i].expected);
		c_image_free(&good);
	}
}
END_TEST

/* ---- directories ----------------------------------------------------------------------------------------------- */

/* Where a directory may not lie: at a header, or what is left of it, or in the superblock. */
enum place {
	THE_ROOT,
	THE_D,
	LAST_OF_ROOT,
	IN_A_NAME,
	BEFORE_ROOT,
	SUPERBLOCK,
};

static const struct {
	const char *name;
	enum place place;
	uint32_t size;
} overlaps[] = {
	{ "d", THE_ROOT, 16 },
	{ "d", LAST_OF_ROOT, 20 },
	{ "d", IN_A_NAME, 16 },
	{ "d", BEFORE_ROOT, 16 },
	{ "d", SUPERBLOCK, 16 },
	{ "e", THE_D, 16 },
	{ "e", THE_ROOT, 136 },
};

static uint32_t find(enum place place)
{
	switch (place) {
	case THE_ROOT:
		return c_image_find(&good, "block");
	case THE_D:
		return c_image_find(&good, "e");
	case LAST_OF_ROOT:
		return c_image_find(&good, "socket");
	case IN_A_NAME:
		return c_image_find(&good, "socket") + 12;
	case BEFORE_ROOT:
		return c_image_root(&good);
	default:
		return good.super ? good.super : 4; /* 0 is none */
	}
}

START_TEST(test_overlap)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		uint32_t header, at;
		char expected[120];

		make_good(way);
		at = find(overlaps[_i].place);
		header = c_image_find(&good, overlaps[_i].name);
		c_image_set(&good, header, C_OFFSET, at / 4);
		c_image_set(&good, header, C_SIZE, overlaps[_i].size);
		snprintf(expected, sizeof(expected),
			 "directory 0x%x + 0x%x overlaps another one, or the superblock, at 0x%x", at,
			 overlaps[_i].size, at);
		c_image_resum(&good);
		c_image_check_refused(&good, header, expected);
		c_image_free(&good);
	}
}
END_TEST

/* Two directories with the same entries: the one that is read second is refused. Or it starts before them. */
START_TEST(test_overlap_second)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		uint32_t pipe, header, at;
		char expected[120];

		make_good(way);
		at = c_image_find(&good, "mixed");
		header = c_image_find(&good, "e");
		pipe = c_image_find(&good, "pipe");
		c_image_set(&good, pipe, C_MODE, S_IFDIR | 0755);
		c_image_set(&good, pipe, C_SIZE, 20);
		c_image_set(&good, pipe, C_OFFSET, at / 4);
		c_image_resum(&good);
		snprintf(expected, sizeof(expected), "directory 0x%x + 0x14 overlaps another one, or the superblock, "
			 "at 0x%x", at, at);
		c_image_check_refused(&good, header, expected);
		c_image_set(&good, header, C_OFFSET, (at - 4) / 4);
		c_image_resum(&good);
		snprintf(expected, sizeof(expected), "directory 0x%x + 0x14 overlaps another one, or the superblock, "
			 "at 0x%x", at - 4, at - 4);
		c_image_check_refused(&good, header, expected);
		c_image_free(&good);
	}
}
END_TEST

/* One byte behind the end of the image. */
START_TEST(test_outside)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		uint32_t header, at, left;
		char expected[120];

		make_good(way);
		header = c_image_find(&good, "e");
		at = c_image_find(&good, "mixed");
		left = (uint32_t)good.image.size - at;
		c_image_set(&good, header, C_SIZE, left + 1);
		c_image_resum(&good);
		snprintf(expected, sizeof(expected), "directory 0x%x + 0x%x reaches outside of the image (0x%zx bytes)",
			 at, left + 1, good.image.size);
		c_image_check_refused(&good, header, expected);
		c_image_free(&good);
	}
}
END_TEST

/* A directory that has some bytes more, or less, than its entries. */
START_TEST(test_rest)
{
	static const uint32_t sizes[] = { 1, 11, 12, 16, 19, 21, 24, 28, 31 };

	for (unsigned int way = 0; way < WAYS; way++)
		for (unsigned int i = 0; i < COUNT(sizes); i++) {
			uint32_t size = sizes[i], entry;
			char expected[120];

			make_good(way);
			entry = c_image_find(&good, "mixed");
			c_image_set(&good, c_image_find(&good, "e"), C_SIZE, size);
			c_image_resum(&good);
			snprintf(expected, sizeof(expected), "directory has %u bytes left, too few for a header of 12",
				 size % 20);
			if (size >= 12 && size < 20)
				snprintf(expected, sizeof(expected), "name of 8 bytes does not end inside of its "
					 "directory, which ends at 0x%x", entry + size);
			c_image_check_refused(&good, size > 20 ? entry + 20 : entry, expected);
			c_image_free(&good);
		}
}
END_TEST

/* ---- the superblock -------------------------------------------------------------------------------------------- */

static const struct {
	uint32_t field, value;
	const char *expected;
} supers[] = {
	{ C_FLAGS, 0x1803, "flags 0x1000 of the superblock are not known, expected only those in 0xfff" },
	{ C_FLAGS, 0x80000000, "flags 0x80000000 of the superblock are not known, expected only those in 0xfff" },
	{ C_FLAGS, 0xffffffff, "flags 0xfffff000 of the superblock are not known, expected only those in 0xfff" },
	{ C_OWN_SIZE, 0x100000, "truncated: the file system has 0x100000 bytes, the image only 0x" },
	{ C_OWN_SIZE, 0xffffffff, "truncated: the file system has 0xffffffff bytes, the image only 0x" },
	{ C_OWN_SIZE, 0, "the file system has 0x0 bytes, too few for a superblock" },
	{ C_OWN_SIZE, 75, "the file system has 0x4b bytes, too few for a superblock" },
};

START_TEST(test_super)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		make_good(way);
		c_image_set_word(&good, good.super + supers[_i].field, supers[_i].value);
		c_image_check_refused(&good, good.super, supers[_i].expected);
		c_image_free(&good);
	}
}
END_TEST

/* Boot code is not enough either; and with nothing behind the superblock, the root is missing. */
START_TEST(test_short)
{
	for (unsigned int way = 0; way < WAYS; way++) {
		make_good(way);
		c_image_set_word(&good, good.super + C_OWN_SIZE, good.super + 75);
		c_image_check_refused(&good, good.super, "bytes, too few for a superblock");
		c_image_set_word(&good, good.super + C_OWN_SIZE, good.super + 76);
		c_image_resum(&good);
		c_image_check_refused(&good, c_image_root(&good), "reaches outside of the image");
		for (good.image.size = good.super + 4; good.image.size < good.super + 76; good.image.size++)
			c_image_check_refused(&good, good.super, "truncated: the image ends in the superblock");
		for (good.image.size = 0; good.image.size < good.super + 4; good.image.size++)
			c_image_check_refused(&good, 0, "no cramfs superblock here or at 0x200, it starts with "
					      "0x28cd3d45");
		c_image_free(&good);
	}
}
END_TEST

START_TEST(test_magic)
{
	for (unsigned int i = 0; i < 4; i++) {
		make_good((unsigned int)_i);
		good.image.bytes[good.super + i] ^= 0x20;
		c_image_resum(&good);
		c_image_check_refused(&good, 0, "no cramfs superblock here or at 0x200, it starts with 0x28cd3d45");
		c_image_free(&good);
	}
}
END_TEST

/* No byte of the whole can be another one; the boot code before it can. */
START_TEST(test_sum)
{
	struct image_tree tree;
	char expected[80];
	uint32_t sum;

	make_good((unsigned int)_i);
	sum = c_image_word(&good, good.super + C_SUM);
	for (size_t at = 0; at < good.image.size; at++) {
		/* The magic, the size and the flags are looked at before. */
		if (at >= good.super && at < good.super + 12)
			continue;
		good.image.bytes[at] ^= (unsigned char)(1 << at % 8);
		if (at < good.super) {
			c_image_read_good(&good.image, &tree);
			image_tree_free(&tree);
		} else {
			c_image_check_refused(&good, good.super, " is wrong, expected 0x");
		}
		good.image.bytes[at] ^= (unsigned char)(1 << at % 8);
	}
	c_image_set_word(&good, good.super + C_SUM, sum + 1);
	snprintf(expected, sizeof(expected), "checksum 0x%08x is wrong, expected 0x%08x", sum + 1, sum);
	c_image_check_refused(&good, good.super, expected);
	c_image_free(&good);
}
END_TEST

SUITE(cramfs_bad)
{
	Suite *suite = suite_create("cramfs_bad");
	TCase *edited = tcase_create("one field"), *whole = tcase_create("superblock");

	tcase_set_timeout(edited, 30);
	tcase_add_loop_test(edited, test_edit, 0, COUNT(edits));
	tcase_add_loop_test(edited, test_name, 0, COUNT(names));
	tcase_add_loop_test(edited, test_overlap, 0, COUNT(overlaps));
	tcase_add_test(edited, test_overlap_second);
	tcase_add_test(edited, test_outside);
	tcase_add_test(edited, test_rest);
	suite_add_tcase(suite, edited);
	tcase_set_timeout(whole, 60);
	tcase_add_loop_test(whole, test_super, 0, COUNT(supers));
	tcase_add_test(whole, test_short);
	tcase_add_loop_test(whole, test_magic, 0, WAYS);
	tcase_add_loop_test(whole, test_sum, 0, WAYS);
	suite_add_tcase(suite, whole);
	return suite;
}
