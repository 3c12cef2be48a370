/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * romfs - what the two files of the reader share: romfs.c reads the headers, romfs_link.c resolves the hard links.
 */
#ifndef IMAGE_ROMFS_H
#define IMAGE_ROMFS_H

#include "image/build.h"

struct romfs {
	const unsigned char *image;
	uint32_t size; /* as the superblock has it; never more than there is */
	struct nommu_why *why;
	uint8_t *units;     /* what each 16 bytes of the image were found to be, see romfs.c */
	struct build build; /* until links are resolved, a hard link has mode 0 and its target's offset in data */
};

/* Say what is wrong with the header at @offset. Returns -EINVAL. */
__attribute__((format(printf, 3, 4))) int romfs_refuse(struct romfs *rom, uint32_t offset, const char *format, ...);

/* Give each hard link the attributes of the file that it leads to, and settle who stands for which inode. */
int romfs_resolve_links(struct romfs *rom, uint32_t *scratch);

#endif
