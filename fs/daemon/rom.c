/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rom - an image as /rom: loaded into sealed memory, which becomes a window of the board, its files in place.
 *
 * What happens to the image file later cannot hurt the mount. The reader never looks outside of the image, and its
 * offsets are used on the very bytes that it checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/fs.h"
#include "daemon/host.h"
#include "image/image.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

struct rom {
	const char *path; /* the caller's */
	int fd;      /* sealed; -1 once the board has it */
	size_t size; /* of the image */
	struct image_tree tree;
};

static int fail(struct nommu_why *why, int error, const char *path, const char *what)
{
	snprintf(why->text, sizeof(why->text), "%s: %s: %s", path, what, strerror(-error));
	return error;
}

/* ---- loading --------------------------------------------------------------------------------------------------- */

/* Memory that programs may execute; older kernels know no MFD_EXEC, and allow it always. */
static int make_memory(void)
{
	int fd = memfd_create("nommu-rom", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("nommu-rom", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int read_all(int fd, char *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, to + done, size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENODATA; /* it is being truncated */
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The bytes of @fd into @memory, which is sealed then. */
static int fill(int fd, size_t size, int memory)
{
	size_t room = (size + NOMMU_PAGE_SIZE - 1) & ~(NOMMU_PAGE_SIZE - 1);
	char *to;
	int error;

	if (ftruncate(memory, (off_t)room))
		return -errno;
	/* Reserved now, so that nobody meets SIGBUS later. */
	error = -posix_fallocate(memory, 0, (off_t)room);
	if (error)
		return error;
	to = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (to == MAP_FAILED)
		return -errno;
	error = read_all(fd, to, size);
	munmap(to, room);
	if (error)
		return error;
	if (fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	return 0;
}

/* Whether it begins as a romfs does: before the memory for all of it is taken. */
static int recognise(int fd, size_t size, const char *path, struct nommu_why *why)
{
	char head[512];
	size_t length = size < sizeof(head) ? size : sizeof(head);
	int error = read_all(fd, head, length);

	if (error)
		return fail(why, error, path, "cannot read the image");
	if (romfs_recognise(head, length))
		return lseek(fd, 0, SEEK_SET) ? fail(why, -errno, path, "cannot read the image") : 0;
	snprintf(why->text, sizeof(why->text), "%s: not a romfs image (it does not begin with -rom1fs-)", path);
	return -EINVAL;
}

static int load_from(struct rom *rom, int fd, const char *path, struct nommu_why *why)
{
	struct stat stat;
	int error;

	if (fstat(fd, &stat))
		return fail(why, -errno, path, "cannot open the image");
	if (!S_ISREG(stat.st_mode)) {
		snprintf(why->text, sizeof(why->text), "%s: neither a romfs image nor the word none", path);
		return -EINVAL;
	}
	rom->size = (size_t)stat.st_size;
	error = recognise(fd, rom->size, path, why);
	if (!error)
		error = host_can_spare(rom->size, path, why);
	if (error)
		return error;
	rom->fd = make_memory();
	error = rom->fd < 0 ? rom->fd : fill(fd, rom->size, rom->fd);
	return error ? fail(why, error, path, "cannot load the image") : 0;
}

static int load(struct rom *rom, const char *path, struct nommu_why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0)
		return fail(why, -errno, path, "cannot open the image");
	error = load_from(rom, fd, path, why);
	close(fd);
	return error;
}

static int parse(struct rom *rom, const char *path, struct nommu_why *why)
{
	void *image = mmap(NULL, rom->size, PROT_READ, MAP_SHARED, rom->fd, 0);
	struct nommu_why detail = {""};
	int error;

	if (image == MAP_FAILED)
		return fail(why, -errno, path, "cannot map the image");
	error = romfs_read(image, rom->size, &rom->tree, &detail);
	if (error && detail.text[0])
		snprintf(why->text, sizeof(why->text), "%.80s: %.170s", path, detail.text);
	else if (error)
		fail(why, error, path, "cannot read the image");
	munmap(image, rom->size);
	return error;
}

int rom_open(const char *path, struct rom **result, struct nommu_why *why)
{
	struct rom *rom = calloc(1, sizeof(*rom));
	int error;

	if (!rom)
		return fail(why, -ENOMEM, path, "cannot load the image");
	rom->path = path;
	rom->fd = -1;
	error = load(rom, path, why);
	if (!error)
		error = parse(rom, path, why);
	if (error) {
		rom_close(rom);
		return error;
	}
	*result = rom;
	return 0;
}

void rom_close(struct rom *rom)
{
	if (!rom)
		return;
	image_tree_free(&rom->tree);
	if (rom->fd >= 0)
		close(rom->fd);
	free(rom);
}

/* ---- the tree -------------------------------------------------------------------------------------------------- */

static bool is_file(mode_t mode)
{
	return S_ISREG(mode) || S_ISCHR(mode) || S_ISBLK(mode);
}

uint32_t rom_files(const struct rom *rom)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < rom->tree.count; i++)
		count += is_file(rom->tree.nodes[i].mode) && rom->tree.nodes[i].inode == i;
	return count;
}

/* The inode of a node: attributes, and a file's place in the window. */
static int make_inode(struct fs *fs, const struct image_node *node, const char *image, unsigned int window,
		      struct tree_inode **result)
{
	mode_t mode = node->mode;
	bool device = S_ISCHR(mode) || S_ISBLK(mode);
	struct tree_inode *inode;
	int error = 0;

	/* The host sees device nodes as empty regular files. */
	if (device)
		mode = S_IFREG | (mode & 07777);
	inode = tree_new(&fs->tree, 0, TREE_ROM, mode);
	if (!inode)
		return -ENOMEM;
	inode->what = device ? node->mode & S_IFMT : 0;
	/* A romfs has no owners: its files are whose the mount is, so that he may set xattrs on them. */
	inode->uid = node->uid ? node->uid : getuid();
	inode->gid = node->gid ? node->gid : getgid();
	inode->mtime.tv_sec = node->mtime;
	inode->atime = inode->ctime = inode->mtime;
	if (S_ISREG(mode) && !device)
		inode->size = node->size;
	inode->blocks = (inode->size + 511) / 512;
	if (S_ISREG(mode)) {
		error = fs_create_file(fs, inode, window, device ? 0 : node->data);
	} else if (S_ISLNK(mode)) {
		inode->text = strndup(image + node->data, node->size);
		inode->size = inode->text ? strlen(inode->text) : 0;
		error = inode->text ? 0 : -ENOMEM;
	}
	if (error)
		tree_put(&fs->tree, inode);
	else
		*result = inode;
	return error;
}

/* A node under its name, in the inode of its parent, which came before it. Of hard links the first makes the inode. */
static int add_node(struct fs *fs, const struct rom *rom, uint32_t i, const char *image, unsigned int window,
		    struct tree_inode **inodes)
{
	const struct image_node *node = &rom->tree.nodes[i];
	struct tree_inode *dir = i ? inodes[node->parent] : fs->tree.root;
	struct tree_inode *inode = inodes[node->inode];
	int error = 0;

	if (inode)
		tree_hold(inode);
	else
		error = make_inode(fs, node, image, window, &inode);
	if (error)
		return error;
	inodes[i] = inodes[node->inode] = inode;
	error = tree_link(&fs->tree, dir, i ? node->name : "rom", inode);
	tree_put(&fs->tree, inode);
	return error;
}

/* From the root down, whatever the order of nodes[] is: an inode must exist before names are put into it. */
static int add_tree(struct fs *fs, const struct rom *rom, const char *image, unsigned int window,
		    struct tree_inode **inodes, struct nommu_why *why)
{
	const struct image_node *nodes = rom->tree.nodes;
	uint32_t at = 0, next;

	for (;;) {
		int error = add_node(fs, rom, at, image, window, inodes);

		if (error) {
			snprintf(why->text, sizeof(why->text), "%.80s: cannot make '%.80s' of the image: %s", rom->path,
				 nodes[at].name, strerror(-error));
			return error;
		}
		/* Depth first: down, else along, else up and along. */
		next = nodes[at].child;
		while (next == IMAGE_NONE && at) {
			next = nodes[at].next;
			if (next == IMAGE_NONE)
				at = nodes[at].parent;
		}
		if (next == IMAGE_NONE)
			return 0;
		at = next;
	}
}

int rom_mount(struct rom *rom, struct fs *fs, struct nommu_why *why)
{
	struct tree_inode **inodes = calloc(rom->tree.count, sizeof(*inodes));
	struct nommu_window window, other;
	unsigned int index = 1;
	int error;

	if (!inodes)
		return fail(why, -ENOMEM, rom->path, "cannot make the image's tree");
	error = nommu_board_add_window(fs->board, NOMMU_WINDOW_ROM, rom->fd, rom->size, &window, why);
	if (error) {
		free(inodes);
		return error;
	}
	rom->fd = -1;
	while (nommu_board_window(fs->board, index, &other) && other.addr != window.addr)
		index++;
	error = add_tree(fs, rom, (const char *)(uintptr_t)window.addr, index, inodes, why);
	if (!error)
		fs->rom = inodes[0];
	free(inodes);
	return error;
}
