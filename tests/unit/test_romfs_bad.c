/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_romfs_bad - images with something wrong in them are refused, saying at which offset; and none of them, however
 * cut or changed, is read beyond its end (each lies in memory of exactly its size, which AddressSanitizer watches).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "romfs_image.h"
#include "romfs_tree.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct t_image good;

/* A little of everything, by genromfs. The root's entries are read before those of d. */
static void make_good(void)
{
	static const char *const options[] = { "-V", "test", NULL };
	char dir[64], path[80];

	t_directory_make(dir);
	snprintf(path, sizeof(path), "%s/d", dir);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/d/target", dir);
	ck_assert_int_eq(symlink("../somewhere", path), 0);
	snprintf(path, sizeof(path), "%s/d/s", dir);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	t_file_make(dir, "a", 20, 0644);
	t_file_make(dir, "b", 5, 0755);
	t_file_make(dir, "a-name-of-two-units", 0, 0644);
	t_file_make(dir, "@null,c,1,3", 0, 0644);
	t_file_make(dir, "d/x", 40, 0644);
	t_file_make(dir, "d/s/y", 1, 0644);
	snprintf(path, sizeof(path), "%s/a", dir);
	ck_assert_int_eq(symlink("a", "/dev/null"), -1);
	t_image_generate(&good, dir, options);
	t_directory_remove(dir);
}

static void free_good(void)
{
	t_image_free(&good);
}

/* Read a copy that ends where the image does. */
static int read_exact(const struct t_image *image, struct image_tree *tree, struct nommu_why *why)
{
	struct t_image copy;
	int error;

	t_image_copy(&copy, image);
	error = romfs_read(copy.bytes, copy.size, tree, why);
	t_image_free(&copy);
	return error;
}

static void check_refused(const struct t_image *image, uint32_t offset, const char *expected)
{
	struct image_tree tree;
	struct nommu_why why;
	char start[64];
	int error = read_exact(image, &tree, &why);

	snprintf(start, sizeof(start), "romfs: offset 0x%x: ", offset);
	ck_assert_msg(error == -EINVAL, "expected \"%s%s\", got %d \"%s\"", start, expected, error, why.text);
	ck_assert_msg(!strncmp(why.text, start, strlen(start)) && strstr(why.text + strlen(start), expected),
		      "expected \"%s%s\", got \"%s\"", start, expected, why.text);
	ck_assert_ptr_null(strchr(why.text, '\n'));
	ck_assert_ptr_null(tree.nodes);
	ck_assert_uint_eq(tree.count, 0);
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
	{ "next in data", D_X, T_NEXT, D_X, 32, "*" },

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
	{ "a second ..", D_DOT, T_NAME, NOTHING, 0x2e2e0000, "*" },

	{ "file too large by one", S_Y, T_SIZE, SIZE, 0, "reaches outside of the image" },
	{ "file of 4 GiB", A, T_SIZE, NOTHING, 0xffffffff, "+ 0xffffffff reaches outside of the image (0x" },
	{ "file whose end wraps", A, T_SIZE, NOTHING, 0xfffffff0, "+ 0xfffffff0 reaches outside of the image" },
	{ "symlink outside", D_TARGET, T_SIZE, NOTHING, 0x10000, "reaches outside of the image" },
	{ "symlink of nothing", D_TARGET, T_SIZE, NOTHING, 0, "symlink target has 0 bytes, expected 1 to 4095" },
	{ "symlink with its padding", D_TARGET, T_SIZE, NOTHING, 13, "symlink target has a NUL in it" },

	{ "name empty", B, T_NAME, NOTHING, 0, "name is empty" },
	{ "name with a slash", B, T_NAME, NOTHING, 0x622f6200, "name has a '/' in it" },
	{ "name a slash", D_X, T_NAME, NOTHING, 0x2f000000, "name has a '/' in it" },
	{ "device as a link to nowhere", DEVICE, TYPE_OF, NOTHING, T_HARDLINK, "*" },
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
	check_refused(&image, find(edits[_i].at), edits[_i].expected);
	t_image_free(&image);
}
END_TEST
