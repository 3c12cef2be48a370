/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bdi - what a user sets of a file's backing device, as the texts of the user.bdi.* xattrs.
 *
 * Pure: texts in, settings out, and settings laid over a file's default attributes. Not here: FUSE, the board.
 */
#ifndef BOARD_BDI_H
#define BOARD_BDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nommu.h"

#define BDI_PREFIX   "user.bdi."
#define BDI_TEXT_MAX 64 /* bytes that the longest value needs, with its NUL */

enum bdi_what {
	BDI_CAPABILITIES = 0,
	BDI_KIND,
	BDI_GET_UNMAPPED_AREA,
	BDI_MMAP,
	BDI_READ,
	BDI_SETTABLE, /* how many of them there are */
};

/* All zero: nothing is set. */
struct bdi {
	uint32_t set; /* 1 << enum bdi_what for each that was set */
	uint32_t caps;
	uint32_t kind;
	int32_t address_op;
	int32_t map_op;
	bool read;
};

/* The name behind BDI_PREFIX. */
const char *bdi_name(enum bdi_what what);

/* Which setting the full xattr name @name means; -1 none. */
int bdi_find(const char *name);

/* Set one from a text of @len bytes. -EINVAL with what would be known in @why, without the name of the setting. */
int bdi_parse(struct bdi *bdi, enum bdi_what what, const char *text, size_t len, struct nommu_why *why);

/* The text that @attr amounts to for one setting. Returns the length without the NUL. */
size_t bdi_format(const struct nommu_file_attr *attr, enum bdi_what what, char text[static BDI_TEXT_MAX]);

/* The same for what was set, which needs no file; 0 if it is not set. */
size_t bdi_format_set(const struct bdi *bdi, enum bdi_what what, char text[static BDI_TEXT_MAX]);

/* Let what @over sets take the place of what @bdi sets. */
void bdi_merge(struct bdi *bdi, const struct bdi *over);

/* Lay what is set over the default attributes of the place. */
void bdi_apply(const struct bdi *bdi, enum nommu_profile profile, struct nommu_file_attr *attr);

#endif
