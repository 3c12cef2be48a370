/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_block - block pointers that lead nowhere, or twice to one place, are refused, and so are symlinks without
 * a target, saying at which offset.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cramfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BLOCK    4096u
#define U        0x80000000u /* not compressed */
#define D        0x40000000u /* direct */
#define VERSION  (C_VERSION_2 | C_EXTENDED)

/* Of both endiannesses, at both places. */
#define WAYS 4

/* ---- one pointer ----------------------------------------------------------------------------------------------- */

/* What a pointer is told from. */
enum origin {
	NOTHING,
	TABLE, /* the end of the pointers */
	BLOCKS, /* where the block before this one ends */
	END, /* of the image */
	END_DIRECT, /* in units of 4 bytes */
};

static const struct wrong {
	uint32_t size;
	const char *how;
	uint32_t block;
	enum origin origin;
	uint32_t value;
	const char *expected;
} wrongs[] = {
	{ 100, "c", 0, NOTHING, 0, "starts behind its end" },
	{ 100, "c", 0, TABLE, (uint32_t)-1, "starts behind its end" },
	{ 9000, "c", 1, BLOCKS, (uint32_t)-1, "starts behind its end" },
	{ 9000, "c", 2, TABLE, 0, "starts behind its end" },
	{ 9000, "uUc", 2, BLOCKS, (uint32_t)-1, "starts behind its end" },
	{ 9000, "uCc", 2, BLOCKS, (uint32_t)-1, "starts behind its end" },
	{ 100, "u", 0, NOTHING, U, "starts behind its end" },

	{ 100, "c", 0, END, 1, "lies outside of the image" },
	{ 9000, "c", 2, END, 1, "lies outside of the image" },
	{ 9000, "c", 1, END, 1, "lies outside of the image" },
	{ 4096, "u", 0, TABLE, U + 4096, NULL },
	{ 100, "U", 0, END_DIRECT, U + D, "lies outside of the image" },
	{ 100, "U", 0, END_DIRECT, U + D - 24, "lies outside of the image" },
	{ 100, "U", 0, END_DIRECT, U + D - 25, NULL },
	{ 5000, "U", 0, END_DIRECT, U + D - 1023, "lies outside of the image" },
	{ 100, "U", 0, NOTHING, 0xffffffff, "0xfffffffc + 0x64, lies outside of the image" },
	{ 100, "C", 0, NOTHING, 0x7fffffff, "0xfffffffc + 0x2, is its length, and lies outside of the image" },
	{ 100, "C", 0, END_DIRECT, D, " + 0x2, is its length, and lies outside of the image" },

	{ 100, "c", 0, NOTHING, 0x3fffffff, "is longer than two blocks" },
	{ 100, "c", 0, TABLE, 8193, "is longer than two blocks" },
	{ 9000, "c", 1, BLOCKS, 8193, "is longer than two blocks" },
	{ 9000, "c", 1, BLOCKS, 8192, "lies outside of the image" },
	{ 9000, "Uc", 1, BLOCKS, 8193, "is longer than two blocks" },
	{ 9000, "Cc", 1, BLOCKS, 8193, "is longer than two blocks" },

	{ 100, "u", 0, TABLE, U + 99, "0x63, is not compressed, but not as long as what it holds" },
	{ 100, "u", 0, TABLE, U + 101, "0x65, is not compressed, but not as long as what it holds" },
	{ 100, "u", 0, TABLE, U, NULL },
	{ 9000, "u", 1, BLOCKS, U + 4095, "is not compressed, but not as long as what it holds" },
	{ 9000, "u", 2, BLOCKS, U + 809, "is not compressed, but not as long as what it holds" },
	{ 9000, "u", 2, BLOCKS, U + 4096, "is not compressed, but not as long as what it holds" },
	{ 9000, "Uuu", 1, BLOCKS, U + 4097, "is not compressed, but not as long as what it holds" },
};

static uint32_t blocks_end(const struct c_image *c, uint32_t table, const struct wrong *wrong)
{
	uint32_t before, at;

	if (!wrong->block)
		return table + 4 * ((wrong->size + BLOCK - 1) / BLOCK);
	before = c_image_word(c, table + 4 * (wrong->block - 1));
	at = (before & ~(U | D)) * 4;
	switch (before & (U | D)) {
	case D:
		return at + 2 + c->image.bytes[at + (c->big ? 1 : 0)] + 256u * c->image.bytes[at + (c->big ? 0 : 1)];
	case U | D:
		return at + BLOCK;
	default:
		return before & ~U;
	}
}

