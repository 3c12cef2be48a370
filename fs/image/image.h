/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image - readers of file system images: each yields the same tree of nodes.
 *
 * A reader is given the whole image in memory, untrusted, and never reads outside of it. It allocates the tree and
 * nothing else; data is pointed to by offset, so the caller can hand the image out as a window of ROM. What an image
 * is, its first bytes say, never its name. A directory of the host is no image yet: hostdir makes one of it.
 * Not here: anything of FUSE or of the board. No lock: nothing is shared.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "nommu.h"

#define IMAGE_NONE UINT32_MAX

/* One name in a tree. Hard links are several nodes with one inode number. */
struct image_node {
	char *name;         /* NUL-terminated, without '/'; of the root "" */
	uint32_t parent;    /* index; of the root itself */
	uint32_t child;     /* first child of a directory, or IMAGE_NONE */
	uint32_t next;      /* next sibling, or IMAGE_NONE */
	uint32_t inode;     /* the node that stands for its inode: its own index, or an earlier node's for a hard link */
	uint32_t mode;      /* st_mode: type and permissions */
	uint32_t nlink;     /* names that this inode has; directories: 2 + subdirectories */
	uint32_t uid, gid;
	uint64_t rdev;      /* of device nodes */
	int64_t mtime;      /* seconds; 0 where the format keeps no times */
	uint32_t mtime_nsec;
	bool packed;        /* the bytes do not lie in the image as they are: only image_unpack has them */
	uint64_t data;      /* offset in the image of a regular file's or a symlink's bytes; packed: the reader's own */
	uint64_t size;      /* bytes of a regular file or a symlink */
};

enum image_format {
	IMAGE_UNKNOWN,
	IMAGE_ROMFS,
	IMAGE_CRAMFS,
	IMAGE_DIRECTORY, /* laid out by hostdir */
};

#define IMAGE_HEAD 1024 /* bytes from the start that recognising wants, if there are so many */

struct image_tree {
	struct image_node *nodes; /* nodes[0] is the root directory */
	uint32_t count;
	char volume[64];          /* the image's own name */
	uint64_t bytes;           /* of the image that the file system says are its own */
	enum image_format format;
	bool owners;              /* the format keeps uid and gid */
};

/* What begins with these bytes. */
enum image_format image_recognise(const void *head, size_t size);
/* For messages. */
const char *image_format_name(enum image_format format);

/* Read an image of this format, as the readers below do. IMAGE_UNKNOWN and IMAGE_DIRECTORY: -EINVAL. */
int image_read(enum image_format format, const void *image, size_t size, struct image_tree *tree,
	       struct nommu_why *why);

/* Copy @len bytes from @offset of a packed node's file or symlink into @buf. May run in any thread, beside others.
 * Returns bytes, fewer at the end of file, or -EIO: the image is damaged there; or -ENOMEM. */
ssize_t image_unpack(enum image_format format, const void *image, size_t size, const struct image_node *node,
		     uint64_t offset, void *buf, size_t len);

/* Read a romfs image of @size bytes, as genromfs writes it. 0, or -EINVAL with one line in @why that names what is
 * wrong and at which offset; -ENOMEM. The tree becomes the caller's. */
int romfs_read(const void *image, size_t size, struct image_tree *tree, struct nommu_why *why);

/* Whether this is a romfs image, by content. */
int romfs_recognise(const void *image, size_t size);

/*
 * The same for cramfs, as mkfs.cramfs (util-linux) writes it, of either endianness, at offset 0 or 512 of the image.
 * A file whose blocks are stored uncompressed and one behind the other (extended block pointers) is not packed: it can
 * be mapped where it lies. Every block pointer is checked to lie inside of the image; what is in a compressed block is
 * seen when it is unpacked.
 */
int cramfs_read(const void *image, size_t size, struct image_tree *tree, struct nommu_why *why);
int cramfs_recognise(const void *image, size_t size);
ssize_t cramfs_unpack(const void *image, size_t size, const struct image_node *node, uint64_t offset, void *buf,
		      size_t len);

void image_tree_free(struct image_tree *tree);

/*
 * hostdir - a directory of the host as an image: nodes as they are found (types, modes, owners, mtimes, hard links,
 * device numbers), and how large the image is; then the bytes of its files, each at a multiple of the alignment, and
 * of its symlinks. Names are in order of their bytes, so that one directory always gives one image.
 */

#define HOSTDIR_ALIGN 4096u /* so that every file can be mapped in place */

struct hostdir;

/* Look at everything below @path. @align: a power of two, 0 is HOSTDIR_ALIGN. Reads no file. Errors: what the host
 * says, with one line in @why that names the path; ENOMEM. The result is the caller's, until hostdir_close. */
int hostdir_open(const char *path, uint32_t align, struct hostdir **dir, struct nommu_why *why);
/* Bytes of the image; 0 if there is nothing in any file. */
uint64_t hostdir_size(const struct hostdir *dir);
/* Write the image into @image, which is hostdir_size bytes, zeroed. A file that became shorter meanwhile keeps what
 * there was of it; one that cannot be read is an error that names it. */
int hostdir_fill(struct hostdir *dir, void *image, struct nommu_why *why);
/* Give the tree away, after hostdir_fill: it becomes the caller's. */
int hostdir_tree(struct hostdir *dir, struct image_tree *tree);
void hostdir_close(struct hostdir *dir);

#endif
