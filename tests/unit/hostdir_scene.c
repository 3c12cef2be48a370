/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hostdir_scene - packs directories of the host and compares; see hostdir_scene.h.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostdir_scene.h"
#include "image_tree.h"

#define NOBODY 65534

/* ---- making ---------------------------------------------------------------------------------------------------- */

const char *h_path(const char *dir, const char *name)
{
	static char paths[4][2 * PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void must(int result, const char *what, const char *path)
{
	ck_assert_msg(result == 0, "%s %s: %s", what, path, strerror(errno));
}

void h_mkdir(const char *dir, const char *name)
{
	must(mkdir(h_path(dir, name), 0755), "mkdir", name);
}

void h_symlink(const char *dir, const char *name, const char *target)
{
	must(symlink(target, h_path(dir, name)), "symlink", name);
}

void h_link(const char *dir, const char *from, const char *to)
{
	must(link(h_path(dir, from), h_path(dir, to)), "link", from);
}

void h_truncate(const char *dir, const char *name, off_t size)
{
	must(truncate(h_path(dir, name), size), "truncate", name);
}

bool h_device(const char *dir, const char *name, mode_t mode, dev_t rdev)
{
	int error = mknod(h_path(dir, name), mode, rdev) ? errno : 0;

	if (error == EPERM)
		printf("hostdir: no device node %s, making one is not permitted\n", name);
	else
		must(error ? -1 : 0, "mknod", name);
	return !error;
}

/* ---- packing --------------------------------------------------------------------------------------------------- */

/* The next descriptor that is free: nothing is left open if it stays. */
static int next_descriptor(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	close(fd);
	return fd;
}

struct hostdir *h_open(const char *path, uint32_t align)
{
	struct hostdir *dir = NULL;
	struct nommu_why why;
	int error, descriptor = next_descriptor();

	memset(&why, 'w', sizeof(why));
	error = hostdir_open(path, align, &dir, &why);
	/* One is kept, for the directory. */
	ck_assert_int_eq(next_descriptor(), descriptor + !error);
	ck_assert_msg(error == 0, "%d: %.255s", error, why.text);
	ck_assert_str_eq(why.text, "");
	return dir;
}

void h_finish(struct hostdir *dir, uint32_t align, struct h_image *image)
{
	struct nommu_why why;
	int error, descriptor = next_descriptor();

	memset(&why, 'w', sizeof(why));
	image->align = align ? align : HOSTDIR_ALIGN;
	image->size = hostdir_size(dir);
	/* Exactly as large, so that AddressSanitizer sees what goes beyond. */
	image->bytes = image->size ? calloc(1, image->size) : NULL;
	ck_assert(image->bytes || !image->size);
	error = hostdir_fill(dir, image->bytes, &why);
	ck_assert_int_eq(next_descriptor(), descriptor);
	ck_assert_msg(error == 0, "%d: %.255s", error, why.text);
	ck_assert_str_eq(why.text, "");
	ck_assert_int_eq(hostdir_tree(dir, &image->tree), 0);
	hostdir_close(dir);
	ck_assert_int_lt(next_descriptor(), descriptor);
}

void h_pack(const char *path, uint32_t align, struct h_image *image)
{
	h_finish(h_open(path, align), align, image);
}

void h_free(struct h_image *image)
{
	free(image->bytes);
	image_tree_free(&image->tree);
}

const struct image_node *h_node(const struct h_image *image, const char *path)
{
	const struct image_node *nodes = image->tree.nodes;
	uint32_t i = 0;

	for (const char *name = path; *name; name += strcspn(name, "/"), name += *name == '/') {
		size_t length = strcspn(name, "/");

		i = nodes[i].child;
		while (i != IMAGE_NONE && (strncmp(nodes[i].name, name, length) || nodes[i].name[length]))
			i = nodes[i].next;
		ck_assert_msg(i != IMAGE_NONE, "no node %s", path);
	}
	return &nodes[i];
}

/* ---- comparing ------------------------------------------------------------------------------------------------- */

struct comparison {
	const struct h_image *image;
	uint32_t met;     /* nodes */
	uint64_t end;     /* of the bytes that were met */
	struct stat *was; /* by node */
};

static void compare_zeroes(const struct h_image *image, uint64_t from, uint64_t to)
{
	while (from < to && !image->bytes[from])
		from++;
	ck_assert_msg(from >= to, "byte %ju is none's and not zero", (uintmax_t)from);
}

static void compare_file(struct comparison *c, const struct image_node *node, const char *path)
{
	const struct h_image *image = c->image;
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = malloc(node->size + 1);

	ck_assert_msg(file && bytes, "%s", path);
	ck_assert_uint_eq(fread(bytes, 1, node->size + 1, file), node->size);
	fclose(file);
	ck_assert(node->data % image->align == 0 && node->data >= c->end);
	ck_assert(node->data - c->end < image->align);
	ck_assert(node->data <= image->size && node->size <= image->size - node->data);
	ck_assert_msg(!memcmp(bytes, image->bytes + node->data, node->size), "the bytes of %s", path);
	compare_zeroes(image, c->end, node->data);
	c->end = node->data + node->size;
	free(bytes);
}

static void compare_target(const struct h_image *image, const struct image_node *node, const char *path)
{
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target));

	ck_assert_int_eq(length, (ssize_t)node->size);
	ck_assert(node->data <= image->size && node->size <= image->size - node->data);
	ck_assert_msg(!memcmp(target, image->bytes + node->data, node->size), "the target of %s", path);
}

