/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramfs_image - makes cramfs images for tests, and reads them.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "cramfs_image.h"
#include "image_tree.h"

#define BLOCK        4096u
#define UNCOMPRESSED 0x80000000u
#define DIRECT       0x40000000u
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

/* ---- numbers --------------------------------------------------------------------------------------------------- */

static unsigned int byte_shift(const struct c_image *c, unsigned int i)
{
	return c->big ? 24 - 8 * i : 8 * i;
}

/* A passed ck_assert is a system call each: too slow where there are very many. */
static void check_inside(const struct c_image *c, size_t offset)
{
	if (offset + 4 > c->image.size)
		ck_abort_msg("0x%zx lies outside of the image", offset);
}

uint32_t c_image_word(const struct c_image *c, size_t offset)
{
	uint32_t value = 0;

	check_inside(c, offset);
	for (unsigned int i = 0; i < 4; i++)
		value |= (uint32_t)c->image.bytes[offset + i] << byte_shift(c, i);
	return value;
}

void c_image_set_word(struct c_image *c, size_t offset, uint32_t value)
{
	check_inside(c, offset);
	for (unsigned int i = 0; i < 4; i++)
		c->image.bytes[offset + i] = (unsigned char)(value >> byte_shift(c, i));
}

/* Bits from the first one, which is the lowest of a little endian word and the highest of a big endian one. */
static const struct {
	unsigned int word, first, width;
} fields[] = {
	[C_MODE] = { 0, 0, 16 },
	[C_UID] = { 0, 16, 16 },
	[C_SIZE] = { 4, 0, 24 },
	[C_GID] = { 4, 24, 8 },
	[C_NAME] = { 8, 0, 6 },
	[C_OFFSET] = { 8, 6, 26 },
};

static unsigned int field_shift(const struct c_image *c, enum c_field field)
{
	return c->big ? 32 - fields[field].first - fields[field].width : fields[field].first;
}

uint32_t c_image_get(const struct c_image *c, uint32_t header, enum c_field field)
{
	uint32_t word = c_image_word(c, header + fields[field].word);

	return word >> field_shift(c, field) & ((1u << fields[field].width) - 1);
}

void c_image_set(struct c_image *c, uint32_t header, enum c_field field, uint32_t value)
{
	uint32_t mask = ((1u << fields[field].width) - 1) << field_shift(c, field);
	uint32_t word = c_image_word(c, header + fields[field].word) & ~mask;

	if (value >> fields[field].width)
		ck_abort_msg("0x%x does not fit the field", value);
	c_image_set_word(c, header + fields[field].word, word | value << field_shift(c, field));
}

uint32_t c_image_root(const struct c_image *c)
{
	return c->super + C_ROOT;
}

void c_data_fill(unsigned char *data, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (unsigned char)(1 + (seed >> 24) % 16);
	}
}

/* ---- making one ------------------------------------------------------------------------------------------------ */

static void align(struct c_image *c)
{
	t_image_extend(&c->image, -c->image.size % 4);
}

void c_image_begin(struct c_image *c, bool big, uint32_t super, uint32_t flags)
{
	uint32_t root = super + C_ROOT;

	memset(c, 0, sizeof(*c));
	c->big = big;
	c->super = super;
	t_image_extend(&c->image, super + C_END);
	memset(c->image.bytes, 'b', super);
	c_image_set_word(c, super + C_MAGIC, 0x28cd3d45);
	c_image_set_word(c, super + C_FLAGS, flags);
	memcpy(c->image.bytes + super + 16, "Compressed ROMFS", 16);
	c_image_set_word(c, super + 44, 1); /* files: fsck wants one at least */
	memcpy(c->image.bytes + super + C_VOLUME, "by hand", 7);
	c_image_set(c, root, C_MODE, S_IFDIR | 0755);
	c_image_set(c, root, C_OFFSET, (super + C_END) / 4);
}

void c_image_add_directory(struct c_image *c, uint32_t header, const struct c_entry *entries, unsigned int count,
			   uint32_t *headers)
{
	uint32_t start;

	align(c);
	start = (uint32_t)c->image.size;
	for (unsigned int i = 0; i < count; i++) {
		const struct c_entry *entry = &entries[i];
		uint32_t words = (uint32_t)(strlen(entry->name) + 3) / 4;

		headers[i] = (uint32_t)c->image.size;
		t_image_extend(&c->image, 12);
		memcpy(t_image_extend(&c->image, 4 * words), entry->name, strlen(entry->name));
		c_image_set(c, headers[i], C_MODE, entry->mode);
		c_image_set(c, headers[i], C_UID, entry->uid);
		c_image_set(c, headers[i], C_GID, entry->gid);
		c_image_set(c, headers[i], C_SIZE, entry->size);
		c_image_set(c, headers[i], C_NAME, words);
	}
	c_image_set(c, header, C_OFFSET, start / 4);
	c_image_set(c, header, C_SIZE, (uint32_t)c->image.size - start);
}

