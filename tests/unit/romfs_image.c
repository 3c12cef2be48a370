/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * romfs_image - makes romfs images for tests, and reads them.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "romfs_image.h"
#include "image_tree.h"

/* ---- genromfs -------------------------------------------------------------------------------------------------- */

void t_image_generate(struct t_image *image, const char *dir, const char *const *options)
{
	char path[80];
	char *argv[16] = { "genromfs", "-f", path, "-d", (char *)(uintptr_t)dir };
	int argc = 5;

	snprintf(path, sizeof(path), "%s.img", dir);
	for (int i = 0; options && options[i]; i++)
		argv[argc++] = (char *)(uintptr_t)options[i];
	t_image_run(image, argv, path);
}

void t_image_generate_good(struct t_image *image)
{
	static const char *const options[] = { "-V", "test", NULL };
	char dir[64], path[80], other[80];

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
	snprintf(path, sizeof(path), "%s/d/s/y", dir);
	snprintf(other, sizeof(other), "%s/d/s/z", dir);
	ck_assert_int_eq(link(path, other), 0);
	t_image_generate(image, dir, options);
	t_directory_remove(dir);
}

/* ---- by hand --------------------------------------------------------------------------------------------------- */

static uint32_t get(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

uint32_t t_image_get(const struct t_image *image, uint32_t header, unsigned int field)
{
	return get(image->bytes + header + field);
}

void t_image_set(struct t_image *image, uint32_t header, unsigned int field, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		image->bytes[header + field + i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Where the padded name of a header, or of the superblock, ends; the image's end if nothing ends it. */
static size_t name_end(const struct t_image *image, size_t header)
{
	size_t at = header + T_NAME;

	while (at < image->size && image->bytes[at])
		at++;
	at = (at + 16) / 16 * 16;
	return at < image->size ? at : image->size;
}

static uint32_t sum(const struct t_image *image, size_t start, size_t end)
{
	uint32_t total = 0;

	for (size_t at = start; at + 4 <= end; at += 4)
		total += get(image->bytes + at);
	return total;
}

void t_image_resum(struct t_image *image, uint32_t header)
{
	size_t end = header ? name_end(image, header) : t_image_get(image, 0, T_SIZE);

	if (!header && end > 512)
		end = 512;
	if (end > image->size)
		end = image->size;
	t_image_set(image, header, T_SUM, 0);
	t_image_set(image, header, T_SUM, -sum(image, header, end));
}

/* Zeroes up to a multiple of 16 behind @length bytes more. */
static unsigned char *extend(struct t_image *image, size_t length)
{
	return t_image_extend(image, (length + 15) / 16 * 16);
}

void t_image_begin(struct t_image *image, const char *volume)
{
	memset(image, 0, sizeof(*image));
	memcpy(extend(image, 16), "-rom1fs-", 8);
	memcpy(extend(image, strlen(volume) + 1), volume, strlen(volume));
}

uint32_t t_image_add(struct t_image *image, const char *name, uint32_t bits, uint32_t spec, const void *data,
		     uint32_t size)
{
	uint32_t header = (uint32_t)image->size;

	extend(image, 16);
	memcpy(extend(image, strlen(name) + 1), name, strlen(name));
	t_image_set(image, header, T_NEXT, bits);
	t_image_set(image, header, T_SPEC, spec);
	t_image_set(image, header, T_SIZE, size);
	t_image_resum(image, header);
	if (size)
		memcpy(extend(image, size), data, size);
	return header;
}

uint32_t t_image_add_root(struct t_image *image)
{
	return t_image_add(image, ".", T_DIRECTORY | T_EXEC, (uint32_t)image->size, NULL, 0);
}

void t_image_chain(struct t_image *image, uint32_t from, uint32_t to)
{
	t_image_set(image, from, T_NEXT, to | (t_image_get(image, from, T_NEXT) & 15));
	t_image_resum(image, from);
}

void t_image_end(struct t_image *image)
{
	t_image_set(image, 0, T_SIZE, (uint32_t)image->size);
	t_image_resum(image, 0);
}

uint32_t t_image_find(const struct t_image *image, const char *name, unsigned int nth)
{
	for (size_t at = name_end(image, 0); at + 32 <= image->size; at += 16) {
		const char *there = (const char *)image->bytes + at + T_NAME;
		size_t room = image->size - at - T_NAME;

		if (strnlen(there, room) != strlen(name) || memcmp(there, name, strlen(name)) ||
		    sum(image, at, name_end(image, at)) || nth--)
			continue;
		return (uint32_t)at;
	}
	ck_abort_msg("no header called %s", name);
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

int t_image_read(const struct t_image *image, struct image_tree *tree, struct nommu_why *why)
{
	struct t_image copy;
	int error;

	memset(why, 'w', sizeof(*why));
	t_image_copy(&copy, image);
	error = romfs_read(copy.bytes, copy.size, tree, why);
	t_image_free(&copy);
	return error;
}

void t_image_read_good(const struct t_image *image, struct image_tree *tree)
{
	struct nommu_why why;
	int error = t_image_read(image, tree, &why);
	const char *flaw;

	ck_assert_msg(error == 0, "%d: %s", error, why.text);
	ck_assert_str_eq(why.text, "");
	flaw = image_tree_flaw(tree, image->size);
	ck_assert_msg(!flaw, "%s", flaw);
}

void t_image_check_refused(const struct t_image *image, uint32_t offset, const char *expected)
{
	struct image_tree tree;
	struct nommu_why why;
	char start[64];
	int error = t_image_read(image, &tree, &why);

	snprintf(start, sizeof(start), "romfs: offset 0x%x: ", offset);
	ck_assert_msg(error == -EINVAL, "expected \"%s%s\", got %d \"%s\"", start, expected, error, why.text);
	ck_assert_msg(!strncmp(why.text, start, strlen(start)) && strstr(why.text + strlen(start), expected),
		      "expected \"%s%s\", got \"%s\"", start, expected, why.text);
	ck_assert_ptr_null(strchr(why.text, '\n'));
	ck_assert_ptr_null(tree.nodes);
	ck_assert_uint_eq(tree.count, 0);
	ck_assert_uint_eq(tree.bytes, 0);
	ck_assert_str_eq(tree.volume, "");
}