static void compare_node(struct comparison *c, uint32_t i, const char *path)
{
	const struct image_node *node = &c->image->tree.nodes[i];
	struct stat *st = &c->was[i];

	must(lstat(path, st), "lstat", path);
	ck_assert_msg(node->mode == st->st_mode, "%s has mode %o, expected %o", path, node->mode, st->st_mode);
	ck_assert_uint_eq(node->uid, st->st_uid);
	ck_assert_uint_eq(node->gid, st->st_gid);
	ck_assert_int_eq(node->mtime, st->st_mtim.tv_sec);
	ck_assert_uint_eq(node->mtime_nsec, st->st_mtim.tv_nsec);
	ck_assert_uint_eq(node->rdev, S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode) ? st->st_rdev : 0);
	ck_assert_uint_eq(node->size, S_ISREG(st->st_mode) || S_ISLNK(st->st_mode) ? (uint64_t)st->st_size : 0);
	ck_assert(!node->packed);
	if (S_ISLNK(st->st_mode))
		compare_target(c->image, node, path);
	if (!S_ISREG(st->st_mode) || node->inode != i)
		return;
	if (node->size)
		compare_file(c, node, path);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void compare_directory(struct comparison *c, uint32_t dir, const char *path)
{
	const struct image_node *nodes = c->image->tree.nodes;
	uint32_t i = nodes[dir].child;
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, by_bytes);

	ck_assert_msg(count >= 0, "%s", path);
	for (int k = 0; k < count; k++) {
		const char *name = entries[k]->d_name;
		char below[PATH_MAX];

		if (strcmp(name, ".") && strcmp(name, "..")) {
			ck_assert_msg(i != IMAGE_NONE && !strcmp(nodes[i].name, name), "no %s in %s", name, path);
			ck_assert_int_lt(snprintf(below, sizeof(below), "%s/%s", path, name), PATH_MAX);
			ck_assert_uint_eq(i, ++c->met);
			compare_node(c, i, below);
			if (S_ISDIR(nodes[i].mode))
				compare_directory(c, i, below);
			i = nodes[i].next;
		}
		free(entries[k]);
	}
	free(entries);
	ck_assert_uint_eq(i, IMAGE_NONE);
}

static bool same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Two names are of one inode here if they are there. */
static void compare_links(const struct comparison *c)
{
	const struct image_node *nodes = c->image->tree.nodes;

	for (uint32_t i = 0; i < c->image->tree.count; i++) {
		bool same = true;

		for (uint32_t k = 0; k < i && same; k++)
			same = (nodes[i].inode == nodes[k].inode) == same_inode(&c->was[i], &c->was[k]);
		ck_assert_msg(same, "%s has other names here than there", nodes[i].name);
	}
}

/* Behind the files only the targets are, at a multiple too. */
static void compare_end(const struct comparison *c)
{
	const struct h_image *image = c->image;
	uint64_t first = image->size, bytes = 0;

	for (uint32_t i = 0; i < image->tree.count; i++) {
		const struct image_node *node = &image->tree.nodes[i];

		if (!S_ISLNK(node->mode))
			continue;
		first = node->data < first ? node->data : first;
		bytes += node->size;
	}
	ck_assert_uint_eq(image->size - first, bytes);
	ck_assert(first >= c->end && first - c->end < image->align && (!bytes || first % image->align == 0));
	compare_zeroes(image, c->end, first);
}

void h_compare(const struct h_image *image, const char *path)
{
	struct comparison c = { .image = image, .was = calloc(image->tree.count, sizeof(*c.was)) };
	const char *flaw = image_tree_flaw(&image->tree, image->size);

	ck_assert_msg(!flaw, "%s", flaw);
	ck_assert_ptr_nonnull(c.was);
	ck_assert_uint_eq(image->tree.format, IMAGE_DIRECTORY);
	ck_assert(image->tree.owners);
	ck_assert_uint_eq(image->tree.bytes, image->size);
	compare_node(&c, 0, path);
	compare_directory(&c, 0, path);
	ck_assert_uint_eq(c.met + 1, image->tree.count);
	compare_links(&c);
	compare_end(&c);
	free(c.was);
}

/* ---- refused --------------------------------------------------------------------------------------------------- */

void h_check_refused(const char *path, uint32_t align, int error, const char *line)
{
	struct hostdir *dir = (struct hostdir *)&error;
	struct nommu_why why;
	int descriptor = next_descriptor();

	memset(&why, 'w', sizeof(why));
	ck_assert_int_eq(hostdir_open(path, align, &dir, &why), error);
	ck_assert_int_eq(next_descriptor(), descriptor);
	ck_assert_ptr_null(dir);
	ck_assert_str_eq(why.text, line);
}

void h_check_unfilled(struct hostdir *dir, int error, const char *line)
{
	unsigned char *bytes = calloc(1, hostdir_size(dir));
	struct nommu_why why;
	int descriptor = next_descriptor();

	memset(&why, 'w', sizeof(why));
	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(hostdir_fill(dir, bytes, &why), error);
	ck_assert_int_eq(next_descriptor(), descriptor);
	ck_assert_str_eq(why.text, line);
	free(bytes);
	hostdir_close(dir);
}

void h_as_nobody(void (*run)(const char *dir), const char *dir)
{
	pid_t pid;
	int status;

	if (geteuid()) {
		run(dir);
		return;
	}
	must(chmod(dir, 0755), "chmod", dir);
	fflush(stdout);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		must(setegid(NOBODY), "setegid", dir);
		must(seteuid(NOBODY), "seteuid", dir);
		run(dir);
		/* What this process leaks is seen in its parent's tests. */
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