static void add_bytes(struct c_image *c, const void *bytes, size_t size)
{
	memcpy(t_image_extend(&c->image, size), bytes, size);
}

static void add_compressed(struct c_image *c, const unsigned char *data, uint32_t size, bool direct)
{
	unsigned char packed[2 * BLOCK], length[2];
	uLongf bytes = sizeof(packed);

	ck_assert_int_eq(compress(packed, &bytes, data, size), Z_OK);
	length[c->big] = (unsigned char)bytes;
	length[!c->big] = (unsigned char)(bytes >> 8);
	if (direct)
		add_bytes(c, length, 2);
	add_bytes(c, packed, bytes);
}

/* Add a block and return its pointer. */
static uint32_t add_block(struct c_image *c, unsigned char *data, uint32_t size, char how)
{
	uint32_t start;

	if (how == 'G')
		add_bytes(c, "elsewhere", 9);
	if (strchr("CUHG", how))
		align(c);
	start = (uint32_t)c->image.size / 4;
	switch (how) {
	case 'c':
		add_compressed(c, data, size, false);
		return (uint32_t)c->image.size;
	case 'u':
		add_bytes(c, data, size);
		return UNCOMPRESSED | (uint32_t)c->image.size;
	case 'h':
		memset(data, 0, size);
		return (uint32_t)c->image.size;
	case 'C':
		add_compressed(c, data, size, true);
		return DIRECT | start;
	case 'H':
		memset(data, 0, size);
		t_image_extend(&c->image, 2);
		return DIRECT | start;
	default:
		add_bytes(c, data, size);
		return DIRECT | UNCOMPRESSED | start;
	}
}

uint32_t c_image_add_file(struct c_image *c, uint32_t header, unsigned char *data, uint32_t size, const char *how)
{
	uint32_t count = (size + BLOCK - 1) / BLOCK, table;

	align(c);
	table = (uint32_t)c->image.size;
	t_image_extend(&c->image, 4 * count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t left = size - i * BLOCK;

		c_image_set_word(c, table + 4 * i,
				 add_block(c, data + i * BLOCK, left < BLOCK ? left : BLOCK, *how));
		if (how[1])
			how++;
	}
	c_image_set(c, header, C_OFFSET, table / 4);
	c_image_set(c, header, C_SIZE, size);
	return table;
}

void c_image_resum(struct c_image *c)
{
	const unsigned char *start = c->image.bytes + c->super;
	uint32_t size = c_image_word(c, c->super + C_OWN_SIZE);

	if (size > c->image.size)
		size = (uint32_t)c->image.size;
	c_image_set_word(c, c->super + C_SUM, 0);
	c_image_set_word(c, c->super + C_SUM, (uint32_t)crc32(0, start, size - c->super));
}

void c_image_end(struct c_image *c)
{
	align(c);
	c_image_set_word(c, c->super + C_OWN_SIZE, (uint32_t)c->image.size);
	c_image_resum(c);
}

void c_image_free(struct c_image *c)
{
	t_image_free(&c->image);
}

uint32_t c_image_find(const struct c_image *c, const char *name)
{
	uint32_t words = (uint32_t)(strlen(name) + 3) / 4;

	for (uint32_t at = c->super + C_END; at + 12 + 4 * words <= c->image.size; at += 4)
		if (c_image_get(c, at, C_NAME) == words &&
		    !strncmp((const char *)c->image.bytes + at + 12, name, 4 * words))
			return at;
	ck_abort_msg("no header called %s", name);
	return 0;
}

