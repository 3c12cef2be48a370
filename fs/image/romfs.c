/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * romfs - reads a romfs image, as genromfs writes it, into a tree.
 *
 * An image is a superblock and file headers. A header names the next one of its directory; a directory's header names
 * its first entry. All offsets are multiples of 16, all numbers big endian.
 *
 * Nothing in the image is trusted. Each header may be read once, and no two may overlap: so chains and directories
 * cannot loop, and a tree takes memory in proportion to its image. There is no recursion: the array of nodes is the
 * list of directories still to be read. What is not linear in the number of entries is sorting them.
 *
 * Stricter than the kernel about checksums of headers, hard links into nowhere and double names.
 * Not here: the bytes of files. No lock: nothing is shared.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "image/romfs.h"

#define UNIT       16u  /* what everything is aligned to; also the size of a header without its name */
#define HEADER_MIN 32u  /* with the shortest name */
#define SUMMED     512u /* bytes of the image that the superblock's checksum covers, at most */
#define TYPE       0x7u
#define EXEC       0x8u

static const char magic[8] = { '-', 'r', 'o', 'm', '1', 'f', 's', '-' };

enum type {
	HARDLINK,
	DIRECTORY,
	REGULAR,
	SYMLINK,
	BLOCK,
	CHARACTER,
	SOCKET,
	FIFO,
};

/* As the kernel's romfs has them; files and directories with the exec bit are 0755. */
static const uint32_t modes[] = {
	[HARDLINK] = 0, /* taken from what it leads to */
	[DIRECTORY] = S_IFDIR | 0644,
	[REGULAR] = S_IFREG | 0644,
	[SYMLINK] = S_IFLNK | 0777,
	[BLOCK] = S_IFBLK | 0600,
	[CHARACTER] = S_IFCHR | 0600,
	[SOCKET] = S_IFSOCK | 0644,
	[FIFO] = S_IFIFO | 0644,
};

/* What a unit of the image was found to be. */
enum unit {
	UNIT_FREE,
	UNIT_HEADER, /* the start of one */
	UNIT_INSIDE, /* of a header's name, or the superblock */
};

struct header {
	uint32_t offset;
	uint32_t next;
	uint32_t bits; /* TYPE and EXEC */
	uint32_t spec;
	uint32_t size;
	const char *name;
	uint32_t length;
	uint32_t end; /* of the padded name: where data starts */
};

int romfs_refuse(struct romfs *rom, uint32_t offset, const char *format, ...)
{
	va_list args;
	int error;

	va_start(args, format);
	error = build_refuse(rom->why, "romfs", offset, format, args);
	va_end(args);
	return error;
}

