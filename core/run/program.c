/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "run/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PATH_DEFAULT "/bin:/usr/bin" /* as execvp has it */
#define SCRIPT_DEPTH 4               /* interpreters that are scripts themselves; the kernel goes as far */
#define SCRIPT_LINE  256             /* bytes of a #! line that the kernel reads */

__attribute__((format(printf, 3, 4))) static int refuse(struct nommu_why *why, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return status;
}

/* ---- find ------------------------------------------------------------------------------------------------------ */

/* 0 if this can be executed, else the errno of execve, near enough. */
static int try_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

static int refuse_path(int error, struct nommu_why *why)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return refuse(why, PROGRAM_NOT_FOUND, "was not found");
	case EISDIR:
		return refuse(why, PROGRAM_NOT_EXECUTABLE, "is a directory; a program was expected");
	case EACCES:
		return refuse(why, PROGRAM_NOT_EXECUTABLE, "cannot be executed: no permission, or no regular file");
	default:
		return refuse(why, PROGRAM_NOT_EXECUTABLE, "cannot be executed: %s", strerror(error));
	}
}

/* One directory of the search, @len bytes long; an empty one is the current directory. */
static int try_dir(const char *dir, size_t len, const char *name, char path[static PATH_MAX])
{
	int n;

	if (len >= PATH_MAX)
		return ENAMETOOLONG;
	n = len ? snprintf(path, PATH_MAX, "%.*s/%s", (int)len, dir, name) : snprintf(path, PATH_MAX, "./%s", name);
	return n < 0 || n >= PATH_MAX ? ENAMETOOLONG : try_path(path);
}

static int search(const char *dirs, const char *name, char path[static PATH_MAX], struct nommu_why *why)
{
	bool denied = false;

	for (;;) {
		size_t len = strcspn(dirs, ":");
		int error = try_dir(dirs, len, name, path);

		if (error == 0)
			return 0;
		/* A folder that may not be searched is passed over, as shells do, and as if it were not there. */
		denied = denied || (error == EACCES && access(path, F_OK) == 0);
		if (dirs[len] == '\0')
			break;
		dirs += len + 1;
	}
	if (denied)
		return refuse(why, PROGRAM_NOT_EXECUTABLE,
			      "cannot be executed: no permission in any directory of $PATH");
	return refuse(why, PROGRAM_NOT_FOUND, "was not found in $PATH");
}

int program_find(const char *name, struct program *program, struct nommu_why *why)
{
	const char *dirs = getenv("PATH");
	int error;

	program->runtime[0] = '\0';
	if (name[0] && !strchr(name, '/'))
		return search(dirs ? dirs : PATH_DEFAULT, name, program->path, why);
	if (strlen(name) >= sizeof(program->path))
		return refuse(why, PROGRAM_NOT_EXECUTABLE, "cannot be executed: the path is too long");
	memcpy(program->path, name, strlen(name) + 1);
	error = try_path(name);
	return error ? refuse_path(error, why) : 0;
}