static uint32_t origin(const struct c_image *c, uint32_t table, const struct wrong *wrong)
{
	switch (wrong->origin) {
	case TABLE:
		return table + 4 * ((wrong->size + BLOCK - 1) / BLOCK);
	case BLOCKS:
		return blocks_end(c, table, wrong);
	case END:
		return (uint32_t)c->image.size;
	case END_DIRECT:
		return (uint32_t)c->image.size / 4;
	default:
		return 0;
	}
}

START_TEST(test_pointer)
{
	static const struct c_entry entry = { "file", S_IFREG | 0644, 0, 0, 0 };
	const struct wrong *wrong = &wrongs[_i];
	unsigned char data[3 * BLOCK];

	for (unsigned int way = 0; way < WAYS; way++) {
		struct c_image c;
		struct image_tree tree;
		char expected[160];
		uint32_t header, table;

		c_data_fill(data, sizeof(data), 1);
		c_image_begin(&c, way & 1, way & 2 ? 512 : 0, VERSION);
		c_image_add_directory(&c, c_image_root(&c), &entry, 1, &header);
		table = c_image_add_file(&c, header, data, wrong->size, wrong->how);
		c_image_end(&c);
		c_image_set_word(&c, table + 4 * wrong->block, origin(&c, table, wrong) + wrong->value);
		c_image_resum(&c);
		if (wrong->expected) {
			snprintf(expected, sizeof(expected), "block %u of the file at 0x%x, 0x", wrong->block, header);
			c_image_check_refused(&c, table + 4 * wrong->block, expected);
			c_image_check_refused(&c, table + 4 * wrong->block, wrong->expected);
		} else {
			/* A hole is one whatever its flags are. */
			c_image_read_good(&c.image, &tree);
			ck_assert_int_eq(tree.nodes[1].packed, wrong->value == U);
			memset(data, 0, sizeof(data));
			if (wrong->value == U)
				c_node_check(&c.image, &tree.nodes[1], data, wrong->size);
			image_tree_free(&tree);
		}
		c_image_free(&c);
	}
}
END_TEST

/* The length in front of a compressed block. */
START_TEST(test_length)
{
	static const struct {
		uint32_t length;
		const char *expected;
	} lengths[] = {
		{ 0, NULL },
		{ 8192, "+ 0x2000, lies outside of the image" },
		{ 8193, "+ 0x2001, is longer than two blocks" },
		{ 65535, "+ 0xffff, is longer than two blocks" },
	};
	static const struct c_entry entry = { "file", S_IFREG | 0644, 0, 0, 0 };
	unsigned char data[100];

	for (unsigned int i = 0; i < WAYS * COUNT(lengths); i++) {
		uint32_t header, table, at, length = lengths[i / WAYS].length;
		struct c_image c;
		struct image_tree tree;

		c_data_fill(data, sizeof(data), 1);
		c_image_begin(&c, i & 1, i & 2 ? 512 : 0, VERSION);
		c_image_add_directory(&c, c_image_root(&c), &entry, 1, &header);
		table = c_image_add_file(&c, header, data, sizeof(data), "C");
		at = (c_image_word(&c, table) & ~D) * 4;
		c.image.bytes[at + c.big] = (unsigned char)length;
		c.image.bytes[at + !c.big] = (unsigned char)(length >> 8);
		c_image_end(&c);
		if (lengths[i / WAYS].expected) {
			c_image_check_refused(&c, table, lengths[i / WAYS].expected);
		} else {
			c_image_read_good(&c.image, &tree);
			memset(data, 0, sizeof(data));
			c_node_check(&c.image, &tree.nodes[1], data, sizeof(data));
			image_tree_free(&tree);
		}
		c_image_free(&c);
	}
}
END_TEST

/* Flags that the superblock does not announce. */
START_TEST(test_flags)
{
	static const char *const hows[] = { "u", "C", "U" };
	static const struct c_entry entry = { "file", S_IFREG | 0644, 0, 0, 0 };
	unsigned char data[5000];

	for (unsigned int i = 0; i < WAYS * COUNT(hows); i++) {
		uint32_t header, table;
		struct c_image c;

		c_data_fill(data, sizeof(data), 1);
		c_image_begin(&c, i & 1, i & 2 ? 512 : 0, C_VERSION_2);
		c_image_add_directory(&c, c_image_root(&c), &entry, 1, &header);
		table = c_image_add_file(&c, header, data, sizeof(data), hows[i / WAYS]);
		c_image_end(&c);
		c_image_check_refused(&c, table, ", has flags, which the superblock does not allow");
		c_image_free(&c);
	}
}
END_TEST

