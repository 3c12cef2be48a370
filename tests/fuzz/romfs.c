/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * romfs - fuzz target: any bytes as a romfs image are refused with an offset, or yield a tree whose data lies inside.
 *
 * Checksums would stop nearly every change at the first header, so an image that was refused for one is put right
 * there and read again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/image_tree.h"

#define ROUNDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *what, const char *text)
{
	fprintf(stderr, "romfs: %s: %s\n", what, text);
	abort();
}

/* Returns 0 if the image is good. */
static int read_once(const unsigned char *image, size_t size, struct nommu_why *why)
{
	struct image_tree tree;
	int error = romfs_read(image, size, &tree, why);
	const char *flaw;

	if (!error) {
		flaw = image_tree_flaw(&tree, size);
		if (flaw)
			fail("the tree is none", flaw);
		if (!romfs_recognise(image, size))
			fail("read but not recognised", "");
		image_tree_free(&tree);
	} else if (error != -EINVAL && error != -ENOMEM) {
		fail("another error than EINVAL", strerror(-error));
	} else if (error == -EINVAL && (strncmp(why->text, "romfs: offset 0x", 16) || strchr(why->text, '\n'))) {
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
	for (int round = 0; round < ROUNDS; round++)
		if (!read_once(copy, size, &why) || !image_mend(copy, size, why.text))
			break;
	free(copy);
	return 0;
}
