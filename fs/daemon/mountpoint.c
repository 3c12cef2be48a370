/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mountpoint - see mountpoint.h */
#include "daemon/mountpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define TYPE_MAX   64
#define STACK_MAX  16 /* dead mounts on top of each other */

extern char **environ;

static int fail(struct nommu_why *why, int error, const char *path, const char *what)
{
	snprintf(why->text, sizeof(why->text), "%s: %s", path, what);
	return error;
}

/* ---- the host's mount table ------------------------------------------------------------------------------------ */

struct mount {
	char type[TYPE_MAX];
	dev_t dev;
};

/* Blanks and the like stand there as \040. */
static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* "id parent major:minor root MOUNTPOINT options [optional...] - TYPE source options" */
static bool parse_line(char *line, const char *path, struct mount *mount)
{
	char *behind = strstr(line, " - "), *point, *end;
	unsigned int major_number, minor_number;
	int root = 0;

	if (!behind || sscanf(line, "%*d %*d %u:%u %n", &major_number, &minor_number, &root) < 2 || !root)
		return false;
	point = strchr(line + root, ' ');
	end = point ? strchr(point + 1, ' ') : NULL;
	if (!end || sscanf(behind, " - %63s", mount->type) != 1)
		return false;
	*end = '\0';
	unescape(point + 1);
	mount->dev = makedev(major_number, minor_number);
	return !strcmp(point + 1, path);
}

/* What is mounted on @path; of several the last, which is on top. */
static bool find_mount(const char *path, struct mount *mount)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	struct mount candidate;
	bool found = false;
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return false;
	while (getline(&line, &room, file) > 0) {
		if (parse_line(line, path, &candidate)) {
			*mount = candidate;
			found = true;
		}
	}
	free(line);
	fclose(file);
	return found;
}

dev_t mountpoint_device(const char *absolute)
{
	struct mount mount;

	return find_mount(absolute, &mount) ? mount.dev : 0;
}

/* ---- taking down ----------------------------------------------------------------------------------------------- */

static int run_fusermount(const char *path)
{
	char *argv[] = {"fusermount3", "-u", "-q", "-z", "--", (char *)path, NULL};
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		return -EPERM;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -EPERM;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int take_down(const char *path)
{
	if (!umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW))
		return 0;
	return errno == EPERM ? run_fusermount(path) : -errno;
}

/* ---- checking -------------------------------------------------------------------------------------------------- */

/* As realpath, but the last component may be the mount of a dead daemon, which cannot be looked at. */
static char *resolve(const char *path)
{
	char *absolute = realpath(path, NULL), *copy, *slash, *parent, *result = NULL;

	if (absolute || (errno != ENOTCONN && errno != ECONNABORTED))
		return absolute;
	copy = strdup(path);
	if (!copy)
		return NULL;
	for (slash = copy + strlen(copy); slash > copy + 1 && slash[-1] == '/';)
		*--slash = '\0';
	slash = strrchr(copy, '/');
	if (slash)
		*slash = '\0';
	parent = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
	if (parent && asprintf(&result, "%s/%s", strcmp(parent, "/") ? parent : "", slash ? slash + 1 : copy) < 0)
		result = NULL;
	free(parent);
	free(copy);
	return result;
}

static int refuse(struct nommu_why *why, const char *path, const struct mount *mount)
{
	if (!strcmp(mount->type, MOUNTPOINT_TYPE))
		snprintf(why->text, sizeof(why->text),
			 "%.150s: a board is mounted here already; `fusermount3 -u` takes it down", path);
	else
		snprintf(why->text, sizeof(why->text), "%.120s: something is mounted here already (%.60s)", path,
			 mount->type);
	return -EBUSY;
}

/* One look at @path. 0: it is good; 1: a dead mount was taken down, look again. */
static int look(const char *path, struct nommu_why *why)
{
	bool dead = false;
	struct mount mount;
	struct statx stat;

	/* What the host remembers of a mount says nothing about its daemon. */
	if (statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &stat)) {
		dead = errno == ENOTCONN || errno == ECONNABORTED;
		if (!dead)
			return fail(why, -errno, path, strerror(errno));
	} else if (!S_ISDIR(stat.stx_mode)) {
		return fail(why, -ENOTDIR, path, "the mount point is not a directory");
	}
	if (!find_mount(path, &mount))
		return dead ? fail(why, -ENOTCONN, path, "inside of a mount whose daemon is dead") : 0;
	if (!dead)
		return refuse(why, path, &mount);
	if (strcmp(mount.type, MOUNTPOINT_TYPE)) {
		snprintf(why->text, sizeof(why->text),
			 "%.120s: a %.60s is mounted here whose daemon is dead; unmount it first", path, mount.type);
		return -EBUSY;
	}
	if (take_down(path))
		return fail(why, -EBUSY, path, "the mount of a dead nommufs is here and cannot be taken down");
	return 1;
}

int mountpoint_prepare(const char *path, char **absolute, struct nommu_why *why)
{
	int result = 1;

	*absolute = resolve(path);
	if (!*absolute) {
		int error = -errno;

		return fail(why, error, path,
			    error == -ENOENT ? "the mount point does not exist" : strerror(-error));
	}
	for (int i = 0; i < STACK_MAX && result == 1; i++)
		result = look(*absolute, why);
	if (result == 1)
		result = fail(why, -EBUSY, path, "too many dead mounts on top of each other");
	if (result) {
		free(*absolute);
		*absolute = NULL;
	}
	return result;
}