void c_image_make_good(struct c_image *c, bool big, uint32_t super)
{
	static const struct c_entry top[] = {
		{ "block", S_IFBLK | 0660, 0, 6, 0x1f02 },   { "char", S_IFCHR | 0600, 0, 5, 0x0501 },
		{ "d", S_IFDIR | 0755, 1, 2, 0 },            { "file", S_IFREG | 0644, 1000, 100, 0 },
		{ "none", S_IFREG | 0400, 65535, 255, 0 },   { "pipe", S_IFIFO | 0644, 0, 0, 0 },
		{ "same", S_IFREG | 04755, 7, 8, 0 },        { "socket", S_IFSOCK | 0755, 0, 0, 0 },
	};
	static const struct c_entry middle[] = {
		{ "e", S_IFDIR | 0500, 3, 4, 0 },            { "link", S_IFLNK | 0777, 0, 0, 0 },
		{ "place", S_IFREG | 0755, 0, 0, 0 },
	};
	static const struct c_entry low[] = { { "mixed", S_IFREG | 0644, 0, 0, 0 } };
	uint32_t tops[COUNT(top)], middles[COUNT(middle)], lows[1];
	unsigned char data[7 * BLOCK], target[] = "../a/target";

	c_image_begin(c, big, super, C_VERSION_2 | C_SORTED | C_HOLES | C_EXTENDED);
	c_image_add_directory(c, c_image_root(c), top, COUNT(top), tops);
	c_image_add_directory(c, tops[2], middle, COUNT(middle), middles);
	c_image_add_directory(c, middles[0], low, COUNT(low), lows);
	/* Long runs keep what is compressed small: every byte of this image is changed in tests. */
	memset(data, 'f', BLOCK);
	c_data_fill(data + BLOCK, 100, 1);
	c_image_add_file(c, tops[3], data, BLOCK + 100, "c");
	c_image_set(c, tops[6], C_SIZE, BLOCK + 100);
	c_image_set(c, tops[6], C_OFFSET, c_image_get(c, tops[3], C_OFFSET));
	c_image_add_file(c, middles[1], target, sizeof(target) - 1, "c");
	c_data_fill(data, sizeof(data), 2);
	c_image_add_file(c, middles[2], data, 50, "U");
	memset(data, 'm', sizeof(data));
	c_image_add_file(c, lows[0], data, 6 * BLOCK + 10, "chCHccu");
	c_image_end(c);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

int c_image_read(const struct t_image *image, struct image_tree *tree, struct nommu_why *why)
{
	struct t_image copy;
	int error;

	memset(why, 'w', sizeof(*why));
	t_image_copy(&copy, image);
	error = cramfs_read(copy.bytes, copy.size, tree, why);
	t_image_free(&copy);
	return error;
}

void c_image_read_good(const struct t_image *image, struct image_tree *tree)
{
	struct nommu_why why;
	int error = c_image_read(image, tree, &why);
	const char *flaw;

	ck_assert_msg(error == 0, "%d: %s", error, why.text);
	ck_assert_str_eq(why.text, "");
	flaw = image_tree_flaw(tree, image->size);
	ck_assert_msg(!flaw, "%s", flaw);
	ck_assert_int_eq(tree->format, IMAGE_CRAMFS);
	ck_assert(tree->owners);
}

void c_image_check_refused(const struct c_image *c, uint32_t offset, const char *expected)
{
	struct image_tree tree;
	struct nommu_why why;
	char start[64];
	int error = c_image_read(&c->image, &tree, &why);

	snprintf(start, sizeof(start), "cramfs: offset 0x%x: ", offset);
	ck_assert_msg(error == -EINVAL, "expected \"%s%s\", got %d \"%s\"", start, expected, error, why.text);
	ck_assert_msg(!strncmp(why.text, start, strlen(start)) && strstr(why.text + strlen(start), expected),
		      "expected \"%s%s\", got \"%s\"", start, expected, why.text);
	ck_assert_ptr_null(strchr(why.text, '\n'));
	ck_assert_ptr_null(tree.nodes);
	ck_assert_uint_eq(tree.count, 0);
	ck_assert_uint_eq(tree.bytes, 0);
	ck_assert_str_eq(tree.volume, "");
}

ssize_t c_node_read(const struct t_image *image, const struct image_node *node, uint64_t offset, void *buf, size_t len)
{
	if (node->packed)
		return image_unpack(IMAGE_CRAMFS, image->bytes, image->size, node, offset, buf, len);
	if (offset >= node->size)
		return 0;
	if (len > node->size - offset)
		len = node->size - offset;
	memcpy(buf, image->bytes + node->data + offset, len);
	return (ssize_t)len;
}

/* Each piece is read into memory of exactly its size: AddressSanitizer watches. */
static void check_piece(const struct t_image *image, const struct image_node *node, const unsigned char *data,
			size_t size, size_t offset, size_t len)
{
	size_t expected = offset >= size ? 0 : len < size - offset ? len : size - offset;
	unsigned char *buf = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(buf);
	memset(buf, 'x', len);
	ck_assert_int_eq(c_node_read(image, node, offset, buf, len), expected);
	ck_assert_msg(!expected || !memcmp(buf, data + offset, expected), "%s: other bytes at %zu + %zu", node->name,
		      offset, len);
	for (size_t i = expected; i < len; i++)
		if (buf[i] != 'x')
			ck_abort_msg("%s: written behind the end", node->name);
	free(buf);
}

void c_node_check(const struct t_image *image, const struct image_node *node, const void *data, size_t size)
{
	static const size_t pieces[] = { 1, 7, 4095, 4096, 4097, 9000 };

	ck_assert_uint_eq(node->size, size);
	check_piece(image, node, data, size, 0, size);
	check_piece(image, node, data, size, 0, size + 100);
	check_piece(image, node, data, size, size, 1);
	check_piece(image, node, data, size, size + 1, 10);
	check_piece(image, node, data, size, 0, 0);
	for (unsigned int i = 0; i < COUNT(pieces); i++)
		for (size_t offset = i; offset < size; offset += pieces[i] < 100 ? 1000 + i : pieces[i])
			check_piece(image, node, data, size, offset, pieces[i]);
}
