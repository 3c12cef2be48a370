/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "nommufs."

/* A folder of ours with a socket that nobody serves; other users' and others' folders are left alone. */
static void clear_away(int base, const char *name)
{
	struct stat st;
	int fd;

	fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstatat(fd, FOLDER_SOCKET, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(st.st_mode) &&
	    unlinkat(fd, FOLDER_SOCKET, 0) == 0)
		unlinkat(base, name, AT_REMOVEDIR);
	close(fd);
}

static void clear_base(const char *base)
{
	struct dirent *entry;
	DIR *dir = opendir(base);

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
			clear_away(dirfd(dir), entry->d_name);
	}
	if (dir)
		closedir(dir);
}

int folder_make(struct folder *folder, const char *base)
{
	int n, error;

	n = snprintf(folder->path, sizeof(folder->path), "%s/" PREFIX "XXXXXX", base);
	if (n < 0 || (size_t)n + sizeof("/" FOLDER_SOCKET) > sizeof(folder->path))
		return -ENAMETOOLONG;
	clear_base(base);
	if (!mkdtemp(folder->path))
		return -errno;
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0 || flock(folder->fd, LOCK_EX | LOCK_NB) < 0) {
		error = errno;
		folder_remove(folder);
		return -error;
	}
	return 0;
}

void folder_remove(struct folder *folder)
{
	char path[sizeof(folder->path) + sizeof("/" FOLDER_SOCKET)];

	snprintf(path, sizeof(path), "%s/" FOLDER_SOCKET, folder->path);
	unlink(path);
	rmdir(folder->path);
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
}
