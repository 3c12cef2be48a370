/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hostdir_fill - reads the bytes of what hostdir looked at, and nothing else, whatever became of it since. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "image/hostdir.h"

static char *put_before(const char *start, char *at, const char *text)
{
	size_t length = strlen(text);

	return at && length <= (size_t)(at - start) ? memcpy(at - length, text, length) : NULL;
}

/* Where on the host a node is; it lies somewhere in @path. NULL: it is too long. */
static const char *path_of(const struct hostdir *dir, uint32_t i, char path[static PATH_MAX])
{
	char *at = path + PATH_MAX - 1;

	*at = 0;
	for (; i; i = dir->tree.nodes[i].parent) {
		at = put_before(path, at, dir->tree.nodes[i].name);
		at = put_before(path, at, "/");
	}
	return put_before(path, at, dir->root);
}

/* At most *@size bytes, which becomes how many there were. */
static int read_all(int fd, char *to, uint64_t *size)
{
	uint64_t done = 0;

	while (done < *size) {
		ssize_t n = read(fd, to + done, *size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		done += n > 0 ? (uint64_t)n : 0;
	}
	*size = done;
	return 0;
}

/* The file at @path, which begins with the root. A pipe that it may have become is not waited for. */
static int open_below(const struct hostdir *dir, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH };
	long fd;

	path += strlen(dir->root);
	path += strspn(path, "/");
	fd = syscall(SYS_openat2, dir->root_fd, path, &how, sizeof(how));
	/* Linux before 5.6: whether it is the same file is looked at afterwards. */
	if (fd < 0 && errno == ENOSYS)
		fd = openat(dir->root_fd, path, (int)how.flags);
	return fd < 0 ? -errno : (int)fd;
}

static int fill_file(struct hostdir *dir, uint32_t i, char *image, struct nommu_why *why)
{
	const struct identity *was = (const struct identity *)(const void *)dir->identities.bytes + i;
	struct image_node *node = &dir->tree.nodes[i];
	char buffer[PATH_MAX];
	const char *path = path_of(dir, i, buffer);
	struct stat stat;
	int fd, error;

	if (!path)
		return hostdir_refuse(why, -ENAMETOOLONG, node->name, "cannot open the file");
	fd = open_below(dir, path);
	if (fd < 0)
		return hostdir_refuse(why, fd, path, "cannot open the file");
	if (fstat(fd, &stat))
		error = hostdir_refuse(why, -errno, path, "cannot read the file");
	else if (!S_ISREG(stat.st_mode))
		error = hostdir_refuse(why, -ESTALE, path, "is no regular file any more");
	else if (stat.st_dev != was->dev || stat.st_ino != was->ino)
		error = hostdir_refuse(why, -ESTALE, path, "is another file now");
	else
		error = read_all(fd, image + node->data, &node->size);
	close(fd);
	return error && !why->text[0] ? hostdir_refuse(why, error, path, "cannot read the file") : error;
}

int hostdir_fill(struct hostdir *dir, void *image, struct nommu_why *why)
{
	struct image_node *nodes = dir->tree.nodes;

	why->text[0] = 0;
	for (uint32_t i = 0; i < dir->tree.count; i++) {
		int error = hostdir_has_bytes(dir, i) ? fill_file(dir, i, image, why) : 0;

		if (error)
			return error;
		/* The first name came before. */
		nodes[i].size = nodes[nodes[i].inode].size;
	}
	if (dir->targets.used)
		memcpy((char *)image + dir->targets_at, dir->targets.bytes, dir->targets.used);
	return 0;
}

int hostdir_tree(struct hostdir *dir, struct image_tree *tree)
{
	if (!dir->tree.nodes)
		return -EINVAL;
	*tree = dir->tree;
	dir->tree = (struct image_tree){ 0 };
	return 0;
}

void hostdir_close(struct hostdir *dir)
{
	if (!dir)
		return;
	image_tree_free(&dir->tree);
	free(dir->targets.bytes);
	free(dir->identities.bytes);
	if (dir->root_fd >= 0)
		close(dir->root_fd);
	free(dir->root);
	free(dir);
}
