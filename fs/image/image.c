/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image - which reader is whose. */
#include "image/image.h"

#include <errno.h>
#include <stdio.h>

enum image_format image_recognise(const void *head, size_t size)
{
	if (romfs_recognise(head, size))
		return IMAGE_ROMFS;
	if (cramfs_recognise(head, size))
		return IMAGE_CRAMFS;
	return IMAGE_UNKNOWN;
}

const char *image_format_name(enum image_format format)
{
	static const char *const names[] = {
		[IMAGE_UNKNOWN] = "unknown",
		[IMAGE_ROMFS] = "romfs",
		[IMAGE_CRAMFS] = "cramfs",
		[IMAGE_DIRECTORY] = "directory",
	};

	return names[format];
}

int image_read(enum image_format format, const void *image, size_t size, struct image_tree *tree,
	       struct nommu_why *why)
{
	switch (format) {
	case IMAGE_ROMFS:
		return romfs_read(image, size, tree, why);
	case IMAGE_CRAMFS:
		return cramfs_read(image, size, tree, why);
	default:
		snprintf(why->text, sizeof(why->text), "no image of a format that is known");
		return -EINVAL;
	}
}

ssize_t image_unpack(enum image_format format, const void *image, size_t size, const struct image_node *node,
		     uint64_t offset, void *buf, size_t len)
{
	return format == IMAGE_CRAMFS ? cramfs_unpack(image, size, node, offset, buf, len) : -EIO;
}
