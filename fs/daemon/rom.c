/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rom - images in the mount: each a window of the board, its files where they lie in it, its names under a path.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/fs.h"
#include "daemon/store.h"

struct rom {
	struct rom *next;
	const struct board_image *config; /* the caller's */
	struct store store;
	const char *image;     /* where the window is mapped */
	unsigned int window;
	struct packed *packed; /* what has to be unpacked */
	uint32_t packed_count;
};

static int fail(struct nommu_why *why, int error, const struct rom *rom, const char *what)
{
	snprintf(why->text, sizeof(why->text), "%.80s: %.170s", rom->config->file, what);
	return error;
}

int rom_open(const struct board_image *image, uint64_t *end, struct rom **result, struct nommu_why *why)
{
	struct rom *rom = calloc(1, sizeof(*rom));
	int error;

	if (!rom) {
		snprintf(why->text, sizeof(why->text), "%.120s: no memory", image->file);
		return -ENOMEM;
	}
	rom->config = image;
	error = store_open(&rom->store, image->file, image->align, end, why);
	if (error) {
		free(rom);
		return error;
	}
	*result = rom;
	return 0;
}

void rom_close(struct rom *rom)
{
	if (!rom)
		return;
	store_close(&rom->store);
	free(rom->packed);
	free(rom);
}

void rom_close_all(struct fs *fs)
{
	while (fs->roms) {
		struct rom *rom = fs->roms;

		fs->roms = rom->next;
		rom_close(rom);
	}
}

static bool is_file(mode_t mode)
{
	return S_ISREG(mode) || S_ISCHR(mode) || S_ISBLK(mode);
}

uint32_t rom_files(const struct rom *rom)
{
	const struct image_tree *tree = &rom->store.tree;
	uint32_t count = 0;

	for (uint32_t i = 0; i < tree->count; i++)
		count += is_file(tree->nodes[i].mode) && tree->nodes[i].inode == i;
	return count;
}

/* ---- inodes ---------------------------------------------------------------------------------------------------- */

static const struct packed *pack(struct rom *rom, const struct image_node *node)
{
	struct packed *packed = &rom->packed[rom->packed_count++];

	*packed = (struct packed){
		.image = rom->image,
		.size = rom->store.size,
		.format = rom->store.tree.format,
		.node = node,
	};
	return packed;
}

/* A symlink's target. */
static int read_target(const struct rom *rom, const struct image_node *node, struct tree_inode *inode)
{
	ssize_t got = (ssize_t)node->size;

	inode->text = calloc(node->size + 1, 1);
	if (!inode->text)
		return -ENOMEM;
	if (node->packed)
		got = image_unpack(rom->store.tree.format, rom->image, rom->store.size, node, 0, inode->text, node->size);
	else
		memcpy(inode->text, rom->image + node->data, node->size);
	inode->size = strlen(inode->text);
	return got < 0 ? (int)got : 0;
}

/* Of a format without owners files are whose the mount is, so that he may set xattrs on them. */
static void set_owner(const struct rom *rom, const struct image_node *node, struct tree_inode *inode)
{
	inode->uid = rom->store.tree.owners ? node->uid : getuid();
	inode->gid = rom->store.tree.owners ? node->gid : getgid();
}

/* The inode of a node: attributes, and a file's place. It has its name already. */
static int fill_inode(struct fs *fs, struct rom *rom, const struct image_node *node, struct tree_inode *inode)
{
	bool device = S_ISCHR(node->mode) || S_ISBLK(node->mode);

	inode->what = device ? node->mode & S_IFMT : 0;
	inode->rdev = (dev_t)node->rdev;
	inode->image = rom->config;
	set_owner(rom, node, inode);
	inode->mtime = (struct timespec){.tv_sec = node->mtime, .tv_nsec = node->mtime_nsec};
	inode->atime = inode->ctime = inode->mtime;
	if (S_ISLNK(node->mode))
		return read_target(rom, node, inode);
	if (!is_file(node->mode))
		return 0;
	if (!device) {
		inode->size = node->size;
		inode->packed = node->packed ? pack(rom, node) : NULL;
	}
	inode->blocks = (inode->size + 511) / 512;
	return fs_create_file(fs, inode, rom->window, inode->size ? node->data : 0);
}

/* A node under its name, in the inode of its parent, which came before it. Of hard links the first makes the inode. */
static int add_node(struct fs *fs, struct rom *rom, uint32_t i, struct tree_inode *dir, const char *name,
		    struct tree_inode **inodes)
{
	const struct image_node *node = &rom->store.tree.nodes[i];
	struct tree_inode *inode = inodes[node->inode];
	bool fresh = !inode;
	mode_t mode = node->mode;
	int error;

