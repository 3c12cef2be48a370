/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs_edit - a good image of genromfs with one field changed is refused, saying at which offset.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "romfs_image.h"
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

/* ---- one field of a good image --------------------------------------------------------------------------------- */

/* Offsets that change with genromfs and the order of its directory; resolved by find(). */
enum place {
	SUPER,
	ROOT,
	ROOT_DOTDOT,
	A,
	B,
	LONG, /* its name takes two units */
	DEVICE,
	D,
	D_DOT,
	D_DOTDOT,
	D_X,
	D_TARGET,
	S,
	S_Y,
	SIZE, /* the file system's, not a header */
	NOTHING,
};

static uint32_t find_dot(const char *name, uint32_t target)
{
	uint32_t header;
	unsigned int nth = 0;

	do
		header = t_image_find(&good, name, nth++);
	while (t_image_get(&good, header, T_SPEC) != target || (t_image_get(&good, header, T_NEXT) & 7));
	return header;
}

/* The ".." that is not the root's, but leads there. */
static uint32_t find_d_dotdot(void)
{
	uint32_t root = t_image_find(&good, ".", 0), first = find_dot("..", root), header;
	unsigned int nth = 0;

	do
		header = t_image_find(&good, "..", nth++);
	while (header == first || t_image_get(&good, header, T_SPEC) != root);
	return header;
}

static uint32_t find(enum place place)
{
	static const char *const names[] = { [A] = "a", [B] = "b", [LONG] = "a-name-of-two-units", [DEVICE] = "null",
					     [D] = "d", [D_X] = "x", [D_TARGET] = "target", [S] = "s", [S_Y] = "y" };

	switch (place) {
	case NOTHING:
	case SUPER:
		return 0;
	case SIZE:
		return t_image_get(&good, 0, T_SIZE);
	case ROOT:
		return t_image_find(&good, ".", 0);
	case ROOT_DOTDOT:
		return find_dot("..", find(ROOT));
	case D_DOT:
		return find_dot(".", find(D));
	case D_DOTDOT:
		return find_d_dotdot();
	default:
		return t_image_find(&good, names[place], 0);
	}
}

#define TYPE_OF 100 /* not a field: the low bits of T_NEXT, which a new T_NEXT keeps */

/* In the header of @at, @field becomes @place + @value. */
static const struct edit {
	const char *name;
	enum place at;
	unsigned int field;
	enum place place;
	uint32_t value;
	const char *expected;
} edits[] = {
	{ "own size too large", SUPER, T_SIZE, NOTHING, 0x100000, "truncated: the file system has 0x100000 bytes" },
	{ "own size far too large", SUPER, T_SIZE, NOTHING, 0xffffffff, "truncated: the file system has 0xffffffff" },
	{ "own size 0", SUPER, T_SIZE, NOTHING, 0, "the file system has 0x0 bytes, too few" },
	{ "own size without a root", SUPER, T_SIZE, NOTHING, 63, "the file system has 0x3f bytes, too few" },
	{ "root no directory", ROOT, TYPE_OF, NOTHING, T_REGULAR, "the root has type 2, expected 1" },
	{ "root a link", ROOT, TYPE_OF, NOTHING, T_HARDLINK, "the root has type 0, expected 1" },

	{ "next far outside", A, T_NEXT, NOTHING, 0x99990, "next header 0x99990 lies outside of the image (0x" },
	{ "next at the end of 4 GiB", A, T_NEXT, NOTHING, 0xfffffff0, "next header 0xfffffff0 lies outside" },
	{ "next at the end", A, T_NEXT, SIZE, 0, "lies outside of the image" },
	{ "next too near the end", A, T_NEXT, SIZE, (uint32_t)-16, "lies outside of the image" },
	{ "next in the superblock", A, T_NEXT, NOTHING, 0x10, "next header 0x10 lies inside of another header" },
	{ "next itself", A, T_NEXT, A, 0, "was read already: a loop" },
	{ "next the directory", D_X, T_NEXT, D, 0, "was read already: a loop" },
	{ "next the root", A, T_NEXT, ROOT, 0, "was read already: a loop" },
	{ "next in its own name", LONG, T_NEXT, LONG, 32, "lies inside of another header" },
	{ "next in another's name", D_X, T_NEXT, LONG, 32, "lies inside of another header" },

	{ "first entry not aligned", D, T_SPEC, D_DOT, 4, "is not a multiple of 16" },
	{ "first entry outside", D, T_SPEC, NOTHING, 0x80000000, "first entry 0x80000000 lies outside of the image" },
	{ "first entry above", D, T_SPEC, ROOT_DOTDOT, 0, "was read already: a loop" },
	{ "first entry the root", S, T_SPEC, ROOT, 0, "was read already: a loop" },
	{ "first entry its parent", S, T_SPEC, D, 0, "was read already: a loop" },
	{ "first entry its parent's", S, T_SPEC, D_DOT, 0, "was read already: a loop, or one entry in two places" },
	{ "root's first entry outside", ROOT, T_SPEC, NOTHING, 0x77770, "first entry 0x77770 lies outside" },

	{ "link not aligned", D_DOT, T_SPEC, D, 8, "is not a multiple of 16" },
	{ "link outside", D_DOT, T_SPEC, NOTHING, 0x99990, "hard link target 0x99990 lies outside of the image" },
	{ ".. outside", ROOT_DOTDOT, T_SPEC, SIZE, 0, "lies outside of the image" },
	{ ". a file", D_DOT, TYPE_OF, NOTHING, T_REGULAR, "\".\" has type 2, expected a hard link" },
	{ ". a directory", D_DOT, TYPE_OF, NOTHING, T_DIRECTORY, "\".\" has type 1, expected a hard link" },
	{ ".. a directory", D_DOTDOT, TYPE_OF, NOTHING, T_DIRECTORY, "\"..\" has type 1, expected a hard link" },

	{ "file of 4 GiB", A, T_SIZE, NOTHING, 0xffffffff, "+ 0xffffffff reaches outside of the image (0x" },
	{ "file whose end wraps", A, T_SIZE, NOTHING, 0xfffffff0, "+ 0xfffffff0 reaches outside of the image" },
	{ "symlink outside", D_TARGET, T_SIZE, NOTHING, 0x10000, "reaches outside of the image" },
	{ "symlink of nothing", D_TARGET, T_SIZE, NOTHING, 0, "symlink target has 0 bytes, expected 1 to 4095" },
	{ "symlink with its padding", D_TARGET, T_SIZE, NOTHING, 13, "symlink target has a NUL in it" },

	{ "name empty", B, T_NAME, NOTHING, 0, "name is empty" },
	{ "name with a slash", B, T_NAME, NOTHING, 0x622f6200, "name has a '/' in it" },
	{ "name a slash", D_X, T_NAME, NOTHING, 0x2f000000, "name has a '/' in it" },
};

