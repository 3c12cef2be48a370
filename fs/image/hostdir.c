/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostdir - lays a directory of the host out as an image: first a look at everything, then the bytes.
 *
 * In between, and while it looks, others may change the directory: the layout is what was found at first, no file gets
 * more room than that, and no bytes are read but those of the file that was found, never by way of a symlink. Names and targets of symlinks are kept from the first look. Depth is bounded by the length
 * that the host lets a path have. Mounts below the directory are walked into.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/build.h"
#include "image/hostdir.h"

#define LEVELS     (PATH_MAX / 2) /* each takes a '/' and a byte */
#define BYTES_MAX  ((uint64_t)INT64_MAX)
#define PATH_SHOWN 150u /* bytes of a path in a message: its end tells more */

/* A name of what has several. */
struct link {
	dev_t dev;
	ino_t ino;
	uint32_t node;
};

struct level {
	uint32_t dir;  /* the node of the directory that is being walked */
	uint32_t last; /* of its entries; IMAGE_NONE */
};

struct walk {
	struct hostdir *dir;
	struct nommu_why *why;
	struct build build;
	struct heap names; /* of all nodes, with their NULs */
	struct heap links;
	struct level levels[LEVELS];
};

/* One line, whatever is in the path. */
int hostdir_refuse(struct nommu_why *why, int error, const char *path, const char *what)
{
	size_t length = strlen(path);
	bool cut = length > PATH_SHOWN;

	snprintf(why->text, sizeof(why->text), "%s%s: %s: %s", cut ? "..." : "",
		 cut ? path + length - PATH_SHOWN : path, what, strerror(-error));
	for (char *at = why->text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return error;
}

static int append(struct heap *heap, const void *bytes, size_t size)
{
	if (size > heap->room - heap->used) {
		size_t room = 2 * heap->room + size + 1024;
		char *grown = realloc(heap->bytes, room);

		if (!grown)
			return -ENOMEM;
		heap->bytes = grown;
		heap->room = room;
	}
	memcpy(heap->bytes + heap->used, bytes, size);
	heap->used += size;
	return 0;
}

/* ---- the first look -------------------------------------------------------------------------------------------- */

static int read_target(struct walk *walk, const FTSENT *entry, struct image_node *node)
{
	char target[PATH_MAX];
	ssize_t length = readlink(entry->fts_accpath, target, sizeof(target));

	if (length < 0 || length == sizeof(target))
		return hostdir_refuse(walk->why, length < 0 ? -errno : -ENAMETOOLONG, entry->fts_path, "cannot read the symlink");
	node->data = walk->dir->targets.used;
	node->size = (uint64_t)length;
	return append(&walk->dir->targets, target, (size_t)length);
}

/* What only some types have. */
static int look_closer(struct walk *walk, const FTSENT *entry, struct image_node *node)
{
	const struct stat *stat = entry->fts_statp;
	struct link link = { .dev = stat->st_dev, .ino = stat->st_ino, .node = walk->build.count };
	int error = 0;

	switch (node->mode & S_IFMT) {
	case S_IFDIR:
		return 0;
	case S_IFREG:
		node->size = (uint64_t)stat->st_size;
		break;
	case S_IFLNK:
		error = read_target(walk, entry, node);
		break;
	case S_IFCHR:
	case S_IFBLK:
		node->rdev = stat->st_rdev;
		break;
	}
	if (!error && stat->st_nlink > 1)
		error = append(&walk->links, &link, sizeof(link));
	return error;
}

static int add_node(struct walk *walk, const FTSENT *entry)
{
	const struct stat *stat = entry->fts_statp;
	uint32_t index = walk->build.count;
	struct level *level = &walk->levels[entry->fts_level];
	struct level *above = entry->fts_level ? level - 1 : level;
	/* Of the root no name, its path is not part of the tree. */
	const char *name = entry->fts_level ? entry->fts_name : "";
	struct build_entry known = { .length = (uint32_t)strlen(name) };
	struct image_node node = { .parent = index ? above->dir : 0,
				   .mode = stat->st_mode,
				   .uid = stat->st_uid,
				   .gid = stat->st_gid,
				   .mtime = stat->st_mtim.tv_sec,
				   .mtime_nsec = (uint32_t)stat->st_mtim.tv_nsec };
	const struct identity identity = { .dev = stat->st_dev, .ino = stat->st_ino };
	int error;

	if (index == IMAGE_NONE - 1)
		return hostdir_refuse(walk->why, -EFBIG, walk->dir->root, "has too many names in it");
	error = look_closer(walk, entry, &node);
	if (!error)
		error = append(&walk->dir->identities, &identity, sizeof(identity));
	if (!error)
		error = append(&walk->names, name, known.length + 1);
	if (!error)
		error = build_add(&walk->build, &node, &known, &above->last);
	if (!error && S_ISDIR(node.mode))
		*level = (struct level){ .dir = index, .last = IMAGE_NONE };
	return error;
}

static int visit(struct walk *walk, const FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_DP:
		return 0;
	case FTS_DC:
		return hostdir_refuse(walk->why, -ELOOP, entry->fts_path, "is a directory that it lies in");
	case FTS_DNR:
		return hostdir_refuse(walk->why, -entry->fts_errno, entry->fts_path, "cannot list the directory");
	case FTS_ERR:
	case FTS_NS:
		return hostdir_refuse(walk->why, -entry->fts_errno, entry->fts_path, "cannot look at it");
	}
	if (!entry->fts_level && entry->fts_info != FTS_D)
		return hostdir_refuse(walk->why, -ENOTDIR, entry->fts_path, "cannot make an image of it");
	if (entry->fts_level >= LEVELS)
		return hostdir_refuse(walk->why, -ENAMETOOLONG, entry->fts_path, "cannot look at it");
	return add_node(walk, entry);
}

