/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-open - opens files by every function that can, and prints a line each.
 *
 * usage: shim-open FOLDER NAME…   each NAME in FOLDER
 *        shim-open bad FILE       by what is not good
 *        shim-open make FOLDER    files that are made, with their modes
 *        shim-open fifo FIFO      opens that wait: for a signal, for a cancellation
 *        shim-open fortify WHICH FILE   without a mode where one is needed
 *        shim-open early FILE     before the shim's constructor ran, where it can
 *
 *	open(path, O_RDONLY) null: ENXIO
 *
 * A descriptor is named by its number. It says so if errno was touched by what went well.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dirfd, const char *path, int flags);
int __openat64_2(int dirfd, const char *path, int flags);

static int early_fd = -2, early_error;

/* Earlier than any library's constructor. */
static void open_early(int argc, char **argv, char **environment)
{
	struct stat st;

	(void)environment;
	if (argc < 3 || strcmp(argv[1], "early"))
		return;
	early_fd = open(argv[2], O_RDONLY);
	if (early_fd < 0 || fstat(early_fd, &st) || stat(argv[2], &st) || !S_ISREG(st.st_mode))
		early_error = errno ? errno : EIO;
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(int, char **, char **) = open_early;

static void say(int fd)
{
	if (fd < 0) {
		printf(" %s%s\n", strerrorname_np(errno), fd == -1 ? "" : ", but another result than -1");
		return;
	}
	printf(" %d%s\n", fd, errno == EXDEV ? "" : ", errno was touched");
	close(fd);
}

#define CALL(call, what) (printf("%s %s:", #call, what), errno = EXDEV, say(call))

static void by_path(const char *path, const char *what)
{
	CALL(open(path, O_RDONLY), what);
	CALL(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), what);
	CALL(open(path, O_WRONLY), what);
	CALL(open(path, O_RDWR), what);
	CALL(open(path, O_RDWR | O_NOFOLLOW), what);
	CALL(open(path, O_RDONLY | O_NOFOLLOW), what);
	CALL(open(path, O_RDONLY | O_DIRECTORY), what);
	CALL(open(path, O_RDWR | O_CREAT | O_EXCL, 0600), what);
	CALL(open(path, O_PATH), what);
	CALL(open(path, O_PATH | O_NOFOLLOW), what);
	CALL(open64(path, O_RDONLY), what);
	CALL(openat(AT_FDCWD, path, O_RDONLY), what);
	CALL((int)syscall(SYS_open, path, O_RDONLY), what);
	CALL(openat64(AT_FDCWD, path, O_RDWR), what);
	CALL(__open(path, O_RDONLY), what);
	CALL(__open64(path, O_RDONLY), what);
	CALL(__open_2(path, O_RDONLY), what);
	CALL(__open64_2(path, O_RDONLY), what);
	CALL(__openat_2(AT_FDCWD, path, O_RDONLY), what);
	CALL(__openat64_2(AT_FDCWD, path, O_WRONLY), what);
}

static struct open_how how_read = { .flags = O_RDONLY }, how_write = { .flags = O_WRONLY };

static void below(int dirfd, const char *path, const char *what)
{
	CALL(openat(dirfd, path, O_RDONLY), what);
	CALL(openat(dirfd, path, O_WRONLY), what);
	CALL((int)syscall(SYS_openat, dirfd, path, O_RDONLY), what);
	CALL((int)syscall(SYS_openat2, dirfd, path, &how_read, sizeof(how_read)), what);
	CALL((int)syscall(SYS_openat2, dirfd, path, &how_write, sizeof(how_write)), what);
	CALL((int)syscall(SYS_openat2, dirfd, path, &how_read, 3), what);
	CALL(openat(dirfd, path, O_RDWR | O_NOFOLLOW), what);
	CALL(openat64(dirfd, path, O_RDONLY), what);
	CALL(openat64(dirfd, path, O_PATH), what);
	CALL(__openat_2(dirfd, path, O_RDONLY), what);
	CALL(__openat64_2(dirfd, path, O_RDONLY), what);
	printf("faccessat %s: %s\n", what, faccessat(dirfd, path, R_OK, 0) ? strerrorname_np(errno) : "ok");
}

/* Last, since they cut the file. */
static void cutting(const char *path, const char *what)
{
	CALL(open(path, O_RDONLY | O_TRUNC), what);
	CALL(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), what);
	CALL(creat(path, 0600), what);
	CALL(creat64(path, 0600), what);
	CALL((int)syscall(SYS_creat, path, 0600), what);
}

static void one(const char *folder, const char *name)
{
	int dirfd = open(folder, O_PATH | O_DIRECTORY);
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	by_path(path, name);
	if (dirfd < 0 || fchdir(dirfd))
		exit(2);
	by_path(name, name);
	if (chdir("/"))
		exit(2);
	below(dirfd, name, name);
	cutting(path, name);
	/* Past the shim: the node as the host has it. */
	file = fopen(path, "r");
	printf("fopen %s: %s\n", name, file ? "ok" : strerrorname_np(errno));
	if (file)
		fclose(file);
	close(dirfd);
}