static void apply(struct t_image *image, const struct edit *edit)
{
	uint32_t header = find(edit->at), value = find(edit->place) + edit->value;
	uint32_t next = t_image_get(image, header, T_NEXT);

	if (edit->field == TYPE_OF)
		t_image_set(image, header, T_NEXT, (next & ~7u) | value);
	else if (edit->field == T_NEXT)
		t_image_set(image, header, T_NEXT, value | (next & 15));
	else
		t_image_set(image, header, edit->field, value);
	if (header)
		t_image_resum(image, header);
	t_image_resum(image, 0);
}

START_TEST(test_edit)
{
	struct t_image image;

	t_image_copy(&image, &good);
	apply(&image, &edits[_i]);
	t_image_check_refused(&image, find(edits[_i].at), edits[_i].expected);
	t_image_free(&image);
}
END_TEST

/* ---- checksums ------------------------------------------------------------------------------------------------- */

START_TEST(test_header_sums)
{
	for (enum place place = ROOT; place < SIZE; place++) {
		uint32_t header = find(place), sum = t_image_get(&good, header, T_SUM);
		struct t_image image;
		char expected[80];

		t_image_copy(&image, &good);
		t_image_set(&image, header, T_SUM, sum + 0x10000);
		t_image_resum(&image, 0);
		snprintf(expected, sizeof(expected), "checksum 0x%08x of the header is wrong, expected 0x%08x",
			 sum + 0x10000, sum);
		t_image_check_refused(&image, header, expected);
		t_image_free(&image);
	}
}
END_TEST

/* The superblock's goes over 512 bytes, or the whole if that is less: no bit of them can be another one. */
START_TEST(test_super_sum)
{
	uint32_t summed = t_image_get(&good, 0, T_SIZE);
	struct t_image image;

	t_image_copy(&image, &good);
	if (summed > 512)
		summed = 512;
	for (uint32_t i = 12; i < summed; i++)
		for (int bit = 0; bit < 8; bit++) {
			image.bytes[i] ^= (unsigned char)(1 << bit);
			t_image_check_refused(&image, 0, "of the superblock is wrong, expected 0x");
			image.bytes[i] ^= (unsigned char)(1 << bit);
		}
	t_image_free(&image);
}
END_TEST

START_TEST(test_magic)
{
	struct t_image image;

	t_image_copy(&image, &good);
	image.bytes[_i] ^= 0x20;
	t_image_resum(&image, 0);
	t_image_check_refused(&image, 0, "no romfs superblock here, it starts with \"-rom1fs-\"");
	t_image_free(&image);
}
END_TEST

SUITE(romfs_edit)
{
	Suite *suite = suite_create("romfs_edit");
	TCase *edited = tcase_create("one field");

	tcase_set_timeout(edited, 30);
	tcase_add_unchecked_fixture(edited, make_good, free_good);
	tcase_add_loop_test(edited, test_edit, 0, COUNT(edits));
	tcase_add_test(edited, test_header_sums);
	tcase_add_test(edited, test_super_sum);
	tcase_add_loop_test(edited, test_magic, 0, 8);
	suite_add_tcase(suite, edited);
	return suite;
}
