/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store - an image's bytes in memory that is sealed against change, and the tree of what is in it.
 *
 * From an image file, whose format its first bytes say, or from a directory of the host. What happens to them later
 * cannot hurt: readers never look outside of the image, and their offsets are used on the very bytes that they
 * checked. No lock: a store is its maker's.
 */
#ifndef DAEMON_STORE_H
#define DAEMON_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

struct store {
	int fd;      /* sealed, executable; the caller's to close, or -1 */
	size_t size; /* of the image; the memory is whole pages */
	struct image_tree tree;
};

/* Load the image at @path, or pack the directory there with its files at multiples of @align (0: the default). Before
 * that it is made sure that the board's next window, behind *@end, can be so large; *@end becomes its end. -errno with
 * one line in @why. */
int store_open(struct store *store, const char *path, uint32_t align, uint64_t *end, struct nommu_why *why);
void store_close(struct store *store);

#endif