static char *volatile no_path;

static void bad(const char *file)
{
	const char *const paths[] = {no_path, (const char *)8, "", "/nonexistent/x", "/dev/null/x", "/dev/null"};
	char beyond[PATH_MAX + 8];
	int fd = open(file, O_PATH);

	memset(beyond, '/', sizeof(beyond));
	beyond[sizeof(beyond) - 1] = '\0';
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		CALL(open(paths[i], O_RDONLY), "bad path");
		CALL(creat(paths[i], 0600), "bad path");
		CALL(openat(fd, paths[i], O_RDWR), "bad path");
		CALL(__open_2(paths[i], O_RDONLY), "bad path");
	}
	CALL(open(beyond, O_RDONLY), "long path");
	CALL(openat(-1, "x", O_RDONLY), "bad descriptor");
	CALL(openat(4000, file, O_RDONLY | O_DIRECTORY), "no descriptor needed");
	CALL(open(file, O_CREAT | O_DIRECTORY, 0600), "bad flags");
	CALL(open("/tmp", O_TMPFILE | O_RDONLY, 0600), "bad flags");
}

static void say_mode(const char *what, int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		printf("%s: %s\n", what, strerrorname_np(errno));
	else
		printf("%s: %07o %ld\n", what, st.st_mode, (long)st.st_size);
	close(fd);
}

static void make(const char *folder)
{
	int dirfd = open(folder, O_RDONLY | O_DIRECTORY);

	if (dirfd < 0 || fchdir(dirfd))
		exit(2);
	umask(027);
	say_mode("open", open("a", O_CREAT | O_RDWR, 0666));
	say_mode("open64", open64("b", O_CREAT | O_WRONLY | O_EXCL, 0604));
	say_mode("openat", openat(dirfd, "c", O_CREAT | O_RDONLY, 04755));
	say_mode("openat64", openat64(dirfd, "d", O_CREAT | O_RDWR, 0));
	say_mode("creat", creat("e", 0777));
	say_mode("creat64", creat64("f", 0640));
	say_mode("O_TMPFILE", open(".", O_TMPFILE | O_RDWR, 0600));
	say_mode("O_TMPFILE", openat64(dirfd, ".", O_TMPFILE | O_WRONLY, 0644));
	say_mode("__open", __open("g", O_CREAT | O_RDWR, 0711));
	say_mode("__open64", __open64("h", O_CREAT | O_RDWR, 0700));
	/* No mode: none is looked for. */
	say_mode("O_DIRECTORY", open(".", O_DIRECTORY));
}

static volatile sig_atomic_t came;

static void note(int sig)
{
	(void)sig;
	came = 1;
	ualarm(100000, 0);
}

static void *wait_for_writer(void *arg)
{
	open(arg, O_RDONLY);
	return NULL;
}

static void fifo(const char *path)
{
	struct sigaction action = {.sa_handler = note};
	pthread_t thread;
	struct timespec until;
	void *result = NULL;
	int fd;

	sigaction(SIGALRM, &action, NULL);
	ualarm(100000, 0);
	fd = open(path, O_RDONLY);
	printf("interrupted: %s, handler %s\n", fd < 0 ? strerrorname_np(errno) : "ok", came ? "ran" : "did not run");
	ualarm(0, 0);
	if (pthread_create(&thread, NULL, wait_for_writer, (void *)path))
		exit(2);
	usleep(100000);
	pthread_cancel(thread);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	pthread_timedjoin_np(thread, &result, &until);
	printf("cancelled: %s\n", result == PTHREAD_CANCELED ? "yes" : "no");
}

static void fortify(int which, const char *path)
{
	switch (which) {
	case 0:
		__open_2(path, O_CREAT | O_RDWR);
		break;
	case 1:
		__open64_2(path, O_TMPFILE | O_RDWR);
		break;
	case 2:
		__openat_2(AT_FDCWD, path, O_CREAT);
		break;
	default:
		__openat64_2(AT_FDCWD, path, O_CREAT);
		break;
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "bad"))
		bad(argv[2]);
	else if (!strcmp(argv[1], "make"))
		make(argv[2]);
	else if (!strcmp(argv[1], "fifo"))
		fifo(argv[2]);
	else if (!strcmp(argv[1], "fortify") && argc > 3)
		fortify(atoi(argv[2]), argv[3]);
	else if (!strcmp(argv[1], "early"))
		printf("early: %s\n",
		       early_fd == -2 ? "did not run" : early_error ? strerrorname_np(early_error) : "ok");
	else
		for (int i = 2; i < argc; i++)
			one(argv[1], argv[i]);
	return 0;
}
