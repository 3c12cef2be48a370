/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_file - makes what images are made of, and has them made.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image_file.h"

/* ---- files ----------------------------------------------------------------------------------------------------- */

void t_directory_make(char path[static 64])
{
	const char *base = getenv("TMPDIR");

	/* The path has to be short enough for whatever is made below it. */
	if (!base || strlen(base) > 32)
		base = "/tmp";
	snprintf(path, 64, "%s/nommu-image.XXXXXX", base);
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

void t_directory_remove(const char *path)
{
	ck_assert_int_eq(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void t_file_make(const char *dir, const char *name, size_t size, unsigned int mode)
{
	char path[512];
	uint32_t value = (uint32_t)size + 1;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "wb");
	ck_assert_msg(file != NULL, "%s", path);
	for (size_t i = 0; i < size; i++) {
		value = value * 1664525 + 1013904223;
		fputc((int)(value >> 24), file);
	}
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void read_all(struct t_image *image, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &stat), 0);
	image->size = (size_t)stat.st_size;
	image->room = image->size;
	image->bytes = malloc(image->size);
	ck_assert_ptr_nonnull(image->bytes);
	ck_assert_int_eq(read(fd, image->bytes, image->size), stat.st_size);
	close(fd);
}

void t_image_run(struct t_image *image, char *const *argv, const char *path)
{
	const char *given = getenv("PATH");
	char places[4096];
	pid_t pid;
	int status;

	/* Where the makers of file systems are. */
	snprintf(places, sizeof(places), "%s:/usr/sbin:/sbin", given ? given : "/usr/bin:/bin");
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setenv("PATH", places, 1);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s failed, status 0x%x", argv[0], (unsigned int)status);
	if (!image)
		return;
	read_all(image, path);
	unlink(path);
}

/* ---- images in memory ------------------------------------------------------------------------------------------ */

void t_image_copy(struct t_image *copy, const struct t_image *image)
{
	copy->size = image->size;
	copy->room = image->size;
	copy->bytes = malloc(image->size ? image->size : 1);
	ck_assert_ptr_nonnull(copy->bytes);
	memcpy(copy->bytes, image->bytes, image->size);
}

void t_image_free(struct t_image *image)
{
	free(image->bytes);
	memset(image, 0, sizeof(*image));
}

unsigned char *t_image_extend(struct t_image *image, size_t length)
{
	size_t old = image->size;

	if (old + length > image->room) {
		image->room = 2 * (old + length);
		image->bytes = realloc(image->bytes, image->room);
		ck_assert_ptr_nonnull(image->bytes);
	}
	memset(image->bytes + old, 0, length);
	image->size = old + length;
	return image->bytes + old;
}

/* ---- trees ----------------------------------------------------------------------------------------------------- */

static uint32_t find_child(const struct image_tree *tree, uint32_t dir, const char *name)
{
	for (uint32_t k = tree->nodes[dir].child; k != IMAGE_NONE; k = tree->nodes[k].next)
		if (!strcmp(tree->nodes[k].name, name))
			return k;
	return IMAGE_NONE;
}

uint32_t t_tree_find(const struct image_tree *tree, const char *path)
{
	char copy[512];
	uint32_t node = 0;

	ck_assert_int_lt(snprintf(copy, sizeof(copy), "%s", path), (int)sizeof(copy));
	for (char *name = strtok(copy, "/"); name && node != IMAGE_NONE; name = strtok(NULL, "/"))
		node = find_child(tree, node, name);
	return node;
}
