/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUSY_TRIES 20 /* a process that was killed may take a moment to go */
#define BUSY_MS    5

static int make_in(struct place *place, const char *base)
{
	int n = snprintf(place->dir, sizeof(place->dir) - sizeof("/board"), "%s/nommu-run-XXXXXX", base);

	if (n < 0 || (size_t)n >= sizeof(place->dir) - sizeof("/board"))
		return -ENAMETOOLONG;
	if (!mkdtemp(place->dir))
		return -errno;
	memcpy(place->mnt, place->dir, (size_t)n);
	memcpy(place->mnt + n, "/board", sizeof("/board"));
	if (mkdir(place->mnt, 0700) < 0) {
		int error = errno;

		rmdir(place->dir);
		return -error;
	}
	return 0;
}

int place_make(struct place *place, struct nommu_why *why)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int rc = -ENOENT;

	if (runtime && runtime[0] == '/')
		rc = make_in(place, runtime);
	if (rc < 0)
		rc = make_in(place, "/tmp");
	if (rc < 0)
		snprintf(why->text, sizeof(why->text), "cannot make a folder for the board in /tmp: %s", strerror(-rc));
	return rc;
}

bool place_mounted(const struct place *place)
{
	struct statx st;

	if (statx(AT_FDCWD, place->mnt, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0, &st) < 0)
		return errno != ENOENT;
	return st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* A user who is not root unmounts by FUSE's own program, which need not be in the $PATH that the program is to have. */
static void fusermount(const struct place *place, bool lazy)
{
	static const char *const programs[] = { "/usr/bin/fusermount3", "/usr/local/bin/fusermount3", "fusermount3" };
	static char name[] = "fusermount3", unmount[] = "-qu", detach[] = "-quz";
	char mnt[PATH_MAX];
	char *argv[] = { name, lazy ? detach : unmount, mnt, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	int status, error = ENOENT;

	memcpy(mnt, place->mnt, sizeof(mnt));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	for (size_t i = 0; error && i < sizeof(programs) / sizeof(programs[0]); i++)
		error = posix_spawnp(&pid, programs[i], &actions, NULL, argv, environ);
	if (!error)
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
}

static bool unmount_once(const struct place *place, bool lazy)
{
	if (umount2(place->mnt, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) < 0 && errno == EPERM)
		fusermount(place, lazy);
	return !place_mounted(place);
}

bool place_unmount(const struct place *place)
{
	const struct timespec nap = { .tv_nsec = BUSY_MS * 1000000L };

	if (!place_mounted(place))
		return true;
	for (int i = 0; i < BUSY_TRIES; i++) {
		if (unmount_once(place, false))
			return true;
		nanosleep(&nap, NULL);
	}
	unmount_once(place, true);
	return false;
}

/* The daemon's own folder with its socket. */
static void remove_socket(const struct place *place, const char *name)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/attach", place->dir, name);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%s", place->dir, name);
	rmdir(path);
}

void place_remove(const struct place *place)
{
	struct dirent *entry;
	DIR *dir;

	if (rmdir(place->mnt) < 0 && errno != ENOENT)
		return;
	dir = opendir(place->dir);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "nommufs.", strlen("nommufs.")) == 0)
			remove_socket(place, entry->d_name);
	}
	if (dir)
		closedir(dir);
	rmdir(place->dir);
}
