/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-stat - asks for a file by every function that can, and prints a line each.
 *
 * usage: shim-stat FOLDER NAME…   each NAME in FOLDER, and what it links to; @N is the inherited descriptor N
 *        shim-stat bad FILE       by pointers, descriptors, flags and paths that are not good
 *
 *	fstatat below null: char 1:3 0 0 | 0600 1 0 0 1234 0
 *
 * that is type, device number, size and blocks, and what no device changes. It says so if errno was touched by what
 * went well, or memory by what did not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Of headers before glibc 2.33. */
int __xstat(int version, const char *path, struct stat *st);
int __xstat64(int version, const char *path, struct stat64 *st);
int __lxstat(int version, const char *path, struct stat *st);
int __lxstat64(int version, const char *path, struct stat64 *st);
int __fxstat(int version, int fd, struct stat *st);
int __fxstat64(int version, int fd, struct stat64 *st);
int __fxstatat(int version, int dirfd, const char *path, struct stat *st, int flags);
int __fxstatat64(int version, int dirfd, const char *path, struct stat64 *st, int flags);

static union {
	struct stat st;
	struct stat64 st64;
	struct statx stx;
	unsigned char bytes[sizeof(struct statx)];
} to;

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "regular";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFCHR:
		return "char";
	case S_IFBLK:
		return "block";
	case S_IFIFO:
		return "fifo";
	default:
		return "other";
	}
}

static void ready(void)
{
	memset(&to, 0xa5, sizeof(to));
	errno = EXDEV;
}

static int failed(long result)
{
	if (result == 0) {
		if (errno != EXDEV)
			printf(" errno was touched:");
		return 0;
	}
	printf(" %s%s", strerrorname_np(errno), result == -1 ? "" : ", but another result than -1");
	for (size_t i = 0; i < sizeof(to); i++) {
		if (to.bytes[i] != 0xa5) {
			printf(", memory was touched");
			break;
		}
	}
	return 1;
}

static void say(long result)
{
	const struct stat *st = &to.st;

	if (!failed(result))
		printf(" %s %u:%u %ld %ld | %04o %lu %u %u %lu %ld %ld", type_name(st->st_mode), major(st->st_rdev),
		       minor(st->st_rdev), (long)st->st_size, (long)st->st_blocks, st->st_mode & 07777,
		       (unsigned long)st->st_nlink, st->st_uid, st->st_gid, (unsigned long)st->st_ino,
		       (long)st->st_mtime, (long)st->st_blksize);
	putchar('\n');
}

static void say_x(long result)
{
	const struct statx *st = &to.stx;

	if (!failed(result))
		printf(" %s %u:%u %ld %ld | %04o %u %u %u %lu %ld %u %u", type_name(st->stx_mode), st->stx_rdev_major,
		       st->stx_rdev_minor, (long)st->stx_size, (long)st->stx_blocks, st->stx_mode & 07777u,
		       st->stx_nlink, st->stx_uid, st->stx_gid, (unsigned long)st->stx_ino, (long)st->stx_mtime.tv_sec,
		       st->stx_blksize, st->stx_mask & STATX_BASIC_STATS);
	putchar('\n');
}

#define CALL(call, what) (printf("%s %s:", #call, what), ready(), say(call))
#define CALL_X(call, what) (printf("%s %s:", #call, what), ready(), say_x(call))

/* What the compiler shall not know of: no pointer that a prototype forbids. */
static char *volatile no_path;
static struct stat *volatile no_st;

static void by_descriptor(int fd, const char *what)
{
	const char *none = no_path;

	CALL(fstat(fd, &to.st), what);
	CALL(fstat64(fd, &to.st64), what);
	CALL(__fxstat(0, fd, &to.st), what);
	CALL(__fxstat(1, fd, &to.st), what);
	CALL(__fxstat64(1, fd, &to.st64), what);
	CALL(fstatat(fd, "", &to.st, AT_EMPTY_PATH), what);
	CALL(fstatat64(fd, "", &to.st64, AT_EMPTY_PATH), what);
	CALL(fstatat(fd, "", &to.st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW), what);
	CALL(fstatat(fd, none, &to.st, AT_EMPTY_PATH), what);
	CALL(fstatat(fd, "", &to.st, 0), what);
	CALL(__fxstatat(1, fd, "", &to.st, AT_EMPTY_PATH), what);
	CALL(syscall(SYS_fstat, fd, &to.st), what);
	CALL_X(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &to.stx), what);
	CALL_X(statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &to.stx), what);
	CALL_X(statx(fd, none, AT_EMPTY_PATH, STATX_BASIC_STATS, &to.stx), what);
}

static void by_path(const char *path, const char *what)
{
	CALL(stat(path, &to.st), what);
	CALL(stat64(path, &to.st64), what);
	CALL(lstat(path, &to.st), what);
	CALL(lstat64(path, &to.st64), what);
	CALL(__xstat(0, path, &to.st), what);
	CALL(__xstat(1, path, &to.st), what);
	CALL(__xstat64(1, path, &to.st64), what);
	CALL(__lxstat(1, path, &to.st), what);
	CALL(__lxstat64(1, path, &to.st64), what);
	CALL(fstatat(AT_FDCWD, path, &to.st, 0), what);
	CALL(syscall(SYS_stat, path, &to.st), what);
	CALL(syscall(SYS_lstat, path, &to.st), what);
	CALL(syscall(SYS_newfstatat, AT_FDCWD, path, &to.st, 0), what);
	CALL_X(syscall(SYS_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &to.stx), what);
	CALL_X(statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &to.stx), what);
}

