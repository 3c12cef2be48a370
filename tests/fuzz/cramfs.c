/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramfs - fuzz target: any bytes as a cramfs image are refused with an offset, or yield a tree; and what of it is
 * packed can be unpacked, to the same bytes in one and in pieces, or is damaged.
 *
 * The checksum would stop nearly every change, so an image that was refused for it is put right and read again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/image_tree.h"

#define UNPACK_MAX (1u << 20) /* bytes of all nodes, so that a small image of large holes does not take long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what, const char *text)
{
	fprintf(stderr, "cramfs: %s: %s\n", what, text);
	abort();
}

/* In pieces, whose sizes do not go into a block; each into memory of exactly its size. */
static void check_pieces(const unsigned char *image, size_t size, const struct image_node *node,
			 const unsigned char *whole)
{
	size_t len = 1 + node->data % 5000;

	for (uint64_t offset = 0; offset < node->size; offset += len) {
		size_t expected = len < node->size - offset ? len : (size_t)(node->size - offset);
		unsigned char *part = malloc(len);

		if (!part)
			return;
		if (image_unpack(IMAGE_CRAMFS, image, size, node, offset, part, len) != (ssize_t)expected)
			fail("no piece of what is whole", node->name);
		if (memcmp(part, whole + offset, expected))
			fail("other bytes in a piece", node->name);
		free(part);
	}
	if (image_unpack(IMAGE_CRAMFS, image, size, node, node->size, &size, 1))
		fail("bytes behind the end", node->name);
}

static void unpack(const unsigned char *image, size_t size, const struct image_node *node)
{
	unsigned char *whole = malloc(node->size);
	ssize_t length;

	if (!whole)
		return;
	length = image_unpack(IMAGE_CRAMFS, image, size, node, 0, whole, node->size);
	if (length == (ssize_t)node->size)
		check_pieces(image, size, node, whole);
	else if (length != -EIO && length != -ENOMEM)
		fail("neither whole nor damaged", node->name);
	else if (S_ISLNK(node->mode))
		fail("a symlink is damaged", node->name);
	free(whole);
}

static void check_tree(const unsigned char *image, size_t size, const struct image_tree *tree)
{
	const char *flaw = image_tree_flaw(tree, size);
	uint64_t bytes = 0;

	if (flaw)
		fail("the tree is none", flaw);
	if (!cramfs_recognise(image, size))
		fail("read but not recognised", "");
	for (uint32_t i = 0; i < tree->count; i++) {
		const struct image_node *node = &tree->nodes[i];

		if (!node->packed || bytes + node->size > UNPACK_MAX)
			continue;
		bytes += node->size;
		unpack(image, size, node);
	}
}

/* Returns 0 if the image is good. */
static int read_once(const unsigned char *image, size_t size, struct nommu_why *why)
{
	struct image_tree tree;
	int error = cramfs_read(image, size, &tree, why);

	if (!error) {
		check_tree(image, size, &tree);
		image_tree_free(&tree);
	} else if (error != -EINVAL && error != -ENOMEM) {
		fail("another error than EINVAL", strerror(-error));
	} else if (error == -EINVAL && (strncmp(why->text, "cramfs: offset 0x", 17) || strchr(why->text, '\n'))) {
		fail("no line with an offset", why->text);
	} else if (tree.nodes || tree.count) {
		fail("refused, but with a tree", why->text);
	}
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nommu_why why;
	unsigned char *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (read_once(copy, size, &why) && image_mend(copy, size, why.text))
		read_once(copy, size, &why);
	free(copy);
	return 0;
}