static uint32_t be32(const struct romfs *rom, uint32_t offset)
{
	const unsigned char *p = rom->image + offset;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The words of a range add up to 0; a rest that is no whole word does not count. */
static int check_sum(struct romfs *rom, uint32_t offset, uint32_t length, const char *what)
{
	uint32_t stored = be32(rom, offset + 12);
	uint32_t sum = 0;

	for (uint32_t i = 0; i + 4 <= length; i += 4)
		sum += be32(rom, offset + i);
	if (sum)
		return romfs_refuse(rom, offset, "checksum 0x%08x of the %s is wrong, expected 0x%08x", stored,
				    what, stored - sum);
	return 0;
}

/* The name behind a header or the superblock: its length, and where its padding ends. */
static int read_name(struct romfs *rom, uint32_t offset, const char *what, uint32_t *length, uint32_t *end)
{
	const char *name = (const char *)rom->image + offset + UNIT;
	size_t room = rom->size - offset - UNIT;
	const char *nul = memchr(name, 0, room > NAME_MAX ? NAME_MAX + 1 : room);
	uint64_t padded;

	if (!nul && room > NAME_MAX)
		return romfs_refuse(rom, offset, "%s is longer than %d bytes", what, NAME_MAX);
	*length = (uint32_t)(nul ? (size_t)(nul - name) : room);
	padded = (offset + UNIT + (uint64_t)*length + UNIT) & ~(uint64_t)(UNIT - 1);
	/* So it is without a NUL: the padded name ends behind the image then. */
	if (padded > rom->size)
		return romfs_refuse(rom, offset, "%s does not end inside of the image (0x%x bytes)", what, rom->size);
	*end = (uint32_t)padded;
	return 0;
}

/* ---- headers --------------------------------------------------------------------------------------------------- */

/* That @target, which the header at @from refers to, can be a header's offset. */
static int check_target(struct romfs *rom, uint32_t from, const char *what, uint32_t target)
{
	if (target % UNIT)
		return romfs_refuse(rom, from, "%s 0x%x is not a multiple of %u", what, target, UNIT);
	if ((uint64_t)target + HEADER_MIN > rom->size)
		return romfs_refuse(rom, from, "%s 0x%x lies outside of the image (0x%x bytes)", what, target,
				    rom->size);
	return 0;
}

/* That nothing was read at @target yet. */
static int check_unread(struct romfs *rom, uint32_t from, const char *what, uint32_t target)
{
	switch (rom->units[target / UNIT]) {
	case UNIT_HEADER:
		return romfs_refuse(rom, from, "%s 0x%x was read already: a loop, or one entry in two places", what,
				    target);
	case UNIT_INSIDE:
		return romfs_refuse(rom, from, "%s 0x%x lies inside of another header", what, target);
	default:
		return 0;
	}
}

static int take_units(struct romfs *rom, const struct header *h)
{
	for (uint32_t at = h->offset; at < h->end; at += UNIT) {
		if (rom->units[at / UNIT] != UNIT_FREE)
			return romfs_refuse(rom, h->offset, "header overlaps another one at 0x%x", at);
		rom->units[at / UNIT] = UNIT_INSIDE;
	}
	rom->units[h->offset / UNIT] = UNIT_HEADER;
	return 0;
}

static int read_header(struct romfs *rom, uint32_t from, const char *what, uint32_t offset, struct header *h)
{
	int error = check_target(rom, from, what, offset);

	if (!error)
		error = check_unread(rom, from, what, offset);
	if (error)
		return error;
	h->offset = offset;
	h->next = be32(rom, offset) & ~(UNIT - 1);
	h->bits = be32(rom, offset) & (UNIT - 1);
	h->spec = be32(rom, offset + 4);
	h->size = be32(rom, offset + 8);
	h->name = (const char *)rom->image + offset + UNIT;
	error = read_name(rom, offset, "name", &h->length, &h->end);
	if (!error)
		error = check_sum(rom, offset, h->end - offset, "header");
	if (error)
		return error;
	if (!h->length)
		return romfs_refuse(rom, offset, "name is empty");
	if (memchr(h->name, '/', h->length))
		return romfs_refuse(rom, offset, "name has a '/' in it");
	return take_units(rom, h);
}

/* ---- nodes ----------------------------------------------------------------------------------------------------- */

/* Add the entry as the last of its directory; @last is the one before. */
static int add_node(struct romfs *rom, const struct header *h, uint32_t parent, uint32_t *last)
{
	uint32_t type = h->bits & TYPE;
	struct build_entry entry = { .name = h->name, .length = h->length, .where = h->offset };
	struct image_node node = { .parent = parent, .mode = modes[type] };

	if ((type == REGULAR || type == DIRECTORY) && (h->bits & EXEC))
		node.mode |= 0111;
	if (type == BLOCK || type == CHARACTER)
		node.rdev = makedev(h->spec >> 16, h->spec & 0xffff);
	if (type == REGULAR || type == SYMLINK) {
		node.data = h->end;
		node.size = h->size;
	}
	if (type == HARDLINK)
		node.data = h->spec;
	return build_add(&rom->build, &node, &entry, last);
}

/* The bytes of a file or symlink. */
static int check_data(struct romfs *rom, const struct header *h)
{
	if ((uint64_t)h->end + h->size > rom->size)
		return romfs_refuse(rom, h->offset, "data 0x%x + 0x%x reaches outside of the image (0x%x bytes)",
				    h->end, h->size, rom->size);
	if ((h->bits & TYPE) != SYMLINK)
		return 0;
	if (!h->size || h->size >= PATH_MAX)
		return romfs_refuse(rom, h->offset, "symlink target has %u bytes, expected 1 to %u", h->size,
				    PATH_MAX - 1);
	if (memchr(rom->image + h->end, 0, h->size))
		return romfs_refuse(rom, h->offset, "symlink target has a NUL in it");
	return 0;
}

static int check_entry(struct romfs *rom, const struct header *h)
{
	switch (h->bits & TYPE) {
	case HARDLINK:
		return check_target(rom, h->offset, "hard link target", h->spec);
	case REGULAR:
	case SYMLINK:
		return check_data(rom, h);
	default:
		return 0;
	}
}

/* "." or "..", which are no nodes: who walks the tree knows where they lead, so here they need only lead into the
 * image. @seen: a bit each. */
static int read_dot(struct romfs *rom, const struct header *h, unsigned int *seen)
{
	unsigned int bit = 1u << h->length;

	if ((h->bits & TYPE) != HARDLINK)
		return romfs_refuse(rom, h->offset, "\"%s\" has type %u, expected a hard link", h->name,
				    h->bits & TYPE);
	if (*seen & bit)
		return romfs_refuse(rom, h->offset, "\"%s\" is there twice in its directory", h->name);
	*seen |= bit;
	return check_entry(rom, h);
}

static int read_entry(struct romfs *rom, const struct header *h, uint32_t parent, uint32_t *last)
{
	int error = check_entry(rom, h);

	return error ? error : add_node(rom, h, parent, last);
}

static bool is_dot(const struct header *h)
{
	return !strcmp(h->name, ".") || !strcmp(h->name, "..");
}

/*
 * A directory that names itself as its first entry: genromfs writes the root so, which is its own "."; and a
 * directory without "." and ".." (left out by -x) that has no entries.
 */
static int read_directory(struct romfs *rom, uint32_t dir)
{
	const char *what = "first entry";
	uint32_t from = rom->build.entries[dir].where;
	uint32_t at = be32(rom, from + 4);
	uint32_t last = IMAGE_NONE;
	unsigned int dots = 0;
	struct header h;
	int error;

	if (at == from) {
		at = dir ? 0 : be32(rom, from) & ~(UNIT - 1);
		what = "next header";
	}
	while (at) {
		error = read_header(rom, from, what, at, &h);
		if (!error)
			error = is_dot(&h) ? read_dot(rom, &h, &dots) : read_entry(rom, &h, dir, &last);
		if (error)
			return error;
		from = at;
		at = h.next;
		what = "next header";
	}
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static int read_super(struct romfs *rom, size_t size, struct image_tree *tree, uint32_t *root)
{
	uint32_t length;
	int error;

	if (size < UNIT || memcmp(rom->image, magic, sizeof(magic)))
		return romfs_refuse(rom, 0, "no romfs superblock here, it starts with \"-rom1fs-\"");
	rom->size = be32(rom, 8);
	if (rom->size > size)
		return romfs_refuse(rom, 0, "truncated: the file system has 0x%x bytes, the image only 0x%zx",
				    rom->size, size);
	if (rom->size < 2 * HEADER_MIN)
		return romfs_refuse(rom, 0, "the file system has 0x%x bytes, too few for a root directory", rom->size);
	error = check_sum(rom, 0, rom->size < SUMMED ? rom->size : SUMMED, "superblock");
	if (!error)
		error = read_name(rom, 0, "volume name", &length, root);
	if (error)
		return error;
	tree->format = IMAGE_ROMFS;
	tree->bytes = rom->size;
	if (length >= sizeof(tree->volume))
		length = sizeof(tree->volume) - 1;
	memcpy(tree->volume, rom->image + UNIT, length);
	return 0;
}

static int read_tree(struct romfs *rom, uint32_t root)
{
	struct header h;
	int error;

	rom->units = calloc(rom->size / UNIT + 1, sizeof(*rom->units));
	if (!rom->units)
		return -ENOMEM;
	memset(rom->units, UNIT_INSIDE, root / UNIT);
	error = read_header(rom, 0, "root directory", root, &h);
	if (error)
		return error;
	if ((h.bits & TYPE) != DIRECTORY)
		return romfs_refuse(rom, root, "the root has type %u, expected %d, a directory", h.bits & TYPE,
				    DIRECTORY);
	h.length = 0; /* genromfs calls it "." */
	error = add_node(rom, &h, 0, NULL);
	for (uint32_t i = 0; i < rom->build.count && !error; i++)
		if (S_ISDIR(rom->build.nodes[i].mode))
			error = read_directory(rom, i);
	return error;
}

/* What can be said only when all headers are read. */
static int check_tree(struct romfs *rom)
{
	struct build *build = &rom->build;
	uint32_t *scratch = malloc(build->count * sizeof(*scratch));
	uint32_t first, second;
	int error;

	if (!scratch)
		return -ENOMEM;
	if (build_double_name(build, scratch, &first, &second))
		error = romfs_refuse(rom, build->entries[second].where, "name is that of the entry at 0x%x too",
				     build->entries[first].where);
	else
		error = romfs_resolve_links(rom, scratch);
	free(scratch);
	return error;
}

int romfs_recognise(const void *image, size_t size)
{
	return size >= sizeof(magic) && !memcmp(image, magic, sizeof(magic));
}

int romfs_read(const void *image, size_t size, struct image_tree *tree, struct nommu_why *why)
{
	struct romfs rom = { .image = image, .why = why };
	uint32_t root;
	int error;

	memset(tree, 0, sizeof(*tree));
	why->text[0] = 0;
	error = read_super(&rom, size, tree, &root);
	if (!error)
		error = read_tree(&rom, root);
	if (!error)
		error = check_tree(&rom);
	if (!error)
		error = build_finish(&rom.build, tree);
	build_free(&rom.build);
	free(rom.units);
	if (error)
		memset(tree, 0, sizeof(*tree));
	if (error == -ENOMEM)
		snprintf(why->text, sizeof(why->text), "romfs: no memory for the tree of this image");
	return error;
}