int program_beside(const char *name, const char *other, char path[static PATH_MAX])
{
	const char *const dirs[] = { ".", other };
	char self[PATH_MAX], joined[2 * PATH_MAX], *slash;
	ssize_t n;

	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return -ENOENT;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(joined, sizeof(joined), "%s/%s/%s", self, dirs[i], name);
		if (realpath(joined, path) && access(path, R_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

/* ---- check ----------------------------------------------------------------------------------------------------- */

/* The file name of the loader that starts nommu-run itself, and so the shim; "" if that cannot be told. */
static void own_loader(char name[static PATH_MAX])
{
	struct elf_info info = { .loader = "" };
	const char *slash;
	int fd;

	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		elf_read(fd, &info);
		close(fd);
	}
	slash = strrchr(info.loader, '/');
	snprintf(name, PATH_MAX, "%s", slash ? slash + 1 : info.loader);
}

/* What makes the kernel run it in secure mode, where the loader ignores LD_PRELOAD of other paths. */
static int check_privileges(int fd, const struct stat *st, struct nommu_why *why)
{
	const char *what = NULL;

	if (st->st_mode & S_ISUID)
		what = "is set-user-ID";
	else if ((st->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		what = "is set-group-ID";
	else if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
		what = "has file capabilities";
	if (!what)
		return 0;
	return refuse(why, PROGRAM_NOT_EXECUTABLE,
		      "%s: the dynamic loader does not preload the shim into such a program; run a copy without that",
		      what);
}

/* The interpreter of a #! line, as the kernel cuts it: to the first blank behind it. False: there is none, or it
 * may have been cut off. */
static bool script_interpreter(const char *line, size_t len, char path[static PATH_MAX])
{
	size_t start = 2, end;

	while (start < len && (line[start] == ' ' || line[start] == '\t'))
		start++;
	for (end = start; end < len; end++) {
		if (strchr(" \t\n", line[end])) /* NUL too */
			break;
	}
	if (end == start || (end == len && len == SCRIPT_LINE))
		return false;
	memcpy(path, line + start, end - start);
	path[end - start] = '\0';
	return true;
}

static int check_elf(int fd, struct program *program, struct nommu_why *why)
{
	char loader[PATH_MAX];
	struct elf_info info;
	struct stat st;
	int rc;

	own_loader(loader);
	rc = elf_check(fd, loader[0] ? loader : NULL, &info, why);
	if (rc == -ENOENT)
		return refuse(why, PROGRAM_NOT_EXECUTABLE,
			      "is neither an ELF program nor a script; put #!/bin/sh in front if it is a script");
	if (rc < 0)
		return PROGRAM_NOT_EXECUTABLE;
	memcpy(program->runtime, info.runtime, sizeof(program->runtime));
	if (fstat(fd, &st) < 0)
		return refuse(why, PROGRAM_NOT_EXECUTABLE, "cannot be read: %s", strerror(errno));
	return check_privileges(fd, &st, why);
}

/* One file of the chain. Returns 0 for a program, -ENOENT with @next for a script, else an exit status. */
static int check_file(const char *path, struct program *program, char next[static PATH_MAX], struct nommu_why *why)
{
	char line[SCRIPT_LINE];
	ssize_t n;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return refuse(why, PROGRAM_NOT_EXECUTABLE,
			      "cannot be read (%s), so nobody can tell whether it can be wrapped; make it readable",
			      strerror(errno));
	n = pread(fd, line, sizeof(line), 0);
	if (n < 2 || memcmp(line, "#!", 2) != 0)
		rc = check_elf(fd, program, why);
	else if (script_interpreter(line, (size_t)n, next))
		rc = -ENOENT;
	else
		rc = refuse(why, PROGRAM_NOT_EXECUTABLE, "is a script whose #! line names no interpreter");
	close(fd);
	return rc;
}

int program_check(struct program *program, struct nommu_why *why)
{
	char path[PATH_MAX], next[PATH_MAX];
	struct nommu_why inner;
	int rc, error;

	memcpy(path, program->path, sizeof(path));
	rc = check_file(path, program, next, why);
	for (int depth = 0; rc == -ENOENT; depth++) {
		if (depth == SCRIPT_DEPTH)
			return refuse(why, PROGRAM_NOT_EXECUTABLE,
				      "is a script whose interpreters are scripts too, more than %d deep",
				      SCRIPT_DEPTH);
		memcpy(path, next, sizeof(path));
		error = try_path(path);
		if (error)
			return refuse(why, PROGRAM_NOT_EXECUTABLE,
				      "is a script whose interpreter %.120s cannot be executed: %s", path,
				      strerror(error));
		rc = check_file(path, program, next, &inner);
		if (rc > 0)
			return refuse(why, rc, "is a script whose interpreter %.80s %.140s", path, inner.text);
	}
	return rc;
}