static void below(int dirfd, const char *path, const char *what)
{
	CALL(fstatat(dirfd, path, &to.st, 0), what);
	CALL(fstatat(dirfd, path, &to.st, AT_SYMLINK_NOFOLLOW), what);
	CALL(fstatat64(dirfd, path, &to.st64, 0), what);
	CALL(fstatat64(dirfd, path, &to.st64, AT_EMPTY_PATH), what);
	CALL(__fxstatat(1, dirfd, path, &to.st, 0), what);
	CALL(__fxstatat64(1, dirfd, path, &to.st64, AT_SYMLINK_NOFOLLOW), what);
	CALL_X(statx(dirfd, path, 0, STATX_BASIC_STATS | STATX_BTIME, &to.stx), what);
	CALL_X(statx(dirfd, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &to.stx), what);
	CALL_X(statx(dirfd, path, 0, STATX_TYPE, &to.stx), what);
	CALL_X(statx(dirfd, path, 0, STATX_MODE, &to.stx), what);
	/* The type was not asked. */
	CALL_X(statx(dirfd, path, 0, STATX_SIZE | STATX_BLOCKS, &to.stx), what);
	CALL_X(statx(dirfd, path, 0, 0, &to.stx), what);
}

static void one(const char *folder, const char *name)
{
	int dirfd = open(folder, O_PATH | O_DIRECTORY);
	char path[PATH_MAX];
	int fd;

	if (name[0] == '@') {
		by_descriptor(atoi(name + 1), name);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	by_path(path, name);
	if (dirfd < 0 || fchdir(dirfd))
		exit(2);
	by_path(name, name);
	below(AT_FDCWD, name, name);
	if (chdir("/"))
		exit(2);
	below(dirfd, name, name);
	fd = openat(dirfd, name, O_PATH);
	by_descriptor(fd, name);
	close(fd);
	fd = openat(dirfd, name, O_PATH | O_NOFOLLOW);
	by_descriptor(fd, name);
	close(fd);
	/* A device of an image does not open. */
	fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK);
	printf("openat %s: %s\n", name, fd < 0 ? strerrorname_np(errno) : "ok");
	by_descriptor(fd, name);
	close(fd);
	close(dirfd);
}

static void bad(const char *file)
{
	static const char read_only[sizeof(struct stat)] = "";
	struct stat *const wrong[] = {no_st, (struct stat *)8, (struct stat *)(uintptr_t)read_only,
				      (struct stat *)-4096L};
	const char *const paths[] = {no_path, (const char *)8, "", "/nonexistent", "/dev/null/x", "."};
	char beyond[PATH_MAX + 8];
	int fd = open(file, O_PATH);

	memset(beyond, '/', sizeof(beyond));
	beyond[sizeof(beyond) - 1] = '\0';
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct stat *st = wrong[i];

		CALL(stat(file, st), "bad memory");
		CALL(lstat(file, st), "bad memory");
		CALL(fstat(fd, st), "bad memory");
		CALL(fstatat(AT_FDCWD, file, st, 0), "bad memory");
		CALL(fstatat(fd, "", st, AT_EMPTY_PATH), "bad memory");
		CALL(__xstat(1, file, st), "bad memory");
		CALL(__fxstat(1, fd, st), "bad memory");
		CALL_X(statx(AT_FDCWD, file, 0, STATX_BASIC_STATS, (struct statx *)st), "bad memory");
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		below(AT_FDCWD, paths[i], "bad path");
		below(fd, paths[i], "bad path");
	}
	below(fd, beyond, "long path");
	for (int wrong_fd = -2; wrong_fd < 0; wrong_fd++)
		by_descriptor(wrong_fd, "bad descriptor");
	by_descriptor(AT_FDCWD, "no descriptor");
	by_descriptor(4000, "closed descriptor");
	below(4000, file, "absolute, closed descriptor");
	below(4000, "x", "closed descriptor");
	CALL(fstatat(AT_FDCWD, file, &to.st, 0x40000000), "bad flags");
	CALL(fstatat(AT_FDCWD, file, &to.st, AT_SYMLINK_FOLLOW), "bad flags");
	CALL_X(statx(AT_FDCWD, file, AT_STATX_SYNC_TYPE, STATX_BASIC_STATS, &to.stx), "bad flags");
	CALL_X(statx(AT_FDCWD, file, 0, 0x80000000, &to.stx), "bad mask");
	CALL(__xstat(2, file, &to.st), "bad version");
	CALL(__xstat64(-1, file, &to.st64), "bad version");
	CALL(__lxstat(3, file, &to.st), "bad version");
	CALL(__lxstat64(2, file, &to.st64), "bad version");
	CALL(__fxstat(2, fd, &to.st), "bad version");
	CALL(__fxstat64(2, fd, &to.st64), "bad version");
	CALL(__fxstatat(2, AT_FDCWD, file, &to.st, 0), "bad version");
	CALL(__fxstatat64(-1, AT_FDCWD, file, &to.st64, 0), "bad version");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "bad"))
		bad(argv[2]);
	else
		for (int i = 2; i < argc; i++)
			one(argv[1], argv[i]);
	return 0;
}