/* ---- files that share ------------------------------------------------------------------------------------------ */

/* Two files; the second has the pointers of the first, from @shift on, and @size. */
static const struct {
	uint32_t shift, size;
	bool refused;
} shares[] = {
	{ 0, 9000, false },
	{ 0, 8999, true },
	{ 0, 4096, true },
	{ 0, 1, true },
	{ 4, 4904, true },
	{ 8, 1, true },
	{ 8, 808, true },
};

START_TEST(test_share)
{
	static const struct c_entry entries[] = { { "a", S_IFREG, 0, 0, 0 }, { "b", S_IFREG, 0, 0, 0 } };
	unsigned char data[9000];

	for (unsigned int i = 0; i < WAYS * COUNT(shares); i++) {
		uint32_t headers[2], table, at, shift = shares[i / WAYS].shift, refused, other;
		struct c_image c;
		struct image_tree tree;
		char expected[120];

		c_data_fill(data, sizeof(data), 1);
		c_image_begin(&c, i & 1, i & 2 ? 512 : 0, VERSION);
		c_image_add_directory(&c, c_image_root(&c), entries, 2, headers);
		table = c_image_add_file(&c, headers[0], data, sizeof(data), "U");
		at = table + shift;
		c_image_set(&c, headers[1], C_OFFSET, at / 4);
		c_image_set(&c, headers[1], C_SIZE, shares[i / WAYS].size);
		c_image_end(&c);
		/* What is at the same place and shorter is looked at first. */
		refused = headers[shift != 0];
		other = headers[shift == 0];
		snprintf(expected, sizeof(expected), "block pointers at 0x%x overlap those of the file at 0x%x", at,
			 other);
		if (shares[i / WAYS].refused) {
			c_image_check_refused(&c, refused, expected);
		} else {
			c_image_read_good(&c.image, &tree);
			image_tree_free(&tree);
		}
		c_image_free(&c);
	}
}
END_TEST

/* ---- symlinks -------------------------------------------------------------------------------------------------- */

/* A symlink is unpacked to be looked at; or was that as a file, by which nothing is known of it. */
static const struct {
	const char *target;
	const char *how;
	const char *expected;
} links[] = {
	{ "target\0", "c", "symlink target has a NUL in it" },
	{ "\0target", "c", "symlink target has a NUL in it" },
	{ "tar\0get", "u", "symlink target has a NUL in it" },
	{ "tar\0get", "C", "symlink target has a NUL in it" },
	{ "tar\0get", "U", "symlink target has a NUL in it" },
	{ "targets", "h", "symlink target has a NUL in it" },
	{ "targets", "c", "symlink target is damaged, it does not unpack to 7 bytes" },
	{ "targets", "C", "symlink target is damaged, it does not unpack to 7 bytes" },
};

START_TEST(test_symlink)
{
	static const struct c_entry entries[] = {
		{ "file", S_IFREG | 0644, 0, 0, 0 }, { "link", S_IFLNK | 0777, 0, 0, 0 },
		{ "more", S_IFREG | 0644, 0, 0, 0 },
	};

	for (unsigned int i = 0; i < 2 * WAYS; i++) {
		unsigned char target[8];
		uint32_t headers[3], table;
		struct c_image c;

		memcpy(target, links[_i].target, 8);
		c_image_begin(&c, i & 1, i & 2 ? 512 : 0, VERSION);
		c_image_add_directory(&c, c_image_root(&c), entries, 3, headers);
		table = c_image_add_file(&c, headers[1], target, 7, links[_i].how);
		for (unsigned int k = 0; k < 3 && i & 4; k += 2) {
			c_image_set(&c, headers[k], C_OFFSET, table / 4);
			c_image_set(&c, headers[k], C_SIZE, 7);
		}
		if (strstr(links[_i].expected, "damaged"))
			c.image.bytes[c.image.size - 1] ^= 1;
		c_image_end(&c);
		c_image_check_refused(&c, headers[1], links[_i].expected);
		c_image_free(&c);
	}
}
END_TEST

SUITE(cramfs_block)
{
	Suite *suite = suite_create("cramfs_block");
	TCase *pointers = tcase_create("pointers"), *files = tcase_create("files");

	tcase_add_loop_test(pointers, test_pointer, 0, COUNT(wrongs));
	tcase_add_test(pointers, test_length);
	tcase_add_test(pointers, test_flags);
	suite_add_tcase(suite, pointers);
	tcase_add_test(files, test_share);
	tcase_add_loop_test(files, test_symlink, 0, COUNT(links));
	suite_add_tcase(suite, files);
	return suite;
}