static int by_bytes(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk_all(struct walk *walk)
{
	char *const roots[] = { walk->dir->root, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_bytes);
	FTSENT *entry;
	int error = 0;

	if (!fts)
		return -errno;
	for (;;) {
		errno = 0;
		entry = fts_read(fts);
		if (!entry)
			error = -errno;
		if (!entry || error)
			break;
		error = visit(walk, entry);
		if (error)
			break;
	}
	fts_close(fts);
	return error;
}

static int by_inode(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->node < y->node ? -1 : 1;
}

/* Names of one inode are next to each other when sorted, the lowest node first. */
static int settle_links(struct walk *walk)
{
	struct link *links = (struct link *)(void *)walk->links.bytes;
	struct image_node *nodes = walk->build.nodes;
	size_t count = walk->links.used / sizeof(*links);
	uint32_t *scratch = calloc(walk->build.count, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	if (count)
		qsort(links, count, sizeof(*links), by_inode);
	for (size_t i = 1; i < count; i++)
		if (links[i].dev == links[i - 1].dev && links[i].ino == links[i - 1].ino)
			nodes[links[i].node].inode = nodes[links[i - 1].node].inode;
	build_settle_inodes(&walk->build, scratch);
	free(scratch);
	return 0;
}

static int finish(struct walk *walk)
{
	const char *name = walk->names.bytes;

	/* They lay elsewhere whenever there was a new one. */
	for (uint32_t i = 0; i < walk->build.count; i++) {
		walk->build.entries[i].name = name;
		name += walk->build.entries[i].length + 1;
	}
	return build_finish(&walk->build, &walk->dir->tree);
}

static int look(struct hostdir *dir, struct nommu_why *why)
{
	struct walk walk = { .dir = dir, .why = why };
	int error = walk_all(&walk);

	if (!error)
		error = settle_links(&walk);
	if (!error)
		error = finish(&walk);
	build_free(&walk.build);
	free(walk.names.bytes);
	free(walk.links.bytes);
	return error;
}

/* ---- the layout ------------------------------------------------------------------------------------------------ */

/* Names of one inode were looked at one after the other: as the first one was, they all are. */
static void copy_inode(struct image_node *nodes, uint32_t i)
{
	struct image_node node = nodes[nodes[i].inode];

	node.name = nodes[i].name;
	node.parent = nodes[i].parent;
	node.next = nodes[i].next;
	nodes[i] = node;
}

/* Take @size bytes at the next multiple of the alignment. False: there is no such offset. */
static bool take(struct hostdir *dir, uint64_t size, uint64_t *offset)
{
	uint64_t at = (dir->size + dir->align - 1) & ~(uint64_t)(dir->align - 1);

	if (at > BYTES_MAX || size > BYTES_MAX - at)
		return false;
	*offset = at;
	dir->size = at + size;
	return true;
}

/* Targets begin at a multiple too, so that behind the end of any file there are zeroes. */
static int lay_out(struct hostdir *dir, struct nommu_why *why)
{
	struct image_node *nodes = dir->tree.nodes;
	bool fits = true;

	for (uint32_t i = 0; i < dir->tree.count && fits; i++)
		if (hostdir_has_bytes(dir, i))
			fits = take(dir, nodes[i].size, &nodes[i].data);
	if (fits && dir->targets.used)
		fits = take(dir, dir->targets.used, &dir->targets_at);
	if (!fits)
		return hostdir_refuse(why, -EFBIG, dir->root, "has too many bytes in it");
	for (uint32_t i = 0; i < dir->tree.count; i++) {
		if (nodes[i].inode != i)
			copy_inode(nodes, i);
		else if (S_ISLNK(nodes[i].mode))
			nodes[i].data += dir->targets_at;
	}
	return 0;
}

/* The last part of the path; of "/" nothing. */
static void name_volume(struct hostdir *dir)
{
	snprintf(dir->tree.volume, sizeof(dir->tree.volume), "%s", strrchr(dir->root, '/') + 1);
}

static int open_at(struct hostdir *dir, const char *path, struct nommu_why *why)
{
	int error;

	dir->root = realpath(path, NULL);
	if (!dir->root)
		return hostdir_refuse(why, -errno, path, "cannot look at it");
	error = look(dir, why);
	if (!error)
		error = lay_out(dir, why);
	if (!error) {
		dir->root_fd = open(dir->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		error = dir->root_fd < 0 ? -errno : 0;
	}
	if (error)
		return why->text[0] ? error : hostdir_refuse(why, error, dir->root, "cannot look at everything in it");
	name_volume(dir);
	dir->tree.format = IMAGE_DIRECTORY;
	dir->tree.owners = true;
	dir->tree.bytes = dir->size;
	return 0;
}

int hostdir_open(const char *path, uint32_t align, struct hostdir **result, struct nommu_why *why)
{
	struct hostdir *dir;
	int error;

	*result = NULL;
	if (align & (align - 1))
		return hostdir_refuse(why, -EINVAL, path, "alignment is no power of two");
	dir = calloc(1, sizeof(*dir));
	if (!dir)
		return hostdir_refuse(why, -ENOMEM, path, "cannot look at it");
	why->text[0] = 0;
	dir->align = align ? align : HOSTDIR_ALIGN;
	dir->root_fd = -1;
	error = open_at(dir, path, why);
	if (error)
		hostdir_close(dir);
	else
		*result = dir;
	return error;
}

uint64_t hostdir_size(const struct hostdir *dir)
{
	return dir->size;
}