	/* The host sees device nodes as empty regular files. */
	if (S_ISCHR(mode) || S_ISBLK(mode))
		mode = S_IFREG | (mode & 07777);
	if (fresh)
		inode = tree_new(&fs->tree, 0, TREE_ROM, mode);
	else
		tree_hold(inode);
	if (!inode)
		return -ENOMEM;
	error = tree_link(&fs->tree, dir, name, inode);
	if (!error && fresh)
		error = fill_inode(fs, rom, node, inode);
	inodes[i] = inodes[node->inode] = inode;
	tree_put(&fs->tree, inode);
	return error;
}

/* From the root down, whatever the order of nodes[] is: an inode must exist before names are put into it. */
static int add_tree(struct fs *fs, struct rom *rom, struct tree_inode *dir, const char *name, struct nommu_why *why)
{
	const struct image_tree *tree = &rom->store.tree;
	struct tree_inode **inodes = calloc(tree->count, sizeof(*inodes));
	const struct image_node *nodes = tree->nodes;
	uint32_t at = 0, next;
	int error = inodes ? add_node(fs, rom, 0, dir, name, inodes) : -ENOMEM;

	while (!error) {
		/* Depth first: down, else along, else up and along. */
		next = nodes[at].child;
		while (next == IMAGE_NONE && at) {
			next = nodes[at].next;
			if (next == IMAGE_NONE)
				at = nodes[at].parent;
		}
		if (next == IMAGE_NONE)
			break;
		at = next;
		error = add_node(fs, rom, at, inodes[nodes[at].parent], nodes[at].name, inodes);
	}
	free(inodes);
	if (error)
		snprintf(why->text, sizeof(why->text), "%.80s: cannot make '%.80s' of the image: %s", rom->config->file,
			 nodes[at].name, strerror(-error));
	return error;
}

/* ---- the place ------------------------------------------------------------------------------------------------- */

/* The directory that @path's last name belongs into; what is missing is made. */
static int find_place(struct fs *fs, const char *path, struct tree_inode **dir, char name[static TREE_NAME_MAX + 1])
{
	*dir = fs->tree.root;
	for (;;) {
		size_t length;
		int error;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (length > TREE_NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, length);
		name[length] = '\0';
		path += length;
		if (!*path)
			return tree_lookup(&fs->tree, *dir, name) ? -EEXIST : 0;
		error = fs_make_directory(fs, *dir, name, dir);
		if (!error && (*dir)->area != TREE_RAM)
			error = -EROFS;
		if (error)
			return error;
	}
}

/* Only what is packed is still looked at. */
static void keep(struct fs *fs, struct rom *rom)
{
	if (!rom->packed_count)
		image_tree_free(&rom->store.tree);
	rom->next = fs->roms;
	fs->roms = rom;
}

static uint32_t count_packed(const struct image_tree *tree)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < tree->count; i++)
		count += tree->nodes[i].packed;
	return count;
}

int rom_mount(struct rom *rom, struct fs *fs, struct nommu_why *why)
{
	char name[TREE_NAME_MAX + 1], text[160];
	struct nommu_why detail = {""};
	struct nommu_window window, other;
	struct tree_inode *dir;
	int error;

	rom->packed = calloc(count_packed(&rom->store.tree) + 1, sizeof(*rom->packed));
	if (!rom->packed)
		return fail(why, -ENOMEM, rom, "no memory");
	error = find_place(fs, rom->config->path, &dir, name);
	if (error) {
		snprintf(text, sizeof(text), "cannot appear at %.80s: %s", rom->config->path, strerror(-error));
		return fail(why, error, rom, text);
	}
	error = nommu_board_add_window(fs->board, NOMMU_WINDOW_ROM, rom->store.fd, rom->store.size, &window, &detail);
	if (error)
		return fail(why, error, rom, detail.text);
	rom->store.fd = -1;
	rom->image = (const char *)(uintptr_t)window.addr;
	for (rom->window = 1; nommu_board_window(fs->board, rom->window, &other) && other.addr != window.addr;)
		rom->window++;
	error = add_tree(fs, rom, dir, name, why);
	if (error)
		return error;
	/* The tree in RAM has room beside it. */
	fs->inodes_max -= rom_files(rom);
	keep(fs, rom);
	return 0;
}
